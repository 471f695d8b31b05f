import { test } from "node:test";
import assert from "node:assert/strict";
import { starters } from "./starters.js";

const stores = /** @type {any[]} */ ([
  { name: "Artist", count: 12, key: { type: "i64" }, schema: { fields: [{ name: "Name", type: "string" }] } },
  { name: "Invoice", count: 160, key: { type: "composite", fields: [{ name: "BillingCountry", type: "string" }, { name: "InvoiceDate", type: "date" }, { name: "InvoiceId", type: "i64" }] }, schema: { fields: [{ name: "CustomerId", type: "i64" }, { name: "Total", type: "number" }] }, relations: [{ source_fields: ["CustomerId"], target_store: "Customer", target_fields: ["CustomerId"] }] },
  { name: "Customer", count: 59, key: { type: "i64" }, schema: { fields: [{ name: "Country", type: "string" }] } },
  { name: "Empty", count: 0, key: { type: "i64" }, schema: { fields: [{ name: "Total", type: "number" }] } },
]);

test("starters name what is there, the open store first", () => {
  assert.deepEqual(starters(stores, "Invoice"), ["Sum of Total by BillingCountry in Invoice", "Top 10 Invoice by Total", "Latest 10 Invoice", "Show Invoice with Customer"]);
  assert.equal(starters(stores, "Artist").some((one) => one.includes("Empty")), false);
  assert.equal(starters(stores, "Artist").length, 4);
});

test("a database without items has none", () => {
  assert.deepEqual(starters([], undefined), []);
  assert.deepEqual(starters([stores[3]], "Empty"), []);
});
