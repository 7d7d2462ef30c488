// The demo's faults at a tenant's /v1, as the openai package (two majors) and the AI SDK's provider (three) see them.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createOpenAICompatible as compatible5 } from "compatible5";
import { createOpenAICompatible as compatible6 } from "compatible6";
import { createOpenAICompatible as compatible7 } from "compatible7";
import { streamText as streamText5 } from "ai5";
import { streamText as streamText6 } from "ai6";
import { streamText as streamText7 } from "ai7";
import OpenAI7 from "openai";
import OpenAI6 from "openai6";
import { chats, faults, question, routeOf, wordsOf } from "./chat.mjs";

let server;
before(async () => { server = await chats(); });
after(() => server?.stop());

// checkEnd checks what a client took an answer for: text, and how it ended.
function checkEnd(fault, { text, finish, error }) {
  assert.ok(wordsOf(text) >= fault.words, `only ${JSON.stringify(text)}`);
  if (fault.bytes) assert.equal(text.length, fault.bytes);
  if (fault.sees === "whole") {
    assert.equal(error, undefined);
    assert.equal(finish, "stop");
    return;
  }
  assert.ok(error, `${fault.name} looks like success`);
  assert.match(String(error.message ?? error), new RegExp(fault.quoted ?? fault.message));
}

for (const [version, OpenAI] of [[6, OpenAI6], [7, OpenAI7]]) {
  describe(`openai ${version}`, { concurrency: true }, () => {
    const client = () => new OpenAI({
      baseURL: `${server.base}/v1`, apiKey: "unused", maxRetries: 0, defaultHeaders: { "X-Tenant": "acme" },
    });
    for (const fault of faults) {
      it(`${fault.name}: ${fault.sees}`, async () => {
        const ask = client().chat.completions.create({
          model: routeOf(fault), stream: true, messages: [{ role: "user", content: question(fault) }],
        });
        if (typeof fault.sees === "number") {
          await assert.rejects(ask, (error) => {
            assert.equal(error.status, fault.sees);
            assert.ok(error.code && error.message.length > 10, error.message);
            assert.equal(error.headers.has("retry-after"), fault.sees === 429);
            return error instanceof OpenAI.APIError;
          });
          return;
        }
        const seen = { text: "" };
        try {
          for await (const { choices } of await ask) {
            seen.text += choices[0]?.delta?.content ?? "";
            seen.finish ??= choices[0]?.finish_reason ?? undefined;
          }
        } catch (error) {
          assert.ok(error instanceof OpenAI.APIError, `${error}`);
          seen.error = error;
        }
        checkEnd(fault, seen);
      });
    }
  });
}

for (const [version, streamText, compatible] of [
  [5, streamText5, compatible5], [6, streamText6, compatible6], [7, streamText7, compatible7],
]) {
  describe(`ai ${version} with @ai-sdk/openai-compatible`, { concurrency: true }, () => {
    for (const fault of faults) {
      it(`${fault.name}: ${fault.sees}`, async () => {
        const provider = compatible({
          name: "atrium", baseURL: `${server.base}/v1`, headers: { "X-Tenant": "acme" }, includeUsage: true,
        });
        const seen = { text: "" };
        const { fullStream } = streamText({
          model: provider(routeOf(fault)), prompt: question(fault), maxRetries: 0, onError: () => {},
        });
        for await (const part of fullStream) {
          if (part.type === "text-delta") seen.text += part.text;
          else if (part.type === "error") seen.error = part.error;
          else if (part.type === "finish") Object.assign(seen, { finish: part.finishReason, usage: part.totalUsage });
        }
        if (typeof fault.sees === "number") {
          assert.equal(seen.error?.statusCode, fault.sees, `${seen.error}`);
          assert.equal(seen.text, "");
          return;
        }
        checkEnd(fault, seen);
        if (fault.sees === "whole" && fault.name !== "no-usage") assert.ok(seen.usage.outputTokens > 0, "usage is lost");
        if (fault.sees === "broken") assert.notEqual(seen.finish, "stop");
      });
    }
  });
}
