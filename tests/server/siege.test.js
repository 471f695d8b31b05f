// The program under hostile clients: other sites, other hosts, paths that lead out, slow and silent connections,
// bodies that are more than they look. It refuses, stays small, and goes on answering.

import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { Server, temporaryFolder } from "../support/server.js";

const MIB = 1 << 20;
const CANARY = "what lies outside of the data folder";

/** @type {Awaited<ReturnType<typeof temporaryFolder>>} */
let folder;
/** @type {Server} */
let server;
/** Keeps connections open between requests. */
const agent = new Agent({ keepAlive: true, maxSockets: 8 });

before(async () => {
  folder = await temporaryFolder();
  await mkdir(join(folder.path, "data"));
  await writeFile(join(folder.path, "outside.txt"), CANARY);
  server = await Server.start({ folder: join(folder.path, "data") });
  await server.createDatabase("d");
  await server.call("POST", "/databases/d/stores", { body: { name: "s", key: { type: "i64" } } });
  await server.call("POST", "/databases/d/stores/s/items", { body: { key: 1, value: { name: "Ada" } } });
});

after(async () => {
  agent.destroy();
  await server?.stop();
  await folder?.remove();
});

/**
 * A request as it is, with no client's own rules: any path, any header.
 * @param {string} method @param {string} path @param {{[name: string]: string | undefined}} [headers] those that are undefined are left out @param {string | Uint8Array} [body]
 * @returns {Promise<{status: number, text: string}>}
 */
function raw(method, path, headers = {}, body) {
  const named = Object.fromEntries(Object.entries({ authorization: `Bearer ${server.token}`, ...headers }).filter(([, value]) => value !== undefined));
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port: server.port, method, path, headers: named, setHost: !("host" in headers), agent }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part) => (text += part)).on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      response.once("error", reject);
    });
    // A refusal may come before the whole body is taken.
    sent.once("error", (error) => (/** @type {any} */ (error).code === "EPIPE" || /** @type {any} */ (error).code === "ECONNRESET" ? resolve({ status: 0, text: "" }) : reject(error)));
    sent.end(body);
  });
}

/** Resident memory of a program, in bytes. */
async function resident(program = server) {
  const status = await readFile(`/proc/${program.child.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

const alive = async () => assert.equal((await server.call("GET", "/databases/d/stores/s")).count, 1, "it answers, and nothing changed");

/** The session that the printed address makes, as a cookie. */
async function cookie() {
  const answer = await fetch(server.entry, { redirect: "manual" });
  return answer.headers.getSetCookie().map((one) => one.split(";")[0]).join("; ");
}

describe("other sites and other hosts", () => {
  test("a page of another site changes nothing with the cookie of this one", async () => {
    const session = await cookie();
    assert.equal((await raw("GET", "/api/v1/databases", { cookie: session, authorization: undefined })).status, 200, "the session works");
    const item = "/api/v1/databases/d/stores/s/item?key=1";
    for (const from of [{ origin: "https://evil.example" }, { origin: "null" }, { origin: `http://localhost.evil.example:${server.port}` }, { "sec-fetch-site": "cross-site" }, { "sec-fetch-site": "same-site" }])
      for (const [method, path] of [["DELETE", item], ["PUT", item], ["POST", "/api/v1/databases/d/query"], ["POST", "/api/v1/databases"], ["POST", "/api/v1/chat"], ["POST", "/api/v1/mcp"], ["GET", item]])
        for (const type of ["application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
          const { status, text } = await raw(method, path, { cookie: session, authorization: undefined, "content-type": type, ...from }, method === "GET" || method === "DELETE" ? undefined : "{}");
          assert.ok(status === 403 || status === 401, `${method} ${path} ${type} ${JSON.stringify(from)}: ${status} ${text}`);
        }
    await alive();
  });

  test("a form cannot send what the API takes", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
      const { status } = await raw("POST", "/api/v1/databases", { cookie: await cookie(), authorization: undefined, "content-type": type }, '{"name":"made"}');
      assert.ok(status >= 400 && status < 500, `${type}: ${status}`);
    }
    assert.ok(!(await server.call("GET", "/databases")).databases.some((/** @type {any} */ one) => one.name === "made"));
  });

  test("a name that was bound to this address later is not served", async () => {
    for (const host of ["evil.example", `evil.example:${server.port}`, `127.0.0.1.evil.example:${server.port}`, `localhost:${server.port}.evil.example`, "169.254.169.254", `[::ffff:127.0.0.1]:${server.port}x`, "", "localhost", `LOCALHOST.:${server.port}`])
      for (const path of ["/", "/api/v1/databases", "/d/d/s/s", "/assets/app.js"]) {
        const { status } = await raw("GET", path, { host, cookie: await cookie() });
        assert.ok(status >= 400 && status < 500, `${host} ${path}: ${status}`);
      }
  });
});

