// Keys as people see and type them. The order and the encoding of keys are the server's; here a key is JSON.

import { t } from "../strings/core.js";
import { ExactNumber, kindOf, number, parse, stringify } from "./json.js";

/** @typedef {{name: string, type: string, order?: "asc" | "desc"}} KeyField */
/** @typedef {{type: string, fields?: KeyField[], ride_on?: KeyField[]}} KeySpec */

export const SEPARATOR = " / ";

const INTEGER = /^(?:[iu](?:8|16|32|64))$/;
const FLOAT = /^(?:f32|f64|decimal)$/;

/** Whether a type, of a key or of a field, is shown and typed as a number. @param {string} type */
export function isNumberType(type) {
  return INTEGER.test(type) || FLOAT.test(type) || type === "integer" || type === "number";
}
/** Whether a type is a date or a time. @param {string} type */
export function isDateType(type) {
  return type === "date" || type === "time" || type === "datetime" || type === "timestamp";
}

/** The fields of a key in order; a single key is one field called `key`. @param {KeySpec} spec @returns {KeyField[]} */
export function keyFields(spec) {
  return spec.fields?.length ? spec.fields : [{ name: "key", type: spec.type }];
}

/** All fields including those that ride on the key. @param {KeySpec} spec @returns {KeyField[]} */
export function allKeyFields(spec) {
  return [...keyFields(spec), ...(spec.ride_on ?? [])];
}

/** @param {KeySpec} spec */
export function isComposite(spec) {
  return spec.type === "composite" || (spec.fields?.length ?? 0) > 0;
}

/** The values of a key in the order of its fields. @param {KeySpec} spec @param {any} key @returns {unknown[]} */
export function keyValues(spec, key) {
  if (!isComposite(spec)) return [key];
  if (Array.isArray(key)) return key;
  return keyFields(spec).map((field) => key?.[field.name] ?? null);
}

/** The key of a store whose key is one value or one field, from that value. @param {KeySpec} spec @param {unknown} value */
export function keyOfOne(spec, value) {
  return isComposite(spec) ? { [keyFields(spec)[0].name]: value } : value;
}

/** A key from values in field order. @param {KeySpec} spec @param {unknown[]} values */
export function keyFromValues(spec, values) {
  if (!isComposite(spec)) return values[0];
  return Object.fromEntries(allKeyFields(spec).map((field, index) => [field.name, values[index] ?? null]));
}

/** One value of a key as text. @param {unknown} value @param {string} [type] @returns {string} */
export function partText(value, type = "") {
  const kind = kindOf(value);
  if (kind === "null" || kind === "missing") return "null";
  if (kind === "string") {
    const text = /** @type {string} */ (value);
    if (text === "") return '""';
    return isDateType(type) ? text.replace(/T00:00:00(?:\.0+)?Z?$/, "") : visible(text);
  }
  return typeof value === "object" && !(value instanceof ExactNumber) ? stringify(value) : String(value);
}

