// Many items or cells at once: select, set a field, delete, paste, fill down, copy. What changes is staged as one step.

import { count } from "../core/format.js";
import { isObject, stringify } from "../core/json.js";
import { allKeyFields, isComposite, keyFields, keyValues } from "../core/keys.js";
import { valueFromText } from "../core/typing.js";
import { fieldOf, withField } from "../model/columns.js";
import { sqlLiteral } from "../model/filter.js";
import { inserts, parseTabbed, pasteInto } from "../model/paste.js";
import { t } from "../strings/grid.js";
import { html, nothing } from "../vendor/lit.js";
import { Dialog, dialogHead, fault } from "./dialog.js";
import { announce, copyText } from "./dom.js";
import { MOST_BULK } from "./grid_selection.js";

/** @typedef {import("./context.js").Context} Context */
/** @typedef {import("./grid_rows.js").Line} Line */

/** @param {Context} app */
export function wireBulk(app) {
  const { session, commands, grid, menu } = app;
  const where = /** @type {const} */ ("grid");
  const group = t("shared.rows");
  const selected = () => grid.active.line >= 0 && grid.store !== undefined;
  const canWrite = () => selected() && session.readOnly === undefined && grid.source?.fixed !== true;
  const several = () => grid.selection.size > 1;
  const many = () => (several() ? t("shared.n_items", { n: grid.selection.size }) : t("grid.this_item"));

  commands.add(
    { id: "select-all", title: t("grid.select_all_rows"), icon: "check", group, where, keys: ["Ctrl+A"], when: () => grid.lines.total > 0, run: () => {
      grid.selectAll();
      announce(t("grid.n_rows_selected", { n: grid.selection.size }));
    } },
    { id: "extend-right", title: t("grid.select_one_more_column_at_the_right"), icon: "right", group, where, keys: ["Shift+ArrowRight"], hidden: true, when: selected, run: () => grid.select(grid.active.line, grid.active.column + 1, { extend: true }) },
    { id: "extend-left", title: t("grid.select_one_more_column_at_the_left"), icon: "right", group, where, keys: ["Shift+ArrowLeft"], hidden: true, when: selected, run: () => grid.select(grid.active.line, grid.active.column - 1, { extend: true }) },
    { id: "fill-down", title: t("grid.fill_down"), icon: "down", group, where, keys: ["Ctrl+D"], when: () => canWrite() && several() && grid.activeColumn() !== undefined, run: () => fillDown(app) },
    { id: "set-field", title: () => t("grid.set_a_field_of", { items: many() }), icon: "edit", group, where, keys: ["Ctrl+Shift+F"], words: t("grid.set_field_words"), when: canWrite, run: () => setFields(app) },
    { id: "copy-as", title: t("grid.copy_as"), icon: "copy", group, where, keys: ["Ctrl+Alt+C"], words: t("grid.copy_as_words"), when: selected, run: () => menu.show(() => [
      { caption: t("grid.copy_n_rows_as", { n: grid.selection.size }) },
      ...Object.entries(FORMATS).map(([id, title]) => ({ title, icon: "copy", run: () => copyAs(app, /** @type {keyof typeof FORMATS} */ (id)) })),
    ], grid.activeCell() ?? grid, t("grid.copy_as_title")) },
  );
}

const FORMATS = { tsv: t("grid.cells_with_a_head_tsv"), csv: "CSV", json: "JSON", sql: "SQL INSERT", markdown: "Markdown" };

/** The selected items, read where they are not here yet; undefined when there are too many. @param {Context} app @returns {Promise<Line[] | undefined>} */
export async function selectedItems({ session, grid }) {
  const { selection } = grid;
  if (selection.size > MOST_BULK) {
    session.say({ kind: "warn", text: t("grid.at_most_items_are_taken_together", { most: count(MOST_BULK), selected: count(selection.size) }) });
    return undefined;
  }
  try {
    return await selection.read(selection.lines());
  } catch (error) {
    session.fail(error, t("grid.the_selected_rows_could_not_be_read"));
    return undefined;
  }
}

/** @param {Line} line */
const valueOf = (line) => (line.entry && line.entry.op !== "delete" ? line.entry.after : line.item?.value);
/** @param {Line[]} lines */
const changeable = (lines) => lines.filter((line) => line.entry?.op !== "delete");

/** Stages other values of items as one step, and says so. @param {Context} app @param {{line: Line, after: any}[]} list @param {string} what */
function stage({ session, grid }, list, what) {
  if (!grid.store || !list.length) return session.say({ kind: "warn", text: t("grid.nothing_changes_by_that") });
  session.changes.updateAll(grid.store.name, list.map(({ line, after }) => ({ item: /** @type {any} */ (line.item), after })));
  const undo = { title: t("shared.undo"), run: () => void session.changes.undo() };
  session.say({ kind: "ok", text: t("grid.done_and_staged", { done: what }), act: undo });
}

