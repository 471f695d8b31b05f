// The studio of scripts for everybody: axe in both themes, and on a phone.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { picture } from "../support/browser.js";
import { load } from "../support/data.js";
import { accessible } from "../support/query.js";
import { scene } from "../support/scene.js";
import { ended, opener, say, toggle } from "../support/scripts.js";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
describe("the studio for everybody", () => {
  const it = scene({ prepare: (server) => load(server, "chinook", ["Album", "Artist"]) });
  const open = opener(it);

  test("it is accessible, light and dark", async () => {
    for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
      const { page } = await open({ description: "What it does", parameters: [{ name: "most", type: "integer", default: 3, description: "how many" }, { name: "on", type: "boolean", default: true }], steps: [{ type: "fetch", store: "Album", limit: "{{most}}", output: "albums" }, { type: "if", condition: "size(albums) > 2", then: [say("{{albums[0].Title}}")], else: [say("none", { disabled: true })] }, { type: "tool", tool: "update", args: { store: "Album", key: 1, set: { Title: "seen" } } }] }, { colorScheme });
      await accessible(page, `steps, ${colorScheme}`);
      await toggle(page, "/steps/2").click();
      await page.getByRole("button", { name: "Edit parameter most" }).click();
      await accessible(page, `form, ${colorScheme}`);
      await page.keyboard.press("F5");
      await page.getByRole("dialog", { name: "Review" }).waitFor();
      await page.keyboard.press("Escape");
      await picture(page, `scripts-form-${colorScheme}`);
      await accessible(page, `run, ${colorScheme}`);
      await page.keyboard.press("Control+i");
      await page.getByRole("dialog", { name: "Add a step" }).waitFor();
      await accessible(page, `add, ${colorScheme}`);
      await page.keyboard.press("Escape");
      await page.getByRole("radio", { name: "JSON" }).click();
      await accessible(page, `json, ${colorScheme}`);
    }
  });

  test("on a phone it is read, run and edited in cards", async () => {
    for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
      const { page, script } = await open({ description: "Counts albums.", parameters: [{ name: "most", type: "integer", default: 3, description: "how many" }], steps: [{ type: "fetch", name: "Albums", store: "Album", limit: "{{most}}", output: "albums" }, { type: "if", condition: "size(albums) > 2", then: [say("{{albums[0].Title}} and others")] }] }, { ...PHONE, colorScheme });
      await picture(page, `scripts-phone-${colorScheme}`);
      await toggle(page, "/steps/0").tap();
      await picture(page, `scripts-phone-form-${colorScheme}`);
      await accessible(page, `phone, ${colorScheme}`);
      await page.getByRole("radio", { name: "Run" }).tap();
      await page.locator("[data-argument=most]").fill("4");
      await page.getByRole("button", { name: "Run", exact: true }).tap();
      await ended(page, "Done");
      await picture(page, `scripts-phone-run-${colorScheme}`);
      await accessible(page, `phone run, ${colorScheme}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      assert.equal(wide, false, "nothing is wider than the screen");
      await page.goto(`${it.server.origin}/scripts?db=chinook`);
      await page.locator(".script-row", { hasText: script.name }).last().waitFor();
      await picture(page, `scripts-phone-all-${colorScheme}`);
    }
  });
});
