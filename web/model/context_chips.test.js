import { test } from "node:test";
import assert from "node:assert/strict";
import { chips, told } from "./context_chips.js";

const known = { database: "chinook", store: "Invoice", prefix: "USA", filter: "Total ≥ 1", keys: [[1], [2]], selected: 2 };

test("chips say what is sent, and what is left out is not sent", () => {
  const all = chips(known, new Set());
  assert.deepEqual(all.map((chip) => chip.text), ["chinook", "Invoice", "USA, Total ≥ 1", "2 items"]);
  assert.deepEqual(told(known, all), { store: "Invoice", selection: { prefix: "USA", filter: "Total ≥ 1", items: 2, keys: [[1], [2]] }, context: ["chinook", "Invoice", "USA, Total ≥ 1", "2 items"] });
  const without = chips(known, new Set([all[3].id]));
  assert.deepEqual(told(known, without).selection, { prefix: "USA", filter: "Total ≥ 1" });
  assert.deepEqual(chips(known, new Set([all[1].id])).map((chip) => chip.kind), ["database"]);
});

test("what was left out comes back when it is another", () => {
  const dropped = new Set(["selection Invoice 2"]);
  assert.equal(chips({ ...known, selected: 3 }, dropped).at(-1)?.text, "3 items");
  assert.deepEqual(chips({ keys: [], selected: 4 }, new Set()), []);
});