/** Five hundred ways to write a path that leads out. */
function ways() {
  const targets = ["outside.txt", "etc/passwd", "proc/self/environ", "root/.ssh/id_rsa", "windows/win.ini"];
  const ups = ["../", "..\\", "%2e%2e/", "%2e%2e%2f", "..%2f", "..%5c", "%252e%252e%252f", "..%c0%af", "%c0%ae%c0%ae/", "....//", "..;/", ".%2e/", "%2e./", "..%00/", "..%u2215", "\u002e\u002e/", "/./../", "..//", "%ef%bc%8e%ef%bc%8e/", "..%ef%bc%8f"];
  const all = targets.flatMap((target) => ups.flatMap((up) => [1, 2, 4, 8].map((depth) => up.repeat(depth) + target)));
  all.push(...targets.flatMap((target) => [`/${target}`, `//${target}`, `file:///${target}`, `C:\\${target}`, `\\\\host\\${target}`, `~/${target}`, `./${target}/../../${target}`, `a/../../${target}`, `${target}%00.js`, `.%00./${target}`, `%2f${target}`, `%5c${target}`, `${target}/.`, `d/../../${target}`, `\n${target}`, `d\u0000/${target}`, `CON`, `..`, `.`, `...`]));
  assert.ok(all.length >= 500, `${all.length}`);
  return all;
}

test("500 paths that lead out of the folder lead nowhere", async () => {
  const before = (await readdir(folder.path)).sort();
  const out = (/** @type {string} */ text) => text.includes(CANARY) || /root:.*:0:0:/.test(text);
  for (const way of ways()) {
    // Only what a request line can carry.
    const line = encodeURI(way).replaceAll("%25", "%").replaceAll(/[\s\\]/g, (one) => encodeURIComponent(one));
    await Promise.all([`/assets/${line}`, `/vendor/${line}`, `/${line}`, `/api/v1/databases/${line}`].map(async (place) => {
      const { status, text } = await raw("GET", place);
      assert.ok(!out(text), `${place}: ${text.slice(0, 200)}`);
      assert.ok(status < 500, `${place}: ${status}`);
    }));
    for (const [path, body] of /** @type {[string, unknown][]} */ ([
      ["/api/v1/databases", { name: way }],
      ["/api/v1/databases", { name: "out", path: way }],
      ["/api/v1/databases/d/backup", { path: way }],
      ["/api/v1/environments", { name: way }],
      ["/api/v1/environments", { name: "out", databases: [{ name: "x", path: way }] }],
    ])) {
      const { status, text } = await raw("POST", path, { "content-type": "application/json" }, JSON.stringify(body));
      assert.ok(!out(text) && status < 500, `${path} ${JSON.stringify(body)}: ${status} ${text.slice(0, 300)}`);
      if (status < 300) {
        // A folder inside with a strange name is allowed; one outside is not.
        assert.deepEqual((await readdir(folder.path)).sort(), before, `${path} ${JSON.stringify(body)} made something outside`);
        if (path === "/api/v1/databases") await raw("DELETE", `/api/v1/databases/${encodeURIComponent(JSON.parse(text).name)}`);
        if (path === "/api/v1/environments") await raw("DELETE", `/api/v1/environments/${encodeURIComponent(JSON.parse(text).name)}`);
      }
    }
  }
  assert.deepEqual((await readdir(folder.path)).sort(), before);
  await alive();
});

test("wrong tokens are refused, all of them, and the right one still works", async () => {
  const wrong = Array.from({ length: 1000 }, (_, n) => [server.token.slice(0, n % server.token.length), `${server.token}${n}`, n.toString(36).padStart(server.token.length, "0")][n % 3]);
  for (const token of wrong) {
    const { status } = await raw("GET", "/api/v1/databases", { authorization: `Bearer ${token}` });
    assert.equal(status, 401, token);
  }
  await alive();
});

describe("connections", () => {
  /** @param {number} count @param {string} text what each says first */
  async function open(count, text) {
    /** @type {import("node:net").Socket[]} */
    const sockets = [];
    for (let made = 0; made < count; made += 250)
      sockets.push(...await Promise.all(Array.from({ length: Math.min(250, count - made) }, () => new Promise((resolve, reject) => {
        const socket = connect(server.port, "127.0.0.1", () => {
          if (text) socket.write(text);
          resolve(socket);
        });
        socket.once("error", reject);
        // What happens to it later is what the test looks at.
        socket.on("error", () => {});
      }))));
    return sockets;
  }

  test("2,000 clients that send their headers byte by byte keep nobody out", async () => {
    const sockets = await open(2000, `GET /api/v1/health HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nX-Drip: `);
    for (let round = 0; round < 5; round += 1) {
      for (const socket of sockets) if (!socket.destroyed) socket.write("x");
      await alive();
    }
    sockets.forEach((socket) => socket.destroy());
    await alive();
  });

  test("2,000 clients that send their bodies byte by byte keep nobody out", async () => {
    const head = `POST /api/v1/databases HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nAuthorization: Bearer ${server.token}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`;
    const sockets = await open(2000, head);
    for (let round = 0; round < 3; round += 1) {
      for (const socket of sockets) if (!socket.destroyed) socket.write(" ");
      await alive();
    }
    sockets.forEach((socket) => socket.destroy());
    await alive();
  });
});

