// The design: the diagram, a store by a form, as JSON and SQL, its review; discovery; what is done with a whole store.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { picture, ready } from "../support/browser.js";
import { load, table, whole } from "../support/data.js";
import { shows, until } from "../support/page.js";
import { accessible } from "../support/query.js";
import { scene } from "../support/scene.js";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
const DB = "/databases/chinook";
const HOSTILE = "<img src=x onerror=alert(1)>\"'&";

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page */
const pane = (page) => page.locator("sop-store-pane section");
/** @param {Page} page @param {string} name */
const card = (page, name) => page.locator(`.entity[data-card="${name}"]`);
/** @param {Page} page */
const review = (page) => page.getByRole("dialog", { name: "Review" });
/** @param {Page} page @param {string} text */
const said = (page, text) => page.locator(".toast").getByText(text).waitFor();

/** @param {import("../support/server.js").Server} server */
async function prepare(server) {
  await load(server, "chinook", whole ? undefined : ["Album", "Artist", "Invoice"]);
  /** @param {string} store @param {[string, string][]} to */
  const relate = (store, to) => server.call("PATCH", `${DB}/stores/${store}`, { body: { relations: to.map(([field, target]) => ({ source_fields: [field], target_store: target, target_fields: [`${target}Id`] })) } });
  await relate("Album", [["ArtistId", "Artist"]]);
  if (!whole) return;
  await relate("Track", [["AlbumId", "Album"], ["GenreId", "Genre"], ["MediaTypeId", "MediaType"]]);
  await relate("InvoiceLine", [["TrackId", "Track"]]);
  await relate("Invoice", [["CustomerId", "Customer"]]);
  await relate("PlaylistTrack", [["PlaylistId", "Playlist"], ["TrackId", "Track"]]);
}

