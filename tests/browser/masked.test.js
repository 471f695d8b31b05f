// Somebody from whom a field is hidden walks through the whole page: what is hidden is in no answer of the server and nowhere in
// the page, and where it is asked for, the page says in plain words that it is not theirs to see.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { PASSWORD, enter, usersOn } from "../support/accounts.js";
import { picture } from "../support/browser.js";
import { ask, openDock, answers } from "../support/copilot.js";
import { cell, commit, edit, openReview, row, shows, until } from "../support/page.js";
import { command } from "../support/places.js";
import { run, write } from "../support/query.js";
import { scene } from "../support/scene.js";
import { shown } from "../support/scripts.js";

const CANARY = "canary7e1f";
const PEOPLE = [1, 2, 3, 4, 5, 6].map((id) => ({ id, name: `Person ${id}`, group: id % 2 ? "sales" : "support", pay: `${CANARY}-${id % 2}`, address: { city: "Köln", door: `${CANARY}-door-${id}` } }));

describe("a field that is hidden", () => {
  const it = scene({
    prepare: async (server) => {
      await server.createDatabase("staff");
      await server.import("staff", "people", PEOPLE.map((one) => JSON.stringify(one)).join("\n"), "id");
      await server.import("staff", "teams", ["sales", "support"].map((name) => JSON.stringify({ name, lead: 1 })).join("\n"), "name");
      await server.createDatabase("secret");
      await server.import("secret", "plans", JSON.stringify({ id: 1, text: CANARY }), "id");
      await server.call("POST", "/scripts", { body: { category: "test", name: "everybody", description: "Reads all", steps: [{ type: "fetch", store: "people", output: "all" }, { type: "tool", tool: "query", args: { sql: "SELECT * FROM people" }, output: "rows" }] } });
      const ada = await usersOn(server);
      await ada.call("POST", "/users", { name: "ed", password: PASSWORD, role: "editor", grants: { staff: "editor" }, masked: [{ database: "staff", store: "people", field: "pay" }, { database: "staff", store: "people", field: "address.door" }] });
      // The audit has what was hidden before and after.
      await ada.call("POST", "/databases/staff/changes", { changes: [{ op: "patch", store: "people", key: { id: 6 }, patch: { pay: `${CANARY}-raised`, name: "Raised" } }] });
    },
  });

  /**
   * Goes somewhere as ed, and looks at every answer and at all that the page shows.
   * @param {string} path @param {(page: import("playwright-core").Page, look: (what: string) => Promise<void>) => Promise<unknown>} walk
   */
  async function walk(path, walk) {
    const { page, context, watch } = await it.open("/login");
    watch.expect(/status of 4\d\d/);
    await enter(context, it.server, "ed");
    /** @type {Promise<string | undefined>[]} */
    const answers = [];
    context.on("response", (response) => {
      answers.push(response.text().then((text) => (text.includes(CANARY) ? `${response.request().method()} ${response.url()}: ${text.slice(Math.max(0, text.indexOf(CANARY) - 100), text.indexOf(CANARY) + 60)}` : undefined), () => undefined));
    });
    const look = async (/** @type {string} */ what) => {
      const seen = await page.evaluate(() => {
        const fields = /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll("input, textarea, select")]);
        const names = [...document.querySelectorAll("*")].flatMap((one) => [...one.attributes].map((each) => each.value));
        return [document.documentElement.textContent, ...names, ...fields.map((one) => one.value), JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage })].join("\n");
      });
      const at = seen.indexOf(CANARY);
      assert.equal(at < 0 ? "" : seen.slice(Math.max(0, at - 200), at + 60), "", `${what}: in the page`);
      assert.deepEqual((await Promise.all(answers)).filter((one) => one !== undefined), [], `${what}: in an answer`);
    };
    await page.goto(it.server.origin + path);
    await walk(page, look);
    await look("at the end");
  }
  /** The words with which the page says no. @param {import("playwright-core").Page} page @param {RegExp} words */
  const said = (page, words) => page.getByText(words).first().waitFor();

  test("rows, the document, a commit with its review; editing the field is refused", () => walk("/d/staff/s/people", async (page, look) => {
    await shows(page, "people");
    await picture(page, "masked-grid");
    await look("rows");
    await row(page, 2).locator(".key").click();
    if (!(await page.locator(".work.inspecting").count())) await page.keyboard.press("Space");
    await page.locator("sop-inspector [role=tree]").waitFor();
    await look("the document");
    await page.getByRole("region", { name: "Inspector" }).getByRole("tab", { name: "Raw" }).click();
    await page.getByRole("region", { name: "Inspector" }).getByRole("textbox").waitFor();
    await look("the raw document");
    await picture(page, "masked-document");
    await edit(page, await cell(page, row(page, 2), "name"), "Renamed");
    const dialog = await openReview(page);
    await look("the review");
    await commit(page, dialog);
    await look("after the commit");
    await edit(page, await cell(page, row(page, 3), "pay"), "mine");
    await page.keyboard.press("Control+s");
    await page.getByRole("dialog", { name: "Review" }).getByRole("button", { name: /^Commit/ }).click();
    await said(page, /masked for you and cannot be given a value/);
    await picture(page, "masked-edit");
  }));

  test("neither a filter nor an order finds out what it is", () => walk(`/d/staff/s/people?filter=${encodeURIComponent('{"pay":{"$gt":"a"}}')}`, async (page, look) => {
    await said(page, /masked/i);
    await picture(page, "masked-filter");
    await look("the filter");
    await page.goto(`${it.server.origin}/d/staff/s/people?sort=pay`);
    await said(page, /masked/i);
    await look("the order");
    await page.getByRole("button", { name: "Show in the order of keys" }).click();
    await page.getByText("Person 3").waitFor();
    await picture(page, "masked-sort");
  }));

  test("statements show it as null and compute nothing of it", () => walk("/d/staff/q", async (page, look) => {
    await page.locator("sop-query .cm-content").waitFor();
    await write(page, "SELECT * FROM people ORDER BY id");
    await run(page);
    await page.locator("#result-rows").getByText("Person 3").waitFor();
    await look("all fields");
    await write(page, "SELECT name FROM people WHERE pay > 'a'");
    await run(page);
    await said(page, /masked/i);
    await picture(page, "masked-query");
    await write(page, "SELECT substr(pay, 1, 3) FROM people");
    await run(page);
    await look("a part of it");
    await page.keyboard.press("Alt+x");
    await look("the plan");
  }));

  test("an export has no value, and a trial of an import tells none", () => walk("/d/staff/s/people", async (page, look) => {
    await shows(page, "people");
    await page.keyboard.press("Control+Shift+e");
    const saved = page.waitForEvent("download");
    await page.getByRole("dialog", { name: /Export/ }).getByRole("button", { name: /^Export|^Save/ }).last().click();
    const text = await readFile(await (await saved).path(), "utf8");
    assert.ok(text.includes("Person 3") && !text.includes(CANARY), text.slice(0, 300));
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+Shift+i");
    const dialog = page.getByRole("dialog", { name: "Import files" });
    const chooser = page.waitForEvent("filechooser");
    await dialog.getByRole("button", { name: "Choose files" }).click();
    await (await chooser).setFiles({ name: "people.ndjson", mimeType: "application/x-ndjson", buffer: Buffer.from(PEOPLE.map(({ id }) => JSON.stringify({ id, name: "New", pay: "guess" })).join("\n")) });
    await dialog.getByRole("button", { name: "Try" }).click();
    await dialog.getByText(/masked for you, and an import writes whole items/).waitFor();
    await picture(page, "masked-import");
    await look("the trial");
  }));

  test("design, discovery, diagram and generated code name it and show nothing of it", () => walk("/d/staff/design", async (page, look) => {
    await page.locator("sop-diagram").getByText("people").first().waitFor();
    await look("the diagram");
    await page.goto(`${it.server.origin}/d/staff/s/people/design?pane=items`);
    await page.locator("sop-store-pane").getByText("group").first().waitFor();
    await look("discovery");
    await picture(page, "masked-discovery");
    await page.goto(`${it.server.origin}/d/staff/s/people/design`);
    await page.locator("sop-store-pane section").waitFor();
    await look("the form");
    await page.goto(`${it.server.origin}/d/staff/design?pane=code&lang=python`);
    await page.getByRole("dialog", { name: "Code" }).getByText("class ").first().waitFor();
    await look("code");
  }));

  test("the copilot without a model answers without it, and says so", () => walk("/d/staff/s/people", async (page, look) => {
    await shows(page, "people");
    await openDock(page);
    for (const question of ["show people", "show the pay of people", "average pay by group", "list people where pay is not null", "/select people limit=3"]) {
      await ask(page, question);
      await look(question);
    }
    await picture(page, "masked-copilot");
    assert.match((await answers(page).nth(2).textContent()) ?? "", /masked|hidden|not (allowed|see)|may not|nothing here is known by/i);
  }));

  test("a script, the activity, settings, users and other databases", () => walk("/scripts/test/everybody?db=staff", async (page, look) => {
    await shown(page);
    await page.keyboard.press("F5");
    await until(async () => /Done|Failed|may not/.test((await page.locator("sop-scripts").textContent()) ?? ""), "it ran");
    await look("the script");
    await picture(page, "masked-script");
    for (const path of ["/activity?db=staff", "/settings?db=staff", "/knowledge?db=staff", "/users?db=staff", "/d/staff/databases"]) {
      await page.goto(it.server.origin + path);
      await page.locator("h1, h2").first().waitFor({ state: "attached" });
      await until(async () => (await page.locator("[aria-busy=true]").count()) === 0, path);
      const line = page.locator(".audit tbody tr[data-number]");
      if (path.startsWith("/activity")) {
        await line.first().waitFor({ timeout: 3000 }).catch(() => undefined);
        for (let at = 0; at < Math.min(4, await line.count()); at += 1) {
          await line.nth(at).click();
          await look(`an entry of the activity, ${at}`);
        }
      }
      await picture(page, `masked-${path.slice(1).replace(/\W+/g, "-")}`);
      await look(path);
    }
    assert.equal((await page.goto(`${it.server.origin}/d/secret/s/plans`))?.status(), 404);
    await look("another database");
    await page.goto(`${it.server.origin}/d/staff/s/teams`);
    await shows(page, "teams");
    await command(page, "people");
    await shows(page, "people");
  }));
});
