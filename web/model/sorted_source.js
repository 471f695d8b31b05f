// Rows in the order of a field, which the store does not keep: the first of them, found by one query, all at once.
//
// Holds: the same shape as `RowSource`, so that the grid shows either; at most `MOST_SORTED` rows, and `cut` says when there
// are more; missing values come last. Items of a store with duplicate keys cannot be told apart by a query: they are `fixed`.

import { path } from "../core/http.js";
import { parse } from "../core/json.js";
import { readLines } from "../core/ndjson.js";
import { t } from "../strings/grid.js";
import { both, prefixFilter } from "./filter.js";
import { Source } from "./source.js";

export const MOST_SORTED = 10_000;

/** @typedef {import("./row_source.js").Item} Item */

export class SortedSource extends Source {
  /**
   * @param {import("../core/http.js").Api} api
   * @param {import("./source.js").SourcePlace & {sort: import("./url_state.js").Sort, unique?: boolean, most?: number}} place
   */
  constructor(api, { sort, unique = true, most = MOST_SORTED, ...place }) {
    super(api, place);
    this.sort = sort;
    this.sequence = 0;
    this.most = most;
    this.fixed = !unique;
    /** @type {Item[]} */
    this.items = [];
    /** Whether there are more than are here. */
    this.cut = false;
    /** @type {AbortController | undefined} */
    this.running = undefined;
    this.asked = false;
  }

  get loading() {
    return this.running !== undefined;
  }

  get whole() {
    return both(parse(this.filter ?? "{}"), prefixFilter(this.prefix, this.fields));
  }

  /** @param {number} index */
  at(index) {
    return this.items[index];
  }

  /** @param {(item: Item) => boolean} is */
  find(is) {
    return this.items.findIndex(is);
  }

  sample() {
    return this.items.slice(0, 200);
  }

  /** @returns {number | undefined} */
  indexOfRank() {
    return undefined;
  }

  insertAt() {
    return 0;
  }

  seed() {}

  /** Everything is read with the first question. */
  want() {
    if (this.asked || this.closed) return;
    void this.reload();
  }

  async reload() {
    this.asked = true;
    this.running?.abort();
    const abort = new AbortController();
    this.running = abort;
    this.error = undefined;
    this.dispatchEvent(new Event("busy"));
    const started = performance.now();
    try {
      const items = await this.#read(abort.signal);
      if (this.running !== abort || this.closed) return;
      this.items = items;
      this.count = items.length;
      this.total = items.length;
      this.cut = items.length >= this.most;
      if (this.stats) this.stats.elapsed = performance.now() - started;
      this.dispatchEvent(new Event("rows"));
    } catch (error) {
      if (this.running !== abort || this.closed || abort.signal.aborted) return;
      this.error = error instanceof Error ? error : new Error(String(error));
      this.dispatchEvent(new Event("failed"));
    } finally {
      if (this.running === abort) {
        this.running = undefined;
        if (!this.closed) this.dispatchEvent(new Event("idle"));
      }
    }
  }

  /** @param {AbortSignal} signal */
  async #read(signal) {
    const { field, desc } = this.sort;
    const select = { store: this.store, filter: this.whole, fields: ["key", "value", "_version"], order_by: [`${field}${desc ? " desc" : ""} nulls last`, "key"], limit: this.most };
    const response = await this.api.raw("POST", path("databases", this.database, "query"), { body: { select }, accept: "application/x-ndjson", signal });
    /** @type {Item[]} */
    const items = [];
    await readLines(response.body, (lines) => {
      for (const line of lines) {
        const row = parse(line);
        if (Array.isArray(row)) items.push({ key: row[0], value: row[1], version: row[2] });
        else if (row.error) throw new Error(row.error.detail ?? row.error.title ?? t("shared.the_query_failed"));
        else if (row.stats) {
          this.stats = { elapsed: 0, nodes: row.stats.nodes_read, rows: row.stats.rows, scanned: row.stats.scanned };
          this.sequence = row.sequence ?? row.stats.sequence ?? this.sequence;
        }
      }
    });
    return items;
  }

  /** @param {number} first @param {number} last one past the end */
  async readRange(first, last) {
    return this.items.slice(first, last).map((item, at) => ({ index: first + at, item }));
  }

  close() {
    this.closed = true;
    this.running?.abort();
  }
}
