// Slack's own markup, as its clients draw it: mentions, links, emoji, dates in the viewer's zone, code, quotes, emphasis.

import { h } from "./dom.js";
import { emoji } from "./emoji.js";
import { dateToken } from "./time.js";
import { mention, channelLink, groupMention } from "./names.js";

const plain = (escaped) => escaped.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
const FENCE = /```\n?([\s\S]*?)\n?```/;

const edge = (mark) => `(?<![\\p{L}\\p{N}${mark}])${mark}(?=[^\\s${mark}])`;
const INLINE = new RegExp(
  [
    "<(?<token>[^<>\\n]+)>",
    "`(?<code>[^`\\n]+)`",
    `${edge("\\*")}(?<bold>[^*\\n]*[^*\\s])\\*(?![\\p{L}\\p{N}*])`,
    `${edge("_")}(?<italic>[^_\\n]*[^_\\s])_(?![\\p{L}\\p{N}_])`,
    `${edge("~")}(?<struck>[^~\\n]*[^~\\s])~(?![\\p{L}\\p{N}~])`,
    ":(?<emoji>[a-z0-9_+'-]+(?:::skin-tone-[2-6])?):",
  ].join("|"),
  "gu",
);

/** A text object of Block Kit, or a bare string of mrkdwn. */
export function words(text) {
  if (!text) return [];
  if (typeof text === "string") return mrkdwn(text);
  return text.type === "plain_text" ? withEmoji(text.text, text.emoji !== false) : mrkdwn(text.text);
}

/** What a text object says, without drawing: for names and labels. */
export const said = (text) =>
  (typeof text === "string" ? text : text?.text || "").replace(/:([a-z0-9_+'-]+):/g, (whole, name) => emoji(name) || whole);

export function withEmoji(text, isOn = true) {
  return [isOn ? said(text) : text];
}

export function mrkdwn(text) {
  const [before, code, ...after] = text.split(FENCE);
  if (code === undefined) return lines(before);
  const rest = text.slice(before.length + text.slice(before.length).match(FENCE)[0].length);
  return [
    ...lines(before.replace(/\n$/, "")),
    h("pre", { tabindex: "0" }, unlinked(code)),
    ...(after.length ? mrkdwn(rest.replace(/^\n/, "")) : []),
  ];
}

const unlinked = (code) => plain(code.replace(/<([^<>|]+)(?:\|([^<>]*))?>/g, (_, target, label) => label || target));

function lines(text) {
  const drawn = [];
  let quoted = [];
  const close = () => {
    if (quoted.length)
      drawn.push(
        h(
          "blockquote",
          null,
          quoted.flatMap((line, n) => [n ? h("br") : null, ...inline(line)]),
        ),
      );
    quoted = [];
  };
  const rows = text.split("\n");
  rows.forEach((line, n) => {
    const quote = line.match(/^(?:&gt;|>) ?(.*)$/);
    if (quote) return quoted.push(quote[1]);
    const wasQuote = quoted.length > 0;
    close();
    if (n && !wasQuote) drawn.push(h("br"));
    drawn.push(...inline(line));
    return null;
  });
  close();
  return drawn;
}

export function inline(text) {
  const parts = [];
  let done = 0;
  for (const match of text.matchAll(INLINE)) {
    parts.push(plain(text.slice(done, match.index)), marked(match));
    done = match.index + match[0].length;
  }
  return [...parts, plain(text.slice(done))];
}

function marked({ 0: whole, groups }) {
  if (groups.token) return token(groups.token);
  if (groups.code) return h("code", null, unlinked(groups.code));
  if (groups.bold) return h("strong", null, inline(groups.bold));
  if (groups.italic) return h("em", null, inline(groups.italic));
  if (groups.struck) return h("s", null, inline(groups.struck));
  return emoji(groups.emoji) || whole;
}

function token(inside) {
  const bar = inside.indexOf("|");
  const target = bar < 0 ? inside : inside.slice(0, bar);
  const label = bar < 0 ? "" : plain(inside.slice(bar + 1));
  if (target.startsWith("@")) return mention(target.slice(1), label);
  if (target.startsWith("#")) return channelLink(target.slice(1), label);
  if (target.startsWith("!date^")) return dateToken(target, label);
  if (target.startsWith("!subteam^")) return groupMention(target.slice(9), label);
  if (target.startsWith("!")) return h("span", { class: "mention" }, `@${target.slice(1)}`);
  return link(plain(target), label ? withEmoji(label) : [plain(target).replace(/^mailto:/, "")]);
}

/** An outside address opens in a window of its own, and only if it is one a browser should follow. */
export function link(url, children, props = {}) {
  if (!/^(https?|mailto|tel):/i.test(url)) return h("span", props, children);
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer", ...props }, children);
}
