// How one file is imported: its store, format, key, and what becomes of each field.

import { KIND_CLASS, cell, count } from "../core/format.js";
import { visible } from "../core/keys.js";
import { ENCODINGS } from "../model/encoding.js";
import { TYPES, fieldAt, shaped, targetOf, targets } from "../model/import_map.js";
import { keyIsUnique, obstacle } from "../model/import_plan.js";
import { t } from "../strings/import.js";
import { html, nothing } from "../vendor/lit.js";
import { icon } from "./dom.js";
import { previewTable } from "./import_preview.js";

const MOST_FIELDS = 400;
const MOST_CHIPS = 40;
const DELIMITERS = /** @type {const} */ ([[",", t("import.comma")], [";", t("import.semicolon")], ["\t", "Tab"], ["|", t("shared.bar")]]);
const QUOTES = /** @type {const} */ ([['"', t("import.double")], ["'", t("import.single")]]);

/** @typedef {import("./import_dialog.js").Job} Job */
/** @typedef {{stores: string[], tab: "rows" | "fields", show: (tab: "rows" | "fields") => void, change: () => void, reread: (how: {format?: import("../model/import_plan.js").Format, delimiter?: string, quote?: string, encoding?: import("../model/encoding.js").Encoding}) => void, storeChanged: () => void}} Act */

/** @param {Job} job @param {Act} act */
export function importOptions(job, act) {
  const wrong = obstacle(job);
  const names = targets(job.fields, job.rules);
  const select = (/** @type {string} */ title, /** @type {readonly (readonly [string, string])[]} */ list, /** @type {string} */ value, /** @type {(value: any) => void} */ chosen) => html`<label>${title}<select class="field" @change=${(/** @type {any} */ event) => chosen(event.target.value)}>${list.some(([id]) => id === value) ? nothing : html`<option value=${value} selected>${value}</option>`}${list.map(([id, name]) => html`<option value=${id} ?selected=${id === value}>${name}</option>`)}</select></label>`;
  return html`<section class="card" aria-label=${t("import.how_file_is_imported", { file: visible(job.file.name) })}><header>${icon("file", true)}<b class="cut">${visible(job.file.name)}</b><span class="grow"></span>${keyIsUnique(job) || wrong ? nothing : html`<span class="held small">${t("import.two_of_the_first_rows_have")}</span>`}</header>
    <div class="form import-form"><div class="three">
      <label>${t("shared.store")}<span class="field"><input autocomplete="off" spellcheck="false" list="import-stores" .value=${job.store} @input=${(/** @type {any} */ event) => { job.store = event.target.value; act.storeChanged(); }}></span></label>
      ${job.format === "parquet" ? html`<label>${t("shared.format")}<span class="field"><input readonly value="Parquet"></span></label>` : select(t("shared.format"), [["ndjson", "NDJSON"], ["json", t("import.json_array")], ["csv", "CSV"]], job.format, (format) => act.reread({ format }))}
      ${select(t("import.when_a_key_exists"), [["upsert", t("import.replace_that_item")], ["insert", t("import.report_it_as_bad")], ["replace", t("import.empty_the_store_first")]], job.mode, (mode) => { job.mode = mode; act.change(); })}
      ${job.format === "csv" ? html`${select(t("import.between_values"), DELIMITERS, job.delimiter ?? ",", (delimiter) => act.reread({ delimiter }))}${select(t("import.around_values"), QUOTES, job.quote ?? '"', (quote) => act.reread({ quote }))}` : nothing}
      ${job.format !== "csv" && job.encoding === "utf-8" ? nothing : select(t("import.encoding"), ENCODINGS, job.encoding, (encoding) => act.reread({ encoding }))}</div>
      <datalist id="import-stores">${act.stores.map((name) => html`<option value=${name}></option>`)}</datalist>
      <div class="label">${t("import.key_in_order")}<div class="key-chips" role="group" aria-label=${t("import.fields_of_the_key")}>${names.slice(0, MOST_CHIPS).map((name) => {
        const at = job.key.indexOf(name);
        return html`<button type="button" class="chip pick" aria-pressed=${String(at >= 0)} @click=${() => { job.key = at >= 0 ? job.key.filter((one) => one !== name) : [...job.key, name]; act.change(); }}>${at >= 0 ? html`<span class="badge">${at + 1}</span>` : nothing}<span class="cut">${visible(name)}</span></button>`;
      })}</div></div></div>
    ${wrong ? html`<div class="clash bad">${icon("warning")}<p>${wrong}</p></div>` : nothing}
    ${job.error ? nothing : html`<div class="subtabs import-tabs"><div role="tablist" aria-label=${t("import.what_is_shown_of", { file: visible(job.file.name) })}>${(/** @type {const} */ ([["rows", t("import.first_rows")], ["fields", t("shared.fields")]])).map(([id, title]) => html`<button type="button" role="tab" id="import-tab-${id}" aria-selected=${String(act.tab === id)} aria-controls="import-pane" tabindex=${act.tab === id ? 0 : -1} @click=${() => act.show(id)} @keydown=${(/** @type {KeyboardEvent} */ event) => { if (!/^Arrow(?:Left|Right)$/.test(event.key)) return; const other = id === "rows" ? "fields" : "rows"; act.show(other); document.getElementById(`import-tab-${other}`)?.focus(); }}>${title}${id === "fields" ? html` <span class="badge">${count(job.fields.length)}</span>` : nothing}</button>`)}</div></div>
      <div id="import-pane" role="tabpanel" aria-labelledby="import-tab-${act.tab}">${act.tab === "rows" ? previewTable(job) : fieldTable(job, act)}</div>`}</section>`;
}

