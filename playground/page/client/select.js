// Select menus: static, external, people, conversations and channels, for one choice or several, with search and groups.

import { act, confirmed, flush } from "./acts.js";
import { post } from "./api.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { said, words } from "./mrkdwn.js";
import { nameOf } from "./names.js";
import { beside } from "./popup.js";
import { notify, redraw, state } from "./state.js";

const PAUSE_MS = 250;
const DEFAULT_LEAST = 3;

const kindOf = (element) => element.type.replace("multi_", "").replace("_select", "");
const isMulti = (element) => element.type.startsWith("multi_");

// --- what is held and what is on offer, both as {value, words, text, detail, group}

function row(option, group) {
  return { value: option.value, words: words(option.text), text: said(option.text), detail: words(option.description), group };
}

const byId = (kind) => (id) => {
  if (kind === "users") return { value: id, words: [nameOf(id)], text: nameOf(id) };
  const place = [...state.screen.channels, ...state.screen.dms].find((one) => one.id === id);
  const text = place ? placeName(place) : id;
  return { value: id, words: [text], text };
};

const placeName = (place) => (place.user ? nameOf(place.user) : `#${place.name}`);

function held(spot) {
  const kind = kindOf(spot.element);
  const { selected_option, selected_options } = spot.held;
  if (selected_options || selected_option) return (selected_options || [selected_option]).map((one) => row(one));
  const plural = { users: "selected_users", channels: "selected_channels", conversations: "selected_conversations" }[kind];
  if (!plural) return [];
  const ids = spot.held[plural] || [spot.held[plural.slice(0, -1)]].filter(Boolean);
  return ids.map(byId(kind));
}

function grouped(element) {
  return element.option_groups
    ? element.option_groups.flatMap((group) => group.options.map((option) => row(option, said(group.label))))
    : (element.options || []).map((option) => row(option));
}

function offered(spot, menu) {
  const { element } = spot;
  switch (kindOf(element)) {
    case "external":
      return menu.options || [];
    case "users":
      return state.screen.people
        .filter((one) => !one.deleted && !one.is_external)
        .map((one) => ({ ...byId("users")(one.id), detail: [`@${one.name}`] }));
    case "channels":
      return state.screen.channels.filter((one) => !one.is_private && !one.is_archived).map((one) => byId("channels")(one.id));
    case "conversations":
      return conversations(element.filter || {}).map((one) => byId("conversations")(one.id));
    default:
      return grouped(element);
  }
}

function conversations({ include, exclude_bot_users }) {
  const kinds = (one) => (one.user ? "im" : one.is_private ? "private" : "public");
  return [...state.screen.channels, ...state.screen.dms].filter(
    (one) => !one.is_archived && (!include || include.includes(kinds(one))) && !(exclude_bot_users && one.user),
  );
}

function fitting(spot, menu) {
  const rows = offered(spot, menu);
  if (kindOf(spot.element) === "external" || !menu.query) return rows;
  const wanted = menu.query.toLowerCase();
  return rows.filter((one) => one.text.toLowerCase().includes(wanted) || said(one.detail?.[0]).toLowerCase().includes(wanted));
}

// --- asking the bot for options

let timer = null;

function search(spot, query) {
  clearTimeout(timer);
  const { menu } = state;
  const least = spot.element.min_query_length ?? DEFAULT_LEAST;
  if (query.length < least) return Object.assign(menu, { options: [], isLoading: false, isShort: least });
  Object.assign(menu, { isLoading: true, isShort: 0 });
  timer = setTimeout(
    async () => {
      try {
        const outcome = await post(`people/${state.who}/searches`, { ...spot.aim, query });
        if (state.menu !== menu || menu.query !== query) return;
        const options = outcome.option_groups?.length ? grouped(outcome) : outcome.options.map((one) => row(one));
        Object.assign(menu, { options, isLoading: false, asked: query, trouble: outcome.error });
        if (menu.wantsFirst && options[0]) pick(spot, options[0]);
      } catch (error) {
        Object.assign(menu, { options: [], isLoading: false, trouble: error.message });
      }
      redraw();
    },
    query && menu.asked !== undefined ? PAUSE_MS : 0,
  );
  return null;
}

// --- opening, moving, choosing

function openList(spot) {
  if (state.menu?.key === spot.key) return;
  state.menu = {
    key: spot.key,
    query: "",
    active: Math.max(
      0,
      grouped(spot.element).findIndex((one) => one.value === held(spot)[0]?.value),
    ),
  };
  if (kindOf(spot.element) === "external") search(spot, "");
  redraw();
}

function closeList(spot) {
  if (state.menu?.key === spot.key) state.menu = null;
  redraw();
}

async function pick(spot, one) {
  const { element } = spot;
  const now = held(spot).map((each) => each.value);
  const isOn = now.includes(one.value);
  if (!isMulti(element)) closeList(spot);
  else if (!isOn && now.length >= (element.max_selected_items || 100))
    return notify(`You can choose ${element.max_selected_items} at most.`);
  const value = isMulti(element) ? (isOn ? now.filter((each) => each !== one.value) : [...now, one.value]) : one.value;
  const isYes = await confirmed(element.confirm);
  await flush();
  return act("chooses", { ...spot.aim, value, confirm: isYes }, spot.key);
}

