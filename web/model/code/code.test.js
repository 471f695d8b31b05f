import assert from "node:assert/strict";
import { test } from "node:test";
import { LANGUAGES, codeOf } from "./index.js";
import { modelOf } from "./model.js";
import { Names, camel, commentText, pascal, quotedText, singular, snake, words } from "./names.js";

test("names of data become names of programs", () => {
  assert.deepEqual(words("BillingCountry ship_to2 HTTPServer"), ["billing", "country", "ship", "to2", "http", "server"]);
  assert.deepEqual([pascal("größe_der stadt"), camel("Größe Stadt"), snake("AlbumId")], ["GrosseDerStadt", "grosseStadt", "album_id"]);
  assert.deepEqual(["orders", "categories", "boxes", "status", "news", "class", "InvoiceLine"].map(singular), ["order", "category", "box", "status", "new", "class", "InvoiceLine"]);
  const names = new Names(["class"]);
  assert.deepEqual(["class", "class", "", "2nd", "日本", "a", "a"].map((one) => names.take(snake(one))), ["class_", "class_2", "field", "n2nd", "field2", "a", "a2"]);
  const folded = new Names(["Store"], { fold: true, after: "Entry" });
  assert.deepEqual(["Store", "Ab", "AB"].map((one) => folded.take(one)), ["StoreEntry", "Ab", "AB2"]);
});

test("texts of programs and comments end nothing", () => {
  assert.equal(quotedText('a"b\\c\nd\u202e\u{1f600}'), '"a\\"b\\\\c\\u000ad\\u202e😀"');
  assert.equal(commentText('*/ """ \\u000a\nx'), "* / ''' /u000a x");
});

const field = (/** @type {string} */ path, /** @type {number} */ depth, /** @type {{[kind: string]: number}} */ kinds, required = true) => ({ path, depth, type: "any", required, count: Object.values(kinds).reduce((sum, n) => sum + n, 0), kinds: Object.entries(kinds).map(([kind, count]) => ({ kind, count })) });

test("types come from what the items show: optional, null, nested, lists, several kinds", () => {
  const store = {
    name: "orders", description: "", count: 10, key: { type: "composite", fields: [{ name: "id", type: "u64", order: "desc" }], ride_on: [{ name: "note", type: "string" }] },
    sample: { value: { at: "2026-01-01T00:00:00Z" } },
    shape: { values: [{ kind: "object", count: 10 }], fields: [
      field("total", 1, { integer: 3, number: 7 }), field("maybe", 1, { string: 4 }, false), field("empty", 1, { null: 2, string: 8 }, false), field("any", 1, { string: 5, object: 5 }),
      field("at", 1, { datetime: 10 }), field("a.b", 1, { object: 10 }), field("a.b.c", 2, { array: 10 }), field("a.b.c[]", 3, { object: 9 }, false), field("a.b.c[].x", 4, { bool: 9 }),
    ] },
  };
  const { stores: [made] } = modelOf("shop", [store, { ...store, name: "by_total", index_of: "orders" }]);
  assert.equal(made.records.map((one) => one.title).join(), "OrderKey,OrderABC,OrderAB,Order");
  const value = made.records[3].fields.map(({ name, type, optional, nullable }) => [name, type.kind, optional, nullable]);
  assert.deepEqual(value, [["total", "number", false, false], ["maybe", "string", true, false], ["empty", "string", false, true], ["any", "any", false, false], ["at", "timestamp", false, false], ["a.b", "record", false, false]]);
  assert.deepEqual(made.records[0].fields.map(({ name, order, rides }) => [name, order, rides]), [["id", "desc", false], ["note", "asc", true]]);
  assert.equal(made.records[2].fields[0].type.kind, "array");
  for (const language of /** @type {import("./index.js").Language[]} */ (Object.keys(LANGUAGES))) {
    const { text } = codeOf(language, "shop", [store], { url: "http://127.0.0.1:8080" });
    for (const part of ["Order", "total", "maybe", "a.b"]) assert.ok(text.includes(part), `${language}: ${part}`);
  }
});
