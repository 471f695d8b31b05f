import { test } from "node:test";
import assert from "node:assert/strict";
import { parse } from "./json.js";
import { cell, count, literal, percent, sentence, size, span, titled, typeName } from "./format.js";
import { valueFromText } from "./typing.js";
import { csvHead } from "./csv.js";

test("the four kinds of nothing are told apart by their text", () => {
  const texts = [undefined, null, "", { $bytes: "/9j/4AAQ" }].map((value) => cell(value).text);
  assert.deepEqual(texts, ["·", "null", '""', "⟨ ff d8 ff e0 … ⟩ 6 B"]);
});

test("cells are one line of plain text", () => {
  assert.equal(cell("<b>\n").text, "<b>");
  assert.equal(cell("<b>\n").tail, true);
  assert.deepEqual(cell("x".repeat(4200)).size, "4.2 KB");
  assert.equal(cell("2025-12-04T00:00:00").text, "2025-12-04");
  assert.equal(cell("2025-12-04T10:00:00Z").kind, "date");
  assert.equal(cell("2025-99 or so").kind, "text");
  assert.equal(cell(parse("1.10")).text, "1.10");
  assert.equal(cell({ a: 1, b: 2 }).text, "{ 2 }");
});

test("figures", () => {
  assert.equal(count("18446744073709551615"), "18,446,744,073,709,551,615");
  assert.deepEqual([size(999), size(18_400), size(1_300_000)], ["999 B", "18 KB", "1.3 MB"]);
  assert.deepEqual([span(0.2), span(42.4), span(1234), span(61_000)], ["< 1 ms", "42 ms", "1.2 s", "1 min 1 s"]);
  assert.equal(percent(301, 412), "73 %");
  assert.equal(literal({ a: "b" }), '{"a":"b"}');
});

test("typed text becomes the kind of its column", () => {
  assert.deepEqual(valueFromText("string", "123"), { value: "123" });
  assert.deepEqual(valueFromText("any", "123"), { value: 123 });
  assert.deepEqual(valueFromText("any", "true"), { value: true });
  assert.deepEqual(valueFromText("any", "[1"), { value: "[1" });
  assert.deepEqual(valueFromText("number", ""), { value: null });
  assert.equal(/** @type {any} */ (valueFromText("number", "1 234,5")).fix, "1234.5");
  assert.equal(/** @type {any} */ (valueFromText("bool", "Yes")).fix, "true");
  assert.match(/** @type {any} */ (valueFromText("nested", "{")).error, /Not JSON/);
});

test("the head of a CSV file", () => {
  assert.deepEqual(csvHead('\ufeffa;b\r\n"x;1";"say ""hi"""\r\n2;\r\n'), { fields: ["a", "b"], records: [["x;1", 'say "hi"'], ["2", ""]], delimiter: ";", quote: '"' });
  assert.deepEqual(csvHead("a,b\n1,2"), { fields: ["a", "b"], records: [["1", "2"]], delimiter: ",", quote: '"' });
  assert.deepEqual(csvHead(""), { fields: [], records: [], delimiter: ",", quote: '"' });
});

test("a message becomes a sentence, once", () => {
  assert.equal(sentence("there is no store Albums"), "There is no store Albums.");
  assert.equal(sentence("Is it there?"), "Is it there?");
  assert.equal(sentence(sentence("élan is missing")), "Élan is missing.");
  assert.equal(sentence(""), "");
});

test("a name of a program becomes a title", () => {
  assert.equal(titled("list_open_stores"), "List open stores");
  assert.equal(titled(""), "");
});

test("a value says its type in words", () => {
  assert.deepEqual(["a", "2024-02-03T04:05:06Z", [1], { a: 1 }, 1, true, null].map(typeName), ["text", "date as text", "list", "object", "number", "bool", "null"]);
});
