// The page: one function from what is known to what is drawn, called whenever either changes.

import { listen } from "./api.js";
import { backstage } from "./backstage.js";
import { conversation, thread } from "./conversation.js";
import { h, mount, patch } from "./dom.js";
import { drawConfirm, drawModal } from "./modal.js";
import { watchMenus } from "./popup.js";
import { sidebar, topbar } from "./sidebar.js";
import { arrive, drawWith, redraw, refresh, state } from "./state.js";
import { guide, hinted, tour } from "./tour.js";

function page() {
  const { views } = state.screen;
  const isBehind = state.screen.who !== state.who || state.screen.place !== state.place; // for a moment, after going elsewhere
  const isCovered = isBehind || views.length > 0 || Boolean(state.confirm);
  return h(
    "div",
    { class: `app ${hinted()} ${state.panel ? "has-panel" : ""}` },
    topbar(guide),
    state.isConnected ? null : h("p", { class: "offline", role: "alert" }, "The playground does not answer. Trying again…"),
    tour(),
    h(
      "div",
      { class: "stage" },
      h(
        "div",
        { class: "desk" },
        h(
          "div",
          { class: `workspace ${state.thread ? "has-thread" : ""}`, inert: isCovered },
          sidebar(),
          scrim(),
          conversation(),
          thread(),
        ),
        isBehind ? null : drawModal(views),
        drawConfirm(state.confirm),
      ),
      backstage(),
    ),
  );
}

const scrim = () =>
  state.isListOpen
    ? h("button", {
        type: "button",
        class: "scrim",
        "aria-label": "Close the list",
        onclick: () => {
          state.isListOpen = false;
          redraw();
        },
      })
    : null;

let shown = null;

drawWith(() => {
  const node = page();
  if (shown) patch(shown, node);
  else mount(document.getElementById("app"), node);
  shown = node;
  const { me, channels, dms } = state.screen;
  const unread = [...channels, ...dms].reduce((sum, one) => sum + one.unread, 0);
  document.title = `${unread ? `(${unread}) ` : ""}${me.real_name} · Proxydesk playground`;
});

addEventListener("popstate", arrive);
addEventListener("hashchange", arrive);
document.addEventListener("visibilitychange", redraw);
watchMenus();

let drawnAt = 0;

/** What goes on behind the curtain is looked at only when a panel is open. */
function hear({ screen }) {
  if (screen === drawnAt && !state.panel) return;
  drawnAt = screen;
  refresh();
}

listen(hear, (isConnected) => {
  if (state.isConnected === isConnected) return;
  state.isConnected = isConnected;
  if (isConnected) refresh();
  redraw();
});
arrive();
