// The scenes of the guide, in its order. A new part of the page gets a line here, and its sentences in docs/GUIDE.md.

import { PASSWORD, enter, usersOn } from "../support/accounts.js";
import { ask, openDock } from "../support/copilot.js";
import { shows, until } from "../support/page.js";
import { shown as studioShown } from "../support/scripts.js";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {{name: string, path: string, on?: "fresh" | "users", act: (page: Page) => Promise<unknown>}} Scene on: a server that has nothing yet, or one whose users sign in; else one where nobody does */

const FILTER = JSON.stringify({ status: "shipped", total: { $gt: 200 } });
const SQL = "SELECT p.category, count(*) AS lines, sum(l.quantity * l.price) AS revenue\nFROM order_lines AS l JOIN products AS p ON p.key = l.product\nGROUP BY p.category ORDER BY revenue DESC";
const CSV = "no;name;city;zip;since\n1;Müller & Söhne;Köln;02113;2021-04-01\n2;Brandt;Ulm;7019;2022-11-30\n3;Ferrari;Roma;00118;2020-01-15\n";

/** @param {Page} page @param {string} label @param {string} name */
async function choose(page, label, name) {
  await page.keyboard.press("Control+Shift+I");
  const dialog = page.getByRole("dialog", { name: "Import files" });
  const chooser = page.waitForEvent("filechooser");
  await dialog.getByRole("button", { name: label }).click();
  await (await chooser).setFiles({ name, mimeType: "text/csv", buffer: Buffer.from(CSV) });
  return dialog;
}

/** @type {Scene[]} */
export const SCENES = [
  { name: "first-page", path: "", on: "fresh", act: (page) => page.getByText("Free:").waitFor() },
  { name: "rows", path: `/d/shop/s/orders?filter=${encodeURIComponent(FILTER)}&sort=-total`, act: async (page) => {
    await shows(page, "orders");
    await page.locator("#rows .grid-body .tr:not([hidden]) .td.key").nth(3).click();
    if (!(await page.locator(".work.inspecting").count())) await page.keyboard.press("Space");
    await page.locator("sop-inspector [role=tree]").first().waitFor();
  } },
  { name: "review", path: "/d/shop/s/products", act: async (page) => {
    await shows(page, "products");
    for (const [row, head, text] of /** @type {[number, string, string][]} */ ([[1, "price", "12.49"], [3, "stock", "0"]])) {
      const at = (await page.locator("#rows .grid-head .th .cut").allTextContents()).findIndex((one) => one.trim() === head);
      await page.locator("#rows .grid-body .tr:not([hidden])").nth(row).locator(".td").nth(at + 1).dblclick();
      await page.locator("#rows input.inline").fill(text);
      await page.locator("#rows input.inline").press("Enter");
    }
    await page.keyboard.press("Control+s");
    await page.getByRole("dialog", { name: "Review" }).getByText("One transaction", { exact: true }).waitFor();
  } },
  { name: "query", path: `/d/shop/q?sql=${encodeURIComponent(SQL)}`, act: async (page) => {
    await page.locator(".cm-content").first().waitFor();
    await page.getByRole("button", { name: /^Run/ }).first().click();
    await page.locator("#result-rows .grid-body .tr:not([hidden])").first().waitFor();
  } },
  { name: "design", path: "/d/shop/s/orders/design", act: (page) => page.getByRole("region", { name: "Store orders" }).waitFor() },
  { name: "code", path: "/d/shop/design?pane=code&lang=python", act: (page) => page.getByRole("dialog", { name: "Code" }).getByText("class Order").first().waitFor() },
  { name: "import", path: "/d/shop/s/users", act: async (page) => {
    await shows(page, "users");
    const dialog = await choose(page, "Choose files", "suppliers.csv");
    await dialog.getByRole("tab", { name: /^Fields/ }).click();
    await dialog.getByLabel("New name of city").fill("address.city");
    await dialog.getByLabel("New name of city").press("Tab");
    await dialog.getByLabel("Type of zip").selectOption("text");
  } },
  { name: "export", path: `/d/shop/s/orders?filter=${encodeURIComponent(FILTER)}`, act: async (page) => {
    await shows(page, "orders");
    await page.keyboard.press("Control+Shift+E");
    await page.getByRole("dialog", { name: "Export" }).waitFor();
  } },
  { name: "scripts", path: "/scripts/stock/restock?db=shop", act: (page) => studioShown(page) },
  { name: "paused", path: "/scripts/stock/restock?db=shop", act: async (page) => {
    await studioShown(page);
    await page.locator('[data-step="/steps/1"] > .stop').click();
    for (const round of [1, 2, 3]) {
      await page.keyboard.press("F5");
      await page.locator("footer.status .figures").getByText(new RegExp(`^${round} of`)).waitFor();
    }
    await page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement).blur());
  } },
  { name: "activity", path: "/activity?db=shop&in=shop", act: async (page) => {
    await page.locator(".audit tbody tr[data-number]").filter({ hasText: "stock" }).first().click();
    await page.locator("tr.inside .diff").first().waitFor();
    await until(async () => ((await page.locator(".spark polyline:not(.area)").first().getAttribute("points").catch(() => null)) ?? "").split(" ").length > 5, "lines of the figures", 30_000);
  } },
  { name: "copilot", path: "/d/shop/s/orders", act: async (page) => {
    await shows(page, "orders");
    await openDock(page);
    await ask(page, "top 5 products by stock");
  } },
  { name: "discovery", path: "/d/shop/s/reviews/design?pane=items", act: (page) => page.getByRole("button", { name: "Declare this schema" }).waitFor() },
  { name: "environments", path: "/d/shop/s/orders", act: async (page) => {
    await shows(page, "orders");
    await page.locator("#environment").click();
    await page.getByRole("menuitem", { name: "New environment" }).click();
    const form = page.getByRole("dialog", { name: "New environment" });
    await form.getByRole("textbox", { name: "Name" }).fill("production");
    await form.getByLabel("Colour").selectOption("prod");
  } },
  { name: "databases", path: "/d/shop/databases", act: (page) => page.getByRole("heading", { name: "Backup" }).waitFor() },
  { name: "login", path: "/login", on: "users", act: async (page) => {
    await page.context().clearCookies();
    await page.goto(`${new URL(page.url()).origin}/d/shop/s/orders`);
    await page.getByLabel("Name").fill("ada");
  } },
  { name: "users", path: "/login", on: "users", act: async (page) => {
    const { origin } = new URL(page.url());
    await enter(page.context(), { origin }, "ada");
    await page.goto(`${origin}/users?db=shop`);
    await page.getByRole("button", { name: "More for ed" }).click();
    await page.getByRole("menuitem", { name: /Role, databases/ }).click();
    await page.getByRole("dialog").getByRole("radio", { name: "Editor" }).waitFor();
  } },
  { name: "masked", path: "/login", on: "users", act: async (page) => {
    const { origin } = new URL(page.url());
    await enter(page.context(), { origin }, "ed");
    await page.goto(`${origin}/d/shop/s/users`);
    await shows(page, "users");
  } },
  { name: "settings", path: "/settings?db=shop", act: (page) => page.getByRole("heading", { name: /^Copilot/ }).waitFor() },
];

