// The import dialog beyond the first minutes: separators, quotes, encodings, what becomes of fields, a trial; and export.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { picture } from "../support/browser.js";
import { load } from "../support/data.js";
import { rows, shows, until } from "../support/page.js";
import { accessible } from "../support/query.js";
import { scene } from "../support/scene.js";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
const CSV = "no;name;city;zip;note\n1;'Müller; Söhne';Köln;02113;x\n2;'it''s';Ulm;7;y\nx7;Bad;Ulm;8;z\n4;Ok;Bonn;9;\n";
const HOSTILE = ['<img src=x onerror="window.hacked=1">', "</script><script>window.hacked=1</script>", "{{7*7}}", "\u202egnp", "__proto__", "constructor", "a\u0007b", "=1+1", "x".repeat(3000)];

/** @param {import("playwright-core").Page} page @param {{name: string, mimeType?: string, buffer: Buffer}[]} files */
async function choose(page, files) {
  await page.keyboard.press("Control+Shift+I");
  const dialog = page.getByRole("dialog", { name: "Import files" });
  const chooser = page.waitForEvent("filechooser");
  await dialog.getByRole("button", { name: "Choose files" }).click();
  await (await chooser).setFiles(files.map((one) => ({ mimeType: "text/plain", ...one })));
  await dialog.getByRole("button", { name: /^Import \d/ }).waitFor();
  return dialog;
}

