// What the copilot proposes: approved once, denied with a reason, expired, in conflict; what it learned; and that text stays text.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { picture, ready } from "../support/browser.js";
import { answers, ask, composer, dock, openDock, revenue, say, settled } from "../support/copilot.js";
import { load } from "../support/data.js";
import { FakeChat, GEMINI, OFFLINE } from "../support/fake_chat.js";
import { shows, until } from "../support/page.js";
import { accessible } from "../support/query.js";
import { scene } from "../support/scene.js";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
const ROWS = [["2021-03-22", 20], ["2022-09-13", 141], ["2022-10-24", 152], ["2023-06-24", 207], ["2025-01-28", 336], ["2025-05-02", 359], ["2025-08-04", 381]].map(([date, id]) => ({ op: "update", store: "Invoice", key: { BillingCountry: "United Kingdom", InvoiceDate: `${date}T00:00:00Z`, InvoiceId: id }, before: { BillingCity: "Edinburgh ", Total: 1.98 }, after: { BillingCity: "Edinburgh", Total: 1.98 } }));
const STATEMENT = "UPDATE Invoice SET BillingCity = rtrim(BillingCity) WHERE BillingCity LIKE '% '";

/** @param {import("../support/fake_chat.js").Ask} ask @returns {AsyncGenerator<import("../support/fake_chat.js").Said>} */
async function* clean({ approve }) {
  yield ["tool-start", { call: "f", tool: "select", args: { store: "Invoice", filter: { BillingCity: { $regex: "\\s$" } } } }];
  yield ["tool-output", { call: "f", summary: "7 items", stats: { elapsed_ms: 2, rows: 7, nodes_read: 3 } }];
  yield ["text-delta", { text: "Seven invoices of one customer end with a space. I propose one update." }];
  yield ["usage", { in: 3480, out: 212, cached: 0, cost: 0.0012, model: "gemini-2.5-flash", sent: 1 }];
  yield ["tool-start", { call: "u", tool: "update", args: { store: "Invoice", set: { BillingCity: "Edinburgh" } } }];
  const { approve: yes, reason, answer } = /** @type {any} */ (await approve("u", { tool: "update", changeset: { count: 7, rows: ROWS }, statement: STATEMENT, class: "write", affected: 7 }));
  if (reason === "conflict") {
    yield ["approval-resolved", { call: "u", approved: true, applied: false, reason: "The data changed since this was proposed, so nothing was done." }];
    return void answer("conflict", "The data changed since this was proposed, so nothing was done.");
  }
  yield ["approval-resolved", { call: "u", approved: yes, applied: yes, reason: reason ?? null }];
  answer();
  yield yes ? ["tool-output", { call: "u", summary: "7 items updated", stats: { elapsed_ms: 1 } }] : ["tool-output", { call: "u", summary: "denied", error: { code: "denied", message: "The person denied this change." } }];
  yield ["text-delta", { text: yes ? "Done." : "I leave them as they are." }];
}

