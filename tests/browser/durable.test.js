// What was acknowledged is there, whenever the program ends.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, picture, session } from "../support/browser.js";
import { load, table } from "../support/data.js";
import { cell, commit, counts, edit, openReview, row, shows, staged } from "../support/page.js";
import { Server, temporaryFolder } from "../support/server.js";

const COMMITS = 20;

describe("durability", () => {
  /** @type {Awaited<ReturnType<typeof temporaryFolder>>} */
  let folder;
  /** @type {import("playwright-core").Browser} */
  let browser;
  /** @type {Server[]} all that were started, so that none stays behind when a test fails */
  const servers = [];
  /** @param {number} [port] */
  const start = async (port) => {
    const server = await Server.start({ folder: folder.path, port });
    servers.push(server);
    return server;
  };

  before(async () => {
    folder = await temporaryFolder();
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    for (const server of servers) await server.kill();
    await folder?.remove();
  });

  test("a commit made by the page is there after the program was killed at once", async () => {
    let running = await start();
    await load(running, "chinook", ["Artist", "Album"]);
    const { page, context, watch } = await session(browser, running, {}, "/d/chinook/s/Artist");
    await shows(page, "Artist");
    await edit(page, await cell(page, row(page, 1), "Name"), "Kept through a kill");
    await row(page, 2).locator(".key").click();
    await page.keyboard.press("Delete");
    await commit(page, await openReview(page));
    await running.kill();
    await context.close();
    watch.expect(/./);

    running = await start();
    assert.equal((await running.item("chinook", "Artist", 1)).value.Name, "Kept through a kill");
    assert.equal(await running.item("chinook", "Artist", 2), undefined);
    for (const name of ["Artist", "Album"]) {
      const { count } = await running.call("GET", `/databases/chinook/stores/${name}/count`);
      assert.equal(count, table(name).rows.length - (name === "Artist" ? 1 : 0), name);
    }
    await running.stop();
  });

  test(`of ${COMMITS} commits with kills at any moment, all that were acknowledged are there`, async (t) => {
    let running = await start();
    await running.createDatabase("killed");
    await running.call("POST", "/databases/killed/stores", { body: { name: "numbers", key: { type: "i64" } } });
    /** @type {Set<number>} */
    const acknowledged = new Set();
    let kills = 0;
    for (let round = 0; round < COMMITS; round += 1) {
      // Each commit writes two items that belong together; the kill comes while some commits are under way.
      const pair = (number) => [0, 1].map((half) => ({ op: "insert", store: "numbers", key: number * 2 + half, value: { number, text: "x".repeat(3000) } }));
      const sent = [0, 1, 2].map(async (slot) => {
        const number = round * 3 + slot;
        const answer = await running.change("killed", pair(number)).catch((error) => {
          if (error.status) throw error;
          return undefined; // cut off by the kill: it may or may not be there
        });
        if (answer?.applied) acknowledged.add(number);
      });
      // Anything between at once and after the first answers.
      await Promise.race([Promise.all(sent), new Promise((resolve) => setTimeout(resolve, (round * 7) % 23))]);
      await running.kill();
      kills += 1;
      await Promise.all(sent);
      running = await start();
      const { items } = await running.call("GET", "/databases/killed/stores/numbers/items", { query: { limit: 1000, keys_only: true } });
      const keys = new Set(items.map((item) => item.key));
      for (const number of acknowledged) assert.ok(keys.has(number * 2) && keys.has(number * 2 + 1), `commit ${number} was acknowledged and is gone`);
      for (const key of keys) assert.ok(keys.has(Number(key) ^ 1), `half of commit ${Number(key) >> 1} is there`);
      const { count } = await running.call("GET", "/databases/killed/stores/numbers/count");
      assert.equal(count, keys.size, "the count is of what is there");
    }
    t.diagnostic(`${kills} kills, ${acknowledged.size} of ${COMMITS * 3} commits acknowledged before one`);
    const report = await running.call("GET", "/databases/killed/check", { headers: { accept: "application/json" } });
    assert.equal(report.clean, true, JSON.stringify(report));
    await running.stop();
  });

  test("the page says that the server is gone, keeps staged edits, and goes on when it is back", async () => {
    let running = await start();
    const { page, context, watch } = await session(browser, running, {}, "/d/chinook/s/Album");
    watch.expect(/Failed to load resource/);
    await shows(page, "Album");
    await edit(page, await cell(page, row(page, 1), "Title"), "Staged while it was there");
    await running.kill();
    await page.keyboard.press("Alt+F5");
    await page.getByText(/No connection since/).waitFor();
    await page.getByText(/1 edit is kept in this browser/).waitFor();
    await edit(page, await cell(page, row(page, 2), "Title"), "Staged while it was gone");
    await staged(page).getByText("2 staged edits").waitFor();
    running = await start(running.port);
    // A new run has new sessions: the page says so, and goes on once the new address was opened.
    await page.getByText(/not signed in any more/).waitFor();
    await context.request.get(running.entry);
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByText(/not signed in any more/).waitFor({ state: "detached" });
    await page.getByText(/No connection since/).waitFor({ state: "detached" });
    await commit(page, await openReview(page));
    assert.equal((await running.item("chinook", "Album", 1)).value.Title, "Staged while it was there");
    assert.equal((await running.item("chinook", "Album", 2)).value.Title, "Staged while it was gone");
    await context.close();
    watch.verify();
    await running.stop();
  });

  test("a database that another program holds is read only here: said, and edits are off", async () => {
    const holder = await start();
    const other = await temporaryFolder();
    /** @type {Server | undefined} */
    let second;
    try {
      const place = (await holder.call("GET", "/databases/chinook")).path;
      second = await Server.start({ folder: other.path, args: ["--database", place] });
      const { page, context, watch } = await session(browser, second, {}, "/d/chinook/s/Artist");
      await shows(page, "Artist");
      const banner = page.locator("sop-notices .notice");
      await banner.getByText("Read only.").waitFor();
      assert.match((await banner.textContent()) ?? "", new RegExp(String(holder.child.pid)), "it names the process that holds it");
      await page.getByText("Edits are off").waitFor();
      assert.equal((await counts(page)).Artist, String(table("Artist").rows.length - 1), "reading goes on");
      await (await cell(page, row(page, 1), "Name")).dblclick();
      await page.keyboard.press("Enter");
      await page.keyboard.press("Delete");
      await page.keyboard.press("Control+i");
      assert.equal(await page.locator("input.inline, dialog[open], #rows .tr.gone").count(), 0);
      await picture(page, "read-only");
      watch.expect(/status of 4|status of 5/);
      await assert.rejects(second.change("chinook", [{ op: "delete", store: "Artist", key: 1 }]), /read.only/i);
      await holder.stop();
      await page.getByRole("button", { name: "Try again" }).click();
      await banner.waitFor({ state: "detached" });
      await edit(page, await cell(page, row(page, 1), "Name"), "Written when it was free");
      await commit(page, await openReview(page));
      await context.close();
      watch.verify();
    } finally {
      await second?.stop();
      await other.remove();
    }
  });
});
