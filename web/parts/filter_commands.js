// Commands that choose which rows are shown, in which order: filters, sorting, the same as SQL.

import { kindOf, parse, stringify } from "../core/json.js";
import { keyFields, keyValues } from "../core/keys.js";
import { both, fieldsOf, inlined, prefixFilter } from "../model/filter.js";
import { fieldOf } from "../model/columns.js";
import { announce } from "./dom.js";

/** @typedef {import("./context.js").Context} Context */

/** @param {Context} app */
export function wireFilterCommands(app) {
  const { session, commands, grid, filters, menu } = app;
  const open = () => session.store !== undefined && session.place.view === undefined;
  const text = /** @type {const} */ ("text");
  /** @param {string} id */
  const button = (id) => [...document.querySelectorAll(`[data-command="${id}"]`)].find((one) => one.getClientRects().length > 0) ?? document.body;

  /** The field and value of the active cell, as a filter names them. */
  const active = () => {
    const line = grid.activeLine();
    const store = grid.store;
    if (!line?.item || !store) return undefined;
    const column = grid.activeColumn();
    if (!column) {
      const fields = keyFields(store.key);
      return fields.length === 1 ? { name: fieldsOf(store, grid.columns.list)[0].name, value: keyValues(store.key, line.item.key)[0] } : undefined;
    }
    const field = fieldsOf(store, grid.columns.list).find((one) => !one.key && one.label === column.label);
    const value = fieldOf(line.entry && line.entry.op !== "delete" ? line.entry.after : line.item.value, column.name);
    return field && kindOf(value) !== "object" && kindOf(value) !== "array" ? { name: field.name, value } : undefined;
  };
  const shown = () => {
    const value = active()?.value;
    const words = value === undefined || value === null ? "nothing" : typeof value === "string" ? `“${value.slice(0, 24)}${value.length > 24 ? "…" : ""}”` : stringify(value);
    return words;
  };
  /** @param {boolean} out */
  const byValue = (out) => {
    const cell = active();
    if (!cell) return;
    const nothing = cell.value === undefined || cell.value === null;
    filters.add(nothing ? { field: cell.name, op: out ? "notnull" : "null" } : { field: cell.name, op: out ? "ne" : "eq", value: cell.value });
  };

  commands.add(
    { id: "add-filter", title: "Add a filter", icon: "filter", group: "Rows", keys: ["F", "Alt+F"], words: "where condition search find", when: open, run: () => filters.edit() },
    { id: "raw-filter", title: "Filter as JSON", icon: "json", group: "Rows", words: "raw document and or group", when: open, run: () => filters.editRaw() },
    { id: "clear-filter", title: "Clear the filter", icon: "x", group: "Rows", when: () => open() && (session.place.filter !== undefined || session.place.off !== undefined), run: () => session.go({ filter: undefined, off: undefined, at: undefined, sel: undefined }) },
    { id: "key-order", title: "Show in the order of keys", icon: "key", group: "Rows", words: "sort unsorted", when: () => open() && session.place.sort !== undefined, run: () => session.go({ sort: undefined, at: undefined }) },
    { id: "edit-last-filter", title: "Change the last filter", icon: "edit", group: "Rows", hidden: true, when: () => open() && session.place.filter !== undefined, run: () => (filters.state.raw === undefined ? filters.edit(filters.state.pills.length - 1) : filters.editRaw()) },
    { id: "filter-value", title: () => `Filter by ${shown()}`, icon: "filter", group: "Rows", where: "grid", keys: ["Alt+="], hidden: true, when: () => open() && active() !== undefined, run: () => byValue(false) },
    { id: "exclude-value", title: () => `Exclude ${shown()}`, icon: "minus", group: "Rows", where: "grid", keys: ["Alt+-"], hidden: true, when: () => open() && active() !== undefined, run: () => byValue(true) },
    { id: "filter-field", title: () => `Filter ${grid.activeColumn()?.label ?? "the key"}`, icon: "filter", group: "Rows", where: "grid", hidden: true, when: () => open() && grid.activeColumn() !== undefined, run: () => filters.edit(-1, fieldsOf(/** @type {any} */ (grid.store), grid.columns.list).find((one) => !one.key && one.label === grid.activeColumn()?.label)?.name) },
    { id: "sort-column", title: () => `Sort by ${grid.activeColumn()?.label ?? "the key"}`, icon: "sort", group: "Rows", where: "grid", keys: ["Alt+S"], when: () => open() && grid.active.line >= 0, run: () => sortBy(app, grid.activeColumn()?.name ?? "") },
    { id: "sort", title: "Sort", icon: "sort", group: "View", where: text, words: "order by", when: open, run: () => menu.show(() => {
      const { sort } = session.place;
      const key = (/** @type {boolean} */ desc) => ({ title: desc ? "Key, falling" : "Key, rising", check: (sort?.field ?? "") === "" && (sort?.desc ?? false) === desc, run: () => go(app, desc ? { field: "", desc } : undefined) });
      return [
        { caption: "In the order of the store" }, key(false), key(true), "rule", { caption: "By a query: the first 10,000" },
        ...sortable(app).map((field) => ({ title: field.label, check: sort?.field === field.name, stay: true, detail: sort?.field === field.name ? (sort.desc ? "falling" : "rising") : "", run: () => sortBy(app, field.name) })),
      ];
    }, button("sort"), "Sort") },
    { id: "query-store", title: () => (isPlain(app) ? `Query ${session.place.store ?? ""} with SQL` : "Open these rows as SQL"), icon: "query", group: "Query", words: "select sql as", when: () => session.place.database !== undefined && session.place.view === undefined && session.store !== undefined, run: () => asSql(app) },
  );

  grid.addEventListener("click", (event) => {
    const head = event.target instanceof Element ? event.target.closest(".grid-head .th[data-sort]") : null;
    if (!(head instanceof HTMLElement) || (event.target instanceof Element && event.target.closest(".grip")) || grid.dataset.dragged !== undefined) return;
    sortBy(app, head.dataset.sort ?? "");
  });
}

