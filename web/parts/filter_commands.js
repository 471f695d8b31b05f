// Commands that choose which rows are shown, in which order: filters, sorting, the same as SQL.

import { kindOf, parse, stringify } from "../core/json.js";
import { keyFields, keyValues } from "../core/keys.js";
import { both, fieldsOf, inlined, prefixFilter } from "../model/filter.js";
import { fieldOf } from "../model/columns.js";
import { t } from "../strings/commands.js";
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
    const words = value === undefined || value === null ? t("shared.nothing") : typeof value === "string" ? `“${value.slice(0, 24)}${value.length > 24 ? "…" : ""}”` : stringify(value);
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
    { id: "add-filter", title: t("commands.add_a_filter"), icon: "filter", group: t("shared.rows"), keys: ["F", "Alt+F"], words: t("commands.add_filter_words"), when: open, run: () => filters.edit() },
    { id: "raw-filter", title: t("shared.filter_as_json"), icon: "json", group: t("shared.rows"), words: t("commands.raw_filter_words"), when: open, run: () => filters.editRaw() },
    { id: "clear-filter", title: t("shared.clear_the_filter"), icon: "x", group: t("shared.rows"), when: () => open() && (session.place.filter !== undefined || session.place.off !== undefined), run: () => session.go({ filter: undefined, off: undefined, at: undefined, sel: undefined }) },
    { id: "key-order", title: t("shared.show_in_the_order_of_keys"), icon: "key", group: t("shared.rows"), words: t("commands.key_order_words"), when: () => open() && session.place.sort !== undefined, run: () => session.go({ sort: undefined, at: undefined }) },
    { id: "edit-last-filter", title: t("commands.change_the_last_filter"), icon: "edit", group: t("shared.rows"), hidden: true, when: () => open() && session.place.filter !== undefined, run: () => (filters.state.raw === undefined ? filters.edit(filters.state.pills.length - 1) : filters.editRaw()) },
    { id: "filter-value", title: () => t("commands.filter_by_value", { value: shown() }), icon: "filter", group: t("shared.rows"), where: "grid", keys: ["Alt+="], hidden: true, when: () => open() && active() !== undefined, run: () => byValue(false) },
    { id: "exclude-value", title: () => t("commands.exclude_value", { value: shown() }), icon: "minus", group: t("shared.rows"), where: "grid", keys: ["Alt+-"], hidden: true, when: () => open() && active() !== undefined, run: () => byValue(true) },
    { id: "filter-field", title: () => t("shared.filter_column", { column: grid.activeColumn()?.label ?? t("commands.the_key") }), icon: "filter", group: t("shared.rows"), where: "grid", hidden: true, when: () => open() && grid.activeColumn() !== undefined, run: () => filters.edit(-1, fieldsOf(/** @type {any} */ (grid.store), grid.columns.list).find((one) => !one.key && one.label === grid.activeColumn()?.label)?.name) },
    { id: "sort-column", title: () => t("commands.sort_by_column", { column: grid.activeColumn()?.label ?? t("commands.the_key") }), icon: "sort", group: t("shared.rows"), where: "grid", keys: ["Alt+S"], when: () => open() && grid.active.line >= 0, run: () => sortBy(app, grid.activeColumn()?.name ?? "") },
    { id: "sort", title: t("shared.sort"), icon: "sort", group: t("shared.view"), where: text, words: t("commands.sort_words"), when: open, run: () => menu.show(() => {
      const { sort } = session.place;
      const key = (/** @type {boolean} */ desc) => ({ title: desc ? t("commands.key_falling") : t("commands.key_rising"), check: (sort?.field ?? "") === "" && (sort?.desc ?? false) === desc, run: () => go(app, desc ? { field: "", desc } : undefined) });
      return [
        { caption: t("commands.in_the_order_of_the_store") }, key(false), key(true), "rule", { caption: t("commands.by_a_query") },
        ...sortable(app).map((field) => ({ title: field.label, check: sort?.field === field.name, stay: true, detail: sort?.field === field.name ? (sort.desc ? t("commands.falling_within") : t("commands.rising_within")) : "", run: () => sortBy(app, field.name) })),
      ];
    }, button("sort"), t("shared.sort")) },
    { id: "query-store", title: () => (isPlain(app) ? t("commands.query_store_with_sql", { store: session.place.store ?? "" }) : t("commands.open_these_rows_as_sql")), icon: "query", group: t("shared.query"), words: t("commands.query_store_words"), when: () => session.place.database !== undefined && session.place.view === undefined && session.store !== undefined, run: () => asSql(app) },
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
  announce(sort ? sort.desc ? t("commands.sorted_by_falling", { field: sort.field || t("shared.key_within") }) : t("commands.sorted_by_rising", { field: sort.field || t("shared.key_within") }) : t("commands.in_key_order"));
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
    if (!filters.takes(error)) session.fail(error, t("shared.as_sql"));
  }
}

/** A statement with its parts on lines of their own. @param {string} sql */
function spread(sql) {
  return sql.replace(/"(?:[^"]|"")*"|'(?:[^']|'')*'| (?=(?:WHERE|ORDER BY|LIMIT) )/g, (found) => (found === " " ? "\n" : found));
}
