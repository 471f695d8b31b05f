// Every page and dialog of the table in `support/places.js`, in the four ways in which people see it: light and dark, on a desk and
// on a phone. Nothing that axe finds, nothing wider than the window, and what people come for can be pressed.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { PASSWORD, enter as signIn, usersOn } from "../support/accounts.js";
import { findings, fits, reachable } from "../support/axe.js";
import { launch, picture, session } from "../support/browser.js";
import { load } from "../support/data.js";
import { FIRST, PLACES, USERS } from "../support/places.js";
import { Server, temporaryFolder } from "../support/server.js";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
/** Fewer places, for those who change one: parts of their names. */
const ONLY = (process.env.SOP_PLACE ?? "").split(",");

/** @typedef {import("../support/places.js").Place & {out?: boolean}} Place */

/** What there is to see. @param {Server} server */
async function fill(server) {
  await load(server, "chinook", ["Album", "Artist", "Invoice"]);
  await server.createDatabase("empty");
  await server.call("POST", "/databases/chinook/stores", { body: { name: "Nothing", key: { type: "i64" } } });
  await server.call("POST", "/scripts", { body: { category: "test", name: "report", description: "What it does", parameters: [{ name: "most", type: "integer", default: 3, description: "how many" }], steps: [{ type: "fetch", store: "Album", limit: "{{most}}", output: "albums" }, { type: "if", condition: "size(albums) > 2", then: [{ type: "say", message: "{{albums[0].Title}}" }], else: [{ type: "say", message: "none" }] }] } });
}

/** Users from the first one on: everybody signs in. @param {Server} server */
async function people(server) {
  await server.createDatabase("staff");
  await server.import("staff", "people", [1, 2, 3].map((id) => JSON.stringify({ id, name: `Person ${id}` })).join("\n"), "id");
  const ada = await usersOn(server);
  await ada.call("POST", "/users", { name: "ed", password: PASSWORD, role: "editor" });
}

/**
 * @param {string} title @param {Place[]} places @param {(server: Server) => Promise<unknown>} prepare
 * @param {(context: import("playwright-core").BrowserContext, server: Server) => Promise<unknown>} [enter] how somebody comes in
 */
function table(title, places, prepare, enter) {
  describe(title, () => {
    /** @type {Server} */
    let server;
    /** @type {import("playwright-core").Browser} */
    let browser;
    let remove = async () => {};
    before(async () => {
      const folder = await temporaryFolder();
      remove = folder.remove;
      server = await Server.start({ folder: folder.path });
      await prepare(server);
      browser = await launch();
    });
    after(async () => {
      await browser?.close();
      await server?.stop();
      await remove();
    });

    for (const { name, path, open, main, only, out } of places.filter((one) => ONLY.some((part) => one.name.includes(part)))) {
      test(name, { timeout: 240_000 }, async () => {
        /** @type {string[]} */
        const wrong = [];
        for (const phone of [false, true]) {
          const way = phone ? "phone" : "desk";
          if (only && only !== (phone ? "phone" : "desktop")) continue;
          const { page, context, watch } = await session(browser, server, phone ? PHONE : {}, out ? path : enter ? "/login" : path);
          watch.expect(/status of 4\d\d/);
          try {
            if (enter && !out) {
              await enter(context, server);
              await page.goto(server.origin + path);
            }
            await open?.(page, phone);
            await main(page).waitFor();
            for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
              await page.emulateMedia({ colorScheme });
              wrong.push(...(await findings(page)).map((one) => `${way}, ${colorScheme}: ${one}`));
              await picture(page, `${name}-${way}-${colorScheme}`.replace(/[^\w-]+/g, "-"));
            }
            await fits(page);
            await reachable(page, main(page));
            watch.verify();
          } catch (error) {
            await picture(page, `wrong-${name}-${way}`.replace(/[^\w-]+/g, "-"));
            wrong.push(`${way}: ${error}`);
          } finally {
            await context.close();
          }
        }
        assert.deepEqual(wrong, []);
      });
    }
  });
}

table("the first page", FIRST, async () => undefined);
table("the application", PLACES, fill);
table("with users", USERS, people, (context, server) => signIn(context, server, "ada"));
