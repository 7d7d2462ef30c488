// Types flow from the upstreams' documents to a frontend: its client is generated from the tenant's OpenAPI document, and
// TypeScript finds what is wrong.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { demo, temporaryFolder } from "./harness.mjs";

const here = import.meta.dirname;

describe("a tenant's OpenAPI document", () => {
  let server, temp;
  before(async () => {
    [server, temp] = await Promise.all([demo(), temporaryFolder()]);
    await symlink(path.join(here, "node_modules"), path.join(temp.folder, "node_modules"));
    const response = await fetch(`${server.base}/-/openapi.json`, { headers: { "X-Tenant": "acme" } });
    assert.equal(response.status, 200);
    await writeFile(path.join(temp.folder, "openapi.json"), await response.text());
    await writeFile(path.join(temp.folder, "package.json"), `{"type":"module"}`);
    for (const name of ["frontend.ts", "wrong.ts"]) await copyFile(path.join(here, "typescript", name), path.join(temp.folder, name));
    const generated = await tool("openapi-typescript", "openapi.json", "-o", "api.d.ts");
    assert.equal(generated.code, 0, generated.output);
  });
  after(async () => {
    await server?.stop();
    await temp?.remove();
  });

  // Runs a tool of node_modules in the temporary folder.
  const tool = (name, ...args) => new Promise((resolve) => {
    execFile(path.join(here, "node_modules/.bin", name), args,
      { cwd: temp.folder, timeout: 60000, env: { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" } },
      (error, stdout, stderr) => resolve({ code: error?.code ?? 0, output: stdout + stderr }));
  });

  const compile = async (file) => {
    const compilerOptions = { strict: true, target: "es2022", module: "nodenext", lib: ["es2022", "dom", "dom.iterable"], types: [] };
    await writeFile(path.join(temp.folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: [file] }));
    return tool("tsc", "--project", ".");
  };

  it("has no error for Redocly's linter", async () => {
    await writeFile(path.join(temp.folder, "redocly.yaml"), "extends: [recommended]\nrules: { info-license: off }\n");
    const { code, output } = await tool("redocly", "lint", "openapi.json", "--format", "codeframe");
    assert.equal(code, 0, output);
    assert.match(output, /is valid/);
    assert.doesNotMatch(output, /You have \d+ warning/);
  });

  it("has the admin API's document lint too", async () => {
    const response = await fetch(`${server.admin}/admin/v1/openapi.json`, { headers: { Authorization: `Bearer ${server.token}` } });
    await writeFile(path.join(temp.folder, "admin.json"), await response.text());
    const { code, output } = await tool("redocly", "lint", "admin.json", "--extends", "minimal");
    assert.equal(code, 0, output);
  });

  it("gives a frontend a client that compiles and works", async () => {
    const { code, output } = await compile("frontend.ts");
    assert.equal(code, 0, output);
    const frontend = await import(pathToFileURL(path.join(temp.folder, "frontend.js")).href);
    const client = frontend.connect(server.base, { "X-Tenant": "acme", "X-API-Key": "demo-customer-acme" });
    assert.match(await frontend.summary(client, "17"), /^[A-Z]\w+ .*: \d+ orders, \d+ offers, orders ok$/);
    assert.equal((await frontend.customers(client, 3)).length, 3);
    assert.equal((await frontend.order(client, "17", "SKU-1001")).status, 201);
    await assert.rejects(frontend.summary(client, "does-not-exist"), /not-found/);
  });

  it("lets a frontend that is wrong not compile, and TypeScript says where", async () => {
    const { code, output } = await compile("wrong.ts");
    assert.notEqual(code, 0);
    assert.match(output, /wrong\.ts\(8,.*'recentOrdrs' does not exist.*Did you mean 'recentOrders'/);
    assert.match(output, /wrong\.ts\(9,.*possibly 'null'/);
    assert.match(output, /wrong\.ts\(10,.*'string' is not assignable to type 'number/);
    assert.match(output, /wrong\.ts\(11,/);
    assert.match(output, /wrong\.ts\(12,[^]*'items' is missing/);
    assert.doesNotMatch(output, /api\.d\.ts\(|node_modules/);
  });
});
