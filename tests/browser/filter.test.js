// Choosing rows: filter pills, the filter as JSON and as SQL, sorting.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { picture } from "../support/browser.js";
import { grouped, invoicesInOrder, load } from "../support/data.js";
import { cell, inView, openStore, row, rows, shows, until } from "../support/page.js";
import { accessible } from "../support/query.js";
import { scene } from "../support/scene.js";

const invoices = invoicesInOrder();
/** @param {(one: any) => boolean} is */
const matching = (is) => invoices.filter(is);

/** @typedef {import("playwright-core").Page} Page */
/** @param {Page} page */
const pills = async (page) => (await page.locator("sop-filters .pill .say").allTextContents()).map((text) => text.trim());
/** Waits for so many rows. @param {Page} page @param {number} count */
const gives = (page, count) => until(async () => (count ? (await inView(page))?.total === count : await page.getByRole("heading", { name: "No item matches" }).isVisible()), `${count} rows`);

/** Adds a filter by the keyboard alone. @param {Page} page @param {string} field @param {string | undefined} op @param {string} [value] */
async function add(page, field, op, value) {
  await page.locator(".add-filter").focus();
  await page.keyboard.press("Enter");
  await page.keyboard.type(field);
  await page.keyboard.press("Enter");
  if (op) await page.locator(".filter-pop [data-op]").selectOption({ label: op });
  if (value !== undefined) {
    await page.locator(".filter-pop [data-value]").focus();
    await page.keyboard.press("Control+a");
    await page.keyboard.type(value);
    await page.keyboard.press("Enter");
  } else await page.getByRole("button", { name: "Apply" }).click();
}

