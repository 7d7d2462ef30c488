// The page of a tenant's OpenAPI document in a real browser, against the built binary.
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

test("a person reads a route's types and tries it", async () => {
  const page = await open(chromium.context);
  const response = await page.goto(`${server.acme}/-/docs`);
  assert.doesNotMatch(response.headers()["content-security-policy"], /unsafe|\*/);
  await page.getByRole("heading", { name: "storefront" }).waitFor();
  await page.getByRole("navigation").getByRole("link", { name: "/dashboard/{id}" }).click();
  const route = page.locator("#getDashboardById");
  await route.getByText("list of Offer or null").waitFor();
  await route.getByLabel("id").fill("17");
  await route.getByRole("button", { name: "Send" }).click();
  await route.getByText(/^200 /).waitFor();
  await route.getByText(/"greeting": "Hello /).waitFor();
  await shot(page, "docs-try");
  await page.getByLabel("Find a route").fill("orders");
  assert.equal(await page.locator("article:visible").count(), 1);
  assert.deepEqual(page.wrong, []);
});

test("the API key is sent, and kept nowhere", async () => {
  const page = await open(chromium.context);
  await page.goto(`${server.acme}/-/docs#postOrders`);
  const route = page.locator("#postOrders");
  await route.getByText("sign-in", { exact: true }).waitFor();
  await route.getByRole("textbox", { name: "Body" }).fill(`{"customerId": "17", "items": [{"sku": "SKU-1001", "quantity": 1}]}`);
  await page.getByLabel("API key").fill("demo-customer-acme");
  await route.getByRole("button", { name: "Send" }).click();
  await route.getByText(/^201 /).waitFor();
  assert.equal(await page.evaluate(() => localStorage.length + sessionStorage.length), 0);
  assert.deepEqual(page.wrong, []);
});
