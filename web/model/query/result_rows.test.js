import { test } from "node:test";
import assert from "node:assert/strict";
import { stringify } from "../../core/json.js";
import { ResultRows } from "./result_rows.js";

const line = (/** @type {number} */ at) => `[${at},"row ${at}",18446744073709551615,1.10]`;
const some = (/** @type {number} */ from, /** @type {number} */ to) => Array.from({ length: to - from }, (_, at) => line(from + at));

test("rows are found by their place, exactly as they came", () => {
  const rows = new ResultRows();
  for (let at = 0; at < 3200; at += 320) rows.add(some(at, at + 320));
  assert.deepEqual([rows.count, rows.kept, rows.full], [3200, 3200, false]);
  for (const at of [0, 1, 499, 500, 501, 2999, 3000, 3199]) assert.equal(stringify(rows.at(at)), line(at));
  for (const at of [-1, 3200, NaN]) assert.equal(rows.at(at), undefined);
  assert.equal(rows.line(1234), line(1234));
  assert.deepEqual([...rows.values(498, 502)].map((row) => row[0]), [498, 499, 500, 501]);
  assert.equal([...rows.values()].length, 3200);
  assert.equal([...rows.values(3000, 9000)].length, 200);
});

test("a row that was looked at while its chunk was filled does not hide the ones that came after it", () => {
  const rows = new ResultRows();
  rows.add(some(0, 10));
  assert.equal(rows.at(9)?.[0], 9);
  rows.add(some(10, 20));
  assert.equal(rows.at(19)?.[0], 19);
  rows.add(some(20, 700));
  assert.equal(rows.at(499)?.[0], 499);
});

test("of a chunk only the rows that are looked at are read, and its texts are there for all", () => {
  const rows = new ResultRows();
  rows.add(some(0, 700));
  rows.at(3);
  rows.at(499);
  assert.deepEqual(Object.keys(rows.read.get(0)?.rows ?? []), ["3", "499"]);
  assert.equal(rows.at(3), rows.at(3), "read once");
  assert.deepEqual([0, 1, 2].map((chunk) => [rows.texts(chunk)?.first, rows.texts(chunk)?.lines.length]), [[0, 500], [500, 200], [undefined, undefined]]);
  assert.equal(rows.texts(1)?.lines[1], line(501));
});

test("a whole number that came as text, because no signed one holds it, is a number in its column", () => {
  const rows = new ResultRows();
  rows.whole = [0];
  rows.add(['["18446744073709551615","18446744073709551615"]', '["007","x"]', '[5,"x"]']);
  assert.deepEqual([0, 1, 2].map((at) => stringify(rows.at(at))), ['[18446744073709551615,"18446744073709551615"]', '["007","x"]', '[5,"x"]']);
  assert.equal(stringify([...rows.values()][0]), '[18446744073709551615,"18446744073709551615"]');
});

test("what is held as values stays bounded however far one looks", () => {
  const rows = new ResultRows();
  rows.add(some(0, 40_000));
  for (let at = 0; at < 40_000; at += 100) rows.at(at);
  assert.ok(rows.read.size <= 24, String(rows.read.size));
});

test("a result that is too large is counted on but not kept", () => {
  const byRows = new ResultRows({ rows: 700, chars: 1e9 });
  byRows.add(some(0, 1000));
  byRows.add(some(1000, 2000));
  assert.deepEqual([byRows.count, byRows.kept, byRows.full], [2000, 700, true]);
  assert.equal(byRows.at(699)?.[0], 699);
  assert.equal(byRows.at(700), undefined);
  const byChars = new ResultRows({ rows: 1e9, chars: 1000 });
  byChars.add(some(0, 1000));
  assert.ok(byChars.full && byChars.chars <= 1000 && byChars.kept > 10);
});
