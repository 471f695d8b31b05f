// A store as it is being designed: what a person changes, what the server is sent, and what stands in the way.
//
// Holds: a draft is plain data that survives a reload; `definitionOf` and `draftOf` are each other's inverse for what the
// server knows; a field of an existing store that may not change now says why in one sentence.

import { count } from "../../core/format.js";
import { isObject, stringify } from "../../core/json.js";
import { t } from "../../strings/design.js";

export const KEY_TYPES = ["string", "i64", "u64", "i32", "u32", "i16", "u16", "i8", "u8", "uuid", "date", "time", "datetime", "timestamp", "bool", "f64", "f32", "decimal", "bytes"];
export const FIELD_TYPES = ["any", "string", "integer", "number", "bool", "date", "datetime", "array", "object", "bytes"];
export const SLOTS = { least: 2, most: 20_000, usual: 2_000 };

/** @typedef {{name: string, type: string, order: "asc" | "desc"}} KeyField */
/** @typedef {{name: string, type: string}} RideOn */
/** @typedef {{name: string, type: string, required: boolean}} SchemaField */
/** @typedef {{source_fields: string[], target_store: string, target_fields: string[]}} Relation */
/**
 * @typedef {object} Draft
 * @property {string} name
 * @property {string} description
 * @property {boolean} composite
 * @property {string} type of a key of one value
 * @property {KeyField[]} fields
 * @property {RideOn[]} ride_on
 * @property {"" | "compare" | "sort_key"} orderBy
 * @property {string} expression
 * @property {boolean} unique
 * @property {boolean} declared
 * @property {SchemaField[]} schema
 * @property {Relation[]} relations
 * @property {string} placement
 * @property {number} slot_length
 * @property {boolean} leaf_load_balancing
 * @property {{[name: string]: unknown}} cache
 * @property {{key: unknown, value: unknown}} [seed] an item to begin with
 */

/** @returns {Draft} */
export function emptyDraft() {
  return { name: "", description: "", composite: true, type: "string", fields: [{ name: "id", type: "i64", order: "asc" }], ride_on: [], orderBy: "", expression: "", unique: true, declared: false, schema: [], relations: [], placement: "node", slot_length: SLOTS.usual, leaf_load_balancing: false, cache: {} };
}

/** A draft from a definition, as the API gives and takes it. @param {any} store @returns {Draft} */
export function draftOf(store) {
  const key = store.key ?? { type: "string" };
  const composite = key.type === "composite";
  const cel = key.cel ?? {};
  const orderBy = cel.compare !== undefined ? "compare" : cel.sort_key !== undefined ? "sort_key" : "";
  return {
    name: String(store.name ?? ""),
    description: String(store.description ?? ""),
    composite,
    type: composite ? "string" : String(key.type ?? "string"),
    fields: composite ? (key.fields ?? []).map((/** @type {any} */ one) => ({ name: String(one.name), type: String(one.type), order: one.order === "desc" ? "desc" : "asc" })) : [{ name: "id", type: String(key.type), order: "asc" }],
    ride_on: (key.ride_on ?? []).map((/** @type {any} */ one) => ({ name: String(one.name), type: String(one.type) })),
    orderBy,
    expression: orderBy ? String(cel[orderBy]) : "",
    unique: store.unique !== false,
    declared: store.schema?.declared === true,
    schema: store.schema?.declared === true || store.count === undefined ? (store.schema?.fields ?? []).map((/** @type {any} */ one) => ({ name: String(one.name), type: String(one.type), required: one.required === true })) : [],
    relations: (store.relations ?? []).map((/** @type {any} */ one) => ({ source_fields: [...one.source_fields], target_store: one.target_store, target_fields: [...one.target_fields] })),
    placement: store.placement ?? "node",
    slot_length: Number(store.slot_length ?? SLOTS.usual),
    leaf_load_balancing: store.leaf_load_balancing === true,
    cache: isObject(store.cache) ? store.cache : {},
  };
}

/** The key of a draft as the server reads it. @param {Draft} draft */
export function keyOf(draft) {
  if (!draft.composite) return { type: draft.type };
  return {
    type: "composite",
    fields: draft.fields.map(({ name, type, order }) => ({ name: name.trim(), type, order })),
    ...(draft.ride_on.length ? { ride_on: draft.ride_on.map(({ name, type }) => ({ name: name.trim(), type })) } : {}),
    ...(draft.orderBy && draft.expression.trim() ? { cel: { [draft.orderBy]: draft.expression.trim() } } : {}),
  };
}

/** The whole definition as the server reads it. @param {Draft} draft */
export function definitionOf(draft) {
  return {
    name: draft.name.trim(),
    description: draft.description,
    key: keyOf(draft),
    unique: draft.unique,
    slot_length: draft.slot_length,
    leaf_load_balancing: draft.leaf_load_balancing,
    placement: draft.placement,
    schema: { declared: draft.declared, fields: draft.schema.map(({ name, type, required }) => ({ name: name.trim(), type, required: draft.declared && required })) },
    relations: draft.relations,
    cache: draft.cache,
  };
}

