// Making and removing databases and stores. What cannot be undone asks for a typed name.

import { path } from "../core/http.js";
import { count, counted } from "../core/format.js";
import { html, nothing } from "../vendor/lit.js";
import { Dialog, dialogHead, fault } from "./dialog.js";
import { chooseFolder } from "./folder_dialog.js";

/** @typedef {import("./context.js").Context} Context */

/**
 * A dialog that does one thing: fields, a main button, its error at the foot.
 * @param {{title: string, main: string, risk?: boolean, body: (draw: () => void) => unknown, able: () => boolean, run: () => Promise<void>}} how
 */
export function formDialog({ title, main, risk = false, body, able, run }) {
  let error = "";
  let busy = false;
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (busy || !able()) return;
    busy = true;
    error = "";
    dialog.draw();
    try {
      await run();
      dialog.close();
    } catch (reason) {
      error = reason instanceof Error ? reason.message : String(reason);
      busy = false;
      dialog.draw();
    }
  };
  const dialog = new Dialog({
    label: title,
    className: "form-dialog small-dialog",
    draw: (self) => html`<form @submit=${submit}>${dialogHead(self, title)}${fault(error)}<div class="body form scroll">${body(() => self.draw())}</div>
      <footer><span class="grow"></span><button type="button" class="button quiet" @click=${() => self.close()}>Cancel<kbd>Esc</kbd></button><button class="button ${risk ? "risk" : "main"}" ?disabled=${busy || !able()}>${main}<kbd>↵</kbd></button></footer></form>`,
  });
  return dialog;
}

/** @param {any} event @returns {string} */
const textOf = (event) => event.target.value;

/** @param {Context} app @param {string} name */
export function deleteStore({ session }, name) {
  const designing = session.place.view === "design";
  const store = session.storeNamed(name);
  let typed = "";
  formDialog({
    title: `Delete ${name}`,
    main: "Delete store",
    risk: true,
    able: () => typed === name,
    body: (draw) => html`<p>${name} and its ${counted(Number(store?.count ?? 0), "item")} go away at once. This cannot be undone.</p>
      <label>Type ${name} to delete it<span class="field"><input autofocus autocomplete="off" spellcheck="false" .value=${typed} @input=${(/** @type {any} */ event) => { typed = textOf(event); draw(); }}></span></label>`,
    run: async () => {
      await session.api.json("DELETE", session.path("stores", name));
      session.changes.unstage(session.changes.of(name));
      await Promise.all([session.readStores(), session.readDatabases()]);
      session.say({ kind: "ok", text: `${name} is deleted.` });
      if (designing) return session.go({ view: "design", store: session.stores[0]?.name, prefix: [], design: undefined }, { replace: true });
      await session.go({ store: session.stores[0]?.name, prefix: [] }, { replace: true });
      if (!session.stores.length) location.assign(`/d/${encodeURIComponent(session.place.database ?? "")}`);
    },
  });
}

/** @param {Context} app @param {"create" | "open"} mode */
export function newDatabase({ session }, mode) {
  let name = "";
  let folder = "";
  const creating = mode === "create";
  formDialog({
    title: creating ? "New database" : "Open a folder",
    main: creating ? "Create database" : "Open folder",
    able: () => (creating ? name.trim() !== "" : folder.trim() !== ""),
    body: (draw) => html`${creating ? html`<label>Name<span class="field"><input autofocus autocomplete="off" spellcheck="false" .value=${name} @input=${(/** @type {any} */ event) => { name = textOf(event); draw(); }}></span></label>` : nothing}
      <label>Folder<span class="field"><input class="data" ?autofocus=${!creating} autocomplete="off" spellcheck="false" placeholder=${creating ? "under the data root" : "/path/to/database"} .value=${folder} @input=${(/** @type {any} */ event) => { folder = textOf(event); draw(); }}><button type="button" class="button s quiet browse" @click=${() => chooseFolder({ api: session.api, start: creating ? "" : folder, databases: !creating, done: (found) => { folder = creating ? `${found.replace(/\/+$/, "")}/${name.trim() || "data"}` : found; draw(); } })}>Browse</button></span><span class="hint">${creating ? "Leave it empty to make the folder under the data root." : "The folder of a database that exists, as this machine names it."}</span></label>
      ${creating ? nothing : html`<label>Name<span class="field"><input autocomplete="off" spellcheck="false" placeholder=${lastPart(folder) || "as the folder"} .value=${name} @input=${(/** @type {any} */ event) => { name = textOf(event); draw(); }}></span></label>`}`,
    run: async () => {
      const wanted = name.trim() || lastPart(folder);
      const made = await session.api.post(path("databases"), { name: wanted, path: folder.trim() || undefined });
      await session.readDatabases();
      await session.go({ database: made?.name ?? wanted });
    },
  });
}

/** The last part of a path. @param {string} folder */
export function lastPart(folder) {
  return folder.trim().split(/[\\/]/).filter(Boolean).at(-1) ?? "";
}

/** @param {Context} app */
export async function fillDemo({ session }) {
  try {
    await session.api.post(session.path("demo"), { name: "shop" });
    await session.written(session.stores.map((store) => store.name));
    await session.readStores();
    session.say({ kind: "ok", text: `The demo shop is here: ${count(session.stores.reduce((sum, store) => sum + Number(store.count), 0))} items in ${counted(session.stores.length, "store")}.` });
    if (!session.place.store && session.stores.length) await session.go({ store: session.stores[0].name });
  } catch (error) {
    session.fail(error, "Demo");
  }
}

/** @param {Context} app */
export function detach({ session }) {
  const name = session.place.database ?? "";
  formDialog({
    title: `Detach ${name}`,
    main: "Detach",
    able: () => true,
    body: () => html`<p>${name} leaves this list. Its files stay where they are${session.database?.path ? html`: <code>${session.database.path}</code>` : nothing}, and “Open a folder” brings it back.</p>`,
    run: async () => {
      await session.api.json("DELETE", path("databases", name));
      location.assign("/");
    },
  });
}
