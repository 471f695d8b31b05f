// Rows of which only those in view are drawn: the scroller, its place in all rows, and the row elements that are moved and
// refilled. Grids are made of it.
//
// Holds: the page has as many row elements as fit into the view and a few more, whatever the count; the scroller is where the
// map says. Does not: know what a row shows.

import { ScrollMap } from "../core/scroll_map.js";
import { make } from "./dom.js";
import { makeRow } from "./grid_rows.js";
import { PlaceBar } from "./place_bar.js";

/** Rows that are drawn above and below the view. */
export const OVERSCAN = 8;
const ROW = 28;
const CARD = 84;

/** @typedef {import("./grid_rows.js").RowElement} RowElement */

export class DrawnRows extends HTMLElement {
  constructor() {
    super();
    this.map = new ScrollMap();
    /** @type {RowElement[]} */
    this.pool = [];
    this.active = { line: -1, column: 0 };
    /** How many digits a rank has. */
    this.digits = 1;
    this.frame = 0;
    /** How far it is scrolled sideways, and the room that rows have there; reading it from the page costs a layout. */
    this.left = 0;
    this.room = 0;
    this.contentWidth = 0;
    /** A row is drawn anew when what it was drawn from has another stamp. */
    this.stamp = 1;
    this.narrow = matchMedia("(width < 900px)");
  }

  /** Whether there are so many columns that only those in view are drawn. */
  get manyColumns() {
    return false;
  }

  /** Whether it says that there is no row. */
  get isEmpty() {
    return false;
  }

  /** Makes the scroller with its head, and the bar beside it. @param {string} id */
  makeRows(id) {
    const rows = make("div", "rows scroll live");
    rows.id = id;
    rows.tabIndex = 0;
    rows.setAttribute("role", "grid");
    rows.setAttribute("aria-multiselectable", "true");
    this.rows = rows;
    this.head = make("div", "grid-head");
    this.head.setAttribute("role", "rowgroup");
    this.body = make("div", "grid-body");
    this.body.setAttribute("role", "rowgroup");
    rows.append(this.head, this.body);
    this.bar = new PlaceBar((share) => {
      this.map.go(share * this.map.maxTop);
      this.scrolled();
    });
    rows.addEventListener("scroll", () => this.#onScroll(), { passive: true });
    rows.addEventListener("scrollend", () => this.settle(), { passive: true });
    new ResizeObserver(() => this.measure()).observe(rows);
    this.narrow.addEventListener("change", () => this.measure(true));
    return { rows, head: this.head, bar: this.bar.element };
  }

  /** Makes a cell the active one; -1: there is none. @param {number} line @param {number} column */
  activate(line, column) {
    this.active = { line, column };
  }

  /** Makes room for ranks up to a count; whether it is another. @param {number} count */
  rankTo(count) {
    const digits = String(Math.max(1, count)).length;
    const other = digits !== this.digits;
    this.digits = digits;
    return other;
  }

  /** The classes of the rows: room for ranks, and whether there is something to scroll sideways. */
  dress() {
    if (!this.rows) return;
    this.room = this.rows.clientWidth;
    this.left = this.rows.scrollLeft;
    const wide = !this.narrow.matches && this.contentWidth > this.room;
    const name = `rows scroll live ranks-${this.digits}${wide ? " wide" : ""}${this.manyColumns ? " many" : ""}${this.isEmpty ? " none" : ""}`;
    if (this.rows.className !== name) this.rows.className = name;
  }

  /** Takes the room that there is. @param {boolean} [force] */
  measure(force = false) {
    if (!this.rows) return;
    const row = this.narrow.matches ? CARD : ROW;
    this.dress();
    const view = Math.max(0, this.rows.clientHeight - (this.narrow.matches ? 0 : ROW));
    if (!force && row === this.map.row && view === this.map.view) {
      // Wider or narrower: other columns are in view.
      if (this.manyColumns) this.#schedule();
      return;
    }
    this.resized(row, view);
    this.sync();
    this.draw(true);
  }

  /** The view is higher or lower. @param {number} row @param {number} view */
  resized(row, view) {
    this.map.measure({ row, view });
  }

  /** Puts the scroller where the map says. */
  sync() {
    if (!this.rows || !this.body) return;
    this.body.style.height = `${this.map.content}px`;
    if (Math.abs(this.rows.scrollTop - this.map.physical) >= 1) this.rows.scrollTop = this.map.physical;
    this.map.physical = this.rows.scrollTop;
  }

  #onScroll() {
    if (!this.rows) return;
    const { scrollTop, scrollLeft } = this.rows;
    const aside = scrollLeft !== this.left;
    this.left = scrollLeft;
    if (scrollTop !== this.map.physical) this.map.moved(scrollTop);
    else if (!aside || !this.manyColumns) return;
    this.#schedule();
  }

  /** The place was set: the scroller follows. */
  scrolled() {
    this.sync();
    this.#schedule();
  }

  #schedule() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  /** When the scroller rests: puts a mapped one right. */
  settle() {
    if (!this.map.drifted) return;
    this.map.physical = this.map.ideal();
    this.sync();
    this.draw(true);
  }

  /** Draws the rows in view. @param {boolean} [_all] also those that are drawn already */
  draw(_all) {}

  /**
   * Goes through the rows in view, each in its place; gives which they are.
   * @param {HTMLElement} body @param {(row: RowElement, line: number) => void} show draws a row if what it shows is not drawn
   */
  place(body, show) {
    const { map } = this;
    const { first, last } = map.window(OVERSCAN);
    // Rows that are there stay: taking one away and back costs more than drawing it out of view.
    while (this.pool.length > last - first + 3 * OVERSCAN) this.pool.pop()?.remove();
    const size = Math.max(this.pool.length, last - first);
    while (this.pool.length < size) {
      const row = makeRow();
      this.pool.push(row);
      body.append(row);
    }
    const end = Math.min(map.count, first + size);
    const shift = Math.round(map.offset);
    const used = new Set();
    for (let line = Math.max(0, end - size); line < end; line += 1) {
      const slot = line % size;
      used.add(slot);
      const row = this.pool[slot];
      show(row, line);
      const top = line * map.row + shift;
      if (row.place !== top) {
        row.style.transform = `translateY(${top}px)`;
        row.place = top;
      }
    }
    this.pool.forEach((row, slot) => {
      if (used.has(slot)) return;
      row.hidden = true;
      row.stamp = "";
      row.line = -1;
    });
    this.bar?.show(map.top, map.view, map.height);
    return { first, last };
  }

  /** The row element that shows a line. @param {number} line */
  rowElement(line) {
    return this.pool.find((row) => row.line === line && !row.hidden);
  }
}
