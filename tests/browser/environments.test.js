// Environments in the page: chosen for one session, and careful about writing.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, picture, session } from "../support/browser.js";
import { Server, temporaryFolder } from "../support/server.js";

const folder = await temporaryFolder();
/** @type {Server} */
let server;
/** @type {import("playwright-core").Browser} */
let browser;

before(async () => {
  server = await Server.start({ folder: folder.path });
  await server.createDatabase("shop");
  await server.call("POST", "/databases/shop/stores", { body: { name: "users", key: { type: "i64" } } });
  await server.call("POST", "/databases/shop/stores/users/items", { body: { key: 1, value: { name: "Ada" } } });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
  await folder.remove();
});

test("an environment is made from another, entered, and asks for names before writing", async () => {
  const { page, watch, context } = await session(browser, server, {}, "/d/shop/s/users");
  watch.expect(/403/);
  const badge = page.locator("#environment");
  assert.match(await badge.innerText(), /dev\s+open/);
  await badge.click();
  await page.getByRole("menuitem", { name: "New environment" }).click();
  const form = page.getByRole("dialog", { name: "New environment" });
  await form.getByRole("textbox", { name: "Name" }).fill("prod");
  await form.getByLabel("Databases").selectOption("dev");
  await form.getByLabel("Colour").selectOption("prod");
  await form.getByRole("button", { name: "Create environment" }).click();
  await page.waitForFunction(() => document.querySelector("#environment")?.textContent?.includes("prod"));
  assert.match(await badge.innerText(), /prod\s+confirm/);

  await page.goto(`${server.origin}/d/shop/s/users`);
  await page.keyboard.press("Control+k");
  await page.keyboard.type("New store");
  await page.keyboard.press("Enter");
  const pane = page.locator("sop-store-pane section");
  await pane.getByLabel("Name", { exact: true }).fill("orders");
  await page.keyboard.press("Control+s");
  const review = page.getByRole("dialog", { name: "Review" });
  const create = review.getByRole("button", { name: /^Create store/ });
  await picture(page, "environment-confirm");
  assert.equal(await create.isDisabled(), true);
  await review.getByRole("textbox").fill("shop");
  await create.click();
  await review.waitFor({ state: "detached" });
  await page.getByRole("treeitem", { name: /orders/ }).waitFor();

  // Another session is where it was.
  const other = await session(browser, server, {}, "/d/shop/s/users");
  assert.match(await other.page.locator("#environment").innerText(), /dev\s+open/);
  watch.verify();
  other.watch.verify();
  await context.close();
  await other.context.close();
});
