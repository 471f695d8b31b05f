// The filter as text: a JSON document, checked by the server while it is typed, with its fault marked where it is.

import { sentence } from "../core/format.js";
import { ApiError } from "../core/http.js";
import { placeOf } from "../core/json_places.js";
import { parse, stringify } from "../core/json.js";
import { pillsOf } from "../model/filter.js";
import { t } from "../strings/filter.js";
import { html } from "../vendor/lit.js";
import { icon } from "./dom.js";

const REST_MS = 200;

/** @typedef {{text: string, start: number, end: number, suggestions: string[]}} RawFault */

export class RawFilter {
  /** @param {import("./filters.js").SopFilters} bar */
  constructor(bar) {
    this.bar = bar;
    const filter = bar.session?.place.filter;
    this.text = "{}";
    try {
      if (filter !== undefined) this.text = stringify(parse(filter), 2);
    } catch {
      this.text = filter ?? "{}";
    }
    /** @type {RawFault | undefined} */
    this.fault = undefined;
    this.answer = "";
    /** @type {AbortController | undefined} */
    this.asking = undefined;
    void this.check();
  }

  anchor = ".pill.raw, .pill .say, .add-filter";

  shown() {
    const text = this.bar.querySelector("textarea");
    text?.focus();
    if (this.text === "{}") text?.setSelectionRange(1, 1);
  }

  closed() {
    clearTimeout(this.timer);
    this.asking?.abort();
  }

  render() {
    const { fault } = this;
    const marked = fault && fault.end > fault.start ? html`${this.text.slice(0, fault.start)}<mark>${this.text.slice(fault.start, fault.end)}</mark>${this.text.slice(fault.end)}` : this.text;
    return html`<section class="pop filter-pop filter-raw ${fault ? "danger" : ""}" role="dialog" aria-label=${t("shared.filter_as_json")} @keydown=${(/** @type {KeyboardEvent} */ event) => this.#key(event)}>
      <div class="raw-text"><pre class="data" aria-hidden="true">${marked}
</pre><textarea class="data" aria-label=${t("filter.filter_document")} rows="8" spellcheck="false" autocomplete="off" aria-invalid=${String(fault !== undefined)} aria-describedby="filter-said" .value=${this.text} @input=${(/** @type {any} */ event) => this.#typed(event.target.value)} @scroll=${(/** @type {any} */ event) => this.#scrolled(event.target)}></textarea></div>
      <p class="filter-error ${fault ? "fail" : "dim"}" id="filter-said" role=${fault ? "alert" : "status"}>${fault ? html`${fault.text} ${fault.suggestions.slice(0, 3).map((name) => html`<button class="button s" @click=${() => this.#use(name)}>${name}</button>`)}` : this.answer || t("shared.checking")}</p>
      <div class="bar"><button class="button s quiet" data-command="query-store" title=${t("filter.open_as_a_statement_in_the_query")} ?disabled=${fault !== undefined}>${icon("query", true)}${t("shared.as_sql")}</button><span class="grow"></span><button class="button s quiet" @click=${() => this.bar.cancel(".pill .say, .add-filter")}>${t("shared.cancel")}<kbd>Esc</kbd></button><button class="button s main" @click=${() => this.apply()}>${t("filter.apply")}<kbd>Ctrl ↵</kbd></button></div></section>`;
  }

  /** @param {HTMLTextAreaElement} text */
  #scrolled(text) {
    const pre = this.bar.querySelector(".raw-text pre");
    if (pre) [pre.scrollTop, pre.scrollLeft] = [text.scrollTop, text.scrollLeft];
  }

  /** @param {string} text */
  #typed(text) {
    this.text = text;
    this.fault = undefined;
    this.answer = "";
    this.bar.requestUpdate();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.check(), REST_MS);
  }

  /** Asks the server how many items the text lets through, or what is wrong with it. */
  async check() {
    const { session } = this.bar;
    if (!session?.store) return;
    this.asking?.abort();
    const abort = new AbortController();
    this.asking = abort;
    const text = this.text.trim() || "{}";
    try {
      parse(text);
      const answer = await session.api.get(session.path("stores", session.store.name, "items"), { limit: 1, keys_only: true, count: true, filter: text }, abort.signal);
      this.fault = undefined;
      this.answer = t("shared.n_of_total", { n: t("shared.n_items", { n: Number(answer.count) }), total: t("shared.n_items", { n: Number(answer.total) }) });
    } catch (error) {
      if (abort.signal.aborted) return;
      this.fault = this.#where(error);
    }
    this.bar.requestUpdate();
  }

  /** @param {unknown} error @returns {RawFault} */
  #where(error) {
    const fault = { text: error instanceof Error ? `${error.message}` : String(error), start: 0, end: 0, suggestions: /** @type {string[]} */ ([]) };
    if (error instanceof SyntaxError) {
      const at = Math.min(Number(/** @type {any} */ (error).offset ?? 0), this.text.length);
      return { ...fault, text: `${fault.text}.`, start: Math.max(0, at === this.text.length ? at - 1 : at), end: at + 1 };
    }
    const one = error instanceof ApiError ? error.problem.errors?.[0] : undefined;
    if (!one) return fault;
    const place = placeOf(this.text, one.pointer ?? "");
    const named = one.suggestions?.length || /^there is no/.test(one.detail);
    const at = named ? (place?.name ?? place) : place;
    return { text: sentence(one.detail), start: at?.start ?? 0, end: at?.end ?? 0, suggestions: one.suggestions ?? [] };
  }

  /** Writes a suggestion in the place of what is wrong. @param {string} name */
  #use(name) {
    const { fault } = this;
    if (!fault) return;
    this.text = this.text.slice(0, fault.start) + JSON.stringify(name) + this.text.slice(fault.end);
    this.bar.requestUpdate();
    void this.check();
    this.bar.querySelector("textarea")?.focus();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    event.stopPropagation();
    if (event.key === "Escape") this.bar.cancel(".pill .say, .add-filter");
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void this.apply();
    else return;
    event.preventDefault();
  }

  /** Filters by the text when it is right. */
  async apply() {
    clearTimeout(this.timer);
    await this.check();
    if (this.fault) return;
    const document = parse(this.text.trim() || "{}");
    const empty = pillsOf(document)?.length === 0;
    this.bar.applyRaw(empty ? undefined : stringify(document));
    window.document.getElementById("rows")?.focus({ preventScroll: true });
  }
}
