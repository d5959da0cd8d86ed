// The interactive elements of Block Kit. Each draws what the world says it holds and tells the world what was done to it.

import { act, confirmed, enterPressed, flush, typed } from "./acts.js";
import { h } from "./dom.js";
import { fileInput } from "./files.js";
import { icon } from "./icons.js";
import { said, words } from "./mrkdwn.js";
import { select } from "./select.js";
import { popup, toggleMenu } from "./popup.js";
import { redraw, state } from "./state.js";
import { fromField, toField } from "./time.js";
import { picture } from "./pictures.js";

/** One element where it stands: `place` is the message or view around it. */
export function spotOf(place, block, element) {
  const name = element.action_id;
  const label = said(block.label) || said(element.placeholder) || element.accessibility_label || said(element.text);
  const isSub = block.type !== "input" && element.type !== "button" && said(block.text || block.title);
  return {
    place,
    block,
    element,
    key: `${place.key}/${block.block_id}/${name}`,
    id: `${place.key}-${block.block_id}-${name}`.replace(/[^\w-]/g, "_"),
    label: block.label ? label : isSub || label || element.type.replaceAll("_", " "),
    held: place.values?.[block.block_id]?.[name] || asFirst(element),
    aim: { target: place.target, name, block_id: block.block_id },
    describedBy: describedBy(place, block),
    isInvalid: Boolean(place.errors?.[block.block_id]),
  };
}

/** What an element of a message holds while nobody has touched it. */
const asFirst = (element) =>
  Object.fromEntries(
    Object.entries(element).map(([name, value]) => [
      name === "initial_value" ? "value" : name.replace(/^initial_/, "selected_"),
      value,
    ]),
  );

const describedBy = (place, block) => {
  const id = `${place.key}-${block.block_id}`.replace(/[^\w-]/g, "_");
  return [place.errors?.[block.block_id] && `${id}-error`, block.hint && `${id}-hint`].filter(Boolean).join(" ") || null;
};

const aria = (spot) => ({
  id: spot.id,
  "aria-label": spot.block.type === "input" ? null : spot.label,
  "aria-invalid": spot.isInvalid ? "true" : null,
  "aria-describedby": spot.describedBy,
  "aria-required": spot.block.type === "input" && !spot.block.optional ? "true" : null,
  autofocus: spot.element.focus_on_load || null,
});

/** Choose in an element; a question first where it has one. */
export async function choose(spot, value, extra = {}) {
  const isYes = await confirmed(spot.element.confirm);
  await flush();
  return act("chooses", { ...spot.aim, value, confirm: isYes, ...extra }, spot.key);
}

const isBusy = (spot) => state.busy.has(spot.key);

const ELEMENTS = {
  button,
  workflow_button: button,
  icon_button: (spot) => button(spot, icon(spot.element.icon === "trash" ? "close" : "more")),
  feedback_buttons: ({ place, block, element }) =>
    ["positive_button", "negative_button"].map((side) =>
      button(spotOf(place, block, { ...element, ...element[side], type: "button" })),
    ),
  overflow,
  image: (spot) => picture(spot.element, "thumb"),
  checkboxes: (spot) => choices(spot, "checkbox", spot.held.selected_options || []),
  radio_buttons: (spot) => choices(spot, "radio", [spot.held.selected_option].filter(Boolean)),
  file_input: fileInput,
  plain_text_input: textInput,
  number_input: textInput,
  email_text_input: textInput,
  url_text_input: textInput,
  rich_text_input: textInput,
  datepicker: (spot) => picker(spot, "date", spot.held.selected_date),
  timepicker: (spot) => picker(spot, "time", spot.held.selected_time),
  datetimepicker: (spot) =>
    picker(spot, "datetime-local", spot.held.selected_date_time && toField(spot.held.selected_date_time), fromField),
};
for (const kind of ["static", "external", "users", "conversations", "channels"]) {
  ELEMENTS[`${kind}_select`] = select;
  ELEMENTS[`multi_${kind}_select`] = select;
}

/** An element, or a box that says that this page cannot draw it. */
export function drawElement(place, block, element) {
  const draw = ELEMENTS[element.type];
  return draw ? draw(spotOf(place, block, element)) : undrawable(`${element.type} element`);
}

export const undrawable = (what) =>
  h("p", { class: "undrawable" }, icon("chaos"), ` The playground cannot draw this: ${what.replaceAll("_", " ")}`);

