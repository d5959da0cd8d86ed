// Doing things as the person, through the control interface: nothing here decides what is allowed.

import { post, Refused } from "./api.js";
import { notify, redraw, refresh, state } from "./state.js";

const PAUSE_MS = 300; // of a person typing, before the world hears of it

/** One move. `busy` names what shows that it is under way. Null when the world refused it. */
export async function act(verb, body, busy) {
  if (busy) state.busy.add(busy);
  state.notice = null;
  redraw();
  try {
    const outcome = await post(`people/${state.who}/${verb}`, body);
    if (outcome.error) notify(outcome.error);
    return outcome;
  } catch (error) {
    notify(error instanceof Refused ? `Slack does not allow this: ${error.message}.` : "The playground does not answer.");
    return null;
  } finally {
    if (busy) state.busy.delete(busy);
    await refresh();
  }
}

/** Ask as Slack's client asks before a risky element acts; true at once when it has no question. */
export function confirmed(dialog) {
  if (!dialog) return Promise.resolve(true);
  return new Promise((resolve) => {
    state.confirm = {
      dialog,
      answer(isYes) {
        state.confirm = null;
        redraw();
        resolve(isYes);
      },
    };
    redraw();
  });
}

// --- text fields: what is typed shows at once and reaches the world a moment later

const pending = new Map(); // key -> {timer, send}

/** `field`: {key, target, name, block_id}. */
export function typed(field, text) {
  state.drafts.set(field.key, text);
  clearTimeout(pending.get(field.key)?.timer);
  const send = () => sendTyped(field);
  pending.set(field.key, { timer: setTimeout(send, PAUSE_MS), send });
  redraw();
}

const sending = new Map(); // key -> the latest request, so that two never overtake each other

function sendTyped({ key, target, name, block_id }, extra = {}) {
  clearTimeout(pending.get(key)?.timer);
  pending.delete(key);
  const who = state.who;
  const send = async () => {
    const text = state.drafts.get(key);
    if (text === undefined) return null;
    try {
      const outcome = await post(`people/${who}/enters`, { target, name, block_id, text, ...extra }, { keepalive: true });
      if (outcome.error) notify(outcome.error);
      await refresh();
      return outcome;
    } catch {
      if (isOpen(target)) pending.set(key, { send: () => sendTyped({ key, target, name, block_id }) }); // covered for now: said later
      return null;
    } finally {
      if (!pending.has(key) && state.drafts.get(key) === text) state.drafts.delete(key);
      redraw();
    }
  };
  const mine = (sending.get(key) || Promise.resolve()).then(send);
  sending.set(key, mine);
  mine.finally(() => sending.get(key) === mine && sending.delete(key));
  return mine;
}

const isOpen = (target) => state.screen.views.some((view) => view.id === target.view);

/** Enter in a field: the world decides whether the bot hears of it. */
export function enterPressed(field, text) {
  state.drafts.set(field.key, text);
  return sendTyped(field, { press_enter: true });
}

/** Everything typed so far is known to the world once this resolves. */
export async function flush() {
  for (const { send } of [...pending.values()]) send();
  await Promise.all(sending.values());
}

addEventListener("pagehide", () => flush());
