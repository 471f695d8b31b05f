// What a statement would write, before and after, as the review shows staged edits; then it runs, as one transaction.

import { ExactNumber, stringify } from "../../core/json.js";
import { keyOfOne, keyText } from "../../core/keys.js";
import { t } from "../../strings/query.js";
import { html, nothing } from "../../vendor/lit.js";
import { Dialog, dialogHead, fault } from "../dialog.js";
import { icon } from "../dom.js";
import { proveField, wordFor } from "../prove.js";
import { VERB, diffTable } from "../review.js";

const MOST_CARDS = 100;

/** @typedef {{count: number, rows: {op: string, store: string, key: any, before?: any, after?: any}[]}} Changes */

/**
 * @param {import("../context.js").Context} app
 * @param {{sql: string, changes: Changes, commit: () => Promise<string | undefined>, act?: string, note?: string, still?: boolean}} how `commit` gives back what went wrong; `still` only shows
 */
export function changesDialog(app, { sql, changes, commit, act = t("shared.commit_n_changes", { n: changes.count }), note = t("query.dry_run_one_transaction"), still = false }) {
  const { session } = app;
  const rows = changes.rows ?? [];
  const stores = [...new Set(rows.map((one) => one.store))];
  const word = wordFor(session, stores);
  let typed = "";
  let busy = false;
  let error = "";
  const held = () => busy || still || changes.count === 0 || (word !== "" && typed !== word);
  const write = async () => {
    if (held()) return;
    busy = true;
    error = "";
    dialog.draw();
    error = (await session.api.confirming(typed, commit)) ?? "";
    busy = false;
    if (error) dialog.draw();
    else dialog.close();
  };
  const dialog = new Dialog({
    label: t("shared.review"),
    className: "review",
    sticky: () => busy,
    draw: (self) => html`${dialogHead(self, t("shared.review_n_changes", { n: changes.count }), stores.slice(0, 4).map((name) => html`<span class="badge">${name}</span>`))}
      <div class="subtabs"><div role="tablist" aria-label=${t("shared.review")}><button role="tab" aria-selected="true" aria-controls="review-body">${t("shared.changes")} <span class="badge">${changes.count}</span></button></div><div class="end"><span class="small dim">${note}</span></div></div>
      ${fault(error)}
      <div class="body scroll" id="review-body" role="tabpanel" aria-label=${t("shared.changes")} tabindex="0">
        ${sql ? html`<section class="card" aria-label=${t("shared.statement")}><header><b>${t("shared.statement")}</b></header><pre class="request">${sql}</pre></section>` : nothing}
        ${rows.slice(0, MOST_CARDS).map((row) => changeView(app.session, row, stores.length > 1))}
        ${changes.count > Math.min(rows.length, MOST_CARDS) ? html`<p class="dim">${t("query.and_more_changes_of_the_same_statement", { n: changes.count - Math.min(rows.length, MOST_CARDS) })}</p>` : nothing}
        ${changes.count === 0 ? html`<div class="nothing">${icon("check")}<p>${t("query.nothing_would_change")}</p></div>` : nothing}</div>
      <footer>${word ? proveField(session, { word, typed, change: (next) => { typed = next; self.draw(); } }) : nothing}<span class="grow"></span>
        <button class="button quiet" @click=${() => self.close()}>${still ? t("shared.close") : t("shared.cancel")}<kbd>Esc</kbd></button><button class="button ${word ? "risk" : "main"}" ?hidden=${still} autofocus ?disabled=${held()} @click=${write}>${busy ? t("shared.committing") : act}<kbd>Ctrl ↵</kbd></button></footer>`,
  });
  dialog.element.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void write();
  });
  return dialog;
}

/** A change as the review shows it. @param {Changes["rows"][number]} row */
export function entryOf(row) {
  const op = row.op === "insert" || row.op === "delete" ? row.op : row.op === "upsert" && (row.before === undefined || row.before === null) ? "insert" : "update";
  const gone = (/** @type {any} */ value) => (value === null ? undefined : value);
  return { op: /** @type {"insert" | "update" | "delete"} */ (op), store: row.store, key: row.key, before: op === "insert" ? undefined : gone(row.before), after: op === "delete" ? undefined : gone(row.after) };
}

/** @param {import("../../model/session.js").Session | undefined} session @param {Changes["rows"][number]} row */
export function changeKey(session, row) {
  const store = session?.storeNamed(row.store);
  return store ? keyText(store.key, typeof row.key === "object" && !(row.key instanceof ExactNumber) ? row.key : keyOfOne(store.key, row.key)) : stringify(row.key);
}

/** @param {import("../../model/session.js").Session | undefined} session @param {Changes["rows"][number]} row @param {boolean} many */
export function changeView(session, row, many) {
  const entry = entryOf(row);
  const key = changeKey(session, row);
  return html`<section class="card" aria-label="${VERB[entry.op]} ${key}"><header><span class="tag ${entry.op}">${VERB[entry.op]}</span><code class="cut">${key}</code>${many ? html`<span class="small dim">${row.store}</span>` : nothing}</header>${diffTable(entry)}</section>`;
}

/** Asks before stores themselves are changed. @param {{title: string, text: string, sql: string, act: string, done: () => void}} how */
export function askDialog({ title, text, sql, act, done }) {
  return new Dialog({
    label: title,
    className: "form-dialog small-dialog",
    draw: (self) => html`${dialogHead(self, title)}<div class="body"><p>${text}</p><pre class="request">${sql}</pre></div>
      <footer><span class="grow"></span><button class="button quiet" @click=${() => self.close()}>${t("shared.cancel")}<kbd>Esc</kbd></button><button class="button risk" autofocus @click=${() => { self.close(); done(); }}>${act}</button></footer>`,
  });
}
