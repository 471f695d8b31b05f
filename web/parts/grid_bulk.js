// Many items or cells at once: select, set a field, delete, paste, fill down, copy. What changes is staged as one step.

import { count, counted } from "../core/format.js";
import { isObject, stringify } from "../core/json.js";
import { allKeyFields, isComposite, keyFields, keyValues } from "../core/keys.js";
import { valueFromText } from "../core/typing.js";
import { fieldOf, withField } from "../model/columns.js";
import { sqlLiteral } from "../model/filter.js";
import { inserts, parseTabbed, pasteInto } from "../model/paste.js";
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
  const group = "Rows";
  const selected = () => grid.active.line >= 0 && grid.store !== undefined;
  const canWrite = () => selected() && session.readOnly === undefined && grid.source?.fixed !== true;
  const several = () => grid.selection.size > 1;
  const many = () => (several() ? counted(grid.selection.size, "item") : "this item");

  commands.add(
    { id: "select-all", title: "Select all rows", icon: "check", group, where, keys: ["Ctrl+A"], when: () => grid.lines.total > 0, run: () => {
      grid.selectAll();
      announce(`${counted(grid.selection.size, "row")} selected`);
    } },
    { id: "extend-right", title: "Select one more column at the right", icon: "right", group, where, keys: ["Shift+ArrowRight"], hidden: true, when: selected, run: () => grid.select(grid.active.line, grid.active.column + 1, { extend: true }) },
    { id: "extend-left", title: "Select one more column at the left", icon: "right", group, where, keys: ["Shift+ArrowLeft"], hidden: true, when: selected, run: () => grid.select(grid.active.line, grid.active.column - 1, { extend: true }) },
    { id: "fill-down", title: "Fill down", icon: "down", group, where, keys: ["Ctrl+D"], when: () => canWrite() && several() && grid.activeColumn() !== undefined, run: () => fillDown(app) },
    { id: "set-field", title: () => `Set a field of ${many()}`, icon: "edit", group, where, keys: ["Ctrl+Shift+F"], words: "bulk update change", when: canWrite, run: () => setFields(app) },
    { id: "copy-as", title: "Copy as …", icon: "copy", group, where, keys: ["Ctrl+Alt+C"], words: "csv tsv sql insert markdown json", when: selected, run: () => menu.show(() => [
      { caption: `Copy ${counted(grid.selection.size, "row")} as` },
      ...Object.entries(FORMATS).map(([id, title]) => ({ title, icon: "copy", run: () => copyAs(app, /** @type {keyof typeof FORMATS} */ (id)) })),
    ], grid.activeCell() ?? grid, "Copy as") },
  );
}

const FORMATS = { tsv: "Cells with a head (TSV)", csv: "CSV", json: "JSON", sql: "SQL INSERT", markdown: "Markdown" };

/** The selected items, read where they are not here yet; undefined when there are too many. @param {Context} app @returns {Promise<Line[] | undefined>} */
export async function selectedItems({ session, grid }) {
  const { selection } = grid;
  if (selection.size > MOST_BULK) {
    session.say({ kind: "warn", text: `At most ${count(MOST_BULK)} items are taken together; ${count(selection.size)} are selected. Filter them first.` });
    return undefined;
  }
  try {
    return await selection.read(selection.lines());
  } catch (error) {
    session.fail(error, "The selected rows could not be read");
    return undefined;
  }
}

/** @param {Line} line */
const valueOf = (line) => (line.entry && line.entry.op !== "delete" ? line.entry.after : line.item?.value);
/** @param {Line[]} lines */
const changeable = (lines) => lines.filter((line) => line.entry?.op !== "delete");

/** Stages other values of items as one step, and says so. @param {Context} app @param {{line: Line, after: any}[]} list @param {string} what */
function stage({ session, grid }, list, what) {
  if (!grid.store || !list.length) return session.say({ kind: "warn", text: "Nothing changes by that." });
  session.changes.updateAll(grid.store.name, list.map(({ line, after }) => ({ item: /** @type {any} */ (line.item), after })));
  const undo = { title: "Undo", run: () => void session.changes.undo() };
  session.say({ kind: "ok", text: `${what}. Staged; nothing is written yet.`, act: undo });
}