/** Deletes the selected items: stages it. @param {Context} app */
export async function removeSelected(app) {
  const lines = await selectedItems(app);
  if (!lines) return;
  const left = changeable(lines);
  app.session.changes.remove(app.grid.store?.name ?? "", left.map((line) => /** @type {any} */ (line.item)));
  announce(t("grid.n_staged_to_be_deleted", { n: count(left.length) }));
}

/** The value of the first selected row in each selected column goes into the rows below it. @param {Context} app */
async function fillDown(app) {
  const { grid } = app;
  const lines = await selectedItems(app);
  const [first, ...rest] = lines ?? [];
  if (!first) return;
  const [left, right] = grid.selection.columns;
  const columns = grid.columns.shown.slice(Math.max(0, left - 1), right);
  const list = changeable(rest).map((line) => {
    let after = valueOf(line);
    for (const column of columns) after = withField(after, column.name, fieldOf(valueOf(first), column.name));
    return { line, after };
  });
  stage(app, list, t("grid.columns_filled_into_n_items", { columns: columns.map((column) => column.label).join(", "), n: list.length }));
}

/**
 * Pastes cells of a spreadsheet at the active cell: one cell fills the selection, several take the place that they need.
 * @param {Context} app @param {string} text
 */
export async function pasteCells(app, text) {
  const { session, grid } = app;
  const cells = parseTabbed(text);
  const { selection } = grid;
  const [left, right] = selection.columns;
  if (left === 0) return session.say({ kind: "warn", text: t("grid.keys_cannot_be_pasted_over") });
  const wide = Math.max(...cells.map((row) => row.length));
  const fills = cells.length === 1 && wide === 1;
  const [low] = selection.range;
  const lines = fills || (selection.size > 1 && selection.size % cells.length === 0 && cells.length < selection.size)
    ? selection.lines()
    : Array.from({ length: Math.min(cells.length, grid.lines.total - low) }, (_, at) => low + at);
  if (lines.length > MOST_BULK || cells.length > MOST_BULK) return session.say({ kind: "warn", text: t("grid.at_most_rows_are_pasted_at_once", { most: count(MOST_BULK) }) });
  const columns = grid.columns.shown.slice(left - 1, Math.max(right, left - 1 + wide));
  let read;
  try {
    read = await selection.read(lines);
  } catch (error) {
    return session.fail(error, t("grid.the_rows_to_paste_over_could"));
  }
  const open = changeable(read);
  const made = pasteInto(cells, open.map((line) => ({ value: valueOf(line) })), columns, grid.columns);
  const list = made.after.map(({ index, value }) => ({ line: open[index], after: value }));
  const beyond = cells.length - lines.length;
  const lost = [beyond > 0 ? t("grid.n_rows_beyond_the_last_left_out", { n: beyond }) : "", wide > columns.length ? t("grid.n_columns_left_out", { n: wide - columns.length }) : ""].filter(Boolean).join(", ");
  const done = () => stage(app, list, [t("grid.n_cells_pasted_into", { n: made.cells, items: t("shared.n_items", { n: list.length }) }), lost].filter(Boolean).join("; "));
  const [wrong] = made.faults;
  if (!wrong) return done();
  session.say({ kind: "danger", text: t("grid.cells_do_not_fit", { n: made.faults.length, all: count(made.faults.length + made.cells), row: wrong.row, column: wrong.column, error: wrong.error }), act: list.length ? { title: t("grid.paste_the_others"), run: done } : undefined });
}

/** The selected cells as tabbed text, as spreadsheets take it. @param {Context} app */
export async function copyCells(app) {
  const { grid, session } = app;
  const lines = await selectedItems(app);
  if (!lines || !grid.store) return;
  const { tabbed } = await import("../model/query/export.js");
  const [left, right] = grid.selection.columns;
  const spec = grid.store.key;
  const columns = grid.columns.shown.slice(Math.max(0, left - 1), right);
  const rows = lines.map((line) => [...(left === 0 ? [isComposite(spec) ? line.key : line.item?.key] : []), ...columns.map((column) => fieldOf(valueOf(line), column.name))]);
  const cells = rows.length * (rows[0]?.length ?? 0);
  session.say(await copyText(tabbed(rows)) ? { kind: "ok", text: cells === rows.length ? t("grid.n_values_copied", { n: cells }) : t("grid.n_cells_copied", { n: cells }) } : { kind: "warn", text: t("shared.clipboard_refused") });
}

/** Key fields and shown columns of items, as a table. @param {Context} app @param {Line[]} lines */
function tableOf({ grid }, lines) {
  const spec = /** @type {import("../model/tree.js").Store} */ (grid.store).key;
  const keys = isComposite(spec) ? allKeyFields(spec) : keyFields(spec);
  const shown = grid.columns.shown;
  const columns = [...keys.map((field) => ({ name: field.name })), ...shown.map((column) => ({ name: keys.some((field) => field.name === column.name) ? `value.${column.name}` : column.label }))];
  const key = (/** @type {Line} */ line) => (isComposite(spec) && isObject(line.item?.key) ? keys.map((field) => line.item?.key[field.name]) : keyValues(spec, line.item?.key));
  const rows = lines.map((line) => [...key(line), ...shown.map((column) => fieldOf(valueOf(line), column.name))]);
  return { columns, rows, numeric: [...keys.map(() => false), ...shown.map((column) => column.numeric)] };
}

