import { test } from "node:test";
import assert from "node:assert/strict";
import { Columns, fieldOf, withField } from "./columns.js";
import { Commands, pressedKey } from "./commands.js";
import { formatOf, keyIsUnique, obstacle, plan, storeName, suggestKey } from "./import_plan.js";
import { treeLines } from "./json_tree.js";
import { Tree } from "./tree.js";
import { readPlace, writePlace } from "./url_state.js";
import { parse } from "../core/json.js";

test("addresses read back as they were written", () => {
  for (const place of [
    { prefix: [] },
    { database: "a/b ü?#", prefix: [] },
    { database: "d", store: "s/1", prefix: ["USA", { partial: "2025-" }], at: { a: 1 }, sel: "x&y" },
    { database: "d", store: "s", prefix: [], filter: '{"a&b":{"$gte":1.50}}', off: "[{}]", sort: { field: "-x", desc: true }, columns: '{"hidden":["é"]}' },
    { database: "d", store: "s", prefix: [], sort: { field: "", desc: true } },
    { database: "d", view: /** @type {const} */ ("query"), prefix: [] },
    { database: "d", store: "...", prefix: [null, 5], at: undefined, sel: parse("18446744073709551615") },
  ]) {
    const url = new URL(writePlace(place), "http://x");
    const again = readPlace(url);
    assert.equal(writePlace(again), writePlace(place));
  }
  assert.deepEqual(readPlace({ pathname: "/d/a/q", search: "?sql=SELECT+1%3B" }), { database: "a", view: "query", sql: "SELECT 1;", prefix: [], filter: undefined, off: undefined, sort: undefined, columns: undefined, at: undefined, sel: undefined });
  assert.deepEqual(readPlace({ pathname: "/scripts/a%20b/c%3F", search: "?db=x&pane=versions" }), { database: "x", view: "scripts", script: "a b/c?", pane: "versions", prefix: [] });
  assert.deepEqual(readPlace({ pathname: "/scripts", search: "?db=x&draft=2&pane=sql" }), { database: "x", view: "scripts", script: "~2", prefix: [] });
  for (const place of [{ script: "a b/c?" }, { script: "~2", pane: /** @type {const} */ ("json") }, {}]) {
    const url = new URL(writePlace({ database: "d/1", view: "scripts", prefix: [], ...place }), "http://x");
    assert.deepEqual(readPlace(url), { database: "d/1", view: "scripts", prefix: [], ...place });
  }
  assert.deepEqual(readPlace({ pathname: "/d/%E0%A4%A", search: "?prefix={" }).prefix, []);
});

test("columns come from the schema, then from the rows, and stay where they are", () => {
  const columns = new Columns([{ name: "b", type: "i64" }]);
  columns.learn([{ a: "x", c: 1 }, { c: null, d: { e: 1 } }, 5]);
  assert.deepEqual(columns.list.map((one) => [one.name, one.numeric]), [["b", true], ["a", false], ["c", true], ["d", false], ["", true]]);
  assert.equal(columns.kind("b"), "number");
  assert.equal(columns.kind("a"), "string");
  assert.equal(columns.kind("c", "text"), "string");
  assert.equal(columns.kind("nothing"), "any");
  const found = new Columns([{ name: "n", type: "integer" }, { name: "x", type: "any" }, { name: "far", type: "date" }]);
  found.learn([{ x: 1 }, { x: 2, new: "y" }]);
  assert.deepEqual(found.list.map((one) => [one.name, one.numeric]), [["n", true], ["x", true], ["far", false], ["new", false]], "also those that no row in view has");
  assert.deepEqual([found.kind("n"), found.kind("x"), found.kind("far")], ["number", "number", "string"]);
  assert.equal(new Columns(Array.from({ length: 900 }, (_, at) => ({ name: `f${at}`, type: "string" }))).list.length, 200);
  assert.equal(fieldOf({ a: 1 }, "toString"), undefined);
  assert.deepEqual(withField({ a: 1, b: 2 }, "a", undefined), { b: 2 });
});

