// The studio of scripts: what is kept, versions, runs and schedules, files, places, hostile texts.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { picture, ready } from "../support/browser.js";
import { load, table } from "../support/data.js";
import { until } from "../support/page.js";
import { editor, run as runQuery, write } from "../support/query.js";
import { scene } from "../support/scene.js";
import { addStep, address, code, ended, fill, kept, opener, say, shown, titles, toggle } from "../support/scripts.js";

const albums = table("Album").rows;
const ofArtist = (/** @type {number} */ id) => albums.filter((one) => one.ArtistId === id);
const ARTIST = albums[0].ArtistId;

describe("what the studio keeps and shows", () => {
  const it = scene({ prepare: (server) => load(server, "chinook", ["Album", "Artist"]) });
  const open = opener(it);

  test("what is not saved survives a reload; closing it can be taken back", async () => {
    const { page, script } = await open({ steps: [say("one")] });
    await page.getByRole("textbox", { name: "What it is for" }).fill("changed");
    await addStep(page, "set");
    await page.getByRole("textbox", { name: "Variable" }).fill("x");
    await until(async () => (await kept(page))?.open?.[0]?.script?.steps?.length === 2, "it is kept");
    await page.reload();
    await ready(page);
    await shown(page);
    assert.deepEqual(await titles(page), ["Say", "Set a variable"]);
    assert.equal(await page.getByRole("textbox", { name: "What it is for" }).inputValue(), "changed");
    await page.getByRole("tab", { name: script.name }).locator(".stain").waitFor();
    await page.getByRole("tab", { name: script.name }).hover();
    await page.locator(".tab .close").first().click();
    await page.locator(".toast").getByRole("button", { name: "Open again" }).click();
    assert.deepEqual(await titles(page), ["Say", "Set a variable"]);
    // Arguments are kept with it too.
    await page.goBack();
  });

  test("versions: what differs, back to an old one; somebody else's is not written over", async () => {
    const { page, script, watch } = await open({ steps: [say("one")] });
    watch.expect(/412/);
    await toggle(page, "/steps/0").click();
    await fill(page, code(page, "Message"), "two");
    await page.keyboard.press("Control+s");
    await page.locator(".toast.ok").getByText("as version 2").waitFor();
    await page.getByRole("button", { name: "Version 2" }).click();
    const dialog = page.getByRole("dialog", { name: "Versions" });
    await dialog.getByText("step 1 Say / message").waitFor();
    assert.match(page.url(), /pane=versions/);
    assert.deepEqual(await dialog.locator(".version-diff pre").allTextContents(), ['"one"', '"two"']);
    await picture(page, "scripts-versions");
    await dialog.getByRole("option", { name: /^Version 1/ }).click();
    await dialog.getByRole("button", { name: "Bring back version 1" }).click();
    await page.locator(".toast.ok").getByText("Version 1 is back, as version 3.").waitFor();
    await until(async () => (await code(page, "Message").textContent()) === "one", "the form shows it");
    // Somebody saves meanwhile.
    const { script: now } = await it.server.call("GET", `/scripts/test/${encodeURIComponent(script.name)}`);
    await it.server.call("PUT", `/scripts/test/${encodeURIComponent(script.name)}`, { body: { ...now, description: "theirs" } });
    await fill(page, code(page, "Message"), "mine");
    await page.keyboard.press("Control+s");
    await page.locator(".notice").getByText("Version 4 was saved meanwhile").waitFor();
    await picture(page, "scripts-conflict");
    await page.getByRole("button", { name: "Save mine over it" }).click();
    await page.locator(".toast.ok").getByText("as version 5").waitFor();
    assert.equal((await it.server.call("GET", `/scripts/test/${encodeURIComponent(script.name)}`)).script.steps[0].message, "mine");
    // An address opens the versions.
    await page.goto(`${it.server.origin}/scripts/test/${encodeURIComponent(script.name)}?db=chinook&pane=versions`);
    await page.getByRole("dialog", { name: "Versions" }).getByRole("option", { name: /^Version 5/ }).waitFor();
  });

  test("JSON and cards are two views of one script", async () => {
    const { page } = await open({ steps: [say("one")] });
    await page.getByRole("radio", { name: "JSON" }).click();
    const json = code(page, "Script as JSON");
    const text = (/** @type {any} */ script) => fill(page, json, JSON.stringify(script, null, 2));
    const own = await until(async () => (await kept(page))?.current, "kept");
    const [category, name] = own.split("/");
    await text({ category, name, steps: [say("one"), { type: "set", variable: "n", value: "12345678901234567890" }] });
    await page.getByRole("radio", { name: "Steps" }).click();
    assert.deepEqual(await titles(page), ["Say", "Set a variable"]);
    await page.getByRole("radio", { name: "JSON" }).click();
    await fill(page, json, '{"steps": [');
    await page.locator(".json-pane").getByRole("alert").waitFor();
    await text({ category, name: "other", steps: [] });
    await page.locator(".json-pane").getByText(/Save it as another to rename it/).waitFor();
    await page.reload();
    await ready(page);
    await json.waitFor();
    assert.match(page.url(), /pane=json/);
  });

  test("runs and schedules of a script", async () => {
    const { page, script } = await open({ parameters: [{ name: "who", type: "string" }], steps: [say("hello {{who}}")] });
    await page.locator("[data-argument=who]").fill("Ada");
    await page.keyboard.press("Enter");
    await ended(page, "Done");
    await page.locator("[data-argument=who]").fill("Bob");
    await page.getByRole("button", { name: "More", exact: true }).click();
    await page.getByRole("menuitem", { name: "Runs of the script" }).click();
    const runs = page.getByRole("dialog", { name: "Runs" });
    await runs.getByText('who="Ada"').waitFor();
    await picture(page, "scripts-runs");
    await runs.getByRole("button", { name: "Use arguments" }).click();
    assert.equal(await page.locator("[data-argument=who]").inputValue(), "Ada");
    await page.getByRole("button", { name: "More", exact: true }).click();
    await page.getByRole("menuitem", { name: "Schedule the script" }).click();
    const dialog = page.getByRole("dialog", { name: "Schedule" });
    await dialog.getByRole("button", { name: "Schedule", exact: true }).click();
    await dialog.getByLabel("Minutes").fill("90");
    await dialog.getByLabel("who").fill("Eve");
    await picture(page, "scripts-schedule");
    await dialog.getByRole("button", { name: "Save the schedule" }).click();
    await dialog.getByText("every 90 minutes").waitFor();
    const mine = async () => (await it.server.call("GET", "/schedules")).schedules.find((/** @type {any} */ one) => one.script === `test.${script.name}`);
    assert.deepEqual([(await mine()).when, (await mine()).args], [{ every_minutes: 90 }, { who: "Eve" }]);
    await dialog.getByRole("button", { name: "Pause" }).click();
    await dialog.getByText("paused").waitFor();
    assert.equal((await mine()).paused, true);
    await dialog.getByRole("button", { name: /^Delete/ }).click();
    await until(async () => (await mine()) === undefined, "deleted");
    await page.keyboard.press("Escape");
    await page.goto(`${it.server.origin}/scripts?db=chinook`);
    await page.locator(".script-row", { hasText: script.name }).last().locator(".last .good").waitFor();
    await picture(page, "scripts-all");
  });

  test("saved as another, exported, imported, deleted by its typed name", async () => {
    const { page, script } = await open({ steps: [say("one")] });
    await page.getByRole("button", { name: "More", exact: true }).click();
    await page.getByRole("menuitem", { name: "Save as another script" }).click();
    const dialog = page.getByRole("dialog", { name: "Save as another script" });
    await dialog.getByLabel("Name").fill("a copy");
    await dialog.getByRole("button", { name: /^Save/ }).click();
    await until(async () => address(page) === "/scripts/test/a%20copy", "the copy is open");
    const [file] = await Promise.all([page.waitForEvent("download"), (async () => {
      await page.getByRole("button", { name: "More", exact: true }).click();
      await page.getByRole("menuitem", { name: "Export the script as JSON" }).click();
    })()]);
    const path = join(it.folder, "script.json");
    await file.saveAs(path);
    const exported = JSON.parse(await readFile(path, "utf8"));
    assert.deepEqual(exported.steps, [say("one")]);
    await writeFile(path, JSON.stringify({ ...exported, name: "imported" }));
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.locator(".script-side").getByRole("button", { name: "Import" }).click()]);
    await chooser.setFiles(path);
    await until(async () => (await page.getByRole("textbox", { name: "Name", exact: true }).inputValue().catch(() => "")) === "imported", "the file is open");
    await page.getByRole("tab", { name: "a copy" }).click();
    await page.getByRole("button", { name: "More", exact: true }).click();
    await page.getByRole("menuitem", { name: "Delete the script a copy" }).click();
    const sure = page.getByRole("dialog", { name: "Delete a copy" });
    assert.equal(await sure.getByRole("button", { name: "Delete script" }).isDisabled(), true);
    await sure.getByLabel("Type a copy to delete it").fill("a copy");
    await sure.getByRole("button", { name: "Delete script" }).click();
    await page.locator(".toast.ok").getByText("a copy is deleted.").waitFor();
    await assert.rejects(it.server.call("GET", "/scripts/test/a%20copy"), /404/);
    assert.ok((await it.server.call("GET", "/scripts")).scripts.some((/** @type {any} */ one) => one.name === script.name));
  });

  test("a query of the workbench becomes a script with its parameters", async () => {
    const { page } = await it.open("/d/chinook/q");
    await editor(page).waitFor();
    await write(page, "SELECT Title FROM Album WHERE ArtistId = :artist");
    await page.getByRole("textbox", { name: "Value of :artist" }).fill(String(ARTIST));
    await runQuery(page);
    await page.getByRole("tab", { name: `Rows ${ofArtist(ARTIST).length}` }).waitFor();
    await page.getByRole("button", { name: "More", exact: true }).click();
    await page.getByRole("menuitem", { name: "New script from the query" }).click();
    await shown(page);
    assert.equal(await page.locator("[data-argument=artist]").getAttribute("placeholder"), String(ARTIST));
    await page.keyboard.press("F5");
    await page.getByRole("tab", { name: `Output ${ofArtist(ARTIST).length}` }).waitFor();
  });

  test("places: the rail, addresses, the back button, a script that is not there, another database", async () => {
    const { page, script, watch } = await open({ steps: [say("one")] });
    watch.expect(/404/);
    assert.equal(await page.title(), `${script.name} · chinook · SOP`);
    await page.getByRole("navigation", { name: "Parts" }).getByRole("link", { name: "Browse" }).click();
    await page.getByRole("navigation", { name: "Parts" }).getByRole("link", { name: "Scripts" }).click();
    await shown(page);
    await page.getByRole("treeitem", { name: /best customers/ }).click();
    await page.getByRole("heading", { name: /best customers/ }).first().waitFor();
    await page.goBack();
    await until(async () => address(page) === `/scripts/test/${encodeURIComponent(script.name)}`, "back");
    await page.goto(`${it.server.origin}/scripts/nobody/nothing?db=chinook`);
    await page.getByText("There is no such script").waitFor();
    await page.getByRole("button", { name: "Close the tab" }).click();
    await page.getByRole("searchbox", { name: "Filter scripts" }).fill("order rep");
    assert.deepEqual(await page.locator("sop-script-list .leaf .cut").allTextContents(), ["order report"]);
    await page.keyboard.press("Enter");
    await until(async () => address(page) === "/scripts/shop/order%20report", "opened by the filter");
    // The palette knows its commands.
    await page.keyboard.press("Control+k");
    await page.keyboard.type("best cust");
    await page.getByRole("dialog").getByText("best customers").waitFor();
    await page.getByRole("combobox").last().fill("new script");
    await page.getByRole("dialog").getByText("New script", { exact: true }).first().waitFor();
  });

  test("an environment that asks for names asks for one before a script writes", async () => {
    const album = albums[0];
    const { page, script } = await open({ steps: [{ type: "tool", tool: "update", args: { store: "Album", key: album.AlbumId, set: { Title: "in prod" } } }] });
    await page.locator("#environment").click();
    await page.getByRole("menuitem", { name: "New environment" }).click();
    const form = page.getByRole("dialog", { name: "New environment" });
    await form.getByRole("textbox", { name: "Name" }).fill("prod");
    await form.getByLabel("Databases").selectOption("dev");
    await form.getByLabel("Colour").selectOption("prod");
    await form.getByRole("button", { name: "Create environment" }).click();
    await page.waitForFunction(() => document.querySelector("#environment")?.textContent?.includes("prod"));
    await page.goto(`${it.server.origin}/scripts/test/${encodeURIComponent(script.name)}?db=chinook`);
    await shown(page);
    await page.keyboard.press("F5");
    const review = page.getByRole("dialog", { name: "Review" });
    const commit = review.getByRole("button", { name: /^Commit/ });
    await commit.waitFor();
    assert.equal(await commit.isDisabled(), true);
    await review.getByRole("textbox").fill("Album");
    await commit.click();
    await page.locator(".toast.ok").getByText("1 change committed").waitFor();
    assert.equal((await it.server.item("chinook", "Album", album.AlbumId))?.value.Title, "in prod");
  });

  test("hostile texts are texts", async () => {
    const bad = "<img src=x onerror=\"window.hacked=1\">{{run.user}}";
    const { page } = await open({ description: bad, parameters: [{ name: "constructor", type: "string", default: bad, description: bad }], steps: [say(bad, { name: bad, description: bad }), { type: "set", variable: "__proto__", value: "1" }, { type: "set", variable: "x", value: { a: bad, "</script>": [bad] } }, { type: "tool", tool: "query", args: { sql: "SELECT '<b onclick=alert(1)>' AS \"<i>\"" }, output: "rows" }] });
    await page.keyboard.press("F5");
    await ended(page, "Done");
    assert.ok((await titles(page))[0].startsWith("<img"));
    assert.ok((await page.locator(".argument .hint").textContent())?.startsWith("<img"));
    await toggle(page, "/steps/0").click();
    await page.getByRole("radio", { name: "JSON" }).click();
    await page.getByRole("radio", { name: "Steps" }).click();
    assert.equal(await page.evaluate(() => /** @type {any} */ (window).hacked), undefined);
    assert.equal(await page.locator("sop-scripts img").count(), 0);
  });
});
