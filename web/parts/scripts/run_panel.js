// Beside the steps: the parameters with the values of the next run, the transaction, then what a run left: variables, changes,
// its log and the rows it gave.
//
// Holds: what is typed as an argument is kept with the draft and is no change of the script; the definition of a parameter is.

import { count, span } from "../../core/format.js";
import { resultColumns } from "../../model/query/result_columns.js";
import { fieldText, readField } from "../../model/script/forms.js";
import { logTime, shownVariable } from "../../model/script/run.js";
import { given, pick, places, stepTitle } from "../../model/script/steps.js";
import { t } from "../../strings/scripts.js";
import { html, live, nothing } from "../../vendor/lit.js";
import { announce, icon } from "../dom.js";
import { changeView } from "../query/changes_dialog.js";
import { rowDialog } from "../query/result_views.js";
import { walkFaces, walkTabs } from "../walk.js";
import { variableDialog } from "./dialogs.js";

/** @typedef {import("../../model/script/drafts.js").Draft} Draft */
/** @typedef {import("../../model/script/run.js").ScriptRun} ScriptRun */

/** Kinds of lines of a log; other lines begin with the name of a tool or a script. */
const LOG_WORDS = /** @type {{[word: string]: string}} */ ({ cancelled: t("shared.cancelled_within"), condition: t("scripts.log_condition"), done: t("shared.done_within"), failed: t("shared.failed_within"), "goes on": t("scripts.log_goes_on"), loop: t("scripts.log_loop"), pause: t("scripts.log_pause"), run: t("scripts.log_run"), say: t("scripts.log_say"), stopped: t("scripts.log_stopped") });
const TYPES = ["string", "integer", "number", "boolean", "date", "timestamp", "array", "object", "any"];
const SHORT = /** @type {{[type: string]: string}} */ ({ string: "text", integer: "int", number: "num", boolean: "bool", timestamp: "time", array: "list", object: "map" });
const PLACEHOLDERS = /** @type {{[type: string]: string}} */ ({ date: "2024-05-31", timestamp: "2024-05-31T10:00:00Z", array: "[ ]", object: "{ }" });
const MODES = /** @type {const} */ ([["single", t("scripts.single"), t("scripts.all_of_it_or_nothing")], ["per_step", t("scripts.each_step"), t("scripts.each_step_of_the_list")], ["none", t("scripts.none"), t("scripts.each_call_on_its_own")]]);
const MOST_CHANGES = 50;
const NARROW_NAMES = /^(?:time_ms|rows|steps)$/;

export class RunPanel {
  /** @param {import("./studio.js").SopScripts} studio */
  constructor(studio) {
    this.studio = studio;
    this.upper = "variables";
    this.lower = "log";
    /** The user chose what is shown below. */
    this.chosen = false;
    this.wide = false;
    /** Which parameter is edited. */
    this.editing = -1;
    /** The step whose rows are shown. */
    this.giver = "";
    /** @type {import("../../model/script/run.js").Given | undefined} */
    this.shown = undefined;
    /** Rows of it that the grid knows. */
    this.known = 0;
  }

  /** @param {ScriptRun} run */
  began(run) {
    this.giver = "";
    this.shown = undefined;
    if (!this.chosen) this.lower = "log";
    run.addEventListener("end", () => {
      if (!this.chosen) this.lower = run.state === "done" && [...run.given.values()].some((one) => one.rows.count > 0) && !run.said.length ? "output" : "log";
      if (run.dryRun && !run.until && run.changes.count) this.upper = "changes";
      if (this.studio.face === "steps" && matchMedia("(width < 900px)").matches && run.state === "done" && !run.changes.count) this.studio.show("run");
    });
  }

  /** Puts the cursor where a value is missing. @param {string} name */
  toArgument(name) {
    const { studio } = this;
    if (matchMedia("(width < 900px)").matches) studio.show("run");
    studio.requestUpdate();
    void studio.updateComplete.then(() => /** @type {HTMLElement | null} */ (studio.querySelector(`[data-argument="${CSS.escape(name)}"]`))?.focus());
  }

