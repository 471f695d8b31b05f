// Lines of a table that change their order: by dragging the grip, or by arrow keys on it.

import { move } from "../../model/design/definition.js";
import { t } from "../../strings/design.js";
import { html } from "../../vendor/lit.js";
import { announce, icon } from "../dom.js";

/** @typedef {import("./store_pane.js").SopStorePane} Pane */
/** @typedef {"fields" | "ride_on" | "schema"} ListName */

/** @param {Pane} pane @param {ListName} list @param {number} index @param {string} name @param {boolean} fixed */
export function grip(pane, list, index, name, fixed) {
  return html`<button type="button" class="grip" aria-label=${t("design.move_name", { name })} title=${t("design.drag_or_arrow_keys")} data-grip=${`${list}-${index}`} ?disabled=${fixed} @pointerdown=${(/** @type {PointerEvent} */ event) => drag(pane, list, index, event)} @keydown=${(/** @type {KeyboardEvent} */ event) => key(pane, list, index, name, event)}>${icon("grip", true)}</button>`;
}

/** @param {Pane} pane @param {ListName} list @param {number} index @param {string} name @param {KeyboardEvent} event */
function key(pane, list, index, name, event) {
  const by = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
  if (!by) return;
  event.preventDefault();
  event.stopPropagation();
  let moved = false;
  pane.change((draft) => {
    moved = move(/** @type {any[]} */ (draft[list]), index, index + by);
  });
  if (!moved) return;
  announce(t("shared.is_now_number", { name, place: index + by + 1 }));
  void pane.updateComplete.then(() => /** @type {HTMLElement | null} */ (pane.querySelector(`[data-grip="${list}-${index + by}"]`))?.focus());
}

/** @param {Pane} pane @param {ListName} list @param {number} index @param {PointerEvent} event */
function drag(pane, list, index, event) {
  if (event.button !== 0) return;
  event.preventDefault();
  const button = /** @type {HTMLElement} */ (event.currentTarget);
  button.focus();
  let at = index;
  const table = /** @type {HTMLElement} */ (button.closest("tbody"));
  const rows = () => [.../** @type {NodeListOf<HTMLElement>} */ (table.querySelectorAll(`tr[data-move="${list}"]`))];
  const mark = () => rows().forEach((row, n) => row.classList.toggle("moving", n === at));
  mark();
  const follow = (/** @type {PointerEvent} */ moved) => {
    const list_ = rows();
    const over = list_.findIndex((row) => moved.clientY < row.getBoundingClientRect().bottom);
    const to = over < 0 ? list_.length - 1 : over;
    if (to === at) return;
    const from = at;
    at = to;
    pane.change((draft) => void move(/** @type {any[]} */ (draft[list]), from, to));
    void pane.updateComplete.then(mark);
  };
  const end = () => {
    document.removeEventListener("pointermove", follow);
    document.removeEventListener("pointerup", end);
    document.removeEventListener("pointercancel", end);
    for (const row of rows()) row.classList.remove("moving");
    /** @type {HTMLElement | null} */ (pane.querySelector(`[data-grip="${list}-${at}"]`))?.focus();
  };
  document.addEventListener("pointermove", follow);
  document.addEventListener("pointerup", end);
  document.addEventListener("pointercancel", end);
}
