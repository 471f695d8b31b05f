// What the items of a store show: kinds from exact counts, ranges and frequent values from a bounded look, and which
// fields seem to name items of other stores.
//
// Holds: every look reads at most `LOOK` items; what is said of a part of a store says so.

import { allKeyFields, isComposite, keyFields } from "../../core/keys.js";
import { quoted } from "../query/sql_text.js";

export const LOOK = 10_000;
const MOST_FIELDS = 40;
const MOST_TOP = 5;
const MOST_VALUES = 1_000;
/** The share of values that must find their target. */
const LEAST_FOUND = 0.95;
const LEAST_VALUES = 2;

/** @typedef {{path: string, depth: number, type: string, required: boolean, declared: boolean, count: number, kinds: {kind: string, count: number}[], more?: number}} ShapeField */
/** @typedef {{name: string, kinds: {kind: string, count: number}[], count: number, missing: number, nulls: number, nested: boolean, type: string, required: boolean, depth: number}} Found */

/** Fields of a store by their exact counts. @param {{count: number, shape?: {fields: ShapeField[]}}} store @returns {Found[]} */
export function fieldsFound(store) {
  const total = Number(store.count);
  return (store.shape?.fields ?? []).filter((one) => one.path !== "[]" || one.depth > 0).map((one) => {
    const nulls = Number(one.kinds.find((kind) => kind.kind === "null")?.count ?? 0);
    return { name: one.path, kinds: one.kinds.filter((kind) => kind.kind !== "null").map((kind) => ({ kind: kind.kind, count: Number(kind.count) })), count: Number(one.count), missing: Math.max(0, total - Number(one.count)), nulls, nested: one.depth > 1, type: one.type, required: one.required, depth: Number(one.depth) };
  });
}

/** The schema that the items show, to be declared. @param {Found[]} found */
export function schemaFound(found) {
  return found.filter((one) => !one.nested && one.name !== "[]").map((one) => ({ name: one.name, type: one.type, required: one.missing === 0 && one.nulls === 0 && one.count > 0 }));
}

/** Names of fields that have a range: those with plain values. @param {Found[]} found */
export function measurable(found) {
  return found.filter((one) => !one.nested && !one.kinds.some((kind) => kind.kind === "object" || kind.kind === "array") && one.name !== "[]").slice(0, MOST_FIELDS).map((one) => one.name);
}

/** One row with least, most and how many different values of each field. @param {string} store @param {string[]} fields */
export function rangesSql(store, fields) {
  const parts = fields.flatMap((field, index) => [`min(${quoted(field)}) AS least${index}`, `max(${quoted(field)}) AS most${index}`, `count(DISTINCT ${quoted(field)}) AS different${index}`]);
  return `SELECT count(*) AS looked, ${parts.join(", ")} FROM (SELECT ${fields.map(quoted).join(", ")} FROM ${quoted(store)} LIMIT ${LOOK})`;
}

/** @param {any[]} row @param {string[]} fields @returns {{looked: number, by: Map<string, {least: unknown, most: unknown, different: number}>}} */
export function rangesOf(row, fields) {
  return { looked: Number(row[0]), by: new Map(fields.map((name, index) => [name, { least: row[1 + index * 3], most: row[2 + index * 3], different: Number(row[3 + index * 3]) }])) };
}

/** The most frequent values of a field. @param {string} store @param {string} field */
export function topSql(store, field) {
  return `SELECT ${quoted(field)} AS value, count(*) AS n FROM (SELECT ${quoted(field)} FROM ${quoted(store)} LIMIT ${LOOK}) WHERE ${quoted(field)} IS NOT NULL GROUP BY 1 ORDER BY n DESC, value LIMIT ${MOST_TOP}`;
}

