// Settings: which model answers, what it may see, the test of the connection; and what people taught the copilot.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { picture, ready } from "../support/browser.js";
import { load } from "../support/data.js";
import { FakeChat, GEMINI, OFFLINE } from "../support/fake_chat.js";
import { shows, until } from "../support/page.js";
import { accessible } from "../support/query.js";
import { scene } from "../support/scene.js";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

describe("settings", () => {
  /** @type {FakeChat} */
  let fake;
  const it = scene({
    prepare: async (server) => {
      await load(server, "chinook", ["Album", "Artist"]);
      await server.createDatabase("other");
      fake = await FakeChat.before(server);
    },
  });
  after(() => fake?.close());
  /** @param {any} [llm] @param {any} [options] @param {string} [path] */
  const open = async (llm = GEMINI, options = {}, path = "/settings?db=chinook") => {
    fake.llm = { ...llm };
    const one = await it.open(path, options);
    await one.page.locator("sop-settings").getByRole("heading").first().waitFor();
    return one;
  };

  test("they are at the end of the rail, have an address, and the back button leaves them", async () => {
    const { page } = await it.open("/d/chinook/s/Album");
    await shows(page, "Album");
    await page.getByRole("navigation", { name: "Parts" }).getByRole("link", { name: "Settings" }).click();
    await page.getByRole("heading", { name: /^Copilot/ }).waitFor();
    assert.match(page.url(), /\/settings\?db=chinook$/);
    assert.equal(await page.title(), "Settings · chinook · SOP");
    await page.goBack();
    await shows(page, "Album");
    await page.keyboard.press("Control+,");
    await page.getByRole("heading", { name: /^Copilot/ }).waitFor();
    await page.reload();
    await ready(page);
    await page.getByRole("heading", { name: /^Copilot/ }).waitFor();
    assert.equal(await page.locator("#database-name").textContent(), "chinook");
    await page.getByRole("navigation", { name: "Parts" }).getByRole("link", { name: "Browse" }).click();
    await shows(page, "Album");
  });

  test("the model that answers, its key status and its test", async () => {
    const { page } = await open({ ...GEMINI, prices: { "gemini-2.5-flash": { input: 0.3, cached: 0.075, output: 2.5 } } });
    const row = page.locator("table.providers tr.on");
    assert.match((await row.textContent()) ?? "", /Gemini\s*gemini-2\.5-flash models\.example\s*Ready/);
    await page.getByText("Key is set.").waitFor();
    await row.getByRole("button", { name: "Test" }).click();
    await page.getByRole("status").getByText(/Tested \d\d:\d\d/).waitFor();
    assert.match((await page.locator("table.providers").textContent()) ?? "", /Answered in 412 ms.*first word after 412 ms.*said “OK”/s);
    assert.match((await page.getByRole("region", { name: "Prices" }).or(page.locator("section", { hasText: "Prices" })).last().textContent()) ?? "", /\$0\.3.*\$0\.075.*\$2\.5/s);
    await picture(page, "settings");
    fake.tested = { ok: false, elapsed_ms: 90, text: "", code: "unauthorized", detail: "The provider refused the key (401). Set another one in SOP_LLM_API_KEY." };
    await row.getByRole("button", { name: "Test" }).click();
    await page.getByRole("alert").getByText(/refused the key/).waitFor();
    await picture(page, "settings-failed");
    fake.tested = { ok: true, model: "m", first_ms: 10, elapsed_ms: 20, text: "OK" };
  });

  test("another provider is chosen, said to have no key, saved; a private address is refused at its field", async () => {
    const { page, watch } = await open();
    watch.expect(/422/);
    await page.getByRole("radio", { name: "Anthropic" }).check();
    await page.getByRole("textbox", { name: "Model" }).fill("claude-x");
    await page.getByLabel("Address").fill("http://127.0.0.1:11434");
    await page.getByRole("group", { name: "Changes" }).getByText("3 changed").waitFor();
    await page.keyboard.press("Control+s");
    await page.getByText("The address is of this machine. An admin can allow that with llm.allow_private.").waitFor();
    assert.equal(await page.getByLabel("Address").getAttribute("aria-invalid"), "true");
    await picture(page, "settings-wrong");
    assert.equal(fake.llm.provider, "gemini", "nothing changed");
    await page.getByLabel("Address").fill("");
    await page.getByRole("button", { name: "Save", exact: false }).filter({ hasText: "Ctrl S" }).click();
    await page.getByText(/needs a key: set SOP_LLM_API_KEY/).waitFor();
    assert.deepEqual([fake.llm.provider, fake.llm.model, fake.llm.base_url], ["anthropic", "claude-x", null]);
    await page.getByRole("radio", { name: "Offline" }).check();
    await page.keyboard.press("Control+s");
    await until(async () => fake.llm.provider === null, "offline");
    await page.getByText("Always there").waitFor();
    await page.getByRole("radio", { name: "Ollama" }).check();
    await page.getByRole("button", { name: "Undo" }).click();
    assert.ok(await page.getByRole("radio", { name: "Offline" }).isChecked());
  });

  test("the sharing level says what may leave, by keys too", async () => {
    const { page } = await open({ ...GEMINI, share: "schema" });
    const leaves = page.locator(".leaves .sent");
    await leaves.first().waitFor();
    assert.equal(await leaves.count(), 2);
    await page.getByRole("radio", { name: "Schema", exact: true }).focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    assert.equal(await leaves.count(), 4);
    assert.equal(await page.getByRole("radio", { name: "Rows" }).getAttribute("aria-checked"), "true");
    await page.keyboard.press("Control+s");
    await until(async () => fake.llm.share === "rows", "saved");
  });

  test("the theme is light, dark or the system's", async () => {
    const { page } = await open();
    await page.getByRole("group", { name: "Theme" }).getByRole("button", { name: "Dark" }).click();
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
    await page.getByRole("group", { name: "Theme" }).getByRole("button", { name: "System" }).click();
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), undefined);
    assert.equal(await page.evaluate(() => localStorage.getItem("sop.theme")), null);
  });

  test("knowledge is listed by category, approved, edited, rejected with undo, and taught", async () => {
    fake.knowledge.clear();
    for (const [category, name, text, status] of [["term", "active", "status 1 means active", "proposed"], ["term", "revenue", "sum of Total", "approved"], ["correction", "country names", "UK is United Kingdom", "approved"], ["term", "<b>bold</b>", '<img src=x onerror="window.hacked=1">', "proposed"]]) fake.knowledge.set(`${category}/${name}`, { category, name, text, status, author: "jane", updated: "2026-11-20T10:00:00Z" });
    const { page } = await open(GEMINI, {}, "/knowledge?db=chinook");
    const rows = page.locator(".known-row");
    await until(async () => (await rows.count()) === 4, "four entries");
    assert.equal(await page.locator("sop-knowledge :is(img, script, .known-row b b)").count(), 0);
    await picture(page, "knowledge");
    const row = (/** @type {string} */ name) => rows.filter({ has: page.locator("header b").getByText(name, { exact: true }) });
    await row("active").getByRole("button", { name: "Approve" }).click();
    await until(async () => fake.knowledge.get("term/active").status === "approved", "approved");
    await row("revenue").getByRole("button", { name: "Edit revenue" }).click();
    await page.getByRole("textbox", { name: "What revenue means" }).fill("sum of Total without taxes");
    await page.keyboard.press("Control+Enter");
    await until(async () => fake.knowledge.get("term/revenue").text === "sum of Total without taxes", "edited");
    await row("<b>bold</b>").getByRole("button", { name: /^Reject/ }).click();
    await until(async () => (await rows.count()) === 3, "rejected");
    await page.locator(".toast").getByRole("button", { name: "Undo" }).click();
    await until(async () => (await rows.count()) === 4 && fake.knowledge.get("term/<b>bold</b>")?.status === "proposed", "it is back");
    await page.getByRole("group", { name: "Which" }).getByRole("button", { name: /^Proposed/ }).click();
    assert.equal(await rows.count(), 1);
    await page.getByRole("group", { name: "Which" }).getByRole("button", { name: "All" }).click();
    await page.getByRole("searchbox", { name: "Find in knowledge" }).fill("kingdom");
    assert.equal(await rows.count(), 1);
    await page.getByRole("searchbox", { name: "Find in knowledge" }).fill("");
    await page.getByRole("button", { name: "Teach" }).click();
    const dialog = page.getByRole("dialog", { name: "Teach" });
    await dialog.getByRole("textbox", { name: "Name", exact: true }).fill("big order");
    await dialog.getByLabel("What it means").fill("Total over 20");
    await dialog.getByRole("button", { name: "Teach" }).click();
    await until(async () => (await rows.count()) === 5, "taught");
    assert.equal(fake.knowledge.get("term/big order").status, "approved");
    fake.knowledge.clear();
    await page.reload();
    await ready(page);
    await page.getByText("Nothing is taught yet").waitFor();
    assert.equal(await page.evaluate(() => /** @type {any} */ (window).hacked), undefined);
  });

  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    test(`settings and knowledge have no serious finding, ${colorScheme}`, async () => {
      fake.knowledge.set("term/active", { category: "term", name: "active", text: "status 1 means active", status: "proposed", author: "jane", updated: "2026-11-20T10:00:00Z" });
      const { page } = await open(OFFLINE, { colorScheme });
      await accessible(page, "settings");
      await page.getByRole("radio", { name: "Gemini" }).check();
      await accessible(page, "settings with changes");
      await picture(page, `settings-${colorScheme}`);
      await page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name: "Knowledge" }).click();
      await page.locator(".known-row").first().waitFor();
      await accessible(page, "knowledge");
      await picture(page, `knowledge-${colorScheme}`);
    });
  }

  test("on a phone they fit the screen", async () => {
    const { page } = await open(GEMINI, PHONE);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    await picture(page, "phone-settings");
    await accessible(page, "phone");
    await page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name: "Knowledge" }).click();
    await page.locator(".known-row").first().waitFor();
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    await picture(page, "phone-knowledge");
  });

  test("a database that is gone gives way to the first one", async () => {
    const { page } = await open(GEMINI, {}, "/settings?db=nowhere");
    assert.notEqual(await page.locator("#database-name").textContent(), "nowhere");
  });
});
