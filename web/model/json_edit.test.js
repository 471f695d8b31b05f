import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../core/json.js";
import { converted, removeAt, renameAt, setAt, typeOf, valueAt, violations } from "./json_edit.js";

const VALUE = { a: { b: [1, { c: "x" }] }, d: null };

test("a place is read, set, removed and renamed without touching the value", () => {
  const before = structuredClone(VALUE);
  assert.equal(valueAt(VALUE, ["a", "b", "1", "c"]), "x");
  assert.equal(valueAt(VALUE, ["a", "toString"]), undefined);
  assert.deepEqual(setAt(VALUE, ["a", "b", "1", "c"], 5), { a: { b: [1, { c: 5 }] }, d: null });
  assert.deepEqual(setAt(VALUE, [], 5), 5);
  assert.deepEqual(removeAt(VALUE, ["a", "b", "0"]), { a: { b: [{ c: "x" }] }, d: null });
  assert.deepEqual(removeAt(VALUE, ["d"]), { a: VALUE.a });
  assert.deepEqual(Object.keys(renameAt(VALUE, ["a"], "z")), ["z", "d"]);
  assert.deepEqual(VALUE, before);
});

test("a value turned into another type keeps what can be kept", () => {
  assert.equal(converted("5", "number"), 5);
  assert.equal(converted("x", "number"), 0);
  assert.equal(String(converted("18446744073709551615", "number")), "18446744073709551615");
  assert.equal(converted(5, "text"), "5");
  assert.equal(converted("yes", "bool"), true);
  assert.deepEqual(converted({ a: 1 }, "list"), [1]);
  assert.deepEqual(converted([1], "object"), { 0: 1 });
  assert.equal(converted({ a: 1 }, "null"), null);
  assert.equal(typeOf(parse("1.0")), "number");
});

test("a declared schema says what is wrong, field by field", () => {
  const schema = { declared: true, fields: [{ name: "n", type: "integer", required: true }, { name: "s", type: "string" }, { name: "day", type: "date" }] };
  assert.deepEqual([...violations(schema, { n: 1, s: null, day: "2024-01-01" })], []);
  assert.deepEqual([...violations(schema, { n: 1.5, s: 5, day: "soon" }).keys()], ["n", "s", "day"]);
  assert.deepEqual([...violations(schema, {})], [["n", "n is required."]]);
  assert.deepEqual([...violations(schema, 5).keys()], [""]);
  assert.deepEqual([...violations({ declared: false, fields: schema.fields }, {})], []);
});
