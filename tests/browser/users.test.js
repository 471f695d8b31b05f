// Users: the first one, signing in and out, what each role finds, masked fields in the grid, the workbench and exports,
// tokens, sessions, and a session that ends while somebody works.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { picture } from "../support/browser.js";
import { cell, commit, edit, openReview, row, shows, staged, until } from "../support/page.js";
import { accessible, write, run as runQuery } from "../support/query.js";
import { scene } from "../support/scene.js";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
const PASSWORD = "correct horse battery";
const CANARY = "canary7e1f";

describe("users", () => {
  const it = scene({
    prepare: async (server) => {
      await server.createDatabase("staff");
      const people = [1, 2, 3, 4].map((id) => JSON.stringify({ id, name: `Person ${id}`, pay: `${CANARY}-${id}` })).join("\n");
      await server.import("staff", "people", people, "id");
      await server.createDatabase("secret");
      await server.import("secret", "plans", JSON.stringify({ id: 1, text: "x" }), "id");
    },
  });
  /** @param {import("playwright-core").Page} page @param {string} name @param {string} [password] */
  const signIn = async (page, name, password = PASSWORD) => {
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
  };
  /** A browser without a session, at an address that asks for one. @param {string} path @param {any} [options] */
  const visit = async (path, options = {}) => {
    const one = await it.open(path, options);
    one.watch.expect(/status of (40[134]|422|429)/);
    return one;
  };
  /** @param {string} name @param {any} [options] @param {string} [path] */
  const as = async (name, options = {}, path = "/d/staff/s/people") => {
    const one = await visit(path, options);
    await one.page.waitForURL(/\/login/);
    await signIn(one.page, name);
    await one.page.waitForURL((url) => !url.pathname.startsWith("/login"));
    return one;
  };

  test("the first user is made in the settings, and from then on everybody signs in", async () => {
    const { page } = await visit("/users?db=staff");
    await page.getByText("Nobody signs in here").waitFor();
    await picture(page, "users-off");
    await accessible(page, "users, off");
    await page.getByRole("button", { name: "Make the first user" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name").fill("ada");
    await dialog.getByLabel("Password").fill("short");
    await dialog.getByRole("button", { name: /Make administrator/ }).click();
    await dialog.getByRole("alert").getByText("at least 10 characters").waitFor();
    await dialog.getByLabel("Password").fill(PASSWORD);
    await picture(page, "users-first");
    await dialog.getByRole("button", { name: /Make administrator/ }).click();
    await page.waitForURL(/\/login\?next=/);
    await picture(page, "login-light");
    await accessible(page, "login, light");
    await signIn(page, "ada", "not the password");
    await page.getByRole("alert").getByText("The name or the password is wrong.").waitFor();
    await picture(page, "login-wrong");
    await signIn(page, "ada");
    await page.getByRole("heading", { name: /Users and roles/ }).waitFor();
    assert.match(page.url(), /\/users/);
  });

  test("an administrator adds users, narrows them and hides fields from them", async () => {
    const { page } = await as("ada", {}, "/users?db=staff");
    for (const [name, role] of [["vera", "Viewer"], ["ann", "Analyst"], ["ed", "Editor"]]) {
      await page.getByRole("button", { name: "Add user" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByLabel("Name").fill(name);
      await dialog.getByLabel("Password").fill(PASSWORD);
      await dialog.getByRole("radio", { name: role }).check();
      await dialog.getByRole("button", { name: /^Add user/ }).click();
      await dialog.waitFor({ state: "detached" });
    }
    await page.getByRole("button", { name: "More for ed" }).click();
    await page.getByRole("menuitem", { name: /Role, databases/ }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Database", exact: true }).click();
    await dialog.getByLabel("Database", { exact: true }).first().fill("staff");
    await dialog.getByLabel(/^What in/).selectOption("editor");
    await dialog.getByRole("button", { name: "Field", exact: true }).click();
    await dialog.getByLabel("Store", { exact: true }).fill("people");
    await dialog.getByLabel("Field", { exact: true }).fill("id");
    await dialog.getByRole("button", { name: /^Save/ }).click();
    await dialog.getByRole("alert").getByText(/part of the key/).waitFor();
    await dialog.getByLabel("Field", { exact: true }).fill("pay");
    await picture(page, "users-change");
    await accessible(page, "what a user may do");
    await dialog.getByRole("button", { name: /^Save/ }).click();
    await dialog.waitFor({ state: "detached" });
    const row = page.getByRole("row", { name: /^ed / });
    assert.match((await row.textContent()) ?? "", /Editor\s*staff, 1 field masked/);
    await picture(page, "users-list");
    await accessible(page, "users, light");
    // The last administrator stays.
    await page.getByRole("button", { name: "More for ada" }).click();
    await page.getByRole("menuitem", { name: /^Remove/ }).click();
    await page.getByText("ada is the only administrator").waitFor();
  });

  test("masked fields are nowhere on the page, and stay when the rest is written", async () => {
    const { page, context } = await as("ed");
    await shows(page, "people");
    assert.equal((await page.content()).includes(CANARY), false);
    assert.equal(await page.locator("#database-name").textContent(), "staff");
    await picture(page, "masked-grid");
    await page.goto(`${it.server.origin}/d/staff/q`);
    await page.locator("sop-query .cm-content").waitFor();
    await write(page, "SELECT * FROM people");
    await runQuery(page);
    await page.locator("#result-rows").getByText("Person 3").waitFor();
    assert.equal((await page.content()).includes(CANARY), false);
    await picture(page, "masked-query");
    const exported = await context.request.get(`${it.server.origin}/api/v1/databases/staff/stores/people/export?format=csv`);
    const text = await exported.text();
    assert.ok(text.includes("Person 1") && !text.includes(CANARY));
    const gone = await page.goto(`${it.server.origin}/d/secret/s/plans`);
    assert.equal(gone?.status(), 404);
    const patch = { changes: [{ op: "patch", store: "people", key: 1, patch: { name: "Renamed" } }] };
    const done = await context.request.post(`${it.server.origin}/api/v1/databases/staff/changes`, { data: patch, headers: { origin: it.server.origin } });
    assert.equal(done.status(), 200);
    const admin = await as("ada");
    await shows(admin.page, "people");
    await admin.page.getByText(`${CANARY}-1`).waitFor();
    await admin.page.getByText("Renamed").waitFor();
  });

  test("a viewer looks, and what they may not do is not offered", async () => {
    const { page } = await as("vera");
    await shows(page, "people");
    await page.keyboard.press("Control+k");
    const palette = page.getByRole("dialog");
    for (const word of ["New store", "New item", "Export", "New database"]) {
      await palette.getByRole("combobox").or(palette.getByRole("searchbox")).first().fill(word);
      await until(async () => (await palette.getByRole("option", { name: new RegExp(`^${word}`) }).count()) === 0, `no ${word}`);
    }
    await page.keyboard.press("Escape");
    await page.goto(`${it.server.origin}/users?db=staff`);
    await page.getByRole("heading", { name: /^You/ }).waitFor();
    await page.getByText("vera, viewer").waitFor();
    assert.equal(await page.getByRole("button", { name: "Add user" }).count(), 0);
    await picture(page, "users-own");
  });

  test("a session that ends while somebody works is taken up again, with what is staged", async () => {
    const { page, context, watch } = await as("ada");
    watch.expect(/401/);
    await shows(page, "people");
    const me = await (await context.request.get(`${it.server.origin}/api/v1/me`)).json();
    await page.evaluate(async (id) => {
      await fetch(`/api/v1/sessions/${id}`, { method: "DELETE" });
    }, me.session);
    await page.keyboard.press("Alt+F5");
    const dialog = page.getByRole("dialog", { name: "Sign in again" });
    await dialog.waitFor();
    await picture(page, "session-ended");
    await dialog.getByLabel("Password").fill("wrong wrong wrong");
    await dialog.getByRole("button", { name: /^Sign in/ }).click();
    await dialog.getByRole("alert").waitFor();
    await dialog.getByLabel("Password").fill(PASSWORD);
    await dialog.getByRole("button", { name: /^Sign in/ }).click();
    await dialog.waitFor({ state: "detached" });
    await shows(page, "people");
    assert.match(page.url(), /\/d\/staff\/s\/people/);
  });

  test("a session that an administrator ends while an edit is staged: the edit is kept, here and in a new window", async () => {
    const { page, context, watch } = await as("ed");
    watch.expect(/401/);
    await shows(page, "people");
    await edit(page, await cell(page, row(page, 2), "name"), "Kept");
    await staged(page).getByText("1 staged edit").waitFor();
    const admin = await as("ada");
    const end = () => admin.page.evaluate(async () => {
      const { sessions } = await (await fetch("/api/v1/sessions")).json();
      for (const one of sessions) if (one.user === "ed") await fetch(`/api/v1/sessions/${one.id}`, { method: "DELETE" });
    });
    await end();
    await page.keyboard.press("Control+s");
    const again = page.getByRole("dialog", { name: "Sign in again" });
    await again.getByText("Staged edits are kept.").waitFor();
    await picture(page, "session-ended-staged");
    await again.getByLabel("Password").fill(PASSWORD);
    await again.getByRole("button", { name: /^Sign in/ }).click();
    await again.waitFor({ state: "detached" });
    await page.getByRole("dialog", { name: "Review" }).getByText("Kept").waitFor();
    await page.keyboard.press("Escape");
    // Ended once more, and the page loaded anew: signing in leads back to the rows with the edit.
    await end();
    await page.reload();
    await page.waitForURL(/\/login\?next=/);
    await signIn(page, "ed");
    await shows(page, "people");
    await staged(page).getByText("1 staged edit").waitFor();
    const dialog = await openReview(page);
    await dialog.getByText("Kept").waitFor();
    await commit(page, dialog);
    assert.equal((await (await context.request.get(`${it.server.origin}/api/v1/databases/staff/stores/people/item?key=${encodeURIComponent('{"id":2}')}`)).json()).value.name, "Kept");
    // Somebody else in this browser does not find it.
    await edit(page, await cell(page, row(page, 3), "name"), "Mine");
    await staged(page).getByText("1 staged edit").waitFor();
    await end();
    await page.goto(`${it.server.origin}/login`);
    await signIn(page, "ada");
    await page.waitForURL((url) => !url.pathname.startsWith("/login"));
    await page.goto(`${it.server.origin}/d/staff/s/people`);
    await shows(page, "people");
    await page.getByText(`${CANARY}-3`).waitFor();
    assert.equal(await staged(page).count(), 0, "staged edits are those of who staged them");
  });

  test("a token is shown once; sessions are listed and ended; signing out leads to the page that asks", async () => {
    const { page } = await as("ann", {}, "/users?db=staff");
    await page.getByRole("button", { name: "Make token" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("What it is for").fill("nightly");
    await dialog.getByRole("button", { name: /^Make token/ }).click();
    const shown = page.getByRole("dialog", { name: "The token nightly" });
    const secret = await shown.getByLabel("Token").inputValue();
    await picture(page, "token-made");
    await shown.getByRole("button", { name: "Done" }).click();
    const ask = () => fetch(`${it.server.origin}/api/v1/me`, { headers: { authorization: `Bearer ${secret}` } });
    assert.equal((await (await ask()).json()).name, "ann");
    assert.equal((await page.content()).includes(secret), false);
    await page.getByRole("button", { name: "Remove the token nightly" }).click();
    await page.getByText("No program has a token").waitFor();
    assert.equal((await ask()).status, 401);
    await page.getByRole("button", { name: "ann: account" }).click();
    await picture(page, "account-menu");
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.waitForURL(/\/login/);
  });

  test("on a phone and in the dark", async () => {
    const { page } = await visit("/users?db=staff", { ...PHONE, colorScheme: "dark" });
    await page.waitForURL(/\/login/);
    await picture(page, "login-phone-dark");
    await accessible(page, "login, phone, dark");
    await signIn(page, "ada");
    await page.getByRole("heading", { name: /Users and roles/ }).waitFor();
    await picture(page, "users-phone-dark");
    await accessible(page, "users, phone, dark");
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing is wider than the screen");
  });
});
