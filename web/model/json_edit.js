// Changes of one place in a JSON value, and what a declared schema says against a value.
//
// Holds: a value is never changed in place; what a step does not lead to is left as it is.

import { isObject, kindOf, stringify } from "../core/json.js";
import { isDateText } from "../core/format.js";
import { valueFromText } from "../core/typing.js";
import { t } from "../strings/item.js";

/** The types that a node can be turned into. */
export const TYPES = /** @type {const} */ (["text", "number", "bool", "null", "object", "list"]);
/** @typedef {typeof TYPES[number]} NodeType */

/** The types as people read them. @type {{[type in NodeType]: string}} */
export const TYPE_TITLES = { text: t("shared.text_within"), number: t("shared.number_within"), bool: "bool", null: "null", object: t("shared.object_within"), list: t("shared.list_within") };

/** @param {unknown} value @returns {NodeType} */
export function typeOf(value) {
  const kind = kindOf(value);
  if (kind === "string") return "text";
  if (kind === "array") return "list";
  if (kind === "number" || kind === "bool" || kind === "object") return kind;
  return "null";
}

/** @param {any} value @param {string[]} steps @returns {any} */
export function valueAt(value, steps) {
  let at = value;
  for (const step of steps) at = Array.isArray(at) ? at[Number(step)] : isObject(at) && Object.hasOwn(at, step) ? at[step] : undefined;
  return at;
}

/** The value with another one at a place. @param {any} value @param {string[]} steps @param {any} next @returns {any} */
export function setAt(value, steps, next) {
  const [step, ...rest] = steps;
  if (step === undefined) return next;
  if (Array.isArray(value)) return value.map((one, index) => (index === Number(step) ? setAt(one, rest, next) : one));
  const base = isObject(value) ? value : {};
  return { ...base, [step]: setAt(base[step], rest, next) };
}

/** The value without a place. @param {any} value @param {string[]} steps @returns {any} */
export function removeAt(value, steps) {
  const last = steps.at(-1);
  if (last === undefined) return value;
  const parent = valueAt(value, steps.slice(0, -1));
  if (Array.isArray(parent)) return setAt(value, steps.slice(0, -1), parent.filter((_, index) => index !== Number(last)));
  if (!isObject(parent)) return value;
  const left = { ...parent };
  delete left[last];
  return setAt(value, steps.slice(0, -1), left);
}

/** The value with a field under another name, in its place. @param {any} value @param {string[]} steps @param {string} name @returns {any} */
export function renameAt(value, steps, name) {
  const parent = valueAt(value, steps.slice(0, -1));
  if (!isObject(parent)) return value;
  return setAt(value, steps.slice(0, -1), Object.fromEntries(Object.entries(parent).map(([one, inner]) => [one === steps.at(-1) ? name : one, inner])));
}

/** A value as one of another type: what can be kept is. @param {unknown} value @param {NodeType} type */
export function converted(value, type) {
  const kind = kindOf(value);
  const text = kind === "string" ? /** @type {string} */ (value) : kind === "null" || kind === "missing" ? "" : stringify(value);
  if (type === "text") return text;
  if (type === "number") {
    const typed = valueFromText("number", kind === "bool" ? String(Number(value)) : text);
    return "value" in typed && typed.value !== null ? typed.value : 0;
  }
  if (type === "bool") return kind === "number" ? Number(String(value)) !== 0 : /^(?:true|t|yes|y|1|on)$/i.test(text.trim());
  if (type === "object") return isObject(value) ? value : Array.isArray(value) ? Object.fromEntries(value.map((one, index) => [String(index), one])) : {};
  if (type === "list") return Array.isArray(value) ? value : kind === "null" || kind === "missing" ? [] : isObject(value) ? Object.values(value) : [value];
  return null;
}

/** @param {string} type of a field of a schema @param {unknown} value */
function fits(type, value) {
  const kind = kindOf(value);
  if (kind === "null") return true;
  switch (type) {
    case "integer":
      return kind === "number" && /^-?\d+$/.test(String(value));
    case "number":
      return kind === "number";
    case "string":
      return kind === "string";
    case "bool":
    case "array":
    case "object":
      return kind === type;
    case "date":
    case "datetime":
      return kind === "string" && isDateText(value);
    default:
      return true;
  }
}

/**
 * What a declared schema says against a value, by field; "" is the whole.
 * @param {{declared?: boolean, fields?: {name: string, type: string, required?: boolean, declared?: boolean}[]} | undefined} schema @param {unknown} value
 * @returns {Map<string, string>}
 */
export function violations(schema, value) {
  /** @type {Map<string, string>} */
  const found = new Map();
  if (!schema?.declared) return found;
  if (!isObject(value)) {
    found.set("", t("item.the_schema_asks_for_an_object"));
    return found;
  }
  for (const field of schema.fields ?? []) {
    if (field.declared === false) continue;
    const one = Object.hasOwn(value, field.name) ? value[field.name] : undefined;
    if (one === undefined) {
      if (field.required) found.set(field.name, t("shared.field_is_required", { field: field.name }));
    } else if (!fits(field.type, one)) found.set(field.name, field.type === "integer" ? t("item.is_a_whole_number_in_the_schema", { field: field.name }) : t("item.has_a_type_in_the_schema", { field: field.name, type: field.type }));
  }
  return found;
}
