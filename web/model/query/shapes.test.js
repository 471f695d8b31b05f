import { test } from "node:test";
import assert from "node:assert/strict";
import { parse } from "../../core/json.js";
import { barChart, choices, columnKinds, niceTicks, place, pointChart, short, timeTicks } from "./chart.js";
import { markdown, pieces, tabbed, uniqueNames } from "./export.js";
import { adviceText, planLines } from "./plan.js";

test("ticks are nice, cover the range and are no more than asked for", () => {
  for (const [low, high] of [[0, 1], [0, 213.12], [-5, 7], [3, 3], [-3, -3], [0, 0], [1e-7, 3e-7], [1e15, 3e15], [0.1, 0.3], [99, 101]]) {
    const ticks = niceTicks(low, high, 5);
    assert.ok(ticks.length >= 2 && ticks.length <= 8, `${low}..${high}: ${ticks}`);
    assert.ok(ticks[0] <= low && ticks[ticks.length - 1] >= high, `${low}..${high}: ${ticks}`);
    assert.ok(ticks.every((one) => Number(one.toPrecision(12)) === one), `${low}..${high}: ${ticks}`);
  }
  assert.deepEqual(niceTicks(0, 213.12, 5), [0, 50, 100, 150, 200, 250]);
  assert.deepEqual(niceTicks(NaN, Infinity), [0, 1]);
});

test("times have ticks at whole hours, days, months or years", () => {
  const texts = (/** @type {string} */ from, /** @type {string} */ to) => timeTicks(Date.parse(from), Date.parse(to), 5).map((one) => one.text);
  assert.deepEqual(texts("2021-01-01", "2025-12-22"), ["2021", "2022", "2023", "2024", "2025"]);
  assert.deepEqual(texts("2024-01-05", "2024-05-20"), ["2024-02", "2024-03", "2024-04", "2024-05"]);
  assert.deepEqual(texts("2024-01-01T00:00Z", "2024-01-01T12:00Z"), ["00:00", "03:00", "06:00", "09:00", "12:00"]);
  assert.ok(texts("2024-01-01", "2024-01-05").length >= 4);
  assert.ok(texts("0001-01-01", "9999-01-01").length <= 12);
  assert.equal(place("2024-01-01 00:00:00"), Date.parse("2024-01-01T00:00:00Z"));
});

test("the form of a chart follows from the columns", () => {
  const rows = [["USA", 37, 213.12, "2025-12-05"], ["Canada", 23, 114.84, "2025-12-06"], [null, null, null, null]];
  const kinds = columnKinds(4, rows);
  assert.deepEqual(kinds, ["text", "number", "number", "date"]);
  assert.deepEqual(choices(kinds, ["Country", "invoices", "revenue", "latest"])[0], { form: "bar", x: 0, y: 2 });
  assert.deepEqual(choices(["date", "number"], ["day", "n"])[0], { form: "line", x: 0, y: 1 });
  assert.deepEqual(choices(["number", "number"], ["a", "b"]).map((one) => one.form), ["bar", "line", "scatter"]);
  assert.equal(choices(["number", "text", "number"], ["id", "name", "total"])[0].y, 2, "an id is no figure");
  assert.deepEqual(choices(["text", "text"], ["a", "b"]), []);
  assert.deepEqual(choices(["number"], ["n"]), [{ form: "line", x: -1, y: 0 }]);
  assert.deepEqual(columnKinds(1, [[parse("18446744073709551615")]]), ["number"]);
});

test("bars start at zero, the largest fills the room, and those that do not fit are counted", () => {
  const rows = Array.from({ length: 30 }, (_, at) => [`name ${at}`, 30 - at]);
  const chart = barChart(rows, { form: "bar", x: 0, y: 1 }, { width: 400, height: 142 });
  assert.deepEqual([chart.shown, chart.count], [11, 30]);
  assert.ok(chart.bars[0].best && chart.bars[0].width > chart.bars[9].width);
  for (const bar of chart.bars) assert.ok(bar.x >= chart.left - 0.01 && bar.x + bar.width <= 400 && bar.y + bar.height <= 142);
  const both = barChart([["a", -5], ["b", 5], ["c", null]], { form: "bar", x: 0, y: 1 }, { width: 400, height: 100 });
  assert.ok(Math.abs(both.bars[0].x + both.bars[0].width - both.zero) < 0.01 && Math.abs(both.bars[1].x - both.zero) < 0.01);
  assert.equal(both.bars[2].width, 0);
  assert.equal(barChart([], { form: "bar", x: 0, y: 1 }, { width: 400, height: 100 }).bars.length, 0);
});

