// What importing a file would do: its format, its fields, the store it goes to, and the fields that would make a good key.
//
// Holds: only the head of the file is looked at; a person can change every guess.

import { csvHead } from "../core/csv.js";
import { isObject, kindOf, parse, stringify } from "../core/json.js";
import { t } from "../strings/import.js";
import { fieldAt, ruleFault, shaped, targets } from "./import_map.js";

/** @typedef {"ndjson" | "json" | "csv" | "parquet"} Format */
/** @typedef {{format: Format, fields: string[], rows: {[name: string]: any}[], key: string[], store: string, rules: import("./import_map.js").Rules, delimiter?: string, quote?: string, kinds?: {[field: string]: string}, total?: number, error?: string}} Plan the key names fields by their new names; delimiter and quote are of CSV; a file of Parquet shows no rows, but the kinds of its fields and how many rows it has */

export const HEAD_BYTES = 256 * 1024;
const MOST_ROWS = 50;
/** Bytes of a store's name that the server takes. */
const MOST_NAME = 128;

/** The store's name that a file's name suggests. @param {string} file */
export function storeName(file) {
  const name = file.replace(/^.*[\\/]/, "").replace(/\.(?:ndjson|jsonl|json|csv|tsv|txt|parquet)$/i, "").replace(/[^\p{L}\p{N}_-]+/gu, "_").replace(/^_+|_+$/g, "") || "imported";
  const bytes = new TextEncoder().encode(name);
  // Cut between characters: a part of one decodes to a replacement, which goes away.
  return bytes.length <= MOST_NAME ? name : new TextDecoder().decode(bytes.slice(0, MOST_NAME)).replace(/\ufffd+$/, "");
}

/** The format of a file, by its name and its first character. @param {string} file @param {string} head @returns {Format} */
export function formatOf(file, head) {
  if (/\.(?:csv|tsv)$/i.test(file)) return "csv";
  if (/\.(?:ndjson|jsonl)$/i.test(file)) return "ndjson";
  const first = head.replace(/^\ufeff/, "").trimStart()[0];
  if (first === "[") return "json";
  return first === "{" ? "ndjson" : "csv";
}

/**
 * Looks at the head of a file.
 * @param {string} file its name @param {string} head its first characters @param {boolean} whole whether that is all of it
 * @param {Format} [format] when a person has chosen it
 * @param {{delimiter?: string, quote?: string}} [how] when a person has chosen them
 * @returns {Plan}
 */
export function plan(file, head, whole, format = formatOf(file, head), how = {}) {
  /** @type {Plan} */
  const result = { format, fields: [], rows: [], key: [], store: storeName(file), rules: {} };
  try {
    if (format === "csv") {
      const { fields, records, delimiter, quote } = csvHead(head, MOST_ROWS, how);
      Object.assign(result, { delimiter, quote });
      result.rows = records.map((record) => Object.fromEntries(fields.map((name, index) => [name, record[index] ?? ""])));
    } else result.rows = rowsOf(format, head, whole);
  } catch (error) {
    result.error = error instanceof Error ? error.message : String(error);
  }
  if (!result.error && result.rows.length === 0) result.error = t("import.there_is_no_row_in_this_file");
  for (const row of result.rows) for (const name of Object.keys(row)) if (!result.fields.includes(name)) result.fields.push(name);
  result.key = suggestKey(result.store, result.fields, result.rows);
  return result;
}

/**
 * The same for a Parquet file, whose rows only the server reads.
 * @param {string} file @param {{columns: import("../core/parquet.js").Column[], rows: number} | string} end what its end says, or what is wrong with it
 * @returns {Plan}
 */
export function planParquet(file, end) {
  /** @type {Plan} */
  const result = { format: "parquet", fields: [], rows: [], key: [], store: storeName(file), rules: {} };
  if (typeof end === "string") return { ...result, error: end };
  result.fields = end.columns.map(({ name }) => name);
  result.kinds = Object.fromEntries(end.columns.map(({ name, kind }) => [name, kind]));
  result.total = end.rows;
  if (end.rows === 0) result.error = t("import.there_is_no_row_in_this_file");
  // Lists and objects are no keys.
  const plain = end.columns.filter(({ kind }) => !["list", "object", "JSON"].includes(kind));
  result.key = suggestKey(result.store, plain.map(({ name }) => name), []);
  return result;
}

