// The head of the grid: names of the key's fields and of the columns, and the grips that widen them.

import { t } from "../strings/grid.js";
import { html, nothing } from "../vendor/lit.js";
import { icon } from "./dom.js";
import { MOST_PINNED, columnUnits } from "./grid_rows.js";

/** @typedef {{label: string, keyUnits: number, columns: import("../model/columns.js").Column[], typed: boolean, sort?: import("../model/url_state.js").Sort}} Head */

/** @param {Head} head */
export function headCells({ label, keyUnits, columns, typed, sort }) {
  const byKey = !sort?.field;
  const order = (/** @type {boolean} */ desc) => (desc ? "descending" : "ascending");
  const sorted = (/** @type {import("../model/columns.js").Column} */ column) => !byKey && (sort.field === column.name || sort.field === `value.${column.name}` || (sort.field === "value" && column.name === ""));
  return html`<div class="tr" role="row" aria-rowindex="1"><div class="th rank" role="columnheader" aria-colindex="1"><span class="unseen">${t("grid.rank")}</span></div
    ><div class="th key w${keyUnits}" role="columnheader" aria-colindex="2" aria-sort=${byKey ? order(sort?.desc ?? false) : "none"} data-sort="" title=${label}>${icon("key")}<span class="cut">${label}</span>${byKey ? icon(sort?.desc ? "desc" : "asc") : nothing}<span class="grip" data-grip="key"></span></div
    >${columns.map((column, index) => html`<div class="th w${columnUnits(column)} ${column.numeric && !column.link ? "num" : "text"} ${column.pinned && index < MOST_PINNED ? `pinned pin${index}` : ""}" role="columnheader" aria-colindex=${index + 3} aria-sort=${sorted(column) ? order(sort?.desc ?? false) : nothing} data-sort=${column.name || "value"} data-column=${index} title=${column.type ? `${column.label} · ${column.type}` : column.label}
      ><span class="cut">${column.label}</span>${sorted(column) ? icon(sort?.desc ? "desc" : "asc") : nothing}${typed && column.type ? html`<span class="type">${column.type}</span>` : ""}<span class="grip" data-grip=${index}></span></div>`)}</div>`;
}

/**
 * Lets the grips of the head change widths, in steps of 8 pixels.
 * @param {import("./grid.js").SopGrid} grid
 */
export function widenByGrip(grid) {
  grid.addEventListener("pointerdown", (event) => {
    const grip = gripOf(event);
    const column = grip === "key" ? undefined : grid.columns.shown[Number(grip)];
    if (grip === undefined) return;
    dragGrip(event, column ? columnUnits(column) : grid.keyUnits, (width) => {
      if (column) column.width = width;
      else grid.columns.keyWidth = width;
      grid.remember();
    });
  });
}

/** Which grip an event is at. @param {Event} event */
export const gripOf = (event) => (event.target instanceof HTMLElement ? event.target.dataset.grip : undefined);

/** Follows a grip that is held. @param {PointerEvent} event @param {number} start in units of 8 pixels @param {(width: number) => void} widen */
export function dragGrip(event, start, widen) {
  const target = /** @type {HTMLElement} */ (event.target);
  event.preventDefault();
  event.stopPropagation();
  const from = event.clientX;
  target.setPointerCapture(event.pointerId);
  /** @param {PointerEvent} move */
  const moved = (move) => widen(Math.min(100, Math.max(5, start + Math.round((move.clientX - from) / 8))));
  target.addEventListener("pointermove", moved);
  target.addEventListener("pointerup", () => target.removeEventListener("pointermove", moved), { once: true });
}
