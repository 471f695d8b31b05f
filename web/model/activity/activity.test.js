import assert from "node:assert/strict";
import { test } from "node:test";
import { canRevert, changesOf, differing, doing, lineOf, marks, periodOf, queryOf, readFilters, sequenceOf, writeFilters } from "./audit.js";
import { Samples, between, momentAt, moments, openDatabases, percentile, readExposition, sampleOf, sparkArea, sparkBars, sparkLine } from "./metrics.js";

const exposition = (/** @type {number} */ commits, /** @type {number[]} */ flush, checkpoints = 0) => `# HELP sop_commits_total Commits.
# TYPE sop_commits_total counter
sop_database_open{database="a\\"b"} 1
sop_database_open{database="closed"} 0
sop_commits_total{database="a\\"b"} ${commits}
sop_sequence{database="a\\"b"} ${commits}
sop_cache_hits_total{database="a\\"b"} ${commits * 9}
sop_cache_misses_total{database="a\\"b"} ${commits}
sop_log_flush_duration_seconds_bucket{database="a\\"b",le="0.001"} ${flush[0]}
sop_log_flush_duration_seconds_bucket{database="a\\"b",le="0.002"} ${flush[0] + flush[1]}
sop_log_flush_duration_seconds_bucket{database="a\\"b",le="+Inf"} ${flush[0] + flush[1] + flush[2]}
sop_log_flush_duration_seconds_sum{database="a\\"b"} 1.5
sop_log_flush_duration_seconds_count{database="a\\"b"} ${flush[0] + flush[1] + flush[2]}
sop_checkpoint_duration_seconds_sum{database="a\\"b"} ${checkpoints * 0.02}
sop_checkpoint_duration_seconds_count{database="a\\"b"} ${checkpoints}
`;

test("figures are read, and rates are between samples", () => {
  const families = readExposition(exposition(10, [10, 0, 0]));
  assert.deepEqual(openDatabases(families), ['a"b']);
  assert.equal(sampleOf(families, "closed", 0), undefined);
  const samples = new Samples();
  samples.add(/** @type {any} */ (sampleOf(families, 'a"b', 0)));
  samples.add(/** @type {any} */ (sampleOf(readExposition(exposition(30, [10, 20, 0], 1)), 'a"b', 2000)));
  assert.deepEqual(samples.rates(), [10]);
  assert.deepEqual(samples.hitShares(), [0.9]);
  assert.deepEqual(samples.latencies(0.5), [1.5]);
  assert.equal(Math.round(samples.checkpoints()[0].ms), 20);
  // Started anew: what was before does not count.
  samples.add(/** @type {any} */ (sampleOf(readExposition(exposition(1, [1, 0, 0])), 'a"b', 4000)));
  assert.equal(samples.list.length, 1);
  assert.deepEqual(samples.rates(), []);
});

test("percentiles lie inside their bucket", () => {
  const of = { limits: [1, 2, Infinity], counts: [10, 10, 0], sum: 0, count: 20 };
  assert.equal(percentile(of, 0.5), 1);
  assert.equal(percentile(of, 0.75), 1.5);
  assert.equal(percentile({ ...of, counts: [0, 0, 20] }, 0.5), 2);
  assert.equal(percentile({ ...of, counts: [0, 0, 0], count: 0 }, 0.5), undefined);
  assert.equal(between(of, { ...of, counts: [10, 0, 0], count: 10 }).count, 10);
});

test("lines and bars stay in their box", () => {
  assert.equal(sparkLine([]), "");
  assert.equal(sparkArea(""), "");
  const line = sparkLine([0, 5, 10], { slots: 3 });
  assert.equal(line, "0.0,34.0 60.0,19.0 120.0,4.0");
  assert.equal(sparkArea(line), "0.0,36 0.0,34.0 60.0,19.0 120.0,4.0 120,36");
  assert.equal(sparkBars([1, 2]).at(-1)?.y, 4);
});

test("filters of the address are read and written back", () => {
  for (const address of ["", "when=week&way=page&who=Jane+P&in=shop&store=Orders&outcome=failed&open=12&tab=ended", "when=all&text=a%26b"]) assert.equal(writeFilters(readFilters(address)), address);
  assert.deepEqual(readFilters("when=never&open=x"), { when: "today", text: "", way: "", who: "", database: "", store: "", outcome: "", open: undefined, tab: undefined });
  const now = new Date(2026, 2, 1, 12);
  assert.ok((periodOf("yesterday", now).to ?? "") > (periodOf("yesterday", now).from ?? ""));
  assert.equal(marks(now)[0], periodOf("today", now).from);
  assert.deepEqual(queryOf(readFilters("when=all&way=api"), now), { way: "api" });
});

