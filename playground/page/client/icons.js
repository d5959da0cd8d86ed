// Line icons on a grid of 24, drawn for this page.

import { h } from "./dom.js";

const PATHS = {
  hash: "M9 4 7 20M17 4l-2 16M4 9h17M3 15h17",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  archive: "M4 5h16v4H4zM5.5 9v10h13V9M10 13h4",
  home: "M4 11.5 12 4l8 7.5M6 10v10h4.5v-6h3v6H18V10",
  chat: "M4 5h16v11H11l-4 4v-4H4z",
  bolt: "M13 3 5 13.5h6L10 21l8-10.5h-6z",
  send: "M4 12 20 4l-4 16-4.5-6.5zM11.5 13.5 20 4",
  close: "M6 6l12 12M18 6 6 18",
  back: "M15 5l-7 7 7 7",
  down: "M6 9l6 6 6-6",
  right: "M9 6l6 6-6 6",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  reply: "M4 5h16v11H11l-4 4v-4H4zM8 9h8M8 12h5",
  eye: "M3 12s3.5-6 9-6 9 6 9 6-3.5 6-9 6-9-6-9-6zM12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
  window: "M4 5h16v14H4zM4 9h16M14 13h3v3M17 13l-4 4",
  menu: "M4 6h16M4 12h16M4 18h16",
  check: "M5 12.5 10 17.5 19 7",
  curtain: "M4 4h16M5 4v16c3-2 4-6 4-9V4M19 4v16c-3-2-4-6-4-9V4M12 4v9",
  account: "M4 6h16v12H4zM4 10h16M7 15h4",
  chaos: "M12 4 3 20h18zM12 10v4.5M12 17.5h.01",
  guide: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM15.5 8.5 13.5 13.5 8.5 15.5 10.5 10.5z",
  out: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
  picture: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9h.01",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  at: "M15.5 12a3.5 3.5 0 1 1-7 0 3.5 3.5 0 0 1 7 0zm0 0v1.5a2.5 2.5 0 0 0 5 0V12A8.5 8.5 0 1 0 17 19",
  people:
    "M9 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM3.5 19c.5-4 2.500-5.500 5.500-5.500s5 1.500 5.500 5.500M16 11a2.500 2.500 0 1 0-1-4.800M16.500 13.500c2.500.2 3.700 1.800 4 4.500",
  bot: "M7 7h7a3 3 0 0 1 0 6h-4a3 3 0 0 0 0 6h7M4.500 7h.01M19.500 19h.01",
  clip: "M19 11.500 12 18.500a4.200 4.200 0 0 1-6-6L13.500 5a2.800 2.800 0 0 1 4 4L10 16.500a1.400 1.400 0 0 1-2-2L14.500 8",
  smile: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8.500 14a4.500 4.500 0 0 0 7 0M9 9.500h.01M15 9.500h.01",
  up: "M12 20V5M6 11l6-6 6 6",
};

export const icon = (name, className = "") =>
  h("svg", { class: `icon ${className}`, viewBox: "0 0 24 24", "aria-hidden": "true" }, h("path", { d: PATHS[name] }));
