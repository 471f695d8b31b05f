// The grid: rows of one store by their rank, drawn only where they are in view (`DrawnRows`).
//
// Holds: the focus stays on the grid itself and the active cell is named by `aria-activedescendant`, so that it is
// never lost when its row leaves the page. Says `select`, `view`, `edit`, `menu` and `open-item` to its surroundings.

import { RowMap } from "../core/row_map.js";
import { equal } from "../core/json.js";
import { isPartial, keyFields, keyLabel, keyValues } from "../core/keys.js";
import { Columns } from "../model/columns.js";
import { RowSource } from "../model/row_source.js";
import { SortedSource } from "../model/sorted_source.js";
import { t } from "../strings/grid.js";
import { make } from "./dom.js";
import { DrawnRows } from "./drawn_rows.js";
import { cardColumns, columnUnits, drawRow, textOfKey, units } from "./grid_rows.js";
import { headCells } from "./grid_head.js";
import { drawnColumns, emptiness, linksOf, many, pinPlaces, rankWidth, recall, unread, store as keep } from "./grid_layout.js";
import { goToKey, goToLine, revealColumn, wantNames } from "./grid_places.js";
import { wirePointer } from "./grid_pointer.js";
import { Selection } from "./grid_selection.js";
import { render } from "../vendor/lit.js";

const WAIT_BEFORE_THREAD_MS = 150;
const LABEL_CHARS = 22;
const SETTLE_MS = 70;
const TEXT_GIVES = 0.85;

/** @typedef {import("./grid_rows.js").RowElement} RowElement */
/** @typedef {import("../model/change_set.js").Entry} Entry */
/** @typedef {import("../model/row_source.js").Item} Item */

export class SopGrid extends DrawnRows {
  constructor() {
    super();
    /** @type {RowMap<Entry>} */
    this.lines = new RowMap(0, []);
    this.columns = new Columns();
    /** @type {RowSource | SortedSource | undefined} */
    this.source = undefined;
    /** The order of the rows; that of keys when there is none. @type {import("../model/url_state.js").Sort | undefined} */
    this.sort = undefined;
    /** @type {import("../model/session.js").Session} */
    this.session = /** @type {any} */ (undefined);
    /** @type {import("../model/tree.js").Store | undefined} */
    this.store = undefined;
    /** @type {unknown[]} */
    this.leading = [];
    this.selection = new Selection(this);
    /** Marks what was found in the rows. @type {((row: RowElement, line: number) => void) | undefined} */
    this.marker = undefined;
    this.keyUnits = 12;
    /** Columns that point to other stores, with the store. @type {Map<string, string>} */
    this.links = new Map();
    /** The line that is being edited, -1 when there is none. */
    this.editing = -1;
    /** @type {unknown} */
    this.activeKey = undefined;
    /** The columns that are drawn, by name. */
    this.window = "";
    /** @type {unknown} key that was asked for and is not yet shown */
    this.pendingKey = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.nameTimer = undefined;
  }