/** Deletes the selected items: stages it. @param {Context} app */
export async function removeSelected(app) {
  const lines = await selectedItems(app);
  if (!lines) return;
  const left = changeable(lines);
  app.session.changes.remove(app.grid.store?.name ?? "", left.map((line) => /** @type {any} */ (line.item)));
  announce(`${count(left.length)} staged to be deleted`);
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
  stage(app, list, `${columns.map((column) => column.label).join(", ")} filled into ${counted(list.length, "item")}`);
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
  if (left === 0) return session.say({ kind: "warn", text: "Keys cannot be pasted over. Choose a field first." });
  const wide = Math.max(...cells.map((row) => row.length));
  const fills = cells.length === 1 && wide === 1;
  const [low] = selection.range;
  const lines = fills || (selection.size > 1 && selection.size % cells.length === 0 && cells.length < selection.size)
    ? selection.lines()
    : Array.from({ length: Math.min(cells.length, grid.lines.total - low) }, (_, at) => low + at);
  if (lines.length > MOST_BULK || cells.length > MOST_BULK) return session.say({ kind: "warn", text: `At most ${count(MOST_BULK)} rows are pasted at once. Import the file instead.` });
  const columns = grid.columns.shown.slice(left - 1, Math.max(right, left - 1 + wide));
  let read;
  try {
    read = await selection.read(lines);
  } catch (error) {
    return session.fail(error, "The rows to paste over could not be read");
  }
  const open = changeable(read);
  const made = pasteInto(cells, open.map((line) => ({ value: valueOf(line) })), columns, grid.columns);
  const list = made.after.map(({ index, value }) => ({ line: open[index], after: value }));
  const beyond = cells.length - lines.length;
  const lost = [beyond > 0 ? `${counted(beyond, "row")} beyond the last one left out` : "", wide > columns.length ? `${counted(wide - columns.length, "column")} left out` : ""].filter(Boolean).join(", ");
  const done = () => stage(app, list, `${counted(made.cells, "cell")} pasted into ${counted(list.length, "item")}${lost ? `; ${lost}` : ""}`);
  const [wrong] = made.faults;
  if (!wrong) return done();
  session.say({ kind: "danger", text: `${counted(made.faults.length, "cell")} of ${count(made.faults.length + made.cells)} ${made.faults.length === 1 ? "does" : "do"} not fit: row ${wrong.row}, ${wrong.column}: ${wrong.error} Nothing was pasted.`, act: list.length ? { title: "Paste the others", run: done } : undefined });
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
  session.say(await copyText(tabbed(rows)) ? { kind: "ok", text: `${counted(cells, cells === rows.length ? "value" : "cell")} copied.` } : { kind: "warn", text: "The browser does not let this page use the clipboard." });
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
  session.say(await copyText(text) ? { kind: "ok", text: `${counted(lines.length, "row")} copied as ${FORMATS[format]}.` } : { kind: "warn", text: "The browser does not let this page use the clipboard." });
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
    stage(app, list, `${name || "value"} ${how === "remove" ? "removed from" : "set in"} ${counted(list.length, "item")}${odd.length ? `; ${counted(odd.length, "item")} without fields left out` : ""}`);
  };
  const choice = /** @type {const} */ ([["value", "A value"], ["null", "null"], ["remove", "Remove it"]]);
  const dialog = new Dialog({ label: "Set a field", className: "form-dialog small-dialog", draw: (shown) => html`<form @submit=${submit}>${dialogHead(shown, `Set a field of ${counted(size, "item")}`)}
    <div class="body form"><label>Field<select class="field" @change=${(/** @type {any} */ event) => { name = event.target.value; wrong = ""; shown.draw(); }}>${columns.map((column) => html`<option value=${column.name} ?selected=${column.name === name}>${column.label}</option>`)}</select></label>
      <div class="label">New value<div class="choice" role="radiogroup" aria-label="New value">${choice.filter(([id]) => id !== "remove" || name !== "").map(([id, title]) => html`<button type="button" role="radio" aria-checked=${String(how === id)} @click=${() => { how = id; wrong = ""; shown.draw(); }}>${title}</button>`)}</div></div>
      ${how === "value" ? html`<label class=${wrong ? "wrong" : ""}><span class="row-label">Value<span class="type">${columns.find((column) => column.name === name)?.type ?? ""}</span></span><span class="field"><input autofocus autocomplete="off" spellcheck="false" aria-invalid=${String(wrong !== "")} .value=${text} @input=${(/** @type {any} */ event) => { text = event.target.value; wrong = ""; shown.draw(); }}></span>${wrong ? html`<span class="hint fail" role="alert">${wrong}</span>` : nothing}</label>` : nothing}
    </div>${fault("")}<footer><span class="small dim">Staged; written when you commit</span><span class="grow"></span><button type="button" class="button quiet" @click=${() => shown.close()}>Cancel<kbd>Esc</kbd></button><button class="button main" ?disabled=${busy}>${busy ? "Reading" : "Stage"}<kbd>↵</kbd></button></footer></form>` });
}

/** Whether pasted text is several cells. @param {string} text */
export function isCells(text) {
  return /[\t\n]/.test(text.replace(/\r?\n$/, ""));
}

