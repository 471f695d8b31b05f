import assert from "node:assert/strict";
import test from "node:test";
import { grantsOf, maskable, maskedOf, reach } from "./access.js";

test("what a user sees is said in a few words", () => {
  const user = { role: /** @type {const} */ ("editor"), grants: {}, masked: [] };
  assert.equal(reach(user), "All databases");
  assert.equal(reach({ ...user, grants: { shop: "viewer", "sales-*": "editor", secret: "none" } }), "shop, sales-*");
  assert.equal(reach({ ...user, grants: { a: "viewer", b: "viewer", c: "viewer" }, masked: [{ database: "a", store: "s", field: "f" }] }), "a, b and 1 more, 1 field masked");
  assert.equal(reach({ ...user, grants: { secret: "none" } }), "No database");
});

test("unfinished rows of a form are left out", () => {
  assert.deepEqual(grantsOf([{ pattern: " shop ", grant: "viewer" }, { pattern: " ", grant: "none" }]), { shop: "viewer" });
  assert.deepEqual(maskedOf([{ database: "d", store: "s", field: " pay " }, { database: "d", store: "", field: "x" }]), [{ database: "d", store: "s", field: "pay" }]);
});

test("fields of the key cannot be masked", () => {
  const store = { key: { type: "composite", fields: [{ name: "id" }] }, shape: { fields: [{ path: "id" }, { path: "pay" }, { path: "notes[].text" }] } };
  assert.deepEqual(maskable(store), ["pay", "notes.text"]);
});
