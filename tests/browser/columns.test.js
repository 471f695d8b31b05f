// Columns as people arrange them, and saved views.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { picture } from "../support/browser.js";
import { invoicesInOrder, load } from "../support/data.js";
import { cell, heads, inView, row, shows, until } from "../support/page.js";
import { accessible } from "../support/query.js";
import { scene } from "../support/scene.js";

const invoices = invoicesInOrder();
const START = ["CustomerId", "BillingAddress", "BillingCity", "BillingState", "BillingPostalCode", "Total"];
/** @param {import("playwright-core").Page} page */
const fields = async (page) => (await heads(page)).slice(1);
/** @param {import("playwright-core").Page} page @param {string} name */
const head = (page, name) => page.locator("#rows .grid-head .th").filter({ has: page.locator(".cut").getByText(name, { exact: true }) });

/** Columns of the wide store, beside its key. */
const WIDE = 60;
const wide = Array.from({ length: 50 }, (_, id) => JSON.stringify({ id, ...Object.fromEntries(Array.from({ length: WIDE }, (_, at) => [`c${at}`, at % 3 ? id * 100 + at : `${id}, ${at}`])) })).join("\n");

describe("columns", () => {
  const it = scene({ prepare: async (server) => {
    await load(server, "chinook", ["Invoice"]);
    await server.import("chinook", "Wide", wide, "id");
  } });

  test("of sixty columns those in view are drawn, and each is reached, read and edited by keys", async () => {
    const { page } = await it.open("/d/chinook/s/Wide");
    await shows(page, "Wide");
    const drawn = () => row(page, 3).locator(".td").count();
    const at = (/** @type {number} */ column) => row(page, 3).locator(`[aria-colindex="${column + 3}"]`);
    const active = () => page.locator("#active-cell").textContent({ timeout: 5000 }).catch(() => undefined);
    assert.ok((await drawn()) < 32, "few are drawn");
    await row(page, 3).locator(".key").click();
    for (let column = 0; column < WIDE; column += 1) {
      await page.keyboard.press("ArrowRight");
      assert.equal(await active(), column % 3 ? String(200 + column) : `2, ${column}`, `column ${column}`);
    }
    const last = await head(page, `c${WIDE - 1}`).boundingBox();
    const under = await at(WIDE - 1).boundingBox();
    assert.ok(last && under && Math.abs(last.x - under.x) < 1 && last.width === under.width, "it stands under its head");
    await page.keyboard.press("Enter");
    await page.locator("#rows input.inline").fill("7");
    await page.keyboard.press("Enter");
    await until(async () => (await at(WIDE - 1).getAttribute("class"))?.includes("staged"), "it is staged");
    assert.equal(await at(WIDE - 1).textContent(), "7");
    await picture(page, "columns-wide");
    await head(page, "c57").click({ button: "right" });
    await page.getByRole("menuitem", { name: "Pin at the left" }).click();
    await until(async () => (await row(page, 3).locator(".pinned").textContent()) === "2, 57", "the pinned one is drawn beside the key");
    await page.locator("#rows").evaluate((rows) => { rows.scrollLeft = 900; });
    await until(async () => (await row(page, 3).locator(".gap").count()) === 1, "scrolled");
    for (const name of ["c57", "c20"]) {
      const above = await head(page, name).boundingBox();
      const place = Number(await head(page, name).getAttribute("aria-colindex")) - 3;
      const below = await at(place).boundingBox();
      assert.ok(above && below && Math.abs(above.x - below.x) < 1, `${name} stands under its head`);
    }
    await page.setViewportSize({ width: 390, height: 844 });
    await until(async () => (await row(page, 3).locator(".td").count()) <= 5, "a card has its few fields");
    await picture(page, "columns-wide-phone");
  });

  test("the chooser hides, moves and pins by keys; it is kept for the store", async () => {
    const { page } = await it.open("/d/chinook/s/Invoice");
    await shows(page, "Invoice");
    await page.getByRole("button", { name: "Columns: 6 of 6" }).click();
    const find = page.getByRole("combobox", { name: "Find a column" });
    await find.waitFor();
    await picture(page, "columns");
    await accessible(page, "the chooser");
    await page.keyboard.type("addr");
    await page.keyboard.press("Enter");
    await until(async () => !(await fields(page)).includes("BillingAddress"), "it is hidden");
    await find.fill("");
    await page.keyboard.press("Alt+ArrowDown");
    await until(async () => (await fields(page)).join() === "CustomerId,BillingCity,BillingState,BillingPostalCode,Total", "it moved behind the hidden one");
    await page.keyboard.press("Alt+ArrowDown");
    await until(async () => (await fields(page))[0] === "BillingCity", "it moved behind the city");
    await find.fill("Total");
    await page.keyboard.press("Alt+p");
    await until(async () => (await fields(page))[0] === "Total", "pinned columns are first");
    await page.keyboard.press("Escape");
    await page.reload();
    await shows(page, "Invoice");
    assert.deepEqual(await fields(page), ["Total", "BillingCity", "CustomerId", "BillingState", "BillingPostalCode"]);
    assert.equal(await (await cell(page, row(page, 1), "Total")).textContent(), String(invoices[0].Total));
    await page.getByRole("button", { name: "Columns: 5 of 6" }).click();
    await page.getByRole("button", { name: "As they come" }).click();
    assert.deepEqual(await fields(page), START);
  });

  test("heads are dragged, widened, fitted; a pinned column stands still while the others scroll", async () => {
    const { page } = await it.open("/d/chinook/s/Invoice");
    await shows(page, "Invoice");
    const from = await head(page, "Total").boundingBox();
    const to = await head(page, "BillingAddress").boundingBox();
    assert.ok(from && to);
    await page.mouse.move(from.x + from.width / 2, from.y + 10);
    await page.mouse.down();
    await page.mouse.move(to.x + 30, to.y + 10, { steps: 5 });
    await page.mouse.move(to.x + 8, to.y + 10);
    await page.mouse.up();
    await until(async () => (await fields(page)).join() === "CustomerId,Total,BillingAddress,BillingCity,BillingState,BillingPostalCode", "it stands before the address");
    assert.equal(new URL(page.url()).searchParams.get("sort"), null, "dragging does not sort");
    await page.setViewportSize({ width: 1000, height: 700 });
    await head(page, "BillingCity").click({ button: "right" });
    await picture(page, "columns-head-menu");
    await page.getByRole("menuitem", { name: "Pin at the left" }).click();
    await until(async () => (await fields(page))[0] === "BillingCity", "pinned");
    const grip = page.locator("#rows .grid-head .th .grip").last();
    await grip.scrollIntoViewIfNeeded();
    const before = (await head(page, "BillingPostalCode").boundingBox())?.width ?? 0;
    const box = await grip.boundingBox();
    assert.ok(box);
    await page.mouse.move(box.x + 4, box.y + 10);
    await page.mouse.down();
    await page.mouse.move(box.x + 164, box.y + 10, { steps: 3 });
    await page.mouse.up();
    await until(async () => ((await head(page, "BillingPostalCode").boundingBox())?.width ?? 0) > before + 100, "wider");
    const place = (await head(page, "BillingCity").boundingBox())?.x ?? 0;
    await page.locator("#rows").evaluate((rows) => { rows.scrollLeft = 200; });
    await until(async () => Math.abs(((await head(page, "BillingCity").boundingBox())?.x ?? 0) - place) < 2, "it stands still");
    await picture(page, "columns-pinned");
    await head(page, "BillingPostalCode").locator(".grip").dblclick();
    await until(async () => ((await head(page, "BillingPostalCode").boundingBox())?.width ?? 0) < before + 60, "it fits its values");
  });

  test("the active column moves by keys", async () => {
    const { page } = await it.open("/d/chinook/s/Invoice");
    await shows(page, "Invoice");
    await (await cell(page, row(page, 1), "BillingCity")).click();
    await page.keyboard.press("Alt+Shift+ArrowLeft");
    await until(async () => (await fields(page))[1] === "BillingCity", "moved");
    assert.equal(await page.locator("#active-cell").textContent(), invoices[0].BillingCity, "it stays active");
  });

  test("a view is saved with filter, order and columns, comes back by its name, and by a link elsewhere", async () => {
    const { page } = await it.open(`/d/chinook/s/Invoice?filter=${encodeURIComponent('{"BillingCountry":"USA"}')}&sort=-Total`);
    await shows(page, "Invoice");
    await head(page, "BillingAddress").click({ button: "right" });
    await page.getByRole("menuitem", { name: "Hide" }).click();
    await page.getByRole("button", { name: "More" }).click();
    await page.getByRole("menuitem", { name: "Save this view" }).click();
    await page.getByRole("dialog", { name: "Save this view" }).getByRole("textbox").fill("Large in the USA");
    await picture(page, "view-save");
    await page.keyboard.press("Enter");
    await page.getByText("is saved").waitFor();
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.getByRole("button", { name: "More" }).click();
    await page.getByRole("menuitem", { name: "Copy a link to this view" }).click();
    const link = await until(() => page.evaluate(() => navigator.clipboard.readText()), "the link is copied");
    await page.goto(`${it.server.origin}/d/chinook/s/Invoice`);
    await shows(page, "Invoice");
    await page.getByRole("button", { name: /^Columns/ }).click();
    await page.getByRole("button", { name: "As they come" }).click();
    await page.keyboard.press("Escape");
    assert.deepEqual(await fields(page), START);
    await page.getByRole("button", { name: "More" }).click();
    await picture(page, "view-menu");
    await page.getByRole("menuitem", { name: "Large in the USA" }).click();
    const usa = invoices.filter((one) => one.BillingCountry === "USA");
    await until(async () => (await inView(page))?.total === usa.length, "the view's rows");
    assert.ok(!(await fields(page)).includes("BillingAddress"));
    assert.equal(await (await cell(page, row(page, 1), "Total")).textContent(), String(Math.max(...usa.map((one) => one.Total))));

    const { page: other } = await it.open(link.replace(it.server.origin, ""));
    await shows(other, "Invoice");
    await until(async () => (await inView(other))?.total === usa.length, "the link's rows");
    assert.ok(!(await fields(other)).includes("BillingAddress"));
  });
});
