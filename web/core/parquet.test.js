import assert from "node:assert/strict";
import { test } from "node:test";
import { isParquet, listed, parquetEnd } from "./parquet.js";

const bytes = (/** @type {string} */ text) => [...new TextEncoder().encode(text)];
/** An element: its type, name, how many it holds, and what it was. @param {{type?: number, name: string, children?: number, converted?: number}} of */
const element = ({ type, name, children, converted }) => [
  ...(type === undefined ? [0x48] : [0x15, type * 2, 0x38]), name.length, ...bytes(name),
  ...(children === undefined ? [] : [0x15, children * 2]),
  ...(converted === undefined ? [] : [children === undefined ? 0x25 : 0x15, converted * 2]), 0,
];
/** @param {number[][]} elements @param {number} rows */
const list = (elements, rows) => [0x15, 2, 0x19, (elements.length << 4) | 12, ...elements.flat(), 0x16, ...(rows < 64 ? [rows * 2] : [(rows * 2) & 127 | 128, (rows * 2) >> 7]), 0x19, 0x0c, 0];
const LIST = list([element({ name: "rows", children: 3 }), element({ type: 2, name: "id" }), element({ name: "home", children: 2 }), element({ type: 6, name: "city", converted: 0 }), element({ type: 5, name: "zip" }), element({ type: 6, name: "tags", converted: 19 })], 300);
const end = (/** @type {number} */ length) => [length & 255, length >> 8, 0, 0, ...bytes("PAR1")];

test("columns at the top and rows are read from the end", async () => {
  assert.deepEqual(listed(new Uint8Array(LIST)), { columns: [{ name: "id", kind: "whole number" }, { name: "home", kind: "object" }, { name: "tags", kind: "JSON" }], rows: 300 });
  const file = new Blob([new Uint8Array([...bytes("PAR1"), ...LIST, ...end(LIST.length)])]);
  assert.equal((await parquetEnd(file)).rows, 300);
});

test("what is cut short or says nonsense is an error", async () => {
  for (let cut = 0; cut < LIST.length - 3; cut += 1) assert.throws(() => listed(new Uint8Array(LIST.slice(0, cut))), /damaged|no column/);
  for (const wrong of [[], bytes("PAR1"), [...bytes("PAR1"), ...end(5000)], bytes("a,b\n1,2\n3,4\n")]) await assert.rejects(parquetEnd(new Blob([new Uint8Array(wrong)])), /Parquet file/);
  assert.throws(() => listed(new Uint8Array(list([element({ name: "rows", children: 2 }), element({ type: 1, name: "a" })], 1))), /damaged/);
  assert.throws(() => listed(new Uint8Array(Array.from({ length: 1000 }, () => 0x1c))), /damaged/);
});

test("a file is seen by its first bytes or its name", () => {
  assert.ok(isParquet("x.csv", new Uint8Array(bytes("PAR1x"))));
  assert.ok(isParquet("a.PARQUET", new Uint8Array()));
  assert.ok(!isParquet("a.csv", new Uint8Array(bytes("a,b"))));
});
