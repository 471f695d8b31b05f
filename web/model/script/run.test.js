import assert from "node:assert/strict";
import { test } from "node:test";
import { ScriptRun, logTime, sameGround, shownVariable } from "./run.js";

/** @param {any[]} events @param {any} [how] */
function ran(events, how = {}) {
  const run = new ScriptRun({ api: /** @type {any} */ ({ raw: async () => new Response() }), url: "/x", body: {}, script: "c.n", dryRun: true, now: () => 0, ...how });
  run.take(events.map((one) => JSON.stringify(one)));
  return run;
}
const place = (/** @type {string} */ step, script = "c.n") => ({ script, step });
const change = (/** @type {string} */ op, /** @type {any} */ key, /** @type {any} */ before, /** @type {any} */ after) => ({ event: "output", ...place("/steps/0"), summary: "1 change", changes: { count: 1, database: "d", rows: [{ op, store: "s", key, before, after }] } });

test("what became of each step, of loops too", () => {
  const run = ran([
    { id: 7 }, { event: "started", script: "c.n", args: { since: "2024" }, dry_run: true },
    { event: "step_started", ...place("/steps/0"), kind: "fetch" }, { event: "columns", ...place("/steps/0"), columns: [{ name: "a", kind: "integer" }] }, { event: "rows", ...place("/steps/0"), rows: [[1], [2]] }, { event: "step_finished", ...place("/steps/0"), rows: 2, elapsed_ms: 3.5, variables: { rows: [{ a: 1 }] } },
    { event: "step_started", ...place("/steps/1"), kind: "loop" }, { event: "step_started", ...place("/steps/1/steps/0"), kind: "say", round: [1, 2] }, { event: "said", ...place("/steps/1/steps/0"), text: "hello" }, { event: "step_finished", ...place("/steps/1/steps/0"), rows: 0, elapsed_ms: 0 },
    { event: "step_started", ...place("/steps/1/steps/0"), kind: "say", round: [2, 2] },
  ]);
  assert.equal(run.id, "7");
  assert.equal(run.current, "/steps/1/steps/0");
  assert.deepEqual(run.steps.get("/steps/1")?.round, [2, 2]);
  assert.equal(run.steps.get("/steps/1/steps/0")?.times, 2);
  assert.deepEqual(run.given.get("/steps/0")?.rows.at(1), [2]);
  assert.deepEqual(run.after.get("/steps/0"), { rows: [{ a: 1 }] });
  run.take(['{"event":"finished","outcome":"failed","error":{"script":"c.n","step":"/steps/1/steps/0","code":"x","message":"it broke"},"steps":4,"rows":2,"changed":0,"elapsed_ms":9}']);
  assert.equal(run.state, "failed");
  assert.equal(run.steps.get("/steps/1/steps/0")?.error, "It broke.");
  assert.equal(run.steps.get("/steps/1")?.state, "failed");
  assert.deepEqual(run.log.map((one) => one.word), ["run", "loop", "say", "loop", "failed"]);
});

test("changes to one item are one change", () => {
  const run = ran([change("update", 1, { a: 1 }, { a: 2 }), change("update", 1, { a: 2 }, { a: 3 }), change("insert", 2, null, { b: 1 }), change("delete", 2, { b: 1 }, null), change("insert", 3, null, { c: 1 }), change("update", 3, { c: 1 }, { c: 2 }), change("update", 4, { d: 1 }, { d: 2 }), change("update", 4, { d: 2 }, { d: 1 }), change("delete", 5, { e: 1 }, null)]);
  assert.deepEqual(run.changes.rows.map((one) => [one.op, one.key, one.before ?? null, one.after ?? null]), [["update", 1, { a: 1 }, { a: 3 }], ["insert", 3, null, { c: 2 }], ["delete", 5, { e: 1 }, null]]);
  assert.equal(run.changes.count, 3);
  const same = ran([change("update", 1, { a: 1 }, { a: 9 })]).changes.rows;
  assert.equal(sameGround(same, ran([change("update", 1, { a: 1 }, { a: 3 })]).changes.rows), true);
  assert.equal(sameGround(same, ran([change("update", 1, { a: 2 }, { a: 3 })]).changes.rows), false);
});

test("steps of scripts that are called are told apart, and an answer that breaks off is a failure", async () => {
  const run = ran([{ event: "step_started", ...place("/steps/0", "c.other") }, { event: "columns", ...place("/steps/0", "c.other"), columns: [] }]);
  assert.equal(run.steps.size, 0);
  assert.equal(run.given.get("c.other/steps/0")?.script, "c.other");
  await run.start();
  assert.equal(run.state, "failed");
  assert.match(run.error, /broke off/);
});

test("variables and times as they are shown", () => {
  assert.deepEqual(shownVariable([{ a: 1 }, "… 40 more"]), { type: "list", text: "41 rows", look: "" });
  assert.deepEqual(shownVariable({ a: 1, b: "x" }).text, '{a: 1, b: "x"}');
  assert.deepEqual(shownVariable("").text, '""');
  assert.equal(logTime(7.4), "00.007");
});

