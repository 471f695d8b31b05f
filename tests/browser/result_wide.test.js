// A result of many columns: those in view are drawn, each is reached, and it scrolls both ways without a long task.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { picture } from "../support/browser.js";
import { until } from "../support/page.js";
import { accessible, cells, drawn, editor, gave, run, write } from "../support/query.js";
import { scene } from "../support/scene.js";
import { withoutLongTasks } from "../support/tasks.js";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
const COLUMNS = 200;
const ROWS = 100_000;

/** So many rows of 200 columns: numbers, texts and such that are both, of which each says where it stands. @param {number} rows */
const statement = (rows) => `WITH RECURSIVE c(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM c WHERE x < ${rows - 1}) SELECT ${Array.from({ length: COLUMNS }, (_, at) => {
  if (at === 0) return "x AS c0";
  if (at % 4 === 1) return `'r' || x || ' ${at}' AS c${at}`;
  return `${at % 4 === 3 ? `(x % 100) / 8.0 + ${at}` : `(x % 1000) + ${at}`} AS c${at}`;
}).join(", ")} FROM c`;

describe("a result of many columns", () => {
  const it = scene({ prepare: (server) => server.createDatabase("wide") });
  /** @param {number} rows @param {import("playwright-core").BrowserContextOptions} [options] */
  const open = async (rows, options) => {
    const { page, context } = await it.open("/d/wide/q", options);
    await editor(page).waitFor();
    await write(page, statement(rows));
    await run(page);
    await gave(page, rows);
    return { page, context };
  };
  /** A row by its number, counted from 1. @param {import("playwright-core").Page} page @param {number} number */
  const line = (page, number) => page.locator(`#result-rows .grid-body .tr:not([hidden])[aria-rowindex="${number + 1}"]`);
  /** @param {import("playwright-core").Page} page @param {number} number @param {number} column */
  const cell = (page, number, column) => line(page, number).locator(`[aria-colindex="${column + 2}"]`);
  /** @param {import("playwright-core").Page} page @param {number} column */
  const head = (page, column) => page.locator(`#result-rows .grid-head .th[aria-colindex="${column + 2}"]`);
  const active = (/** @type {import("playwright-core").Page} */ page) => page.locator("#result-rows-active").textContent({ timeout: 5000 }).catch(() => undefined);
  /** Whether a cell stands under its head. @param {import("playwright-core").Page} page @param {number} number @param {number} column */
  const under = async (page, number, column) => {
    const above = await head(page, column).boundingBox();
    const below = await cell(page, number, column).boundingBox();
    return Boolean(above && below && Math.abs(above.x - below.x) < 1 && Math.abs(above.width - below.width) < 1);
  };

  test("those in view are drawn; keys reach each, and it is read and copied", async () => {
    const { page, context } = await open(50);
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    assert.equal(await page.locator("#result-rows").getAttribute("aria-colcount"), String(COLUMNS + 1));
    assert.ok((await line(page, 3).locator(".td").count()) < 32, "few are drawn");
    await line(page, 3).locator(".td").nth(1).click();
    for (let column = 1; column < COLUMNS; column += 1) {
      await page.keyboard.press("ArrowRight");
      const shown = column % 4 === 1 ? `r2 ${column}` : String(column % 4 === 3 ? 0.25 + column : 2 + column);
      assert.equal(await active(page), shown, `column ${column}`);
    }
    assert.equal(await page.locator("#result-rows").getAttribute("aria-activedescendant"), "result-rows-active");
    assert.ok(await under(page, 3, COLUMNS - 1), "the last stands under its head");
    assert.ok((await line(page, 3).locator(".td").count()) < 32, "still few");
    await picture(page, "result-wide");
    await accessible(page, "the last columns");
    await page.keyboard.press("Control+c");
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), String(0.25 + COLUMNS - 1));
    await page.keyboard.press("Shift+ArrowDown");
    await page.keyboard.press("Control+c");
    const copied = (await page.evaluate(() => navigator.clipboard.readText())).split("\n").map((one) => one.split("\t"));
    assert.deepEqual(copied.map((one) => [one.length, one[0], one[1], one[198]]), [[COLUMNS, "2", "r2 1", "200"], [COLUMNS, "3", "r3 1", "201"]], "the columns that are out of view too");
    await page.keyboard.press("Home");
    assert.equal(await active(page), "3");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "Row" }).getByText("c199").waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("End");
    assert.equal(await active(page), String(199 + 0.375));
  });

  test("what scrolls sideways stands under its head, with the number of its row beside it", async () => {
    const { page } = await open(50);
    for (const left of [0, 700, 5000, 100_000, 3000]) {
      await page.locator("#result-rows").evaluate((rows, to) => { rows.scrollLeft = to; }, left);
      await until(async () => {
        const seen = await line(page, 3).locator(".td:not(.rank)").evaluateAll((list) => {
          const view = /** @type {HTMLElement} */ (list[0].closest(".rows")).getBoundingClientRect();
          return list.filter((one) => one.getBoundingClientRect().right > view.left + 40 && one.getBoundingClientRect().left < view.right).map((one) => Number(one.getAttribute("aria-colindex")) - 2);
        });
        const box = await page.locator("#result-rows").boundingBox();
        const last = seen.length ? await cell(page, 3, seen[seen.length - 1]).boundingBox() : undefined;
        if (!box || !last || (last.x + last.width < box.x + box.width - 1 && seen.at(-1) !== COLUMNS - 1)) return false;
        return (await under(page, 3, seen[0])) && (await under(page, 3, /** @type {number} */ (seen.at(-1))));
      }, `at ${left} the columns in view are drawn under their heads`);
      const rank = await line(page, 3).locator(".rank").boundingBox();
      const box = await page.locator("#result-rows").boundingBox();
      assert.ok(rank && box && Math.abs(rank.x - box.x) < 2, "the number stands still");
    }
    // Wider by the grip, and back.
    await page.locator("#result-rows").evaluate((rows) => { rows.scrollLeft = 0; });
    const before = (await head(page, 2).boundingBox())?.width ?? 0;
    const grip = await head(page, 2).locator(".grip").boundingBox();
    assert.ok(grip);
    await page.mouse.move(grip.x + 4, grip.y + 10);
    await page.mouse.down();
    await page.mouse.move(grip.x + 124, grip.y + 10, { steps: 4 });
    await page.mouse.up();
    await until(async () => Math.abs(((await head(page, 2).boundingBox())?.width ?? 0) - before - 120) < 9 && (await under(page, 3, 5)), "wider");
    await run(page).catch(() => undefined);
    await head(page, 2).locator(".grip").dblclick();
    await until(async () => Math.abs(((await head(page, 2).boundingBox())?.width ?? 0) - before) < 1 && (await under(page, 3, 5)), "as wide as before");
    // Another width of the page.
    await page.setViewportSize({ width: 1000, height: 700 });
    await page.setViewportSize({ width: 1800, height: 900 });
    await until(async () => {
      const box = await page.locator("#result-rows").boundingBox();
      const right = await line(page, 3).locator(".td").last().boundingBox();
      return box && right && right.x + right.width >= box.x + box.width - 1;
    }, "the columns that came into view are drawn");
  });

  test("Ctrl F finds in all rows and columns, in view or not", async () => {
    const { page } = await open(5000);
    await page.locator("#result-rows").focus();
    await page.keyboard.press("Control+f");
    const find = page.getByRole("textbox", { name: "Find in the result" });
    await find.fill("R4711 1");
    const said = page.locator("sop-result-grid .find-bar [role=status]");
    // Column 1, and those whose number begins with it: 101, 105, …, 13, 17.
    const wanted = Array.from({ length: COLUMNS }, (_, at) => at).filter((at) => at % 4 === 1 && String(at).startsWith("1")).length;
    await until(async () => (await said.textContent()) === `1 of ${wanted}`, "all are found");
    assert.equal(await active(page), "r4711 1");
    assert.ok((await line(page, 4712).locator(".hit").count()) >= 1);
    await page.keyboard.press("Shift+Enter");
    await until(async () => (await active(page)) === "r4711 197", "the last one, far to the right");
    await picture(page, "result-find");
    await accessible(page, "find");
    await find.fill("no such text");
    await until(async () => (await said.textContent()) === "nothing found", "nothing");
    await find.fill("R4711 1");
    await until(async () => (await page.locator("#result-rows .hit").count()) > 0, "what is found again is marked again");
    await page.keyboard.press("Escape");
    assert.equal(await page.locator(".find-bar").count(), 0);
    assert.equal(await page.locator("#result-rows .hit").count(), 0);
    assert.ok(await page.locator("#result-rows").evaluate((rows) => rows === document.activeElement), "the rows have the focus again");
    await page.keyboard.press("Control+f");
    assert.equal(await find.inputValue(), "R4711 1", "what was looked for is kept");
    await until(async () => (await said.textContent()) === `1 of ${wanted}`, "and looked for again");
    await page.keyboard.press("F3");
    await until(async () => (await said.textContent()) === `2 of ${wanted}`, "F3 goes on");
  });

  test("a card on a phone has its few fields", async () => {
    const { page } = await open(50, PHONE);
    await until(async () => (await line(page, 3).locator(".td").count()) <= 5, "few are drawn");
    assert.deepEqual((await cells(page))[2].slice(0, 1), ["2"]);
    assert.ok((await line(page, 3).locator(".td:visible").count()) >= 3);
    await picture(page, "result-wide-phone");
  });

  test("100,000 rows scroll up, down and sideways without a long task", { timeout: 300_000 }, async (t) => {
    const { page } = await it.open("/d/wide/q");
    await editor(page).waitFor();
    await write(page, statement(ROWS));
    await run(page);
    await until(async () => (await page.getByRole("tab", { name: "Rows 100,000", exact: true }).count()) === 1 && (await page.getByRole("button", { name: "Run" }).count()) > 0, "all rows came", 120_000);
    const first = async () => Number((await cells(page))[0]?.[0]);
    await withoutLongTasks(t, page, async () => {
      await page.locator("#result-rows").hover();
      for (let step = 0; step < 60; step += 1) await page.mouse.wheel(0, 1200);
      await until(async () => (await first()) > 1000, "the wheel has scrolled");
      const bar = await page.locator("sop-query .place").boundingBox();
      assert.ok(bar);
      await page.mouse.move(bar.x + 6, bar.y + 4);
      await page.mouse.down();
      for (let step = 1; step <= 80; step += 1) await page.mouse.move(bar.x + 6, bar.y + (bar.height * step) / 80);
      await page.mouse.up();
      await line(page, ROWS).waitFor();
      await page.locator("#result-rows").focus();
      await page.keyboard.press("Control+Home");
      await line(page, 1).waitFor();
      await page.locator("#result-rows").hover();
      for (let step = 0; step < 60; step += 1) await page.mouse.wheel(400, 0);
      await cell(page, 1, COLUMNS - 1).waitFor();
      for (let step = 0; step < 60; step += 1) await page.mouse.wheel(-400, 0);
      await cell(page, 1, 1).waitFor();
      for (let step = 0; step < 30; step += 1) await page.keyboard.press("ArrowRight");
      await page.keyboard.press("Control+Home");
    });
    assert.ok((await drawn(page).locator(".td").count()) < 2000, "of 200 columns those in view are drawn");
  });
});
