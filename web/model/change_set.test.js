import { test } from "node:test";
import assert from "node:assert/strict";
import { parse } from "../core/json.js";
import { ChangeSet, fieldChanges, overlap, rebase, resolve } from "./change_set.js";

const item = { key: 1, value: { a: 1, b: 2 }, version: 7 };

test("an edit is one entry a key, and none when it changes nothing", () => {
  const set = new ChangeSet();
  set.update("s", item, { a: 2, b: 2 });
  set.update("s", item, { a: 2, b: 3 });
  assert.deepEqual(set.request(), [{ op: "update", store: "s", key: 1, id: undefined, value: { a: 2, b: 3 }, if_version: 7 }]);
  set.update("s", item, { b: 2, a: 1 });
  assert.equal(set.size, 0);
});

test("undo and redo walk through every state", () => {
  const set = new ChangeSet();
  const states = [set.save()];
  const steps = [
    () => set.update("s", item, { a: 2, b: 2 }),
    () => set.remove("s", [item, { key: 2, value: 5, version: 1 }]),
    () => set.insert("s", 9, { x: parse("1.0") }, 4),
    () => set.update("s", { key: 9, value: null }, { x: 2 }),
    () => set.unstage([...set.entries.values()].slice(0, 1)),
    () => set.clear(),
  ];
  const entries = () => JSON.stringify([...set.entries].sort());
  states[0] = entries();
  for (const step of steps) {
    step();
    states.push(entries());
  }
  for (const state of states.slice(0, -1).reverse()) {
    set.undo();
    assert.equal(entries(), state);
  }
  assert.equal(set.canUndo, false);
  for (const state of states.slice(1)) {
    set.redo();
    assert.equal(entries(), state);
  }
});

test("deleting an edited item keeps what it was made on; deleting a new one unstages it", () => {
  const set = new ChangeSet();
  set.update("s", item, { a: 5 });
  set.remove("s", [item]);
  assert.deepEqual(set.get("s", 1)?.before, { a: 1, b: 2 });
  assert.deepEqual(set.request(), [{ op: "delete", store: "s", key: 1, id: undefined, if_version: 7 }]);
  set.insert("s", 2, 1, 0);
  set.remove("s", [{ key: 2, value: 1 }]);
  assert.equal(set.get("s", 2), undefined);
});

test("typing is undone as one step", () => {
  const set = new ChangeSet();
  for (const a of [10, 11, 12]) set.update("s", item, { a }, "raw");
  set.undo();
  assert.equal(set.size, 0);
  set.redo();
  assert.deepEqual(set.get("s", 1)?.after, { a: 12 });
});

test("it survives a reload as text, with exact numbers and its steps", () => {
  const set = new ChangeSet();
  set.insert("s", parse("18446744073709551615"), parse('{"n":1.10}'), 3);
  const text = set.save();
  const again = new ChangeSet();
  again.load(text);
  assert.equal(again.save(), text);
  again.undo();
  assert.equal(again.size, 0);
  for (const bad of [null, "", "{", "5", '{"entries":[1,null,{"op":"drop","store":"s","key":1},{"op":"insert"}]}']) {
    again.load(bad);
    assert.equal(again.size, 0);
  }
});

test("fields that differ", () => {
  assert.deepEqual(fieldChanges({ a: 1, b: 2 }, { a: 1, c: 3 }), [{ name: "c", before: undefined, after: 3 }, { name: "b", before: 2, after: undefined }]);
  assert.deepEqual(fieldChanges("x", { a: 1 }), [{ name: "", before: "x", after: { a: 1 } }]);
});

test("answers to a conflict", () => {
  /** @type {import("./change_set.js").Entry} */
  const entry = { op: "update", store: "s", key: 1, before: { a: 1, b: 1, c: 1 }, after: { a: 2, b: 2 }, version: 1 };
  const current = { value: { a: 9, b: 1, c: 1, d: 4 }, version: 8 };
  assert.deepEqual(overlap(entry, current.value), ["a"]);
  assert.deepEqual(rebase(entry, current.value), { a: 2, b: 2, d: 4 });
  assert.deepEqual(resolve(entry, current, "mine")?.after, { a: 2, b: 2, d: 4 });
  const theirs = resolve(entry, current, "theirs");
  assert.deepEqual([theirs?.after, theirs?.version], [{ a: 9, b: 2, d: 4 }, 8]);
  assert.equal(resolve({ ...entry, after: { a: 2, b: 1, c: 1 } }, current, "theirs"), undefined);
  assert.equal(resolve(entry, null, "mine")?.op, "insert");
  assert.equal(resolve(entry, null, "theirs"), undefined);
  assert.equal(resolve({ ...entry, op: "delete", after: undefined }, current, "mine")?.version, 8);
  assert.equal(resolve({ ...entry, op: "delete", after: undefined }, null, "mine"), undefined);
  assert.equal(resolve({ ...entry, op: "insert", before: undefined, version: undefined }, current, "mine")?.op, "update");
});