function keys(spot, rows) {
  return (event) => {
    const { menu } = state;
    const isOpen = menu?.key === spot.key;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      if (!isOpen) return openList(spot);
      menu.active = rows.length ? (menu.active + step + rows.length) % rows.length : 0;
      redraw();
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (!isOpen) openList(spot);
      else if (menu.isLoading)
        menu.wantsFirst = true; // of what is being looked up, not of what still stands there
      else if (rows[menu.active]) pick(spot, rows[menu.active]);
    } else if (event.key === "Tab") closeList(spot);
    else if (event.key === "Backspace" && isMulti(spot.element) && !event.target.value) {
      const last = held(spot).at(-1);
      if (last) pick(spot, last);
    }
    return null;
  };
}

export function select(spot) {
  const { element } = spot;
  const menu = state.menu?.key === spot.key ? state.menu : null;
  const now = held(spot);
  const rows = menu ? fitting(spot, menu) : [];
  const single = isMulti(element) ? null : now[0];
  const listId = `${spot.id}-list`;
  const active = menu && rows[menu.active] ? `${listId}-${menu.active}` : null;
  const type = (event) => {
    openList(spot);
    Object.assign(state.menu, { query: event.target.value, active: 0, wantsFirst: false });
    if (kindOf(element) === "external") search(spot, event.target.value);
    redraw();
  };
  return h(
    "div",
    {
      class: `select ${isMulti(element) ? "multi" : ""} ${state.busy.has(spot.key) ? "busy" : ""} ${spot.isInvalid ? "invalid" : ""}`,
    },
    isMulti(element) ? now.map((one) => chip(spot, one)) : null,
    h("input", {
      id: spot.id,
      type: "text",
      role: "combobox",
      class: "select-field",
      autocomplete: "off",
      spellcheck: "false",
      autofocus: element.focus_on_load || null,
      "aria-label": spot.block.type === "input" ? null : spot.label,
      "aria-autocomplete": "list",
      "aria-expanded": String(Boolean(menu)),
      "aria-controls": menu ? listId : null,
      "aria-activedescendant": active,
      "aria-invalid": spot.isInvalid ? "true" : null,
      "aria-describedby": spot.describedBy,
      "aria-required": spot.block.type === "input" && !spot.block.optional ? "true" : null,
      placeholder: menu && single ? single.text : now.length ? null : said(element.placeholder) || "Choose",
      value: menu ? menu.query : single?.text || "",
      onclick: () => openList(spot),
      oninput: type,
      onkeydown: keys(spot, rows),
      onblur: () =>
        setTimeout(
          () => !document.activeElement?.closest(`#${CSS.escape(listId)}`) && document.hasFocus() && closeList(spot),
          150,
        ),
    }),
    icon("down", "caret"),
    menu ? list(spot, menu, rows, now, listId) : null,
  );
}

function chip(spot, one) {
  return h(
    "span",
    { class: "chip", key: one.value },
    one.words,
    h("button", { type: "button", "aria-label": `Remove ${one.text}`, onclick: () => pick(spot, one) }, icon("close")),
  );
}

function list(spot, menu, rows, now, listId) {
  const chosen = new Set(now.map((one) => one.value));
  const option = (one) => {
    const n = rows.indexOf(one);
    return h(
      "div",
      {
        class: `option ${n === menu.active ? "active" : ""}`,
        id: `${listId}-${n}`,
        role: "option",
        "aria-selected": String(chosen.has(one.value)),
        onpointerdown: (event) => event.preventDefault(),
        onclick: () => pick(spot, one),
        drawn: n === menu.active ? (element) => element.scrollIntoView({ block: "nearest" }) : undefined,
      },
      h("span", { class: "menu-words" }, h("span", null, one.words), one.detail?.length ? h("small", null, one.detail) : null),
      chosen.has(one.value) ? icon("check") : null,
    );
  };
  const groups = [...new Set(rows.map((one) => one.group))];
  const drawn = groups.map((name) => {
    const mine = rows.filter((one) => one.group === name).map(option);
    return name === undefined
      ? mine
      : h(
          "div",
          { role: "group", "aria-label": name, key: name },
          h("div", { class: "group-name", "aria-hidden": "true" }, name),
          mine,
        );
  });
  return h(
    "div",
    {
      class: `listbox ${menu.isLoading ? "is-loading" : ""}`,
      id: listId,
      role: "listbox",
      "aria-label": spot.label,
      "aria-multiselectable": isMulti(spot.element) ? "true" : null,
      drawn: beside,
    },
    rows.length
      ? drawn
      : h("div", { class: "nothing", role: "option", "aria-disabled": "true", "aria-selected": "false" }, nothing(menu)),
  );
}

function nothing(menu) {
  if (menu.isLoading) return "Looking…";
  if (menu.trouble) return menu.trouble;
  return menu.isShort ? `Type ${menu.isShort} or more letters` : "No results";
}
