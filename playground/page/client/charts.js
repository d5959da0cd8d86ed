// Slack's charts, drawn as SVG. The shapes stretch with the message and its letters do not, so both are read on a phone.
// Every value can be pointed at, or reached with the Tab and arrow keys.

import { h } from "./dom.js";

const KINDS = { bar: "Bar chart", area: "Area chart", line: "Line chart", pie: "Pie chart" };
const WIDEST_BAR = 12;
/** Letters below a whole chart, in a wide message and on a phone. */
const LETTERS = { wide: 84, narrow: 40 };

export function chart({ title, chart: drawn }) {
  return h("figure", { class: "chart" }, h("figcaption", null, title), drawn.type === "pie" ? pie(drawn) : plot(drawn));
}

// --- bars, areas and lines: everything is placed in a square of 100 by 100

function plot({ type, series, axis_config: axis }) {
  const categories = axis.categories;
  const lines = series.map(({ name, data }) => {
    const values = new Map(data.map((point) => [point.label, point.value]));
    return { name, values: categories.map((label) => values.get(label)) };
  });
  const scale = scaleOf(lines.flatMap((one) => one.values));
  const about = `${KINDS[type]}${axis.y_label ? ` of ${axis.y_label}` : ""}: ${lines.map((one) => one.name).join(", ")}`;
  return [
    axis.y_label ? h("p", { class: "chart-unit" }, axis.y_label) : null,
    h(
      "div",
      { class: "plot" },
      h("div", { class: "ticks", "aria-hidden": "true" }, ticksOf(scale).map((tick) => h("span", null, tick))),
      h(
        "div",
        { class: "canvas" },
        h(
          "svg",
          { viewBox: "0 0 100 100", preserveAspectRatio: "none", role: "img", "aria-label": about },
          scale.ticks.map((tick) => h("path", { class: tick ? "grid" : "grid zero", d: `M0 ${scale.at(tick)}H100` })),
          SHAPES[type](lines, scale, categories.length),
        ),
        h("div", { class: "bands" }, categories.map((label, n) => band(label, n, lines, categories.length))),
      ),
      axisBelow(categories),
    ),
    axis.x_label ? h("p", { class: "chart-unit across" }, axis.x_label) : null,
    legend(lines.map((one) => one.name)),
  ];
}

const SHAPES = {
  bar: (lines, scale, count) => {
    const width = Math.min(80 / count / lines.length, WIDEST_BAR);
    return lines.map(({ values }, n) =>
      shape("bar", n, values.map((value, at) => {
        const left = middle(at, count) + (n - lines.length / 2) * width;
        return `M${left} ${scale.at(0)}V${scale.at(value)}h${width * 0.9}V${scale.at(0)}Z`;
      })),
    );
  },
  line: (lines, scale, count) => lines.map(({ values }, n) => line(values, n, scale, count)),
  area: (lines, scale, count) =>
    lines.map(({ values }, n) => [
      shape("area", n, [
        `M${middle(0, count)} ${scale.at(0)}L${points(values, scale, count).join("L")}L${middle(count - 1, count)} ${scale.at(0)}Z`,
      ]),
      line(values, n, scale, count),
    ]),
};

const shape = (kind, n, parts) => h("path", { class: `${kind} color-${n}`, d: parts.join("") });

const middle = (at, count) => ((at + 0.5) * 100) / count;

const points = (values, scale, count) => values.map((value, at) => `${middle(at, count)} ${scale.at(value)}`);

const line = (values, n, scale, count) => [
  shape("line", n, [`M${points(values, scale, count).join("L")}`]),
  shape("dots", n, points(values, scale, count).map((point) => `M${point}h.001`)),
];

/** Round steps from the lowest to the highest value, zero always among them; `at`: how far below the top a value is. */
function scaleOf(values) {
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  const rough = (high - low) / 4 || 1;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].find((one) => one * size >= rough) * size;
  const first = Math.floor(low / step);
  const ticks = Array.from({ length: Math.max(Math.ceil(high / step) - first, 1) + 1 }, (_, n) => (first + n) * step);
  const [bottom, top] = [ticks[0], ticks.at(-1)];
  return { ticks, at: (value) => Math.round(((top - value) / (top - bottom)) * 1e5) / 1e3 };
}

