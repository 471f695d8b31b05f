// How a result lies across its grid: which of its columns are drawn, how wide they are, its head and one of its rows.
//
// Holds: of more than a few columns only those in view are drawn, as in the grid of a store (`core/column_window.js`); the
// numbers of the rows stand still beside them.

import { columnWindow, everyColumn, leftOf, onlyColumns } from "../../core/column_window.js";
import { count } from "../../core/format.js";
import { t } from "../../strings/query.js";
import { html } from "../../vendor/lit.js";
import { dragGrip, gripOf } from "../grid_head.js";
import { many, rankWidth } from "../grid_layout.js";
import { columnUnits, drawCell, fit, setClass, setText } from "../grid_rows.js";

/** @typedef {import("./result_grid.js").SopResultGrid} SopResultGrid */
/** @typedef {import("../../model/query/result_columns.js").ResultColumn} ResultColumn */
/** @typedef {import("../../core/column_window.js").ColumnWindow} ColumnWindow */
/** @typedef {import("../grid_rows.js").RowElement} RowElement */

/** Width of a column in units of 8 pixels. @param {ResultColumn} column */
export const unitsOf = (column) => columnUnits(/** @type {any} */ (column));

/** Whether only the columns in view are drawn. @param {ResultColumn[]} columns */
export const manyOf = (columns) => many(/** @type {any} */ (columns));

/** @param {ResultColumn[]} columns */
const widthsOf = (columns) => columns.map((column) => unitsOf(column) * 8);

/** @param {SopResultGrid} grid */
const placeOf = (grid) => ({ held: 0, left: grid.left, view: Math.max(0, grid.room - rankWidth(grid.digits)) });

/** The room that all columns take, in pixels. @param {SopResultGrid} grid */
export const contentWidth = (grid) => Math.ceil(widthsOf(grid.columns).reduce((sum, one) => sum + one, rankWidth(grid.digits)));

/** The columns to draw. @param {SopResultGrid} grid @returns {ColumnWindow} */
export function drawnColumns(grid) {
  const { columns } = grid;
  if (!manyOf(columns)) return everyColumn(columns.length);
  // A card shows what its place is for, whatever else there is.
  if (grid.narrow.matches) return onlyColumns([...new Set([0, ...grid.cards])]);
  return columnWindow(widthsOf(columns), placeOf(grid));
}

/** How far to scroll so that a column is in view; undefined when it is. @param {SopResultGrid} grid @param {number} column */
export const leftOfColumn = (grid, column) => leftOf(widthsOf(grid.columns), column, placeOf(grid));

/** Where the first column begins that is in view, and which it is: it stays there when those before it get wider. @param {SopResultGrid} grid @returns {{column: number, start: number}} */
export function firstInView(grid) {
  let start = 0;
  let column = 0;
  for (const width of widthsOf(grid.columns)) {
    if (start + width > grid.left) break;
    start += width;
    column += 1;
  }
  return { column, start };
}

/** Where a column begins, in pixels. @param {SopResultGrid} grid @param {number} column */
export const startOf = (grid, column) => widthsOf(grid.columns.slice(0, column)).reduce((sum, one) => sum + one, 0);

/** @param {ResultColumn[]} columns */
export function headOf(columns) {
  return html`<div class="tr" role="row" aria-rowindex="1"><div class="th rank" role="columnheader" aria-colindex="1"><span class="unseen">${t("query.row")}</span></div
    >${columns.map((column, at) => html`<div class="th w${unitsOf(column)} ${column.numeric ? "num" : "text"}" role="columnheader" aria-colindex=${at + 2} title=${column.type ? `${column.label} · ${column.type}` : column.label}><span class="cut">${column.label}</span>${column.shownType ? html`<span class="type">${column.shownType}</span>` : ""}<span class="grip" data-grip=${at}></span></div>`)}</div>`;
}

/** Grips in the head change widths; a double click gives a column back the width that its values ask for. @param {SopResultGrid} grid @param {HTMLElement} head */
export function wireGrips(grid, head) {
  const columnAt = (/** @type {Event} */ event) => grid.columns[Number(gripOf(event) ?? -1)];
  head.addEventListener("pointerdown", (event) => {
    const column = columnAt(event);
    if (!column || event.button !== 0) return;
    dragGrip(event, unitsOf(column), (width) => {
      if (column.width === width) return;
      column.width = width;
      grid.layout(grid.columns);
    });
  });
  head.addEventListener("dblclick", (event) => {
    const column = columnAt(event);
    if (!column) return;
    column.width = undefined;
    grid.layout(grid.columns);
  });
}

/** Widths that somebody chose stay with columns of the same name in the same place. @param {ResultColumn[]} before @param {ResultColumn[]} columns */
export function keepWidths(before, columns) {
  columns.forEach((column, at) => {
    if (before[at]?.width !== undefined && before[at].label === column.label) column.width = before[at].width;
  });
}

/** @param {RowElement} row @param {number} line @param {unknown[]} values @param {{columns: ResultColumn[], window: ColumnWindow, cards: number[]}} layout */
export function drawResultRow(row, line, values, { columns, window, cards }) {
  fit(row, columns.length, window, 1);
  row.line = line;
  row.setAttribute("aria-rowindex", String(line + 2));
  setClass(row.cells[0], "td rank");
  setText(row.cells[0], count(line + 1));
  for (const at of window.drawn) {
    const column = columns[at];
    const card = at === 0 ? " key-card" : cards.includes(at) ? ` card-${cards.indexOf(at)}` : "";
    const element = row.cells[at + 1];
    drawCell(element, values[at] === undefined ? null : values[at], `td w${unitsOf(column)}${column.numeric ? " num" : " text"}${card}`);
    if (element.hasAttribute("title")) element.removeAttribute("title");
  }
}
