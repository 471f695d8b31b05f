import assert from "node:assert/strict";
import { test } from "node:test";
import { Commits, inverse } from "./commits.js";

test("each change is taken back, the last one first, with the version that it left", () => {
  const entries = inverse([
    { op: "update", store: "s", key: 1, before: { a: 1 }, after: { a: 2 } },
    { op: "insert", store: "s", key: 2, before: null, after: { b: 1 } },
    { op: "delete", store: "t", key: "x", before: null, after: null },
  ], 7);
  assert.deepEqual(entries, [
    { op: "insert", store: "t", key: "x", after: null },
    { op: "delete", store: "s", key: 2, id: undefined, before: { b: 1 }, version: 7 },
    { op: "update", store: "s", key: 1, id: undefined, before: { a: 2 }, after: { a: 1 }, version: 7 },
  ]);
});

test("what was changed twice is taken back once, and what came and went not at all", () => {
  const one = { store: "s", key: 1 };
  assert.deepEqual(inverse([{ ...one, op: "update", before: 1, after: 2 }, { ...one, op: "update", before: 2, after: 3 }], 5), [{ op: "update", ...one, id: undefined, before: 3, after: 1, version: 5 }]);
  assert.deepEqual(inverse([{ ...one, op: "insert", before: null, after: 2 }, { ...one, op: "delete", before: 2, after: null }], 5), []);
});

test("commits are kept by database, a few of them", () => {
  const commits = new Commits();
  for (let sequence = 1; sequence <= 30; sequence += 1) commits.add({ database: sequence % 2 ? "a" : "b", sequence, at: new Date(0), preview: [{ op: "insert", store: "s", key: sequence, before: null, after: 1 }] });
  assert.equal(commits.list.length, 20);
  assert.equal(commits.of("b")[0].sequence, 30);
  commits.forget(commits.of("b")[0]);
  assert.equal(commits.of("b")[0].sequence, 28);
});
