// The columns of a result: which hold numbers, and how wide they should be, from their names, types and first rows.

import { cell, isDateText } from "../../core/format.js";
import { isNumberType } from "../../core/keys.js";
import { kindOf } from "../../core/json.js";
import { t } from "../../strings/query.js";

const SAMPLE = 200;
const LEAST_SAMPLE = 20;
/** Values that are looked at: of very many columns fewer rows. */
const SAMPLE_VALUES = 8000;
const MOST_CHARS = 48;

/** @typedef {{name: string, label: string, type: string, shownType: string, numeric: boolean, chars: number, width?: number}} ResultColumn */

/**
 * @param {{name: string, type: string}[]} columns @param {Iterable<unknown[]>} rows the first ones
 * @returns {ResultColumn[]}
 */
export function resultColumns(columns, rows) {
  const tallies = columns.map(() => ({ seen: 0, numbers: 0, dates: 0, chars: 0, kinds: /** @type {Set<string>} */ (new Set()) }));
  const most = Math.max(LEAST_SAMPLE, Math.min(SAMPLE, Math.floor(SAMPLE_VALUES / Math.max(1, columns.length))));
  let seen = 0;
  for (const row of rows) {
    if (seen >= most) break;
    seen += 1;
    tallies.forEach((tally, at) => {
      const value = row[at];
      const shown = cell(value);
      tally.chars = Math.max(tally.chars, Math.min(MOST_CHARS, shown.text.length + (shown.size ? 8 : 0)));
      const kind = kindOf(value);
      if (kind === "null" || kind === "missing") return;
      tally.seen += 1;
      tally.kinds.add(kind);
      if (kind === "number") tally.numbers += 1;
      if (isDateText(value)) tally.dates += 1;
    });
  }
  return columns.map(({ name, type }, at) => {
    const tally = tallies[at];
    const known = type !== "" && type !== "any";
    const numeric = tally.seen ? tally.numbers * 2 > tally.seen : isNumberType(type);
    const only = tally.kinds.size === 1 ? [...tally.kinds][0] : "";
    const guessed = only === "string" ? (tally.dates === tally.seen ? "date" : "string") : only === "array" || only === "object" ? "json" : only;
    const shownType = shortType(known ? type : guessed);
    const label = name || t("query.column_at", { place: at + 1 });
    return { name, label, type, shownType, numeric, chars: Math.max(tally.chars, headChars(label, shownType, numeric)) };
  });
}

/** How many characters of a value a head is as wide as: it is written smaller. @param {string} label @param {string} type @param {boolean} numeric */
function headChars(label, type, numeric) {
  return Math.ceil((Math.min(label.length, MOST_CHARS) * 6.8 + (type ? type.length * 6.7 + 6 : 0)) / (numeric ? 8.5 : 7.3));
}

/** A type as a head has room for it. @param {string} type */
function shortType(type) {
  return { string: "text", integer: "int", boolean: "bool", number: "num", datetime: "time", timestamp: "time", any: "" }[type] ?? type;
}
