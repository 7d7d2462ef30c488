// The page: brand, customers, the dashboard of the chosen one, and what the server says of its own answer.
import { chat } from "./chat.js";
import { fill, h } from "./dom.js";

const dashboard = document.getElementById("dashboard");
const select = document.getElementById("customer");
const euro = new Intl.NumberFormat("en-IE", { style: "currency", currency: "EUR" });

async function get(path, signal) {
  const response = await fetch(path, { headers: { Accept: "application/json" }, signal });
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw Object.assign(new Error(body.detail || body.title || `The server answered ${response.status}.`), { response, body });
  return { body, headers: response.headers };
}

async function start() {
  const [{ body: brand }, { body: customers }] = await Promise.all([get("/brand"), get("/customers?limit=100")]);
  document.title = brand.brand;
  document.getElementById("brand").textContent = brand.brand;
  if (/^#[0-9a-f]{6}$/i.test(brand.color)) document.documentElement.style.setProperty("--brand", brand.color);
  const asked = new URLSearchParams(location.search).get("customer");
  const elsewhere = asked && !customers.items.some((c) => c.id === asked); // on a later page of the list
  fill(select, elsewhere && h("option", { value: asked }, `Customer ${asked}`),
    customers.items.map((c) => h("option", { value: c.id }, `${c.name} (${c.segment})`)));
  select.value = asked ?? customers.items[0]?.id ?? "";
  select.addEventListener("change", () => {
    history.replaceState(null, "", `?customer=${encodeURIComponent(select.value)}`);
    show();
  });
  chat(document.getElementById("chat"), { customer: () => select.value });
  await show();
}

let leaving = new AbortController();

async function show() {
  leaving.abort();
  leaving = new AbortController();
  dashboard.setAttribute("aria-busy", "true");
  const started = performance.now();
  try {
    const { body, headers } = await get(`/dashboard/${encodeURIComponent(select.value)}`, leaving.signal);
    const took = performance.now() - started;
    const products = h("section", { class: "card", hidden: true });
    fill(dashboard, h("h1", {}, body.greeting), offers(body.offers), h("div", { class: "two" }, orders(body), stock(body.stock)), products,
      hood(body, headers, took));
    catalog(products);
  } catch (error) {
    if (error.name === "AbortError") return;
    failed(error);
  }
  dashboard.removeAttribute("aria-busy");
}

function failed(error) {
  fill(dashboard, h("section", { class: "card error", role: "alert" }, h("h1", {}, "This did not work"), h("p", {}, error.message),
    error.body?.traceId && h("p", { class: "dim" }, "Trace ", h("code", {}, error.body.traceId))));
}

function offers(list) {
  if (!list) return h("p", { class: "dim" }, "There are no offers just now.");
  return h("div", { class: "offers" }, list.map((o) => h("article", {},
    h("b", {}, `−${o.discountPercent} %`), h("h3", {}, o.title), h("p", {}, o.text),
    h("p", { class: "dim" }, o.sku ? `${o.sku}, ` : "", `until ${o.validUntil}`))));
}

function orders({ recentOrders, parts }) {
  const note = parts.orders?.outcome === "defaulted" && h("p", { class: "dim" }, "Orders take a moment to load today.");
  return h("section", { class: "card" }, h("h2", {}, "Recent orders"), note,
    h("ul", { class: "lines" }, recentOrders.map((o) => h("li", {}, h("span", {}, `Order ${o.id}`), h("b", {}, euro.format(o.total))))));
}

function stock(list) {
  const items = [...new Map((list ?? []).filter(Boolean).map((s) => [s.sku, s])).values()].slice(0, 5);
  return h("section", { class: "card" }, h("h2", {}, "Buy again"), items.length === 0 && h("p", { class: "dim" }, "Nothing known just now."),
    h("ul", { class: "lines" }, items.map((s) => h("li", {}, h("span", {}, s.sku),
      s.available > 0 ? h("span", { class: s.available < 20 ? "few" : "many" }, `${s.available} in ${s.warehouse}`)
        : h("span", { class: "few" }, s.restockAt ? `back on ${s.restockAt}` : "sold out")))));
}

// catalog shows products from the shop itself, passed through and cached as the shop says.
async function catalog(section) {
  try {
    const { body } = await get("/catalog/products?limit=6", leaving.signal);
    fill(section, h("h2", {}, "From the catalogue"), h("div", { class: "products" }, body.items.map((p) =>
      h("article", {}, h("h3", {}, p.name), h("p", { class: "dim" }, p.description), h("b", {}, euro.format(p.price.gross))))));
    section.hidden = false;
  } catch {
    section.remove(); // the page is whole without it
  }
}

// hood shows how the answer came about.
function hood(body, headers, took) {
  const parts = Object.entries(body.parts);
  const longest = Math.max(...parts.map(([, p]) => p.ms ?? 0), 1);
  const facts = [["Answered in", `${took.toFixed(1)} ms`], ["Cache-Status", headers.get("Cache-Status")], ["Age", headers.get("Age")],
    ["RateLimit", headers.get("RateLimit")], ["X-Request-Id", headers.get("X-Request-Id")], ["Trace", headers.get("X-Trace-Id")]];
  return h("details", { class: "card hood", open: true }, h("summary", {}, "How this answer came about"),
    h("table", {}, h("tbody", {}, parts.map(([name, p]) => h("tr", {}, h("th", { scope: "row" }, name),
      h("td", {}, h("span", { class: `outcome ${p.outcome}` }, p.outcome)),
      h("td", { class: "bar" }, h("i", { style: { width: `${((p.ms ?? 0) / longest) * 100}%` } })),
      h("td", { class: "ms" }, p.ms === undefined ? "" : `${p.ms} ms`))))),
    h("dl", {}, facts.filter(([, value]) => value).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
    h("button", { type: "button", onclick: show }, "Ask again"));
}

start().catch(failed);
