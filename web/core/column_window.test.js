import assert from "node:assert/strict";
import { test } from "node:test";
import { columnWindow, everyColumn, leftOf, onlyColumns } from "./column_window.js";

const SIXTY = Array.from({ length: 60 }, (_, at) => 56 + (at % 5) * 24);

test("every column in view is drawn, few others are, and the gap stands for those before", () => {
  const whole = SIXTY.reduce((sum, one) => sum + one, 0);
  for (const held of [0, 3]) {
    for (let left = 0; left < whole; left += 37) {
      const view = 900;
      const { drawn, gap } = columnWindow(SIXTY, { held, left, view });
      assert.deepEqual(drawn.slice(0, held), [0, 1, 2].slice(0, held));
      const others = drawn.slice(held);
      assert.ok(others.length < 30, `${others.length}`);
      assert.equal(gap, SIXTY.slice(held, others[0] ?? held).reduce((sum, one) => sum + one, 0));
      let edge = 0;
      for (let at = held; at < 60; at += 1) {
        if (edge < left + view && edge + SIXTY[at] > left) assert.ok(drawn.includes(at), `${at} at ${left}`);
        edge += SIXTY[at];
      }
    }
  }
});

test("a little scrolling draws the same columns", () => {
  const names = new Set(Array.from({ length: 40 }, (_, at) => columnWindow(SIXTY, { held: 0, left: 1000 + at, view: 900 }).name));
  assert.ok(names.size <= 2);
});

test("no room, no columns and all of them held are no faults", () => {
  assert.deepEqual(columnWindow([], { held: 0, left: 0, view: 100 }).drawn, []);
  assert.deepEqual(columnWindow([80, 80], { held: 2, left: 0, view: 0 }).drawn, [0, 1]);
  assert.ok(columnWindow(SIXTY, { held: 0, left: 1e9, view: 500 }).drawn.includes(59));
});

test("a column out of view says how far to scroll", () => {
  const place = { held: 1, left: 100, view: 200 };
  const widths = [50, 80, 80, 80, 80, 80];
  assert.equal(leftOf(widths, 0, place), undefined);
  assert.equal(leftOf(widths, 1, place), 0);
  assert.equal(leftOf(widths, 3, place), undefined);
  assert.equal(leftOf(widths, 5, place), 200);
});

test("all columns, and some of them", () => {
  assert.deepEqual(everyColumn(3).drawn, [0, 1, 2]);
  assert.deepEqual(onlyColumns([4, -1, 2]).drawn, [2, 4]);
});
