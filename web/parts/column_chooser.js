// The chooser of columns: shown or hidden, their order, pinned at the left. By pointer and by keys; what is chosen is seen
// at once and kept for the store.

import { t } from "../strings/grid.js";
import { html, nothing, render } from "../vendor/lit.js";
import { icon, make } from "./dom.js";

/** @typedef {import("../model/columns.js").Column} Column */

export class ColumnChooser {
  /** @param {import("./context.js").Context} app @param {Element} anchor */
  constructor(app, anchor) {
    this.app = app;
    this.anchor = anchor;
    this.find = "";
    this.at = 0;
    /** @type {Column | undefined} */
    this.held = undefined;
    this.element = make("div", "pop columns-pop");
    this.element.setAttribute("role", "dialog");
    this.element.setAttribute("aria-label", t("shared.columns"));
    document.getElementById("overlays")?.append(this.element);
    this.element.addEventListener("keydown", (event) => this.#key(event));
    this.element.addEventListener("pointermove", (event) => this.#drag(event));
    this.element.addEventListener("pointerup", () => this.#drop());
    this.element.addEventListener("pointercancel", () => this.#drop());
    this.outside = (/** @type {Event} */ event) => {
      if (event.type === "resize" || !(event.target instanceof Node && (this.element.contains(event.target) || this.anchor.contains(event.target)))) this.close(false);
    };
    document.addEventListener("pointerdown", this.outside, true);
    window.addEventListener("resize", this.outside);
    this.draw();
    this.#place();
    this.element.querySelector("input")?.focus();
  }

  get columns() {
    return this.app.grid.columns;
  }

  /** The columns in the order of the list that fit what was typed. */
  get found() {
    const text = this.find.trim().toLowerCase();
    return this.columns.list.filter((column) => column.label.toLowerCase().includes(text));
  }

  /** @param {boolean} [back] give the focus back */
  close(back = true) {
    if (!this.element.isConnected) return;
    document.removeEventListener("pointerdown", this.outside, true);
    window.removeEventListener("resize", this.outside);
    this.element.remove();
    if (back) /** @type {HTMLElement | null} */ (this.anchor instanceof HTMLElement ? this.anchor : document.getElementById("rows"))?.focus();
  }

  #place() {
    const at = this.anchor.getBoundingClientRect();
    const size = this.element.getBoundingClientRect();
    this.element.style.left = `${Math.max(8, Math.min(at.right - size.width, innerWidth - size.width - 8))}px`;
    this.element.style.top = `${at.bottom + 4}px`;
  }

  draw() {
    const { found } = this;
    const all = this.columns.list;
    const shown = all.filter((column) => column.shown).length;
    this.at = Math.min(this.at, Math.max(0, found.length - 1));
    render(html`<div class="filter-row"><label class="field">${icon("search", true)}<input role="combobox" aria-label=${t("grid.find_a_column")} aria-expanded="true" aria-controls="column-list" aria-activedescendant=${found.length ? `column-${this.at}` : nothing} placeholder=${t("grid.find_a_column")} autocomplete="off" spellcheck="false" .value=${this.find} @input=${(/** @type {any} */ event) => { this.find = event.target.value; this.at = 0; this.draw(); }}></label></div>
      <ul class="menu flat scroll column-list" id="column-list" role="listbox" aria-label=${t("shared.columns")} aria-multiselectable="true">${found.map((column, index) => html`<li id="column-${index}" role="option" aria-selected=${String(column.shown)} class="${index === this.at ? "at" : ""} ${column === this.held ? "held" : ""}" data-index=${index} @pointermove=${() => !this.held && this.#go(index)} @click=${(/** @type {Event} */ event) => event.target instanceof Element && !event.target.closest("[data-grip], [data-pin]") && this.#toggle(column)}
        ><span class="tickmark">${column.shown ? icon("check", true) : nothing}</span><span class="cut grow">${column.label}</span><span class="type">${column.type}</span>${column.pinned ? html`<span class="unseen">${t("grid.pinned")}</span>` : nothing}<span class="pin ${column.pinned ? "on" : ""}" data-pin title=${column.pinned ? t("grid.unpin_alt_p") : t("grid.pin_at_the_left_alt_p")} @click=${() => this.#pin(column)}>${icon("pin", true)}</span><span class="grip-handle" data-grip title=${t("grid.drag_to_move_alt")} @pointerdown=${(/** @type {PointerEvent} */ event) => this.#hold(event, column)}>${icon("grip", true)}</span></li>`)}</ul>
      ${found.length ? nothing : html`<p class="filter-error dim">${t("grid.no_column_has_in_its_name", { find: this.find })}</p>`}
      <div class="bar"><span class="small dim">${t("shared.n_of_total", { n: shown, total: all.length })}</span><span class="grow"></span><button class="button s quiet" @click=${() => this.#all()}>${shown === all.length ? t("grid.hide_all") : t("grid.show_all")}</button><button class="button s quiet" @click=${() => { this.columns.reset(this.app.grid.store?.schema?.fields ?? []); this.#done(); }}>${t("grid.as_they_come")}</button></div>`, this.element);
  }

  #done() {
    this.app.grid.remember();
    this.draw();
  }

  /** @param {number} index */
  #go(index) {
    if (this.at === index) return;
    this.at = index;
    this.draw();
  }

  /** @param {Column} column */
  #toggle(column) {
    column.shown = !column.shown;
    this.#done();
  }

  /** @param {Column} column */
  #pin(column) {
    column.pinned = column.pinned ? undefined : true;
    if (column.pinned) column.shown = true;
    this.#done();
  }

  #all() {
    const on = !this.columns.list.every((column) => column.shown);
    for (const column of this.columns.list) column.shown = on;
    this.#done();
  }

  /** @param {Column} column @param {number} by */
  #move(column, by) {
    const { list } = this.columns;
    const at = list.indexOf(column);
    const to = at + by;
    if (to < 0 || to >= list.length) return;
    this.columns.move(column, by < 0 ? list[to] : list[to + 1]);
    this.at = Math.max(0, this.found.indexOf(column));
    this.#done();
    this.element.querySelector(".at")?.scrollIntoView({ block: "nearest" });
  }

  /** @param {PointerEvent} event @param {Column} column */
  #hold(event, column) {
    event.preventDefault();
    this.held = column;
    this.element.setPointerCapture(event.pointerId);
    this.draw();
  }

