// The first rows of a file as they will be imported: the key first, then the values. What does not fit its type is marked.

import { KIND_CLASS, cell } from "../core/format.js";
import { kindOf } from "../core/json.js";
import { visible } from "../core/keys.js";
import { fieldAt, shaped, targets } from "../model/import_map.js";
import { t } from "../strings/import.js";
import { html } from "../vendor/lit.js";

const ROWS = 5;
const COLUMNS = 8;

/** @param {import("../model/import_plan.js").Plan} plan */
export function previewTable(plan) {
  if (plan.format === "parquet") return html`<p class="pad small dim">${t("import.rows_are_read_by_the_server", { n: plan.total ?? 0, fields: t("shared.n_columns", { n: plan.fields.length }) })}</p>`;
  const fields = targets(plan.fields, plan.rules);
  const shown = [...plan.key, ...fields.filter((name) => !plan.key.includes(name))].slice(0, COLUMNS);
  const rows = plan.rows.slice(0, ROWS).map((row) => shaped(row, plan.rules));
  const numeric = (/** @type {string} */ name) => rows.every(({ row }) => ["number", "null", "missing"].includes(kindOf(fieldAt(row, name))));
  return html`<div class="preview scroll" tabindex="0" role="region" aria-label=${t("import.first_rows")}><table class="lines-table"><thead><tr>${shown.map((name) => html`<th scope="col" class="${plan.key.includes(name) ? "k" : ""} ${numeric(name) ? "num" : ""}">${visible(name)}</th>`)}</tr></thead>
    <tbody>${rows.map(({ row, wrong }) => html`<tr>${shown.map((name) => {
      const value = cell(fieldAt(row, name));
      return html`<td class="${plan.key.includes(name) ? "k data" : ""} ${numeric(name) ? "num" : ""}">${wrong.has(name) ? html`<span class="fail" title=${t("import.not_of_its_type")}>${value.text}</span>` : html`<span class=${KIND_CLASS[value.kind]}>${value.text}</span>`}</td>`;
    })}</tr>`)}</tbody></table></div>${fields.length > shown.length ? html`<p class="pad small dim">${t("shared.and_n_more_fields", { n: fields.length - shown.length })}</p>` : ""}`;
}
