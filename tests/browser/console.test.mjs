// The operators' console in a real browser, against the built binary.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { browser, demo, open, shot } from "./harness.mjs";

let server, chromium;

before(async () => {
  [server, chromium] = await Promise.all([demo(), browser()]);
});

after(async () => {
  await chromium?.stop();
  await server?.stop();
});

// signedIn opens the console with its token given.
async function signedIn(address = "/") {
  const page = await open(chromium.context);
  await page.goto(server.admin + address);
  await page.getByLabel("Admin token").fill(server.token);
  await page.keyboard.press("Enter");
  await page.getByRole("navigation", { name: "Views" }).waitFor();
  return page;
}

const dashboards = async (n) => {
  for (let id = 1; id <= n; id++) {
    const response = await fetch(`${server.base}/dashboard/${id}`, { headers: { "X-Tenant": id % 2 ? "acme" : "globex" } });
    assert.equal(response.status, 200, await response.text());
  }
};

test("the console asks for the token and refuses a wrong one", async () => {
  const page = await open(chromium.context);
  const response = await page.goto(server.admin);
  const policy = response.headers()["content-security-policy"];
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe|\*/);
  await page.getByLabel("Admin token").fill("wrong");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").filter({ hasText: "not the admin token" }).waitFor();
  await shot(page, "console-login");
  await page.getByLabel("Admin token").fill(server.token);
  await page.getByRole("button", { name: "Open the console" }).click();
  await page.getByRole("heading", { name: "Traces" }).waitFor();
  assert.equal(await page.evaluate(() => document.cookie), "");
  assert.equal(await page.evaluate(() => localStorage.length), 0);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Admin token").waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  assert.deepEqual(page.wrong, []);
  await page.close();
});

test("traces are listed, refreshed and filtered", async () => {
  await dashboards(2);
  const page = await signedIn();
  const rows = page.locator("tbody tr:has([data-trace])");
  await rows.filter({ hasText: "/dashboard/{id}" }).first().waitFor();
  const before = await rows.count();
  await dashboards(1);
  await page.waitForFunction((n) => document.querySelectorAll("[data-trace]").length > n, before);
  await page.getByLabel("Tenant").fill("globex");
  await page.waitForFunction(() => {
    const tenants = [...document.querySelectorAll("tbody tr:has([data-trace]) td:nth-child(2)")].map((cell) => cell.textContent);
    return tenants.length > 0 && tenants.every((tenant) => tenant === "globex");
  });
  assert.match(page.url(), /#\/traces\?tenant=globex$/);
  await page.getByLabel("Status").fill("nonsense");
  await page.getByRole("alert").filter({ hasText: /status/i }).waitFor();
  await page.getByLabel("Status").fill("5xx");
  await page.getByText("No request matches.").waitFor();
  await shot(page, "console-traces");
  assert.deepEqual(page.wrong, []);
  await page.close();
});

test("a trace is drawn as a waterfall", async () => {
  await fetch(`${server.base}/dashboard/42`, { headers: { "X-Tenant": "acme" } });
  const page = await signedIn();
  await page.locator("tr").filter({ hasText: "acme" }).filter({ hasText: "/dashboard/{id}" }).first().locator("[data-trace]").click();
  await page.getByRole("tree", { name: "Spans" }).waitFor();
  const bars = await page.locator('[role="treeitem"]').evaluateAll((rows) => rows.map((row) => {
    const bar = row.querySelector(".block").getBoundingClientRect();
    return { name: row.querySelector(".text").textContent, level: Number(row.getAttribute("aria-level")), from: bar.left, to: bar.right, width: bar.width };
  }));
  assert.ok(bars.length >= 6, `only ${bars.length} spans: ${bars.map((b) => b.name)}`);
  assert.equal(bars[0].level, 1);
  assert.match(bars[0].name, /GET \/dashboard\/\{id\}/);
  assert.ok(Math.max(...bars.map((b) => b.level)) >= 3, "nothing is nested");
  for (const bar of bars) {
    assert.ok(bar.width > 0 && bar.from >= bars[0].from - 1, `${bar.name} has no place`);
  }
  const customer = bars.find((b) => /getCustomer/.test(b.name));
  const orders = bars.find((b) => /listOrders/.test(b.name));
  assert.ok(customer && orders && orders.from >= customer.to - 3, "the orders do not wait for the customer");

  await page.locator('[role="treeitem"]').first().focus();
  await page.keyboard.press("ArrowDown");
  const chosen = await page.locator('[aria-selected="true"] .text').textContent();
  assert.equal(chosen, bars[1].name);
  await page.getByRole("complementary", { name: "The chosen span" }).getByText("tenant.id").waitFor();
  await shot(page, "console-trace");
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowLeft");
  assert.equal(await page.locator('[role="treeitem"]').count(), 1, "the tree does not fold");
  assert.deepEqual(page.wrong, []);
  await page.close();
});

test("a document's mistake is shown in its place, and a right change is saved", async () => {
  const page = await signedIn("/#/documents/apis/storefront");
  const text = page.getByLabel("Text of apis/storefront");
  const original = await text.inputValue();
  assert.match(original, /GET \/dashboard\/\{id\}/);
  await text.fill(original.replace("${customer.firstName}", "${customer.frstName}"));
  await page.getByRole("button", { name: "Check" }).click();
  const issue = page.locator(".issues li").filter({ hasText: "firstName" });
  await issue.waitFor();
  const place = await issue.getByRole("button").textContent();
  const line = original.split("\n").findIndex((l) => l.includes("${customer.firstName}")) + 1;
  assert.equal(Number(place.split(":")[0]), line);
  await shot(page, "console-document");

  const changed = original.replace("Hello ${", "Good day ${");
  await text.fill(changed);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText(/Saved as revision \d+; it serves now/).waitFor();
  const response = await fetch(`${server.base}/dashboard/5`, { headers: { "X-Tenant": "acme" } });
  assert.match((await response.json()).greeting, /^Good day /);
  assert.deepEqual(page.wrong, []);
  await page.close();
});

test("the status names every document", async () => {
  const page = await signedIn("/#/status");
  await page.getByRole("heading", { name: "Status" }).waitFor();
  await page.getByText("all serve").waitFor();
  for (const name of ["storefront", "crm", "shop", "acme", "globex", "pro", "starter"]) {
    await page.locator("tbody tr").filter({ hasText: name }).first().waitFor();
  }
  await shot(page, "console-status");
  assert.deepEqual(page.wrong, []);
  await page.close();
});
