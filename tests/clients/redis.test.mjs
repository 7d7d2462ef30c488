// Two replicas of the built binary in front of one real redis-server: what one keeps, counts and purges, the other knows.
import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { answering, atrium, freePort, start, temporaryFolder } from "./harness.mjs";

const token = "client-tests-token";

describe("two replicas and a Redis", () => {
  let folder, redis, upstreams, replicas, redisPort;

  const startRedis = () => start("redis-server", ["--port", String(redisPort), "--bind", "127.0.0.1", "--save", "", "--dir", folder.folder]);

  before(async () => {
    folder = await temporaryFolder();
    redisPort = await freePort();
    const upstreamsPort = await freePort();
    redis = startRedis();
    const config = path.join(folder.folder, "config");
    upstreams = start(atrium, ["demo", "--upstreams-only", "--upstreams-listen", `127.0.0.1:${upstreamsPort}`, "--write-config", config]);
    await answering(`http://127.0.0.1:${upstreamsPort}/site/`, upstreams);
    replicas = await Promise.all([1, 2].map(async (n) => {
      const own = path.join(folder.folder, `config-${n}`);
      await cp(config, own, { recursive: true });
      const [port, adminPort] = [await freePort(), await freePort()];
      const program = start(atrium, ["serve", "--config", own, "--data", path.join(folder.folder, `data-${n}`),
        "--listen", `127.0.0.1:${port}`, "--admin-listen", `127.0.0.1:${adminPort}`, "--admin-token", token,
        "--redis", `redis://127.0.0.1:${redisPort}/0`, "--allow-private-upstreams", "--drain", "1s"]);
      await answering(`http://127.0.0.1:${port}/-/readyz`, program);
      return { base: `http://127.0.0.1:${port}`, admin: `http://127.0.0.1:${adminPort}`, program };
    }));
  });
  after(async () => {
    await Promise.all([...(replicas ?? []).map((r) => r.program.stop()), upstreams?.stop(), redis?.stop()]);
    await folder?.remove();
  });

  const get = (replica, target, tenant = "acme") => fetch(replica.base + target, { headers: { "X-Tenant": tenant } });
  const within = async (seconds, what, condition) => {
    for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
      if (await condition()) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.fail(`not within ${seconds} s: ${what}`);
  };

  it("share what they keep, each tenant its own", async () => {
    const first = await get(replicas[0], "/dashboard/21");
    assert.match(first.headers.get("cache-status"), /fwd=uri-miss/);
    const body = await first.text();
    await within(2, "the other replica has it", async () => {
      const second = await get(replicas[1], "/dashboard/21");
      const same = /; hit/.test(second.headers.get("cache-status")) && (await second.text()) === body;
      return same;
    });
    const other = await get(replicas[1], "/dashboard/21", "globex");
    assert.match(other.headers.get("cache-status"), /fwd=uri-miss/);
    assert.ok(!(await other.text()).includes("Acme"));
  });

  it("purge for each other within a second", async () => {
    await get(replicas[0], "/dashboard/22");
    await within(2, "both keep it", async () => /; hit/.test((await get(replicas[1], "/dashboard/22")).headers.get("cache-status")));
    const purged = await fetch(`${replicas[0].admin}/admin/v1/tenants/acme/purge`, {
      method: "POST", headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" }, body: JSON.stringify({ tags: ["customer:22"] }),
    });
    assert.equal(purged.status, 200, await purged.text());
    assert.doesNotMatch((await get(replicas[0], "/dashboard/22")).headers.get("cache-status"), /; hit/);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const elsewhere = await get(replicas[1], "/dashboard/22");
    assert.ok(Number(elsewhere.headers.get("age") ?? 0) <= 1, `age ${elsewhere.headers.get("age")}`);
  });

  it("count together", async () => {
    const limits = [];
    for (let i = 0; i < 6; i++) {
      const response = await get(replicas[i % 2], "/brand", "globex");
      limits.push(Number(/"client";r=(\d+)/.exec(response.headers.get("ratelimit"))[1]));
    }
    for (let i = 1; i < limits.length; i++) assert.equal(limits[i], limits[i - 1] - 1, `remaining: ${limits}`);
    let refused;
    for (let i = 0; i < 40 && !refused; i++) {
      const response = await get(replicas[i % 2], "/brand", "globex");
      if (response.status === 429) refused = response;
    }
    assert.ok(refused, "30 a minute and 46 requests: none was refused");
    const problem = await refused.json();
    assert.equal(problem.code, "limit-client");
    assert.ok(Number(refused.headers.get("retry-after")) > 0);
    assert.equal((await get(replicas[0], "/brand", "acme")).status, 200, "another tenant pays for it");
  });

  it("serve on without Redis, say so, and find it again", async () => {
    await redis.stop();
    for (let i = 0; i < 20; i++) {
      const response = await get(replicas[i % 2], `/dashboard/${30 + i}`);
      const body = await response.text();
      assert.equal(response.status, 200, body);
    }
    await within(5, "readyz tells", async () => {
      const ready = await fetch(`${replicas[0].base}/-/readyz`);
      return ready.status === 200 && (await ready.json()).degraded?.includes("redis");
    });
    redis = startRedis();
    await within(10, "readyz is well again", async () => (await (await fetch(`${replicas[0].base}/-/readyz`)).json()).status === "ready");
  });
});
