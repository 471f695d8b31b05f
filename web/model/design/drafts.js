// Designs that were begun: kept by the browser, by database and store, until they are made or discarded.

import { stringify, parse } from "../../core/json.js";

/** @typedef {import("./definition.js").Draft} Draft */
/** @typedef {{getItem(name: string): string | null, setItem(name: string, value: string): void, removeItem(name: string): void}} Storage */

/** The name under which the draft of a new store is kept; no store can have it. */
export const NEW = "";

export class Drafts extends EventTarget {
  /** @param {Storage} storage */
  constructor(storage) {
    super();
    this.storage = storage;
    this.database = "";
    /** @type {Map<string, Draft>} */
    this.list = new Map();
  }

  /** Takes what is kept for a database. @param {string} database */
  open(database) {
    if (this.database === database) return;
    this.database = database;
    this.list = new Map();
    try {
      const kept = parse(this.storage.getItem(this.#name()) ?? "{}");
      for (const [store, draft] of Object.entries(kept)) this.list.set(store.slice(1), /** @type {Draft} */ (draft));
    } catch {
      // What cannot be read is as good as nothing: the stores themselves are not touched by it.
    }
    this.dispatchEvent(new Event("change"));
  }

  /** @param {string} store */
  get(store) {
    return this.list.get(store);
  }

  /** @param {string} store @param {Draft | undefined} draft */
  keep(store, draft) {
    if (draft) this.list.set(store, draft);
    else this.list.delete(store);
    try {
      if (this.list.size) this.storage.setItem(this.#name(), stringify(Object.fromEntries([...this.list].map(([name, one]) => [`=${name}`, one]))));
      else this.storage.removeItem(this.#name());
    } catch {
      // A full storage: the draft lives as long as the page.
    }
    this.dispatchEvent(new Event("change"));
  }

  get size() {
    return this.list.size;
  }

  #name() {
    return `sop.design.${this.database}`;
  }
}
