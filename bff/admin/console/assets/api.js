// Calls the admin API with the token of this tab.

const key = "atrium-admin-token";

export const session = {
  get token() { return sessionStorage.getItem(key) ?? ""; },
  start(token) { sessionStorage.setItem(key, token); },
  end() { sessionStorage.removeItem(key); },
};

// A Problem is an answer other than 2xx: RFC 9457, or as much of it as came.
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `The server answered ${status}.`);
    this.status = status;
    this.code = body.code ?? "";
    this.errors = Array.isArray(body.errors) ? body.errors : [];
  }
}

// call sends a request and returns the response when it is 2xx; otherwise it throws a Problem.
export async function call(path, { token = session.token, headers = {}, ...options } = {}) {
  let response;
  try {
    response = await fetch(`admin/v1/${path}`, {
      ...options, headers: { Authorization: `Bearer ${token}`, ...headers }, cache: "no-store", redirect: "error",
    });
  } catch (cause) {
    if (cause.name === "AbortError") throw cause;
    throw new Problem(0, { detail: "The server cannot be reached." });
  }
  if (response.ok) return response;
  const body = await response.json().catch(() => ({}));
  throw new Problem(response.status, body ?? {});
}

export async function json(path, options) {
  return (await call(path, options)).json();
}

// query builds "?a=1&b=2" from what is set.
export function query(values) {
  const set = Object.entries(values).filter(([, v]) => v !== "" && v !== null && v !== undefined);
  return set.length ? `?${new URLSearchParams(set)}` : "";
}

// all reads every page of a list, at most so many items.
export async function all(path, options, most = 2000) {
  const items = [];
  for (let cursor = ""; ;) {
    const page = await json(path + query({ limit: 500, cursor }), options);
    items.push(...page.items);
    cursor = page.next ?? "";
    if (!cursor || items.length >= most) return items;
  }
}
