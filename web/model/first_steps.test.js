import assert from "node:assert/strict";
import { test } from "node:test";
import { databaseName, databasePath, filesOf, firstWish, nameOf, placeOf, requestOf, stuck, systemPath } from "./first_steps.js";

const facts = { needed: true, data_root: "/data", free_bytes: 1, roots: [], cache_bytes: null, system: { path: "/data/system", exists: false, fixed: false }, variables: [] };

test("what is sent says only what was chosen", () => {
  const wish = firstWish();
  assert.deepEqual(requestOf(wish), { database: { source: "new", name: "shop", durability: "every_commit" }, environment: { colour: "dev", mode: "open" }, system: {} });
  Object.assign(wish, { way: "open", environment: "prod", readOnly: true, cache: "64", durability: "every_second", shared: true, system: " team/system " });
  wish.folders.open = "/far/My Shop";
  assert.deepEqual(requestOf(wish), { database: { source: "open", name: "My-Shop", path: "/far/My Shop", read_only: true, cache_bytes: 64 << 20, durability: "every_second" }, environment: { colour: "prod", mode: "confirm" }, system: { path: "team/system" } });
  assert.equal(databasePath(wish, facts), "/far/My Shop");
  assert.equal(systemPath(wish, facts), "/data/team/system");
  assert.equal(systemPath(wish, { ...facts, system: { ...facts.system, fixed: true } }), "/data/system");
  assert.equal(filesOf(wish, facts).length, 3);
});

test("what is missing is said at its field", () => {
  const wish = firstWish();
  assert.equal(stuck(wish), undefined);
  wish.names.create = " ";
  assert.equal(stuck(wish)?.at, "name");
  wish.names.create = "a b";
  assert.match(stuck(wish)?.text ?? "", /letters/);
  wish.way = "open";
  assert.equal(stuck(wish)?.at, "path");
  wish.folders.open = "x/";
  assert.equal(databaseName(wish), "x");
  assert.equal(nameOf("C:\\data\\Größe"), "Gr-e");
  assert.deepEqual(placeOf("#/database/path"), { step: 0, field: "path" });
  assert.deepEqual(placeOf("/system/path"), { step: 1, field: "system" });
  assert.equal(placeOf("").step, 2);
});

test("a folder outside of those that the server may use is said at once", () => {
  const wide = { ...facts, roots: ["/srv/shared"] };
  const at = (/** @type {string} */ folder, where = wide) => stuck({ ...firstWish(), folders: { ...firstWish().folders, create: folder } }, where)?.at;
  for (const fine of ["", "a/b", "./a", "a/../b", "/data/x", "/srv/shared/x", "/srv/shared"]) assert.equal(at(fine), undefined, fine);
  for (const bad of ["/etc/x", "../x", "a/../../x", "/srv/sharedx", "/srv/shared/../other", "/"]) assert.equal(at(bad), "path", bad);
  assert.equal(at("/etc/x", { ...wide, data_root: "C:\\data" }), undefined, "what is not known here is the server's to say");
  const shared = { ...firstWish(), shared: true, system: "../system" };
  assert.equal(stuck(shared, facts, 1)?.at, "system");
  assert.equal(stuck({ ...shared, shared: false }, facts, 1), undefined);
  assert.equal(stuck(shared, facts, 2), undefined);
});
