// The bar over the grid: the open prefix and the filter as pills, the jump field, order and columns.
//
// Holds: what the pills say is what the address says (`filter`, `off`), and nothing else keeps it; a filter that pills
// cannot say is one pill with its text. What the server says of a filter stands at the pill that it is about.

import { ApiError } from "../core/http.js";
import { count, sentence } from "../core/format.js";
import { isPartial, keyFields, prefixText } from "../core/keys.js";
import { fieldsOf, pillAt, pillWords, readPills, writePills } from "../model/filter.js";
import { t } from "../strings/filter.js";
import { html, nothing } from "../vendor/lit.js";
import { Part, icon } from "./dom.js";
import { FilterEditor } from "./filter_editor.js";
import { RawFilter } from "./filter_raw.js";

/** @typedef {import("./context.js").Context} Context */
/** @typedef {import("../model/filter.js").Pill} Pill */
/** @typedef {{index: number, text: string, wrong?: string, suggestions: string[]}} Fault index -1: of the whole */

const MOST_RAW = 48;

export class SopFilters extends Part {
  constructor() {
    super();
    this.wrong = "";
    /** @type {string | undefined} */
    this.fix = undefined;
    this.jumping = false;
    /** What is known of the count of rows. */
    this.known = "";
    /** @type {Fault | undefined} */
    this.fault = undefined;
    /** What is open below the bar. @type {FilterEditor | RawFilter | undefined} */
    this.editor = undefined;
  }

  /** @param {Context} app @param {(text: string) => Promise<{error: string, fix?: string} | undefined>} jump */
  start(app, jump) {
    this.app = app;
    this.session = app.session;
    this.jump = jump;
    this.follow(app.session, "place", "stores");
    this.follow(app.grid, "columns");
    app.session.addEventListener("place", () => {
      this.fault = undefined;
      this.close();
    });
    app.grid.addEventListener("view", () => {
      // How many there are is known a little later than that there are more.
      const source = app.grid.source;
      const now = `${source?.count} ${source?.exact}`;
      if (now !== this.known) {
        this.known = now;
        this.requestUpdate();
      }
    });
    document.addEventListener("pointerdown", (event) => {
      if (this.editor && event.target instanceof Node && !this.contains(event.target)) this.close();
    });
    this.requestUpdate();
  }

  shouldUpdate() {
    return this.session !== undefined;
  }

  /** The pills, and the text of a filter that they cannot say. */
  get state() {
    const { filter, off } = /** @type {Context} */ (this.app).session.place;
    return readPills(filter, off);
  }

  /** The fields that a filter can name. */
  get fields() {
    const { session, grid } = /** @type {Context} */ (this.app);
    const { store } = session;
    if (!store) return [];
    const columns = grid.store?.name === store.name ? grid.columns.list : (store.schema?.fields ?? []);
    return fieldsOf(store, columns, grid.store?.name === store.name ? (grid.source?.sample() ?? []).map((item) => item.value) : []);
  }

  /** Filters by other pills. @param {Pill[]} pills */
  apply(pills) {
    this.close();
    void this.session?.go({ ...writePills(pills), at: undefined, sel: undefined });
  }

  /** Filters by a document as text, together with the pills that are off. @param {string | undefined} text */
  applyRaw(text) {
    this.close();
    void this.session?.go({ filter: text, at: undefined, sel: undefined });
  }

  /** Adds a condition to the filter; one that is only text is kept beside it. @param {Pill} pill */
  add(pill) {
    const { pills, raw } = this.state;
    if (raw === undefined) return this.apply([...pills, pill]);
    const own = writePills([pill]).filter;
    return this.applyRaw(`{"$and": [${raw}, ${own}]}`);
  }

  /** Opens the editor of a pill, or of a new one. @param {number} [index] @param {string} [field] */
  edit(index = -1, field = "") {
    if (index < 0 && this.state.raw !== undefined) return this.editRaw();
    this.editor = new FilterEditor(this, index, field);
    this.#shown();
  }

  /** Opens the filter as text. */
  editRaw() {
    this.editor = new RawFilter(this);
    this.#shown();
  }

