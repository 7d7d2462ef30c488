// The dialect ag-ui as the AG-UI packages see it: @ag-ui/core checks each event, @ag-ui/client the order they come in.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { HttpAgent } from "@ag-ui/client";
import { EventSchemas } from "@ag-ui/core/schemas";
import { EventSourceParserStream } from "eventsource-parser/stream";
import { chats, faults, question, routeOf, until, wordsOf } from "./chat.mjs";

describe("AG-UI", { concurrency: true }, () => {
  let server;
  before(async () => { server = await chats(); });
  after(() => server?.stop());

  const headers = { "X-Tenant": "acme" };
  // open is an agent that has been told a question; run runs it and keeps what it saw.
  const open = (route, content, threadId) => {
    const agent = new HttpAgent({ url: `${server.base}/${route}`, headers, threadId });
    agent.addMessage({ id: "q1", role: "user", content });
    return agent;
  };
  const run = async (agent) => {
    const seen = { types: [], invalid: [] };
    await agent.runAgent({}, {
      onEvent: ({ event }) => {
        const { error } = EventSchemas.safeParse(event);
        if (error) seen.invalid.push(`${JSON.stringify(event)}: ${error}`);
        seen.types.push(event.type);
      },
      onRunErrorEvent: ({ event }) => { seen.told = event; },
      onRunFinishedEvent: ({ event }) => { seen.finished = event; },
      onRunFailed: ({ error }) => { seen.error = error; return { stopPropagation: true }; },
    });
    assert.deepEqual(seen.invalid, []);
    return seen;
  };
  const answer = (agent) => agent.messages.filter((m) => m.role === "assistant").map((m) => m.content ?? "").join("");

  for (const fault of faults) {
    it(`${fault.name}: ${fault.sees}`, async () => {
      const agent = open(routeOf(fault), question(fault));
      const seen = await run(agent);
      if (typeof fault.sees === "number") {
        assert.equal(seen.error?.status, fault.sees);
        assert.deepEqual(seen.types, []);
        return;
      }
      assert.equal(seen.types[0], "RUN_STARTED");
      assert.ok(wordsOf(answer(agent)) >= fault.words, answer(agent));
      if (fault.bytes) assert.equal(answer(agent).length, fault.bytes);
      if (fault.sees === "whole") {
        assert.equal(seen.error, undefined);
        assert.equal(seen.finished.threadId, agent.threadId);
        assert.ok(seen.finished.usage[0].outputTokens > 0);
      } else {
        assert.equal(seen.told?.message, fault.message);
        assert.ok(seen.told.code);
        assert.equal(seen.finished, undefined);
      }
    });
  }

  it("shows a tool that ran, and goes on with the conversation", async () => {
    const agent = open("assistant", "What is on the dashboard of customer 17?");
    assert.equal((await run(agent)).error, undefined);
    const call = agent.messages.find((m) => m.toolCalls?.length).toolCalls[0];
    assert.equal(call.function.name, "get_dashboard_id");
    const result = agent.messages.find((m) => m.role === "tool");
    assert.equal(result.toolCallId, call.id);
    assert.match(JSON.parse(result.content).greeting, /welcome to Acme/);
    agent.addMessage({ id: "q2", role: "user", content: "Thank you" });
    assert.equal((await run(agent)).error, undefined);
    assert.match(answer(agent), /You asked: "Thank you"/);
  });

  it("resumes, and tells a stopped run", async () => {
    const asked = server.next();
    const agent = open("paced", "Count", "thread-1");
    const ran = run(agent);
    (await asked).say("one ");
    await until("a word is there", () => answer(agent) === "one ");
    const response = await fetch(`${server.base}/paced/thread-1/stream?dialect=ag-ui&after=1`, { headers });
    const stopped = await fetch(`${server.base}/-/generations/${response.headers.get("atrium-generation")}`, { method: "DELETE", headers });
    assert.equal(stopped.status, 204);
    const rest = [];
    for await (const { id, data } of response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())) {
      rest.push(`${id} ${JSON.parse(data).type}`);
    }
    assert.deepEqual(rest, ["2 TEXT_MESSAGE_START", "3 TEXT_MESSAGE_CONTENT", "4 TEXT_MESSAGE_END", "5 RUN_FINISHED"]);
    const seen = await ran;
    assert.equal(seen.error, undefined);
    assert.equal(seen.finished.outcome.type, "cancelled");
    assert.equal(answer(agent), "one ");
  });
});