function band(label, n, lines, count) {
  const shown = lines.map((one, at) => ({ name: one.name, value: number(one.values[n]), at }));
  const said = shown.map((one) => `${one.name} ${one.value}`).join(", ");
  return h(
    "div",
    { class: "band", role: "img", "aria-label": `${label}: ${said}`, tabindex: n ? "-1" : "0", onkeydown: moved },
    h(
      "div",
      { class: `tip ${n * 2 < count ? "" : "to-the-left"}`, "aria-hidden": "true" },
      h("strong", null, label),
      shown.map((one) => h("span", null, swatch(one.at), h("span", { class: "tip-name" }, one.name), h("b", null, one.value))),
    ),
  );
}

function moved(event) {
  const here = event.currentTarget;
  const next = { ArrowRight: here.nextElementSibling, ArrowLeft: here.previousElementSibling }[event.key];
  if (!next) return;
  event.preventDefault();
  here.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

/** As many names as have room in two lines each; the others are told where their value is. */
function axisBelow(categories) {
  const widest = Math.max(...categories.map(lineOf)) + 1;
  const every = Object.fromEntries(
    Object.entries(LETTERS).map(([place, room]) => [place, Math.ceil((categories.length * widest) / room)]),
  );
  const fits = (n, step) => n % step === 0 && n + (step - 1) / 2 <= categories.length - 0.5;
  const sized = (element) => {
    for (const [place, step] of Object.entries(every)) element.style.setProperty(`--${place}`, step);
  };
  return h(
    "div",
    { class: "axis", "aria-hidden": "true", drawn: sized },
    categories.map((label, n) =>
      h("span", { class: `${fits(n, every.wide) ? "wide" : ""} ${fits(n, every.narrow) ? "narrow" : ""}` }, h("b", null, label)),
    ),
  );
}

/** Letters of the longer line when a name is broken in two. */
const lineOf = (label) =>
  Math.max(...label.split(" ").map((word) => word.length), label.length > 9 ? Math.ceil(label.length / 2) + 1 : label.length);

// --- pie

function pie({ segments }) {
  const sum = segments.reduce((all, one) => all + one.value, 0);
  const share = (value) => `${Math.round((value / sum) * 100)}%`;
  const names = segments.map((one) => `${one.label} ${share(one.value)}`);
  let done = 0;
  return [
    h(
      "svg",
      { class: "pie", viewBox: "-50 -50 100 100", role: "img", "aria-label": `${KINDS.pie}: ${names.join(", ")}` },
      segments.map((one, n) => slice(n, done / sum, (done += one.value) / sum)),
    ),
    legend(segments.map((one) => `${one.label} · ${number(one.value)} · ${share(one.value)}`)),
  ];
}

function slice(n, from, to) {
  if (to - from > 0.9999) return h("circle", { class: `slice color-${n}`, r: "48" });
  const at = (turn) => `${48 * Math.sin(turn * 2 * Math.PI)} ${-48 * Math.cos(turn * 2 * Math.PI)}`;
  return h("path", { class: `slice color-${n}`, d: `M0 0L${at(from)}A48 48 0 ${to - from > 0.5 ? 1 : 0} 1 ${at(to)}Z` });
}

// --- what all have

const swatch = (n) => h("i", { class: `swatch color-${n}` });

const legend = (names) =>
  h(
    "div",
    { class: "legend" },
    names.map((name, n) => h("span", null, swatch(n), name)),
  );

const number = (value) => value.toLocaleString("en", { maximumFractionDigits: 2 });

/** From the top down, all as `15,000` or all as `15K`. */
function ticksOf({ ticks }) {
  const notation = Math.max(ticks.at(-1), -ticks[0]) < 10_000 ? "standard" : "compact";
  return ticks.map((tick) => tick.toLocaleString("en", { notation, maximumFractionDigits: 2 })).reverse();
}