describe("10,000 idle connections", () => {
  const COUNT = 10_000;
  const CLIENTS = 4;
  /** Files of the program beside its connections. */
  const BESIDE = 600;

  /** The most files that a program may open here. */
  async function mostFiles() {
    const limits = await readFile("/proc/self/limits", "utf8").catch(() => "");
    const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1];
    return hard === undefined || hard === "unlimited" ? Infinity : Number(hard);
  }

  test("10,000 idle connections are held open in less than 400 MiB, and one more is answered", async (context) => {
    const most = await mostFiles();
    if (most < COUNT + BESIDE) return context.skip(`this machine lets a program open ${most} files; ${COUNT + BESIDE} are needed (ulimit -Hn)`);
    const own = await temporaryFolder();
    // Otherwise those that came first have ended before the last have come: silence is given up after 15 seconds.
    const config = join(own.path, "config.json");
    await writeFile(config, JSON.stringify({ limits: { header_timeout_ms: 600_000, max_connections: COUNT + 100 } }));
    const program = await Server.start({ folder: join(own.path, "data"), args: ["--config", config] });
    const clients = Array.from({ length: CLIENTS }, () => fork(new URL("../support/idle.js", import.meta.url), [String(program.port), String(COUNT / CLIENTS)]));
    try {
      const before = await resident(program);
      const told = (/** @type {import("node:child_process").ChildProcess} */ client) => new Promise((resolve) => void client.once("message", resolve));
      await Promise.all(clients.map(told));
      const all = clients.map(told);
      clients.forEach((client) => client.send("still?"));
      const answers = await Promise.all(all);
      const open = answers.reduce((sum, { open: one }) => sum + one, 0);
      assert.equal(open, COUNT, JSON.stringify(answers));
      assert.equal((await program.call("GET", "/databases")).databases.length, 0, "it answers");
      const used = await resident(program);
      console.log(`# ${open} idle connections: ${(used / MIB).toFixed(0)} MiB in all, ${((used - before) / open / 1024).toFixed(1)} KiB each`);
      assert.ok(used < 400 * MIB, `${used} bytes`);
    } finally {
      clients.forEach((client) => client.kill());
      await program.stop();
      await own.remove();
    }
    return undefined;
  });
});

describe("bodies that are more than they look", () => {
  test("a body that unpacks to a gibibyte is not unpacked", async () => {
    const bomb = gzipSync(Buffer.alloc(256 * MIB));
    const before = await resident();
    for (const encoding of ["gzip", "deflate", "br", "zstd", "gzip, gzip"])
      for (const path of ["/api/v1/databases", "/api/v1/databases/d/stores/s/import?format=ndjson&key=id", "/api/v1/databases/d/query"]) {
        const { status } = await raw("POST", path, { "content-type": "application/json", "content-encoding": encoding }, bomb);
        assert.ok(status === 0 || (status >= 400 && status < 500), `${encoding} ${path}: ${status}`);
      }
    assert.ok((await resident()) - before < 128 * MIB, "it stays small");
    await alive();
  });

  test("JSON that is a million levels deep is an error with its place", async () => {
    for (const deep of ["[".repeat(1e6), '{"a":'.repeat(1e6), `{"key":1,"value":${"[".repeat(1e6)}${"]".repeat(1e6)}}`, `{"sql":"SELECT ${"(".repeat(1e5)}1${")".repeat(1e5)}"}`, `{"sql":"SELECT 1${" + 1".repeat(1e5)}"}`])
      for (const path of ["/api/v1/databases", "/api/v1/databases/d/stores/s/items", "/api/v1/databases/d/query", "/api/v1/databases/d/changes", "/api/v1/tools/select?database=d", "/api/v1/chat"]) {
        const { status, text } = await raw("POST", path, { "content-type": "application/json" }, deep);
        assert.ok(status >= 400 && status < 500, `${path} ${deep.slice(0, 20)}: ${status}`);
        assert.ok(JSON.parse(text).detail, text);
      }
    await alive();
  });

  test("a body without an end is given up at the limit", async () => {
    const chunk = Buffer.alloc(MIB, " ");
    const answer = new Promise((resolve, reject) => {
      const sent = request({ host: "127.0.0.1", port: server.port, method: "POST", path: "/api/v1/databases", headers: { authorization: `Bearer ${server.token}`, "content-type": "application/json" } }, (response) => resolve(response.statusCode));
      sent.once("error", (error) => (["EPIPE", "ECONNRESET"].includes(/** @type {any} */ (error).code) ? resolve(413) : reject(error)));
      let left = 64;
      const more = () => {
        while (left > 0 && !sent.destroyed) {
          left -= 1;
          if (!sent.write(chunk)) return void sent.once("drain", more);
        }
        sent.end();
      };
      more();
    });
    assert.equal(await answer, 413);
    await alive();
  });
});
