// The tooltip of a cell: the whole value, its field, type and size, after a short rest of the pointer. Never over its row.

import { base64Of, count, literal, typeName } from "../core/format.js";
import { stringify } from "../core/json.js";
import { fieldOf } from "../model/columns.js";
import { html, nothing } from "../vendor/lit.js";
import { Part } from "./dom.js";

const REST_MS = 400;
const MOST_CHARS = 1200;

export class SopTooltip extends Part {
  constructor() {
    super();
    /** @type {HTMLElement | null | undefined} */
    this.cell = undefined;
    /** @type {{text: string, about: string} | undefined} */
    this.content = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  /** @param {import("./context.js").Context} app */
  start({ grid, session }) {
    this.grid = grid;
    this.session = session;
    grid.addEventListener("pointermove", (event) => this.#over(/** @type {PointerEvent} */ (event)));
    grid.addEventListener("pointerleave", () => this.hide());
    grid.addEventListener("pointerdown", () => this.hide());
    grid.rows?.addEventListener("scroll", () => this.hide(), { passive: true });
    document.addEventListener("keydown", () => this.hide(), true);
  }

  /** @param {PointerEvent} event */
  #over(event) {
    if (event.pointerType === "touch") return;
    /** @type {HTMLElement | null} */
    const cell = event.target instanceof Element ? event.target.closest(".grid-body .td") : null;
    if (cell === this.cell) return;
    this.hide();
    this.cell = cell;
    if (cell && !cell.classList.contains("rank")) this.timer = setTimeout(() => this.show(cell), REST_MS);
  }

  hide() {
    clearTimeout(this.timer);
    this.cell = undefined;
    if (!this.content) return;
    this.content = undefined;
    this.requestUpdate();
  }

  /** Shows what a cell cuts. @param {HTMLElement} cell @param {boolean} [always] */
  async show(cell, always = false) {
    const grid = this.grid;
    const row = /** @type {import("./grid_rows.js").RowElement | null} */ (cell.closest(".tr"));
    if (!grid || !row || row.line < 0) return;
    const line = grid.lineAt(row.line);
    if (!line.item) return;
    const index = row.cells.indexOf(cell) - 2;
    const isCut = cell.scrollWidth > cell.clientWidth + 1 || cell.querySelector(".more, .cut") !== null || /^…/.test(cell.textContent ?? "");
    if (!isCut && !always && !cell.classList.contains("dim")) return;
    if (index < 0) this.content = { text: line.key, about: "key" };
    else {
      const column = grid.columns.shown[index];
      const entry = line.entry;
      const value = fieldOf(entry && entry.op !== "delete" ? entry.after : line.item.value, column.name);
      const text = typeof value === "string" ? value : base64Of(value) === undefined ? stringify(value, 2) : literal(value);
      const long = typeof value === "string" ? ` · ${count(value.length)} characters` : "";
      this.content = { text: text.length > MOST_CHARS ? `${text.slice(0, MOST_CHARS)}…` : text, about: `${column.label} · ${column.type || typeName(value)}${long}` };
    }
    this.requestUpdate();
    await this.updateComplete;
    const tip = /** @type {HTMLElement | null} */ (this.querySelector(".pop"));
    if (!tip) return;
    const box = cell.getBoundingClientRect();
    const size = tip.getBoundingClientRect();
    const below = box.bottom + 4 + size.height < innerHeight - 8;
    tip.style.left = `${Math.max(8, Math.min(box.left, innerWidth - size.width - 8))}px`;
    tip.style.top = `${below ? box.bottom + 4 : Math.max(8, box.top - 4 - size.height)}px`;
  }

  render() {
    if (!this.content) return nothing;
    return html`<div class="pop tip" role="tooltip"><pre>${this.content.text}</pre><p class="small soft">${this.content.about}</p></div>`;
  }
}

customElements.define("sop-tooltip", SopTooltip);
