// What is done in the grid: keys, menus, jumping, copying, following relations. Returns what the jump field calls.

import { count } from "../core/format.js";
import { kindOf, stringify } from "../core/json.js";
import { isDateType, isNumberType, keyFields, keyOfOne, typedKey } from "../core/keys.js";
import { fieldOf } from "../model/columns.js";
import { shownKey } from "../model/commands.js";
import { t } from "../strings/grid.js";
import { copyText } from "./dom.js";
import { copyCells, isCells, pasteCells, removeSelected } from "./grid_bulk.js";
import { CellEditor, setField } from "./grid_edit.js";

/** @typedef {import("./context.js").Context} Context */

/** @param {Context} app @returns {(text: string) => Promise<{error: string, fix?: string} | undefined>} */
export function wireGrid(app) {
  const { session, commands, grid, inspector, menu } = app;
  const editor = new CellEditor(app);

  /** The value of the active cell; the key in the first column. */
  const activeValue = () => {
    const line = grid.activeLine();
    const column = grid.activeColumn();
    if (!line?.item) return undefined;
    if (!column) return line.item.key;
    return fieldOf(line.entry && line.entry.op !== "delete" ? line.entry.after : line.item.value, column.name);
  };
  const onItem = () => grid.activeLine()?.item !== undefined;
  // Sorted rows of a store with duplicate keys are read only: which of several items one is, is not known.
  const canWrite = () => onItem() && session.readOnly === undefined && grid.source?.fixed !== true;
  const onField = () => canWrite() && grid.activeColumn() !== undefined;
  const move = (/** @type {number} */ lines, /** @type {number} */ columns, extend = false) => () => grid.select(grid.active.line < 0 ? grid.map.firstVisible : grid.active.line + lines, grid.active.column + columns, { extend });
  const screen = () => Math.max(1, Math.floor(grid.map.view / grid.map.row) - 1);
  /** @param {unknown} value */
  const asText = (value) => (kindOf(value) === "string" ? /** @type {string} */ (value) : value === undefined ? "" : stringify(value));
  /** @param {string} text @param {string} said */
  const copied = async (text, said) => session.say(await copyText(text) ? { kind: "ok", text: said } : { kind: "warn", text: t("shared.clipboard_refused") });

  const where = /** @type {const} */ ("grid");
  const hidden = true;
  const group = t("shared.rows");
  commands.add(
    { id: "edit", title: t("shared.edit"), icon: "edit", group, where, keys: ["Enter", "F2"], when: canWrite, hidden, run: () => editor.start() },
    { id: "copy-value", title: t("grid.copy_value"), icon: "copy", group, where, keys: ["Ctrl+C"], when: onItem, hidden, run: () => {
      const [left, right] = grid.selection.columns;
      return grid.selection.size <= 1 && left === right ? copied(asText(activeValue()), t("grid.value_copied")) : copyCells(app);
    } },
    { id: "copy-item", title: t("grid.copy_item_as_json"), icon: "json", group, where, keys: ["Ctrl+Shift+C"], when: onItem, hidden, run: () => {
      const items = grid.selectedLines().map((line) => ({ key: line.item?.key, value: line.entry?.after ?? line.item?.value }));
      return copied(stringify(items.length === 1 ? items[0] : items, 2), t("grid.items_copied", { n: items.length }));
    } },
    { id: "set-null", title: t("grid.set_null"), icon: "minus", group, where, keys: ["Ctrl+Backspace"], when: onField, hidden, run: () => {
      const [line, column] = [grid.activeLine(), grid.activeColumn()];
      if (line && column) setField(app, line, column.name, null);
    } },
    { id: "remove-field", title: t("grid.remove_field_from_item"), icon: "x", group, where, when: () => onField() && grid.activeColumn()?.name !== "" && activeValue() !== undefined, hidden, run: () => {
      const [line, column] = [grid.activeLine(), grid.activeColumn()];
      if (line && column) setField(app, line, column.name, undefined);
    } },
    { id: "restore-item", title: t("grid.unstage_this_item"), icon: "undo", group, where, keys: ["Ctrl+Alt+Z"], when: () => grid.selectedLines().some((line) => line.entry), hidden, run: () => {
      session.changes.unstage(grid.selectedLines().flatMap((line) => line.entry ?? []));
    } },
    { id: "delete-item", title: () => (grid.selection.size > 1 ? t("grid.delete_n_items", { n: count(grid.selection.size) }) : t("grid.delete_item")), icon: "trash", group, where, keys: ["Delete"], when: canWrite, hidden, risk: true, run: () => removeSelected(app) },
    { id: "duplicate-item", title: t("grid.duplicate_item"), icon: "plus", group, where, keys: ["Ctrl+D"], keyed: () => grid.selection.size <= 1, when: canWrite, hidden, run: async () => {
      const line = grid.activeLine();
      const { newItem } = await import("./new_item.js");
      newItem(app, { key: line?.item?.key, value: line?.entry?.after ?? line?.item?.value });
    } },
    { id: "follow", title: () => t("grid.go_to_target", { target: relation()?.target_store ?? t("grid.the_target") }), icon: "link", group, where, keys: ["Ctrl+Enter"], when: () => relation() !== undefined && activeValue() !== undefined && activeValue() !== null, hidden, run: () => {
      const target = relation();
      const store = session.storeNamed(target?.target_store);
      if (store) void session.go({ store: store.name, prefix: [], at: undefined, sel: keyOfOne(store.key, activeValue()) });
    } },
    { id: "inspect", title: t("grid.show_or_hide_the_inspector"), icon: "panel", group, keys: ["Space", "Ctrl+."], where: "page", when: () => session.store !== undefined, run: () => inspector.toggle() },
    { id: "down", title: t("grid.next_row"), icon: "down", group, where, keys: ["ArrowDown"], hidden, run: () => move(1, 0)() },
    { id: "up", title: t("grid.row_before"), icon: "down", group, where, keys: ["ArrowUp"], hidden, run: () => move(-1, 0)() },
    { id: "right", title: t("grid.next_column"), icon: "right", group, where, keys: ["ArrowRight", "Tab"], when: () => !lastColumn(), hidden, run: () => move(0, 1)() },
    { id: "left", title: t("grid.column_before"), icon: "right", group, where, keys: ["ArrowLeft", "Shift+Tab"], when: () => grid.active.column > 0, hidden, run: () => move(0, -1)() },
    { id: "extend-down", title: t("grid.select_one_more_row_below"), icon: "down", group, where, keys: ["Shift+ArrowDown"], hidden, run: () => move(1, 0, true)() },
    { id: "extend-up", title: t("grid.select_one_more_row_above"), icon: "down", group, where, keys: ["Shift+ArrowUp"], hidden, run: () => move(-1, 0, true)() },
    { id: "screen-down", title: t("grid.one_screen_down"), icon: "down", group, where, keys: ["PageDown"], hidden, run: () => move(screen(), 0)() },
    { id: "screen-up", title: t("grid.one_screen_up"), icon: "down", group, where, keys: ["PageUp"], hidden, run: () => move(-screen(), 0)() },
    { id: "row-start", title: t("grid.first_column"), icon: "right", group, where, keys: ["Home"], hidden, run: () => grid.select(grid.active.line, 0) },
    { id: "row-end", title: t("grid.last_column"), icon: "right", group, where, keys: ["End"], hidden, run: () => grid.select(grid.active.line, grid.columns.shown.length) },
    { id: "first-row", title: t("grid.first_row"), icon: "jump", group, where, keys: ["Ctrl+Home", "Ctrl+ArrowUp"], hidden, run: () => grid.select(0, grid.active.column) },
    { id: "last-row", title: t("grid.last_row"), icon: "jump", group, where, keys: ["Ctrl+End", "Ctrl+ArrowDown"], hidden, run: () => grid.select(grid.lines.total - 1, grid.active.column) },
    { id: "unselect", title: t("grid.forget_the_selection"), icon: "x", group, where, keys: ["Escape"], hidden, run: () => (inspector.shown && grid.narrow.matches ? inspector.close() : grid.unselect()) },
  );

  function lastColumn() {
    return grid.active.column >= grid.columns.shown.length;
  }
  function relation() {
    const column = grid.activeColumn();
    return (grid.store?.relations ?? []).find((/** @type {any} */ one) => one.source_fields?.length === 1 && one.source_fields[0] === column?.name && one.target_fields?.length === 1);
  }

  grid.addEventListener("edit", () => editor.start());
  grid.addEventListener("follow", () => commands.run("follow"));
  grid.addEventListener("open-item", () => inspector.open());
  grid.addEventListener("failed", (event) => {
    const error = /** @type {CustomEvent} */ (event).detail;
    if (!app.filters.takes(error)) session.fail(error, session.place.store);
  });
  grid.addEventListener("menu", (event) => {
    const place = /** @type {CustomEvent} */ (event).detail;
    menu.show(() => cellMenu(app), place, t("grid.cell"));
  });
  grid.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.target !== grid.rows) return;
    if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) {
      const cell = grid.activeCell();
      if (cell) {
        event.preventDefault();
        menu.show(() => cellMenu(app), cell, t("grid.cell"));
      }
    } else if (event.key.length === 1 && event.key !== " " && event.key !== "/" && event.key !== "?" && grid.activeColumn() && canWrite()) {
      event.preventDefault();
      editor.start(event.key);
    }
  });
  grid.rows?.addEventListener("paste", (event) => {
    const text = event.clipboardData?.getData("text/plain");
    if (text === undefined || text === "" || !canWrite() || event.target !== grid.rows) return;
    event.preventDefault();
    const [left, right] = grid.selection.columns;
    if (isCells(text) || grid.selection.size > 1 || left !== right) return void pasteCells(app, text);
    if (!onField()) return;
    editor.start(text.replace(/\r?\n$/, ""));
  });
  grid.rows?.addEventListener("scroll", () => {
    if (editor.scrolled) editor.finish(true);
  }, { passive: true });

  session.addEventListener("written", (event) => {
    if (/** @type {CustomEvent} */ (event).detail.stores.includes(grid.store?.name)) void grid.reload();
  });

  return (text) => jump(app, text);
}

