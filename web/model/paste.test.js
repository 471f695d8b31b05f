import assert from "node:assert/strict";
import { test } from "node:test";
import { Columns } from "./columns.js";
import { sqlLiteral } from "./filter.js";
import { inserts, parseTabbed, pasteInto } from "./paste.js";

test("tabbed text is read as spreadsheets write it", () => {
  assert.deepEqual(parseTabbed("a\tb\r\nc\td\r\n"), [["a", "b"], ["c", "d"]]);
  assert.deepEqual(parseTabbed('"x\ty"\t"say ""hi"""\n"two\nlines"\t'), [["x\ty", 'say "hi"'], ["two\nlines", ""]]);
  assert.deepEqual(parseTabbed('5" pipe\t"open'), [['5" pipe', '"open']]);
  assert.deepEqual(parseTabbed("one"), [["one"]]);
  assert.deepEqual(parseTabbed(""), [[""]]);
});

test("cells become values by the types of their columns; what does not fit names its place", () => {
  const columns = new Columns([{ name: "n", type: "number" }, { name: "s", type: "string" }, { name: "b", type: "bool" }]);
  const [n, s, b] = columns.list;
  const items = [{ value: { n: 1, s: "a", b: true } }, { value: { n: 2, s: "b" } }];
  const made = pasteInto([["5", "007", "false"], ["x", "", "true"]], items, [n, s, b], columns);
  assert.deepEqual(made.after, [{ index: 0, value: { n: 5, s: "007", b: false } }, { index: 1, value: { n: 2, s: "", b: true } }]);
  assert.deepEqual(made.faults.map((one) => [one.row, one.column, one.text]), [[2, "n", "x"]]);
  assert.equal(made.cells, 5);
});

test("one cell fills all, and an empty one leaves what is missing alone", () => {
  const columns = new Columns([{ name: "s", type: "string" }, { name: "t", type: "string" }]);
  const made = pasteInto([["z"]], [{ value: { s: "a", t: "a" } }, { value: { s: "b" } }], columns.list, columns);
  assert.deepEqual(made.after.map((one) => one.value), [{ s: "z", t: "z" }, { s: "z", t: "z" }]);
  assert.deepEqual(pasteInto([[""]], [{ value: { s: "" } }], [columns.list[1]], columns).after, []);
});

test("inserts leave out what an item does not have", () => {
  assert.equal(inserts('a"b', [{ name: "id" }, { name: "x" }], [[1, "O'N"], [2, undefined]], sqlLiteral), `INSERT INTO "a""b" ("id", "x") VALUES (1, 'O''N');\nINSERT INTO "a""b" ("id") VALUES (2);`);
});
