// The markdown block: standard Markdown as Slack takes it. Headings, lists, tasks, quotes, code, tables, rules, emphasis, links.

import { h } from "./dom.js";
import { emoji } from "./emoji.js";
import { link } from "./mrkdwn.js";

const INLINE = new RegExp(
  [
    "`(?<code>[^`]+)`",
    "!\\[(?<alt>[^\\]]*)\\]\\((?<src>[^)\\s]+)[^)]*\\)",
    "\\[(?<label>[^\\]]+)\\]\\((?<url>[^)\\s]+)[^)]*\\)",
    "<(?<bare>https?:[^>\\s]+)>",
    "(?<raw>https?://[^\\s<>()]+)",
    "(?<strong>\\*\\*|__)(?=\\S)(?<bold>.+?)(?<=\\S)\\k<strong>",
    "(?<![\\w*_])(?<slant>[*_])(?=\\S)(?<italic>.+?)(?<=\\S)\\k<slant>(?![\\w*_])",
    "~~(?<struck>.+?)~~",
    ":(?<emoji>[a-z0-9_+-]+):",
    "\\\\(?<escaped>[\\\\`*_{}\\[\\]()#+.!~>-])",
  ].join("|"),
  "g",
);

function inline(text) {
  const parts = [];
  let done = 0;
  for (const match of text.matchAll(INLINE)) {
    parts.push(text.slice(done, match.index), marked(match));
    done = match.index + match[0].length;
  }
  return [...parts, text.slice(done)];
}

function marked({ 0: whole, groups }) {
  if (groups.code) return h("code", null, groups.code);
  if (groups.src) return link(groups.src, [groups.alt || groups.src]);
  if (groups.url) return link(groups.url, inline(groups.label));
  if (groups.bare || groups.raw) return link(groups.bare || groups.raw, [groups.bare || groups.raw]);
  if (groups.bold) return h("strong", null, inline(groups.bold));
  if (groups.italic) return h("em", null, inline(groups.italic));
  if (groups.struck) return h("s", null, inline(groups.struck));
  return groups.escaped || emoji(groups.emoji) || whole;
}

const ITEM = /^(\s*)([-*+]|\d+[.)])\s+(\[[ xX]\]\s+)?(.*)$/;
const ROW = /^\s*\|?(.+?)\|?\s*$/;
const RULE = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;
const cells = (line) =>
  line
    .match(ROW)[1]
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());

export function markdown(text) {
  const lines = text.split("\n");
  const drawn = [];
  const taken = (fits) => {
    const found = [];
    while (lines.length && fits(lines[0])) found.push(lines.shift());
    return found;
  };
  while (lines.length) {
    const line = lines[0];
    const heading = line.match(/^(#{1,6})\s+(.*?)\s*#*$/);
    if (!line.trim()) lines.shift();
    else if (/^\s*```/.test(line)) {
      lines.shift();
      drawn.push(h("pre", { tabindex: "0" }, taken((one) => !/^\s*```/.test(one)).join("\n")));
      lines.shift();
    } else if (heading) drawn.push(h("p", { class: `heading level-${heading[1].length}` }, inline((lines.shift(), heading[2]))));
    else if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) drawn.push((lines.shift(), h("hr")));
    else if (/^\s*>/.test(line))
      drawn.push(
        h(
          "blockquote",
          null,
          markdown(
            taken((one) => /^\s*>/.test(one))
              .map((one) => one.replace(/^\s*> ?/, ""))
              .join("\n"),
          ),
        ),
      );
    else if (ITEM.test(line)) drawn.push(...lists(taken((one) => ITEM.test(one))));
    else if (line.includes("|") && lines[1] && RULE.test(lines[1])) drawn.push(table(taken((one) => one.includes("|"))));
    else drawn.push(paragraph(taken((one) => one.trim() && !/^(\s*```|#{1,6}\s|\s*>)/.test(one) && !ITEM.test(one))));
  }
  return drawn;
}

const paragraph = (rows) =>
  h(
    "p",
    { class: "text" },
    rows.flatMap((row, n) => [n ? h("br") : null, ...inline(row)]),
  );

function lists(rows) {
  const found = [];
  for (const row of rows) {
    const [, space, mark, task, words] = row.match(ITEM);
    const [tag, indent] = [/\d/.test(mark) ? "ol" : "ul", Math.min(4, Math.floor(space.replaceAll("\t", "  ").length / 2))];
    const last = found.at(-1);
    const item = h("li", task ? { class: "task" } : null, task ? (/x/i.test(task) ? "☑ " : "☐ ") : null, inline(words));
    if (last?.tag === tag && last.indent === indent) last.items.push(item);
    else found.push({ tag, indent, items: [item], start: parseInt(mark, 10) });
  }
  return found.map(({ tag, indent, items, start }) =>
    h(tag, { class: `list indent-${indent}`, start: tag === "ol" && start !== 1 ? start : null }, items),
  );
}

function table([head, , ...rows]) {
  return h(
    "div",
    { class: "scrolls", tabindex: "0" },
    h(
      "table",
      null,
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          cells(head).map((cell) => h("th", { scope: "col" }, inline(cell))),
        ),
      ),
      h(
        "tbody",
        null,
        rows.map((row) =>
          h(
            "tr",
            null,
            cells(row).map((cell) => h("td", null, inline(cell))),
          ),
        ),
      ),
    ),
  );
}