describe("import and export", () => {
  const it = scene({
    prepare: async (server) => {
      await load(server, "chinook", ["Album", "Artist"]);
      await server.createDatabase("imported");
    },
  });

  test("separator, quote and encoding are found; fields get names, types and places; a trial keeps nothing", async () => {
    const { page } = await it.open("/d/imported");
    const latin = Buffer.from(CSV, "latin1");
    const dialog = await choose(page, [{ name: "customers.csv", buffer: latin }]);
    assert.equal(await dialog.getByLabel("Between values").inputValue(), ";");
    assert.equal(await dialog.getByLabel("Around values").inputValue(), "'");
    assert.equal(await dialog.getByLabel("Encoding").inputValue(), "windows-1252");
    await dialog.getByRole("region", { name: "First rows" }).getByText("Müller; Söhne").waitFor();
    await dialog.getByRole("tab", { name: /^Fields/ }).click();
    await dialog.getByLabel("New name of no", { exact: true }).fill("id");
    await dialog.getByLabel("New name of no", { exact: true }).press("Tab");
    await dialog.getByLabel("Type of no", { exact: true }).selectOption("integer");
    await dialog.getByLabel("New name of city").fill("place.city");
    await dialog.getByLabel("New name of city").press("Tab");
    await dialog.getByLabel("New name of zip").fill("place.zip");
    await dialog.getByLabel("New name of zip").press("Tab");
    await dialog.getByLabel("Type of zip").selectOption("text");
    await dialog.getByLabel("Take note along").uncheck();
    await dialog.getByRole("group", { name: "Fields of the key" }).getByRole("button", { name: "id", pressed: true }).waitFor();
    await accessible(page, "fields of an import");
    await picture(page, "import-fields");
    await dialog.getByRole("tab", { name: "First rows" }).click();
    await dialog.getByTitle("Not of its type: this row would be bad").waitFor();
    await dialog.getByRole("button", { name: "Try" }).click();
    await dialog.getByText("Tried, nothing is kept").waitFor();
    assert.match((await dialog.locator(".totals").textContent()) ?? "", /3 new.*1 bad/);
    const bad = dialog.getByRole("region", { name: "Bad rows of customers.csv" });
    assert.match((await bad.locator("tbody").textContent()) ?? "", /4\s*no is "x7", which is not a whole number/);
    await accessible(page, "a trial");
    await picture(page, "import-tried");
    const saved = page.waitForEvent("download");
    await bad.getByRole("button", { name: "Save them" }).click();
    const file = await saved;
    assert.equal(file.suggestedFilename(), "customers-bad-rows.csv");
    assert.match(await readFile(await file.path(), "utf8"), /^line,reason,row\r\n4,"no is ""x7""/);
    assert.deepEqual((await it.server.call("GET", "/databases/imported/stores")).stores, [], "nothing was kept");
    await dialog.getByRole("button", { name: "Import 1 file" }).click();
    await dialog.getByRole("button", { name: "Show customers" }).click();
    await shows(page, "customers");
    assert.deepEqual((await it.server.item("imported", "customers", { id: 1 })).value, { name: "Müller; Söhne", place: { city: "Köln", zip: "02113" } });
    assert.deepEqual((await it.server.item("imported", "customers", { id: 2 })).value, { name: "it's", place: { city: "Ulm", zip: "7" } });
  });

  test("what cannot be is said before anything is sent", async () => {
    const { page } = await it.open("/d/imported");
    const dialog = await choose(page, [{ name: "t.csv", buffer: Buffer.from("a,b\n1,2\n") }]);
    await dialog.getByRole("tab", { name: /^Fields/ }).click();
    await dialog.getByLabel("New name of a").fill("b");
    await dialog.getByLabel("New name of a").press("Tab");
    await dialog.getByText("Two fields would both be “b”.").waitFor();
    assert.ok(await dialog.getByRole("button", { name: "Import 1 file" }).isDisabled());
    assert.ok(await dialog.getByRole("button", { name: "Try" }).isDisabled());
    await dialog.getByLabel("New name of a").fill("x.y");
    await dialog.getByLabel("New name of a").press("Tab");
    await dialog.getByLabel("Take a along").uncheck();
    await dialog.getByText("Choose at least one field as the key.").waitFor();
    await dialog.getByLabel("Format").selectOption("ndjson");
    await dialog.locator(".clash.bad").waitFor();
    await dialog.getByLabel("Format").selectOption("csv");
    await dialog.getByRole("button", { name: "Import 1 file" }).and(page.locator(":enabled")).waitFor();
  });

  test("into a store that is there: its own key, and keys that exist are reported when wished", async () => {
    const { page } = await it.open("/d/chinook/s/Artist");
    await shows(page, "Artist");
    const dialog = await choose(page, [{ name: "Artist.csv", buffer: Buffer.from("Name,ArtistId\nNew,90001\nAgain,1\n") }]);
    await dialog.getByRole("group", { name: "Fields of the key" }).getByRole("button", { name: "ArtistId", pressed: true }).waitFor();
    assert.equal(await dialog.locator("table.files .tag.insert").count(), 0, "the store is not new");
    await dialog.getByLabel("When a key exists").selectOption("insert");
    await dialog.getByRole("button", { name: "Import 1 file" }).click();
    await dialog.getByRole("button", { name: "Show Artist" }).waitFor();
    assert.match((await dialog.locator(".totals").textContent()) ?? "", /1 new.*1 bad/);
    assert.equal((await it.server.item("chinook", "Artist", { ArtistId: 1 })).value.Name, "AC/DC");
  });

  test("hostile names, fields and values stay text in every part of the dialog", async () => {
    const { page } = await it.open("/d/imported");
    const lines = HOSTILE.map((text, id) => JSON.stringify(Object.fromEntries([["id", id], ...HOSTILE.map((name) => [name, text])])));
    const dialog = await choose(page, [{ name: `${HOSTILE[0]}.ndjson`, buffer: Buffer.from([...lines, '{"id":"x"', `{"${HOSTILE[1].replaceAll("/", "\\/")}":1}`].join("\n")) }]);
    await dialog.getByRole("tab", { name: /^Fields/ }).click();
    await picture(page, "import-hostile");
    await dialog.getByRole("button", { name: "Try" }).click();
    await dialog.getByText("Tried, nothing is kept").waitFor();
    await dialog.getByRole("region", { name: /^Bad rows/ }).first().waitFor();
    assert.equal(await page.evaluate(() => /** @type {any} */ (window).hacked), undefined);
    assert.equal(await page.locator("dialog img, dialog script, dialog b b").count(), 0);
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 1440);
  });

  test("a long import is cancelled, and what was written before is said", async () => {
    const { page } = await it.open("/d/imported");
    await page.route("**/import?*", async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 30_000)).catch(() => {});
      await route.abort().catch(() => {});
    });
    const dialog = await choose(page, [{ name: "long.ndjson", buffer: Buffer.from('{"id":1}\n') }]);
    await dialog.getByRole("button", { name: "Import 1 file" }).click();
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await dialog.getByText("cancelled", { exact: true }).waitFor();
    await page.unrouteAll({ behavior: "ignoreErrors" });
  });

  test("the rows that are shown, a whole store, and what a statement gives are exported", async () => {
    const { page } = await it.open(`/d/chinook/s/Artist?filter=${encodeURIComponent('{"Name":{"$prefix":"A"}}')}`);
    await shows(page, "Artist");
    await until(async () => (await rows(page).count()) > 3, "rows");
    await page.keyboard.press("Control+Shift+E");
    const dialog = page.getByRole("dialog", { name: "Export" });
    assert.equal(await dialog.getByLabel("What").inputValue(), "shown");
    await accessible(page, "export");
    await picture(page, "export");
    const take = async (/** @type {() => Promise<unknown>} */ act) => {
      const saved = page.waitForEvent("download");
      await act();
      const file = await saved;
      return { name: file.suggestedFilename(), text: await readFile(await file.path(), "utf8") };
    };
    const shown = await take(() => dialog.getByRole("button", { name: "Save" }).click());
    assert.equal(shown.name, "Artist.ndjson");
    const names = shown.text.trim().split("\n").map((line) => JSON.parse(line).Name ?? JSON.parse(line).value?.Name);
    assert.ok(names.length > 3 && names.every((name) => name.startsWith("A")), names.join());
    await page.keyboard.press("Control+Shift+E");
    await dialog.getByLabel("What").selectOption("store:Artist");
    await dialog.getByRole("radio", { name: /^CSV/ }).check();
    const all = await take(() => dialog.getByRole("button", { name: "Save" }).click());
    assert.equal(all.name, "Artist.csv");
    assert.ok(all.text.split("\n").length > names.length + 5);
    await page.keyboard.press("Control+Shift+E");
    await dialog.getByLabel("What").selectOption("query");
    assert.ok(await dialog.getByRole("button", { name: "Save" }).isDisabled());
    await dialog.getByRole("textbox", { name: "Statement" }).fill("SELECT count(*) AS n FROM Artist");
    await dialog.getByRole("radio", { name: /^JSON/ }).check();
    const query = await take(() => dialog.getByRole("button", { name: "Save" }).click());
    assert.ok(JSON.parse(query.text)[0].n > 5, query.text);
    await page.getByRole("button", { name: "More for this store" }).or(page.locator("[data-command=more]")).first().click();
    const menu = await take(() => page.getByRole("menuitem", { name: /Export Artist, the rows that are shown, as CSV/ }).click());
    assert.equal(menu.text.trim().split("\n").length, names.length + 1);
  });

  test("an export that is refused says why and is not on its way; an empty store goes out with its columns", async () => {
    const schema = { declared: true, fields: [{ name: "name", type: "string", required: false }] };
    await it.server.call("POST", "/databases/imported/stores", { body: { name: "Bare", key: { type: "composite", fields: [{ name: "id", type: "i64" }] }, schema } });
    const { page, watch } = await it.open("/d/imported/s/Bare");
    await shows(page, "Bare");
    await page.keyboard.press("Control+Shift+E");
    const dialog = page.getByRole("dialog", { name: "Export" });
    await dialog.getByRole("radio", { name: /^Parquet/ }).check();
    const [saved] = await Promise.all([page.waitForEvent("download"), dialog.getByRole("button", { name: "Save" }).click()]);
    const bytes = (await readFile(await saved.path())).toString("latin1");
    assert.ok(bytes.startsWith("PAR1") && bytes.includes("id") && bytes.includes("name"));
    await page.locator(".toast.ok").getByText(/on its way/).waitFor();
    await page.locator(".toast").first().waitFor({ state: "detached" });

    watch.expect(/status of 4\d\d/);
    let downloads = 0;
    page.on("download", () => (downloads += 1));
    await page.keyboard.press("Control+Shift+E");
    await dialog.getByLabel("What").selectOption("query");
    for (const [statement, format, cause] of /** @type {[string, RegExp, RegExp][]} */ ([["SELECT 1; SELECT 2", /^Parquet/, /several results/i], ["SELECT * FROM Bar", /^CSV/, /Bar/], ["DELETE FROM Bare", /^NDJSON/, /read/]])) {
      await dialog.getByRole("textbox", { name: "Statement" }).fill(statement);
      await dialog.getByRole("radio", { name: format }).check();
      await dialog.getByRole("button", { name: "Save" }).click();
      await dialog.getByRole("alert").getByText(cause).waitFor();
    }
    await accessible(page, "a refused export");
    await picture(page, "export-refused");
    assert.equal(await page.locator(".toast.ok").count(), 0);
    assert.equal(downloads, 0);
    // It is mended in its place.
    await dialog.getByRole("textbox", { name: "Statement" }).fill("SELECT 1 AS one");
    const [mended] = await Promise.all([page.waitForEvent("download"), dialog.getByRole("button", { name: "Save" }).click()]);
    assert.equal(await readFile(await mended.path(), "utf8"), '{"one":1}\n');
    // From the menu, where there is no dialog: a message.
    await it.server.call("DELETE", "/databases/imported/stores/Bare");
    await page.getByRole("button", { name: "More for this store" }).or(page.locator("[data-command=more]")).first().click();
    await page.getByRole("menuitem", { name: /Export Bare as CSV/ }).click();
    await page.locator(".toast.danger").getByText(/The file was not written: .*Bare/).waitFor();
  });

  test("a store goes out as Parquet and comes in again as another one, with the same rows", async () => {
    const { page } = await it.open("/d/chinook/s/Album");
    await shows(page, "Album");
    await page.keyboard.press("Control+Shift+E");
    const dialog = page.getByRole("dialog", { name: "Export" });
    await dialog.getByRole("radio", { name: /^Parquet/ }).check();
    await picture(page, "export-parquet");
    const saved = page.waitForEvent("download");
    await dialog.getByRole("button", { name: "Save" }).click();
    const file = await saved;
    assert.equal(file.suggestedFilename(), "Album.parquet");
    const bytes = await readFile(await file.path());
    assert.equal(bytes.subarray(0, 4).toString(), "PAR1");

    const there = (await it.open("/d/imported")).page;
    const importing = await choose(there, [{ name: "Album.parquet", mimeType: "application/octet-stream", buffer: bytes }]);
    const all = (await it.server.call("GET", "/databases/chinook/stores/Album/export")).trim().split("\n");
    await importing.getByText(`${all.length} rows, 3 columns`).waitFor();
    await importing.getByRole("group", { name: "Fields of the key" }).getByRole("button", { name: "AlbumId", pressed: true }).waitFor();
    await accessible(there, "a Parquet file");
    await picture(there, "import-parquet");
    await importing.getByRole("tab", { name: /^Fields/ }).click();
    await importing.getByRole("cell", { name: "whole number", exact: true }).first().waitFor();
    await importing.getByRole("button", { name: "Try" }).click();
    await importing.getByText("Tried, nothing is kept").waitFor();
    assert.match((await importing.locator(".totals").textContent()) ?? "", new RegExp(`${all.length} new.*0 bad`));
    await importing.getByRole("button", { name: "Import 1 file" }).click();
    await importing.getByRole("button", { name: "Show Album" }).click();
    await shows(there, "Album");
    const back = (await it.server.call("GET", "/databases/imported/stores/Album/export")).trim().split("\n");
    assert.deepEqual(back.map((line) => JSON.parse(line)), all.map((line) => JSON.parse(line)));

    const broken = await choose(there, [{ name: "broken.parquet", mimeType: "application/octet-stream", buffer: bytes.subarray(0, bytes.length / 2) }]);
    await broken.getByText("This is no whole Parquet file: it does not end as one.").first().waitFor();
    assert.ok(await broken.getByRole("button", { name: "Import 1 file" }).isDisabled());
  });

  test("on a phone the dialog is whole and in reach", async () => {
    const { page } = await it.open("/d/imported", PHONE);
    const dialog = await choose(page, [{ name: "customers2.csv", buffer: Buffer.from(CSV) }]);
    await dialog.getByRole("tab", { name: /^Fields/ }).click();
    await accessible(page, "import on a phone");
    await picture(page, "import-phone");
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 390);
    await dialog.getByRole("button", { name: "Import 1 file" }).scrollIntoViewIfNeeded();
    await dialog.getByRole("button", { name: "Import 1 file" }).click();
    await dialog.getByRole("button", { name: /^Show/ }).waitFor();
  });
});
