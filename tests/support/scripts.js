// The studio of scripts as the tests speak of it.

import { until } from "./page.js";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("playwright-core").Locator} Locator */

/** The card of a step, by its place: `/steps/0/then/1`. @param {Page} page @param {string} at */
export const card = (page, at) => page.locator(`[data-step="${at}"]`);
/** What opens a step. @param {Page} page @param {string} at */
export const toggle = (page, at) => card(page, at).locator(":scope > header .step-toggle");
/** The titles of all steps, in order. @param {Page} page */
export const titles = (page) => page.locator(".steps .step-toggle b").allTextContents();
/** A field of code. @param {Page} page @param {string} label */
export const code = (page, label) => page.locator(`sop-code .cm-content[aria-label="${label}"]`);

/** Writes into a field of code, as a paste: what the driver types at once is edited by the browser itself, with styles that the policy forbids. @param {Page} page @param {Locator} field @param {string} text */
export async function fill(page, field, text) {
  await field.focus();
  await page.keyboard.press("Control+a");
  if (text === "") return page.keyboard.press("Delete");
  await field.evaluate((element, pasted) => {
    const data = new DataTransfer();
    data.setData("text/plain", pasted);
    element.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  }, text);
  return undefined;
}

/** Adds a step from the list of kinds and tools. @param {Page} page @param {string} name @param {Locator} [button] */
export async function addStep(page, name, button) {
  if (button) await button.click();
  else await page.keyboard.press("Control+i");
  const dialog = page.getByRole("dialog", { name: "Add a step" });
  await dialog.getByRole("combobox").fill(name);
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
}

/** What the chip in the bar says. @param {Page} page */
export const chip = (page) => page.locator(".script-bar > .chip");
/** Waits for the end of a run. @param {Page} page @param {RegExp | string} words */
export const ended = (page, words) => chip(page).filter({ hasText: words }).waitFor();
/** What the address says of the script. @param {Page} page */
export const address = (page) => new URL(page.url()).pathname;
/** The draft that is kept in the browser. @param {Page} page @returns {Promise<any>} */
export const kept = (page) => page.evaluate(() => JSON.parse(localStorage.getItem("sop.scripts") ?? "null"));
/** Waits until the open script is read and its cards are drawn. @param {Page} page */
export const shown = (page) => until(async () => (await page.locator(".studio-main .steps .step, .first-step").count()) > 0, "the script is shown");
/** Leaves the form of a step for its card; the first Esc may close what is offered. @param {Page} page */
export const leave = (page) => until(async () => {
  await page.keyboard.press("Escape");
  return (await page.evaluate(() => document.activeElement?.className)) === "step-toggle";
}, "back on the card");

/** A step that says something. @param {string} message */
export const say = (message, rest = {}) => ({ type: "say", message, ...rest });

/**
 * What saves a script over the API and opens it.
 * @param {{ server: any, open: (path: string, options?: any) => Promise<any> }} it
 */
export function opener(it) {
  let number = 0;
  return async (/** @type {any} */ script, /** @type {any} */ options = undefined) => {
    number += 1;
    const whole = { category: "test", name: `script ${number}`, ...script };
    await it.server.call("POST", "/scripts", { body: whole });
    const one = await it.open(`/scripts/${encodeURIComponent(whole.category)}/${encodeURIComponent(whole.name)}?db=chinook`, options);
    await shown(one.page);
    return { ...one, script: whole };
  };
}