describe("filters", () => {
  const it = scene({ prepare: (server) => load(server, "chinook", ["Invoice", "Artist"]) });

  test("a filter is added by the keyboard, is in the address, and comes back by reload and the back button", async () => {
    const { page } = await it.open("/d/chinook/s/Invoice");
    await shows(page, "Invoice");
    await page.locator("#rows").focus();
    await page.keyboard.press("f");
    await page.getByRole("combobox", { name: "Field" }).waitFor();
    await picture(page, "filter-fields");
    await page.keyboard.type("tot");
    await page.keyboard.press("Enter");
    await page.locator("[data-op]").selectOption("gte");
    await page.locator("[data-value]").fill("8,9");
    await page.keyboard.press("Enter");
    await page.getByText("decimals take a point").waitFor();
    await picture(page, "filter-editor-wrong");
    await page.getByRole("button", { name: "Use 8.9" }).click();
    const large = matching((one) => one.Total >= 8.9);
    await gives(page, large.length);
    assert.deepEqual(await pills(page), ["Total≥8.9"]);
    assert.equal(new URL(page.url()).searchParams.get("filter"), '{"Total":{"$gte":8.9}}');
    await add(page, "BillingCountry", undefined, "USA");
    const both = large.filter((one) => one.BillingCountry === "USA");
    await gives(page, both.length);
    await until(async () => ((await page.locator("sop-status .figures").textContent()) ?? "").includes("scanned"), "the status says what was scanned");
    await picture(page, "filter-pills");
    await accessible(page, "filtered rows");
    await page.reload();
    await shows(page, "Invoice");
    await gives(page, both.length);
    assert.deepEqual(await pills(page), ["Total≥8.9", "BillingCountry=USA"]);
    await page.goBack();
    await gives(page, large.length);
    await page.goBack();
    await gives(page, invoices.length);
  });

  test("a pill is changed, switched off and on, and removed; pills and prefix are joined", async () => {
    const { page } = await it.open(`/d/chinook/s/Invoice?filter=${encodeURIComponent('{"Total":{"$gte":5}}')}&prefix=${encodeURIComponent('["USA"]')}`);
    await shows(page, "Invoice");
    const usa = matching((one) => one.BillingCountry === "USA");
    await gives(page, usa.filter((one) => one.Total >= 5).length);
    await page.getByRole("button", { name: "Edit Total ≥ 5" }).click();
    await page.locator("[data-op]").selectOption({ label: "between" });
    await page.getByLabel("From", { exact: true }).fill("1");
    await page.getByLabel("To", { exact: true }).fill("2");
    await picture(page, "filter-between");
    await page.keyboard.press("Enter");
    await gives(page, usa.filter((one) => one.Total >= 1 && one.Total <= 2).length);
    await page.getByRole("button", { name: /^Edit Total between/ }).click();
    await page.getByRole("button", { name: "Switch off" }).click();
    await gives(page, usa.length);
    assert.equal(await page.locator("sop-filters .pill.off").count(), 1);
    await picture(page, "filter-off");
    await page.reload();
    await shows(page, "Invoice");
    await page.getByRole("button", { name: /^Edit Total between .* off$/ }).click();
    await page.getByRole("button", { name: "Switch on" }).click();
    await gives(page, usa.filter((one) => one.Total >= 1 && one.Total <= 2).length);
    await page.getByRole("button", { name: /^Edit Total between/ }).press("Delete");
    await gives(page, usa.length);
  });

  test("each kind of operator lets through what the data say", async () => {
    const { page } = await it.open("/d/chinook/s/Invoice");
    await shows(page, "Invoice");
    for (const [field, op, value, is] of /** @type {[string, string, string | undefined, (one: any) => boolean][]} */ ([
      ["BillingCity", "contains", "on", (one) => one.BillingCity?.includes("on")],
      ["BillingCity", "does not contain", "on", (one) => !one.BillingCity?.includes("on")],
      ["BillingCity", "starts with", "B", (one) => one.BillingCity?.startsWith("B")],
      ["BillingCity", "matches", "^B.*n$", (one) => /^B.*n$/.test(one.BillingCity ?? "")],
      ["BillingCity", "is one of", "Boston, Paris", (one) => ["Boston", "Paris"].includes(one.BillingCity)],
      ["BillingCity", "≠", "Paris", (one) => one.BillingCity !== "Paris"],
      ["BillingState", "is null or missing", undefined, (one) => one.BillingState === null || one.BillingState === undefined],
      ["BillingState", "has a value", undefined, (one) => one.BillingState !== null && one.BillingState !== undefined],
      ["Total", "<", "1", (one) => one.Total < 1],
      ["InvoiceId", "is one of", "5, 6, 7", (one) => [5, 6, 7].includes(one.InvoiceId)],
    ])) {
      await add(page, field, op, value);
      await gives(page, matching(is).length);
      await page.locator("sop-filters .pill").getByRole("button", { name: /^Remove/ }).click();
      await gives(page, invoices.length);
    }
  });

  test("a cell filters by its value and excludes it; nothing found says so and goes back", async () => {
    const { page } = await it.open("/d/chinook/s/Invoice");
    await shows(page, "Invoice");
    const city = invoices[2].BillingCity;
    const place = await cell(page, row(page, 3), "BillingCity");
    await place.click({ button: "right" });
    await page.getByRole("menuitem", { name: `Filter by “${city}”` }).click();
    await gives(page, matching((one) => one.BillingCity === city).length);
    await (await cell(page, row(page, 1), "BillingCity")).click({ button: "right" });
    await picture(page, "filter-cell-menu");
    await page.getByRole("menuitem", { name: `Exclude “${city}”` }).click();
    await gives(page, 0);
    await picture(page, "filter-empty");
    await accessible(page, "no rows");
    await page.locator(".nothing").getByRole("button", { name: "Clear the filter" }).click();
    await gives(page, invoices.length);
  });

  test("what the server refuses stands at its pill, with the name that was meant", async () => {
    const { page, watch } = await it.open("/d/chinook/s/Invoice");
    watch.expect(/400/);
    await shows(page, "Invoice");
    await page.goto(`${it.server.origin}/d/chinook/s/Invoice?filter=${encodeURIComponent('{"Totl":{"$gte":5},"BillingCity":"Paris"}')}`);
    await page.locator(".pill.wrong").getByText("Totl").waitFor();
    await picture(page, "filter-refused");
    await page.getByRole("button", { name: "Use Total" }).click();
    await gives(page, matching((one) => one.Total >= 5 && one.BillingCity === "Paris").length);
  });

  test("as JSON: groups stay text, faults are marked in their place, a suggestion mends them", async () => {
    const { page, watch } = await it.open("/d/chinook/s/Invoice");
    watch.expect(/400/);
    await shows(page, "Invoice");
    await page.locator(".add-filter").click();
    await page.getByRole("button", { name: "Filter as JSON" }).click();
    const text = page.getByLabel("Filter document");
    await text.fill('{"$or": [{"Total": {"$gt": 20}}, {"BillingCity": {"$prefx": "Par"}}]}');
    await page.locator(".raw-text mark").getByText('"$prefx"').waitFor();
    await picture(page, "filter-raw-wrong");
    await page.locator("#filter-said").getByRole("button", { name: "$prefix" }).click();
    const either = matching((one) => one.Total > 20 || one.BillingCity.startsWith("Par"));
    await page.locator("#filter-said").getByText(`${grouped(either.length)} items of ${grouped(invoices.length)} items`).waitFor();
    await picture(page, "filter-raw");
    await accessible(page, "the filter as JSON");
    await text.press("Control+Enter");
    await gives(page, either.length);
    assert.match((await pills(page))[0], /^filter\{"\$or"/);
    await page.reload();
    await shows(page, "Invoice");
    await gives(page, either.length);
    await page.goto(`${it.server.origin}/d/chinook/s/Invoice?filter=${encodeURIComponent("{no")}`);
    await page.locator(".filter-fault").waitFor();
    await page.locator(".filter-fault").getByRole("button", { name: "Clear the filter" }).click();
    await gives(page, invoices.length);
  });

  test("as SQL: the workbench opens with the same rows", async () => {
    const { page } = await it.open(`/d/chinook/s/Invoice?filter=${encodeURIComponent('{"Total":{"$gte":8.9},"BillingCity":"Paris"}')}&prefix=${encodeURIComponent('["France"]')}`);
    await shows(page, "Invoice");
    await page.keyboard.press("Control+k");
    await page.keyboard.type("open these rows as sql");
    await page.keyboard.press("Enter");
    const editor = page.locator("sop-query .cm-content");
    await editor.waitFor();
    await until(async () => /WHERE.*8\.9/s.test((await editor.innerText()) ?? ""), "the statement is in the editor");
    const sql = await editor.innerText();
    assert.match(sql, /SELECT \* FROM "Invoice"\s+WHERE "Total" >= 8\.9 AND "BillingCity" = 'Paris'/);
    assert.match(sql, /"BillingCountry" = 'France'/);
    await editor.focus();
    await page.keyboard.press("Control+Enter");
    const wanted = matching((one) => one.Total >= 8.9 && one.BillingCity === "Paris").length;
    await page.getByRole("tab", { name: `Rows ${wanted}`, exact: true }).waitFor();
    await picture(page, "filter-as-sql");
  });

  test("a head sorts in three states: by a query, falling, and back in key order", async () => {
    const { page } = await it.open("/d/chinook/s/Invoice");
    await shows(page, "Invoice");
    const head = page.getByRole("columnheader", { name: /^Total/ });
    const rising = [...invoices].sort((a, b) => a.Total - b.Total);
    await head.click();
    await page.getByText("sorted by a query").waitFor();
    await until(async () => (await (await cell(page, row(page, 1), "Total")).textContent()) === String(rising[0].Total), "the smallest is first");
    assert.equal(await head.getAttribute("aria-sort"), "ascending");
    await head.click();
    await until(async () => (await (await cell(page, row(page, 1), "Total")).textContent()) === String(rising.at(-1).Total), "the largest is first");
    await page.waitForURL(/sort=-Total/);
    await picture(page, "sort-falling");
    await accessible(page, "sorted rows");
    await page.reload();
    await shows(page, "Invoice");
    await until(async () => (await (await cell(page, row(page, 1), "Total")).textContent()) === String(rising.at(-1).Total), "the address sorts");
    await head.click();
    await until(async () => (await rows(page).first().locator(".key").textContent())?.startsWith(invoices[0].BillingCountry), "key order");
    assert.equal(new URL(page.url()).searchParams.get("sort"), null);
  });

  test("by key, falling: every row from the last to the first, with its rank", async () => {
    const { page } = await it.open("/d/chinook/s/Invoice");
    await shows(page, "Invoice");
    await page.locator("#rows").focus();
    await page.keyboard.press("Alt+s");
    await page.waitForURL(/sort=-key/);
    const last = invoices.at(-1);
    await until(async () => (await row(page, 1).locator(".key").textContent())?.includes(String(last.InvoiceId)), "the last is first");
    await page.keyboard.press("Control+End");
    await until(async () => (await row(page, invoices.length).locator(".key").textContent())?.includes(String(invoices[0].InvoiceId)), "the first is last");
    await page.keyboard.press("Control+Home");
    await page.locator("#rows").hover();
    const seen = new Set();
    for (let end = 0; end < invoices.length; ) {
      await until(async () => {
        const view = await inView(page);
        return view && view.last > end && (await page.locator("#rows .grid-body .tr.loading:not([hidden])").count()) === 0;
      }, `rows after ${end}`);
      for (const rank of await rows(page).locator(".rank").allTextContents()) seen.add(Number(rank));
      end = (await inView(page))?.last ?? 0;
      if (end < invoices.length) await page.mouse.wheel(0, 500);
    }
    assert.equal(seen.size, invoices.length);
  });

  test("edits of filtered and sorted rows are staged as ever", async () => {
    const { page } = await it.open(`/d/chinook/s/Invoice?filter=${encodeURIComponent('{"BillingCity":"Paris"}')}&sort=-Total`);
    await shows(page, "Invoice");
    const place = await cell(page, row(page, 1), "BillingState");
    await place.dblclick();
    await page.locator("#rows input.inline").fill("IdF");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Control+s");
    const dialog = page.getByRole("dialog", { name: "Review" });
    await dialog.getByText("One transaction", { exact: true }).waitFor();
    await dialog.getByRole("button", { name: /^Commit/ }).click();
    await page.locator(".toast.ok").getByText(/committed in one transaction/).waitFor();
    const top = matching((one) => one.BillingCity === "Paris").sort((a, b) => b.Total - a.Total)[0];
    const key = { BillingCountry: top.BillingCountry, InvoiceDate: top.InvoiceDate, InvoiceId: top.InvoiceId };
    assert.equal((await it.server.item("chinook", "Invoice", key))?.value.BillingState, "IdF");
    await until(async () => (await (await cell(page, row(page, 1), "BillingState")).textContent()) === "IdF", "the row shows it");
  });

  test("a filter that nothing passes leaves nothing behind that waits for an item", async () => {
    const { page } = await it.open("/d/chinook/s/Invoice");
    await shows(page, "Invoice");
    await page.keyboard.press("Alt+f");
    await page.keyboard.type("BillingCity");
    await page.keyboard.press("Enter");
    await page.keyboard.type("Nowhere at all");
    await page.keyboard.press("Enter");
    await page.getByText("No item matches").waitFor();
    await until(async () => (await page.locator("sop-inspector [aria-busy=true]").count()) === 0, "the inspector waits for nothing");
    assert.equal(await page.locator("#rows .grid-head .type").count(), 0, "types are said only of a store that has no items");
  });

  for (const [name, options] of /** @type {const} */ ([["phone-light", {}], ["phone-dark", { colorScheme: "dark" }]])) {
    test(`on a phone: ${name}`, async () => {
      const { page } = await it.open(`/d/chinook/s/Invoice?filter=${encodeURIComponent('{"Total":{"$gte":5},"BillingCountry":"USA"}')}`, { viewport: { width: 390, height: 844 }, ...options });
      await shows(page, "Invoice");
      await gives(page, matching((one) => one.BillingCountry === "USA" && one.Total >= 5).length).catch(() => undefined);
      await picture(page, `filter-${name}`);
      await page.locator(".pill .say").first().click();
      await picture(page, `filter-edit-${name}`);
      await accessible(page, name);
      await page.getByRole("button", { name: "Cancel" }).click();
    });
  }

  test("in the dark", async () => {
    const { page } = await it.open(`/d/chinook/s/Invoice?filter=${encodeURIComponent('{"Total":{"$gte":5},"BillingCountry":"USA"}')}&sort=-Total`, { colorScheme: "dark" });
    await shows(page, "Invoice");
    await page.locator(".pill .say").first().click();
    await picture(page, "filter-dark");
    await accessible(page, "dark");
    await page.keyboard.press("Escape");
    await openStore(page, "Artist");
    assert.equal(new URL(page.url()).searchParams.get("filter"), null, "a filter stays with its store");
  });
});

describe("a filter of a large store", () => {
  const ROWS = 30_000;
  const it = scene({ prepare: async (server) => {
    await server.createDatabase("large");
    await server.import("large", "Big", Array.from({ length: ROWS }, (_, id) => JSON.stringify({ id, part: id % 3, name: `Name ${id}` })).join("\n"), "id");
  } });

  test("is counted, and its last row and any place between are reached", async () => {
    const { page } = await it.open(`/d/large/s/Big?filter=${encodeURIComponent('{"part":1}')}`);
    await shows(page, "Big");
    await gives(page, ROWS / 3);
    await page.locator("#rows").focus();
    await page.keyboard.press("Control+End");
    await row(page, ROWS / 3).getByText(`Name ${ROWS - 2}`).waitFor();
    await page.keyboard.press("Control+g");
    await page.locator(".jump input").fill("50 %");
    await page.keyboard.press("Enter");
    await row(page, ROWS / 6 + 1).getByText(`Name ${ROWS / 2 + 1}`, { exact: true }).waitFor();
    await page.keyboard.press("Control+a");
    await page.locator("sop-status").getByText(`${grouped(ROWS / 3)} selected`).waitFor();
  });

  test("sorted by a field it is cut at the first ten thousand, and says so", async () => {
    const { page } = await it.open("/d/large/s/Big?sort=-part");
    await shows(page, "Big");
    await page.getByText("sorted by a query: first 10,000").waitFor();
    await picture(page, "sort-cut");
    await page.locator("#rows").focus();
    await page.keyboard.press("Control+End");
    await row(page, 10_000).locator(".key").getByText(String(ROWS - 1), { exact: true }).waitFor();
  });
});
