// Who uses the server: users with their roles, tokens of programs, sessions of browsers. Who does not manage the server
// sees their own tokens and sessions.
//
// Holds: passwords and tokens are never kept by the page; a token is shown once, in the dialog that made it.

import { path } from "../../core/http.js";
import { ROLES, reach, roleName } from "../../model/access.js";
import { rich, t } from "../../strings/settings.js";
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
      session.fail(error, t("shared.users_and_access"));
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
      ? html`<div class="notice danger" role="alert">${icon("warning")}<p class="grow">${this.fault}</p><button class="button s" @click=${() => this.read()}>${icon("refresh", true)}${t("shared.try_again")}</button></div>`
      : users === undefined
        ? nothing
        : me.signed_in
          ? html`${app.session.may("admin") ? this.#people(users) : this.#self()}${this.#programs()}${this.#browsers()}`
          : this.#nobody();
    return html`<div class="settings-main access"><div class="prefs scroll" tabindex="0" role="region" aria-label=${t("shared.users_and_access")}>${body}</div></div>`;
  }

  /** Where nobody signs in. */
  #nobody() {
    const app = /** @type {import("../context.js").Context} */ (this.app);
    return html`<section class="section" aria-labelledby="access-users"><h2 id="access-users">${t("shared.users")}</h2>
      <div class="who-none"><p>${t("settings.nobody_signs_in_here")}</p>
        <p>${t("settings.with_the_first_user_everybody_signs_in")}</p>
        <button class="button main" @click=${() => addUser(app, { first: true, done: () => location.assign("/login?next=%2Fusers") })}>${icon("plus", true)}${t("settings.make_the_first_user")}</button></div></section>`;
  }

  /** @param {User[]} users */
  #people(users) {
    const app = /** @type {import("../context.js").Context} */ (this.app);
    const admins = users.filter((user) => user.role === "admin" && !user.disabled).length;
    return html`<section class="section" aria-labelledby="access-users"><h2 id="access-users">${t("settings.users_and_roles")}<span class="small dim">${t("settings.what_each_may_do_counts_from_their")}</span><span class="end"><button class="button s" @click=${() => addUser(app, { done: () => this.read() })}>${icon("plus", true)}${t("settings.add_user")}</button></span></h2>
      <table class="lines-table"><thead><tr><th class="c-name" scope="col">${t("shared.name")}</th><th class="c-role" scope="col">${t("settings.role")}</th><th scope="col" class="wide">${t("settings.sees")}</th><th class="c-when wide" scope="col">${t("settings.signed_in")}</th><th class="c-act" scope="col"><span class="unseen">${t("settings.act")}</span></th></tr></thead><tbody>
      ${users.map((user) => html`<tr><td class="c-name"><b>${user.name}</b>${user.name === app.session.me.name ? html`<span class="tag">${t("settings.you_within")}</span>` : nothing}${user.disabled ? html`<span class="tag delete">${t("shared.disabled_within")}</span>` : nothing}</td>
        <td class="c-role">${roleName(user.role)}</td><td class="wide soft" title=${reach(user)}>${reach(user)}</td><td class="c-when wide dim">${user.seen_ms === null ? t("settings.never") : when(user.seen_ms)}</td>
        <td class="c-act"><button class="button only s quiet" aria-label=${t("settings.more_for_user", { user: user.name })} aria-haspopup="menu" @click=${(/** @type {any} */ event) => this.#menu(user, admins, event.currentTarget)}>${icon("more", true)}</button></td></tr>`)}</tbody></table></section>`;
  }

  /** @param {User} user @param {number} admins @param {Element} place */
  #menu(user, admins, place) {
    const app = /** @type {import("../context.js").Context} */ (this.app);
    const { session } = app;
    const last = user.role === "admin" && !user.disabled && admins === 1;
    const why = last ? t("settings.the_only_administrator") : "";
    void app.menu.show(() => [
      { caption: user.name },
      { title: t("settings.role_databases_and_masks"), icon: "shield", run: () => changeUser(app, user, { last, done: () => this.read() }) },
      { title: user.name === session.me.name ? t("shared.change_password") : t("settings.give_another_password"), icon: "lock", run: () => (user.name === session.me.name ? changePassword(app) : resetPassword(app, user, () => this.read())) },
      "rule",
      { title: user.disabled ? t("settings.let_in_again") : t("shared.disable"), icon: user.disabled ? "check" : "pause", detail: why, run: () => (last ? this.#refuse(user) : this.#act(user.disabled ? t("settings.let_in_again") : t("shared.disabled"), () => session.api.json("PATCH", path("users", user.name), { body: { disabled: !user.disabled } }))) },
      { title: t("shared.remove"), icon: "trash", risk: true, detail: why, run: () => (last ? this.#refuse(user) : this.#remove(user)) },
    ], place, user.name);
  }

  /** @param {User} user */
  #refuse(user) {
    const { session } = /** @type {import("../context.js").Context} */ (this.app);
    session.say({ kind: "warn", text: t("settings.is_the_only_administrator", { user: user.name }) });
  }

  /** @param {User} user */
  #remove(user) {
    const { session } = /** @type {import("../context.js").Context} */ (this.app);
    formDialog({
      title: t("shared.remove_name", { name: user.name }),
      main: t("settings.remove_user"),
      risk: true,
      able: () => true,
      body: () => html`<p>${t("settings.sessions_and_all_tokens_of_theirs_go", { user: user.name, n: user.sessions })}</p>`,
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
    const [, , words, role] = ROLES.find(([id]) => id === me.role) ?? ["", "", "", me.role];
    return html`<section class="section" aria-labelledby="access-self"><h2 id="access-self">${t("settings.you")}<span class="end"><button class="button s" @click=${() => changePassword(app)}>${icon("lock", true)}${t("shared.change_password")}</button></span></h2>
      <p>${rich("settings.who_you_are", { name: html`<b>${me.name}</b>`, role, words })}</p></section>`;
  }

  #programs() {
    const app = /** @type {import("../context.js").Context} */ (this.app);
    const all = app.session.may("admin");
    return html`<section class="section" aria-labelledby="access-tokens"><h2 id="access-tokens">${t("settings.api_tokens")}<span class="small dim">${rich("settings.for_programs_as", { header: html`<code>Authorization: Bearer</code>` })}</span><span class="end"><button class="button s" @click=${() => addToken(app, () => this.read())}>${icon("plus", true)}${t("settings.make_token")}</button></span></h2>
      ${this.tokens.length ? html`<table class="lines-table"><thead><tr><th class="c-name" scope="col">${t("settings.for")}</th>${all ? html`<th class="c-role" scope="col">${t("settings.user")}</th>` : nothing}<th class="c-role wide" scope="col">${t("settings.at_most")}</th><th scope="col" class="wide">${t("settings.ends")}</th><th class="c-when wide" scope="col">${t("settings.last_used")}</th><th class="c-act" scope="col"><span class="unseen">${t("settings.act")}</span></th></tr></thead><tbody>
      ${this.tokens.map((token) => html`<tr><td class="c-name">${token.name}</td>${all ? html`<td class="c-role">${token.user}</td>` : nothing}<td class="c-role wide">${roleName(token.role)}</td><td class="wide soft">${token.expires_ms === null ? t("settings.never") : day(token.expires_ms)}</td><td class="c-when wide dim">${token.used_ms === null ? t("settings.never") : when(token.used_ms)}</td>
        <td class="c-act"><button class="button only s quiet" aria-label=${t("settings.remove_the_token_token", { token: token.name })} @click=${() => this.#act(t("shared.removed"), () => app.session.api.json("DELETE", path("tokens", token.id)))}>${icon("trash", true)}</button></td></tr>`)}</tbody></table>` : html`<p>${all ? t("settings.no_program_has_a_token") : t("settings.no_program_has_a_token_of_yours")}</p>`}</section>`;
  }

  #browsers() {
    const app = /** @type {import("../context.js").Context} */ (this.app);
    const all = app.session.may("admin");
    return html`<section class="section" aria-labelledby="access-sessions"><h2 id="access-sessions">${t("settings.sessions")}<span class="small dim">${t("settings.browsers_that_are_signed_in")}</span></h2>
      <table class="lines-table"><thead><tr><th class="c-name" scope="col">${t("settings.browser")}</th>${all ? html`<th class="c-role" scope="col">${t("settings.user")}</th>` : nothing}<th scope="col" class="wide">${t("shared.from")}</th><th class="c-when wide" scope="col">${t("settings.last_used")}</th><th class="c-act" scope="col"><span class="unseen">${t("settings.act")}</span></th></tr></thead><tbody>
      ${this.sessions.map((one) => html`<tr><td class="c-name" title=${one.agent}>${browser(one.agent)}${one.current ? html`<span class="tag">${t("settings.this_session")}</span>` : nothing}</td>${all ? html`<td class="c-role">${one.user}</td>` : nothing}<td class="wide data">${one.address}</td><td class="c-when wide dim">${when(one.seen_ms)}</td>
        <td class="c-act">${one.current ? nothing : html`<button class="button s quiet" aria-label=${t("settings.end_the_session_of_in", { user: one.user, browser: browser(one.agent) })} @click=${() => this.#act(t("shared.ended"), () => app.session.api.json("DELETE", path("sessions", one.id)))}>${t("settings.end")}</button>`}</td></tr>`)}</tbody></table></section>`;
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
  if (minutes < 2) return t("shared.just_now");
  if (minutes < 120) return t("settings.minutes_ago", { n: minutes });
  if (minutes < 60 * 48) return t("settings.hours_ago", { n: Math.round(minutes / 60) });
  return minutes < 60 * 24 * 7 ? t("settings.days_ago", { n: Math.round(minutes / 1440) }) : day(ms);
}

/** What a browser calls itself, in a word or two. @param {string} agent */
function browser(agent) {
  const name = /Edg\//.test(agent) ? "Edge" : /Firefox\//.test(agent) ? "Firefox" : /Chrome\//.test(agent) ? "Chrome" : /Safari\//.test(agent) ? "Safari" : agent.split(/[\s/]/)[0] || t("settings.a_program");
  const system = /Android/.test(agent) ? "Android" : /iPhone|iPad/.test(agent) ? "iOS" : /Windows/.test(agent) ? "Windows" : /Mac OS/.test(agent) ? "macOS" : /Linux/.test(agent) ? "Linux" : "";
  return system ? t("settings.name_on_system", { name, system }) : name;
}

customElements.define("sop-users", SopUsers);
