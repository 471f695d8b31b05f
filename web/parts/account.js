// Who is signed in: the menu of the account, one's password, and signing in again where a session has ended.
//
// Holds: nothing on the page is lost when a session ends: what was asked for is asked again after signing in, and staged
// edits stay where they are.

import { ApiError, path } from "../core/http.js";
import { signIn } from "../core/sign_in.js";
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
    { id: "account", title: "Your account", icon: "user", group: "Go", words: "user role sign out logout session", when: signedIn, run: () => menu.show(() => [
      { caption: `${session.me.name} · ${session.me.role}` },
      { title: "Sessions and tokens", icon: "key", run: () => session.go({ view: "users" }) },
      { title: "Change password", icon: "lock", run: () => changePassword(app) },
      "rule",
      { title: "Sign out", icon: "x", run: () => signOut(app) },
    ], place(), "Your account") },
    { id: "sign-out", title: "Sign out", icon: "x", group: "Go", words: "logout leave", when: signedIn, run: () => signOut(app) },
    { id: "users", title: "Users and access", icon: "user", group: "Go", words: "roles tokens sessions password rights grants masked", run: () => session.go({ view: "users" }) },
  );
  if (signedIn()) session.api.askSignIn = once(() => askSignIn(app));
}

/** @param {Context} app */
async function signOut({ session }) {
  if (session.changes.size) session.say({ kind: "warn", text: "Staged edits are kept in this browser until you sign in again." });
  try {
    await session.api.json("POST", path("logout"));
    location.assign("/login");
  } catch (error) {
    session.fail(error, "Sign out");
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
      label: "Sign in again",
      className: "form-dialog small-dialog",
      sticky: () => true,
      closed: () => resolve(done),
      draw: () => html`<form @submit=${submit}><header><h1>Your session has ended</h1></header>${fault(wrong)}<div class="body form"><p>Sign in again to go on where you are.${session.changes.size ? " Staged edits are kept." : ""}</p>
        <label>Name<span class="field"><input name="username" autocomplete="username" readonly .value=${session.me.name}></span></label>
        <label>Password<span class="field"><input name="password" type="password" autocomplete="current-password" autofocus .value=${password} @input=${(/** @type {any} */ event) => { password = event.target.value; dialog.draw(); }}></span></label></div>
        <footer><span class="grow"></span><a class="button quiet" href=${`/login?next=${encodeURIComponent(location.pathname + location.search)}`}>As somebody else</a><button class="button main" ?disabled=${busy || !password}>Sign in<kbd>↵</kbd></button></footer></form>`,
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
    title: "Change password",
    main: "Change password",
    able: () => wish.current !== "" && wish.password !== "" && wish.again === wish.password,
    body: (draw) => html`<input class="unseen" name="username" autocomplete="username" tabindex="-1" aria-hidden="true" readonly .value=${session.me.name}>
      <label>Password so far<span class="field"><input type="password" autofocus autocomplete="current-password" .value=${wish.current} @input=${set("current", draw)}></span></label>
      <label>New password<span class="field"><input type="password" autocomplete="new-password" .value=${wish.password} @input=${set("password", draw)}></span><span class="hint">At least 10 characters. Your other sessions end.</span></label>
      <label class=${differ() ? "wrong" : ""}>The same once more<span class="field"><input type="password" autocomplete="new-password" aria-invalid=${String(differ())} .value=${wish.again} @input=${set("again", draw)}></span>${differ() ? html`<span class="hint fail">The two differ.</span>` : ""}</label>`,
    run: async () => {
      await session.api.post(path("me", "password"), { current: wish.current, password: wish.password });
      session.say({ kind: "ok", text: "Your password is changed." });
    },
  });
}
