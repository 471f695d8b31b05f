// Filters as people make them: one pill a condition, all joined by and; and as the server takes them: a filter document.
//
// Holds: `pillsOf(documentOf(pills))` gives the same pills; a document that pills cannot say gives undefined, and is shown as
// text. Which values a condition lets through is the server's to say; here is only how it is written.

import { equal, isObject, kindOf, parse, stringify } from "../core/json.js";
import { isDateType, isNumberType, isPartial, keyFields } from "../core/keys.js";
import { valueFromText } from "../core/typing.js";
import { t } from "../strings/filter.js";

/** @typedef {"text" | "number" | "bool" | "date" | "list" | "object" | "any"} Kind what the values of a field are */
/** @typedef {{name: string, label: string, type: string, kind: Kind, key?: boolean}} Field */
/** @typedef {{field: string, op: string, value?: any, off?: boolean}} Pill */
/** @typedef {{id: string, title: string, dates?: string, takes: "one" | "two" | "many" | "none", kinds: Kind[]}} Operator */

const ORDERED = /** @type {Kind[]} */ (["number", "date", "text", "any"]);
const SCALAR = /** @type {Kind[]} */ (["text", "number", "date", "any"]);
const TEXTS = /** @type {Kind[]} */ (["text", "any", "date"]);
const ALL = /** @type {Kind[]} */ (["text", "number", "bool", "date", "list", "object", "any"]);

/** The operators in the order in which they are offered. @type {Operator[]} */
export const OPERATORS = [
  { id: "eq", title: "=", takes: "one", kinds: ["text", "number", "bool", "date", "any"] },
  { id: "ne", title: "≠", takes: "one", kinds: ["text", "number", "bool", "date", "any"] },
  { id: "lt", title: "<", dates: "before", takes: "one", kinds: ORDERED },
  { id: "lte", title: "≤", dates: "until", takes: "one", kinds: ORDERED },
  { id: "gt", title: ">", dates: "after", takes: "one", kinds: ORDERED },
  { id: "gte", title: "≥", dates: "from", takes: "one", kinds: ORDERED },
  { id: "between", title: t("filter.between"), takes: "two", kinds: ["number", "date", "text", "any"] },
  { id: "in", title: t("filter.is_one_of"), takes: "many", kinds: SCALAR },
  { id: "nin", title: t("filter.is_none_of"), takes: "many", kinds: SCALAR },
  { id: "contains", title: t("filter.contains"), takes: "one", kinds: ["text", "list", "any"] },
  { id: "ncontains", title: t("filter.does_not_contain"), takes: "one", kinds: ["text", "list", "any"] },
  { id: "prefix", title: t("filter.starts_with"), takes: "one", kinds: TEXTS },
  { id: "regex", title: t("filter.matches"), takes: "one", kinds: ["text", "any"] },
  { id: "size", title: t("filter.has_so_many_elements"), takes: "one", kinds: ["list"] },
  { id: "null", title: t("filter.is_null_or_missing"), takes: "none", kinds: ["text", "number", "bool", "date", "any", "list", "object"] },
  { id: "notnull", title: t("filter.has_a_value"), takes: "none", kinds: ["text", "number", "bool", "date", "any", "list", "object"] },
  { id: "missing", title: t("filter.is_missing"), takes: "none", kinds: ALL },
  { id: "there", title: t("filter.is_there"), takes: "none", kinds: ALL },
];

/** @param {string} id */
export function operator(id) {
  return /** @type {Operator} */ (OPERATORS.find((one) => one.id === id) ?? OPERATORS[0]);
}

/** The operators that make sense for a field. @param {Field | undefined} field */
export function operatorsFor(field) {
  const kind = field?.kind ?? "any";
  return OPERATORS.filter((one) => one.kinds.includes(kind));
}

/** How an operator is said of a field. @param {Operator} one @param {Kind | undefined} kind */
export function operatorTitle(one, kind) {
  return kind === "date" && one.dates ? one.dates : one.title;
}

/** @param {string} type of a key or a field @returns {Kind} */
export function kindOfType(type) {
  if (isNumberType(type)) return "number";
  if (isDateType(type)) return "date";
  if (type === "bool") return "bool";
  if (type === "array") return "list";
  if (type === "object") return "object";
  return type === "any" || type === "" ? "any" : "text";
}

const MOST_NESTED = 60;

/**
 * The fields that a filter of a store can name: those of the key, those of the values, and those in objects that were seen.
 * @param {import("./tree.js").Store} store
 * @param {{name: string, type: string, numeric?: boolean}[]} columns @param {unknown[]} [sample] values of items
 * @returns {Field[]}
 */