test("a key press finds one command, and only where it belongs", () => {
  const commands = new Commands();
  let able = true;
  commands.add({ id: "a", title: "A", icon: "x", group: "g", keys: ["Ctrl+Z"], when: () => able, run() {} }, { id: "b", title: "B", icon: "x", group: "g", keys: ["Delete"], where: "grid", run() {} }, { id: "c", title: "C", icon: "x", group: "g", keys: ["Ctrl+K"], where: "text", run() {} });
  const press = (/** @type {string} */ key, more = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more });
  assert.equal(commands.match(press("z", { ctrlKey: true }), { text: false, grid: false })?.id, "a");
  assert.equal(commands.match(press("z", { metaKey: true }), { text: false, grid: false })?.id, "a");
  assert.equal(commands.match(press("z", { ctrlKey: true }), { text: true, grid: false }), undefined);
  assert.equal(commands.match(press("Delete"), { text: false, grid: false }), undefined);
  assert.equal(commands.match(press("Delete"), { text: false, grid: true })?.id, "b");
  assert.equal(commands.match(press("k", { ctrlKey: true }), { text: true, grid: false })?.id, "c");
  able = false;
  assert.deepEqual(commands.find("").map((one) => one.id), ["b", "c"]);
  assert.equal(pressedKey(press("Z", { ctrlKey: true, shiftKey: true })), "Ctrl+Shift+Z");
  assert.equal(pressedKey(press("?", { shiftKey: true })), "?");
});

test("the tree opens stores and prefixes and says what to read", () => {
  const tree = new Tree();
  tree.databases = [{ name: "a" }, { name: "b", items: 3 }];
  tree.current = "a";
  tree.stores = [{ name: "S", count: 10, key: { type: "string" } }, { name: "Empty", count: 0, key: { type: "i64" } }];
  assert.deepEqual(tree.rows().map((row) => [row.label, row.level, row.open]), [["a", 1, true], ["S", 2, false], ["Empty", 2, undefined], ["b", 1, false]]);
  tree.toggle("S");
  assert.deepEqual(tree.missing(), [{ id: "S", store: "S", prefix: [] }]);
  tree.groups.set("S", { groups: [{ label: "x", prefix: [{ partial: "x" }], count: 7, leaf: false }], more: { groups: 2, count: 3 } });
  assert.deepEqual(tree.rows().map((row) => row.label), ["a", "S", "x", "2 more", "Empty", "b"]);
  tree.toggle(Tree.id("S", [{ partial: "x" }]));
  assert.equal(tree.missing()[0].id, Tree.id("S", [{ partial: "x" }]));
  tree.forget("S");
  assert.equal(tree.missing()[0].id, "S");
  tree.filter = "emp";
  assert.deepEqual(tree.rows().map((row) => row.label), ["a", "Empty", "b"]);
});

test("a value as lines, with what staging changed", () => {
  const folds = { closed: new Set(), opened: new Set() };
  const lines = treeLines("value", { a: 2, n: { x: 1 } }, { ...folds, before: { a: 1, n: { x: 1 }, gone: true }, compare: true });
  assert.deepEqual(lines.map((line) => [line.name, line.text, line.was, line.changed]), [["value", "2 fields", undefined, false], ["a", "2", "1", true], ["n", "1 field", undefined, false], ["gone", "·", "true", true]]);
});

test("what importing a file would do", () => {
  assert.equal(storeName("/x/Playlist Track.ndjson"), "Playlist_Track");
  assert.equal(formatOf("x.txt", " [1"), "json");
  const tracks = plan("PlaylistTrack.ndjson", '{"PlaylistId":1,"TrackId":2}\n{"PlaylistId":1,"TrackId":3}\n{"Play', false);
  assert.deepEqual([tracks.key, tracks.rows.length, tracks.format], [["PlaylistId", "TrackId"], 2, "ndjson"]);
  assert.deepEqual(plan("Album.csv", "AlbumId,Title\n1,A\n2,B\n", true).key, ["AlbumId"]);
  assert.deepEqual(plan("users.json", '[{"name":"a","user_id":1},{"name":"b","user_id":2},{"na', false).key, ["user_id"]);
  assert.deepEqual(suggestKey("things", ["kind", "n"], [{ kind: "a", n: 1 }, { kind: "a", n: 2 }]), ["n"]);
  assert.match(obstacle(plan("x.ndjson", "{", true)) ?? "", /Line 1/);
  assert.match(obstacle(plan("x.ndjson", "", true)) ?? "", /no row/);
  assert.equal(keyIsUnique({ ...tracks, key: ["PlaylistId"] }), false);
});
