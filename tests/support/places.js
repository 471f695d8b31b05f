// Every page and dialog as a line of a table: where it is, how it is opened, what is there, and what people come to do there.

import { ask, composer, openDock } from "./copilot.js";
import { cell, edit, openReview, row, shows } from "./page.js";
import { run, tab } from "./query.js";
import { shown, toggle } from "./scripts.js";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {{name: string, path: string, open?: (page: Page, phone: boolean) => Promise<unknown>, main: (page: Page) => import("playwright-core").Locator, only?: "desktop" | "phone"}} Place */

const SQL = encodeURIComponent("SELECT BillingCountry, count(*) AS invoices, sum(Total) AS revenue FROM Invoice GROUP BY 1 ORDER BY 3 DESC LIMIT 8");
const FILTER = encodeURIComponent(JSON.stringify({ Total: { $gte: 5 }, BillingCountry: "USA" }));
const CSV = "no;name;city\n1;Müller;Köln\n2;Brandt;Ulm\nx;;\n";

/** @param {Page} page @param {string | RegExp} [name] */
const dialog = (page, name) => (name === undefined ? page.getByRole("dialog").last() : page.getByRole("dialog", { name }));
/** @param {Page} page @param {string | RegExp} name @param {boolean} [exact] */
const button = (page, name, exact) => page.getByRole("button", { name, exact }).first();

/** Runs a command by its title, from the palette. @param {Page} page @param {string} title */
export async function command(page, title) {
  await page.keyboard.press("Control+k");
  const palette = page.getByRole("dialog").last();
  await palette.getByRole("combobox").fill(title);
  await palette.getByRole("option").filter({ hasText: title }).first().click();
}
/** @param {Page} page */
async function invoices(page) {
  await shows(page, "Invoice");
  await row(page, 2).waitFor();
}
/** @param {Page} page */
async function statement(page) {
  await page.locator("sop-query .cm-content").waitFor();
  await run(page);
  await page.locator("#result-rows .grid-body .tr:not([hidden])").first().waitFor({ state: "attached" });
}
/** @param {Page} page @param {boolean} phone */
async function stage(page, phone) {
  await invoices(page);
  if (!phone) return edit(page, await cell(page, row(page, 2), "BillingCity"), "Elsewhere");
  await row(page, 2).tap();
  const sheet = page.getByRole("region", { name: "Inspector" });
  await sheet.getByRole("tab", { name: "Raw" }).tap();
  const text = sheet.getByRole("textbox");
  await text.fill(JSON.stringify({ ...JSON.parse(await text.inputValue()), BillingCity: "By hand" }));
  await sheet.getByRole("button", { name: "Close" }).first().tap();
  await sheet.waitFor({ state: "detached" });
}

