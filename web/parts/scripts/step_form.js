// The form of a step: a field for each thing that its kind or its tool takes, with the right input, completion, and what is
// wrong at the field.
//
// Holds: what is typed changes the script at once where it can be read; what cannot yet is kept as text beside its reason.

import { columnsOf } from "../../model/query/complete.js";
import { DEFAULT_CATEGORY } from "../../model/script/drafts.js";
import { faultsAt, fixOf } from "../../model/script/faults.js";
import { fieldText, readField, scriptNamed, stepFields } from "../../model/script/forms.js";
import { fresh, kindOf, scopeAt, valueAt } from "../../model/script/steps.js";
import { t } from "../../strings/scripts.js";
import { html, live, nothing, repeat } from "../../vendor/lit.js";
import { icon } from "../dom.js";

/** @typedef {import("../../model/script/forms.js").Field} Field */
/** @typedef {import("../../model/script/faults.js").StepFault} StepFault */
/** @typedef {import("../../model/script/steps.js").Place} Place */

const CODE = /** @type {{[kind: string]: import("./code_field.js").Mode}} */ ({ expression: "expression", operand: "expression", template: "template", long: "template", json: "json", sql: "sql", names: "names" });
const HINTS = /** @type {{[kind: string]: string}} */ ({ expression: "size(rows) > 0", operand: "rows.filter(r, r.total > 10)", json: "{ }", sql: "SELECT … WHERE id = :id", names: "a, b" });
/** Optional fields that are worth a look at once. */
const SHOWN = /^(?:filter|key|value|set|params|limit|fields|message)$/;

export class StepForm {
  /** @param {import("./studio.js").SopScripts} studio */
  constructor(studio) {
    this.studio = studio;
    /** Pointers of the fields that are drawn. @type {Set<string>} */
    this.drawn = new Set();
    /** @type {Set<string>} */
    this.more = new Set();
  }

  /** A new step; where there is one store only, it is meant. @param {import("../../model/script/steps.js").Script} script @param {string} kind @param {string} [tool] */
  begin(script, kind, tool) {
    const step = fresh(script, kind, tool);
    const spec = tool && this.studio.tools.find((one) => one.name === tool);
    if (spec && spec.class === "read" && kind === "tool") step.output = undefined;
    return step;
  }

  /** Faults that no field of the open form shows. @param {StepFault[]} faults */
  unshown(faults) {
    const { tried } = this.studio;
    return faults.filter((one) => (tried || !/^(?:missing_|invalid_value)/.test(one.code)) && ![...this.drawn].some((pointer) => one.field === pointer || one.field.startsWith(`${pointer}/`)));
  }

  /** Whether a field of the open form says why its step failed. @param {import("../../model/script/run.js").StepState} state */
  shows(state) {
    return Boolean(state.field) && [...this.drawn].some((pointer) => within(pointer, state));
  }

  /** @param {StepFault} fault */
  fixes(fault) {
    const { draft } = this.studio;
    return fault.suggestions.slice(0, 2).filter((name) => draft && fixOf(draft.script, fault, name)).map((name) => html`<button type="button" class="button s" @click=${() => this.studio.fix(fault, name)}>${name}</button>`);
  }

  /** @param {Place} place */
  render(place) {
    const { studio } = this;
    const { at, step } = place;
    const draft = /** @type {import("../../model/script/drafts.js").Draft} */ (studio.draft);
    const fields = stepFields(step, studio.tools, studio.list, draft.script.category ?? DEFAULT_CATEGORY);
    const gives = !["set", "assert"].includes(kindOf(step));
    const hasDatabase = !fields.some((one) => one.kind === "database") && ["tool", "fetch", "call"].includes(kindOf(step));
    this.drawn = new Set([...fields.map((one) => one.pointer), "/name", "/description", "/continue_on_error", "/async", "/disabled", ...(gives ? ["/output"] : []), ...(hasDatabase ? ["/database"] : [])]);
    const there = (/** @type {Field} */ field) => valueAt(step, field.pointer) !== undefined;
    const [main, rest] = [[], []].map((_, late) => fields.filter((one) => (one.required || there(one) || (SHOWN.test(one.name) && one.name !== "limit") || kindOf(step) === "fetch" || kindOf(step) === "call") === (late === 0)));
    const tool = kindOf(step) === "tool" ? studio.tools.find((one) => one.name === step.tool) : undefined;
    const faults = studio.faults.steps.get(at) ?? [];
    const isMore = this.more.has(kindOf(step)) || rest.some((one) => faultsAt(faults, one.pointer).length) || faults.some((one) => /^\/(?:database|async|description|disabled|continue_on_error)/.test(one.field));
    return html`<div class="step-form form">
      <div class="fields ${kindOf(step) === "tool" ? "of-tool" : ""}">${this.#field(place, { pointer: "/name", name: "name", label: t("shared.name"), kind: "text", required: false, hint: "" })}${gives ? this.#field(place, { pointer: "/output", name: "output", label: t("scripts.result_goes_to"), kind: "variable", required: false, hint: "" }) : nothing}${main.filter((one) => one.kind === "tool").map((one) => this.#field(place, one))}</div>
      ${tool ? html`<p class="tool-about small dim">${tool.description.replaceAll("`", "")}</p>` : nothing}
      <div class="fields">${repeat(main.filter((one) => one.kind !== "tool"), (one) => `${one.pointer} ${one.kind}`, (one) => this.#field(place, one))}</div>
      <details class="more-fields" ?open=${isMore} @toggle=${(/** @type {any} */ event) => { if (event.target.open) this.more.add(kindOf(step)); else this.more.delete(kindOf(step)); }}><summary>${moreWords(rest)}</summary>
        <div class="fields">${repeat(rest, (one) => `${one.pointer} ${one.kind}`, (one) => this.#field(place, one))}
          ${!hasDatabase ? nothing : this.#field(place, { pointer: "/database", name: "database", label: t("shared.database"), kind: "database", required: false, hint: "" })}
          ${this.#field(place, { pointer: "/description", name: "description", label: t("shared.description"), kind: "text", required: false, hint: "" })}</div>
        <div class="ticks">${[["continue_on_error", t("scripts.go_on_when_it_fails")], ["async", t("scripts.beside_its_neighbours")], ["disabled", t("shared.disabled")]].map(([name, title]) => this.#tick(at, name, title, faults))}</div></details>
      <footer class="step-foot"><button type="button" class="button s" @click=${() => studio.runs.go({ until: at })}>${icon("play", true)}${t("scripts.run_to_here")}</button><span class="grow"></span><button type="button" class="button s quiet" @click=${() => { studio.cards.open(""); studio.cards.focus(at); }}>${t("shared.close")}<kbd>Esc</kbd></button></footer></div>`;
  }

