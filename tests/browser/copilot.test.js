// The copilot's dock: asking, streaming, calls and their rows, stopping, editing, history; what moves the page says so.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { picture, ready } from "../support/browser.js";
import { SQL, answers, ask, composer, dock, openDock, revenue, say, settled } from "../support/copilot.js";
import { load } from "../support/data.js";
import { FakeChat, GEMINI, OFFLINE } from "../support/fake_chat.js";
import { shows, until } from "../support/page.js";
import { scene } from "../support/scene.js";

describe("the copilot", () => {
  /** @type {FakeChat} */
  let fake;
  const it = scene({
    prepare: async (server) => {
      await load(server, "chinook", ["Album", "Artist", "Invoice"]);
      fake = await FakeChat.before(server);
      fake.on(/spent|revenue/i, revenue);
    },
  });
  after(() => fake?.close());
  /** @param {string} [path] @param {any} [options] */
  const open = async (path = "/d/chinook/s/Invoice", options = {}) => {
    fake.llm = { ...GEMINI };
    const one = await it.open(path, options);
    if (path.includes("/s/")) await shows(one.page, "Invoice");
    await openDock(one.page);
    return one;
  };

  test("Ctrl J opens it with the cursor in it, closes it, and it is open again after a reload", async () => {
    const { page } = await open();
    assert.ok(await composer(page).evaluate((field) => field === document.activeElement));
    assert.equal(await page.locator("#copilot-button").getAttribute("aria-pressed"), "true");
    await page.keyboard.press("Control+j");
    await dock(page).waitFor({ state: "hidden" });
    assert.equal(await page.evaluate(() => document.activeElement?.id), "rows");
    await page.locator("#copilot-button").click();
    await composer(page).waitFor();
    await page.reload();
    await ready(page);
    await composer(page).waitFor();
    await page.keyboard.press("Alt+r");
    await page.keyboard.press("Control+j");
    assert.ok(await composer(page).evaluate((field) => field === document.activeElement), "the key goes to an open dock first");
  });

  test("it begins with questions made from this schema, and one of them is asked by a press", async () => {
    const { page } = await open();
    const starters = dock(page).getByRole("group", { name: "Questions to begin with" }).getByRole("button");
    await starters.first().waitFor();
    const texts = await starters.allTextContents();
    assert.ok(texts.some((text) => /Total/.test(text) && /Invoice/.test(text)), String(texts));
    await picture(page, "copilot-empty");
    await starters.first().click();
    await settled(page);
    assert.equal(fake.asked.at(-1).message, texts[0]);
    assert.equal(fake.asked.at(-1).database, "chinook");
    assert.equal(fake.asked.at(-1).store, "Invoice");
  });

  test("an answer has its calls as lines, its text, its rows, what it cost and what was sent", async () => {
    const { page, context } = await open();
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await ask(page, "Which countries spent the most?");
    const answer = answers(page).last();
    assert.match((await answer.locator(".call").textContent()) ?? "", /query.*SELECT BillingCountry.*8 rows · 3 ms · 5 nodes/);
    assert.equal(await answer.locator(".md strong").textContent(), "USA");
    assert.equal(await answer.locator(".md li").count(), 2);
    assert.deepEqual(await answer.locator(".mini tbody tr").first().locator("td").allTextContents(), ["USA", "91", "523.06"]);
    assert.equal(await answer.locator(".mini tbody tr").count(), 6);
    await answer.getByRole("button", { name: "2 more rows" }).click();
    assert.equal(await answer.locator(".mini tbody tr").count(), 8);
    assert.match((await answer.locator(".cost").textContent()) ?? "", /1,912 in\s*148 out\s*\$0\.0007/);
    assert.match((await dock(page).locator(".about").textContent()) ?? "", /\$0\.0007/);
    await picture(page, "copilot-answer");
    await answer.locator("summary.call").click();
    await answer.getByRole("region", { name: "Statement" }).waitFor();
    assert.match((await answer.locator(".stats").textContent()) ?? "", /scanned\s*412/);
    await picture(page, "copilot-call");
    await answer.getByRole("button", { name: "What was sent" }).click();
    const dialog = page.getByRole("dialog", { name: "What was sent" });
    await dialog.getByText('"text": "What was said"').waitFor();
    await page.keyboard.press("Escape");
    await answer.getByRole("button", { name: "Chart" }).click();
    await answer.locator("sop-chart rect").first().waitFor();
    assert.equal(await answer.locator("sop-chart rect").count(), 8);
    await picture(page, "copilot-chart");
    await answer.getByRole("button", { name: "Copy the answer" }).click();
    await until(async () => (await page.evaluate(() => navigator.clipboard.readText())).includes("USA"), "copied");
    await answer.getByRole("button", { name: "Open as query" }).click();
    await until(async () => (await page.locator("sop-query .cm-content").textContent())?.includes("BillingCountry"), "the statement is in the workbench");
    assert.match(page.url(), /\/q$/);
  });

  test("text comes as it is produced, and Stop ends it at once", async () => {
    const { page } = await open();
    fake.piece = 1;
    fake.on(/slowly/, async function* slow({ pause }) {
      yield ["text-delta", { text: "First **wo" }];
      await pause("first");
      yield ["text-delta", { text: "rd** is 🙂" }];
      await pause("second");
      yield ["text-delta", { text: " never seen" }];
    });
    await say(page, "Say it slowly");
    await answers(page).getByText("First **wo").waitFor();
    await dock(page).getByRole("button", { name: /^Stop/ }).waitFor();
    await fake.release("first");
    await until(async () => (await answers(page).locator(".md").textContent()) === "First word is 🙂", "the second piece");
    await composer(page).press("Escape");
    await settled(page);
    assert.match((await answers(page).last().textContent()) ?? "", /Stopped/);
    fake.piece = Infinity;
    await fake.release("second");
    await ask(page, "What was the revenue?");
    assert.equal(await answers(page).first().locator(".md").textContent(), "First word is 🙂");
  });

  test("a connection that breaks goes on where it broke", async () => {
    const { page, watch } = await open();
    watch.expect(/ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|Failed to load/);
    fake.on(/broken/, async function* broken({ pause }) {
      yield ["text-delta", { text: "One, " }];
      await pause("cut");
      yield ["text-delta", { text: "two, " }];
      await pause("again");
      yield ["text-delta", { text: "three." }];
    });
    await say(page, "Count with a broken line");
    await answers(page).getByText("One,").waitFor();
    fake.refuse = 1;
    fake.cut();
    await fake.release("cut");
    await until(async () => (await answers(page).locator(".md").textContent())?.trim() === "One, two,", "it went on");
    fake.cut();
    await fake.release("again");
    await settled(page);
    assert.equal(await answers(page).locator(".md").textContent(), "One, two, three.");
    // And after a reload of the page the talk is there as it was.
    await page.reload();
    await ready(page);
    await answers(page).getByText("One, two, three.").waitFor();
  });

  test("a failed call says why with the nearest names, and an error of the provider has one way on", async () => {
    const { page } = await open();
    fake.on(/wrong/, async function* wrong() {
      yield ["tool-start", { call: "a", tool: "query", args: { sql: "SELECT Totl FROM Invoice" } }];
      yield ["tool-output", { call: "a", summary: "There is no column Totl.", error: { code: "field_not_found", message: "There is no column 'Totl' in Invoice.", suggestions: ["Total"], at: "/sql" } }];
      yield ["tool-start", { call: "b", tool: "query", args: { sql: "SELECT Total FROM Invoice" } }];
      yield ["tool-output", { call: "b", summary: "1 row", columns: [{ name: "Total", kind: "real" }], rows: [[1.98]], stats: {} }];
      yield ["error", { code: "provider_busy", detail: "The provider answered 429 and asked to wait for 30 s. Try again later." }];
      yield ["finish", { reason: "error" }];
    });
    await ask(page, "Something wrong");
    const answer = answers(page).last();
    assert.match((await answer.locator(".fault-line").textContent()) ?? "", /no column 'Totl'.*Did you mean Total\?/s);
    await answer.getByRole("alert").getByText(/429/).waitFor();
    await picture(page, "copilot-fault");
    await answer.locator(".fault-line").getByRole("button", { name: "Total" }).click();
    assert.equal(await composer(page).inputValue(), "Total");
    await composer(page).fill("");
    await answer.getByRole("alert").getByRole("button", { name: "Try again" }).click();
    await settled(page);
    assert.equal(await answers(page).count(), 1, "the turn was asked again in its place");
    assert.equal(fake.asked.at(-1).replace, 1);
  });

  test("of very many columns an answer shows the first, and says how many there are beside them", async () => {
    const { page } = await open();
    fake.on(/broad/, async function* broad() {
      yield ["tool-start", { call: "a", tool: "query", args: { sql: "SELECT * FROM Invoice" } }];
      yield ["tool-output", { call: "a", summary: "3 rows", columns: Array.from({ length: 200 }, (_, at) => ({ name: `c${at}`, kind: "integer" })), rows: Array.from({ length: 3 }, (_, row) => Array.from({ length: 200 }, (_column, at) => row * 1000 + at)), stats: {} }];
      yield ["text-delta", { text: "That is broad." }];
      yield ["finish", { reason: "stop" }];
    });
    await ask(page, "Something broad");
    const answer = answers(page).last();
    await answer.getByText("160 more columns").waitFor();
    assert.equal(await answer.locator(".mini thead th").count(), 40);
  });

  test("a slash lists the server's tools and completes stores; the keyboard is enough", async () => {
    const { page } = await open();
    await composer(page).pressSequentially("/sel");
    const list = dock(page).getByRole("listbox", { name: "Commands" });
    await list.getByRole("option").first().waitFor();
    assert.match((await list.getByRole("option").first().textContent()) ?? "", /\/select store/);
    await picture(page, "copilot-commands");
    await composer(page).press("Enter");
    assert.equal(await composer(page).inputValue(), "/select ");
    const values = dock(page).getByRole("listbox", { name: "Values" });
    await values.getByRole("option", { name: "Invoice" }).waitFor();
    await composer(page).pressSequentially("Inv");
    await composer(page).press("Tab");
    assert.equal(await composer(page).inputValue(), "/select Invoice ");
    await composer(page).pressSequentially("limit=5");
    await composer(page).press("Enter");
    await settled(page);
    assert.equal(fake.asked.at(-1).message, "/select Invoice limit=5");
    await composer(page).press("ArrowUp");
    assert.equal(await composer(page).inputValue(), "/select Invoice limit=5");
    await dock(page).getByText("Editing: what came after it goes.").waitFor();
    await composer(page).press("Escape");
    assert.equal(await composer(page).inputValue(), "");
    await composer(page).pressSequentially("one");
    await composer(page).press("Shift+Enter");
    await composer(page).pressSequentially("two");
    await composer(page).press("Enter");
    await settled(page);
    assert.equal(fake.asked.at(-1).message, "one\ntwo");
  });

  test("a message is edited and asked again in its place", async () => {
    const { page } = await open();
    await ask(page, "first");
    await ask(page, "second");
    await dock(page).locator("sop-turn").first().hover();
    await dock(page).locator("sop-turn").first().getByRole("button", { name: "Edit and ask again" }).click();
    await composer(page).fill("first, but better");
    await composer(page).press("Enter");
    await settled(page);
    assert.deepEqual(await dock(page).locator(".said").allTextContents(), ["first, but better"]);
    assert.equal(fake.asked.at(-1).replace, 1);
  });

  test("chips say what goes along, and what is taken away does not", async () => {
    const { page } = await open();
    await page.locator("#rows .grid-body .tr .key").nth(2).click();
    const chips = dock(page).locator(".about .chip .cut");
    await until(async () => (await chips.allTextContents()).join() === "chinook,Invoice,1 item", "three chips");
    await ask(page, "this one?");
    assert.equal(fake.asked.at(-1).selection.items, 1);
    assert.equal(fake.asked.at(-1).selection.keys.length, 1);
    await dock(page).getByRole("button", { name: "Leave out 1 item" }).click();
    await dock(page).getByRole("button", { name: "Leave out Invoice" }).click();
    assert.deepEqual(await chips.allTextContents(), ["chinook"]);
    await ask(page, "and now?");
    assert.equal(fake.asked.at(-1).store, undefined);
    assert.equal(fake.asked.at(-1).selection, undefined);
    await dock(page).getByRole("button", { name: "Tell what was left out" }).click();
    assert.deepEqual(await chips.allTextContents(), ["chinook", "Invoice", "1 item"]);
  });

  test("sharing is shown and chosen, never above what the server allows; without a model it says so", async () => {
    const { page } = await open();
    const share = dock(page).locator("button.share");
    // Both come with who answers.
    await dock(page).getByText("gemini-2.5-flash").waitFor();
    assert.equal((await share.textContent())?.trim(), "Rows");
    await share.click();
    await page.getByRole("menuitemcheckbox", { name: /^Schema \+ samples/ }).click();
    assert.equal((await share.textContent())?.trim(), "Schema + samples");
    await ask(page, "revenue?");
    assert.equal(fake.asked.at(-1).share, "samples");
    fake.llm = { ...OFFLINE };
    await page.reload();
    await ready(page);
    await dock(page).getByText("offline planner", { exact: true }).waitFor();
    await dock(page).locator("button.share").click();
    await page.getByRole("menuitemcheckbox").first().waitFor();
    assert.equal(await page.getByRole("menuitemcheckbox").count(), 2);
    await page.keyboard.press("Escape");
    await dock(page).getByRole("button", { name: "New talk" }).click();
    await dock(page).getByText("Offline planner.").waitFor();
    await picture(page, "copilot-offline");
    await dock(page).getByRole("button", { name: "Choose a model" }).click();
    await page.getByRole("heading", { name: /^Copilot who answers/ }).waitFor();
  });

  test("it opens a store with a filter, says so, and it can be undone", async () => {
    const { page } = await open();
    fake.on(/albums/, async function* go() {
      yield ["tool-start", { call: "n", tool: "navigate", args: { store: "Album" } }];
      yield ["tool-output", { call: "n", summary: "'Album' opened", stats: {} }];
      yield ["navigate", { database: "chinook", store: "Album", filter: null }];
      yield ["text-delta", { text: "Here they are." }];
    });
    await ask(page, "Show me the albums");
    await shows(page, "Album");
    const went = answers(page).last().locator(".went");
    assert.match((await went.textContent()) ?? "", /Opened Album/);
    await went.getByRole("button", { name: "Undo" }).click();
    await shows(page, "Invoice");
    assert.match((await went.textContent()) ?? "", /Went back from Album/);
    // What is opened again from the history does not move the page.
    await page.reload();
    await ready(page);
    await answers(page).getByText("Here they are.").waitFor();
    await shows(page, "Invoice");
  });

  test("earlier talks are listed, opened and forgotten; a new one begins empty", async () => {
    const { page } = await open();
    await ask(page, "talk about revenue");
    await dock(page).getByRole("button", { name: "New talk" }).click();
    await dock(page).getByRole("heading", { name: "Ask about chinook" }).waitFor();
    await ask(page, "a second talk");
    await dock(page).getByRole("button", { name: "Earlier talks" }).click();
    const row = dock(page).locator(".talk-row").filter({ hasText: "talk about revenue" });
    await row.waitFor();
    await picture(page, "copilot-history");
    await row.locator(".plain").click();
    await answers(page).locator(".md strong").getByText("USA").waitFor();
    await ask(page, "go on");
    assert.equal(fake.asked.at(-1).message, "go on");
    assert.ok(fake.asked.at(-1).session);
    await dock(page).getByRole("button", { name: "Earlier talks" }).click();
    const before = await dock(page).locator(".talk-row").count();
    await dock(page).locator(".talk-row").filter({ hasText: "a second talk" }).getByRole("button", { name: /^Forget/ }).click();
    await until(async () => (await dock(page).locator(".talk-row").count()) === before - 1, "one less");
  });

  test("thumbs and their reason reach the server; other readings are asked by a press", async () => {
    const { page } = await open();
    fake.on(/^unsure/, async function* unsure() {
      yield ["text-delta", { text: "Which of them?" }];
      yield ["alternatives", { questions: ["revenue by country", "revenue by month"] }];
    });
    await ask(page, "unsure");
    const first = answers(page).first();
    await first.getByRole("button", { name: "Bad answer" }).click();
    await first.getByRole("textbox", { name: "What is wrong with it?" }).fill("status 1 means active");
    await first.getByRole("textbox", { name: "What is wrong with it?" }).press("Enter");
    await until(async () => fake.feedback.some((one) => one.comment === "status 1 means active" && one.rating === "down" && one.turn === 1), "the reason came");
    await first.getByRole("group", { name: "Other readings" }).getByRole("button", { name: "revenue by country" }).click();
    await settled(page);
    assert.equal(fake.asked.at(-1).message, "revenue by country");
    await answers(page).last().getByRole("button", { name: "Good answer" }).click();
    await until(async () => fake.feedback.at(-1).rating === "up" && fake.feedback.at(-1).turn === 2, "a thumb up");
  });

  test("calls are kept as a script, where the server keeps scripts", async () => {
    fake.tools = [{ name: "query", description: "Runs SQL.", class: "read", parameters: {}, positional: ["sql"] }, { name: "run_script", description: "Runs a script.", class: "write", parameters: {}, positional: ["script"] }];
    const { page } = await open();
    await ask(page, "What was the revenue?");
    await answers(page).getByRole("button", { name: "Save as script" }).click();
    const dialog = page.getByRole("dialog", { name: "Save as script" });
    assert.equal(await dialog.getByLabel("Name").inputValue(), "what_was_the_revenue");
    await dialog.getByLabel("Name").fill("revenue");
    await dialog.getByRole("button", { name: "Save", exact: true }).click();
    await page.locator(".toast.ok").getByText(/runs again without a model/).waitFor();
    assert.deepEqual(fake.scripts[0].steps, [{ type: "tool", name: "step 1", tool: "query", args: { sql: SQL }, output: "result" }]);
    fake.tools = undefined;
  });

  test("its width is set by its edge, by mouse and keys, and stays", async () => {
    const { page } = await open();
    const width = () => dock(page).evaluate((element) => element.offsetWidth);
    const before = await width();
    const edge = dock(page).getByRole("separator", { name: "Width of the copilot" });
    await edge.focus();
    await page.keyboard.press("ArrowLeft");
    assert.equal(await width(), before + 16);
    const box = /** @type {{x: number, y: number, width: number, height: number}} */ (await edge.boundingBox());
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x - 30, y);
    await page.mouse.up();
    assert.equal(await width(), before + 46);
    await page.reload();
    await ready(page);
    await composer(page).waitFor();
    assert.equal(await width(), before + 46);
    await edge.dblclick();
    assert.ok([360, 480].includes(await width()), "one of its two usual widths");
  });
});
