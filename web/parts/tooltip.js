// The tooltip of a cell: the whole value, its field, type and size, or what it points to, after a short rest of the pointer.
// Never over its row.

import { KIND_CLASS, base64Of, cell as cellOf, count, literal, typeName } from "../core/format.js";
import { isObject, stringify } from "../core/json.js";
import { fieldOf } from "../model/columns.js";
import { t } from "../strings/shell.js";
import { html, nothing } from "../vendor/lit.js";
import { Part } from "./dom.js";

const REST_MS = 400;
const MOST_CHARS = 1200;
const MOST_FIELDS = 6;

/** @param {unknown} value @returns {{text: string, kind: string}} */
function drawn(value) {
  const shown = cellOf(value);
  return { text: shown.text.slice(0, 80), kind: KIND_CLASS[shown.kind] };
}

export class SopTooltip extends Part {
  constructor() {
    super();
    /** @type {HTMLElement | null | undefined} */
    this.cell = undefined;
    /** @type {{text: string, about: string, title?: string, fields?: {name: string, text: string, kind: string}[]} | undefined} */
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
    const links = index >= 0 && grid.links.has(grid.columns.shown[index]?.name);
    if (!isCut && !always && !links && !cell.classList.contains("dim")) return;
    if (index < 0) this.content = { text: line.key, about: t("shared.key_within") };
    else if (this.#card(grid.columns.shown[index], line)) return this.#drawn(cell);
    else {
      const column = grid.columns.shown[index];
      const entry = line.entry;
      const value = fieldOf(entry && entry.op !== "delete" ? entry.after : line.item.value, column.name);
      const text = typeof value === "string" ? value : base64Of(value) === undefined ? stringify(value, 2) : literal(value);
      const long = typeof value === "string" ? ` ${t("shell.n_characters", { n: count(value.length) })}` : "";
      this.content = { text: text.length > MOST_CHARS ? `${text.slice(0, MOST_CHARS)}…` : text, about: `${column.label} · ${column.type || typeName(value)}${long}` };
    }
    return this.#drawn(cell);
  }

  /** What a cell points to: the first fields of that item. @param {import("../model/columns.js").Column} column @param {import("./grid_rows.js").Line} line */
  #card(column, line) {
    const target = this.grid?.links.get(column.name);
    const value = fieldOf(line.entry && line.entry.op !== "delete" ? line.entry.after : line.item?.value, column.name);
    if (!target || value === undefined || value === null || !this.session) return false;
    const item = this.session.related.item(target, value);
    if (item === undefined) return false;
    const key = literal(value);
    if (item === null) this.content = { text: "", about: t("shell.target_has_no_item", { store: target, key }), title: `${target} ${key}`, fields: [] };
    else {
      const all = isObject(item.value) ? Object.entries(item.value) : [/** @type {[string, unknown]} */ (["value", item.value])];
      this.content = { text: "", title: `${target} ${key}`, fields: all.slice(0, MOST_FIELDS).map(([name, one]) => ({ name, ...drawn(one) })), about: all.length > MOST_FIELDS ? t("shell.n_more_and_how_to_open_the_target", { n: all.length - MOST_FIELDS }) : t("shell.how_to_open_the_target") };
    }
    return true;
  }

  /** Draws what is said and puts it beside its cell. @param {HTMLElement} cell */
  async #drawn(cell) {
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
    const { title, fields } = this.content;
    if (fields) return html`<div class="pop tip hover-card" role="tooltip"><p class="card-title"><b>${title}</b></p>${fields.length ? html`<dl>${fields.map((field) => html`<div><dt>${field.name}</dt><dd class=${field.kind}>${field.text}</dd></div>`)}</dl>` : nothing}<p class="small soft">${this.content.about}</p></div>`;
    return html`<div class="pop tip" role="tooltip"><pre>${this.content.text}</pre><p class="small soft">${this.content.about}</p></div>`;
  }
}

customElements.define("sop-tooltip", SopTooltip);
