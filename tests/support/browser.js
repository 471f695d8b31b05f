// Chromium with pages that are watched: whatever goes wrong in a page fails its test.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const WAIT_MS = 15_000;

/** Starts the browser. */
export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", headless: true, args: FLAGS });
}

/** What happened in the pages of one context that should not have. */
export class Watch {
  /** @param {string} origin the only place to which requests may go */
  constructor(origin) {
    this.origin = origin;
    /** @type {string[]} */
    this.faults = [];
    /** @type {RegExp[]} */
    this.expected = [];
    this.requests = 0;
  }

  /** Allows console errors that a test provokes, such as the browser's line for an answer of 409. @param {RegExp} pattern */
  expect(pattern) {
    this.expected.push(pattern);
  }

  /** @param {import("playwright-core").BrowserContext} context */
  async attach(context) {
    context.on("request", (request) => {
      const url = new URL(request.url());
      if (url.protocol === "data:" || (url.protocol === "blob:" && url.origin === this.origin)) return;
      this.requests += 1;
      if (url.origin !== this.origin) this.faults.push(`a request to another host: ${url.href}`);
    });
    context.on("page", (page) => this.#watch(page));
    await context.addInitScript(() => {
      addEventListener("securitypolicyviolation", (event) => console.error(`Content-Security-Policy violated: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
    });
  }

  /** @param {import("playwright-core").Page} page */
  #watch(page) {
    page.on("pageerror", (error) => this.faults.push(`an error in the page: ${error.stack ?? error}`));
    page.on("console", (message) => {
      if (message.type() !== "error" || this.expected.some((pattern) => pattern.test(message.text()))) return;
      this.faults.push(`an error in the console: ${message.text()} (${message.location().url})`);
    });
    page.on("dialog", (dialog) => {
      this.faults.push(`a dialog of the browser: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("crash", () => this.faults.push("the page crashed"));
  }

  /** Fails when something happened since the last look. */
  verify() {
    const faults = this.faults.splice(0);
    assert.deepEqual(faults, []);
  }
}

/**
 * Answers for the page's assets with files of a folder (`web/`), so that a change of them is seen without building the
 * program. What templates render still comes from the program.
 * @param {import("playwright-core").BrowserContext} context @param {string} folder
 */
async function serveFromFolder(context, folder) {
  await context.route(/\/assets\/[0-9a-f]+\//, async (route) => {
    const path = new URL(route.request().url()).pathname.replace(/^\/assets\/[0-9a-f]+\//, "");
    await route.fulfill({ path: join(folder, path) });
  });
}

/**
 * A signed-in session of its own.
 * @param {import("playwright-core").Browser} browser
 * @param {import("./server.js").Server} server
 * @param {import("playwright-core").BrowserContextOptions} [options]
 * @param {string} [path] where to go once signed in
 */
export async function session(browser, server, options = {}, path = "") {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: "light", reducedMotion: "reduce", acceptDownloads: true, ...options });
  context.setDefaultTimeout(WAIT_MS);
  const watch = new Watch(server.origin);
  await watch.attach(context);
  if (process.env.SOP_WEB_DIR) await serveFromFolder(context, process.env.SOP_WEB_DIR);
  const page = await context.newPage();
  if (path) {
    await context.request.get(server.entry);
    await page.goto(server.origin + path);
  } else await page.goto(server.entry);
  await ready(page).catch((error) => {
    throw new Error(`The page did not start: ${watch.faults.join("; ") || error}`);
  });
  return { context, page, watch };
}

/** Waits until the page's scripts have taken over. @param {import("playwright-core").Page} page */
export async function ready(page) {
  await page.waitForFunction(() => document.documentElement.dataset.ready === "true" || (customElements.get("sop-welcome") && document.querySelector("sop-welcome form")));
}

/** Keeps a picture when pictures are wanted. @param {import("playwright-core").Page} page @param {string} name */
export async function picture(page, name) {
  const folder = process.env.SOP_SCREENSHOTS;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
