// The steps of the first page: the database, the system database, the review.

import { size } from "../core/format.js";
import { CACHES, DURABILITIES, databaseName, databasePath, filesOf, stuck, systemPath } from "../model/first_steps.js";
import { html, nothing } from "../vendor/lit.js";
import { icon } from "./dom.js";

/** @typedef {import("../model/first_steps.js").Wish} Wish */
/** @typedef {import("../model/first_steps.js").Facts} Facts */
/** @typedef {{wish: Wish, facts: Facts, fault: {field: string, text: string}, change: (part: Partial<Wish>) => void, browse: (start: string, databases: boolean, done: (path: string) => void) => void}} Steps */

/** What is wrong with a folder, known before anything is sent. @param {Steps} steps @param {number} step @param {string} folder */
function faultOf({ wish, facts, fault }, step, folder) {
  const field = step === 0 ? "path" : "system";
  const wrong = folder.trim() ? stuck(wish, facts, step) : undefined;
  return fault.field === field ? fault : wrong?.at === field ? { field, text: wrong.text } : { field: "", text: "" };
}

/** @param {{field: string, text: string}} fault @param {string} field @param {unknown} hint */
function hintOf(fault, field, hint) {
  return fault.field === field ? html`<span class="hint fail" role="alert">${fault.text}</span>` : html`<span class="hint">${hint}</span>`;
}

/** @param {Steps} steps @param {string} [placeholder] */
function nameField(steps, placeholder = "shop") {
  const { wish, change, fault } = steps;
  const wrong = wish.names[wish.way].trim() ? stuck(wish) : undefined;
  const said = fault.field === "name" ? fault.text : wrong?.at === "name" ? wrong.text : "";
  return html`<label class=${said ? "wrong" : ""}>Name<span class="field"><input autocomplete="off" spellcheck="false" placeholder=${placeholder} .value=${wish.names[wish.way]} @input=${(/** @type {any} */ event) => change({ names: { ...wish.names, [wish.way]: event.target.value } })}></span>${said ? html`<span class="hint fail">${said}</span>` : nothing}</label>`;
}

/** @param {() => void} browse */
function browseButton(browse) {
  return html`<button type="button" class="button s quiet browse" @click=${browse}>Browse</button>`;
}

/** A name in a folder. @param {string} folder @param {string} name */
const within = (folder, name) => `${folder.replace(/\/+$/, "")}/${name}`;

/** @param {Steps} steps @param {string} placeholder @param {unknown} hint */
function folderField(steps, placeholder, hint) {
  const { wish, change, browse } = steps;
  const take = (/** @type {string} */ folder) => change({ folders: { ...wish.folders, [wish.way]: wish.way === "open" ? folder : within(folder, databaseName(wish) || "data") } });
  const fault = faultOf(steps, 0, wish.folders[wish.way]);
  return html`<label class=${fault.field === "path" ? "wrong" : ""}>Folder<span class="field">${icon("folder", true)}<input class="data" autocomplete="off" spellcheck="false" placeholder=${placeholder} .value=${wish.folders[wish.way]} @input=${(/** @type {any} */ event) => change({ folders: { ...wish.folders, [wish.way]: event.target.value } })}>${browseButton(() => browse(wish.way === "open" ? wish.folders.open : "", wish.way === "open", take))}</span>${hintOf(fault, "path", hint)}</label>`;
}

/** @param {Steps} steps */
function environment({ wish, change }) {
  const options = /** @type {const} */ ([["dev", "DEV", "Open: edits are staged, then committed"], ["prod", "PROD", "Confirm: type the store's name to write"]]);
  return html`<div class="label" role="radiogroup" aria-label="Environment">Environment<div class="two">${options.map(([id, name, what]) => html`<label class="option ${wish.environment === id ? "on" : ""}"><input type="radio" name="environment" .checked=${wish.environment === id} @change=${() => change({ environment: id })}><span><span class=${id}><span class="env">${name}</span></span><small>${what}</small></span></label>`)}</div></div>`;
}

/** @param {Steps} steps */
function advanced({ wish, change, facts }) {
  return html`<details class="more-of"><summary>${icon("right", true)}Advanced</summary><div class="form"><div class="two">
    <label>Cache<select class="field" @change=${(/** @type {any} */ event) => change({ cache: event.target.value })}>${CACHES.map(([id, title]) => html`<option value=${id} ?selected=${id === wish.cache}>${id === "" && facts.cache_bytes ? `${title} (${size(Number(facts.cache_bytes))})` : title}</option>`)}</select></label>
    <label>Durable<select class="field" @change=${(/** @type {any} */ event) => change({ durability: event.target.value })}>${DURABILITIES.map(([id, title]) => html`<option value=${id} ?selected=${id === wish.durability}>${title}</option>`)}</select></label></div>
    ${wish.durability === "every_commit" ? nothing : html`<p class="held small">${wish.durability === "every_second" ? "A crash may lose the commits of the last second, never half of one." : "A crash may lose everything since the last checkpoint."}</p>`}
    ${wish.way === "open" ? html`<label class="tick"><input type="checkbox" .checked=${wish.readOnly} @change=${(/** @type {any} */ event) => change({ readOnly: event.target.checked })}> Open for reading only</label>` : nothing}</div></details>`;
}

