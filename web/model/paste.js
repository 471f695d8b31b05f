// Text from a spreadsheet as cells, and what it makes of the items under it.
//
// Holds: nothing is changed here; each cell becomes a value by the type of its column, or a fault that names its place.

import { isObject } from "../core/json.js";
import { valueFromText } from "../core/typing.js";
import { t } from "../strings/grid.js";
import { fieldOf, withField } from "./columns.js";

/** @typedef {{row: number, column: string, text: string, error: string}} Fault row: counted from 1 in what is pasted */

/**
 * The cells of tabbed text as spreadsheets write it: quotes around cells that have tabs, line ends or quotes in them.
 * @param {string} text
 * @returns {string[][]}
 */
export function parseTabbed(text) {
  const rows = [[""]];
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const c = text[at];
    const row = /** @type {string[]} */ (rows.at(-1));
    if (quoted) {
      if (c !== '"') row[row.length - 1] += c;
      else if (text[at + 1] === '"') {
        row[row.length - 1] += '"';
        at += 1;
      } else quoted = false;
    } else if (c === '"' && row.at(-1) === "" && closes(text, at)) quoted = true;
    else if (c === "\t") row.push("");
    else if (c === "\n" || c === "\r") {
      if (c === "\r" && text[at + 1] === "\n") at += 1;
      rows.push([""]);
    } else row[row.length - 1] += c;
  }
  const last = rows.at(-1);
  if (rows.length > 1 && last?.length === 1 && last[0] === "") rows.pop();
  return rows;
}

/** Whether a quote at the beginning of a cell has its other one at the end of a cell; else it is just a character. @param {string} text @param {number} at */
function closes(text, at) {
  for (let end = text.indexOf('"', at + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    if (text[end + 1] === '"') end += 1;
    else return end + 1 === text.length || /[\t\r\n]/.test(text[end + 1]);
  }
  return false;
}

/**
 * What pasted cells make of items.
 * @param {string[][]} cells @param {{value: any}[]} items the items under them, with their values as they are staged now
 * @param {{name: string, label: string}[]} columns the columns under them @param {import("./columns.js").Columns} types
 * @returns {{after: {index: number, value: any}[], faults: Fault[], cells: number}}
 */
export function pasteInto(cells, items, columns, types) {
  /** @type {Fault[]} */
  const faults = [];
  const after = [];
  let written = 0;
  for (const [index, item] of items.entries()) {
    const row = cells[index % cells.length] ?? [];
    let value = item.value;
    for (const [at, column] of columns.entries()) {
      const text = row[at % row.length];
      if (text === undefined) continue;
      const current = fieldOf(value, column.name);
      const typed = valueFromText(types.kind(column.name, current), text);
      if ("error" in typed) {
        faults.push({ row: index + 1, column: column.label, text, error: typed.error });
        continue;
      }
      // An empty cell leaves a field that is not there alone.
      if (text === "" && current === undefined) continue;
      if (column.name !== "" && !isObject(value) && value !== null && value !== undefined) {
        faults.push({ row: index + 1, column: column.label, text, error: t("grid.this_item_has_no_fields") });
        continue;
      }
      value = withField(value, column.name, typed.value);
      written += 1;
    }
    if (value !== item.value) after.push({ index, value });
  }
  return { after, faults, cells: written };
}

/** The statements that insert items. @param {string} store @param {{name: string}[]} columns @param {unknown[][]} rows @param {(value: unknown) => string} literal */
export function inserts(store, columns, rows, literal) {
  const quoted = (/** @type {string} */ name) => `"${name.replaceAll('"', '""')}"`;
  return rows.map((row) => {
    const there = row.map((value, at) => ({ value, name: columns[at].name })).filter(({ value }) => value !== undefined);
    return `INSERT INTO ${quoted(store)} (${there.map(({ name }) => quoted(name)).join(", ")}) VALUES (${there.map(({ value }) => literal(value)).join(", ")});`;
  }).join("\n");
}
