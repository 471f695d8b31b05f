import assert from "node:assert/strict";
import { test } from "node:test";
import { branchesOf, fresh, insert, join, mayWrite, move, nudge, given, places, remove, scopeAt, split, stepIcon, stepOf, stepTitle, valueAt, withValue } from "./steps.js";

const say = (/** @type {string} */ message) => ({ type: "say", message });
const script = () => ({ name: "a", parameters: [{ name: "since", type: "date" }], steps: [say("0"), { type: "if", condition: "true", then: [say("t0"), say("t1")], else: [say("e0")] }, { type: "loop", list: "x", item: "one", steps: [say("l0")] }, say("3")] });
const order = (/** @type {any} */ one) => places(one).map(({ step, number }) => `${number}:${step.message ?? step.type}`).join(" ");

test("steps are told by pointers and numbers, nested ones too", () => {
  assert.equal(order(script()), "1:0 2:if 2.1:t0 2.2:t1 2.3:e0 3:loop 3.1:l0 4:3");
  assert.deepEqual(places(script()).map(({ at }) => at).slice(0, 5), ["/steps/0", "/steps/1", "/steps/1/then/0", "/steps/1/then/1", "/steps/1/else/0"]);
  assert.deepEqual(stepOf(script(), "/steps/1/then/1/args/a~1b"), { at: "/steps/1/then/1", field: "/args/a~1b" });
  assert.deepEqual(stepOf(script(), "/steps/1/condition"), { at: "/steps/1", field: "/condition" });
  assert.equal(stepOf(script(), "/parameters/0"), undefined);
  assert.equal(join(split("/a~1b/0")), "/a~1b/0");
});

test("nothing is changed in place", () => {
  const before = script();
  const text = JSON.stringify(before);
  const after = withValue(before, "/steps/1/then/0/message", "new");
  assert.equal(valueAt(after, "/steps/1/then/0/message"), "new");
  assert.equal(JSON.stringify(before), text);
  assert.equal(after.steps[2], before.steps[2]);
  assert.equal(Object.hasOwn(withValue(before, "/steps/0/message", undefined).steps[0], "message"), false);
  assert.equal(order(insert(before, "/steps/1/else", 1, say("e1"))), "1:0 2:if 2.1:t0 2.2:t1 2.3:e0 2.4:e1 3:loop 3.1:l0 4:3");
  assert.equal(order(insert(withValue(before, "/steps/1/else", undefined), "/steps/1/else", 0, say("new"))), "1:0 2:if 2.1:t0 2.2:t1 2.3:new 3:loop 3.1:l0 4:3");
  assert.equal(order(remove(before, "/steps/1/then/0")), "1:0 2:if 2.1:t1 2.2:e0 3:loop 3.1:l0 4:3");
});

test("a step moves to every place, and the pointers are right afterwards", () => {
  const all = places(script()).map(({ at }) => at);
  const lists = ["/steps", "/steps/1/then", "/steps/1/else", "/steps/2/steps"];
  for (const from of all) for (const list of lists) for (let index = 0; index <= valueAt(script(), list).length; index += 1) {
    const step = valueAt(script(), from);
    const moved = move(script(), from, list, index);
    if (list.startsWith(`${from}/`)) {
      assert.equal(moved, undefined);
      continue;
    }
    assert.ok(moved);
    assert.deepEqual(valueAt(moved.script, moved.at), step, `${from} to ${list}/${index}`);
    assert.equal(places(moved.script).length, all.length);
    // What it was put before comes right after it.
    const next = valueAt(script(), `${list}/${index}`);
    if (next && !`${from}/`.startsWith(`${list}/${index}/`)) assert.deepEqual(valueAt(moved.script, `${moved.at.slice(0, moved.at.lastIndexOf("/"))}/${Number(moved.at.slice(moved.at.lastIndexOf("/") + 1)) + 1}`), next);
  }
});

test("keys take a step up, down, in and out", () => {
  const go = (/** @type {string} */ at, /** @type {any} */ way) => nudge(script(), at, way);
  assert.equal(go("/steps/0", "up"), undefined);
  assert.equal(go("/steps/0", "down")?.at, "/steps/1");
  assert.equal(go("/steps/3", "up")?.at, "/steps/2");
  assert.equal(go("/steps/3", "down"), undefined);
  assert.equal(go("/steps/1/then/0", "up")?.at, "/steps/1", "out before what is around it");
  assert.equal(go("/steps/1/then/1", "down")?.at, "/steps/2", "out behind it");
  assert.equal(go("/steps/2", "in")?.at, "/steps/1/then/2");
  assert.equal(go("/steps/1", "in"), undefined);
  assert.equal(go("/steps/2/steps/0", "out")?.at, "/steps/3");
  assert.equal(go("/steps/0", "out"), undefined);
});

test("what is known where a step runs", () => {
  const one = script();
  one.steps[0] = /** @type {any} */ ({ type: "fetch", store: "a", output: "rows" });
  const names = (/** @type {string} */ at) => scopeAt(one, at).map(({ name }) => name);
  assert.deepEqual(names("/steps/0"), ["since", "run"]);
  assert.deepEqual(names("/steps/2/steps/0"), ["since", "rows", "one", "run"]);
  assert.deepEqual(names("/steps/3"), ["since", "rows", "run"]);
});

test("new steps have free names and lists of their own", () => {
  const one = { steps: [{ type: "fetch", store: "a", output: "items" }] };
  assert.equal(fresh(one, "fetch").output, "items_2");
  const made = fresh(one, "if");
  assert.notEqual(made.then, fresh(one, "if").then);
  assert.equal(branchesOf(made).length, 2);
  assert.equal(stepTitle(fresh(one, "tool", "create_store")), "Create store");
  // Kinds that no step has, with names that every object knows.
  for (const type of ["constructor", "__proto__", "query", 7, undefined]) {
    assert.equal(stepTitle({ type }), "Unknown step");
    assert.deepEqual(branchesOf({ type }), []);
    assert.equal(stepIcon({ type }), "warning");
  }
  assert.equal(stepIcon({ type: "tool", tool: "constructor" }), "flask");
});

test("a script may write when a step of it may, but not one that is disabled", () => {
  const tools = [{ name: "query", class: "read" }, { name: "update", class: "write" }];
  const write = { type: "tool", tool: "update" };
  assert.equal(mayWrite({ steps: [{ type: "tool", tool: "query" }, { type: "fetch" }] }, tools), false);
  assert.equal(mayWrite({ steps: [{ type: "loop", steps: [write] }] }, tools), true);
  assert.equal(mayWrite({ steps: [{ ...write, disabled: true }] }, tools), false);
  assert.equal(mayWrite({ steps: [{ type: "tool", tool: "unknown" }] }, tools), true);
});

test("variables are shown in the order of the steps that make them, parameters only once they are others", () => {
  const script = { steps: [{ type: "fetch", output: "rows" }, { type: "loop", list: "rows", item: "a", steps: [{ type: "set", variable: "b", value: "1" }] }] };
  const shown = given(script, { since: "2024", floor: 5, list: [1] }, { a: 1, b: 2, error: {}, floor: 6, list: [1], rows: [], since: "2024" });
  assert.deepEqual(shown.map(([name]) => name), ["rows", "a", "b", "error", "floor"]);
});
