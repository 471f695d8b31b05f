// What is selected in the grid: a rectangle from an anchor to the active cell, or rows picked one by one, or everything.
//
// Holds: it is said in lines of the view; when lines come or go, rows that were picked are forgotten. `read` gives the items
// behind it, also those that have not been read yet, and never more than `MOST_BULK`.

import { textOfKey } from "./grid_rows.js";

/** Items that are changed together at most. */
export const MOST_BULK = 10_000;

/** @typedef {import("./grid_rows.js").Line} Line */

export class Selection {
  /** @param {import("./grid.js").SopGrid} grid */
  constructor(grid) {
    this.grid = grid;
    this.anchor = -1;
    this.anchorColumn = -1;
    /** @type {Set<number>} */
    this.picked = new Set();
    this.whole = false;
  }

  clear() {
    this.anchor = -1;
    this.anchorColumn = -1;
    this.picked.clear();
    this.whole = false;
  }

  /** First and last line. @returns {[number, number]} */
  get range() {
    const { grid } = this;
    if (this.whole) return [0, grid.lines.total - 1];
    const other = this.anchor < 0 ? grid.active.line : this.anchor;
    return [Math.min(other, grid.active.line), Math.max(other, grid.active.line)];
  }

  /** First and last column; 0 is the key. @returns {[number, number]} */
  get columns() {
    const { column } = this.grid.active;
    if (this.anchor < 0 || this.anchorColumn < 0) return [column, column];
    return [Math.min(this.anchorColumn, column), Math.max(this.anchorColumn, column)];
  }

  /** @param {number} line */
  has(line) {
    if (this.picked.size) return this.picked.has(line);
    const [low, high] = this.range;
    return line >= low && line <= high && low >= 0;
  }

  /** How many lines are selected. */
  get size() {
    const [low, high] = this.range;
    return this.picked.size || (low < 0 ? 0 : high - low + 1);
  }

  /** The selected lines, in order. @param {number} [most] */
  lines(most = MOST_BULK) {
    if (this.picked.size) return [...this.picked].sort((a, b) => a - b).slice(0, most);
    const [low, high] = this.range;
    return low < 0 ? [] : Array.from({ length: Math.min(most, high - low + 1) }, (_, at) => low + at);
  }

  /** Begins or goes on with a rectangle. */
  extend() {
    const { active } = this.grid;
    this.whole = false;
    if (this.anchor >= 0) return;
    this.anchor = active.line;
    this.anchorColumn = active.column;
  }

  /** Adds a row, or takes it away again. @param {number} line */
  toggle(line) {
    const [low, high] = this.range;
    if (this.picked.size === 0) for (let one = Math.max(0, low); one <= Math.min(high, low + MOST_BULK); one += 1) this.picked.add(one);
    if (this.picked.has(line)) this.picked.delete(line);
    else this.picked.add(line);
    this.anchor = -1;
  }

  /** The items behind some lines; those that are not here are read. @param {number[]} lines @returns {Promise<Line[]>} */
  async read(lines) {
    const { grid } = this;
    const { source, store } = grid;
    if (!source || !store) return [];
    const indexes = lines.map((line) => grid.lines.resolve(line).index).filter((index) => index !== undefined);
    /** @type {Map<number, import("../model/row_source.js").Item>} */
    const items = new Map();
    const missing = indexes.some((index) => source.at(index) === undefined);
    if (missing) for (const { index, item } of await source.readRange(Math.min(...indexes), Math.max(...indexes) + 1)) items.set(index, item);
    if (grid.source !== source) return [];
    return lines.flatMap((line) => {
      const found = grid.lines.resolve(line);
      if (found.entry) return [grid.lineAt(line)];
      const item = items.get(found.index) ?? source.at(found.index);
      return item ? [{ line, index: found.index, item, entry: grid.session.changes.get(store.name, item.key, item.id), key: textOfKey(store.key, item.key), above: "" }] : [];
    });
  }

  /** Marks a row element as selected, and its cells that are. @param {import("./grid_rows.js").RowElement} row @param {number} line */
  mark(row, line) {
    const { active } = this.grid;
    const selected = this.has(line);
    const [left, right] = this.columns;
    const [low, high] = this.range;
    const boxed = selected && (left !== right || low !== high) && !this.whole && this.picked.size === 0 && line >= low && line <= high;
    const mark = `${selected} ${line === active.line ? active.column : -1} ${boxed ? `${left} ${right}` : ""}`;
    if (row.mark === mark && !selected) return;
    row.mark = mark;
    row.setAttribute("aria-selected", String(selected));
    row.cells.forEach((element, index) => {
      const on = line === active.line && index === active.column + 1;
      element.classList.toggle("focus", on);
      element.classList.toggle("in", boxed && index - 1 >= left && index - 1 <= right);
      if (on) element.id = "active-cell";
      else if (element.id) element.removeAttribute("id");
    });
  }
}
