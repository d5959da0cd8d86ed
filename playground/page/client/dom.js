// A virtual DOM in one page: `h` describes an element, `patch` makes the document say the same.
// Text only ever becomes text nodes, so nothing that is said in the workspace can be markup.
// A description that is the very object drawn before is skipped; see `kept`.

const SVG = "http://www.w3.org/2000/svg";
const DRAWN_AS = new Set(["svg", "path", "circle"]);
const AS_PROPERTY = new Set(["value", "checked", "disabled", "inert", "hidden", "open", "selected"]);

/** props: attributes, `class`, `key` among siblings, `onclick`…, and `mounted(element)`, `drawn(element)`, `gone(element)`. */
export function h(tag, props, ...children) {
  return { tag, props: props || {}, key: props?.key, children: flat(children), element: null };
}

function flat(children) {
  const found = [];
  for (const child of children.flat(9)) {
    if (child === null || child === undefined || child === false || child === true || child === "") continue;
    found.push(typeof child === "object" ? child : { text: String(child), element: null });
  }
  return found;
}

/** The same description for as long as `about` stays the same, so that long lists cost nothing when they stand still. */
export function kept(cache, key, about, draw) {
  const old = cache.get(key);
  if (old && old.about.every((one, n) => one === about[n])) return old.node;
  const node = draw();
  cache.set(key, { about, node });
  return node;
}

export function mount(place, node) {
  const later = [];
  place.replaceChildren(create(node, later));
  later.forEach((call) => call());
  return node;
}

export function patch(old, node) {
  const later = [];
  update(old, node, later);
  later.forEach((call) => call());
  return node;
}

function create(node, later) {
  if (node.text !== undefined) return (node.element = document.createTextNode(node.text));
  const element = DRAWN_AS.has(node.tag) ? document.createElementNS(SVG, node.tag) : document.createElement(node.tag);
  node.element = element;
  for (const child of node.children) element.append(create(child, later));
  for (const [name, value] of Object.entries(node.props)) set(element, name, undefined, value);
  if (node.props.mounted) later.push(() => node.props.mounted(element));
  if (node.props.drawn) later.push(() => node.props.drawn(element));
  return element;
}

function update(old, node, later) {
  if (old === node) return;
  const element = (node.element = old.element);
  if (node.text !== undefined) {
    if (old.text !== node.text) element.data = node.text;
    return;
  }
  updateChildren(element, old.children, node.children, later);
  for (const name of Object.keys(old.props)) if (!(name in node.props)) set(element, name, old.props[name], undefined);
  for (const [name, value] of Object.entries(node.props)) set(element, name, old.props[name], value);
  if (node.props.drawn) later.push(() => node.props.drawn(element));
}

/** Siblings without a key are told apart by their tag and their order, so that one that comes or goes leaves the others be. */
function named(nodes) {
  const counts = {};
  return nodes.map((node) => {
    const tag = node.tag || "#text";
    return node.key === undefined ? `${tag} ${(counts[tag] = (counts[tag] || 0) + 1)}` : `${tag} key ${node.key}`;
  });
}

function updateChildren(parent, olds, nodes, later) {
  const names = named(olds);
  const known = new Map(olds.map((old, n) => [names[n], old]));
  const used = new Set();
  const wanted = named(nodes);
  const elements = nodes.map((node, n) => {
    const old = known.get(wanted[n]);
    if (!old || used.has(old)) return create(node, later);
    used.add(old);
    update(old, node, later);
    return node.element;
  });
  for (const old of olds) if (!used.has(old)) remove(old);
  let next = parent.firstChild;
  for (const element of elements) {
    if (element === next) next = next.nextSibling;
    else parent.insertBefore(element, next);
  }
}

function remove(old) {
  forget(old);
  old.element.remove();
}

function forget(old) {
  if (old.props?.gone) old.props.gone(old.element);
  old.children?.forEach(forget);
}

const NOT_ATTRIBUTES = new Set(["key", "mounted", "drawn", "gone"]);

function set(element, name, before, now) {
  if (NOT_ATTRIBUTES.has(name)) return;
  if (name.startsWith("on")) element[name] = now || null;
  else if (AS_PROPERTY.has(name) && name in element) {
    if (element[name] !== (now ?? "")) element[name] = now ?? "";
  } else if (before !== now) {
    if (now === undefined || now === null || now === false) element.removeAttribute(name);
    else element.setAttribute(name, now === true ? "" : now);
  }
}
