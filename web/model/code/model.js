// What the generators of code share: a database as types, from what its stores declare and what their items show.
//
// Holds: names of data are kept as they are; each record has a title that no other has; a value of several kinds is `any`;
// a field that an item lacks is optional, one that is null somewhere is nullable.

import { isObject } from "../../core/json.js";
import { allKeyFields, isComposite } from "../../core/keys.js";
import { Names, pascal, singular } from "./names.js";

/** @typedef {"string" | "integer" | "number" | "bool" | "date" | "datetime" | "timestamp" | "time" | "bytes" | "uuid" | "decimal" | "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "f32" | "f64" | "any"} Scalar */
/** @typedef {{kind: Scalar} | {kind: "array", of: Type} | {kind: "record", record: Record}} Type */
/** @typedef {{name: string, type: Type, optional: boolean, nullable: boolean, order?: "asc" | "desc", rides?: boolean}} Field */
/** @typedef {{title: string, note: string, fields: Field[]}} Record */
/** @typedef {{name: string, title: string, description: string, unique: boolean, key: {composite: boolean, type: Type, fields: Field[]}, value: Type, records: Record[]}} StoreModel `title` is plural-like: of the store; records are in an order in which each is known before it is used */
/** @typedef {{database: string, title: string, stores: StoreModel[]}} Model */

/** @typedef {{path: string, depth: number, type: string, required: boolean, kinds: {kind: string, count: number}[], count: number}} ShapeField */
/** @typedef {{field: ShapeField, name: string, inner: Node[]}} Node */

const SCALARS = new Set(["string", "integer", "number", "bool", "date", "datetime", "bytes"]);

/**
 * @param {string} database @param {any[]} stores as the API gives each one, with its shape where that is known
 * @returns {Model}
 */
export function modelOf(database, stores) {
  const titles = new Names(["Client", "Store", "Item", "Page", "Change", "Problem", "Database", "Outcome", "Main", "Object", "String", "List", "Map", "Json", "Record", "Error", "Option", "Result", "Key", "Value", "Type", "Any", "Self", "Date", "Time", "DateTime", "Timestamp", "Decimal", "Transaction", "Bytes", "Api", "ApiException", "System", "Integer", "Long", "Double", "Boolean", "Number", "Exception", "Thread", "Class", "Enum", "Instant", "Task", "Uri", "Guid"], { fold: true, after: "Entry" });
  return { database, title: pascal(database) || "Data", stores: stores.filter((store) => !store.index_of).map((store) => storeModel(store, titles)) };
}

/** @param {any} store @param {Names} titles @returns {StoreModel} */
function storeModel(store, titles) {
  const one = titles.take(pascal(singular(store.name)), "Entry");
  /** @type {Record[]} */
  const records = [];
  const fields = allKeyFields(store.key).map((field, at) => ({ name: field.name, type: /** @type {Type} */ ({ kind: /** @type {Scalar} */ (field.type) }), optional: false, nullable: at >= (store.key.fields?.length ?? 1), order: field.order ?? /** @type {const} */ ("asc"), rides: at >= (store.key.fields?.length ?? 1) }));
  const composite = isComposite(store.key);
  /** @type {Type} */
  let keyType = { kind: /** @type {Scalar} */ (store.key.type) };
  if (composite) {
    const record = { title: titles.take(`${one}Key`), note: `The key of ${store.name}.`, fields };
    records.push(record);
    keyType = { kind: "record", record };
  }
  const value = valueType(store, one, titles, records);
  return { name: store.name, title: titles.take(pascal(store.name) === one ? `${one}Store` : pascal(store.name), `${one}Store`), description: store.description ?? "", unique: store.unique !== false, key: { composite, type: keyType, fields }, value, records };
}

/** @param {any} store @param {string} title @param {Names} titles @param {Record[]} records @returns {Type} */
function valueType(store, title, titles, records) {
  const shape = /** @type {ShapeField[]} */ (store.shape?.fields ?? (store.schema?.fields ?? []).map((/** @type {any} */ one) => ({ path: one.name, depth: 1, type: one.type, required: one.required, kinds: [], count: 0 })));
  const values = (store.shape?.values ?? []).filter((/** @type {any} */ one) => one.kind !== "null").map((/** @type {any} */ one) => one.kind);
  if (values.length > 1 || (values.length === 1 && values[0] !== "object" && values[0] !== "array")) return values.length === 1 && SCALARS.has(values[0]) ? { kind: values[0] } : { kind: "any" };
  const nodes = treeOf(shape);
  if (values[0] === "array") {
    const element = nodes.find((one) => one.name === "[]");
    return { kind: "array", of: element ? typeOf(element, title, titles, records, store.sample?.value?.[0]) : { kind: "any" } };
  }
  if (!nodes.length && !values.length) return { kind: "any" };
  return recordOf(nodes, title, `A value of ${store.name}.`, titles, records, store.sample?.value);
}

