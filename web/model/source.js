// What the sources of rows have in common: which store and part of it, and what is known of its rows.

import { path } from "../core/http.js";

/** @typedef {{database: string, store: string, prefix?: unknown[], filter?: string, fields?: string[]}} SourcePlace fields: those of the key */

export class Source extends EventTarget {
  /** @param {import("../core/http.js").Api} api @param {SourcePlace} place */
  constructor(api, { database, store, prefix = [], filter, fields = [] }) {
    super();
    this.api = api;
    this.database = database;
    this.store = store;
    this.prefix = prefix;
    this.filter = filter;
    this.fields = fields;
    this.url = path("databases", database, "stores", store);
    /** Whether `count` is what there is, not only what is known. */
    this.exact = true;
    /** The rows are read only: what tells items with one key apart is not known. */
    this.fixed = false;
    /** Rows in view; undefined until the first answer. @type {number | undefined} */
    this.count = undefined;
    /** Rank in the store of the first row in view. @type {number} */
    this.base = 0;
    /** @type {number} */
    this.total = 0;
    /** @type {number} */
    this.sequence = 0;
    /** @type {{elapsed: number, nodes: number | undefined, rows: number, scanned?: number} | undefined} */
    this.stats = undefined;
    /** @type {Error | undefined} */
    this.error = undefined;
    this.closed = false;
  }
}
