// Files from somebody's computer: uploaded as theirs, then put into a form or a message by their ids.

import { act } from "./acts.js";
import { post } from "./api.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { notify, state } from "./state.js";

async function base64(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

/** Upload what was picked; the files as the workspace knows them. */
export async function upload(picked) {
  const done = [];
  for (const file of picked) {
    try {
      done.push((await post(`people/${state.who}/uploads`, { name: file.name, content: await base64(file) })).file);
    } catch (error) {
      notify(error.message);
    }
  }
  return done;
}

const chip = (file, remove) =>
  h(
    "span",
    { class: "chip", key: file.id },
    icon("file"),
    file.name,
    h("button", { type: "button", "aria-label": `Remove ${file.name}`, onclick: remove }, icon("close")),
  );

export const chips = (files, remove) =>
  files.length
    ? h(
        "div",
        { class: "chips" },
        files.map((file) => chip(file, () => remove(file))),
      )
    : null;

/** The file_input element. */
export function fileInput(spot) {
  const files = spot.held.files || [];
  const send = (ids) => act("chooses", { ...spot.aim, value: ids }, spot.key);
  const ids = files.map((file) => file.id);
  const take = async (event) => {
    const added = await upload(event.target.files);
    event.target.value = "";
    if (added.length) await send([...ids, ...added.map((file) => file.id)]);
  };
  const accept = (spot.element.filetypes || []).map((type) => `.${type}`).join();
  return h(
    "div",
    { class: "file-input" },
    chips(files, (file) => send(ids.filter((id) => id !== file.id))),
    h("input", {
      id: spot.id,
      type: "file",
      multiple: (spot.element.max_files || 10) > 1,
      accept: accept || null,
      "aria-describedby": spot.describedBy,
      "aria-label": spot.label,
      onchange: take,
    }),
  );
}
