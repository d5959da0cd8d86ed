"use strict";
// Shows the workspace and follows its changes. Every text goes in by textContent, so nothing said here can be markup.

const byId = (id) => document.getElementById(id);
let chosen = "";
let state = null;

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function nameOf(id) {
  const person = state.people.find((one) => one.id === id);
  return person ? person.name : id;
}

function titleOf(channel) {
  if (channel.kind === "channel") return (channel.is_private ? "🔒 " : "# ") + channel.name + (channel.is_archived ? " (archived)" : "");
  return "✉ " + channel.members.map(nameOf).join(", ");
}

function showChannels() {
  const items = state.channels.map((channel) => {
    const button = make("button", "", titleOf(channel) + (channel.messages.length ? " · " + channel.messages.length : ""));
    button.type = "button";
    button.setAttribute("aria-current", String(channel.id === chosen));
    button.addEventListener("click", () => { chosen = channel.id; show(); });
    const item = make("li");
    item.append(button);
    return item;
  });
  byId("channels").replaceChildren(...items);
}

function showMessage(message) {
  const isReply = message.thread_ts && message.thread_ts !== message.ts;
  const item = make("li", isReply ? "reply" : "");
  item.append(make("span", "who", message.user_name));
  item.append(make("time", "when", new Date(Number(message.ts) * 1000).toLocaleTimeString()));
  if (message.ephemeral_to) item.append(make("span", "only", "only " + nameOf(message.ephemeral_to) + " sees this"));
  if (message.is_edited) item.append(make("span", "only", "edited"));
  item.append(make("p", "text", message.text));
  return item;
}

function showView(owner, view, what) {
  const box = make("div", "view");
  box.append(make("p", "who", nameOf(owner) + what), make("p", "text", view.text));
  return box;
}

function orNone(elements, tag) {
  return elements.length ? elements : [make(tag, "none", "none")];
}

function show() {
  const channel = state.channels.find((one) => one.id === chosen) || state.channels[0];
  chosen = channel.id;
  showChannels();
  byId("channel").textContent = titleOf(channel);
  byId("messages").replaceChildren(...orNone(channel.messages.map(showMessage), "li"));
  const modals = state.views.map((view) => showView(view.owner, view, "’s screen"));
  const homes = Object.entries(state.homes).map(([owner, view]) => showView(owner, view, "’s App Home"));
  byId("views").replaceChildren(...orNone([...modals, ...homes], "p"));
  const problems = state.problems.map((one) => make("li", "", one.where + ": " + one.problem));
  byId("problems").replaceChildren(...orNone(problems, "li"));
  byId("status").textContent = "Up to date · revision " + state.revision;
}

async function get(path) {
  const response = await fetch(path, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
}

async function follow() {
  for (;;) {
    try {
      state = await get("/control/state");
      show();
      await get("/control/changes?within=20&since=" + state.revision);
    } catch (error) {
      byId("status").textContent = "The playground does not answer; trying again";
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }
}

follow();
