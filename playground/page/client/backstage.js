// Behind the scenes: what passed between Slack, the bot and Byteful; the Byteful account; the chaos switches.

import { byteful } from "./account.js";
import { curtain } from "./curtain.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { go, state } from "./state.js";
import { chaos } from "./switches.js";

const PANELS = {
  curtain: ["Behind the curtain", curtain],
  byteful: ["Byteful account", byteful],
  chaos: ["Chaos switches", chaos],
};

export function backstage() {
  const [title, draw] = PANELS[state.panel] || [];
  if (!draw) return null;
  return h(
    "aside",
    { class: "backstage", key: `panel/${state.panel}`, "aria-label": title },
    h(
      "header",
      { class: "conversation-head" },
      h("h2", null, title),
      h(
        "button",
        { type: "button", class: "plain", "aria-label": `Close ${title}`, onclick: () => go({ panel: null }) },
        icon("close"),
      ),
    ),
    h("div", { class: "backstage-body", tabindex: "0", role: "region", "aria-label": `${title}: contents` }, draw()),
  );
}
