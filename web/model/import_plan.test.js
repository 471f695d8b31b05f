import assert from "node:assert/strict";
import { test } from "node:test";
import { csvHead } from "../core/csv.js";
import { asUtf8, decode, encodingOf } from "./encoding.js";
import { asType, fieldAt, mapParameter, ruleFault, shaped, targets } from "./import_map.js";
import { keyFor, keyIsUnique, obstacle, plan } from "./import_plan.js";

test("encodings are seen from the first bytes, and files become UTF-8", async () => {
  const utf16 = (/** @type {string} */ text, high = false) => new Uint8Array([...text].flatMap((c) => (high ? [c.charCodeAt(0) >> 8, c.charCodeAt(0) & 255] : [c.charCodeAt(0) & 255, c.charCodeAt(0) >> 8])));
  assert.equal(encodingOf(new TextEncoder().encode("a,ä\n")), "utf-8");
  assert.equal(encodingOf(new TextEncoder().encode("a,ä").subarray(0, 3)), "utf-8", "cut inside a character");
  assert.equal(encodingOf(new Uint8Array([0x61, 0xe4, 0x62])), "windows-1252");
  assert.equal(encodingOf(utf16("id,name\n1,x\n")), "utf-16le");
  assert.equal(encodingOf(utf16("id,name\n1,x\n", true)), "utf-16be");
  assert.equal(encodingOf(new Uint8Array([0xff, 0xfe, 0x61, 0])), "utf-16le");
  assert.equal(encodingOf(new Uint8Array()), "utf-8");
  assert.equal(decode(new Uint8Array([0xe4]), "windows-1252", true), "ä");
  assert.equal(await (await asUtf8(new Blob([new Uint8Array([0x61, 0xe4])]), "windows-1252")).text(), "aä");
  assert.equal(await (await asUtf8(new Blob([utf16("\ufeffid")]), "utf-16le")).text(), "id");
});

test("separator and quote are found, or taken as they are given", () => {
  assert.deepEqual(csvHead("a;b\n'x;1';2\n"), { fields: ["a", "b"], records: [["x;1", "2"]], delimiter: ";", quote: "'" });
  assert.equal(csvHead('"a,b",c;d\n').delimiter, ",");
  assert.equal(csvHead('"a;b;c",d\n').delimiter, ",", "what stands in quotes separates nothing");
  assert.deepEqual(csvHead("it's,a\n1,2\n").fields, ["it's", "a"]);
  assert.deepEqual(csvHead("a,b\n", 5, { delimiter: ";" }).fields, ["a,b"]);
});

test("rules rename, nest, type and leave out, and the server hears only of those", () => {
  const fields = ["no", "city", "zip", "junk", "rest"];
  const rules = { no: { to: "id", type: /** @type {const} */ ("integer") }, city: { to: "place.city" }, zip: { type: /** @type {const} */ ("text") }, junk: { skip: true } };
  const { row, wrong } = shaped({ no: "7", city: "Köln", zip: 5, junk: 1, rest: null }, rules);
  assert.deepEqual(row, { id: 7, place: { city: "Köln" }, zip: "5", rest: null });
  assert.equal(wrong.size, 0);
  assert.deepEqual(JSON.parse(mapParameter(fields, rules) ?? ""), [{ from: "no", to: "id", type: "integer" }, { from: "city", to: "place.city" }, { from: "zip", type: "text" }, { from: "junk", skip: true }]);
  assert.equal(mapParameter(fields, { no: { to: " no " }, city: {} }), undefined);
  assert.deepEqual(targets(fields, rules), ["id", "place.city", "zip", "rest"]);
  assert.deepEqual([...shaped({ no: "7a" }, rules).wrong], ["id"]);
  assert.equal(fieldAt(row, "place.city"), "Köln");
  assert.deepEqual(Object.keys(shaped({ a: 1 }, { a: { to: "__proto__.x" } }).row), ["__proto__"]);
});

test("rules that cannot be are said", () => {
  assert.match(ruleFault(["a", "b"], { a: { to: "b" } }) ?? "", /Two fields/);
  assert.match(ruleFault(["a", "b"], { a: { to: "b.c" } }) ?? "", /a value itself/);
  assert.match(ruleFault(["a"], { a: { to: "x..y" } }) ?? "", /empty part/);
  assert.match(ruleFault(["a"], { a: { skip: true } }) ?? "", /left out/);
  assert.equal(ruleFault(["a.b", "a"], {}), undefined, "a name that has a dot by itself is one name");
});

test("types are read strictly", () => {
  assert.equal(asType("02113", "integer"), undefined);
  assert.equal(String(asType("18446744073709551616", "integer")), "18446744073709551616");
  assert.equal(String(asType("0.50", "number")), "0.50");
  assert.equal(asType("True", "boolean"), true);
  assert.equal(asType("yes", "boolean"), undefined);
  assert.deepEqual(asType("[1]", "json"), [1]);
  assert.equal(asType("5", "json"), undefined);
  assert.equal(asType(" ", "number"), null);
});

test("the key follows new names, and a store that is there says its own", () => {
  const made = plan("orders.csv", "no;city\n1;a\n2;b\n", true);
  assert.deepEqual([made.delimiter, made.quote, made.key], [";", '"', ["no"]]);
  made.rules = { no: { to: "id" } };
  made.key = ["id"];
  assert.equal(obstacle(made), undefined);
  assert.equal(keyIsUnique(made), true);
  made.rules = { no: { skip: true } };
  assert.match(obstacle(made) ?? "", /needs “id”/);
  assert.deepEqual(keyFor(made, { type: "composite", fields: [{ name: "city", type: "string" }, { name: "no", type: "i64" }] }), ["city", "no"]);
  assert.deepEqual(keyFor(made, { type: "i64" }), ["id"]);
});
