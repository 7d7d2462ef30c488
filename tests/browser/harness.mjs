// Starts the built binary's demo and a headless browser, and watches what the browser does that it should not.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { chromium } from "playwright-core";

const atrium = process.env.ATRIUM_BIN ?? path.resolve(import.meta.dirname, "../../bin/atrium");
const chromiumPath = process.env.CHROMIUM_BIN ?? "/usr/bin/chromium";

async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

async function temporaryFolder() {
  const folder = await mkdtemp(path.join(tmpdir(), "atrium-browser-"));
  return { folder, remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }) };
}

async function answering(url, program, seconds = 30) {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
    if (program.exitCode !== null) throw new Error(`the demo ended with ${program.exitCode}:\n${program.output}`);
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
      await response.arrayBuffer();
      if (response.ok) return;
    } catch { /* not yet */ }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${url} did not answer in ${seconds} s:\n${program.output}`);
}

// demo starts `atrium demo` on free ports: {acme, globex, admin, token, stop}.
export async function demo() {
  const [port, adminPort] = [await freePort(), await freePort()];
  const data = await temporaryFolder();
  const token = "browser-tests-token";
  const program = spawn(atrium, [
    "demo", "--listen", `127.0.0.1:${port}`, "--admin-listen", `127.0.0.1:${adminPort}`, "--data", data.folder, "--admin-token", token,
  ], { stdio: ["ignore", "pipe", "pipe"] });
  program.output = "";
  for (const stream of [program.stdout, program.stderr]) {
    stream.on("data", (text) => { program.output = (program.output + text).slice(-20_000); });
  }
  const stop = async () => {
    if (program.exitCode === null && program.signalCode === null) {
      const ended = once(program, "exit");
      program.kill("SIGTERM");
      const kill = setTimeout(() => program.kill("SIGKILL"), 10_000);
      await ended;
      clearTimeout(kill);
    }
    await data.remove();
  };
  try {
    await answering(`http://127.0.0.1:${port}/-/readyz`, program);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    acme: `http://acme.localhost:${port}`, globex: `http://globex.localhost:${port}`, base: `http://127.0.0.1:${port}`,
    admin: `http://127.0.0.1:${adminPort}`, token, stop, output: () => program.output,
  };
}

// browser starts Chromium with a profile of its own. It does nothing on its own account that reaches the network.
export async function browser() {
  const profile = await temporaryFolder();
  const context = await chromium.launchPersistentContext(profile.folder, {
    executablePath: chromiumPath, viewport: { width: 1360, height: 900 },
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync"],
  });
  return { context, stop: async () => { await context.close(); await profile.remove(); } };
}

// open opens a page that keeps what went wrong in page.wrong: uncaught errors, violations of the content security policy,
// and requests that leave loopback.
export async function open(context) {
  const page = await context.newPage();
  page.wrong = [];
  page.setDefaultTimeout(15_000);
  page.on("pageerror", (error) => page.wrong.push(`uncaught: ${error.message}`));
  page.on("console", (message) => {
    if (/content.security.policy/i.test(message.text())) page.wrong.push(message.text());
  });
  page.on("request", (request) => {
    const { protocol, hostname } = new URL(request.url());
    const loopback = hostname === "127.0.0.1" || hostname === "localhost" || hostname.endsWith(".localhost");
    if (protocol !== "data:" && !loopback) page.wrong.push(`left loopback: ${request.url()}`);
  });
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => console.error(`Content Security Policy: ${event.violatedDirective}`));
  });
  return page;
}

// shot keeps a picture where SHOTS names a folder, to be looked at.
export async function shot(page, name) {
  if (process.env.SHOTS) await page.screenshot({ path: path.join(process.env.SHOTS, `${name}.png`) });
}
