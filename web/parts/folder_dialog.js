// Choosing a folder of the machine that the server runs on, of those that it may use.
//
// Holds: what is shown is what the server names; nothing is made here. Arrows walk the folders, Enter opens one, Backspace goes
// up; a database is chosen and not opened.

import { path } from "../core/http.js";
import { t } from "../strings/shell.js";
import { html, nothing } from "../vendor/lit.js";
import { Dialog, dialogHead, fault } from "./dialog.js";
import { icon } from "./dom.js";

/** @typedef {{name: string, path: string, is_database: boolean}} Folder */
/** @typedef {{path: string | null, parent: string | null, folders: Folder[], more: boolean}} Inside */

/**
 * Lets somebody choose a folder.
 * @param {{api: import("../core/http.js").Api, start: string, databases: boolean, done: (path: string) => void}} how
 *   start: where to begin, if that is there; databases: whether a database is looked for, or else a folder to put one into
 */
export function chooseFolder({ api, start, databases, done }) {
  /** @type {Inside | undefined} */
  let inside;
  let wrong = "";
  let turn = 0;
  /** @param {string | null} to @param {string | null} [from] the folder that one comes from */
  const go = async (to, from = null) => {
    const now = ++turn;
    try {
      const found = await api.get(path("folders"), { path: to ?? undefined });
      if (now !== turn) return;
      inside = found;
      wrong = "";
    } catch (error) {
      if (now !== turn) return;
      // What somebody typed may not be there yet: then all folders are shown.
      if (inside === undefined && to !== null) return go(null);
      wrong = error instanceof Error ? error.message : String(error);
    }
    dialog.draw();
    const at = inside?.folders.findIndex((one) => one.path === from) ?? -1;
    const list = dialog.element.querySelectorAll(".folder-list button");
    const next = list[Math.max(0, at)] ?? dialog.element.querySelector("footer .main:not(:disabled)") ?? dialog.element.querySelector("header button");
    if (next instanceof HTMLElement) next.focus();
  };
  const take = (/** @type {string} */ folder) => {
    dialog.close();
    done(folder);
  };
  const open = (/** @type {Folder} */ one) => (one.is_database ? databases && take(one.path) : void go(one.path));
  const up = () => inside?.path && void go(inside.parent, inside.path);
  const key = (/** @type {KeyboardEvent} */ event) => {
    const list = [.../** @type {NodeListOf<HTMLElement>} */ (dialog.element.querySelectorAll(".folder-list button"))];
    const at = list.indexOf(/** @type {HTMLElement} */ (event.target));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: list.length - 1 }[event.key];
    if (event.key === "Backspace" || event.key === "ArrowLeft") up();
    else if (event.key === "ArrowRight" && at >= 0) list[at].click();
    else if (to !== undefined) list[Math.min(list.length - 1, Math.max(0, to))]?.focus();
    else return;
    event.preventDefault();
  };
  const dialog = new Dialog({
    label: t("shell.choose_a_folder"),
    className: "form-dialog small-dialog folder-dialog",
    draw: (self) => html`${dialogHead(self, databases ? t("shell.choose_a_database") : t("shell.choose_a_folder"))}${fault(wrong)}
      <div class="folder-at"><button type="button" class="button only s quiet" aria-label=${t("shell.up")} title=${t("shell.up_backspace")} ?disabled=${!inside?.path} @click=${up}>${icon("up", true)}</button><code class="cut" title=${inside?.path ?? ""}>${inside?.path ?? t("shell.folders_that_the_server_may_use")}</code></div>
      <ul class="folder-list scroll" aria-label=${t("shell.folders")} @keydown=${key}>${inside?.folders.map((one) => html`<li><button type="button" class="plain" aria-disabled=${String(one.is_database && !databases)} title=${one.is_database ? (databases ? t("shell.a_database_choose_it") : t("shell.a_database_already")) : one.path} @click=${() => open(one)}>${icon(one.is_database ? "database" : "folder", true)}<span class="cut grow">${one.name}</span>${one.is_database ? html`<span class="small dim">${t("shared.database_within")}</span>` : icon("right", true)}</button></li>`)}${inside && !inside.folders.length ? html`<li class="none soft">${t("shell.no_folder_in_here")}</li>` : nothing}${inside?.more ? html`<li class="none soft">${t("shell.there_are_more")}</li>` : nothing}</ul>
      <footer><span class="grow"></span><button type="button" class="button quiet" @click=${() => self.close()}>${t("shared.cancel")}<kbd>Esc</kbd></button>${databases ? nothing : html`<button type="button" class="button main" ?disabled=${!inside?.path} @click=${() => inside?.path && take(inside.path)}>${t("shell.put_it_in_here")}</button>`}</footer>`,
  });
  void go(start.trim() || null);
}
