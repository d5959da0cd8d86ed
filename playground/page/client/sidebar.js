// The list of conversations, and the strip on top: who one is, and the doors to behind the scenes.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { avatar, person, roleOf } from "./names.js";
import { popup, toggleMenu } from "./popup.js";
import { address, go, state } from "./state.js";

export function sidebar() {
  const { channels, dms, app, team } = state.screen;
  const mine = channels.filter((one) => one.is_member && !one.is_archived);
  const others = channels.filter((one) => !one.is_member || one.is_archived);
  const bot = dms.find((one) => one.user === app.bot_user);
  return h(
    "nav",
    { class: `sidebar ${state.isListOpen ? "open" : ""}`, "aria-label": "Channels and messages" },
    h("p", { class: "team" }, team.name || "Playground"),
    group("Channels", mine.map(channelRow)),
    bot
      ? group("Apps", [
          entry("home", `${app.name} Home`, icon("home"), 0),
          entry("dm", app.name, avatar(person(app.bot_user), "small"), bot.unread),
        ])
      : null,
    others.length ? group("Not joined", others.map(channelRow)) : null,
  );
}

const group = (title, rows) => [h("h2", null, title), h("ul", null, rows)];

function channelRow(channel) {
  const kind = channel.is_archived ? "archive" : channel.is_private ? "lock" : "hash";
  return entry(channel.name, channel.name, icon(kind), channel.unread, channel.is_member ? "" : "faint");
}

function entry(place, name, before, unread, className = "") {
  const isHere = state.place === place;
  return h(
    "li",
    { key: place },
    h(
      "a",
      {
        href: address({ place, thread: null }),
        class: `${className} ${unread && !isHere ? "unread" : ""}`,
        "aria-current": isHere ? "page" : null,
        onclick: (event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          go({ channel: place });
        },
      },
      before,
      h("span", { class: "entry-name" }, name),
      unread && !isHere ? h("span", { class: "badge" }, unread, h("span", { class: "unseen" }, " unread")) : null,
    ),
  );
}

const PANELS = [
  ["curtain", "Behind the curtain", "curtain"],
  ["byteful", "Byteful account", "account"],
  ["chaos", "Chaos", "chaos"],
];

export function topbar(guide) {
  return h(
    "header",
    { class: "topbar" },
    h(
      "h1",
      null,
      h("span", { class: "logo", "aria-hidden": "true" }, icon("bot")),
      h("span", { class: "only-wide" }, "Proxydesk playground"),
    ),
    actAs(),
    h(
      "div",
      { class: "doors", role: "group", "aria-label": "Behind the scenes" },
      guide.isOn ? null : door("Guide", "guide", false, guide.start),
      PANELS.map(([panel, name, shown]) =>
        door(name, shown, state.panel === panel, () => go({ panel: state.panel === panel ? null : panel }), panel),
      ),
    ),
  );
}

const door = (name, shown, isOpen, onclick, panel = "guide") =>
  h(
    "button",
    {
      type: "button",
      class: `door hint-${panel}`,
      "aria-label": name,
      title: name,
      "aria-pressed": panel === "guide" ? null : String(isOpen),
      onclick,
    },
    icon(shown),
    h("span", { class: "only-wide" }, name),
  );

function actAs() {
  const { me, people } = state.screen;
  const cast = people.filter((one) => !one.is_bot && !one.deleted && !one.is_external && one.id !== "USLACKBOT");
  const rows = cast.map((one) => ({
    words: one.real_name,
    detail: roleOf(one),
    before: avatar(one),
    isCurrent: one.id === me.id,
    run: () => go({ who: one.name, thread: null }),
    after: h(
      "a",
      {
        class: "plain",
        role: "menuitem",
        href: address({ who: one.name, thread: null, panel: null }),
        target: "_blank",
        rel: "noopener",
        "aria-label": `Open ${one.real_name} in another window`,
        title: "In another window",
      },
      icon("window"),
    ),
  }));
  return h(
    "div",
    { class: "anchor act-as" },
    h(
      "button",
      {
        type: "button",
        class: "me hint-act-as",
        "aria-haspopup": "menu",
        "aria-expanded": String(state.menu?.key === "act-as"),
        onclick: () => toggleMenu("act-as"),
      },
      h("span", { class: "act-as-words" }, "Act as "),
      avatar(me, "small"),
      h("span", { class: "menu-words" }, h("strong", null, me.real_name, " "), h("small", null, roleOf(me))),
      icon("down"),
    ),
    popup("act-as", "Act as", rows, "people"),
  );
}
