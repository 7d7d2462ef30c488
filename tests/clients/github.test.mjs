// A view over GitHub's published OpenAPI document, served by Prism: real types, answers that are not ours.
import assert from "node:assert/strict";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { answering, atrium, freePort, start, temporaryFolder } from "./harness.mjs";

const run = promisify(execFile);
const spec = path.join(import.meta.dirname, "node_modules/@octokit/openapi/generated/api.github.com.json");
const prism = path.join(import.meta.dirname, "node_modules/.bin/prism");

const api = `
upstreams:
  github: { spec: github, baseUrl: "\${vars.githubUrl}" }
routes:
  GET /projects/{owner}/{repo}:
    steps:
      repo:      { call: github.repos/get, with: { owner: "\${path.owner}", repo: "\${path.repo}" } }
      owner:     { call: github.users/get-by-username, with: { username: "\${repo.owner.login}" } }
      languages: { call: github.repos/list-languages, with: { owner: "\${path.owner}", repo: "\${path.repo}" }, optional: true }
      topics:    { call: github.repos/get-all-topics, with: { owner: "\${path.owner}", repo: "\${path.repo}" }, default: { names: [] } }
    response:
      id: \${repo.id}
      name: \${repo.full_name}
      stars: \${repo.stargazers_count}
      owner: \${repo.owner.login}
      languages: \${languages}
      topics: \${topics.names}
      parts: \${parts}
`;

describe("a view over GitHub's OpenAPI document", () => {
  let config, upstream, server, base;
  before(async () => {
    config = await temporaryFolder();
    const [githubPort, port, adminPort] = [await freePort(), await freePort(), await freePort()];
    for (const kind of ["specs", "apis", "plans", "tenants"]) await mkdir(path.join(config.folder, "config", kind), { recursive: true });
    const write = (name, text) => writeFile(path.join(config.folder, "config", name), text);
    await copyFile(spec, path.join(config.folder, "config/specs/github.json"));
    await write("apis/projects.yaml", api);
    await write("tenants/acme.yaml", `api: projects\nvars: { githubUrl: "http://127.0.0.1:${githubPort}" }\n`);
    upstream = start(process.execPath, [prism, "mock", "--port", String(githubPort), "--host", "127.0.0.1", spec]);
    server = start(atrium, ["serve", "--config", path.join(config.folder, "config"), "--data", path.join(config.folder, "data"),
      "--listen", `127.0.0.1:${port}`, "--admin-listen", `127.0.0.1:${adminPort}`, "--allow-private-upstreams"]);
    base = `http://127.0.0.1:${port}`;
    await Promise.all([answering(`http://127.0.0.1:${githubPort}/zen`, upstream, 90), answering(`${base}/-/readyz`, server)]);
  });
  after(async () => {
    await Promise.all([server?.stop(), upstream?.stop()]);
    await config?.remove();
  });

  it("merges four operations, one fed by another", async () => {
    const response = await fetch(`${base}/projects/octocat/hello-world`, { headers: { "X-Tenant": "acme" } });
    const body = await response.json();
    assert.equal(response.status, 200, JSON.stringify(body) + server.output);
    assert.equal(body.name, "octocat/Hello-World");
    assert.equal(body.owner, "octocat");
    assert.equal(typeof body.id, "number");
    assert.ok(body.languages && typeof body.languages === "object");
    assert.ok(Array.isArray(body.topics));
    assert.deepEqual(Object.keys(body.parts).sort(), ["languages", "owner", "repo", "topics"]);
    assert.match(response.headers.get("atrium-parts"), /repo=ok;ms=\d+, owner=ok;ms=\d+/);
  });

  it("finds a misspelled field of GitHub's types when the folder is checked", async () => {
    const folder = path.join(config.folder, "broken");
    for (const kind of ["specs", "apis", "tenants"]) await mkdir(path.join(folder, kind), { recursive: true });
    await copyFile(spec, path.join(folder, "specs/github.json"));
    await copyFile(path.join(config.folder, "config/tenants/acme.yaml"), path.join(folder, "tenants/acme.yaml"));
    const text = await readFile(path.join(config.folder, "config/apis/projects.yaml"), "utf8");
    await writeFile(path.join(folder, "apis/projects.yaml"), text.replace("repo.stargazers_count", "repo.stargazer_count"));
    await assert.rejects(run(atrium, ["check", folder]), (err) => {
      assert.equal(err.code, 1);
      assert.match(err.stdout + err.stderr, /apis\/projects\.yaml:\d+:\d+: .*stargazer_count.*stargazers_count/);
      return true;
    });
  });
});
