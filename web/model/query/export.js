// A result as a file or as text for another program: CSV, NDJSON, JSON, Markdown.
//
// Holds: numbers keep every digit; a name that two columns have is numbered, so that no value is lost; the text comes in
// pieces, so that a large result is not held twice as values.

import { isObject, kindOf, stringify } from "../../core/json.js";
import { base64Of } from "../../core/format.js";

const PIECE_ROWS = 2000;
export const FORMATS = { csv: { title: "CSV", type: "text/csv" }, ndjson: { title: "NDJSON", type: "application/x-ndjson" }, json: { title: "JSON", type: "application/json" } };

/** Names that are each there once. @param {{name: string}[]} columns */
export function uniqueNames(columns) {
  const names = new Set();
  for (const { name } of columns) {
    let next = name || "column";
    for (let n = 2; names.has(next); n += 1) next = `${name || "column"}_${n}`;
    names.add(next);
  }
  return /** @type {string[]} */ ([...names]);
}

/** A value as plain text. @param {unknown} value */
export function plain(value) {
  const kind = kindOf(value);
  if (kind === "null" || kind === "missing") return "";
  if (kind === "string") return /** @type {string} */ (value);
  const binary = isObject(value) ? base64Of(value) : undefined;
  return binary ?? stringify(value);
}

/** @param {string} text */
const csvField = (text) => (/[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/**
 * The pieces of a file.
 * @param {keyof typeof FORMATS} format @param {{name: string}[]} columns @param {Iterable<unknown[]>} rows
 * @returns {Generator<string>}
 */
export function* pieces(format, columns, rows) {
  const names = uniqueNames(columns);
  const object = (/** @type {unknown[]} */ row) => `{${names.map((name, at) => `${JSON.stringify(name)}:${stringify(row[at] ?? null)}`).join(",")}}`;
  /** @type {string[]} */
  let lines = format === "csv" ? [`${names.map(csvField).join(",")}\r\n`] : format === "json" ? ["["] : [];
  let first = true;
  for (const row of rows) {
    if (format === "csv") lines.push(`${names.map((_, at) => csvField(plain(row[at]))).join(",")}\r\n`);
    else if (format === "ndjson") lines.push(`${object(row)}\n`);
    else lines.push(`${first ? "\n" : ",\n"}${object(row)}`);
    first = false;
    if (lines.length >= PIECE_ROWS) {
      yield lines.join("");
      lines = [];
    }
  }
  if (format === "json") lines.push(first ? "]\n" : "\n]\n");
  yield lines.join("");
}

/** A table as Markdown. @param {{name: string}[]} columns @param {Iterable<unknown[]>} rows @param {boolean[]} numeric which columns stand to the right */
export function markdown(columns, rows, numeric) {
  const cell = (/** @type {string} */ text) => text.replaceAll("\\", "\\\\").replaceAll("|", "\\|").replace(/\r?\n/g, "<br>");
  const line = (/** @type {string[]} */ cells) => `| ${cells.join(" | ")} |\n`;
  let text = line(columns.map((column) => cell(column.name))) + line(columns.map((_, at) => (numeric[at] ? "---:" : "---")));
  for (const row of rows) text += line(columns.map((_, at) => cell(kindOf(row[at]) === "null" ? "null" : plain(row[at]))));
  return text;
}

/** Rows as text that a spreadsheet takes. @param {Iterable<unknown[]>} rows */
export function tabbed(rows) {
  return [...rows].map((row) => row.map((value) => plain(value).replace(/[\t\r\n]+/g, " ")).join("\t")).join("\n");
}
