// The page of databases: what there is, how it is doing, options, checkpoint, backup, check, and taking away.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { picture } from "../support/browser.js";
import { grouped, load, table } from "../support/data.js";
import { until } from "../support/page.js";
import { accessible } from "../support/query.js";
import { scene } from "../support/scene.js";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

describe("the databases", () => {
  const it = scene({ prepare: async (server) => {
    await load(server, "chinook", ["Album", "Artist", "Invoice"]);
    await server.createDatabase("spare");
  } });
  const items = ["Album", "Artist", "Invoice"].reduce((sum, name) => sum + table(/** @type {any} */ (name)).rows.length, 0);
  const open = async (path = "/d/chinook/databases", options = {}) => {
    const one = await it.open(path, options);
    await one.page.getByText(`${grouped(items)} in 3 stores`).or(one.page.getByText("0 in 0 stores")).first().waitFor();
    return one;
  };

  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    test(`figures and actions have no serious finding, ${colorScheme}`, async () => {
      const { page } = await open("/d/chinook/databases", { colorScheme });
      assert.equal(await page.title(), "Databases · chinook · SOP");
      await picture(page, `databases-${colorScheme}`);
      await accessible(page, "databases");
    });
  }

  test("a checkpoint, a check and a backup are made, and the copy is opened", async () => {
    const { page, watch } = await open();
    watch.expect(/status of 403/);
    await page.getByRole("button", { name: "Checkpoint now" }).click();
    await page.locator(".toast.ok").getByText("Everything is in its place").waitFor();
    await page.getByRole("button", { name: "Check now" }).click();
    await page.getByText("Nothing is wrong: ").waitFor();
    const folder = page.getByLabel("Into folder");
    assert.match(await folder.inputValue(), /^backups\/chinook-\d{4}-\d\d-\d\d$/);
    await folder.fill("../outside");
    await page.getByRole("button", { name: "Back up" }).click();
    await page.locator(".hint.fail").waitFor();
    await folder.fill("backups/one");
    await page.getByRole("button", { name: "Back up" }).click();
    const toast = page.locator(".toast.ok").filter({ hasText: "chinook is copied into" });
    await toast.waitFor();
    await picture(page, "databases-jobs");
    await accessible(page, "databases with jobs");
    await toast.getByRole("button", { name: "Open the copy" }).click();
    await page.waitForURL(/\/d\/one\/databases$/);
    assert.equal((await it.server.call("GET", "/databases/one")).items, items);
    assert.equal((await it.server.call("GET", "/databases/one")).read_only, true);
    await page.getByLabel("Open for reading only").uncheck();
    await until(async () => (await it.server.call("GET", "/databases/one")).read_only === false, "it takes writes");
  });

  test("the files go only when the name is typed; detaching keeps them", async () => {
    const { page, watch } = await open("/d/spare/databases");
    watch.expect(/status of 404/); // its figures may be asked for once more while it goes
    await page.getByRole("button", { name: "Delete its files" }).click();
    let dialog = page.getByRole("dialog", { name: "Delete spare" });
    const main = dialog.getByRole("button", { name: /^Delete all files/ });
    await dialog.getByRole("textbox").fill("spar");
    assert.ok(await main.isDisabled());
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Detach" }).click();
    dialog = page.getByRole("dialog", { name: "Detach spare" });
    await dialog.getByRole("button", { name: /^Detach/ }).click();
    await page.waitForURL((url) => !url.pathname.includes("spare"));
    const { path } = await it.server.call("GET", "/databases/chinook");
    const spare = join(path, "..", "spare");
    assert.ok(existsSync(join(spare, "dboptions.json")), "its files are there");
    await it.server.call("POST", "/databases", { body: { name: "spare", path: "spare" } });
    const again = await open("/d/spare/databases");
    again.watch.expect(/status of 404/);
    await again.page.getByRole("button", { name: "Delete its files" }).click();
    dialog = again.page.getByRole("dialog", { name: "Delete spare" });
    await dialog.getByRole("textbox").fill("spare");
    await dialog.getByRole("button", { name: /^Delete all files/ }).click();
    await again.page.locator(".toast.ok").getByText("spare is deleted.").waitFor();
    assert.ok(!existsSync(join(spare, "dboptions.json")));
  });

  test("on a phone it is one column", async () => {
    const { page } = await open("/d/chinook/databases", PHONE);
    await picture(page, "phone-databases");
    await accessible(page, "phone, databases");
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390, "nothing is wider than the screen");
  });
});
