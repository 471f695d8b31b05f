// What the page weighs on its way to the browser: it is meant to be there at once, also far from the server.

import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { Server, temporaryFolder } from "../support/server.js";

const MOST_BYTES = 400 * 1024;
/** The workbench's editor is a program of its own, and kept by the browser once it is there. */
const EDITOR = /vendor\/codemirror\.js$/;

/** @type {Awaited<ReturnType<typeof temporaryFolder>>} */
let folder;
/** @type {Server} */
let server;

before(async () => {
  folder = await temporaryFolder();
  server = await Server.start({ folder: folder.path, args: ["--demo"] });
});

after(async () => {
  await server?.stop();
  await folder?.remove();
});

/** The bytes of an answer as they travel. @param {string} path @returns {Promise<Buffer>} */
const sent = (path) => new Promise((resolve, reject) => {
  request({ host: "127.0.0.1", port: server.port, path, headers: { authorization: `Bearer ${server.token}`, "accept-encoding": "gzip" } }, (response) => {
    /** @type {Buffer[]} */
    const parts = [];
    assert.equal(response.statusCode, 200, path);
    response.on("data", (part) => parts.push(part)).on("end", () => resolve(Buffer.concat(parts))).on("error", reject);
  }).on("error", reject).end();
});

for (const place of ["/d/shop/s/users", "/d/shop/q", "/d/shop/design", "/scripts?db=shop", "/activity?db=shop"])
  test(`${place} and what it names weigh less than 400 KiB`, async () => {
    const page = await sent(place);
    const names = new Set([...page.toString("utf8").matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map((found) => found[1]));
    assert.ok(names.size > 20, `${names.size} files`);
    let bytes = gzipSync(page).length;
    for (const name of names) if (!EDITOR.test(name)) bytes += (await sent(name)).length;
    console.log(`# ${place}: ${names.size} files, ${Math.round(bytes / 1024)} KiB`);
    assert.ok(bytes < MOST_BYTES, `${bytes} bytes`);
  });
