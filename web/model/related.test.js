import { test } from "node:test";
import assert from "node:assert/strict";
import { Related, nameOf } from "./related.js";

test("an item is called by its name, title, both names, or its first text", () => {
  assert.equal(nameOf({ Company: "X", FirstName: "Ann", LastName: "Lee" }), "Ann Lee");
  assert.equal(nameOf({ note: "n", Title: "T" }), "T");
  assert.equal(nameOf({ at: "2026-01-01", city: "Oslo" }), "Oslo");
  assert.equal(nameOf({ product_name: "P", sku: "1" }), "P");
  assert.equal(nameOf({ n: 1 }), "");
  assert.equal(nameOf("text"), "");
});

test("names are read once, a few at a time", async () => {
  let running = 0;
  let most = 0;
  /** @type {unknown[]} */
  const asked = [];
  const related = new Related(async (_, key) => {
    asked.push(key);
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    if (key === 3) throw new Error("gone");
    return { value: { name: `n${key}` } };
  });
  const list = Array.from({ length: 10 }, (_, key) => ({ store: "s", key }));
  const said = new Promise((resolve) => related.addEventListener("names", () => related.name("s", 9) !== undefined && resolve(undefined)));
  related.want(list);
  await said;
  related.want(list);
  assert.equal(asked.length, 10);
  assert.ok(most <= 4);
  assert.deepEqual([related.name("s", 1), related.name("s", 3), related.name("s", 99)], ["n1", "", undefined]);
  related.forget("s");
  assert.equal(related.name("s", 1), undefined);
});
