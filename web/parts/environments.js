// Environments in the page: choosing one for this session, making, changing and removing them, and naming once more what is
// written to where an environment asks for it.

import { path } from "../core/http.js";
import { html, nothing } from "../vendor/lit.js";
import { formDialog } from "./create.js";
import { Dialog, dialogHead } from "./dialog.js";
import { icon } from "./dom.js";

/** @typedef {import("./context.js").Context} Context */
/** @typedef {{name: string, description: string, colour: "dev" | "test" | "prod", mode: "open" | "confirm" | "read_only", databases: {name: string}[], first: boolean, current: boolean}} Environment */

const MODES = { open: "open", confirm: "confirm", read_only: "read-only" };
const COLOURS = { dev: "Green", test: "Amber", prod: "Red" };

/** The menu of environments. @param {Context} app @param {Element} place */
export async function environmentMenu(app, place) {
  const { session } = app;
  try {
    /** @type {{environments: Environment[]}} */
    const { environments } = await session.api.get(path("environments"));
    const current = environments.find((one) => one.current);
    await app.menu.show(() => [
      { caption: "Environments" },
      ...environments.map((one) => ({ title: one.name, check: one.current, detail: MODES[one.mode], run: () => choose(app, one) })),
      ...(session.may("admin") ? [/** @type {const} */ ("rule"), { title: "New environment", icon: "plus", run: () => newEnvironment(app, environments) }] : []),
      ...(current && session.may("admin") ? [{ title: `Change ${current.name}`, icon: "settings", run: () => changeEnvironment(app, current) }] : []),
      ...(current && !current.first && session.may("admin") ? [{ title: `Remove ${current.name}`, icon: "trash", risk: true, run: () => removeEnvironment(app, current) }] : []),
    ], place, "Environments");
  } catch (error) {
    session.fail(error, "Environments");
  }
}

/** @param {Context} app @param {Environment} environment */
async function choose({ session }, environment) {
  if (environment.current) return;
  if (session.changes.size) return session.say({ kind: "warn", text: "Staged edits belong to this environment. Commit or discard them first." });
  await enter(session.api, environment.name).catch((error) => session.fail(error, "Environments"));
}

/** Works in an environment from now on. @param {import("../core/http.js").Api} api @param {string} name */
async function enter(api, name) {
  await api.post(path("session", "environment"), { name });
  location.assign("/");
}

/** @param {string} colour @param {string} mode @param {string} description @param {(change: {colour?: any, mode?: any, description?: string}) => void} set */
const fields = (colour, mode, description, set) => html`<label>Colour<select class="field" @change=${(/** @type {any} */ event) => set({ colour: event.target.value })}>${Object.entries(COLOURS).map(([value, title]) => html`<option value=${value} ?selected=${value === colour}>${title}</option>`)}</select></label>
  <label>Writing<select class="field" @change=${(/** @type {any} */ event) => set({ mode: event.target.value })}><option value="open" ?selected=${mode === "open"}>Open</option><option value="confirm" ?selected=${mode === "confirm"}>Confirm: the store is named once more</option><option value="read_only" ?selected=${mode === "read_only"}>Read-only</option></select></label>
  <label>Description<span class="field"><input autocomplete="off" .value=${description} @input=${(/** @type {any} */ event) => set({ description: event.target.value })}></span></label>`;

/** @param {Context} app @param {Environment[]} all */
function newEnvironment({ session }, all) {
  /** @type {{name: string, from: string, colour: string, mode: string, description: string}} */
  const wish = { name: "", from: "", colour: "test", mode: "confirm", description: "" };
  formDialog({
    title: "New environment",
    main: "Create environment",
    able: () => wish.name.trim() !== "",
    body: (draw) => html`<label>Name<span class="field"><input autofocus autocomplete="off" spellcheck="false" placeholder="staging" .value=${wish.name} @input=${(/** @type {any} */ event) => { wish.name = event.target.value; draw(); }}></span></label>
      <label>Databases<select class="field" @change=${(/** @type {any} */ event) => { wish.from = event.target.value; draw(); }}><option value="">None yet</option>${all.map((one) => html`<option value=${one.name}>Those of ${one.name}</option>`)}</select><span class="hint">The same databases, not copies of them.</span></label>
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
    title: `Change ${environment.name}`,
    main: "Save",
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
    title: `Remove ${environment.name}`,
    main: "Remove environment",
    able: () => true,
    body: () => html`<p>The environment leaves the list. Its ${environment.databases.length === 1 ? "database keeps its" : "databases keep their"} files.</p>`,
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
      label: "Confirm",
      className: "form-dialog small-dialog",
      closed: () => resolve(given),
      draw: (self) => html`<form @submit=${(/** @type {Event} */ event) => {
        event.preventDefault();
        if (!right()) return;
        given = typed.trim();
        self.close();
      }}>${dialogHead(self, "Name what you write to", environment ? html`<span class=${environment.colour}><span class="env">${environment.name}</span></span>` : nothing)}
        <div class="body"><label>Type ${words.map((word, at) => html`${at ? " or " : ""}<b>${word}</b>`)}<span class="field"><input autofocus autocomplete="off" spellcheck="false" .value=${typed} @input=${(/** @type {any} */ event) => { typed = event.target.value; self.draw(); }}>${right() ? icon("check", true) : nothing}</span><span class="hint">Each write is confirmed by a name here. Nothing was written yet.</span></label></div>
        <footer><span class="grow"></span><button type="button" class="button quiet" @click=${() => self.close()}>Cancel</button><button class="button risk" ?disabled=${!right()}>Write</button></footer></form>`,
    });
    void dialog;
  });
}
