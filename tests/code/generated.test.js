// The code that the page writes is compiled or run, in each language whose tools are here, against the real program: it reads
// the first items of each store and writes them back, after which the database has to say the same, digit for digit.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { LANGUAGES, codeOf } from "../../web/model/code/index.js";
import { parse } from "../../web/core/json.js";
import { Server, temporaryFolder } from "../support/server.js";

const run = promisify(execFile);
const here = dirname(fileURLToPath(import.meta.url));
const TIMEOUT = { timeout: 240_000, maxBuffer: 16 << 20 };
const KEYS = { string: "x y", i64: -5, u64: 7, i32: 5, u32: 5, i16: 5, u16: 5, i8: -5, u8: 5, uuid: "6ba7b810-9dad-11d1-80b4-00c04fd430c8", date: "2026-01-31", time: "10:00:30", datetime: "2026-01-31T10:00:30", timestamp: "2026-01-31T10:00:30.250Z", bool: true, f64: 1.5, f32: 1.5, decimal: 1.5 };

/** The newest compiled `sop`, and the crates that it was compiled with, as cargo keeps them. @param {string} deps */
function cratesOf(deps) {
  const prints = join(deps, "../.fingerprint");
  const print = (/** @type {string} */ folder, /** @type {string} */ crate) => join(prints, folder, `lib-${crate}`);
  const folders = existsSync(prints) ? readdirSync(prints) : [];
  const made = folders.filter((one) => /^sop-[0-9a-f]{16}$/.test(one) && existsSync(`${print(one, "sop")}.json`) && existsSync(join(deps, `libsop-${one.slice(4)}.rlib`))).sort((a, b) => statSync(print(b, "sop")).mtimeMs - statSync(print(a, "sop")).mtimeMs)[0];
  if (!made) return undefined;
  const known = parse(readFileSync(`${print(made, "sop")}.json`, "utf8")).deps;
  const rlib = (/** @type {string} */ crate) => {
    const id = known.find((/** @type {any[]} */ one) => one[1] === crate)?.[3];
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(String(id ?? 0)));
    const folder = folders.find((one) => one.startsWith(`${crate}-`) && existsSync(print(one, crate)) && readFileSync(print(one, crate), "utf8") === bytes.toString("hex"));
    return folder && join(deps, `lib${crate}-${folder.slice(crate.length + 1)}.rlib`);
  };
  const found = { sop: join(deps, `libsop-${made.slice(4)}.rlib`), serde: rlib("serde"), serde_json: rlib("serde_json") };
  return Object.values(found).every(Boolean) ? found : undefined;
}

/** Whether a program is here. @param {string} name @param {string[]} args */
async function has(name, ...args) {
  return run(name, args, TIMEOUT).then(() => true, () => false);
}

