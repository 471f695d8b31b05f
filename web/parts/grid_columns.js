// Columns of the grid as people arrange them: the chooser, the menu and dragging of heads, widths that fit, saved views.

import { cell } from "../core/format.js";
import { fieldOf } from "../model/columns.js";
import { writePlace } from "../model/url_state.js";
import { readViews, removeView, saveView } from "../model/views.js";
import { t } from "../strings/grid.js";
import { html } from "../vendor/lit.js";
import { ColumnChooser } from "./column_chooser.js";
import { Dialog, dialogHead, fault } from "./dialog.js";
import { announce, copyText } from "./dom.js";
import { units } from "./grid_rows.js";

/** @typedef {import("./context.js").Context} Context */
/** @typedef {import("../model/columns.js").Column} Column */

const DRAG_PX = 6;

/** @param {Context} app */
export function wireColumns(app) {
  const { session, commands, grid, menu } = app;
  const open = () => session.store !== undefined && session.place.view === undefined;
  const column = () => (open() ? grid.activeColumn() : undefined);
  /** @param {string} id */
  const button = (id) => [...document.querySelectorAll(`[data-command="${id}"]`)].find((one) => one.getClientRects().length > 0) ?? document.body;
  const views = () => (session.store ? readViews(session.storage, session.place.database ?? "", session.store.name) : []);
  const group = t("shared.view");
  const where = /** @type {const} */ ("grid");
  /** @type {ColumnChooser | undefined} */
  let chooser;

  commands.add(
    { id: "columns", title: t("shared.columns"), icon: "columns", group, keys: ["Alt+C"], words: t("grid.columns_words"), when: open, run: () => {
      if (chooser?.element.isConnected) return chooser.close();
      chooser = new ColumnChooser(app, button("columns"));
    } },
    { id: "hide-column", title: () => t("grid.hide_column", { column: column()?.label ?? t("grid.column_within") }), icon: "x", group, where, words: t("grid.column_within"), when: () => column() !== undefined, run: () => hide(app, /** @type {Column} */ (column())) },
    { id: "pin-column", title: () => {
      const what = { column: column()?.label ?? t("grid.column_within") };
      return column()?.pinned ? t("grid.unpin_column", what) : t("grid.pin_column", what);
    }, icon: "pin", group, where, words: t("grid.pin_column_words"), when: () => column() !== undefined, run: () => pin(app, /** @type {Column} */ (column())) },
    { id: "fit-column", title: () => t("grid.fit_column_to_its_values", { column: column()?.label ?? t("grid.column_within") }), icon: "updown", group, where, words: t("grid.fit_column_words"), when: () => column() !== undefined, run: () => fit(app, /** @type {Column} */ (column())) },
    { id: "column-left", title: t("grid.move_the_column_to_the_left"), icon: "right", group, where, keys: ["Alt+Shift+ArrowLeft"], hidden: true, when: () => column() !== undefined, run: () => shift(app, -1) },
    { id: "column-right", title: t("grid.move_the_column_to_the_right"), icon: "right", group, where, keys: ["Alt+Shift+ArrowRight"], hidden: true, when: () => column() !== undefined, run: () => shift(app, 1) },
    { id: "save-view", title: t("grid.save_this_view"), icon: "save", group, words: t("grid.save_view_words"), when: open, run: () => askName(app) },
    { id: "view-link", title: t("grid.copy_a_link_to_this_view"), icon: "link", group, words: t("grid.view_link_words"), when: open, run: async () => {
      const url = location.origin + writePlace({ ...session.place, columns: grid.columns.write(), at: undefined, sel: undefined });
      session.say(await copyText(url) ? { kind: "ok", text: t("grid.link_copied_it_opens_these_rows") } : { kind: "warn", text: t("shared.clipboard_refused") });
    } },
    { id: "views", title: t("grid.saved_views"), icon: "pin", group, words: t("grid.views_words"), when: () => open() && views().length > 0, run: () => menu.show(() => [{ caption: t("grid.views_of_store", { store: session.place.store }) }, ...viewItems(app)], button("more"), t("grid.views")) },
    { id: "remove-view", title: t("grid.remove_a_saved_view"), icon: "trash", group, when: () => open() && views().length > 0, run: () => menu.show(() => [{ caption: t("shared.remove") }, ...views().map((view) => ({ title: view.name, icon: "trash", risk: true, run: () => drop(app, view) }))], button("more"), t("grid.remove_a_view")) },
  );

  session.addEventListener("place", () => {
    const text = session.place.columns;
    if (text === applied) return;
    applied = text;
    if (text !== undefined && grid.store?.name === session.place.store) {
      grid.columns.read(text);
      grid.relayout();
    }
  });
  let applied = session.place.columns;

  wireHeads(app);
}

