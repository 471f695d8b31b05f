import { test } from "node:test";
import assert from "node:assert/strict";
import { columnsOf, complete, namedStores } from "./complete.js";
import { tokens } from "./sql_text.js";
import { FUNCTIONS, KEYWORDS } from "./sql_words.js";

/** @type {import("./complete.js").Schema} */
const schema = {
  databases: ["shop"],
  stores: [
    { name: "Invoice", count: 412, key: { type: "composite", fields: [{ name: "BillingCountry", type: "string" }, { name: "InvoiceId", type: "i64" }] }, schema: { fields: [{ name: "Total", type: "number" }, { name: "CustomerId", type: "integer" }, { name: "order", type: "string" }] } },
    { name: "Customer", count: 59, key: { type: "i64" }, schema: { fields: [{ name: "Country", type: "string" }, { name: "key", type: "string" }] } },
    { name: "my store", count: 1, key: { type: "string" } },
  ],
};

/** The labels offered where `|` stands, best first. @param {string} text @param {string} [type] @param {boolean} [asked] */
function offered(text, type, asked = false) {
  const at = text.indexOf("|");
  const found = complete(text.replace("|", ""), at, schema, asked);
  return found?.options.filter((one) => type === undefined || one.type === type).sort((a, b) => b.boost - a.boost).map((one) => one.apply);
}

test("stores are offered where a store belongs", () => {
  for (const text of ["SELECT * FROM I|", "SELECT * FROM Customer c JOIN |", "SELECT * FROM Customer, I|", "UPDATE |", "INSERT INTO |", "SELECT 1; DELETE FROM | ; SELECT 2", "DROP STORE x|"]) {
    assert.deepEqual(offered(text)?.slice(0, 3), ["Invoice", "Customer", '"my store"'], text);
  }
  assert.deepEqual(offered("SELECT T| FROM Invoice", "store"), []);
});

test("scripts that only read are offered behind their schema", () => {
  const known = { ...schema, scripts: ["active_users", "Report.daily sales"] };
  const labels = (/** @type {string} */ text) => complete(text, text.length, known)?.options.map((one) => one.apply);
  assert.deepEqual(labels("SELECT * FROM script."), ["active_users", '"Report.daily sales"']);
  const schemaOption = complete("SELECT * FROM s", 15, known)?.options.find((one) => one.apply === "script");
  assert.equal(schemaOption?.label, "script", "the name of the schema is SQL, no word");
  assert.ok(!offered("SELECT * FROM s|")?.includes("script"), "not where there are none");
});

test("columns are those of the stores that the statement names, also of those after the place", () => {
  assert.deepEqual(offered("SELECT T| FROM Invoice", "column"), ["Total", "CustomerId", '"order"', "BillingCountry", "InvoiceId"]);
  assert.deepEqual(offered("SELECT c.| FROM Invoice i JOIN Customer AS c ON 1", undefined), ["Country", '"value.key"', '"key.key"']);
  assert.deepEqual(offered("SELECT * FROM Invoice i JOIN Customer c ON c.C|", "column")?.[0], "Country");
  assert.deepEqual(offered("SELECT 1 FROM Customer; SELECT T| FROM Invoice; SELECT 1 FROM Customer", "column")?.includes("Country"), false, "not of its neighbours");
  assert.ok(offered("SELECT * FROM Invoice i WHERE |", "alias", true)?.includes("i"));
  assert.ok(offered("SELECT x|", "store")?.includes("Invoice"), "before anything is named, stores too");
  assert.deepEqual(offered("SELECT shop.| FROM x", "store"), ["Invoice", "Customer", '"my store"']);
});

test("nothing is offered in texts, comments, numbers, after a point that nobody knows, or unasked", () => {
  for (const text of ["SELECT 'fr|om", "-- fr|", "SELECT 12|", "SELECT :a|", "SELECT zz.| FROM Invoice", "SELECT |", "SELECT Total AS t| FROM Invoice"]) assert.equal(offered(text), undefined, text);
});

test("functions and words follow, the likely ones first", () => {
  assert.ok(offered("SELECT co|", "function")?.includes("count("));
  assert.ok(offered("SELECT row|", "function")?.includes("row_number()"));
  assert.equal(offered("SELECT * FROM Invoice ORDER b|", "word")?.[0], "BY");
  assert.ok(offered("s|", "word")?.slice(0, 5).includes("SELECT"));
  assert.ok(Object.keys(FUNCTIONS).length > 80 && FUNCTIONS.count === "(*)" && FUNCTIONS.group_concat === "(x, between)", JSON.stringify(FUNCTIONS).slice(0, 300));
  assert.equal(new Set(KEYWORDS).size, KEYWORDS.length);
});

test("stores are found with their aliases, in any writing", () => {
  const named = (/** @type {string} */ text) => Object.fromEntries(namedStores(tokens(text)));
  assert.deepEqual(named('SELECT 1 FROM shop."my store" AS m, Customer LEFT JOIN Invoice i ON 1 WHERE x'), { m: "my store", customer: "Customer", i: "Invoice" });
  assert.deepEqual(named("UPDATE Invoice SET Total = 1"), { invoice: "Invoice" });
  assert.deepEqual(named("SELECT 1 FROM (SELECT 2 FROM Customer) x"), { customer: "Customer" });
  assert.deepEqual(columnsOf(schema.stores[1]).map((one) => one.name), ["key.key", "Country", "value.key"]);
});
