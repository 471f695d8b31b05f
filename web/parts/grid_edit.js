// Editing a cell in its place. What is typed is checked while typing; what is right is staged, what is wrong says why.

import { stringify, kindOf } from "../core/json.js";
import { valueFromText } from "../core/typing.js";
import { fieldOf, withField } from "../model/columns.js";
import { t } from "../strings/grid.js";
import { html, nothing, render } from "../vendor/lit.js";
import { make } from "./dom.js";

const LONGEST_INLINE = 400;

/** @param {unknown} value */
function editText(value) {
  const kind = kindOf(value);
  if (kind === "missing" || kind === "null") return "";
  return kind === "string" ? /** @type {string} */ (value) : stringify(value);
}

export class CellEditor {
  /** @param {import("./context.js").Context} app */
  constructor(app) {
    this.app = app;
    /** @type {{cell: HTMLElement, input: HTMLInputElement, pop: HTMLElement, line: import("./grid_rows.js").Line, column: import("../model/columns.js").Column, original: string, left: number, top: number} | undefined} */
    this.open = undefined;
  }

  /** Begins to edit the active cell. @param {string} [typed] what to begin with instead of the value */
  start(typed) {
    const { grid, session, inspector } = this.app;
    this.finish(true);
    const line = grid.activeLine();
    const column = grid.activeColumn();
    const cell = grid.activeCell();
    if (!line?.item || !cell) return;
    if (session.readOnly !== undefined) return session.say({ kind: "warn", text: t("shared.edits_are_off_because", { reason: session.readOnly }) });
    if (line.entry?.op === "delete") return session.say({ kind: "warn", text: t("grid.this_item_is_staged_to_be_deleted") });
    if (!column) return inspector.open();
    const value = fieldOf(line.entry ? line.entry.after : line.item.value, column.name);
    const text = editText(value);
    const kind = kindOf(value);
    if (kind === "array" || kind === "object" || text.length > LONGEST_INLINE || text.includes("\n")) return inspector.open("raw");
    const input = /** @type {HTMLInputElement} */ (make("input", "inline"));
    input.value = typed ?? text;
    input.setAttribute("aria-label", column.label);
    input.autocomplete = "off";
    input.spellcheck = false;
    const pop = make("div", "edit-pop");
    cell.replaceChildren(input);
    cell.classList.add("editing");
    cell.closest(".tr")?.classList.add("raised");
    document.getElementById("overlays")?.append(pop);
    grid.editing = line.line;
    this.open = { cell, input, pop, line, column, original: text, left: 0, top: 0 };
    input.addEventListener("input", () => this.#check());
    input.addEventListener("keydown", (event) => this.#key(event));
    input.addEventListener("blur", () => setTimeout(() => {
      if (this.open?.input === input && !this.open.pop.contains(document.activeElement)) this.finish(true);
    }));
    input.focus();
    this.open.left = grid.rows?.scrollLeft ?? 0;
    this.open.top = grid.rows?.scrollTop ?? 0;
    if (typed === undefined) input.select();
    else this.#check();
  }

  /** Whether the rows have moved since editing began; the word of an earlier move may come after that. */
  get scrolled() {
    const { rows } = this.app.grid;
    return this.open !== undefined && rows !== undefined && (rows.scrollLeft !== this.open.left || rows.scrollTop !== this.open.top);
  }

  #typed() {
    const open = /** @type {NonNullable<typeof this.open>} */ (this.open);
    const { grid } = this.app;
    const item = /** @type {any} */ (open.line.item);
    const current = fieldOf(open.line.entry ? open.line.entry.after : item.value, open.column.name);
    return valueFromText(grid.columns.kind(open.column.name, current), open.input.value);
  }

  /** Says what is wrong, at the cell. */
  #check() {
    const open = this.open;
    if (!open) return;
    const typed = this.#typed();
    const wrong = "error" in typed && open.input.value !== open.original;
    open.cell.classList.toggle("bad", wrong);
    open.input.setAttribute("aria-invalid", String(wrong));
    if (!wrong || !("error" in typed)) {
      render(nothing, open.pop);
      return;
    }
    const fix = typed.fix;
    render(html`<div class="pop danger" role="alert"><p><b>${open.column.label}</b>: ${typed.error}</p><div class="bar">
      ${fix === undefined ? nothing : html`<button class="button s" @click=${() => this.#use(fix)}>${t("shared.use_name", { name: fix })}<kbd>Alt ↵</kbd></button>`}
      <button class="button s" @click=${() => this.stage(null)}>${t("grid.set_null")}</button><button class="button s" @click=${() => this.stage(open.input.value)}>${t("grid.as_text")}</button><span class="grow"></span>
      <button class="button s quiet" @click=${() => this.finish(false)}>${t("shared.cancel")}<kbd>Esc</kbd></button></div></div>`, open.pop);
    const box = open.cell.getBoundingClientRect();
    const shown = /** @type {HTMLElement | null} */ (open.pop.querySelector(".pop"));
    if (!shown) return;
    const size = shown.getBoundingClientRect();
    shown.style.left = `${Math.max(8, Math.min(box.right - size.width, innerWidth - size.width - 8))}px`;
    shown.style.top = `${box.bottom + 4 + size.height > innerHeight ? box.top - 4 - size.height : box.bottom + 4}px`;
  }

  /** @param {string} text */
  #use(text) {
    if (!this.open) return;
    this.open.input.value = text;
    this.finish(true);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { grid } = this.app;
    event.stopPropagation();
    const { line, column } = grid.active;
    if (event.key === "Escape") this.finish(false);
    else if (event.key === "Enter" && event.altKey) {
      const typed = this.#typed();
      if ("error" in typed && typed.fix !== undefined) this.#use(typed.fix);
    } else if (event.key === "Enter" || event.key === "Tab") {
      const typed = this.#typed();
      if ("error" in typed && this.open?.input.value !== this.open?.original) {
        this.#check();
        event.preventDefault();
        return;
      }
      this.finish(true);
      if (event.key === "Enter") grid.select(line + (event.shiftKey ? -1 : 1), column);
      else grid.select(line, column + (event.shiftKey ? -1 : 1));
    } else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
      this.finish(true);
      this.app.commands.run("review");
    } else return;
    event.preventDefault();
  }

  /** Stages a value for the open cell and closes it. @param {unknown} value */
  stage(value) {
    const open = this.open;
    if (!open) return;
    this.finish(false);
    setField(this.app, open.line, open.column.name, value);
  }

  /** Ends editing. @param {boolean} keep stage what is right; what is wrong is dropped */
  finish(keep) {
    const open = this.open;
    if (!open) return;
    const typed = keep && open.input.value !== open.original ? this.#typed() : undefined;
    const focused = document.activeElement === open.input || open.pop.contains(document.activeElement);
    this.open = undefined;
    this.app.grid.editing = -1;
    open.pop.remove();
    open.cell.classList.remove("editing", "bad");
    open.cell.closest(".tr")?.classList.remove("raised");
    if (typed && "value" in typed) setField(this.app, open.line, open.column.name, typed.value);
    this.app.grid.draw(true);
    if (focused) this.app.grid.rows?.focus({ preventScroll: true });
  }
}

/**
 * Stages one field of an item.
 * @param {import("./context.js").Context} app @param {import("./grid_rows.js").Line} line @param {string} name @param {unknown} value undefined takes the field away
 */
export function setField({ session, grid }, line, name, value) {
  if (!line.item || !grid.store) return;
  const now = line.entry ? line.entry.after : line.item.value;
  session.changes.update(grid.store.name, line.item, withField(now, name, value));
}
