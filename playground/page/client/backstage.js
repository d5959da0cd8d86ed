// Behind the scenes: what passed between Slack, the bot and Byteful; the Byteful account; the chaos switches.

import { post } from "./api.js";
import { h, kept } from "./dom.js";
import { icon } from "./icons.js";
import { link } from "./mrkdwn.js";
import { go, notify, refresh, redraw, state } from "./state.js";

const PANELS = {
  curtain: ["Behind the curtain", curtain],
  byteful: ["Byteful account", byteful],
  chaos: ["Chaos switches", chaos],
};

export function backstage() {
  const [title, draw] = PANELS[state.panel] || [];
  if (!draw) return null;
  return h(
    "aside",
    { class: "backstage", key: `panel/${state.panel}`, "aria-label": title },
    h(
      "header",
      { class: "conversation-head" },
      h("h2", null, title),
      h(
        "button",
        { type: "button", class: "plain", "aria-label": `Close ${title}`, onclick: () => go({ panel: null }) },
        icon("close"),
      ),
    ),
    h("div", { class: "backstage-body", tabindex: "0", role: "region", "aria-label": `${title}: contents` }, draw()),
  );
}

async function steer(path, body, busy = path) {
  state.busy.add(busy);
  redraw();
  try {
    await post(path, body);
  } catch (error) {
    notify(error.message);
  }
  state.busy.delete(busy);
  await refresh();
}

// --- the curtain

const WAYS = {
  "slack→bot": ["Slack", "bot", "to-bot"],
  "bot→slack": ["bot", "Slack", "to-slack"],
  "bot→byteful": ["bot", "Byteful", "to-byteful"],
};
const drawn = new Map();
const SHOWN = 150;
let onlyWay = null;
const opened = new Set();

function curtain() {
  const all = state.curtain.filter((entry) => !onlyWay || entry.between === onlyWay);
  const filter = (way, name) =>
    h(
      "button",
      {
        type: "button",
        class: "filter",
        "aria-pressed": String(onlyWay === way),
        onclick: () => {
          onlyWay = way;
          redraw();
        },
      },
      name,
    );
  return [
    h(
      "p",
      { class: "lead" },
      "Every request and its answer, newest first. Slack gives the bot three seconds for each of its own.",
    ),
    h(
      "div",
      { class: "filters", role: "group", "aria-label": "Show" },
      filter(null, "All"),
      Object.entries(WAYS).map(([way, [from, to]]) => filter(way, `${from} → ${to}`)),
    ),
    all.length ? null : h("p", { class: "empty" }, "Nothing yet. Type /proxy in a channel."),
    h(
      "ol",
      { class: "entries" },
      runs(all)
        .slice(-SHOWN)
        .reverse()
        .map((run) => kept(drawn, run.first, [run.last, run.count, opened.has(run.first)], () => passed(run))),
    ),
  ];
}

/** The same request again and again is one row with a count. */
function runs(entries) {
  const found = [];
  for (const entry of entries) {
    const run = found.at(-1);
    const isSame =
      run &&
      ["between", "what", "status", "within_ms"].every((name) => run.last[name] === entry[name]) &&
      entry.between !== "slack→bot";
    if (isSame) Object.assign(run, { last: entry, count: run.count + 1 });
    else found.push({ first: entry.n, last: entry, count: 1 });
  }
  return found;
}

function passed({ first, last: entry, count }) {
  const [from, to, look] = WAYS[entry.between] || ["", "", ""];
  const isOpen = opened.has(first);
  const toggle = (event) => {
    if (event.currentTarget.open) opened.add(first);
    else opened.delete(first);
    redraw();
  };
  return h(
    "li",
    { key: first, class: entry.ok ? "" : "failed" },
    h(
      "details",
      { open: isOpen, ontoggle: toggle },
      h(
        "summary",
        null,
        h("span", { class: `way ${look}` }, from, " → ", to),
        h(
          "span",
          { class: "what", title: entry.what },
          entry.what.replace("/1.0/public/user/", "/"),
          count > 1 ? h("span", { class: "quiet" }, ` × ${count}`) : null,
        ),
        h("span", { class: "status" }, entry.status ?? "…"),
        h("span", { class: "ms" }, duration(entry.ms)),
        entry.within_ms ? clock(entry) : null,
      ),
      isOpen ? [h("h3", null, "Request"), body(entry.request), h("h3", null, "Answer"), body(entry.answer)] : null,
    ),
  );
}

