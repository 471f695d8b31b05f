// How values look: numbers, sizes, times, and what a cell of the grid shows.
//
// Holds: the four kinds of nothing can be told apart without colour (null is a word, missing a dot, empty text its quotes,
// binary its size), and what a cell shows is one line of plain text.

import { t } from "../strings/core.js";
import { LANGUAGE } from "../strings/texts.js";
import { ExactNumber, isObject, kindOf, stringify } from "./json.js";
import { visible } from "./keys.js";

const GROUPED = new Intl.NumberFormat(LANGUAGE);
const FINE = new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 1 });

/** A count with separators. @param {number | bigint | string | ExactNumber | null | undefined} n */
export function count(n) {
  if (n === null || n === undefined) return "";
  if (typeof n === "string" || n instanceof ExactNumber) return GROUPED.format(BigInt(String(n)));
  return GROUPED.format(n);
}

/** Sizes from 1000 bytes on, a unit each. */
const SIZES = [(/** @type {string} */ n) => t("shared.n_kb", { n }), (/** @type {string} */ n) => t("shared.n_mb", { n }), (/** @type {string} */ n) => t("core.gigabytes", { n }), (/** @type {string} */ n) => t("core.terabytes", { n })];

/** Bytes in the unit that fits. @param {number} bytes */
export function size(bytes) {
  if (bytes < 1000) return t("core.bytes", { n: String(bytes) });
  let value = bytes;
  let unit = -1;
  while (value >= 1000 && unit < SIZES.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return SIZES[unit](value < 10 ? FINE.format(value) : String(Math.round(value)));
}

/** A time span. @param {number} ms */
export function span(ms) {
  if (ms < 1) return t("core.under_a_millisecond");
  if (ms < 1000) return t("shared.n_ms", { n: Math.round(ms) });
  if (ms < 60_000) return t("shared.n_seconds", { n: FINE.format(ms / 1000) });
  return t("core.minutes_and_seconds", { minutes: Math.floor(ms / 60_000), seconds: Math.round((ms % 60_000) / 1000) });
}

/** A share as per cent. @param {number} part @param {number} whole */
export function percent(part, whole) {
  return whole === 0 ? "0 %" : `${Math.round((part / whole) * 100)} %`;
}

const DATE = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/;
const LONG = 120;
const CELL = 200;

/** Whether a text reads as a date or a point in time. @param {unknown} value */
export function isDateText(value) {
  return typeof value === "string" && value.length >= 10 && value.length <= 35 && DATE.test(value);
}

/** The bytes of a binary value, which JSON carries as `{"$bytes": base64}`; undefined when it is not one. @param {unknown} value @returns {string | undefined} */
export function base64Of(value) {
  if (!isObject(value)) return undefined;
  const names = Object.keys(value);
  return names.length === 1 && names[0] === "$bytes" && typeof value.$bytes === "string" ? value.$bytes : undefined;
}

/** @param {string} base64 */
export function binaryText(base64) {
  const length = Math.floor((base64.replace(/=+$/, "").length * 3) / 4);
  let head = "";
  try {
    head = Array.from(atob(base64.slice(0, 8)).slice(0, 4), (c) => c.charCodeAt(0).toString(16).padStart(2, "0")).join(" ");
  } catch {
    head = "?";
  }
  return `⟨ ${head}${length > 4 ? " …" : ""} ⟩ ${size(length)}`;
}

/** @typedef {{text: string, kind: "missing" | "null" | "empty" | "binary" | "number" | "bool" | "date" | "text" | "nested", size?: string, tail?: boolean}} Cell */

/**
 * What a cell shows. `size` is said for long texts, `tail` marks white space at the end.
 * @param {unknown} value
 * @returns {Cell}
 */
export function cell(value) {
  switch (kindOf(value)) {
    case "missing":
      return { text: "·", kind: "missing" };
    case "null":
      return { text: "null", kind: "null" };
    case "bool":
      return { text: String(value), kind: "bool" };
    case "number":
      return { text: String(value), kind: "number" };
    case "array":
      return { text: `[ ${/** @type {unknown[]} */ (value).length} ]`, kind: "nested" };
    case "object": {
      const binary = base64Of(value);
      if (binary !== undefined) return { text: binaryText(binary), kind: "binary" };
      return { text: `{ ${Object.keys(/** @type {object} */ (value)).length} }`, kind: "nested" };
    }
    default: {
      const text = /** @type {string} */ (value);
      if (text === "") return { text: '""', kind: "empty" };
      if (isDateText(text)) return { text: text.replace(/T00:00:00(?:\.0+)?Z?$/, ""), kind: "date" };
      if (text.length > LONG) return { text: visible(text.slice(0, CELL)), kind: "text", size: size(text.length) };
      return /\s$/.test(text) ? { text: visible(text.replace(/\s+$/, "")), kind: "text", tail: true } : { text: visible(text), kind: "text" };
    }
  }
}

/** The class that gives a kind its colour. */
export const KIND_CLASS = { missing: "missing", null: "null", empty: "empty", binary: "binary", number: "n", bool: "b", date: "d", text: "", nested: "dim" };

/** A value as a person would write it in a diff: texts in quotes, nested values on one line. @param {unknown} value @param {number} [limit] */
export function literal(value, limit = 400) {
  if (value === undefined) return "·";
  const binary = base64Of(value);
  const text = binary === undefined ? stringify(value) : binaryText(binary);
  return text.length > limit ? `${text.slice(0, limit)}…` : text;
}

/** A message of the server as a sentence: with a capital and a full stop. @param {string} text */
export function sentence(text) {
  return text && `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}

/** A name of a program as a title: `list_stores` as "List stores". @param {string} name */
export function titled(name) {
  return `${name.charAt(0).toUpperCase()}${name.slice(1).replaceAll("_", " ")}`;
}

/** The name of a value's type as the inspector says it. @param {unknown} value */
export function typeName(value) {
  const kind = kindOf(value);
  if (kind === "string") return isDateText(value) ? t("core.date_as_text") : t("shared.text_within");
  if (base64Of(value) !== undefined) return t("core.binary_within");
  return { number: t("shared.number_within"), array: t("shared.list_within"), object: t("shared.object_within"), bool: "bool", null: "null", missing: "" }[kind];
}
