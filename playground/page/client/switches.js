// The chaos switches: trouble by name, on until it is turned off.

import { h } from "./dom.js";
import { redraw, state } from "./state.js";
import { steer } from "./steering.js";

let done = "";

/** What happens once says so: there is no switch that could stand on. */
async function once({ name, label }) {
  done = "";
  const isDone = await steer("chaos", { name, on: true }, `chaos/${name}`);
  done = isDone ? `${label}: done.` : "";
  redraw();
}

export function chaos() {
  return [
    h(
      "p",
      { class: "lead" },
      "Make something go wrong, then watch what the bot says and does. Each switch stays on until you turn it off.",
    ),
    h("p", { class: "quiet", role: "status" }, done),
    h(
      "ul",
      { class: "switches" },
      state.chaos.map((one) =>
        h(
          "li",
          { key: one.name },
          h(
            "div",
            { class: "switch-words" },
            h("strong", { id: `switch-${one.name}` }, one.label),
            h(
              "p",
              { class: "quiet", id: `about-${one.name}` },
              one.explanation,
              one.is_available ? "" : " Not available in this playground.",
            ),
          ),
          one.is_momentary
            ? h(
                "button",
                {
                  type: "button",
                  class: `button small ${state.busy.has(`chaos/${one.name}`) ? "busy" : ""}`,
                  disabled: !one.is_available,
                  "aria-labelledby": `switch-${one.name}`,
                  onclick: () => once(one),
                },
                "Do it",
              )
            : h(
                "button",
                {
                  type: "button",
                  class: "switch",
                  role: "switch",
                  "aria-checked": String(one.on),
                  "aria-labelledby": `switch-${one.name}`,
                  "aria-describedby": `about-${one.name}`,
                  disabled: !one.is_available,
                  onclick: () => steer("chaos", { name: one.name, on: !one.on }),
                },
                h("span", { class: "knob" }),
              ),
        ),
      ),
    ),
  ];
}