/** How many different values of the source fields name an item of the target: `looked`, `found`, and one that does not. @param {string} store @param {{source_fields: string[], target_store: string, target_fields: string[]}} relation */
export function previewSql(store, relation) {
  const pairs = relation.source_fields.map((field, index) => `t.${quoted(relation.target_fields[index] ?? "")} = s.${quoted(field)}`);
  const source = relation.source_fields.map(quoted).join(", ");
  const lost = `min(CASE WHEN NOT found THEN ${quoted(relation.source_fields[0])} END)`;
  return `SELECT count(*) AS looked, coalesce(sum(found), 0) AS found, ${lost} AS lost FROM (SELECT s.*, EXISTS (SELECT 1 FROM ${quoted(relation.target_store)} t WHERE ${pairs.join(" AND ")}) AS found FROM (SELECT DISTINCT ${source} FROM (SELECT ${source} FROM ${quoted(store)} LIMIT ${LOOK}) WHERE ${relation.source_fields.map((field) => `${quoted(field)} IS NOT NULL`).join(" AND ")} LIMIT ${MOST_VALUES}) s)`;
}

const NUMBERS = /^(?:[iu](?:8|16|32|64)|integer|number|f32|f64|decimal)$/;

/** Whether values of two types can be the same. @param {string} a @param {string} b */
export function alike(a, b) {
  const kind = (/** @type {string} */ type) => (NUMBERS.test(type) ? "number" : type === "uuid" ? "string" : type);
  return a === "any" || b === "any" || kind(a) === kind(b);
}

/** A name without its case and joints. @param {string} name */
const plain = (name) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
/** @param {string} name */
const singular = (name) => (name.endsWith("ies") ? `${name.slice(0, -3)}y` : /(?:s|x|ch|sh)es$/.test(name) ? name.slice(0, -2) : name.endsWith("s") && !name.endsWith("ss") ? name.slice(0, -1) : name);

/**
 * Relations that the names suggest, the likeliest first; a look at the values has to confirm them.
 * @param {any} store @param {any[]} stores @returns {import("./definition.js").Relation[]}
 */
export function candidates(store, stores) {
  const declared = new Set((store.relations ?? []).map((/** @type {any} */ one) => `${one.source_fields.join("\u0000")}\u0001${one.target_store}`));
  const own = keyFields(store.key);
  const fields = [...(isComposite(store.key) ? allKeyFields(store.key) : []), ...(store.schema?.fields ?? []).filter((/** @type {any} */ one) => !own.some((key) => key.name === one.name))];
  /** @type {{relation: import("./definition.js").Relation, weight: number}[]} */
  const found = [];
  for (const field of fields) {
    for (const other of stores) {
      const keys = keyFields(other.key);
      if (keys.length !== 1 || declared.has(`${field.name}\u0001${other.name}`) || !alike(field.type, keys[0].type)) continue;
      // The own key of a store names its own items.
      if (other.name === store.name && own.some((key) => key.name === field.name)) continue;
      const weight = nameWeight(field.name, other.name, keys[0].name);
      if (weight > 0 && !(own.length === 1 && own[0].name === field.name && other.name !== store.name && weight < 3)) found.push({ relation: { source_fields: [field.name], target_store: other.name, target_fields: [keys[0].name] }, weight });
    }
  }
  return found.sort((a, b) => b.weight - a.weight).map((one) => one.relation);
}

/** How much a field's name speaks for a store: 3 the name of its key, 2 its own name, 1 it ends in it. @param {string} field @param {string} store @param {string} key */
function nameWeight(field, store, key) {
  const [name, target, id] = [plain(field), singular(plain(store)), plain(key)];
  if (name === id && id !== "id" && id !== "key" && id !== "name") return 3;
  const stem = name.replace(/(?:id|key|ref|no|code)$/, "");
  if (stem === target || name === target || name === plain(store)) return 2;
  return stem.length > target.length && target.length > 2 && stem.endsWith(target) ? 1 : 0;
}

/** Whether a look at the values confirms a relation. @param {{looked: number, found: number}} look */
export function confirms(look) {
  return look.looked >= LEAST_VALUES && look.found / look.looked >= LEAST_FOUND;
}
