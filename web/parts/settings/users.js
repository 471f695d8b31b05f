// Who uses the server: users with their roles, tokens of programs, sessions of browsers. Who does not manage the server
// sees their own tokens and sessions.
//
// Holds: passwords and tokens are never kept by the page; a token is shown once, in the dialog that made it.

import { path } from "../../core/http.js";
import { counted } from "../../core/format.js";
import { ROLES, reach, roleName } from "../../model/access.js";
import { html, nothing } from "../../vendor/lit.js";
import { changePassword } from "../account.js";
import { formDialog } from "../create.js";
import { Part, announce, icon } from "../dom.js";
import { addToken, addUser, changeUser, resetPassword } from "./user_dialogs.js";

/** @typedef {import("../../model/access.js").User} User */
/** @typedef {{id: string, user: string, name: string, role: string, created_ms: number, expires_ms: number | null, used_ms: number | null}} Token */
/** @typedef {{id: string, user: string, created_ms: number, seen_ms: number, address: string, agent: string, current: boolean}} Open */

export class SopUsers extends Part {
  constructor() {
    super();
    /** @type {import("../context.js").Context | undefined} */
    this.app = undefined;
    /** @type {User[] | undefined} */
    this.users = undefined;
    /** @type {Token[]} */
    this.tokens = [];
    /** @type {Open[]} */
    this.sessions = [];
    this.fault = "";
  }

  connectedCallback() {
    super.connectedCallback();
    void this.read();
  }

  async read() {
    await this.updateComplete;
    const { session } = /** @type {import("../context.js").Context} */ (this.app);
    try {
      if (session.me.signed_in) {
        const [users, tokens, sessions] = await Promise.all([session.may("admin") ? session.api.get(path("users")) : undefined, session.api.get(path("tokens")), session.api.get(path("sessions"))]);
        this.users = users?.users.map(plain) ?? [];
        this.tokens = tokens.tokens.map(plain);
        this.sessions = sessions.sessions.map(plain);
      } else this.users = [];
      this.fault = "";
    } catch (error) {
      this.fault = error instanceof Error ? error.message : String(error);
    }
    this.requestUpdate();
  }

