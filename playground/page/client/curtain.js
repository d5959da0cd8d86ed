// Behind the curtain: every request and its answer, with the time it took.

import { h, kept } from "./dom.js";
import { redraw, state } from "./state.js";

const WAYS = {
  "slack→bot": ["Slack", "bot", "to-bot"],
  "bot→slack": ["bot", "Slack", "to-slack"],
  "bot→byteful": ["bot", "Byteful", "to-byteful"],
};
const drawn = new Map();
const SHOWN = 150;
let onlyWay = null;
const opened = new Set();

export function curtain() {
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
