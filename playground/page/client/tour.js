// The guided first run: six steps, each with one button that takes it. It watches the workspace to know when a step is done.

import { act } from "./acts.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { go, redraw, state } from "./state.js";

const KEPT = "proxydesk-guide";

const actions = (message) => (message.blocks || []).flatMap((block) => block.elements || []).map((element) => element.action_id);
const waiting = () => state.screen.messages.filter((one) => !one.is_ephemeral && actions(one).includes("approve"));
const card = () => state.screen.messages.find((one) => one.ts === guide.card);
const isManager = () =>
  state.screen.groups.some((one) => one.handle === "proxy-approvers" && one.members.includes(state.screen.me.id));

const isInForm = () => Boolean(state.screen.views.at(-1)?.blocks.some((block) => block.type === "input"));

const STEPS = [
  {
    title: "Ask for proxies",
    text: "You are Rita, and your scraper needs proxies. Type /proxy buy, find it under Shortcuts, or let this button do it.",
    hint: "hint-shortcuts",
    button: "Open the form",
    fits: () => !isInForm(),
    run: () => act("types", { text: "/proxy buy", channel: "proxies" }),
    isDone: () => isInForm() || waiting().length > 0,
  },
  {
    title: "Choose and send",
    text: "Choose a product, see its real price, say why, and press “Send request”. Or have the form filled in and only send it.",
    button: "Fill it in for me",
    fits: isInForm,
    run: fillIn,
    isDone: () => waiting().length > 0,
  },
  {
    title: "Become the manager",
    text: "The request waits in #proxies. Rita cannot approve her own. Mona can: become her, here or in a second window.",
    hint: "hint-act-as",
    button: "Act as Mona",
    fits: () => true,
    run: () => go({ who: "mona", channel: "proxies" }),
    isDone: () => isManager(),
  },
  {
    title: "Approve with one click",
    text: "Press “Approve” on the card. The bot asks for the price again and buys exactly once.",
    button: "Show me the card",
    fits: () => true,
    run: () => document.querySelector(`[data-ts="${guide.card}"] .primary`)?.focus(),
    isDone: () =>
      Boolean(guide.card) && state.screen.place === "proxies" && Boolean(card()) && !actions(card()).includes("approve"),
  },
  {
    title: "See what was bought",
    text: "The card now tells what happened. Its thread holds the service and the invoice for everybody to find.",
    button: "Open the thread",
    fits: () => true,
    run: () => go({ channel: "proxies", thread: guide.card }),
    isDone: () => Boolean(guide.card) && state.thread === guide.card,
  },
  {
    title: "Now break something",
    text: "Turn on “Silence after the purchase” and buy again, or look behind the curtain at every request that made this happen.",
    hint: "hint-chaos",
    button: "Show the switches",
    fits: () => true,
    run: () => go({ panel: "chaos", thread: null }),
    isDone: () => Boolean(state.panel),
  },
];

const EXAMPLE = { product: "isp_us", reason: "Price checks for the spring catalog", channel: "proxies" };

/** The form with an example in it, field by field, as a person would. */
async function fillIn() {
  const elements = () => (state.screen.views.at(-1)?.blocks || []).filter((block) => block.type === "input");
  const aim = (block) => ({
    target: { view: state.screen.views.at(-1).id },
    name: block.element.action_id,
    block_id: block.block_id,
  });
  const find = (fits) => elements().find((block) => fits(block.element));
  const reason = find((element) => element.multiline);
  const channel = find((element) => /^(conversations|channels)_select$/.test(element.type));
  const product = find((element) => element.type === "external_select");
  if (reason) await act("enters", { ...aim(reason), text: EXAMPLE.reason }, "guide");
  if (channel) await act("chooses", { ...aim(channel), value: EXAMPLE.channel }, "guide");
  if (product) await act("chooses", { ...aim(product), value: EXAMPLE.product, query: EXAMPLE.product }, "guide");
}

export const guide = { step: 0, isOn: true, card: null, start, ...kept() };

function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEPT)) || {};
  } catch {
    return {};
  }
}

function keep(changes) {
  Object.assign(guide, changes);
  try {
    localStorage.setItem(KEPT, JSON.stringify({ step: guide.step, isOn: guide.isOn, card: guide.card }));
  } catch {
    // a browser that keeps nothing shows the guide again: no harm
  }
}

function start() {
  keep({ step: 0, isOn: true, card: null });
  redraw();
}

/** Which part of the page the guide points at just now. */
export const hinted = () => (guide.isOn && STEPS[guide.step]?.hint) || "";

export function tour() {
  if (!guide.isOn) return null;
  const latest = waiting().at(-1);
  if (latest && guide.step <= 3 && guide.card !== latest.ts) keep({ card: latest.ts });
  while (STEPS[guide.step]?.isDone()) keep({ step: guide.step + 1 });
  const step = STEPS[guide.step];
  const dismiss = () => {
    keep({ isOn: false });
    redraw();
  };
  const close = h(
    "button",
    { type: "button", class: "plain", "aria-label": "Dismiss the guide", onclick: dismiss },
    icon("close"),
  );
  if (!step) {
    return h(
      "section",
      { class: "tour", "aria-label": "Guide" },
      h(
        "p",
        { class: "tour-words", role: "status" },
        h("strong", null, "That is the whole of it. "),
        "Everything here is yours to try; nothing costs anything.",
      ),
      h("button", { type: "button", class: "button small primary", onclick: dismiss }, "Finish"),
    );
  }
  return h(
    "section",
    { class: "tour", "aria-label": "Guide" },
    h(
      "ol",
      { class: "dots", "aria-hidden": "true" },
      STEPS.map((_, n) => h("li", { class: n < guide.step ? "done" : n === guide.step ? "now" : "" })),
    ),
    h(
      "p",
      { class: "tour-words", role: "status" },
      h("span", { class: "unseen" }, `Step ${guide.step + 1} of ${STEPS.length}: `),
      h("strong", null, `${step.title}. `),
      step.text,
    ),
    step.button && step.fits()
      ? h(
          "button",
          { type: "button", class: `button small primary ${state.busy.has("guide") ? "busy" : ""}`, onclick: step.run },
          step.button,
        )
      : null,
    close,
  );
}