  /** Does something and reads again. @param {string} done @param {() => Promise<unknown>} work */
  async #act(done, work) {
    const { session } = /** @type {import("../context.js").Context} */ (this.app);
    try {
      await work();
      announce(done);
    } catch (error) {
      session.fail(error, "Users and access");
    }
    await this.read();
  }

  shouldUpdate() {
    return this.app !== undefined;
  }

  render() {
    const { app, users } = this;
    if (!app) return nothing;
    const { me } = app.session;
    const body = this.fault
      ? html`<div class="notice danger" role="alert">${icon("warning")}<p class="grow">${this.fault}</p><button class="button s" @click=${() => this.read()}>${icon("refresh", true)}Try again</button></div>`
      : users === undefined
        ? nothing
        : me.signed_in
          ? html`${app.session.may("admin") ? this.#people(users) : this.#self()}${this.#programs()}${this.#browsers()}`
          : this.#nobody();
    return html`<div class="settings-main access"><div class="prefs scroll" tabindex="0" role="region" aria-label="Users and access">${body}</div></div>`;
  }

  /** Where nobody signs in. */
  #nobody() {
    const app = /** @type {import("../context.js").Context} */ (this.app);
    return html`<section class="section" aria-labelledby="access-users"><h2 id="access-users">Users</h2>
      <div class="who-none"><p>Nobody signs in here: whoever has the address that the server printed may do everything. That is fine on a machine of one's own.</p>
        <p>With the first user everybody signs in, and the printed address opens nothing any more. The first is an administrator.</p>
        <button class="button main" @click=${() => addUser(app, { first: true, done: () => location.assign("/login?next=%2Fusers") })}>${icon("plus", true)}Make the first user</button></div></section>`;
  }

  /** @param {User[]} users */
  #people(users) {
    const app = /** @type {import("../context.js").Context} */ (this.app);
    const admins = users.filter((user) => user.role === "admin" && !user.disabled).length;
    return html`<section class="section" aria-labelledby="access-users"><h2 id="access-users">Users and roles<span class="small dim">what each may do counts from their next request on</span><span class="end"><button class="button s" @click=${() => addUser(app, { done: () => this.read() })}>${icon("plus", true)}Add user</button></span></h2>
      <table class="lines-table"><thead><tr><th class="c-name" scope="col">Name</th><th class="c-role" scope="col">Role</th><th scope="col" class="wide">Sees</th><th class="c-when wide" scope="col">Signed in</th><th class="c-act" scope="col"><span class="unseen">Act</span></th></tr></thead><tbody>
      ${users.map((user) => html`<tr><td class="c-name"><b>${user.name}</b>${user.name === app.session.me.name ? html`<span class="tag">you</span>` : nothing}${user.disabled ? html`<span class="tag delete">disabled</span>` : nothing}</td>
        <td class="c-role">${roleName(user.role)}</td><td class="wide soft" title=${reach(user)}>${reach(user)}</td><td class="c-when wide dim">${user.seen_ms === null ? "never" : when(user.seen_ms)}</td>
        <td class="c-act"><button class="button only s quiet" aria-label=${`More for ${user.name}`} aria-haspopup="menu" @click=${(/** @type {any} */ event) => this.#menu(user, admins, event.currentTarget)}>${icon("more", true)}</button></td></tr>`)}</tbody></table></section>`;
  }

  /** @param {User} user @param {number} admins @param {Element} place */
  #menu(user, admins, place) {
    const app = /** @type {import("../context.js").Context} */ (this.app);
    const { session } = app;
    const last = user.role === "admin" && !user.disabled && admins === 1;
    const why = last ? "the only administrator" : "";
    void app.menu.show(() => [
      { caption: user.name },
      { title: "Role, databases and masks", icon: "shield", run: () => changeUser(app, user, { last, done: () => this.read() }) },
      { title: user.name === session.me.name ? "Change password" : "Give another password", icon: "lock", run: () => (user.name === session.me.name ? changePassword(app) : resetPassword(app, user, () => this.read())) },
      "rule",
      { title: user.disabled ? "Let in again" : "Disable", icon: user.disabled ? "check" : "pause", detail: why, run: () => (last ? this.#refuse(user) : this.#act(user.disabled ? "Let in again" : "Disabled", () => session.api.json("PATCH", path("users", user.name), { body: { disabled: !user.disabled } }))) },
      { title: "Remove", icon: "trash", risk: true, detail: why, run: () => (last ? this.#refuse(user) : this.#remove(user)) },
    ], place, user.name);
  }

  /** @param {User} user */
  #refuse(user) {
    const { session } = /** @type {import("../context.js").Context} */ (this.app);
    session.say({ kind: "warn", text: `${user.name} is the only administrator. Make another one first.` });
  }

  /** @param {User} user */
  #remove(user) {
    const { session } = /** @type {import("../context.js").Context} */ (this.app);
    formDialog({
      title: `Remove ${user.name}`,
      main: "Remove user",
      risk: true,
      able: () => true,
      body: () => html`<p>${user.name}, ${counted(user.sessions, "session")} and all tokens of theirs go away at once. What they did stays in the audit.</p>`,
      run: async () => {
        await session.api.json("DELETE", path("users", user.name));
        await this.read();
      },
    });
  }

  /** Who does not manage the server. */
  #self() {
    const app = /** @type {import("../context.js").Context} */ (this.app);
    const { me } = app.session;
    return html`<section class="section" aria-labelledby="access-self"><h2 id="access-self">You<span class="end"><button class="button s" @click=${() => changePassword(app)}>${icon("lock", true)}Change password</button></span></h2>
      <p><b>${me.name}</b>, ${roleName(me.role).toLowerCase()}: ${ROLES.find(([id]) => id === me.role)?.[2]}. Whoever manages this server can change that.</p></section>`;
  }

  #programs() {
    const app = /** @type {import("../context.js").Context} */ (this.app);
    const all = app.session.may("admin");
    return html`<section class="section" aria-labelledby="access-tokens"><h2 id="access-tokens">API tokens<span class="small dim">for programs, as <code>Authorization: Bearer</code>; shown once</span><span class="end"><button class="button s" @click=${() => addToken(app, () => this.read())}>${icon("plus", true)}Make token</button></span></h2>
      ${this.tokens.length ? html`<table class="lines-table"><thead><tr><th class="c-name" scope="col">For</th>${all ? html`<th class="c-role" scope="col">User</th>` : nothing}<th class="c-role wide" scope="col">At most</th><th scope="col" class="wide">Ends</th><th class="c-when wide" scope="col">Last used</th><th class="c-act" scope="col"><span class="unseen">Act</span></th></tr></thead><tbody>
      ${this.tokens.map((token) => html`<tr><td class="c-name">${token.name}</td>${all ? html`<td class="c-role">${token.user}</td>` : nothing}<td class="c-role wide">${roleName(token.role)}</td><td class="wide soft">${token.expires_ms === null ? "never" : day(token.expires_ms)}</td><td class="c-when wide dim">${token.used_ms === null ? "never" : when(token.used_ms)}</td>
        <td class="c-act"><button class="button only s quiet" aria-label=${`Remove the token ${token.name}`} @click=${() => this.#act("Removed", () => app.session.api.json("DELETE", path("tokens", token.id)))}>${icon("trash", true)}</button></td></tr>`)}</tbody></table>` : html`<p>No program has a token${all ? "" : " of yours"}. A token does what its user may, or less, until it ends or is removed.</p>`}</section>`;
  }

  #browsers() {
    const app = /** @type {import("../context.js").Context} */ (this.app);
    const all = app.session.may("admin");
    return html`<section class="section" aria-labelledby="access-sessions"><h2 id="access-sessions">Sessions<span class="small dim">browsers that are signed in; ending one counts at once</span></h2>
      <table class="lines-table"><thead><tr><th class="c-name" scope="col">Browser</th>${all ? html`<th class="c-role" scope="col">User</th>` : nothing}<th scope="col" class="wide">From</th><th class="c-when wide" scope="col">Last used</th><th class="c-act" scope="col"><span class="unseen">Act</span></th></tr></thead><tbody>
      ${this.sessions.map((one) => html`<tr><td class="c-name" title=${one.agent}>${browser(one.agent)}${one.current ? html`<span class="tag">this one</span>` : nothing}</td>${all ? html`<td class="c-role">${one.user}</td>` : nothing}<td class="wide data">${one.address}</td><td class="c-when wide dim">${when(one.seen_ms)}</td>
        <td class="c-act">${one.current ? nothing : html`<button class="button s quiet" aria-label=${`End the session of ${one.user} in ${browser(one.agent)}`} @click=${() => this.#act("Ended", () => app.session.api.json("DELETE", path("sessions", one.id)))}>End</button>`}</td></tr>`)}</tbody></table></section>`;
  }
}

