// The copilot from end to end: the page, the real program, its tools and data, and a scripted model behind it.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { picture, ready } from "../support/browser.js";
import { answers, ask, composer, dock, openDock, say, settled } from "../support/copilot.js";
import { load } from "../support/data.js";
import { FakeModel } from "../support/fake_model.js";
import { shows, until } from "../support/page.js";
import { scene } from "../support/scene.js";

const model = new FakeModel();
const base_url = await model.start();
const folder = await mkdtemp(join(tmpdir(), "sop-model-"));
const config = join(folder, "config.json");
await writeFile(config, JSON.stringify({ llm: { provider: "openai", model: "scripted-1", base_url, allow_private: true, share: "rows", prices: { scripted: { input: 1, output: 2 } } } }));

describe("the copilot with a model", () => {
  const it = scene({ args: ["--config", config], prepare: (server) => load(server, "chinook", ["Album", "Artist", "Invoice"]) });
  after(async () => {
    await model.close();
    await rm(folder, { recursive: true, force: true });
  });
  const open = async () => {
    const one = await it.open("/d/chinook/s/Invoice");
    await shows(one.page, "Invoice");
    await openDock(one.page);
    await dock(one.page).getByText("scripted-1").waitFor();
    return one;
  };

  model.on(/top three/, { calls: [["query", { sql: "SELECT BillingCountry, count(*) AS n FROM Invoice GROUP BY 1 ORDER BY 2 DESC LIMIT 3" }]] });
  model.on(/wrong field/, { calls: [["query", { sql: "SELECT Totl FROM Invoice" }]] });
  model.on(/show albums/, { calls: [["navigate", { store: "Album" }]] });
  model.on(/delete album 1/, { text: "I propose this. ", calls: [["delete", { store: "Album", key: 1 }]] });

  test("a question is a query over the real data, with what was sent and what it cost", async () => {
    const { page } = await open();
    await ask(page, "the top three countries");
    const answer = answers(page).last();
    assert.equal(await answer.locator(".mini tbody tr").count(), 3);
    assert.equal(await answer.locator(".md strong").textContent(), "all");
    assert.match((await answer.locator(".cost").textContent()) ?? "", /240 in\s*24 out\s*\$0\.000[23]/);
    await answer.getByRole("button", { name: "What was sent" }).click();
    const dialog = page.getByRole("dialog", { name: "What was sent" });
    await dialog.locator("pre").getByText(/scripted-1/).waitFor();
    assert.match((await dialog.locator("pre").textContent()) ?? "", /the top three countries/);
    assert.equal(await dialog.getByRole("tab").count(), 2);
    await page.keyboard.press("Escape");
    await picture(page, "copilot-model");
    await page.reload();
    await ready(page);
    await answers(page).locator(".md strong").waitFor();
    await ask(page, "and now?");
    assert.equal(await answers(page).last().locator(".md").textContent(), "Yes.");
    assert.ok(model.asked.at(-1).messages.some((/** @type {any} */ one) => JSON.stringify(one.content).includes("the top three countries")), "the talk goes on");
  });

  test("a wrong name is said with the right one; the page is moved and moved back", async () => {
    const { page } = await open();
    await ask(page, "a wrong field");
    assert.match((await answers(page).last().locator(".fault-line").textContent()) ?? "", /Totl[\s\S]*Total/);
    await ask(page, "show albums");
    await shows(page, "Album");
    await answers(page).last().locator(".went").getByRole("button", { name: "Undo" }).click();
    await shows(page, "Invoice");
  });

  test("a delete waits: denied it stays, approved it goes once, after another change it is a conflict", async () => {
    const { page, watch } = await open();
    watch.expect(/409/);
    const propose = async () => {
      await say(page, "delete album 1");
      const card = dock(page).getByRole("region", { name: "Proposed change" }).last();
      await card.locator("footer input").waitFor();
      assert.match((await card.textContent()) ?? "", /Delete from Album.*Affected1/s);
      return card;
    };
    const first = await propose();
    await first.getByRole("textbox", { name: "Reason to deny" }).fill("keep it");
    await first.getByRole("button", { name: "Deny" }).click();
    await settled(page);
    assert.ok(await it.server.item("chinook", "Album", 1));
    assert.ok(JSON.stringify(model.asked.at(-1).messages.at(-1)).includes("keep it"), "the model hears why");

    const second = await propose();
    const item = /** @type {any} */ (await it.server.item("chinook", "Album", 1));
    await it.server.change("chinook", [{ op: "update", store: "Album", key: 1, value: { ...item.value, Title: "Another" } }]);
    await second.getByRole("button", { name: "Approve 1 delete" }).click();
    await second.getByText("The data changed meanwhile.").waitFor();
    await settled(page);
    assert.ok(await it.server.item("chinook", "Album", 1), "nothing was done");

    const third = await propose();
    await picture(page, "copilot-model-approval");
    await third.getByRole("button", { name: "Approve 1 delete" }).click();
    await third.getByText("Applied", { exact: true }).first().waitFor();
    await settled(page);
    assert.equal(await it.server.item("chinook", "Album", 1), undefined);
    await until(async () => (await page.locator("sop-explorer .node").filter({ hasText: "Album" }).first().locator(".count").textContent()) === "346" || (await page.locator("sop-explorer .node").filter({ hasText: "Album" }).first().locator(".count").textContent()) === "23", "the count in the explorer follows");
  });

  test("Stop frees a proposal, a talk is listed, and settings show the model", async () => {
    const { page } = await open();
    await say(page, "delete album 1");
    await dock(page).getByRole("button", { name: /^Stop/ }).waitFor();
    await composer(page).press("Escape");
    await settled(page);
    await dock(page).getByRole("button", { name: "Earlier talks" }).click();
    await dock(page).locator(".talk-row").filter({ hasText: "delete album 1" }).first().waitFor();
    await page.keyboard.press("Control+,");
    await page.locator("table.providers tr.on").getByText("scripted-1").waitFor();
    await page.locator("table.providers tr.on").getByRole("button", { name: "Test" }).click();
    await page.getByText(/said “Yes\.”/).waitFor();
  });
});
