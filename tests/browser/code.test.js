// The code of a database and of a store: chosen by language, copied, saved, and a place of its own.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { picture } from "../support/browser.js";
import { load } from "../support/data.js";
import { shows } from "../support/page.js";
import { accessible } from "../support/query.js";
import { scene } from "../support/scene.js";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

describe("code", () => {
  const it = scene({ prepare: (server) => load(server, "chinook", ["Album", "Artist"]) });

  test("from the design of a database, in each language, by mouse and keyboard; it has an address", async () => {
    const { page } = await it.open("/d/chinook/design");
    await page.getByRole("button", { name: "Code" }).click();
    const dialog = page.getByRole("dialog", { name: "Code" });
    await dialog.getByText("class Artist").waitFor();
    assert.match(page.url(), /\/d\/chinook\/design\?pane=code$/);
    await dialog.getByRole("tab", { name: "Rust" }).click();
    await dialog.getByText("pub struct Artist").waitFor();
    assert.match(page.url(), /lang=rust/);
    await page.keyboard.press("ArrowRight");
    await dialog.getByText("type Artist struct").waitFor();
    for (const [name, text] of [["C#", "public sealed record Artist"], ["Java", "public record Artist("], ["TypeScript", "export interface Artist"]]) {
      await dialog.getByRole("tab", { name, exact: true }).click();
      await dialog.getByText(text).first().waitFor();
    }
    await accessible(page, "code");
    await picture(page, "code");
    await page.emulateMedia({ colorScheme: "dark" });
    await page.waitForFunction(() => document.getAnimations().every((one) => one.playState !== "running"));
    await accessible(page, "code in the dark");
    await picture(page, "code-dark");
    const saved = page.waitForEvent("download");
    await dialog.getByRole("button", { name: "Save" }).click();
    const file = await saved;
    assert.equal(file.suggestedFilename(), "chinook.ts");
    assert.match(await readFile(await file.path(), "utf8"), /export interface Album \{/);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    assert.doesNotMatch(page.url(), /code/);
  });

  test("of one store from its menu; a deep link opens it, back closes it, and the language is kept", async () => {
    const { page } = await it.open("/d/chinook/s/Artist");
    await shows(page, "Artist");
    await page.locator("[data-command=more]").first().click();
    await page.getByRole("menuitem", { name: "Code for Artist" }).click();
    const dialog = page.getByRole("dialog", { name: "Code" });
    await dialog.getByText("Artist").first().waitFor();
    assert.match(page.url(), /\/s\/Artist\/design\?pane=code/);
    assert.ok(!((await dialog.locator("pre").textContent()) ?? "").includes("Album"), "one store only");
    await page.goBack();
    await dialog.waitFor({ state: "detached" });
    await shows(page, "Artist");
    await page.goto(`${it.server.origin}/d/chinook/s/Album/design?pane=code&lang=go`);
    await dialog.getByText("type Album struct").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("region", { name: "Store Album" }).waitFor();
  });

  test("on a phone", async () => {
    const { page } = await it.open("/d/chinook/design?pane=code&lang=python", PHONE);
    await page.getByRole("dialog", { name: "Code" }).getByText("class Artist").waitFor();
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 390);
    await accessible(page, "code on a phone");
    await picture(page, "code-phone");
  });
});
