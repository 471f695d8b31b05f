// What is done in the grid: keys, menus, jumping, copying, following relations. Returns what the jump field calls.

import { count } from "../core/format.js";
import { kindOf, stringify } from "../core/json.js";
import { isDateType, isNumberType, keyFields, keyOfOne, typedKey } from "../core/keys.js";
import { fieldOf } from "../model/columns.js";
import { shownKey } from "../model/commands.js";
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
  /** @param {string} text @param {string} what */
  const copied = async (text, what) => session.say(await copyText(text) ? { kind: "ok", text: `${what} copied.` } : { kind: "warn", text: "The browser does not let this page use the clipboard." });

  const where = /** @type {const} */ ("grid");
  const hidden = true;
  const group = "Rows";
  commands.add(
    { id: "edit", title: "Edit", icon: "edit", group, where, keys: ["Enter", "F2"], when: canWrite, hidden, run: () => editor.start() },
    { id: "copy-value", title: "Copy value", icon: "copy", group, where, keys: ["Ctrl+C"], when: onItem, hidden, run: () => {
      const [left, right] = grid.selection.columns;
      return grid.selection.size <= 1 && left === right ? copied(asText(activeValue()), "Value") : copyCells(app);
    } },
    { id: "copy-item", title: "Copy item as JSON", icon: "json", group, where, keys: ["Ctrl+Shift+C"], when: onItem, hidden, run: () => {
      const items = grid.selectedLines().map((line) => ({ key: line.item?.key, value: line.entry?.after ?? line.item?.value }));
      return copied(stringify(items.length === 1 ? items[0] : items, 2), items.length === 1 ? "Item" : `${count(items.length)} items`);
    } },
    { id: "set-null", title: "Set null", icon: "minus", group, where, keys: ["Ctrl+Backspace"], when: onField, hidden, run: () => {
      const [line, column] = [grid.activeLine(), grid.activeColumn()];
      if (line && column) setField(app, line, column.name, null);
    } },
    { id: "remove-field", title: "Remove field from item", icon: "x", group, where, when: () => onField() && grid.activeColumn()?.name !== "" && activeValue() !== undefined, hidden, run: () => {
      const [line, column] = [grid.activeLine(), grid.activeColumn()];
      if (line && column) setField(app, line, column.name, undefined);
    } },
    { id: "restore-item", title: "Unstage this item", icon: "undo", group, where, keys: ["Ctrl+Alt+Z"], when: () => grid.selectedLines().some((line) => line.entry), hidden, run: () => {
      session.changes.unstage(grid.selectedLines().flatMap((line) => line.entry ?? []));
    } },
    { id: "delete-item", title: () => (grid.selection.size > 1 ? `Delete ${count(grid.selection.size)} items` : "Delete item"), icon: "trash", group, where, keys: ["Delete"], when: canWrite, hidden, risk: true, run: () => removeSelected(app) },
    { id: "duplicate-item", title: "Duplicate item", icon: "plus", group, where, keys: ["Ctrl+D"], keyed: () => grid.selection.size <= 1, when: canWrite, hidden, run: async () => {
      const line = grid.activeLine();
      const { newItem } = await import("./new_item.js");
      newItem(app, { key: line?.item?.key, value: line?.entry?.after ?? line?.item?.value });
    } },
    { id: "follow", title: () => `Go to ${relation()?.target_store ?? "the target"}`, icon: "link", group, where, keys: ["Ctrl+Enter"], when: () => relation() !== undefined && activeValue() !== undefined && activeValue() !== null, hidden, run: () => {
      const target = relation();
      const store = session.storeNamed(target?.target_store);
      if (store) void session.go({ store: store.name, prefix: [], at: undefined, sel: keyOfOne(store.key, activeValue()) });
    } },
    { id: "inspect", title: "Show or hide the inspector", icon: "panel", group, keys: ["Space", "Ctrl+."], where: "page", when: () => session.store !== undefined, run: () => inspector.toggle() },
    { id: "down", title: "Next row", icon: "down", group, where, keys: ["ArrowDown"], hidden, run: () => move(1, 0)() },
    { id: "up", title: "Row before", icon: "down", group, where, keys: ["ArrowUp"], hidden, run: () => move(-1, 0)() },
    { id: "right", title: "Next column", icon: "right", group, where, keys: ["ArrowRight", "Tab"], when: () => !lastColumn(), hidden, run: () => move(0, 1)() },
    { id: "left", title: "Column before", icon: "right", group, where, keys: ["ArrowLeft", "Shift+Tab"], when: () => grid.active.column > 0, hidden, run: () => move(0, -1)() },
    { id: "extend-down", title: "Select one more row below", icon: "down", group, where, keys: ["Shift+ArrowDown"], hidden, run: () => move(1, 0, true)() },
    { id: "extend-up", title: "Select one more row above", icon: "down", group, where, keys: ["Shift+ArrowUp"], hidden, run: () => move(-1, 0, true)() },
    { id: "screen-down", title: "One screen down", icon: "down", group, where, keys: ["PageDown"], hidden, run: () => move(screen(), 0)() },
    { id: "screen-up", title: "One screen up", icon: "down", group, where, keys: ["PageUp"], hidden, run: () => move(-screen(), 0)() },
    { id: "row-start", title: "First column", icon: "right", group, where, keys: ["Home"], hidden, run: () => grid.select(grid.active.line, 0) },
    { id: "row-end", title: "Last column", icon: "right", group, where, keys: ["End"], hidden, run: () => grid.select(grid.active.line, grid.columns.shown.length) },
    { id: "first-row", title: "First row", icon: "jump", group, where, keys: ["Ctrl+Home", "Ctrl+ArrowUp"], hidden, run: () => grid.select(0, grid.active.column) },
    { id: "last-row", title: "Last row", icon: "jump", group, where, keys: ["Ctrl+End", "Ctrl+ArrowDown"], hidden, run: () => grid.select(grid.lines.total - 1, grid.active.column) },
    { id: "unselect", title: "Forget the selection", icon: "x", group, where, keys: ["Escape"], hidden, run: () => (inspector.shown && grid.narrow.matches ? inspector.close() : grid.unselect()) },
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
    menu.show(() => cellMenu(app), place, "Cell");
  });
  grid.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.target !== grid.rows) return;
    if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) {
      const cell = grid.activeCell();
      if (cell) {
        event.preventDefault();
        menu.show(() => cellMenu(app), cell, "Cell");
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
    if (value > 100) return { error: `${value} % is past the end.`, fix: "100 %" };
    grid.goToShare(value / 100);
    return undefined;
  }
  const store = grid.store;
  if (!store) return { error: "No store is open." };
  const typed = typedKey(store.key, text);
  if ("error" in typed) {
    const digits = /^\s*\d+\s*$/.test(text) && !isNumberType(keyFields(store.key)[0].type) && !isDateType(keyFields(store.key)[0].type);
    return { error: typed.error, fix: digits ? `${text.trim()} %` : undefined };
  }
  try {
    const answer = await grid.goToKey(typed.key);
    if (answer?.unplaced) return { error: answer.exists ? "This item is not among the rows that are filtered or sorted." : "There is no such key." };
    if (answer && answer.exists === false) session.say({ kind: "warn", text: `There is no key ${text.trim()}. This is where it would be.` });
    return undefined;
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
