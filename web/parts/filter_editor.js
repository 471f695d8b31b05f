// The editor of one condition: field with completion, operator by the field's type, values by type.
//
// Holds: it changes nothing until it is applied; what is wrong is said in it, with a text that would be right where there is
// one. Does not: groups by or; those are the business of the raw editor.

import { literal } from "../core/format.js";
import { isObject } from "../core/json.js";
import { keyFields, keyValues } from "../core/keys.js";
import { listText, operator, operatorsFor, operatorTitle, typedPill, valueText } from "../model/filter.js";
import { t } from "../strings/filter.js";
import { html, nothing } from "../vendor/lit.js";
import { icon } from "./dom.js";

const MOST_FIELDS = 60;
const MOST_VALUES = 40;

/** @typedef {import("../model/filter.js").Field} Field */

export class FilterEditor {
  /** @param {import("./filters.js").SopFilters} bar @param {number} index the pill, -1 for a new one @param {string} name the field to begin with */
  constructor(bar, index, name) {
    this.bar = bar;
    this.index = index;
    this.fields = bar.fields;
    const pill = bar.state.pills[index];
    this.pill = pill;
    this.name = pill?.field ?? name;
    this.op = pill?.op ?? operatorsFor(this.field)[0]?.id ?? "eq";
    this.text = "";
    this.second = "";
    if (pill) {
      const { takes } = operator(pill.op);
      if (takes === "two") [this.text, this.second] = pill.value.map(valueText);
      else if (takes === "many") this.text = listText(pill.value);
      else if (takes === "one") this.text = valueText(pill.value);
    }
    this.find = "";
    this.at = 0;
    this.picking = this.name === "";
    this.error = "";
    /** @type {string | undefined} */
    this.fix = undefined;
    this.secondWrong = false;
  }

  get anchor() {
    return this.index < 0 ? ".add-filter" : `[data-pill="${this.index}"]`;
  }

  /** @returns {Field | undefined} */
  get field() {
    return this.fields.find((one) => one.name === this.name);
  }

  /** The fields that fit what was typed: those that begin with it first. */
  get found() {
    const text = this.find.trim().toLowerCase();
    if (!text) return this.fields.slice(0, MOST_FIELDS);
    const starts = this.fields.filter((one) => one.label.toLowerCase().startsWith(text));
    return [...starts, ...this.fields.filter((one) => !starts.includes(one) && one.name.toLowerCase().includes(text))].slice(0, MOST_FIELDS);
  }

  /** It is in the page now. */
  shown() {
    this.#focus(this.picking ? "[data-field]" : "[data-value]", "[data-op]");
  }

  closed() {}

