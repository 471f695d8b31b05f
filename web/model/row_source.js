// The rows of one store (or of one prefix of it, or those that a filter lets through) by their place, read in keyset pages
// and kept for a while.
//
// With a filter nobody knows at first how many there are: they are counted beside the reading, and until then the count is
// what is known, with room for a page more (`exact` is false).
//
// Holds: a page is read only once while it is kept; a far place is found by `nth` and then read by key, a near one by the
// cursor of its neighbour; at most two reads run at once, and the ones wanted last go first; what nobody wants any more is
// cancelled. When the answer disagrees with the known ranks (somebody else wrote), everything is read again.
// Does not: know of staged changes or of the page.

import { path } from "../core/http.js";
import { parse, stringify } from "../core/json.js";
import { both, prefixFilter } from "./filter.js";
import { Source } from "./source.js";

/** @typedef {{key: any, value: any, version: number, id?: number}} Item */
/** @typedef {{items: Item[], next: string | null, prev: string | null, has_more: boolean, count: number, rank: number, base?: number, sequence: number, total: number, stats?: any}} ItemsAnswer */

export const PAGE = 100;
const KEPT_PAGES = 80;
const AT_ONCE = 2;
/** A page that these many answers have not filled is not asked for again until something changes. */
const MOST_TRIES = 3;

export class RowSource extends Source {
  /**
   * @param {import("../core/http.js").Api} api
   * @param {import("./source.js").SourcePlace & {reverse?: boolean}} place
   */
  constructor(api, { reverse = false, ...place }) {
    super(api, place);
    this.reverse = reverse;
    this.base = 0;
    this.sequence = 0;
    /** @type {Map<number, {items: (Item | undefined)[], next: string | null, prev: string | null, full: boolean}>} */
    this.pages = new Map();
    /** @type {Map<number, AbortController>} */
    this.running = new Map();
    /** @type {number[]} */
    this.wanted = [];
    /** @type {Map<number, number>} */
    this.tries = new Map();
    this.epoch = 0;
    /** The rows from before a reload that runs, for when it fails. @type {RowSource["pages"] | undefined} */
    this.before = undefined;
  }

  get loading() {
    return this.running.size > 0;
  }

  /** The prefix as the query parameter has it. */
  get prefixParameter() {
    return this.prefix.length ? stringify(this.prefix) : undefined;
  }

  /** The place in view of a rank of the store, undefined when it is not known. @param {number} rank */
  indexOfRank(rank) {
    if (this.filter !== undefined || this.count === undefined) return undefined;
    return this.reverse ? this.count - 1 - (rank - this.base) : rank - this.base;
  }

  /** The line before which a new item of this rank lies, undefined when it is not known. @param {number} rank */
  insertAt(rank) {
    if (this.filter !== undefined) return 0;
    return this.reverse ? (this.count ?? 0) - (rank - this.base) : rank - this.base;
  }

  /** Rows that were read lately, to learn from. @returns {Item[]} */
  sample() {
    const page = [...this.pages.values()].at(-1);
    return /** @type {Item[]} */ ((page?.items ?? []).filter((item) => item !== undefined));
  }

  /** The item at a place in view, undefined when it has not been read. @param {number} index */
  at(index) {
    return this.pages.get(Math.floor(index / PAGE))?.items[index % PAGE];
  }

  /** The place of an item that has been read, -1 otherwise. @param {(item: Item) => boolean} is */
  find(is) {
    for (const [page, { items }] of this.pages) {
      const at = items.findIndex((item) => item !== undefined && is(item));
      if (at >= 0) return page * PAGE + at;
    }
    return -1;
  }

  /** Takes an answer that came with the page itself. @param {ItemsAnswer} answer */
  seed(answer) {
    this.#take(answer, { elapsed: Number(answer.stats?.elapsed_ms ?? 0), page: 0 });
  }

  /** Says which rows are wanted now. @param {number} first @param {number} last one past the end */
  want(first, last) {
    if (this.count === 0) return;
    const end = this.count === undefined ? PAGE : Math.min(last, this.count);
    const from = Math.floor(Math.max(0, first) / PAGE);
    const to = Math.max(from, Math.ceil(end / PAGE) - 1);
    /** @type {number[]} */
    const pages = [];
    for (let page = from; page <= to; page += 1) if (!this.pages.get(page)?.full) pages.push(page);
    this.wanted = pages;
    for (const [page, abort] of this.running) if (page < from - 1 || page > to + 1) abort.abort();
    this.#run();
  }

  /** Forgets all rows and reads those wanted again. The old ones stay until the new ones are there. */
  async reload() {
    this.#cancel();
    const epoch = (this.epoch += 1);
    // A reload that comes while another runs ends that one; the rows to go back to are those from before both.
    const old = (this.before ??= this.pages);
    this.pages = new Map();
    this.tries.clear();
    this.error = undefined;
    this.#recount();
    const first = this.lastFirst ?? 0;
    try {
      const place = this.count !== undefined && first >= this.count ? 0 : first;
      await this.#read(place);
      if (epoch === this.epoch) this.before = undefined;
    } catch (error) {
      if (epoch !== this.epoch) return;
      this.before = undefined;
      if (!this.closed && /** @type {any} */ (error)?.name !== "AbortError") {
        this.pages = old;
        // Something may have been drawn meanwhile, without rows.
        this.dispatchEvent(new Event("rows"));
        this.#fail(error);
      }
    }
  }

