// The query workbench as the tests speak of it: its editor, what ran, the rows of a result.

import assert from "node:assert/strict";
import { findings } from "./axe.js";
import { grouped, load } from "./data.js";
import { until } from "./page.js";

/** Rows of the large store. */
export const BIG = 100_000;

/** @typedef {import("playwright-core").Page} Page */

/** The editor's text field. @param {Page} page */
export const editor = (page) => page.locator("sop-query .cm-content");
/** Puts a text into the editor, the cursor at its end. @param {Page} page @param {string} text */
export async function write(page, text) {
  await editor(page).focus();
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Delete");
  // As a paste: what the driver types at once is edited by the browser itself, with styles that the policy forbids.
  await editor(page).evaluate((element, pasted) => {
    const data = new DataTransfer();
    data.setData("text/plain", pasted);
    element.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  }, text);
  await page.keyboard.press("Control+End");
}
/** Runs what the cursor is in. @param {Page} page */
export const run = (page) => page.keyboard.press("Control+Enter");
/** The rows of the result that are drawn. @param {Page} page */
export const drawn = (page) => page.locator("#result-rows .grid-body .tr:not([hidden])");
/** What the rows show, without their numbers. @param {Page} page @returns {Promise<string[][]>} */
export const cells = (page) => drawn(page).evaluateAll((list) => list
  .sort((a, b) => Number(a.getAttribute("aria-rowindex")) - Number(b.getAttribute("aria-rowindex")))
  .map((row) => [...row.children].slice(1).map((cell) => cell.textContent ?? "")));
/** What the status bar says. @param {Page} page */
export const figures = async (page) => ((await page.locator("sop-status .figures").textContent()) ?? "").replace(/\s+/g, " ").trim();
/** Waits for a result with so many rows. @param {Page} page @param {number} count */
export const gave = (page, count) => until(async () => (await page.getByRole("tab", { name: `Rows ${grouped(count)}`, exact: true }).count()) === 1 && (await page.getByRole("button", { name: "Run", exact: false }).count()) > 0, `${count} rows`);
/** A tab of the result or beside it. @param {Page} page @param {string} name */
export const tab = (page, name) => page.locator("sop-query [role=tab]").filter({ hasText: new RegExp(`^${name}`) });

/** Fails on whatever axe finds. @param {Page} page @param {string} what */
export async function accessible(page, what) {
  assert.deepEqual(await findings(page), [], what);
}

/** The databases of the tests: small tables, and one that is large. @param {import("./server.js").Server} server */
export async function prepare(server) {
  await load(server, "chinook", ["Album", "Artist", "Invoice"]);
  await server.createDatabase("large");
  const line = (/** @type {number} */ id) => JSON.stringify({ id, name: `Name ${id}`, share: id / 4, even: id % 2 === 0 });
  await server.import("large", "Big", Array.from({ length: BIG }, (_, id) => line(id)).join("\n"), "id");
  await server.import("large", "Exact", '{"id":1,"n":18446744073709551615,"none":null,"empty":"","list":[1,2],"day":"2025-12-05"}', "id");
}
