// The page as the tests speak of it: stores in the explorer, cells of the grid, staged edits.

import { grouped } from "./data.js";

/** @typedef {import("playwright-core").Page} Page */

/** The counts that the explorer shows, by store. @param {Page} page @returns {Promise<{[store: string]: string}>} */
export async function counts(page) {
  return Object.fromEntries(await page.locator("sop-explorer .node.store").evaluateAll((nodes) => nodes.map((node) => [node.querySelector(".cut")?.textContent ?? "", node.querySelector(".count")?.textContent ?? ""])));
}

/** A line of the explorer. @param {Page} page @param {string} label */
export function node(page, label) {
  return page.locator("sop-explorer .node").filter({ has: page.locator(".cut").getByText(label, { exact: true }) });
}

/** Opens a store from the explorer and waits for its rows. @param {Page} page @param {string} store */
export async function openStore(page, store) {
  await node(page, store).click();
  await shows(page, store);
}

/** Waits until the rows of a store are there. @param {Page} page @param {string} store */
export async function shows(page, store) {
  await page.waitForFunction((name) => document.getElementById("rows")?.getAttribute("aria-label") === name && !document.querySelector("sop-grid.waiting") && document.querySelector("#rows.live"), store);
}

/** The rows in the page that are drawn and have been read. @param {Page} page */
export function rows(page) {
  return page.locator("#rows .grid-body .tr:not([hidden]):not(.loading)");
}

/** The row with this rank, counted from 1. @param {Page} page @param {number} rank */
export function row(page, rank) {
  return rows(page).filter({ has: page.locator(".rank").getByText(grouped(rank), { exact: true }) });
}

/** Names of the columns as the head shows them. @param {Page} page */
export async function heads(page) {
  return (await page.locator("#rows .grid-head .th .cut").allTextContents()).map((text) => text.trim());
}

/** The cell of a row under a head. @param {Page} page @param {import("playwright-core").Locator} line @param {string} head */
export async function cell(page, line, head) {
  const at = (await heads(page)).findIndex((name) => name === head);
  if (at < 0) throw new Error(`There is no column ${head}: ${await heads(page)}`);
  return line.locator(".td").nth(at + 1);
}

/** What the status bar says of the rows in view. @param {Page} page */
export async function inView(page) {
  const text = (await page.locator("sop-status .figures").textContent()) ?? "";
  const found = /([\d,]+)–([\d,]+)\s+of\s+([\d,]+)/.exec(text);
  if (!found) return undefined;
  const [first, last, total] = found.slice(1).map((one) => Number(one.replaceAll(",", "")));
  return { first, last, total };
}

/** Jumps to a key or a percentage with the field over the grid. @param {Page} page @param {string} text */
export async function jump(page, text) {
  await page.keyboard.press("Control+g");
  await page.locator("sop-filters input").fill(text);
  await page.keyboard.press("Enter");
}

/** Edits a cell in its place. @param {Page} page @param {import("playwright-core").Locator} place @param {string} text */
export async function edit(page, place, text) {
  await place.dblclick();
  const input = page.locator("#rows input.inline");
  await input.fill(text);
  await input.press("Enter");
}

/** What the status bar says of staged edits. @param {Page} page */
export function staged(page) {
  return page.locator("sop-status .tag");
}

/** Opens the review and waits until the server has checked it. @param {Page} page */
export async function openReview(page) {
  await page.keyboard.press("Control+s");
  const dialog = page.getByRole("dialog", { name: "Review" });
  await dialog.getByText("One transaction", { exact: true }).waitFor({ state: "attached" });
  return dialog;
}

/** Commits what is in the open review and waits for the server's word. @param {Page} page @param {import("playwright-core").Locator} dialog */
export async function commit(page, dialog) {
  await dialog.getByRole("button", { name: /^Commit/ }).click();
  await page.locator(".toast.ok").getByText(/committed in one transaction/).waitFor();
}

/** Waits until something holds, asking again as the page draws. @param {() => Promise<any>} ask @param {string} what */
export async function until(ask, what, limit = 15_000) {
  const end = Date.now() + limit;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`Still not so: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
