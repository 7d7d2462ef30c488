// The dialect text as a page without an SDK reads it, through eventsource-parser.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { EventSourceParserStream } from "eventsource-parser/stream";
import { chats, faults, question, routeOf, wordsOf } from "./chat.mjs";

describe("eventsource-parser on the dialect text", { concurrency: true }, () => {
  let server;
  before(async () => { server = await chats(); });
  after(() => server?.stop());

  const headers = { "X-Tenant": "acme" };
  const events = async function* events(response) {
    yield* response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  };
  const post = (route, content, init = {}) => fetch(`${server.base}/${route}`, {
    method: "POST", headers, body: JSON.stringify({ messages: [{ role: "user", content }] }), ...init,
  });
  // read reads a stream to its end: the text, the ids, and how it ended.
  const read = async (response) => {
    const seen = { text: "", ids: [], done: false, error: undefined };
    for await (const { event, data, id } of events(response)) {
      assert.ok(!seen.done && !seen.error, `after the end came ${event}: ${data}`);
      seen.ids.push(Number(id));
      if (event === "error") seen.error = JSON.parse(data).error;
      else if (data === "[DONE]") seen.done = true;
      else seen.text += JSON.parse(data).content;
    }
    return seen;
  };

  for (const fault of faults) {
    it(`${fault.name}: ${fault.sees}`, async () => {
      const response = await post(routeOf(fault), question(fault));
      if (typeof fault.sees === "number") {
        assert.equal(response.status, fault.sees);
        const problem = await response.json();
        assert.equal(problem.status, fault.sees);
        assert.ok(problem.code && problem.detail && problem.traceId, JSON.stringify(problem));
        assert.equal(response.headers.has("retry-after"), fault.sees === 429);
        assert.ok(!JSON.stringify(problem).includes("demo model"), "a problem quotes the model");
        return;
      }
      assert.equal(response.status, 200);
      assert.match(response.headers.get("content-type"), /^text\/event-stream/);
      assert.ok(response.headers.get("atrium-generation"));
      const seen = await read(response);
      assert.deepEqual(seen.ids, seen.ids.map((_, i) => i + 1), "ids count");
      assert.ok(wordsOf(seen.text) >= fault.words, seen.text);
      if (fault.bytes) assert.equal(seen.text.length, fault.bytes);
      assert.equal(seen.done, fault.sees === "whole");
      assert.equal(seen.error?.message, fault.message);
      assert.equal(Boolean(seen.error?.code), fault.sees === "broken");
    });
  }

  it("resumes by Last-Event-ID with nothing lost or doubled", async () => {
    const whole = await post("assistant", "Tell me a story");
    const url = `${server.base}/-/generations/${whole.headers.get("atrium-generation")}`;
    const { text, ids } = await read(whole);
    const words = [];
    for await (const { data } of events(await fetch(url, { headers }))) if (data !== "[DONE]") words.push(JSON.parse(data).content);
    assert.equal(words.join(""), text);
    for (const after of [1, 7, ids.length - 1]) {
      const rest = await read(await fetch(url, { headers: { ...headers, "Last-Event-ID": String(after) } }));
      assert.equal(words.slice(0, after).join("") + rest.text, text);
      assert.equal(rest.ids[0], after + 1);
      assert.equal(rest.done, true);
    }
    const nothing = await fetch(url, { headers: { ...headers, "Last-Event-ID": String(ids.length) } });
    assert.equal(nothing.status, 204);
    const elsewhere = await fetch(url, { headers: { "X-Tenant": "globex" } });
    assert.equal(elsewhere.status, 404);
  });

  it("tells the finished answer as JSON, and what it cost", async () => {
    const response = await post("impatient", "Hello");
    const id = response.headers.get("atrium-generation");
    const { text } = await read(response);
    const answer = await (await fetch(`${server.base}/-/generations/${id}`, { headers: { ...headers, Accept: "application/json" } })).json();
    assert.equal(answer.status, "complete");
    assert.equal(answer.content, text);
    assert.equal(answer.finishReason, "stop");
    const { inputTokens, outputTokens, cost } = answer.usage;
    assert.ok(inputTokens > 0 && outputTokens > 0);
    assert.deepEqual(cost, { amount: inputTokens + 2 * outputTokens, currency: "EUR" });
  });
});
