// The columns of the grid: from the store's fields first, declared or found in all its items, then from the rows
// seen, in the order in which fields appear: what was added since, and values that are no objects.
//
// Holds: a column never moves or disappears while rows are being read; new ones are added at the end.

import { base64Of, cell, isDateText } from "../core/format.js";
import { isObject, kindOf } from "../core/json.js";
import { isDateType, isNumberType } from "../core/keys.js";

/** A column of values; the name "" stands for the whole value of items that have no fields. */
/** @typedef {{name: string, label: string, type: string, numeric: boolean, chars: number, shown: boolean, width?: number, link?: boolean}} Column */

const MOST_COLUMNS = 200;
const SAMPLE = 200;

export class Columns {
  /** @param {{name: string, type: string, required?: boolean}[]} fields the fields of the store @param {boolean} typed whether heads say types, as they do when there are no rows */
  constructor(fields = [], typed = false) {
    /** @type {Column[]} */
    this.list = [];
    /** @type {Map<string, {seen: number, numbers: number, kinds: Map<string, number>}>} */
    this.tally = new Map();
    for (const field of fields.slice(0, MOST_COLUMNS)) {
      const column = this.#add(field.name, field.type);
      if (typed) column.chars += field.type.length + 1;
    }
  }

  /** @param {string} name @param {string} type @returns {Column} */
  #add(name, type) {
    /** @type {Column} */
    const column = { name, label: name || "value", type, numeric: isNumberType(type), chars: (name || "value").length, shown: true };
    this.list.push(column);
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

  /** The columns to show. */
  get shown() {
    return this.list.filter((column) => column.shown);
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
