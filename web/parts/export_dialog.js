// Export: the rows that are shown, a whole store, a view or the answer of a query, as a file.

import { count } from "../core/format.js";
import { path } from "../core/http.js";
import { stringify } from "../core/json.js";
import { visible } from "../core/keys.js";
import { html, nothing } from "../vendor/lit.js";
import { Dialog, dialogHead, fault } from "./dialog.js";
import { icon } from "./dom.js";
import { saveFile } from "./save_file.js";

const FORMATS = /** @type {const} */ ([["ndjson", "NDJSON", "one item a line; numbers and binary values exact"], ["json", "JSON", "one array"], ["csv", "CSV", "a column for each field, nested values as JSON"], ["parquet", "Parquet", "typed columns, for notebooks and other databases"]]);

/** What is asked of the server for the rows that are shown. @param {import("../model/url_state.js").Place} place */
export function shownRows(place) {
  return { prefix: place.prefix.length ? stringify(place.prefix) : undefined, filter: place.filter };
}

/** Whether less than the whole store is shown. @param {import("../model/url_state.js").Place} place */
export const isNarrowed = (place) => place.prefix.length > 0 || place.filter !== undefined;

/** A name as a file has it. @param {string} name */
const fileName = (name) => name.replace(/[^\p{L}\p{N}._-]+/gu, "_").slice(0, 100) || "export";

/** @param {import("./context.js").Context} app @param {string} format @param {string} store @param {boolean} narrowed */
function saveStore({ session }, format, store, narrowed) {
  return saveFile(session, { url: session.path("stores", store, "export"), query: { format, ...(narrowed ? shownRows(session.place) : {}) } }, `${fileName(store)}.${format}`);
}

/** Saves rows of a store. @param {import("./context.js").Context} app @param {string} format @param {string} store @param {boolean} narrowed */
export async function exportStore(app, format, store, narrowed) {
  try {
    await saveStore(app, format, store, narrowed);
  } catch (error) {
    app.session.fail(error, "The file was not written");
  }
}

/** @param {import("./context.js").Context} app */
export async function exportDialog(app) {
  const { session, grid } = app;
  const open = session.place.view === undefined ? session.store : undefined;
  /** @type {{name: string}[]} */
  let views = [];
  const narrowed = open !== undefined && isNarrowed(session.place);
  let what = narrowed ? "shown" : open ? `store:${open.name}` : session.stores[0] ? `store:${session.stores[0].name}` : "query";
  let format = "ndjson";
  let sql = session.place.view === "query" ? (app.query?.editor?.text ?? "").trim() : "";
  let wrong = "";
  let busy = false;
  const able = () => !busy && (what !== "query" || sql.trim() !== "");
  const save = () => {
    if (what === "shown") return saveStore(app, format, open?.name ?? "", true);
    if (what.startsWith("store:")) return saveStore(app, format, what.slice(6), false);
    const view = what.startsWith("view:") ? what.slice(5) : undefined;
    const text = view === undefined ? sql.trim().replace(/;\s*$/, "") : `SELECT * FROM view."${view.replaceAll('"', '""')}"`;
    return saveFile(session, { url: session.path("export"), query: { sql: text, format } }, `${fileName(view ?? "query")}.${format}`);
  };
  const run = async () => {
    if (!able()) return;
    busy = true;
    wrong = "";
    dialog.draw();
    try {
      await save();
      dialog.close();
      session.say({ kind: "ok", text: "The file is on its way: what was there at this moment." });
    } catch (error) {
      busy = false;
      wrong = error instanceof Error ? error.message : String(error);
      if (dialog.element.isConnected) dialog.draw();
      else session.fail(error, "The file was not written");
    }
  };
  const dialog = new Dialog({
    label: "Export",
    className: "form-dialog small-dialog",
    draw: (self) => html`<form @submit=${(/** @type {Event} */ event) => { event.preventDefault(); void run(); }}>${dialogHead(self, "Export")}${fault(wrong)}
      <div class="body form scroll"><label>What<select class="field" autofocus @change=${(/** @type {any} */ event) => { what = event.target.value; self.draw(); }}>
        ${narrowed ? html`<option value="shown" ?selected=${what === "shown"}>The rows of ${visible(open?.name ?? "")} that are shown${grid.lines?.total ? ` (${count(grid.lines.total)})` : ""}</option>` : nothing}
        ${session.stores.map((store) => html`<option value="store:${store.name}" ?selected=${what === `store:${store.name}`}>All of ${visible(store.name)} (${count(store.count)})</option>`)}
        ${views.map((view) => html`<option value="view:${view.name}" ?selected=${what === `view:${view.name}`}>View ${visible(view.name)}</option>`)}
        <option value="query" ?selected=${what === "query"}>What a statement gives</option></select></label>
      ${what === "query" ? html`<label>Statement<textarea class="field data" rows="4" spellcheck="false" placeholder="SELECT …" .value=${sql} @input=${(/** @type {any} */ event) => { sql = event.target.value; self.draw(); }}></textarea><span class="hint">Read only: a statement that writes is refused.</span></label>` : nothing}
      <div class="label" role="radiogroup" aria-label="Format">Format${FORMATS.filter(([id]) => session.formats.includes(id)).map(([id, title, hint]) => html`<label class="option"><input type="radio" name="format" value=${id} .checked=${format === id} @change=${() => { format = id; self.draw(); }}><span>${title}<small>${hint}</small></span></label>`)}</div></div>
      <footer><span class="grow"></span><button type="button" class="button quiet" @click=${() => self.close()}>Cancel<kbd>Esc</kbd></button><button class="button main" ?disabled=${!able()}>${icon("export", true)}Save<kbd>↵</kbd></button></footer></form>`,
  });
  try {
    const answer = await session.api.get(path("databases", session.place.database ?? "", "views"));
    views = answer?.views ?? [];
    if (views.length) dialog.draw();
  } catch {
    // Without views there is less to choose from.
  }
}
