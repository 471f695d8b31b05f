// Many items at once: select, set, delete, paste, fill, copy, find; and taking a commit back.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { picture } from "../support/browser.js";
import { cell, commit, inView, openReview, row, shows, staged, until } from "../support/page.js";
import { accessible } from "../support/query.js";
import { scene } from "../support/scene.js";

const DATABASE = "bulk";
const KINDS = ["red", "green", "blue"];
const item = (/** @type {number} */ id) => ({ id, name: `Name ${id}`, kind: KINDS[id % 3], n: id * 1.5, on: id % 2 === 0, ...(id % 5 ? {} : { note: null }) });
const COUNT = 450;

/** @param {import("playwright-core").Page} page @param {string} text */
async function paste(page, text) {
  await page.locator("#rows").evaluate((rows, pasted) => {
    const data = new DataTransfer();
    data.setData("text/plain", pasted);
    rows.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  }, text);
}
/** @param {import("playwright-core").Page} page */
const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());

describe("bulk", () => {
  const it = scene({ prepare: async (server) => {
    await server.createDatabase(DATABASE);
    for (const store of ["one", "two", "three", "four"]) await server.import(DATABASE, store, Array.from({ length: COUNT }, (_, id) => JSON.stringify(item(id))).join("\n"), "id");
  } });
  /** @param {string} store @param {string} [more] */
  const open = async (store, more = "") => {
    const one = await it.open(`/d/${DATABASE}/s/${store}${more}`);
    await one.context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await shows(one.page, store);
    return one;
  };

  test("all of a filter is selected, set and committed as one change set, and taken back", async () => {
    const { page } = await open("one", `?filter=${encodeURIComponent('{"kind":"red"}')}`);
    await until(async () => (await inView(page))?.total === 150, "the red ones");
    await page.locator("#rows").focus();
    await page.keyboard.press("Control+a");
    await page.locator("sop-status").getByText("150 selected").waitFor();
    await page.keyboard.press("Control+Shift+F");
    const dialog = page.getByRole("dialog", { name: "Set a field" });
    await dialog.getByLabel("Field").selectOption("n");
    await dialog.getByRole("textbox").fill("seven");
    await dialog.getByRole("button", { name: "Stage" }).click();
    await dialog.getByText("is not a number").waitFor();
    await dialog.getByRole("textbox").fill("7");
    await picture(page, "bulk-set");
    await accessible(page, "setting a field");
    await dialog.getByRole("button", { name: "Stage" }).click();
    await staged(page).getByText("150 staged edits").waitFor();
    const review = await openReview(page);
    await picture(page, "bulk-review");
    await commit(page, review);
    assert.equal((await it.server.item(DATABASE, "one", 447))?.value.n, 7);
    await page.locator(".toast.ok").getByRole("button", { name: "Revert" }).click();
    const back = page.getByRole("dialog", { name: "Review" });
    await back.getByRole("button", { name: "Commit 150 changes" }).waitFor();
    await picture(page, "bulk-revert");
    await back.getByRole("button", { name: /^Commit/ }).click();
    await until(async () => (await it.server.item(DATABASE, "one", 447))?.value.n === 447 * 1.5, "the old value is back");
  });

  test("rows are picked one by one and deleted together; a commit that others changed since is not taken back", async () => {
    const { page, watch } = await open("two");
    watch.expect(/409/);
    await row(page, 2).locator(".key").click();
    await row(page, 5).locator(".key").click({ modifiers: ["Control"] });
    await row(page, 7).locator(".key").click({ modifiers: ["Control"] });
    await row(page, 5).locator(".key").click({ modifiers: ["Control"] });
    await page.locator("sop-status").getByText("2 selected").waitFor();
    await page.keyboard.press("Delete");
    await staged(page).getByText("2 staged edits").waitFor();
    await picture(page, "bulk-delete");
    await commit(page, await openReview(page));
    assert.equal(await it.server.item(DATABASE, "two", 1), undefined);
    assert.ok(await it.server.item(DATABASE, "two", 4));
    await it.server.change(DATABASE, [{ op: "insert", store: "two", key: 6, value: { name: "another" } }]);
    await page.keyboard.press("Control+k");
    await page.keyboard.type("revert the last commit");
    await page.keyboard.press("Enter");
    const back = page.getByRole("dialog", { name: "Review" });
    await back.getByText("This key exists already").waitFor();
    await back.getByRole("radio", { name: "Leave out" }).click();
    await back.getByRole("button", { name: "Commit 1 change" }).click();
    await until(async () => (await it.server.item(DATABASE, "two", 1))?.value.name === "Name 1", "the other one is back");
    assert.equal((await it.server.item(DATABASE, "two", 6))?.value.name, "another");
  });

  test("cells of a spreadsheet are pasted by the types of their columns; what does not fit is said first", async () => {
    const { page } = await open("three");
    await (await cell(page, row(page, 3), "name")).click();
    await paste(page, 'Ann\tred\t1.25\r\n"Two\nlines"\tblue\t\r\n');
    await staged(page).getByText("2 staged edits").waitFor();
    await picture(page, "bulk-paste");
    await (await cell(page, row(page, 6), "kind")).click();
    await paste(page, "x\t1\ny\tfar\n");
    await page.getByText("1 cell of 4 does not fit: row 2, n: “far” is not a number. Nothing was pasted.").waitFor();
    await page.getByRole("button", { name: "Paste the others" }).click();
    await staged(page).getByText("4 staged edits").waitFor();
    await commit(page, await openReview(page));
    assert.deepEqual((await it.server.item(DATABASE, "three", 2))?.value, { name: "Ann", kind: "red", n: 1.25, on: true });
    assert.equal((await it.server.item(DATABASE, "three", 3))?.value.name, "Two\nlines");
    assert.deepEqual((({ kind, n }) => ({ kind, n }))((await it.server.item(DATABASE, "three", 6))?.value), { kind: "y", n: 9 });
    // One cell fills what is selected.
    await (await cell(page, row(page, 11), "kind")).click();
    await (await cell(page, row(page, 14), "kind")).click({ modifiers: ["Shift"] });
    await paste(page, "grey");
    await staged(page).getByText("4 staged edits").waitFor();
    await page.keyboard.press("Control+z");
    await until(async () => (await staged(page).count()) === 0, "one step");
  });

  test("fill down takes the first row of what is selected", async () => {
    const { page } = await open("three");
    await (await cell(page, row(page, 21), "name")).click();
    for (const key of ["Shift+ArrowDown", "Shift+ArrowDown", "Shift+ArrowRight"]) await page.keyboard.press(key);
    await page.keyboard.press("Control+d");
    await staged(page).getByText("2 staged edits").waitFor();
    assert.equal(await (await cell(page, row(page, 23), "name")).textContent(), "Name 20");
    assert.equal(await (await cell(page, row(page, 23), "kind")).textContent(), KINDS[20 % 3]);
  });

  test("cells and rows are copied in the forms that other programs take", async () => {
    const { page } = await open("four");
    await (await cell(page, row(page, 2), "name")).click();
    await page.keyboard.press("Shift+ArrowDown");
    await page.keyboard.press("Shift+ArrowRight");
    await page.keyboard.press("Control+c");
    await page.getByText("4 cells copied").waitFor();
    assert.equal(await clipboard(page), "Name 1\tgreen\nName 2\tblue");
    for (const [format, expected] of /** @type {[string, RegExp][]} */ ([
      ["CSV", /^(key|id),name,kind,n,on,note\r\n1,Name 1,green,1\.5,false,\r\n2,/],
      ["SQL INSERT", /^INSERT INTO "four" \("(key|id)", "name", "kind", "n", "on"\) VALUES \(1, 'Name 1', 'green', 1\.5, FALSE\);\nINSERT/],
      ["Markdown", /^\| (key|id) \| name \| kind \| n \| on \| note \|\n\| --- \|/],
      ["JSON", /^\[\n {2}\{\n {4}"key": (1|\{)/],
      ["Cells with a head (TSV)", /^(key|id)\tname\tkind\tn\ton\tnote\n1\tName 1/],
    ])) {
      await page.keyboard.press("Control+Alt+c");
      await page.getByRole("menuitem", { name: format, exact: true }).click();
      await page.getByText(`2 rows copied as ${format}`).waitFor();
      assert.match(await clipboard(page), expected, format);
    }
  });

  test("find marks and counts what is in the rows, and goes from one to the next", async () => {
    const { page } = await open("four");
    await page.locator("#rows").focus();
    await page.keyboard.press("Control+f");
    await page.keyboard.type("name 1");
    const said = page.locator(".find-bar [role=status]");
    await said.getByText("1 of 11", { exact: true }).waitFor();
    await picture(page, "find");
    await accessible(page, "find");
    await page.keyboard.press("Enter");
    await said.getByText("2 of 11", { exact: true }).waitFor();
    await until(async () => (await page.locator("#active-cell").textContent()) === "Name 10", "the second one is active");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.press("Shift+Enter");
    await said.getByText("11 of 11", { exact: true }).waitFor();
    assert.ok(await page.locator("#rows .td.hit").count());
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("#rows .td.hit").count(), 0);
    await page.keyboard.press("Control+f");
    await said.getByText(/^\d+ of 11$/).waitFor();
    const first = Number.parseInt((await said.textContent()) ?? "", 10);
    await page.keyboard.press("F3");
    await said.getByText(`${(first % 11) + 1} of 11`, { exact: true }).waitFor();
    await page.keyboard.press("Escape");
    assert.equal(await page.locator(".find-bar").count(), 0);
  });
});
