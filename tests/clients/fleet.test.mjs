// A generation belongs to no replica: two of the built binary in front of one real redis-server show and stop each other's.
import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { until } from "./chat.mjs";
import { answering, atrium, freePort, start, temporaryFolder } from "./harness.mjs";

describe("a generation and two replicas", () => {
  let folder, redis, upstreams, replicas;

  before(async () => {
    folder = await temporaryFolder();
    const [redisPort, upstreamsPort] = [await freePort(), await freePort()];
    redis = start("redis-server", ["--port", String(redisPort), "--bind", "127.0.0.1", "--save", "", "--dir", folder.folder]);
    const config = path.join(folder.folder, "config");
    upstreams = start(atrium, ["demo", "--upstreams-only", "--upstreams-listen", `127.0.0.1:${upstreamsPort}`, "--write-config", config]);
    await answering(`http://127.0.0.1:${upstreamsPort}/site/`, upstreams);
    replicas = await Promise.all([1, 2].map(async (n) => {
      const own = path.join(folder.folder, `config-${n}`);
      await cp(config, own, { recursive: true });
      const [port, adminPort] = [await freePort(), await freePort()];
      const program = start(atrium, ["serve", "--config", own, "--data", path.join(folder.folder, `data-${n}`),
        "--listen", `127.0.0.1:${port}`, "--admin-listen", `127.0.0.1:${adminPort}`, "--admin-token", "t",
        "--redis", `redis://127.0.0.1:${redisPort}/0`, "--allow-private-upstreams", "--drain", "1s"]);
      await answering(`http://127.0.0.1:${port}/-/readyz`, program);
      return { base: `http://127.0.0.1:${port}`, program };
    }));
  });
  after(async () => {
    await Promise.all([...(replicas ?? []).map((r) => r.program.stop()), upstreams?.stop(), redis?.stop()]);
    await folder?.remove();
  });

  const headers = { "X-Tenant": "acme" };
  const get = (id, more = {}) => fetch(`${replicas[1].base}/-/generations/${id}`, { headers: { ...headers, ...more } });

  it("is resumed on the other, and stopped from there", async () => {
    const first = await fetch(`${replicas[0].base}/assistant?dialect=text`, {
      method: "POST", headers, body: JSON.stringify({ messages: [{ role: "user", content: "Hello [fault stall]" }] }),
    });
    const id = first.headers.get("atrium-generation");
    await until("the other replica has both words", async () => {
      const response = await get(id, { Accept: "application/json" });
      return response.ok && (await response.json()).content.trim().split(" ").length === 2;
    });
    const second = await get(id, { "Last-Event-ID": "1" });
    assert.equal(second.status, 200);
    assert.equal((await fetch(`${replicas[1].base}/-/generations/${id}`, { headers: { "X-Tenant": "globex" } })).status, 404);
    const stopped = await fetch(`${replicas[1].base}/-/generations/${id}`, { method: "DELETE", headers });
    assert.equal(stopped.status, 204);
    const [here, there] = await Promise.all([first.text(), second.text()]);
    assert.match(here, /"code":"stopped"/);
    assert.ok(there.length > 0 && here.endsWith(there) && there.startsWith("id: 2\n"), `here\n${here}\nthere\n${there}`);
  });
});