test("a run for good tells what it changed by stores, and only what stays", () => {
  const finished = (/** @type {string} */ outcome) => ({ event: "finished", outcome, steps: 2, rows: 0, changed: 3, elapsed_ms: 1, ...(outcome === "failed" ? { error: { script: "c.n", step: "/steps/1", code: "x", message: "it broke" } } : {}) });
  const wrote = (/** @type {string} */ at, /** @type {any} */ counts) => [{ event: "step_started", ...place(at), kind: "tool" }, { event: "output", ...place(at), summary: "", stats: { changed: 1, stores: [{ database: "d", store: "s", inserted: 0, updated: 0, deleted: 0, ...counts }] } }];
  const done = (/** @type {string} */ at) => ({ event: "step_finished", ...place(at), rows: 0, elapsed_ms: 1 });
  const two = [...wrote("/steps/0", { inserted: 2 }), done("/steps/0"), ...wrote("/steps/1/steps/0", { updated: 1 }), done("/steps/1/steps/0")];
  const touched = (/** @type {any} */ how, /** @type {string} */ outcome) => ran([...two, finished(outcome)], { dryRun: false, ...how }).touched.map((one) => [one.store, one.inserted, one.updated, one.deleted]);
  assert.deepEqual(touched({}, "done"), [["s", 2, 1, 0]]);
  assert.deepEqual(touched({}, "failed"), [], "one transaction leaves nothing");
  assert.deepEqual(touched({ transaction: "per_step" }, "failed"), [["s", 2, 0, 0]], "the step that failed leaves nothing");
  assert.deepEqual(touched({ transaction: "none" }, "failed"), [["s", 2, 1, 0]]);
  const set = ran([{ event: "output", ...place("/steps/0"), summary: "", changes: { count: 2, database: "d", rows: [{ op: "upsert", store: "t", key: 1, before: null, after: {} }, { op: "delete", store: "t", key: 2, before: {} }] }, stats: { changed: 2 } }, finished("done")], { dryRun: false });
  assert.deepEqual(set.touched, [{ database: "d", store: "t", inserted: 1, updated: 0, deleted: 1 }]);
  assert.deepEqual(ran([change("update", 1, { a: 1 }, { a: 2 })]).touched, [{ database: "d", store: "s", inserted: 0, updated: 1, deleted: 0 }]);
});

test("a pause is shown with its rounds, variables and figures, and the run's time stands still", async () => {
  let time = 0;
  const said = /** @type {any[]} */ ([]);
  const api = { raw: async () => new Response(), json: async (/** @type {string} */ method, /** @type {string} */ url, /** @type {any} */ { body }) => void said.push([method, url, body]) };
  const run = ran([{ id: "9" }, { event: "started", script: "c.n", args: {}, dry_run: true }, { event: "step_started", ...place("/steps/0"), kind: "loop" }, { event: "step_started", ...place("/steps/0/steps/0"), kind: "say", round: [1, 2] }, { event: "step_finished", ...place("/steps/0/steps/0"), rows: 0, elapsed_ms: 1 }], { api, body: { pause_at: [] }, now: () => time });
  assert.equal(run.paused, false);
  const rounds = [{ script: "c.n", step: "/steps/0", item: "t", round: 2, of: 2 }];
  run.take([JSON.stringify({ event: "paused", ...place("/steps/0"), kind: "loop", reason: "breakpoint", rounds, variables: { t: { country: "Chile", total: 6.93, more: [1] } }, steps: 2, rows: 0, changed: 0, nodes_read: 14, elapsed_ms: 10 })]);
  assert.equal(run.paused, true);
  assert.deepEqual([run.pause?.at, run.steps.get("/steps/0")?.round, run.steps.get("/steps/0/steps/0")?.state, run.held?.nodes], ["/steps/0", [2, 2], "waiting", 14]);
  assert.deepEqual([run.log.at(-1)?.word, run.log.at(-1)?.text], ["pause", "2 of 2  Chile  6.93"]);
  time = 5000;
  assert.equal(run.elapsed, 10);
  assert.equal(await run.say("continue", { pause_at: [] }), "");
  assert.deepEqual(said, [["POST", "/api/v1/runs/9/continue", { pause_at: [] }]]);
  assert.equal(run.paused, false, "a word is said once");
  run.take([JSON.stringify({ event: "resumed", ...place("/steps/0"), how: "continue" })]);
  assert.equal(run.held?.at, "/steps/0", "it is shown for a moment more");
  time = 5200;
  assert.deepEqual([run.held, run.elapsed], [undefined, 200]);
  run.take([JSON.stringify({ event: "paused", ...place("/steps/3", "c.other"), kind: "say", reason: "step", rounds: [], calls: [{ script: "c.n", step: "/steps/1" }], variables: {}, condition_error: "no variable", steps: 3, rows: 0, changed: 0, nodes_read: 14, elapsed_ms: 11 })]);
  assert.deepEqual([run.pause?.at, run.pause?.script, run.current], ["/steps/1", "c.other", "/steps/1"]);
  assert.deepEqual(run.log.slice(-2).map((one) => [one.word, one.text]), [["condition", "No variable."], ["pause", "c.other"]]);
  run.take(['{"event":"finished","outcome":"cancelled","error":{"code":"pause_limit","message":"it waited too long"},"steps":3,"rows":0,"changed":0,"nodes_read":14,"elapsed_ms":11}']);
  assert.deepEqual([run.state, run.code, run.held, run.error], ["cancelled", "pause_limit", undefined, "It waited too long."]);
});
