// What a waterfall shows, computed from the spans of a trace. No DOM here, so that it can be tested alone.

// instant reads an RFC 3339 time with all its digits, as milliseconds since 1970.
export function instant(text) {
  const [, fraction = ""] = /\.(\d+)/.exec(text) ?? [];
  return Date.parse(text.replace(/\.\d+/, "")) + Number(`0.${fraction || 0}`) * 1000;
}

// tree nests spans by their parents and returns rows in the order they are drawn:
// {span, depth, from, to, children, critical}, times in milliseconds after the trace's start.
export function tree(spans) {
  const rows = new Map();
  for (const span of spans) {
    const from = instant(span.start);
    rows.set(span.spanId, { span, depth: 0, from, to: from + span.durationMs, children: [], parent: null });
  }
  const start = Math.min(...[...rows.values()].map((row) => row.from));
  const roots = [];
  for (const row of rows.values()) {
    row.from -= start;
    row.to -= start;
    const parent = rows.get(row.span.parentSpanId);
    if (parent && parent !== row) {
      parent.children.push(row);
      row.parent = parent;
    } else {
      roots.push(row);
    }
  }
  const ordered = [];
  const visit = (row, depth) => {
    row.depth = depth;
    ordered.push(row);
    row.children.sort((a, b) => a.from - b.from);
    for (const child of row.children) visit(child, depth + 1);
  };
  for (const root of roots.sort((a, b) => a.from - b.from)) visit(root, 0);
  return ordered;
}

// extent is how long the whole trace took.
export const extent = (rows) => Math.max(...rows.map((row) => row.to), 0.001);

// markCritical sets row.critical on the spans that the end of the trace waited for: from the end of a span backwards,
// the child that ended last, then the one that ended last before that one began, and so on down.
export function markCritical(rows) {
  for (const row of rows) row.critical = false;
  const mark = (row) => {
    row.critical = true;
    let until = row.to;
    for (const child of row.children.toSorted((a, b) => b.to - a.to)) {
      if (child.to > until + 0.0005) continue; // it ran beside what came later, or beyond its parent
      mark(child);
      until = child.from;
    }
  };
  const main = rows[0];
  if (main) mark(main);
}

// ticks returns round positions for the axis of a trace that took so many milliseconds.
export function ticks(total, most = 6) {
  const rough = total / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((f) => f * power).find((s) => s >= rough);
  const out = [];
  for (let i = 0; i * step <= total * 0.999; i++) out.push(i * step);
  return out;
}

// family is how a span is coloured: failed, or by what it does.
export function family(span) {
  if (span.status === "error") return "failed";
  if (span.kind === "client") return "call";
  if (span.kind === "server") return "request";
  if (/^cache\b/.test(span.name)) return "cache";
  return "step";
}

// label is what a span is called in the waterfall: a call by the operation that the documents name, anything else by its name.
export function label({ name, attributes }) {
  const upstream = attributes?.["atrium.upstream"];
  const operation = attributes?.["atrium.operation"];
  return upstream && operation ? `${upstream}.${operation}` : name;
}
