// The studio of scripts: made from nothing, run, reviewed, saved, versioned, by mouse and by keys.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { picture } from "../support/browser.js";
import { load, table } from "../support/data.js";
import { until } from "../support/page.js";
import { scene } from "../support/scene.js";
import { addStep, address, card, chip, code, ended, fill, kept, leave, opener, say, shown, titles, toggle } from "../support/scripts.js";

const albums = table("Album").rows;
const ofArtist = (/** @type {number} */ id) => albums.filter((one) => one.ArtistId === id);
const ARTIST = albums[0].ArtistId;

describe("the studio of scripts", () => {
  const it = scene({ prepare: (server) => load(server, "chinook", ["Album", "Artist"]) });
  const open = opener(it);
  const begin = async (/** @type {any} */ options = {}) => {
    const one = await it.open("/scripts?db=chinook", options);
    await one.page.getByRole("button", { name: "New script" }).first().click();
    await one.page.getByRole("textbox", { name: "Name", exact: true }).waitFor();
    return one;
  };
  const item = async (/** @type {any} */ key) => (await it.server.item("chinook", "Album", key))?.value;

  test("a script is made by mouse: parameters, an if in a loop; a dry run is reviewed, then committed", async () => {
    const { page } = await begin();
    assert.equal(await page.title(), "New script · chinook · SOP");
    await page.getByLabel("Category", { exact: true }).fill("music");
    await page.getByRole("textbox", { name: "Name", exact: true }).fill("mark albums");
    await page.getByRole("textbox", { name: "What it is for" }).fill("Marks the albums of an artist.");
    await picture(page, "scripts-new");
    // A parameter with a type and a default.
    await page.getByRole("button", { name: "Parameter", exact: true }).click();
    const definition = page.locator(".definition");
    await definition.getByLabel("Name").fill("artist");
    await definition.getByLabel("Type").selectOption("integer");
    await definition.getByLabel("Default").fill(String(ARTIST));
    await definition.getByLabel("Help").fill("number of the artist");
    await picture(page, "scripts-parameter");
    await definition.getByRole("button", { name: "Done" }).click();
    // Read, loop, decide, write, say.
    await page.locator(".first-step").getByRole("button", { name: "Read items" }).click();
    await card(page, "/steps/0").getByRole("combobox", { name: "Store" }).fill("Album");
    await fill(page, code(page, "Filter"), '{"ArtistId": "{{artist}}"}');
    await card(page, "/steps/0").getByRole("textbox", { name: "Result goes to" }).fill("albums");
    await addStep(page, "loop", page.locator(".steps + .add").getByRole("button", { name: "Step" }));
    await fill(page, code(page, "List"), "albums");
    await page.getByRole("textbox", { name: "Each element is" }).fill("album");
    await addStep(page, "if", card(page, "/steps/1").getByRole("button", { name: "Add a step: For each" }));
    await fill(page, code(page, "Condition"), "size(album.Title) > 3");
    await addStep(page, "update", card(page, "/steps/1/steps/0").getByRole("button", { name: "Add a step: Then" }));
    await page.getByRole("combobox", { name: "Store" }).fill("Album");
    await fill(page, code(page, "Key"), "{{album.AlbumId}}");
    await fill(page, code(page, "Set"), '{"Title": "marked"}');
    await addStep(page, "say", page.locator(".steps + .add").getByRole("button", { name: "Step" }));
    await fill(page, code(page, "Message"), "{{artist}} is marked.");
    await page.keyboard.press("Escape");
    assert.deepEqual(await titles(page), ["Read items", "Loop", "If", "Update", "Say"]);
    await picture(page, "scripts-made");
    await page.getByRole("button", { name: "Dry run" }).click();
    const review = page.getByRole("dialog", { name: "Review" });
    const expected = ofArtist(ARTIST).filter((one) => one.Title.length > 3);
    await review.getByRole("heading", { name: new RegExp(`Review ${expected.length} change`) }).waitFor();
    assert.equal((await item(expected[0].AlbumId)).Title, expected[0].Title, "a dry run changes nothing");
    await picture(page, "scripts-review");
    await review.getByRole("button", { name: /^Commit/ }).click();
    await page.locator(".toast.ok").getByText(new RegExp(`${expected.length} changes? committed`)).waitFor();
    assert.equal((await item(expected[0].AlbumId)).Title, "marked");
    await ended(page, "Done");
    await page.getByRole("tab", { name: /^Changes/ }).click();
    assert.equal(await page.locator(".run-changes .card").count(), expected.length);
    const stores = page.getByRole("list", { name: "Changed stores" });
    await stores.getByText(`${expected.length} updated`).waitFor();
    await picture(page, "scripts-ran");
    await stores.getByRole("button", { name: "Album" }).click();
    await until(() => address(page) === "/d/chinook/s/Album", "the store is shown");
    await page.goBack();
    await shown(page);
    // Saving gives it its address.
    await page.keyboard.press("Control+s");
    const dialog = page.getByRole("dialog", { name: "Save the script" });
    await dialog.getByRole("button", { name: "Save" }).click();
    await page.locator(".toast.ok").getByText("mark albums is saved as version 1.").waitFor();
    assert.equal(address(page), "/scripts/music/mark%20albums");
    const stored = await it.server.call("GET", "/scripts/music/mark%20albums");
    assert.equal(stored.script.parameters[0].default, ARTIST);
    assert.equal(stored.script.steps[1].steps[0].then[0].args.key, "{{album.AlbumId}}");
    await page.getByRole("treeitem", { name: /mark albums/ }).waitFor();
  });

  test("a script is made, moved about, run and saved by keys alone", async () => {
    const { page } = await it.open("/d/chinook/s/Album");
    await page.keyboard.press("Alt+t");
    await page.getByRole("region", { name: "All scripts" }).or(page.getByText("No scripts yet")).first().waitFor();
    await page.keyboard.press("Alt+n");
    await until(async () => (await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))) === "Name", "the name has the focus");
    await page.keyboard.type("by keys");
    await addStep(page, "say");
    await until(async () => (await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))) === "Message", "the first field that is needed has the focus");
    await page.keyboard.type("one");
    await leave(page);
    await addStep(page, "if");
    await until(async () => (await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))) === "Condition", "the condition has the focus");
    await page.keyboard.type("1 < 2");
    await leave(page);
    await addStep(page, "query by sql");
    await until(async () => (await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))) === "SQL", "the statement has the focus");
    await page.keyboard.type("SELECT Title FROM Album LIMIT 3");
    await leave(page);
    assert.deepEqual(await titles(page), ["Say", "If", "Query"]);
    await page.keyboard.press("Alt+ArrowRight");
    await card(page, "/steps/1/then/0").waitFor();
    await page.keyboard.press("Alt+ArrowUp");
    assert.deepEqual(await titles(page), ["Say", "Query", "If"]);
    await page.keyboard.press("Alt+ArrowDown");
    await page.keyboard.press("Alt+ArrowRight");
    await card(page, "/steps/1/then/0").waitFor();
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Control+d");
    assert.deepEqual(await titles(page), ["Say", "Say", "If", "Query"]);
    await page.keyboard.press("Control+/");
    await card(page, "/steps/1").getByText("disabled").first().waitFor();
    await page.keyboard.press("F5");
    await ended(page, "Done");
    assert.equal(await page.locator(".script-log .say").count(), 1, "the disabled step says nothing");
    await page.getByRole("tab", { name: "Output 3" }).waitFor();
    await page.keyboard.press("Delete");
    assert.deepEqual(await titles(page), ["Say", "If", "Query"]);
    await page.keyboard.press("Control+z");
    assert.equal((await titles(page)).length, 4);
    await page.keyboard.press("Control+s");
    await page.getByRole("dialog", { name: "Save the script" }).waitFor();
    await page.keyboard.press("Enter");
    await page.locator(".toast.ok").getByText("by keys is saved").waitFor();
    const { script } = await it.server.call("GET", "/scripts/general/by%20keys");
    assert.deepEqual(script.steps.map((/** @type {any} */ one) => [one.type, one.disabled ?? false]), [["say", false], ["say", true], ["if", false]]);
    assert.equal(script.steps[2].then[0].args.sql, "SELECT Title FROM Album LIMIT 3");
  });

  test("steps are dragged among each other and into a block; Esc gives it up", async () => {
    const { page } = await open({ steps: [say("a", { name: "first" }), say("b", { name: "second" }), { type: "block", name: "block", steps: [say("c", { name: "inside" })] }, say("d", { name: "last" })] });
    const drag = async (/** @type {string} */ from, /** @type {import("playwright-core").Locator} */ to, /** @type {number} */ share, give = true) => {
      await card(page, from).locator(":scope > header").hover();
      await card(page, from).locator(":scope > header .grip").hover();
      await page.mouse.down();
      const box = /** @type {any} */ (await to.boundingBox());
      await page.mouse.move(box.x + 60, box.y + box.height * share, { steps: 6 });
      if (give) await page.locator(".drop").waitFor();
      else await page.keyboard.press("Escape");
      await page.mouse.up();
    };
    await drag("/steps/3", card(page, "/steps/0"), 0.2);
    await until(async () => (await titles(page)).join() === "last,first,second,block,inside", "the last is first");
    await drag("/steps/0", card(page, "/steps/3").locator(".branch > .add"), 0.5);
    await until(async () => (await titles(page)).join() === "first,second,block,inside,last", "it went into the block");
    await card(page, "/steps/2/steps/1").waitFor();
    await drag("/steps/2", card(page, "/steps/0"), 0.2, false);
    assert.equal((await titles(page)).join(), "first,second,block,inside,last");
    await drag("/steps/2", card(page, "/steps/0"), 0.2);
    await until(async () => (await titles(page)).join() === "block,inside,last,first,second", "a block takes along what is in it");
    await page.keyboard.press("Control+z");
    assert.equal((await titles(page)).join(), "first,second,block,inside,last");
  });

  test("what is wrong stands at its step and field, with a name to take; nothing runs before it is mended", async () => {
    const { page } = await open({ steps: [{ type: "fetch", store: "Album", limit: 3, output: "albums" }, say("{{albums[0].Title}}")] });
    await toggle(page, "/steps/1").click();
    await fill(page, code(page, "Message"), "{{album[0].Title}}");
    const field = card(page, "/steps/1").locator(".field-of", { hasText: "Message" });
    await field.getByRole("alert").getByText('There is no variable "album"').waitFor();
    await page.keyboard.press("F5");
    await page.locator(".toast.warn").getByText(/no variable "album"/).waitFor();
    assert.equal(await chip(page).count(), 0, "it did not run");
    await picture(page, "scripts-fault");
    await field.getByRole("button", { name: "albums" }).click();
    await until(async () => (await field.getByRole("alert").count()) === 0, "it is mended");
    assert.equal(await code(page, "Message").textContent(), "{{albums[0].Title}}");
    // A field that is needed is no fault before somebody wants to run.
    await addStep(page, "if");
    assert.equal(await card(page, "/steps/2").getByRole("alert").count(), 0);
    await page.keyboard.press("F5");
    await card(page, "/steps/2").locator(".field-of", { hasText: "Condition" }).getByRole("alert").waitFor();
    await fill(page, code(page, "Condition"), "1 +");
    await card(page, "/steps/2").getByRole("alert").filter({ hasText: /./ }).first().waitFor();
    assert.equal(await code(page, "Condition").getAttribute("aria-invalid"), "true");
    // JSON that is not whole is kept as text, and not taken.
    await toggle(page, "/steps/0").click();
    await fill(page, code(page, "Filter"), '{"ArtistId": ');
    assert.equal(await card(page, "/steps/0").getByText(/Not JSON yet/).count(), 0, "what is being typed is not wrong yet");
    await page.keyboard.press("F5");
    await card(page, "/steps/0").getByText(/Not JSON yet/).waitFor();
    await page.locator(".toast.warn").getByText(/Not JSON yet/).waitFor();
  });

  test("a step that fails says so at its card, and its log line leads there", async () => {
    const { page, watch } = await open({ parameters: [{ name: "most", type: "integer", default: 2 }], steps: [{ type: "fetch", store: "Album", limit: 5, output: "albums" }, { type: "block", steps: [{ type: "assert", name: "Few", condition: "size(albums) <= most", message: "There are {{most}} at most." }] }, say("never")] });
    watch.expect(/422/);
    await page.keyboard.press("F5");
    await ended(page, "Failed");
    await card(page, "/steps/1/steps/0").getByRole("alert").getByText("There are 2 at most.").waitFor();
    assert.match((await card(page, "/steps/0").getAttribute("class")) ?? "", /done/);
    assert.match((await card(page, "/steps/1/steps/0").getAttribute("class")) ?? "", /failed/);
    await picture(page, "scripts-failed");
    await page.getByRole("tab", { name: "Run log" }).click();
    await page.locator(".script-log .fail button").first().click();
    assert.equal(await toggle(page, "/steps/1/steps/0").getAttribute("aria-expanded"), "true");
    // Arguments that do not fit are said at their field; with one that does it runs.
    await page.locator("[data-argument=most]").fill("many");
    await page.keyboard.press("Enter");
    await page.locator(".argument").getByRole("alert").getByText(/not a whole number/).waitFor();
    await page.locator("[data-argument=most]").fill("5");
    await page.keyboard.press("Enter");
    await ended(page, "Done");
  });

  test("it runs to a step, and what each variable holds is shown after each step", async () => {
    const { page } = await open({ steps: [{ type: "set", variable: "a", value: "1 + 1" }, { type: "loop", list: "[1, 2, 3]", item: "one", steps: [{ type: "set", variable: "a", value: "a + one" }] }, { type: "tool", tool: "update", args: { store: "Album", key: albums[1].AlbumId, set: { Title: "{{a}} times" } } }] });
    const variable = page.locator(".variables tr", { hasText: /^a/ });
    await toggle(page, "/steps/1").click();
    await page.keyboard.press("Control+F10");
    await ended(page, "Stopped after step 2 · nothing kept");
    await page.keyboard.press("Escape");
    await page.getByText("after step 2", { exact: true }).waitFor({ state: "detached" });
    assert.match((await variable.textContent()) ?? "", /8/);
    assert.match((await card(page, "/steps/1").locator(":scope > header .end").textContent()) ?? "", /3 of 3/);
    await page.getByRole("button", { name: "Continue", exact: false }).waitFor();
    await picture(page, "scripts-stepped");
    await toggle(page, "/steps/0").click();
    await page.getByText("after step 1", { exact: true }).waitFor();
    assert.match((await variable.textContent()) ?? "", /2/);
    await card(page, "/steps/0").getByRole("button", { name: "Run to here" }).click();
    await ended(page, "Stopped after step 1");
    assert.equal((await item(albums[1].AlbumId)).Title, albums[1].Title);
    // On to the end: what it would change is reviewed, as ever.
    await page.getByRole("button", { name: "Continue" }).click();
    const review = page.getByRole("dialog", { name: "Review" });
    await review.getByRole("button", { name: "Commit 1 change" }).click();
    await page.locator(".toast.ok").getByText("1 change committed").waitFor();
    await page.getByRole("button", { name: /^Run/ }).first().waitFor();
    assert.equal((await item(albums[1].AlbumId)).Title, "8 times");
  });

  test("data that changes between the review and the commit is not written over", async () => {
    const album = albums.at(-1);
    const { page } = await open({ steps: [{ type: "tool", tool: "update", args: { store: "Album", key: album.AlbumId, set: { Title: "new" } } }] });
    await page.keyboard.press("F5");
    const review = page.getByRole("dialog", { name: "Review" });
    await review.waitFor();
    await it.server.change("chinook", [{ op: "patch", store: "Album", key: album.AlbumId, patch: { Title: "other" } }]);
    await review.getByRole("button", { name: /^Commit/ }).click();
    await review.getByRole("alert").getByText(/The data changed since the dry run/).waitFor();
    assert.equal((await item(album.AlbumId)).Title, "other");
    await page.keyboard.press("Escape");
    await page.keyboard.press("F5");
    await review.getByText("other").waitFor();
    await review.getByRole("button", { name: /^Commit/ }).click();
    await until(async () => (await item(album.AlbumId)).Title === "new", "written");
  });

  test("rows stream into the grid, and a run is stopped", async () => {
    const { page } = await open({ steps: [{ type: "tool", tool: "query", name: "Rows", args: { sql: "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c LIMIT 2000" } }, { type: "tool", tool: "query", name: "Endless", args: { sql: "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c" } }] });
    await page.keyboard.press("F5");
    await page.getByRole("tab", { name: /^Output 2,000/ }).waitFor();
    await page.getByRole("tab", { name: /^Output/ }).click();
    await until(async () => (await page.locator("#script-rows .grid-body .tr:not([hidden])").count()) > 4, "rows are drawn");
    assert.match((await card(page, "/steps/1").getAttribute("class")) ?? "", /now/);
    await page.keyboard.press("Escape");
    await ended(page, "Stopped");
    await until(async () => (await it.server.call("GET", "/queries")).queries.length === 0, "the server has ended it");
  });

});
