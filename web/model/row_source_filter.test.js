import assert from "node:assert/strict";
import { test } from "node:test";
import { Api } from "../core/http.js";
import { ChangeSet } from "./change_set.js";
import { PAGE, RowSource } from "./row_source.js";
import { SortedSource } from "./sorted_source.js";

/**
 * A store of numbered items of which each third is let through, behind `fetch`.
 * @param {{matches: number, sequence?: number, hold?: Promise<void>}} state hold: until then nothing is counted
 */
function server(state) {
  /** @type {string[]} */
  const asked = [];
  const api = new Api(async (url, options) => {
    const { pathname, searchParams: query } = new URL(String(url), "http://x");
    if (pathname.endsWith("/query")) {
      const { select } = JSON.parse(String(options?.body));
      asked.push(`query ${select.offset ?? select.order_by[0]}`);
      if (select.offset !== undefined) return Response.json({ rows: [[select.offset * 3]] });
      const rows = Array.from({ length: Math.min(select.limit, state.matches) }, (_, at) => JSON.stringify([at * 3, { n: at }, 4]));
      return new Response([JSON.stringify({ columns: [] }), ...rows, JSON.stringify({ stats: { rows: rows.length, scanned: 9, nodes_read: 2 }, sequence: 6 })].join("\n"));
    }
    if (query.has("count")) {
      await state.hold;
      asked.push("count");
      return Response.json({ items: [], next: null, prev: null, count: state.matches, total: state.matches * 3, rank: 0, sequence: state.sequence ?? 1, stats: { scanned: 7 } });
    }
    asked.push(`items${query.has("after") ? " after" : query.has("before") ? " before" : query.has("from") ? " from" : ""}`);
    let first = query.has("from") ? Number(query.get("from")) / 3 : query.has("after") ? Number(query.get("after")) + 1 : 0;
    let end = Math.min(state.matches, first + Number(query.get("limit")));
    if (query.has("before")) {
      end = Number(query.get("before"));
      first = Math.max(0, end - Number(query.get("limit")));
    }
    const items = Array.from({ length: Math.max(0, end - first) }, (_, at) => ({ key: (first + at) * 3, value: {}, version: 1 }));
    return Response.json({ items, next: end < state.matches ? String(end - 1) : null, prev: first > 0 ? String(first) : null, has_more: end < state.matches, count: null, total: state.matches * 3, rank: first * 3, sequence: state.sequence ?? 1, stats: { scanned: 300 } });
  });
  return { api, asked };
}
const quiet = async () => {
  for (let turn = 0; turn < 60; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
const of = { database: "d", store: "s", filter: '{"a":1}' };

test("a filtered list grows until it is counted, and then is as long as it is", async () => {
  /** @type {() => void} */
  let count = () => undefined;
  const { api, asked } = server({ matches: 1000, hold: new Promise((resolve) => (count = () => resolve())) });
  const source = new RowSource(api, of);
  source.want(0, 40);
  await quiet();
  assert.deepEqual([source.count, source.exact], [2 * PAGE, false]);
  source.want(150, 190);
  await quiet();
  assert.deepEqual([source.count, source.exact], [3 * PAGE, false]);
  count();
  await quiet();
  assert.deepEqual([source.count, source.exact, source.stats?.scanned], [1000, true, 300]);
  assert.deepEqual(asked, ["items", "items after", "count"]);
  assert.equal(source.at(120)?.key, 360);
});

test("a far place of a filtered list is found by a query, and the pages beside it by cursors", async () => {
  const { api, asked } = server({ matches: 5000 });
  const source = new RowSource(api, of);
  source.want(0, 1);
  await quiet();
  source.want(4000, 4040);
  await quiet();
  source.want(3950, 4000);
  await quiet();
  assert.deepEqual(asked, ["items", "count", "query 4000", "items from", "items before"]);
  assert.equal(source.at(4010)?.key, 12_030);
  assert.equal(source.at(3960)?.key, 11_880);
  assert.deepEqual((await source.readRange(3950, 3953)).map((one) => [one.index, one.item.key]), [[3950, 11_850], [3951, 11_853], [3952, 11_856]]);
});

test("few matches need no counting; what is written meanwhile is counted again", async () => {
  const state = { matches: 5, sequence: 1 };
  const { api, asked } = server(state);
  const source = new RowSource(api, of);
  source.want(0, 40);
  await quiet();
  assert.deepEqual([source.count, source.exact, asked], [5, true, ["items"]]);
  Object.assign(state, { matches: 300, sequence: 2 });
  await source.reload();
  await quiet();
  assert.deepEqual([source.count, source.exact], [300, true]);
});

test("a sorted list is read whole by one query, and says when it is cut", async () => {
  const { api, asked } = server({ matches: 50 });
  const source = new SortedSource(api, { ...of, sort: { field: "n", desc: true }, most: 20 });
  source.want();
  source.want();
  await quiet();
  assert.deepEqual(asked, ["query n desc nulls last"]);
  assert.deepEqual([source.count, source.cut, source.at(3), source.stats?.scanned], [20, true, { key: 9, value: { n: 3 }, version: 4 }, 9]);
  assert.equal(source.find((item) => item.key === 6), 2);
});

test("many items are staged as one step, and each as its own entry", () => {
  const changes = new ChangeSet();
  changes.update("s", { key: 1, value: { a: 1 }, version: 3 }, { a: 2 });
  changes.updateAll("s", [1, 2, 3].map((key) => ({ item: { key, value: { a: key }, version: 3 }, after: { a: 9 } })));
  assert.deepEqual(changes.of("s").map((entry) => [entry.key, entry.before.a, entry.after.a]), [[1, 1, 9], [2, 2, 9], [3, 3, 9]]);
  changes.undo();
  assert.deepEqual(changes.of("s").map((entry) => [entry.key, entry.after.a]), [[1, 2]]);
});