export function fieldsOf(store, columns, sample = []) {
  const keys = keyFields(store.key);
  const names = new Set(columns.map((column) => column.name));
  /** @type {Field[]} */
  const fields = keys.map((field) => ({ name: clashes(field.name, names, store) ? `key.${field.name}` : field.name, label: field.name, type: field.type, kind: kindOfType(field.type), key: true }));
  for (const column of columns) {
    if (column.name === "") {
      fields.push({ name: "value", label: t("shared.value_within"), type: column.type, kind: kindOfType(column.type) });
      continue;
    }
    const both = keys.some((field) => field.name === column.name && store.key.fields?.length) || column.name === "key" || column.name === "value";
    const kind = column.type === "" && column.numeric ? "number" : kindOfType(column.type);
    fields.push({ name: both ? `value.${column.name}` : column.name, label: column.name, type: column.type, kind });
  }
  return fields.concat(nested(columns, sample));
}

/** @param {string} name @param {Set<string>} names @param {import("./tree.js").Store} store */
function clashes(name, names, store) {
  return (store.key.fields?.length ?? 0) > 0 && (names.has(name) || name === "key" || name === "value");
}

/** Fields of objects, one level down. @param {{name: string}[]} columns @param {unknown[]} sample @returns {Field[]} */
function nested(columns, sample) {
  /** @type {Map<string, Field>} */
  const found = new Map();
  for (const value of sample.slice(0, 100)) {
    if (!isObject(value)) continue;
    for (const { name } of columns) {
      const inner = value[name];
      if (!isObject(inner) || Object.hasOwn(inner, "$bytes")) continue;
      for (const [below, one] of Object.entries(inner)) {
        const path = `${name}.${below}`;
        if (found.has(path) || found.size >= MOST_NESTED) continue;
        const kind = kindOf(one);
        found.set(path, { name: path, label: path, type: kind === "string" ? "string" : kind, kind: kind === "number" ? "number" : kind === "bool" ? "bool" : kind === "string" ? "text" : kind === "array" ? "list" : kind === "object" ? "object" : "any" });
      }
    }
  }
  return [...found.values()];
}

/** Whether a value has to be written with its operator, because an object alone would be taken for operators. @param {unknown} value */
const bare = (value) => kindOf(value) !== "object";

/** The condition of a pill: what stands behind its field. @param {Pill} pill @returns {any} */
function conditionOf({ op, value }) {
  switch (op) {
    case "eq":
      return bare(value) ? value : { $eq: value };
    case "null":
      return null;
    case "notnull":
      return { $ne: null };
    case "missing":
      return { $exists: false };
    case "there":
      return { $exists: true };
    case "ncontains":
      return { $not: { $contains: value } };
    default:
      return { [`$${op}`]: value };
  }
}

/** The document of some pills, those that are off left out; undefined when nothing is asked. @param {Pill[]} pills @returns {{[name: string]: any} | undefined} */
export function documentOf(pills) {
  const active = pills.filter((pill) => !pill.off);
  if (!active.length) return undefined;
  /** @type {{[name: string]: any}} */
  const one = {};
  for (const pill of active) {
    const condition = conditionOf(pill);
    if (!Object.hasOwn(one, pill.field)) {
      one[pill.field] = condition;
      continue;
    }
    const there = one[pill.field];
    const fits = isOperators(there) && isOperators(condition) && !Object.keys(condition).some((name) => Object.hasOwn(there, name));
    if (!fits) return { $and: active.map((each) => ({ [each.field]: conditionOf(each) })) };
    one[pill.field] = { ...there, ...condition };
  }
  return one;
}

/** @param {unknown} condition @returns {condition is {[name: string]: unknown}} */
function isOperators(condition) {
  if (!isObject(condition)) return false;
  const names = Object.keys(condition);
  return names.length > 0 && names.every((name) => name.startsWith("$"));
}

/** The pills of a document; undefined when pills cannot say it. @param {unknown} document @returns {Pill[] | undefined} */
export function pillsOf(document) {
  if (!isObject(document)) return undefined;
  /** @type {Pill[]} */
  const pills = [];
  for (const [field, condition] of Object.entries(document)) {
    if (field === "$and" && Array.isArray(condition)) {
      for (const part of condition) {
        const inner = pillsOf(part);
        if (!inner) return undefined;
        pills.push(...inner);
      }
      continue;
    }
    if (field.startsWith("$")) return undefined;
    const own = pillsOfField(field, condition);
    if (!own) return undefined;
    pills.push(...own);
  }
  return pills;
}