/** @param {Context} app @param {keyof typeof FORMATS} format */
async function copyAs(app, format) {
  const { session, grid } = app;
  const lines = await selectedItems(app);
  if (!lines?.length || !grid.store) return;
  const { markdown, pieces, tabbed } = await import("../model/query/export.js");
  const { columns, rows, numeric } = tableOf(app, lines);
  const text = format === "json" ? stringify(lines.map((line) => ({ key: line.item?.key, value: valueOf(line) })), 2)
    : format === "csv" ? [...pieces("csv", columns, rows)].join("")
    : format === "sql" ? inserts(grid.store.name, columns, rows, sqlLiteral)
    : format === "markdown" ? markdown(columns, rows, numeric)
    : tabbed([columns.map((column) => column.name), ...rows]);
  session.say(await copyText(text) ? { kind: "ok", text: t("grid.n_rows_copied_as", { n: lines.length, format: FORMATS[format] }) } : { kind: "warn", text: t("shared.clipboard_refused") });
}

/** Asks for a field and a value for all selected items. @param {Context} app */
function setFields(app) {
  const { grid } = app;
  const size = grid.selection.size;
  const columns = grid.columns.list;
  let name = grid.activeColumn()?.name ?? columns.find((column) => column.name !== "")?.name ?? "";
  let how = "value";
  let text = "";
  let wrong = "";
  let busy = false;
  const typed = () => (how === "null" ? { value: null } : how === "remove" ? { value: undefined } : valueFromText(grid.columns.kind(name), text));
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const value = typed();
    if ("error" in value) {
      wrong = value.error;
      return dialog.draw();
    }
    busy = true;
    dialog.draw();
    const lines = await selectedItems(app);
    busy = false;
    if (!lines) return dialog.draw();
    const odd = lines.filter((line) => name !== "" && !isObject(valueOf(line)) && valueOf(line) !== null);
    const list = changeable(lines).filter((line) => !odd.includes(line)).map((line) => ({ line, after: withField(valueOf(line), name, value.value) }));
    dialog.close();
    stage(app, list, [
      how === "remove" ? t("grid.field_removed_from_n_items", { field: name, n: list.length }) : t("grid.field_set_in_n_items", { field: name || t("shared.value_within"), n: list.length }),
      odd.length ? t("grid.items_without_fields_left_out", { n: odd.length }) : "",
    ].filter(Boolean).join("; "));
  };
  const choice = /** @type {const} */ ([["value", t("grid.a_value")], ["null", "null"], ["remove", t("grid.remove_it")]]);
  const dialog = new Dialog({ label: t("grid.set_a_field"), className: "form-dialog small-dialog", draw: (shown) => html`<form @submit=${submit}>${dialogHead(shown, t("grid.set_a_field_of_items", { n: size }))}
    <div class="body form"><label>${t("shared.field")}<select class="field" @change=${(/** @type {any} */ event) => { name = event.target.value; wrong = ""; shown.draw(); }}>${columns.map((column) => html`<option value=${column.name} ?selected=${column.name === name}>${column.label}</option>`)}</select></label>
      <div class="label">${t("grid.new_value")}<div class="choice" role="radiogroup" aria-label=${t("grid.new_value")}>${choice.filter(([id]) => id !== "remove" || name !== "").map(([id, title]) => html`<button type="button" role="radio" aria-checked=${String(how === id)} @click=${() => { how = id; wrong = ""; shown.draw(); }}>${title}</button>`)}</div></div>
      ${how === "value" ? html`<label class=${wrong ? "wrong" : ""}><span class="row-label">${t("shared.value")}<span class="type">${columns.find((column) => column.name === name)?.type ?? ""}</span></span><span class="field"><input autofocus autocomplete="off" spellcheck="false" aria-invalid=${String(wrong !== "")} .value=${text} @input=${(/** @type {any} */ event) => { text = event.target.value; wrong = ""; shown.draw(); }}></span>${wrong ? html`<span class="hint fail" role="alert">${wrong}</span>` : nothing}</label>` : nothing}
    </div>${fault("")}<footer><span class="small dim">${t("grid.staged_written_when_you_commit")}</span><span class="grow"></span><button type="button" class="button quiet" @click=${() => shown.close()}>${t("shared.cancel")}<kbd>Esc</kbd></button><button class="button main" ?disabled=${busy}>${busy ? t("shared.reading") : t("grid.stage")}<kbd>↵</kbd></button></footer></form>` });
}

/** Whether pasted text is several cells. @param {string} text */
export function isCells(text) {
  return /[\t\n]/.test(text.replace(/\r?\n$/, ""));
}

