// The grid of a result: rows by their number, drawn only where they are in view, whatever the count.
//
// Holds: as many row elements as fit into the view and a few more, and of many columns those in view; the focus stays on the
// grid and the active cell is named by `aria-activedescendant`. Rows come from a `ResultRows` that grows while it is looked at. Says `view` when the rows in
// view are others, and `open-row` when somebody wants to see a whole row.

import { everyColumn } from "../../core/column_window.js";
import { cell, count } from "../../core/format.js";
import { ScrollMap } from "../../core/scroll_map.js";
import { plain, tabbed } from "../../model/query/export.js";
import { t } from "../../strings/query.js";
import { render } from "../../vendor/lit.js";
import { announce, copyText, make } from "../dom.js";
import { rankWidth } from "../grid_layout.js";
import { cardColumns, makeRow } from "../grid_rows.js";
import { PlaceBar } from "../place_bar.js";
import { ResultFind } from "./result_find.js";
import { contentWidth, drawResultRow, drawnColumns, firstInView, headOf, keepWidths, leftOfColumn, manyOf, startOf, wireGrips } from "./result_layout.js";

const OVERSCAN = 8;
const ROW = 28;
const CARD = 84;
const MOST_COPIED = 50_000;
const MOST_CHARS = 36;
const SETTLE_MS = 120;

/** @typedef {import("../../model/query/result_columns.js").ResultColumn} ResultColumn */
/** @typedef {import("./result_layout.js").RowElement} RowElement */

export class SopResultGrid extends HTMLElement {
  constructor() {
    super();
    this.map = new ScrollMap();
    /** @type {import("../../model/query/result_rows.js").ResultRows | undefined} */
    this.source = undefined;
    /** @type {ResultColumn[]} */
    this.columns = [];
    /** @type {RowElement[]} */
    this.pool = [];
    this.active = { line: -1, column: 0 };
    this.anchor = -1;
    this.stamp = 1;
    this.digits = 1;
    this.frame = 0;
    /** @type {number[]} */
    this.cards = [];
    /** How far it is scrolled sideways, and the room that rows have there; reading it from the page costs a layout. */
    this.left = 0;
    this.room = 0;
    this.contentWidth = 0;
    /** The columns that are drawn. */
    this.window = everyColumn(0);
    this.narrow = matchMedia("(width < 900px)");
    this.find = new ResultFind(this);
  }

