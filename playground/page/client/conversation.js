// The middle of the window: a channel, the messages with the bot, its Home tab; and a thread beside it.

import { post } from "./api.js";
import { drawBlocks } from "./blocks.js";
import { composer } from "./composer.js";
import { h, kept } from "./dom.js";
import { icon } from "./icons.js";
import { drawMessage } from "./message.js";
import { avatar, person } from "./names.js";
import { AT_ONCE, go, notify, redraw, refresh, state } from "./state.js";
import { dayName, dayOf } from "./time.js";

const TOGETHER_S = 300;
const NEAR_PX = 60;

const isWithBot = () => ["home", "dm"].includes(state.screen.place);

export function conversation() {
  const { screen } = state;
  if (screen.place === "home") return frame(botHead(), home(screen), null);
  return frame(isWithBot() ? botHead() : channelHead(screen.channel), messages(screen), writing(screen, null));
}

function frame(head, body, foot) {
  return h("main", { class: "conversation", key: `${state.screen.who}/${state.screen.place}` }, head, body, notice(), foot);
}

const opener = () =>
  h(
    "button",
    {
      type: "button",
      class: "plain only-narrow",
      "aria-label": "Channels and messages",
      onclick: () => {
        state.isListOpen = true;
        redraw();
      },
    },
    icon("menu"),
  );

function channelHead(channel) {
  const kind = channel.is_archived ? "archive" : channel.is_private ? "lock" : "hash";
  return h(
    "header",
    { class: "conversation-head" },
    opener(),
    h("h2", null, icon(kind), channel.name),
    h("p", { class: "topic", title: channel.topic }, channel.topic),
    h("span", { class: "quiet members", title: "Members" }, icon("people"), channel.members.length),
  );
}

function botHead() {
  const { app } = state.screen;
  const tab = (place, name) =>
    h(
      "a",
      {
        href: "#",
        class: "tab",
        "aria-current": state.place === place ? "page" : null,
        onclick: (event) => {
          event.preventDefault();
          go({ channel: place });
        },
      },
      name,
    );
  return h(
    "header",
    { class: "conversation-head" },
    opener(),
    h("h2", null, avatar(person(app.bot_user), "small"), app.name),
    h(
      "nav",
      { class: "tabs", "aria-label": `${app.name} tabs` },
      app.home_tab ? tab("home", "Home") : null,
      app.messages_tab ? tab("dm", "Messages") : null,
    ),
  );
}

function home({ home: view }) {
  const place = view && { key: view.id, target: { view: view.id }, values: view.state.values, errors: {} };
  return h(
    "section",
    { class: "home-tab", "aria-label": "Home", tabindex: "0" },
    view ? drawBlocks(view.blocks, place) : h("p", { class: "empty" }, "Nothing here yet."),
  );
}

function notice() {
  if (!state.notice || state.screen.views.length) return null;
  const close = h(
    "button",
    { type: "button", class: "plain", "aria-label": "Dismiss", onclick: () => notify(null) },
    icon("close"),
  );
  return h("p", { class: "trouble", role: "alert" }, icon("chaos"), h("span", null, state.notice), close);
}

function writing({ app, channel }, thread) {
  if (channel?.is_archived) return h("p", { class: "cannot-write" }, "This channel is archived. Nobody can write here.");
  if (channel && !channel.is_member)
    return h("p", { class: "cannot-write" }, `You are looking at #${channel.name}. Only its members write here.`);
  if (isWithBot() && app.messages_tab_read_only) return h("p", { class: "cannot-write" }, "This app takes no messages.");
  return composer(isWithBot() ? app.name : `#${channel.name}`, thread);
}

// --- a list of messages that stays at its end, and stands still when nothing changed

const drawn = new Map();
const isAtEnd = new Map();

/** The style measures it from its end, so it stays there whatever is drawn late: `scrollTop` is 0 there, less above. */
function list(key, all, options = {}) {
  const atEnd = ({ scrollTop }) => scrollTop > -NEAR_PX;
  const scrolled = ({ currentTarget }) => {
    if (isAtEnd.get(key) === atEnd(currentTarget)) return;
    isAtEnd.set(key, atEnd(currentTarget));
    redraw();
  };
  const latest = h(
    "button",
    { type: "button", class: "to-end button", onclick: (event) => (event.currentTarget.closest(".messages").scrollTop = 0) },
    "Latest",
    icon("down"),
  );
  const earlier = h(
    "button",
    {
      type: "button",
      class: "button small earlier",
      onclick: () => {
        state.last += AT_ONCE;
        refresh();
      },
    },
    "Earlier messages",
  );
  return h(
    "div",
    {
      class: "messages",
      key,
      tabindex: "0",
      role: "region",
      "aria-label": options.label,
      onscroll: scrolled,
      mounted: () => isAtEnd.set(key, true),
    },
    h(
      "div",
      null,
      all.length ? null : h("p", { class: "empty" }, options.nothing),
      options.hasMore ? earlier : null,
      h("ol", { "aria-live": "polite", "aria-relevant": "additions" }, withDays(all, options)),
      isAtEnd.get(key) === false ? latest : null,
    ),
  );
}

