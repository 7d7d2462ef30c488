// Starts programs on loopback and stops them by their own handle.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

export const atrium = process.env.ATRIUM_BIN ?? path.resolve(import.meta.dirname, "../../bin/atrium");

export async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

// Waits until a URL answers at all; fails with the program's output when it ends before or takes too long.
export async function answering(url, program, seconds = 60) {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
    if (program.exitCode !== null) throw new Error(`it ended with ${program.exitCode}:\n${program.output}`);
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
      await response.arrayBuffer();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new Error(`${url} did not answer in ${seconds} s:\n${program.output}`);
}

// Starts a program whose output is kept for messages. Stop it with stop().
export function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  child.output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data) => { child.output = (child.output + data).slice(-20000); });
  }
  child.stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    const kill = setTimeout(() => child.kill("SIGKILL"), 10000);
    await ended;
    clearTimeout(kill);
  };
  return child;
}

export async function temporaryFolder() {
  const folder = await mkdtemp(path.join(tmpdir(), "atrium-"));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

// The demo on free ports: {base, admin, token, program, stop}.
export async function demo() {
  const [port, adminPort] = [await freePort(), await freePort()];
  const data = await temporaryFolder();
  const token = "client-tests-token";
  const program = start(atrium, [
    "demo", "--listen", `127.0.0.1:${port}`, "--admin-listen", `127.0.0.1:${adminPort}`,
    "--data", data.folder, "--admin-token", token,
  ]);
  const base = `http://127.0.0.1:${port}`;
  await answering(`${base}/-/readyz`, program);
  return {
    base, admin: `http://127.0.0.1:${adminPort}`, token, program,
    stop: async () => { await program.stop(); await data.remove(); },
  };
}
