// Looking at data: rows, jumps, prefixes, the address, the palette, export.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { picture } from "../support/browser.js";
import { grouped, invoicesInOrder, load, table, tables } from "../support/data.js";
import { cell, counts, heads, inView, jump, node, openStore, row, rows, shows, until } from "../support/page.js";
import { scene } from "../support/scene.js";

const invoices = invoicesInOrder();
const total = invoices.length;
const byCountry = Map.groupBy?.(invoices, (one) => one.BillingCountry) ?? invoices.reduce((map, one) => map.set(one.BillingCountry, [...(map.get(one.BillingCountry) ?? []), one]), new Map());
const countries = [...byCountry.keys()];
const USA = byCountry.get("USA") ?? [];

describe("browsing", () => {
  const it = scene({ prepare: (server) => load(server, "chinook") });

  test("rows are shown in key order, with ranks and values", async () => {
    const { page } = await it.open("/d/chinook");
    await openStore(page, "Invoice");
    const first = row(page, 1);
    assert.match((await first.locator(".key").textContent()) ?? "", new RegExp(`^${invoices[0].BillingCountry} / `));
    assert.equal(await (await cell(page, first, "BillingCity")).textContent(), invoices[0].BillingCity);
    assert.equal((await inView(page))?.total, total);
    await picture(page, "browse-light");
  });

  test("the wheel scrolls to the last row and every row has its value", async () => {
    const { page } = await it.open("/d/chinook/s/Invoice");
    await shows(page, "Invoice");
    await page.locator("#rows").hover();
    const seen = new Set();
    for (let last = 0; last < total; ) {
      // Less than a view each time, and on when all of it has been read.
      await until(async () => {
        const view = await inView(page);
        return view && view.last > last && (await page.locator("#rows .grid-body .tr.loading:not([hidden])").count()) === 0;
      }, `rows after ${last} are in view`);
      for (const rank of await rows(page).locator(".rank").allTextContents()) seen.add(Number(rank.replaceAll(",", "")));
      last = (await inView(page))?.last ?? 0;
      if (last < total) await page.mouse.wheel(0, 500);
    }
    const last = row(page, total);
    assert.equal((await (await cell(page, last, "BillingCity")).textContent())?.replace("␣", " "), invoices[total - 1].BillingCity, "a space at the end is shown");
    assert.equal(seen.size, total, "no rank was skipped");
  });

  test("jumps to a key, to where a missing key would be, and to a share", async () => {
    const { page } = await it.open("/d/chinook/s/Invoice");
    await shows(page, "Invoice");
    const wanted = USA[Math.floor(USA.length / 2)];
    const rank = invoices.indexOf(wanted) + 1;
    await jump(page, `USA / ${wanted.InvoiceDate} / ${wanted.InvoiceId}`);
    await row(page, rank).and(page.locator('[aria-selected="true"]')).waitFor();
    await until(async () => {
      const view = await inView(page);
      return view && view.first <= rank && rank <= view.last && (await page.getByRole("region", { name: "Inspector" }).isVisible());
    }, "the row is in view, with the inspector under it");

    await jump(page, "50 %");
    await until(async () => {
      const view = await inView(page);
      const middle = Math.round(total / 2);
      return view && view.first <= middle + 1 && view.last >= middle;
    }, "the middle is in view");

    await openStore(page, "Artist");
    await jump(page, String(table("Artist").rows.length + 100));
    await page.locator(".toast.warn").getByText(/There is no key/).waitFor();
    await jump(page, "not a number");
    await page.locator("sop-filters [role=alert]").waitFor();
    await picture(page, "jump-error");
  });

  test("the prefix tree has exact counts, and a prefix shows its rows only", async () => {
    const { page } = await it.open("/d/chinook/s/Invoice");
    await shows(page, "Invoice");
    await node(page, "Invoice").locator("[data-twist]").click();
    const groups = page.locator("sop-explorer .node.group");
    await until(async () => (await groups.count()) >= countries.length, "all countries are listed");
    const shown = await groups.evaluateAll((list) => list.map((one) => [one.querySelector(".cut")?.textContent, one.querySelector(".count")?.textContent]));
    assert.deepEqual(shown, countries.map((name) => [name, grouped(byCountry.get(name)?.length ?? 0)]));
    await node(page, "USA").click();
    await until(async () => (await inView(page))?.total === USA.length, "only the prefix is shown");
    await page.locator("sop-filters .pill").getByText("USA").waitFor();
    assert.match(await row(page, 1).locator(".key").textContent() ?? "", /^USA/);
    await until(async () => (await groups.count()) > countries.length, "the next level is open");
    const below = await groups.evaluateAll((list) => list.filter((one) => one.getAttribute("aria-level") === "4").map((one) => Number(one.querySelector(".count")?.textContent)));
    assert.equal(below.reduce((sum, one) => sum + one, 0), USA.length);
    await picture(page, "browse-prefix");
  });

  test("the address holds store, prefix and selection; reload and back bring them again", async () => {
    const { page } = await it.open("/d/chinook/s/Artist");
    await shows(page, "Artist");
    await openStore(page, "Invoice");
    await node(page, "Invoice").locator("[data-twist]").click();
    await node(page, "USA").click();
    await until(async () => (await inView(page))?.total === USA.length, "the prefix is open");
    await (await cell(page, row(page, 3), "BillingCity")).click();
    await page.waitForURL(/prefix=.*USA.*sel=/);
    await page.reload();
    await shows(page, "Invoice");
    await row(page, 3).and(page.locator('[aria-selected="true"]')).waitFor();
    assert.equal((await inView(page))?.total, USA.length);
    await page.goBack();
    await until(async () => (await inView(page))?.total === total, "back shows the whole store");
    await page.goBack();
    await shows(page, "Artist");
    await until(async () => (await inView(page))?.total === table("Artist").rows.length, "back shows the store before");
    await page.goForward();
    await shows(page, "Invoice");
  });

  test("the first rows are in the page that the server sends", async () => {
    const { context } = await it.open("/d/chinook");
    const html = await (await context.request.get(`${it.server.origin}/d/chinook/s/Invoice`)).text();
    const body = html.slice(0, html.indexOf('id="boot"'));
    for (const one of invoices.slice(0, 20)) assert.ok(body.includes(one.BillingCity), one.BillingCity);
  });

  test("a field that no row in view has is a column, with its type", async () => {
    await it.server.createDatabase("sparse");
    const lines = Array.from({ length: 600 }, (_, id) => JSON.stringify({ id, name: `Name ${id}`, ...(id === 599 ? { late: 7 } : {}) }));
    await it.server.import("sparse", "Sparse", lines.join("\n"), "id");
    const { page, context } = await it.open("/d/sparse/s/Sparse");
    await shows(page, "Sparse");
    assert.deepEqual((await heads(page)).filter((name) => name === "name" || name === "late"), ["name", "late"]);
    assert.equal(await page.locator("#rows .grid-head .th").filter({ hasText: "late" }).getAttribute("title"), "late · integer");
    const html = await (await context.request.get(`${it.server.origin}/d/sparse/s/Sparse`)).text();
    assert.ok(/class="th[^>]*>(?:<[^>]*>)*late</.test(html.slice(0, html.indexOf('id="boot"'))), "also before any script runs");
    await jump(page, "599");
    await row(page, 600).waitFor();
    assert.equal(await (await cell(page, row(page, 600), "late")).textContent(), "7");
    assert.deepEqual((await heads(page)).filter((name) => name === "name" || name === "late"), ["name", "late"], "and stays where it is");
    await it.server.call("DELETE", "/databases/sparse", { query: { data: "delete", confirm: "sparse" } });
  });

  test("the inspector shows the item as a tree and as text", async () => {
    const { page } = await it.open("/d/chinook/s/Invoice");
    await shows(page, "Invoice");
    await (await cell(page, row(page, 2), "BillingCity")).click();
    const inspector = page.getByRole("region", { name: "Inspector" });
    if (!(await inspector.isVisible())) await page.keyboard.press("Space");
    const tree = inspector.getByRole("tree");
    await tree.getByText(`"${invoices[1].BillingCity}"`).waitFor();
    await tree.getByText(String(invoices[1].InvoiceId), { exact: true }).waitFor();
    await picture(page, "inspector");
    await inspector.getByRole("tab", { name: "Raw" }).click();
    assert.equal(JSON.parse(await inspector.getByRole("textbox").inputValue()).BillingCity, invoices[1].BillingCity);
    await picture(page, "inspector-raw");
  });

  test("the palette finds stores, keys with their counts, and commands", async () => {
    const { page } = await it.open("/d/chinook/s/Artist");
    await shows(page, "Artist");
    await page.keyboard.press("Control+k");
    const palette = page.getByRole("dialog", { name: "Go to a store, key or command" });
    const field = palette.getByRole("combobox");
    await field.fill("invoice usa");
    const option = palette.getByRole("option").filter({ hasText: "Invoice / USA" }).first();
    await option.waitFor();
    assert.match((await option.textContent()) ?? "", new RegExp(`${grouped(USA.length)}$`));
    await picture(page, "palette");
    await page.keyboard.press("Enter");
    await shows(page, "Invoice");
    await until(async () => (await inView(page))?.total === USA.length, "the found prefix is open");

    await page.keyboard.press("Control+k");
    await field.fill("album");
    await palette.getByRole("option").filter({ hasText: "Album" }).first().waitFor();
    await page.keyboard.press("Enter");
    await shows(page, "Album");

    await page.keyboard.press("Control+k");
    await field.fill("7");
    await palette.getByRole("option").filter({ hasText: "Go to 7 in Album" }).waitFor();
    await page.keyboard.press("Enter");
    await row(page, 7).and(page.locator('[aria-selected="true"]')).waitFor();

    await page.keyboard.press("Control+k");
    await field.fill("> dark");
    await palette.getByRole("option").filter({ hasText: "Light or dark" }).waitFor();
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.documentElement.dataset.theme === "dark");
  });

  test("dark and light are chosen once and kept", async () => {
    const { page } = await it.open("/d/chinook/s/Invoice");
    await shows(page, "Invoice");
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const light = await ground();
    await page.getByRole("button", { name: "Light or dark" }).click();
    const dark = await ground();
    assert.notEqual(dark, light);
    await picture(page, "browse-dark");
    await page.reload();
    await shows(page, "Invoice");
    assert.equal(await ground(), dark);
    await page.getByRole("button", { name: "Light or dark" }).click();
    assert.equal(await ground(), light);
  });

  test("without a choice the page follows the system", async () => {
    const { page } = await it.open("/d/chinook", { colorScheme: "dark" });
    const lightness = await page.evaluate(() => {
      const pixel = new OffscreenCanvas(1, 1).getContext("2d");
      if (!pixel) return 255;
      pixel.fillStyle = getComputedStyle(document.documentElement).backgroundColor;
      pixel.fillRect(0, 0, 1, 1);
      return Math.max(...pixel.getImageData(0, 0, 1, 1).data.slice(0, 3));
    });
    assert.ok(lightness < 80, `dark: ${lightness}`);
  });

  test("exports bring every item, in each format", async () => {
    const { page } = await it.open("/d/chinook/s/Artist");
    await shows(page, "Artist");
    const artists = table("Artist").rows;
    for (const format of ["NDJSON", "JSON", "CSV"]) {
      await page.getByRole("button", { name: "More" }).click();
      const download = page.waitForEvent("download");
      await page.getByRole("menuitem", { name: new RegExp(`Export Artist as ${format}\\b`) }).click();
      const file = await download;
      assert.equal(file.suggestedFilename(), `Artist.${format.toLowerCase()}`);
      const text = await readFile(await file.path(), "utf8");
      if (format === "NDJSON") assert.equal(text.trim().split("\n").length, artists.length);
      if (format === "JSON") assert.equal(JSON.parse(text).length, artists.length);
      if (format === "CSV") assert.ok(text.split(/\r?\n/)[0].includes("Name"), text.slice(0, 80));
      for (const one of artists.slice(0, 10)) assert.ok(text.includes(JSON.stringify(one.Name).slice(1, -1)) || text.includes(one.Name.replaceAll('"', '""')), one.Name);
    }
  });

  test("every store's exact count is in the explorer", async () => {
    const { page } = await it.open("/d/chinook");
    assert.deepEqual(await counts(page), Object.fromEntries([...tables.values()].map((one) => [one.name, grouped(one.rows.length)])));
    const filter = page.getByRole("searchbox", { name: "Filter stores" });
    await filter.fill("inv");
    assert.ok((await page.locator("sop-explorer .node.store").allTextContents()).every((text) => /Inv/.test(text)));
    await filter.fill("no such store");
    await page.getByText(/No store has/).waitFor();
  });
});
