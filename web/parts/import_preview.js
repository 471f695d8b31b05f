// The first rows of a file as they would be imported: the key first, then the values.

import { KIND_CLASS, cell } from "../core/format.js";
import { kindOf } from "../core/json.js";
import { html } from "../vendor/lit.js";

const ROWS = 5;
const COLUMNS = 8;

/** @param {import("../model/import_plan.js").Plan} plan */
export function previewTable(plan) {
  const rest = plan.fields.filter((name) => !plan.key.includes(name));
  const shown = [...plan.key, ...rest].slice(0, COLUMNS);
  const rows = plan.rows.slice(0, ROWS);
  const numeric = (/** @type {string} */ name) => rows.every((row) => ["number", "null", "missing"].includes(kindOf(row[name])));
  return html`<div class="preview scroll" tabindex="0" role="region" aria-label="First rows"><table class="lines-table"><thead><tr>${shown.map((name) => html`<th scope="col" class="${plan.key.includes(name) ? "k" : ""} ${numeric(name) ? "num" : ""}">${name}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr>${shown.map((name) => {
      const value = cell(Object.hasOwn(row, name) ? row[name] : undefined);
      return html`<td class="${plan.key.includes(name) ? "k data" : ""} ${numeric(name) ? "num" : ""}"><span class=${KIND_CLASS[value.kind]}>${value.text}</span></td>`;
    })}</tr>`)}</tbody></table></div>${plan.fields.length > shown.length ? html`<p class="pad small dim">and ${plan.fields.length - shown.length} more fields</p>` : ""}`;
}
