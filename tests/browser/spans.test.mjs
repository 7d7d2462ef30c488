// The computations behind the waterfall, without a browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { family, instant, label, markCritical, ticks, tree } from "../../bff/admin/console/assets/spans.js";

const span = (spanId, parentSpanId, from, durationMs, more = {}) =>
  ({ spanId, parentSpanId, name: spanId, kind: "internal", status: "unset", durationMs, start: new Date(Date.UTC(2026, 0, 1) + from).toISOString(), ...more });

test("instants keep what is below a millisecond", () => {
  const a = instant("2026-11-21T12:00:00.123456789Z");
  assert.ok(Math.abs(a - Date.parse("2026-11-21T12:00:00Z") - 123.456789) < 0.001);
  assert.equal(instant("2026-11-21T12:00:00Z"), Date.parse("2026-11-21T12:00:00Z"));
  assert.equal(instant("2026-11-21T14:00:00.5+02:00"), Date.parse("2026-11-21T12:00:00.5Z"));
});

test("spans nest by parent, whatever their order", () => {
  const rows = tree([span("c", "b", 2, 1), span("b", "a", 1, 5), span("a", "remote", 0, 10), span("d", "a", 0.5, 1)]);
  assert.deepEqual(rows.map((r) => [r.span.spanId, r.depth]), [["a", 0], ["d", 1], ["b", 1], ["c", 2]]);
  assert.deepEqual([rows[0].from, rows[0].to], [0, 10]);
});

test("a span whose parent is missing is a root, and one that is its own parent does not loop", () => {
  const rows = tree([span("x", "gone", 5, 1), span("y", "y", 0, 1)]);
  assert.deepEqual(rows.map((r) => [r.span.spanId, r.depth]), [["y", 0], ["x", 0]]);
});

test("the critical path is what the end waited for", () => {
  const rows = tree([
    span("root", "", 0, 100), span("customer", "root", 1, 20), span("orders", "root", 21, 30), span("offers", "root", 21, 10),
    span("stock", "root", 51, 40), span("one", "stock", 52, 10), span("two", "stock", 52, 38),
  ]);
  markCritical(rows);
  assert.deepEqual(rows.filter((r) => r.critical).map((r) => r.span.spanId), ["root", "customer", "orders", "stock", "two"]);
});

test("ticks are round and fit", () => {
  assert.deepEqual(ticks(84.2), [0, 20, 40, 60, 80]);
  assert.deepEqual(ticks(0.5), [0, 0.1, 0.2, 0.30000000000000004, 0.4]);
  assert.ok(ticks(300_000).length <= 7);
});

test("a span's family is how it went, then what it does", () => {
  assert.equal(family({ status: "error", kind: "client", name: "crm.getCustomer" }), "failed");
  assert.equal(family({ status: "unset", kind: "client", name: "crm.getCustomer" }), "call");
  assert.equal(family({ status: "ok", kind: "internal", name: "cache.fetch" }), "cache");
  assert.equal(family({ status: "ok", kind: "internal", name: "step customer" }), "step");
});

test("a call is called by its operation", () => {
  const attributes = { "atrium.upstream": "crm", "atrium.operation": "getCustomer" };
  assert.equal(label({ name: "GET /customers/{id}", attributes }), "crm.getCustomer");
  assert.equal(label({ name: "step customer", attributes: { "atrium.call": "crm.getCustomer" } }), "step customer");
});
