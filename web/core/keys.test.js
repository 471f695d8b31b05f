import { test } from "node:test";
import assert from "node:assert/strict";
import { cutHead, keyFromValues, keyLabel, keyText, prefixText, sharedHead, typedKey, typedValue } from "./keys.js";

const invoice = { type: "composite", fields: [{ name: "BillingCountry", type: "string" }, { name: "InvoiceDate", type: "datetime" }, { name: "InvoiceId", type: "i64" }] };

test("a key is one line", () => {
  assert.equal(keyText(invoice, { BillingCountry: "USA", InvoiceDate: "2025-12-04T00:00:00", InvoiceId: 407 }), "USA / 2025-12-04 / 407");
  assert.equal(keyText({ type: "string" }, "a\nb\u202e"), "a↵b�");
  assert.equal(keyText({ type: "string" }, ""), '""');
  assert.equal(keyText(invoice, { InvoiceId: 1 }), "null / null / 1");
  assert.equal(prefixText(invoice, ["USA", { partial: "2025-" }]), "USA / 2025-…");
  assert.equal(keyLabel("Invoice", invoice), "BillingCountry / Date / Id");
});

test("the shared head ends at the end of a word", () => {
  assert.equal(sharedHead("USA / 2025-02-07 / 341", "USA / 2025-04-01 / 352"), "USA / 2025-".length);
  assert.equal(sharedHead("USA / 2025-09-02 / 385", "USA / 2025-09-02 / 386"), "USA / 2025-09-02 / ".length);
  assert.equal(sharedHead("12", "13"), 0);
  assert.equal(sharedHead("a / 1", "a / 1"), 0);
  assert.equal(sharedHead("", "x"), 0);
});

test("a key that is cut loses its head, never its tail", () => {
  assert.equal(cutHead("USA / 2021-03-22 / 20", 19), "… / 2021-03-22 / 20");
  assert.equal(cutHead("abcdefghij", 6), "…fghij");
});

test("typed keys", () => {
  assert.deepEqual(typedKey({ type: "i64" }, " 0042 "), { key: 42 });
  assert.equal(String(/** @type {any} */ (typedKey({ type: "u64" }, "18446744073709551615")).key), "18446744073709551615");
  assert.deepEqual(typedKey(invoice, "USA / 2025-01-01"), { key: { BillingCountry: "USA", InvoiceDate: "2025-01-01", InvoiceId: null } });
  assert.deepEqual(typedKey({ type: "string" }, "a / b"), { key: "a / b" });
  assert.match(/** @type {any} */ (typedKey({ type: "i64" }, "x")).error, /not a whole number/);
  assert.match(/** @type {any} */ (typedKey(invoice, "a/b/1/2")).error, /3 fields, not 4/);
  assert.match(/** @type {any} */ (typedKey(invoice, "{")).error, /Line 1/);
  assert.deepEqual(keyFromValues(invoice, ["A"]), { BillingCountry: "A", InvoiceDate: null, InvoiceId: null });
});

test("a wrong number says what would be right", () => {
  assert.deepEqual(typedValue("f64", "13,68"), { error: "“13,68” is not a number; decimals take a point.", fix: "13.68" });
  assert.equal(/** @type {any} */ (typedValue("i64", "3.0")).fix, "3");
  assert.match(/** @type {any} */ (typedValue("bool", "maybe")).error, /neither/);
  assert.match(/** @type {any} */ (typedValue("date", "1.2.2025")).error, /2026-01-31/);
});
