// The real program as a child process: on a free port, over a folder of its own.
//
// Holds: only processes that were started here are ended; folders that were made here are removed.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const target = process.env.CARGO_TARGET_DIR ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "sop", "target");
const BINARY = process.env.SOP_BINARY ?? join(target, "release", "sop-httpserver");
const START_MS = 20_000;

/** @type {Set<import("node:child_process").ChildProcess>} programs that run now */
const running = new Set();
// A run that is cut short (a time limit, Ctrl C) takes its programs with it.
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => process.exit(1));

/** A folder that is removed by `remove`. */
export async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), "sop-e2e-"));
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 3 }) };
}

/** An answer that was not what the test needed. */
export class AnswerError extends Error {
  /** @param {number} status @param {string} text @param {string} asked */
  constructor(status, text, asked) {
    super(`${asked}: ${status} ${text.slice(0, 500)}`);
    this.status = status;
    this.text = text;
  }
}

export class Server {
  /**
   * Starts the program and waits until it listens.
   * @param {{folder: string, args?: string[], databases?: string[], port?: number}} how
   */
  static async start({ folder, args = [], port = 0 }) {
    if (!existsSync(BINARY)) throw new Error(`There is no program at ${BINARY}: build it (cargo build --release) or name it in SOP_BINARY.`);
    const child = spawn(BINARY, ["serve", "--port", String(port), "--data", folder, "--open=false", "--log", "warn", ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("SOP_"))),
    });
    running.add(child);
    child.once("exit", () => running.delete(child));
    const server = new Server(child, folder);
    await server.#listening();
    return server;
  }

  /** @param {import("node:child_process").ChildProcess} child @param {string} folder */
  constructor(child, folder) {
    this.child = child;
    this.folder = folder;
    this.log = "";
    this.ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve({ code, signal })));
    child.stderr.setEncoding("utf8").on("data", (text) => (this.log += text));
  }

  async #listening() {
    const lines = createInterface({ input: this.child.stdout });
    const line = await new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.kill();
        reject(new Error(`The program does not listen. It said: ${this.log}`));
      }, START_MS);
      lines.once("line", resolve);
      this.child.once("error", reject);
      this.child.once("exit", (code) => reject(new Error(`The program ended with ${code}: ${this.log}`)));
      lines.once("line", () => clearTimeout(timer));
      this.child.once("exit", () => clearTimeout(timer));
    });
    const found = /^listening on (\S+)$/.exec(line);
    if (!found) throw new Error(`The program's line has another form: ${line}`);
    const url = new URL(found[1]);
    this.entry = url.href;
    this.origin = url.origin;
    this.host = url.host;
    this.port = Number(url.port);
    this.token = url.searchParams.get("token") ?? "";
  }

  /**
   * One call to the API. Text and streams go as they are, other bodies as JSON.
   * @param {string} method @param {string} path under /api/v1
   * @param {{body?: unknown, type?: string, headers?: {[name: string]: string}, query?: {[name: string]: string | number | boolean}}} [how]
   */
  async call(method, path, { body, type, headers = {}, query = {} } = {}) {
    const url = new URL(`/api/v1${path}`, this.origin);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
    const raw = typeof body === "string" || body instanceof Uint8Array || body instanceof ReadableStream;
    const response = await fetch(url, {
      method,
      headers: { authorization: `Bearer ${this.token}`, ...(body === undefined ? {} : { "content-type": type ?? (raw ? "application/x-ndjson" : "application/json") }), ...headers },
      body: body === undefined ? undefined : raw ? body : JSON.stringify(body),
      ...(body instanceof ReadableStream ? { duplex: "half" } : {}),
    });
    const text = await response.text();
    if (!response.ok) throw new AnswerError(response.status, text, `${method} ${url.pathname}`);
    return text && response.headers.get("content-type")?.includes("json") && !response.headers.get("content-type")?.includes("ndjson") ? JSON.parse(text) : text;
  }

  /** @param {string} name */
  createDatabase(name) {
    return this.call("POST", "/databases", { body: { name } });
  }

  /**
   * Imports NDJSON into a store that is made when it is missing.
   * @param {string} database @param {string} store @param {BodyInit} body @param {string} key
   */
  import(database, store, body, key, query = {}) {
    return this.call("POST", `/databases/${database}/stores/${encodeURIComponent(store)}/import`, { body, query: { format: "ndjson", key, create: true, ...query } });
  }

  /** One item, undefined when there is none. @param {string} database @param {string} store @param {unknown} key */
  async item(database, store, key) {
    try {
      return await this.call("GET", `/databases/${database}/stores/${encodeURIComponent(store)}/item`, { query: { key: JSON.stringify(key) } });
    } catch (error) {
      if (error.status === 404) return undefined;
      throw error;
    }
  }

  /** Applies changes in one transaction. @param {string} database @param {unknown[]} changes */
  change(database, changes) {
    return this.call("POST", `/databases/${database}/changes`, { body: { changes } });
  }

  /** Ends the program as a power cut would: nothing of it runs any more when this returns. */
  async kill() {
    this.child.kill("SIGKILL");
    await this.ended;
  }

  /** Asks the program to end and waits for it. */
  async stop() {
    this.child.kill("SIGTERM");
    return this.ended;
  }
}
