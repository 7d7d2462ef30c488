// A page that is reloaded in the middle of an answer shows the whole answer, with nothing lost or doubled.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chats } from "../clients/chat.mjs";
import { browser, open } from "./harness.mjs";

let server, chromium;

before(async () => {
  [server, chromium] = await Promise.all([chats(), browser()]);
});

after(async () => {
  await chromium?.stop();
  await server?.stop();
});

// The page asks once, keeps what it has seen in the session's storage, and comes back for what it has not.
const html = `<!doctype html><meta charset="utf-8"><title>Reload</title><p id="answer"></p><script type="module">
const answer = document.getElementById("answer");
const kept = sessionStorage;
answer.textContent = kept.text ?? "";
const response = kept.generation
  ? await fetch("/-/generations/" + kept.generation, { headers: { "Last-Event-ID": kept.last ?? "0" } })
  : await fetch("/paced", { method: "POST", body: JSON.stringify({ messages: [{ role: "user", content: "Count" }] }) });
kept.generation = response.headers.get("Atrium-Generation");
let rest = "";
for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
  const frames = (rest + piece).split("\\n\\n");
  rest = frames.pop();
  for (const frame of frames) {
    const { id, event, data } = Object.fromEntries(frame.split("\\n").map((line) => /^(\\w*): ?(.*)$/.exec(line).slice(1)));
    if (data === "[DONE]") answer.dataset.state = "done";
    else if (event) answer.dataset.state = event;
    else answer.textContent += JSON.parse(data).content;
    kept.text = answer.textContent;
    kept.last = id;
  }
}
answer.dataset.state ??= "cut";
</script>`;

test("the answer goes on where the page left it", async () => {
  const page = await open(chromium.context);
  await page.route("**/reload.html", (route) => route.fulfill({ contentType: "text/html", body: html }));
  const shows = (text) => page.waitForFunction((want) => document.getElementById("answer").textContent === want, text);
  const asked = server.next();
  await page.goto(`${server.base.replace("127.0.0.1", "acme.localhost")}/reload.html`);
  const model = await asked;
  model.say("one ");
  model.say("two ");
  await shows("one two ");
  await page.reload();
  await shows("one two ");
  model.say("three ");
  await shows("one two three ");
  const left = page.goto("about:blank");
  model.say("four ");
  await left;
  model.say("five");
  model.end();
  await page.goBack();
  await shows("one two three four five");
  assert.equal(await page.locator("#answer").getAttribute("data-state"), "done");
  assert.deepEqual(page.wrong, []);
  await page.close();
});