/** The application, with a database `chinook` of three stores and a script `test/report`. @type {Place[]} */
export const PLACES = [
  { name: "browse", path: "/d/chinook/s/Invoice", open: invoices, main: (page) => row(page, 2) },
  { name: "browse filtered", path: `/d/chinook/s/Invoice?filter=${FILTER}&sort=-Total`, open: invoices, main: (page) => row(page, 2) },
  { name: "raw filter", path: `/d/chinook/s/Invoice?filter=${FILTER}`, open: async (page) => { await invoices(page); await command(page, "Filter as JSON"); }, main: (page) => dialog(page).getByRole("button", { name: /^Apply/ }) },
  { name: "columns", path: "/d/chinook/s/Invoice", open: async (page) => { await invoices(page); await button(page, /^Columns/).click(); }, main: (page) => page.getByRole("combobox", { name: "Find a column" }), only: "desktop" },
  { name: "empty database", path: "/d/empty", main: (page) => page.locator("sop-grid").getByRole("button", { name: /^Import files/ }) },
  { name: "empty store", path: "/d/chinook/s/Nothing", open: async (page) => page.getByText("Nothing in Nothing yet").waitFor(), main: (page) => page.locator("sop-grid").getByRole("button", { name: /^Add item/ }) },
  { name: "drawer", path: "/d/chinook/s/Album", only: "phone", open: async (page) => { await shows(page, "Album"); await page.getByRole("navigation", { name: "Parts" }).getByRole("button", { name: "Explorer" }).tap(); }, main: (page) => page.locator("sop-explorer .node.store").first() },
  { name: "inspector", path: "/d/chinook/s/Invoice", open: async (page, phone) => {
    await invoices(page);
    if (phone) await row(page, 2).tap();
    else {
      await row(page, 2).locator(".key").click();
      if (!(await page.locator(".work.inspecting").count())) await page.keyboard.press("Space");
    }
    await page.locator("sop-inspector [role=tree]").waitFor();
  }, main: (page) => page.getByRole("region", { name: "Inspector" }).getByRole("tab", { name: "Raw" }) },
  { name: "staged", path: "/d/chinook/s/Invoice", open: stage, main: (page) => button(page, /^Review/) },
  { name: "review", path: "/d/chinook/s/Invoice", open: async (page, phone) => { await stage(page, phone); await openReview(page); }, main: (page) => dialog(page, "Review").getByRole("button", { name: /^Commit/ }) },
  { name: "new item", path: "/d/chinook/s/Album", open: async (page) => { await shows(page, "Album"); await page.keyboard.press("Control+i"); }, main: (page) => dialog(page).getByRole("button").last() },
  { name: "new database", path: "/d/chinook/s/Album", open: async (page) => { await shows(page, "Album"); await command(page, "New database"); }, main: (page) => dialog(page).getByRole("button", { name: /^Create/ }) },
  { name: "new environment", path: "/d/chinook/s/Album", open: async (page) => { await shows(page, "Album"); await page.locator("#environment").click(); await page.getByRole("menuitem", { name: "New environment" }).click(); }, main: (page) => dialog(page).getByRole("button", { name: /^Create environment/ }) },
  { name: "environment menu", path: "/d/chinook/s/Album", open: async (page) => { await shows(page, "Album"); await page.locator("#environment").click(); }, main: (page) => page.getByRole("menuitem", { name: "New environment" }) },
  { name: "palette", path: "/d/chinook/s/Invoice", open: async (page) => { await invoices(page); await page.keyboard.press("Control+k"); await page.getByRole("combobox").last().fill("invoice"); }, main: (page) => page.getByRole("option").first() },
  { name: "help", path: "/d/chinook/s/Album", open: async (page) => { await shows(page, "Album"); await page.keyboard.press("F1"); }, main: (page) => dialog(page).getByRole("button", { name: /Close|Done/ }).first() },
  { name: "find", path: "/d/chinook/s/Invoice", open: async (page) => { await invoices(page); await command(page, "Find in the rows"); await page.getByLabel("Find in the rows").last().fill("USA"); }, main: (page) => page.getByRole("search").getByRole("button", { name: "Next" }) },
  { name: "import", path: "/d/chinook/s/Album", open: async (page) => {
    await shows(page, "Album");
    await page.keyboard.press("Control+Shift+i");
    const chooser = page.waitForEvent("filechooser");
    await dialog(page).getByRole("button", { name: "Choose files" }).click();
    await (await chooser).setFiles({ name: "people.csv", mimeType: "text/csv", buffer: Buffer.from(CSV) });
    await dialog(page).getByRole("tab", { name: /^Fields/ }).click();
  }, main: (page) => dialog(page).getByRole("button", { name: /^Import 1 file/ }) },
  { name: "export", path: "/d/chinook/s/Album", open: async (page) => { await shows(page, "Album"); await page.keyboard.press("Control+Shift+e"); }, main: (page) => dialog(page, /Export/).getByRole("button", { name: /Export|Save/ }).last() },
  { name: "query", path: `/d/chinook/q?sql=${SQL}`, open: statement, main: (page) => button(page, /^Run/) },
  { name: "query fault", path: "/d/chinook/q?sql=SELECT%20Nam%20FROM%20Artist", open: async (page) => { await page.locator("sop-query .cm-content").waitFor(); await run(page); await page.getByText(/Nam/).nth(1).waitFor(); }, main: (page) => button(page, /^Run/) },
  { name: "chart", path: `/d/chinook/q?sql=${SQL}`, open: async (page, phone) => { await statement(page); if (phone) await tab(page, "Chart").tap(); await page.locator("sop-chart svg.chart").waitFor(); }, main: (page) => button(page, "Scatter") },
  { name: "plan", path: `/d/chinook/q?sql=${SQL}`, open: async (page) => { await statement(page); await page.keyboard.press("Alt+x"); await page.locator("table.plan").waitFor(); }, main: (page) => button(page, /^Run/) },
  { name: "query history", path: `/d/chinook/q?sql=${SQL}`, open: async (page) => { await statement(page); await page.keyboard.press("Alt+h"); }, main: (page) => dialog(page).getByRole("option").or(dialog(page).getByRole("button")).first() },
  { name: "query review", path: "/d/chinook/q?sql=UPDATE%20Artist%20SET%20Name%20%3D%20'x'%20WHERE%20ArtistId%20%3D%203", open: async (page) => { await page.locator("sop-query .cm-content").waitFor(); await run(page); }, main: (page) => dialog(page).getByRole("button", { name: /^Commit/ }) },
  { name: "diagram", path: "/d/chinook/design", open: async (page) => page.locator("sop-diagram").getByText("Artist").first().waitFor(), main: (page) => button(page, "Store", true) },
  { name: "design form", path: "/d/chinook/s/Album/design", open: async (page) => page.locator("sop-store-pane section").waitFor(), main: (page) => page.locator("sop-store-pane").getByRole("tab", { name: "SQL" }) },
  { name: "design json", path: "/d/chinook/s/Album/design?pane=json", open: async (page) => page.locator("sop-store-pane textarea, sop-store-pane .cm-content").first().waitFor(), main: (page) => page.locator("sop-store-pane").getByRole("tab", { name: "Form" }) },
  { name: "discovery", path: "/d/chinook/s/Album/design?pane=items", open: async (page) => page.getByRole("button", { name: "values of ArtistId" }).waitFor(), main: (page) => button(page, "Declare this schema") },
  { name: "new store", path: "/d/chinook/design", open: async (page) => { await button(page, "Store", true).click(); await page.locator("sop-store-pane section").getByLabel("Name", { exact: true }).fill("Notes"); }, main: (page) => page.locator("sop-store-pane").getByRole("button", { name: /^Review/ }) },
  { name: "design review", path: "/d/chinook/design", open: async (page) => { await button(page, "Store", true).click(); await page.locator("sop-store-pane section").getByLabel("Name", { exact: true }).fill("Notes"); await page.locator("sop-store-pane").getByRole("button", { name: /^Review/ }).click(); }, main: (page) => dialog(page, "Review").getByRole("button", { name: /^Create store/ }) },
  { name: "relation", path: "/d/chinook/design", open: async (page) => { await page.locator("sop-diagram").getByText("Artist").first().waitFor(); await command(page, "New relation"); }, main: (page) => dialog(page, "New relation").getByRole("button", { name: /^Propose/ }) },
  { name: "code", path: "/d/chinook/design?pane=code&lang=python", open: async (page) => dialog(page, "Code").getByText("class ").first().waitFor(), main: (page) => dialog(page, "Code").getByRole("button", { name: /^Copy/ }).first() },
  { name: "databases", path: "/d/chinook/databases", open: async (page) => page.getByRole("heading", { name: "Backup" }).waitFor(), main: (page) => button(page, "Back up") },
  { name: "delete database", path: "/d/empty/databases", open: async (page) => { await page.getByRole("heading", { name: "Backup" }).waitFor(); await button(page, "Delete its files").click(); }, main: (page) => dialog(page).getByRole("textbox") },
  { name: "scripts", path: "/scripts?db=chinook", open: async (page) => page.locator(".script-row").first().waitFor(), main: (page) => page.locator(".script-row").first() },
  { name: "studio", path: "/scripts/test/report?db=chinook", open: shown, main: (page) => toggle(page, "/steps/0") },
  { name: "studio step", path: "/scripts/test/report?db=chinook", open: async (page) => { await shown(page); await toggle(page, "/steps/0").click(); }, main: (page) => toggle(page, "/steps/0") },
  { name: "studio add", path: "/scripts/test/report?db=chinook", open: async (page) => { await shown(page); await page.keyboard.press("Control+i"); }, main: (page) => dialog(page, "Add a step").getByRole("combobox") },
  { name: "studio json", path: "/scripts/test/report?db=chinook&pane=json", open: async (page) => page.locator("sop-scripts .cm-content").first().waitFor(), main: (page) => page.getByRole("radio", { name: "Steps" }) },
  { name: "script versions", path: "/scripts/test/report?db=chinook&pane=versions", open: async (page) => dialog(page).waitFor(), main: (page) => dialog(page).getByRole("button", { name: /Close|Done/ }).first() },
  { name: "script schedule", path: "/scripts/test/report?db=chinook", open: async (page) => { await shown(page); await command(page, "Schedule the script"); await dialog(page, /chedule/).waitFor(); }, main: (page) => dialog(page, /chedule/).getByRole("button").last() },
  { name: "copilot", path: "/d/chinook/s/Album", open: async (page) => { await shows(page, "Album"); await openDock(page); }, main: composer },
  { name: "copilot answer", path: "/d/chinook/s/Album", open: async (page) => { await shows(page, "Album"); await openDock(page); await ask(page, "how many albums"); }, main: composer },
  { name: "copilot proposal", path: "/d/chinook/s/Album", open: async (page) => { await shows(page, "Album"); await openDock(page); await composer(page).fill("set the title to Other for album 5"); await composer(page).press("Escape"); await composer(page).press("Enter"); await page.locator("sop-copilot").getByRole("button", { name: /^Approve/ }).waitFor(); }, main: (page) => page.locator("sop-copilot").getByRole("button", { name: /^Approve/ }) },
  { name: "activity", path: "/activity?db=chinook", open: async (page) => { await page.locator(".audit tbody tr[data-number]").first().waitFor(); await page.locator(".audit tbody tr[data-number]").first().click(); await page.locator("tr.inside").waitFor(); }, main: (page) => page.locator(".audit tbody tr[data-number]").first() },
  { name: "settings", path: "/settings?db=chinook", open: async (page) => page.getByRole("heading", { name: /^Copilot/ }).waitFor(), main: (page) => page.locator("sop-settings").getByRole("button").first() },
  { name: "knowledge", path: "/knowledge?db=chinook", open: async (page) => page.locator("sop-settings").getByRole("heading").first().waitFor(), main: (page) => page.locator("sop-settings").getByRole("button").first() },
  { name: "users, off", path: "/users?db=chinook", open: async (page) => page.getByText("Nobody signs in here").waitFor(), main: (page) => button(page, "Make the first user") },
  { name: "first user", path: "/users?db=chinook", open: async (page) => { await page.getByText("Nobody signs in here").waitFor(); await button(page, "Make the first user").click(); }, main: (page) => dialog(page).getByRole("button", { name: /Make administrator/ }) },
  { name: "no such store", path: "/d/chinook/s/Album", open: async (page) => { await page.goto(new URL("/d/chinook/s/Nowhere", page.url()).href); }, main: (page) => page.getByRole("link").or(page.getByRole("button")).first() },
];

