// One message as a person sees it, and what can be done with it.

import { act } from "./acts.js";
import { drawBlocks } from "./blocks.js";
import { h } from "./dom.js";
import { emoji } from "./emoji.js";
import { icon } from "./icons.js";
import { mrkdwn, words, link } from "./mrkdwn.js";
import { avatar, nameOf, person } from "./names.js";
import { fileCard, picture } from "./pictures.js";
import { popup, toggleMenu } from "./popup.js";
import { go, state } from "./state.js";
import { clockTime, longTime } from "./time.js";

const placeOf = (message) => ({
  key: `m${message.ts}`,
  target: { channel: message.channel, ts: message.ts },
  values: message.values,
});

/** `follows`: written right after another by the same person, so it needs no head. */
export function drawMessage(message, { follows = false, inThread = false } = {}) {
  const who = person(message.user);
  const head = h(
    "p",
    { class: "message-head" },
    h("strong", null, who?.real_name || message.user),
    who?.is_bot ? h("span", { class: "tag" }, "APP") : null,
    time(message.ts),
    message.edited ? h("span", { class: "quiet edited" }, "(edited)") : null,
  );
  return h(
    "li",
    {
      class: `message ${follows ? "follows" : ""} ${message.is_ephemeral ? "private" : ""} ${message.subtype === "tombstone" ? "gone" : ""}`,
      key: message.ts,
      "data-ts": message.ts,
    },
    follows ? h("span", { class: "gutter" }, time(message.ts)) : avatar(who),
    h(
      "div",
      { class: "message-main" },
      message.is_ephemeral ? h("p", { class: "only-you" }, icon("eye"), "Only visible to you") : null,
      follows ? h("span", { class: "unseen" }, `${who?.real_name}, ${clockTime(message.ts)}`) : head,
      content(message),
      message.reactions.length
        ? h(
            "p",
            { class: "reactions" },
            message.reactions.map((one) => reaction(message, one)),
          )
        : null,
      message.reply_count && !inThread ? replies(message) : null,
    ),
    message.is_ephemeral ? null : tools(message, inThread),
  );
}

const time = (ts) =>
  h("time", { class: "quiet", datetime: new Date(Number(ts) * 1000).toISOString(), title: longTime(ts) }, clockTime(ts));

function content(message) {
  const place = placeOf(message);
  const body = message.blocks.length
    ? drawBlocks(message.blocks, place)
    : message.text
      ? h("div", { class: "text" }, mrkdwn(message.text))
      : null;
  return h(
    "div",
    { class: "content" },
    body,
    message.attachments.map((one) => attachment(one, place)),
    message.files.map(fileCard),
  );
}

function attachment(one, place) {
  const title = one.title ? h("strong", null, one.title_link ? link(one.title_link, [one.title]) : one.title) : null;
  return h(
    "div",
    { class: "attachment" },
    one.pretext ? h("div", { class: "text" }, mrkdwn(one.pretext)) : null,
    one.author_name ? h("small", null, one.author_name) : null,
    title,
    one.text ? h("div", { class: "text" }, mrkdwn(one.text)) : null,
    one.blocks ? drawBlocks(one.blocks, place) : null,
    (one.fields || []).map((field) =>
      h("div", { class: "text" }, h("strong", null, field.title), h("br"), mrkdwn(field.value || "")),
    ),
    one.image_url ? picture({ image_url: one.image_url, alt_text: one.fallback }, "picture") : null,
    one.footer ? h("small", null, words({ type: "mrkdwn", text: one.footer })) : null,
  );
}

const react = (message, name, remove) =>
  act("reacts", { target: { channel: message.channel, ts: message.ts }, name, remove }, `react/${message.ts}`);

function reaction(message, { name, users }) {
  const isMine = users.includes(state.screen.me.id);
  return h(
    "button",
    {
      type: "button",
      class: "reaction",
      "aria-pressed": String(isMine),
      title: `${users.map(nameOf).join(", ")}: ${name}`,
      onclick: () => react(message, name, isMine),
    },
    emoji(name) || `:${name}:`,
    ` ${users.length}`,
  );
}

const USUAL = ["white_check_mark", "+1", "eyes", "tada", "raised_hands", "heart"];

function reactions(message, inThread) {
  const key = `react-menu/${message.ts}/${inThread}`;
  const mine = (name) => message.reactions.some((one) => one.name === name && one.users.includes(state.screen.me.id));
  const rows = USUAL.map((name) => ({
    words: emoji(name),
    label: name.replaceAll("_", " "),
    run: () => (toggleMenu(null), react(message, name, mine(name))),
  }));
  return h(
    "span",
    { class: "anchor" },
    h(
      "button",
      {
        type: "button",
        class: "plain",
        "aria-label": "Add reaction",
        "aria-haspopup": "menu",
        "aria-expanded": String(state.menu?.key === key),
        onclick: () => toggleMenu(key),
      },
      icon("smile"),
    ),
    popup(key, "Add reaction", rows, "from-right in-a-row"),
  );
}

function replies(message) {
  const count = message.reply_count === 1 ? "1 reply" : `${message.reply_count} replies`;
  return h(
    "button",
    { type: "button", class: `replies ${message.unread_replies ? "has-news" : ""}`, onclick: () => go({ thread: message.ts }) },
    message.reply_users.slice(0, 3).map((id) => avatar(person(id), "small")),
    h("strong", null, count),
    message.unread_replies ? h("span", { class: "badge" }, `${message.unread_replies} new`) : null,
    h("span", { class: "quiet" }, `Last ${clockTime(message.latest_reply)}`),
  );
}

function tools(message, inThread) {
  const key = `tools/${message.ts}/${inThread}`;
  const target = { channel: message.channel, ts: message.ts };
  const shortcuts = state.screen.shortcuts.filter((one) => one.type === "message");
  const use = (one) => () => {
    toggleMenu(null);
    return act("uses_shortcut", { callback_id: one.callback_id, target });
  };
  const copy = () => {
    toggleMenu(null);
    return navigator.clipboard?.writeText(message.text);
  };
  const rows = [
    ...shortcuts.map((one) => ({ words: one.name, detail: one.description, before: icon("bolt"), run: use(one) })),
    { words: "Copy text", before: icon("file"), run: copy },
  ];
  const more = {
    type: "button",
    class: "plain",
    "aria-label": "More actions",
    "aria-haspopup": "menu",
    "aria-expanded": String(state.menu?.key === key),
  };
  return h(
    "div",
    { class: `tools ${state.menu?.key.endsWith(`${message.ts}/${inThread}`) ? "open" : ""}` },
    reactions(message, inThread),
    inThread
      ? null
      : h(
          "button",
          {
            type: "button",
            class: "plain",
            "aria-label": "Reply in thread",
            onclick: () => go({ thread: message.thread_ts || message.ts }),
          },
          icon("reply"),
        ),
    h(
      "span",
      { class: "anchor" },
      h("button", { ...more, onclick: () => toggleMenu(key) }, icon("more")),
      popup(key, "More actions", rows, "from-right"),
    ),
  );
}
