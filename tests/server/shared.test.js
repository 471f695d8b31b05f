// Several servers over one system database, as processes of their own: each reads and writes it in turn, what one saved the
// others see at once, and a server that dies, hangs or is busy takes nothing away from the others but time.

import assert from "node:assert/strict";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { AnswerError, Server, temporaryFolder } from "../support/server.js";

const DEMO = "/scripts/test/demo";

/** @type {Awaited<ReturnType<typeof temporaryFolder>>} */
let folder;

/** @param {string} place @param {string} name */
async function start(place, name) {
  const data = join(place, name);
  await mkdir(data, { recursive: true });
  const config = join(data, "config.json");
  await writeFile(config, JSON.stringify({ system_database: join(place, "own", "system") }));
  return Server.start({ folder: data, args: ["--config", config] });
}

/** A folder with servers that begin at the same moment. @param {string} name @param {number} count */
async function startAll(name, count) {
  const place = join(folder.path, name);
  const servers = await Promise.all(Array.from({ length: count }, (_, at) => start(place, `server-${at}`)));
  for (const server of servers) {
    await server.createDatabase("d");
    await server.call("POST", "/databases/d/stores", { body: { name: "s", key: { type: "i64" } } });
  }
  return servers;
}

/** @param {string} message */
const script = (message) => ({ name: "demo", category: "test", steps: [{ type: "say", message }] });

/** The version that a save came to. @param {Server} server @param {string} message @returns {Promise<number>} */
const save = async (server, message) => (await server.call("PUT", DEMO, { body: script(message) })).version;

/** @param {Server} server */
const shown = async (server) => (await server.call("GET", DEMO)).script.steps[0].message;

/** All versions of the script, the oldest first. @param {Server} server @returns {Promise<number[]>} */
async function versions(server) {
  const answer = await server.call("GET", `${DEMO}/versions`);
  return answer.versions.map((/** @type {any} */ one) => one.version).reverse();
}

/** The keys of items that the audit says were inserted into `s`. @param {Server} server */
async function audited(server) {
  const answer = await server.call("GET", "/audit", { query: { store: "s", limit: 1000 } });
  const inserted = answer.entries.filter((/** @type {any} */ entry) => entry.what === "POST /databases/{db}/stores/{store}/items" && entry.outcome === "done");
  return inserted.map((/** @type {any} */ entry) => entry.detail.changes[0].key).sort((/** @type {number} */ a, /** @type {number} */ b) => a - b);
}

/** @param {Server} server @param {number} key */
const insert = (server, key) => server.call("POST", "/databases/d/stores/s/items", { body: { key, value: { key } } });

/** Waits until it is so, at most half a minute. @param {() => Promise<boolean>} question @param {string} what */
async function until(question, what) {
  for (const end = Date.now() + 30_000; Date.now() < end; await new Promise(setImmediate)) if (await question()) return;
  assert.fail(`it never came to it: ${what}`);
}

/** @param {number} count */
const upTo = (count) => Array.from({ length: count }, (_, at) => at + 1);

before(async () => {
  folder = await temporaryFolder();
});

after(() => folder?.remove());

