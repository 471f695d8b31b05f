// What stands beside the grid: the result as JSON, messages, one row whole, and what stands there before anything ran.

import { base64Of, binaryText, cell, count, counted, KIND_CLASS } from "../../core/format.js";
import { stringify } from "../../core/json.js";
import { uniqueNames } from "../../model/query/export.js";
import { headline, quoted } from "../../model/query/sql_text.js";
import { html, nothing } from "../../vendor/lit.js";
import { Dialog, dialogHead } from "../dialog.js";
import { copyText, icon } from "../dom.js";

const JSON_ROWS = 500;
const JSON_CHARS = 300_000;
const STARTERS = 3;

/** The first rows as JSON. @param {import("../../model/query/run.js").QueryRun | undefined} run */
export function jsonText(run) {
  if (!run?.columns.length) return html`<div class="nothing">${icon("json")}<p>The result of a query is shown here as JSON.</p></div>`;
  const names = uniqueNames(run.columns);
  const list = [...run.rows.values(0, JSON_ROWS)].map((row) => Object.fromEntries(names.map((name, at) => [name, row[at] ?? null])));
  const text = stringify(list, 2);
  const cut = text.length > JSON_CHARS;
  return html`<pre class="json-text scroll" tabindex="0" aria-label="Result as JSON">${cut ? `${text.slice(0, JSON_CHARS)}…` : text}</pre>${cut || run.rows.count > list.length ? html`<p class="chart-note small dim">The first ${count(list.length)} of ${count(run.rows.count)} rows; export gives all of them</p>` : nothing}`;
}

/** @param {import("./runner.js").Said[]} said */
export function messages(said) {
  if (!said.length) return html`<div class="nothing">${icon("say")}<p>What statements gave or why they failed is listed here.</p></div>`;
  const icons = { ok: "check", danger: "warning", still: "stop" };
  return html`<ol class="log scroll" tabindex="0" aria-label="Messages">${said.map((one) => html`<li class=${one.kind}>${icon(icons[one.kind], true)}<time>${one.at.toTimeString().slice(0, 8)}</time><span class="what">${one.text}</span><code class="cut dim">${headline(one.sql, 160)}</code></li>`)}</ol>`;
}

/** @param {import("./runner.js").Result | undefined} result @param {import("../../model/tree.js").Store[]} stores @param {(sql: string) => void} start */
export function emptyResult(result, stores, start) {
  const run = result?.now ?? result?.run;
  const last = result?.said[0];
  if (last?.kind === "danger") return html`<div class="nothing">${icon("warning")}<h2>The statement did not run</h2><p>${last.text}</p></div>`;
  if (run?.state === "running") return html`<div class="nothing waiting-note">${icon("clock")}<p>Running</p></div>`;
  if (run?.state === "cancelled") return html`<div class="nothing">${icon("stop")}<h2>Stopped</h2><p>No row had come yet.</p></div>`;
  if (run?.state === "done" && run.columns.length) return html`<div class="nothing">${icon("query")}<h2>No rows</h2><p>The statement ran and nothing matches.</p></div>`;
  if (run?.state === "done") return html`<div class="nothing">${icon("check")}<h2>Done</h2><p>The statement gives no rows.</p></div>`;
  const list = stores.filter((one) => Number(one.count) > 0).slice(0, STARTERS);
  return html`<div class="nothing">${icon("query")}<h2>Nothing has run yet</h2><p>Write a statement and run it<span class="wide-only"> with <kbd>Ctrl ↵</kbd></span>: it runs the selection, or the statement under the cursor.${list.length ? " Or begin with one of these:" : ""}</p>
    ${list.length ? html`<p class="next starters">${list.map((one) => html`<button class="button s" @click=${() => start(`SELECT * FROM ${quoted(one.name)} LIMIT 100;`)}>${icon("store", true)}${one.name}</button>`)}</p>` : nothing}</div>`;
}

/**
 * One row with all its values.
 * @param {{rows: import("../../model/query/result_rows.js").ResultRows, columns: import("../../model/query/result_columns.js").ResultColumn[], line: number, select: (line: number) => void}} how
 */
export function rowDialog({ rows, columns, line, select }) {
  let at = line;
  const go = (/** @type {Dialog} */ dialog, /** @type {number} */ step) => {
    at = Math.min(rows.kept - 1, Math.max(0, at + step));
    select(at);
    dialog.draw();
  };
  const dialog = new Dialog({
    label: "Row",
    className: "row-dialog",
    draw: (self) => {
      const row = rows.at(at) ?? [];
      return html`${dialogHead(self, `Row ${count(at + 1)}`, html`<span class="small dim">of ${counted(rows.count, "row")}</span>`)}
        <div class="body scroll" tabindex="0"><dl class="row-values">${columns.map((column, index) => {
          const value = row[index] ?? null;
          const shown = cell(value);
          const binary = base64Of(value);
          const text = typeof value === "string" && value !== "" ? value : binary !== undefined ? binaryText(binary) : shown.kind === "nested" ? stringify(value, 2) : shown.text;
          return html`<div><dt><span class="cut">${column.label}</span><span class="type">${column.shownType}</span></dt><dd class="${shown.kind === "nested" ? "" : KIND_CLASS[shown.kind]} data">${text}</dd><button class="button only s quiet" aria-label="Copy ${column.label}" title="Copy" @click=${() => copyText(typeof value === "string" ? value : stringify(value))}>${icon("copy", true)}</button></div>`;
        })}</dl></div>
        <footer><button class="button s" ?disabled=${at === 0} @click=${() => go(self, -1)}>Previous</button><button class="button s" ?disabled=${at >= rows.kept - 1} @click=${() => go(self, 1)}>Next</button><span class="grow"></span><button class="button s quiet" @click=${() => copyText(stringify(Object.fromEntries(uniqueNames(columns).map((name, index) => [name, row[index] ?? null])), 2))}>${icon("copy", true)}Copy as JSON</button></footer>`;
    },
  });
  dialog.element.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (event.target instanceof HTMLElement && event.target.closest(".scroll") && dialog.element.querySelector(".scroll")?.scrollHeight !== dialog.element.querySelector(".scroll")?.clientHeight) return;
      event.preventDefault();
      go(dialog, event.key === "ArrowDown" ? 1 : -1);
    }
  });
}
