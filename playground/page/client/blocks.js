// Block Kit: every block that Slack takes, drawn. One that this page does not know is a visible box.

import { chart } from "./charts.js";
import { h } from "./dom.js";
import { drawElement, spotOf, undrawable } from "./elements.js";
import { markdown } from "./markdown.js";
import { said, words, link } from "./mrkdwn.js";
import { picture } from "./pictures.js";
import { richText } from "./richtext.js";
import { icon } from "./icons.js";

const idOf = (place, block) => `${place.key}-${block.block_id}`.replace(/[^\w-]/g, "_");

const BLOCKS = {
  divider: () => h("hr"),
  header: (place, block) => h("p", { class: "heading", role: "heading", "aria-level": "3" }, words(block.text)),
  section,
  context: (place, block) =>
    h(
      "div",
      { class: "context" },
      block.elements.map((one) => (one.type === "image" ? picture(one, "tiny") : h("span", null, words(one)))),
    ),
  actions: (place, block) =>
    h(
      "div",
      { class: "actions" },
      block.elements.map((one) => drawElement(place, block, one)),
    ),
  context_actions: (place, block) =>
    h(
      "div",
      { class: "actions" },
      block.elements.map((one) => drawElement(place, block, one)),
    ),
  input,
  image: (place, block) =>
    h("figure", null, block.title ? h("figcaption", null, words(block.title)) : null, picture(block, "picture")),
  rich_text: (place, block) => h("div", null, richText(block)),
  markdown: (place, block) => h("div", { class: "markdown" }, markdown(block.text)),
  table: (place, block) => table(block.rows, block.column_settings || [], false),
  data_table: (place, block) => h("figure", null, h("figcaption", null, block.caption), table(block.rows, [], true)),
  data_visualization: (place, block) => chart(block),
  file: (place, block) => h("p", { class: "card file" }, icon("file"), `File ${block.external_id}`),
  video,
  alert: (place, block) => h("div", { class: `alert ${block.level || "default"}`, role: "note" }, words(block.text)),
  card,
  carousel: (place, block) =>
    h(
      "div",
      { class: "carousel", tabindex: "0" },
      block.elements.map((one) => card(place, one)),
    ),
  container,
  plan: (place, block) =>
    h(
      "div",
      { class: "card" },
      h("strong", null, block.title),
      (block.tasks || []).map((one) => task(place, one)),
    ),
  task_card: task,
};

/** `place`: {key, target, values, errors}. */
export function drawBlocks(blocks, place) {
  return blocks.map((block) =>
    h("div", { class: `block ${block.type}-block`, key: block.block_id, "data-block": block.block_id }, drawBlock(place, block)),
  );
}

function drawBlock(place, block) {
  const draw = BLOCKS[block.type];
  return draw ? draw(place, block) : undrawable(`${block.type} block`);
}

function section(place, block) {
  return h(
    "div",
    { class: `section ${block.accessory ? `with-${block.accessory.type}` : ""}` },
    h(
      "div",
      { class: "section-words" },
      block.text ? h("div", { class: "text" }, words(block.text)) : null,
      block.fields
        ? h(
            "div",
            { class: "fields" },
            block.fields.map((one) => h("div", { class: "text" }, words(one))),
          )
        : null,
    ),
    block.accessory ? h("div", { class: "accessory" }, drawElement(place, block, block.accessory)) : null,
  );
}

const SEVERAL = new Set(["checkboxes", "radio_buttons", "file_input"]);

function input(place, block) {
  const id = idOf(place, block);
  const error = place.errors?.[block.block_id];
  const name = [words(block.label), block.optional ? h("span", { class: "quiet" }, " (optional)") : null];
  const isOne = !SEVERAL.has(block.element.type);
  return h(
    "div",
    { class: error ? "input has-error" : "input" },
    isOne ? h("label", { class: "label", for: spotOf(place, block, block.element).id }, name) : h("p", { class: "label" }, name),
    drawElement(place, block, block.element),
    error ? h("p", { class: "error", id: `${id}-error`, role: "alert" }, icon("chaos"), error) : null,
    block.hint ? h("p", { class: "hint", id: `${id}-hint` }, words(block.hint)) : null,
  );
}

const CELLS = {
  raw_text: (cell) => [cell.text],
  raw_number: (cell) => [cell.text || String(cell.value)],
  rich_text: (cell) => richText(cell),
};

function table([head, ...rows], settings, isNumbered) {
  const draw = (tag) => (cell, n) => {
    const { align, is_wrapped } = settings[n] || {};
    const look = `${align || (isNumbered && cell.type === "raw_number" ? "right" : "left")} ${is_wrapped ? "wrapped" : ""}`;
    return h(
      tag,
      { class: look, scope: tag === "th" ? "col" : null },
      CELLS[cell.type]?.(cell) || undrawable(`${cell.type} cell`),
    );
  };
  return h(
    "div",
    { class: "scrolls", tabindex: "0", role: "group", "aria-label": "Table" },
    h(
      "table",
      null,
      h("thead", null, h("tr", null, head.map(draw("th")))),
      h(
        "tbody",
        null,
        rows.map((row) => h("tr", null, row.map(draw("td")))),
      ),
    ),
  );
}

function video(place, block) {
  return h(
    "div",
    { class: "skipped card" },
    h("strong", null, link(block.title_url || block.video_url, words(block.title))),
    block.description ? h("p", null, words(block.description)) : null,
    h("small", null, "Video, not played in the playground: nothing is loaded from elsewhere"),
  );
}

function card(place, block) {
  return h(
    "div",
    { class: "card" },
    block.hero_image ? picture(block.hero_image, "picture") : null,
    h("div", { class: "card-head" }, block.icon ? picture(block.icon, "tiny") : null, h("strong", null, words(block.title))),
    block.subtitle ? h("small", null, words(block.subtitle)) : null,
    block.body ? h("div", { class: "text" }, words(block.body)) : null,
    block.actions
      ? h(
          "div",
          { class: "actions" },
          block.actions.map((one) => drawElement(place, block, one)),
        )
      : null,
  );
}

function container(place, block) {
  const title = block.rich_text_title ? richText(block.rich_text_title) : words(block.title);
  const inside = drawBlocks(block.child_blocks, place);
  const subtitle = block.subtitle ? h("small", null, words(block.subtitle)) : null;
  if (!block.is_collapsible) return h("div", { class: "card" }, h("strong", null, title), subtitle, inside);
  return h(
    "details",
    { class: "card", open: block.default_collapsed ? null : true },
    h("summary", null, title, subtitle),
    inside,
  );
}

const STATUS = { pending: "○", in_progress: "◐", complete: "●", error: "✕" };

function task(place, block) {
  const rich = (part) => (part ? richText(part) : null);
  return h(
    "div",
    { class: "card" },
    h("span", null, `${STATUS[block.status] || "○"} `, said(block.title)),
    rich(block.details),
    rich(block.output),
    (block.sources || []).map((one) => h("small", null, link(one.url, [one.text || one.url]))),
  );
}
