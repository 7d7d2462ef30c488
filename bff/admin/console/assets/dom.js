// Builds elements. Every text becomes a text node: nothing that a trace or a document holds is ever read as HTML.

// h makes an element: h("a", {class: "row", href: "#/x", onclick: f}, "text", child, null, [more, [and more]]).
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) set(element, name, value);
  append(element, children);
  return element;
}

function set(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "value" || name === "checked" || name === "disabled") element[name] = value;
  else if (name === "style") for (const [key, v] of Object.entries(value)) element.style.setProperty(key, v);
  else element.setAttribute(name, value === true ? "" : String(value));
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

// fill replaces what an element holds.
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

// say tells a screen reader what has happened.
export function say(text) {
  document.getElementById("say").textContent = text;
}

// link marks addresses inside the page.
export const link = (hash, properties, ...children) => h("a", { href: `#${hash}`, ...properties }, ...children);
