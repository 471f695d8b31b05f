// A store as a CREATE STORE statement: what the query layer would make the same store from.

import { quoted } from "../query/sql_text.js";

/** @typedef {import("./definition.js").Draft} Draft */

/** @param {string} text */
const literal = (text) => `'${text.replaceAll("'", "''")}'`;
/** Names of types as people write them in SQL. @param {string} type */
const column = (type) => /** @type {{[type: string]: string}} */ ({ string: "TEXT", i64: "BIGINT", integer: "BIGINT", number: "DOUBLE", f64: "DOUBLE", bool: "BOOLEAN", any: "ANY", bytes: "BLOB", date: "DATE", datetime: "DATETIME", timestamp: "TIMESTAMP", uuid: "UUID", decimal: "DECIMAL", time: "TIME" })[type] ?? type.toUpperCase();

/** @param {Draft} draft */
export function createStatement(draft) {
  const single = !draft.composite;
  const keys = single ? [{ name: "key", type: draft.type, order: "asc" }] : draft.fields;
  const names = new Set([...keys, ...draft.ride_on].map((one) => one.name));
  const rows = [
    ...keys.map((one) => `${quoted(one.name)} ${column(one.type)}${single ? " PRIMARY KEY" : ""}`),
    ...(single ? [] : draft.ride_on).map((one) => `${quoted(one.name)} ${column(one.type)}`),
    ...draft.schema.filter((one) => !names.has(one.name)).map((one) => `${quoted(one.name)} ${column(one.type)}${draft.declared && one.required ? " NOT NULL" : ""}`),
    ...(single ? [] : [`PRIMARY KEY (${draft.fields.map((one) => quoted(one.name) + (one.order === "desc" ? " DESC" : "")).join(", ")})`]),
    ...draft.relations.map((one) => `FOREIGN KEY (${one.source_fields.map(quoted).join(", ")}) REFERENCES ${quoted(one.target_store)} (${one.target_fields.map(quoted).join(", ")})`),
  ];
  const settings = [
    draft.unique ? "" : "unique = false",
    draft.declared ? "declared = true" : "",
    draft.slot_length === 2000 ? "" : `slot_length = ${draft.slot_length}`,
    draft.placement === "node" ? "" : `placement = ${literal(draft.placement)}`,
    draft.leaf_load_balancing ? "leaf_load_balancing = true" : "",
    draft.description ? `description = ${literal(draft.description)}` : "",
    !single && draft.ride_on.length ? `ride_on = (${draft.ride_on.map((one) => quoted(one.name)).join(", ")})` : "",
    !single && draft.orderBy && draft.expression.trim() ? `${draft.orderBy} = ${literal(draft.expression.trim())}` : "",
    Object.keys(draft.cache).length ? `cache = ${literal(JSON.stringify(draft.cache))}` : "",
  ].filter(Boolean);
  return `CREATE STORE ${quoted(draft.name || "store")} (\n  ${rows.join(",\n  ")}\n)${settings.length ? ` WITH (\n  ${settings.join(",\n  ")}\n)` : ""};`;
}
