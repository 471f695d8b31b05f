import assert from "node:assert/strict";
import { test } from "node:test";
import { stringify } from "../../core/json.js";
import { argumentsOf, fieldText, readField, stepFields, toolFields } from "./forms.js";

const NAMES = { anyOf: [{ anyOf: [{ type: "array", items: { type: "string" } }, { type: "string" }], description: "Names." }, { type: "null" }], description: "Fields to show." };
const tool = /** @type {any} */ ({
  name: "select", class: "read", positional: ["store", "filter"],
  parameters: {
    type: "object", required: ["store"], $defs: { Mode: { type: "string", enum: ["a", "b"] } },
    properties: { database: { type: ["string", "null"] }, limit: { type: ["integer", "null"] }, filter: { description: "A filter document such as `{\"a\": 1}`." }, fields: NAMES, store: { type: "string" }, analyze: { type: ["boolean", "null"] }, format: { type: ["string", "null"], description: "`csv`, `ndjson` or `json`; seen from the data when missing." }, mode: { anyOf: [{ $ref: "#/$defs/Mode" }, { type: "null" }] }, sql: { type: "string" }, kind: { type: "string", description: "The `a` of `b`, not a list." } },
  },
});

test("fields come from a schema: what is needed first, the database last", () => {
  const fields = toolFields(tool);
  assert.deepEqual(fields.map((one) => [one.name, one.kind]), [["store", "store"], ["filter", "json"], ["limit", "integer"], ["fields", "names"], ["analyze", "boolean"], ["format", "text"], ["mode", "text"], ["sql", "sql"], ["kind", "text"], ["database", "database"]]);
  assert.deepEqual(fields.find((one) => one.name === "format")?.options, ["csv", "ndjson", "json"]);
  assert.deepEqual(fields.find((one) => one.name === "mode")?.options, ["a", "b"]);
  assert.equal(fields.find((one) => one.name === "kind")?.options, undefined);
  assert.equal(fields[0].required, true);
});

test("a call has the parameters of the script that is called; an unknown one takes JSON", () => {
  const scripts = [{ category: "a b", name: "c", parameters: [{ name: "n", type: "integer" }, { name: "d", type: "date", default: "2024-01-01" }] }];
  assert.deepEqual(stepFields({ type: "call", script: "c" }, [], scripts, "a b").map((one) => [one.pointer, one.kind, one.required]), [["/script", "script", true], ["/args/n", "integer", true], ["/args/d", "text", false]]);
  assert.deepEqual(stepFields({ type: "call", script: "x.c" }, [], scripts, "a b").map((one) => one.kind), ["script", "json"]);
  assert.deepEqual(stepFields({ type: "tool", tool: "nobody" }, [tool], [], "").map((one) => one.pointer), ["/tool", "/args"]);
  assert.deepEqual(stepFields({ type: "nonsense" }, [tool], [], ""), []);
});

test("what is typed comes back as the same value", () => {
  const cases = /** @type {[any, any][]} */ ([["json", { a: ["b, \":c", 1] }], ["json", "{{rows}}"], ["json", "a text"], ["json", 7], ["json", { long: "x".repeat(90), b: { c: null } }], ["integer", 5], ["integer", "{{n}}"], ["boolean", false], ["names", ["a", "b"]], ["operand", "size(rows) > 1"], ["operand", { a: "{{x}}" }], ["template", " with {{blanks}} "], ["number", 1.5]]);
  for (const [kind, value] of cases) {
    const read = readField(kind, fieldText(kind, value));
    assert.equal(read.error, undefined, fieldText(kind, value));
    const expected = kind === "names" ? "a, b" : value;
    assert.equal(stringify(read.value), stringify(expected));
  }
  assert.equal(stringify(readField("json", '{"n": 12345678901234567890}').value), '{"n":12345678901234567890}');
  assert.deepEqual(readField("json", "  "), { value: undefined });
});

test("what is no JSON says what to write", () => {
  assert.match(readField("json", "Oslo").error ?? "", /"Oslo".*\{\{Oslo\}\}/);
  assert.match(readField("json", '{"a":').error ?? "", /Not JSON yet/);
});

test("arguments: empty ones are as by default, lists are read, the rest goes as text", () => {
  const parameters = [{ name: "n", type: "integer" }, { name: "list", type: "array" }, { name: "d", type: "date", default: "x" }, { name: "o", type: "object" }, { name: "__proto__", type: "string" }];
  assert.deepEqual(argumentsOf(parameters, { n: "12", list: "[1]", d: "", o: "{" }), { args: { n: "12", list: [1] }, wrong: { o: argumentsOf(parameters, { o: "{" }).wrong.o } });
});
