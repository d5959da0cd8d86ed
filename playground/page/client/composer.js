// Where messages and commands are typed, with completion of commands, people and channels, and the menu of shortcuts.

import { act } from "./acts.js";
import { h } from "./dom.js";
import { chips, upload } from "./files.js";
import { icon } from "./icons.js";
import { popup, toggleMenu } from "./popup.js";
import { avatar, roleOf } from "./names.js";
import { redraw, state } from "./state.js";

const keyOf = (thread) => `${state.screen.who}/${state.screen.place}/${thread || ""}`;

export function setText(text, thread = null) {
  state.texts.set(keyOf(thread), text);
  redraw();
  queueMicrotask(() => {
    const field = document.querySelector(thread ? ".thread .composer textarea" : ".conversation .composer textarea");
    field?.focus();
    field?.setSelectionRange(text.length, text.length);
  });
}

// --- completion

const starts = (word, text) => text.toLowerCase().startsWith(word.toLowerCase());

/** What could stand in place of the word at the caret: rows {text, words, detail, before}. */
function completions(text, caret, thread) {
  const { commands, people, groups, channels } = state.screen;
  const line = text.slice(0, caret);
  if (/^\/\S*$/.test(line) && !thread) {
    return commands
      .filter((one) => starts(line, one.name))
      .map((one) => ({
        text: `${one.name} `,
        from: 0,
        words: [h("b", null, one.name), " ", h("span", { class: "quiet" }, one.usage_hint)],
        detail: one.description,
        before: icon("bolt"),
      }));
  }
  const command = commandOf(text);
  const sub = line.match(/^\/\S+\s+(\S*)$/);
  if (command && sub && !thread) {
    return wordsOf(command)
      .filter((one) => starts(sub[1], one) && one !== sub[1])
      .map((one) => ({
        text: `${one} `,
        from: line.length - sub[1].length,
        words: [command.name, " ", h("b", null, one)],
        before: icon("bolt"),
      }));
  }
  const word = line.match(/(^|\s)([@#])([\w.-]*)$/);
  if (!word) return [];
  const from = line.length - word[3].length - 1;
  if (word[2] === "#")
    return channels
      .filter((one) => starts(word[3], one.name))
      .map((one) => ({ text: `#${one.name} `, from, words: `#${one.name}`, before: icon(one.is_private ? "lock" : "hash") }));
  const named = people.filter((one) => !one.deleted && (starts(word[3], one.name) || starts(word[3], one.real_name)));
  return [
    ...named.map((one) => ({
      text: `@${one.name} `,
      from,
      words: one.real_name,
      detail: `@${one.name} · ${roleOf(one)}`,
      before: avatar(one, "small"),
    })),
    ...groups
      .filter((one) => starts(word[3], one.handle))
      .map((one) => ({ text: `@${one.handle} `, from, words: `@${one.handle}`, detail: one.name, before: icon("people") })),
  ];
}

const commandOf = (text) => state.screen.commands.find((one) => text === one.name || text.startsWith(`${one.name} `));

/** The words a usage hint such as `[buy | requests | show]` offers. */
const wordsOf = (command) => (command.usage_hint || "").split(/[[\]|\s]+/).filter((word) => /^[a-z][\w-]*$/.test(word));

// --- the field

export function composer(name, thread) {
  const key = keyOf(thread);
  const text = state.texts.get(key) || "";
  const files = state.attached.get(key) || [];
  const menu = state.menu?.key === `complete/${key}` ? state.menu : null;
  const rows = menu ? completions(text, menu.caret, thread) : [];
  const active = Math.min(menu?.active || 0, rows.length - 1);
  const listId = thread ? "thread-completions" : "completions";
  const command = commandOf(text);

  const complete = (one) => {
    const { caret } = menu;
    state.menu = null;
    const done = text.slice(0, one.from) + one.text;
    state.texts.set(key, done + text.slice(caret));
    redraw();
    queueMicrotask(() => {
      const field = document.getElementById(`field-${listId}`);
      field.focus();
      field.setSelectionRange(done.length, done.length);
      watch(field);
    });
  };
  const watch = (field) => {
    state.texts.set(key, field.value);
    const found = completions(field.value, field.selectionStart, thread);
    if (found.length) state.menu = { key: `complete/${key}`, active: 0, caret: field.selectionStart };
    else if (menu || state.menu?.key === `complete/${key}`) state.menu = null;
    redraw();
  };
  const send = async () => {
    const said = text.trim();
    if (!said && !files.length) return;
    state.texts.set(key, "");
    state.attached.delete(key);
    state.menu = null;
    const channel = ["home", "dm"].includes(state.screen.place) ? "dm" : state.screen.place;
    const outcome = await act(
      "types",
      { text: said, channel, files: files.map((file) => file.id), ...(thread ? { thread_ts: thread } : {}) },
      `send/${key}`,
    );
    if (!outcome && !state.texts.get(key)) {
      state.texts.set(key, text);
      state.attached.set(key, files);
    }
    redraw();
  };
  const keys = (event) => {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (rows.length && step) {
      event.preventDefault();
      menu.active = (active + step + rows.length) % rows.length;
      redraw();
    } else if (rows.length && (event.key === "Tab" || (event.key === "Enter" && !isWhole(rows[active], text)))) {
      event.preventDefault();
      complete(rows[active]);
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      send();
    }
  };
  const attach = async (event) => {
    const added = await upload(event.target.files);
    event.target.value = "";
    state.attached.set(key, [...files, ...added]);
    redraw();
  };
  const detach = (file) => {
    state.attached.set(
      key,
      files.filter((one) => one !== file),
    );
    redraw();
  };
  const isSending = state.busy.has(`send/${key}`);
  return h(
    "form",
    {
      class: "composer",
      onsubmit: (event) => {
        event.preventDefault();
        send();
      },
    },
    rows.length ? suggestions(rows, active, listId, complete) : null,
    command?.usage_hint && !rows.length && !thread
      ? h("p", { class: "usage", id: `usage-${listId}` }, h("b", null, command.name), " ", command.usage_hint)
      : null,
    h("textarea", {
      id: `field-${listId}`,
      rows: "1",
      role: "combobox",
      "aria-label": thread ? "Reply" : `Message ${name}`,
      "aria-autocomplete": "list",
      "aria-haspopup": "listbox",
      "aria-expanded": String(rows.length > 0),
      "aria-controls": rows.length ? listId : null,
      "aria-activedescendant": rows.length ? `${listId}-${active}` : null,
      "aria-describedby": command?.usage_hint && !rows.length && !thread ? `usage-${listId}` : null,
      placeholder: thread ? "Reply…" : `Message ${name}, or / for commands`,
      value: text,
      oninput: (event) => watch(event.target),
      onkeydown: keys,
      drawn: grow,
    }),
    chips(files, detach),
    h(
      "div",
      { class: "composer-foot" },
      thread ? null : shortcuts(key),
      h(
        "label",
        { class: "plain with-words attach" },
        icon("clip"),
        "Attach",
        h("input", { class: "unseen", type: "file", multiple: true, onchange: attach }),
      ),
      isSending ? h("span", { class: "quiet", role: "status" }, "Sending…") : null,
      h(
        "button",
        {
          type: "submit",
          class: `button primary square ${isSending ? "busy" : ""}`,
          "aria-label": "Send",
          disabled: !text.trim() && !files.length,
        },
        icon("send"),
      ),
    ),
  );
}

const isWhole = (row, text) => !row || row.text.trim() === text.trim();

function suggestions(rows, active, listId, complete) {
  return h(
    "div",
    { class: "suggestions", role: "listbox", id: listId, "aria-label": "Suggestions" },
    rows.slice(0, 8).map((one, n) =>
      h(
        "div",
        {
          class: `option ${n === active ? "active" : ""}`,
          id: `${listId}-${n}`,
          role: "option",
          "aria-selected": String(n === active),
          onpointerdown: (event) => event.preventDefault(),
          onclick: () => complete(one),
        },
        one.before,
        h("span", { class: "menu-words" }, h("span", null, one.words), one.detail ? h("small", null, one.detail) : null),
      ),
    ),
  );
}

function grow(field) {
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight, 200)}px`;
}

function shortcuts(key) {
  const { commands, shortcuts: all } = state.screen;
  const menuKey = `shortcuts/${key}`;
  const use = (one) => () => {
    toggleMenu(null);
    return act("uses_shortcut", { callback_id: one.callback_id }, menuKey);
  };
  const rows = [
    ...all
      .filter((one) => one.type === "global")
      .map((one) => ({ words: one.name, detail: one.description, before: icon("bolt"), run: use(one) })),
    ...commands.map((one) => ({
      words: one.name,
      detail: one.description,
      before: icon("chat"),
      run: () => (toggleMenu(null), setText(`${one.name} `)),
    })),
  ];
  return h(
    "span",
    { class: "anchor" },
    h(
      "button",
      {
        type: "button",
        class: `plain with-words hint-shortcuts ${state.busy.has(menuKey) ? "busy" : ""}`,
        "aria-haspopup": "menu",
        "aria-expanded": String(state.menu?.key === menuKey),
        onclick: () => toggleMenu(menuKey),
      },
      icon("bolt"),
      "Shortcuts",
    ),
    popup(menuKey, "Shortcuts", rows),
  );
}