test("points lie inside their box, and what is no number makes none", () => {
  const rows = [["2024-01-01", 5], ["2024-02-01", null], ["2024-03-01", 7], ["bad", 9]];
  const chart = pointChart(rows, { form: "line", x: 0, y: 1 }, { width: 400, height: 160, dates: true });
  assert.deepEqual([chart.shown, chart.count], [2, 4]);
  for (const point of chart.points) assert.ok(point.x >= chart.box.left && point.x <= chart.box.right && point.y >= chart.box.top && point.y <= chart.box.bottom);
  assert.ok(chart.xTicks.length >= 2 && chart.yTicks.length >= 2);
  const one = pointChart([[3]], { form: "line", x: -1, y: 0 }, { width: 400, height: 160, dates: false });
  assert.ok(one.points.every((point) => Number.isFinite(point.x) && Number.isFinite(point.y)));
  assert.ok(pointChart([], { form: "line", x: 0, y: 1 }, { width: 400, height: 160, dates: true }).yTicks.length >= 2);
  assert.deepEqual([short(1_500_000), short(12_000), short(0.00001), short(0.3), short(-2e9)], ["1.5M", "12,000", "1.0e-5", "0.3", "-2G"]);
});

test("exports keep every digit and every column", () => {
  const columns = [{ name: "n" }, { name: "a,b" }, { name: "n" }];
  const rows = [[parse("18446744073709551615"), 'say "hi"\nthere', null], [parse("1.10"), { x: [1] }, true]];
  assert.deepEqual(uniqueNames(columns), ["n", "a,b", "n_2"]);
  const text = (/** @type {any} */ format) => [...pieces(format, columns, rows)].join("");
  assert.equal(text("csv"), 'n,"a,b",n_2\r\n18446744073709551615,"say ""hi""\nthere",\r\n1.10,"{""x"":[1]}",true\r\n');
  assert.equal(text("ndjson"), '{"n":18446744073709551615,"a,b":"say \\"hi\\"\\nthere","n_2":null}\n{"n":1.10,"a,b":{"x":[1]},"n_2":true}\n');
  assert.equal(JSON.parse(text("json")).length, 2);
  assert.equal([...pieces("json", columns, [])].join(""), "[]\n");
  assert.equal(markdown(columns, rows, [true, false, false]), '| n | a,b | n |\n| ---: | --- | --- |\n| 18446744073709551615 | say "hi"<br>there | null |\n| 1.10 | {"x":[1]} | true |\n');
  assert.match(markdown([{ name: "a|b" }], [["x|y"]], [false]), /a\\\|b[^]*x\\\|y/);
  assert.equal(tabbed([["a\tb", null], [1, "x\ny"]]), "a b\t\n1\tx y");
  assert.equal([...pieces("csv", columns, Array.from({ length: 5000 }, () => [1, 2, 3]))].length, 3, "in pieces");
});

test("the plan is a tree with every node once, whatever the parents say", () => {
  const nodes = [
    { id: 1, parent: null, operator: "Limit", time_ms: 0 }, { id: 2, parent: 1, operator: "Join", time_ms: 1 },
    { id: 4, parent: 2, operator: "Seek", time_ms: 1, nodes_read: 2 }, { id: 3, parent: 2, operator: "Scan", time_ms: 2, nodes_read: 9 },
    { id: 8, parent: 9, operator: "Ring" }, { id: 9, parent: 8, operator: "Ring" }, { id: 10, parent: 99, operator: "Orphan" }, { id: 11, parent: 11, operator: "Self" },
  ];
  const plan = planLines(nodes);
  assert.equal(plan.lines.length, nodes.length);
  assert.deepEqual(plan.lines.slice(0, 4).map((one) => [one.node.operator, one.depth, one.share]), [["Limit", 0, 0], ["Join", 1, 0.25], ["Seek", 2, 0.25], ["Scan", 2, 0.5]]);
  assert.deepEqual([plan.measured, plan.time, plan.nodesRead], [true, 4, 11]);
  const shown = planLines(/** @type {any} */ ([{ id: 1, parent: null, operator: "scan", detail: "scan Invoice as i, left join", access: "scan Invoice", estimated_rows: null, time_ms: 2 }, { id: 2, operator: "sort", detail: "USE TEMP B-TREE FOR ORDER BY", access: null, time_ms: null }]), 8);
  assert.deepEqual(shown.lines.map((one) => [one.node.operator, one.node.detail, one.node.access, one.node.estimated_rows, one.share]), [["Scan", "Invoice as i, left join", undefined, undefined, 0.25], ["Sort", "for ORDER BY", undefined, undefined, 0]]);
  assert.equal(shown.time, 8);
  const guessed = planLines([{ id: 1, operator: "Scan", estimated_rows: 400 }]);
  assert.deepEqual([guessed.measured, guessed.lines[0].share], [false, 1]);
  assert.deepEqual(planLines([]).lines, []);
  assert.equal(adviceText({ detail: "x" }), "x");
  assert.equal(adviceText("y"), "y");
});
