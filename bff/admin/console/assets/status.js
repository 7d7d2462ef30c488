// The state of the server: what serves, what does not and why.
import { json } from "./api.js";
import { fill, h, link } from "./dom.js";
import { ago, plural, time } from "./format.js";

const every = 3000; // between refreshes, in milliseconds

export async function status(main, { signal, failed }) {
  const refresh = async () => {
    if (signal.aborted) return;
    try {
      if (!document.hidden || !main.querySelector(".state")) draw(main, await json("status", { signal }));
    } catch (problem) {
      failed(problem);
      if (problem.status === 401) return;
    }
    if (!signal.aborted) setTimeout(refresh, every);
  };
  await refresh();
}

function draw(main, state) {
  const focused = document.activeElement?.getAttribute("href");
  const documents = state.documents ?? [];
  const broken = documents.filter((d) => d.issues?.length > 0 || d.stored !== d.serving);
  const degraded = [state.degraded ?? [], state.without ?? []].flat().filter(Boolean);
  fill(main, h("section", { class: "state" },
    h("h1", {}, "Status"),
    h("div", { class: "cards" },
      card("Documents", broken.length === 0 ? "all serve" : plural(broken.length, "does not serve", "do not serve"), broken.length === 0),
      reload(state.reload),
      card("Doing without", degraded.length ? degraded.join(", ") : "nothing", degraded.length === 0),
      rest(state).map(([name, value]) => card(words(name), value, true))),
    broken.map(problem),
    h("h2", {}, plural(documents.length, "document")),
    h("div", { class: "scroll" }, h("table", {},
      h("thead", {}, h("tr", {}, ["Document", "Stored", "Serving", ""].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, documents.map(row))))));
  if (focused) main.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
}

const address = (d) => `/documents/${encodeURIComponent(d.kind)}/${encodeURIComponent(d.name)}`;

function card(name, value, good, more) {
  return h("div", { class: `card ${good ? "good" : "bad"}` }, h("h3", {}, name), h("p", {}, value), more && h("p", { class: "dim" }, more));
}

function reload(r) {
  if (!r || r.time.startsWith("0001-")) return null;
  return card("Last reading of the documents", r.ok ? ago(r.time) : "failed", r.ok, r.ok ? time(r.time) : r.error);
}

// rest is whatever else the server says in a word, so that a newer server's status shows too.
function rest(state) {
  const known = new Set(["documents", "failing", "reload", "degraded"]);
  return Object.entries(state).filter(([name, value]) => !known.has(name) && ["string", "number", "boolean"].includes(typeof value));
}

const words = (name) => name.replace(/([A-Z])/g, " $1").replace(/^./, (c) => c.toUpperCase());

function problem(d) {
  return h("div", { class: "notice bad" },
    h("p", {}, link(address(d), {}, d.path || `${d.kind}/${d.name}`), d.serving
      ? ` serves revision ${d.serving}; revision ${d.stored} does not compile:` : " does not serve:"),
    h("ul", { class: "issues" }, (d.issues ?? []).map((i) =>
      h("li", {}, i.line ? h("span", { class: "mono" }, `${i.line}:${i.column} `) : null, i.message))));
}

function row(d) {
  const good = d.stored === d.serving && !d.issues?.length;
  return h("tr", {},
    h("td", {}, link(address(d), {}, d.path || `${d.kind}/${d.name}`)),
    h("td", { class: "number" }, d.stored), h("td", { class: "number" }, d.serving || "–"),
    h("td", {}, h("span", { class: good ? "mark good" : "mark" }, good ? "serves" : "does not serve")));
}
