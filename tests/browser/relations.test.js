// Relations: what a cell points to, and what points to an item.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { picture } from "../support/browser.js";
import { cell, inView, row, shows, until } from "../support/page.js";
import { scene } from "../support/scene.js";

describe("relations", () => {
  const it = scene({ args: ["--demo"] });

  test("a cell that points to an item shows its first fields, and opens it", async () => {
    const { page } = await it.open("/d/shop/s/orders");
    await shows(page, "orders");
    const place = await cell(page, row(page, 2), "user_id");
    await place.locator(".link").waitFor();
    await place.hover();
    const card = page.locator(".hover-card");
    await card.waitFor();
    await picture(page, "relation-card");
    const user = Number((await place.locator("span").first().textContent()) ?? "");
    const item = await it.server.item("shop", "users", user);
    assert.match((await card.textContent()) ?? "", new RegExp(`users ${user}.*${item?.value.email.replaceAll(".", "\\.")}`, "s"));
    await place.locator(".link").click({ modifiers: ["Control"] });
    await shows(page, "users");
    await page.waitForURL(new RegExp(`/s/users\\?.*sel=${user}`));
  });

  test("what points to an item is counted exactly, by key or by a filter, and opens", async () => {
    const { page } = await it.open("/d/shop/s/users?sel=5");
    await shows(page, "users");
    await row(page, 5).and(page.locator('[aria-selected="true"]')).waitFor();
    const relations = page.getByRole("region", { name: "Inspector" }).locator(".relations");
    const answer = await it.server.call("GET", "/databases/shop/stores/orders/items", { query: { filter: '{"user_id":5}', count: true, limit: 1 } });
    const orders = relations.getByRole("button").filter({ hasText: /^orders/ });
    await orders.locator(".count").getByText(String(answer.count), { exact: true }).waitFor();
    await picture(page, "relation-counts");
    await orders.click();
    await shows(page, "orders");
    if (answer.count) await until(async () => (await inView(page))?.total === answer.count, "its orders");
    await page.locator("sop-filters .pill").getByText("user_id").waitFor();
  });
});