/** The menu of the active cell, from the one list of commands. @param {Context} app @returns {import("./menu.js").MenuItem[]} */
function cellMenu({ commands }) {
  /** @type {import("./menu.js").MenuItem[]} */
  const items = [];
  for (const id of ["edit", "set-null", "remove-field", "", "copy-value", "copy-item", "copy-as", "duplicate-item", "", "fill-down", "set-field", "", "filter-value", "exclude-value", "filter-field", "sort-column", "", "follow", "keep-prefix", "", "restore-item", "delete-item"]) {
    if (id === "") {
      if (items.length && items.at(-1) !== "rule") items.push("rule");
      continue;
    }
    const command = commands.all.get(id);
    if (!command || !commands.can(command)) continue;
    items.push({ title: commands.title(command), icon: command.icon, key: command.keys?.[0] ? shownKey(command.keys[0]) : undefined, risk: command.risk, run: command.run });
  }
  return items;
}

/**
 * Goes to a key or to a share of the rows.
 * @param {Context} app @param {string} text
 * @returns {Promise<{error: string, fix?: string} | undefined>}
 */
async function jump({ session, grid }, text) {
  const share = /^\s*(\d+(?:[.,]\d+)?)\s*%\s*$/.exec(text);
  if (share) {
    const value = Number(share[1].replace(",", "."));
    if (value > 100) return { error: t("grid.is_past_the_end", { value }), fix: "100 %" };
    grid.goToShare(value / 100);
    return undefined;
  }
  const store = grid.store;
  if (!store) return { error: t("grid.no_store_is_open_sentence") };
  const typed = typedKey(store.key, text);
  if ("error" in typed) {
    const digits = /^\s*\d+\s*$/.test(text) && !isNumberType(keyFields(store.key)[0].type) && !isDateType(keyFields(store.key)[0].type);
    return { error: typed.error, fix: digits ? `${text.trim()} %` : undefined };
  }
  try {
    const answer = await grid.goToKey(typed.key);
    if (answer?.unplaced) return { error: answer.exists ? t("grid.this_item_is_not_among_the_rows") : t("grid.there_is_no_such_key") };
    if (answer && answer.exists === false) session.say({ kind: "warn", text: t("grid.there_is_no_key", { key: text.trim() }) });
    return undefined;
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
