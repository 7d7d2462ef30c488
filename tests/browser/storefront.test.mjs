// The demo's storefront in a real browser, as a customer of each tenant sees it.
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

const color = (page) => page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue("--brand").trim());

test("each tenant's page has its brand and its customers", async () => {
  const seen = {};
  for (const [tenant, brand] of [["acme", "Acme"], ["globex", "Globex"]]) {
    const page = await open(chromium.context);
    await page.goto(`${server[tenant]}/?customer=17`);
    const greeting = page.getByRole("heading", { level: 1 });
    await greeting.filter({ hasText: `welcome to ${brand}` }).waitFor();
    assert.equal(await page.title(), brand);
    assert.equal(await page.getByLabel("Customer").inputValue(), "17");
    assert.ok(await page.locator(".lines li").count() >= 2, "there are no orders");
    assert.ok(await page.locator(".offers article").count() >= 1, "there are no offers");
    await page.locator(".products article").first().waitFor();
    const parts = await page.locator(".hood th").allTextContents();
    assert.deepEqual(parts.sort(), ["customer", "offers", "orders", "stock"]);
    seen[tenant] = { greeting: await greeting.textContent(), color: await color(page) };
    await shot(page, `storefront-${tenant}`);
    assert.deepEqual(page.wrong, []);
    await page.close();
  }
  assert.notEqual(seen.acme.color, seen.globex.color);
  assert.notEqual(seen.acme.greeting.split(",")[0], seen.globex.greeting.split(",")[0], "the tenants share a customer");
});

test("another customer's dashboard is shown when chosen", async () => {
  const page = await open(chromium.context);
  await page.goto(`${server.acme}/?customer=1`);
  const greeting = page.getByRole("heading", { level: 1 });
  await greeting.filter({ hasText: "Hello" }).waitFor();
  const first = await greeting.textContent();
  const other = await page.getByLabel("Customer").locator("option").nth(4).getAttribute("value");
  await page.getByLabel("Customer").selectOption(other);
  await page.waitForFunction((text) => !document.querySelector("#dashboard[aria-busy]") && document.querySelector("h1").textContent !== text, first);
  assert.equal(new URL(page.url()).searchParams.get("customer"), other);
  await page.getByRole("button", { name: "Ask again" }).click();
  await page.waitForFunction(() => /hit/.test(document.querySelector(".hood dl")?.textContent));
  assert.deepEqual(page.wrong, []);
  await page.close();
});

test("the chat streams to its end, word by word", async () => {
  const page = await open(chromium.context);
  await page.goto(server.acme);
  await page.evaluate(() => {
    window.lengths = [];
    const log = document.getElementById("chat");
    new MutationObserver(() => window.lengths.push(log.querySelector(".them")?.textContent.length ?? 0))
      .observe(log, { subtree: true, childList: true, characterData: true });
  });
  await page.getByLabel("Your message").fill("Tell me a story");
  await page.keyboard.press("Enter");
  const answer = page.locator('.them[data-state]');
  await answer.waitFor({ timeout: 30_000 });
  assert.equal(await answer.getAttribute("data-state"), "done", await answer.textContent());
  assert.match(await answer.textContent(), /Acme/);
  const steps = new Set(await page.evaluate(() => window.lengths));
  assert.ok(steps.size > 3, `the answer came in ${steps.size} pieces`);
  assert.match(await answer.getAttribute("title"), /^generation (?!unknown)/);
  await shot(page, "storefront-chat");

  await page.getByLabel("Your message").fill("And another [fault error@3]");
  await page.keyboard.press("Enter");
  const failed = page.locator('.them[data-state="failed"]');
  await failed.waitFor({ timeout: 30_000 });
  assert.ok((await failed.locator(".error").textContent()).length > 0);
  await page.getByLabel("Your message").fill("Try again");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelectorAll('.them[data-state="done"]').length === 2);
  assert.deepEqual(page.wrong, []);
  await page.close();
});
