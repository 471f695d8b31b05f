// The query workbench: running, streaming, stopping, faults at their words, completion, tabs, parameters.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { picture, ready } from "../support/browser.js";
import { table } from "../support/data.js";
import { until } from "../support/page.js";
import { BIG, cells, drawn, editor, figures, gave, prepare, run, tab, write } from "../support/query.js";
import { scene } from "../support/scene.js";

const ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c";
const invoices = table("Invoice").rows;
const revenue = Object.entries(invoices.reduce((sums, one) => ({ ...sums, [one.BillingCountry]: (sums[one.BillingCountry] ?? 0) + one.Total }), /** @type {{[country: string]: number}} */ ({})))
  .sort((a, b) => b[1] - a[1]);

describe("the query workbench", () => {
  const it = scene({ prepare });
  /** An empty workbench. @param {string} [database] @param {import("playwright-core").BrowserContextOptions} [options] */
  const open = async (database = "chinook", options = {}) => {
    const one = await it.open(`/d/${database}/q`, options);
    await editor(one.page).waitFor();
    return one;
  };

  test("a statement runs, and its rows, figures and mark are shown", async () => {
    const { page } = await open();
    assert.equal(await page.title(), "Query · chinook · SOP");
    await page.getByText("Nothing has run yet").waitFor();
    await write(page, "-- Revenue\nSELECT BillingCountry, count(*) AS invoices, round(sum(Total), 2) AS revenue\nFROM Invoice GROUP BY BillingCountry ORDER BY revenue DESC, BillingCountry LIMIT 5;\n\nSELECT 1 AS other;");
    await page.keyboard.press("Control+Home");
    await page.keyboard.press("ArrowDown");
    await run(page);
    await gave(page, 5);
    const shown = await cells(page);
    assert.deepEqual(shown[0], [revenue[0][0], String(invoices.filter((one) => one.BillingCountry === revenue[0][0]).length), String(Number(revenue[0][1].toFixed(2)))]);
    assert.match(await figures(page), /^5 rows ?[\d,]+ scanned.* nodes? read$/);
    await page.locator(".cm-gave").waitFor();
    assert.match((await page.locator(".cm-gave").getAttribute("data-gave")) ?? "", /^5 rows · /);
    assert.equal(await page.locator(".cm-gutters .cm-ran-mark").count(), 2, "the lines of the statement that ran");
    await tab(page, "JSON").click();
    await page.locator(".json-text").getByText(`"BillingCountry": "${revenue[0][0]}"`).waitFor();
    await tab(page, "Messages").click();
    await page.locator(".log li.ok").getByText(/^5 rows · /).waitFor();
  });

  test("the selection runs, or the statement under the cursor, or all", async () => {
    const { page } = await open();
    await write(page, "SELECT 1 AS one;\nSELECT 2 AS two; SELECT ';' AS three;\nSELECT 4 AS four");
    await run(page);
    await until(async () => (await cells(page))[0]?.[0] === "4", "the last");
    await page.keyboard.press("Control+Home");
    await run(page);
    await until(async () => (await cells(page))[0]?.[0] === "1", "the first");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Home");
    await page.keyboard.press("Shift+End");
    await run(page);
    await until(async () => (await cells(page))[0]?.[0] === ";", "both of the line that is selected");
    await page.keyboard.press("Control+Shift+Enter");
    await until(async () => (await cells(page))[0]?.[0] === "4", "all");
    await tab(page, "Messages").click();
    assert.equal(await page.locator(".log li.ok").count(), 8);
  });

  test("values keep their kinds and every digit", async () => {
    const { page } = await open("large");
    await write(page, "SELECT n, none, empty, list, day, id FROM Exact");
    await run(page);
    await gave(page, 1);
    assert.deepEqual((await cells(page))[0], ["18446744073709551615", "null", '""', "[ 2 ]", "2025-12-05", "1"]);
    const kinds = await drawn(page).locator(".td:not(.rank)").evaluateAll((list) => list.map((one) => ["n", "null", "empty", "dim", "d", "missing", "b"].find((name) => one.classList.contains(name))));
    assert.deepEqual(kinds, ["n", "null", "empty", "dim", "d", "n"]);
    await page.locator("#result-rows").focus();
    await page.keyboard.press("Enter");
    const row = page.getByRole("dialog", { name: "Row" });
    await row.getByText("18446744073709551615").waitFor();
    await page.keyboard.press("Escape");
    await row.waitFor({ state: "detached" });
  });

  test("100,000 rows stream into few elements, and any of them can be gone to", async () => {
    const { page } = await open("large");
    await write(page, "SELECT id, name, share, even FROM Big ORDER BY id");
    await run(page);
    await gave(page, BIG);
    assert.ok((await page.locator("#result-rows .grid-body .tr").count()) < 80);
    await page.locator("#result-rows").focus();
    await page.keyboard.press("Control+End");
    await until(async () => (await cells(page)).at(-1)?.[0] === String(BIG - 1), "the last row");
    assert.deepEqual((await cells(page)).at(-1), [String(BIG - 1), `Name ${BIG - 1}`, String((BIG - 1) / 4), String((BIG - 1) % 2 === 0)]);
    await page.keyboard.press("Control+Home");
    await until(async () => (await cells(page))[0]?.[0] === "0", "the first row");
    await page.locator("#result-rows").hover();
    for (let at = 0; at < 5; at += 1) await page.mouse.wheel(0, 4000);
    await until(async () => Number((await cells(page))[0]?.[0]) > 400, "the wheel");
    await picture(page, "query-large");
  });

  test("rows beyond what the page keeps are counted, said, and exported all the same", async () => {
    const { page } = await open("large");
    await page.evaluate(async () => {
      const app = /** @type {HTMLScriptElement} */ (document.querySelector("script[src$='/app.js']")).src;
      const { MOST } = await import(app.replace(/app\.js$/, "model/query/result_rows.js"));
      MOST.rows = 1000;
    });
    await write(page, "SELECT id, name FROM Big ORDER BY id");
    await run(page);
    await gave(page, BIG);
    await page.getByText("The page keeps the first 1,000 rows.").waitFor();
    await page.locator("#result-rows").focus();
    await page.keyboard.press("Control+End");
    await until(async () => (await cells(page)).at(-1)?.[0] === "999", "the last row that is kept");
    await page.getByRole("button", { name: "Export" }).click();
    const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: "as CSV" }).click()]);
    const lines = (await readFile(await saved.path(), "utf8")).trim().split(/\r?\n/);
    assert.deepEqual([lines.length, lines[0], lines.at(-1)], [BIG + 1, "id,name", `${BIG - 1},Name ${BIG - 1}`]);
  });

  test("a query that does not end is stopped, on the server too", async () => {
    const { page } = await open();
    const stopped = page.waitForRequest((request) => request.method() === "DELETE" && request.url().includes("/queries/"));
    await write(page, ENDLESS);
    await run(page);
    await until(async () => (await cells(page)).length > 5, "rows come while it runs");
    await page.getByRole("button", { name: "Stop" }).click();
    await stopped;
    await page.getByRole("button", { name: /^Run/ }).waitFor();
    assert.match((await page.locator(".cm-gave").getAttribute("data-gave")) ?? "", /^stopped after [\d,]+ rows/);
    assert.equal((await cells(page))[0][0], "1", "what came stays");
    await write(page, "SELECT 5 AS n");
    await run(page);
    await until(async () => (await cells(page))[0]?.[0] === "5", "the next one runs");
    // Esc stops too, from the editor.
    await write(page, ENDLESS);
    await run(page);
    await page.getByRole("button", { name: "Stop" }).waitFor();
    await until(async () => (await cells(page)).length > 5, "rows come again");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: /^Run/ }).waitFor();
  });

  test("a fault is marked at its word, also behind letters of several bytes, and mended by a press", async () => {
    const { page, watch } = await open();
    watch.expect(/status of 4\d\d/);
    await write(page, "SELECT 'Füße 😀' AS x;\n\nSELECT '€😀' AS y, InvoiceId, Total FROM Invoice\nWHERE BilingCountry = 'USA' AND Total > 10;");
    await run(page);
    const note = page.locator(".cm-note");
    await note.waitFor();
    assert.equal(await page.locator(".cm-lintRange-error").textContent(), "BilingCountry");
    assert.match((await note.textContent()) ?? "", /BilingCountry.*BillingCountry/);
    await picture(page, "query-error");
    await page.keyboard.press("Alt+Enter");
    await until(async () => (await note.count()) === 0 && /WHERE BillingCountry = 'USA'/.test((await editor(page).innerText()) ?? ""), "the name is right");
    await run(page);
    await gave(page, invoices.filter((one) => one.BillingCountry === "USA" && one.Total > 10).length);
    await write(page, "SELECT * FROM Invoic");
    await run(page);
    await note.getByRole("button").first().click();
    await until(async () => ((await editor(page).innerText()) ?? "").trim() === "SELECT * FROM Invoice", "the suggestion is written");
    await write(page, "SELECT FROM WHERE");
    await run(page);
    await note.waitFor();
    assert.equal(await page.locator(".cm-lintRange-error").count(), 1, "a fault of the grammar has a place too");
    await page.keyboard.type(" ");
    await page.keyboard.press("Control+Home");
    await page.keyboard.type("x");
    await until(async () => (await note.count()) === 0, "typing in the statement takes it away");
  });

  test("completion offers stores, then the columns of those that are named", async () => {
    const { page } = await open();
    const list = page.locator(".cm-tooltip-autocomplete");
    await write(page, "");
    await page.keyboard.type("SELECT * FROM Inv");
    await list.getByRole("option", { name: "Invoice" }).waitFor();
    // What has only just been offered is not taken: a key may have been meant for the text.
    await until(async () => {
      await page.keyboard.press("Tab");
      return (await editor(page).innerText()).includes("Invoice");
    }, "Tab takes it");
    await page.keyboard.type(" i WHERE i.");
    await list.getByRole("option", { name: "BillingCity" }).waitFor();
    const options = await list.getByRole("option").allTextContents();
    assert.ok(options.some((one) => one.includes("Total")) && !options.some((one) => one.includes("SELECT") || one.includes("Title")), String(options));
    await page.keyboard.type("Tot");
    await list.getByRole("option", { name: "Total" }).waitFor();
    await list.getByRole("option", { name: "Total" }).click();
    await until(async () => (await editor(page).innerText()).trim() === "SELECT * FROM Invoice i WHERE i.Total", "a press takes it");
    await page.keyboard.type(" > roun");
    await list.getByRole("option", { name: "round" }).waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.type("d(1) AND 'Inv");
    await page.keyboard.press("Control+Space");
    await page.waitForFunction(() => !document.querySelector(".cm-tooltip-autocomplete"), null, { timeout: 2000 });
  });

  test("tabs and their texts outlive a reload; they are renamed, closed and brought back", async () => {
    const { page } = await open();
    const strip = page.locator("sop-tabs");
    await write(page, "SELECT 1 AS first, :a AS a");
    await page.getByLabel("Value of :a").fill("x");
    await strip.getByRole("button", { name: "New query" }).click();
    await write(page, "SELECT 2 AS second");
    await strip.getByRole("tab", { name: "Query 2" }).dblclick();
    await page.getByRole("dialog").getByLabel("Name").fill("Second one");
    await page.keyboard.press("Enter");
    await strip.getByRole("tab", { name: "Second one" }).and(page.locator("[aria-selected=true]")).waitFor();
    await page.reload();
    await ready(page);
    await until(async () => /second/.test(await editor(page).innerText()), "the open tab is open again");
    await strip.getByRole("tab", { name: "Query 1" }).click();
    await until(async () => /first/.test(await editor(page).innerText()), "the other has its text");
    assert.equal(await page.getByLabel("Value of :a").inputValue(), "x");
    await page.keyboard.press("Delete");
    await until(async () => (await strip.getByRole("tab").count()) === 1, "it is closed");
    await page.locator(".toast").getByRole("button", { name: "Undo" }).click();
    await until(async () => /first/.test(await editor(page).innerText()), "it is back");
    // Undo steps belong to a tab.
    await editor(page).focus();
    await page.keyboard.press("Control+End");
    await page.keyboard.type(" AND more");
    await strip.getByRole("tab", { name: "Second one" }).click();
    await strip.getByRole("tab", { name: "Query 1" }).click();
    await editor(page).focus();
    await page.keyboard.press("Control+z");
    await until(async () => !/more/.test(await editor(page).innerText()), "undone in its own tab");
  });

  test("the bar below the editor is moved by keys and by mouse, and stays", async () => {
    const { page } = await open();
    const height = () => page.locator("sop-query .editor").evaluate((/** @type {HTMLElement} */ element) => element.offsetHeight);
    const bar = page.getByRole("separator", { name: "Height of the editor" });
    const before = await height();
    await bar.focus();
    await page.keyboard.press("ArrowDown");
    assert.equal(await height(), before + 22);
    assert.equal(await bar.getAttribute("aria-valuenow"), String(before + 22));
    const box = /** @type {{x: number, y: number, width: number}} */ (await bar.boundingBox());
    await page.mouse.move(box.x + box.width / 2, box.y);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2, box.y + 40);
    await page.mouse.up();
    assert.equal(await height(), before + 62);
    await page.reload();
    await ready(page);
    await editor(page).waitFor();
    await until(async () => (await height()) === before + 62, "it is as high again");
  });

  test("parameters by name and by place go with the statement, exactly", async () => {
    const { page } = await open("large");
    await write(page, "SELECT :big AS big, @word AS word, :none AS none, typeof(:day) AS kind");
    assert.equal(await page.locator(".param").count(), 4);
    await page.getByLabel("Value of :big").fill("9007199254740993");
    await page.getByLabel("Value of @word").fill("it's");
    await page.getByLabel("Value of :day").fill("2024-01-01");
    await page.keyboard.press("Enter");
    await gave(page, 1);
    assert.deepEqual((await cells(page))[0], ["9007199254740993", "it's", "null", "text"]);
    await write(page, "SELECT id FROM Big WHERE id >= ? AND id < ? ORDER BY id");
    await page.getByLabel("Value of ?1").fill("10");
    await page.getByLabel("Value of ?2").fill("13");
    await page.keyboard.press("Enter");
    await gave(page, 3);
    assert.deepEqual((await cells(page)).map((one) => one[0]), ["10", "11", "12"]);
    await write(page, "SELECT 1");
    assert.equal(await page.locator(".param").count(), 0);
  });
});
