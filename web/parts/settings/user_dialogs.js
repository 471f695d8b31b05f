// The dialogs of users and tokens.

import { path } from "../../core/http.js";
import { GRANTS, ROLES, grantsOf, maskable, maskedOf } from "../../model/access.js";
import { t } from "../../strings/settings.js";
import { html, nothing } from "../../vendor/lit.js";
import { formDialog } from "../create.js";
import { Dialog, dialogHead } from "../dialog.js";
import { announce, icon } from "../dom.js";

/** @typedef {import("../context.js").Context} Context */
/** @typedef {import("../../model/access.js").User} User */
/** @typedef {import("../../model/access.js").MaskedField} MaskedField */

/** @param {any} event @returns {string} */
const textOf = (event) => event.target.value;

/** @param {string} chosen @param {(role: any) => void} choose @param {boolean} only whether there is no choice, and why */
const roles = (chosen, choose, only = false) => html`<fieldset class="roles label" aria-label=${t("settings.role")}><span>${t("settings.role")}</span>${ROLES.map(([id, title, words]) => html`<label><input type="radio" name="role" .checked=${id === chosen} ?disabled=${only && id !== chosen} @change=${() => choose(id)}>${title}<small>${words}</small></label>`)}</fieldset>`;

/** @param {Context} app @param {{first?: boolean, done: () => unknown}} how */
export function addUser({ session }, { first = false, done }) {
  const wish = { name: "", password: "", role: first ? "admin" : "viewer" };
  formDialog({
    title: first ? t("settings.make_the_first_user") : t("settings.add_user"),
    main: first ? t("settings.make_administrator") : t("settings.add_user"),
    able: () => wish.name.trim() !== "" && wish.password !== "",
    body: (draw) => html`<label>${t("shared.name")}<span class="field"><input autofocus autocomplete="off" autocapitalize="none" spellcheck="false" .value=${wish.name} @input=${(/** @type {any} */ event) => { wish.name = textOf(event); draw(); }}></span></label>
      <label>${t("shared.password")}<span class="field"><input type="password" autocomplete="new-password" .value=${wish.password} @input=${(/** @type {any} */ event) => { wish.password = textOf(event); draw(); }}></span><span class="hint">${t("settings.at_least_10_characters")} ${first ? t("settings.you_sign_in_with_it_next") : t("settings.they_can_change_it_after_signing_in")}</span></label>
      ${roles(wish.role, (role) => { wish.role = role; draw(); }, first)}`,
    run: async () => {
      await session.api.post(path("users"), { ...wish, name: wish.name.trim() });
      announce(t("shared.added"));
      await done();
    },
  });
}

/** @param {Context} app @param {User} user @param {() => unknown} done */
export function resetPassword({ session }, user, done) {
  let password = "";
  formDialog({
    title: t("settings.another_password_for_user", { user: user.name }),
    main: t("settings.set_password"),
    able: () => password !== "",
    body: (draw) => html`<label>${t("shared.password")}<span class="field"><input type="password" autofocus autocomplete="new-password" .value=${password} @input=${(/** @type {any} */ event) => { password = textOf(event); draw(); }}></span><span class="hint">${t("settings.at_least_10_characters_their_sessions_end")}</span></label>`,
    run: async () => {
      await session.api.json("PATCH", path("users", user.name), { body: { password } });
      session.say({ kind: "ok", text: t("settings.user_has_another_password", { user: user.name }) });
      await done();
    },
  });
}