/** The saved views of the open store, to be chosen. @param {Context} app @returns {import("./menu.js").MenuItem[]} */
export function viewItems({ session }) {
  const { store, place } = session;
  if (!store) return [];
  return readViews(session.storage, place.database ?? "", store.name).map((view) => ({
    title: view.name, icon: "pin", detail: [view.filter && t("shared.filter_within"), view.sort && t("grid.order_within")].filter(Boolean).join(", "),
    run: () => session.go({ filter: view.filter, off: view.off, sort: view.sort, columns: view.columns, prefix: view.prefix ?? [], at: undefined, sel: undefined }),
  }));
}

/** @param {Context} app @param {import("../model/views.js").View} view */
function drop({ session }, view) {
  const [database, store] = [session.place.database ?? "", session.place.store ?? ""];
  removeView(session.storage, database, store, view.name);
  session.say({ kind: "ok", text: t("grid.the_view_is_removed", { view: view.name }), act: { title: t("shared.undo"), run: () => void saveView(session.storage, database, store, view) } });
}

/** Asks what the view should be called. @param {Context} app */
function askName(app) {
  const { session, grid } = app;
  const [database, store] = [session.place.database ?? "", session.place.store ?? ""];
  let name = "";
  let wrong = "";
  const dialog = new Dialog({ label: t("grid.save_this_view"), className: "form-dialog small-dialog", draw: (shown) => html`<form @submit=${(/** @type {Event} */ event) => {
    event.preventDefault();
    if (!name.trim()) {
      wrong = t("grid.a_view_needs_a_name");
      return shown.draw();
    }
    const { filter, off, sort, prefix } = session.place;
    try {
      const replaced = saveView(session.storage, database, store, { name: name.trim(), filter, off, sort, prefix, columns: grid.columns.write() });
      shown.close();
      session.say({ kind: "ok", text: replaced ? t("grid.the_view_is_replaced", { name: name.trim() }) : t("grid.the_view_is_saved", { name: name.trim() }) });
    } catch {
      wrong = t("grid.storage_is_full_view");
      shown.draw();
    }
  }}>${dialogHead(shown, t("grid.save_this_view"))}<div class="body form"><label>${t("shared.name")}<span class="field"><input autofocus autocomplete="off" spellcheck="false" maxlength="80" @input=${(/** @type {any} */ event) => { name = event.target.value; wrong = ""; shown.draw(); }}></span><span class="hint">${t("grid.prefix_filter_order_and_columns_of_store", { store })}</span></label></div>${fault(wrong)}
    <footer><span class="grow"></span><button type="button" class="button quiet" @click=${() => shown.close()}>${t("shared.cancel")}<kbd>Esc</kbd></button><button class="button main">${t("shared.save")}<kbd>↵</kbd></button></footer></form>` });
  return dialog;
}

/** @param {Context} app @param {Column} column */
function hide({ grid, session }, column) {
  column.shown = false;
  grid.remember();
  session.say({ kind: "ok", text: t("grid.column_is_hidden", { column: column.label }), act: { title: t("shared.show"), run: () => {
    column.shown = true;
    grid.remember();
  } } });
}

/** @param {Context} app @param {Column} column */
function pin({ grid }, column) {
  column.pinned = column.pinned ? undefined : true;
  grid.remember();
  announce(column.pinned ? t("grid.column_pinned_at_the_left", { column: column.label }) : t("grid.column_not_pinned_any_more", { column: column.label }));
}

/** A width that the values that have been read fit into. @param {Context} app @param {Column | undefined} column undefined: the key */
export function fit({ grid }, column) {
  if (!column) grid.columns.keyWidth = undefined;
  else {
    let chars = column.label.length + 2;
    for (const item of grid.source?.sample() ?? []) chars = Math.max(chars, cell(fieldOf(item.value, column.name)).text.length + (column.link ? 18 : 0));
    column.width = Math.min(80, units(Math.min(chars, 110), 5, column.numeric));
  }
  grid.remember();
}

/** @param {Context} app @param {number} by */
function shift({ grid }, by) {
  const column = grid.activeColumn();
  const shown = grid.columns.shown;
  if (!column) return;
  const to = shown.indexOf(column) + by;
  const other = shown[to];
  if (!other || Boolean(other.pinned) !== Boolean(column.pinned)) return;
  grid.columns.move(column, by < 0 ? other : grid.columns.list[grid.columns.list.indexOf(other) + 1]);
  grid.remember();
  grid.select(grid.active.line, grid.columns.shown.indexOf(column) + 1);
  announce(t("grid.column_is_at_place", { column: column.label, place: to + 1, n: shown.length }));
}