/** What becomes of each field. @param {Job} job @param {Act} act */
function fieldTable(job, act) {
  const sample = (/** @type {string} */ field) => job.rows.find((row) => row[field] !== undefined && row[field] !== null && row[field] !== "")?.[field];
  const rule = (/** @type {string} */ field, /** @type {import("../model/import_map.js").Rule} */ part) => {
    const before = targetOf(job.rules, field);
    job.rules = { ...job.rules, [field]: { ...job.rules[field], ...part } };
    const now = targetOf(job.rules, field);
    // The key goes along with its fields.
    if (before !== now) job.key = job.key.map((name) => (name === before ? now : name));
    if (part.skip) job.key = job.key.filter((name) => name !== now);
    act.change();
  };
  const shown = job.fields.slice(0, MOST_FIELDS);
  return html`<div class="scroll import-fields"><table class="lines-table even"><thead><tr><th class="c-tickbox" scope="col"><span class="unseen">${t("import.take_along")}</span></th><th scope="col">${t("import.field_of_the_file")}</th><th scope="col">${t("import.name_with_dots_for_nested_ones")}</th><th class="c-type" scope="col">${t("shared.type")}</th><th scope="col">${job.kinds ? t("import.in_the_file") : t("import.for_example")}</th></tr></thead>
    <tbody>${shown.map((field) => {
      const { to = "", type = "", skip = false } = job.rules[field] ?? {};
      const value = sample(field);
      const example = cell(value);
      const wrong = !skip && type && value !== undefined && shaped({ [field]: value }, job.rules).wrong.size > 0;
      return html`<tr class=${skip ? "left-out" : ""}><td class="c-tickbox"><input type="checkbox" aria-label=${t("import.take_field_along", { field: visible(field) })} .checked=${!skip} @change=${(/** @type {any} */ event) => rule(field, { skip: !event.target.checked })}></td>
        <td class="data cut" title=${field}>${visible(field)}</td><td><input class="plain-field" aria-label=${t("import.new_name_of", { field: visible(field) })} autocomplete="off" spellcheck="false" placeholder=${visible(field)} ?disabled=${skip} .value=${to} @change=${(/** @type {any} */ event) => rule(field, { to: event.target.value })}></td>
        <td class="c-type"><select class="plain-field" aria-label=${t("shared.type_of_field", { field: visible(field) })} ?disabled=${skip} @change=${(/** @type {any} */ event) => rule(field, { type: event.target.value || undefined })}>${TYPES.map(([id, title]) => html`<option value=${id} ?selected=${id === type}>${title}</option>`)}</select></td>
        <td class="cut ${wrong ? "fail" : ""}" title=${wrong ? t("import.this_value_does_not_fit_the_type") : ""}>${job.kinds ? html`<span class="dim">${job.kinds[field]}</span>` : html`<span class=${wrong ? "" : KIND_CLASS[example.kind]}>${example.text}</span>`}</td></tr>`;
    })}</tbody></table>${job.fields.length > shown.length ? html`<p class="pad small dim">${t("import.and_more_fields_as_they_are", { n: count(job.fields.length - shown.length) })}</p>` : nothing}</div>`;
}

/** A value of a row as it will be. @param {Job} job @param {{[name: string]: any}} row @param {string} name */
export const valueAt = (job, row, name) => fieldAt(shaped(row, job.rules).row, name);