describe("two servers over one system database", () => {
  /** @type {Server[]} */
  let servers;
  /** @type {Server} */
  let a;
  /** @type {Server} */
  let b;

  before(async () => {
    servers = await startAll("two", 2);
    [a, b] = /** @type {[Server, Server]} */ (servers);
  });

  after(() => Promise.all(servers.map((server) => server.stop())));

  test("they came up at once, over one set of seeds", async () => {
    for (const server of servers) {
      const { scripts } = await server.call("GET", "/scripts", { query: { category: "shop" } });
      assert.ok(scripts.length > 0);
      assert.ok(scripts.every((/** @type {any} */ one) => one.version === 1 && one.built_in));
      assert.equal(server.log, "", "nothing to warn of");
    }
  });

  test("50 saves of each, by turns, are 100 versions", async () => {
    for (let round = 0; round < 50; round += 1) {
      assert.equal(await save(a, `a ${round}`), 2 * round + 1);
      assert.equal(await save(b, `b ${round}`), 2 * round + 2);
      assert.equal(await shown(a), `b ${round}`);
    }
    for (const server of servers) assert.deepEqual(await versions(server), upTo(100));
  });

  test("both busy at once lose nothing", async () => {
    const from = (await versions(a)).length;
    const work = servers.flatMap((server, at) =>
      Array.from({ length: 4 }, async (_, worker) => {
        const given = [];
        for (let round = 0; round < 15; round += 1) given.push(await save(server, `busy ${at} ${worker} ${round}`));
        return given;
      }),
    );
    const given = (await Promise.all(work)).flat().sort((one, other) => one - other);
    assert.deepEqual(given, upTo(120).map((number) => from + number), "each save had a version of its own");
    for (const server of servers) assert.deepEqual(await versions(server), upTo(from + 120));
  });

  test("what both did is in one audit, and runs of both in one list", async () => {
    await Promise.all(servers.map(async (server, at) => {
      for (let key = at; key < 60; key += 2) await insert(server, key);
      await server.call("POST", `${DEMO}/run`, { body: {} });
    }));
    // Each server writes its own down when it is asked for them.
    for (const server of servers) await server.call("GET", "/audit");
    for (const server of servers) {
      assert.deepEqual(await audited(server), upTo(60).map((number) => number - 1));
      assert.equal((await server.call("GET", `${DEMO}/runs`)).runs.length, 2);
    }
  });

  test("a chat goes on at the other server", async () => {
    const first = await a.call("POST", "/chat", { body: { message: "/create chatted", database: "d" } });
    const session = /"session":"([^"]+)"/.exec(first)?.[1];
    await b.call("POST", "/chat", { body: { session, message: "/step /select s", database: "d" } });
    const steps = await a.call("POST", "/chat", { body: { session, message: "/steps", database: "d" } });
    assert.match(steps, /1\. \/select/);
    const { turns } = await b.call("GET", `/chat/${session}`);
    assert.deepEqual(turns.map((/** @type {any} */ turn) => turn.message), ["/create chatted", "/step /select s", "/steps"]);
  });

  test("people who look at it are not cut off by those who write", async () => {
    let over = false;
    const writing = (async () => {
      for (let round = 0; !over; round += 1) await save(b, `beside ${round}`);
    })();
    for (let round = 0; round < 20; round += 1) {
      const all = await a.call("POST", "/databases/system/query", { body: { sql: "SELECT count(*) FROM scripts AS one CROSS JOIN audit AS two" } });
      assert.equal(all.rows.length, 1);
      const lines = await a.call("GET", "/databases/system/stores/scripts/export", { query: { format: "ndjson" } });
      assert.ok(lines.trim().split("\n").length > 200);
    }
    over = true;
    await writing;
  });

  test("a server that hangs is named, and nothing is lost when it goes on", async () => {
    await save(a, "before");
    await until(async () => {
      // The one that has it when it is stopped must be A.
      await shown(a);
      a.child.kill("SIGSTOP");
      const began = Date.now();
      const refused = await save(b, "hangs").catch((error) => error);
      if (!(refused instanceof AnswerError)) {
        a.child.kill("SIGCONT");
        return false;
      }
      assert.equal(refused.status, 503, refused.text);
      assert.match(refused.text, /database_locked/);
      assert.match(refused.text, new RegExp(`process ${a.child.pid}`));
      assert.ok(Date.now() - began < 15_000, "bounded");
      return true;
    }, "A was stopped while it had the database");
    assert.equal(await shown(b), "before");
    // Its own data are none of this, and what it did is written down later.
    await insert(b, 1000);
    await insert(b, 1001);
    a.child.kill("SIGCONT");
    await until(async () => (await save(b, "after").catch(() => 0)) > 0, "B writes again");
    assert.equal(await shown(a), "after");
    for (const server of servers) await until(async () => (await audited(server)).slice(-2).join() === "1000,1001", "B's entries arrived");
  });

  test("turns leave no heap of files behind", async () => {
    const files = await readdir(join(folder.path, "two", "own", "system", "data"));
    assert.ok(files.length < 150, `${files.length} files`);
  });
});

test("a server that dies while both write takes nothing with it that was answered", async () => {
  const servers = await startAll("dying", 2);
  const [a, b] = /** @type {[Server, Server]} */ (servers);
  try {
    /** @type {number[]} */
    const given = [];
    const work = (/** @type {Server} */ server, /** @type {string} */ name, /** @type {number} */ most) => (async () => {
      for (let round = 0; round < most; round += 1) given.push(await save(server, `${name} ${round}`));
    })();
    const dying = work(a, "a", 10_000).catch(() => "dead");
    const living = work(b, "b", 60);
    await until(async () => given.length > 20, "both write");
    await a.kill();
    assert.equal(await dying, "dead");
    await living;
    const there = await versions(b);
    assert.deepEqual(there, upTo(there.length), "no gap");
    given.sort((one, other) => one - other);
    assert.equal(new Set(given).size, given.length, "no number twice");
    assert.ok(given.every((version) => version <= there.length), "nothing that was answered is lost");
    const again = await start(join(folder.path, "dying"), "server-0");
    servers.push(again);
    assert.equal(await save(again, "again"), there.length + 1);
    assert.equal(await shown(b), "again");
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
});

test("five servers that begin together and are all busy", async () => {
  const servers = await startAll("five", 5);
  try {
    const work = servers.map(async (server, at) => {
      const given = [];
      for (let round = 0; round < 12; round += 1) {
        given.push(await save(server, `${at} ${round}`));
        await insert(server, at * 100 + round);
      }
      return given;
    });
    const given = (await Promise.all(work)).flat().sort((one, other) => one - other);
    assert.deepEqual(given, upTo(60));
    for (const server of servers) await server.call("GET", "/audit");
    for (const server of servers) {
      assert.equal((await audited(server)).length, 60);
      assert.equal(server.log, "", "nothing to warn of");
    }
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
});
