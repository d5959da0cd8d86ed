// Pictures: the workspace's own files are shown; one from elsewhere is named and linked, as nothing is loaded from elsewhere.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { link } from "./mrkdwn.js";

export function picture(image, className) {
  const url = addressOf(image);
  if (url && isOurs(url))
    return h("img", { class: className, src: url, alt: image.alt_text || image.name || "", loading: "lazy" });
  const name = image.alt_text || "picture";
  const content = [icon("picture"), h("span", null, name)];
  return h(
    "span",
    { class: `${className} elsewhere`, title: url ? `Not loaded: ${url}` : null },
    url ? link(url, content) : content,
  );
}

function addressOf({ image_url, slack_file }) {
  if (slack_file) return slack_file.url || fileAddress(slack_file.id);
  return image_url;
}

const fileAddress = (id) => `/control/files/${encodeURIComponent(id)}`;

const isOurs = (url) => new URL(url, location.href).origin === location.origin;

/** A file shared in a message. */
export function fileCard(file) {
  const isPicture = /^image\//.test(file.mimetype || "") || /\.(png|jpe?g|gif|webp|svg)$/i.test(file.name || "");
  const url = fileAddress(file.id);
  const title = file.title || file.name;
  if (isPicture && isOurs(url)) {
    return h(
      "figure",
      { class: "file" },
      h("figcaption", null, title),
      picture({ image_url: url, alt_text: file.alt_txt || title }, "picture"),
    );
  }
  return h(
    "p",
    { class: "file card" },
    icon("file"),
    h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, title),
    h("small", null, size(file.size)),
  );
}

const size = (bytes) => (bytes > 1023 ? `${Math.round(bytes / 1024)} KB` : `${bytes || 0} bytes`);