  #shown() {
    this.jumping = false;
    this.requestUpdate();
    void this.updateComplete.then(() => this.editor?.shown());
  }

  /** Takes an error of the rows when it is about the filter. @param {unknown} error */
  takes(error) {
    if (!(error instanceof ApiError)) return false;
    const one = (error.problem.errors ?? []).find((/** @type {any} */ each) => each.parameter === "filter" || String(each.pointer ?? "").startsWith("/select/filter"));
    if (!one) return false;
    const pointer = String(one.pointer ?? "").replace(/^\/select\/filter/, "");
    this.fault = { index: this.state.raw === undefined ? pillAt(this.state.pills, pointer) : -1, text: one.detail ?? error.message, wrong: pointer.split("/")[1], suggestions: one.suggestions ?? [] };
    this.requestUpdate();
    void this.updateComplete.then(() => this.#place(".filter-fault", this.querySelector(".pill.wrong") ?? this));
    return true;
  }

  render() {
    const session = /** @type {import("../model/session.js").Session} */ (this.session);
    const { store } = session;
    if (!store) return html`<span class="dim">${t("filter.no_store_is_open")}</span>`;
    const { prefix, sort } = session.place;
    const { pills, raw } = this.state;
    const fields = this.fields;
    const plain = !prefix.length && !pills.length && raw === undefined;
    return html`<div class="pills" role="group" aria-label=${t("filter.filters")}>${prefix.length ? this.#prefix(store, prefix) : plain ? html`<span class="pill still"><b>${t("shared.key_within")}</b><span class="op">${keyFields(store.key).map((field) => field.type).join(" / ")}</span></span>` : nothing}
        ${raw === undefined ? nothing : html`<span class="pill raw ${this.fault ? "wrong" : ""}"><button class="say" aria-haspopup="dialog" title=${t("filter.edit_as_json")} @click=${() => this.editRaw()}><b>${t("shared.filter_within")}</b><span class="data cut">${raw.replace(/\s+/g, " ").slice(0, MOST_RAW)}${raw.length > MOST_RAW ? "…" : ""}</span></button><button aria-label=${t("filter.remove_the_filter")} title=${t("shared.remove")} @click=${() => this.applyRaw(undefined)}>${icon("x", true)}</button></span>`}
        ${pills.map((pill, index) => this.#pill(pill, index, fields))}
        <button class="button s quiet add-filter" data-command="add-filter" title=${t("filter.filter_key_hint")} aria-haspopup="dialog">${icon("plus", true)}<span>${t("shared.filter")}</span></button></div>
      ${plain && !sort ? html`<span class="dim">${t("filter.all_n_items", { n: Number(store.count) })}</span>` : this.#order()}
      <div class="end">${this.jumping ? this.#field() : html`<button class="button s quiet" data-command="jump" title=${t("filter.go_to_a_key_key_hint")}>${icon("jump", true)}<span>${t("filter.key_or")}</span></button>`}
        <button class="button only s quiet" aria-label=${t("shared.add_item")} title=${t("filter.add_item_key_hint")} data-command="new-item">${icon("plus", true)}</button>
        <button class="button only s quiet" aria-label=${sort?.desc ? t("filter.sort_falling", { field: sort?.field || t("shared.key_within") }) : t("filter.sort_rising", { field: sort?.field || t("shared.key_within") })} title=${t("shared.sort")} aria-haspopup="menu" data-command="sort">${icon(sort?.desc ? "desc" : sort ? "asc" : "sort", true)}</button>
        <button class="button only s quiet" aria-label=${t("filter.columns_shown", { columns: this.#columns() })} title=${t("shared.columns")} aria-haspopup="dialog" data-command="columns">${icon("columns", true)}</button>
        <button class="button only s quiet" aria-label=${t("shared.more")} title=${t("shared.more")} aria-haspopup="menu" data-command="more">${icon("more", true)}</button></div>
      ${this.editor?.render() ?? nothing}${this.#faultBox()}`;
  }

  #columns() {
    const list = this.app?.grid.columns.list ?? [];
    return t("shared.n_of_total", { n: list.filter((column) => column.shown).length, total: list.length });
  }

  /** @param {import("../model/tree.js").Store} store @param {unknown[]} prefix */
  #prefix(store, prefix) {
    const last = prefix.at(-1);
    return html`<span class="pill"><b>${t("shared.key_within")}</b><span class="op">${t("filter.starts_with")}</span><span class="data">${prefixText(store.key, isPartial(last) ? [...prefix.slice(0, -1), last.partial] : prefix)}</span><button aria-label=${t("filter.remove_the_prefix")} title=${t("filter.remove_the_prefix")} data-command="clear-prefix">${icon("x", true)}</button></span>`;
  }

  /** @param {Pill} pill @param {number} index @param {import("../model/filter.js").Field[]} fields */
  #pill(pill, index, fields) {
    const words = pillWords(pill, fields.find((field) => field.name === pill.field));
    const wrong = this.fault?.index === index;
    const whole = `${words.name} ${words.op} ${words.value}`;
    return html`<span class="pill ${pill.off ? "off" : ""} ${wrong ? "wrong" : ""}" data-pill=${index}><button class="say" aria-haspopup="dialog" aria-label=${pill.off ? t("filter.edit_condition_off", { name: whole }) : t("shared.edit_name", { name: whole })} title=${pill.off ? t("filter.whole_off", { whole }) : whole} @click=${() => this.edit(index)} @keydown=${(/** @type {KeyboardEvent} */ event) => this.#pillKey(event, index)}
      ><b>${words.name}</b><span class="op">${words.op}</span>${words.value === "" ? nothing : html`<span class="cut ${words.kind}">${words.value}</span>`}</button><button aria-label=${t("shared.remove_name", { name: whole })} title=${t("shared.remove_del")} @click=${() => this.removePill(index)}>${icon("x", true)}</button></span>`;
  }

  /** @param {KeyboardEvent} event @param {number} index */
  #pillKey(event, index) {
    if (event.key === "Delete" || event.key === "Backspace") this.removePill(index);
    else if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      const all = /** @type {HTMLElement[]} */ ([...this.querySelectorAll(".pill .say, .add-filter")]);
      all[all.indexOf(/** @type {HTMLElement} */ (event.currentTarget)) + (event.key === "ArrowRight" ? 1 : -1)]?.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {number} index */
  removePill(index) {
    this.apply(this.state.pills.filter((_, at) => at !== index));
    void this.updateComplete.then(() => /** @type {HTMLElement | null} */ (this.querySelectorAll(".pill .say")[Math.max(0, index - 1)] ?? this.querySelector(".add-filter"))?.focus());
  }

  /** How the rows are ordered, where that is not the order of keys. */
  #order() {
    const source = this.app?.grid.source;
    const sort = this.session?.place.sort;
    if (!sort?.field) return nothing;
    return html`<span class="dim" role="status">${source && "cut" in source && source.cut ? t("filter.sorted_by_a_query_first", { n: count(source.count) }) : t("filter.sorted_by_a_query")}</span>`;
  }

  #faultBox() {
    const { fault } = this;
    if (!fault || this.editor) return nothing;
    const use = (/** @type {string} */ name) => {
      const { pills, raw } = this.state;
      if (raw !== undefined || fault.index < 0) return this.editRaw();
      this.apply(pills.map((pill, index) => (index === fault.index && pill.field === fault.wrong ? { ...pill, field: name } : pill)));
    };
    return html`<div class="pop danger filter-fault" role="alert"><p>${sentence(fault.text)}</p><div class="bar">${fault.index >= 0 ? html`${fault.suggestions.slice(0, 2).map((name) => html`<button class="button s" @click=${() => use(name)}>${t("shared.use_name", { name })}</button>`)}<button class="button s" @click=${() => this.edit(fault.index)}>${t("shared.edit")}</button><span class="grow"></span><button class="button s quiet" @click=${() => this.removePill(fault.index)}>${t("shared.remove")}</button>` : html`<button class="button s" @click=${() => this.editRaw()}>${t("filter.edit_as_json")}</button><span class="grow"></span><button class="button s quiet" data-command="clear-filter">${t("shared.clear_the_filter")}</button>`}</div></div>`;
  }

  /** Puts what is open below the bar under what it belongs to. @param {string} selector @param {Element} anchor */
  #place(selector, anchor) {
    const box = /** @type {HTMLElement | null} */ (this.querySelector(selector));
    if (!box) return;
    const at = anchor.getBoundingClientRect();
    const size = box.getBoundingClientRect();
    box.style.left = `${Math.max(8, Math.min(at.left, innerWidth - size.width - 8))}px`;
    box.style.top = `${this.getBoundingClientRect().bottom + 4}px`;
  }

  updated() {
    if (!this.editor) return;
    this.#place(".filter-pop", this.querySelector(this.editor.anchor) ?? this);
  }

  #field() {
    return html`<span class="jump ${this.wrong ? "wrong" : ""}"><label class="field">${icon("jump", true)}<input aria-label=${t("filter.key_or_per_cent")} placeholder=${t("filter.key_or_37")} autocomplete="off" spellcheck="false" aria-invalid=${String(this.wrong !== "")} aria-describedby="jump-error"
        @keydown=${this.#key} @blur=${() => !this.wrong && this.close()}></label>${this.wrong
        ? html`<span class="pop danger" id="jump-error" role="alert"><p>${this.wrong}</p>${this.fix ? html`<span class="bar"><button class="button s" @click=${() => this.#go(this.fix ?? "")}>${t("shared.use_name", { name: this.fix })}</button></span>` : nothing}</span>`
        : nothing}</span>`;
  }

  /** Opens the jump field. */
  async openJump() {
    this.editor = undefined;
    this.jumping = true;
    this.wrong = "";
    this.requestUpdate();
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector(".jump input"))?.focus();
  }

  /** Closes what is open: the jump field, an editor. */
  close() {
    this.editor?.closed();
    this.editor = undefined;
    this.jumping = false;
    this.wrong = "";
    this.requestUpdate();
  }

  /** Closes an editor and goes back to the pill or the rows. @param {string} [selector] */
  cancel(selector = ".add-filter") {
    this.close();
    void this.updateComplete.then(() => /** @type {HTMLElement | null} */ (this.querySelector(selector))?.focus());
  }

  /** @param {KeyboardEvent} event */
  async #key(event) {
    event.stopPropagation();
    if (event.key === "Escape") {
      this.close();
      document.getElementById("rows")?.focus();
    } else if (event.key === "Enter") await this.#go(/** @type {HTMLInputElement} */ (event.target).value);
    else if (this.wrong) {
      this.wrong = "";
      this.requestUpdate();
    }
  }

  /** @param {string} text */
  async #go(text) {
    if (!text.trim()) return this.close();
    const fault = await this.jump?.(text);
    if (fault) {
      this.wrong = fault.error;
      this.fix = fault.fix;
      this.requestUpdate();
    } else {
      this.close();
      document.getElementById("rows")?.focus();
    }
  }
}

customElements.define("sop-filters", SopFilters);
