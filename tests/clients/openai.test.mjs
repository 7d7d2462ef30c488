// The openai package against a tenant's /v1: what it is told, it must understand.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import OpenAI, { APIError } from "openai";
import { demo } from "./harness.mjs";

describe("the openai package at a tenant's /v1", () => {
  let server, client;
  before(async () => {
    server = await demo();
    client = new OpenAI({
      baseURL: `${server.base}/v1`, apiKey: "unused", maxRetries: 0, defaultHeaders: { "X-Tenant": "acme" },
    });
  });
  after(() => server?.stop());

  const ask = (content) => ({ model: "assistant", stream: true, messages: [{ role: "user", content }] });

  it("lists the API's models", async () => {
    const models = await client.models.list();
    assert.deepEqual(models.data.map((m) => m.id).sort(), ["assistant", "backup"]);
  });

  it("streams a chat to its end", async () => {
    const stream = client.chat.completions.stream({ ...ask("Tell me about your offers."), stream_options: { include_usage: true } });
    let text = "";
    for await (const chunk of stream) text += chunk.choices[0]?.delta?.content ?? "";
    const whole = await stream.finalChatCompletion();
    assert.equal(whole.choices[0].finish_reason, "stop");
    assert.equal(whole.choices[0].message.content, text);
    assert.ok(text.length > 20, text);
    assert.ok(whole.usage.total_tokens > 0);
  });

  it("answers without streaming", async () => {
    const { choices } = await client.chat.completions.create({ ...ask("Hello"), stream: false });
    assert.equal(choices[0].finish_reason, "stop");
    assert.ok(choices[0].message.content.length > 0);
  });

  it("sees an error in the middle of a stream as an error, with its text", async () => {
    const stream = await client.chat.completions.create(ask("[fault error@3] Hello"));
    let chunks = 0;
    await assert.rejects(async () => {
      for await (const _ of stream) chunks += 1;
    }, (err) => err instanceof APIError && err.message.length > 0 && !/JSON/.test(err.message));
    assert.ok(chunks > 0, "the error came before any text");
  });

  it("never takes a truncated answer for a whole one", async () => {
    const stream = client.chat.completions.stream(ask("[fault truncate] Hello"));
    await assert.rejects(stream.finalChatCompletion());
  });

  it("is told an unknown model in OpenAI's shape", async () => {
    await assert.rejects(client.chat.completions.create({ ...ask("Hello"), model: "asistant" }),
      (err) => err.status === 404 && /assistant/.test(err.message));
  });

  it("is told a limit of the model as 429 with Retry-After", async () => {
    await assert.rejects(client.chat.completions.create(ask("[fault error-status] Hello")),
      (err) => err.status === 429 && Number(err.headers.get("retry-after")) > 0);
  });
});
