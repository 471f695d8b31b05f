import assert from "node:assert/strict";
import { test } from "node:test";
import { Columns } from "./columns.js";
import { readViews, removeView, saveView } from "./views.js";

const storage = () => {
  /** @type {Map<string, string>} */
  const kept = new Map();
  return { kept, getItem: (/** @type {string} */ name) => kept.get(name) ?? null, setItem: (/** @type {string} */ name, /** @type {string} */ value) => void kept.set(name, value), removeItem: (/** @type {string} */ name) => void kept.delete(name) };
};

test("views are kept by store; a name that is there is replaced; the last one leaves nothing", () => {
  const one = storage();
  assert.equal(saveView(one, "d", "s", { name: "Late", filter: '{"a":1}', sort: { field: "a", desc: true } }), false);
  assert.equal(saveView(one, "d", "s", { name: "late", filter: '{"a":2}' }), true);
  assert.deepEqual(readViews(one, "d", "s").map((view) => [view.name, view.filter, view.sort]), [["late", '{"a":2}', undefined]]);
  assert.deepEqual(readViews(one, "d", "t"), []);
  removeView(one, "d", "s", "late");
  assert.equal(one.kept.size, 0);
});

test("what cannot be read is no view", () => {
  const one = storage();
  for (const text of ["{", "5", '[{"name":5},null,{"name":""}]']) {
    one.setItem("sop.views.d.s", text);
    assert.deepEqual(readViews(one, "d", "s"), [], text);
  }
});

test("a layout of columns is written and read, also for columns that come later", () => {
  const fields = ["a", "b", "c"].map((name) => ({ name, type: "string" }));
  const columns = new Columns(fields);
  columns.move(columns.list[2], columns.list[0]);
  columns.list[1].shown = false;
  columns.list[2].pinned = true;
  columns.list[0].width = 20;
  columns.keyWidth = 12;
  const text = columns.write();
  const again = new Columns(fields.slice(0, 2));
  again.read(text);
  again.learn([{ a: 1, b: 2, c: "x", d: 1 }]);
  assert.deepEqual(again.list.map((one) => one.name), ["c", "a", "b", "d"]);
  assert.deepEqual(again.shown.map((one) => one.name), ["b", "c", "d"]);
  assert.equal(again.list[0].width, 20);
  assert.equal(again.keyWidth, 12);
  assert.equal(again.write(), JSON.stringify({ order: ["c", "a", "b"], hidden: ["a"], pinned: ["b"], widths: { c: 20 }, key: 12 }));
  again.reset(fields);
  assert.deepEqual(again.shown.map((one) => one.name), ["a", "b", "c", "d"]);
});

test("a layout that cannot be read changes nothing", () => {
  const columns = new Columns([{ name: "a", type: "" }]);
  for (const text of ["{", "null", '{"widths":{"a":"x"},"order":5,"hidden":[7]}']) columns.read(text);
  assert.deepEqual(columns.shown.map((one) => [one.name, one.width]), [["a", undefined]]);
});