/** Control characters and line ends made visible, so that a key stays on one line. @param {string} text */
export function visible(text) {
  return text.replace(/[\u0000-\u001f\u007f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (c) => (c === "\n" ? "↵" : c === "\t" ? "⇥" : "�"));
}

/** The names of the key's fields, without the store's own name before them. @param {string} store @param {KeySpec} spec */
export function keyLabel(store, spec) {
  return keyFields(spec).map(({ name }) => (name.startsWith(store) && /^\p{Lu}/u.test(name.slice(store.length)) ? name.slice(store.length) : name)).join(SEPARATOR);
}

/** A whole key as one line. @param {KeySpec} spec @param {unknown} key */
export function keyText(spec, key) {
  const fields = keyFields(spec);
  return keyValues(spec, key).map((value, index) => partText(value, fields[index]?.type)).join(SEPARATOR);
}

/** A prefix (leading values, the last may be `{partial}`) as one line. @param {KeySpec} spec @param {unknown[]} prefix */
export function prefixText(spec, prefix) {
  const fields = keyFields(spec);
  return prefix.map((value, index) => (isPartial(value) ? `${visible(value.partial)}…` : partText(value, fields[index]?.type))).join(SEPARATOR);
}

/** @param {unknown} value @returns {value is {partial: string}} */
export function isPartial(value) {
  return kindOf(value) === "object" && typeof (/** @type {any} */ (value).partial) === "string";
}

/** The same key always gives the same text: what staged changes and selections are kept under. @param {unknown} key */
export function keyId(key) {
  return stringify(key);
}

/**
 * How many characters of `text` it shares with the line above, cut back to the end of a word.
 * @param {string} above @param {string} text
 */
export function sharedHead(above, text) {
  const most = Math.min(above.length, text.length);
  let same = 0;
  while (same < most && above.charCodeAt(same) === text.charCodeAt(same)) same += 1;
  if (same === text.length) return 0;
  while (same > 0 && /[\p{L}\p{N}]/u.test(text[same - 1])) same -= 1;
  return same;
}

/**
 * A key text cut to `room` characters: loses its head, never its tail.
 * @param {string} text @param {number} room
 */
export function cutHead(text, room) {
  if (text.length <= room) return text;
  const parts = text.split(SEPARATOR);
  while (parts.length > 2) {
    parts.shift();
    const shorter = `…${SEPARATOR}${parts.join(SEPARATOR)}`;
    if (shorter.length <= room) return shorter;
  }
  return `…${text.slice(text.length - Math.max(4, room - 1))}`;
}

/**
 * A value for a key field from what was typed.
 * @param {string} type @param {string} text
 * @returns {{value: unknown} | {error: string, fix?: string}}
 */
export function typedValue(type, text) {
  const trimmed = text.trim();
  if (INTEGER.test(type)) {
    if (/^[+-]?\d+$/.test(trimmed)) return { value: number(trimmed.replace(/^\+/, "").replace(/^(-?)0+(?=\d)/, "$1")) };
    return { error: t("core.is_not_a_whole_number", { text: trimmed, type }), fix: /^-?\d+[.,]0*$/.test(trimmed) ? trimmed.replace(/[.,]0*$/, "") : undefined };
  }
  if (FLOAT.test(type)) {
    if (/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(trimmed)) return { value: number(trimmed) };
    const pointed = trimmed.replace(",", ".");
    return { error: /^-?\d+,\d+$/.test(trimmed) ? t("core.is_not_a_number_decimals_take_a_point", { text: trimmed }) : t("core.is_not_a_number", { text: trimmed }), fix: /^-?\d+\.\d+$/.test(pointed) ? pointed : undefined };
  }
  if (type === "bool") {
    if (trimmed === "true" || trimmed === "false") return { value: trimmed === "true" };
    return { error: t("core.is_neither_true_nor_false", { text: trimmed }) };
  }
  if (type === "date" && !/^-?\d{4,}-\d\d-\d\d$/.test(trimmed)) return { error: t("shared.is_not_a_date", { text: trimmed }) };
  return { value: text };
}

/**
 * A key from one line of text, as the jump field takes it: JSON, or the parts with “ / ” between them.
 * Fewer parts than fields are filled with null, which sorts first.
 * @param {KeySpec} spec @param {string} text
 * @returns {{key: unknown} | {error: string}}
 */
export function typedKey(spec, text) {
  const trimmed = text.trim();
  if (isComposite(spec) && /^[[{]/.test(trimmed)) {
    try {
      return { key: parse(trimmed) };
    } catch (error) {
      return { error: /** @type {Error} */ (error).message };
    }
  }
  const fields = keyFields(spec);
  const parts = fields.length === 1 ? [text.trim()] : trimmed.split(/\s*\/\s*/);
  if (parts.length > fields.length) return { error: t("core.the_key_has_fields", { fields: fields.length, parts: parts.length }) };
  const values = [];
  for (const [index, part] of parts.entries()) {
    if (part === "" && fields.length > 1) {
      values.push(null);
      continue;
    }
    const typed = typedValue(fields[index].type, part);
    if ("error" in typed) return { error: `${fields[index].name}: ${typed.error}` };
    values.push(typed.value);
  }
  return { key: keyFromValues({ ...spec, ride_on: [] }, values) };
}
