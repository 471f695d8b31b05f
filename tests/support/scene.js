// What a test file needs: a server over a fresh folder, a browser, sessions that are checked at the end of each test.

import { after, afterEach, before } from "node:test";
import { launch, picture, session } from "./browser.js";
import { Server, temporaryFolder } from "./server.js";

/**
 * Sets up a file of tests. What is in the scene can be used inside tests only.
 * @param {{prepare?: (server: Server) => Promise<unknown>, args?: string[]}} [how]
 */
export function scene({ prepare, args } = {}) {
  /** @type {{server: Server, browser: import("playwright-core").Browser, folder: string, open: typeof open}} */
  const made = /** @type {any} */ ({ open });
  /** @type {Awaited<ReturnType<typeof session>>[]} */
  let sessions = [];
  let remove = async () => {};

  before(async () => {
    const folder = await temporaryFolder();
    made.folder = folder.path;
    remove = folder.remove;
    made.server = await Server.start({ folder: folder.path, args });
    made.browser = await launch();
    await prepare?.(made.server);
  });

  afterEach(async (test) => {
    const used = sessions;
    sessions = [];
    if (process.env.SOP_SCREENSHOTS_AT_END) for (const [index, one] of used.entries()) await picture(one.page, `end ${test.name} ${index}`.replace(/[^\w-]+/g, "-"));
    for (const one of used) await one.context.close();
    for (const one of used) one.watch.verify();
  });

  after(async () => {
    await made.browser?.close();
    await made.server?.stop();
    await remove();
  });

  /** A signed-in session, at a place of the page. @param {string} [path] @param {import("playwright-core").BrowserContextOptions} [options] */
  async function open(path, options) {
    const one = await session(made.browser, made.server, options, path);
    sessions.push(one);
    return one;
  }

  return made;
}
