// The columns of the grid: from the store's fields first, declared or found in all its items, then from the rows
// seen, in the order in which fields appear: what was added since, and values that are no objects.
//
// Holds: a column never moves or disappears while rows are being read; new ones are added at the end. A layout (order,
// hidden and pinned columns, widths) is applied to the columns that are there and to those that come later.

import { base64Of, cell, isDateText } from "../core/format.js";
import { isObject, kindOf } from "../core/json.js";
import { isDateType, isNumberType } from "../core/keys.js";
import { t } from "../strings/grid.js";

/** A column of values; the name "" stands for the whole value of items that have no fields. */
/** @typedef {{name: string, label: string, type: string, numeric: boolean, chars: number, shown: boolean, pinned?: boolean, width?: number, link?: boolean}} Column */
/** @typedef {{order?: string[], hidden?: string[], pinned?: string[], widths?: {[name: string]: number}, key?: number}} Layout */

const MOST_COLUMNS = 200;
const SAMPLE = 200;

export class Columns {
  /** @param {{name: string, type: string, required?: boolean}[]} fields the fields of the store @param {boolean} typed whether heads say types, as they do when there are no rows */
  constructor(fields = [], typed = false) {
    /** @type {Column[]} */
    this.list = [];
    /** @type {Map<string, {seen: number, numbers: number, kinds: Map<string, number>}>} */
    this.tally = new Map();
    /** What was laid out, also for columns that are not there yet. @type {Layout} */
    this.layout = {};
    /** The width of the key, where somebody chose it. @type {number | undefined} */
    this.keyWidth = undefined;
    for (const field of fields.slice(0, MOST_COLUMNS)) {
      const column = this.#add(field.name, field.type);
      if (typed) column.chars += field.type.length + 1;
    }
  }

