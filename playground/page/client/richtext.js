// The rich_text block: sections, lists, quotes and code, made of leaves.

import { h } from "./dom.js";
import { emoji } from "./emoji.js";
import { link } from "./mrkdwn.js";
import { channelLink, groupMention, mention } from "./names.js";
import { dateToken } from "./time.js";

const LEAVES = {
  text: (leaf) => leaf.text,
  link: (leaf) => link(leaf.url, [leaf.text || leaf.url]),
  user: (leaf) => mention(leaf.user_id),
  usergroup: (leaf) => groupMention(leaf.usergroup_id),
  channel: (leaf) => channelLink(leaf.channel_id),
  emoji: (leaf) => emoji(leaf.name) || `:${leaf.name}:`,
  broadcast: (leaf) => h("span", { class: "mention" }, `@${leaf.range}`),
  date: (leaf) => dateToken(`!date^${leaf.timestamp}^${leaf.format}${leaf.url ? `^${leaf.url}` : ""}`, leaf.fallback || ""),
  color: (leaf) => h("code", null, leaf.value),
};
const STYLES = { bold: "strong", italic: "em", strike: "s", code: "code", underline: "u" };

function drawLeaf(leaf) {
  const draw = LEAVES[leaf.type];
  if (!draw) return h("span", { class: "undrawable" }, `[${leaf.type}]`);
  return Object.entries(STYLES).reduce((drawn, [name, tag]) => (leaf.style?.[name] ? h(tag, null, drawn) : drawn), draw(leaf));
}

const leaves = (part) => (part.elements || []).map(drawLeaf);

const PARTS = {
  rich_text_section: (part) => h("div", { class: "text" }, leaves(part)),
  rich_text_quote: (part) => h("blockquote", { class: "text" }, leaves(part)),
  rich_text_preformatted: (part) => h("pre", { tabindex: "0" }, leaves(part)),
  rich_text_list: (part) =>
    h(
      part.style === "ordered" ? "ol" : "ul",
      { class: `list indent-${part.indent || 0}`, start: part.style === "ordered" && part.offset ? part.offset + 1 : null },
      part.elements.map((item) => h("li", null, leaves(item))),
    ),
};

export const richText = (block) =>
  block.elements.map((part) => (PARTS[part.type] ? PARTS[part.type](part) : h("p", { class: "undrawable" }, part.type)));
