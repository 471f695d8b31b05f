import assert from "node:assert/strict";
import { test } from "node:test";
import { createStatement } from "./ddl.js";
import { changeOf, definitionOf, differences, draftOf, emptyDraft, faultsOf, locksOf, move, seedFault, seedOf, slotAdvice } from "./definition.js";
import { candidates, confirms, fieldsFound, previewSql, schemaFound } from "./discover.js";
import { Drafts, NEW } from "./drafts.js";
import { dbmlOf, mermaidOf, svgOf } from "./export.js";
import { CARD, graphOf, neighbours, pathOf } from "./graph.js";
import { layout } from "./layout.js";

const store = (/** @type {string} */ name, /** @type {any} */ more = {}) => ({ name, count: 3, bytes: 300, key: { type: "composite", fields: [{ name: `${name}Id`, type: "i64", order: "asc" }] }, unique: true, slot_length: 2000, leaf_load_balancing: false, placement: "node", description: "", schema: { declared: false, fields: [{ name: "Name", type: "string", required: false }] }, relations: [], cache: {}, ...more });
const to = (/** @type {string} */ field, /** @type {string} */ name) => ({ source_fields: [field], target_store: name, target_fields: [`${name}Id`] });

test("a draft and a definition are each other's inverse", () => {
  const definition = { name: "r", description: "it's", key: { type: "composite", fields: [{ name: "a", type: "i64", order: "desc" }], ride_on: [{ name: "b", type: "uuid" }], cel: { compare: "1" } }, unique: false, slot_length: 10, leaf_load_balancing: true, placement: "segment", schema: { declared: true, fields: [{ name: "x", type: "string", required: true }] }, relations: [{ source_fields: ["x"], target_store: "t", target_fields: ["y"] }], cache: { ttl: 3 } };
  assert.deepEqual(definitionOf(draftOf(definition)), definition);
  const single = { ...definition, key: { type: "uuid" } };
  assert.deepEqual(definitionOf(draftOf(single)).key, { type: "uuid" });
});

test("what is wrong is said at its place", () => {
  const draft = { ...emptyDraft(), name: "a/b", fields: [{ name: "x", type: "i64", order: /** @type {const} */ ("asc") }, { name: "x", type: "i64", order: /** @type {const} */ ("asc") }], slot_length: 1, orderBy: /** @type {const} */ ("compare") };
  assert.deepEqual(Object.keys(faultsOf(draft)).sort(), ["cel", "key", "name", "slot_length"]);
  assert.equal(faultsOf({ ...emptyDraft(), name: "s" }, ["s"]).name, "There is a store s already.");
  assert.deepEqual(faultsOf({ ...emptyDraft(), name: "t" }, ["s"]), {});
});

test("locks follow the items and say why", () => {
  assert.equal(locksOf(undefined, undefined).structure, undefined);
  assert.equal(locksOf({ name: "s", count: 0 }, undefined).structure, undefined);
  assert.match(locksOf({ name: "s", count: 1 }, undefined).structure ?? "", /s has 1 item/);
  assert.equal(locksOf({ name: "s", count: 1 }, undefined).meta, undefined);
  assert.equal(locksOf({ name: "s", count: 0 }, "Read only.").meta, "Read only.");
});

test("only what differs is shown and sent", () => {
  const before = definitionOf(draftOf(store("s")));
  const after = { ...before, description: "new" };
  assert.deepEqual(changeOf(before, after), { description: "new" });
  assert.deepEqual(differences(before, after), [{ name: "description", was: "", now: "new" }]);
  assert.ok(differences(undefined, after).length > 3);
  assert.deepEqual(differences(before, { ...before, relations: [to("Name", "T")], unique: false }), [{ name: "relations", was: "", now: "Name to T (TId)" }, { name: "unique", was: "yes", now: "no" }].sort((a) => (a.name === "unique" ? -1 : 1)));
});

