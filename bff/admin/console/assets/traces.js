// The list of recent traces: filters, refresh, pages.
import { json, query } from "./api.js";
import { fill, h, link, say } from "./dom.js";
import { milliseconds, plural, statusClass, time } from "./format.js";

const every = 2000; // between refreshes, in milliseconds
const fields = ["tenant", "route", "status", "minMs"];

export async function traces(main, { search, signal, failed }) {
  const state = { items: [], next: "", more: false, live: true };
  const view = build(search, state);
  fill(main, view.page);

  const load = async () => {
    const page = await json(`traces${query({ ...view.filter(), limit: 50 })}`, { signal });
    if (state.more) return; // older pages are open: a refresh would move them away under the reader
    state.items = page.items;
    state.next = page.next ?? "";
    view.draw();
  };
  const refresh = async () => {
    if (signal.aborted) return;
    if (state.live && !state.more && !document.hidden) {
      try {
        await load();
      } catch (problem) {
        failed(problem);
        if (problem.status === 401 || signal.aborted) return;
      }
    }
    setTimeout(refresh, every);
  };
  view.onfilter = async () => {
    state.more = false;
    history.replaceState(null, "", `#/traces${query(view.filter())}`);
    try {
      view.refused("");
      await load();
      say(plural(state.items.length, "trace"));
    } catch (problem) {
      if (problem.status === 400) view.refused(problem.message);
      else failed(problem);
    }
  };
  view.onmore = async () => {
    state.more = true;
    try {
      const page = await json(`traces${query({ ...view.filter(), limit: 50, cursor: state.next })}`, { signal });
      state.items.push(...page.items);
      state.next = page.next ?? "";
      view.draw();
    } catch (problem) {
      failed(problem);
    }
  };
  await view.onfilter();
  setTimeout(refresh, every);
}

function build(search, state) {
  const inputs = Object.fromEntries(fields.map((name) => [name, input(name, search.get(name) ?? "")]));
  const seen = { tenant: h("datalist", { id: "seen-tenant" }), route: h("datalist", { id: "seen-route" }) };
  const codes = h("datalist", { id: "seen-status" }, ["error", "2xx", "3xx", "4xx", "5xx"].map((value) => h("option", { value })));
  const live = h("input", { type: "checkbox", checked: true, onchange: () => { state.live = live.checked; } });
  const notice = h("p", { class: "error", role: "alert" });
  const body = h("tbody");
  const below = h("div", { class: "below" });
  const view = {
    filter: () => Object.fromEntries(fields.map((name) => [name, inputs[name].value.trim()])),
    refused: (text) => fill(notice, text),
    draw: () => draw(body, below, seen, state, view),
  };
  let typing;
  const changed = () => {
    clearTimeout(typing);
    typing = setTimeout(() => view.onfilter(), 250);
  };
  const form = h("form", { class: "filters", role: "search", oninput: changed, onsubmit: (event) => { event.preventDefault(); changed(); } },
    field("Tenant", inputs.tenant), field("Route", inputs.route), field("Status", inputs.status),
    field("At least ms", inputs.minMs), seen.tenant, seen.route, codes);
  view.page = h("section", { class: "traces" },
    h("div", { class: "bar" }, h("h1", {}, "Traces"), h("label", { class: "check" }, live, "Refresh")),
    form, notice,
    h("div", { class: "scroll" }, h("table", {},
      h("thead", {}, h("tr", {}, ["Time", "Tenant", "Request", "Status", "Duration", "Spans"].map((name) =>
        h("th", { scope: "col" }, name)))), body)), below);
  return view;
}

function input(name, value) {
  const number = name === "minMs";
  return h("input", {
    id: `filter-${name}`, name, value, type: number ? "number" : "text", min: number ? "0" : null,
    list: number ? null : `seen-${name}`, autocomplete: "off", spellcheck: "false", placeholder: number ? "0" : "any",
  });
}

const field = (label, control) => h("label", {}, h("span", {}, label), control);

function draw(body, below, seen, state, view) {
  const focused = document.activeElement?.dataset?.trace;
  const longest = Math.max(...state.items.map((item) => item.durationMs), 0.001);
  fill(body, state.items.map((item) => row(item, longest)));
  if (state.items.length === 0) {
    fill(body, h("tr", {}, h("td", { colspan: 6, class: "empty" }, "No request matches. Traces appear here as requests end.")));
  }
  fill(below, state.next && h("button", { type: "button", onclick: () => view.onmore() }, "Show older"),
    state.more && h("button", { type: "button", class: "quiet", onclick: () => view.onfilter() }, "Back to the newest"));
  suggest(seen.tenant, state.items.map((item) => item.tenant));
  suggest(seen.route, state.items.map((item) => item.route));
  if (focused) body.querySelector(`[data-trace="${CSS.escape(focused)}"]`)?.focus();
}

function suggest(list, values) {
  const known = new Set([...list.children].map((option) => option.value));
  for (const value of new Set(values)) if (value && !known.has(value)) list.append(h("option", { value }));
}

function row(item, longest) {
  const to = `/traces/${encodeURIComponent(item.traceId)}`;
  const width = `${Math.max(1, (item.durationMs / longest) * 100)}%`;
  return h("tr", { class: item.error ? "failed" : "", onclick: (event) => { if (!event.target.closest("a")) location.hash = to; } },
    h("td", { class: "time" }, time(item.start)),
    h("td", {}, item.tenant || h("span", { class: "dim" }, "none")),
    h("td", { class: "request" }, link(to, { "data-trace": item.traceId },
      item.method && h("b", {}, item.method), " ", item.route || "(no route)")),
    h("td", {}, h("span", { class: `status ${statusClass(item.status)}` }, item.status || "–"),
      item.error && h("span", { class: "mark", title: "A span of this trace failed" }, "failed")),
    h("td", { class: "duration" }, h("span", { class: "figure" }, milliseconds(item.durationMs)),
      h("span", { class: "track", "aria-hidden": "true" }, h("span", { class: "fill", style: { width } }))),
    h("td", { class: "number" }, item.spans));
}
