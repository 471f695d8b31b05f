import assert from "node:assert/strict";
import { test } from "node:test";
import { faultsAt, faultsOf, faultsWithin, firstFault, fixOf, placed } from "./faults.js";
import { headPieces, summary } from "./summary.js";

const script = { parameters: [{ name: "p" }], steps: [{ type: "say", message: "hi {{usr.name}} {{usr}} {{other_usr}}" }, { type: "if", condition: "x", then: [{ type: "tool", tool: "updat", args: { stor: "a" } }] }] };

test("each fault is at its step, its parameter or the script", () => {
  const faults = faultsOf([{ at: "/steps/1/then/0/tool", code: "unknown_tool", message: 'there is no tool "updat"', suggestions: ["update"] }, { pointer: "/parameters/0/type", detail: "no" }, { at: "/steps/1/condition", message: "b" }, { at: "/name", message: "c" }, { at: "/steps/7", message: "gone" }, null]);
  const { steps, parameters, rest } = placed(script, faults);
  assert.deepEqual([...steps.keys()], ["/steps/1/then/0", "/steps/1"]);
  assert.equal(steps.get("/steps/1/then/0")?.[0].field, "/tool");
  assert.equal(parameters.get(0)?.[0].message, "No.");
  assert.deepEqual(rest.map((one) => one.at), ["/name", "/steps/7", ""]);
  assert.equal(faultsWithin(steps, "/steps/1").length, 2);
  assert.equal(faultsAt(steps.get("/steps/1") ?? [], "/condition").length, 1);
  assert.equal(firstFault(script, steps), "/steps/1");
});

test("a suggestion goes in the place of the wrong name", () => {
  const fix = (/** @type {any} */ fault, /** @type {string} */ to) => fixOf(script, { suggestions: [], warning: false, ...fault }, to);
  assert.deepEqual(fix({ at: "/steps/1/then/0/tool", code: "unknown_tool", message: 'There is no tool "updat".' }, "update"), { at: "/steps/1/then/0/tool", value: "update" });
  assert.equal(fix({ at: "/steps/0/message", code: "unknown_variable", message: 'There is no variable "usr".' }, "user")?.value, "hi {{user.name}} {{user}} {{other_usr}}");
  assert.deepEqual(fix({ at: "/steps/1/then/0/args/stor", code: "unknown_argument", message: 'The tool has no argument "stor".' }, "store"), { at: "/steps/1/then/0/args", value: { store: "a" } });
  assert.equal(fix({ at: "/steps/9", code: "x", message: "" }, "y"), undefined);
});

test("a closed card says what its step does", () => {
  const text = (/** @type {any} */ step) => summary(step).map((line) => line.map((one) => one.text).join("")).join("\n");
  assert.equal(text({ type: "fetch", store: "Invoice", filter: { a: { $gte: "{{since}}" } }, output: "rows" }), 'store Invoice  filter {"a": {"$gte": "{{since}}"}}\n→ rows');
  assert.equal(text({ type: "tool", tool: "update", args: { store: "users", key: "{{k}}" } }), "store users  key {{k}}");
  assert.equal(text({ type: "tool", tool: "query", args: { sql: " SELECT 1 ", params: { a: 1 } } }), 'SELECT 1\nparams {"a": 1}');
  assert.equal(text({ type: "set", variable: "n", value: "1 + 1" }), "n = 1 + 1");
  assert.equal(text({ type: "odd" }), "");
  assert.equal(headPieces({ type: "loop", item: "t", list: "rows" }).map((one) => one.text).join(""), "t in rows");
  assert.deepEqual(summary({ type: "say", message: "a {{b}} c" })[0], [{ text: "a " }, { text: "{{b}}", look: "d" }, { text: " c" }]);
});