describe("what the copilot proposes", () => {
  /** @type {FakeChat} */
  let fake;
  const it = scene({
    prepare: async (server) => {
      await load(server, "chinook", ["Album", "Artist", "Invoice"]);
      fake = await FakeChat.before(server);
      fake.on(/clean up/i, clean);
      fake.on(/spent|revenue/i, revenue);
    },
  });
  after(() => fake?.close());
  /** @param {any} [options] @param {string} [path] */
  const open = async (options = {}, path = "/d/chinook/s/Invoice") => {
    const one = await it.open(path, options);
    if (path.includes("/s/")) await shows(one.page, "Invoice");
    if (options.isMobile) await one.page.locator("#copilot-button").click();
    else await openDock(one.page);
    await composer(one.page).waitFor();
    return one;
  };
  /** @param {import("playwright-core").Page} page */
  const propose = async (page) => {
    await say(page, "Clean up the cities that end with a space.");
    const card = dock(page).getByRole("region", { name: "Proposed change" }).last();
    await card.locator("footer input").waitFor();
    return card;
  };

  test("a change is shown before and after with its count, and applied once when approved", async () => {
    const { page } = await open({}, `/d/chinook/s/Invoice?prefix=${encodeURIComponent('["United Kingdom"]')}`);
    const card = await propose(page);
    assert.match((await card.textContent()) ?? "", /Update Invoice\s*Proposed.*Affected7Of412 items, 1 storeClassWrite/s);
    assert.equal(await card.locator("table.diff tbody tr").count(), 4);
    assert.deepEqual(await card.locator("tbody tr").first().locator("td").allTextContents(), ["2021-03-22 / 20", '"Edinburgh "', '"Edinburgh"']);
    assert.match((await answers(page).last().locator(".cost").textContent()) ?? "", /waiting for you/);
    assert.equal(await card.locator("thead th").first().textContent(), "United Kingdom / …");
    await until(async () => (await page.locator("#rows .tr.proposed:not([hidden])").count()) === 7, "its rows are marked in the grid");
    await picture(page, "copilot-approval");
    await card.getByRole("button", { name: "4 more, in the review" }).click();
    const review = page.getByRole("dialog", { name: "Review" });
    assert.equal(await review.locator(".card .tag.update").count(), 7);
    await picture(page, "copilot-review");
    await review.getByRole("button", { name: /^Approve 7 changes/ }).click();
    await review.waitFor({ state: "detached" });
    await settled(page);
    await card.getByText("Applied", { exact: true }).first().waitFor();
    assert.equal(await card.getByRole("button", { name: /Approve/ }).count(), 0);
    await answers(page).getByText("Done.").waitFor();
    assert.equal(await page.locator("#rows .tr.proposed").count(), 0);
    await picture(page, "copilot-applied");
  });

  test("denied with a reason, the reason goes to the server and nothing is done", async () => {
    const { page } = await open();
    const card = await propose(page);
    await card.getByRole("textbox", { name: "Reason to deny" }).fill("not these");
    await card.getByRole("button", { name: "Deny" }).click();
    await settled(page);
    assert.match((await card.textContent()) ?? "", /Denied\..*Nothing was done\. Reason: not these/s);
    await answers(page).getByText("I leave them as they are.").waitFor();
  });

  test("a change that lapsed, met a conflict, or was stopped says that nothing was done", async () => {
    const { page, watch } = await open();
    watch.expect(/409/);
    fake.on(/soon over/, async function* soon({ approve }) {
      yield ["tool-start", { call: "x", tool: "delete", args: { store: "Album" } }];
      await approve("x", { tool: "delete", changeset: { count: 1, rows: [{ op: "delete", store: "Album", key: 1, before: { Title: "For Those About To Rock" } }] }, class: "write", affected: 1, expires_ms: 1 });
    });
    await say(page, "soon over");
    const card = dock(page).getByRole("region", { name: "Proposed change" }).last();
    await card.getByText("Expired.").waitFor();
    assert.equal(await card.getByRole("button", { name: "Deny" }).count(), 0);
    await dock(page).getByRole("button", { name: /^Stop/ }).click();
    await settled(page);
    const next = await propose(page);
    // Somebody else changed the data meanwhile: the server says so.
    await page.route("**/approve", async (route) => route.continue({ postData: JSON.stringify({ ...route.request().postDataJSON(), reason: "conflict" }) }));
    await next.getByRole("button", { name: "Approve 7 updates" }).click();
    await next.getByText("The data changed meanwhile.").waitFor();
    await picture(page, "copilot-conflict");
    await page.unroute("**/approve");
    await settled(page);
    await next.getByRole("button", { name: "Ask again" }).click();
    const again = dock(page).getByRole("region", { name: "Proposed change" }).last();
    await again.getByRole("button", { name: "Approve 7 updates" }).waitFor();
    await composer(page).press("Escape");
    await settled(page);
    await again.getByText("Not decided.").waitFor();
    assert.equal(await again.getByRole("button", { name: /^Approve/ }).count(), 0, "what was stopped cannot be approved");
  });

  test("what was learned is approved, edited or rejected in its card", async () => {
    const { page } = await open();
    fake.on(/teach/, async function* teach() {
      yield ["text-delta", { text: "I noted it." }];
      yield ["knowledge-proposed", { category: "term", name: "active", text: "status 1 means active", why: "You said so in this talk." }];
      yield ["knowledge-proposed", { category: "term", name: "gone", text: "status 2 means gone", why: "" }];
    });
    fake.knowledge.set("term/gone", { category: "term", name: "gone", text: "x", status: "proposed" });
    await ask(page, "teach");
    const cards = dock(page).getByRole("region", { name: "Proposed knowledge" });
    await picture(page, "copilot-knowledge");
    await cards.first().getByRole("button", { name: "Edit" }).click();
    await cards.first().getByRole("textbox").fill("status 1 means active, 0 not");
    await cards.first().getByRole("button", { name: "Approve as edited" }).click();
    await cards.first().getByText("Approved").waitFor();
    assert.deepEqual([fake.knowledge.get("term/active").text, fake.knowledge.get("term/active").status], ["status 1 means active, 0 not", "approved"]);
    await cards.last().getByRole("button", { name: "Reject" }).click();
    await cards.last().getByText("Rejected").waitFor();
    assert.equal(fake.knowledge.has("term/gone"), false);
  });

  test("text from models, tools, names and arguments never becomes more than text", async () => {
    const { page } = await open();
    const evil = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>';
    const md = [evil, "[go](javascript:window.hacked=1) [out](https://evil.example/x) ![pixel](https://evil.example/p.png) <https://evil.example/auto> https://evil.example/bare", "[own](/d/chinook/s/Album) [api](/api/v1/databases)", "<a href='javascript:window.hacked=1' onclick='window.hacked=1'>x</a><iframe src=//evil.example></iframe><style>*{display:none}</style>", "[ref]: javascript:window.hacked=1\n\n[ref]", "```html\n<script>window.hacked=1</script>\n```", "| a | b |\n|---|---|\n| <svg onload=window.hacked=1> | ![x](data:text/html,x) |", "<details open ontoggle=window.hacked=1>", "<math><mtext><table><mglyph><style><img src=x onerror=window.hacked=1>", '<form action="https://evil.example"><input name=a></form>', "- [ ] task"].join("\n\n");
    fake.on(/^hostile/, async function* hostile({ approve }) {
      yield ["tool-start", { call: evil, tool: evil, args: { [evil]: evil, sql: evil, ["__proto__"]: { polluted: 1 } } }];
      yield ["tool-output", { call: evil, summary: evil, columns: [{ name: evil, kind: evil }, { name: "n", kind: "integer" }], rows: [[evil, 1], [{ [evil]: evil }, 2], [[evil], 3], [null, 4]], statement: evil, stats: { [evil]: evil, elapsed_ms: 1 }, data: { [evil]: evil } }];
      for (const char of md) yield ["text-delta", { text: char }];
      yield ["tool-start", { call: "bad", tool: "query", args: evil }];
      yield ["tool-output", { call: "bad", summary: evil, error: { code: evil, message: evil, suggestions: [evil], at: evil } }];
      yield ["navigate", { database: "chinook", store: "Invoice", filter: { BillingCountry: evil } }];
      yield ["knowledge-proposed", { category: evil, name: evil, text: evil, why: evil }];
      yield ["alternatives", { questions: [evil] }];
      yield ["error", { code: evil, detail: evil }];
      yield ["usage", { in: 1, out: 1, cost: 0.1, model: evil, sent: 1 }];
      yield ["tool-start", { call: "d", tool: "delete", args: {} }];
      await approve("d", { tool: "delete", changeset: { count: 2, rows: [{ op: "delete", store: evil, key: evil, before: { [evil]: evil } }, { op: "update", store: evil, key: { a: evil }, before: { x: evil }, after: { x: 1, [evil]: evil } }] }, statement: evil, class: evil, affected: 2 });
    });
    await say(page, `hostile ${evil}`);
    const card = dock(page).getByRole("region", { name: "Proposed change" });
    await card.waitFor();
    await until(async () => (await dock(page).locator(".md li").count()) > 0, "the text is whole");
    for (const line of await dock(page).locator("summary").all()) await line.click();
    const clean = async () => {
      assert.equal(await page.evaluate(() => /** @type {any} */ (window).hacked), undefined, "nothing has run");
      assert.equal(await page.evaluate(() => /** @type {any} */ ({}).polluted), undefined);
      const found = await dock(page).evaluate((element) => ({
        elements: [...element.querySelectorAll("img, script, iframe, style, object, embed, form:not(.composer, .why), input[name=a], math, video, audio, link")].map((one) => one.outerHTML.slice(0, 80)),
        links: [...element.querySelectorAll("a")].map((one) => one.getAttribute("href")),
        handlers: [...element.querySelectorAll("*")].filter((one) => [...one.attributes].some((attribute) => attribute.name.startsWith("on") || attribute.name === "style" || attribute.name === "srcset")).map((one) => one.outerHTML.slice(0, 120)),
      }));
      assert.deepEqual(found.elements, []);
      assert.deepEqual(found.handlers.filter((one) => !one.startsWith("<sop-copilot")), []);
      assert.deepEqual(found.links.filter((href) => !/^\/(?:knowledge|d\/)/.test(href ?? "")), [], "only links to pages here");
      assert.ok(found.links.includes("/d/chinook/s/Album"));
    };
    await clean();
    const text = (await dock(page).locator(".md").allTextContents()).join("\n");
    assert.ok(text.includes('<img src=x onerror="window.hacked=1">') && text.includes("https://evil.example/x") && text.includes("pixel"), "all of it is shown as text");
    await picture(page, "copilot-hostile");
    await card.getByRole("button", { name: "Open in Review" }).click();
    assert.equal(await page.locator("dialog :is(img, script, iframe)").count(), 0);
    await page.keyboard.press("Escape");
    fake.sent = { provider: evil, model: evil, bytes: 1, body: { [evil]: evil } };
    await dock(page).getByRole("button", { name: "What was sent" }).click();
    await page.locator("dialog pre.sent-text").waitFor();
    assert.equal(await page.locator("dialog :is(img, script, iframe)").count(), 0);
    await page.keyboard.press("Escape");
    await composer(page).press("Escape");
    await settled(page);
    await dock(page).getByRole("button", { name: "Earlier talks" }).click();
    await dock(page).locator(".talk-row").first().waitFor();
    assert.equal(await dock(page).locator("img, script").count(), 0);
  });

  test("a link in an answer opens its place in the page", async () => {
    const { page } = await open();
    fake.on(/^link/, async function* link() {
      yield ["text-delta", { text: "See [the albums](/d/chinook/s/Album)." }];
    });
    await ask(page, "link");
    await answers(page).getByRole("link", { name: "the albums" }).click();
    await ready(page);
    await shows(page, "Album");
    await answers(page).getByRole("link", { name: "the albums" }).waitFor();
  });

  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    test(`the dock has no serious finding, ${colorScheme}`, async () => {
      fake.llm = { ...OFFLINE };
      const { page } = await open({ colorScheme });
      await dock(page).getByText("Offline planner.").waitFor();
      await accessible(page, "empty");
      await picture(page, `copilot-empty-${colorScheme}`);
      fake.llm = { ...GEMINI };
      await ask(page, "What was the revenue?");
      await answers(page).last().locator("summary.call").click();
      await accessible(page, "answer");
      await answers(page).getByRole("button", { name: "Chart" }).click();
      await answers(page).locator("sop-chart rect").first().waitFor();
      await accessible(page, "chart");
      await composer(page).pressSequentially("/");
      await dock(page).getByRole("listbox", { name: "Commands" }).getByRole("option").first().waitFor();
      await accessible(page, "commands");
      await composer(page).fill("");
      await propose(page);
      await accessible(page, "approval");
      await picture(page, `copilot-approval-${colorScheme}`);
      await composer(page).press("Escape");
      await settled(page);
      await dock(page).getByRole("button", { name: "Earlier talks" }).click();
      await dock(page).locator(".talk-row").first().waitFor();
      await accessible(page, "history");
    });
  }

  test("on a phone it takes the screen: ask, approve, go back", async () => {
    fake.llm = { ...GEMINI };
    const { page } = await open(PHONE);
    const box = await dock(page).boundingBox();
    assert.ok(box && box.width === 390 && box.height > 700, JSON.stringify(box));
    await picture(page, "phone-copilot-empty");
    await ask(page, "What was the revenue?");
    await picture(page, "phone-copilot-answer");
    const card = await propose(page);
    await until(async () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing is wider than the screen");
    await card.scrollIntoViewIfNeeded();
    await picture(page, "phone-copilot-approval");
    await accessible(page, "phone");
    await card.getByRole("button", { name: "Approve 7 updates" }).click();
    await settled(page);
    await card.getByText("Applied", { exact: true }).first().waitFor();
    await dock(page).getByRole("button", { name: "Close the copilot" }).click();
    await shows(page, "Invoice");
    await page.locator("#rows .grid-body .tr").first().waitFor();
  });
});
