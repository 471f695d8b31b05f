// The explorer's tree: databases, their stores, the prefixes of their keys, each with its exact count.
//
// Holds: `rows` is the tree as a list of lines in view order; opening a line never changes the others; what a line is called
// (`id`) stays the same while the data changes. Does not read anything itself: `missing` says which prefixes to read.

import { stringify } from "../core/json.js";
import { isNumberType, isPartial, keyFields, prefixText } from "../core/keys.js";
import { t } from "../strings/shell.js";

/** @typedef {{label: string, prefix: unknown[], count: number, leaf: boolean}} Group */
/** @typedef {{name: string, count: number, key: import("../core/keys.js").KeySpec, description?: string, relations?: any[], schema?: any, unique?: boolean, [more: string]: any}} Store */
/** @typedef {{name: string, items?: number, read_only?: boolean, reason?: string, mode?: string, path?: string, bytes?: number, stores?: number, [more: string]: any}} Database */
/** @typedef {{id: string, kind: "database" | "store" | "group" | "more" | "waiting" | "failed", level: number, label: string, count?: number, open?: boolean, database?: string, store?: string, prefix?: unknown[], leaf?: boolean}} Row */

/** Whether keys of a store can begin alike: a single number cannot. @param {Store} store */
function hasPrefixes(store) {
  const fields = keyFields(store.key);
  return fields.length > 1 || !(isNumberType(fields[0].type) || fields[0].type === "bool");
}

export class Tree {
  constructor() {
    /** @type {Database[]} */
    this.databases = [];
    /** @type {Store[]} */
    this.stores = [];
    this.current = "";
    /** @type {Set<string>} */
    this.open = new Set();
    /** @type {Map<string, {groups: Group[], more: {groups: number, count: number} | null} | "waiting" | "failed">} */
    this.groups = new Map();
    this.filter = "";
  }

  /** @param {string} store @param {unknown[]} [prefix] */
  static id(store, prefix = []) {
    return prefix.length ? `${store}\u0000${stringify(prefix)}` : store;
  }

  /** The lines of the tree in view order. @returns {Row[]} */
  rows() {
    /** @type {Row[]} */
    const rows = [];
    const words = this.filter.trim().toLowerCase();
    for (const database of this.databases) {
      const here = database.name === this.current;
      const open = here && !this.open.has(`\u0001closed`);
      const count = here ? this.stores.reduce((sum, store) => sum + Number(store.count), 0) : database.items;
      rows.push({ id: `\u0001${database.name}`, kind: "database", level: 1, label: database.name, count, open, database: database.name });
      if (!open) continue;
      for (const store of this.stores) {
        if (words && !store.name.toLowerCase().includes(words)) continue;
        const id = Tree.id(store.name);
        const isOpen = this.open.has(id);
        const known = this.groups.get(id);
        const alone = Number(store.count) === 0 || !hasPrefixes(store) || (typeof known === "object" && known.groups.length === 0);
        rows.push({ id, kind: "store", level: 2, label: store.name, count: Number(store.count), open: alone ? undefined : isOpen, store: store.name, prefix: [] });
        if (isOpen && !alone) this.#groups(rows, store, id, 3);
      }
    }
    return rows;
  }

  /** @param {Row[]} rows @param {Store} store @param {string} parent @param {number} level */
  #groups(rows, store, parent, level) {
    const known = this.groups.get(parent);
    if (known === "failed") {
      rows.push({ id: `${parent}\u0002`, kind: "failed", level, label: t("shell.could_not_be_read"), store: store.name });
      return;
    }
    if (known === undefined || known === "waiting") {
      rows.push({ id: `${parent}\u0002`, kind: "waiting", level, label: "", store: store.name });
      return;
    }
    for (const group of known.groups) {
      const id = Tree.id(store.name, group.prefix);
      const open = this.open.has(id);
      rows.push({ id, kind: "group", level, label: this.label(store, group), count: group.count, open: group.leaf ? undefined : open, store: store.name, prefix: group.prefix, leaf: group.leaf });
      if (open && !group.leaf) this.#groups(rows, store, id, level + 1);
    }
    if (known.more) rows.push({ id: `${parent}\u0003`, kind: "more", level, label: t("shared.n_more", { n: known.more.groups.toLocaleString("en-US") }), count: known.more.count, store: store.name });
  }

  /** What a group is called: the server's word for it, or the last part of its prefix. @param {Store} store @param {Group} group */
  label(store, group) {
    if (group.label) return group.label;
    const last = group.prefix.at(-1);
    return isPartial(last) ? last.partial : prefixText(store.key, group.prefix).split(" / ").at(-1) ?? "";
  }

  /** The open lines whose groups have not been read. @returns {{id: string, store: string, prefix: unknown[]}[]} */
  missing() {
    return this.rows()
      .filter((row) => (row.kind === "store" || row.kind === "group") && row.open && !this.groups.has(row.id))
      .map((row) => ({ id: row.id, store: /** @type {string} */ (row.store), prefix: row.prefix ?? [] }));
  }

  /** @param {string} id */
  toggle(id) {
    const key = id.startsWith("\u0001") ? "\u0001closed" : id;
    if (this.open.has(key)) this.open.delete(key);
    else this.open.add(key);
  }

  /** Forgets the groups of a store, so that they are read again. @param {string} [store] */
  forget(store) {
    for (const id of [...this.groups.keys()]) if (store === undefined || id === store || id.startsWith(`${store}\u0000`)) this.groups.delete(id);
  }
}