/** @param {string} field @param {unknown} condition @returns {Pill[] | undefined} */
function pillsOfField(field, condition) {
  if (condition === null) return [{ field, op: "null" }];
  if (!isObject(condition)) return [{ field, op: "eq", value: condition }];
  if (!isOperators(condition)) return undefined;
  /** @type {Pill[]} */
  const pills = [];
  for (const [name, value] of Object.entries(condition)) {
    const op = name.slice(1);
    if (op === "exists" && typeof value === "boolean") pills.push({ field, op: value ? "there" : "missing" });
    else if (op === "ne" && value === null) pills.push({ field, op: "notnull" });
    else if (op === "not" && isObject(value) && equal(Object.keys(value), ["$contains"])) pills.push({ field, op: "ncontains", value: value.$contains });
    else if ((op === "between" && !(Array.isArray(value) && value.length === 2)) || ((op === "in" || op === "nin") && !Array.isArray(value))) return undefined;
    else if (["eq", "ne", "lt", "lte", "gt", "gte", "between", "in", "nin", "contains", "prefix", "regex", "size"].includes(op)) pills.push({ field, op, value });
    else return undefined;
  }
  return pills;
}

/** The pills of an address; `raw` when the document is one that only text can say. @param {string | undefined} filter @param {string | undefined} off @returns {{pills: Pill[], raw?: string}} */
export function readPills(filter, off) {
  /** @type {Pill[]} */
  let resting = [];
  try {
    const list = off === undefined ? [] : parse(off);
    if (Array.isArray(list)) resting = list.flatMap((one) => pillsOf(one) ?? []).map((pill) => ({ ...pill, off: true }));
  } catch {
    // What is off does nothing, so nothing is lost by it.
  }
  if (filter === undefined) return { pills: resting };
  try {
    const pills = pillsOf(parse(filter));
    return pills ? { pills: pills.concat(resting) } : { pills: resting, raw: filter };
  } catch {
    return { pills: resting, raw: filter };
  }
}

/** What the address keeps of pills. @param {Pill[]} pills @returns {{filter: string | undefined, off: string | undefined}} */
export function writePills(pills) {
  const document = documentOf(pills);
  const resting = pills.filter((pill) => pill.off).map((pill) => ({ [pill.field]: conditionOf(pill) }));
  return { filter: document && stringify(document), off: resting.length ? stringify(resting) : undefined };
}

/** Two filters joined by and. @param {any} a @param {any} b */
export function both(a, b) {
  const empty = (/** @type {any} */ one) => one === undefined || (isObject(one) && Object.keys(one).length === 0);
  return empty(b) ? (a ?? {}) : empty(a) ? b : { $and: [a, b] };
}

/** A prefix of the key as a filter. @param {unknown[]} prefix @param {string[]} fields the names of the key's fields @returns {{[name: string]: any}} */
export function prefixFilter(prefix, fields) {
  return Object.fromEntries(prefix.map((part, index) => [fields[index] ?? "key", isPartial(part) ? { $prefix: part.partial } : part]));
}

/** The values of a list as they are typed: commas between them, quotes around those that have commas. @param {string} text */
export function splitList(text) {
  /** @type {string[]} */
  const parts = [];
  for (const [, quoted, plain] of text.matchAll(/\s*(?:"((?:[^"]|"")*)"\s*|([^,]*))(?:,|$)/g)) {
    const part = quoted !== undefined ? quoted.replaceAll('""', '"') : plain.trim();
    if (part !== "" || quoted !== undefined) parts.push(part);
  }
  return parts;
}

/** @param {unknown} value */
export function valueText(value) {
  const kind = kindOf(value);
  if (kind === "missing") return "";
  return kind === "string" ? /** @type {string} */ (value) : stringify(value);
}