  /** @param {Draft} draft */
  render(draft) {
    const { run } = this.studio;
    return html`<section class="pane panel run-panel ${this.wide ? "wider" : ""}" aria-label=${t("shared.run")}>${this.#setup(draft)}${this.#upper(draft, run)}${this.#lower(draft, run)}</section>`;
  }

  // ---- Parameters

  /** @param {Draft} draft */
  #setup(draft) {
    const parameters = draft.script.parameters ?? [];
    return html`<div class="section form run-setup"><h2>${t("shared.parameters")}<span class="end"><button class="button s quiet" @click=${() => this.#newParameter(draft)}>${icon("plus", true)}${t("scripts.parameter")}</button></span></h2>
      ${parameters.length ? html`<div class="two arguments">${parameters.map((one, index) => this.#argument(draft, one, index))}</div>` : html`<p class="hint">${t("scripts.none_each_run_is_the_same")}</p>`}
      ${this.editing >= 0 && parameters[this.editing] ? this.#definition(draft, this.editing) : nothing}
      <div class="label">${t("scripts.transaction")}<div class="choice" role="radiogroup" aria-label=${t("scripts.transaction")}>${MODES.map(([mode, title, about]) => html`<button role="radio" title=${about} aria-checked=${String((draft.script.transaction ?? "single") === mode)} tabindex=${(draft.script.transaction ?? "single") === mode ? 0 : -1} @keydown=${walkFaces} @click=${() => this.studio.put("/transaction", mode === "single" ? undefined : mode)}>${title}</button>`)}</div></div>
      <details class="more-fields"><summary>${t("scripts.database_and_limits")}${draft.script.database ? html`: <b>${draft.script.database}</b>` : nothing}</summary>${this.#limits(draft)}</details></div>`;
  }

  /** @param {Draft} draft */
  #limits(draft) {
    const { studio } = this;
    const limit = (/** @type {string} */ name, /** @type {string} */ title) => html`<label>${title}<span class="field"><input inputmode="numeric" autocomplete="off" data-at="/limits/${name}" placeholder=${t("scripts.the_servers")} .value=${live(fieldText("integer", draft.script.limits?.[name]))} @input=${(/** @type {any} */ event) => {
      if (!NARROW_NAMES.test(name)) return;
      const limits = { ...(draft.script.limits ?? {}), [name]: readField("integer", event.target.value).value };
      if (limits[name] === undefined) delete limits[name];
      studio.put("/limits", Object.keys(limits).length ? limits : undefined, `limit ${name}`);
    }}></span></label>`;
    return html`<div class="form limits"><label>${t("shared.database")}<span class="field"><input list="script-databases" autocomplete="off" spellcheck="false" data-at="/database" placeholder=${t("scripts.the_open_database", { database: studio.session.place.database ?? "" })} .value=${live(String(draft.script.database ?? ""))} @input=${(/** @type {any} */ event) => studio.put("/database", event.target.value || undefined, "database")}></span></label><datalist id="script-databases">${studio.session.databases.map((one) => html`<option value=${one.name}></option>`)}</datalist>
      <div class="three">${limit("time_ms", t("scripts.milliseconds"))}${limit("steps", t("scripts.steps_run"))}${limit("rows", t("scripts.rows_of_a_step"))}</div></div>`;
  }

  /** @param {Draft} draft @param {any} parameter @param {number} index */
  #argument(draft, parameter, index) {
    const { studio } = this;
    const name = String(parameter?.name ?? "");
    const type = String(parameter?.type ?? "string");
    const faults = studio.faults.parameters.get(index) ?? [];
    const wrong = studio.runs.wrong.get(name) ?? faults[0]?.message ?? "";
    const value = Object.hasOwn(draft.args, name) ? draft.args[name] : "";
    const by = parameter?.default === undefined ? (pick(PLACEHOLDERS, type) ?? "") : fieldText("json", parameter.default).replace(/^"(.*)"$/s, "$1");
    const give = (/** @type {string} */ text) => {
      draft.args = { ...draft.args, [name]: text };
      studio.runs.wrong.delete(name);
      studio.drafts.touch();
    };
    const input = type === "boolean"
      ? html`<select class="field" data-argument=${name} aria-label=${t("shared.value_of_name", { name })} .value=${live(value)} @change=${(/** @type {any} */ event) => give(event.target.value)}><option value="" ?selected=${value === ""}>${parameter?.default === undefined ? t("shared.choose") : t("scripts.as_by_default_value", { value: by })}</option><option value="true" ?selected=${value === "true"}>true</option><option value="false" ?selected=${value === "false"}>false</option></select>`
      : html`<span class="field"><input data-argument=${name} aria-label=${t("shared.value_of_name", { name })} aria-invalid=${String(wrong !== "")} autocomplete="off" autocapitalize="off" spellcheck="false" inputmode=${type === "integer" || type === "number" ? "decimal" : nothing} placeholder=${by} .value=${live(value)} @input=${(/** @type {any} */ event) => give(event.target.value)} @keydown=${(/** @type {KeyboardEvent} */ event) => {
        if (event.key !== "Enter") return;
        event.preventDefault();
        void studio.runs.go();
      }}><span class="type">${pick(SHORT, type) ?? type}</span></span>`;
    return html`<div class="label argument ${wrong ? "wrong" : ""}"><span class="name"><code class="cut" title=${name}>${name || t("scripts.unnamed")}</code><button class="button only s quiet" aria-label=${t("scripts.edit_parameter", { name })} aria-expanded=${String(this.editing === index)} title=${t("scripts.type_default_help")} @click=${() => this.#edit(this.editing === index ? -1 : index)}>${icon("edit", true)}</button></span>${input}${wrong ? html`<span class="hint fail" role="alert">${wrong}</span>` : parameter?.description ? html`<span class="hint">${parameter.description}</span>` : nothing}</div>`;
  }

  /** @param {number} index */
  #edit(index) {
    this.editing = index;
    this.studio.requestUpdate();
    if (index >= 0) void this.studio.updateComplete.then(() => /** @type {HTMLElement | null} */ (this.studio.querySelector(".definition input"))?.focus());
  }

