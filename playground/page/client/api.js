// The way to the worlds behind the page: looking, acting as somebody, and hearing that something changed.

/** The world says that this cannot be done, in a sentence. */
export class Refused extends Error {}

async function ask(path, options) {
  const answer = await fetch(`/control/${path}`, options);
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(body.impossible || body.error || `The playground answered ${answer.status}.`);
  return body;
}

export const get = (path, query = {}) => {
  const asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== null && value !== undefined));
  return ask(asked.size ? `${path}?${asked}` : path);
};

export const post = (path, body = {}, options = {}) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), ...options });

/** Calls `heard({revision, screen})` on every change. `isConnected(bool)` says whether the line stands; it mends itself. */
export function listen(heard, isConnected) {
  const source = new EventSource("/control/stream");
  source.onopen = () => isConnected(true);
  source.onmessage = (event) => heard(JSON.parse(event.data));
  source.onerror = () => {
    isConnected(false);
    if (source.readyState === EventSource.CLOSED) setTimeout(() => listen(heard, isConnected), 1000);
  };
}
