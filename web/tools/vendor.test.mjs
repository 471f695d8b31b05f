import { test } from "node:test";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const WEB = fileURLToPath(new URL("..", import.meta.url));
const manifest = JSON.parse(await readFile(`${WEB}vendor/manifest.json`, "utf8"));
const lock = JSON.parse(await readFile(`${WEB}package-lock.json`, "utf8"));

test("the vendored files are what the manifest says, and the manifest what the lock file says", async () => {
  for (const { file, sha256, packages } of manifest) {
    const text = await readFile(`${WEB}vendor/${file}`);
    assert.equal(createHash("sha256").update(text).digest("hex"), sha256, file);
    for (const { name, version, integrity } of packages) {
      const locked = lock.packages[`node_modules/${name}`];
      assert.deepEqual([version, integrity], [locked.version, locked.integrity], name);
      assert.ok(existsSync(`${WEB}vendor/licenses/${name.replace("/", "-").replace("@", "")}.txt`), name);
    }
  }
});

test("bundling again gives the same bytes", { skip: !existsSync(`${WEB}node_modules/esbuild`) }, async () => {
  const { bundle } = await import("./vendor.mjs");
  for (const [name, text] of await bundle()) assert.equal(await readFile(`${WEB}vendor/${name}`, "utf8"), text, name);
});
