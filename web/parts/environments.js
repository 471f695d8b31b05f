// Environments in the page: choosing one for this session, making, changing and removing them, and naming once more what is
// written to where an environment asks for it.

import { path } from "../core/http.js";
import { rich, t } from "../strings/shell.js";
import { html, nothing } from "../vendor/lit.js";
import { formDialog } from "./create.js";
import { Dialog, dialogHead } from "./dialog.js";
import { icon } from "./dom.js";

/** @typedef {import("./context.js").Context} Context */
/** @typedef {{name: string, description: string, colour: "dev" | "test" | "prod", mode: "open" | "confirm" | "read_only", databases: {name: string}[], first: boolean, current: boolean}} Environment */

const MODES = { open: t("shared.open_within"), confirm: t("shell.confirm_within"), read_only: t("shell.read_only_within") };
const COLOURS = { dev: t("shell.green"), test: t("shell.amber"), prod: t("shell.red") };

/** The menu of environments. @param {Context} app @param {Element} place */
export async function environmentMenu(app, place) {
  const { session } = app;
  try {
    /** @type {{environments: Environment[]}} */
    const { environments } = await session.api.get(path("environments"));
    const current = environments.find((one) => one.current);
    await app.menu.show(() => [
      { caption: t("shell.environments") },
      ...environments.map((one) => ({ title: one.name, check: one.current, detail: MODES[one.mode], run: () => choose(app, one) })),
      ...(session.may("admin") ? [/** @type {const} */ ("rule"), { title: t("shell.new_environment"), icon: "plus", run: () => newEnvironment(app, environments) }] : []),
      ...(current && session.may("admin") ? [{ title: t("shared.change_name", { name: current.name }), icon: "settings", run: () => changeEnvironment(app, current) }] : []),
      ...(current && !current.first && session.may("admin") ? [{ title: t("shared.remove_name", { name: current.name }), icon: "trash", risk: true, run: () => removeEnvironment(app, current) }] : []),
    ], place, t("shell.environments"));
  } catch (error) {
    session.fail(error, t("shell.environments"));
  }
}

/** @param {Context} app @param {Environment} environment */
async function choose({ session }, environment) {
  if (environment.current) return;
  if (session.changes.size) return session.say({ kind: "warn", text: t("shell.staged_edits_belong_to_this_environment") });
  await enter(session.api, environment.name).catch((error) => session.fail(error, t("shell.environments")));
}

/** Works in an environment from now on. @param {import("../core/http.js").Api} api @param {string} name */
async function enter(api, name) {
  await api.post(path("session", "environment"), { name });
  location.assign("/");
}

/** @param {string} colour @param {string} mode @param {string} description @param {(change: {colour?: any, mode?: any, description?: string}) => void} set */
const fields = (colour, mode, description, set) => html`<label>${t("shell.colour")}<select class="field" @change=${(/** @type {any} */ event) => set({ colour: event.target.value })}>${Object.entries(COLOURS).map(([value, title]) => html`<option value=${value} ?selected=${value === colour}>${title}</option>`)}</select></label>
  <label>${t("shared.writing")}<select class="field" @change=${(/** @type {any} */ event) => set({ mode: event.target.value })}><option value="open" ?selected=${mode === "open"}>${t("shared.open")}</option><option value="confirm" ?selected=${mode === "confirm"}>${t("shell.confirm_the_store_is_named_once_more")}</option><option value="read_only" ?selected=${mode === "read_only"}>${t("shell.read_only_choice")}</option></select></label>
  <label>${t("shared.description")}<span class="field"><input autocomplete="off" .value=${description} @input=${(/** @type {any} */ event) => set({ description: event.target.value })}></span></label>`;

