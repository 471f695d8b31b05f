// Find in a result: Ctrl F over its grid, through all the rows that the page keeps, with the count, next and the one before.
//
// Holds: it looks a few milliseconds at a time, so that the page goes on while a large result is looked through; what is found
// is shown as it is found. What is found is what copying a cell gives.

import { count } from "../../core/format.js";
import { plain } from "../../model/query/export.js";
import { t } from "../../strings/query.js";
import { html, render } from "../../vendor/lit.js";
import { icon, make } from "../dom.js";

const MOST_HITS = 5000;
const TURN_MS = 10;

/** Characters that a line of JSON writes otherwise: with one of them each value is looked at. */
const WRITTEN_OTHERWISE = /["\\\u0000-\u001f\u007f\u2028\u2029]/;

/** @typedef {{line: number, column: number}} Hit */

export class ResultFind {
  /** @param {import("./result_grid.js").SopResultGrid} grid */
  constructor(grid) {
    this.grid = grid;
    this.bar = make("div", "find-bar");
    this.bar.setAttribute("role", "search");
    this.text = "";
    /** @type {Hit[]} */
    this.hits = [];
    /** @type {Set<string>} */
    this.marked = new Set();
    this.at = -1;
    this.looking = false;
    /** Which search is the one that counts. */
    this.turn = 0;
  }

  get isOpen() {
    return this.bar.isConnected;
  }

  open() {
    if (!this.isOpen) this.grid.append(this.bar);
    this.#draw();
    const input = this.bar.querySelector("input");
    input?.focus();
    input?.select();
    if (this.text) void this.#look();
  }

  /** Forgets what was found: the rows are others. */
  reset() {
    this.turn += 1;
    this.looking = false;
    this.hits = [];
    this.marked = new Set();
    this.at = -1;
    if (this.isOpen) this.#draw();
  }

  close() {
    this.bar.remove();
    this.reset();
    this.grid.draw(true);
    this.grid.rows?.focus({ preventScroll: true });
  }

  /** Marks the cells of a row that are found. @param {import("./result_layout.js").RowElement} row */
  mark(row) {
    if (!this.isOpen) return;
    row.cells.forEach((element, index) => element.classList.toggle("hit", index > 0 && this.marked.has(`${row.line} ${index - 1}`)));
  }

  /** @param {string} text */
  #typed(text) {
    this.text = text;
    void this.#look();
  }

  async #look() {
    const { grid } = this;
    this.reset();
    const { turn, text } = this;
    const { source } = grid;
    if (!source || text === "") {
      grid.draw(true);
      this.#draw();
      return;
    }
    this.looking = true;
    const wanted = text.toLowerCase();
    const inLines = !WRITTEN_OTHERWISE.test(text);
    const top = grid.map.firstVisible;
    let gone = false;
    let since = performance.now();
    for (let chunk = 0, texts = source.texts(0); texts && this.hits.length < MOST_HITS; chunk += 1, texts = source.texts(chunk)) {
      for (let at = 0; at < texts.lines.length && this.hits.length < MOST_HITS; at += 1) {
        if (!inLines || texts.lines[at].toLowerCase().includes(wanted)) this.#lookIn(texts.first + at, wanted);
        if (performance.now() - since < TURN_MS) continue;
        gone = this.#show(top, gone);
        await new Promise((resolve) => setTimeout(resolve));
        if (this.turn !== turn) return;
        since = performance.now();
      }
    }
    this.looking = false;
    if (!this.#show(top, gone) && this.hits.length) this.#go(0);
    this.#draw();
  }

  /** @param {number} line @param {string} wanted */
  #lookIn(line, wanted) {
    const row = this.grid.source?.at(line);
    if (!row) return;
    for (let column = 0; column < this.grid.columns.length; column += 1) {
      if (!plain(row[column]).toLowerCase().includes(wanted)) continue;
      this.hits.push({ line, column });
      this.marked.add(`${line} ${column}`);
    }
  }

  /** Goes to the first that is in view or below it, once it is known. @param {number} top @param {boolean} gone whether it went there @returns {boolean} */
  #show(top, gone) {
    const first = gone ? -1 : this.hits.findIndex((hit) => hit.line >= top);
    if (first >= 0) this.#go(first);
    this.#draw();
    return gone || first >= 0;
  }

  /** @param {number} at */
  #go(at) {
    this.at = at;
    const hit = this.hits[at];
    if (hit) this.grid.select(hit.line, hit.column);
    this.grid.draw(true);
  }

  /** @param {number} by */
  #step(by) {
    if (!this.hits.length) return;
    this.#go((this.at + by + this.hits.length) % this.hits.length);
    this.#draw();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    event.stopPropagation();
    if (event.key === "Escape") this.close();
    else if (event.key === "Enter" || event.key === "F3") this.#step(event.shiftKey ? -1 : 1);
    else if (event.key === "f" && (event.ctrlKey || event.metaKey)) this.bar.querySelector("input")?.select();
    else return;
    event.preventDefault();
  }

  #draw() {
    const { hits } = this;
    const said = this.text === "" ? "" : hits.length ? t("shared.n_of_total", { n: count(this.at + 1), total: `${count(hits.length)}${hits.length >= MOST_HITS ? "+" : ""}` }) : this.looking ? t("query.looking") : t("shared.nothing_found");
    render(html`<label class="field">${icon("search", true)}<input aria-label=${t("shared.find_in_the_result")} placeholder=${t("shared.find_in_these_rows")} autocomplete="off" spellcheck="false" .value=${this.text} @input=${(/** @type {any} */ event) => this.#typed(event.target.value)} @keydown=${(/** @type {KeyboardEvent} */ event) => this.#key(event)}></label>
      <span class="small dim" role="status">${said}</span>
      <button class="button only s quiet" aria-label=${t("shared.the_one_before")} title=${t("shared.the_one_before_shift")} ?disabled=${!hits.length} @click=${() => this.#step(-1)}>${icon("up", true)}</button><button class="button only s quiet" aria-label=${t("shared.next")} title=${t("shared.next_enter")} ?disabled=${!hits.length} @click=${() => this.#step(1)}>${icon("down", true)}</button><button class="button only s quiet" aria-label=${t("shared.close")} title=${t("shared.close_esc")} @click=${() => this.close()}>${icon("x", true)}</button>`, this.bar);
  }
}
