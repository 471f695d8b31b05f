// The grid of a result: rows by their number, drawn only where they are in view (`DrawnRows`), and of many columns those in view.
//
// Holds: the focus stays on the grid and the active cell is named by `aria-activedescendant`. Rows come from a `ResultRows` that
// grows while it is looked at. Says `view` when the rows in view are others, and `open-row` when somebody wants to see a whole row.

import { everyColumn } from "../../core/column_window.js";
import { cell, count } from "../../core/format.js";
import { plain, tabbed } from "../../model/query/export.js";
import { t } from "../../strings/query.js";
import { render } from "../../vendor/lit.js";
import { announce, copyText } from "../dom.js";
import { DrawnRows, OVERSCAN } from "../drawn_rows.js";
import { rankWidth } from "../grid_layout.js";
import { cardColumns } from "../grid_rows.js";
import { ResultFind } from "./result_find.js";
import { contentWidth, drawResultRow, drawnColumns, firstInView, headOf, keepWidths, leftOfColumn, manyOf, startOf, wireGrips } from "./result_layout.js";

const MOST_COPIED = 50_000;
const MOST_CHARS = 36;
const SETTLE_MS = 120;

/** @typedef {import("../../model/query/result_columns.js").ResultColumn} ResultColumn */
/** @typedef {import("./result_layout.js").RowElement} RowElement */

export class SopResultGrid extends DrawnRows {
  constructor() {
    super();
    /** @type {import("../../model/query/result_rows.js").ResultRows | undefined} */
    this.source = undefined;
    /** @type {ResultColumn[]} */
    this.columns = [];
    this.anchor = -1;
    /** @type {number[]} */
    this.cards = [];
    /** The columns that are drawn. */
    this.window = everyColumn(0);
    this.find = new ResultFind(this);
  }

  connectedCallback() {
    if (this.rows) return;
    this.classList.add("rows-host");
    const { rows, head, bar } = this.makeRows(this.dataset.rows ?? "result-rows");
    rows.setAttribute("aria-label", t("shared.result"));
    rows.setAttribute("aria-readonly", "true");
    bar.setAttribute("aria-label", t("query.place_in_the_result"));
    bar.setAttribute("aria-controls", rows.id);
    this.replaceChildren(rows, bar);
    rows.addEventListener("keydown", (event) => this.#key(event));
    rows.addEventListener("focus", () => {
      if (this.active.line < 0 && this.map.count > 0 && rows.matches(":focus-visible")) this.select(this.map.firstVisible, 0);
    });
    rows.addEventListener("pointerdown", (event) => this.#press(event));
    rows.addEventListener("dblclick", (event) => {
      if (this.#cellOf(event)) this.#open();
    });
    rows.addEventListener("pointerover", (event) => this.#over(event));
    wireGrips(this, head);
  }

  /** Shows a result from its beginning. @param {import("../../model/query/result_rows.js").ResultRows} source @param {ResultColumn[]} columns */
  open(source, columns) {
    this.source = source;
    this.activate(-1, 0);
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
    this.dress();
    this.draw(true);
  }

  /** More rows came. */
  grow() {
    const kept = this.source?.kept ?? 0;
    const before = this.map.count;
    if (this.rankTo(kept)) this.layout(this.columns);
    this.map.measure({ count: kept });
    this.rows?.setAttribute("aria-rowcount", String(kept + 1));
    this.dress();
    this.sync();
    // Rows that are drawn do not change: only where they come into view is there something to draw.
    if (before < this.map.window(OVERSCAN).last || before > kept) this.draw(before > kept);
    else this.bar?.show(this.map.top, this.map.view, this.map.height);
  }

  get manyColumns() {
    return manyOf(this.columns);
  }

  /** Draws the rows in view. @param {boolean} [all] also those that are drawn already */
  draw(all = false) {
    const { body, source } = this;
    if (!body || !source) return;
    const window = drawnColumns(this);
    if (all || window.name !== this.window.name) this.stamp += 1;
    this.window = window;
    const layout = { columns: this.columns, window, cards: this.cards };
    this.place(body, (row, line) => {
      const stamp = `${this.stamp} ${line}`;
      if (row.stamp !== stamp) {
        drawResultRow(row, line, source.at(line) ?? [], layout);
        this.#mark(row);
        this.find.mark(row);
        row.stamp = stamp;
        row.hidden = false;
      }
    });
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
    return this.active.line < 0 ? undefined : this.rowElement(this.active.line)?.cells[this.active.column + 1];
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
    this.activate(Math.min(this.map.count - 1, Math.max(0, line)), Math.min(this.columns.length - 1, Math.max(0, column)));
    if (reveal) {
      this.map.reveal(this.active.line);
      this.sync();
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
