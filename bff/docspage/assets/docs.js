// Shows the tenant's OpenAPI document: an index of routes, and each with its types and a form.
import { el, resolve, tree } from "./schema.js";
import { form } from "./try.js";

const byId = (id) => document.getElementById(id);
const credential = byId("credential");
const methods = ["get", "post", "put", "patch", "delete"];

async function load() {
  const headers = credential.value ? { "X-API-Key": credential.value } : {};
  const response = await fetch("/-/openapi.json", { headers });
  if (response.status === 401 || response.status === 403) {
    byId("main").replaceChildren(el("p", { class: "notice", role: "alert" },
      credential.value ? "This API key may not read the document." : "This API wants sign-in: give an API key above."));
    credential.focus();
    return;
  }
  if (!response.ok) throw new Error(`the document is answered with ${response.status}`);
  show(await response.json());
}

function show(api) {
  document.title = `${api.info.title} API`;
  byId("title").textContent = api.info.title;
  byId("about").textContent = api.info.description ?? `version ${api.info.version}`;
  const groups = new Map((api.tags ?? []).map((tag) => [tag.name, []]));
  const articles = [];
  for (const [path, item] of Object.entries(api.paths)) {
    for (const method of methods.filter((m) => item[m])) {
      const op = item[method];
      const tag = op.tags?.[0] ?? "routes";
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push({ path, method, op });
    }
  }
  const index = [];
  for (const [tag, routes] of groups) {
    if (routes.length === 0) continue;
    index.push(el("h2", {}, tag), el("ul", {}, ...routes.map((r) => el("li", {}, link(r)))));
    articles.push(...routes.map((r) => article(api, r)));
  }
  byId("index").replaceChildren(...index);
  byId("main").replaceChildren(...articles);
  if (location.hash) reveal();
}

const label = ({ path, method }) => [el("span", { class: `method ${method}` }, method.toUpperCase()), path];

const link = (route) => el("a", { href: `#${route.op.operationId}` }, ...label(route));

function article(api, { path, method, op }) {
  const locked = (op.security ?? api.security ?? []).length > 0;
  const details = el("details", {}, el("summary", {},
    el("span", { class: `method ${method}` }, method.toUpperCase()), el("h3", {}, path),
    el("span", { class: "what" }, op.summary ?? ""), locked ? el("span", { class: "lock" }, "sign-in") : null));
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(inside(api, path, method, op));
  });
  return el("article", { id: op.operationId, "data-find": `${method} ${path} ${op.summary ?? ""}`.toLowerCase() }, details);
}

function inside(api, path, method, op) {
  const types = el("div", {}, op.description ? el("p", {}, op.description) : null);
  const body = Object.values(op.requestBody?.content ?? {})[0];
  if (body?.schema) types.append(el("h4", {}, "Takes"), tree(api, body.schema));
  const statuses = el("ul", { class: "statuses" });
  for (const [status, ref] of Object.entries(op.responses)) {
    const response = resolve(api, ref);
    const answer = Object.entries(response.content ?? {})[0];
    if (status.startsWith("2") && answer) {
      types.append(el("h4", {}, `Answers ${status}, ${answer[0]}`), tree(api, answer[1].schema));
    } else {
      statuses.append(el("li", {}, el("b", {}, status), ` ${response.description}`));
    }
  }
  types.append(el("h4", {}, "Also"), statuses);
  return el("div", { class: "inside" }, types,
    el("div", {}, el("h4", {}, "Try it"), form(api, path, method, op, () => credential.value)));
}

// reveal opens the route that the address names.
function reveal() {
  const details = byId(decodeURIComponent(location.hash.slice(1)))?.querySelector("details");
  if (!details) return;
  details.open = true;
  details.parentElement.scrollIntoView();
}

byId("find").addEventListener("input", (event) => {
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const node of document.querySelectorAll("article")) {
    const hidden = !words.every((word) => node.dataset.find.includes(word));
    node.hidden = hidden;
    document.querySelector(`nav a[href="#${CSS.escape(node.id)}"]`)?.parentElement.toggleAttribute("hidden", hidden);
  }
});
window.addEventListener("hashchange", reveal);
const read = () => load().catch((cause) => {
  byId("main").replaceChildren(el("p", { class: "notice", role: "alert" }, `The API's document cannot be read: ${cause.message}.`));
});
credential.addEventListener("change", () => { if (!document.querySelector("article")) read(); });
read();