/** The first step. @param {Steps} steps */
export function databaseStep(steps) {
  const { wish, facts } = steps;
  const free = facts.free_bytes ? `Free: ${size(Number(facts.free_bytes))}. ` : "";
  if (wish.way === "demo") {
    return html`<p>A shop with users, products, orders and reviews: a few thousand items with relations, to look around in and to change as you like.</p><p class="soft">It becomes the database <b>${databaseName(wish)}</b> in <code>${databasePath(wish, facts)}</code>.</p>`;
  }
  if (wish.way === "import") {
    return html`${nameField(steps, "data")}${folderField(steps, databasePath(wish, facts), `${free}The folder will be made.`)}<p class="soft">Then choose the files, or drop them anywhere on this page.</p>`;
  }
  if (wish.way === "open") {
    return html`${folderField(steps, "/path/to/database", "As this machine names it. It must lie under a folder that the server may use.")}${nameField(steps, databaseName(wish) || "as the folder")}${environment(steps)}${advanced(steps)}`;
  }
  return html`${nameField(steps)}${folderField(steps, databasePath(wish, facts), `${free}The folder will be made.`)}${environment(steps)}${advanced(steps)}`;
}

/** The second step. @param {Steps} steps */
export function systemStep(steps) {
  const { wish, facts, change, browse } = steps;
  const fault = faultOf(steps, 1, wish.system);
  const { fixed, exists, path } = facts.system;
  const told = html`<p>Scripts, knowledge and the audit lie in a database of the server's own.</p>`;
  if (fixed || exists) return html`${told}<p class="soft">${fixed ? "The settings of the server say where" : "There is one already"}: <code>${path}</code></p>`;
  const options = /** @type {[boolean, string, unknown][]} */ ([[false, "Its own", html`<code>${path}</code>`], [true, "Shared", "A folder that other servers' programs used before, or a place of your choice. One program at a time."]]);
  return html`${told}<div class="label" role="radiogroup" aria-label="System database">${options.map(([shared, title, what]) => html`<label class="option ${wish.shared === shared ? "on" : ""}"><input type="radio" name="system" .checked=${wish.shared === shared} @change=${() => change({ shared })}><span>${title}<small>${what}</small></span></label>`)}</div>
    ${wish.shared ? html`<label class=${fault.field === "system" ? "wrong" : ""}>Folder of the system database<span class="field">${icon("folder", true)}<input class="data" autocomplete="off" spellcheck="false" placeholder="team/system" .value=${wish.system} @input=${(/** @type {any} */ event) => change({ system: event.target.value })}>${browseButton(() => browse("", false, (folder) => change({ system: within(folder, "system") })))}</span>${hintOf(fault, "system", html`<code>${systemPath(wish, facts)}</code>`)}</label>` : nothing}`;
}

/** The last step: everything as it will be. @param {Steps} steps */
export function reviewStep({ wish, facts }) {
  const set = facts.variables.filter((one) => one.set);
  const model = facts.variables.find((one) => one.name === "SOP_LLM_API_KEY");
  const said = /** @type {[string, unknown][]} */ ([
    ["Database", html`<b>${databaseName(wish)}</b>${wish.way === "demo" ? " with the demo shop" : wish.way === "open" ? `, opened${wish.readOnly ? " for reading only" : ""}` : ", new"}`],
    ["Environment", wish.environment === "prod" ? html`<span class="prod"><span class="env">PROD</span></span> confirm each write` : html`<span class="dev"><span class="env">DEV</span></span> open`],
    ["Durable", DURABILITIES.find(([id]) => id === wish.durability)?.[1].toLowerCase()],
    ["Cache", wish.cache ? CACHES.find(([id]) => id === wish.cache)?.[1] : facts.cache_bytes ? size(Number(facts.cache_bytes)) : "256 MB"],
  ]);
  return html`<dl class="first-facts">${said.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
    <h3 class="caption">Where each file will lie</h3><ul class="first-files">${filesOf(wish, facts).map(({ path, what }) => html`<li><code>${path}</code><small>${what}</small></li>`)}</ul>
    <h3 class="caption">From the environment</h3><ul class="first-files">${set.map(({ name, purpose }) => html`<li><span class="good">${icon("check", true)}</span> <code>${name}</code> <small>${purpose}, set</small></li>`)}${set.length ? nothing : html`<li class="soft">No variable of the server is set.</li>`}${model && !model.set ? html`<li class="soft"><small>Without SOP_LLM_API_KEY the copilot answers by itself, or with a model of this machine.</small></li>` : nothing}</ul>
    ${facts.system.path === systemPath(wish, facts) || !facts.system.exists ? nothing : html`<p class="held small">There is a system database already.</p>`}`;
}
