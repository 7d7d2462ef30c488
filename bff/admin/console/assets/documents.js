// The documents: choose one, read it, change it. A change is checked by the server; its issues show with their places.
import { all, call, query } from "./api.js";
import { fill, h, link, say } from "./dom.js";
import { editor } from "./editor.js";
import { ago, plural } from "./format.js";

const kinds = ["apis", "tenants", "plans", "specs"];

export async function documents(main, { path: [kind, name], search, signal }) {
  const page = h("section", { class: "documents" });
  const list = h("nav", { class: "kinds", "aria-label": "Documents" });
  const body = h("div", { class: "document" });
  fill(main, fill(page, list, body));
  await names(list, kind, name, signal);
  if (!kinds.includes(kind)) {
    fill(body, h("h1", {}, "Documents"), h("p", { class: "dim" }, "Choose a document to read or change it."));
  } else if (name && search.get("new")) {
    open(body, { kind, name, text: "", revision: 0, list, signal });
  } else if (name) {
    await read(body, { kind, name, list, signal });
  } else {
    fill(body, create(kind));
  }
}

async function names(list, kind, name, signal) {
  const groups = await Promise.all(kinds.map(async (k) => [k, await all(k, { signal })]));
  fill(list, groups.map(([k, items]) => h("div", {},
    h("h2", {}, k, link(`/documents/${k}`, { class: "add", title: `New document of ${k}`, "aria-label": `New document of ${k}` }, "+")),
    h("ul", {}, items.map((item) => h("li", {}, link(`/documents/${k}/${encodeURIComponent(item.name)}`, {
      "aria-current": k === kind && item.name === name ? "page" : null, title: `revision ${item.revision}, ${ago(item.modified)}`,
    }, item.name)))))));
}

function create(kind) {
  const name = h("input", { id: "new-name", required: true, pattern: "[a-zA-Z0-9][a-zA-Z0-9._\\-]*", autocomplete: "off", spellcheck: "false" });
  const submit = (event) => {
    event.preventDefault();
    location.hash = `/documents/${kind}/${encodeURIComponent(name.value.trim())}?new=1`;
  };
  return h("form", { class: "new", onsubmit: submit }, h("h1", {}, `New document of ${kind}`),
    h("label", { for: "new-name" }, "Name"), name, h("button", { class: "primary", type: "submit" }, "Write it"));
}

const path = ({ kind, name }) => `${kind}/${encodeURIComponent(name)}`;

async function read(body, doc) {
  let response;
  try {
    response = await call(path(doc), { signal: doc.signal });
  } catch (problem) {
    if (problem.status !== 404) throw problem;
    fill(body, h("div", { class: "notice" }, `There is no document ${doc.name} of ${doc.kind}.`));
    return;
  }
  open(body, { ...doc, text: await response.text(), revision: revisionOf(response) });
}

const revisionOf = (response) => Number((response.headers.get("ETag") ?? "").replace(/\D/g, "")) || 0;

function open(body, doc) {
  const edit = editor(doc.text, `${doc.kind}/${doc.name}`);
  const outcome = h("div", { class: "outcome", role: "status" });
  const revision = h("span", { class: "dim" });
  const buttons = {
    check: h("button", { type: "button", onclick: () => send(true) }, "Check"),
    save: h("button", { type: "button", class: "primary", onclick: () => send(false) }, "Save"),
    revert: h("button", { type: "button", class: "quiet", onclick: () => { edit.text = doc.text; changed(); fill(outcome); } }, "Undo changes"),
    again: h("button", { type: "button", class: "quiet", onclick: () => read(body, doc).catch(show) }, "Read again"),
  };
  const changed = () => {
    const dirty = edit.text !== doc.text;
    fill(revision, doc.revision ? `revision ${doc.revision}` : "new", dirty && doc.revision ? ", changed" : "");
    buttons.save.disabled = !dirty;
    buttons.revert.disabled = !dirty;
  };
  const show = (problem) => {
    if (problem.name === "AbortError") return;
    edit.mark(problem.errors ?? []);
    fill(outcome, h("div", { class: "notice bad" }, h("p", {}, advice(problem)), issues(problem.errors ?? [], edit)));
  };
  const send = async (dryRun) => {
    const text = edit.text;
    edit.mark([]);
    for (const button of Object.values(buttons)) button.disabled = true;
    try {
      const response = await call(path(doc) + query({ dryRun: dryRun || "" }), {
        method: "PUT", body: text, headers: doc.revision ? { "If-Match": `"${doc.revision}"` } : { "If-None-Match": "*" },
      });
      if (dryRun) {
        fill(outcome, h("div", { class: "notice good" }, "No mistakes. Nothing was changed."));
      } else {
        Object.assign(doc, { text, revision: revisionOf(response) });
        fill(outcome, h("div", { class: "notice good" }, `Saved as revision ${doc.revision}; it serves now.`));
        say("Saved.");
        await names(doc.list, doc.kind, doc.name, doc.signal);
      }
    } catch (problem) {
      show(problem);
    }
    for (const button of Object.values(buttons)) button.disabled = false;
    changed();
  };
  edit.onchange = changed;
  edit.element.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey)) return;
    if (event.key === "s" || event.key === "Enter") {
      event.preventDefault();
      if (event.key === "Enter") send(true);
      else if (!buttons.save.disabled) send(false);
    }
  });
  fill(body, h("div", { class: "bar" }, h("h1", {}, doc.kind, h("span", { class: "dim" }, " / "), doc.name), revision),
    h("div", { class: "buttons" }, buttons.check, buttons.save, buttons.revert, doc.revision > 0 && buttons.again,
      h("span", { class: "dim small" }, "Ctrl+Enter checks, Ctrl+S saves")),
    edit.element, outcome);
  changed();
}

function advice(problem) {
  if (problem.status === 412) return "Somebody else has changed this document meanwhile. Read it again and repeat your change.";
  if (problem.errors?.length) return `${plural(problem.errors.length, "mistake")}; nothing was changed.`;
  return problem.message;
}

function issues(errors, edit) {
  if (errors.length === 0) return null;
  return h("ul", { class: "issues" }, errors.map((e) => h("li", {},
    e.line ? h("button", { type: "button", class: "place", onclick: () => edit.goto(e.line, e.column) }, `${e.line}:${e.column}`)
      : h("span", { class: "mono" }, e.pointer), " ", e.message)));
}
