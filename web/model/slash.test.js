import { test } from "node:test";
import assert from "node:assert/strict";
import { commands, complete } from "./slash.js";

const tools = [
  { name: "select", description: "Reads items of a store. More words.", class: "read", positional: ["store"], parameters: { required: ["store"], properties: { store: { description: "The store." }, limit: { description: "At most so many." }, order: { enum: ["asc", "desc"] } } } },
  { name: "insert", description: "Adds an item.", class: "write", positional: ["store"], parameters: { required: ["store", "value"], properties: { store: {}, value: {} } } },
  { name: "list_stores", description: "Lists stores.", class: "read", parameters: { properties: { database: {} } }, positional: ["database"] },
];
const known = { tools, stores: ["Invoice", "InvoiceLine", "odd name"], databases: ["chinook"] };
/** @param {string} text */
const names = (text) => complete(text, text.length, known)?.items.map((one) => one.name);

test("a slash lists the commands, and letters narrow them", () => {
  assert.equal(names("/")?.length, 8);
  assert.deepEqual(names("/sel"), ["select"]);
  assert.deepEqual(names("/sto")?.slice(0, 2), ["stores", "list_stores"]);
  assert.deepEqual(names("/add")?.[0], "add");
  assert.equal(names("/zzz"), undefined);
  assert.equal(names("no slash"), undefined);
  assert.equal(names("/a\nb"), undefined);
});

test("usage and description come from the tool", () => {
  const insert = commands(tools).find((one) => one.name === "insert");
  assert.deepEqual([insert?.usage, insert?.detail], ["store value=…", "Adds an item"]);
  assert.equal(commands(tools).find((one) => one.name === "select")?.detail, "Reads items of a store");
});

test("stores, databases, values and names of arguments are completed in their places", () => {
  assert.deepEqual(names("/select "), ["Invoice", "InvoiceLine", "odd name"]);
  assert.deepEqual(names("/select line"), ["InvoiceLine"]);
  assert.equal(complete("/select odd", 11, known)?.items[0].insert, '"odd name" ');
  assert.deepEqual(names("/select store=od"), ["odd name"]);
  assert.deepEqual(names("/list_stores "), ["chinook"]);
  assert.deepEqual(names("/select Invoice li"), ["limit"]);
  assert.deepEqual(names("/select Invoice order="), ["asc", "desc"]);
  assert.equal(names("/select Invoice "), undefined);
  assert.deepEqual(names("/select Invoice limit=5 or"), ["order"]);
  const found = complete("/select inv more", 11, known);
  assert.equal(found?.from, 8);
});
