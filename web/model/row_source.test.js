import { test } from "node:test";
import assert from "node:assert/strict";
import { Api } from "../core/http.js";
import { PAGE, RowSource } from "./row_source.js";

/** A store of numbered items behind `fetch`. @param {{count: number, base?: number, sequence?: number}} state */
function server(state) {
  /** @type {string[]} */
  const asked = [];
  const api = new Api(async (url) => {
    const { pathname, searchParams: query } = new URL(String(url), "http://x");
    asked.push(pathname.split("/").at(-1) + (query.has("after") ? " after" : query.has("before") ? " before" : query.has("from") ? " from" : ""));
    if (pathname.endsWith("/nth")) return Response.json({ item: { key: Number(query.get("i")), value: {} }, rank: Number(query.get("i")) });
    const low = query.has("prefix") ? (state.base ?? 0) : 0;
    const high = query.has("prefix") ? low + 50 : state.count;
    let first = low;
    if (query.has("from")) first = Number(query.get("from"));
    if (query.has("after")) first = Number(query.get("after")) + 1;
    let end = Math.min(high, first + Number(query.get("limit")));
    if (query.has("before")) {
      end = Number(query.get("before"));
      first = Math.max(low, end - Number(query.get("limit")));
    }
    const items = Array.from({ length: Math.max(0, end - first) }, (_, index) => ({ key: first + index, value: { n: first + index }, version: 1 }));
    return Response.json({ items, next: end < high ? String(end - 1) : null, prev: first > low ? String(first) : null, has_more: end < high, count: high - low, total: state.count, rank: first, sequence: state.sequence ?? 1 });
  });
  return { api, asked };
}

/** @param {RowSource} source */
async function quiet(source) {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(source.loading, false);
}

test("near pages are read by cursor, far ones by rank and key", async () => {
  const { api, asked } = server({ count: 1_000_000 });
  const source = new RowSource(api, { database: "d", store: "s" });
  source.want(0, 40);
  await quiet(source);
  source.want(90, 130);
  await quiet(source);
  source.want(500_000, 500_040);
  await quiet(source);
  source.want(499_950, 500_000);
  await quiet(source);
  assert.deepEqual(asked, ["items", "items after", "nth", "items from", "items before"]);
  assert.equal(source.at(500_010)?.key, 500_010);
  assert.equal(source.at(499_960)?.key, 499_960);
  assert.equal(source.at(700_000), undefined);
  assert.equal(source.count, 1_000_000);
});

test("a prefix counts from its own first row", async () => {
  const { api } = server({ count: 1000, base: 300 });
  const source = new RowSource(api, { database: "d", store: "s", prefix: ["USA"] });
  source.want(0, 40);
  await quiet(source);
  assert.deepEqual([source.base, source.count, source.at(0)?.key, source.at(49)?.key, source.total], [300, 50, 300, 349, 1000]);
});

test("an empty store is read once", async () => {
  const { api, asked } = server({ count: 0 });
  const source = new RowSource(api, { database: "d", store: "s" });
  source.want(0, 40);
  await quiet(source);
  source.want(0, 40);
  await quiet(source);
  assert.equal(asked.length, 1);
  assert.equal(source.count, 0);
});

test("rows kept from before a write by somebody else are forgotten", async () => {
  const state = { count: 1000, sequence: 1 };
  const { api } = server(state);
  const source = new RowSource(api, { database: "d", store: "s" });
  source.want(0, 40);
  await quiet(source);
  state.count = 1001;
  state.sequence = 2;
  source.want(PAGE, PAGE + 10);
  await quiet(source);
  assert.equal(source.at(0), undefined);
  assert.equal(source.at(PAGE)?.key, PAGE);
  assert.equal(source.count, 1001);
});

test("few pages are kept", async () => {
  const { api } = server({ count: 1_000_000 });
  const source = new RowSource(api, { database: "d", store: "s" });
  for (let at = 0; at < 200; at += 1) {
    source.want(at * PAGE, at * PAGE + 10);
    await quiet(source);
  }
  assert.ok(source.pages.size <= 81);
  assert.equal(source.at(199 * PAGE)?.key, 199 * PAGE);
});

test("rows that come back after a reload that failed are told of, since they may have been drawn as missing", async () => {
  const { api: good } = server({ count: 200 });
  let gone = false;
  const api = new Api((url, init) => (gone ? new Promise((_, reject) => setImmediate(() => reject(new TypeError("fetch failed")))) : good.send(url, init)));
  const source = new RowSource(api, { database: "d", store: "s" });
  source.want(0, 40);
  await quiet(source);
  gone = true;
  /** @type {unknown[]} what a grid draws in the first row, each time that it is told to */
  const drawn = [];
  source.addEventListener("rows", () => drawn.push(source.at(0)?.key));
  await source.reload();
  assert.deepEqual(drawn, [0]);
});

test("rows stay when the server goes away and is asked twice at once", async () => {
  const { api: good } = server({ count: 200 });
  let gone = false;
  const api = new Api((url, init) => {
    if (gone) return new Promise((_, reject) => setImmediate(() => reject(new TypeError("fetch failed"))));
    return good.send(url, init);
  });
  const source = new RowSource(api, { database: "d", store: "s" });
  source.want(0, 40);
  await quiet(source);
  gone = true;
  await Promise.all([source.reload(), source.reload()]);
  await quiet(source);
  assert.equal(source.at(1)?.key, 1);
});
