import assert from "node:assert/strict";
import { test } from "node:test";
import { both, documentOf, fieldsOf, inlined, kindOfType, listText, operatorsFor, pillAt, pillWords, pillsOf, prefixFilter, readPills, splitList, typedPill, writePills } from "./filter.js";

/** @type {import("./filter.js").Pill[]} */
const PILLS = [
  { field: "total", op: "gte", value: 1 }, { field: "total", op: "lt", value: 9 }, { field: "city", op: "eq", value: "Oslo" },
  { field: "note", op: "null" }, { field: "state", op: "missing" }, { field: "tags", op: "ncontains", value: "x" },
  { field: "at", op: "between", value: ["2024-01-01", "2024-02-01"] }, { field: "ship.city", op: "in", value: ["a", "b"] }, { field: "box", op: "eq", value: { a: 1 } },
];

test("pills and documents say the same", () => {
  assert.deepEqual(documentOf(PILLS.slice(0, 3)), { total: { $gte: 1, $lt: 9 }, city: "Oslo" });
  assert.deepEqual(pillsOf(documentOf(PILLS)), PILLS);
  const twice = [{ field: "tags", op: "contains", value: "a" }, { field: "tags", op: "contains", value: "b" }];
  assert.deepEqual(documentOf(twice), { $and: [{ tags: { $contains: "a" } }, { tags: { $contains: "b" } }] });
  assert.deepEqual(pillsOf(documentOf(twice)), twice);
  const same = [{ field: "a", op: "eq", value: 1 }, { field: "a", op: "ne", value: 2 }];
  assert.deepEqual(pillsOf(documentOf(same)), same);
  assert.equal(documentOf([{ field: "a", op: "eq", value: 1, off: true }]), undefined);
});

test("what pills cannot say stays a text", () => {
  for (const document of [{ $or: [{ a: 1 }] }, { a: { $type: "string" } }, { a: { b: 1 } }, { a: { $between: [1] } }, { a: { $not: { $gt: 1 } } }, 5, null]) assert.equal(pillsOf(document), undefined, JSON.stringify(document));
  assert.equal(readPills('{"$or":[{"a":1}]}', undefined).raw, '{"$or":[{"a":1}]}');
  assert.equal(readPills("{", undefined).raw, "{");
  assert.deepEqual(readPills("{}", undefined), { pills: [] });
});

test("a pill that is off is kept apart in the address", () => {
  const pills = [{ field: "a", op: "eq", value: 1 }, { field: "b", op: "gt", value: 2, off: true }];
  const kept = writePills(pills);
  assert.deepEqual(kept, { filter: '{"a":1}', off: '[{"b":{"$gt":2}}]' });
  assert.deepEqual(readPills(kept.filter, kept.off), { pills });
  assert.deepEqual(readPills(undefined, "no JSON"), { pills: [] });
});

test("fields come from key, schema and what was seen in objects; one name of both is told apart", () => {
  const store = { name: "s", count: 1, key: { type: "composite", fields: [{ name: "id", type: "i64" }, { name: "day", type: "date" }] } };
  const fields = fieldsOf(store, [{ name: "day", type: "string" }, { name: "ship", type: "object" }, { name: "total", type: "number" }], [{ ship: { city: "Oslo", zip: 5 } }]);
  assert.deepEqual(fields.map((one) => [one.name, one.kind]), [["id", "number"], ["key.day", "date"], ["value.day", "text"], ["ship", "object"], ["total", "number"], ["ship.city", "text"], ["ship.zip", "number"]]);
  assert.deepEqual(operatorsFor(fields[4]).map((one) => one.id).slice(0, 7), ["eq", "ne", "lt", "lte", "gt", "gte", "between"]);
  assert.deepEqual(fieldsOf({ name: "t", count: 1, key: { type: "string" } }, [{ name: "", type: "" }]).map((one) => one.name), ["key", "value"]);
  assert.equal(kindOfType("u64"), "number");
});

test("typed values follow the field's type, and say what is wrong", () => {
  const number = { name: "n", label: "n", type: "number", kind: /** @type {const} */ ("number") };
  const text = { ...number, kind: /** @type {const} */ ("text") };
  assert.deepEqual(typedPill(text, "n", "eq", "5"), { pill: { field: "n", op: "eq", value: "5" } });
  assert.deepEqual(typedPill(number, "n", "eq", "5"), { pill: { field: "n", op: "eq", value: 5 } });
  assert.deepEqual(typedPill(number, "n", "between", "1", "2"), { pill: { field: "n", op: "between", value: [1, 2] } });
  assert.match(/** @type {any} */ (typedPill(number, "n", "gt", "1,5")).fix, /1\.5/);
  assert.match(/** @type {any} */ (typedPill(number, "n", "between", "1", "x")).error, /not a number/);
  assert.match(/** @type {any} */ (typedPill(number, "n", "gt", "")).error, /missing/);
  assert.match(/** @type {any} */ (typedPill({ ...number, kind: "date" }, "n", "gt", "yesterday")).error, /not a date/);
  assert.deepEqual(typedPill(text, "n", "in", 'a, "b, c", d'), { pill: { field: "n", op: "in", value: ["a", "b, c", "d"] } });
  assert.deepEqual(typedPill(text, "n", "missing", ""), { pill: { field: "n", op: "missing" } });
  assert.deepEqual(splitList(listText(["a", 'b "c"', "d, e", ""])), ["a", 'b "c"', "d, e", ""]);
});

test("a pill reads as a sentence, and a fault finds its pill", () => {
  assert.deepEqual(pillWords({ field: "t", op: "between", value: [1, 2] }, undefined), { name: "t", op: "between", value: "1 and 2", kind: "" });
  assert.equal(pillWords({ field: "d", op: "gte", value: "2024-01-01" }, { name: "d", label: "Day", type: "date", kind: "date" }).op, "from");
  assert.equal(pillAt(PILLS, "/total/$lt"), 1);
  assert.equal(pillAt(PILLS, "/city"), 2);
  assert.equal(pillAt([{ field: "a", op: "eq", value: 1, off: true }, ...PILLS], "/$and/0/a"), 1);
  assert.equal(pillAt(PILLS, "/nothing"), -1);
});

test("a prefix is a filter, and both together one", () => {
  const prefix = prefixFilter(["USA", { partial: "2025-" }], ["country", "day", "id"]);
  assert.deepEqual(prefix, { country: "USA", day: { $prefix: "2025-" } });
  assert.deepEqual(both({ a: 1 }, prefix), { $and: [{ a: 1 }, prefix] });
  assert.deepEqual(both({}, prefix), prefix);
});

test("a statement is written with its values, and nothing in quotes is taken for a place", () => {
  assert.equal(inlined(`SELECT * FROM "a?b" WHERE "x" = ? AND y LIKE '?' AND z IN (?, ?)`, ["O'Neil", 5, null]), `SELECT * FROM "a?b" WHERE "x" = 'O''Neil' AND y LIKE '?' AND z IN (5, NULL)`);
  assert.equal(inlined("?", [{ $bytes: "AP8=" }]), "X'00ff'");
});
