// Menus that open beside what opened them: one at a time, by mouse and by keyboard.

import { h } from "./dom.js";
import { redraw, state } from "./state.js";

const GAP = 4;
const EDGE = 8;

/** Keep a fixed box beside its anchor and inside the window. */
export function beside(element) {
  const anchor = element.parentElement.getBoundingClientRect();
  element.style.maxHeight = "";
  if (element.classList.contains("listbox")) element.style.minWidth = `${anchor.width}px`;
  const { width, height } = element.getBoundingClientRect();
  const below = innerHeight - anchor.bottom - GAP - EDGE;
  const above = anchor.top - GAP - EDGE;
  const isBelow = height <= below || below >= above;
  const room = Math.min(height, isBelow ? below : above);
  if (room < height) element.style.maxHeight = `${room}px`;
  element.style.top = `${isBelow ? anchor.bottom + GAP : anchor.top - GAP - room}px`;
  const wanted = element.classList.contains("from-right") ? anchor.right - width : anchor.left;
  element.style.left = `${Math.max(EDGE, Math.min(wanted, innerWidth - width - EDGE))}px`;
}

export function toggleMenu(key, more = {}) {
  state.menu = key === null || state.menu?.key === key ? null : { key, active: 0, query: "", ...more };
  redraw();
}

/** A menu of rows {words, detail, run, isCurrent, before, after}; nothing while it is closed. */
export function popup(key, label, rows, className = "") {
  if (state.menu?.key !== key) return null;
  const items = (element) => [...element.querySelectorAll("button[role^=menuitem]")];
  const move = (event) => {
    const all = items(event.currentTarget);
    const row = document.activeElement.closest(".menu-row");
    const at = all.findIndex((one) => row?.contains(one));
    const aside = { ArrowRight: "a", ArrowLeft: "button" }[event.key];
    if (aside) row?.querySelector(aside)?.focus();
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      all.at(to % all.length)?.focus();
    } else if (event.key === "Tab") toggleMenu(null);
  };
  return h(
    "div",
    {
      key,
      class: `popup ${className}`,
      role: "menu",
      "aria-label": label,
      onkeydown: move,
      mounted: (element) =>
        (items(element).find((one) => one.getAttribute("aria-checked") === "true") || items(element)[0])?.focus(),
      drawn: beside,
    },
    rows.map((row) =>
      h(
        "div",
        { class: "menu-row", role: "none" },
        h(
          "button",
          {
            type: "button",
            role: row.isCurrent === undefined ? "menuitem" : "menuitemradio",
            "aria-checked": row.isCurrent === undefined ? null : String(row.isCurrent),
            "aria-label": row.label,
            onclick: row.run,
          },
          row.before,
          h(
            "span",
            { class: "menu-words" },
            h("span", null, row.words),
            row.detail?.length ? h("small", null, row.detail) : null,
          ),
        ),
        row.after,
      ),
    ),
  );
}

let opener = null;

/** Close what is open on a click elsewhere and on Escape; give the focus back to what opened it. */
export function watchMenus() {
  addEventListener("pointerdown", (event) => {
    if (state.menu && !event.target.closest(".popup, .select, .anchor, .composer")) toggleMenu(null);
  });
  addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || !state.menu) return;
      event.stopPropagation();
      event.preventDefault();
      opener = document.activeElement?.closest(".anchor")?.querySelector("[aria-haspopup]");
      toggleMenu(null);
      opener?.focus();
    },
    true,
  );
  for (const moved of ["resize", "scroll"]) {
    addEventListener(moved, () => document.querySelectorAll(".popup, .listbox").forEach(beside), {
      capture: true,
      passive: true,
    });
  }
}