  /** @param {string} at @param {string} name @param {string} title @param {StepFault[]} faults */
  #tick(at, name, title, faults) {
    const { studio } = this;
    const wrong = faultsAt(faults, `/${name}`)[0];
    return html`<label class="tick"><input type="checkbox" .checked=${live(studio.valueAt(`${at}/${name}`) === true)} @change=${(/** @type {any} */ event) => studio.put(`${at}/${name}`, event.target.checked ? true : undefined)}>${title}</label>${wrong ? html`<span class="hint fail">${wrong.message}</span>` : nothing}`;
  }

  /** @param {Place} place @param {Field} field */
  #field(place, field) {
    const { studio } = this;
    const pointer = `${place.at}${field.pointer}`;
    const faults = faultsAt(studio.faults.steps.get(place.at) ?? [], field.pointer);
    const value = valueAt(place.step, field.pointer);
    const kept = studio.texts.get(pointer);
    const text = kept?.text ?? fieldText(field.kind, value);
    const wants = field.required && (value === undefined || value === "");
    // What was not filled in yet is no fault before somebody wants to run or save it.
    const told = wants && !studio.tried ? [] : faults;
    const state = studio.run?.steps.get(place.at);
    const failed = state?.state === "failed" && state.field && within(field.pointer, state) && (kept === undefined || !kept.live) ? state.error : "";
    const wrong = (kept?.live ? "" : kept?.error) || told.find((one) => !one.warning)?.message || told[0]?.message || failed || "";
    const wide = field.kind in CODE && field.kind !== "names";
    return html`<div class="label field-of ${wide ? "wide" : ""} ${wrong ? "wrong" : ""} ${wants ? "wants" : ""}"><span class="name">${field.label}</span>${this.#input(place, field, pointer, text, wrong !== "")}${wrong ? html`<span class="hint fail" role="alert">${wrong} ${told.filter((one) => !one.warning).slice(0, 1).map((one) => this.fixes(one))}${failed && wrong === failed ? this.fixes(failure(place, /** @type {any} */ (state))) : nothing}</span>` : field.hint ? html`<span class="hint">${field.hint}</span>` : nothing}</div>`;
  }

  /** @param {Place} place @param {Field} field @param {string} pointer @param {string} text @param {boolean} wrong */
  #input(place, field, pointer, text, wrong) {
    const { studio } = this;
    const type = (/** @type {string} */ typed) => this.#typed(field, pointer, typed);
    const left = () => {
      const kept = studio.texts.get(pointer);
      if (kept?.error) kept.live = false;
      else studio.texts.delete(pointer);
      studio.requestUpdate();
    };
    const label = field.label;
    if (field.kind in CODE) return html`<sop-code class="field code" data-at=${pointer} .mode=${CODE[field.kind]} .label=${label} .hint=${HINTS[field.kind] ?? ""} .about=${this.#about(place)} .value=${text} .invalid=${wrong} aria-invalid=${wrong ? "true" : nothing} @code=${(/** @type {CustomEvent} */ event) => type(event.detail)} @left=${left}></sop-code>`;
    if (field.kind === "boolean" && !text.includes("{{")) return html`<select class="field" data-at=${pointer} aria-label=${label} aria-invalid=${String(wrong)} .value=${live(text)} @change=${(/** @type {any} */ event) => { type(event.target.value); left(); }}><option value="" ?selected=${text === ""}>${t("scripts.as_by_default")}</option><option value="true" ?selected=${text === "true"}>${t("shared.yes")}</option><option value="false" ?selected=${text === "false"}>${t("shared.no")}</option></select>`;
    if (field.kind === "tool") return html`<select class="field" data-at=${pointer} aria-label=${label} aria-invalid=${String(wrong)} @change=${(/** @type {any} */ event) => { type(event.target.value); left(); }}>${studio.tools.some((one) => one.name === text) ? nothing : html`<option value=${text} selected>${text || t("scripts.choose_a_tool")}</option>`}${studio.tools.map((one) => html`<option value=${one.name} ?selected=${one.name === text}>${one.name}</option>`)}</select>`;
    const options = this.#options(field);
    const id = `list-${pointer.replaceAll(/\W/g, "-")}`;
    return html`<span class="field"><input data-at=${pointer} aria-label=${label} aria-invalid=${String(wrong)} autocomplete="off" autocapitalize="off" spellcheck="false" class=${["variable", "store", "integer", "number"].includes(field.kind) ? "data" : ""} inputmode=${field.kind === "integer" || field.kind === "number" ? "decimal" : nothing} list=${options.length ? id : nothing} placeholder=${field.kind === "database" ? (studio.draft?.script.database ?? studio.session.place.database ?? "") : nothing} .value=${live(text)} @input=${(/** @type {any} */ event) => type(event.target.value)} @blur=${left}></span>${options.length ? html`<datalist id=${id}>${options.map((one) => html`<option value=${one}></option>`)}</datalist>` : nothing}`;
  }

  /** @param {Field} field @returns {string[]} */
  #options(field) {
    const { studio } = this;
    if (field.kind === "store") return studio.session.stores.map((one) => one.name);
    if (field.kind === "database") return studio.session.databases.map((one) => one.name);
    if (field.kind === "script") return studio.list.map((one) => `${one.category}.${one.name}`);
    return field.options ?? [];
  }

  /** @param {Field} field @param {string} pointer @param {string} text */
  #typed(field, pointer, text) {
    const { studio } = this;
    const read = readField(field.kind, text);
    // What is being typed is not wrong yet.
    studio.texts.set(pointer, { text, error: read.error ?? "", live: true });
    if (read.error) return studio.requestUpdate();
    const value = read.value === undefined && field.required && !["json", "operand"].includes(field.kind) ? "" : read.value;
    studio.put(pointer, value, pointer);
    // Another script or tool has other arguments; those that both have stay.
    if (field.kind === "script" && scriptNamed(studio.list, text, studio.draft?.script.category ?? "")) studio.requestUpdate();
  }

  /** What completion knows at a step. @param {Place} place @returns {import("./code_field.js").About} */
  #about(place) {
    const { studio } = this;
    return {
      known: () => {
        const draft = /** @type {import("../../model/script/drafts.js").Draft} */ (studio.draft);
        const step = valueAt(draft.script, place.at) ?? {};
        const store = studio.session.storeNamed(String(step.args?.store ?? step.store ?? ""));
        const variables = scopeAt(draft.script, place.at);
        /** @type {{[name: string]: any}} */
        const values = { ...(studio.run?.variables ?? {}) };
        // An element of a list has the fields of the list's elements.
        for (const [name, list] of loops(draft.script, place.at)) if (values[name] === undefined && Array.isArray(values[list])) values[name] = values[list][0];
        return { variables, values, fields: store ? columnsOf(store).map((one) => one.name) : [] };
      },
      schema: () => ({ stores: studio.session.stores, databases: studio.session.databases.map((one) => one.name) }),
    };
  }
}

