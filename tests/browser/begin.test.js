// The first minutes: the welcome page, a database, files brought in by picker and by drop.

import assert from "node:assert/strict";
import { basename } from "node:path";
import { describe, test } from "node:test";
import { picture } from "../support/browser.js";
import { grouped, tables } from "../support/data.js";
import { counts, node, rows, shows, until } from "../support/page.js";
import { scene } from "../support/scene.js";

const all = [...tables.values()];
const expected = Object.fromEntries(all.map((one) => [one.name, grouped(one.rows.length)]));

describe("the first minutes", () => {
  const it = scene();

  test("the welcome page makes a database and opens it", async () => {
    const { page } = await it.open();
    await page.getByRole("heading", { name: "Your data, in order." }).waitFor();
    await picture(page, "welcome");
    await page.getByRole("textbox", { name: /^Name/ }).fill("");
    await page.waitForFunction(() => document.querySelector("sop-welcome .main")?.hasAttribute("disabled"));
    await page.getByRole("textbox", { name: /^Name/ }).fill("chinook");
    await page.getByRole("button", { name: /^Next: system database/ }).click();
    await page.getByRole("button", { name: /^Next: review/ }).click();
    await page.getByRole("button", { name: /^Create database/ }).click();
    await page.waitForURL(/\/d\/chinook/);
    assert.equal(await page.locator("#database-name").textContent(), "chinook");
    await page.getByRole("heading", { name: "No stores yet" }).waitFor();
    await page.locator("sop-grid").getByRole("button", { name: /^Import files/ }).waitFor();
    await picture(page, "empty-database");
  });

  test("all tables come in by the file picker with exact counts", async () => {
    const { page } = await it.open("/d/chinook");
    await page.getByRole("button", { name: "Import" }).first().click();
    const dialog = page.getByRole("dialog", { name: "Import files" });
    const chooser = page.waitForEvent("filechooser");
    await dialog.getByRole("button", { name: "Choose files" }).click();
    await (await chooser).setFiles(all.map((one) => one.file));
    await dialog.getByRole("heading", { name: `Import ${all.length} files` }).waitFor();
    await picture(page, "import");
    await dialog.getByRole("button", { name: `Import ${all.length} files` }).click();
    await dialog.getByRole("button", { name: /^Show/ }).waitFor();
    const total = all.reduce((sum, one) => sum + one.rows.length, 0);
    assert.match((await dialog.locator(".totals").textContent()) ?? "", new RegExp(`${grouped(total)} new.*0 bad`));
    await picture(page, "import-done");
    await dialog.getByRole("button", { name: /^Show/ }).click();
    await shows(page, all[0].name);
    assert.deepEqual(await counts(page), expected);
    assert.equal(await node(page, "chinook").locator(".count").textContent(), grouped(total));
    for (const { name, rows: lines } of all) assert.equal((await it.server.call("GET", `/databases/chinook/stores/${name}/count`)).count, lines.length, name);
  });

  test("files dropped on the page are imported", async () => {
    await it.server.createDatabase("dropped");
    const { page } = await it.open("/d/dropped");
    const some = all.slice(0, 2);
    const files = await page.evaluateHandle((list) => {
      const transfer = new DataTransfer();
      for (const { name, text } of list) transfer.items.add(new File([text], name));
      return transfer;
    }, some.map((one) => ({ name: basename(one.file), text: one.text })));
    await page.dispatchEvent("body", "dragenter", { dataTransfer: files });
    await picture(page, "dropping");
    await page.dispatchEvent("body", "drop", { dataTransfer: files });
    const dialog = page.getByRole("dialog", { name: "Import files" });
    await dialog.getByRole("button", { name: `Import ${some.length} files` }).click();
    await dialog.getByRole("button", { name: /^Show/ }).click();
    await shows(page, some[0].name);
    assert.deepEqual(await counts(page), Object.fromEntries(some.map((one) => [one.name, grouped(one.rows.length)])));
  });

  test("bad rows are reported by line and cause, and the good ones are kept", async () => {
    await it.server.createDatabase("bad");
    const { page } = await it.open("/d/bad");
    await page.getByRole("button", { name: "Import" }).first().click();
    const dialog = page.getByRole("dialog", { name: "Import files" });
    const lines = ['{"id":1,"name":"one"}', '{"id":2,"name":', '{"id":3,"name":"three"}', '{"name":"no key"}', '[5, "no object"]', '{"id":6,"name":"six"}'];
    const chooser = page.waitForEvent("filechooser");
    await dialog.getByRole("button", { name: "Choose files" }).click();
    await (await chooser).setFiles({ name: "things.ndjson", mimeType: "application/x-ndjson", buffer: Buffer.from(lines.join("\n")) });
    const key = dialog.getByRole("group", { name: "Fields of the key" });
    await key.getByRole("button", { name: "name", pressed: true }).click();
    await key.getByRole("button", { name: "id", pressed: false }).click();
    await dialog.getByRole("button", { name: "Import 1 file" }).click();
    await dialog.getByRole("button", { name: /^Show/ }).waitFor();
    const bad = await dialog.getByRole("region", { name: "Bad rows of things.ndjson" }).locator("tbody tr").evaluateAll((list) => list.map((one) => [...one.children].map((cell) => cell.textContent)));
    assert.deepEqual(bad.map(([line]) => line), ["2", "4", "5"]);
    for (const [, cause] of bad) assert.ok(cause.length > 10, `a cause: ${cause}`);
    await picture(page, "import-bad-rows");
    await dialog.getByRole("button", { name: /^Show/ }).click();
    await shows(page, "things");
    assert.deepEqual(await counts(page), { things: "3" });
    await until(async () => (await rows(page).count()) === 3, "three rows are shown");
  });

  test("the demo is one press from the welcome page", async () => {
    for (const name of ["chinook", "dropped", "bad"]) await it.server.call("DELETE", `/databases/${name}`);
    const { page } = await it.open();
    await page.getByRole("button", { name: /Try the demo/ }).click();
    await page.getByRole("button", { name: /^Make the shop/ }).click();
    await page.waitForURL(/\/d\/shop/);
    await page.waitForFunction(() => document.documentElement.dataset.ready === "true");
    const shown = await counts(page);
    for (const store of ["users", "products", "orders", "reviews"]) assert.ok(Number(shown[store]?.replaceAll(",", "")) > 50, `${store}: ${shown[store]}`);
    await rows(page).first().waitFor();
    await picture(page, "demo");
  });
});