  /** @param {Draft} draft */
  #newParameter(draft) {
    const parameters = draft.script.parameters ?? [];
    const taken = new Set(parameters.map((one) => one?.name));
    let number = parameters.length + 1;
    while (taken.has(`value_${number}`)) number += 1;
    this.studio.put("/parameters", [...parameters, { name: `value_${number}`, type: "string" }]);
    this.#edit(parameters.length);
    void this.studio.updateComplete.then(() => /** @type {HTMLInputElement | null} */ (this.studio.querySelector(".definition input"))?.select());
  }

  /** @param {Draft} draft @param {number} index */
  #definition(draft, index) {
    const { studio } = this;
    const parameters = draft.script.parameters ?? [];
    const one = parameters[index];
    const pointer = `/parameters/${index}/default`;
    const kept = studio.texts.get(pointer);
    const isText = ["string", "date", "timestamp"].includes(one.type ?? "string");
    const kind = /** @type {import("../../model/script/forms.js").Kind} */ (isText ? "text" : one.type === "integer" ? "integer" : one.type === "number" ? "number" : one.type === "boolean" ? "boolean" : "json");
    const fault = (/** @type {string} */ name) => studio.faults.parameters.get(index)?.find((each) => each.at.startsWith(`/parameters/${index}/${name}`))?.message ?? "";
    const wrong = kept?.error || fault("default");
    const set = (/** @type {string} */ name, /** @type {unknown} */ value) => studio.put(`/parameters/${index}/${name}`, value, `parameter ${index} ${name}`);
    const rename = (/** @type {string} */ name) => {
      const was = String(one.name);
      if (Object.hasOwn(draft.args, was)) draft.args = Object.fromEntries(Object.entries(draft.args).map(([own, value]) => [own === was ? name : own, value]));
      set("name", name);
    };
    const shift = (/** @type {number} */ by) => {
      const list = [...parameters];
      list.splice(index + by, 0, ...list.splice(index, 1));
      studio.put("/parameters", list);
      this.editing = index + by;
      announce(t("shared.is_now_number", { name: one.name, place: index + by + 1 }));
    };
    return html`<fieldset class="definition form" @keydown=${(/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Escape" && event.key !== "Enter") return;
      event.preventDefault();
      event.stopPropagation();
      this.#edit(-1);
      void studio.updateComplete.then(() => /** @type {HTMLElement | null} */ (studio.querySelector(`[aria-label="Edit parameter ${CSS.escape(String(studio.valueAt(`/parameters/${index}/name`)))}"]`))?.focus());
    }}><legend class="unseen">${t("scripts.parameter_named", { name: one.name })}</legend>
      <div class="two"><label>${t("shared.name")}<span class="field"><input class="data" data-at="/parameters/${index}/name" autocomplete="off" autocapitalize="off" spellcheck="false" aria-invalid=${String(fault("name") !== "")} .value=${live(String(one.name ?? ""))} @input=${(/** @type {any} */ event) => rename(event.target.value.trim())}></span>${fault("name") ? html`<span class="hint fail">${fault("name")}</span>` : nothing}</label>
        <label>${t("shared.type")}<select class="field" @change=${(/** @type {any} */ event) => { studio.texts.delete(pointer); set("type", event.target.value); }}>${TYPES.map((type) => html`<option value=${type} ?selected=${(one.type ?? "string") === type}>${type}</option>`)}</select></label></div>
      <label>${t("scripts.default")}<span class="field"><input autocomplete="off" spellcheck="false" aria-invalid=${String(wrong !== "")} placeholder=${t("scripts.none_each_run_gives_it")} .value=${live(kept?.text ?? fieldText(kind, one.default))} @input=${(/** @type {any} */ event) => {
        const read = readField(kind, event.target.value);
        studio.texts.set(pointer, { text: event.target.value, error: read.error ?? "" });
        if (!read.error) set("default", read.value);
        else studio.requestUpdate();
      }} @blur=${() => { if (!studio.texts.get(pointer)?.error) studio.texts.delete(pointer); }}></span>${wrong ? html`<span class="hint fail">${wrong}</span>` : nothing}</label>
      <label>${t("scripts.help")}<span class="field"><input autocomplete="off" maxlength="500" placeholder=${t("scripts.what_it_means_within")} .value=${live(String(one.description ?? ""))} @input=${(/** @type {any} */ event) => set("description", event.target.value || undefined)}></span></label>
      <div class="definition-acts"><button type="button" class="button only s quiet" aria-label=${t("scripts.move_name_up", { name: one.name })} ?disabled=${index === 0} @click=${() => shift(-1)}>${icon("up", true)}</button><button type="button" class="button only s quiet" aria-label=${t("scripts.move_name_down", { name: one.name })} ?disabled=${index === parameters.length - 1} @click=${() => shift(1)}>${icon("down", true)}</button><button type="button" class="button s quiet" @click=${() => { this.editing = -1; studio.put("/parameters", parameters.length > 1 ? parameters.filter((_, at) => at !== index) : undefined); }}>${icon("trash", true)}${t("shared.remove")}</button><span class="grow"></span><button type="button" class="button s" @click=${() => this.#edit(-1)}>${t("shared.done")}</button></div></fieldset>`;
  }

  // ---- Variables and changes

  /** @param {string} id @param {unknown} title @param {string} now @param {(id: string) => void} go @param {string} panel */
  #tab(id, title, now, go, panel) {
    return html`<button role="tab" id="run-tab-${id}" aria-selected=${String(id === now)} aria-controls=${panel} tabindex=${id === now ? 0 : -1} @click=${() => { go(id); this.studio.requestUpdate(); }}>${title}</button>`;
  }

  /** @param {Draft} draft @param {ScriptRun | undefined} run */
  #upper(draft, run) {
    const go = (/** @type {string} */ id) => { this.upper = id; };
    const at = !run?.pause && draft.open && run?.after.has(draft.open) ? draft.open : "";
    const own = !run?.pause || run.pause.script === run.script;
    const variables = own ? given(draft.script, run?.args ?? {}, (at ? run?.after.get(at) : run?.variables) ?? {}) : Object.entries(run?.variables ?? {});
    const number = at ? places(draft.script).find((one) => one.at === at)?.number : "";
    const changes = run?.changes;
    const shown = (changes?.count ?? 0) + (changes?.definitions.length ?? 0);
    const total = shown || (run?.touched ?? []).reduce((sum, one) => sum + one.inserted + one.updated + one.deleted, 0);
    return html`<div class="subtabs"><div role="tablist" aria-label=${t("shared.state")} @keydown=${walkTabs}>${this.#tab("variables", html`${t("scripts.variables")}${variables.length ? html` <span class="badge">${variables.length}</span>` : nothing}`, this.upper, go, "run-state")}${this.#tab("changes", html`${t("shared.changes")}${total ? html` <span class="badge">${count(total)}</span>` : nothing}`, this.upper, go, "run-state")}</div><div class="end"><span class="small dim">${number && this.upper === "variables" ? t("scripts.after_step_number", { number }) : run?.pause && run.pause.script !== run.script && this.upper === "variables" ? t("scripts.in_script", { script: run.pause.script }) : ""}</span>${run?.dryRun && run.state === "done" && total && !run.until ? html`<button class="button s" @click=${() => this.studio.runs.reviewAgain()}>${t("shared.review")}</button>` : nothing}</div></div>
      <div class="run-state scroll" id="run-state" role="tabpanel" aria-labelledby="run-tab-${this.upper}" tabindex="0">${this.upper === "changes" ? this.#changes(run) : this.#variables(variables, run)}</div>`;
  }

  /** @param {[string, unknown][]} variables @param {ScriptRun | undefined} run */
  #variables(variables, run) {
    if (!variables.length) return html`<p class="hint-row dim">${run ? t("scripts.no_variable_has_a_value_yet") : t("scripts.after_a_run")}</p>`;
    return html`<table class="lines-table variables" aria-label=${t("scripts.variables")}><tbody>${variables.map(([name, value]) => {
      const one = shownVariable(value);
      return html`<tr><td class="data c-name" title=${name}>${name}</td><td class="type c-type">${one.type}</td><td class="data">${one.type === "list" || one.type === "map" || one.text.length > 40 ? html`<button class="plain cut" title=${t("scripts.show_all_of_it")} @click=${() => variableDialog(name, value)}>${one.text}</button>` : html`<span class=${one.look}>${one.text}</span>`}</td></tr>`;
    })}</tbody></table>`;
  }

  /** @param {ScriptRun | undefined} run */
  #changes(run) {
    const changes = run?.changes;
    const { touched = [] } = run ?? {};
    if (!run || !changes || !(changes.count + changes.definitions.length + touched.length)) return html`<p class="hint-row dim">${run ? t("scripts.it_changed_nothing") : t("scripts.what_a_run_changes")}</p>`;
    const { rows } = changes;
    const many = new Set(rows.map((one) => one.store)).size > 1;
    return html`<div class="run-changes">${run.dryRun ? nothing : this.#stores(run)}${changes.definitions.map((one) => html`<p class="pad"><span class="tag ${one.before ? (one.after ? "update" : "delete") : "insert"}">${one.before ? (one.after ? t("scripts.alter") : t("scripts.drop")) : t("scripts.create")}</span> ${t("shared.store_within")} <code>${one.store}</code></p>`)}${rows.slice(0, MOST_CHANGES).map((row) => changeView(this.studio.session, row, many))}${changes.count > Math.min(rows.length, MOST_CHANGES) ? html`<p class="pad dim">${t("scripts.and_n_more_changes", { n: changes.count - Math.min(rows.length, MOST_CHANGES) })}</p>` : nothing}</div>`;
  }

  /** What a run for good has changed, by stores, with a way to each. @param {ScriptRun} run */
  #stores({ touched, state, transaction }) {
    const { session } = this.studio;
    const open = (/** @type {import("../../model/script/run.js").Touched} */ one) => session.go({ database: one.database || session.place.database, store: one.store, prefix: [], at: undefined, sel: undefined });
    const tag = (/** @type {number} */ number, /** @type {string} */ op, /** @type {string} */ word) => (number ? html`<span class="tag ${op}">${count(number)} ${word}</span>` : nothing);
    return html`${state === "done" || !touched.length ? nothing : html`<p class="pad small held">${transaction === "none" ? t("scripts.it_did_not_end_calls") : t("scripts.it_did_not_end_steps")}</p>`}<ul class="run-stores" aria-label=${t("scripts.changed_stores")}>${touched.map((one) => html`<li><button class="link-button cut" title=${t("shared.show_its_rows")} @click=${() => open(one)}>${icon("store", true)}<span class="cut">${one.database && one.database !== session.place.database ? `${one.database} / ` : ""}${one.store}</span></button>${tag(one.inserted, "insert", "inserted")}${tag(one.updated, "update", "updated")}${tag(one.deleted, "delete", "deleted")}</li>`)}</ul>`;
  }

  // ---- Log and rows

  /** @param {Draft} draft @param {ScriptRun | undefined} run */
  #lower(draft, run) {
    const go = (/** @type {string} */ id) => {
      this.lower = id;
      this.chosen = true;
    };
    const given = this.#given(run);
    const numbers = new Map(places(draft.script).map((one) => [one.at, one]));
    return html`<div class="subtabs over"><div role="tablist" aria-label=${t("shared.log")} @keydown=${walkTabs}>${this.#tab("log", t("scripts.run_log"), this.lower, go, "run-log")}${this.#tab("output", html`${t("scripts.output")}${given ? html` <span class="badge">${count(given.rows.count)}</span>` : nothing}`, this.lower, go, "run-log")}</div><div class="end">${run && this.lower === "log" ? html`<span class="small dim" role="timer">${run.dryRun ? `${t("scripts.dry_run_before")} ` : ""}${span(run.elapsed)}</span>` : nothing}
        ${run && this.lower === "output" && run.given.size > 1 ? html`<select class="field s" aria-label=${t("scripts.rows_of")} @change=${(/** @type {any} */ event) => { this.giver = event.target.value; this.studio.requestUpdate(); }}>${[...run.given].map(([id, one]) => html`<option value=${id} ?selected=${one === given}>${id.startsWith("/") ? `${numbers.get(id)?.number ?? ""} ${numbers.has(id) ? stepTitle(/** @type {any} */ (numbers.get(id)).step) : id}` : one.script}</option>`)}</select>` : nothing}
        <button class="button only s quiet wide-only" aria-label=${this.wide ? t("scripts.narrower") : t("scripts.wider")} title=${this.wide ? t("scripts.narrower") : t("scripts.wider")} aria-pressed=${String(this.wide)} @click=${() => { this.wide = !this.wide; this.studio.requestUpdate(); }}>${icon("panel", true)}</button></div></div>
      ${run?.state === "running" && !run.held && run.elapsed > 150 ? html`<div class="thread" role="progressbar" aria-label=${t("shared.running")}></div>` : nothing}
      <div class="run-lower" id="run-log" role="tabpanel" aria-labelledby="run-tab-${this.lower}">${this.lower === "log" ? this.#log(run, numbers) : nothing}
        <sop-result-grid data-rows="script-rows" ?hidden=${this.lower !== "output" || !given || given.rows.count === 0} @open-row=${(/** @type {CustomEvent} */ event) => this.#openRow(event.detail)}></sop-result-grid>
        ${this.lower === "output" && (!given || given.rows.count === 0) ? html`<div class="nothing">${icon("query")}<p>${given ? t("scripts.the_step_gave_no_rows") : run ? t("scripts.no_step_gave_rows") : t("scripts.the_rows_that_steps_give_are_shown")}</p></div>` : nothing}
        ${this.lower === "output" && given?.truncated ? html`<div class="notice still" role="status">${icon("info")}<p class="grow"><b>${t("shared.cut_after_rows", { rows: count(given.rows.count) })}</b> <span class="soft">${t("scripts.by_a_limit")}</span></p></div>` : nothing}</div>`;
  }

  /** The rows that are shown: of the step that was chosen, else the last that came. @param {ScriptRun | undefined} run */
  #given(run) {
    if (!run) return undefined;
    const all = [...run.given.values()];
    return run.given.get(this.giver) ?? all.findLast((one) => one.rows.count > 0) ?? all.at(-1);
  }

  /** @param {ScriptRun | undefined} run @param {Map<string, import("../../model/script/steps.js").Place>} numbers */
  #log(run, numbers) {
    if (!run) return html`<div class="nothing">${icon("clock")}<p>${t("scripts.what_happens_in_a_run_is_written")}</p></div>`;
    const word = (/** @type {import("../../model/script/run.js").LogLine} */ one) => (one.word === "tool" ? (numbers.get(one.at)?.step.tool ?? numbers.get(one.at)?.step.type ?? one.word) : (LOG_WORDS[one.word] ?? one.word));
    return html`<ol class="log script-log scroll" tabindex="0" aria-label=${t("scripts.run_log")}>${run.unlogged ? html`<li class="dim"><time></time><span class="w"></span><span class="what">${t("scripts.earlier_lines_are_left_out", { n: count(run.unlogged) })}</span></li>` : nothing}${run.log.map((one) => html`<li class=${run.pause && one === run.log.at(-1) ? "live" : (one.look ?? "")}><time>${logTime(one.ms)}</time><span class="w cut">${word(one)}</span>${one.at && numbers.has(one.at) ? html`<button class="plain what" title=${t("scripts.step_number", { number: numbers.get(one.at)?.number })} @click=${() => this.studio.cards.open(one.at, true)}>${one.text || stepTitle(/** @type {any} */ (numbers.get(one.at)).step)}</button>` : html`<span class="what">${one.text}</span>`}</li>`)}</ol>`;
  }

  /** @param {number} line */
  #openRow(line) {
    const { shown } = this;
    const grid = /** @type {import("../query/result_grid.js").SopResultGrid | null} */ (this.studio.querySelector("sop-result-grid"));
    if (shown && grid) rowDialog({ rows: shown.rows, columns: grid.columns, line, select: (next) => grid.select(next, grid.active.column) });
  }

  /** Brings the grid to the rows that are there. */
  updated() {
    const grid = /** @type {import("../query/result_grid.js").SopResultGrid | null} */ (this.studio.querySelector("sop-result-grid"));
    const given = this.#given(this.studio.run);
    const log = this.studio.querySelector(".script-log");
    if (log && this.studio.run?.state === "running") log.scrollTop = log.scrollHeight;
    if (!grid || this.lower !== "output" || !given) return;
    if (this.shown !== given || grid.source !== given.rows) {
      this.shown = given;
      this.known = given.rows.kept;
      grid.open(given.rows, resultColumns(given.columns, given.rows.values(0, 200)));
    } else if (this.known !== given.rows.kept) {
      if (this.known < 200) grid.layout(resultColumns(given.columns, given.rows.values(0, 200)));
      this.known = given.rows.kept;
      grid.grow();
    }
    grid.measure();
  }
}
