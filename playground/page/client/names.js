// Who and what an id means to the person looking.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { said } from "./mrkdwn.js";
import { go, state } from "./state.js";

export const person = (id) => state.screen.people.find((one) => one.id === id);
export const channel = (id) => state.screen.channels.find((one) => one.id === id);
export const nameOf = (id) => person(id)?.real_name || id;

export function mention(id, label) {
  const who = person(id);
  const isMe = id === state.screen.me.id;
  return h("span", { class: isMe ? "mention me" : "mention", title: who?.real_name }, `@${who?.name || label || id}`);
}

export function channelLink(id, label) {
  const found = channel(id);
  if (!found) return h("span", { class: "mention" }, `#${label || "private channel"}`);
  return h("button", { class: "mention", type: "button", onclick: () => go({ channel: found.name }) }, `#${found.name}`);
}

export function groupMention(id, label) {
  const group = state.screen.groups.find((one) => one.id === id);
  const isMine = group?.members.includes(state.screen.me.id);
  return h("span", { class: isMine ? "mention me" : "mention" }, group ? `@${group.handle}` : said(label) || id);
}

/** A person's part in the company, as the workspace knows it. */
export function roleOf(who) {
  if (who.is_bot) return "App";
  const groups = state.screen.groups.filter((group) => group.members.includes(who.id)).map((group) => group.handle);
  if (who.is_guest) return "Guest";
  if (groups.includes("proxy-approvers")) return "Manager";
  if (groups.includes("finance")) return "Finance";
  return who.is_admin ? "Admin" : "Requester";
}

const TINTS = 8;

export function avatar(who, className = "") {
  const id = who?.id || "";
  const tint = [...id].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % TINTS;
  const letters = who?.is_bot
    ? icon("bot")
    : (who?.real_name || "?")
        .split(/\s+/)
        .map((word) => word[0])
        .slice(0, 2)
        .join("");
  return h("span", { class: `avatar ${who?.is_bot ? "bot" : `tint-${tint}`} ${className}`, "aria-hidden": "true" }, letters);
}