/** @param {Context} app @param {User} user @param {{last: boolean, done: () => unknown}} how */
export function changeUser({ session }, user, { last, done }) {
  /** @type {{role: string, grants: {pattern: string, grant: string}[], masked: MaskedField[]}} */
  const wish = { role: user.role, grants: Object.entries(user.grants).map(([pattern, grant]) => ({ pattern, grant })), masked: user.masked.map((field) => ({ ...field })) };
  /** The fields that can be masked, by database and store. @type {Map<string, string[]>} */
  const fields = new Map();
  /** @type {Map<string, string[]>} */
  const stores = new Map();
  const learn = async (/** @type {MaskedField} */ row, /** @type {() => void} */ draw) => {
    const { database, store } = row;
    const at = `${database}/${store}`;
    if (!database) return;
    try {
      if (!stores.has(database)) {
        stores.set(database, []);
        const answer = await session.api.get(path("databases", database, "stores"));
        stores.set(database, answer.stores.filter((/** @type {any} */ one) => !one.index_of).map((/** @type {any} */ one) => one.name));
        draw();
      }
      if (store && stores.get(database)?.includes(store) && !fields.has(at)) {
        fields.set(at, []);
        fields.set(at, maskable(await session.api.get(path("databases", database, "stores", store))));
        draw();
      }
    } catch {
      // The names are typed then; the server says which are wrong.
    }
  };
  const admin = () => wish.role === "admin";
  formDialog({
    title: t("settings.what_user_may_do", { user: user.name }),
    main: t("shared.save"),
    able: () => true,
    body: (draw) => {
      for (const row of wish.masked) void learn(row, draw);
      const choose = (/** @type {MaskedField} */ row, /** @type {"database" | "store" | "field"} */ name, /** @type {string[]} */ known, /** @type {string} */ title) => html`<span class="field"><input aria-label=${title} placeholder=${title} autocomplete="off" autocapitalize="none" spellcheck="false" list=${`known-${title}-${wish.masked.indexOf(row)}`} .value=${row[name]} @change=${draw} @input=${(/** @type {any} */ event) => { row[name] = textOf(event); }}></span><datalist id=${`known-${title}-${wish.masked.indexOf(row)}`}>${known.map((one) => html`<option value=${one}></option>`)}</datalist>`;
      return html`${roles(wish.role, (role) => { wish.role = role; draw(); }, last)}${last ? html`<p class="hint">${t("settings.the_only_administrator_stays")}</p>` : nothing}
      ${admin() ? html`<p class="hint">${t("settings.an_administrator_sees_all_databases")}</p>` : html`<div class="label"><span>${t("shared.databases")}</span><span class="hint">${wish.grants.length ? t("settings.only_these_what_is_granted_never_goes") : t("settings.all_of_them")}</span>
        <div class="grants">${wish.grants.map((row) => html`<div class="grant"><span class="field"><input aria-label=${t("shared.database")} placeholder=${t("settings.shop_or_sales")} autocomplete="off" autocapitalize="none" spellcheck="false" list="known-databases" .value=${row.pattern} @input=${(/** @type {any} */ event) => { row.pattern = textOf(event); }}></span><select class="field" aria-label=${t("settings.what_in_pattern", { pattern: row.pattern || t("settings.it") })} @change=${(/** @type {any} */ event) => { row.grant = textOf(event); }}>${GRANTS.map(([id, title]) => html`<option value=${id} ?selected=${id === row.grant}>${title}</option>`)}</select><button type="button" class="button only s quiet" aria-label=${t("settings.take_pattern_away", { pattern: row.pattern || t("settings.this_line") })} @click=${() => { wish.grants = wish.grants.filter((one) => one !== row); draw(); }}>${icon("x", true)}</button></div>`)}
        <datalist id="known-databases">${session.databases.filter((one) => !one.is_system).map((one) => html`<option value=${one.name}></option>`)}</datalist>
        <button type="button" class="button s" @click=${() => { wish.grants.push({ pattern: "", grant: "viewer" }); draw(); }}>${icon("plus", true)}${t("shared.database")}</button></div></div>
      <div class="label"><span>${t("settings.masked_fields")}</span><span class="hint">${t("settings.they_come_as_null_everywhere")}</span>
        <div class="grants">${wish.masked.map((row) => html`<div class="mask">${choose(row, "database", session.databases.filter((one) => !one.is_system).map((one) => one.name), t("shared.database"))}${choose(row, "store", stores.get(row.database) ?? [], t("shared.store"))}${choose(row, "field", fields.get(`${row.database}/${row.store}`) ?? [], t("shared.field"))}<button type="button" class="button only s quiet" aria-label=${t("settings.show_field_again", { field: row.field || t("settings.this_field") })} @click=${() => { wish.masked = wish.masked.filter((one) => one !== row); draw(); }}>${icon("x", true)}</button></div>`)}
        <button type="button" class="button s" @click=${() => { wish.masked.push({ database: session.place.database ?? "", store: "", field: "" }); draw(); }}>${icon("plus", true)}${t("shared.field")}</button></div></div>`}`;
    },
    run: async () => {
      await session.api.json("PATCH", path("users", user.name), { body: { role: wish.role, grants: admin() ? {} : grantsOf(wish.grants), masked: admin() ? [] : maskedOf(wish.masked) } });
      announce(t("shared.saved"));
      await done();
    },
  });
}

