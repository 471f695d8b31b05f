// The copilot as the tests speak of it.

import { until } from "./page.js";

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page */
export const dock = (page) => page.locator("sop-copilot");
/** @param {Page} page */
export const composer = (page) => dock(page).getByRole("textbox", { name: "Message" });
/** The answers, oldest first. @param {Page} page */
export const answers = (page) => dock(page).locator(".answer");

/** Opens the dock. @param {Page} page */
export async function openDock(page) {
  await page.keyboard.press("Control+j");
  await composer(page).waitFor();
}
/** Asks and waits for the end of the answer. @param {Page} page @param {string} text */
export async function ask(page, text) {
  await say(page, text);
  await settled(page);
}
/** Asks and does not wait. @param {Page} page @param {string} text */
export async function say(page, text) {
  await composer(page).fill(text);
  if (text.startsWith("/")) await composer(page).press("Escape"); // closes the list of commands
  await composer(page).press("Enter");
}
/** Waits until nothing is being answered. @param {Page} page */
export const settled = (page) => until(async () => (await dock(page).getByRole("button", { name: "Send" }).count()) === 1 && (await dock(page).locator("[aria-busy=true]").count()) === 0, "the answer is whole");

export const SQL = "SELECT BillingCountry, count(*) AS invoices, round(sum(Total), 2) AS revenue FROM Invoice GROUP BY 1 ORDER BY 3 DESC LIMIT 8";
export const REVENUE = { columns: [{ name: "BillingCountry", kind: "string" }, { name: "invoices", kind: "integer" }, { name: "revenue", kind: "real" }], rows: [["USA", 91, 523.06], ["Canada", 56, 303.96], ["France", 35, 195.1], ["Brazil", 35, 190.1], ["Germany", 28, 156.48], ["United Kingdom", 21, 112.86], ["Czech Republic", 14, 90.24], ["Portugal", 14, 77.24]] };

/** An answer with a query, as a model gives it. @param {import("./fake_chat.js").Ask} _ask @returns {AsyncGenerator<import("./fake_chat.js").Said>} */
export async function* revenue(_ask) {
  yield ["tool-start", { call: "c1", tool: "query", args: { sql: SQL } }];
  yield ["tool-output", { call: "c1", summary: "8 rows", ...REVENUE, statement: SQL, stats: { elapsed_ms: 3.2, rows: 8, scanned: 412, nodes_read: 5 } }];
  yield ["text-delta", { text: "**USA** leads with `523.06` over 91 invoices.\n\n- Canada follows\n- France and Brazil are close" }];
  yield ["usage", { in: 1912, out: 148, cached: 0, cost: 0.0007, model: "gemini-2.5-flash", sent: 1 }];
}
