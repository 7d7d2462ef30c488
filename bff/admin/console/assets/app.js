// Starts the page: asks for the token where there is none, and shows the view that the address names.
import { call, session } from "./api.js";
import { fill, h, link, say } from "./dom.js";
import { documents } from "./documents.js";
import { status } from "./status.js";
import { trace } from "./trace.js";
import { traces } from "./traces.js";

// The views by the first word of the address: #/traces, #/traces/ID, #/documents/KIND/NAME, #/status.
const views = {
  traces: { title: "Traces", show: (main, context) => (context.path[0] ? trace : traces)(main, context) },
  documents: { title: "Documents", show: documents },
  status: { title: "Status", show: status },
};

const main = document.getElementById("main");
const top = document.getElementById("top");
let leaving = new AbortController(); // ends what the view before has under way

function route() {
  const [address, search = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, ...path] = address.split("/").map(decodeURIComponent);
  return { name: views[name] ? name : "traces", path: views[name] ? path : [], search: new URLSearchParams(search) };
}

async function show() {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  if (!session.token) return login();
  const { name, path, search } = route();
  document.title = `${views[name].title} · Atrium console`;
  header(name);
  try {
    await views[name].show(main, { path, search, signal, failed });
  } catch (problem) {
    failed(problem);
  }
}

// failed shows what went wrong; a token that is no longer right leads back to the question for it.
function failed(problem) {
  if (problem.name === "AbortError") return;
  if (problem.status === 401) {
    session.end();
    login("The token is not, or no longer, right.");
    return;
  }
  fill(main, h("div", { class: "notice bad", role: "alert" }, problem.message));
}

function header(current) {
  const tabs = Object.entries(views).map(([name, { title }]) =>
    link(`/${name}`, { "aria-current": name === current ? "page" : null }, title));
  const out = h("button", { class: "quiet", type: "button", onclick: signOut }, "Sign out");
  fill(top, link("/traces", { class: "brand" }, h("img", { src: "console/icon.svg", alt: "", width: 24, height: 24 }), "Atrium"),
    h("nav", { "aria-label": "Views" }, tabs), out);
}

function signOut() {
  session.end();
  show();
}

function login(message = "") {
  document.title = "Sign in · Atrium console";
  fill(top);
  const token = h("input", {
    id: "token", type: "password", autocomplete: "current-password", required: true, spellcheck: "false",
  });
  const notice = h("p", { class: "error", role: "alert" }, message);
  const enter = h("button", { type: "submit", class: "primary" }, "Open the console");
  const submit = async (event) => {
    event.preventDefault();
    enter.disabled = true;
    try {
      await call("status", { token: token.value.trim() });
      session.start(token.value.trim());
      say("Signed in.");
      await show();
    } catch (problem) {
      fill(notice, problem.status === 401 ? "This is not the admin token." : problem.message);
      enter.disabled = false;
      token.select();
    }
  };
  fill(main, h("form", { class: "login", onsubmit: submit },
    h("img", { src: "console/icon.svg", alt: "", width: 48, height: 48 }),
    h("h1", {}, "Atrium console"),
    h("label", { for: "token" }, "Admin token"), token, notice, enter,
    h("p", { class: "hint" }, "Where it is: the server prints the path of its token file when it starts. ",
      "The token stays in this tab.")));
  token.focus();
}

addEventListener("hashchange", show);
show();
