// Moments as the person looking reads them: in their own zone.

import { h } from "./dom.js";
import { link } from "./mrkdwn.js";
import { state } from "./state.js";

const formats = new Map();

/** Making a formatter takes far longer than using one. */
function formatter(locale, options) {
  const { tz } = state.screen.me;
  const key = JSON.stringify([tz, locale, options]);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(locale, { timeZone: tz, ...options }));
  return formats.get(key);
}

const language = () => state.screen.me.locale || "en-US";
const format = (seconds, options) => formatter(language(), options).format(seconds * 1000);

const DAY = { year: "numeric", month: "2-digit", day: "2-digit" };
const ISO_DAY = (seconds) => formatter("en-CA", DAY).format(seconds * 1000);

export const dayOf = (ts) => ISO_DAY(Number(ts));
export const clockTime = (ts) => format(Number(ts), { hour: "numeric", minute: "2-digit" });
export const longTime = (ts) => format(Number(ts), { dateStyle: "full", timeStyle: "medium" });

const MONTH_DAY = { month: "long", day: "numeric" };
const TOKENS = {
  date_num: (at) => ISO_DAY(at),
  date_slash: (at) => format(at, { day: "2-digit", month: "2-digit", year: "numeric" }),
  date: (at) => format(at, { ...MONTH_DAY, year: "numeric" }),
  date_short: (at) => format(at, { month: "short", day: "numeric", year: "numeric" }),
  date_long: (at) => format(at, { weekday: "long", ...MONTH_DAY, year: "numeric" }),
  day_divider_pretty: (at) => nearDay(at) || format(at, { weekday: "long", ...MONTH_DAY }),
  time: (at) => clockTime(at),
  time_secs: (at) => format(at, { timeStyle: "medium" }),
  ago: (at) => ago(at),
};

function nearDay(at) {
  const off = [0, -1, 1].find((days) => ISO_DAY(state.screen.now + days * 86400) === ISO_DAY(at));
  if (off === undefined) return null;
  const word = new Intl.RelativeTimeFormat(language(), { numeric: "auto" }).format(off, "day");
  return word.charAt(0).toLocaleUpperCase(language()) + word.slice(1);
}

export const dayName = (ts) => TOKENS.day_divider_pretty(Number(ts));

function ago(at) {
  const left = at - state.screen.now;
  const units = [
    ["day", 86400],
    ["hour", 3600],
    ["minute", 60],
    ["second", 1],
  ];
  const [unit, size] = units.find(([, seconds]) => Math.abs(left) >= seconds) || units[3];
  return new Intl.RelativeTimeFormat(language(), { numeric: "auto" }).format(
    Math.round(left / size),
    unit,
  );
}

/** `!date^unix^words with {tokens}^link`; `{date_pretty}` and its like say today, yesterday or tomorrow where true. */
export function dateToken(target, fallback) {
  const [, unix, pattern, url] = target.split("^");
  const at = Number(unix);
  if (!Number.isFinite(at) || !pattern) return fallback;
  const drawn = pattern.replace(/\{(\w+)\}/g, (whole, name) => {
    const pretty = name.endsWith("_pretty") && name !== "day_divider_pretty";
    const known = TOKENS[pretty ? name.replace("_pretty", "") : name];
    if (!known) return whole;
    return (pretty && nearDay(at)) || known(at);
  });
  const time = h("time", { datetime: new Date(at * 1000).toISOString(), title: fallback }, drawn);
  return url ? link(url, [time]) : time;
}

/** What a date-and-time field shows for a moment, and the moment a person means by what it shows. */
export function toField(seconds) {
  return formatter("sv-SE", { dateStyle: "short", timeStyle: "short" })
    .format(seconds * 1000)
    .replace(" ", "T");
}

export function fromField(text) {
  const asUtc = Date.parse(`${text}:00Z`) / 1000;
  const shown = (seconds) => Date.parse(`${toField(seconds)}:00Z`) / 1000;
  const guess = asUtc - (shown(asUtc) - asUtc);
  return guess - (shown(guess) - asUtc);
}
