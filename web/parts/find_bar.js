// The bar to find in rows: a text, the count of what is found, next and the one before, and the marks of what is found.
//
// Holds: Enter and F3 go on, with Shift back, from the last to the first; Escape closes it. Who shows the rows looks for the
// text and says what is found, at once or while it looks.

import { count } from "../core/format.js";
import { t } from "../strings/shell.js";
import { html, render } from "../vendor/lit.js";
import { icon, make } from "./dom.js";

/** What is looked for and kept at most. */
export const MOST_HITS = 5000;

/** @typedef {{line: number, column: number}} Hit a line and a cell of it, counted from the one after its number */
/**
 * Who shows the rows: the name of the field, what looks for a text, what goes to a hit (to none: draws the rows), what
 * follows when the bar is closed, and what else the bar says.
 * @typedef {{name: string, look: (text: string) => void, go: (hit: Hit | undefined) => void, closed: () => void, beside?: () => unknown}} Finder
 */

export class FindBar {
  /** @param {Finder} finder */
  constructor(finder) {
    this.finder = finder;
    this.element = make("div", "find-bar");
    this.element.setAttribute("role", "search");
    this.text = "";
    /** @type {Hit[]} */
    this.hits = [];
    /** @type {Set<string>} */
    this.marked = new Set();
    this.at = -1;
    /** What is said as long as nothing is found; not set: that there is nothing. @type {string | undefined} */
    this.waiting = undefined;
  }

  get isOpen() {
    return this.element.isConnected;
  }

  /** @param {Element | null | undefined} place what it is put into */
  open(place) {
    if (!this.isOpen) place?.append(this.element);
    this.draw();
    const input = this.element.querySelector("input");
    input?.focus();
    input?.select();
    if (this.text) this.finder.look(this.text);
  }

  close() {
    this.element.remove();
    this.forget();
    this.finder.closed();
  }

  /** Forgets what was found. */
  forget() {
    this.hits = [];
    this.marked = new Set();
    this.at = -1;
  }

  /** Keeps what is found. @param {Hit} hit */
  add(hit) {
    this.hits.push(hit);
    this.marked.add(`${hit.line} ${hit.column}`);
  }

  /** Goes to one of what is found. @param {number} at */
  go(at) {
    this.at = at;
    this.finder.go(this.hits[at]);
  }

  /** Marks the cells of a row that are found. @param {{cells: Element[]}} row @param {number} line */
  mark(row, line) {
    row.cells.forEach((element, index) => element.classList.toggle("hit", index > 0 && this.marked.has(`${line} ${index - 1}`)));
  }

  draw() {
    const { hits } = this;
    render(html`<label class="field">${icon("search", true)}<input aria-label=${this.finder.name} placeholder=${t("shared.find_in_these_rows")} autocomplete="off" spellcheck="false" .value=${this.text} @input=${(/** @type {any} */ event) => this.#typed(event.target.value)} @keydown=${(/** @type {KeyboardEvent} */ event) => this.#key(event)}></label>
      <span class="small dim" role="status">${this.#said()}</span>
      ${this.finder.beside?.()}
      <button class="button only s quiet" aria-label=${t("shared.the_one_before")} title=${t("shared.the_one_before_shift")} ?disabled=${!hits.length} @click=${() => this.#step(-1)}>${icon("up", true)}</button><button class="button only s quiet" aria-label=${t("shared.next")} title=${t("shared.next_enter")} ?disabled=${!hits.length} @click=${() => this.#step(1)}>${icon("down", true)}</button><button class="button only s quiet" aria-label=${t("shared.close")} title=${t("shared.close_esc")} @click=${() => this.close()}>${icon("x", true)}</button>`, this.element);
  }

  #said() {
    const found = this.hits.length;
    if (this.text === "") return "";
    if (!found) return this.waiting ?? t("shared.nothing_found");
    return t("shared.n_of_total", { n: count(this.at + 1), total: `${count(found)}${found >= MOST_HITS ? "+" : ""}` });
  }

  /** @param {string} text */
  #typed(text) {
    this.text = text;
    this.finder.look(text);
  }

  /** @param {number} by */
  #step(by) {
    if (!this.hits.length) return;
    this.go((this.at + by + this.hits.length) % this.hits.length);
    this.draw();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    event.stopPropagation();
    if (event.key === "Escape") this.close();
    else if (event.key === "Enter" || event.key === "F3") this.#step(event.shiftKey ? -1 : 1);
    else if (event.key === "f" && (event.ctrlKey || event.metaKey)) this.element.querySelector("input")?.select();
    else return;
    event.preventDefault();
  }
}
