// Modals: the stack a person has open, the topmost alive. And the question a risky button asks first.

import { act, flush } from "./acts.js";
import { drawBlocks } from "./blocks.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { said, words } from "./mrkdwn.js";
import { state } from "./state.js";

let before = null; // what had the focus when the first modal opened

const FIELDS = "input, textarea, button.button, a.button";

function focusFirst(element) {
  const inside = document.activeElement?.closest(".layer");
  if (!inside) before = document.activeElement;
  const first = element.querySelector("[autofocus]") || element.querySelector(`.modal-body :is(${FIELDS})`);
  (first || element).focus({ preventScroll: true });
}

/** When a form changes under somebody's hands, the focus stays in it: in its first field, or on itself. */
function focusLater(element) {
  const now = document.activeElement;
  if (now && now !== document.body && now !== element) return;
  const first = element.querySelector(".modal-body:not([inert]) :is(input, textarea)");
  (first || element).focus({ preventScroll: true });
}

function focusBack() {
  queueMicrotask(() => {
    if (!document.querySelector(".layer .modal")) before?.isConnected && before.focus({ preventScroll: true });
  });
}

function modal({ key, title, children, foot, onsubmit, onescape, depth = 1, isBusy = false, role = "dialog" }) {
  const keys = (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) {
      event.preventDefault();
      onescape();
    }
  };
  return h(
    "form",
    {
      class: `modal depth-${depth} ${isBusy ? "is-busy" : ""}`,
      key,
      role,
      "aria-label": title,
      "aria-modal": role === "alertdialog" ? "true" : null,
      "aria-busy": isBusy ? "true" : null,
      novalidate: true,
      tabindex: "-1",
      onkeydown: keys,
      onsubmit: (event) => {
        event.preventDefault();
        onsubmit?.();
      },
      mounted: focusFirst,
      drawn: focusLater,
      gone: focusBack,
    },
    children,
    foot,
  );
}

export function drawModal(views) {
  const view = views.at(-1);
  if (!view) return null;
  const place = { key: view.id, target: { view: view.id }, values: view.state.values, errors: view.errors };
  const [submitting, closing] = [`submit/${view.id}`, `close/${view.id}`];
  const isBusy = state.busy.has(submitting);
  const submit = async () => {
    if (isBusy || !view.submit) return;
    await flush();
    const outcome = await act("submits", { target: { view: view.id } }, submitting);
    if (outcome && Object.keys(outcome.errors).length) requestAnimationFrame(focusError);
  };
  const close = (everything) => () => act("closes", { target: { view: view.id }, everything }, closing);
  const title = said(view.title);
  return h(
    "div",
    { class: "layer", key: "layer" },
    modal({
      key: view.id,
      title,
      depth: views.length,
      isBusy,
      onsubmit: submit,
      onescape: close(false),
      children: [
        h(
          "header",
          { class: "modal-head" },
          views.length > 1
            ? h("button", { type: "button", class: "plain", "aria-label": "Back", onclick: close(false) }, icon("back"))
            : null,
          h("h2", null, title),
          h("button", { type: "button", class: "plain", "aria-label": "Close form", onclick: close(true) }, icon("close")),
        ),
        h(
          "div",
          { class: "modal-body", inert: isBusy },
          view.trouble || state.notice
            ? h("p", { class: "trouble", role: "alert" }, icon("chaos"), view.trouble || state.notice)
            : null,
          drawBlocks(view.blocks, place),
        ),
      ],
      foot: h(
        "footer",
        { class: "modal-foot" },
        h(
          "button",
          { type: "button", class: "button", onclick: close(false) },
          said(view.close) || (views.length > 1 ? "Back" : "Close"),
        ),
        view.submit
          ? h(
              "button",
              {
                type: "submit",
                class: `button primary ${isBusy ? "busy" : ""}`,
                disabled: Boolean(view.submit_disabled) || isBusy,
              },
              words(view.submit),
            )
          : null,
      ),
    }),
  );
}

const focusError = () => document.querySelector(".layer .has-error :is(input, textarea)")?.focus();

export function drawConfirm(asked) {
  if (!asked) return null;
  const { dialog, answer } = asked;
  return h(
    "div",
    { class: "layer over", key: "confirm" },
    modal({
      key: "confirm",
      title: said(dialog.title),
      role: "alertdialog",
      onsubmit: () => answer(true),
      onescape: () => answer(false),
      children: [
        h("header", { class: "modal-head" }, h("h2", null, words(dialog.title))),
        h("div", { class: "modal-body" }, h("div", { class: "text" }, words(dialog.text))),
      ],
      foot: h(
        "footer",
        { class: "modal-foot" },
        h("button", { type: "button", class: "button", onclick: () => answer(false) }, words(dialog.deny)),
        h(
          "button",
          { type: "submit", class: `button ${dialog.style === "danger" ? "danger filled" : "primary"}`, autofocus: true },
          words(dialog.confirm),
        ),
      ),
    }),
  );
}