const duration = (ms) => (ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms)} ms`);

function clock({ ms, within_ms }) {
  const share = Math.min(1, ms / within_ms);
  return h("meter", {
    class: "clock",
    min: 0,
    max: 1,
    low: 0.5,
    high: 0.8,
    optimum: 0,
    value: share,
    "aria-label": `${duration(ms)} of ${duration(within_ms)}`,
    title: `${duration(ms)} of the ${duration(within_ms)} Slack allows`,
  });
}

const body = (value) =>
  h(
    "pre",
    { tabindex: "0" },
    value === null || value === undefined || value === ""
      ? "(empty)"
      : typeof value === "string"
        ? value
        : JSON.stringify(value, null, 2),
  );

// --- the Byteful account

const dollars = (cents) => new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" }).format(cents / 100);
const gigabytes = (bytes) => `${(bytes / 1024 ** 3).toLocaleString("en-US", { maximumFractionDigits: 2 })} GB`;
const DAY = { days: 1 };
const MONTH = { days: 30 };

function byteful() {
  const account = state.byteful;
  if (!account) return h("p", { class: "empty" }, "Looking…");
  const invoices = [...account.invoices].reverse();
  return [
    h(
      "section",
      { class: "facts", "aria-label": "Credit and time" },
      fact("Account credit", dollars(account.credit_balance), [
        doing("+ $50", "byteful/credit", { cents: account.credit_balance + 5000 }),
        doing("Set to $0", "byteful/credit", { cents: 0 }),
      ]),
      fact("Its time (UTC)", account.clock.now, [
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

const doing = (name, path, body, more = "") => {
  const busy = path + JSON.stringify(body);
  return h(
    "button",
    {
      type: "button",
      class: `button small ${more} ${state.busy.has(busy) ? "busy" : ""}`,
      onclick: () => steer(path, body, busy),
    },
    name,
  );
};

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
  return h(
    "li",
    { class: "card", key: one.service_id },
    h(
      "div",
      { class: "card-head" },
      h("strong", null, one.service_name || one.service_id),
      h("span", { class: `state ${one.service_status}` }, one.service_status),
    ),
    h(
      "p",
      { class: "quiet" },
      h("code", null, one.service_id),
      one.service_expiry_datetime ? ` · until ${one.service_expiry_datetime}` : "",
    ),
    metadata.length ? h("p", { class: "quiet" }, metadata.map(([name, value]) => `${name}: ${value}`).join(" · ")) : null,
    one.service_status === "canceled"
      ? null
      : h("div", { class: "actions" }, doing("Cancel", "byteful/service/cancel", { service_id: one.service_id }, "danger")),
  );
}

function usage({ data }) {
  return h(
    "ul",
    { class: "cards" },
    Object.entries(data).map(([network, { bytes, bytes_used, requests }]) =>
      h(
        "li",
        { class: "card", key: network },
        h(
          "div",
          { class: "card-head" },
          h("strong", null, network),
          h("span", null, `${gigabytes(bytes_used)} of ${gigabytes(bytes)}`),
        ),
        h("meter", { min: 0, max: Math.max(bytes, 1), value: bytes_used, "aria-label": `${network}: data used` }),
        h("p", { class: "quiet" }, `${requests.toLocaleString("en-US")} requests`),
        bytes ? doing("Use 1 GB", "byteful/data/use", { amount_bytes: 1024 ** 3, network }) : null,
      ),
    ),
  );
}

function catalog(products) {
  const price = (prices) =>
    Object.entries(prices).map(([cycle, tiers]) => `${dollars(tiers[0][1])} / ${cycle.replace(/^1:/, "").replace(":", " ")}`);
  return table(
    ["Product", "Stock", "From", ""],
    Object.entries(products).map(([code, one]) => [
      code,
      [h("code", null, code)],
      [one.stock ?? one.catalog_stock ?? "not counted"],
      price(one.prices)
        .slice(0, 2)
        .flatMap((text, n) => [n ? h("br") : null, text]),
      [doing("Sold out", "byteful/stock", { product_code: code, stock: 0 })],
    ]),
  );
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

// --- chaos

function chaos() {
  return [
    h(
      "p",
      { class: "lead" },
      "Make something go wrong, then watch what the bot says and does. Each switch stays on until you turn it off.",
    ),
    h(
      "ul",
      { class: "switches" },
      state.chaos.map((one) =>
        h(
          "li",
          { key: one.name },
          h(
            "div",
            { class: "switch-words" },
            h("strong", { id: `switch-${one.name}` }, one.label),
            h(
              "p",
              { class: "quiet", id: `about-${one.name}` },
              one.explanation,
              one.is_available ? "" : " Not available in this playground.",
            ),
          ),
          one.is_momentary
            ? h(
                "button",
                {
                  type: "button",
                  class: "button small",
                  disabled: !one.is_available,
                  "aria-labelledby": `switch-${one.name}`,
                  onclick: () => steer("chaos", { name: one.name, on: true }),
                },
                "Do it",
              )
            : h(
                "button",
                {
                  type: "button",
                  class: "switch",
                  role: "switch",
                  "aria-checked": String(one.on),
                  "aria-labelledby": `switch-${one.name}`,
                  "aria-describedby": `about-${one.name}`,
                  disabled: !one.is_available,
                  onclick: () => steer("chaos", { name: one.name, on: !one.on }),
                },
                h("span", { class: "knob" }),
              ),
        ),
      ),
    ),
  ];
}
