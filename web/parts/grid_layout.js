// What the grid shows apart from rows: room for ranks, columns that are links, and what stands there when there is nothing.

import { FEW_COLUMNS, columnWindow, everyColumn, leftOf, onlyColumns } from "../core/column_window.js";
import { keyFields } from "../core/keys.js";
import { count } from "../core/format.js";
import { t } from "../strings/grid.js";
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
    return html`${icon("database")}<h2>${t("shared.no_stores_yet")}</h2>
      <p>${t("grid.import_files_make_a_store_or_look")}</p>
      <p class="next"><button class="button s main" data-command="import">${icon("import", true)}${t("shared.import_files")}<kbd>Ctrl Shift I</kbd></button>
      <button class="button s" data-command="new-store">${icon("store", true)}${t("shared.new_store")}</button>
      <button class="button s" data-command="demo">${icon("flask", true)}${t("shared.demo_shop")}</button></p>`;
  }
  if (filtered) {
    return html`${icon("filter")}<h2>${t("grid.no_item_matches")}</h2><p>${prefixed ? t("grid.no_match_of_prefix_and_filter", { store: store.name, count: count(store.count) }) : t("grid.no_match_of_filter", { store: store.name, count: count(store.count) })}</p>
      <p class="next"><button class="button s main" data-command="clear-filter">${icon("x", true)}${t("shared.clear_the_filter")}</button>
      <button class="button s" data-command="edit-last-filter">${icon("edit", true)}${t("grid.change_the_last_filter")}</button></p>`;
  }
  if (prefixed) {
    return html`${icon("filter")}<h2>${t("grid.no_key_starts_like_this")}</h2><p>${t("grid.no_match_of_prefix", { store: store.name, count: store.count })}</p>
      <p class="next"><button class="button s" data-command="clear-prefix">${t("grid.clear_the_prefix")}</button></p>`;
  }
  const fields = (store.schema?.fields ?? []).length;
  return html`${icon("store")}<h2>${t("grid.nothing_in_store_yet", { store: store.name })}</h2>
    <p>${fields ? t("grid.has_a_key_and_fields_and_0_items", { store: store.name, n: fields }) : t("grid.has_a_key_and_0_items", { store: store.name })}</p>
    <p class="next"><button class="button s main" data-command="new-item">${icon("plus", true)}${t("shared.add_item")}<kbd>Ctrl I</kbd></button>
    <button class="button s" data-command="import">${icon("import", true)}${t("shared.import_a_file")}</button></p>`;
}

/** What stands in the place of rows that could not be read, and none were there before. @param {{filtered: boolean, sorted: boolean}} how */
export function unread({ filtered, sorted }) {
  const [words, command, sign, title] = filtered
    ? [t("grid.the_server_does_not_take_this_filter"), "clear-filter", "x", t("shared.clear_the_filter")]
    : sorted ? [t("grid.the_server_does_not_give_this_order"), "key-order", "key", t("shared.show_in_the_order_of_keys")]
      : [t("grid.the_message_says_why"), "refresh", "refresh", t("shared.read_again")];
  return html`${icon("warning")}<h2>${t("grid.the_rows_were_not_read")}</h2><p>${words}</p>
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
