// The Byteful account: credit, time, invoices, services, use, catalog, codes, and every movement of money.

import { h } from "./dom.js";
import { link } from "./mrkdwn.js";
import { state } from "./state.js";
import { doing } from "./steering.js";

const dollars = (cents) => new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" }).format(cents / 100);
const gigabytes = (bytes) => `${(bytes / 1024 ** 3).toLocaleString("en-US", { maximumFractionDigits: 2 })} GB`;
const DAY = { days: 1 };
const MONTH = { months: 1 };
const STATEMENT_SHOWN = 40;

export function byteful() {
  const account = state.byteful;
  if (!account) return h("p", { class: "empty" }, "Looking…");
  const invoices = [...account.invoices].reverse();
  return [
    h(
      "section",
      { class: "facts", "aria-label": "Credit and time" },
      fact("Account credit", dollars(account.credit_balance), [
        doing("+ $50", "byteful/credit/top-up", { cents: 5000 }),
        doing("Set to $0", "byteful/credit", { cents: 0 }),
      ]),
      fact("Time (UTC)", account.clock.now.slice(0, 16), [
        doing("Next day", "byteful/clock/advance", DAY),
        doing("Next month", "byteful/clock/advance", MONTH),
      ]),
    ),
    part(
      "Invoices",
      invoices.length ? h("ul", { class: "cards" }, invoices.map(invoice)) : h("p", { class: "empty" }, "No invoices yet."),
    ),
    part(
      "Services",
      account.services.length
        ? h("ul", { class: "cards" }, [...account.services].reverse().map(service))
        : h("p", { class: "empty" }, "Nothing bought yet."),
    ),
    part("Usage", usage(account)),
    part("Statement", statement(account.statement)),
    part("Catalog", catalog(account.catalog)),
    part("Promotional codes", promos(account.promos)),
  ];
}

const part = (title, content) => h("section", { "aria-label": title }, h("h3", null, title), content);
const fact = (name, value, actions) =>
  h(
    "div",
    { class: "fact" },
    h("span", { class: "quiet" }, name),
    h("strong", null, value),
    h("div", { class: "actions" }, actions),
  );

function invoice(one) {
  const { invoice_id } = one;
  const isOpen = one.status === "open";
  return h(
    "li",
    { class: `card ${one.status}`, key: invoice_id },
    h(
      "div",
      { class: "card-head" },
      h("strong", null, dollars(one.due || one.total)),
      h("span", { class: `state ${one.status}` }, one.status),
    ),
    h("p", null, one.description),
    h(
      "p",
      { class: "quiet" },
      link(one.url, [invoice_id]),
      one.credit_applied ? ` · ${dollars(one.credit_applied)} from credit` : "",
    ),
    isOpen
      ? h(
          "div",
          { class: "actions" },
          doing("Pay", "byteful/invoice/pay", { invoice_id }, "primary"),
          doing("Void", "byteful/invoice/void", { invoice_id }, "danger"),
        )
      : null,
  );
}

function service(one) {
  const metadata = Object.entries(one.service_metadata || {});
  const facts = [
    `${one.service_quantity} × ${one.service_cycle.replace(":", " ")}`,
    dollars(one.service_total),
    one.service_expiry_datetime ? `until ${one.service_expiry_datetime.slice(0, 16)}` : null,
    one.service_is_pending_cancellation ? "will not renew" : null,
  ];
  return h(
    "li",
    { class: "card", key: one.service_id },
    h(
      "div",
      { class: "card-head" },
      h("strong", null, one.service_name || one.service_id),
      h("span", { class: `state ${one.service_status}` }, one.service_status.replaceAll("_", " ")),
    ),
    h("p", { class: "quiet" }, h("code", null, one.service_id), ` · ${facts.filter(Boolean).join(" · ")}`),
    metadata.length
      ? h(
          "details",
          null,
          h("summary", { class: "quiet" }, "Metadata"),
          h("p", { class: "quiet" }, metadata.map(([name, value]) => `${name}: ${value}`).join(" · ")),
        )
      : null,
    one.service_status === "canceled" ? null : h("div", { class: "actions" }, staff(one)),
  );
}