  /** @param {string} name @param {string} type @returns {Column} */
  #add(name, type) {
    /** @type {Column} */
    const column = { name, label: name || t("shared.value_within"), type, numeric: isNumberType(type), chars: (name || "value").length, shown: true };
    this.list.push(column);
    this.#lay(column);
    return column;
  }

  /**
   * Learns from rows.
   * @param {unknown[]} values
   * @returns {boolean} whether a column was added or changed
   */
  learn(values) {
    let changed = false;
    for (const value of values.slice(0, SAMPLE)) {
      const fields = isObject(value) && base64Of(value) === undefined ? Object.entries(value) : [/** @type {[string, unknown]} */ (["", value])];
      for (const [name, one] of fields) {
        let column = this.list.find((existing) => existing.name === name);
        if (!column) {
          if (this.list.length >= MOST_COLUMNS) continue;
          column = this.#add(name, "");
          changed = true;
        }
        changed = this.#weigh(column, one) || changed;
      }
    }
    return changed;
  }

  /** @param {Column} column @param {unknown} value */
  #weigh(column, value) {
    let tally = this.tally.get(column.name);
    if (!tally) this.tally.set(column.name, (tally = { seen: 0, numbers: 0, kinds: new Map() }));
    if (tally.seen >= SAMPLE) return false;
    const kind = kindOf(value);
    const shown = cell(value);
    const before = `${column.numeric} ${column.chars}`;
    column.chars = Math.max(column.chars, Math.min(shown.text.length + (shown.size ? 8 : 0), 48));
    if (kind === "null" || kind === "missing") return before !== `${column.numeric} ${column.chars}`;
    tally.seen += 1;
    tally.kinds.set(kind, (tally.kinds.get(kind) ?? 0) + 1);
    if (kind === "number") tally.numbers += 1;
    if (!isNumberType(column.type)) column.numeric = (column.type === "" || column.type === "any") && tally.numbers * 2 > tally.seen;
    return before !== `${column.numeric} ${column.chars}`;
  }

  /** The columns to show: those that are pinned first. */
  get shown() {
    const shown = this.list.filter((column) => column.shown);
    return shown.some((column) => column.pinned) ? [...shown.filter((column) => column.pinned), ...shown.filter((column) => !column.pinned)] : shown;
  }

  /** @param {Column} column */
  #lay(column) {
    const { hidden, pinned, widths, order } = this.layout;
    if (hidden?.includes(column.name)) column.shown = false;
    if (pinned?.includes(column.name)) column.pinned = true;
    const width = widths?.[column.name];
    if (typeof width === "number" && width >= 4 && width <= 100) column.width = Math.round(width);
    const place = order?.indexOf(column.name) ?? -1;
    if (place < 0) return;
    const after = new Set(order?.slice(place + 1));
    this.list.splice(this.list.indexOf(column), 1);
    const before = this.list.findIndex((one) => after.has(one.name));
    this.list.splice(before < 0 ? this.list.length : before, 0, column);
  }

  /** Lays the columns out as a text says that `write` gave; one that cannot be read changes nothing. @param {string | null} text */
  read(text) {
    if (!text) return;
    try {
      const layout = JSON.parse(text);
      const names = (/** @type {unknown} */ list) => (Array.isArray(list) ? list.filter((one) => typeof one === "string") : undefined);
      this.layout = { order: names(layout.order), hidden: names(layout.hidden), pinned: names(layout.pinned), widths: typeof layout.widths === "object" && layout.widths !== null ? layout.widths : {}, key: layout.key };
      this.keyWidth = typeof layout.key === "number" && layout.key >= 5 && layout.key <= 100 ? Math.round(layout.key) : undefined;
    } catch {
      return; // a layout that cannot be read is no layout
    }
    for (const column of this.list) Object.assign(column, { shown: true, pinned: undefined, width: undefined });
    for (const column of [...this.list]) this.#lay(column);
  }

  /** The layout as text. */
  write() {
    const widths = Object.fromEntries(this.list.filter((column) => column.width).map((column) => [column.name, column.width]));
    const named = (/** @type {(column: Column) => boolean | undefined} */ is) => this.list.filter(is).map((column) => column.name);
    return JSON.stringify({ order: this.moved ? named(() => true) : this.layout.order, hidden: named((column) => !column.shown), pinned: named((column) => column.pinned), widths, key: this.keyWidth });
  }

  /** Puts a column before another one, or last. @param {Column} column @param {Column | undefined} before */
  move(column, before) {
    if (column === before) return;
    this.list.splice(this.list.indexOf(column), 1);
    const at = before ? this.list.indexOf(before) : -1;
    this.list.splice(at < 0 ? this.list.length : at, 0, column);
    this.moved = true;
  }

  /** Forgets the layout. @param {{name: string}[]} fields the fields of the store, in their order */
  reset(fields) {
    this.layout = {};
    this.moved = false;
    this.keyWidth = undefined;
    for (const column of this.list) Object.assign(column, { shown: true, pinned: undefined, width: undefined });
    const place = (/** @type {Column} */ column) => {
      const at = fields.findIndex((field) => field.name === column.name);
      return at < 0 ? fields.length : at;
    };
    this.list.sort((a, b) => place(a) - place(b));
  }

  /**
   * The kind that a new value of this column should have when its text could be several.
   * @param {string} name @param {unknown} [current] the value that is there now
   * @returns {"number" | "bool" | "string" | "nested" | "any"}
   */
  kind(name, current) {
    const column = this.list.find((one) => one.name === name);
    const type = column?.type ?? "";
    if (isNumberType(type)) return "number";
    if (type === "bool") return "bool";
    if (type === "string" || type === "text" || type === "uuid" || isDateType(type)) return "string";
    const own = kindOf(current);
    if (own === "number" || own === "bool" || own === "string") return own;
    if (own === "array" || own === "object") return "nested";
    const kinds = [...(this.tally.get(name)?.kinds ?? [])].sort((a, b) => b[1] - a[1])[0]?.[0];
    if (kinds === "number" || kinds === "bool" || kinds === "string") return kinds;
    return "any";
  }
}

/** The value of a column in an item's value. @param {unknown} value @param {string} name */
export function fieldOf(value, name) {
  if (name === "") return isObject(value) && base64Of(value) === undefined ? undefined : value;
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** The value with one field changed; undefined takes the field away. @param {unknown} value @param {string} name @param {unknown} next */
export function withField(value, name, next) {
  if (name === "") return next;
  const base = isObject(value) ? { ...value } : {};
  if (next === undefined) delete base[name];
  else base[name] = next;
  return base;
}

/** @param {unknown} value */
export function looksLikeDate(value) {
  return isDateText(value);
}
