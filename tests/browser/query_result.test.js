// What comes of a query: plan, chart, export, changes, history; and that everyone can use it.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { picture, ready } from "../support/browser.js";
import { grouped, load, table } from "../support/data.js";
import { counts, node, shows, until } from "../support/page.js";
import { accessible, cells, drawn, editor, gave, prepare, run, tab, write } from "../support/query.js";
import { scene } from "../support/scene.js";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

describe("what comes of a query", () => {
  const it = scene({ prepare });
  /** An empty workbench. @param {string} [database] @param {import("playwright-core").BrowserContextOptions} [options] */
  const open = async (database = "chinook", options = {}) => {
    const one = await it.open(`/d/${database}/q`, options);
    await editor(one.page).waitFor();
    return one;
  };

  test("Explain measures each step of the plan", async () => {
    const { page } = await open();
    await write(page, "SELECT i.InvoiceId, a.Name FROM Invoice i JOIN Artist a ON a.ArtistId = i.CustomerId WHERE i.CustomerId = 5");
    await page.getByRole("button", { name: "Explain" }).click();
    const plan = page.locator("table.plan");
    await plan.waitFor();
    assert.ok((await plan.locator("tbody tr").count()) >= 2);
    await plan.getByText("Share of time").waitFor();
    assert.match((await plan.textContent()) ?? "", /Invoice/);
    await plan.locator("svg.bar").first().waitFor();
    await picture(page, "query-plan");
  });

  test("a chart is drawn of a figure by a label, and its kind can be chosen", async () => {
    const { page } = await open();
    await write(page, "SELECT BillingCountry, count(*) AS invoices, round(sum(Total), 2) AS revenue FROM Invoice GROUP BY BillingCountry ORDER BY revenue DESC LIMIT 8");
    await run(page);
    await gave(page, 8);
    const chart = page.locator("sop-chart svg.chart");
    await until(async () => (await chart.getAttribute("aria-label")) === "Bar chart of revenue by BillingCountry, 8 rows", "the chart says itself");
    assert.equal(await chart.locator("rect").count(), 8);
    await page.getByLabel("Figure").selectOption({ label: "invoices" });
    await until(async () => /of invoices by/.test((await chart.getAttribute("aria-label")) ?? ""), "another figure");
    await page.getByRole("button", { name: "Scatter" }).click();
    await until(async () => (await chart.locator("circle").count()) === 8, "points");
    await write(page, "SELECT InvoiceDate, Total FROM Invoice ORDER BY InvoiceDate LIMIT 50");
    await run(page);
    await gave(page, 50);
    await until(async () => /^Line chart of Total by InvoiceDate/.test((await chart.getAttribute("aria-label")) ?? ""), "a line over time");
    await picture(page, "query-line");
    await write(page, "SELECT 'a' AS a");
    await run(page);
    await page.getByText("Nothing to draw").waitFor();
  });

  test("the result is exported as CSV, NDJSON and JSON, and copied as Markdown", async () => {
    const { page, context } = await open("large");
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await write(page, "SELECT id, n, 'a,\"b\"' AS t FROM Exact");
    await run(page);
    await gave(page, 1);
    /** @param {string} format */
    const file = async (format) => {
      await page.getByRole("button", { name: "Export" }).click();
      const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: `as ${format}` }).click()]);
      assert.equal(saved.suggestedFilename(), `Query_1.${format.toLowerCase()}`);
      return readFile(await saved.path(), "utf8");
    };
    assert.equal(await file("CSV"), 'id,n,t\r\n1,18446744073709551615,"a,""b"""\r\n');
    assert.equal(await file("NDJSON"), '{"id":1,"n":18446744073709551615,"t":"a,\\"b\\""}\n');
    assert.equal(await file("JSON"), '[\n{"id":1,"n":18446744073709551615,"t":"a,\\"b\\""}\n]\n');
    await page.getByRole("button", { name: "Export" }).click();
    await page.getByRole("menuitem", { name: /Markdown/ }).click();
    await page.locator(".toast.ok").getByText(/copied as Markdown/).waitFor();
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^\| id \| n \| t \|\n\| ---: \| .* \|\n\| 1 \| 18446744073709551615 \|/);
  });

  test("the result is exported as Parquet by the server, with every row and digit; what writes is not run again", async () => {
    const { page, watch } = await open("large");
    await write(page, "SELECT id, n, day FROM Exact UNION ALL SELECT id + 10, share, name FROM Big WHERE id < :most");
    await page.getByLabel("Value of :most").fill("3");
    await page.keyboard.press("Enter");
    await gave(page, 4);
    await page.getByRole("button", { name: "Export" }).click();
    const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: "as Parquet" }).click()]);
    assert.equal(saved.suggestedFilename(), "Query_1.parquet");
    const file = await readFile(await saved.path());
    assert.deepEqual([file.subarray(0, 4).toString(), file.subarray(-4).toString()], ["PAR1", "PAR1"]);
    const report = await it.server.import("large", "Taken", file, "id", { format: "parquet" });
    assert.deepEqual([report.inserted, report.failed], [4, 0]);
    await page.locator(".toast.ok").getByText(/has all of its rows/).waitFor();
    // A table that is gone since: the server's words, and no file.
    await it.server.import("large", "Gone", '{"id":1}', "id");
    await write(page, "SELECT * FROM Gone");
    await run(page);
    await gave(page, 1);
    await it.server.call("DELETE", "/databases/large/stores/Gone");
    watch.expect(/status of 4\d\d/);
    await page.getByRole("button", { name: "Export" }).click();
    await page.getByRole("menuitem", { name: "as Parquet" }).click();
    await page.locator(".toast.danger").getByText(/The file was not written: .*Gone/).waitFor();
  });

  test("a statement that writes is run dry, shown before and after, and written only then", async () => {
    await load(it.server, "written", ["Artist"]);
    const { page } = await open("written");
    const name = async () => (await it.server.item("written", "Artist", { ArtistId: 1 }))?.value.Name;
    const before = await name();
    await write(page, "UPDATE Artist SET Name = upper(Name) || '!' WHERE ArtistId IN (1, 2)");
    await run(page);
    const dialog = page.getByRole("dialog", { name: "Review" });
    await dialog.getByRole("heading", { name: "Review 2 changes" }).waitFor();
    await dialog.getByText(`"${before}"`).waitFor();
    await dialog.getByText(`"${before.toUpperCase()}!"`).waitFor();
    await picture(page, "query-review");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    assert.equal(await name(), before, "nothing was written");
    await run(page);
    await dialog.getByRole("button", { name: /^Commit 2 changes/ }).click();
    await page.locator(".toast.ok").getByText(/2 changes committed/).waitFor();
    assert.equal(await name(), `${before.toUpperCase()}!`);
    await write(page, "DELETE FROM Artist WHERE ArtistId = 1");
    await run(page);
    await dialog.getByRole("button", { name: /^Commit 1 change/ }).click();
    await until(async () => (await counts(page)).Artist === grouped(table("Artist").rows.length - 1), "the explorer counts again");
    assert.equal(await name(), undefined);
  });

  test("history and saved queries are kept in the browser", async () => {
    const { page } = await open();
    await write(page, "SELECT 41 + 1 AS answer");
    await run(page);
    await gave(page, 1);
    await page.keyboard.press("Control+s");
    await page.getByRole("dialog").getByLabel("Name").fill("The answer");
    await page.keyboard.press("Enter");
    await page.locator("sop-tabs").getByRole("tab", { name: "The answer" }).waitFor();
    await page.reload();
    await ready(page);
    await page.locator("sop-explorer .pinned").getByRole("button", { name: "The answer" }).waitFor();
    await page.locator("sop-tabs").getByRole("button", { name: "New query" }).click();
    await page.keyboard.press("Alt+h");
    const dialog = page.getByRole("dialog", { name: "History and saved queries" });
    await dialog.getByLabel("Search").fill("answer");
    await dialog.getByText("SELECT 41 + 1 AS answer").waitFor();
    await dialog.getByRole("tab", { name: /Saved/ }).click();
    await dialog.getByRole("button", { name: /^The answer/ }).click();
    await until(async () => /41 \+ 1/.test(await editor(page).innerText()), "it is in the empty tab");
  });

  test("rail, tabs, address and back go between rows and queries", async () => {
    const { page } = await it.open("/d/chinook/s/Artist");
    await shows(page, "Artist");
    await page.getByRole("link", { name: "Query" }).click();
    await page.waitForURL(/\/d\/chinook\/q$/);
    await editor(page).waitFor();
    await page.locator("sop-tabs").getByRole("tab", { name: "Artist" }).click();
    await page.waitForURL(/\/s\/Artist/);
    await shows(page, "Artist");
    await page.goBack();
    await editor(page).waitFor();
    await node(page, "Album").click();
    await shows(page, "Album");
    await page.goto(`${it.server.origin}/d/chinook/q?sql=${encodeURIComponent("SELECT count(*) AS n FROM Album")}`);
    await ready(page);
    await until(async () => /count\(\*\) AS n/.test(await editor(page).innerText()), "the statement of the address is there");
    await run(page);
    await until(async () => (await cells(page))[0]?.[0] === String(table("Album").rows.length), "and runs");
    await page.keyboard.press("Control+k");
    await page.keyboard.type("browse the rows");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/s\//);
  });

  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    test(`no serious finding of axe, ${colorScheme}`, async () => {
      const { page, watch } = await open("chinook", { colorScheme });
      watch.expect(/status of 4\d\d/);
      await accessible(page, "empty");
      await picture(page, `query-empty-${colorScheme}`);
      await write(page, "-- Revenue by country since a day\nSELECT i.BillingCountry, count(*) AS invoices, round(sum(i.Total), 2) AS revenue,\n       max(i.InvoiceDate) AS latest\nFROM Invoice i JOIN Artist a ON a.ArtistId = i.CustomerId\nWHERE i.InvoiceDate >= :since\nGROUP BY i.BillingCountry ORDER BY revenue DESC LIMIT 12;\n\nSELECT InvoiceId, Total FROM Invoice\nWHERE BilingCountry = 'USA' AND Total > 10;");
      await page.keyboard.press("Control+Home");
      await page.keyboard.press("ArrowDown");
      await page.getByLabel("Value of :since").fill("2010-01-01");
      await page.keyboard.press("Enter");
      await gave(page, 12);
      await page.keyboard.press("Alt+x");
      await page.getByText("Share of time").waitFor();
      await page.locator("#result-rows").focus();
      await page.keyboard.press("ArrowDown");
      await accessible(page, "a result with its plan and chart");
      await picture(page, `query-${colorScheme}`);
      await editor(page).focus();
      await page.keyboard.press("Control+End");
      await run(page);
      await page.locator(".cm-note").waitFor();
      await accessible(page, "a fault");
      await picture(page, `query-fault-${colorScheme}`);
      await page.keyboard.press("Control+f");
      await page.locator(".cm-search").waitFor();
      await accessible(page, "search");
      await page.keyboard.press("Escape");
      await page.keyboard.press("Alt+h");
      await accessible(page, "history");
      await page.keyboard.press("Escape");
    });
  }

  test("on a phone: one pane, rows as cards, a row opens whole", async () => {
    const { page } = await open("chinook", PHONE);
    await write(page, "SELECT BillingCountry, count(*) AS invoices, round(sum(Total), 2) AS revenue FROM Invoice WHERE Total > :least GROUP BY BillingCountry ORDER BY revenue DESC LIMIT 8");
    await page.getByLabel("Value of :least").fill("1");
    await page.getByRole("button", { name: "Run" }).tap();
    await gave(page, 8);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    assert.equal(wide, false, "nothing is wider than the screen");
    await drawn(page).first().tap();
    await page.getByRole("dialog", { name: "Row" }).getByText("revenue").waitFor();
    await picture(page, "query-phone-row");
    await page.getByRole("button", { name: "Close" }).tap();
    await tab(page, "Chart").tap();
    await page.locator("sop-chart svg.chart rect").first().waitFor();
    await picture(page, "query-phone-chart");
    await page.getByRole("button", { name: "Explain" }).tap();
    await page.locator("table.plan").waitFor();
    await picture(page, "query-phone-plan");
    await accessible(page, "the phone");
    await tab(page, "Rows").tap();
    await picture(page, "query-phone");
  });
});