  connectedCallback() {
    if (this.rows) return;
    this.classList.add("rows-host");
    const rows = make("div", "rows scroll live");
    rows.id = this.dataset.rows ?? "result-rows";
    rows.tabIndex = 0;
    for (const [name, value] of Object.entries({ role: "grid", "aria-label": t("shared.result"), "aria-multiselectable": "true", "aria-readonly": "true" })) rows.setAttribute(name, value);
    this.rows = rows;
    this.head = make("div", "grid-head");
    this.head.setAttribute("role", "rowgroup");
    this.body = make("div", "grid-body");
    this.body.setAttribute("role", "rowgroup");
    rows.append(this.head, this.body);
    this.bar = new PlaceBar((share) => {
      this.map.go(share * this.map.maxTop);
      this.#sync();
      this.#schedule();
    });
    this.bar.element.setAttribute("aria-label", t("query.place_in_the_result"));
    this.bar.element.setAttribute("aria-controls", rows.id);
    this.replaceChildren(rows, this.bar.element);
    rows.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    rows.addEventListener("scrollend", () => {
      if (!this.map.drifted) return;
      this.map.physical = this.map.ideal();
      this.#sync();
      this.draw(true);
    }, { passive: true });
    rows.addEventListener("keydown", (event) => this.#key(event));
    rows.addEventListener("focus", () => {
      if (this.active.line < 0 && this.map.count > 0 && rows.matches(":focus-visible")) this.select(this.map.firstVisible, 0);
    });
    rows.addEventListener("pointerdown", (event) => this.#press(event));
    rows.addEventListener("dblclick", (event) => {
      if (this.#cellOf(event)) this.#open();
    });
    rows.addEventListener("pointerover", (event) => this.#over(event));
    wireGrips(this, this.head);
    new ResizeObserver(() => this.measure()).observe(rows);
    this.narrow.addEventListener("change", () => this.measure(true));
  }

  /** Shows a result from its beginning. @param {import("../../model/query/result_rows.js").ResultRows} source @param {ResultColumn[]} columns */
  open(source, columns) {
    this.source = source;
    this.active = { line: -1, column: 0 };
    this.anchor = -1;
    this.map.top = 0;
    this.map.physical = 0;
    this.left = 0;
    if (this.rows) {
      this.rows.scrollTop = 0;
      this.rows.scrollLeft = 0;
    }
    this.find.reset();
    this.layout(columns);
    this.grow();
  }

  /** Heads and widths. @param {ResultColumn[]} columns */
  layout(columns) {
    keepWidths(this.columns, columns);
    this.columns = columns;
    this.cards = cardColumns(/** @type {any} */ (columns.slice(1))).map((at) => (at < 0 ? at : at + 1));
    this.contentWidth = contentWidth(this);
    if (!this.body || !this.head || !this.rows) return;
    this.body.style.minWidth = `${this.contentWidth}px`;
    this.head.style.minWidth = `${this.contentWidth}px`;
    this.rows.setAttribute("aria-colcount", String(columns.length + 1));
    render(headOf(columns), this.head);
    this.#dress();
    this.draw(true);
  }

  /** More rows came. */
  grow() {
    const kept = this.source?.kept ?? 0;
    const before = this.map.count;
    const digits = String(Math.max(1, kept)).length;
    if (digits !== this.digits) {
      this.digits = digits;
      this.layout(this.columns);
    }
    this.map.measure({ count: kept });
    this.rows?.setAttribute("aria-rowcount", String(kept + 1));
    this.#dress();
    this.#sync();
    // Rows that are drawn do not change: only where they come into view is there something to draw.
    if (before < this.map.window(OVERSCAN).last || before > kept) this.draw(before > kept);
    else this.bar?.show(this.map.top, this.map.view, this.map.height);
  }

  #dress() {
    if (!this.rows) return;
    this.room = this.rows.clientWidth;
    this.left = this.rows.scrollLeft;
    const wide = !this.narrow.matches && this.contentWidth > this.room;
    const name = `rows scroll live ranks-${this.digits}${wide ? " wide" : ""}${manyOf(this.columns) ? " many" : ""}`;
    if (this.rows.className !== name) this.rows.className = name;
  }

  /** @param {boolean} [force] */
  measure(force = false) {
    if (!this.rows) return;
    const row = this.narrow.matches ? CARD : ROW;
    this.#dress();
    const view = Math.max(0, this.rows.clientHeight - (this.narrow.matches ? 0 : ROW));
    if (!force && row === this.map.row && view === this.map.view) {
      // Wider or narrower: other columns are in view.
      if (manyOf(this.columns)) this.#schedule();
      return;
    }
    this.map.measure({ row, view });
    this.#sync();
    this.draw(true);
  }

  #sync() {
    if (!this.rows || !this.body) return;
    this.body.style.height = `${this.map.content}px`;
    if (Math.abs(this.rows.scrollTop - this.map.physical) >= 1) this.rows.scrollTop = this.map.physical;
    this.map.physical = this.rows.scrollTop;
  }

  #scrolled() {
    if (!this.rows) return;
    const { scrollTop, scrollLeft } = this.rows;
    const aside = scrollLeft !== this.left;
    this.left = scrollLeft;
    if (scrollTop !== this.map.physical) this.map.moved(scrollTop);
    else if (!aside || !manyOf(this.columns)) return;
    this.#schedule();
  }

  #schedule() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  /** Draws the rows in view. @param {boolean} [all] also those that are drawn already */
  draw(all = false) {
    const { map, body, source } = this;
    if (!body || !source) return;
    const window = drawnColumns(this);
    if (all || window.name !== this.window.name) this.stamp += 1;
    this.window = window;
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
    const layout = { columns: this.columns, window, cards: this.cards };
    const shift = Math.round(map.offset);
    const used = new Set();
    for (let line = Math.max(0, end - size); line < end; line += 1) {
      const slot = line % size;
      used.add(slot);
      const row = this.pool[slot];
      const stamp = `${this.stamp} ${line}`;
      if (row.stamp !== stamp) {
        drawResultRow(row, line, source.at(line) ?? [], layout);
        this.#mark(row);
        this.find.mark(row);
        row.stamp = stamp;
        row.hidden = false;
      }
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
    this.#follow();
    clearTimeout(this.learning);
    this.learning = setTimeout(() => this.#learn(), SETTLE_MS);
    this.dispatchEvent(new CustomEvent("view"));
  }

  /** Columns get wider where the rows in view have longer values than those before; never narrower. */
  #learn() {
    const held = firstInView(this);
    let wider = false;
    for (const row of this.pool) {
      const values = row.hidden ? undefined : this.source?.at(row.line);
      if (!values) continue;
      for (const at of this.window.drawn) {
        const column = this.columns[at];
        const chars = column ? Math.min(MOST_CHARS, cell(values[at] ?? null).text.length) : 0;
        if (chars <= (column?.chars ?? 0)) continue;
        column.chars = chars;
        wider = true;
      }
    }
    if (!wider) return;
    this.layout(this.columns);
    // What is looked at stays where it is when columns before it got wider.
    const moved = startOf(this, held.column) - held.start;
    if (moved && this.rows && manyOf(this.columns) && !this.narrow.matches) this.#scrollAside(this.left + moved);
  }

  /** @param {number} left */
  #scrollAside(left) {
    if (!this.rows) return;
    this.rows.scrollLeft = left;
    this.left = this.rows.scrollLeft;
    this.draw();
  }

  // ---- Selection

  /** First and last selected row. @returns {[number, number]} */
  range() {
    const other = this.anchor < 0 ? this.active.line : this.anchor;
    return [Math.min(other, this.active.line), Math.max(other, this.active.line)];
  }

  /** @param {RowElement} row */
  #mark(row) {
    const [low, high] = this.range();
    const selected = row.line >= low && row.line <= high && low >= 0;
    const mark = `${selected} ${row.line === this.active.line ? this.active.column : -1}`;
    if (row.mark === mark && !selected) return;
    row.mark = mark;
    row.setAttribute("aria-selected", String(selected));
    const id = `${this.rows?.id}-active`;
    row.cells.forEach((element, index) => {
      const on = row.line === this.active.line && index === this.active.column + 1;
      element.classList.toggle("focus", on);
      if (on) element.id = id;
      else if (element.id) element.removeAttribute("id");
    });
  }