/** Whether a step failed for a field of its form. @param {string} pointer @param {import("../../model/script/run.js").StepState} state */
function within(pointer, { field = "" }) {
  const own = pointer.replace(/^\/args/, "");
  return own !== "" && (field === own || field.startsWith(`${own}/`));
}

/** Why a step failed, as a fault of the script. @param {Place} place @param {import("../../model/script/run.js").StepState} state @returns {StepFault} */
export function failure(place, state) {
  const field = `${place.step.type === "tool" ? "/args" : ""}${state.field ?? ""}`;
  return { at: `${place.at}${field}`, field, code: "unknown_field", message: state.error ?? "", suggestions: state.suggestions ?? [], warning: false };
}

/** The elements of the loops around a step, with the variables that they go through. @param {any} script @param {string} at @returns {[string, string][]} */
function loops(script, at) {
  /** @type {[string, string][]} */
  const found = [];
  for (let own = at; own; own = own.slice(0, own.lastIndexOf("/"))) {
    const step = valueAt(script, own);
    if (step?.type === "loop" && typeof step.list === "string") found.push([String(step.item), step.list.trim()]);
  }
  return found;
}

/** What more there is to fill in; a tool's fields inside of a line are named as the tool names them. @param {Field[]} rest */
function moreWords(rest) {
  if (!rest.length) return t("shared.options");
  const fields = rest.slice(0, 4).map((one) => one.name.replaceAll("_", " ")).join(", ");
  return rest.length > 4 ? t("scripts.more_and_n_others", { fields, n: rest.length - 4 }) : t("scripts.more_fields", { fields });
}
