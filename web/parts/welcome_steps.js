// The steps of the first page: the database, the system database, the review.

import { size } from "../core/format.js";
import { CACHES, DURABILITIES, databaseName, databasePath, filesOf, stuck, systemPath } from "../model/first_steps.js";
import { rich, t } from "../strings/welcome.js";
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
  return html`<label class=${said ? "wrong" : ""}>${t("shared.name")}<span class="field"><input autocomplete="off" spellcheck="false" placeholder=${placeholder} .value=${wish.names[wish.way]} @input=${(/** @type {any} */ event) => change({ names: { ...wish.names, [wish.way]: event.target.value } })}></span>${said ? html`<span class="hint fail">${said}</span>` : nothing}</label>`;
}

/** @param {() => void} browse */
function browseButton(browse) {
  return html`<button type="button" class="button s quiet browse" @click=${browse}>${t("shared.browse")}</button>`;
}

/** A name in a folder. @param {string} folder @param {string} name */
const within = (folder, name) => `${folder.replace(/\/+$/, "")}/${name}`;

/** @param {Steps} steps @param {string} placeholder @param {unknown} hint */
function folderField(steps, placeholder, hint) {
  const { wish, change, browse } = steps;
  const take = (/** @type {string} */ folder) => change({ folders: { ...wish.folders, [wish.way]: wish.way === "open" ? folder : within(folder, databaseName(wish) || "data") } });
  const fault = faultOf(steps, 0, wish.folders[wish.way]);
  return html`<label class=${fault.field === "path" ? "wrong" : ""}>${t("shared.folder")}<span class="field">${icon("folder", true)}<input class="data" autocomplete="off" spellcheck="false" placeholder=${placeholder} .value=${wish.folders[wish.way]} @input=${(/** @type {any} */ event) => change({ folders: { ...wish.folders, [wish.way]: event.target.value } })}>${browseButton(() => browse(wish.way === "open" ? wish.folders.open : "", wish.way === "open", take))}</span>${hintOf(fault, "path", hint)}</label>`;
}

/** @param {Steps} steps */
function environment({ wish, change }) {
  const options = /** @type {const} */ ([["dev", t("welcome.dev"), t("welcome.open_edits_are_staged_then_committed")], ["prod", t("welcome.prod"), t("welcome.confirm_type_the_stores_name_to_write")]]);
  return html`<div class="label" role="radiogroup" aria-label=${t("welcome.environment")}>${t("welcome.environment")}<div class="two">${options.map(([id, name, what]) => html`<label class="option ${wish.environment === id ? "on" : ""}"><input type="radio" name="environment" .checked=${wish.environment === id} @change=${() => change({ environment: id })}><span><span class=${id}><span class="env">${name}</span></span><small>${what}</small></span></label>`)}</div></div>`;
}

/** @param {Steps} steps */
function advanced({ wish, change, facts }) {
  return html`<details class="more-of"><summary>${icon("right", true)}${t("welcome.advanced")}</summary><div class="form"><div class="two">
    <label>${t("shared.cache")}<select class="field" @change=${(/** @type {any} */ event) => change({ cache: event.target.value })}>${CACHES.map(([id, title]) => html`<option value=${id} ?selected=${id === wish.cache}>${id === "" && facts.cache_bytes ? `${title} (${size(Number(facts.cache_bytes))})` : title}</option>`)}</select></label>
    <label>${t("welcome.durable")}<select class="field" @change=${(/** @type {any} */ event) => change({ durability: event.target.value })}>${DURABILITIES.map(([id, title]) => html`<option value=${id} ?selected=${id === wish.durability}>${title}</option>`)}</select></label></div>
    ${wish.durability === "every_commit" ? nothing : html`<p class="held small">${wish.durability === "every_second" ? t("welcome.a_crash_may_lose_the_commits") : t("welcome.a_crash_may_lose_everything_since")}</p>`}
    ${wish.way === "open" ? html`<label class="tick"><input type="checkbox" .checked=${wish.readOnly} @change=${(/** @type {any} */ event) => change({ readOnly: event.target.checked })}> ${t("shared.open_for_reading_only")}</label>` : nothing}</div></details>`;
}

/** The first step. @param {Steps} steps */
export function databaseStep(steps) {
  const { wish, facts } = steps;
  const free = facts.free_bytes ? `${t("welcome.free_space", { size: size(Number(facts.free_bytes)) })} ` : "";
  if (wish.way === "demo") {
    return html`<p>${t("welcome.a_shop_with_users")}</p><p class="soft">${rich("welcome.it_becomes_the_database", { name: html`<b>${databaseName(wish)}</b>`, folder: html`<code>${databasePath(wish, facts)}</code>` })}</p>`;
  }
  if (wish.way === "import") {
    return html`${nameField(steps, "data")}${folderField(steps, databasePath(wish, facts), `${free}${t("welcome.the_folder_will_be_made")}`)}<p class="soft">${t("welcome.then_choose_the_files")}</p>`;
  }
  if (wish.way === "open") {
    return html`${folderField(steps, "/path/to/database", t("welcome.as_this_machine_names_it"))}${nameField(steps, databaseName(wish) || t("shared.as_the_folder"))}${environment(steps)}${advanced(steps)}`;
  }
  return html`${nameField(steps)}${folderField(steps, databasePath(wish, facts), `${free}${t("welcome.the_folder_will_be_made")}`)}${environment(steps)}${advanced(steps)}`;
}