  /** Takes the place of what the server drew. @param {import("../model/session.js").Session} session */
  start(session) {
    this.session = session;
    const { rows, bar } = this.makeRows("rows");
    this.thread = make("div", "thread");
    this.thread.setAttribute("role", "progressbar");
    this.thread.setAttribute("aria-label", t("shared.reading"));
    this.thread.hidden = true;
    this.empty = make("div", "nothing");
    this.empty.hidden = true;
    this.replaceChildren(this.thread, rows, bar, this.empty);
    wirePointer(this, rows);
    rows.addEventListener("focus", () => this.#focused());
    session.changes.addEventListener("change", () => this.#changed());
    session.related.addEventListener("names", () => this.draw(true));
    session.addEventListener("stores", () => {
      const store = session.storeNamed(this.store?.name);
      if (store) this.store = store;
    });
  }

  /** Opens a store. @param {import("../model/tree.js").Store | undefined} store @param {unknown[]} prefix @param {{page?: any, at?: any, sel?: any, filter?: string, sort?: import("../model/url_state.js").Sort}} [how] */
  open(store, prefix, { page, at, sel, filter, sort } = {}) {
    this.source?.close();
    this.leading = prefix;
    const same = this.store?.name === store?.name;
    this.nextStore = store;
    this.activate(-1, same ? this.active.column : 0);
    this.activeKey = undefined;
    this.selection.clear();
    if (!store) {
      this.store = undefined;
      this.source = undefined;
      this.map.measure({ count: 0 });
      this.#rebuild();
      return;
    }
    this.sort = sort;
    const fields = keyFields(store.key).map((field) => (store.key.fields?.length ? `key.${field.name}` : field.name));
    const of = { database: this.session.place.database ?? "", store: store.name, prefix, filter, fields };
    const source = sort?.field ? new SortedSource(this.session.api, { ...of, sort, unique: store.unique !== false }) : new RowSource(this.session.api, { ...of, reverse: sort?.desc });
    this.source = source;
    this.fresh = true;
    source.addEventListener("rows", () => this.source === source && this.#rowsCame(store, same, { at, sel }));
    source.addEventListener("busy", () => this.source === source && this.#busy(true));
    source.addEventListener("idle", () => this.source === source && this.#busy(source.loading));
    source.addEventListener("failed", () => this.source === source && this.#failed());
    if (page && filter === undefined && sort === undefined) source.seed(page);
    else {
      this.classList.add("waiting");
      source.want(0, 1);
    }
  }

  /** @param {import("../model/tree.js").Store} store @param {boolean} same @param {{at?: unknown, sel?: unknown}} place */
  #rowsCame(store, same, place) {
    const source = /** @type {RowSource | SortedSource} */ (this.source);
    const fresh = this.fresh;
    this.fresh = false;
    this.classList.remove("waiting");
    if (fresh) {
      this.store = store;
      if (!same || !this.columns.list.length) this.columns = new Columns(store.schema?.fields ?? [], store.count === 0);
      recall(this, store.name);
      this.map.top = 0;
      this.map.physical = 0;
    }
    const values = source.sample();
    const learned = this.columns.learn(values.map((item) => item.value));
    if (fresh || learned) this.#layout(values);
    this.#changed(fresh);
    if (fresh) {
      if (this.rows) this.rows.scrollTop = 0;
      // A key in the address that fits this store no longer, or never did, is passed over.
      if (place.at !== undefined) this.goToKey(place.at, { select: false }).catch(() => undefined);
      if (place.sel !== undefined) this.goToKey(place.sel, { select: true, quiet: true }).catch(() => undefined);
    }
    this.dispatchEvent(new CustomEvent("view"));
  }

  /** Keeps widths, order and hidden columns for the next time, and draws with them. */
  remember() {
    // What is changed by hand is no longer what the address says.
    this.session.place.columns = undefined;
    keep(this);
    this.relayout();
  }

  /** Draws with the columns as they are now. */
  relayout() {
    this.active.column = Math.min(this.active.column, this.columns.shown.length);
    this.#layout([]);
    this.draw(true);
    this.dispatchEvent(new CustomEvent("columns"));
  }

  /** Heads and widths. @param {(Item | undefined)[]} items rows to measure keys by */
  #layout(items) {
    const store = this.store;
    if (!store || !this.head || !this.body || !this.rows) return;
    const label = keyLabel(store.name, store.key);
    let chars = Math.min(LABEL_CHARS, label.length + 5);
    for (const item of items.slice(0, 200)) if (item) chars = Math.max(chars, textOfKey(store.key, item.key).length);
    this.keyUnits = this.columns.keyWidth ?? Math.max(items.length ? 0 : this.keyUnits, units(chars, 10));
    const shown = this.columns.shown;
    this.links = linksOf(store, this.session.stores);
    this.cards = cardColumns(shown);
    for (const column of shown) if (this.links.has(column.name)) column.link = true;
    // Texts of a width that nobody chose give up a little of it before there is something to scroll sideways.
    const least = (/** @type {import("../model/columns.js").Column} */ column) => columnUnits(column) * 8 * (column.numeric || column.width || column.pinned || many(shown) ? 1 : TEXT_GIVES);
    const width = Math.ceil(shown.reduce((sum, column) => sum + least(column), this.keyUnits * 8 + rankWidth(this.digits)));
    this.contentWidth = width;
    this.body.style.minWidth = `${width}px`;
    this.head.style.minWidth = `${width}px`;
    render(headCells({ label, keyUnits: this.keyUnits, columns: shown, typed: this.source?.count === 0 && store.count === 0, sort: this.sort }), this.head);
    pinPlaces(this.rows, shown, rankWidth(this.digits) + this.keyUnits * 8);
    this.dress();
    this.rows.setAttribute("aria-label", store.name);
    this.rows.setAttribute("aria-colcount", String(shown.length + 2));
    this.stamp += 1;
  }

  /** Staged changes or the count changed: new lines. @param {boolean} [fresh] */
  #changed(fresh = false) {
    const { source, store } = this;
    if (!source || !store || source.count === undefined) {
      this.#rebuild();
      return;
    }
    if (this.active.line >= 0 && this.activeKey === undefined) this.activeKey = this.activeLine()?.item?.key;
    const inserts = this.session.changes.of(store.name)
      .filter((entry) => entry.op === "insert" && this.#inView(entry.key))
      .map((entry) => ({ at: source.insertAt(Number(entry.rank ?? source.total)), entry }));
    const { total } = this.lines;
    this.lines = new RowMap(source.count, inserts);
    if (this.lines.total !== total) this.selection.picked.clear();
    this.map.measure({ count: this.lines.total });
    this.rows?.setAttribute("aria-rowcount", String(this.lines.total + 1));
    if (this.rankTo(source.count)) this.#layout([]);
    this.dress();
    if (this.active.line >= this.lines.total) this.active.line = this.lines.total - 1;
    if (!fresh) this.#keepActive();
    this.#rebuild();
    this.sync();
    this.draw(true);
  }

  /** The same item stays active when lines before it come or go. */
  #keepActive() {
    if (this.activeKey === undefined || this.selection.anchor >= 0 || this.selection.whole) return;
    const line = this.lineOf(this.activeKey);
    if (line >= 0) this.active.line = line;
  }

  /** Whether a key lies in the open prefix. @param {any} key */
  #inView(key) {
    if (!this.leading.length || !this.store) return true;
    const values = keyValues(this.store.key, key);
    return this.leading.every((part, index) => (isPartial(part) ? String(values[index]).startsWith(part.partial) : equal(part, values[index])));
  }

  /** Shows rows, or what stands in their place. */
  #rebuild() {
    // Without a store there are no columns either.
    const bare = this.nextStore === undefined;
    const nothing = bare || (this.source?.count !== undefined && this.lines.total === 0);
    this.rows?.toggleAttribute("hidden", bare);
    this.empty?.toggleAttribute("hidden", !nothing);
    this.rows?.classList.toggle("none", nothing);
    this.classList.toggle("empty", nothing);
    if (nothing && this.empty && (bare || this.store)) render(emptiness(bare ? undefined : this.store, { prefixed: this.leading.length > 0, filtered: this.source?.filter !== undefined }), this.empty);
  }

  /** @param {boolean} busy */
  #busy(busy) {
    clearTimeout(this.threadTimer);
    if (!this.thread) return;
    if (!busy) this.thread.hidden = true;
    else {
      this.threadTimer = setTimeout(() => {
        if (this.thread && this.source?.loading) this.thread.hidden = false;
      }, WAIT_BEFORE_THREAD_MS);
    }
    this.dispatchEvent(new CustomEvent("view"));
  }

