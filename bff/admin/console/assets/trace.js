// One trace as a waterfall: spans nested by parent, bars placed by start and duration, details of the chosen one.
import { json } from "./api.js";
import { fill, h, link } from "./dom.js";
import { milliseconds, plural, statusClass, time } from "./format.js";
import { extent, family, instant, label, markCritical, ticks, tree } from "./spans.js";

export async function trace(main, { path: [id], signal }) {
  fill(main, h("p", { class: "dim" }, "Loading…"));
  let found;
  try {
    found = await json(`traces/${encodeURIComponent(id)}`, { signal });
  } catch (problem) {
    if (problem.status !== 404) throw problem;
    fill(main, back(), h("div", { class: "notice" }, "This trace is not kept any more, or its request has not ended yet."));
    return;
  }
  const rows = tree(found.spans);
  markCritical(rows);
  const view = { rows, total: extent(rows), closed: new Set(), chosen: rows[0] };
  view.details = h("aside", { class: "details", "aria-label": "The chosen span" });
  view.list = h("div", { class: "spans", role: "tree", "aria-label": "Spans", onkeydown: (event) => keys(view, event) });
  const critical = h("input", {
    type: "checkbox", checked: true, onchange: () => view.list.classList.toggle("critical", critical.checked),
  });
  view.list.classList.add("critical");
  fill(main, back(), title(found, rows[0]),
    h("div", { class: "bar" }, legend(), h("label", { class: "check" }, critical, "Critical path")),
    h("div", { class: "split" }, h("div", { class: "waterfall" }, axis(view.total), view.list), view.details));
  draw(view);
}

const back = () => h("p", {}, link("/traces", { class: "back" }, "← Traces"));

function title(found, root) {
  if (!root) return h("h1", {}, "A trace without spans");
  const a = root.span.attributes;
  const status = a["http.response.status_code"];
  const copy = h("button", {
    class: "quiet mono", type: "button", title: "Copy the trace id",
    onclick: async () => { await navigator.clipboard.writeText(found.traceId); copy.append(" copied"); },
  }, found.traceId);
  return h("div", { class: "title" },
    h("h1", {}, root.span.name, " ", status && h("span", { class: `status ${statusClass(status)}` }, status)),
    h("p", { class: "facts" },
      fact("Tenant", a["tenant.id"] ?? "none"), fact("Duration", milliseconds(root.span.durationMs)),
      fact("Spans", found.spans.length), fact("Started", time(root.span.start)), fact("Trace", copy)));
}

const fact = (name, value) => h("span", {}, h("span", { class: "dim" }, name, " "), value);

function legend() {
  const names = { request: "request", step: "step", cache: "cache", call: "upstream call", failed: "failed" };
  return h("p", { class: "legend", "aria-hidden": "true" },
    Object.entries(names).map(([key, text]) => h("span", {}, h("i", { class: `dot ${key}` }), text)));
}

function axis(total) {
  return h("div", { class: "axis", "aria-hidden": "true" }, ticks(total).map((at) =>
    h("span", { style: { left: `${(at / total) * 100}%` } }, milliseconds(at))));
}

function visible(view) {
  const hidden = (row) => row.parent && (view.closed.has(row.parent) || hidden(row.parent));
  return view.rows.filter((row) => !hidden(row));
}

function draw(view) {
  fill(view.list, visible(view).map((row) => line(view, row)));
  details(view);
}

function line(view, row) {
  const { span, from, to, depth, children } = row;
  const chosen = row === view.chosen;
  const open = !view.closed.has(row);
  const left = (from / view.total) * 100;
  const width = Math.max(((to - from) / view.total) * 100, 0.15);
  const toggle = h("span", { class: "toggle", "aria-hidden": "true", onclick: (event) => { event.stopPropagation(); fold(view, row, open); } },
    children.length ? (open ? "▾" : "▸") : "");
  return h("div", {
    class: `span ${family(span)}${row.critical ? " on-path" : ""}`, role: "treeitem", tabindex: chosen ? 0 : -1,
    "aria-level": depth + 1, "aria-selected": String(chosen), "aria-expanded": children.length ? String(open) : null,
    "data-span": span.spanId, onclick: () => choose(view, row),
  },
  h("span", { class: "name", style: { "--depth": Math.min(depth, 12) } }, toggle, h("span", { class: "text", title: span.name }, label(span))),
  h("span", { class: "lane" },
    h("span", { class: "block", style: { left: `${left}%`, width: `${width}%` } }),
    span.events.map((e) => h("span", { class: "event", style: { left: `${eventAt(view, row, e)}%` } })),
    h("span", { class: "took", ...labelPlace(left, width) }, milliseconds(span.durationMs))));
}

// labelPlace puts a bar's label to its right, else to its left, else into it: where there is room.
function labelPlace(left, width) {
  if (left + width <= 88) return { style: { left: `${left + width}%` } };
  if (left >= 12) return { style: { right: `${100 - left}%` } };
  return { class: "took inside", style: { right: `${100 - left - width}%` } };
}

function eventAt(view, row, event) {
  const offset = instant(event.time) - instant(row.span.start) + row.from;
  return Math.min(Math.max((offset / view.total) * 100, 0), 100);
}

function choose(view, row) {
  view.chosen = row;
  draw(view);
  view.list.querySelector('[aria-selected="true"]').focus();
}

function fold(view, row, close) {
  if (close) view.closed.add(row);
  else view.closed.delete(row);
  choose(view, row);
}

// keys moves through the tree as the ARIA practices say.
function keys(view, event) {
  const shown = visible(view);
  const at = shown.indexOf(view.chosen);
  const row = view.chosen;
  const moves = {
    ArrowDown: () => shown[at + 1] && choose(view, shown[at + 1]),
    ArrowUp: () => shown[at - 1] && choose(view, shown[at - 1]),
    Home: () => choose(view, shown[0]),
    End: () => choose(view, shown.at(-1)),
    ArrowLeft: () => (row.children.length && !view.closed.has(row) ? fold(view, row, true) : row.parent && choose(view, row.parent)),
    ArrowRight: () => (view.closed.has(row) ? fold(view, row, false) : row.children[0] && choose(view, row.children[0])),
  };
  if (!moves[event.key] || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  moves[event.key]();
}

function details({ chosen, details: aside }) {
  if (!chosen) return;
  const { span, from } = chosen;
  fill(aside,
    h("h2", {}, label(span)), label(span) !== span.name && h("p", { class: "mono small dim" }, span.name),
    h("p", { class: "facts" }, fact("Kind", span.kind), fact("Status", h("span", { class: span.status }, span.status)),
      fact("From", milliseconds(from)), fact("Took", milliseconds(span.durationMs))),
    attributes(span.attributes),
    span.events.length > 0 && [h("h3", {}, plural(span.events.length, "event")),
      span.events.map((e) => h("div", { class: "happened" },
        h("p", {}, h("b", {}, e.name), h("span", { class: "dim" }, ` after ${milliseconds(Math.max(0, instant(e.time) - instant(span.start)))}`)),
        attributes(e.attributes)))],
    h("p", { class: "dim mono small" }, "span ", span.spanId));
}

function attributes(values) {
  const names = Object.keys(values).sort();
  if (names.length === 0) return null;
  return h("dl", {}, names.map((name) => [h("dt", {}, name),
    h("dd", {}, typeof values[name] === "string" ? values[name] : JSON.stringify(values[name]))]));
}