/** A server that has nothing yet. @type {Place[]} */
export const FIRST = [
  ...["Create a database", "Open a folder", "Import a file", "Try the demo"].map((way) => ({ name: way, path: "/", open: async (/** @type {Page} */ page) => { await button(page, new RegExp(way)).click(); }, main: (/** @type {Page} */ page) => (way === "Open a folder" ? page.locator("sop-welcome").getByRole("textbox").first() : page.locator("sop-welcome .main").last()) })),
  { name: "set-up: system database", path: "/", open: async (page) => { await button(page, /^Next: system/).click(); }, main: (page) => button(page, /^Next: review/) },
  { name: "set-up: review", path: "/", open: async (page) => { await button(page, /^Next: system/).click(); await button(page, /^Next: review/).click(); }, main: (page) => button(page, /^Create database/) },
];

/** A server with users; `ada` is an administrator and signed in, apart from where it says so. @type {(Place & {out?: boolean})[]} */
export const USERS = [
  { name: "login", path: "/login", out: true, main: (page) => button(page, "Sign in") },
  { name: "login refused", path: "/login", out: true, open: async (page) => { await page.getByLabel("Name").fill("ada"); await page.getByLabel("Password").fill("not the password"); await button(page, "Sign in").click(); await page.getByRole("alert").waitFor(); }, main: (page) => button(page, "Sign in") },
  { name: "users", path: "/users?db=staff", open: async (page) => page.getByRole("button", { name: "Add user" }).waitFor(), main: (page) => button(page, "Add user") },
  { name: "add user", path: "/users?db=staff", open: async (page) => { await button(page, "Add user").click(); }, main: (page) => dialog(page).getByRole("button", { name: /^Add user/ }) },
  { name: "change user", path: "/users?db=staff", open: async (page) => { await button(page, "More for ed").click(); await page.getByRole("menuitem", { name: /Role, databases/ }).click(); }, main: (page) => dialog(page).getByRole("button", { name: /^Save/ }) },
  { name: "make token", path: "/users?db=staff", open: async (page) => { await button(page, "Make token").click(); }, main: (page) => dialog(page).getByRole("button", { name: /^Make token/ }) },
  { name: "account menu", path: "/d/staff/s/people", open: async (page) => { await shows(page, "people"); await page.getByRole("button", { name: "ada: account" }).click(); }, main: (page) => page.getByRole("menuitem", { name: "Sign out" }) },
];