/** The fields that rows can be sorted by. @param {Context} app */
function sortable({ filters }) {
  return filters.fields.filter((field) => !field.key && field.kind !== "object" && field.kind !== "list");
}

/** @param {Context} app @param {import("../model/url_state.js").Sort | undefined} sort */
function go({ session }, sort) {
  announce(sort ? `Sorted by ${sort.field || "key"}, ${sort.desc ? "falling" : "rising"}` : "In key order");
  return session.go({ sort, at: undefined, sel: undefined });
}

/**
 * The next of three states of a column: rising, falling, in the order of keys. The key has two.
 * @param {Context} app @param {string} name a column, "" for the key
 */
function sortBy(app, name) {
  const { session, grid } = app;
  const { sort } = session.place;
  if (name === "") return go(app, sort === undefined ? { field: "", desc: true } : undefined);
  const columns = grid.columns.list;
  const field = grid.store ? (fieldsOf(grid.store, columns).find((one) => !one.key && (one.label === name || one.name === name))?.name ?? name) : name;
  if (sort?.field !== field) return go(app, { field, desc: false });
  return go(app, sort.desc ? undefined : { field, desc: true });
}

/** Whether the whole store is shown in its order. @param {Context} app */
function isPlain({ session }) {
  const { prefix, filter, sort } = session.place;
  return !prefix.length && filter === undefined && sort === undefined;
}

/** Opens the query workbench with the statement that gives the rows that are shown. @param {Context} app */
async function asSql(app) {
  const { session, filters } = app;
  const store = session.store;
  if (!store) return;
  const { prefix, filter, sort } = session.place;
  const raw = filters.editor && "text" in filters.editor && !("op" in filters.editor) ? filters.editor.text : undefined;
  filters.close();
  try {
    const fields = keyFields(store.key).map((field) => (store.key.fields?.length ? `key.${field.name}` : "key"));
    const select = { store: store.name, filter: both(parse(raw ?? filter ?? "{}"), prefixFilter(prefix, fields)), order_by: sort ? [sort.field ? `${sort.field}${sort.desc ? " desc" : ""} nulls last` : "key desc"] : undefined, limit: 100 };
    const plan = await session.api.post(session.path("query"), { select, explain: "plan" });
    session.queries.add({ text: `${inlined(spread(plan.sql), plan.params ?? [])};` });
    await session.go({ view: "query" });
  } catch (error) {
    if (!filters.takes(error)) session.fail(error, "As SQL");
  }
}

/** A statement with its parts on lines of their own. @param {string} sql */
function spread(sql) {
  return sql.replace(/"(?:[^"]|"")*"|'(?:[^']|'')*'| (?=(?:WHERE|ORDER BY|LIMIT) )/g, (found) => (found === " " ? "\n" : found));
}
