// The pointer in the grid: a press selects, with Shift a range; a double click edits; the other button opens the menu.

/** @typedef {import("./grid_rows.js").RowElement} RowElement */

/** @param {import("./grid.js").SopGrid} grid @param {HTMLElement} rows */
export function wirePointer(grid, rows) {
  /** @param {Event} event @returns {{line: number, column: number} | undefined} */
  const cellOf = (event) => {
    if (!(event.target instanceof Element) || event.target.closest("input, .pop")) return undefined;
    const row = /** @type {RowElement | null} */ (event.target.closest(".grid-body .tr"));
    if (!row || row.line < 0) return undefined;
    const index = row.cells.findIndex((element) => element?.contains(/** @type {Node} */ (event.target)));
    return { line: row.line, column: Math.max(0, index - 1) };
  };
  const say = (/** @type {string} */ name, /** @type {any} */ detail = undefined) => grid.dispatchEvent(new CustomEvent(name, { detail }));

  rows.addEventListener("pointerdown", (event) => {
    const at = cellOf(event);
    if (!at) return;
    if (event.button === 2) {
      if (!grid.selection.has(at.line)) grid.select(at.line, at.column, { reveal: false });
      return;
    }
    if (event.button !== 0) return;
    const link = event.target instanceof Element && event.target.classList.contains("link");
    const control = event.ctrlKey || event.metaKey;
    grid.select(at.line, at.column, { extend: event.shiftKey, toggle: control && !link, reveal: false });
    if (link && control) say("follow");
    if (grid.narrow.matches) say("open-item");
  });
  rows.addEventListener("dblclick", (event) => {
    if (cellOf(event)) say("edit");
  });
  rows.addEventListener("contextmenu", (event) => {
    if (!cellOf(event)) return;
    event.preventDefault();
    say("menu", { x: event.clientX, y: event.clientY });
  });
}
