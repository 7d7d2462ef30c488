// A form to call a route, and its answer as it arrives.
import { el, nameOf, resolve } from "./schema.js";

const shownHeaders = ["content-type", "cache-status", "age", "etag", "atrium-parts", "atrium-generation", "ratelimit", "retry-after", "location"];

// form makes the form of an operation. credential gives the API key, "" when there is none.
export function form(api, path, method, op, credential) {
  const fields = [];
  const inputs = (op.parameters ?? []).map((p) => resolve(api, p)).map((p) => {
    const schema = resolve(api, p.schema);
    const input = el("input", { name: p.name, required: p.required, placeholder: schema.default ?? "", autocomplete: "off" });
    if (p.in === "path" && schema.type !== "integer") input.value = "";
    fields.push({ ...p, input });
    return el("label", {},
      el("span", {}, el("b", {}, p.name), el("span", { class: "dim" }, ` ${p.in}, ${nameOf(api, p.schema)}${p.required ? "" : ", optional"}`)),
      input, p.description ? el("span", { class: "dim" }, p.description) : null);
  });
  const [mediaType, media] = Object.entries(op.requestBody?.content ?? {})[0] ?? [];
  let body;
  if (mediaType) {
    body = el("textarea", { spellcheck: "false", "aria-label": "Body" });
    body.value = media.example === undefined ? "" : JSON.stringify(media.example, null, 2);
    inputs.push(el("label", {}, el("span", {}, el("b", {}, "body"), el("span", { class: "dim" }, ` ${mediaType}`)), body));
  }
  const answer = el("div", { class: "answer", "aria-live": "polite" });
  const stop = el("button", { type: "button", class: "stop", hidden: true }, "Stop");
  const send = el("button", { type: "submit" }, "Send");
  const submit = async (event) => {
    event.preventDefault();
    const ending = new AbortController();
    stop.onclick = () => ending.abort();
    send.disabled = true;
    stop.hidden = false;
    try {
      await call(answer, request(path, method, fields, mediaType, body?.value, credential(), ending.signal));
    } catch (cause) {
      answer.append(el("p", { class: "status bad" }, ending.signal.aborted ? "Stopped." : `No answer: ${cause.message}`));
    } finally {
      send.disabled = false;
      stop.hidden = true;
    }
  };
  return el("form", { onsubmit: submit }, ...inputs, el("div", { class: "row" }, send, stop), answer);
}

function request(path, method, fields, mediaType, body, key, signal) {
  const query = new URLSearchParams();
  const headers = {};
  for (const { name, in: place, input } of fields) {
    if (input.value === "") continue;
    if (place === "query") query.append(name, input.value);
    else if (place === "header") headers[name] = input.value;
    else path = path.replace(`{${name}}`, input.value.split("/").map(encodeURIComponent).join("/"));
  }
  if (mediaType && body) headers["Content-Type"] = mediaType.includes("*") ? "text/plain" : mediaType;
  if (key) headers["X-API-Key"] = key;
  const url = path + (query.size ? `?${query}` : "");
  return { url, options: { method: method.toUpperCase(), headers, body: mediaType && body ? body : undefined, signal, redirect: "manual" } };
}

async function call(answer, { url, options }) {
  const started = performance.now();
  answer.replaceChildren(el("p", { class: "dim" }, `${options.method} ${url}`));
  const response = await fetch(url, options);
  const took = Math.round(performance.now() - started);
  const headers = shownHeaders.filter((name) => response.headers.has(name)).map((name) => `${name}: ${response.headers.get(name)}`);
  const text = el("pre", { tabindex: "0" });
  answer.append(
    el("p", { class: response.ok ? "status" : "status bad" }, `${response.status} ${response.statusText}, ${took} ms`),
    el("pre", {}, headers.join("\n")), text);
  const type = response.headers.get("content-type") ?? "";
  if (type.includes("event-stream") && response.body) {
    for await (const piece of pieces(response.body)) text.append(piece);
    return;
  }
  if (!/json|text|xml|javascript/.test(type)) {
    text.append(`${(await response.arrayBuffer()).byteLength} bytes of ${type || "no type"}`);
    return;
  }
  const body = await response.text();
  text.append(type.includes("json") ? pretty(body) : body.slice(0, 200_000));
}

async function* pieces(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
}

// pretty indents JSON without decoding it, so that numbers keep every digit.
function pretty(json) {
  let depth = 0;
  return json.replace(/("(?:[^"\\]|\\.)*")|\s+|\{\s*\}|\[\s*\]|[{}[\],:]/g, (token, text) => {
    if (text) return text;
    if (/^\s/.test(token)) return "";
    if (token.length > 1) return token.replace(/\s/g, "");
    if (token === "{" || token === "[") return `${token}\n${"  ".repeat(++depth)}`;
    if (token === "}" || token === "]") return `\n${"  ".repeat(--depth)}${token}`;
    return token === "," ? `,\n${"  ".repeat(depth)}` : ": ";
  });
}