describe("generated code", () => {
  /** @type {Server} */
  let server;
  let data = { path: "", remove: async () => {} };
  let folder = "";
  /** @type {{[database: string]: any[]}} */
  const stores = {};

  before(async () => {
    data = await temporaryFolder();
    folder = await mkdtemp(join(tmpdir(), "sop-code-"));
    server = await Server.start({ folder: data.path });
    await server.createDatabase("shop");
    await server.call("POST", "/databases/shop/demo", { body: { name: "shop" } });
    // Everything that a name, a key or a value can be.
    await server.createDatabase("odd");
    for (const [type, key] of Object.entries(KEYS)) {
      await server.call("POST", "/databases/odd/stores", { body: { name: `key_${type}`, key: { type } } });
      await server.change("odd", [{ op: "insert", store: `key_${type}`, key, value: { note: "ä \"quoted\" \\ \u2028 😀", n: 5 } }]);
    }
    await server.call("POST", "/databases/odd/stores", { body: { name: "class", description: "*/ \"\"\" \\u000a */", key: { type: "composite", fields: [{ name: "type", type: "uuid", order: "desc" }, { name: "2nd key", type: "timestamp" }, { name: "self", type: "decimal" }], ride_on: [{ name: "for", type: "u64" }] } } });
    const odd = (/** @type {number} */ n, /** @type {any} */ value) => ({ op: "insert", store: "class", key: { type: KEYS.uuid.replace("6ba", `${n}ba`), "2nd key": KEYS.timestamp, self: n + 0.5, for: 9 }, value });
    await server.change("odd", [
      odd(1, { class: 1, "a b": "x", "a_b": "y", "": "nameless", "日本": true, "quote\"d": 1, "$ref": null, list: [1, 2], nested: [{ x: 1, def: { deep: [true] } }, { x: 2, def: { deep: [] } }], mixed: 1, raw: { $bytes: "AQI=" }, day: "2026-01-31", at: "2026-01-31T10:00:00Z", price: 9.5, maybe: null, only: 1 }),
      odd(2, { class: 2, "a b": "x", "a_b": "y", "": "nameless", "日本": false, "quote\"d": 2, "$ref": null, list: [], nested: [], mixed: "text", raw: { $bytes: "AQI=" }, day: "2026-02-28", at: "2026-01-31T10:00:00.5Z", price: 10, maybe: "there" }),
    ]);
    await server.import("odd", "texts", ['{"key":1,"value":"only a text"}', '{"key":2,"value":"another"}'].join("\n"), "");
    await server.import("odd", "anything", ['{"key":1,"value":"text"}', '{"key":2,"value":[1,{"a":null}]}', '{"key":3,"value":null}'].join("\n"), "");
    await server.call("POST", "/databases/odd/stores", { body: { name: "empty", key: { type: "i64" } } });
    for (const database of ["shop", "odd"]) {
      const list = (await server.call("GET", `/databases/${database}/stores`)).stores;
      stores[database] = await Promise.all(list.map(async (/** @type {any} */ one) => server.call("GET", `/databases/${database}/stores/${encodeURIComponent(one.name)}`)));
    }
  });
  after(async () => {
    await server?.stop();
    await data.remove();
    await rm(folder, { recursive: true, force: true });
  });

  /** Everything that a database has, as text. @param {string} database */
  const whole = async (database) => {
    const texts = [];
    for (const one of stores[database]) texts.push(`${one.name}\n${await server.call("GET", `/databases/${database}/stores/${encodeURIComponent(one.name)}/export`)}`);
    return texts;
  };

  /** Runs a program twice: showing, and writing back. @param {string} database @param {string} command @param {string[]} args @param {{[name: string]: string}} [more] */
  async function tried(database, command, args, more = {}) {
    const env = { ...process.env, SOP_URL: server.origin, SOP_TOKEN: server.token, ...more };
    const before = await whole(database);
    const shown = await run(command, args, { ...TIMEOUT, env });
    for (const one of stores[database]) assert.ok(shown.stdout.includes(`${one.name} ${one.count}`), `${one.name}: ${shown.stdout.slice(0, 2000)}`);
    await run(command, args, { ...TIMEOUT, env: { ...env, SOP_TOUCH: "1" } });
    const afterwards = await whole(database);
    // Numbers are compared by their value: 10 and 10.0 are the same.
    const same = (/** @type {string} */ text) => text.split("\n").slice(1).filter(Boolean).map((line) => JSON.parse(line));
    before.forEach((text, at) => assert.deepEqual(same(afterwards[at]), same(text), stores[database][at].name));
  }

  /** @param {import("../../web/model/code/index.js").Language} language @param {string} database */
  async function written(language, database) {
    const { file, text } = codeOf(language, database, stores[database], { url: server.origin });
    const at = join(folder, `${language}-${database}`);
    await mkdir(at, { recursive: true });
    await writeFile(join(at, file), text);
    return join(at, file);
  }

  for (const database of ["shop", "odd"]) {
    test(`Python runs, over ${database}`, async (t) => {
      if (!(await has("python3", "--version"))) return t.skip("python3 is not here");
      await tried(database, "python3", [await written("python", database)]);
      return undefined;
    });

    test(`TypeScript is right for the compiler and runs, over ${database}`, async (t) => {
      const tsc = join(here, "../../web/node_modules/typescript/bin/tsc");
      if (!existsSync(tsc)) return t.skip("typescript is not here");
      const file = await written("typescript", database);
      await run(process.execPath, [tsc, "--strict", "--target", "es2022", "--lib", "es2022,dom,dom.iterable", "--module", "es2022", "--moduleResolution", "bundler", "--types", "", file], TIMEOUT).catch((error) => assert.fail(error.stdout));
      await writeFile(join(dirname(file), "package.json"), '{"type":"module"}');
      await tried(database, process.execPath, [file.replace(/ts$/, "js")]);
      return undefined;
    });

    test(`Java is compiled and runs, over ${database}`, async (t) => {
      if (!(await has("javac", "-version"))) return t.skip("a JDK is not here");
      const file = await written("java", database);
      const at = dirname(file);
      await run("javac", ["-Xlint:all", "-Werror", "-encoding", "UTF-8", "-d", at, file], TIMEOUT).catch((error) => assert.fail(error.stderr.slice(0, 3000)));
      await tried(database, "java", ["-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8", "-cp", at, /([^/]+)\.java$/.exec(file)?.[1] ?? ""]);
      return undefined;
    });

    test(`Go is compiled and runs, over ${database}`, async (t) => {
      if (!(await has("go", "version"))) return t.skip("go is not here");
      await tried(database, "go", ["run", await written("go", database)]);
      return undefined;
    });

    test(`C# is compiled and runs, over ${database}`, async (t) => {
      if (!(await has("dotnet", "--version"))) return t.skip("dotnet is not here");
      const file = await written("csharp", database);
      await writeFile(join(dirname(file), "code.csproj"), '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net8.0</TargetFramework><Nullable>enable</Nullable></PropertyGroup></Project>');
      await tried(database, "dotnet", ["run", "--project", dirname(file)]);
      return undefined;
    });
  }

  test("Rust is compiled against the crate and runs over the folders", async (t) => {
    const deps = process.env.SOP_DEPS ?? join(dirname(process.env.SOP_BINARY ?? ""), "deps");
    const crates = cratesOf(deps);
    if (!(await has("rustc", "--version")) || !crates) return t.skip("rustc or the compiled crate is not here");
    for (const database of ["shop", "odd"]) {
      const file = await written("rust", database);
      const out = file.replace(/\.rs$/, "");
      const externs = Object.entries(crates).flatMap(([name, at]) => ["--extern", `${name}=${at}`]);
      await run("rustc", ["--edition", "2024", "-D", "warnings", "-L", `dependency=${deps}`, ...externs, "-o", out, file], TIMEOUT).catch((error) => assert.fail(error.stderr.slice(0, 4000)));
      const before = await whole(database);
      await server.call("DELETE", `/databases/${database}`);
      const shown = await run(out, [join(data.path, database)], TIMEOUT);
      for (const one of stores[database]) assert.ok(shown.stdout.includes(`${one.name} ${one.count}`), shown.stdout.slice(0, 2000));
      await run(out, [join(data.path, database)], { ...TIMEOUT, env: { ...process.env, SOP_TOUCH: "1" } });
      await server.call("POST", "/databases", { body: { name: database, path: database } });
      const same = (/** @type {string[]} */ all) => all.map((text) => text.split("\n").filter(Boolean).map((line) => (line.startsWith("{") ? JSON.parse(line) : line)));
      assert.deepEqual(same(await whole(database)), same(before));
    }
    return undefined;
  });

  test("names of any kind, and a database without stores, give code in every language", async () => {
    const names = ["", "1", "class", "日本", "a b", "a-b", "a_b", "\"; DROP", "*/", '"""', "`", "\\u000a", "$x", "x".repeat(300), "__proto__", "constructor"];
    const store = (/** @type {string} */ name) => parse(JSON.stringify({ name, description: name, key: { type: "composite", fields: names.map((one) => ({ name: one, type: "string" })) }, schema: { fields: names.map((one) => ({ name: one, type: "any", required: false })) } }));
    for (const language of /** @type {import("../../web/model/code/index.js").Language[]} */ (Object.keys(LANGUAGES))) {
      assert.ok(codeOf(language, "none", [], { url: "http://127.0.0.1:1" }).text.length > 500);
      assert.ok(codeOf(language, names[5], names.map(store), { url: "http://127.0.0.1:1" }).text.length > 5000);
    }
  });
});