function withDays(all, options) {
  const rows = [];
  const today = dayOf(state.screen.now);
  let [last, lastDay] = [null, null];
  for (const message of all) {
    const day = dayOf(message.ts);
    if (day !== lastDay) {
      rows.push(h("li", { class: "day", key: `day/${day}` }, h("span", null, dayName(message.ts))));
      [last, lastDay] = [null, day];
    }
    const follows =
      Boolean(last) &&
      last.user === message.user &&
      message.ts - last.ts < TOGETHER_S &&
      !message.is_ephemeral &&
      !last.is_ephemeral &&
      !last.reply_count;
    rows.push(still(message, { ...options, follows, today }));
    last = message;
  }
  return rows;
}

const contents = new WeakMap();

/** All of a message as one string, made once for each time it is fetched. */
function contentOf(message) {
  if (!contents.has(message)) contents.set(message, JSON.stringify(message));
  return contents.get(message);
}

/** Draw a message anew only if it, or something of the page it shows, has changed. */
function still(message, options) {
  const key = `m${message.ts}`;
  const mine = (name) => name?.includes(message.ts);
  const live = [
    state.menu && mine(state.menu.key) ? JSON.stringify(state.menu) : "",
    [...state.busy].filter(mine).join(),
    [...state.drafts.keys()]
      .filter(mine)
      .map((one) => state.drafts.get(one))
      .join(),
  ].join("|");
  const about = [state.screen.who, contentOf(message), options.follows, live, options.today];
  return kept(drawn, `${key}/${Boolean(options.inThread)}`, about, () => drawMessage(message, options));
}

function messages({ messages: all, channel, app, has_more: hasMore }) {
  if (channel || isWithBot()) markRead(isWithBot() ? "dm" : channel.name, channel?.unread, null);
  const [command] = state.screen.commands;
  const nothing = isWithBot()
    ? `This is the start of your messages with ${app.name}. Try /proxy help.`
    : `Nobody has said anything in #${channel.name} yet.${command ? ` Type ${command.name} to begin.` : ""}`;
  return list(`list/${state.screen.who}/${state.screen.place}`, all, {
    nothing,
    hasMore,
    label: isWithBot() ? `Messages with ${app.name}` : `Messages in #${channel.name}`,
  });
}

export function thread() {
  const { screen } = state;
  if (!state.thread || screen.thread_ts !== state.thread) return null;
  markRead(
    isWithBot() ? "dm" : screen.channel?.name,
    screen.messages.find((one) => one.ts === state.thread)?.unread_replies,
    state.thread,
  );
  return h(
    "aside",
    { class: "thread", "aria-label": "Thread", key: `thread/${state.thread}` },
    h(
      "header",
      { class: "conversation-head" },
      h("h2", null, "Thread"),
      h("p", { class: "topic" }, isWithBot() ? screen.app.name : `#${screen.channel.name}`),
      h(
        "button",
        { type: "button", class: "plain", "aria-label": "Close thread", onclick: () => go({ thread: null }) },
        icon("close"),
      ),
    ),
    list(`thread/${state.screen.who}/${state.thread}`, screen.thread, {
      inThread: true,
      label: "Thread",
      nothing: "This message is not there.",
    }),
    writing(screen, state.thread),
  );
}

let reading = "";

/** Tell the world, once, that this person has seen what is on screen. */
function markRead(channel, count, thread_ts) {
  if (!count || !channel || document.visibilityState === "hidden") return;
  const key = [state.screen.who, channel, thread_ts, count, state.screen.revision].join();
  if (reading === key) return;
  reading = key;
  const seen = thread_ts ? state.screen.thread : state.screen.messages;
  post(`people/${state.screen.who}/reads`, { channel, thread_ts, ts: seen.at(-1)?.ts }).catch(() => {});
}
