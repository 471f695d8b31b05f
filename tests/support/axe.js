// What axe finds in a page, and whether a page fits its window.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** @typedef {import("playwright-core").Page} Page */

/** Every finding of axe, however small, as a line. @param {Page} page @returns {Promise<string[]>} */
export async function findings(page) {
  // Colours that fade in are not those that stay; a cursor blinks for ever.
  await page.waitForFunction(() => document.getAnimations().every((one) => one.playState !== "running" || one.effect?.getComputedTiming().endTime === Infinity));
  // The policy of the page forbids foreign scripts; the debugger's own evaluation is not held by it.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => /** @type {any} */ (window).axe.run(document, { resultTypes: ["violations"] }));
  return violations.map((/** @type {any} */ one) => `${one.impact} ${one.id}: ${one.nodes.slice(0, 4).map((/** @type {any} */ each) => `${each.target.join(" ")} ${each.any[0]?.message ?? each.all[0]?.message ?? ""}`).join(" | ")}`);
}

/** Fails when something can be scrolled sideways that should fit. @param {Page} page */
export async function fits(page) {
  const [width, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(width <= room, `the page is ${width} px wide in a window of ${room}`);
}

/** Fails when something cannot be pressed: outside of the window even after scrolling, or under something else. @param {Page} page @param {import("playwright-core").Locator} what */
export async function reachable(page, what) {
  // What waits for something to be filled in has only its place.
  if (await what.isDisabled()) await what.scrollIntoViewIfNeeded();
  else await what.click({ trial: true, timeout: 5000 });
  const box = await what.boundingBox();
  const { width, height } = /** @type {{width: number, height: number}} */ (page.viewportSize());
  assert.ok(box && box.x >= -1 && box.x + box.width <= width + 1 && box.y >= -1 && box.y + box.height <= height + 1, `out of the window: ${JSON.stringify(box)}`);
}