/** @param {Context} app @param {() => unknown} done */
export function addToken({ session }, done) {
  /** @type {{name: string, role: string, days: string}} */
  const wish = { name: "", role: session.me.role, days: "90" };
  const own = ROLES.findIndex(([id]) => id === session.me.role);
  formDialog({
    title: t("settings.make_a_token"),
    main: t("settings.make_token"),
    able: () => wish.name.trim() !== "",
    body: (draw) => html`<label>${t("shared.what_it_is_for")}<span class="field"><input autofocus autocomplete="off" placeholder=${t("settings.nightly_report")} .value=${wish.name} @input=${(/** @type {any} */ event) => { wish.name = textOf(event); draw(); }}></span></label>
      <label>${t("settings.at_most")}<select class="field" @change=${(/** @type {any} */ event) => { wish.role = textOf(event); }}>${ROLES.slice(0, own + 1).map(([id, title, words]) => html`<option value=${id} ?selected=${id === wish.role}>${title}: ${words}</option>`)}</select><span class="hint">${t("settings.never_more_than_you_may_yourself")}</span></label>
      <label>${t("settings.ends_after")}<select class="field" @change=${(/** @type {any} */ event) => { wish.days = textOf(event); }}>${[["7", t("shared.7_days")], ["30", t("settings.30_days")], ["90", t("settings.90_days")], ["365", t("settings.a_year")], ["", t("settings.never")]].map(([id, title]) => html`<option value=${id} ?selected=${id === wish.days}>${title}</option>`)}</select></label>`,
    run: async () => {
      const made = await session.api.post(path("tokens"), { name: wish.name.trim(), role: wish.role, days: wish.days === "" ? undefined : Number(wish.days) });
      await done();
      // After the form is gone, so that the focus goes where it belongs.
      setTimeout(() => showToken(made.name, made.secret));
    },
  });
}

/** @param {string} name @param {string} secret */
function showToken(name, secret) {
  const copy = async (/** @type {any} */ event) => {
    const field = /** @type {HTMLInputElement} */ (event.currentTarget.closest(".secret").querySelector("input"));
    field.select();
    try {
      await navigator.clipboard.writeText(secret);
      announce(t("shared.copied"));
    } catch {
      // It is selected: the keys of the browser copy it.
    }
  };
  const dialog = new Dialog({
    label: t("settings.the_token_name", { name }),
    className: "form-dialog small-dialog",
    sticky: () => true,
    draw: (self) => html`<form @submit=${(/** @type {Event} */ event) => { event.preventDefault(); dialog.close(); }}>${dialogHead(self, t("settings.the_token_name", { name }))}<div class="body form"><p>${t("settings.copy_it_now")}</p>
      <div class="secret"><span class="field"><input aria-label=${t("settings.token")} readonly .value=${secret} @focus=${(/** @type {any} */ event) => event.target.select()}></span><button type="button" class="button" autofocus @click=${copy}>${icon("copy", true)}${t("shared.copy")}</button></div></div>
      <footer><span class="grow"></span><button class="button main">${t("shared.done")}</button></footer></form>`,
  });
}
