import { test } from "node:test";
import assert from "node:assert/strict";
import { RowMap } from "./row_map.js";

test("resolve and displayOf are each other's inverse for any inserts", () => {
  for (const ats of [[], [0], [0, 0, 0], [3], [10, 10], [0, 2, 2, 5, 10, 99, -4]]) {
    const map = new RowMap(10, ats.map((at, entry) => ({ at, entry })));
    assert.equal(map.total, 10 + ats.length);
    const seen = new Set();
    let rows = 0;
    for (let line = 0; line < map.total; line += 1) {
      const found = map.resolve(line);
      if (found.entry !== undefined) seen.add(found.entry);
      else {
        assert.equal(found.index, rows);
        assert.equal(map.displayOf(rows), line);
        rows += 1;
      }
    }
    assert.deepEqual([rows, seen.size], [10, ats.length]);
    for (const entry of seen) assert.equal(map.resolve(map.displayOfInsert((one) => one === entry)).entry, entry);
  }
});

test("the rows under a window of lines", () => {
  const map = new RowMap(10, [{ at: 2, entry: "a" }, { at: 2, entry: "b" }]);
  assert.deepEqual(map.rowsIn(0, 4), { first: 0, last: 2 });
  assert.deepEqual(map.rowsIn(3, 12), { first: 2, last: 10 });
});