/** The second step. @param {Steps} steps */
export function systemStep(steps) {
  const { wish, facts, change, browse } = steps;
  const fault = faultOf(steps, 1, wish.system);
  const { fixed, exists, path } = facts.system;
  const told = html`<p>${t("welcome.scripts_knowledge_and_the_audit_lie")}</p>`;
  if (fixed || exists) return html`${told}<p class="soft">${fixed ? t("welcome.the_settings_of_the_server_say_where") : t("welcome.there_is_one_already")}: <code>${path}</code></p>`;
  const options = /** @type {[boolean, string, unknown][]} */ ([[false, t("welcome.its_own"), html`<code>${path}</code>`], [true, t("welcome.shared"), t("welcome.a_folder_that_other_servers_programs_used")]]);
  return html`${told}<div class="label" role="radiogroup" aria-label=${t("welcome.system_database")}>${options.map(([shared, title, what]) => html`<label class="option ${wish.shared === shared ? "on" : ""}"><input type="radio" name="system" .checked=${wish.shared === shared} @change=${() => change({ shared })}><span>${title}<small>${what}</small></span></label>`)}</div>
    ${wish.shared ? html`<label class=${fault.field === "system" ? "wrong" : ""}>${t("welcome.folder_of_the_system_database")}<span class="field">${icon("folder", true)}<input class="data" autocomplete="off" spellcheck="false" placeholder=${t("welcome.team_system")} .value=${wish.system} @input=${(/** @type {any} */ event) => change({ system: event.target.value })}>${browseButton(() => browse("", false, (folder) => change({ system: within(folder, "system") })))}</span>${hintOf(fault, "system", html`<code>${systemPath(wish, facts)}</code>`)}</label>` : nothing}`;
}

/** The database as it will be. @param {Steps["wish"]} wish */
function made(wish) {
  const name = html`<b>${databaseName(wish)}</b>`;
  if (wish.way === "demo") return rich("welcome.name_with_the_demo_shop", { name });
  if (wish.way !== "open") return rich("welcome.name_new", { name });
  return wish.readOnly ? rich("welcome.name_opened_for_reading_only", { name }) : rich("welcome.name_opened", { name });
}

/** The last step: everything as it will be. @param {Steps} steps */
export function reviewStep({ wish, facts }) {
  const set = facts.variables.filter((one) => one.set);
  const model = facts.variables.find((one) => one.name === "SOP_LLM_API_KEY");
  const said = /** @type {[string, unknown][]} */ ([
    [t("shared.database"), made(wish)],
    [t("welcome.environment"), wish.environment === "prod" ? html`<span class="prod"><span class="env">${t("welcome.prod")}</span></span> ${t("welcome.confirm_each_write")}` : html`<span class="dev"><span class="env">${t("welcome.dev")}</span></span> ${t("shared.open_within")}`],
    [t("welcome.durable"), DURABILITIES.find(([id]) => id === wish.durability)?.[2]],
    [t("shared.cache"), wish.cache ? CACHES.find(([id]) => id === wish.cache)?.[1] : facts.cache_bytes ? size(Number(facts.cache_bytes)) : t("welcome.256_mb")],
  ]);
  return html`<dl class="first-facts">${said.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
    <h3 class="caption">${t("welcome.where_each_file_will_lie")}</h3><ul class="first-files">${filesOf(wish, facts).map(({ path, what }) => html`<li><code>${path}</code><small>${what}</small></li>`)}</ul>
    <h3 class="caption">${t("welcome.from_the_environment")}</h3><ul class="first-files">${set.map(({ name, purpose }) => html`<li><span class="good">${icon("check", true)}</span> <code>${name}</code> <small>${t("welcome.purpose_and_set", { purpose })}</small></li>`)}${set.length ? nothing : html`<li class="soft">${t("welcome.no_variable_of_the_server_is_set")}</li>`}${model && !model.set ? html`<li class="soft"><small>${t("welcome.without_sop_llm_api_key_the_copilot")}</small></li>` : nothing}</ul>
    ${facts.system.path === systemPath(wish, facts) || !facts.system.exists ? nothing : html`<p class="held small">${t("welcome.there_is_a_system_database_already")}</p>`}`;
}