/** @param {Format} format @param {string} head @param {boolean} whole @returns {{[name: string]: any}[]} */
function rowsOf(format, head, whole) {
  if (format === "ndjson") {
    const lines = head.replace(/^\ufeff/, "").split("\n");
    if (!whole) lines.pop();
    const rows = [];
    let error;
    for (const line of lines.filter((one) => one.trim()).slice(0, MOST_ROWS)) {
      try {
        const row = parse(line);
        if (isObject(row)) rows.push(row);
      } catch (reason) {
        error ??= reason;
      }
    }
    if (!rows.length && error) throw error;
    return rows;
  }
  const value = whole ? parse(head) : elements(head);
  return (Array.isArray(value) ? value : [value]).filter(isObject).slice(0, MOST_ROWS);
}

/** The whole elements at the beginning of a long JSON array. @param {string} head */
function elements(head) {
  const found = [];
  let depth = 0;
  let start = -1;
  let quoted = false;
  for (let at = head.indexOf("[") + 1; at < head.length && found.length < MOST_ROWS; at += 1) {
    const c = head[at];
    if (quoted) {
      if (c === "\\") at += 1;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === "{" || c === "[") {
      if (depth === 0) start = at;
      depth += 1;
    } else if (c === "}" || c === "]") {
      depth -= 1;
      if (depth === 0 && start >= 0) found.push(parse(head.slice(start, at + 1)));
      if (depth < 0) break;
    }
  }
  return found;
}

/**
 * The fields that would make a good key: `<Store>Id`, `id`, two or more ids together, the first that never repeats.
 * @param {string} store @param {string[]} fields @param {{[name: string]: any}[]} rows
 */
export function suggestKey(store, fields, rows) {
  const lower = fields.map((name) => name.toLowerCase());
  const singular = store.toLowerCase().replace(/ies$/, "y").replace(/s$/, "");
  const scalar = (/** @type {string} */ name) => rows.every((row) => ["string", "number", "bool"].includes(kindOf(row[name])));
  const unique = (/** @type {string[]} */ names) => new Set(rows.map((row) => stringify(names.map((name) => row[name] ?? null)))).size === rows.length;
  for (const wanted of [`${store.toLowerCase()}id`, `${store.toLowerCase()}_id`, `${singular}id`, `${singular}_id`, "id", "_id", "key", "uuid", "code"]) {
    const at = lower.indexOf(wanted);
    if (at >= 0 && scalar(fields[at]) && unique([fields[at]])) return [fields[at]];
  }
  const ids = fields.filter((name) => /(?:id|Id|ID)$/.test(name) && scalar(name));
  if (ids.length > 1 && unique(ids)) return ids.slice(0, 4);
  const first = fields.find((name) => scalar(name) && unique([name]));
  return first === undefined ? fields.slice(0, 1) : [first];
}

/**
 * The key for a store that is there already: its own fields where the file has them.
 * @param {Plan} plan @param {import("../core/keys.js").KeySpec | undefined} spec
 */
export function keyFor(plan, spec) {
  const own = spec?.fields?.map((field) => field.name) ?? [];
  return own.length && own.every((name) => plan.fields.includes(name)) ? own : plan.key;
}

/** Whether the rows of the head have no two with one key. @param {Plan} plan */
export function keyIsUnique(plan) {
  return new Set(plan.rows.map((row) => shaped(row, plan.rules).row).map((row) => stringify(plan.key.map((name) => fieldAt(row, name) ?? null)))).size === plan.rows.length;
}

/** Why a plan cannot be carried out, undefined when it can. @param {Plan} plan */
export function obstacle(plan) {
  if (plan.error) return plan.error;
  if (!plan.store.trim()) return t("import.the_store_needs_a_name");
  if (!plan.key.length) return t("import.choose_at_least_one_field");
  const wrong = ruleFault(plan.fields, plan.rules);
  if (wrong) return wrong;
  const missing = plan.key.find((name) => !targets(plan.fields, plan.rules).includes(name));
  if (missing !== undefined) return t("import.the_key_needs_missing", { missing });
  return undefined;
}

