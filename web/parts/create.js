// Making and removing databases and stores. What cannot be undone asks for a typed name.

import { path } from "../core/http.js";
import { count } from "../core/format.js";
import { rich, t } from "../strings/shell.js";
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
      <footer><span class="grow"></span><button type="button" class="button quiet" @click=${() => self.close()}>${t("shared.cancel")}<kbd>Esc</kbd></button><button class="button ${risk ? "risk" : "main"}" ?disabled=${busy || !able()}>${main}<kbd>↵</kbd></button></footer></form>`,
  });
  return dialog;
}

/**
 * A dialog for what cannot be undone: its button works once the name is typed.
 * @param {{title: string, main: string, name: string, label: string, body: (draw: () => void) => unknown, run: () => Promise<void>}} how `label`: what the field says
 */
export function proveDialog({ title, main, name, label, body, run }) {
  let typed = "";
  return formDialog({
    title,
    main,
    risk: true,
    able: () => typed === name,
    body: (draw) => html`${body(draw)}
      <label>${label}<span class="field"><input autofocus autocomplete="off" spellcheck="false" .value=${typed} @input=${(/** @type {any} */ event) => { typed = textOf(event); draw(); }}></span></label>`,
    run,
  });
}

/** @param {any} event @returns {string} */
const textOf = (event) => event.target.value;

/** @param {Context} app @param {string} name */
export function deleteStore({ session }, name) {
  const designing = session.place.view === "design";
  const store = session.storeNamed(name);
  proveDialog({
    title: t("shared.delete_name", { name }),
    main: t("shell.delete_store"),
    name,
    label: t("shared.type_to_delete_it", { name }),
    body: () => html`<p>${t("shell.store_goes_away", { name, n: Number(store?.count ?? 0) })}</p>`,
    run: async () => {
      await session.api.json("DELETE", session.path("stores", name));
      session.changes.unstage(session.changes.of(name));
      await Promise.all([session.readStores(), session.readDatabases()]);
      session.say({ kind: "ok", text: t("shared.name_is_deleted", { name }) });
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
    title: creating ? t("shared.new_database") : t("shared.open_a_folder"),
    main: creating ? t("shared.create_database") : t("shared.open_folder"),
    able: () => (creating ? name.trim() !== "" : folder.trim() !== ""),
    body: (draw) => html`${creating ? html`<label>${t("shared.name")}<span class="field"><input autofocus autocomplete="off" spellcheck="false" .value=${name} @input=${(/** @type {any} */ event) => { name = textOf(event); draw(); }}></span></label>` : nothing}
      <label>${t("shared.folder")}<span class="field"><input class="data" ?autofocus=${!creating} autocomplete="off" spellcheck="false" placeholder=${creating ? t("shell.under_the_data_root") : t("shell.path_to_database")} .value=${folder} @input=${(/** @type {any} */ event) => { folder = textOf(event); draw(); }}><button type="button" class="button s quiet browse" @click=${() => chooseFolder({ api: session.api, start: creating ? "" : folder, databases: !creating, done: (found) => { folder = creating ? `${found.replace(/\/+$/, "")}/${name.trim() || "data"}` : found; draw(); } })}>${t("shared.browse")}</button></span><span class="hint">${creating ? t("shell.leave_it_empty_to_make_the_folder") : t("shell.the_folder_of_a_database_that_exists")}</span></label>
      ${creating ? nothing : html`<label>${t("shared.name")}<span class="field"><input autocomplete="off" spellcheck="false" placeholder=${lastPart(folder) || t("shared.as_the_folder")} .value=${name} @input=${(/** @type {any} */ event) => { name = textOf(event); draw(); }}></span></label>`}`,
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
    session.say({ kind: "ok", text: t("shell.the_demo_shop_is_here", { items: count(session.stores.reduce((sum, store) => sum + Number(store.count), 0)), n: session.stores.length }) });
    if (!session.place.store && session.stores.length) await session.go({ store: session.stores[0].name });
  } catch (error) {
    session.fail(error, t("shell.demo"));
  }
}

/** @param {Context} app */
export function detach({ session }) {
  const name = session.place.database ?? "";
  formDialog({
    title: t("shell.detach_name", { name }),
    main: t("shared.detach"),
    able: () => true,
    body: () => html`<p>${rich("shell.database_leaves_this_list", { name, path: session.database?.path ? html`: <code>${session.database.path}</code>` : nothing })}</p>`,
    run: async () => {
      await session.api.json("DELETE", path("databases", name));
      location.assign("/");
    },
  });
}