  /** The element of the active cell; there is none when it is out of view. */
  activeCell() {
    return this.active.line < 0 ? undefined : this.pool.find((row) => row.line === this.active.line && !row.hidden)?.cells[this.active.column + 1];
  }

  #follow() {
    const active = this.activeCell();
    if (active?.id) this.rows?.setAttribute("aria-activedescendant", active.id);
    else this.rows?.removeAttribute("aria-activedescendant");
  }

  /** @param {number} line @param {number} column @param {{extend?: boolean, reveal?: boolean}} [how] */
  select(line, column, { extend = false, reveal = true } = {}) {
    if (!this.map.count) return;
    if (extend && this.anchor < 0) this.anchor = this.active.line;
    if (!extend) this.anchor = -1;
    this.active = { line: Math.min(this.map.count - 1, Math.max(0, line)), column: Math.min(this.columns.length - 1, Math.max(0, column)) };
    if (reveal) {
      this.map.reveal(this.active.line);
      this.#sync();
    }
    for (const row of this.pool) if (!row.hidden) this.#mark(row);
    this.draw();
    if (reveal) this.#revealColumn();
  }

  #revealColumn() {
    if (!this.rows?.classList.contains("wide")) return;
    if (manyOf(this.columns)) {
      const left = leftOfColumn(this, this.active.column);
      if (left !== undefined) this.#scrollAside(left);
      return;
    }
    const active = this.activeCell();
    if (!active) return;
    const box = active.getBoundingClientRect();
    const view = this.rows.getBoundingClientRect();
    const held = rankWidth(this.digits);
    if (box.left < view.left + held) this.rows.scrollLeft -= view.left + held - box.left;
    else if (box.right > view.right) this.rows.scrollLeft += box.right - view.right;
  }

  /** @param {Event} event @returns {{line: number, column: number, element: HTMLElement} | undefined} */
  #cellOf(event) {
    const row = /** @type {RowElement | null} */ (event.target instanceof Element ? event.target.closest(".grid-body .tr") : null);
    if (!row || row.line < 0) return undefined;
    const index = row.cells.findIndex((element) => element?.contains(/** @type {Node} */ (event.target)));
    return { line: row.line, column: Math.max(0, index - 1), element: row.cells[Math.max(0, index)] };
  }

  /** @param {PointerEvent} event */
  #press(event) {
    const at = this.#cellOf(event);
    if (!at || event.button !== 0) return;
    this.select(at.line, at.column, { extend: event.shiftKey, reveal: false });
    if (this.narrow.matches) this.#open();
  }

  /** The whole value where a cell cuts it. @param {PointerEvent} event */
  #over(event) {
    const at = this.#cellOf(event);
    if (!at || at.element.title || at.element.classList.contains("rank")) return;
    const cuts = at.element.scrollWidth > at.element.clientWidth + 1 || at.element.querySelector(".more, .cut") || at.element.classList.contains("dim");
    if (cuts) at.element.title = plain(this.source?.at(at.line)?.[at.column]).slice(0, 2000);
  }

  #open() {
    if (this.active.line >= 0) this.dispatchEvent(new CustomEvent("open-row", { detail: this.active.line }));
  }

  /** Copies the cell, or the selected rows as a table. */
  async copy() {
    const [low, high] = this.range();
    if (low < 0 || !this.source) return;
    const text = low === high ? plain(this.source.at(low)?.[this.active.column]) : tabbed(this.source.values(low, Math.min(high + 1, low + MOST_COPIED)));
    const rows = Math.min(high - low + 1, MOST_COPIED);
    announce((await copyText(text)) ? (low === high ? t("shared.copied") : t("query.n_rows_copied_within", { n: count(rows) })) : t("shared.clipboard_refused"));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { line, column } = this.active;
    const page = Math.max(1, Math.floor(this.map.view / this.map.row) - 1);
    const end = this.map.count - 1;
    const all = event.ctrlKey || event.metaKey;
    /** @type {{[key: string]: () => unknown}} */
    const keys = {
      ArrowDown: () => this.select(all ? end : line + 1, column, { extend: event.shiftKey }),
      ArrowUp: () => this.select(all ? 0 : line - 1, column, { extend: event.shiftKey }),
      ArrowRight: () => this.select(line, column + 1),
      ArrowLeft: () => this.select(line, column - 1),
      PageDown: () => this.select(line + page, column, { extend: event.shiftKey }),
      PageUp: () => this.select(line - page, column, { extend: event.shiftKey }),
      Home: () => this.select(all ? 0 : line, all ? column : 0, { extend: all && event.shiftKey }),
      End: () => this.select(all ? end : line, all ? column : this.columns.length - 1, { extend: all && event.shiftKey }),
      Enter: () => this.#open(),
      " ": () => this.#open(),
    };
    let act = all && /^(?:ArrowLeft|ArrowRight|Enter| )$/.test(event.key) ? undefined : keys[event.key];
    if (all && event.key.toLowerCase() === "c" && !event.shiftKey) act = () => this.copy();
    if (all && event.key.toLowerCase() === "f" && !event.shiftKey) act = () => this.find.open();
    if (all && event.key.toLowerCase() === "a") {
      act = () => {
        this.select(0, column);
        this.select(end, column, { extend: true, reveal: false });
      };
    }
    if (!act || event.altKey || !this.map.count) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }
}

customElements.define("sop-result-grid", SopResultGrid);
