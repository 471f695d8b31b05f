import assert from "node:assert/strict";
import { test } from "node:test";
import { found, kept, wanted } from "./breakpoints.js";
import { Draft, Drafts } from "./drafts.js";
import { insert, move, remove, valueAt, withValue } from "./steps.js";

const say = (/** @type {string} */ name) => ({ type: "say", name, message: name });
const script = () => ({ category: "c", name: "n", steps: [say("a"), { type: "loop", name: "l", list: "x", item: "i", steps: [say("b"), say("c")] }, say("d")] });
const fresh = (/** @type {string[]} */ ...stops) => {
  const draft = new Draft({ id: "c/n", script: script() });
  for (const at of stops) draft.stopAt(at, at === "/steps/1" ? { when: "i > 1" } : {});
  return draft;
};
const names = (/** @type {Draft} */ draft) => [...draft.breakpoints.keys()].map((at) => `${valueAt(draft.script, at).name} ${at}`).sort();

test("breakpoints go with their steps through every way to change a script", () => {
  const draft = fresh("/steps/1", "/steps/1/steps/1", "/steps/2");
  draft.change(insert(draft.script, "/steps", 0, say("new")));
  assert.deepEqual(names(draft), ["c /steps/2/steps/1", "d /steps/3", "l /steps/2"]);
  draft.change(withValue(draft.script, "/steps/2/steps/1/message", "other"));
  draft.change(withValue(draft.script, "/steps/3/name", "renamed"));
  assert.deepEqual(names(draft), ["c /steps/2/steps/1", "l /steps/2", "renamed /steps/3"]);
  const out = move(draft.script, "/steps/2/steps/1", "/steps", 0);
  draft.change(/** @type {any} */ (out).script);
  assert.deepEqual(names(draft), ["c /steps/0", "l /steps/3", "renamed /steps/4"]);
  assert.deepEqual(draft.breakpoints.get("/steps/3"), { when: "i > 1" });
  while (draft.undo());
  assert.deepEqual(names(draft), ["c /steps/1/steps/1", "d /steps/2", "l /steps/1"]);
});

test("one is gone with its step, and back with it; a copy has none", () => {
  const draft = fresh("/steps/0", "/steps/1/steps/0");
  draft.change(remove(draft.script, "/steps/1"));
  assert.deepEqual(names(draft), ["a /steps/0"]);
  draft.undo();
  assert.deepEqual(names(draft), ["a /steps/0", "b /steps/1/steps/0"]);
  draft.change(insert(draft.script, "/steps", 1, valueAt(draft.script, "/steps/0")));
  assert.deepEqual([...draft.breakpoints.keys()].sort(), ["/steps/0", "/steps/2/steps/0"]);
  draft.stopAt("/steps/0", undefined);
  draft.undo();
  assert.deepEqual(names(draft), ["b /steps/1/steps/0"]);
});

test("a script that is written anew as text keeps them where its steps are", () => {
  const draft = fresh("/steps/0", "/steps/2");
  const next = script();
  draft.change({ ...next, steps: [say("first"), ...next.steps] });
  assert.deepEqual(names(draft), ["a /steps/1", "d /steps/3"]);
  draft.change({ ...next, steps: [] });
  assert.equal(draft.breakpoints.size, 0);
});

test("they are kept with the draft, and find their steps in what the server has meanwhile", () => {
  const drafts = new Drafts();
  const answer = { script: script(), version: 1 };
  drafts.show("c/n")?.read(/** @type {any} */ (answer));
  drafts.open?.stopAt("/steps/1", { when: "i > 1" });
  drafts.open?.stopAt("/steps/2", {});
  const again = new Drafts();
  again.load(drafts.save());
  // Also before it is read: nothing is lost by another save.
  const third = new Drafts();
  third.load(again.save());
  const draft = /** @type {Draft} */ (third.of("c/n"));
  const theirs = script();
  theirs.steps = [say("new"), ...theirs.steps];
  draft.read(/** @type {any} */ ({ script: theirs, version: 2 }));
  assert.deepEqual(names(draft), ["d /steps/3", "l /steps/2"]);
  assert.deepEqual(draft.breakpoints.get("/steps/2"), { when: "i > 1" });
  // Of a script that was edited they come with it.
  draft.change({ ...draft.script, description: "mine" });
  const fourth = new Drafts();
  fourth.load(third.save());
  assert.deepEqual(names(/** @type {Draft} */ (fourth.of("c/n"))), ["d /steps/3", "l /steps/2"]);
});

test("what is kept may be anything, and what runs is told only what runs", () => {
  for (const wrong of [undefined, null, 7, "x", [null], [{}], [{ at: 7 }], [{ at: "/steps/9", word: "say", title: "zz" }]]) assert.equal(found(script(), wrong).size, 0);
  const draft = fresh("/steps/2", "/steps/1", "/steps/1/steps/0");
  assert.deepEqual(kept(draft.script, draft.breakpoints)[1], { at: "/steps/1", when: "i > 1", word: "loop", title: "l" });
  assert.deepEqual(wanted(draft.script, draft.breakpoints), [{ step: "/steps/1", when: "i > 1" }, { step: "/steps/1/steps/0" }, { step: "/steps/2" }]);
  draft.change(withValue(draft.script, "/steps/1/disabled", true));
  assert.deepEqual(wanted(draft.script, draft.breakpoints), [{ step: "/steps/2" }]);
});
