// Browser sign-in of the built binary, two replicas and a Redis, against oidc-provider, a certified OpenID Connect provider.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import http from "node:http";
import { createRequire } from "node:module";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { Provider } from "oidc-provider";
import { answering, atrium, freePort, start, temporaryFolder } from "./harness.mjs";

const secret = "a-secret-of-the-client-that-is-long-enough";
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// A browser with cookies by host name; requests go to a port of the loopback whatever the name.
class Browser {
  jars = new Map();

  async send(method, url, { port, headers = {}, form } = {}) {
    const { hostname, host, port: named, pathname, search } = new URL(url);
    const jar = this.jars.get(hostname) ?? new Map();
    this.jars.set(hostname, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const request = http.request({
      host: "127.0.0.1", port: port ?? named, method, path: pathname + search, agent: false,
      headers: {
        Host: host, ...(cookie && { Cookie: cookie }), ...(form && { "Content-Type": "application/x-www-form-urlencoded" }), ...headers,
      },
    });
    request.setTimeout(15000, () => request.destroy(new Error(`${method} ${url} takes too long`)));
    request.end(form && new URLSearchParams(form).toString());
    const [response] = await once(request, "response");
    let body = "";
    for await (const chunk of response.setEncoding("utf8")) body += chunk;
    for (const line of response.headers["set-cookie"] ?? []) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (value === "" || /max-age=0|expires=Thu, 01 Jan 1970/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    const { location } = response.headers;
    return { status: response.statusCode, headers: response.headers, body, location: location && new URL(location, url).href };
  }
}

describe("browser sign-in", () => {
  let folder, redis, provider, issuer, upstream, replicas, site;
  const refreshes = [], issued = [];
  let orders = 0;

  before(async () => {
    folder = await temporaryFolder();
    const ports = await Promise.all(Array.from({ length: 7 }, freePort));
    const [issuerPort, upstreamPort, redisPort, ...listen] = ports;
    site = `http://acme.localhost:${listen[0]}`;
    provider = new Provider(`http://127.0.0.1:${issuerPort}`, {
      clients: [{
        client_id: "web", client_secret: secret, grant_types: ["authorization_code", "refresh_token"],
        redirect_uris: [`${site}/-/auth/callback`],
      }],
      claims: { openid: ["sub", "roles"] }, conformIdTokenClaims: false, cookies: { keys: ["only of a test"] },
      findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId, roles: ["customer"] }) }),
      features: { devInteractions: { enabled: true }, revocation: { enabled: true } },
      pkce: { required: () => true }, rotateRefreshToken: true,
      ttl: { AccessToken: 16, AuthorizationCode: 60, Grant: 600, IdToken: 60, Interaction: 600, RefreshToken: 600, Session: 600 },
    });
    provider.on("grant.success", (ctx) => { if (ctx.oidc.params.grant_type === "refresh_token") refreshes.push(1); });
    provider.on("refresh_token.saved", (token) => issued.push(token.jti));
    issuer = http.createServer(provider.callback()).listen(issuerPort, "127.0.0.1");
    upstream = http.createServer(async (request, response) => {
      if (request.method === "POST") orders++;
      const token = (request.headers.authorization ?? "").replace(/^Bearer /, "");
      const found = token && await provider.AccessToken.find(token);
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify({ user: (found && found.accountId) || "nobody", cookie: request.headers.cookie ?? "" }));
    }).listen(upstreamPort, "127.0.0.1");
    redis = start("redis-server", ["--port", String(redisPort), "--bind", "127.0.0.1", "--save", "", "--dir", folder.folder]);
    const config = path.join(folder.folder, "config");
    await mkdir(path.join(config, "apis"), { recursive: true });
    await mkdir(path.join(config, "tenants"));
    await writeFile(path.join(config, "apis/shop.yaml"), `
auth: { required: true, roles: [customer] }
upstreams:
  shop: { baseUrl: "http://127.0.0.1:${upstreamPort}", forward: [Authorization, Cookie], operations: { who: GET /who, order: POST /orders } }
routes:
  GET /who: { steps: { a: { call: shop.who } }, response: { id: "\${user.id}", upstream: "\${a}" } }
  POST /orders: { steps: { a: { call: shop.order } }, response: { id: "\${user.id}" } }
`);
    for (const tenant of ["acme", "globex"]) {
      await writeFile(path.join(config, `tenants/${tenant}.yaml`), `
api: shop
secrets: { oidc: { value: "${secret}" } }
auth: { session: { issuer: "http://127.0.0.1:${issuerPort}", clientId: web, clientSecret: "\${secrets.oidc}", scopes: [offline_access] } }
`);
    }
    replicas = await Promise.all([0, 1].map(async (n) => {
      const program = start(atrium, ["serve", "--config", config, "--data", path.join(folder.folder, `data-${n}`),
        "--listen", `127.0.0.1:${listen[n]}`, "--admin-listen", `127.0.0.1:${listen[2 + n]}`, "--admin-token", "client-tests-token",
        "--redis", `redis://127.0.0.1:${redisPort}/0?timeout=2s&dialTimeout=2s`, "--allow-private-upstreams", "--drain", "1s"]);
      await answering(`http://127.0.0.1:${listen[n]}/-/readyz`, program);
      return { port: listen[n], program };
    }));
  });
  after(async () => {
    await Promise.all([...(replicas ?? []).map((r) => r.program.stop()), redis?.stop()]);
    for (const server of [issuer, upstream]) {
      server?.closeAllConnections();
      server?.close();
    }
    await folder?.remove();
  });

  // Signs in as a person would: the forms of the provider, one for the name and one for the consent.
  async function signIn(browser, returnTo = "/who") {
    let answer = await browser.send("GET", `${site}/-/auth/login?returnTo=${encodeURIComponent(returnTo)}`, { port: replicas[0].port });
    assert.equal(answer.status, 303, answer.body);
    for (let steps = 0; steps < 12 && answer.location && !answer.location.startsWith(`${site}/`); steps++) {
      answer = await browser.send("GET", answer.location);
      const form = /action="([^"]+)"/.exec(answer.body);
      if (answer.status === 200 && form) {
        const prompt = /name="prompt" value="([^"]+)"/.exec(answer.body)[1];
        answer = await browser.send("POST", form[1], { form: { prompt, login: "user-17", password: "any" } });
      }
    }
    assert.ok(answer.location?.startsWith(`${site}/-/auth/callback?`), `${answer.status} ${answer.location} ${answer.body}`);
    const callback = answer.location;
    answer = await browser.send("GET", callback, { port: replicas[1].port }); // the other replica knows of it
    assert.equal(answer.status, 303, answer.body);
    assert.equal(answer.location, site + returnTo);
    return callback;
  }
  const who = (browser, n = 0) => browser.send("GET", `${site}/who`, { port: replicas[n].port });

  it("signs in, and every replica knows who it is", async () => {
    const browser = new Browser();
    assert.equal((await who(browser)).status, 401);
    const callback = await signIn(browser);
    for (const n of [0, 1]) {
      const answer = await who(browser, n);
      assert.equal(answer.status, 200, answer.body);
      assert.deepEqual(JSON.parse(answer.body), { id: "user-17", upstream: { user: "user-17", cookie: "" } });
    }
    const me = await browser.send("GET", `${site}/-/auth/me`);
    assert.equal(me.status, 200, me.body);
    const { id, roles, claims } = JSON.parse(me.body);
    assert.deepEqual([id, roles, claims.nonce], ["user-17", ["customer"], undefined]);
    const cookies = [...browser.jars.get("acme.localhost")];
    assert.ok(cookies.every(([name]) => name.startsWith("__Host-")), `${cookies}`);
    assert.ok(!JSON.stringify([cookies, me.body]).includes(issued.at(-1)), "a token reached the browser");

    assert.equal((await browser.send("GET", callback)).status, 400, "a callback counts twice");
    const thief = new Browser();
    thief.jars.set("globex.localhost", browser.jars.get("acme.localhost"));
    const elsewhere = await thief.send("GET", `http://globex.localhost:${replicas[0].port}/who`);
    assert.equal(elsewhere.status, 401, "a cookie counts at another tenant");
  });

  it("refuses what the page of another site sends, and signs out", async () => {
    const browser = new Browser();
    await signIn(browser);
    const forged = { headers: { "Sec-Fetch-Site": "same-site", Origin: "http://globex.localhost" } };
    for (const target of ["/orders", "/-/auth/logout"]) {
      const answer = await browser.send("POST", site + target, forged);
      assert.equal(answer.status, 403, answer.body);
    }
    const own = { headers: { "Sec-Fetch-Site": "same-origin", Origin: site } };
    assert.equal((await browser.send("POST", `${site}/orders`, own)).status, 200);
    const kept = new Map(browser.jars.get("acme.localhost"));
    assert.equal((await browser.send("POST", `${site}/-/auth/logout`, own)).status, 204);
    browser.jars.set("acme.localhost", kept);
    for (const n of [0, 1]) assert.equal((await who(browser, n)).status, 401, "a cookie outlived its session");
    assert.equal(await provider.RefreshToken.find(issued.at(-1)), undefined, "the refresh token is still good");
  });

  it("refreshes once for many requests at two replicas, and ends when a refresh token is used twice", async () => {
    const browser = new Browser();
    await signIn(browser);
    const first = issued.at(-1), before = refreshes.length;
    await sleep(1500); // tokens last 16 s and are renewed 15 s before their end
    const answers = await Promise.all(Array.from({ length: 24 }, (_, i) => who(browser, i % 2)));
    for (const answer of answers) {
      assert.equal(answer.status, 200, answer.body);
      assert.equal(JSON.parse(answer.body).upstream.user, "user-17", "the upstream got no good token");
    }
    const many = refreshes.length - before;
    assert.ok(many >= 1 && many <= 2, `${many} refreshes`); // on a slow machine the second may be due before the last has asked
    assert.notEqual(issued.at(-1), first, "the refresh token did not change");

    const stolen = await fetch(`${provider.issuer}/token`, {
      method: "POST", headers: { Authorization: `Basic ${btoa(`web:${secret}`)}` },
      body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: first }),
    });
    assert.equal((await stolen.json()).error, "invalid_grant");
    await sleep(1500);
    for (const n of [0, 1]) assert.equal((await who(browser, n)).status, 401, "the session outlived its tokens");
  });

  it("holds in a browser: its cookies, and what a sibling's page may not do with them", async () => {
    const { chromium } = createRequire(new URL("../browser/package.json", import.meta.url))("playwright-core");
    const browser = await chromium.launch({ executablePath: process.env.CHROMIUM_BIN ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
    try {
      const page = await browser.newPage();
      await page.goto(`${site}/-/auth/login?returnTo=${encodeURIComponent("/who?from=login")}`);
      await page.fill("[name=login]", "user-17");
      await page.fill("[name=password]", "any");
      await page.click("[type=submit]");
      await page.click("[type=submit]:has-text('Continue')");
      await page.waitForURL(`${site}/who?from=login`);
      assert.equal(JSON.parse(await page.textContent("body")).id, "user-17");
      assert.equal(await page.evaluate("document.cookie"), "", "a script can read a cookie of ours");

      const post = `fetch("${site}/orders", { method: "POST", mode: "no-cors", credentials: "include" }).then(() => 1)`;
      const before = orders;
      await page.goto(`http://globex.localhost:${replicas[0].port}/-/openapi.json`);
      await page.evaluate(post);
      assert.equal(orders, before, "a sibling's page ordered for its visitor");
      await page.goto(`${site}/who`);
      await page.evaluate(post);
      assert.equal(orders, before + 1, "its own page may not order");
    } finally {
      await browser.close();
    }
  });
});