describe("the design", () => {
  const it = scene({ prepare });
  const open = async (path = "/d/chinook/design", options = {}) => {
    const one = await it.open(path, options);
    await one.page.locator("sop-design .canvas").waitFor();
    return one;
  };
  const store = (/** @type {string} */ name) => it.server.call("GET", `${DB}/stores/${encodeURIComponent(name)}`);

  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    test(`the diagram and the pane have no serious finding, ${colorScheme}`, async () => {
      const { page } = await open("/d/chinook/design", { colorScheme });
      await card(page, "Album").getByText("ArtistId").waitFor();
      assert.equal(await page.title(), "Design · chinook · SOP");
      await picture(page, `design-diagram-${colorScheme}`);
      await accessible(page, "diagram");
      await card(page, "Album").click();
      await pane(page).getByText("All ").first().waitFor();
      await picture(page, `design-pane-${colorScheme}`);
      await accessible(page, "pane");
      for (const name of ["JSON", "SQL", "Items"]) {
        await pane(page).getByRole("tab", { name }).click();
        if (name === "Items") await pane(page).getByText("from all items").waitFor();
        await accessible(page, name);
        await picture(page, `design-${name.toLowerCase()}-${colorScheme}`);
      }
    });
  }

  test("a store is designed by the form, reviewed, and made with its seed item", async () => {
    const { page } = await open();
    await page.getByRole("button", { name: "Store", exact: true }).click();
    await page.waitForURL(/\/design\?new/);
    const form = pane(page);
    await form.getByLabel("Name", { exact: true }).fill("Review");
    await form.getByLabel("Name of key field 1").fill("AlbumId");
    await form.getByRole("button", { name: "Field", exact: true }).click();
    await form.getByLabel("Name of key field 2").fill("PostedAt");
    await form.getByLabel("Type of PostedAt").selectOption("date");
    await form.getByRole("button", { name: "Order of PostedAt: Rising" }).click();
    await form.getByRole("button", { name: "Field", exact: true }).click();
    await form.getByLabel("Name of key field 3").fill("Reviewer");
    // The grip moves by keys and by dragging.
    await form.getByRole("button", { name: "Move Reviewer", exact: true }).focus();
    await page.keyboard.press("ArrowUp");
    await until(async () => (await form.getByLabel(/^Name of key field/).evaluateAll((list) => list.map((one) => one.value))).join() === "AlbumId,Reviewer,PostedAt", "moved up");
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("aria-label")), "Move Reviewer");
    const [from, to] = [await form.getByRole("button", { name: "Move Reviewer", exact: true }).boundingBox(), await form.getByRole("button", { name: "Move PostedAt", exact: true }).boundingBox()];
    assert.ok(from && to);
    await page.mouse.move(from.x + 8, from.y + 8);
    await page.mouse.down();
    await page.mouse.move(to.x + 8, to.y + 12, { steps: 4 });
    await page.mouse.up();
    await until(async () => (await form.getByLabel(/^Name of key field/).evaluateAll((list) => list.map((one) => one.value))).join() === "AlbumId,PostedAt,Reviewer", "dragged down");
    await form.getByRole("button", { name: "Add a ride-on field" }).click();
    await form.getByLabel("Name of ride-on field 1").fill("Source");
    for (const [n, name, type] of [[1, "Stars", "integer"], [2, "Text", "string"]]) {
      await form.getByRole("button", { name: "Add a field of the value" }).click();
      await form.getByLabel(`Name of value field ${n}`).fill(name);
      await form.getByLabel(`Type of ${name}`).selectOption(type);
    }
    await form.getByLabel("Stars required").check();
    await form.getByRole("button", { name: "Relation" }).click();
    await form.getByLabel("Store of relation 1").selectOption("Album");
    assert.equal(await form.getByLabel("Target field of relation 1").inputValue(), "AlbumId");
    await form.getByLabel("Slot length").fill("500");
    await form.getByLabel("Slot length").press("Tab");
    await form.getByRole("button", { name: "Item", exact: true }).click();
    await form.getByText("matches the schema").waitFor();
    await card(page, "Review").getByText("draft").waitFor();
    await picture(page, "design-new");
    await accessible(page, "new store");
    // A draft survives a reload.
    await page.reload();
    await ready(page);
    assert.equal(await form.getByLabel("Name", { exact: true }).inputValue(), "Review");
    await form.getByRole("tab", { name: "SQL" }).click();
    await form.getByText("PRIMARY KEY (AlbumId, PostedAt DESC, Reviewer)").waitFor();
    await page.keyboard.press("Control+s");
    await review(page).getByText("Seed item").waitFor();
    await picture(page, "design-review");
    await accessible(page, "review");
    await review(page).getByRole("button", { name: /^Create store/ }).click();
    await said(page, "Review is made.");
    const made = await store("Review");
    assert.deepEqual(made.key, { type: "composite", fields: [{ name: "AlbumId", type: "i64", order: "asc" }, { name: "PostedAt", type: "date", order: "desc" }, { name: "Reviewer", type: "string", order: "asc" }], ride_on: [{ name: "Source", type: "string" }] });
    assert.deepEqual(made.schema, { declared: true, fields: [{ name: "Stars", type: "integer", required: true }, { name: "Text", type: "string", required: false }] });
    assert.deepEqual([made.slot_length, made.count, made.relations[0].target_store], [500, 1, "Album"]);
    await page.waitForURL(/\/s\/Review\/design$/);
  });

  test("what is locked says why, description and relations change, and back goes back", async () => {
    const { page } = await open();
    await card(page, "Artist").focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/s\/Artist\/design$/);
    const form = pane(page);
    await form.getByText(/^Fixed while there are items: Artist has/).waitFor();
    assert.ok(await form.getByLabel("Slot length").isDisabled());
    assert.ok(await form.getByLabel("Name of key field 1").isDisabled());
    await form.getByLabel("Description").fill("People who make albums");
    await form.getByRole("button", { name: /^Review/ }).click();
    await review(page).getByText("People who make albums").waitFor();
    await review(page).getByRole("button", { name: /^Apply/ }).click();
    await said(page, "Artist is changed.");
    assert.equal((await store("Artist")).description, "People who make albums");
    await page.goBack();
    await page.waitForURL(/\/d\/chinook\/design$/);
    await pane(page).waitFor({ state: "detached" });
    await page.goForward();
    await pane(page).waitFor();
  });

  test("JSON changes the form, says where it is wrong, and refuses what is fixed", async () => {
    const { page } = await open("/d/chinook/s/Artist/design?pane=json");
    const text = pane(page).getByLabel("Definition as JSON");
    const value = JSON.parse(await text.inputValue());
    await text.fill(JSON.stringify({ ...value, slot_length: 7 }));
    await pane(page).getByText("slot_length is fixed while the store has items.").first().waitFor();
    await text.fill("{ \"name\": ");
    await pane(page).getByText(/^Line 1, column/).first().waitFor();
    await text.fill(JSON.stringify({ ...value, nme: 1 }));
    await pane(page).getByText(/^There is no setting nme/).first().waitFor();
    await text.fill(JSON.stringify({ ...value, cache: { ttl_seconds: 60 } }));
    await pane(page).getByRole("tab", { name: "Form" }).click();
    assert.equal(await pane(page).getByLabel("Cache").inputValue(), '{"ttl_seconds":60}');
    await pane(page).getByRole("button", { name: "Discard" }).click();
    await said(page, "The changes of Artist are discarded.");
    assert.equal(await pane(page).getByLabel("Cache").inputValue(), "");
  });

  test("an expression is checked as it is typed, and a new order is rebuilt or refused", async () => {
    const keys = { type: "composite", fields: [{ name: "name", type: "string" }, { name: "n", type: "i64" }] };
    await it.server.call("POST", `${DB}/stores`, { body: { name: "ordered", key: keys } });
    await it.server.change("chinook", [["b", 1], ["A", 2], ["a", 300]].map(([name, n]) => ({ op: "insert", store: "ordered", key: { name, n }, value: {} })));
    const { page } = await open("/d/chinook/s/ordered/design");
    const form = pane(page);
    await form.getByRole("button", { name: "Change the order" }).click();
    await form.getByRole("radio", { name: "Sort key" }).click();
    const text = form.getByLabel("CEL expression");
    await text.fill("key.nme");
    await form.getByRole("button", { name: "Use name" }).click();
    assert.equal(await text.inputValue(), "key.name");
    await text.fill("[key.name.lowerAscii(), -key.n");
    await form.locator(".cel-fault").waitFor();
    await text.fill("[key.name.lowerAscii(), -key.n]");
    await form.getByText("Orders 3 keys of ordered anew.").waitFor();
    assert.deepEqual((await form.locator(".cel-order li").allTextContents()).map((one) => one.trim()), ["a / 300", "A / 2", "b / 1"]);
    await form.getByLabel("First key to compare").fill('{"name":"B","n":1}');
    await form.getByLabel("Second key to compare").fill('{"name":"a","n":1}');
    await form.getByText("Y comes before X").waitFor();
    await picture(page, "design-cel");
    await accessible(page, "expression");
    await form.getByRole("button", { name: /^Review/ }).click();
    const rebuild = review(page).getByRole("button", { name: /^Rebuild/ });
    assert.ok(await rebuild.isDisabled());
    await review(page).getByRole("textbox").fill("ordered");
    await picture(page, "design-rebuild");
    await rebuild.click();
    await said(page, "3 items of ordered stand in the new order.");
    const { items } = await it.server.call("GET", `${DB}/stores/ordered/items`);
    assert.deepEqual(items.map((/** @type {any} */ one) => one.key.n), [300, 2, 1]);
    // A type that an item does not fit: refused with the item, and nothing is changed.
    await form.getByRole("button", { name: "Change the order" }).click();
    await form.getByLabel("Type of n", { exact: true }).selectOption("i8");
    await form.getByRole("button", { name: /^Review/ }).click();
    await review(page).getByRole("textbox").fill("ordered");
    await review(page).getByRole("button", { name: /^Rebuild/ }).click();
    const refused = page.getByRole("dialog", { name: "The order was refused" });
    await refused.getByText(/300/).waitFor();
    await picture(page, "design-refused");
    assert.equal((await store("ordered")).key.fields[1].type, "i64");
  });

  test("what the items show becomes relations and a declared schema", async () => {
    await it.server.call("PATCH", `${DB}/stores/Album`, { body: { relations: [] } });
    const { page } = await open("/d/chinook/s/Album/design?pane=items");
    const form = pane(page);
    await form.getByText(`All ${new Set(table("Album").rows.map((one) => one.ArtistId)).size} values find their Artist`).waitFor();
    await form.getByRole("button", { name: "values of ArtistId" }).click();
    await form.locator(".top-values li").first().waitFor();
    await form.getByRole("button", { name: "Add the relation to Artist" }).click();
    await form.getByRole("button", { name: "Declare this schema" }).click();
    await review(page).getByText("ArtistId").first().waitFor();
    await review(page).getByRole("button", { name: /^Apply/ }).click();
    await said(page, "Album is changed.");
    const album = await store("Album");
    assert.equal(album.schema.declared, true);
    assert.deepEqual(album.schema.fields.find((/** @type {any} */ one) => one.name === "Title"), { name: "Title", type: "string", required: true });
    assert.deepEqual(album.relations, [{ source_fields: ["ArtistId"], target_store: "Artist", target_fields: ["ArtistId"] }]);
  });

  test("fields are connected by dragging: a proposal that the review makes", async () => {
    await it.server.call("POST", `${DB}/stores`, { body: { name: "Note", key: { type: "i64" }, schema: { declared: true, fields: [{ name: "about", type: "integer" }] } } });
    const { page } = await open();
    const field = card(page, "Note").locator("li", { hasText: "about" });
    await field.hover();
    const port = await field.locator(".port").boundingBox();
    const target = await card(page, "Artist").locator("li", { hasText: "ArtistId" }).boundingBox();
    assert.ok(port && target);
    await page.mouse.move(port.x + 10, port.y + 8);
    await page.mouse.down();
    await page.mouse.move(target.x + 40, target.y + 10, { steps: 6 });
    await picture(page, "design-connect");
    await page.mouse.up();
    const dialog = page.getByRole("dialog", { name: "New relation" });
    assert.deepEqual(await dialog.getByRole("combobox").evaluateAll((list) => list.map((one) => one.value)), ["Note", "about", "Artist", "ArtistId"]);
    await picture(page, "design-relation");
    await accessible(page, "relation");
    await dialog.getByRole("button", { name: /^Propose/ }).click();
    await page.waitForURL(/\/s\/Note\/design$/);
    assert.deepEqual((await store("Note")).relations, [], "nothing is made before its review");
    await page.keyboard.press("Control+s");
    await review(page).getByRole("button", { name: /^Apply/ }).click();
    await said(page, "Note is changed.");
    assert.equal((await store("Note")).relations[0].target_store, "Artist");
  });

  test("cards stay where they were put, are walked by keys, found, and shown with what is near", async () => {
    const { page } = await open();
    const box = async (/** @type {string} */ name) => card(page, name).evaluate((one) => [one.style.left, one.style.top]);
    const before = await box("Artist");
    await card(page, "Artist").focus();
    await page.keyboard.press("Alt+ArrowDown");
    await until(async () => (await box("Artist"))[1] === `${parseInt(before[1]) + 20}px`, "moved by a key");
    const place = await card(page, "Artist").locator("h2").boundingBox();
    assert.ok(place);
    await page.mouse.move(place.x + 60, place.y + 10);
    await page.mouse.down();
    await page.mouse.move(place.x + 100, place.y + 40, { steps: 4 });
    await page.mouse.up();
    const moved = await box("Artist");
    assert.notDeepEqual(moved, before);
    assert.equal(await pane(page).count(), 0, "a drag does not open");
    await page.reload();
    await card(page, "Artist").waitFor();
    assert.deepEqual(await box("Artist"), moved);
    await page.getByLabel("Find a store").fill("albu");
    await page.keyboard.press("Enter");
    await until(() => page.evaluate(() => document.activeElement?.getAttribute("data-card") === "Album"), "the card has the keyboard");
    await page.getByLabel("Find a store").fill("");
    await page.getByRole("button", { name: "1 step" }).click();
    await until(async () => (await card(page, "Invoice").count()) === 0 && (await card(page, "Artist").count()) === 1, "neighbours only");
    await page.getByRole("button", { name: "All", exact: true }).click();
    await page.getByRole("button", { name: "Larger" }).click();
    await card(page, "Album").focus();
    await page.keyboard.press("-");
    await page.keyboard.press("0");
    await page.keyboard.press("Shift+ArrowLeft");
    await card(page, "Invoice").waitFor();
  });

  test("the diagram is saved as SVG and PNG, and is text for other tools", async () => {
    const { page } = await open();
    for (const [name, start] of [["SVG", "<svg"], ["PNG", "\u0089PNG"]]) {
      await page.getByRole("button", { name: "More", exact: true }).first().click();
      const saved = page.waitForEvent("download");
      await page.getByRole("menuitem", { name: `Diagram as ${name}` }).click();
      const file = await saved;
      const bytes = await readFile(await file.path());
      assert.equal(file.suggestedFilename(), `chinook.${name.toLowerCase()}`);
      assert.equal(bytes.toString("latin1").slice(0, start.length), start);
      if (name === "SVG") assert.ok(bytes.toString().includes(">Album<"));
      else assert.ok(bytes.length > 5_000, "there is something in the picture");
    }
    await page.getByRole("button", { name: "Text", exact: true }).click();
    const text = page.getByRole("dialog", { name: "Diagram as Mermaid" });
    await text.getByText("Album }o--|| Artist").waitFor();
    await text.getByRole("button", { name: "As DBML" }).click();
    await page.getByRole("dialog", { name: "Diagram as DBML" }).getByText('Ref: "Album"."ArtistId" > "Artist"."ArtistId"').waitFor();
    await picture(page, "design-dbml");
  });

  test("a store is renamed, duplicated, emptied and deleted", async () => {
    await it.server.import("chinook", "many", Array.from({ length: 9000 }, (_, n) => JSON.stringify({ id: n, v: n % 7 })).join("\n"), "id");
    const { page } = await open("/d/chinook/s/many/design");
    const act = async (/** @type {string} */ name) => {
      await pane(page).getByRole("button", { name: "More" }).click();
      await page.getByRole("menuitem", { name }).click();
    };
    await act("Rename many");
    let dialog = page.getByRole("dialog", { name: "Rename many" });
    await dialog.getByLabel("New name").fill("lots");
    await dialog.getByRole("button", { name: /^Rename/ }).click();
    await said(page, "many is lots now.");
    await page.waitForURL(/\/s\/lots\/design$/);
    await act("Duplicate lots");
    dialog = page.getByRole("dialog", { name: "Duplicate lots" });
    await dialog.getByRole("button", { name: /^Duplicate/ }).click();
    await said(page, "lots copy is a copy of lots.");
    assert.equal((await store("lots copy")).count, 9000);
    await page.waitForURL(/\/s\/lots%20copy\/design$/);
    await act("Empty lots copy");
    dialog = page.getByRole("dialog", { name: "Empty lots copy" });
    const main = dialog.getByRole("button", { name: /^Delete all items/ });
    assert.ok(await main.isDisabled());
    await dialog.getByRole("textbox").fill("lots copy");
    await main.click();
    await said(page, "9,000 items of lots copy are deleted.");
    assert.equal((await store("lots copy")).count, 0);
    await pane(page).getByText("Slot length").waitFor();
    assert.ok(!(await pane(page).getByLabel("Slot length").isDisabled()), "structure is free again");
    await act("Delete lots copy");
    dialog = page.getByRole("dialog", { name: "Delete lots copy" });
    await dialog.getByRole("textbox").fill("lots copy");
    await dialog.getByRole("button", { name: /^Delete store/ }).click();
    await said(page, "lots copy is deleted.");
    await page.waitForURL(/\/d\/chinook\/design$/);
    await assert.rejects(store("lots copy"));
  });

  test("hostile names stay text in the diagram and the pane", async () => {
    await it.server.createDatabase("hostile");
    await it.server.call("POST", "/databases/hostile/stores", { body: { name: HOSTILE.replaceAll("/", ""), description: HOSTILE, key: { type: "composite", fields: [{ name: HOSTILE, type: "string" }] }, schema: { declared: true, fields: [{ name: `${HOSTILE}v`, type: "string" }] }, relations: [{ source_fields: [HOSTILE], target_store: HOSTILE, target_fields: [HOSTILE] }] } });
    await it.server.change("hostile", [{ op: "insert", store: HOSTILE, key: { [HOSTILE]: HOSTILE }, value: { [`${HOSTILE}v`]: HOSTILE } }]);
    const { page } = await open("/d/hostile/design");
    await page.locator(".entity").first().click();
    await pane(page).getByText("1 values find their").waitFor();
    await pane(page).getByRole("tab", { name: "Items" }).click();
    await pane(page).getByText("from all items").waitFor();
    await pane(page).getByRole("tab", { name: "SQL" }).click();
    assert.equal(await page.locator("sop-design img").count(), 0);
  });

  test("on a phone the pane covers the diagram, and a store is designed there", async () => {
    const { page } = await open("/d/chinook/design", PHONE);
    await card(page, "Album").waitFor();
    await picture(page, "phone-design-diagram");
    await accessible(page, "phone, diagram");
    await page.getByRole("button", { name: "Store", exact: true }).tap();
    const form = pane(page);
    await form.getByLabel("Name", { exact: true }).fill("OnPhone");
    await picture(page, "phone-design-new");
    await accessible(page, "phone, new store");
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390, "nothing is wider than the screen");
    await form.getByRole("button", { name: /^Review/ }).tap();
    await picture(page, "phone-design-review");
    await review(page).getByRole("button", { name: /^Create store/ }).tap();
    await said(page, "OnPhone is made.");
    await form.getByRole("button", { name: "Close" }).tap();
    await card(page, "OnPhone").waitFor({ state: "attached" });
  });

  test("the rows and the design lead to each other", async () => {
    const { page } = await it.open("/d/chinook/s/Artist");
    await shows(page, "Artist");
    await page.keyboard.press("Alt+d");
    await page.waitForURL(/\/d\/chinook\/design$/);
    await card(page, "Artist").waitFor();
    await page.getByRole("navigation", { name: "Parts" }).getByRole("link", { name: "Browse" }).click();
    await shows(page, "Artist");
    const missing = await page.request.get(`${it.server.origin}/d/chinook/s/nothing/design`);
    assert.equal(missing.status(), 404);
  });
});