/** A list as it is typed. @param {unknown[]} values */
export function listText(values) {
  return values.map((value) => {
    const text = valueText(value);
    return /[,"]/.test(text) || text === "" ? `"${text.replaceAll('"', '""')}"` : text;
  }).join(", ");
}

/**
 * The value of one typed text for a field.
 * @param {Field | undefined} field @param {string} op @param {string} text
 * @returns {{value: any} | {error: string, fix?: string}}
 */
function typedOne(field, op, text) {
  const kind = op === "size" ? "number" : (field?.kind ?? "any");
  if (op === "prefix" || op === "regex") return { value: text };
  if (kind === "date" && text.trim() !== "" && !/^-?\d{4,}(-\d\d(-\d\d.*)?)?$|^\d\d:\d\d/.test(text.trim())) return { error: t("shared.is_not_a_date", { text: text.trim() }) };
  if (kind === "date") return { value: text.trim() };
  const typed = valueFromText(kind === "number" ? "number" : kind === "bool" ? "bool" : kind === "text" ? "string" : "any", text);
  if ("value" in typed && typed.value === null && (kind === "number" || kind === "bool")) return { error: kind === "number" ? t("filter.a_number_is_missing") : t("filter.a_value_is_missing") };
  return typed;
}

/**
 * A pill from what was typed.
 * @param {Field | undefined} field @param {string} name @param {string} op @param {string} text @param {string} second the upper end of `between`
 * @returns {{pill: Pill} | {error: string, fix?: string, second?: boolean}}
 */
export function typedPill(field, name, op, text, second = "") {
  const { takes } = operator(op);
  if (takes === "none") return { pill: { field: name, op } };
  if (takes === "many") {
    const values = [];
    for (const part of splitList(text)) {
      const typed = typedOne(field, op, part);
      if ("error" in typed) return typed;
      values.push(typed.value);
    }
    return values.length ? { pill: { field: name, op, value: values } } : { error: t("filter.a_value_is_missing_write_commas_between_several") };
  }
  const low = typedOne(field, op, text);
  if ("error" in low) return low;
  if (takes === "one") {
    if (text === "" && op !== "eq" && op !== "ne") return { error: t("filter.a_value_is_missing") };
    return { pill: { field: name, op, value: low.value } };
  }
  const high = typedOne(field, op, second);
  if ("error" in high) return { ...high, second: true };
  if (text.trim() === "" || second.trim() === "") return { error: t("filter.both_ends_are_needed"), second: text.trim() !== "" };
  return { pill: { field: name, op, value: [low.value, high.value] } };
}

/** What a pill says in words: field, operator, value. @param {Pill} pill @param {Field | undefined} field @returns {{name: string, op: string, value: string, kind: string}} */
export function pillWords(pill, field) {
  const one = operator(pill.op);
  const show = (/** @type {unknown} */ value) => (value === "" ? '""' : valueText(value));
  const value = one.takes === "none" ? "" : one.takes === "two" && Array.isArray(pill.value) ? t("filter.show_and_show2", { show: show(pill.value[0]), show2: show(pill.value[1]) }) : one.takes === "many" && Array.isArray(pill.value) ? listText(pill.value) : show(pill.value);
  const kind = kindOf(pill.value);
  return { name: field?.label ?? pill.field, op: operatorTitle(one, field?.kind), value, kind: kind === "number" ? "n" : kind === "bool" ? "b" : field?.kind === "date" ? "d" : "" };
}

/** The pill that a fault of the server belongs to, by the pointer into the document; -1 when it is none of them. @param {Pill[]} pills @param {string} pointer */
export function pillAt(pills, pointer) {
  const parts = pointer.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  const active = pills.map((pill, index) => ({ pill, index })).filter(({ pill }) => !pill.off);
  if (parts[0] === "$and") return active[Number(parts[1])]?.index ?? -1;
  const own = active.filter(({ pill }) => pill.field === parts[0]);
  const exact = own.find(({ pill }) => parts[1] === undefined || Object.keys(isObject(conditionOf(pill)) ? conditionOf(pill) : {}).includes(parts[1]));
  return (exact ?? own[0])?.index ?? -1;
}

/** A statement with its parameters written in their places, for people. @param {string} sql @param {unknown[]} params */
export function inlined(sql, params) {
  let next = 0;
  return sql.replace(/"(?:[^"]|"")*"|'(?:[^']|'')*'|\?/g, (found) => (found === "?" ? sqlLiteral(params[next++]) : found));
}

/** @param {unknown} value */
export function sqlLiteral(value) {
  const kind = kindOf(value);
  if (kind === "null" || kind === "missing") return "NULL";
  if (kind === "bool") return value ? "TRUE" : "FALSE";
  if (kind === "number") return String(value);
  if (isObject(value) && typeof value.$bytes === "string") return `X'${[...atob(value.$bytes)].map((c) => c.charCodeAt(0).toString(16).padStart(2, "0")).join("")}'`;
  return `'${(kind === "string" ? /** @type {string} */ (value) : stringify(value)).replaceAll("'", "''")}'`;
}
