// What stands beside the grid: the result as JSON, messages, one row whole, and what stands there before anything ran.

import { base64Of, binaryText, cell, count, KIND_CLASS } from "../../core/format.js";
import { stringify } from "../../core/json.js";
import { uniqueNames } from "../../model/query/export.js";
import { headline, quoted } from "../../model/query/sql_text.js";
import { t } from "../../strings/query.js";
import { html, nothing } from "../../vendor/lit.js";
import { Dialog, dialogHead } from "../dialog.js";
import { copyText, icon } from "../dom.js";

const JSON_ROWS = 500;
const JSON_CHARS = 300_000;
const STARTERS = 3;

/** The first rows as JSON. @param {import("../../model/query/run.js").QueryRun | undefined} run */
export function jsonText(run) {
  if (!run?.columns.length) return html`<div class="nothing">${icon("json")}<p>${t("query.the_result_of_a_query_is_shown")}</p></div>`;
  const names = uniqueNames(run.columns);
  const list = [...run.rows.values(0, JSON_ROWS)].map((row) => Object.fromEntries(names.map((name, at) => [name, row[at] ?? null])));
  const text = stringify(list, 2);
  const cut = text.length > JSON_CHARS;
  return html`<pre class="json-text scroll" tabindex="0" aria-label=${t("query.result_as_json")}>${cut ? `${text.slice(0, JSON_CHARS)}…` : text}</pre>${cut || run.rows.count > list.length ? html`<p class="chart-note small dim">${t("query.the_first_rows", { first: count(list.length), total: count(run.rows.count) })}</p>` : nothing}`;
}

/** @param {import("./runner.js").Said[]} said */
export function messages(said) {
  if (!said.length) return html`<div class="nothing">${icon("say")}<p>${t("query.what_statements_gave_or_why_they_failed")}</p></div>`;
  const icons = { ok: "check", danger: "warning", still: "stop" };
  return html`<ol class="log scroll" tabindex="0" aria-label=${t("shared.messages")}>${said.map((one) => html`<li class=${one.kind}>${icon(icons[one.kind], true)}<time>${one.at.toTimeString().slice(0, 8)}</time><span class="what">${one.text}</span><code class="cut dim">${headline(one.sql, 160)}</code></li>`)}</ol>`;
}

/** @param {import("./runner.js").Result | undefined} result @param {import("../../model/tree.js").Store[]} stores @param {(sql: string) => void} start */
export function emptyResult(result, stores, start) {
  const run = result?.now ?? result?.run;
  const last = result?.said[0];
  if (last?.kind === "danger") return html`<div class="nothing">${icon("warning")}<h2>${t("query.the_statement_did_not_run")}</h2><p>${last.text}</p></div>`;
  if (run?.state === "running") return html`<div class="nothing waiting-note">${icon("clock")}<p>${t("shared.running")}</p></div>`;
  if (run?.state === "cancelled") return html`<div class="nothing">${icon("stop")}<h2>${t("shared.stopped")}</h2><p>${t("query.no_row_had_come_yet")}</p></div>`;
  if (run?.state === "done" && run.columns.length) return html`<div class="nothing">${icon("query")}<h2>${t("shared.no_rows")}</h2><p>${t("query.the_statement_ran_and_nothing_matches")}</p></div>`;
  if (run?.state === "done") return html`<div class="nothing">${icon("check")}<h2>${t("shared.done")}</h2><p>${t("query.the_statement_gives_no_rows")}</p></div>`;
  const list = stores.filter((one) => Number(one.count) > 0).slice(0, STARTERS);
  return html`<div class="nothing">${icon("query")}<h2>${t("query.nothing_has_run_yet")}</h2><p>${t("query.write_a_statement_and_run_it")}<span class="wide-only"> ${t("query.with")} <kbd>Ctrl ↵</kbd></span>${t("query.it_runs_the_selection")}${list.length ? ` ${t("query.or_begin_with_one_of_these")}` : ""}</p>
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
    label: t("query.row"),
    className: "row-dialog",
    draw: (self) => {
      const row = rows.at(at) ?? [];
      return html`${dialogHead(self, t("query.row_number", { number: count(at + 1) }), html`<span class="small dim">${t("query.of_n_rows", { n: rows.count })}</span>`)}
        <div class="body scroll" tabindex="0"><dl class="row-values">${columns.map((column, index) => {
          const value = row[index] ?? null;
          const shown = cell(value);
          const binary = base64Of(value);
          const text = typeof value === "string" && value !== "" ? value : binary !== undefined ? binaryText(binary) : shown.kind === "nested" ? stringify(value, 2) : shown.text;
          return html`<div><dt><span class="cut">${column.label}</span><span class="type">${column.shownType}</span></dt><dd class="${shown.kind === "nested" ? "" : KIND_CLASS[shown.kind]} data">${text}</dd><button class="button only s quiet" aria-label=${t("shared.copy_name", { name: column.label })} title=${t("shared.copy")} @click=${() => copyText(typeof value === "string" ? value : stringify(value))}>${icon("copy", true)}</button></div>`;
        })}</dl></div>
        <footer><button class="button s" ?disabled=${at === 0} @click=${() => go(self, -1)}>${t("query.previous")}</button><button class="button s" ?disabled=${at >= rows.kept - 1} @click=${() => go(self, 1)}>${t("shared.next")}</button><span class="grow"></span><button class="button s quiet" @click=${() => copyText(stringify(Object.fromEntries(uniqueNames(columns).map((name, index) => [name, row[index] ?? null])), 2))}>${icon("copy", true)}${t("query.copy_as_json")}</button></footer>`;
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
