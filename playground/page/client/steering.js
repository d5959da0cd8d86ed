// Moving the worlds from the panels: one request, one button.

import { post } from "./api.js";
import { h } from "./dom.js";
import { notify, redraw, refresh, state } from "./state.js";

/** Do it, and look again; true when it was done. */
export async function steer(path, body, busy = path) {
  state.busy.add(busy);
  redraw();
  let isDone = false;
  try {
    await post(path, body);
    isDone = true;
  } catch (error) {
    notify(error.message);
  }
  state.busy.delete(busy);
  await refresh();
  return isDone;
}

/** A button that does one thing to the Byteful account. */
export const doing = (name, path, body, more = "") => {
  const busy = path + JSON.stringify(body);
  return h(
    "button",
    {
      type: "button",
      class: `button small ${more} ${state.busy.has(busy) ? "busy" : ""}`,
      onclick: () => steer(path, body, busy),
    },
    name,
  );
};
