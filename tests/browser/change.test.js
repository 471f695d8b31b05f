// Changing data: staged, undone, reviewed, committed as one transaction; conflicts answered in their place.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { picture } from "../support/browser.js";
import { INVOICE_KEY, invoicesInOrder, load, table } from "../support/data.js";
import { cell, commit, counts, edit, heads, openReview, openStore, row, rows, shows, staged, until } from "../support/page.js";
import { scene } from "../support/scene.js";

const invoices = invoicesInOrder();
const keyOf = (invoice) => Object.fromEntries(INVOICE_KEY.map((name) => [name, invoice[name]]));
const STORE = "/d/chinook/s/Invoice";
const GENRES = [1, 2, 3, 4, 5, 6].map((id) => JSON.stringify({ id, name: `genre ${id}`, rank: id * 10, note: `note ${id}` })).join("\n");

describe("changing", () => {
  const it = scene({ prepare: (server) => load(server, "chinook", ["Artist", "Invoice"]) });
  const stored = (index) => it.server.item("chinook", "Invoice", keyOf(invoices[index]));

  /** A store of six small items for one test. @param {string} name */
  async function small(name) {
    await it.server.import("chinook", name, GENRES, "id");
    return `/d/chinook/s/${name}`;
  }

  test("edited, added and deleted items are staged, reviewed before and after, and committed as one transaction", async () => {
    const { page } = await it.open(STORE);
    await shows(page, "Invoice");
    const before = await stored(0);
    await edit(page, await cell(page, row(page, 1), "BillingCity"), "Elsewhere");
    await edit(page, await cell(page, row(page, 1), "Total"), "2.98");
    await staged(page).getByText("1 staged edit").waitFor();
    assert.equal((await stored(0)).value.BillingCity, before.value.BillingCity, "nothing is written yet");

    await row(page, 3).locator(".key").click();
    await page.keyboard.press("Delete");
    await page.locator("#rows .tr.gone").waitFor();

    await page.keyboard.press("Control+i");
    const form = page.getByRole("dialog", { name: "New item in Invoice" });
    const fresh = { BillingCountry: "Argentina", InvoiceDate: "2030-01-01T00:00:00", InvoiceId: 900001 };
    for (const [name, value] of Object.entries(fresh)) await form.getByLabel(new RegExp(`^${name}`)).fill(String(value));
    await form.getByLabel(/^BillingCity/).fill("Mendoza");
    await form.getByLabel(/^Total/).fill("4.95");
    await picture(page, "new-item");
    await form.getByRole("button", { name: /^Stage item/ }).click();
    await staged(page).getByText("3 staged edits").waitFor();
    await page.locator("#rows .tr.new").getByText("Mendoza").waitFor();
    await picture(page, "browse-staged");

    const dialog = await openReview(page);
    await dialog.getByRole("heading", { name: "Review 3 changes" }).waitFor();
    const update = dialog.getByRole("region", { name: /^Update/ });
    assert.equal(await update.locator("tr", { hasText: "BillingCity" }).locator(".was").textContent(), `"${before.value.BillingCity}"`);
    assert.equal(await update.locator("tr", { hasText: "BillingCity" }).locator(".now").textContent(), '"Elsewhere"');
    assert.equal(await update.locator("tr", { hasText: "Total" }).locator(".now").textContent(), "2.98");
    assert.equal(await update.locator("tbody tr").count(), 2, "only what changes is shown");
    await dialog.getByRole("region", { name: /^Insert/ }).getByText('"Mendoza"').waitFor();
    await dialog.getByRole("region", { name: /^Delete/ }).waitFor();
    await picture(page, "review");
    const sequence = (await it.server.call("GET", "/databases/chinook/stores/Invoice/items", { query: { limit: 1 } })).sequence;
    await commit(page, dialog);

    const [edited, made] = [await stored(0), await it.server.item("chinook", "Invoice", fresh)];
    assert.deepEqual(edited.value, { ...before.value, BillingCity: "Elsewhere", Total: 2.98 });
    assert.deepEqual(made.value, { BillingCity: "Mendoza", Total: 4.95 });
    assert.equal(await stored(2), undefined);
    assert.equal(edited.version, made.version, "one transaction");
    assert.equal(edited.version, sequence + 1, "and only one");
    await page.getByText("No staged edits").waitFor();
    assert.equal((await counts(page)).Invoice, String(invoices.length));
    await until(async () => (await (await cell(page, row(page, 1), "BillingCity")).textContent()) === "Elsewhere", "the grid shows the new value");
    assert.equal(await page.locator("#rows .tr.gone, #rows .tr.new, #rows .td.staged").count(), 0);
  });

  test("undo and redo walk through the staged steps", async () => {
    const path = await small("undoing");
    const { page } = await it.open(path);
    await shows(page, "undoing");
    const name = await cell(page, row(page, 2), "name");
    await edit(page, name, "first");
    await edit(page, name, "second");
    await row(page, 4).locator(".key").click();
    await page.keyboard.press("Delete");
    await staged(page).getByText("2 staged edits").waitFor();
    await page.keyboard.press("Control+z");
    await staged(page).getByText("1 staged edit").waitFor();
    await page.keyboard.press("Control+z");
    assert.equal(await name.textContent(), "first");
    await page.keyboard.press("Control+z");
    assert.equal(await name.textContent(), "genre 2");
    await page.getByText("No staged edits").waitFor();
    for (let step = 0; step < 3; step += 1) await page.keyboard.press("Control+Shift+z");
    await staged(page).getByText("2 staged edits").waitFor();
    assert.equal(await name.textContent(), "second");
    await page.locator("#rows .tr.gone").waitFor();
  });

  test("staged edits survive a reload and are forgotten after the commit", async () => {
    const path = await small("reloading");
    const { page } = await it.open(path);
    await shows(page, "reloading");
    await edit(page, await cell(page, row(page, 1), "name"), "kept");
    await staged(page).getByText("1 staged edit").waitFor();
    await page.reload();
    await shows(page, "reloading");
    await staged(page).getByText("1 staged edit").waitFor();
    await until(async () => (await (await cell(page, row(page, 1), "name")).textContent()) === "kept", "the staged value is shown");
    await page.keyboard.press("Control+z");
    await page.getByText("No staged edits").waitFor();
    await edit(page, await cell(page, row(page, 1), "name"), "again");
    await commit(page, await openReview(page));
    await page.reload();
    await shows(page, "reloading");
    await page.getByText("No staged edits").waitFor();
    assert.equal((await it.server.item("chinook", "reloading", 1)).value.name, "again");
  });

  test("a wrong value is refused at its cell with the cause, and nothing is staged", async () => {
    const path = await small("typing");
    const { page } = await it.open(path);
    await shows(page, "typing");
    await (await cell(page, row(page, 1), "rank")).dblclick();
    const input = page.locator("#rows input.inline");
    await input.fill("12,5x");
    await page.locator(".edit-pop [role=alert]").waitFor();
    await picture(page, "cell-error");
    await input.press("Enter");
    assert.equal(await input.getAttribute("aria-invalid"), "true");
    await input.press("Escape");
    await page.getByText("No staged edits").waitFor();
    assert.equal(await (await cell(page, row(page, 1), "rank")).textContent(), "10");
  });

  for (const [answer, button, expected] of /** @type {const} */ ([
    ["theirs", /^Take/, "theirs"],
    ["mine", /^Keep/, "mine"],
    ["leave out", "Leave out", "theirs"],
  ])) {
    test(`a conflict with a second session is shown in place; the answer "${answer}" holds`, async () => {
      const store = `conflict ${answer}`.replaceAll(" ", "_");
      const path = await small(store);
      const [a, b] = [await it.open(path), await it.open(path)];
      a.watch.expect(/status of 409/);
      for (const { page } of [a, b]) await shows(page, store);
      await edit(a.page, await cell(a.page, row(a.page, 2), "name"), "mine");
      await edit(a.page, await cell(a.page, row(a.page, 5), "note"), "also mine");
      const open = await openReview(a.page);
      await edit(b.page, await cell(b.page, row(b.page, 2), "name"), "theirs");
      await commit(b.page, await openReview(b.page));

      // The review was checked before the other commit: the refusal comes with the commit, into its place.
      await open.getByRole("button", { name: /^Commit/ }).click();
      const clash = open.getByRole("region", { name: "update 2" }).locator(".clash");
      await clash.waitFor();
      assert.match((await clash.textContent()) ?? "", /name changed meanwhile/);
      assert.match((await clash.textContent()) ?? "", /"theirs"/);
      assert.equal((await it.server.item("chinook", store, 5)).value.note, "note 5", "nothing of the transaction is written");
      assert.equal(await open.getByRole("button", { name: /^Commit/ }).isEnabled(), false, "an answer is needed");
      if (answer === "theirs") await picture(a.page, "conflict");
      await clash.getByRole("radio", { name: button }).click();
      await commit(a.page, open);
      assert.equal((await it.server.item("chinook", store, 2)).value.name, expected);
      assert.equal((await it.server.item("chinook", store, 5)).value.note, "also mine");
      if (answer === "leave out") await staged(a.page).getByText("1 staged edit").waitFor();
      else await a.page.getByText("No staged edits").waitFor();
    });
  }

  test("changes of different fields of one item fit together", async () => {
    const path = await small("merging");
    const [a, b] = [await it.open(path), await it.open(path)];
    for (const { page } of [a, b]) await shows(page, "merging");
    await edit(a.page, await cell(a.page, row(a.page, 3), "name"), "from a");
    await edit(b.page, await cell(b.page, row(b.page, 3), "note"), "from b");
    await commit(b.page, await openReview(b.page));
    const dialog = await openReview(a.page);
    await dialog.locator(".clash").getByText(/Both changes fit together/).waitFor();
    await commit(a.page, dialog);
    const { value } = await it.server.item("chinook", "merging", 3);
    assert.deepEqual([value.name, value.note], ["from a", "from b"]);
  });

  test("an item deleted meanwhile is a conflict too", async () => {
    const path = await small("vanishing");
    const { page } = await it.open(path);
    await shows(page, "vanishing");
    await edit(page, await cell(page, row(page, 1), "name"), "mine");
    await it.server.change("chinook", [{ op: "delete", store: "vanishing", key: 1 }]);
    const dialog = await openReview(page);
    await dialog.getByText("The item is gone.").waitFor();
    await dialog.getByRole("radio", { name: "Insert again" }).click();
    await commit(page, dialog);
    assert.equal((await it.server.item("chinook", "vanishing", 1)).value.name, "mine");
  });

  test("the whole path works by keyboard: palette, store, move, edit, review, commit", async () => {
    await small("keyboard");
    const { page } = await it.open("/d/chinook/s/Artist");
    await shows(page, "Artist");
    await page.keyboard.press("Control+k");
    await page.keyboard.type("keyboard");
    await page.getByRole("option").filter({ hasText: "keyboard" }).first().waitFor();
    await page.keyboard.press("Enter");
    await shows(page, "keyboard");
    await page.keyboard.press("Alt+r");
    await page.keyboard.press("Control+Home");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowRight");
    const active = page.locator("#active-cell");
    assert.equal(await active.textContent(), "genre 3");
    assert.equal(await page.locator("#rows").getAttribute("aria-activedescendant"), "active-cell");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Control+a");
    await page.keyboard.type("typed");
    await page.keyboard.press("Enter");
    assert.equal(await active.textContent(), "genre 4", "the cursor goes on to the next row");
    await page.keyboard.type("replaced");
    await page.keyboard.press("Tab");
    assert.equal(await active.textContent(), "40", "and to the next column");
    await staged(page).getByText("2 staged edits").waitFor();
    await page.keyboard.press("Control+s");
    const dialog = page.getByRole("dialog", { name: "Review" });
    await dialog.getByText("One transaction", { exact: true }).waitFor();
    await page.keyboard.press("Control+Enter");
    await page.locator(".toast.ok").getByText("2 changes committed in one transaction").waitFor();
    assert.equal((await it.server.item("chinook", "keyboard", 3)).value.name, "typed");
    assert.equal((await it.server.item("chinook", "keyboard", 4)).value.name, "replaced");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "rows", "the focus is back on the rows");
  });

  test("several rows are deleted and brought back together", async () => {
    const path = await small("bulk");
    const { page } = await it.open(path);
    await shows(page, "bulk");
    await row(page, 2).locator(".key").click();
    await row(page, 5).locator(".key").click({ modifiers: ["Shift"] });
    await page.keyboard.press("Delete");
    await staged(page).getByText("4 staged edits").waitFor();
    assert.equal(await page.locator("#rows .tr.gone").count(), 4);
    await page.keyboard.press("Control+z");
    await page.getByText("No staged edits").waitFor();
    assert.equal(await rows(page).count(), 6);
  });

  test("the text of an item can be edited, and is staged when it is right", async () => {
    const path = await small("text");
    const { page } = await it.open(path);
    await shows(page, "text");
    await row(page, 1).locator(".key").click();
    const inspector = page.getByRole("region", { name: "Inspector" });
    if (!(await inspector.isVisible())) await page.keyboard.press("Space");
    await inspector.getByRole("tab", { name: "Raw" }).click();
    const text = inspector.getByRole("textbox");
    await text.fill('{"name": "broken"');
    await inspector.getByRole("alert").waitFor();
    await page.getByText("No staged edits").waitFor();
    await text.fill('{"name": "whole", "big": 9007199254740993, "list": [1, {"deep": null}]}');
    await staged(page).getByText("1 staged edit").waitFor();
    await commit(page, await openReview(page));
    const answer = await fetch(`${it.server.origin}/api/v1/databases/chinook/stores/text/item?key=1`, { headers: { authorization: `Bearer ${it.server.token}` } });
    assert.match(await answer.text(), /"big":9007199254740993,"list":\[1,\{"deep":null\}\]/);
    await until(async () => (await heads(page)).slice(1).join() === "name,rank,note,big,list", "new fields have become columns");
  });

  test("a store is made by the page, filled, and deleted by its typed name", async () => {
    const { page } = await it.open("/d/chinook/s/Artist");
    await shows(page, "Artist");
    await page.getByRole("button", { name: "New store" }).click();
    const form = page.getByRole("region", { name: "Store New store" });
    await form.getByRole("radio", { name: "One value" }).click();
    await form.getByLabel("Type of the key").selectOption("i64");
    await form.getByLabel("Name", { exact: true }).fill("made");
    await page.getByRole("button", { name: "Review store" }).click();
    let dialog = page.getByRole("dialog", { name: "Review" });
    await dialog.getByRole("button", { name: /^Create store/ }).click();
    await page.getByRole("button", { name: "Show its rows" }).click();
    await page.getByRole("heading", { name: "Nothing in made yet" }).waitFor();
    await picture(page, "empty-store");
    await page.getByRole("button", { name: /^Add item/ }).last().click();
    dialog = page.getByRole("dialog", { name: "New item in made" });
    await dialog.getByRole("textbox").first().fill("9223372036854775807");
    await dialog.getByLabel("Value").fill('{"a": true}');
    await dialog.getByRole("button", { name: /^Stage item/ }).click();
    await staged(page).getByText("1 staged edit").waitFor();
    await commit(page, await openReview(page));
    await until(async () => (await counts(page)).made === "1", "the explorer counts it");
    await page.getByRole("button", { name: "More" }).click();
    await page.getByRole("menuitem", { name: /Delete store made/ }).click();
    dialog = page.getByRole("dialog", { name: "Delete made" });
    assert.equal(await dialog.getByRole("button", { name: /^Delete store/ }).isEnabled(), false);
    await dialog.getByRole("textbox").fill("made");
    await dialog.getByRole("button", { name: /^Delete store/ }).click();
    await until(async () => (await counts(page)).made === undefined, "the store is gone");
    await openStore(page, "Artist");
    assert.equal((await counts(page)).Artist, String(table("Artist").rows.length));
  });
});
