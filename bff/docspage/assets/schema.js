// Schemas as a person reads them: a tree of names and types.

// el makes an element: attributes by name, text and elements as children. Nothing is ever parsed as HTML.
export function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value != null) node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

// resolve follows a reference inside the document.
export function resolve(api, value) {
  for (let hops = 0; value?.$ref && hops < 20; hops++) {
    value = value.$ref.slice(2).split("/").reduce((at, part) => at?.[part.replaceAll("~1", "/").replaceAll("~0", "~")], api);
  }
  return value ?? {};
}

// nameOf is a type in a few words: "list of Offer or null".
export function nameOf(api, schema, depth = 0) {
  if (!schema || depth > 6) return "anything";
  if (schema.$ref) return schema.$ref.split("/").pop();
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives) return alternatives.map((s) => nameOf(api, s, depth + 1)).join(" or ");
  if (schema.enum) return schema.enum.map((v) => JSON.stringify(v)).join(" or ");
  if ("const" in schema) return JSON.stringify(schema.const);
  const types = [schema.type ?? []].flat();
  if (types.length === 0) return schema.properties ? "object" : "anything";
  return types.map((type) => {
    if (type === "array") {
      const of = nameOf(api, schema.items, depth + 1);
      return of.includes(" or ") ? `list of (${of})` : `list of ${of}`;
    }
    return schema.format && type !== "null" ? `${type} (${schema.format})` : type;
  }).join(" or ");
}

// objectOf is the object that a type is, or is a list of; undefined when there is none.
function objectOf(api, schema, depth = 0) {
  const s = resolve(api, schema);
  if (depth > 6) return undefined;
  if (s.properties && Object.keys(s.properties).length) return s;
  if (s.items) return objectOf(api, s.items, depth + 1);
  for (const one of s.anyOf ?? s.oneOf ?? []) {
    const found = objectOf(api, one, depth + 1);
    if (found) return found;
  }
  return undefined;
}

// tree draws a type with its members; what is deep opens when asked.
export function tree(api, schema) {
  const object = objectOf(api, schema);
  const top = el("div", { class: "fields" }, el("span", { class: "type" }, nameOf(api, schema)));
  if (object) top.append(members(api, object, 0));
  return top;
}

function members(api, object, depth) {
  const list = el("ul");
  const required = new Set(object.required ?? []);
  for (const [name, schema] of Object.entries(object.properties)) {
    const below = objectOf(api, schema);
    const note = resolve(api, schema).description;
    const line = [
      name, required.has(name) ? "" : "?", ": ", el("span", { class: "type" }, nameOf(api, schema)),
      note ? el("span", { class: "note" }, ` — ${note}`) : null,
    ];
    if (!below) {
      list.append(el("li", {}, ...line));
      continue;
    }
    const details = el("details", { open: depth < 1 }, el("summary", {}, ...line));
    const fill = () => { if (details.open && details.childElementCount === 1) details.append(members(api, below, depth + 1)); };
    details.addEventListener("toggle", fill);
    if (depth < 1) fill();
    list.append(el("li", {}, details));
  }
  return list;
}
