// A million items of sixty columns: the grid stays light, whatever is asked of it.
//
// What is measured: long tasks while the grid scrolls from top to bottom and sideways, is dragged and jumps (`support/tasks.js`).

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { picture } from "../support/browser.js";
import { inView, jump, row, shows, until } from "../support/page.js";
import { scene } from "../support/scene.js";
import { withoutLongTasks } from "../support/tasks.js";

const ITEMS = 1_000_000;
const BATCH = 5_000;
/** Columns, the key among them. */
const COLUMNS = 60;
/** Most of a line is one of these, so that making them takes no time. */
const TAILS = Array.from({ length: 97 }, (_, group) => {
  let text = `"group":${group},"price":${group / 4},"city":"${["Berlin", "Paris", "Oslo", "Quito"][group % 4]}"`;
  for (let column = 6; column <= COLUMNS; column += 1) {
    const value = column % 4 === 0 ? `"${["red", "green", "blue"][(group + column) % 3]} ${group}"` : column % 4 === 1 ? (group + column) % 2 === 0 : column % 4 === 2 ? (group * column) % 1000 : ((group + 1) * column) / 8;
    text += `,"c${column}":${value}`;
  }
  return text;
});

/** A million lines, made as they are sent. */
function lines() {
  let next = 0;
  return new ReadableStream({
    pull(controller) {
      if (next >= ITEMS) return controller.close();
      let text = "";
      for (const end = next + BATCH; next < end; next += 1) text += `{"id":${next},"name":"item ${next}",${TAILS[next % TAILS.length]}}\n`;
      controller.enqueue(new TextEncoder().encode(text));
      return undefined;
    },
  });
}

/** Up, down, sideways, by the thumb and by jumps. @param {import("playwright-core").Page} page */
async function walk(page) {
  await page.locator("#rows").hover();
  const from = (await inView(page))?.first ?? 0;
  for (let step = 0; step < 60; step += 1) await page.mouse.wheel(0, 1200);
  await until(async () => ((await inView(page))?.first ?? 0) > from + 1000, "the wheel has scrolled");
  // All the way: the thumb of the place bar, from its top to its bottom.
  const bar = await page.locator(".place").boundingBox();
  assert.ok(bar);
  await page.mouse.move(bar.x + 6, bar.y + 4);
  await page.mouse.down();
  for (let step = 1; step <= 80; step += 1) await page.mouse.move(bar.x + 6, bar.y + (bar.height * step) / 80);
  await page.mouse.up();
  await until(async () => (await inView(page))?.last === ITEMS, "the last row is in view");
  await row(page, ITEMS).waitFor();
  for (const [key, rank] of [["500000", 500_001], ["999998", 999_999], ["0", 1]]) {
    await jump(page, String(key));
    await row(page, Number(rank)).and(page.locator('[aria-selected="true"]')).waitFor();
  }
  await jump(page, "37 %");
  const line = row(page, 370_001);
  await line.waitFor();
  // Sideways, from the first column to the last and back.
  await page.locator("#rows").hover();
  for (let step = 0; step < 30; step += 1) await page.mouse.wheel(400, 0);
  await line.locator(`[aria-colindex="${COLUMNS + 1}"]`).waitFor();
  for (let step = 0; step < 30; step += 1) await page.mouse.wheel(-400, 0);
  await line.getByText("item 370000", { exact: true }).waitFor();
}

describe("a million items", () => {
  const it = scene();

  test("come in as a stream and are counted exactly", { timeout: 300_000 }, async (t) => {
    await it.server.createDatabase("large");
    const started = Date.now();
    const report = await it.server.import("large", "items", lines(), "id");
    t.diagnostic(`${ITEMS} items in ${((Date.now() - started) / 1000).toFixed(1)} s`);
    assert.deepEqual([report.inserted, report.failed], [ITEMS, 0]);
    assert.equal((await it.server.call("GET", "/databases/large/stores/items/count")).count, ITEMS);
  });

  test("scroll from the top to the bottom and sideways, drag and jump without a long task", { timeout: 300_000 }, async (t) => {
    const { page } = await it.open("/d/large/s/items");
    await shows(page, "items");
    await row(page, 1).waitFor();
    await withoutLongTasks(t, page, () => walk(page));
    await picture(page, "large");
  });

  test("keep few elements in the page, and each row in view is right", async () => {
    const { page } = await it.open("/d/large/s/items");
    await shows(page, "items");
    for (const share of [0, 12.5, 50, 99.9, 100]) {
      await jump(page, `${share} %`);
      const rank = Math.min(ITEMS, Math.round((share / 100) * ITEMS) + 1);
      await row(page, rank).waitFor();
      // Columns out of view are not drawn; those at the left are in view here.
      const wrong = await page.locator("#rows .grid-body .tr:not([hidden]):not(.loading)").evaluateAll((list) => list.filter((one) => `item ${Number((one.querySelector(".rank")?.textContent ?? "").replaceAll(",", "")) - 1}` !== one.children[2].textContent).length);
      assert.equal(wrong, 0, `${share} %`);
    }
    assert.ok((await page.locator("#rows .tr").count()) < 120);
    assert.ok((await page.locator("#rows .td").count()) < 2000, "of sixty columns those in view are drawn");
    await page.keyboard.press("Control+End");
    await row(page, ITEMS).waitFor();
    await page.keyboard.press("Control+Home");
    await row(page, 1).waitFor();
  });

  test("prefixes and counts come at once", async () => {
    const started = Date.now();
    const { count } = await it.server.call("GET", "/databases/large/stores/items/count", { query: { from: "250000", to: "750000" } });
    assert.ok(count === 500_000 || count === 500_001, String(count));
    const { item } = await it.server.call("GET", "/databases/large/stores/items/nth", { query: { i: 654_321 } });
    assert.deepEqual(item.key, { id: 654_321 });
    assert.ok(Date.now() - started < 5000, "from the counts of the tree, not by reading all");
  });
});