/** What is wrong with a draft, by place. @param {Draft} draft @param {string[]} taken names of other stores @returns {{[place: string]: string}} */
export function faultsOf(draft, taken = []) {
  /** @type {{[place: string]: string}} */
  const faults = {};
  const name = draft.name.trim();
  if (!name) faults.name = t("design.a_store_needs_a_name");
  else if (/[/\\\u0000-\u001f]/.test(name) || name === "." || name === "..") faults.name = t("design.a_name_cannot_have_or_control_characters");
  else if (taken.includes(name)) faults.name = t("design.there_is_a_store_already", { store: name });
  if (draft.composite) {
    if (!draft.fields.length) faults.key = t("design.a_key_needs_at_least_one_field");
    const names = [...draft.fields, ...draft.ride_on].map((one) => one.name.trim());
    if (names.some((one) => !one)) faults.key = t("design.each_field_of_the_key_needs");
    const twice = names.find((one, index) => one && names.indexOf(one) !== index);
    if (twice) faults.key = t("design.the_key_has_two_fields", { twice });
    if (draft.orderBy && !draft.expression.trim()) faults.cel = t("design.write_an_expression");
  }
  const fields = draft.schema.map((one) => one.name.trim());
  if (fields.some((one) => !one)) faults.schema = t("design.each_field_of_the_value_needs");
  const double = fields.find((one, index) => one && fields.indexOf(one) !== index);
  if (double) faults.schema = t("design.the_value_has_two_fields", { double });
  if (!Number.isInteger(draft.slot_length) || draft.slot_length < SLOTS.least || draft.slot_length > SLOTS.most) faults.slot_length = t("design.from_to_20_000", { least: SLOTS.least });
  if (draft.relations.some((one) => !one.target_store || !one.source_fields.length || one.source_fields.length !== one.target_fields.length || [...one.source_fields, ...one.target_fields].some((field) => !field))) faults.relations = t("design.a_relation_needs_a_field_here");
  return faults;
}

/** @typedef {"structure" | "order" | "meta"} Part */

/**
 * What may not change now, and why: by part, undefined where it may.
 * @param {{count?: number | string, name?: string} | undefined} store as it is; none when it is new
 * @param {string | undefined} readOnly
 * @returns {{[part in Part]: string | undefined}}
 */
export function locksOf(store, readOnly) {
  if (readOnly !== undefined) return { structure: readOnly, order: readOnly, meta: readOnly };
  const items = Number(store?.count ?? 0);
  if (!store || items === 0) return { structure: undefined, order: undefined, meta: undefined };
  return {
    structure: t("design.fixed_while_there_are_items", { store: store.name, n: items }),
    order: t("design.items_stand_in_this_order", { n: items }),
    meta: undefined,
  };
}

/** The parts of a definition that differ, for the review. @param {any} before @param {any} after @returns {{name: string, was: string, now: string}[]} */
export function differences(before, after) {
  const rows = [];
  for (const name of Object.keys(after)) {
    if (before !== undefined && shown(before[name]) === shown(after[name])) continue;
    const [was, now] = [before === undefined ? "" : inWords(name, before[name]), inWords(name, after[name])];
    if (before !== undefined || now !== "") rows.push({ name, was, now });
  }
  return rows;
}

/** A setting as a person would say it, a line for each part. @param {string} name @param {any} value @returns {string} */
function inWords(name, value) {
  if (name === "key") {
    if (value.type !== "composite") return value.type;
    const fields = value.fields.map((/** @type {KeyField} */ one) => one.order === "desc" ? t("design.key_field_falling", { name: one.name, type: one.type }) : t("design.key_field_rising", { name: one.name, type: one.type }));
    const riding = (value.ride_on ?? []).map((/** @type {RideOn} */ one) => t("design.rides_along", { name: one.name, type: one.type }));
    return [...fields, ...riding, ...Object.entries(value.cel ?? {}).map(([kind, text]) => `${kind === "compare" ? t("design.comparer_within") : t("design.sort_key_within")}: ${text}`)].join("\n");
  }
  if (name === "schema") return [value.declared ? t("design.checked_on_every_write_within") : "", ...value.fields.map((/** @type {SchemaField} */ one) => one.required ? t("design.field_required_within", { name: one.name, type: one.type }) : `${one.name} ${one.type}`)].filter(Boolean).join("\n");
  if (name === "relations") return value.map((/** @type {Relation} */ one) => t("design.relation_from_to", { fields: one.source_fields.join(", "), store: one.target_store, target: one.target_fields.join(", ") })).join("\n");
  if (typeof value === "boolean") return value ? t("shared.yes") : t("shared.no");
  if (isObject(value)) return Object.keys(value).length ? stringify(value) : "";
  return String(value);
}

