// The studio of scripts, paused: breakpoints, stepping, what a paused run shows, and how it ends.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { picture, ready } from "../support/browser.js";
import { load, table } from "../support/data.js";
import { until } from "../support/page.js";
import { accessible } from "../support/query.js";
import { scene } from "../support/scene.js";
import { card, chip, ended, kept, opener, say, shown, titles, toggle } from "../support/scripts.js";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
const SINCE = "2024-01-01";
const FLOOR = 50;

/** What the countries bought since then, by their names. */
const totals = (() => {
  /** @type {Map<string, number>} */
  const sums = new Map();
  for (const one of table("Invoice").rows) if (one.InvoiceDate >= SINCE) sums.set(one.BillingCountry, (sums.get(one.BillingCountry) ?? 0) + one.Total);
  const all = sums.size ? sums : new Map(table("Invoice").rows.map((one) => [one.BillingCountry, one.Total]));
  return [...all].map(([country, total]) => ({ country, total: Math.round(total * 100) / 100 })).sort((a, b) => (a.country < b.country ? -1 : 1));
})();
const since = table("Invoice").rows.some((one) => one.InvoiceDate >= SINCE) ? SINCE : "1900-01-01";
const floor = totals.filter((one) => one.total > FLOOR).length > 1 ? FLOOR : 0;
const markets = totals.filter((one) => one.total > floor);

/** Marks the countries that bought much. */
const keyMarkets = {
  parameters: [{ name: "since", type: "date", default: since }, { name: "floor", type: "number", default: floor }],
  steps: [
    { type: "fetch", name: "Read the invoices", store: "Invoice", filter: { InvoiceDate: { $gte: "{{since}}" } }, output: "invoices" },
    { type: "tool", name: "Sum by country", tool: "query", args: { sql: "SELECT BillingCountry AS country, round(sum(Total), 2) AS total FROM Invoice WHERE InvoiceDate >= :since GROUP BY 1 ORDER BY 1", params: { since: "{{since}}" } }, output: "totals" },
    { type: "assert", name: "Nothing is negative", condition: "totals.all(t, t.total >= 0)" },
    { type: "loop", name: "Each country", list: "totals", item: "t", steps: [
      { type: "if", name: "Above the floor?", condition: "t.total > floor", then: [
        { type: "tool", name: "Mark as key market", tool: "update", args: { store: "Market", key: "{{t.country}}", set: { is_key: true } } },
        { type: "set", name: "Count it", variable: "marked", value: "size(totals.filter(x, x.total > floor && x.country <= t.country))" },
      ] },
    ] },
    say("{{marked}} markets above {{floor}} since {{since}}.", { name: "Report" }),
  ],
};

