// Everyone can use it: a narrow screen from the first look to the commit, and nothing that leaves the machine. What axe finds in each
// place is asked in `everywhere.test.js`.

import assert from "node:assert/strict";
import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import { describe, test } from "node:test";
import { findings } from "../support/axe.js";
import { picture } from "../support/browser.js";
import { load, table, tables } from "../support/data.js";
import { commit, inView, openStore, rows, shows, staged, until } from "../support/page.js";
import { scene } from "../support/scene.js";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

/** @param {import("playwright-core").Page} page @param {string} what */
async function accessible(page, what) {
  assert.deepEqual(await findings(page), [], what);
}

describe("reach", () => {
  const it = scene({ prepare: (server) => load(server, "chinook", ["Album", "Artist", "Invoice"]) });

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
