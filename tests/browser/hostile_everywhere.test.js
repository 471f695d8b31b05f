// Two hundred hostile texts in every place that shows text: as keys, values, field names, names and descriptions of
// stores, knowledge, chats, scripts and files. Nothing of them runs, becomes an element or leaves the machine.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ready } from "../support/browser.js";
import { ask, openDock } from "../support/copilot.js";
import { rows, shows, until } from "../support/page.js";
import { PAYLOADS } from "../support/payloads.js";
import { drawn, run, write } from "../support/query.js";
import { scene } from "../support/scene.js";

/** A text that may be a name somewhere, short and without control characters. */
const NAMES = PAYLOADS.filter((text) => text.length < 100 && !/[\u0000-\u001f]/.test(text) && text.trim() === text);

describe(`${PAYLOADS.length} hostile texts`, () => {
  const it = scene({
    prepare: async (server) => {
      assert.ok(PAYLOADS.length >= 200);
      await server.createDatabase("hostile");
      // As keys, as values, and some as names of fields.
      const lines = PAYLOADS.map((text, index) => JSON.stringify({ id: text, number: index, text, nested: { list: [text] } }));
      await server.import("hostile", "values", lines.join("\n"), "id");
      await server.import("hostile", "fields", NAMES.slice(0, 60).map((name, index) => JSON.stringify({ id: index, [name]: name })).join("\n"), "id");
      for (const name of NAMES) await server.call("POST", "/databases/hostile/stores", { body: { name, description: name, key: { type: "string" } } }).catch((error) => assert.ok([400, 409, 422].includes(error.status), `${name}: ${error}`));
      for (const [index, text] of PAYLOADS.entries()) {
        await server.call("PUT", `/knowledge/hostile/entry-${index}`, { body: { text, status: index % 2 ? "approved" : "proposed" } }).catch((error) => assert.ok([400, 413, 422].includes(error.status), `${text}: ${error}`));
        if (index % 10 === 0) await server.call("POST", "/tools/insert", { query: { database: "hostile" }, body: { store: "values", key: `tool ${index} ${text}`.slice(0, 200), value: { text } } }).catch((error) => assert.ok([400, 422].includes(error.status), `${text}: ${error}`));
      }
    },
  });

  /** Nothing has run, and no text became an element. @param {import("playwright-core").Page} page @param {string} where */
  const clean = async (page, where) => {
    assert.equal(await page.evaluate(() => /** @type {any} */ (window).hacked), undefined, `${where}: nothing has run`);
    const found = await page.evaluate(() => [...document.querySelectorAll("img:not(.cm-widgetBuffer), iframe, object, embed, video, audio, base, marquee, math, form[action], meta[http-equiv=refresh], [onerror], [onload], [onfocus], [ontoggle], a[href^='javascript' i], a[href*='evil']")].map((one) => one.outerHTML.slice(0, 200)));
    assert.deepEqual(found, [], `${where}: nothing became an element`);
    assert.equal(await page.evaluate(() => Object.keys(Object.prototype).length), 0, `${where}: no prototype was changed`);
  };

  const PLACES = ["/d/hostile/s/values", "/d/hostile/s/fields", "/d/hostile", "/d/hostile/design", "/d/hostile/s/values/design", "/d/hostile/q", "/d/hostile/databases", "/activity", "/scripts", "/knowledge", "/settings"];
  for (const place of PLACES)
    test(`at ${place}`, async () => {
      const { page } = await it.open(place);
      await ready(page);
      await page.waitForLoadState("networkidle");
      await clean(page, place);
      for (let turn = 0; turn < 4; turn += 1) {
        await page.mouse.move(700, 500);
        await page.mouse.wheel(0, 1500);
        await page.waitForLoadState("networkidle");
      }
      await clean(page, place);
    });

  test("in each row's inspector", async () => {
    const { page } = await it.open("/d/hostile/s/values");
    await shows(page, "values");
    await rows(page).first().locator(".td.key").click();
    await page.getByRole("region", { name: "Inspector" }).waitFor();
    for (let index = 0; index < PAYLOADS.length; index += 1) await page.keyboard.press("ArrowDown");
    await clean(page, "the inspector");
  });

  test("in results of queries", async () => {
    const { page } = await it.open("/d/hostile/q");
    await write(page, 'SELECT id, text, nested FROM "values"');
    await run(page);
    await until(async () => (await drawn(page).count()) > 5, "rows of the result");
    await clean(page, "the result");
  });

  test("in a chat, said by a person and by the planner", async () => {
    const { page } = await it.open("/d/hostile/s/values");
    await openDock(page);
    for (const text of ["show values where text is <img src=x onerror=window.hacked=1>", "/select values limit=200", "[x](javascript:window.hacked=1) ![x](https://evil.example/x.png)"]) {
      await ask(page, text);
      await clean(page, text);
    }
  });
});
