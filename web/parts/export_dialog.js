// Export: the rows that are shown, a whole store, a view or the answer of a query, as a file.

import { count } from "../core/format.js";
import { path } from "../core/http.js";
import { stringify } from "../core/json.js";
import { visible } from "../core/keys.js";
import { t } from "../strings/export.js";
import { html, nothing } from "../vendor/lit.js";
import { Dialog, dialogHead, fault } from "./dialog.js";
import { icon } from "./dom.js";
import { saveFile } from "./save_file.js";

const FORMATS = /** @type {const} */ ([["ndjson", "NDJSON", t("export.one_item_a_line")], ["json", "JSON", t("export.one_array")], ["csv", "CSV", t("export.a_column_for_each_field")], ["parquet", "Parquet", t("export.typed_columns_for_notebooks_and")]]);

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
    app.session.fail(error, t("shared.the_file_was_not_written"));
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
      session.say({ kind: "ok", text: t("export.the_file_is_on_its_way") });
    } catch (error) {
      busy = false;
      wrong = error instanceof Error ? error.message : String(error);
      if (dialog.element.isConnected) dialog.draw();
      else session.fail(error, t("shared.the_file_was_not_written"));
    }
  };
  const dialog = new Dialog({
    label: t("shared.export"),
    className: "form-dialog small-dialog",
    draw: (self) => html`<form @submit=${(/** @type {Event} */ event) => { event.preventDefault(); void run(); }}>${dialogHead(self, t("shared.export"))}${fault(wrong)}
      <div class="body form scroll"><label>${t("shared.what")}<select class="field" autofocus @change=${(/** @type {any} */ event) => { what = event.target.value; self.draw(); }}>
        ${narrowed ? html`<option value="shown" ?selected=${what === "shown"}>${t("export.the_rows_that_are_shown", { store: visible(open?.name ?? ""), count: grid.lines?.total ? ` (${count(grid.lines.total)})` : "" })}</option>` : nothing}
        ${session.stores.map((store) => html`<option value="store:${store.name}" ?selected=${what === `store:${store.name}`}>${t("export.all_of_store", { store: visible(store.name), count: count(store.count) })}</option>`)}
        ${views.map((view) => html`<option value="view:${view.name}" ?selected=${what === `view:${view.name}`}>${t("export.view_named", { view: visible(view.name) })}</option>`)}
        <option value="query" ?selected=${what === "query"}>${t("export.what_a_statement_gives")}</option></select></label>
      ${what === "query" ? html`<label>${t("shared.statement")}<textarea class="field data" rows="4" spellcheck="false" placeholder="SELECT …" .value=${sql} @input=${(/** @type {any} */ event) => { sql = event.target.value; self.draw(); }}></textarea><span class="hint">${t("export.read_only_a_statement_that_writes")}</span></label>` : nothing}
      <div class="label" role="radiogroup" aria-label=${t("shared.format")}>${t("shared.format")}${FORMATS.filter(([id]) => session.formats.includes(id)).map(([id, title, hint]) => html`<label class="option"><input type="radio" name="format" value=${id} .checked=${format === id} @change=${() => { format = id; self.draw(); }}><span>${title}<small>${hint}</small></span></label>`)}</div></div>
      <footer><span class="grow"></span><button type="button" class="button quiet" @click=${() => self.close()}>${t("shared.cancel")}<kbd>Esc</kbd></button><button class="button main" ?disabled=${!able()}>${icon("export", true)}${t("shared.save")}<kbd>↵</kbd></button></footer></form>`,
  });
  try {
    const answer = await session.api.get(path("databases", session.place.database ?? "", "views"));
    views = answer?.views ?? [];
    if (views.length) dialog.draw();
  } catch {
    // Without views there is less to choose from.
  }
}
