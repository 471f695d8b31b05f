import assert from "node:assert/strict";
import { test } from "node:test";
import { Draft, Drafts, fromQuery, shelves } from "./drafts.js";

const saved = (/** @type {string} */ message, version = 1) => ({ script: { category: "c", name: "n", steps: [{ type: "say", message }] }, version, author: "jane" });

test("what is edited is dirty, and steps of typing are undone together", () => {
  const draft = new Draft({ id: "c/n", script: { steps: [] } });
  draft.read(/** @type {any} */ (saved("a")));
  assert.equal(draft.dirty, false);
  for (const text of ["b", "bc"]) draft.change({ ...draft.script, description: text }, "description");
  draft.change({ ...draft.script, database: "x" });
  assert.equal(draft.dirty, true);
  draft.undo();
  assert.equal(draft.script.description, "bc");
  draft.undo();
  assert.equal(draft.dirty, false);
  draft.redo();
  assert.equal(draft.script.description, "bc");
  assert.equal(draft.undo() && !draft.undo(), true);
});

test("what is not saved survives a reload, and a newer version does not go over it", () => {
  const drafts = new Drafts();
  drafts.show("c/n")?.read(/** @type {any} */ (saved("a")));
  drafts.open?.change({ ...drafts.open.script, description: "mine" });
  drafts.show("c/other")?.read(/** @type {any} */ ({ ...saved("x"), script: { category: "c", name: "other", steps: [] } }));
  const fresh = drafts.add();
  fresh.args.since = "2024-01-01";
  const again = new Drafts();
  again.load(drafts.save());
  assert.deepEqual(again.list.map((one) => [one.id, one.dirty, one.unread]), [["c/n", true, false], ["c/other", false, true], ["~1", true, false]]);
  assert.deepEqual([again.current, again.open?.args.since], ["~1", "2024-01-01"]);
  const mine = /** @type {Draft} */ (again.of("c/n"));
  mine.read(/** @type {any} */ (saved("b", 2)), true);
  assert.deepEqual([mine.script.description, mine.base?.version, mine.dirty], ["mine", 1, true]);
  mine.read(/** @type {any} */ (saved("b", 2)));
  assert.deepEqual([mine.script.description, mine.base?.version, mine.dirty], [undefined, 2, false]);
  for (const wrong of ["", "{", "[]", '{"open":[{"id":7},{"id":"~9"}]}', null]) again.load(wrong);
  assert.equal(again.list.length, 0);
});

test("a saved draft takes its name, and a closed one gives way to its neighbour", () => {
  const drafts = new Drafts();
  const one = drafts.add();
  drafts.show("c/n");
  drafts.saved(one, "c/new");
  assert.deepEqual(drafts.list.map(({ id }) => id), ["c/new", "c/n"]);
  drafts.close("c/n");
  assert.equal(drafts.current, "c/new");
  drafts.close("c/new");
  assert.equal(drafts.current, "");
  drafts.show("~7");
  assert.equal(drafts.open, undefined);
});

test("scripts stand on shelves, found by all words", () => {
  const list = [{ category: "b", name: "two" }, { category: "a", name: "x", description: "Sums Orders" }, { category: "b", name: "one" }];
  assert.deepEqual(shelves(list, "").map(({ category, scripts }) => `${category}:${scripts.map((one) => one.name)}`), ["a:x", "b:one,two"]);
  assert.deepEqual(shelves(list, "orders a").map(({ category }) => category), ["a"]);
  assert.deepEqual(shelves(list, "nothing"), []);
});

test("a statement becomes a script with its parameters", () => {
  const script = fromQuery("SELECT * FROM a WHERE b > :since AND c = :n", [{ id: ":since", named: true }, { id: ":n", named: true }], { ":since": "2024-01-01", ":n": 5 }, "Best; <b>customers</b>");
  assert.deepEqual(script.parameters, [{ name: "since", type: "date", default: "2024-01-01" }, { name: "n", type: "integer", default: 5 }]);
  assert.deepEqual(script.steps[0].args.params, { since: "{{since}}", n: "{{n}}" });
  assert.equal(script.name, "Best b customers b");
  assert.deepEqual(fromQuery("delete from a where k = ?", [{ id: "?1", named: false }], {}, "Query 3").steps[0], { type: "tool", tool: "execute", args: { sql: "delete from a where k = ?", params: ["{{p1}}"] }, output: "rows" });
});