  #failed() {
    // The rows of the store before stay dimmed: they are not those of the one that was asked for.
    this.classList.toggle("waiting", this.fresh === true);
    if (this.fresh && this.empty && !this.store) {
      render(unread({ filtered: this.source?.filter !== undefined, sorted: this.sort?.field !== undefined && this.sort.field !== "" }), this.empty);
      this.empty.hidden = false;
      this.classList.add("empty");
      this.rows?.classList.add("none");
    }
    this.dispatchEvent(new CustomEvent("failed", { detail: this.source?.error }));
  }

  /** Reads the rows again, keeping the place. */
  async reload() {
    await this.source?.reload();
  }

  get manyColumns() {
    return many(this.columns.shown);
  }

  get isEmpty() {
    return this.lines.total === 0;
  }

  // ---- Scrolling and drawing

  /** The active row stays in view when the inspector takes its room. @param {number} row @param {number} view */
  resized(row, view) {
    const { line } = this.active;
    const kept = line >= this.map.firstVisible && line < this.map.lastVisible;
    super.resized(row, view);
    if (kept) this.map.reveal(line);
  }

  /** When the scroller rests, the place is remembered. */
  settle() {
    super.settle();
    this.dispatchEvent(new CustomEvent("rest"));
  }

  /** Draws the rows in view. @param {boolean} [all] also those that are drawn already */
  draw(all = false) {
    const { body, store } = this;
    if (!body || !store) return;
    const shown = this.columns.shown;
    const window = drawnColumns(this, shown);
    if (all || window.name !== this.window) this.stamp += 1;
    this.window = window.name;
    const layout = { columns: shown, window, keyUnits: this.keyUnits, cards: this.cards ?? [], links: this.links, related: this.session.related };
    const { first, last } = this.place(body, (row, line) => {
      const content = this.lineAt(line);
      const stamp = `${this.stamp} ${line} ${content.item ? 1 : 0}`;
      // A row that is being edited keeps its field; it is drawn again when editing ends.
      if (row.stamp !== stamp && !(line === this.editing && row.line === line)) {
        drawRow(row, content, layout);
        this.selection.mark(row, line);
        this.marker?.(row, line);
        row.stamp = stamp;
        row.hidden = false;
      }
    });
    this.#want(first, last);
    wantNames(this, first, last);
    this.#follow();
    this.dispatchEvent(new CustomEvent("view"));
  }

  /** Asks for rows: at once when the view moves slowly, after a rest when it flies. @param {number} first @param {number} last */
  #want(first, last) {
    const { source } = this;
    if (!source) return;
    const far = Math.abs(first - (this.wantedFirst ?? first)) > (last - first) * 2;
    this.wantedFirst = first;
    clearTimeout(this.wantTimer);
    const ask = () => {
      const rows = this.lines.rowsIn(first, last);
      source.want(rows.first, rows.last);
    };
    if (far) this.wantTimer = setTimeout(ask, SETTLE_MS);
    else ask();
  }

  /** What a line shows. @param {number} line @returns {import("./grid_rows.js").Line} */
  lineAt(line) {
    const spec = /** @type {any} */ (this.store).key;
    const { item, index, entry } = this.content(line);
    const above = line > 0 ? this.content(line - 1).item : undefined;
    return { line, index, item, entry, key: textOfKey(spec, item?.key), above: textOfKey(spec, above?.key) };
  }

  /** @param {number} line @returns {{item: Item | undefined, index: number | undefined, entry: Entry | undefined}} */
  content(line) {
    const found = this.lines.resolve(line);
    if (found.entry) return { item: { key: found.entry.key, value: found.entry.after, version: 0 }, index: undefined, entry: found.entry };
    const item = this.source?.at(found.index ?? 0);
    const entry = item && this.store ? this.session.changes.get(this.store.name, item.key, item.id) : undefined;
    return { item, index: found.index, entry };
  }

  /** The active line, undefined when there is none. */
  activeLine() {
    return this.active.line >= 0 && this.active.line < this.lines.total && this.store ? this.lineAt(this.active.line) : undefined;
  }

  /** The active column, undefined on the key. */
  activeColumn() {
    return this.active.column > 0 ? this.columns.shown[this.active.column - 1] : undefined;
  }

  /** The line of a key among the rows that have been read, -1 when it is not there. @param {unknown} key */
  lineOf(key) {
    const insert = this.lines.displayOfInsert((entry) => equal(entry.key, key));
    if (insert >= 0) return insert;
    const index = this.source?.find((item) => equal(item.key, key)) ?? -1;
    return index < 0 ? -1 : this.lines.displayOf(index);
  }

  /** The element of the active cell. */
  activeCell() {
    return this.rowElement(this.active.line)?.cells[this.active.column + 1];
  }

  // ---- Selection

  /** First and last selected line. @returns {[number, number]} */
  selectedRange() {
    return this.selection.range;
  }

  /** The selected items that have been read. */
  selectedLines() {
    return this.selection.lines(5000).map((line) => this.lineAt(line)).filter((line) => line.item !== undefined);
  }

  #remark() {
    for (const row of this.pool) if (!row.hidden) this.selection.mark(row, row.line);
  }

  /** Makes a cell active. @param {number} line @param {number} column @param {{extend?: boolean, toggle?: boolean, quiet?: boolean, reveal?: boolean}} [how] extend: the rectangle to there; toggle: that row too, or no longer */
  select(line, column, { extend = false, toggle = false, quiet = false, reveal = true } = {}) {
    if (this.lines.total === 0) return;
    const next = Math.min(this.lines.total - 1, Math.max(0, line));
    if (toggle) this.selection.toggle(next);
    else if (extend) this.selection.extend();
    else this.selection.clear();
    this.activate(next, Math.min(this.columns.shown.length, Math.max(0, column)));
    this.activeKey = this.content(next).item?.key;
    if (reveal) {
      this.map.reveal(next);
      this.sync();
    }
    this.#remark();
    this.draw();
    if (reveal) revealColumn(this);
    if (!quiet) this.dispatchEvent(new CustomEvent("select"));
  }

  /** Selects every row that is shown. */
  selectAll() {
    if (this.lines.total === 0) return;
    if (this.active.line < 0) this.activate(this.map.firstVisible, this.active.column);
    this.selection.clear();
    this.selection.whole = true;
    this.#remark();
    this.draw();
    this.dispatchEvent(new CustomEvent("select"));
  }

  /** Forgets the selection. */
  unselect() {
    this.activate(-1, this.active.column);
    this.activeKey = undefined;
    this.selection.clear();
    this.#remark();
    this.#follow();
    this.dispatchEvent(new CustomEvent("select"));
  }

  #follow() {
    if (this.activeCell()) this.rows?.setAttribute("aria-activedescendant", "active-cell");
    else this.rows?.removeAttribute("aria-activedescendant");
  }

  #focused() {
    if (this.active.line < 0 && this.lines.total > 0 && this.rows?.matches(":focus-visible")) this.select(this.map.firstVisible, 0);
  }

  /** Goes to the item of a key, or to where it would be. @param {unknown} key @param {{select?: boolean, quiet?: boolean}} [how] */
  goToKey(key, how) {
    return goToKey(this, key, how);
  }

  /** Goes to a share of the rows. @param {number} share 0 to 1 */
  goToShare(share) {
    goToLine(this, Math.min(this.lines.total - 1, Math.round(share * this.lines.total)), true, false);
  }
}

customElements.define("sop-grid", SopGrid);