describe("a run that pauses", () => {
  const it = scene({ prepare: async (server) => {
    await load(server, "chinook", ["Invoice", "Album"]);
    await server.import("chinook", "Market", totals.map((one) => JSON.stringify({ country: one.country, is_key: false })).join("\n"), "country");
  } });
  const open = opener(it);
  const market = async (/** @type {string} */ key) => (await it.server.item("chinook", "Market", key))?.value;
  const stop = (/** @type {import("playwright-core").Page} */ page, /** @type {string} */ at) => card(page, at).locator(":scope > .stop");
  const pressed = (/** @type {import("playwright-core").Page} */ page) => page.locator(".stop[aria-pressed='true']").evaluateAll((all) => all.map((one) => one.closest("[data-step]")?.getAttribute("data-step")));
  const paused = (/** @type {import("playwright-core").Page} */ page, /** @type {string} */ words) => chip(page).getByText(`Paused in ${words}`, { exact: true }).waitFor();
  const figures = (/** @type {import("playwright-core").Page} */ page) => page.locator("footer.status .figures").textContent();
  const nothingRuns = () => until(async () => (await it.server.call("GET", "/queries")).queries.length === 0, "the server has ended it");
  const variable = (/** @type {import("playwright-core").Page} */ page, /** @type {string} */ name) => page.locator(".variables tr").filter({ has: page.locator("td.c-name", { hasText: new RegExp(`^${name}$`) }) }).textContent();
  const at = Math.min(7, totals.length);
  const before = totals.slice(0, at - 1).filter((one) => one.total > floor);

  test("key markets: it stops in each round, shows what it is and what it has staged, and its end is reviewed", async () => {
    for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
      const { page } = await open(keyMarkets, { colorScheme });
      await stop(page, "/steps/3").click();
      assert.equal(await stop(page, "/steps/3").getAttribute("aria-pressed"), "true");
      await page.keyboard.press("F5");
      for (let round = 1; round < at; round += 1) {
        await page.locator("footer.status .figures").getByText(`${round} of ${totals.length}`).waitFor();
        await paused(page, "step 4");
        await page.keyboard.press("F5");
      }
      await page.locator("footer.status .figures").getByText(`${at} of ${totals.length}`).waitFor();
      const now = totals[at - 1];
      const own = card(page, "/steps/3");
      assert.equal(await own.getAttribute("aria-current"), "step");
      assert.equal(await page.locator("[aria-current=step]").count(), 1);
      assert.match((await own.locator(":scope > header .end").textContent()) ?? "", new RegExp(`${at} of ${totals.length}`));
      for (const done of ["/steps/0", "/steps/1", "/steps/2"]) assert.match((await card(page, done).getAttribute("class")) ?? "", /done/);
      assert.doesNotMatch((await card(page, "/steps/4").getAttribute("class")) ?? "", /done|now/);
      assert.match((await variable(page, "t")) ?? "", new RegExp(`${now.country}.*${now.total}`));
      assert.match((await variable(page, "totals")) ?? "", new RegExp(`list\\s*${totals.length} rows`));
      if (before.length) assert.match((await variable(page, "marked")) ?? "", new RegExp(`number\\s*${before.length}$`));
      await page.getByRole("tab", { name: `Changes ${before.length || ""}`.trim() }).waitFor();
      assert.match((await page.locator(".script-log .live").textContent()) ?? "", new RegExp(`pause\\s*${at} of ${totals.length}\\s+${now.country}\\s+${now.total}`));
      assert.match((await figures(page)) ?? "", new RegExp(`${at} of ${totals.length}.*ms.*nodes read`));
      await page.getByRole("button", { name: "Stop", exact: true }).waitFor();
      assert.equal(await page.locator(".variables tr").count(), before.length ? 4 : 3, "parameters stand above");
      await page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement).blur());
      await picture(page, `scripts-paused-${colorScheme}`);
      await accessible(page, `paused, ${colorScheme}`);
      // What it has staged so far is looked at, and not committed.
      const status = page.locator("footer.status");
      if (before.length) {
        await status.getByText(`${before.length} staged by this run`).waitFor();
        await page.keyboard.press("Control+s");
        const review = page.getByRole("dialog", { name: "Review" });
        assert.equal(await review.locator(".card").count(), before.length);
        assert.equal(await review.getByRole("button", { name: /^Commit/ }).count(), 0);
        await picture(page, `scripts-paused-review-${colorScheme}`);
        await page.keyboard.press("Escape");
        await review.waitFor({ state: "detached" });
      }
      await toggle(page, "/steps/3").focus();
      await page.keyboard.press("F9");
      assert.deepEqual(await pressed(page), []);
      await page.getByRole("button", { name: "Continue" }).click();
      const review = page.getByRole("dialog", { name: "Review" });
      await review.getByRole("heading", { name: new RegExp(`Review ${markets.length} change`) }).waitFor();
      assert.equal((await market(markets[0].country)).is_key, false, "nothing was kept");
      if (colorScheme === "light") {
        await page.keyboard.press("Escape");
        await status.getByText(`${markets.length} staged by this run`).waitFor();
        continue;
      }
      await review.getByRole("button", { name: /^Commit/ }).click();
      await page.locator(".toast.ok").getByText(/committed/).waitFor();
      assert.equal((await market(markets[0].country)).is_key, true);
      assert.equal(await status.getByText(/staged by this run/).count(), 0);
    }
  });

  test("F10 begins at the first step and goes into what is nested, F8 over it; Esc ends it and nothing is kept", async () => {
    const album = table("Album").rows[0];
    const { page } = await open({ steps: [{ type: "set", variable: "a", value: "1 + 1" }, { type: "loop", list: "[1, 2, 3]", item: "one", steps: [{ type: "set", variable: "a", value: "a + one" }] }, { type: "tool", tool: "update", args: { store: "Album", key: album.AlbumId, set: { Title: "{{a}} times" } } }, say("end")] });
    await page.keyboard.press("F10");
    await paused(page, "step 1");
    await page.keyboard.press("F10");
    await paused(page, "step 2");
    assert.match((await variable(page, "a")) ?? "", /number\s*2$/);
    await page.keyboard.press("F10");
    await paused(page, "step 2.1");
    assert.match((await variable(page, "one")) ?? "", /1$/);
    assert.match((await figures(page)) ?? "", /1 of 3/);
    await page.getByRole("button", { name: "Step", exact: false }).first().click();
    await page.locator("footer.status .figures").getByText("2 of 3").waitFor();
    assert.match((await variable(page, "a")) ?? "", /3$/);
    await page.keyboard.press("F8");
    await page.locator("footer.status .figures").getByText("3 of 3").waitFor();
    await page.keyboard.press("F8");
    await paused(page, "step 3");
    assert.match((await variable(page, "a")) ?? "", /8$/);
    await page.keyboard.press("F10");
    await paused(page, "step 4");
    await page.locator("footer.status").getByText("1 staged by this run").waitFor();
    await page.keyboard.press("Escape");
    await ended(page, "Stopped");
    await nothingRuns();
    assert.equal((await it.server.item("chinook", "Album", album.AlbumId))?.value.Title, album.Title);
    assert.equal(await page.locator("footer.status").getByText(/staged by this run/).count(), 0);
    // From the loop itself F8 goes over all of it.
    await page.keyboard.press("F10");
    await paused(page, "step 1");
    await page.keyboard.press("F10");
    await paused(page, "step 2");
    await page.keyboard.press("F8");
    await paused(page, "step 3");
    await page.keyboard.press("Shift+F5");
    await ended(page, "Stopped");
  });

  test("a breakpoint has a condition, goes with its step, comes back with it, and survives a reload", async () => {
    const { page } = await open({ steps: [say("one", { name: "first" }), { type: "loop", name: "loop", list: "[1, 2, 3]", item: "n", steps: [say("{{n}}", { name: "inside" })] }, say("two", { name: "second" })] });
    await toggle(page, "/steps/1").focus();
    await page.keyboard.press("Shift+F9");
    const dialog = page.getByRole("dialog", { name: "Stop at step 2" });
    await dialog.getByRole("textbox").fill("m == 2");
    await page.keyboard.press("Enter");
    await dialog.getByRole("alert").getByText(/no variable "m"/).waitFor();
    await picture(page, "scripts-stop-when");
    await dialog.getByRole("textbox").fill("n == 2");
    await page.keyboard.press("Enter");
    await dialog.waitFor({ state: "detached" });
    assert.equal(await stop(page, "/steps/1").getAttribute("title"), "Stops here when n == 2");
    await toggle(page, "/steps/2").focus();
    await page.keyboard.press("F9");
    assert.deepEqual(await pressed(page), ["/steps/1", "/steps/2"]);
    await page.keyboard.press("Alt+ArrowUp");
    await page.keyboard.press("Alt+ArrowUp");
    await page.keyboard.press("Alt+ArrowUp");
    await page.keyboard.press("Alt+ArrowDown");
    assert.deepEqual(await titles(page), ["first", "second", "loop", "inside"]);
    assert.deepEqual(await pressed(page), ["/steps/1", "/steps/2"]);
    assert.equal(await stop(page, "/steps/2").getAttribute("title"), "Stops here when n == 2");
    await until(async () => (await kept(page))?.open?.at(-1)?.stops?.length === 2, "they are kept");
    await page.reload();
    await ready(page);
    await shown(page);
    assert.deepEqual(await pressed(page), ["/steps/1", "/steps/2"]);
    await toggle(page, "/steps/2").focus();
    await page.keyboard.press("Delete");
    assert.deepEqual(await pressed(page), ["/steps/1"]);
    await page.keyboard.press("Control+z");
    assert.deepEqual(await pressed(page), ["/steps/1", "/steps/2"]);
    await page.keyboard.press("F5");
    await paused(page, "step 2");
    await page.keyboard.press("F5");
    await paused(page, "step 3");
    assert.match((await figures(page)) ?? "", /2 of 3/);
    // One that is set while it is paused holds from then on.
    await stop(page, "/steps/2/steps/0").click();
    await page.keyboard.press("F5");
    await paused(page, "step 3.1");
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox").last().fill("breakpoints away");
    await page.keyboard.press("Enter");
    assert.deepEqual(await pressed(page), []);
    await page.keyboard.press("F5");
    await ended(page, "Dry run done");
  });

  test("a script that is changed ends its paused run, and so does leaving the page", async () => {
    const { page, script } = await open({ steps: [say("one"), say("two")] });
    await stop(page, "/steps/1").click();
    await page.keyboard.press("F5");
    await paused(page, "step 2");
    await page.getByRole("textbox", { name: "What it is for" }).fill("changed");
    await page.locator(".toast.warn").getByText(`${script.name} was changed, so its run was stopped.`).waitFor();
    await ended(page, "Stopped");
    await nothingRuns();
    await page.keyboard.press("F5");
    await paused(page, "step 2");
    // Elsewhere in the page it waits.
    await page.getByRole("navigation", { name: "Parts" }).getByRole("link", { name: "Browse" }).click();
    await page.goBack();
    await shown(page);
    await paused(page, "step 2");
    await page.reload();
    await ready(page);
    await page.locator(".notice").getByText("Its run ended when the page was left.").waitFor();
    await picture(page, "scripts-paused-left");
    await nothingRuns();
    assert.deepEqual(await pressed(page), ["/steps/1"]);
    assert.equal(await chip(page).count(), 0);
  });

  test("it goes into a script that is called, and pauses when it is asked to", async () => {
    await it.server.call("POST", "/scripts", { body: { category: "test", name: "callee", steps: [{ type: "set", variable: "inner", value: "7" }, say("{{inner}}")] } });
    const { page } = await open({ steps: [{ type: "call", script: "callee" }, say("after")] });
    await page.keyboard.press("F10");
    await paused(page, "step 1");
    await page.keyboard.press("F10");
    await paused(page, "step 1, in test.callee");
    await page.keyboard.press("F10");
    assert.match((await until(() => variable(page, "inner"), "the variables are those of the script that is called")) ?? "", /7$/);
    await page.keyboard.press("F8");
    await paused(page, "step 2");
    await page.keyboard.press("F5");
    await ended(page, "Dry run done");
    const many = await open({ steps: [{ type: "loop", list: Array.from({ length: 900 }, (_, one) => one), item: "a", steps: [{ type: "tool", tool: "query", args: { sql: "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 400000) SELECT count(*) FROM c" } }] }, say("end")] });
    await stop(many.page, "/steps/1").click();
    await many.page.keyboard.press("F5");
    await many.page.getByRole("button", { name: "Pause", exact: true }).click();
    await chip(many.page).getByText(/^Paused in step 1/).waitFor();
    await many.page.getByRole("button", { name: "Stop", exact: true }).click();
    await ended(many.page, "Stopped");
  });

  test("on a phone it is set, stepped and read", async () => {
    for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
      const { page } = await open(keyMarkets, { ...PHONE, colorScheme });
      await page.getByRole("button", { name: "More for step 4", exact: true }).tap();
      await page.getByRole("menuitem", { name: /^Stop here( F9)?$/ }).tap();
      await page.getByRole("button", { name: "Run", exact: true }).tap();
      await paused(page, "step 4");
      await page.getByRole("button", { name: "Continue" }).tap();
      await card(page, "/steps/3").locator(":scope > header").scrollIntoViewIfNeeded();
      await picture(page, `scripts-phone-paused-${colorScheme}`);
      await accessible(page, `phone paused, ${colorScheme}`);
      await page.getByRole("radio", { name: "Run" }).tap();
      await page.locator(".variables").getByText("totals").waitFor();
      await picture(page, `scripts-phone-paused-run-${colorScheme}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      assert.equal(wide, false, "nothing is wider than the screen");
      await page.getByRole("button", { name: "Stop", exact: true }).tap();
      await ended(page, "Stopped");
    }
  });
});
