// What the grid shows apart from rows: room for ranks, columns that are links, and what stands there when there is nothing.

import { FEW_COLUMNS, columnWindow, everyColumn, leftOf, onlyColumns } from "../core/column_window.js";
import { keyFields } from "../core/keys.js";
import { count } from "../core/format.js";
import { html } from "../vendor/lit.js";
import { icon } from "./dom.js";
import { MOST_PINNED, columnUnits } from "./grid_rows.js";

/** The columns that hold the one key of an item of another store. @param {import("../model/tree.js").Store} store @param {import("../model/tree.js").Store[]} stores @returns {Map<string, string>} */
export function linksOf(store, stores) {
  const links = new Map();
  for (const relation of store.relations ?? []) {
    const target = stores.find((one) => one.name === relation.target_store);
    if (target && relation.source_fields?.length === 1 && keyFields(target.key).length === 1) links.set(relation.source_fields[0], target.name);
  }
  return links;
}

/** The room for ranks: the rule of `css/widths.css`. @param {number} digits */
export function rankWidth(digits) {
  return Math.max(34, Math.floor(digits * 6.6 + Math.floor((digits - 1) / 3) * 3.2) + 17);
}

/** What stands in the place of rows when there are none. @param {import("../model/tree.js").Store | undefined} store the open one @param {{prefixed: boolean, filtered: boolean}} how */
export function emptiness(store, { prefixed, filtered }) {
  if (!store) {
    return html`${icon("database")}<h2>No stores yet</h2>
      <p>Import files, make a store, or look around in the demo shop. Files can be dropped anywhere on this page.</p>
      <p class="next"><button class="button s main" data-command="import">${icon("import", true)}Import files<kbd>Ctrl Shift I</kbd></button>
      <button class="button s" data-command="new-store">${icon("store", true)}New store</button>
      <button class="button s" data-command="demo">${icon("flask", true)}Demo shop</button></p>`;
  }
  if (filtered) {
    return html`${icon("filter")}<h2>No item matches</h2><p>${store.name} has ${count(store.count)} items, none of them ${prefixed ? "with this prefix and filter" : "with these values"}. Remove a filter, or loosen one.</p>
      <p class="next"><button class="button s main" data-command="clear-filter">${icon("x", true)}Clear the filter</button>
      <button class="button s" data-command="edit-last-filter">${icon("edit", true)}Change the last one</button></p>`;
  }
  if (prefixed) {
    return html`${icon("filter")}<h2>No key starts like this</h2><p>${store.name} has ${store.count} items, none of them with this prefix.</p>
      <p class="next"><button class="button s" data-command="clear-prefix">Clear the prefix</button></p>`;
  }
  const fields = (store.schema?.fields ?? []).length;
  return html`${icon("store")}<h2>Nothing in ${store.name} yet</h2>
    <p>${store.name} has a key${fields ? `, ${fields} ${fields === 1 ? "field" : "fields"}` : ""} and 0 items. What you add is staged first and written when you commit.</p>
    <p class="next"><button class="button s main" data-command="new-item">${icon("plus", true)}Add item<kbd>Ctrl I</kbd></button>
    <button class="button s" data-command="import">${icon("import", true)}Import a file</button></p>`;
}

/** What stands in the place of rows that could not be read, and none were there before. @param {{filtered: boolean, sorted: boolean}} how */
export function unread({ filtered, sorted }) {
  const [words, command, sign, title] = filtered
    ? ["The server does not take this filter. What is wrong is said at it.", "clear-filter", "x", "Clear the filter"]
    : sorted ? ["The server does not give this order. The message says why. Nothing was changed.", "key-order", "key", "Show in the order of keys"]
      : ["The message says why. Nothing was changed.", "refresh", "refresh", "Read again"];
  return html`${icon("warning")}<h2>The rows were not read</h2><p>${words}</p>
    <p class="next"><button class="button s main" data-command=${command}>${icon(sign, true)}${title}</button></p>`;
}

/** @param {string | undefined} database @param {string | undefined} store */
function layoutName(database, store) {
  return `sop.columns.${database}.${store}`;
}

/** Lays columns out as the address says, or as they were here before. @param {import("./grid.js").SopGrid} grid @param {string} store */
export function recall({ session, columns }, store) {
  if (session.place.columns !== undefined) return columns.read(session.place.columns);
  return columns.read(session.storage.getItem(layoutName(session.place.database, store)));
}

/** Keeps the layout of columns for the next time. @param {import("./grid.js").SopGrid} grid */
export function store({ session, columns, store: open }) {
  session.storage.setItem(layoutName(session.place.database, open?.name), columns.write());
}

/** Says where pinned columns stand still, in the order in which they are shown. @param {HTMLElement} rows @param {import("../model/columns.js").Column[]} shown @param {number} from the edge of the key */
export function pinPlaces(rows, shown, from) {
  let left = from;
  shown.slice(0, MOST_PINNED).forEach((column, index) => {
    if (!column.pinned) return;
    rows.style.setProperty(`--pin${index}`, `${left}px`);
    left += columnUnits(column) * 8;
  });
}

/** Whether only the columns in view are drawn. @param {import("../model/columns.js").Column[]} shown */
export const many = (shown) => shown.length > FEW_COLUMNS;

/** Widths of the columns in pixels, and where the scroller stands among them. @param {import("./grid.js").SopGrid} grid @param {import("../model/columns.js").Column[]} shown */
function across(grid, shown) {
  const widths = shown.map((column) => columnUnits(column) * 8);
  let held = 0;
  while (held < MOST_PINNED && shown[held]?.pinned) held += 1;
  const still = widths.slice(0, held).reduce((sum, one) => sum + one, rankWidth(grid.digits) + grid.keyUnits * 8);
  return { widths, place: { held, left: grid.left, view: Math.max(0, grid.room - still) } };
}

/** The columns to draw. @param {import("./grid.js").SopGrid} grid @param {import("../model/columns.js").Column[]} shown */
export function drawnColumns(grid, shown) {
  if (!many(shown)) return everyColumn(shown.length);
  if (grid.narrow.matches) return onlyColumns(grid.cards ?? []);
  const { widths, place } = across(grid, shown);
  return columnWindow(widths, place);
}

/** Scrolls sideways to a column that may not be drawn. @param {import("./grid.js").SopGrid} grid @param {number} column */
export function scrollToColumn(grid, column) {
  const shown = grid.columns.shown;
  if (!grid.rows || grid.narrow.matches) return;
  const { widths, place } = across(grid, shown);
  const left = leftOf(widths, column, place);
  if (left === undefined) return;
  grid.rows.scrollLeft = left;
  grid.left = grid.rows.scrollLeft;
  grid.draw();
}