/** Numbers of an answer as numbers. @param {any} one @returns {any} */
function plain(one) {
  const number = (/** @type {any} */ value) => (value === null || value === undefined ? null : Number(value));
  return { ...one, created_ms: number(one.created_ms), seen_ms: number(one.seen_ms), used_ms: number(one.used_ms), expires_ms: number(one.expires_ms), sessions: number(one.sessions) };
}

/** @param {number} ms */
function day(ms) {
  return new Date(ms).toISOString().slice(0, 10);
}

/** How long ago, roughly; the day after a week. @param {number} ms */
function when(ms) {
  const minutes = Math.max(0, Math.round((Date.now() - ms) / 60000));
  if (minutes < 2) return "just now";
  if (minutes < 120) return `${minutes} minutes ago`;
  if (minutes < 60 * 48) return `${Math.round(minutes / 60)} hours ago`;
  return minutes < 60 * 24 * 7 ? `${Math.round(minutes / 1440)} days ago` : day(ms);
}

/** What a browser calls itself, in a word or two. @param {string} agent */
function browser(agent) {
  const name = /Edg\//.test(agent) ? "Edge" : /Firefox\//.test(agent) ? "Firefox" : /Chrome\//.test(agent) ? "Chrome" : /Safari\//.test(agent) ? "Safari" : agent.split(/[\s/]/)[0] || "A program";
  const system = /Android/.test(agent) ? "Android" : /iPhone|iPad/.test(agent) ? "iOS" : /Windows/.test(agent) ? "Windows" : /Mac OS/.test(agent) ? "macOS" : /Linux/.test(agent) ? "Linux" : "";
  return system ? `${name} on ${system}` : name;
}

customElements.define("sop-users", SopUsers);
