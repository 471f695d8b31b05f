import assert from "node:assert/strict";
import { test } from "node:test";
import { colours, completeValue } from "./complete.js";

const known = { variables: [{ name: "rows", from: "step 1" }, { name: "since", from: "parameter, date" }], values: { rows: [{ name: "a", "odd name": 1 }], one: { city: "x" } }, fields: ["total", "status"] };
const labels = (/** @type {any} */ mode, /** @type {string} */ before, asked = false) => completeValue(mode, before, known, asked)?.options.map((one) => one.label);

test("variables and their fields are offered where they can stand", () => {
  assert.deepEqual(labels("template", "from {{"), ["rows", "since"]);
  assert.deepEqual(labels("template", "from {{rows[0].na"), ["name"]);
  assert.equal(labels("template", "from {{a}} "), undefined);
  assert.equal(labels("template", "plain"), undefined);
  assert.ok(labels("expression", "size(ro")?.includes("rows"));
  assert.ok(labels("expression", "one.")?.includes("city"));
  assert.ok(labels("expression", "run.")?.includes("today"));
  assert.equal(labels("expression", 'x == "ro'), undefined);
  assert.equal(labels("expression", ""), undefined);
  assert.ok(labels("expression", "", true)?.includes("since"));
});

test("fields of the store are offered as names in JSON and in lists", () => {
  assert.deepEqual(labels("json", '{"'), ["total", "status"]);
  assert.deepEqual(labels("json", '{"total": {"$gte": "{{si'), ["rows", "since"]);
  assert.equal(labels("json", '{"total": "a'), undefined);
  assert.deepEqual(completeValue("names", "total, st", known, false), { from: 7, options: [{ label: "total", type: "column" }, { label: "status", type: "column" }] });
});

test("texts, numbers and templates have colours", () => {
  assert.deepEqual(colours("json", '{"a": "x {{y}}", "b": -1}').map((one) => one.look), ["t", "d", "t", "n"]);
  assert.deepEqual(colours("expression", "a in ['x'] && true").map((one) => one.look), ["w", "t", "b"]);
  assert.deepEqual(colours("template", "a {{b}}"), [{ from: 2, to: 7, look: "d" }]);
});