  /** @param {PointerEvent} event */
  #drag(event) {
    if (!this.held) return;
    const over = document.elementsFromPoint(event.clientX, event.clientY).find((one) => one instanceof HTMLElement && one.dataset.index !== undefined);
    const target = over instanceof HTMLElement ? this.found[Number(over.dataset.index)] : undefined;
    if (!target || target === this.held) return;
    const { list } = this.columns;
    const down = list.indexOf(target) > list.indexOf(this.held);
    this.columns.move(this.held, down ? list[list.indexOf(target) + 1] : target);
    this.at = this.found.indexOf(this.held);
    this.#done();
  }

  #drop() {
    if (!this.held) return;
    this.held = undefined;
    this.draw();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    event.stopPropagation();
    const { found } = this;
    const column = found[this.at];
    const typing = event.target instanceof HTMLInputElement;
    if (event.key === "Escape") this.close();
    else if (event.altKey && event.key === "ArrowDown" && column) this.#move(column, 1);
    else if (event.altKey && event.key === "ArrowUp" && column) this.#move(column, -1);
    else if (event.key === "ArrowDown") this.#go(Math.min(found.length - 1, this.at + 1));
    else if (event.key === "ArrowUp") this.#go(Math.max(0, this.at - 1));
    else if (typing && (event.key === "Enter" || (event.key === " " && this.find === "")) && column) this.#toggle(column);
    else if (typing && event.altKey && event.key.toLowerCase() === "p" && column) this.#pin(column);
    else return;
    event.preventDefault();
    this.element.querySelector(".at")?.scrollIntoView({ block: "nearest" });
  }
}
