import { test } from "node:test";
import assert from "node:assert/strict";
import { MAX_HEIGHT, ScrollMap } from "./scroll_map.js";

/** @param {number} count */
function map(count) {
  const made = new ScrollMap();
  made.measure({ count, row: 28, view: 700 });
  return made;
}

test("a short list scrolls one to one", () => {
  const short = map(1000);
  short.moved(560);
  assert.deepEqual([short.top, short.physical, short.mapped, short.firstVisible], [560, 560, false, 20]);
  assert.deepEqual(short.window(8), { first: 12, last: 53 });
});

test("a long list stays under the limit of browsers and both ends are reached", () => {
  for (const count of [1_000_000, 10_000_000_000]) {
    const long = map(count);
    assert.equal(long.content, MAX_HEIGHT);
    long.go(Infinity);
    assert.equal(long.lastVisible, count);
    assert.equal(long.physical, long.maxPhysical);
    long.moved(long.physical - 100);
    assert.equal(long.top, long.maxTop - 100);
    long.go(0);
    assert.equal(long.firstVisible, 0);
  }
});

test("small moves in a long list are one to one, far ones in proportion", () => {
  const long = map(1_000_000);
  long.go(14_000_000);
  const { physical, top } = long;
  long.moved(physical + 120);
  assert.equal(long.top, top + 120);
  assert.ok(long.drifted);
  long.moved(long.maxPhysical / 4);
  assert.ok(Math.abs(long.top - long.maxTop / 4) < 1);
  assert.ok(!long.drifted);
});

test("scrolling up to the very top by the scroller itself ends at row 0", () => {
  const long = map(1_000_000);
  long.go(300);
  for (let step = 0; step < 20; step += 1) long.moved(Math.max(0, long.physical - 50));
  assert.equal(long.top, 0);
});

test("revealing moves as little as possible", () => {
  const one = map(1000);
  one.reveal(3);
  assert.equal(one.top, 0);
  one.reveal(30);
  assert.equal(one.top, 31 * 28 - 700);
  one.reveal(29);
  assert.equal(one.top, 31 * 28 - 700);
  one.reveal(1);
  assert.equal(one.top, 28);
});

test("another row height keeps the first row", () => {
  const one = map(1000);
  one.go(280);
  one.measure({ row: 84 });
  assert.equal(one.firstVisible, 10);
});