function button(spot, content) {
  const { element } = spot;
  const isRunning = isBusy(spot);
  const props = {
    class: `button ${element.style || ""} ${isRunning ? "busy" : ""}`,
    "aria-label": element.accessibility_label || (content ? said(element.text) : null),
    "aria-busy": isRunning ? "true" : null,
  };
  const press = async () => {
    if (isRunning) return;
    const isYes = await confirmed(element.confirm);
    await flush();
    const value = element.value === undefined ? {} : { value: element.value };
    await act("clicks", { ...spot.aim, ...value, confirm: isYes }, spot.key);
  };
  const shown = content || words(element.text);
  if (element.url && /^https?:/i.test(element.url)) {
    return h(
      "a",
      { ...props, href: element.url, target: "_blank", rel: "noopener noreferrer", onclick: () => void press() },
      shown,
      icon("out"),
    );
  }
  return h("button", { ...props, type: "button", onclick: press }, shown);
}

function overflow(spot) {
  const pick = (option) => async () => {
    if (option.url && /^https?:/i.test(option.url)) open(option.url, "_blank", "noopener");
    toggleMenu(null);
    await choose(spot, option.value);
  };
  const rows = spot.element.options.map((option) => ({
    words: words(option.text),
    detail: words(option.description),
    run: pick(option),
  }));
  return h(
    "span",
    { class: "anchor" },
    h(
      "button",
      {
        type: "button",
        class: `button square ${isBusy(spot) ? "busy" : ""}`,
        "aria-label": "More options",
        "aria-haspopup": "menu",
        "aria-expanded": String(state.menu?.key === spot.key),
        onclick: () => toggleMenu(spot.key),
      },
      icon("more"),
    ),
    popup(spot.key, "More options", rows),
  );
}

function choices(spot, type, held) {
  const { element } = spot;
  const now = state.wishes.get(spot.key) || held.map((one) => one.value);
  const isHeld = (option) => now.includes(option.value);
  const pick = (option) => async (event) => {
    const isOn = (one) => (one === option ? event.target.checked : type === "checkbox" && isHeld(one));
    const values = element.options.filter(isOn).map((one) => one.value);
    state.wishes.set(spot.key, values);
    await choose(spot, type === "radio" ? option.value : values);
    if (state.wishes.get(spot.key) === values) state.wishes.delete(spot.key);
    redraw();
  };
  return h(
    "div",
    {
      class: "choices",
      role: type === "radio" ? "radiogroup" : "group",
      "aria-label": spot.label,
      "aria-describedby": spot.describedBy,
    },
    element.options.map((option, n) =>
      h(
        "label",
        { class: "choice" },
        h("input", { type, id: n ? null : spot.id, name: spot.key, checked: isHeld(option), onchange: pick(option) }),
        h("span", null, words(option.text), option.description && h("small", null, words(option.description))),
      ),
    ),
  );
}

function textInput(spot) {
  const { element, held } = spot;
  const isMultiline = element.multiline || element.type === "rich_text_input";
  const text = state.drafts.get(spot.key) ?? (held.rich_text_value ? plainOf(held.rich_text_value) : (held.value ?? ""));
  const field = { key: spot.key, ...spot.aim };
  const enter = async (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    if (isMultiline && !(event.ctrlKey || event.metaKey)) return;
    const isAsked = spot.block.dispatch_action && !isMultiline;
    event.preventDefault();
    if (isAsked) await enterPressed(field, event.target.value);
    else event.target.form?.requestSubmit();
  };
  const props = {
    ...aria(spot),
    class: `field ${isMultiline ? "tall" : ""}`,
    value: text,
    placeholder: said(element.placeholder) || null,
    maxlength: element.max_length || null,
    oninput: (event) => typed(field, event.target.value),
    onkeydown: enter,
    onblur: flush,
  };
  const modes = {
    number_input: element.is_decimal_allowed ? "decimal" : "numeric",
    email_text_input: "email",
    url_text_input: "url",
  };
  const control = isMultiline
    ? h("textarea", { ...props, rows: "3" })
    : h("input", { ...props, type: "text", inputmode: modes[element.type] || null, autocomplete: "off", spellcheck: "false" });
  if (!element.max_length && !element.min_length) return control;
  return h("div", { class: "counted" }, control, h("small", { "aria-hidden": "true" }, left(element, text)));
}

function left(element, text) {
  if (element.min_length && text.length < element.min_length) return `at least ${element.min_length}`;
  return element.max_length ? String(element.max_length - text.length) : " ";
}

const plainOf = (rich) => rich.elements.map((part) => (part.elements || []).map((leaf) => leaf.text || "").join("")).join("\n");

function picker(spot, type, value, read = (text) => text) {
  const change = (event) => choose(spot, event.target.value ? read(event.target.value) : null);
  return h("input", { ...aria(spot), class: "field picker", type, value: value || "", onchange: change });
}
