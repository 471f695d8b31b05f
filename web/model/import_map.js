// What becomes of the fields of a file: other names, nested by dots, other types, left out. The server does it; here is how
// it will look, and what the server is told.
//
// Holds: a field without a rule stays as it is; the server is told only of fields that have one.

import { isObject, kindOf, parse, stringify } from "../core/json.js";
import { t } from "../strings/import.js";

/** @typedef {{to?: string, type?: FieldType, skip?: boolean}} Rule */
/** @typedef {{[field: string]: Rule}} Rules */
/** @typedef {"integer" | "number" | "boolean" | "json" | "text"} FieldType */

export const TYPES = /** @type {const} */ ([["", t("import.as_it_is_within")], ["text", t("shared.text_within")], ["integer", t("shared.whole_number")], ["number", t("shared.number_within")], ["boolean", t("shared.true_or_false")], ["json", "JSON"]]);

/** The name that a field has in the end. @param {Rules} rules @param {string} field */
export function targetOf(rules, field) {
  return rules[field]?.to?.trim() || field;
}

/** The fields that are left, by their new names. @param {string[]} fields @param {Rules} rules */
export function targets(fields, rules) {
  return fields.filter((field) => !rules[field]?.skip).map((field) => targetOf(rules, field));
}

/** The rules as the server takes them; undefined when there are none. @param {string[]} fields @param {Rules} rules */
export function mapParameter(fields, rules) {
  const list = fields.flatMap(/** @returns {{from: string, to?: string, type?: string, skip?: boolean}[]} */ (field) => {
    const { to, type, skip } = rules[field] ?? {};
    if (skip) return [{ from: field, skip: true }];
    const name = to?.trim();
    if ((!name || name === field) && !type) return [];
    return [{ from: field, ...(name && name !== field ? { to: name } : {}), ...(type ? { type } : {}) }];
  });
  return list.length ? JSON.stringify(list) : undefined;
}

/** Why rules cannot be carried out; undefined when they can. @param {string[]} fields @param {Rules} rules */
export function ruleFault(fields, rules) {
  const names = fields.filter((field) => !rules[field]?.skip).map((field) => ({ name: targetOf(rules, field), nested: (rules[field]?.to?.trim() ?? field) !== field }));
  if (!names.length) return t("import.all_fields_are_left_out");
  const empty = names.find(({ name, nested }) => nested && name.split(".").some((part) => part === ""));
  if (empty) return t("import.has_an_empty_part", { empty: empty.name });
  const seen = new Set();
  for (const { name } of names) {
    if (seen.has(name)) return t("import.two_fields_would_both_be", { name });
    seen.add(name);
  }
  const inside = names.find(({ name, nested }) => nested && names.some((other) => other.name !== name && name.startsWith(`${other.name}.`)));
  return inside ? t("import.would_lie_in_a_field", { inside: inside.name }) : undefined;
}

/** A row as it will be. Values that do not fit their type stay and are marked. @param {{[name: string]: any}} row @param {Rules} rules @returns {{row: {[name: string]: any}, wrong: Set<string>}} */
export function shaped(row, rules) {
  /** @type {{[name: string]: any}} */
  const made = {};
  const wrong = new Set();
  for (const [field, value] of Object.entries(row)) {
    const rule = rules[field];
    if (rule?.skip) continue;
    const read = rule?.type ? asType(value, rule.type) : value;
    if (read === undefined) wrong.add(targetOf(rules, field));
    put(made, rule?.to?.trim() && rule.to.trim() !== field ? rule.to.trim().split(".") : [field], read === undefined ? value : read);
  }
  return { row: made, wrong };
}

/** @param {{[name: string]: any}} object @param {string[]} path @param {any} value */
function put(object, path, value) {
  const [first, ...rest] = path;
  if (!rest.length) Object.defineProperty(object, first, { value, enumerable: true, configurable: true, writable: true });
  else {
    if (!Object.hasOwn(object, first) || !isObject(object[first])) Object.defineProperty(object, first, { value: {}, enumerable: true, configurable: true, writable: true });
    put(object[first], rest, value);
  }
}

/** A field of a shaped row by its name with dots. @param {{[name: string]: any}} row @param {string} name */
export function fieldAt(row, name) {
  if (Object.hasOwn(row, name)) return row[name];
  return name.split(".").reduce((/** @type {any} */ inner, part) => (isObject(inner) && Object.hasOwn(inner, part) ? inner[part] : undefined), row);
}

/** A value as a type; undefined when it does not fit. @param {any} value @param {FieldType} type */
export function asType(value, type) {
  const kind = kindOf(value);
  if (kind === "null" || kind === "missing") return null;
  if (type === "json" ? kind === "object" || kind === "array" : type === "boolean" ? kind === "bool" : type === "text" ? kind === "string" : kind === "number" && (type === "number" || /^-?\d+$/.test(String(value)))) return value;
  const text = kind === "string" ? value.trim() : stringify(value);
  if (text === "") return null;
  if (type === "text") return text;
  if (type === "boolean") return /^(?:true|True|TRUE)$/.test(text) ? true : /^(?:false|False|FALSE)$/.test(text) ? false : undefined;
  if (type === "integer" && !/^-?(?:0|[1-9]\d*)$/.test(text)) return undefined;
  if (type === "number" && !/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?$/.test(text)) return undefined;
  try {
    const read = parse(text);
    return type === "json" && !isObject(read) && !Array.isArray(read) ? undefined : read;
  } catch {
    return undefined;
  }
}
