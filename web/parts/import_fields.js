// How one file is imported: its store, format, key, and what becomes of each field.

import { KIND_CLASS, cell, count } from "../core/format.js";
import { visible } from "../core/keys.js";
import { ENCODINGS } from "../model/encoding.js";
import { TYPES, fieldAt, shaped, targetOf, targets } from "../model/import_map.js";
import { keyIsUnique, obstacle } from "../model/import_plan.js";
import { html, nothing } from "../vendor/lit.js";
import { icon } from "./dom.js";
import { previewTable } from "./import_preview.js";

const MOST_FIELDS = 400;
const MOST_CHIPS = 40;
const DELIMITERS = /** @type {const} */ ([[",", "Comma"], [";", "Semicolon"], ["\t", "Tab"], ["|", "Bar"]]);
const QUOTES = /** @type {const} */ ([['"', 'Double "'], ["'", "Single '"]]);

/** @typedef {import("./import_dialog.js").Job} Job */
/** @typedef {{stores: string[], tab: "rows" | "fields", show: (tab: "rows" | "fields") => void, change: () => void, reread: (how: {format?: import("../model/import_plan.js").Format, delimiter?: string, quote?: string, encoding?: import("../model/encoding.js").Encoding}) => void, storeChanged: () => void}} Act */

/** @param {Job} job @param {Act} act */
export function importOptions(job, act) {
  const wrong = obstacle(job);
  const names = targets(job.fields, job.rules);
  const select = (/** @type {string} */ title, /** @type {readonly (readonly [string, string])[]} */ list, /** @type {string} */ value, /** @type {(value: any) => void} */ chosen) => html`<label>${title}<select class="field" @change=${(/** @type {any} */ event) => chosen(event.target.value)}>${list.some(([id]) => id === value) ? nothing : html`<option value=${value} selected>${value}</option>`}${list.map(([id, name]) => html`<option value=${id} ?selected=${id === value}>${name}</option>`)}</select></label>`;
  return html`<section class="card" aria-label="How ${visible(job.file.name)} is imported"><header>${icon("file", true)}<b class="cut">${visible(job.file.name)}</b><span class="grow"></span>${keyIsUnique(job) || wrong ? nothing : html`<span class="held small">Two of the first rows have one key: the later one wins</span>`}</header>
    <div class="form import-form"><div class="three">
      <label>Store<span class="field"><input autocomplete="off" spellcheck="false" list="import-stores" .value=${job.store} @input=${(/** @type {any} */ event) => { job.store = event.target.value; act.storeChanged(); }}></span></label>
      ${job.format === "parquet" ? html`<label>Format<span class="field"><input readonly value="Parquet"></span></label>` : select("Format", [["ndjson", "NDJSON"], ["json", "JSON array"], ["csv", "CSV"]], job.format, (format) => act.reread({ format }))}
      ${select("When a key exists", [["upsert", "Replace that item"], ["insert", "Report it as bad"], ["replace", "Empty the store first"]], job.mode, (mode) => { job.mode = mode; act.change(); })}
      ${job.format === "csv" ? html`${select("Between values", DELIMITERS, job.delimiter ?? ",", (delimiter) => act.reread({ delimiter }))}${select("Around values", QUOTES, job.quote ?? '"', (quote) => act.reread({ quote }))}` : nothing}
      ${job.format !== "csv" && job.encoding === "utf-8" ? nothing : select("Encoding", ENCODINGS, job.encoding, (encoding) => act.reread({ encoding }))}</div>
      <datalist id="import-stores">${act.stores.map((name) => html`<option value=${name}></option>`)}</datalist>
      <div class="label">Key, in the order in which it sorts<div class="key-chips" role="group" aria-label="Fields of the key">${names.slice(0, MOST_CHIPS).map((name) => {
        const at = job.key.indexOf(name);
        return html`<button type="button" class="chip pick" aria-pressed=${String(at >= 0)} @click=${() => { job.key = at >= 0 ? job.key.filter((one) => one !== name) : [...job.key, name]; act.change(); }}>${at >= 0 ? html`<span class="badge">${at + 1}</span>` : nothing}<span class="cut">${visible(name)}</span></button>`;
      })}</div></div></div>
    ${wrong ? html`<div class="clash bad">${icon("warning")}<p>${wrong}</p></div>` : nothing}
    ${job.error ? nothing : html`<div class="subtabs import-tabs"><div role="tablist" aria-label="What is shown of ${visible(job.file.name)}">${(/** @type {const} */ ([["rows", "First rows"], ["fields", "Fields"]])).map(([id, title]) => html`<button type="button" role="tab" id="import-tab-${id}" aria-selected=${String(act.tab === id)} aria-controls="import-pane" tabindex=${act.tab === id ? 0 : -1} @click=${() => act.show(id)} @keydown=${(/** @type {KeyboardEvent} */ event) => { if (!/^Arrow(?:Left|Right)$/.test(event.key)) return; const other = id === "rows" ? "fields" : "rows"; act.show(other); document.getElementById(`import-tab-${other}`)?.focus(); }}>${title}${id === "fields" ? html` <span class="badge">${count(job.fields.length)}</span>` : nothing}</button>`)}</div></div>
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
  return html`<div class="scroll import-fields"><table class="lines-table even"><thead><tr><th class="c-tickbox" scope="col"><span class="unseen">Take along</span></th><th scope="col">Field of the file</th><th scope="col">Name, with dots for nested ones</th><th class="c-type" scope="col">Type</th><th scope="col">${job.kinds ? "In the file" : "For example"}</th></tr></thead>
    <tbody>${shown.map((field) => {
      const { to = "", type = "", skip = false } = job.rules[field] ?? {};
      const value = sample(field);
      const example = cell(value);
      const wrong = !skip && type && value !== undefined && shaped({ [field]: value }, job.rules).wrong.size > 0;
      return html`<tr class=${skip ? "left-out" : ""}><td class="c-tickbox"><input type="checkbox" aria-label="Take ${visible(field)} along" .checked=${!skip} @change=${(/** @type {any} */ event) => rule(field, { skip: !event.target.checked })}></td>
        <td class="data cut" title=${field}>${visible(field)}</td><td><input class="plain-field" aria-label="New name of ${visible(field)}" autocomplete="off" spellcheck="false" placeholder=${visible(field)} ?disabled=${skip} .value=${to} @change=${(/** @type {any} */ event) => rule(field, { to: event.target.value })}></td>
        <td class="c-type"><select class="plain-field" aria-label="Type of ${visible(field)}" ?disabled=${skip} @change=${(/** @type {any} */ event) => rule(field, { type: event.target.value || undefined })}>${TYPES.map(([id, title]) => html`<option value=${id} ?selected=${id === type}>${title}</option>`)}</select></td>
        <td class="cut ${wrong ? "fail" : ""}" title=${wrong ? "This value does not fit the type" : ""}>${job.kinds ? html`<span class="dim">${job.kinds[field]}</span>` : html`<span class=${wrong ? "" : KIND_CLASS[example.kind]}>${example.text}</span>`}</td></tr>`;
    })}</tbody></table>${job.fields.length > shown.length ? html`<p class="pad small dim">and ${count(job.fields.length - shown.length)} more fields, taken along as they are</p>` : nothing}</div>`;
}

/** A value of a row as it will be. @param {Job} job @param {{[name: string]: any}} row @param {string} name */
export const valueAt = (job, row, name) => fieldAt(shaped(row, job.rules).row, name);