test("a seed item fits its draft, and what does not fit is named", () => {
  const draft = { ...emptyDraft(), declared: true, schema: [{ name: "n", type: "integer", required: true }, { name: "t", type: "string", required: false }] };
  assert.equal(seedFault(draft, seedOf(draft)), undefined);
  assert.equal(seedFault(draft, { key: { id: 1 }, value: { t: "x" } }), "n is required.");
  assert.equal(seedFault(draft, { key: { id: 1 }, value: { n: "x" } }), "n must be integer.");
  assert.equal(seedFault(draft, { key: {}, value: {} }), "The key has no id.");
  assert.match(slotAdvice(draft, { count: 1000, bytes: 4_000_000 }), /7\.6 MB/);
});

test("entries move within their list only", () => {
  const list = ["a", "b", "c"];
  assert.ok(move(list, 0, 2) && !move(list, 0, 3) && !move(list, 0, -1));
  assert.deepEqual(list, ["b", "c", "a"]);
});

test("a statement says all of a store", () => {
  const draft = draftOf({ ...store("order lines"), count: undefined, unique: false, schema: { declared: true, fields: [{ name: "day", type: "date", required: true }] }, relations: [to("day", "T")], description: "it's", key: { type: "composite", fields: [{ name: "a", type: "i64", order: "desc" }], ride_on: [{ name: "tag", type: "uuid" }], cel: { sort_key: "key.a" } } });
  const text = createStatement(draft);
  for (const part of ['CREATE STORE "order lines"', "a BIGINT", "PRIMARY KEY (a DESC)", '"day" DATE NOT NULL', "REFERENCES T (TId)", "unique = false", "description = 'it''s'", "ride_on = (tag)", "sort_key = 'key.a'"]) assert.ok(text.includes(part) || text.replaceAll('"', "").includes(part.replaceAll('"', "")), `${part}: ${text}`);
  assert.match(createStatement({ ...draft, composite: false, type: "string" }), /"?key"? TEXT PRIMARY KEY/);
});

test("what the items show becomes a schema", () => {
  const found = fieldsFound({ count: 4, shape: { fields: [
    { path: "a", depth: 1, type: "integer", required: true, declared: false, count: 4, kinds: [{ kind: "integer", count: 4 }] },
    { path: "b", depth: 1, type: "string", required: false, declared: false, count: 3, kinds: [{ kind: "string", count: 2 }, { kind: "null", count: 1 }] },
    { path: "b.c", depth: 2, type: "string", required: false, declared: false, count: 1, kinds: [{ kind: "string", count: 1 }] },
  ] } });
  assert.deepEqual([found[1].missing, found[1].nulls], [1, 1]);
  assert.deepEqual(schemaFound(found), [{ name: "a", type: "integer", required: true }, { name: "b", type: "string", required: false }]);
});

test("relations are proposed by names and types, and not twice", () => {
  const track = store("Track", { schema: { fields: [{ name: "AlbumId", type: "integer" }, { name: "Composer", type: "string" }, { name: "support_artist", type: "integer" }] }, relations: [to("GenreId", "Genre")] });
  const all = [track, store("Album"), store("Artist"), store("Genre")];
  assert.deepEqual(candidates(track, all).map((one) => [one.source_fields[0], one.target_store]), [["AlbumId", "Album"], ["support_artist", "Artist"]]);
  const users = { ...store("users"), key: { type: "i64" } };
  const orders = store("orders", { schema: { fields: [{ name: "user_id", type: "integer" }] } });
  assert.deepEqual(candidates(orders, [users, orders]), [{ source_fields: ["user_id"], target_store: "users", target_fields: ["key"] }]);
  assert.ok(confirms({ looked: 20, found: 19 }) && !confirms({ looked: 20, found: 18 }) && !confirms({ looked: 1, found: 1 }));
  assert.match(previewSql("a b", to("x", "T")), /FROM "a b" LIMIT/);
});

