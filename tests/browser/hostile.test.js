// Text that wants to be more than text: in names, keys, values and file names. Nothing of it runs, all of it is shown.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { picture } from "../support/browser.js";
import { cell, commit, counts, edit, openReview, rows, shows, staged, until } from "../support/page.js";
import { scene } from "../support/scene.js";

const HOSTILE = [
  '<img src=x onerror="window.hacked=1">',
  '"><script>window.hacked=1</script>',
  "'-window.hacked=1-'",
  "javascript:window.hacked=1",
  "</script><script>window.hacked=1</script>",
  "<svg onload=window.hacked=1>",
  "${window.hacked=1}{{window.hacked=1}}",
  "\u202Eright to left\u202C",
  "a\u0000b\u0001c",
  "__proto__",
  "constructor",
  "  spaces  ",
  `long ${"x".repeat(5000)}`,
  "line one\nline two\ttab",
  "'; DROP TABLE users; --",
  "\uD83D\uDE00 \u{1F3F4}\u200D\u2620\uFE0F Ünïcödé",
];

describe("hostile text", () => {
  const it = scene({
    prepare: async (server) => {
      await server.createDatabase("hostile");
      const lines = HOSTILE.map((text, index) => `{"id":${JSON.stringify(text)},"number":${index},"text":${JSON.stringify(text)},"__proto__":"kept","<img src=x onerror=window.hacked=1>":"named so"}`).join("\n");
      await server.import("hostile", "values", lines, "id");
    },
  });
  const clean = async (page) => {
    assert.equal(await page.evaluate(() => window.hacked), undefined, "nothing has run");
    assert.equal(await page.evaluate(() => document.querySelectorAll("sop-grid :is(img, script, a[href^='javascript:']), sop-explorer :is(img, script), sop-inspector :is(img, script), dialog :is(img, script)").length), 0, "nothing became an element");
  };

  test("keys, values and field names are shown as the text that they are", async () => {
    const { page } = await it.open("/d/hostile/s/values");
    await shows(page, "values");
    await until(async () => (await rows(page).count()) === HOSTILE.length, "all rows are shown");
    const all = (await rows(page).allTextContents()).join("\n");
    for (const text of HOSTILE.filter((one) => !/[\u0000-\u001f\u202e]|long|^ /.test(one))) assert.ok(all.includes(text), `shown: ${text}`);
    const keys = page.locator("#rows .td.key");
    await clean(page);
    await picture(page, "hostile");
    for (let index = 0; index < HOSTILE.length; index += 1) {
      await keys.nth(index).click();
      await page.getByRole("region", { name: "Inspector" }).waitFor();
    }
    await page.getByRole("region", { name: "Inspector" }).getByRole("tab", { name: "Raw" }).click();
    const raw = JSON.parse(await page.getByRole("region", { name: "Inspector" }).getByRole("textbox").inputValue());
    assert.equal(Object.getOwnPropertyDescriptor(raw, "__proto__")?.value, "kept", "a field named __proto__ is a field");
    await clean(page);
    assert.equal(await page.evaluate(() => ({}).kept ?? Object.prototype["<b>x</b>"]), undefined);
  });

  test("the page of the server has them as text too", async () => {
    const { page, context } = await it.open("/d/hostile/s/values");
    const html = await (await context.request.get(`${it.server.origin}/d/hostile/s/values`)).text();
    assert.ok(!/<(img|svg)[^>]*hacked/i.test(html.replace(/<script type="application\/json" id="boot">.*?<\/script>/s, "")));
    assert.ok(!/<script>window/i.test(html));
    await clean(page);
  });

  test("a staged edit, the review, the palette and the messages show them as text", async () => {
    const { page } = await it.open("/d/hostile/s/values");
    await shows(page, "values");
    const first = rows(page).first();
    await edit(page, await cell(page, first, "text"), HOSTILE[0]);
    await edit(page, await cell(page, rows(page).nth(1), "text"), HOSTILE[4]);
    await staged(page).waitFor();
    const dialog = await openReview(page);
    await clean(page);
    await dialog.getByRole("tab", { name: "Request" }).click();
    await clean(page);
    await commit(page, dialog);
    for (const text of HOSTILE.slice(0, 8)) {
      await page.keyboard.press("Control+k");
      await page.getByRole("combobox").fill(text);
      await page.locator("#found li").first().waitFor();
      await clean(page);
      await page.keyboard.press("Escape");
      await page.locator("dialog[open]").waitFor({ state: "detached" });
    }
  });

  test("an address that wants to run something opens nothing but the page", async () => {
    const { page, watch } = await it.open("/d/hostile/s/values");
    watch.expect(/status of 4/);
    for (const place of ["/d/hostile/s/%3Cscript%3Ewindow.hacked%3D1%3C%2Fscript%3E", "/d/%22%3E%3Cimg%20src%3Dx%20onerror%3Dwindow.hacked%3D1%3E", "/d/hostile/s/values?prefix=%5B%22%3Cimg%20src%3Dx%20onerror%3Dwindow.hacked%3D1%3E%22%5D&sel=%22%3Cscript%3E%22", "/d/hostile/s/values?prefix=javascript:1&at=%7B%22__proto__%22%3A1%7D", "/d/hostile/s/%00", "/d/..%2f..%2fetc/s/passwd"]) {
      await page.goto(it.server.origin + place);
      await clean(page);
    }
  });

  test("file names of an import are text, and become harmless names of stores", async () => {
    await it.server.createDatabase("files");
    const { page } = await it.open("/d/files");
    await page.getByRole("button", { name: "Import" }).first().click();
    const dialog = page.getByRole("dialog", { name: "Import files" });
    const chooser = page.waitForEvent("filechooser");
    await dialog.getByRole("button", { name: "Choose files" }).click();
    const names = ["<img src=x onerror=window.hacked=1>.ndjson", "\u202Egnp.ndjson", "__proto__.ndjson", `${"long".repeat(50)}.ndjson`];
    await (await chooser).setFiles(names.map((name, index) => ({ name, mimeType: "text/plain", buffer: Buffer.from(`{"id":${index},"${"<b>bold</b>"}":"<img src=x onerror=window.hacked=1>"}`) })));
    await dialog.getByRole("heading", { name: `Import ${names.length} files` }).waitFor();
    await dialog.getByText(names[0]).first().waitFor();
    await clean(page);
    await picture(page, "hostile-import");
    await dialog.getByRole("button", { name: `Import ${names.length} files` }).click();
    await dialog.getByRole("button", { name: /^(Show|Close)/ }).last().waitFor();
    await clean(page);
    await dialog.getByRole("button", { name: /^(Show|Close)/ }).last().click();
    await until(async () => Object.keys(await counts(page)).length >= 3, "the stores are there");
    await clean(page);
  });

  test("store names that are allowed are text", async () => {
    const { page, watch } = await it.open("/d/hostile");
    watch.expect(/status of 4/);
    const made = [];
    for (const name of ["<img src=x onerror=window.hacked=1>", '"><script>window.hacked=1</script>', "__proto__", "javascript:1", "Größe ✓", "a/b", "..", "x".repeat(300), "\u202Eabc", "a\u0000b", ""]) {
      const answer = await it.server.call("POST", "/databases/hostile/stores", { body: { name, key: { type: "string" } } }).catch((error) => error);
      if (answer.name === name) made.push(name);
      else assert.ok([400, 409, 422].includes(answer.status), `${name.slice(0, 40)}: ${answer}`);
    }
    await page.reload();
    await page.waitForFunction(() => document.documentElement.dataset.ready === "true");
    const shown = Object.keys(await counts(page));
    for (const name of made) {
      assert.ok(shown.includes(name), name);
      await page.goto(`${it.server.origin}/d/hostile/s/${encodeURIComponent(name)}`);
      await page.getByRole("heading", { name: /Nothing in/ }).waitFor().catch((error) => { throw new Error(`${name}: ${error}`); });
      await clean(page);
      await it.server.call("DELETE", `/databases/hostile/stores/${encodeURIComponent(name)}`);
    }
  });
});