  /** The first of these that is there gets the focus. @param {...string} selectors */
  #focus(...selectors) {
    const element = /** @type {HTMLInputElement | null | undefined} */ (selectors.map((one) => this.bar.querySelector(`.filter-pop ${one}`)).find(Boolean));
    element?.focus();
    if (element instanceof HTMLInputElement && element.type !== "date") element.select();
  }

  #draw() {
    this.bar.requestUpdate();
  }

  render() {
    const field = this.field;
    return html`<div class="pop-host" role="dialog" aria-label=${this.index < 0 ? t("filter.new_filter") : t("shared.filter")}><form class="pop filter-pop filter-edit" @keydown=${(/** @type {KeyboardEvent} */ event) => this.#key(event)} @submit=${(/** @type {Event} */ event) => { event.preventDefault(); this.apply(); }}>
      <div class="filter-row">${this.#fieldInput()}${this.picking ? nothing : html`<select class="field" data-op aria-label=${t("filter.operator")} @change=${(/** @type {any} */ event) => this.#operator(event.target.value)}>${operatorsFor(field).map((one) => html`<option value=${one.id} ?selected=${one.id === this.op}>${operatorTitle(one, field?.kind)}</option>`)}</select>`}</div>
      ${this.picking ? this.#list() : html`${this.#values(field)}
        ${this.error ? html`<p class="filter-error fail" role="alert" id="filter-error">${this.error} ${this.fix ? html`<button type="button" class="button s" @click=${() => { this.text = this.fix ?? ""; this.apply(); }}>${t("shared.use_name", { name: this.fix })}</button>` : nothing}</p>` : nothing}
        <div class="bar">${this.index < 0 ? html`<button type="button" class="button s quiet" data-command="raw-filter" title=${t("shared.filter_as_json")}>${icon("json", true)}JSON</button>` : html`<button type="button" class="button s quiet" @click=${() => this.#off()}>${this.pill?.off ? t("filter.switch_on") : t("filter.switch_off")}</button><button type="button" class="button s quiet" @click=${() => this.bar.removePill(this.index)}>${t("shared.remove")}</button>`}<span class="grow"></span><button type="button" class="button s quiet" @click=${() => this.bar.cancel()}>${t("shared.cancel")}</button><button class="button s main">${t("filter.apply")}<kbd>↵</kbd></button></div>`}</form></div>`;
  }

  #fieldInput() {
    const { found } = this;
    if (!this.picking) return html`<button type="button" class="button s pick-field" title=${t("filter.another_field")} @click=${() => this.#pick()}><span class="cut">${this.field?.label ?? this.name}</span>${icon("updown", true)}</button>`;
    return html`<label class="field">${icon("search", true)}<input data-field role="combobox" aria-label=${t("shared.field")} aria-expanded="true" aria-controls="filter-fields" aria-activedescendant=${found.length ? `filter-field-${this.at}` : nothing} placeholder=${t("shared.field")} autocomplete="off" spellcheck="false" .value=${this.find} @input=${(/** @type {any} */ event) => { this.find = event.target.value; this.at = 0; this.#draw(); }}></label>`;
  }

  #list() {
    const { found } = this;
    return html`<ul class="menu flat scroll filter-fields" id="filter-fields" role="listbox" aria-label=${t("shared.fields")}>${found.map((field, index) => html`<li id="filter-field-${index}" role="option" aria-selected=${String(index === this.at)} class=${index === this.at ? "at" : ""} @pointermove=${() => { if (this.at !== index) { this.at = index; this.#draw(); } }} @click=${() => this.#picked(field)}>${icon(field.key ? "key" : "columns", true)}<span class="cut grow">${field.label}</span><span class="type">${field.type || t("filter.any")}</span></li>`)}</ul>
      ${found.length ? nothing : html`<p class="filter-error">${t("filter.no_field_is_called_like_this")} <button type="button" class="button s" ?disabled=${!this.find.trim()} @click=${() => this.#picked({ name: this.find.trim(), label: this.find.trim(), type: "", kind: "any" })}>${t("filter.use_it_as_a_path")}</button></p>`}
      <div class="bar"><button type="button" class="button s quiet" data-command="raw-filter" title=${t("filter.and_or_groups_filter_as_json")}>${icon("json", true)}${t("shared.filter_as_json")}</button><span class="grow"></span><button type="button" class="button s quiet" @click=${() => this.bar.cancel()}>${t("shared.cancel")}<kbd>Esc</kbd></button></div>`;
  }

  /** @param {Field | undefined} field */
  #values(field) {
    const { takes } = operator(this.op);
    if (takes === "none") return nothing;
    if (field?.kind === "bool" && takes === "one") {
      return html`<div class="filter-row"><div class="choice" role="radiogroup" aria-label=${t("shared.value")}>${["true", "false"].map((one) => html`<button type="button" role="radio" data-value aria-checked=${String((this.text || "true") === one)} tabindex=${(this.text || "true") === one ? 0 : -1} @click=${() => { this.text = one; this.#draw(); }} @keydown=${(/** @type {KeyboardEvent} */ event) => this.#radio(event, one)}>${one}</button>`)}</div></div>`;
    }
    const exact = field?.type === "date" && takes !== "many" && this.op !== "prefix";
    const input = (/** @type {"text" | "second"} */ which, /** @type {string} */ label) => html`<label class="field ${this.error && (which === "second") === this.secondWrong ? "wrong" : ""}"><input data-value=${which === "text" ? "" : nothing} aria-label=${label} type=${exact ? "date" : "text"} inputmode=${field?.kind === "number" ? "decimal" : nothing} list=${exact ? nothing : "filter-values"} placeholder=${this.#placeholder(field, takes)} autocomplete="off" spellcheck="false" aria-invalid=${String(this.error !== "")} aria-describedby="filter-error" .value=${this[which]} @input=${(/** @type {any} */ event) => { this[which] = event.target.value; this.error = ""; this.#draw(); }}></label>`;
    return html`<div class="filter-row">${takes === "two" ? html`${input("text", t("shared.from"))}<span class="dim">${t("filter.and")}</span>${input("second", t("filter.to"))}` : input("text", takes === "many" ? t("shared.values") : t("shared.value"))}</div>${exact ? nothing : html`<datalist id="filter-values">${this.#known(field).map((one) => html`<option value=${one}></option>`)}</datalist>`}`;
  }

  /** @param {Field | undefined} field @param {string} takes */
  #placeholder(field, takes) {
    if (takes === "many") return t("filter.values_commas_between");
    if (this.op === "regex") return t("filter.pattern_like_a_z");
    if (this.op === "size") return t("filter.how_many");
    return field?.kind === "date" ? "2026-01-31" : field?.kind === "number" ? t("filter.number") : t("shared.value");
  }

  /** Values of the field in the rows that have been read. @param {Field | undefined} field */
  #known(field) {
    const app = this.bar.app;
    if (!field || !app?.grid.store || field.kind === "object") return [];
    const spec = app.grid.store.key;
    const at = field.key ? keyFields(spec).findIndex((one) => one.name === field.label) : -1;
    const path = field.name.replace(/^value\./, "").split(".");
    /** @type {Set<string>} */
    const values = new Set();
    for (const item of app.grid.source?.sample() ?? []) {
      let value = at >= 0 ? keyValues(spec, item.key)[at] : item.value;
      if (at < 0) for (const step of path) value = isObject(value) ? value[step] : undefined;
      const all = Array.isArray(value) ? value : [value];
      for (const one of all) if (one !== undefined && one !== null && typeof one !== "object" && literal(one).length < 60) values.add(valueText(one));
      if (values.size >= MOST_VALUES) break;
    }
    return [...values].sort();
  }

  #pick() {
    this.picking = true;
    this.find = "";
    this.at = Math.max(0, this.found.findIndex((one) => one.name === this.name));
    this.#draw();
    void this.bar.updateComplete.then(() => this.#focus("[data-field]"));
  }

  /** @param {Field} field */
  #picked(field) {
    if (!this.fields.some((one) => one.name === field.name)) this.fields = [...this.fields, field];
    this.name = field.name;
    this.picking = false;
    this.error = "";
    const able = operatorsFor(field);
    if (!able.some((one) => one.id === this.op)) this.op = able[0]?.id ?? "there";
    this.#draw();
    void this.bar.updateComplete.then(() => this.#focus("[data-value]", "[data-op]"));
  }

  /** @param {string} op */
  #operator(op) {
    this.op = op;
    this.error = "";
    this.#draw();
  }

  /** @param {KeyboardEvent} event @param {string} one */
  #radio(event, one) {
    if (!event.key.startsWith("Arrow")) return;
    event.preventDefault();
    this.text = one === "true" ? "false" : "true";
    this.#draw();
    void this.bar.updateComplete.then(() => this.#focus("[aria-checked='true']"));
  }

  #off() {
    const { pills } = this.bar.state;
    this.bar.apply(pills.map((pill, index) => (index === this.index ? { ...pill, off: pill.off ? undefined : true } : pill)));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    event.stopPropagation();
    const { found } = this;
    if (event.key === "Escape") {
      if (this.picking && this.name) {
        this.picking = false;
        this.#draw();
      } else this.bar.cancel(this.index < 0 ? ".add-filter" : `[data-pill="${this.index}"] .say`);
    } else if (this.picking && event.key === "ArrowDown") this.#move(1, found.length);
    else if (this.picking && event.key === "ArrowUp") this.#move(-1, found.length);
    else if (this.picking && (event.key === "Enter" || (event.key === "Tab" && !event.shiftKey)) && found[this.at] && event.target instanceof HTMLInputElement) this.#picked(found[this.at]);
    else return;
    event.preventDefault();
  }

  /** @param {number} by @param {number} length */
  #move(by, length) {
    if (!length) return;
    this.at = (this.at + by + length) % length;
    this.#draw();
    void this.bar.updateComplete.then(() => this.bar.querySelector(".filter-fields .at")?.scrollIntoView({ block: "nearest" }));
  }

  /** Filters by what was typed, or says what is wrong with it. */
  apply() {
    const text = this.field?.kind === "bool" && this.text === "" ? "true" : this.text;
    const typed = typedPill(this.field, this.name, this.op, text, this.second);
    if ("error" in typed) {
      this.error = typed.error;
      this.fix = typed.fix;
      this.secondWrong = typed.second === true;
      this.#draw();
      return;
    }
    const { pills } = this.bar.state;
    const next = this.index < 0 ? [...pills, typed.pill] : pills.map((pill, index) => (index === this.index ? { ...typed.pill, off: pill.off } : pill));
    this.bar.apply(next);
    document.getElementById("rows")?.focus({ preventScroll: true });
  }
}