test("cards have keys and links first, and edges end at fields", () => {
  const fields = Array.from({ length: 9 }, (_, n) => ({ name: `f${n}`, type: "string" }));
  const { cards, edges } = graphOf([store("A", { schema: { fields }, relations: [to("f8", "B"), to("x", "Nowhere")] }), store("B")], [{ store: "", definition: { ...store("C"), count: undefined } }]);
  assert.deepEqual(cards[0].fields.map((one) => one.name), ["AId", "f8", "f0", "f1", "f2"]);
  assert.equal(cards[0].more, 5);
  assert.equal(edges.length, 1);
  assert.ok(cards[2].draft && cards[2].count === undefined);
  assert.deepEqual([...neighbours(edges, "B", 1)], ["B", "A"]);
  assert.deepEqual([...neighbours(edges, "C", 2)], ["C"]);
});

test("cards never overlap and circles end", () => {
  const names = Array.from({ length: 40 }, (_, n) => `S${n}`);
  const stores = names.map((name, n) => store(name, { relations: [to("Name", names[(n * 7 + 1) % 40]), to("Name", names[(n * 3) % 40])] }));
  const { cards, edges } = graphOf(stores);
  const places = layout(cards, edges);
  for (const [at, a] of cards.entries()) {
    for (const b of cards.slice(at + 1)) {
      const [p, q] = [places[a.name], places[b.name]];
      assert.ok(p.x + CARD.width <= q.x || q.x + CARD.width <= p.x || p.y + a.height <= q.y || q.y + b.height <= p.y, `${a.name} and ${b.name}`);
    }
  }
  assert.deepEqual(layout(cards, edges), places);
  for (const edge of edges) assert.match(pathOf(cards[names.indexOf(edge.from)], cards[names.indexOf(edge.to)], places, edge).d, /^M-?[\d.]+ /);
  assert.deepEqual(layout([], []), {});
});

test("stores that are pointed to stand to the right", () => {
  const { cards, edges } = graphOf([store("Line", { relations: [to("Name", "Order")] }), store("Order", { relations: [to("Name", "User")] }), store("User")]);
  const places = layout(cards, edges);
  assert.ok(places.Line.x < places.Order.x && places.Order.x < places.User.x);
});

test("pictures and texts hold hostile names as text", () => {
  const hostile = '</style><script>x</script>"\n';
  const stores = [store(hostile, { relations: [to("Name", "B")] }), store("B")];
  const { cards, edges } = graphOf(stores);
  const ink = { sheet: "#fff", frame: "#eee", ink: "#000", soft: "#666", line: "#ccc", edge: "#999", hover: "#f0f0f0" };
  const svg = svgOf(cards, edges, layout(cards, edges), ink);
  assert.ok(!svg.includes("<script") && svg.includes("&lt;/style&gt;"));
  assert.match(mermaidOf(stores), /^erDiagram\n[^"]*: "Name"\n$/s);
  assert.match(dbmlOf(stores), /Table "B" \{\n {2}"BId" i64 \[pk, not null\]\n {2}"Name" string\n\}/);
  assert.ok(dbmlOf(stores).includes('\\"'));
});

test("drafts are kept by database and store", () => {
  /** @type {Map<string, string>} */
  const kept = new Map();
  const storage = { getItem: (/** @type {string} */ name) => kept.get(name) ?? null, setItem: (/** @type {string} */ name, /** @type {string} */ value) => void kept.set(name, value), removeItem: (/** @type {string} */ name) => void kept.delete(name) };
  const drafts = new Drafts(storage);
  drafts.open("d");
  drafts.keep(NEW, { ...emptyDraft(), name: "n" });
  drafts.keep("__proto__", emptyDraft());
  const again = new Drafts(storage);
  again.open("d");
  assert.equal(again.get(NEW)?.name, "n");
  assert.ok(again.get("__proto__"));
  again.keep(NEW, undefined);
  again.keep("__proto__", undefined);
  assert.equal(kept.size, 0);
  kept.set("sop.design.e", "{broken");
  again.open("e");
  assert.equal(again.size, 0);
});