/** What Byteful's staff can do to a service; a new price or quantity is what the next renewal bills. */
function staff({ service_id, service_status, service_total, service_quantity }) {
  const change = (changes) => ({ service_id, changes });
  return [
    /fulfillment$/.test(service_status) ? doing("Deliver", "byteful/service/fulfil", { service_id }) : null,
    doing("Price + 10 %", "byteful/service/change", change({ service_total: Math.round((service_total * 110) / 100) })),
    doing("One more", "byteful/service/change", change({ service_quantity: service_quantity + 1 })),
    doing("Cancel", "byteful/service/cancel", { service_id }, "danger"),
  ];
}

function usage({ data, traffic }) {
  return h(
    "ul",
    { class: "cards" },
    Object.entries(data).map(([network, { bytes, bytes_used, requests }]) => {
      const daily = traffic[network] ? ` · about ${gigabytes(traffic[network])} a day` : "";
      const isUsable = bytes !== 0 && (bytes || requests);
      return h(
        "li",
        { class: "card", key: network },
        h(
          "div",
          { class: "card-head" },
          h("strong", null, network),
          h("span", null, bytes === null ? gigabytes(bytes_used) : `${gigabytes(bytes_used)} of ${gigabytes(bytes)}`),
        ),
        bytes === null
          ? null
          : h("meter", { min: 0, max: Math.max(bytes, 1), value: bytes_used, "aria-label": `${network}: data used` }),
        h("p", { class: "quiet" }, `${requests.toLocaleString("en-US")} requests${daily}`),
        isUsable ? doing("Use 1 GB", "byteful/data/use", { amount_bytes: 1024 ** 3, network }) : null,
      );
    }),
  );
}

const LINES = { charge: "Charged", payment: "Paid", void: "Void", refund: "Refunded", credit_set: "Credit set", opening: "Opening" };

/** Newest first; what a line did to the credit stands beside it. */
function statement(lines) {
  const moved = (cents) => (cents ? [h("br"), h("small", null, `credit ${cents > 0 ? "+" : "−"}${dollars(Math.abs(cents))}`)] : []);
  return table(
    ["When", "What", "Amount"],
    lines
      .slice(-STATEMENT_SHOWN)
      .reverse()
      .map((one) => [
        one.number,
        [one.at.slice(0, 10), h("br"), h("small", null, one.at.slice(11, 16))],
        [`${LINES[one.kind] || one.kind}${one.purpose ? ` (${one.purpose.replace("_", "-")})` : ""}`],
        [dollars(one.cents), ...moved(one.credit)],
      ]),
  );
}

function catalog(products) {
  const price = (prices) =>
    Object.entries(prices).map(([cycle, tiers]) => `${dollars(tiers[0][1])} / ${cycle.replace(/^1:/, "").replace(":", " ")}`);
  const first = (prices) => price(prices).slice(0, 2);
  return table(
    ["Product", "Stock", ""],
    Object.entries(products).map(([code, one]) => [
      code,
      [h("code", null, code), ...first(one.prices).flatMap((text) => [h("br"), h("small", null, text)])],
      [one.product_stock ?? "not counted"],
      [
        doing("Sold out", "byteful/stock", { product_code: code, stock: 0 }),
        doing("Buy past the bot", "byteful/service/buy", { body: byHand(code, one) }),
      ],
    ]),
  );
}

/** One of it, bought and paid in the dashboard. */
function byHand(product_code, { prices }) {
  const [count, cycle_interval] = Object.keys(prices)[0].split(":");
  return { product_code, quantity: 1, cycle_interval, cycle_interval_count: Number(count) };
}

function promos(all) {
  const value = (one) => (one.percent ? `${one.percent} %` : dollars(one.amount));
  return table(
    ["Code", "Worth", "Used", ""],
    Object.entries(all).map(([code, one]) => [
      code,
      [h("code", null, code)],
      [value(one)],
      [`${one.used}${one.max_uses ? ` of ${one.max_uses}` : ""}`],
      [one.expires_at ? `ends ${one.expires_at.slice(0, 10)}` : doing("Expire", "byteful/promo/expire", { code })],
    ]),
  );
}

const table = (heads, rows) =>
  h(
    "div",
    { class: "scrolls", tabindex: "0", role: "group", "aria-label": heads[0] },
    h(
      "table",
      null,
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          heads.map((head) => (head ? h("th", { scope: "col" }, head) : h("td"))),
        ),
      ),
      h(
        "tbody",
        null,
        rows.map(([key, ...cells]) =>
          h(
            "tr",
            { key },
            cells.map((cell) => h("td", null, cell)),
          ),
        ),
      ),
    ),
  );