/** What happened in the shop before the pictures, so that there is something to see. @param {import("../support/server.js").Server} server */
export async function prepare(server) {
  await server.createDatabase("shop");
  await server.call("POST", "/databases/shop/demo", { body: { name: "shop" } });
  const [order] = (await server.call("GET", "/databases/shop/stores/orders/items", { query: { limit: 1 } })).items;
  const [product, other] = (await server.call("GET", "/databases/shop/stores/products/items", { query: { limit: 2 } })).items;
  await server.change("shop", [{ op: "patch", store: "orders", key: order.key, patch: { status: "returned", note: "damaged on the way" } }]);
  await server.call("POST", "/databases/shop/query", { body: { sql: "UPDATE products SET discontinued = true WHERE stock = 0" } });
  await server.change("shop", [{ op: "patch", store: "products", key: product.key, patch: { stock: product.value.stock + 40 } }, { op: "patch", store: "products", key: other.key, patch: { stock: other.value.stock + 25 } }]);
  await server.call("POST", "/scripts", { body: {
    category: "stock", name: "restock", description: "Orders more of what runs short, and says what it did.",
    parameters: [{ name: "least", type: "integer", default: 20, description: "fewer than these are too few" }, { name: "more", type: "integer", default: 50 }],
    steps: [
      { type: "fetch", store: "products", filter: { stock: { $lt: "{{least}}" }, discontinued: false }, limit: 20, output: "short" },
      { type: "loop", list: "short", item: "product", steps: [{ type: "if", condition: "product.price < 100.0", then: [{ type: "set", variable: "stock", value: "product.stock + more" }, { type: "tool", tool: "update", args: { store: "products", key: "{{product.key}}", set: { stock: "{{stock}}" } } }], else: [{ type: "say", message: "Ask somebody first: {{product.name}}" }] }] },
      { type: "set", variable: "number", value: "size(short)" },
      { type: "say", message: "{{number}} products were short." },
    ],
  } }).catch((error) => console.error(`The script is not what the server takes: ${error}`));
  await server.call("POST", "/databases/shop/check");
}

/** Who uses the shop, from a state in which nobody signs in. @param {import("../support/server.js").Server} server */
export async function prepareUsers(server) {
  await server.createDatabase("shop");
  await server.call("POST", "/databases/shop/demo", { body: { name: "shop" } });
  const ada = await usersOn(server);
  await ada.call("POST", "/users", { name: "ed", password: PASSWORD, role: "editor", grants: { shop: "editor" }, masked: [{ database: "shop", store: "users", field: "email" }] });
  await ada.call("POST", "/users", { name: "ann", password: PASSWORD, role: "analyst" });
  await ada.call("POST", "/users", { name: "vera", password: PASSWORD, role: "viewer", grants: { shop: "viewer" } });
}
