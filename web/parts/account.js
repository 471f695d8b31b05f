// Who is signed in: the menu of the account, one's password, and signing in again where a session has ended.
//
// Holds: nothing on the page is lost when a session ends: what was asked for is asked again after signing in, and staged
// edits stay where they are.

import { ApiError, path } from "../core/http.js";
import { signIn } from "../core/sign_in.js";
import { t } from "../strings/account.js";
import { html } from "../vendor/lit.js";
import { formDialog } from "./create.js";
import { Dialog, fault } from "./dialog.js";

/** @typedef {import("./context.js").Context} Context */

/** @param {Context} app */
export function wireAccount(app) {
  const { session, commands, menu } = app;
  const signedIn = () => session.me.signed_in;
  const place = () => document.querySelector('[data-command="account"]') ?? document.body;
  commands.add(
    { id: "account", title: t("account.your_account"), icon: "user", group: t("shared.go"), words: t("account.account_words"), when: signedIn, run: () => menu.show(() => [
      { caption: `${session.me.name} · ${session.me.role}` },
      { title: t("account.sessions_and_tokens"), icon: "key", run: () => session.go({ view: "users" }) },
      { title: t("shared.change_password"), icon: "lock", run: () => changePassword(app) },
      "rule",
      { title: t("account.sign_out"), icon: "x", run: () => signOut(app) },
    ], place(), t("account.your_account")) },
    { id: "sign-out", title: t("account.sign_out"), icon: "x", group: t("shared.go"), words: t("account.sign_out_words"), when: signedIn, run: () => signOut(app) },
    { id: "users", title: t("shared.users_and_access"), icon: "user", group: t("shared.go"), words: t("account.users_words"), run: () => session.go({ view: "users" }) },
  );
  if (signedIn()) session.api.askSignIn = once(() => askSignIn(app));
}

/** @param {Context} app */
async function signOut({ session }) {
  if (session.changes.size) session.say({ kind: "warn", text: t("account.staged_edits_are_kept_in_this_browser") });
  try {
    await session.api.json("POST", path("logout"));
    location.assign("/login");
  } catch (error) {
    session.fail(error, t("account.sign_out"));
  }
}

/** One dialog for all that is refused at the same time. @param {() => Promise<boolean>} ask */
function once(ask) {
  /** @type {Promise<boolean> | undefined} */
  let asking;
  return () => (asking ??= ask().finally(() => (asking = undefined)));
}

/** Asks for the password of who was signed in; true when they are again. @param {Context} app @returns {Promise<boolean>} */
function askSignIn({ session }) {
  return new Promise((resolve) => {
    let password = "";
    let wrong = "";
    let busy = false;
    let done = false;
    const submit = async (/** @type {Event} */ event) => {
      event.preventDefault();
      if (busy || !password) return;
      busy = true;
      wrong = "";
      dialog.draw();
      try {
        const ask = session.api.askSignIn;
        // What is wrong with the password is said here.
        session.api.askSignIn = undefined;
        await signIn(session.api, session.me.name, password).finally(() => (session.api.askSignIn = ask));
        done = true;
        dialog.close();
      } catch (error) {
        wrong = error instanceof ApiError || error instanceof Error ? error.message : String(error);
        busy = false;
        dialog.draw();
      }
    };
    const dialog = new Dialog({
      label: t("account.sign_in_again"),
      className: "form-dialog small-dialog",
      sticky: () => true,
      closed: () => resolve(done),
      draw: () => html`<form @submit=${submit}><header><h1>${t("account.your_session_has_ended")}</h1></header>${fault(wrong)}<div class="body form"><p>${t("account.sign_in_again_to_go")}${session.changes.size ? ` ${t("account.staged_edits_are_kept")}` : ""}</p>
        <label>${t("shared.name")}<span class="field"><input name="username" autocomplete="username" readonly .value=${session.me.name}></span></label>
        <label>${t("shared.password")}<span class="field"><input name="password" type="password" autocomplete="current-password" autofocus .value=${password} @input=${(/** @type {any} */ event) => { password = event.target.value; dialog.draw(); }}></span></label></div>
        <footer><span class="grow"></span><a class="button quiet" href=${`/login?next=${encodeURIComponent(location.pathname + location.search)}`}>${t("account.as_somebody_else")}</a><button class="button main" ?disabled=${busy || !password}>${t("account.sign_in")}<kbd>↵</kbd></button></footer></form>`,
    });
  });
}

/** @param {Context} app */
export function changePassword({ session }) {
  const wish = { current: "", password: "", again: "" };
  const set = (/** @type {"current" | "password" | "again"} */ name, /** @type {() => void} */ draw) => (/** @type {any} */ event) => {
    wish[name] = event.target.value;
    draw();
  };
  const differ = () => wish.again !== "" && wish.again !== wish.password;
  formDialog({
    title: t("shared.change_password"),
    main: t("shared.change_password"),
    able: () => wish.current !== "" && wish.password !== "" && wish.again === wish.password,
    body: (draw) => html`<input class="unseen" name="username" autocomplete="username" tabindex="-1" aria-hidden="true" readonly .value=${session.me.name}>
      <label>${t("account.password_so_far")}<span class="field"><input type="password" autofocus autocomplete="current-password" .value=${wish.current} @input=${set("current", draw)}></span></label>
      <label>${t("account.new_password")}<span class="field"><input type="password" autocomplete="new-password" .value=${wish.password} @input=${set("password", draw)}></span><span class="hint">${t("account.at_least_10_characters")}</span></label>
      <label class=${differ() ? "wrong" : ""}>${t("account.the_same_once_more")}<span class="field"><input type="password" autocomplete="new-password" aria-invalid=${String(differ())} .value=${wish.again} @input=${set("again", draw)}></span>${differ() ? html`<span class="hint fail">${t("account.the_two_differ")}</span>` : ""}</label>`,
    run: async () => {
      await session.api.post(path("me", "password"), { current: wish.current, password: wish.password });
      session.say({ kind: "ok", text: t("account.your_password_is_changed") });
    },
  });
}
