// The inspector's tree: values edited in their place, types, fields, and what a declared schema says.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { picture } from "../support/browser.js";
import { commit, openReview, row, shows, staged, until } from "../support/page.js";
import { accessible } from "../support/query.js";
import { scene } from "../support/scene.js";

const VALUE = { n: 1, s: "one", deep: { list: [1, "two"], flag: true }, none: null };

describe("the tree of an item", () => {
  const it = scene({ prepare: async (server) => {
    await server.createDatabase("trees");
    const schema = { declared: true, fields: [{ name: "n", type: "integer", required: true }, { name: "s", type: "string", required: false }] };
    await server.call("POST", "/databases/trees/stores", { body: { name: "typed", key: { type: "i64" }, schema } });
    await server.change("trees", [1, 2, 3].map((key) => ({ op: "insert", store: "typed", key, value: VALUE })));
  } });
  /** @param {import("playwright-core").Page} page @param {string} name */
  const node = (page, name) => page.locator(".json .line").filter({ has: page.locator(".name").getByText(name, { exact: true }) });

  /** @param {number} key @param {any} [options] */
  const open = async (key, options) => {
    const one = await it.open(`/d/trees/s/typed?sel=${key}`, options);
    await shows(one.page, "typed");
    await row(one.page, key).and(one.page.locator('[aria-selected="true"]')).waitFor();
    return one;
  };

  test("leaves, names and types change by keys alone, are seen as changed, and are written as shown", async () => {
    const { page } = await open(1);
    await page.locator(".json [tabindex='0']").focus();
    for (let at = 0; at < 2; at += 1) await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.keyboard.type("1.5");
    await page.getByText("n is a whole number in the schema").waitFor();
    await picture(page, "tree-wrong");
    await page.keyboard.press("Enter");
    assert.equal(await page.locator(".json-input").count(), 1, "what is wrong is not taken");
    await page.keyboard.press("Control+a");
    await page.keyboard.type("12");
    await page.keyboard.press("Enter");
    await until(async () => (await node(page, "n").locator("s").textContent()) === "1", "the old value stands beside the new one");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Delete");
    await until(async () => (await page.locator(".json .line.changed").count()) >= 2, "the removed field is shown as changed");
    await node(page, "deep").click();
    await node(page, "flag").dblclick();
    await page.keyboard.press("Control+a");
    await page.keyboard.type("false");
    await page.keyboard.press("Enter");
    await node(page, "flag").hover();
    await node(page, "flag").getByRole("button", { name: /^Type of flag/ }).click();
    await page.getByRole("menuitemcheckbox", { name: "text" }).click();
    await page.keyboard.press("F2");
    await page.keyboard.type("mark");
    await page.keyboard.press("Enter");
    await node(page, "mark").waitFor();
    await node(page, "list").click();
    await page.keyboard.press("Insert");
    await page.keyboard.type("third");
    await page.keyboard.press("Enter");
    await node(page, "value").focus();
    await page.keyboard.press("Insert");
    await page.keyboard.type("more");
    await page.keyboard.press("Enter");
    await page.keyboard.type("5");
    await page.keyboard.press("Enter");
    await until(async () => (await node(page, "more").locator(".n").textContent()) === "5", "the new field is there");
    await picture(page, "tree-edited");
    await accessible(page, "the tree");
    await staged(page).getByText("1 staged edit").waitFor();
    const review = await openReview(page);
    await picture(page, "tree-review");
    await commit(page, review);
    assert.deepEqual((await it.server.item("trees", "typed", 1))?.value, { n: 12, deep: { list: [1, "two", "third"], mark: "false" }, none: null, more: 5 });
  });

  test("a required field that is missing is said, and added by one press", async () => {
    const { page } = await open(2);
    await node(page, "n").hover();
    await node(page, "n").getByRole("button", { name: "Remove n" }).click();
    await page.getByText("n is required.").waitFor();
    await picture(page, "tree-missing");
    await page.getByRole("button", { name: "Add n" }).click();
    await page.keyboard.press("Control+a");
    await page.keyboard.type("9");
    await page.keyboard.press("Enter");
    await until(async () => (await page.getByText("n is required.").count()) === 0, "it is there again");
    await page.keyboard.press("Escape");
  });

  test("on a phone, in the dark", async () => {
    const { page } = await open(3, { viewport: { width: 390, height: 844 }, colorScheme: "dark" });
    await row(page, 3).click();
    await node(page, "s").dblclick();
    await page.locator(".json-input").waitFor();
    await picture(page, "tree-phone");
    await accessible(page, "the tree on a phone");
  });
});
