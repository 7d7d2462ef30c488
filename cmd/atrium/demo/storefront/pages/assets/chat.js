// The assistant: sends the conversation to POST /assistant and shows the answer as it streams.
import { fill, h } from "./dom.js";
import { events } from "./sse.js";

const ideas = ["What have I ordered lately?", "What do you sell?", "Tell me a story [fault error@3]"];

export function chat(element, { customer }) {
  const messages = [];
  const log = h("div", { class: "log", role: "log", "aria-live": "polite" });
  const text = h("textarea", { rows: "2", maxlength: "2000", placeholder: "Ask something", "aria-label": "Your message" });
  const send = h("button", { class: "primary", type: "submit" }, "Send");
  const stop = h("button", { type: "button", class: "stop", hidden: true }, "Stop");
  const hints = h("div", { class: "ideas" }, ideas.map((idea) => h("button", { type: "button", onclick: () => ask(idea) }, idea)));
  const form = h("form", { onsubmit: (event) => { event.preventDefault(); ask(text.value.trim()); } },
    text, h("div", { class: "actions" }, stop, send));
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  fill(element, h("h2", {}, "Assistant"), log, hints, form);

  async function ask(question) {
    if (!question || send.disabled) return;
    hints.remove();
    text.value = "";
    add(log, "you", question);
    const answer = add(log, "them", "");
    answer.classList.add("waiting");
    const abort = new AbortController();
    stop.onclick = () => abort.abort();
    send.disabled = true;
    stop.hidden = false;
    // A question about the customer says who that is, as nobody signs in here; the model's tools ask the same routes.
    const personal = /\b(order|my|mine|account)/i.test(question) && customer();
    messages.push({ role: "user", content: personal ? `${question} (I am customer ${customer()}.)` : question });
    try {
      const content = await stream(messages, answer, abort.signal);
      messages.push({ role: "assistant", content });
      answer.dataset.state = "done";
    } catch (error) {
      messages.pop();
      answer.dataset.state = "failed";
      answer.append(h("p", { class: "error" }, error.name === "AbortError" ? "Stopped." : error.message));
    }
    answer.classList.remove("waiting");
    send.disabled = false;
    stop.hidden = true;
    text.focus();
  }
}

// stream sends the messages and shows the answer's words; it returns the whole answer, or throws.
async function stream(messages, answer, signal) {
  const response = await fetch("/assistant?dialect=text", {
    method: "POST", signal, body: JSON.stringify({ messages }),
    headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
  });
  if (!response.ok) {
    const problem = await response.json().catch(() => ({}));
    throw new Error(problem.detail || problem.title || `The assistant answered ${response.status}.`);
  }
  answer.title = `generation ${response.headers.get("Atrium-Generation") ?? "unknown"}`;
  const words = document.createTextNode("");
  answer.append(words);
  for await (const { event, data } of events(response.body)) {
    if (event === "error") throw new Error(JSON.parse(data).error?.message ?? "The answer broke off.");
    if (data === "[DONE]") return words.data;
    if (event !== "message") continue;
    words.data += JSON.parse(data).content ?? "";
    answer.parentElement.scrollTop = answer.parentElement.scrollHeight;
  }
  throw new Error("The answer broke off."); // a stream that ends without [DONE] has not ended well
}

function add(log, who, content) {
  const bubble = h("div", { class: `bubble ${who}` }, content);
  log.append(bubble);
  log.scrollTop = log.scrollHeight;
  return bubble;
}