const entry = (/** @type {any} */ more) => ({ number: 1, at: "", who: "token", way: "api", what: "query", changed: 1, outcome: "done", ...more });

test("an entry of any shape gives a line", () => {
  const change = { op: "update", store: "s", key: 1, before: { a: 1, b: { c: [1] } }, after: { a: 2, b: { c: [1] } } };
  assert.deepEqual(lineOf(entry({ detail: { changes: [change], sequence: 7 } })), { kind: "swap", field: "a", before: 1, after: 2, more: "" });
  assert.deepEqual(lineOf(entry({ changed: 3, detail: { changes: { rows: [change] } } })), { kind: "swap", field: "a", before: 1, after: 2, more: "and 2 more" });
  assert.equal(lineOf(entry({ detail: { changes: [{ ...change, op: "upsert", before: null }] } })).kind, "item");
  assert.deepEqual(lineOf(entry({ what: "more refused requests", outcome: "refused", detail: { code: "not_allowed", more: 20 } })), { kind: "words", text: "20 more refused requests", more: "not_allowed" });
  assert.deepEqual(lineOf(entry({ detail: { statement: "UPDATE  s\nSET a = 1" } })), { kind: "words", text: "UPDATE s SET a = 1", more: "", code: true });
  assert.deepEqual(lineOf(entry({ what: "POST /databases", outcome: "failed", detail: { status: 409 } })), { kind: "words", text: "Create or open a database", more: "answer 409" });
  assert.deepEqual(lineOf(entry({ way: "import", what: "s import", detail: { import: { inserted: 5, updated: 0, failed: 2 } } })), { kind: "words", text: "Import", more: "5 new, 2 bad" });
  for (const detail of [undefined, null, 5, "x", [], { changes: null }, { changes: [null, 5] }]) assert.equal(lineOf(entry({ detail })).kind, "words");
  assert.equal(doing(entry({ what: "add_field" })), "Add field");
});

test("only what was kept whole can be taken back", () => {
  const change = { op: "update", store: "s", key: 1, before: { a: 1 }, after: { a: 2 } };
  assert.equal(canRevert(entry({ detail: { changes: [change], sequence: 7 } })), true);
  assert.equal(canRevert(entry({ changed: 2, detail: { changes: [change], sequence: 7 } })), false);
  assert.equal(canRevert(entry({ detail: { changes: [change] } })), false);
  assert.equal(canRevert(entry({ detail: { changes: [{ ...change, before: { $left_out: "9 bytes" } }], sequence: 7 } })), false);
  assert.equal(sequenceOf(entry({ detail: { changes: { sequence: 9 } } })), 9);
  assert.equal(changesOf(entry({ detail: { changes: [{ ...change, id: 4 }] } }))[0].id, 4);
  assert.deepEqual(differing(1, 2), [{ name: "", before: 1, after: 2 }]);
});

test("what a figure was, and what stands under a place of its chart", () => {
  const samples = new Samples();
  for (const [at, commits, cached] of [[0, 10, [1, 0, 0]], [2000, 30, [1, 0, 0]], [4000, 80, [1, 0, 0]]]) samples.add(/** @type {any} */ (sampleOf(readExposition(exposition(/** @type {number} */ (commits), /** @type {number[]} */ (cached))), 'a"b', /** @type {number} */ (at))));
  const rates = moments(samples, "commits");
  assert.deepEqual(rates, [{ at: 2000, value: 10 }, { at: 4000, value: 25 }]);
  assert.equal(momentAt(rates, "commits", 1), rates[1]);
  assert.equal(momentAt(rates, "commits", 1 - 1 / 59), rates[0]);
  assert.equal(momentAt(rates, "commits", 0.5), undefined);
  assert.deepEqual(moments(samples, "log").map((one) => one.at), [0, 2000, 4000]);
  const bars = [{ at: 1, value: 5 }, { at: 2, value: 6 }];
  assert.equal(momentAt(bars, "checkpoint", 0.99), bars[1]);
  assert.equal(momentAt(bars, "checkpoint", 0.86), bars[0]);
  assert.equal(momentAt(bars, "checkpoint", 0.5), undefined);
});
