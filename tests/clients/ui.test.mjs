// useChat without a Node server: the AI SDK's chat and its transport, versions 5, 6 and 7, on the dialect ui.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import * as ai5 from "ai5";
import * as ai6 from "ai6";
import * as ai7 from "ai7";
import { chats, faults, question, routeOf, until, wordsOf } from "./chat.mjs";

let server;
before(async () => { server = await chats(); });
after(() => server?.stop());

// State is what useChat keeps of a chat, without React.
class State {
  status = "ready";
  error = undefined;
  constructor(messages) { this.messages = messages; }
  pushMessage = (message) => { this.messages = [...this.messages, message]; };
  popMessage = () => { this.messages = this.messages.slice(0, -1); };
  replaceMessage = (index, message) => { this.messages = this.messages.with(index, message); };
  snapshot = (value) => structuredClone(value);
}

const textOf = (message) => (message?.role === "assistant" ? message.parts : [])
  .filter((part) => part.type === "text").map((part) => part.text).join("");

for (const [version, ai] of [[5, ai5], [6, ai6], [7, ai7]]) {
  class Chat extends ai.AbstractChat {
    constructor({ messages = [], ...init }) { super({ ...init, messages, state: new State(messages) }); }
  }
  const transport = (route, init = {}) => new ai.DefaultChatTransport({
    api: `${server.base}/${route}`, headers: { "X-Tenant": "acme" }, ...init,
  });
  const open = (route, init = {}) => {
    const errors = [];
    const chat = new Chat({ transport: transport(route), onError: (error) => { errors.push(error); }, ...init });
    return Object.assign(chat, { errors, answer: () => textOf(chat.messages.at(-1)) });
  };

  describe(`useChat of ai ${version}: faults`, { concurrency: true }, () => {
    for (const fault of faults) {
      it(`${fault.name}: ${fault.sees}`, async () => {
        const chat = open(routeOf(fault));
        await chat.sendMessage({ text: question(fault) });
        if (fault.sees === "whole") {
          assert.equal(chat.status, "ready", chat.error?.message);
          assert.ok(chat.messages.at(-1).metadata.usage.outputTokens > 0);
          assert.equal(Boolean(chat.messages.at(-1).metadata.usage.estimated), fault.name === "no-usage");
        } else {
          assert.equal(chat.status, "error", `${fault.name} looks like success`);
          assert.equal(chat.errors.length, 1);
        }
        if (typeof fault.sees === "number") {
          assert.equal(JSON.parse(chat.error.message).status, fault.sees);
          assert.equal(chat.answer(), "");
          return;
        }
        if (fault.sees === "broken") assert.equal(chat.error.message, fault.message);
        assert.ok(wordsOf(chat.answer()) >= fault.words, chat.answer());
        if (fault.bytes) assert.equal(chat.answer().length, fault.bytes);
      });
    }
  });

  describe(`useChat of ai ${version}`, () => {
    it("reads a message with the SDK's own reader", async () => {
      const stream = await transport("assistant").sendMessages({
        trigger: "submit-message", chatId: "read", messageId: undefined, abortSignal: undefined,
        messages: [{ id: "1", role: "user", parts: [{ type: "text", text: "Hello" }] }],
      });
      let message;
      for await (const next of ai.readUIMessageStream({ stream })) message = next;
      assert.match(message.id, /^gen_/);
      assert.match(textOf(message), /^You asked: "Hello"/);
    });

    it("shows what an answer cost", async () => {
      const chat = open("impatient");
      await chat.sendMessage({ text: "Hello" });
      const { inputTokens, outputTokens, cost } = chat.messages.at(-1).metadata.usage;
      assert.deepEqual(cost, { amount: inputTokens + 2 * outputTokens, currency: "EUR" });
    });

    it("shows a tool that ran as a card with the route's own JSON", async () => {
      const chat = open("assistant");
      await chat.sendMessage({ text: "What is on the dashboard of customer 17?" });
      assert.equal(chat.status, "ready", chat.error?.message);
      const card = chat.messages.at(-1).parts.find((part) => part.type === "dynamic-tool");
      assert.equal(card.toolName, "get_dashboard_id");
      assert.equal(card.state, "output-available");
      const route = await (await fetch(`${server.base}/dashboard/17`, { headers: { "X-Tenant": "acme" } })).json();
      const { parts: _, ...told } = card.output;
      const { parts: __, ...plain } = route;
      assert.deepEqual(told, plain);
      assert.match(chat.answer(), /Here is what I found/);
    });

    it("resumes after a reload, with nothing lost or doubled, and finds nothing to resume later", async () => {
      const id = `reload-${version}`;
      const asked = server.next();
      const page = open("paced", { id });
      const sent = page.sendMessage({ text: "Count" });
      const model = await asked;
      model.say("one ");
      model.say("two ");
      await until("two words are there", () => page.answer() === "one two ");
      const [question] = page.messages;
      await page.stop();
      await sent;

      const reloaded = open("paced", { id, messages: [question] });
      const resumed = reloaded.resumeStream();
      const other = open("paced", { id, messages: [question] });
      const watched = other.resumeStream();
      await until("the words so far are there", () => reloaded.answer() === "one two " && other.answer() === "one two ");
      model.say("three ");
      model.say("four");
      model.end();
      await Promise.all([resumed, watched]);
      for (const chat of [reloaded, other]) {
        assert.equal(chat.status, "ready", chat.error?.message);
        assert.equal(chat.answer(), "one two three four");
        assert.equal(chat.messages.length, 2);
      }

      const late = open("paced", { id, messages: [question] });
      await late.resumeStream();
      assert.equal(late.status, "ready");
      assert.equal(late.messages.length, 1);
    });

    it("takes a stopped answer for one that was stopped, not for an error", async () => {
      const asked = server.next();
      let generation;
      const chat = open("paced", { transport: transport("paced", { fetch: async (...request) => {
        const response = await fetch(...request);
        generation = response.headers.get("atrium-generation");
        return response;
      } }) });
      const sent = chat.sendMessage({ text: "Count" });
      (await asked).say("one ");
      await until("a word is there", () => chat.answer() === "one ");
      const stopped = await fetch(`${server.base}/-/generations/${generation}`, { method: "DELETE", headers: { "X-Tenant": "acme" } });
      assert.equal(stopped.status, 204);
      await sent;
      assert.equal(chat.status, "ready", chat.error?.message);
      assert.equal(chat.answer(), "one ");
      assert.deepEqual(chat.errors, []);
    });
  });
}
