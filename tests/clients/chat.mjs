// The demo as the tests of chats need it: without limits that they would meet, with a model that is soon impatient, and with
// one whose words they hand out themselves.
import { once } from "node:events";
import http from "node:http";
import { demo } from "./harness.mjs";

// faults lists the fault scripts of the demo's model and what a client must see: the whole answer, an answer that broke
// off, or a status instead of an answer. words says of how many the answer is at least; message what is said when it breaks.
export const faults = [
  { name: "none", sees: "whole", words: 20 },
  { name: "stall", sees: "broken", words: 2, message: "The model took too long.", route: "impatient" },
  { name: "stall-first", sees: 504, route: "impatient" },
  { name: "stall-connect", sees: 504, route: "impatient" },
  { name: "truncate", sees: "broken", words: 10, message: "The answer broke off." },
  { name: "error@3", sees: "broken", words: 3, message: "The model reported an error.", quoted: "The demo model was asked to fail here." },
  { name: "error-first", sees: 502 },
  { name: "error-status", sees: 429 },
  { name: "error-status@500", sees: 502 },
  { name: "malformed", sees: "broken", words: 2, message: "The answer broke off." },
  { name: "comment-flood@200", sees: "whole", words: 20 },
  { name: "long-line", sees: "whole", words: 1, bytes: 1 << 20 },
  { name: "html", sees: 502 },
  { name: "slow", sees: "whole", words: 20 },
  { name: "reset", sees: "broken", words: 2, message: "The answer broke off." },
  { name: "event-lines", sees: "broken", words: 2, message: "The model reported an error.", quoted: "The demo model was asked to fail here." },
  { name: "no-done", sees: "whole", words: 20 },
  { name: "no-finish", sees: "broken", words: 20, message: "The answer broke off." },
  { name: "no-usage", sees: "whole", words: 20 },
];

export const question = (fault) => (fault.name === "none" ? "Hello" : `Hello [fault ${fault.name}]`);
export const routeOf = (fault) => fault.route ?? "assistant";
export const wordsOf = (text) => text.split(/\s+/).filter(Boolean).length;

// chats starts the demo with two more models and their chat routes: /impatient, and /paced, whose answers are told by the
// pace that next(n) returns, the one of the n-th question from 0.
export async function chats() {
  const model = await pacedModel();
  const server = await demo();
  const stop = async () => { await server.stop(); await model.stop(); };
  try {
    await edit(server, "apis/storefront", (text) => text
      .replace(/^models:\n/m, `models:
  impatient: { baseUrl: "\${vars.llmUrl}", apiKey: "\${secrets.llmKey}", model: gpt-4.1-mini, timeouts: { firstToken: 1s, idle: 1s },
    price: { currency: EUR, input: 1000000, output: 2000000 } }
  paced: { baseUrl: "${model.url}", model: paced, onDisconnect: finish }
`).replace(/^routes:\n/m, `routes:
  POST /impatient: { chat: { model: impatient } }
  POST /paced: { chat: { model: paced } }
`));
    await edit(server, "plans/pro", (text) => text.replace(/^(requests|perClient|streams|tokens):.*\n/gm, ""));
  } catch (error) {
    await stop();
    throw error;
  }
  return { ...server, stop, next: model.next };
}

async function edit(server, document, change) {
  const url = `${server.admin}/admin/v1/${document}`;
  const headers = { Authorization: `Bearer ${server.token}`, "Content-Type": "application/yaml" };
  const text = await (await fetch(url, { headers })).text();
  const put = await fetch(url, { method: "PUT", headers, body: change(text) });
  if (!put.ok) throw new Error(`${document}: ${put.status} ${await put.text()}`);
}

// A model that answers each question with the words that a test hands it, when it does.
async function pacedModel() {
  const paces = [];
  const pace = (n) => (paces[n] ??= deferred());
  let asked = 0;
  const server = http.createServer((request, response) => {
    request.resume();
    const { resolve } = pace(asked++);
    const event = (data) => response.write(`data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`);
    const chunk = (delta, finish = null) => event({
      id: "chatcmpl-paced", object: "chat.completion.chunk", created: 1, model: "paced",
      choices: [{ index: 0, delta, finish_reason: finish }],
    });
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    resolve({
      say: (word) => chunk({ content: word }),
      end: () => { chunk({}, "stop"); event("[DONE]"); response.end(); },
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}/v1`,
    next: () => pace(asked).promise,
    stop: () => { server.closeAllConnections(); return new Promise((resolve) => { server.close(resolve); }); },
  };
}

function deferred() {
  let resolve;
  const promise = new Promise((done) => { resolve = done; });
  return { promise, resolve };
}

// until waits for a condition; it fails when that takes too long.
export async function until(what, condition, seconds = 15) {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
    if (await condition()) return;
    await new Promise((resolve) => { setTimeout(resolve, 10); });
  }
  throw new Error(`not within ${seconds} s: ${what}`);
}