  /** Reads a stretch of rows, one page after the other. @param {number} first @param {number} last one past the end @returns {Promise<{index: number, item: Item}[]>} */
  async readRange(first, last) {
    /** @type {{index: number, item: Item}[]} */
    const found = [];
    for (let page = Math.floor(first / PAGE); page * PAGE < last; page += 1) {
      if (!this.pages.get(page)?.full) await this.#read(page);
      if (this.closed) return [];
      const items = this.pages.get(page)?.items ?? [];
      items.forEach((item, at) => {
        const index = page * PAGE + at;
        if (item !== undefined && index >= first && index < last) found.push({ index, item });
      });
    }
    return found;
  }

  /** Ends all reading. */
  close() {
    this.closed = true;
    this.#cancel();
  }

  #cancel() {
    this.counting?.abort();
    for (const abort of this.running.values()) abort.abort();
    this.running.clear();
  }

  #run() {
    if (this.closed) return;
    for (const page of this.wanted) {
      if (this.running.size >= AT_ONCE) return;
      if (this.running.has(page) || this.pages.get(page)?.full) continue;
      if (this.count !== undefined && page * PAGE >= this.count) continue;
      if ((this.tries.get(page) ?? 0) >= MOST_TRIES) continue;
      if (this.running.has(page - 1)) continue; // its cursor will come
      this.lastFirst = this.wanted[0];
      void this.#read(page).catch((error) => {
        if (!this.closed && error?.name !== "AbortError") this.#fail(error);
      });
    }
  }

  /** @param {unknown} error */
  #fail(error) {
    this.error = error instanceof Error ? error : new Error(String(error));
    this.dispatchEvent(new Event("failed"));
  }

  /** Reads one page. @param {number} page */
  async #read(page) {
    const abort = new AbortController();
    this.running.set(page, abort);
    const epoch = this.epoch;
    this.dispatchEvent(new Event("busy"));
    const started = performance.now();
    try {
      const answer = await this.#fetch(page, abort.signal);
      if (epoch !== this.epoch || this.closed) return;
      this.error = undefined;
      this.tries.set(page, (this.tries.get(page) ?? 0) + 1);
      this.#take(answer, { elapsed: performance.now() - started, page });
      if (this.pages.get(page)?.full) this.tries.delete(page);
    } catch (error) {
      // What fails is not asked for again and again either; a cancelled read is no try.
      if (!abort.signal.aborted) this.tries.set(page, MOST_TRIES);
      throw error;
    } finally {
      if (this.running.get(page) === abort) this.running.delete(page);
      if (!this.closed) {
        this.dispatchEvent(new Event("idle"));
        queueMicrotask(() => this.#run());
      }
    }
  }

  /** @param {number} page @param {AbortSignal} signal @returns {Promise<ItemsAnswer>} */
  async #fetch(page, signal) {
    const items = `${this.url}/items`;
    const shared = { limit: PAGE, prefix: this.prefixParameter, filter: this.filter, reverse: this.reverse || undefined };
    const before = this.pages.get(page - 1);
    if (before?.full && before.next) return this.api.get(items, { ...shared, after: before.next }, signal);
    const after = this.pages.get(page + 1);
    if (after?.full && after.prev) return this.api.get(items, { ...shared, before: after.prev }, signal);
    if (page === 0) return this.api.get(items, shared, signal);
    if (this.filter !== undefined) {
      const key = await this.#keyAt(page * PAGE, signal);
      return this.api.get(items, key === undefined ? shared : { ...shared, from: stringify(key) }, signal);
    }
    const index = page * PAGE;
    const place = await this.api.get(`${this.url}/nth`, { i: this.reverse ? this.base + (this.count ?? 0) - 1 - index : this.base + index }, signal);
    if (!place?.item) return this.api.get(items, shared, signal);
    return this.api.get(items, { ...shared, from: stringify(place.item.key) }, signal);
  }

  /** The key of the row at a far place behind a filter: the server walks there. @param {number} index @param {AbortSignal} signal */
  async #keyAt(index, signal) {
    const select = { store: this.store, filter: this.whole, fields: ["key"], order_by: [this.reverse ? "key desc" : "key"], limit: 1, offset: index };
    const answer = await this.api.json("POST", path("databases", this.database, "query"), { body: { select }, signal });
    return answer.rows[0]?.[0];
  }

  /** The filter with the open prefix in it, as a document. */
  get whole() {
    return both(parse(this.filter ?? "{}"), prefixFilter(this.prefix, this.fields));
  }

  /** Counts what a filter lets through, beside the reading. */
  #recount() {
    if (this.filter === undefined) return;
    this.counting?.abort();
    const abort = new AbortController();
    this.counting = abort;
    this.api.get(`${this.url}/items`, { limit: 1, keys_only: true, count: true, prefix: this.prefixParameter, filter: this.filter }, abort.signal).then((answer) => {
      if (this.counting !== abort || this.closed) return;
      this.scanned = Number(answer.stats?.scanned ?? 0);
      this.exact = true;
      this.count = Number(answer.count);
      this.dispatchEvent(new Event("rows"));
      this.#run();
    }, () => undefined); // Then the list goes on growing as it is read; a wrong filter is said by the rows.
  }

  /** @param {ItemsAnswer} answer @param {{elapsed: number, page: number}} how */
  #take(answer, { elapsed, page }) {
    if (this.filter !== undefined) return this.#takeFiltered(answer, elapsed, page);
    const rank = Number(answer.rank ?? 0);
    if (this.count === undefined) this.base = Number(answer.base ?? rank);
    const count = this.prefix.length ? Number(answer.count) : Number(answer.total ?? answer.count);
    const moved = this.count !== undefined && (count !== this.count || (this.sequence && answer.sequence !== this.sequence));
    if (moved && this.pages.size) {
      // Somebody wrote in between: ranks may have shifted, and kept rows may be old.
      this.pages.clear();
      this.tries.clear();
      if (this.prefix.length && answer.items.length) void this.#rebase();
    }
    this.count = count;
    this.total = Number(answer.total ?? answer.count);
    this.sequence = answer.sequence;
    this.stats = { elapsed, nodes: answer.stats?.nodes_read, rows: answer.items.length };
    const start = answer.items.length ? (this.reverse ? this.base + count - rank - answer.items.length : rank - this.base) : 0;
    answer.items.forEach((item, offset) => this.#put(start + offset, item));
    if (answer.items.length) this.#cursors(start, start + answer.items.length, answer);
    this.#forget(Math.floor(start / PAGE));
    this.dispatchEvent(new Event("rows"));
  }

  /** A page of a filter: its place is the one that was asked for. @param {ItemsAnswer} answer @param {number} elapsed @param {number} page */
  #takeFiltered(answer, elapsed, page) {
    const first = this.count === undefined;
    if (!first && this.sequence && answer.sequence !== this.sequence && this.pages.size) {
      this.pages.clear();
      this.tries.clear();
      this.#recount();
    }
    this.sequence = answer.sequence;
    this.total = Number(answer.total);
    this.stats = { elapsed, nodes: answer.stats?.nodes_read, rows: answer.items.length, scanned: answer.stats?.scanned };
    const start = page * PAGE;
    const end = start + answer.items.length;
    const known = answer.next === null ? end : end + PAGE;
    if (first || !this.exact) {
      this.exact = answer.next === null && (page === 0 || answer.items.length > 0);
      this.count = this.exact ? end : Math.max(this.count ?? 0, known);
    }
    answer.items.forEach((item, offset) => this.#put(start + offset, item));
    if (answer.items.length) this.#cursors(start, end, answer);
    if (first && !this.exact) this.#recount();
    this.#forget(page);
    this.dispatchEvent(new Event("rows"));
  }

  /** The first rank of the prefix may have moved. */
  async #rebase() {
    const answer = await this.api.get(`${this.url}/items`, { limit: 1, prefix: this.prefixParameter }).catch(() => undefined);
    if (!answer || this.closed || Number(answer.rank) === this.base) return;
    this.base = Number(answer.rank);
    this.pages.clear();
    this.#run();
  }

  /** @param {number} index @param {Item} item */
  #put(index, item) {
    if (index < 0) return;
    const number = Math.floor(index / PAGE);
    let page = this.pages.get(number);
    if (!page) {
      page = { items: [], next: null, prev: null, full: false };
      this.pages.set(number, page);
    }
    page.items[index % PAGE] = item;
  }

  /** Marks the pages that the run [start, end) fills, with the cursors at their edges. @param {number} start @param {number} end @param {ItemsAnswer} answer */
  #cursors(start, end, answer) {
    for (let number = Math.floor(start / PAGE); number * PAGE < end; number += 1) {
      const page = this.pages.get(number);
      if (!page) continue;
      const last = Math.min((number + 1) * PAGE, this.count ?? end);
      if (end === last) page.next = answer.next;
      if (start === number * PAGE) page.prev = answer.prev;
      page.full = true;
      for (let at = number * PAGE; at < last; at += 1) if (page.items[at % PAGE] === undefined) page.full = false;
    }
  }

  /** Keeps the pages nearest to `page`. @param {number} page */
  #forget(page) {
    if (this.pages.size <= KEPT_PAGES) return;
    const far = [...this.pages.keys()].sort((a, b) => Math.abs(b - page) - Math.abs(a - page));
    for (const number of far.slice(0, this.pages.size - KEPT_PAGES)) this.pages.delete(number);
  }
}