/** @param {ShapeField[]} fields each after that in which it lies @returns {Node[]} */
function treeOf(fields) {
  /** @type {Node[]} */
  const top = [];
  /** @type {Node[]} */
  const open = [];
  for (const field of fields) {
    const depth = Number(field.depth);
    open.length = Math.min(open.length, depth - 1);
    const parent = open.at(-1);
    const inner = parent ? field.path.slice(parent.field.path.length) : field.path;
    const node = { field, name: inner === "[]" ? "[]" : parent ? inner.replace(/^\./, "") : field.path, inner: [] };
    (parent ? parent.inner : top).push(node);
    open[depth - 1] = node;
  }
  return top;
}

/** @param {Node[]} nodes @param {string} title @param {string} note @param {Names} titles @param {Record[]} records @param {any} sample @returns {Type} */
function recordOf(nodes, title, note, titles, records, sample) {
  const record = /** @type {Record} */ ({ title, note, fields: [] });
  record.fields = nodes.filter((node) => node.name !== "[]").map((node) => {
    const nullable = node.field.kinds.some((one) => one.kind === "null");
    const seen = isObject(sample) && Object.hasOwn(sample, node.name) ? sample[node.name] : undefined;
    const type = typeOf(node, `${title}${pascal(node.name) || "Part"}`, titles, records, seen);
    return { name: node.name, type, optional: !node.field.required && (!nullable || type.kind === "any" || Number(node.field.count) === 0), nullable: nullable || (!node.field.required && !node.field.kinds.length) };
  });
  // Missing and null at the same time: what is not required is told apart by whether null was ever seen.
  nodes.filter((node) => node.name !== "[]").forEach((node, at) => {
    const nulls = Number(node.field.kinds.find((one) => one.kind === "null")?.count ?? 0);
    const declaredOptional = !node.field.required && nulls === 0;
    record.fields[at].optional = declaredOptional || (!node.field.required && nulls > 0 && isMissingSomewhere(node, nodes));
  });
  records.push(record);
  return { kind: "record", record };
}

/** Whether some items lack the field: fewer have it than have the field that most have. @param {Node} node @param {Node[]} beside */
function isMissingSomewhere(node, beside) {
  return Number(node.field.count) < Math.max(...beside.map((one) => Number(one.field.count)));
}

/** @param {Node} node @param {string} title @param {Names} titles @param {Record[]} records @param {any} sample @returns {Type} */
function typeOf(node, title, titles, records, sample) {
  const { field } = node;
  const seen = new Set(field.kinds.filter((one) => one.kind !== "null").map((one) => one.kind));
  let kind = seen.size === 1 ? [...seen][0] : seen.size === 0 ? field.type : "any";
  if (seen.size === 2 && seen.has("integer") && seen.has("number")) kind = "number";
  if (seen.size > 1 && [...seen].every((one) => one === "string" || one === "date" || one === "datetime")) kind = "string";
  if (kind === "array") {
    const element = node.inner.find((one) => one.name === "[]");
    const named = /** @type {Type} */ (element ? typeOf(element, singular(title), titles, records, Array.isArray(sample) ? sample[0] : undefined) : { kind: "any" });
    // Elements that may be null have no type of their own in most languages.
    return { kind: "array", of: element?.field.kinds.some((one) => one.kind === "null") ? { kind: "any" } : named };
  }
  if (kind === "object") return node.inner.length ? recordOf(node.inner, titles.take(title), `Part of a value.`, titles, records, sample) : { kind: "any" };
  if (kind === "datetime") return { kind: typeof sample === "string" && /(?:Z|[+-]\d\d:\d\d)$/.test(sample) ? "timestamp" : "string" };
  return SCALARS.has(kind) ? { kind: /** @type {Scalar} */ (kind) } : { kind: "any" };
}

/** Whether somewhere in a database there is a type of this kind. @param {Model} model @param {string[]} kinds */
export function uses(model, ...kinds) {
  const has = /** @type {(type: Type) => boolean} */ ((type) => (type.kind === "array" ? has(type.of) : kinds.includes(type.kind)));
  return model.stores.some((store) => has(store.key.type) || has(store.value) || store.records.some((record) => record.fields.some((field) => has(field.type))));
}
