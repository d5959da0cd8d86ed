// What the page knows, where the person is, and how both become what is drawn.
// Where somebody is lives in the address after the #, so that two windows can be two people.

import { get, post, Refused } from "./api.js";

export const AT_ONCE = 200;

export const state = {
  who: "rita",
  place: "proxies", // the name of a channel, `dm` or `home`
  thread: null,
  panel: null, // curtain | byteful | chaos
  screen: null, // what the world says this person sees; with the `who` and `place` it was asked for
  last: AT_ONCE, // how many messages of a conversation are fetched
  isConnected: true,
  isListOpen: false, // the list of channels, where the screen is narrow
  busy: new Set(),
  drafts: new Map(), // typed but not yet known to the world
  wishes: new Map(), // ticked but not yet known to the world
  menu: null, // the one list that is open: {key, query, active, options, isLoading}
  confirm: null, // the one question that is open
  notice: null, // what went wrong with the last thing done
  curtain: [], // what passed between Slack, the bot and Byteful
  byteful: null,
  chaos: [],
  texts: new Map(), // what stands in the message fields
  attached: new Map(), // files that will go with it
};

let draw = () => {};
let isDrawing = false;

export const drawWith = (render) => (draw = render);

/** Draw once, soon, however often it is asked for. */
export function redraw() {
  if (isDrawing) return;
  isDrawing = true;
  queueMicrotask(() => {
    isDrawing = false;
    if (state.screen) draw();
  });
}

// --- where

export function address({ who = state.who, place = state.place, thread = state.thread, panel = state.panel } = {}) {
  const parts = { as: who, in: place, thread, panel };
  return `#${new URLSearchParams(Object.entries(parts).filter(([, value]) => value))}`;
}

export function readAddress() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const before = [state.who, state.place].join();
  Object.assign(state, {
    who: asked.get("as") || "rita",
    place: asked.get("in") || "proxies",
    thread: asked.get("thread"),
    panel: asked.get("panel"),
  });
  return before !== [state.who, state.place].join();
}

/** Go somewhere, be somebody, open a panel: any of `who`, `channel`, `thread`, `panel`. */
export function go({ who = state.who, channel, thread, panel = state.panel }) {
  const hasMoved = who !== state.who || (channel !== undefined && channel !== state.place);
  const place = channel ?? state.place;
  const stays = hasMoved ? null : state.thread;
  history.pushState(null, "", address({ who, place, thread: thread === undefined ? stays : thread, panel }));
  arrive();
}

/** Take the address at its word. */
export function arrive() {
  const isElsewhere = readAddress() || !state.screen;
  Object.assign(state, { menu: null, isListOpen: false });
  if (isElsewhere) {
    Object.assign(state, { notice: null, last: AT_ONCE });
    if (["home", "dm"].includes(state.place)) tellHome();
  }
  refresh();
  redraw();
}

const tellHome = () => {
  const tab = state.place === "home" ? "home" : "messages";
  post(`people/${state.who}/opens_home`, { tab }).catch((error) => notify(error.message));
};

// --- what

let fetching = null;
let isStale = false;

/** Fetch what is on screen; once more if something changed meanwhile. Done when what is known is not older than the call. */
export function refresh() {
  isStale = true;
  fetching ??= untilFresh().finally(() => (fetching = null));
  return fetching;
}

async function untilFresh() {
  while (isStale) {
    isStale = false;
    await fetchScreen();
  }
}

async function fetchScreen() {
  const { who, place, thread, panel, last } = state;
  const channel = place === "home" ? "dm" : place;
  try {
    const [screen, ...rest] = await Promise.all([
      get(`people/${who}/screen`, { channel, thread_ts: thread, last }),
      ...lookBehind(panel),
    ]);
    if (who !== state.who || place !== state.place || thread !== state.thread) isStale = true;
    else Object.assign(state, { screen: { ...screen, who, place }, isConnected: true }, ...rest);
  } catch (error) {
    if (isLost(error)) beSomewhereSafe();
    else notify(error.message);
  }
  redraw();
}

/** This person sees no such channel, or there is no such person. */
const isLost = (error) => error instanceof Refused && (state.place !== "proxies" || state.who !== "rita");

function beSomewhereSafe() {
  const who = state.place === "proxies" ? "rita" : state.who;
  history.replaceState(null, "", address({ who, place: "proxies", thread: null }));
  readAddress();
  isStale = true;
}

function lookBehind(panel) {
  switch (panel) {
    case "curtain": {
      const since = state.curtain.at(-1)?.n ?? 0;
      return [get("curtain", { since }).then(({ entries }) => ({ curtain: merged(state.curtain, entries) }))];
    }
    case "byteful":
      return [get("byteful/state").then((byteful) => ({ byteful }))];
    case "chaos":
      return [get("chaos").then((answer) => ({ chaos: answer.switches }))];
    default:
      return [];
  }
}

function merged(old, entries) {
  const numbers = new Set(entries.map((entry) => entry.n));
  return [...old.filter((entry) => !numbers.has(entry.n)), ...entries].sort((one, other) => one.n - other.n);
}

export function notify(text) {
  state.notice = text;
  redraw();
}
