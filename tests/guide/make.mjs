// Makes the pictures of the guide: `node make.mjs FOLDER [SCENE …]`. Each scene is shown in a window of one size, light and dark.

import { join } from "node:path";
import { launch, session } from "../support/browser.js";
import { Server, temporaryFolder } from "../support/server.js";
import { SCENES, prepare, prepareUsers } from "./scenes.mjs";

const SIZE = { width: 1280, height: 800 };
const [target, ...wanted] = process.argv.slice(2);
const scenes = SCENES.filter((one) => !wanted.length || wanted.includes(one.name));
const unknown = wanted.filter((name) => !SCENES.some((one) => one.name === name));
if (!target || unknown.length) {
  console.error(unknown.length ? `There is no scene ${unknown.join(", ")}: ${SCENES.map((one) => one.name).join(", ")}` : "Name the folder for the pictures.");
  process.exit(2);
}

const browser = await launch();
try {
  for (const on of /** @type {const} */ (["fresh", undefined, "users"])) {
    const these = scenes.filter((one) => one.on === on);
    if (!these.length) continue;
    const folder = await temporaryFolder();
    const server = await Server.start({ folder: folder.path });
    try {
      if (on !== "fresh") await (on === "users" ? prepareUsers : prepare)(server);
      for (const { name, path, act } of these) {
        for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
          const { page, context, watch } = await session(browser, server, { viewport: SIZE, colorScheme }, path);
          await act(page);
          await page.mouse.move(0, 0);
          await page.screenshot({ path: join(target, `${name}${colorScheme === "dark" ? "-dark" : ""}.png`), animations: "disabled", caret: "hide" });
          await context.close();
          if (on !== "users") watch.verify(); // there the browser writes down that somebody has to sign in
        }
        console.log(name);
      }
    } finally {
      await server.stop();
      await folder.remove();
    }
  }
} finally {
  await browser.close();
}
