import { test } from "node:test";
import assert from "node:assert/strict";
import { parse } from "../../core/json.js";
import { resultColumns } from "./result_columns.js";

test("columns of a result are judged by what they hold, else by their type", () => {
  const columns = [{ name: "Country", type: "string" }, { name: "n", type: "any" }, { name: "big", type: "" }, { name: "", type: "any" }, { name: "day", type: "any" }, { name: "none", type: "integer" }];
  const found = resultColumns(columns, [["USA", 37, parse("18446744073709551615"), { a: 1 }, "2025-12-05", null], ["a much longer country", 5.5, 1, [1], "2025-12-06", null]]);
  assert.deepEqual(found.map((one) => [one.label, one.shownType, one.numeric]), [["Country", "text", false], ["n", "num", true], ["big", "num", true], ["column 4", "", false], ["day", "date", false], ["none", "int", true]]);
  assert.equal(found[0].chars, "a much longer country".length);
  assert.equal(found[2].chars, 20);
  assert.deepEqual(resultColumns([], []), []);
});

test("of very many columns fewer rows are looked at, and never none", () => {
  let taken = 0;
  const rows = function* () {
    for (;;) {
      taken += 1;
      yield Array.from({ length: 400 }, () => "text");
    }
  };
  const columns = resultColumns(Array.from({ length: 400 }, (_, at) => ({ name: `c${at}`, type: "any" })), rows());
  assert.ok(taken >= 20 && taken < 30, String(taken));
  assert.ok(columns.every((column) => column.shownType === "text" && !column.numeric));
});