/** Menu, dragging and double clicks of heads. @param {Context} app */
function wireHeads(app) {
  const { grid, menu, commands, session } = app;
  /** @param {Event} event */
  const headOf = (event) => {
    const head = event.target instanceof Element ? event.target.closest(".grid-head .th[data-sort]") : null;
    return head instanceof HTMLElement ? { head, column: head.dataset.column === undefined ? undefined : grid.columns.shown[Number(head.dataset.column)] } : undefined;
  };
  grid.addEventListener("contextmenu", (event) => {
    const found = headOf(event);
    if (!found) return;
    event.preventDefault();
    const { column } = found;
    const name = column ? found.head.dataset.sort ?? "" : "";
    const sort = (/** @type {boolean} */ desc) => () => session.go({ sort: name === "" ? (desc ? { field: "", desc } : undefined) : { field: name, desc }, at: undefined, sel: undefined });
    menu.show(() => [
      { title: t("grid.sort_rising"), icon: "asc", run: sort(false) }, { title: t("grid.sort_falling"), icon: "desc", run: sort(true) },
      ...(column ? [
        { title: t("shared.filter_column", { column: column.label }), icon: "filter", run: () => app.filters.edit(-1, name) }, /** @type {const} */ ("rule"),
        { title: column.pinned ? t("grid.unpin") : t("grid.pin_at_the_left"), icon: "pin", run: () => pin(app, column) },
        { title: t("grid.fit_to_values"), icon: "updown", run: () => fit(app, column) },
        { title: t("grid.hide"), icon: "x", run: () => hide(app, column) },
      ] : [/** @type {const} */ ("rule"), { title: t("grid.fit_to_values"), icon: "updown", run: () => fit(app, undefined) }]),
      "rule", { title: t("shared.columns"), icon: "columns", key: commands.shortcut("columns"), run: () => commands.run("columns") },
    ], { x: event.clientX, y: event.clientY }, t("grid.column"));
  });
  grid.addEventListener("dblclick", (event) => {
    const grip = event.target instanceof HTMLElement ? event.target.dataset.grip : undefined;
    if (grip !== undefined) fit(app, grip === "key" ? undefined : grid.columns.shown[Number(grip)]);
  });
  grid.addEventListener("pointerdown", (event) => {
    const found = headOf(event);
    if (!found?.column || event.button !== 0 || (event.target instanceof HTMLElement && event.target.dataset.grip !== undefined)) return;
    drag(app, event, found.head, found.column);
  });
}

/** Moves a column by its head. @param {Context} app @param {PointerEvent} start @param {HTMLElement} head @param {Column} column */
function drag({ grid }, start, head, column) {
  /** @type {HTMLElement | undefined} */
  let over;
  let after = false;
  const mark = (/** @type {HTMLElement | undefined} */ next) => {
    over?.classList.remove("drop-left", "drop-right");
    over = next;
    over?.classList.add(after ? "drop-right" : "drop-left");
  };
  delete grid.dataset.dragged;
  const moved = (/** @type {PointerEvent} */ event) => {
    if (grid.dataset.dragged === undefined && Math.abs(event.clientX - start.clientX) < DRAG_PX) return;
    if (grid.dataset.dragged === undefined) {
      grid.dataset.dragged = "";
      head.setPointerCapture(start.pointerId);
      head.classList.add("moving");
    }
    const target = document.elementsFromPoint(event.clientX, event.clientY).find((one) => one instanceof HTMLElement && one.dataset.column !== undefined);
    if (!(target instanceof HTMLElement)) return mark(undefined);
    const box = target.getBoundingClientRect();
    mark(undefined);
    after = event.clientX > box.left + box.width / 2;
    mark(target === head ? undefined : target);
  };
  const ended = (/** @type {PointerEvent} */ event) => {
    document.removeEventListener("pointermove", moved);
    document.removeEventListener("pointerup", ended);
    document.removeEventListener("pointercancel", ended);
    head.classList.remove("moving");
    const target = over ? grid.columns.shown[Number(over.dataset.column)] : undefined;
    mark(undefined);
    if (event.type === "pointerup" && target && target !== column) {
      const { list } = grid.columns;
      if (Boolean(target.pinned) !== Boolean(column.pinned)) column.pinned = target.pinned;
      grid.columns.move(column, after ? list[list.indexOf(target) + 1] : target);
      grid.remember();
    }
    // The click that ends the drag is no click on the head.
    setTimeout(() => delete grid.dataset.dragged);
  };
  document.addEventListener("pointermove", moved);
  document.addEventListener("pointerup", ended);
  document.addEventListener("pointercancel", ended);
}

