// The first page: three steps that make everything at once or nothing, faults at their field, nothing left by Cancel.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { launch, picture, session } from "../support/browser.js";
import { Server, temporaryFolder } from "../support/server.js";
import { accessible } from "../support/query.js";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

/** Every file of a folder with its bytes. @param {string} folder @param {string} [inside] @returns {{[path: string]: string}} */
function tree(folder, inside = "") {
  return Object.assign({}, ...readdirSync(join(folder, inside)).map((name) => {
    const path = join(inside, name);
    return statSync(join(folder, path)).isDirectory() ? { [`${path}/`]: "", ...tree(folder, path) } : { [path]: readFileSync(join(folder, path), "base64") };
  }));
}

describe("the first page", () => {
  /** @type {import("playwright-core").Browser} */
  let browser;
  before(async () => void (browser = await launch()));
  after(() => browser?.close());

  /**
   * A server that has nothing yet, and its page.
   * @param {(one: {server: Server, page: import("playwright-core").Page, folder: string, watch: import("../support/browser.js").Watch}) => Promise<void>} work
   * @param {import("playwright-core").BrowserContextOptions} [options] @param {string} [path]
   */
  async function fresh(work, options, path) {
    const folder = await temporaryFolder();
    const server = await Server.start({ folder: folder.path });
    const one = await session(browser, server, options, path);
    try {
      await work({ server, page: one.page, folder: folder.path, watch: one.watch });
    } finally {
      await one.context.close();
      await server.stop();
      await folder.remove();
    }
    one.watch.verify();
  }

  test("three steps make the database, the system database and the environment; nothing before, nothing by Cancel", () => fresh(async ({ page, folder, server }) => {
    const before = tree(folder);
    await page.getByRole("heading", { name: "Your data, in order." }).waitFor();
    await page.getByRole("textbox", { name: /^Name/ }).fill("sales");
    await page.getByText("Free:").waitFor();
    await page.getByRole("radio", { name: /PROD/ }).check();
    await page.getByText("Advanced").click();
    await page.getByLabel("Durable").selectOption("every_second");
    await page.getByLabel("Cache").selectOption("64");
    await accessible(page, "step one");
    await picture(page, "wizard-1");
    await page.getByRole("button", { name: /^Next: system/ }).click();
    await page.getByRole("radio", { name: /^Shared/ }).check();
    await page.getByLabel("Folder of the system database").fill("team/own");
    await accessible(page, "step two");
    await picture(page, "wizard-2");
    await page.getByRole("button", { name: /^Next: review/ }).click();
    const card = page.locator("sop-welcome");
    for (const text of ["sales", "PROD", "at most a second later", "64 MB", `${folder}/sales/`, `${folder}/team/own/`, `${folder}/databases.json`]) await card.getByText(text).first().waitFor();
    await accessible(page, "step three");
    await picture(page, "wizard-3");
    await page.emulateMedia({ colorScheme: "dark" });
    await page.waitForFunction(() => document.getAnimations().every((one) => one.playState !== "running"));
    await accessible(page, "step three in the dark");
    await picture(page, "wizard-3-dark");
    await page.getByRole("button", { name: "Cancel" }).click();
    assert.equal(await page.getByRole("textbox", { name: /^Name/ }).inputValue(), "shop");
    assert.deepEqual(tree(folder), before, "nothing was made");
    await page.getByRole("textbox", { name: /^Name/ }).fill("sales");
    await page.getByRole("radio", { name: /PROD/ }).check();
    await page.getByRole("button", { name: /^Next: system/ }).press("Enter");
    await page.getByRole("radio", { name: /^Shared/ }).check();
    await page.getByLabel("Folder of the system database").fill("team/own");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: /^Create database/ }).click();
    await page.waitForURL(/\/d\/sales/);
    await page.getByRole("heading", { name: "No stores yet" }).waitFor();
    assert.match((await page.locator("#environment").textContent()) ?? "", /confirm/);
    assert.ok(existsSync(join(folder, "team/own/dboptions.json")));
    assert.ok(!existsSync(join(folder, "system")));
    const entries = (await server.call("GET", "/audit")).entries;
    assert.equal(entries.length, 1);
    assert.equal(entries[0].what, "POST /setup");
    await page.goto(`${server.origin}/welcome`);
    await page.waitForURL(/\/$|\/d\//);
  }));

  test("what fails is said at its field, and the folder is as it was, to the byte", () => fresh(async ({ page, folder, watch }) => {
    watch.expect(/status of [45]/);
    mkdirSync(join(folder, "letters"));
    writeFileSync(join(folder, "letters/one.txt"), "mine");
    const before = tree(folder);
    const next = async () => {
      for (const name of [/^Next: system/, /^Next: review/, /^Create database/]) await page.getByRole("button", { name }).click();
    };
    await page.getByRole("textbox", { name: /^Folder(?! of)/ }).fill("letters");
    await next();
    await page.getByText(/holds other files and is not a database/).waitFor();
    await accessible(page, "a wrong folder");
    await picture(page, "wizard-wrong");
    assert.deepEqual(tree(folder), before);
    await page.getByRole("textbox", { name: /^Folder(?! of)/ }).fill("/etc/x");
    await page.getByRole("alert").getByText(/does not lie under the data folder/).waitFor();
    assert.ok(await page.getByRole("button", { name: /^Next: system/ }).isDisabled());
    await picture(page, "wizard-outside");
    assert.deepEqual(tree(folder), before);
    await page.getByRole("textbox", { name: /^Folder(?! of)/ }).fill("a/b/c");
    await page.getByRole("button", { name: /^Next: system/ }).click();
    await page.getByRole("radio", { name: /^Shared/ }).check();
    await page.getByLabel("Folder of the system database").fill("letters");
    await page.getByRole("button", { name: /^Next: review/ }).click();
    await page.getByRole("button", { name: /^Create database/ }).click();
    await page.locator("sop-welcome [role=alert]").getByText(/holds other files/).waitFor();
    assert.deepEqual(tree(folder), before);
    // Something in the way of the list itself: the databases were made by then.
    mkdirSync(join(folder, "databases.json.new"));
    const blocked = tree(folder);
    await page.getByRole("radio", { name: /^Its own/ }).check();
    await page.getByRole("button", { name: /^Next: review/ }).click();
    await page.getByRole("button", { name: /^Create database/ }).click();
    await page.getByRole("alert").getByText(/list of databases cannot be written/).waitFor();
    assert.deepEqual(tree(folder), blocked);
    rmSync(join(folder, "databases.json.new"), { recursive: true });
    await page.getByRole("button", { name: /^Create database/ }).click();
    await page.waitForURL(/\/d\/shop/);
  }));

  test("a folder that is a database is opened, by an address of its own", async () => {
    const folder = await temporaryFolder();
    const first = await Server.start({ folder: folder.path });
    await first.call("POST", "/databases", { body: { name: "kept", path: "far/kept" } });
    await first.import("kept", "things", '{"id":1}\n', "id");
    await first.stop();
    // Without its list a server knows only the databases that lie in the data folder itself.
    rmSync(join(folder.path, "databases.json"));
    rmSync(join(folder.path, "system"), { recursive: true });
    const server = await Server.start({ folder: folder.path });
    const { page, context, watch } = await session(browser, server, {}, "/welcome?way=open");
    watch.expect(/status of 4/);
    const steps = async () => {
      for (const name of [/^Next: system/, /^Next: review/, /^Open folder/]) await page.getByRole("button", { name }).click();
    };
    await page.getByRole("textbox", { name: /^Folder(?! of)/ }).fill("far/nothing");
    await steps();
    await page.getByText(/is not a database/).waitFor();
    await picture(page, "wizard-open");
    assert.ok(!existsSync(join(folder.path, "far/nothing")));
    await page.getByRole("textbox", { name: /^Folder(?! of)/ }).fill("far/kept");
    await steps();
    await page.waitForURL(/\/d\/kept/);
    await context.close();
    watch.verify();
    assert.equal((await server.call("GET", "/databases/kept/stores")).stores[0].count, 1);
    await server.stop();
    await folder.remove();
  });

  test("a folder is chosen among those that the server may use, by keys or by presses", () => fresh(async ({ page, folder }) => {
    for (const name of ["team/deep", "Archive", ".hidden"]) mkdirSync(join(folder, name), { recursive: true });
    const field = page.getByRole("textbox", { name: /^Folder(?! of)/ });
    await page.getByRole("button", { name: "Browse" }).click();
    const dialog = page.getByRole("dialog", { name: "Choose a folder" });
    const names = () => dialog.locator(".folder-list .cut").allTextContents();
    assert.ok(await dialog.getByRole("button", { name: "Put it in here" }).isDisabled());
    await dialog.getByRole("button", { name: folder }).click();
    await dialog.getByRole("button", { name: "team" }).waitFor();
    assert.deepEqual(await names(), ["Archive", "team"]);
    await accessible(page, "folders");
    await picture(page, "folders");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await dialog.getByRole("button", { name: "deep" }).waitFor();
    await page.keyboard.press("Backspace");
    await dialog.getByRole("button", { name: "Archive" }).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), "team", "back where it came from");
    await page.keyboard.press("ArrowRight");
    await dialog.getByRole("button", { name: "deep" }).waitFor();
    await dialog.getByRole("button", { name: "Put it in here" }).click();
    await dialog.waitFor({ state: "detached" });
    assert.equal(await field.inputValue(), `${folder}/team/shop`);
    for (const name of [/^Next: system/, /^Next: review/, /^Create database/]) await page.getByRole("button", { name }).click();
    await page.waitForURL(/\/d\/shop/);
    assert.ok(existsSync(join(folder, "team/shop/dboptions.json")));
    // A database is chosen as it is, where one is looked for.
    await page.keyboard.press("Control+k");
    await page.keyboard.type("Open a folder as database");
    await page.keyboard.press("Enter");
    const opening = page.getByRole("dialog", { name: "Open a folder" });
    await opening.getByRole("textbox", { name: /^Folder/ }).fill("team");
    await opening.getByRole("button", { name: "Browse" }).click();
    await page.getByRole("dialog", { name: "Choose a folder" }).getByRole("button", { name: /^shop/ }).click();
    assert.equal(await opening.getByRole("textbox", { name: /^Folder/ }).inputValue(), `${folder}/team/shop`);
  }));

  test("a file becomes the first store, and the demo is one press", async () => {
    await fresh(async ({ page, folder }) => {
      const before = tree(folder);
      await page.getByRole("button", { name: /^Import a file/ }).click();
      assert.match(page.url(), /welcome\?way=import/);
      const chooser = page.waitForEvent("filechooser");
      await page.getByRole("button", { name: /^Choose files/ }).first().click();
      await (await chooser).setFiles({ name: "people.csv", mimeType: "text/csv", buffer: Buffer.from("id;name\n1;Ä\n") });
      const dialog = page.getByRole("dialog", { name: "Import files" });
      await dialog.getByRole("button", { name: "Import 1 file" }).waitFor();
      assert.deepEqual(tree(folder), before, "nothing before the import");
      await dialog.getByRole("button", { name: "Import 1 file" }).click();
      await dialog.getByRole("button", { name: "Show people" }).click();
      await page.waitForURL(/\/d\/data/);
    });
    await fresh(async ({ page }) => {
      await page.getByRole("button", { name: /^Try the demo/ }).click();
      await page.getByRole("button", { name: /^Make the shop/ }).click();
      await page.waitForURL(/\/d\/shop/);
      await page.locator("#rows .td").first().waitFor();
    });
  });

  test("on a phone, each step is whole", () => fresh(async ({ page }) => {
    await page.getByText("Free:").waitFor();
    await picture(page, "wizard-phone-1");
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 390);
    await page.getByRole("button", { name: /^Next: system/ }).click();
    await page.getByRole("button", { name: /^Next: review/ }).click();
    await accessible(page, "the review on a phone");
    await picture(page, "wizard-phone-3");
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 390);
    await page.getByRole("button", { name: /^Create database/ }).click();
    await page.waitForURL(/\/d\/shop/);
  }, PHONE));
});
