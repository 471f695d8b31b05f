// Everyone can use it: no serious finding of axe in light and dark, a narrow screen, and nothing that leaves the machine.

import assert from "node:assert/strict";
import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, test } from "node:test";
import { picture } from "../support/browser.js";
import { load, table, tables } from "../support/data.js";
import { cell, commit, edit, inView, node, openReview, openStore, row, rows, shows, staged, until } from "../support/page.js";
import { scene } from "../support/scene.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

/** Fails on findings of axe that keep someone from using the page. @param {import("playwright-core").Page} page @param {string} what */
async function accessible(page, what) {
  // The policy of the page forbids foreign scripts; the debugger's own evaluation is not held by it.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const serious = violations.filter((one) => one.impact === "serious" || one.impact === "critical");
  assert.deepEqual(serious.map((one) => `${what}: ${one.id}: ${one.nodes.slice(0, 4).map((each) => `${each.target.join(" ")} ${each.any[0]?.message ?? ""}`).join(" | ")}`), []);
}

describe("reach", () => {
  const it = scene();

  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    test(`the welcome page has no serious finding, ${colorScheme}`, async () => {
      const { page } = await it.open("", { colorScheme });
      if (colorScheme === "dark") await picture(page, "welcome-dark");
      for (const way of ["Create a database", "Open a folder", "Import a file", "Try the demo"]) {
        await page.getByRole("button", { name: new RegExp(way) }).first().click();
        await accessible(page, way);
      }
    });
  }

  test("the database for what follows", async () => {
    await load(it.server, "chinook", ["Album", "Artist", "Invoice"]);
  });

  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    test(`browse, inspector, review, import and palette have no serious finding, ${colorScheme}`, async () => {
      const { page } = await it.open("/d/chinook/s/Invoice", { colorScheme });
      await shows(page, "Invoice");
      await accessible(page, "browse");
      await node(page, "Invoice").locator("[data-twist]").click();
      await node(page, "USA").click();
      await edit(page, await cell(page, row(page, 2), "BillingCity"), "Elsewhere");
      await row(page, 4).locator(".key").click();
      await page.keyboard.press("Delete");
      await until(async () => (await rows(page).count()) > 5, "the rows are there");
      await accessible(page, "browse with staged edits and the inspector");
      await picture(page, `staged-${colorScheme}`);
      const dialog = await openReview(page);
      await accessible(page, "review");
      await picture(page, `review-${colorScheme}`);
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "detached" });
      await page.keyboard.press("Control+k");
      await page.getByRole("combobox").fill("invoice");
      await page.getByRole("option").first().waitFor();
      await accessible(page, "palette");
      await picture(page, `palette-${colorScheme}`);
      await page.keyboard.press("Escape");
      await page.locator("dialog[open]").waitFor({ state: "detached" });
      await page.keyboard.press("Control+Shift+i");
      const chooser = page.waitForEvent("filechooser");
      await page.getByRole("button", { name: "Choose files" }).click();
      await (await chooser).setFiles([table("Album").file, table("Artist").file]);
      await page.getByRole("heading", { name: "Import 2 files" }).waitFor();
      await accessible(page, "import");
      await picture(page, `import-${colorScheme}`);
      await page.keyboard.press("Escape");
      await page.keyboard.press("F1");
      await page.locator("dialog[open]").waitFor();
      await accessible(page, "help");
      await picture(page, `help-${colorScheme}`);
    });
  }

  test("on a narrow screen there are cards, a drawer, a sheet and the review", async () => {
    const { page } = await it.open("/d/chinook/s/Artist", PHONE);
    await shows(page, "Artist");
    await page.getByRole("navigation", { name: "Parts" }).getByRole("button", { name: "Explorer" }).click();
    await until(async () => ((await page.locator("sop-explorer").boundingBox())?.x ?? -1) === 0, "the drawer is open");
    await picture(page, "phone-drawer");
    await accessible(page, "phone, drawer");
    await openStore(page, "Invoice");
    await until(async () => ((await page.locator("sop-explorer").boundingBox())?.x ?? 0) < 0 || !(await page.locator("sop-explorer").isVisible()), "the drawer is closed");
    await rows(page).first().waitFor();
    assert.ok(((await rows(page).first().boundingBox())?.height ?? 0) > 60, "a row is a card");
    assert.equal((await inView(page))?.total, table("Invoice").rows.length);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390, "nothing is wider than the screen");
    await picture(page, "phone-browse");
    await accessible(page, "phone, browse");
    await rows(page).nth(1).tap();
    const sheet = page.getByRole("region", { name: "Inspector" });
    await sheet.waitFor();
    await picture(page, "phone-inspector");
    await accessible(page, "phone, inspector");
    await sheet.getByRole("tab", { name: "Raw" }).tap();
    const text = sheet.getByRole("textbox");
    await text.fill(JSON.stringify({ ...JSON.parse(await text.inputValue()), BillingCity: "By hand" }));
    await staged(page).getByText("1 staged edit").waitFor();
    await sheet.getByRole("button", { name: "Close" }).first().tap();
    await sheet.waitFor({ state: "detached" });
    await picture(page, "phone-staged");
    await page.getByRole("button", { name: /^Review/ }).tap();
    const dialog = page.getByRole("dialog", { name: "Review" });
    await dialog.getByText("One transaction", { exact: true }).waitFor({ state: "attached" });
    await picture(page, "phone-review");
    await accessible(page, "phone, review");
    for (const button of await dialog.getByRole("button").all()) {
      const box = await button.boundingBox();
      assert.ok(box && box.x >= 0 && box.x + box.width <= 390, "every button is on the screen");
    }
    await commit(page, dialog);
  });

  test("nothing leaves the machine: the page asks its server only, and the server asks nobody", async () => {
    const { page, watch } = await it.open("/d/chinook/s/Album");
    await shows(page, "Album");
    for (const name of ["Artist", "Invoice"]) await openStore(page, name);
    assert.ok(watch.requests > 20, "requests were seen");
    assert.equal(await page.evaluate(() => performance.getEntriesByType("resource").filter((one) => new URL(one.name).origin !== location.origin).length), 0);
    const refused = await page.evaluate(async () => {
      const tries = [() => fetch("https://example.com/"), () => import("https://example.com/x.js")];
      return Promise.all(tries.map((one) => one().then(() => "went out", () => "refused")));
    });
    assert.deepEqual(refused, ["refused", "refused"]);
    watch.faults = watch.faults.filter((fault) => !/example\.com|Content-Security-Policy|Content Security Policy/.test(fault));
    assert.deepEqual(connections(it.server.child.pid).filter((address) => !address.startsWith("127.0.0.1:")), []);
    assert.ok(tables.size > 0);
  });
});

/** Where the sockets of a process lead, by the system's own tables. @param {number | undefined} pid */
function connections(pid) {
  const own = new Set(readdirSync(`/proc/${pid}/fd`).flatMap((name) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${name}`))?.[1] ?? [];
    } catch {
      return [];
    }
  }));
  const found = [];
  for (const line of readFileSync(`/proc/${pid}/net/tcp`, "utf8").split("\n").slice(1)) {
    const [, , remote, state, , , , , , inode] = line.trim().split(/\s+/);
    if (!own.has(inode) || state === "0A") continue;
    const [address, port] = remote.split(":");
    found.push(`${address.match(/../g)?.reverse().map((part) => parseInt(part, 16)).join(".")}:${parseInt(port, 16)}`);
  }
  for (const line of readFileSync(`/proc/${pid}/net/tcp6`, "utf8").split("\n").slice(1)) {
    const fields = line.trim().split(/\s+/);
    if (own.has(fields[9]) && fields[3] !== "0A") found.push(fields[2]);
  }
  return found;
}