/** @param {unknown} value */
function shown(value) {
  return value === undefined ? "" : typeof value === "string" ? value : stringify(value);
}

/** What to send to change a store: only what differs. @param {any} before @param {any} after */
export function changeOf(before, after) {
  return Object.fromEntries(Object.keys(after).filter((name) => name !== "name" && shown(before[name]) !== shown(after[name])).map((name) => [name, after[name]]));
}

/** Advice about the number of items in a node. @param {Draft} draft @param {{count?: number, bytes?: number}} [store] @returns {string} */
export function slotAdvice(draft, store) {
  const each = store?.count ? Number(store.bytes) / Number(store.count) : undefined;
  const inNode = draft.placement === "node";
  if (each !== undefined && inNode) {
    const node = each * draft.slot_length;
    const size = node >= 1 << 20 ? t("shared.n_mb", { n: (node / (1 << 20)).toFixed(1) }) : t("shared.n_kb", { n: Math.max(1, Math.round(node / 1024)) });
    const fit = Math.max(SLOTS.least, Math.min(SLOTS.most, Math.round((256 * 1024) / each / 100) * 100 || 50));
    return node > 1 << 20 ? t("design.about_size_a_node", { size, fit: count(fit) }) : t("design.about_a_node_with_items", { size });
  }
  if (draft.slot_length < 200) return t("design.small_nodes_quick_single_writes_more");
  if (draft.slot_length > 5_000) return inNode ? t("design.large_nodes_quick_walks_slower_single") : t("design.large_nodes_hold_only_keys_here");
  return t("design.good_for_items_of_up");
}

/** Moves an entry of a list; the list itself changes. @template T @param {T[]} list @param {number} from @param {number} to */
export function move(list, from, to) {
  if (to < 0 || to >= list.length || from === to) return false;
  const [one] = list.splice(from, 1);
  list.splice(to, 0, one);
  return true;
}

const EXAMPLES = /** @type {{[type: string]: unknown}} */ ({ string: "text", uuid: "00000000-0000-4000-8000-000000000000", date: "2026-01-01", time: "12:00:00", datetime: "2026-01-01T12:00:00", timestamp: "2026-01-01T12:00:00Z", bool: true, bytes: "", integer: 1, number: 1.5, array: [], object: {}, any: null, decimal: "1.50" });

/** A value of a type, to begin with. @param {string} type */
export function exampleOf(type) {
  return type in EXAMPLES ? EXAMPLES[type] : 1;
}

/** An item that fits the draft. @param {Draft} draft */
export function seedOf(draft) {
  const key = draft.composite ? Object.fromEntries([...draft.fields, ...draft.ride_on].map((one) => [one.name, exampleOf(one.type)])) : exampleOf(draft.type);
  return { key, value: Object.fromEntries(draft.schema.map((one) => [one.name, one.required || one.type === "any" ? exampleOf(one.type) : exampleOf(one.type)])) };
}

const FITS = /** @type {{[type: string]: (value: any) => boolean}} */ ({
  any: () => true, string: (v) => typeof v === "string", date: (v) => typeof v === "string", datetime: (v) => typeof v === "string", bytes: (v) => typeof v === "string", bool: (v) => typeof v === "boolean",
  integer: (v) => (typeof v === "number" && Number.isInteger(v)) || /^-?\d+$/.test(v?.source ?? ""), number: (v) => typeof v === "number" || v?.source !== undefined, array: Array.isArray, object: (v) => isObject(v),
});

/** Why a seed item does not fit, or undefined. @param {Draft} draft @param {any} seed @returns {string | undefined} */
export function seedFault(draft, seed) {
  if (!isObject(seed) || !("key" in seed) || !("value" in seed)) return t("design.it_needs_a_key_and_a_value");
  if (draft.composite) {
    if (!isObject(seed.key)) return t("design.the_key_is_an_object");
    const missing = draft.fields.find((one) => !(one.name in /** @type {any} */ (seed.key)));
    if (missing) return t("design.the_key_lacks", { field: missing.name });
    const known = [...draft.fields, ...draft.ride_on].map((one) => one.name);
    const other = Object.keys(seed.key).find((name) => !known.includes(name));
    if (other !== undefined) return t("design.the_key_has_no_field", { field: other });
  }
  if (!draft.declared) return undefined;
  if (!isObject(seed.value)) return t("design.the_value_is_an_object");
  for (const field of draft.schema) {
    const value = /** @type {any} */ (seed.value)[field.name];
    if (value === undefined || value === null) {
      if (field.required) return t("shared.field_is_required", { field: field.name });
    } else if (!(FITS[field.type] ?? FITS.any)(value)) return t("design.field_must_be_type", { field: field.name, type: field.type });
  }
  return undefined;
}
