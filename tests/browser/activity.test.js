// Activity: every change with before and after, filters in the address, older entries by pages, jobs, figures.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { picture } from "../support/browser.js";
import { INVOICE_KEY, load, table } from "../support/data.js";
import { openReview, shows, until } from "../support/page.js";
import { accessible } from "../support/query.js";
import { scene } from "../support/scene.js";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
const HOSTILE = ['<img src=x onerror="document.title=1">', "</script><script>alert(1)</script>", "{{7*7}}", "\u202egnp.exe", "a\u0000b", '"; DROP TABLE s; --', "x".repeat(5000)];

/** @param {import("playwright-core").Page} page */
const lines = (page) => page.locator(".audit tbody tr[data-number]");

describe("activity", () => {
  const it = scene({
    prepare: async (server) => {
      await load(server, "chinook", ["Album", "Artist", "Invoice"]);
      const invoice = table("Invoice").rows[0];
      const key = Object.fromEntries(INVOICE_KEY.map((name) => [name, invoice[name]]));
      const item = await server.item("chinook", "Invoice", key);
      await server.change("chinook", [{ op: "patch", store: "Invoice", key, patch: { BillingCity: "Stuttgart " } }]);
      await server.change("chinook", [{ op: "update", store: "Invoice", key, value: { ...item.value, BillingCity: "Köln", Total: 9.5 } }, { op: "delete", store: "Album", key: { AlbumId: 1 } }]);
      await server.call("PUT", "/databases/chinook/stores/Artist/item", { query: { key: JSON.stringify({ ArtistId: 1 }) }, body: { value: { Name: "AC⚡DC" } } });
      await server.call("POST", "/databases/chinook/query", { body: { sql: "UPDATE Artist SET Name = 'Accept!' WHERE ArtistId = 2" } });
      await server.call("POST", "/databases/chinook/stores/Artist/items", { body: { key: { ArtistId: 1 }, value: {} } }).catch(() => {});
      await server.createDatabase("other");
    },
  });

  test("what was changed, by which way, before and after; a line opens and the item behind it too", async () => {
    const { page } = await it.open("/d/chinook/s/Invoice");
    await shows(page, "Invoice");
    await page.getByRole("navigation", { name: "Parts" }).getByRole("link", { name: "Activity" }).click();
    await lines(page).first().waitFor();
    assert.match(page.url(), /\/activity\?db=chinook$/);
    assert.equal(await page.title(), "Activity · chinook · SOP");
    const said = await lines(page).evaluateAll((rows) => rows.map((row) => /** @type {HTMLElement} */ (row).innerText.replace(/\s+/g, " ").trim()));
    assert.match(said[0], /API\s+other\s+Create or open a database/);
    assert.match(said[1], /Insert an item.*answer 409/, "what was refused is there too");
    assert.match(said[2], /UPDATE Artist SET Name/);
    assert.match(said[3], /Artist\s+Name AC\/DC → AC⚡DC\s+1/);
    assert.match(said[4], /Invoice \+1\s+BillingCity Stuttgart␣ → Köln and 1 more field\s+2/);
    assert.match(said[5], /BillingCity .* → Stuttgart␣\s+1/);
    assert.ok(said.some((one) => /Import\s+Invoice\s+Import \d+ new/.test(one)), said.join("\n"));
    await lines(page).nth(4).click();
    const inside = page.locator("tr.inside");
    await inside.getByText("Update", { exact: true }).waitFor();
    await inside.getByText("Delete", { exact: true }).waitFor();
    assert.match(page.url(), /open=\d+/);
    await picture(page, "activity");
    await accessible(page, "activity");
    await page.emulateMedia({ colorScheme: "dark" });
    await page.waitForFunction(() => document.getAnimations().every((one) => one.playState !== "running"));
    await accessible(page, "activity");
    await picture(page, "activity-dark");
    await inside.getByRole("button", { name: "Open item" }).click();
    await shows(page, "Invoice");
    await page.locator("#rows .tr[aria-selected='true']").waitFor();
    await page.goBack();
    await inside.getByText("Update", { exact: true }).waitFor();
  });

  test("filters are in the address, work by keyboard and back, and say so when nothing fits", async () => {
    const { page } = await it.open("/activity?db=chinook&store=Artist");
    await lines(page).first().waitFor();
    const all = await lines(page).count();
    await page.getByRole("navigation", { name: "What is shown" }).getByRole("button", { name: /^Import/ }).click();
    await until(async () => (await lines(page).count()) < all, "fewer lines");
    assert.match(page.url(), /way=import/);
    assert.match(page.url(), /store=Artist/);
    await page.goBack();
    await until(async () => (await lines(page).count()) === all, "all lines again");
    await page.keyboard.press("/");
    await page.keyboard.type("accept!");
    await until(async () => (await lines(page).count()) === 0 || (await page.getByText("Nothing fits").count()) > 0, "the text is looked for");
    await page.getByRole("button", { name: "Remove store" }).click();
    await until(async () => (await lines(page).count()) === 1, "one line has the text");
    await lines(page).first().focus();
    await page.keyboard.press("Enter");
    await page.locator("tr.inside").getByText("UPDATE Artist SET Name = 'Accept!'").waitFor();
    await page.keyboard.press("ArrowLeft");
    assert.equal(await page.locator("tr.inside").count(), 0);
    await page.goto(`${it.server.origin}/activity?db=chinook&when=yesterday`);
    await page.getByText("Nothing was changed").waitFor();
    await page.getByRole("button", { name: /^Show 7 days/ }).click();
    await lines(page).first().waitFor();
  });

  test("a change of the page is written down, and taken back from here as a new change", async () => {
    const { page } = await it.open("/activity?db=chinook&store=Artist");
    await lines(page).first().waitFor();
    await lines(page).filter({ hasText: "AC⚡DC" }).click();
    await page.getByRole("button", { name: "Undo as a new change" }).click();
    const dialog = page.getByRole("dialog", { name: "Review" });
    await dialog.getByText("AC/DC").first().waitFor();
    await dialog.getByRole("button", { name: /^Commit/ }).click();
    await page.locator(".toast.ok").waitFor();
    await page.getByRole("button", { name: "Read again" }).click();
    await until(async () => (await lines(page).filter({ hasText: "Page" }).count()) > 0 || (await page.locator(".pill", { hasText: "store" }).count()) > 0, "the list is read again");
    await page.getByRole("button", { name: "Remove store" }).click();
    await lines(page).filter({ hasText: "Page" }).first().waitFor();
    assert.equal((await it.server.item("chinook", "Artist", { ArtistId: 1 })).value.Name, "AC/DC");
  });

  test("new changes wait at the top, older ones come by pages", async () => {
    for (let n = 0; n < 130; n += 1) await it.server.change("chinook", [{ op: "upsert", store: "Artist", key: { ArtistId: 9000 + n }, value: { Name: `n${n}` } }]);
    const { page } = await it.open("/activity?db=chinook");
    await lines(page).first().waitFor();
    assert.equal(await lines(page).count(), 100);
    await it.server.change("chinook", [{ op: "delete", store: "Artist", key: { ArtistId: 9000 } }]);
    await page.getByRole("button", { name: "1 new" }).waitFor();
    assert.equal(await lines(page).filter({ hasText: "Delete" }).count(), 0, "nothing moved by itself");
    await page.getByRole("button", { name: "1 new" }).click();
    await lines(page).first().filter({ hasText: "Delete 9000" }).waitFor();
    await page.locator(".audit-scroll").evaluate((one) => one.scrollTo(0, one.scrollHeight));
    await until(async () => (await lines(page).count()) > 130, "older ones");
    const numbers = await lines(page).evaluateAll((rows) => rows.map((row) => Number(/** @type {HTMLElement} */ (row).dataset.number)));
    assert.deepEqual(numbers, [...new Set(numbers)].sort((a, b) => b - a), "each once, in order");
  });

  test("hostile names, keys and values stay text", async () => {
    await it.server.import("other", "s", HOSTILE.map((text, id) => JSON.stringify({ id, [HOSTILE[0]]: text })).join("\n"), "id");
    await it.server.change("other", HOSTILE.map((text, id) => ({ op: "update", store: "s", key: { id }, value: { [HOSTILE[0]]: `${text}!`, [`${text.slice(0, 40)}+`]: text } })));
    await it.server.import("other", HOSTILE[0].slice(0, 60), JSON.stringify({ key: HOSTILE[1] }), "key").catch(() => {});
    const { page } = await it.open("/activity?db=other&in=other");
    await lines(page).first().waitFor();
    await lines(page).filter({ hasText: "and 6 more" }).or(lines(page).filter({ hasText: "more field" })).first().click();
    await page.locator("tr.inside .diff").first().waitFor();
    assert.equal(await page.locator(".audit img, .audit script").count(), 0);
    assert.equal(await page.title(), "Activity · other · SOP");
    await picture(page, "activity-hostile");
  });

  test("jobs are followed, cancelled and kept; figures move", async () => {
    const { page } = await it.open("/activity?db=chinook");
    const jobs = page.getByRole("region", { name: "Jobs" });
    await jobs.getByText("Nothing runs now.").waitFor();
    // A body that comes slowly: the import runs until it is cancelled here.
    let more = /** @type {(text: string | undefined) => void} */ (() => {});
    const body = new ReadableStream({
      start(controller) {
        const encoder = new TextEncoder();
        more = (text) => (text === undefined ? controller.close() : controller.enqueue(encoder.encode(text)));
        more(Array.from({ length: 1500 }, (_, id) => `${JSON.stringify({ id })}\n`).join(""));
      },
    });
    const importing = it.server.import("other", "slow", /** @type {any} */ (body), "id").then(() => "done", (error) => String(error));
    await jobs.getByText("Import into slow").waitFor();
    await picture(page, "activity-jobs");
    await jobs.getByRole("button", { name: "Cancel" }).click();
    await jobs.getByRole("button", { name: "Stopping" }).waitFor();
    more(Array.from({ length: 3000 }, (_, id) => `${JSON.stringify({ id: id + 5000 })}\n`).join(""));
    more(undefined);
    assert.match(await importing, /cancelled/i);
    await jobs.getByText("Nothing runs now.").waitFor();
    await jobs.getByRole("tab", { name: /Ended/ }).click();
    assert.match(page.url(), /tab=ended/);
    await jobs.getByText("Import into slow").waitFor();
    await it.server.call("POST", "/databases/chinook/check");
    await jobs.getByText(/^Check/).first().waitFor();
    const figures = page.locator("dl.metrics");
    assert.match((await figures.textContent()) ?? "", /a second.*p50.*p99.*%.*sequence/s);
    const saved = page.waitForEvent("download");
    await page.getByRole("button", { name: "Export" }).click();
    assert.equal((await saved).suggestedFilename(), "audit.ndjson");
  });

  test("a figure is read under the pointer and shown large with its axes, going on", async () => {
    const { page } = await it.open("/activity?db=chinook");
    const tile = page.locator(".metrics > div").first();
    for (let at = 0; at < 3; at += 1) await it.server.change("chinook", [{ op: "patch", store: "Artist", key: { ArtistId: 5 }, patch: { Name: `Name ${at}` } }]);
    await until(async () => ((await tile.locator("polyline:not(.area)").getAttribute("points").catch(() => "")) ?? "").split(" ").length > 2, "a line", 30_000);
    const spark = await tile.locator("svg.spark").boundingBox();
    assert.ok(spark);
    await page.mouse.move(spark.x + spark.width - 1, spark.y + 20);
    await tile.locator("line.guide").waitFor({ state: "attached" });
    assert.match((await tile.locator("dt span").textContent()) ?? "", /^\d\d:\d\d:\d\d$/);
    await picture(page, "activity-pointed");
    await page.mouse.move(0, 0);
    await tile.locator("line.guide").waitFor({ state: "detached" });
    await tile.getByRole("button", { name: "Commits" }).press("Enter");
    const dialog = page.getByRole("dialog", { name: "Commits" });
    const chart = dialog.locator("svg.chart");
    await until(async () => /^Line chart of commits a second by time, \d+ rows$/.test((await chart.getAttribute("aria-label")) ?? ""), "the chart says itself");
    const points = await chart.locator("circle").count();
    await until(async () => (await chart.locator("circle").count()) > points, "it goes on");
    assert.ok((await chart.locator("text").count()) >= 4, "axes");
    await picture(page, "activity-large");
    await accessible(page, "a large figure");
    await page.emulateMedia({ colorScheme: "dark" });
    await page.waitForFunction(() => document.getAnimations().every((one) => one.playState !== "running"));
    await accessible(page, "a large figure in the dark");
    await picture(page, "activity-large-dark");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    assert.equal(await page.evaluate(() => document.activeElement?.textContent?.trim()), "Commits", "the focus goes back");
  });

  test("on a phone: figures, jobs, changes and their details, each in reach", async () => {
    const { page } = await it.open("/activity?db=chinook&in=chinook", PHONE);
    await lines(page).first().waitFor();
    await picture(page, "activity-phone");
    await lines(page).filter({ hasText: "Köln" }).first().waitFor({ state: "attached" }).catch(() => {});
    await lines(page).first().click();
    await page.locator("tr.inside .facts").waitFor();
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 390);
    await accessible(page, "activity");
    await picture(page, "activity-phone-open");
    await page.getByRole("toolbar", { name: "Filter" }).getByRole("button", { name: "Filter" }).click();
    await page.getByRole("menuitemcheckbox", { name: /^Import/ }).click();
    await page.locator(".pill", { hasText: "way" }).waitFor();
  });

  test("without the server what was read stays, and the fault is said in its place", async () => {
    const { page, watch } = await it.open("/activity?db=chinook");
    await lines(page).first().waitFor();
    watch.expect(/503|Failed to load/);
    await page.route("**/api/v1/audit*", (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: JSON.stringify({ title: "Busy", detail: "Too much is going on.", code: "unavailable" }) }));
    await page.getByRole("button", { name: "Read again" }).click();
    await page.getByRole("alert").getByText("Too much is going on.").waitFor();
    assert.ok((await lines(page).count()) > 0);
    await page.unroute("**/api/v1/audit*");
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("alert").waitFor({ state: "detached" });
  });
});