/** @param {Context} app @param {Environment[]} all */
function newEnvironment({ session }, all) {
  /** @type {{name: string, from: string, colour: string, mode: string, description: string}} */
  const wish = { name: "", from: "", colour: "test", mode: "confirm", description: "" };
  formDialog({
    title: t("shell.new_environment"),
    main: t("shell.create_environment"),
    able: () => wish.name.trim() !== "",
    body: (draw) => html`<label>${t("shared.name")}<span class="field"><input autofocus autocomplete="off" spellcheck="false" placeholder=${t("shell.staging")} .value=${wish.name} @input=${(/** @type {any} */ event) => { wish.name = event.target.value; draw(); }}></span></label>
      <label>${t("shared.databases")}<select class="field" @change=${(/** @type {any} */ event) => { wish.from = event.target.value; draw(); }}><option value="">${t("shell.none_yet")}</option>${all.map((one) => html`<option value=${one.name}>${t("shell.databases_of_environment", { environment: one.name })}</option>`)}</select><span class="hint">${t("shell.the_same_databases")}</span></label>
      ${fields(wish.colour, wish.mode, wish.description, (change) => { Object.assign(wish, change); draw(); })}`,
    run: async () => {
      await session.api.post(path("environments"), { ...wish, name: wish.name.trim(), from: wish.from || undefined });
      await enter(session.api, wish.name.trim());
    },
  });
}

/** @param {Context} app @param {Environment} environment */
function changeEnvironment({ session }, environment) {
  const { colour, mode, description } = environment;
  /** @type {{colour: string, mode: string, description: string}} */
  const wish = { colour, mode, description };
  formDialog({
    title: t("shared.change_name", { name: environment.name }),
    main: t("shared.save"),
    able: () => true,
    body: (draw) => fields(wish.colour, wish.mode, wish.description, (change) => { Object.assign(wish, change); draw(); }),
    run: async () => {
      await session.api.json("PATCH", path("environments", environment.name), { body: wish });
      location.reload();
    },
  });
}

/** @param {Context} app @param {Environment} environment */
function removeEnvironment({ session }, environment) {
  formDialog({
    title: t("shared.remove_name", { name: environment.name }),
    main: t("shell.remove_environment"),
    able: () => true,
    body: () => html`<p>${t("shell.environment_leaves_the_list", { n: environment.databases.length })}</p>`,
    run: async () => {
      await session.api.json("DELETE", path("environments", environment.name));
      await enter(session.api, "dev");
    },
  });
}

/**
 * Asks for the name of what is written to.
 * @param {Context} app
 * @returns {Promise<string | undefined>} undefined when the person thought better of it
 */
export function askName({ session }) {
  const { environment, place } = session;
  const words = [place.store, place.database].filter((name) => name !== undefined);
  return new Promise((resolve) => {
    let typed = "";
    /** @type {string | undefined} */
    let given;
    const right = () => words.includes(typed.trim());
    const dialog = new Dialog({
      label: t("shell.confirm"),
      className: "form-dialog small-dialog",
      closed: () => resolve(given),
      draw: (self) => html`<form @submit=${(/** @type {Event} */ event) => {
        event.preventDefault();
        if (!right()) return;
        given = typed.trim();
        self.close();
      }}>${dialogHead(self, t("shell.name_what_you_write_to"), environment ? html`<span class=${environment.colour}><span class="env">${environment.name}</span></span>` : nothing)}
        <div class="body"><label>${words.length === 2 ? rich("shell.type_either", { first: html`<b>${words[0]}</b>`, second: html`<b>${words[1]}</b>` }) : rich("shell.type_word", { word: words.map((word) => html`<b>${word}</b>`) })}<span class="field"><input autofocus autocomplete="off" spellcheck="false" .value=${typed} @input=${(/** @type {any} */ event) => { typed = event.target.value; self.draw(); }}>${right() ? icon("check", true) : nothing}</span><span class="hint">${t("shell.each_write_is_confirmed_by_a_name")}</span></label></div>
        <footer><span class="grow"></span><button type="button" class="button quiet" @click=${() => self.close()}>${t("shared.cancel")}</button><button class="button risk" ?disabled=${!right()}>${t("shared.write")}</button></footer></form>`,
    });
    void dialog;
  });
}
