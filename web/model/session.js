// What the page knows: databases, stores, the open place, staged changes, the connection. The parts listen to it.
//
// Holds: one truth for all parts; events say what changed (`databases`, `stores`, `place`, `changes`, `link`, `said`).
// Does not touch the document: the address and the storage come in from outside.

import { sentence } from "../core/format.js";
import { ApiError, NetworkError, path } from "../core/http.js";
import { stringify } from "../core/json.js";
import { keyOfOne } from "../core/keys.js";
import { t } from "../strings/shell.js";
import { ChangeSet } from "./change_set.js";
import { Commits } from "./commits.js";
import { History } from "./query/history.js";
import { QueryTabs } from "./query/query_tabs.js";
import { Related } from "./related.js";

/** @typedef {import("./tree.js").Store} Store */
/** @typedef {import("./tree.js").Database} Database */
/** @typedef {import("./url_state.js").Place} Place */
/** @typedef {{kind: "ok" | "warn" | "danger", text: string, act?: {title: string, run: () => void}}} Message */
/** @typedef {{getItem(name: string): string | null, setItem(name: string, value: string): void, removeItem(name: string): void}} Storage */

const MOST_TABS = 8;

export class Session extends EventTarget {
  /** @param {{api: import("../core/http.js").Api, storage: Storage, boot: any}} outside */
  constructor({ api, storage, boot }) {
    super();
    this.api = api;
    this.storage = storage;
    /** @type {{name: string, colour: string, mode: string} | null} */
    this.environment = boot.environment ?? null;
    /** Who the page is for, and what they may do at most. @type {{name: string, role: "viewer" | "analyst" | "editor" | "admin", signed_in: boolean}} */
    this.me = boot.me ?? { name: "token", role: "admin", signed_in: false };
    /** The formats that the server reads and writes files in. @type {string[]} */
    this.formats = boot.formats ?? ["json", "ndjson", "csv"];
    /** @type {Database[]} */
    this.databases = boot.databases ?? [];
    /** @type {Store[]} */
    this.stores = boot.stores ?? [];
    /** @type {Place} */
    this.place = { database: boot.database ?? undefined, view: boot.view ?? undefined, store: boot.store ?? undefined, prefix: boot.prefix ?? [] };
    this.changes = new ChangeSet();
    /** What was committed from here and can be taken back. */
    this.commits = new Commits();
    /** The tabs of the query workbench. */
    this.queries = new QueryTabs();
    /** What was run and saved in the workbench. */
    this.history = new History();
    this.related = new Related((store, key) => this.api.get(this.path("stores", store, "item"), { key: stringify(keyOfOne(this.storeNamed(store)?.key ?? { type: "" }, key)) }));
    /** @type {string[]} */
    this.tabs = [];
    /** @type {Date | undefined} */
    this.lostSince = undefined;
    this.denied = false;
    this.#loadChanges();
    this.queries.addEventListener("change", () => this.#say("queries"));
    this.changes.addEventListener("change", () => {
      this.#saveChanges();
      this.#say("changes");
    });
    api.addEventListener("lost", () => {
      this.lostSince = new Date();
      this.#say("link");
    });
    api.addEventListener("found", () => {
      this.lostSince = undefined;
      this.#say("link");
    });
    this.#tab();
  }

  /** @param {string} what @param {any} [detail] */
  #say(what, detail) {
    this.dispatchEvent(new CustomEvent(what, { detail }));
  }

  /** The open database. @returns {Database | undefined} */
  get database() {
    return this.databases.find((one) => one.name === this.place.database);
  }
  /** Whether somebody may do what a role may. @param {"viewer" | "analyst" | "editor" | "admin"} role */
  may(role) {
    const roles = ["viewer", "analyst", "editor", "admin"];
    return roles.indexOf(this.me.role) >= roles.indexOf(role);
  }
  /** The open store. @returns {Store | undefined} */
  get store() {
    return this.storeNamed(this.place.store);
  }
  /** @param {string | undefined} name */
  storeNamed(name) {
    return this.stores.find((one) => one.name === name);
  }
  /** Why nothing can be written, undefined when it can. */
  get readOnly() {
    const database = this.database;
    if (!database) return undefined;
    if (database.read_only) return sentence(database.reason || t("shell.this_database_is_open_for_reading_only"));
    if (this.environment?.mode === "read-only" || this.environment?.mode === "read_only") return t("shell.the_environment_is_read_only", { environment: this.environment.name });
    return undefined;
  }

  /** Shows a message for a while. @param {Message} message */
  say(message) {
    this.#say("said", message);
  }

  /** Shows what went wrong, unless a banner says it already. @param {unknown} error @param {string} [doing] */
  fail(error, doing) {
    if (error instanceof NetworkError) return;
    if (/** @type {any} */ (error)?.name === "AbortError") return;
    if (error instanceof ApiError && error.status === 401) {
      this.denied = true;
      this.#say("link");
      return;
    }
    const text = error instanceof Error ? error.message : String(error);
    this.say({ kind: "danger", text: doing ? `${doing}: ${text}` : text });
  }

  /** The path of the open database. @param {...string} rest */
  path(...rest) {
    return path("databases", this.place.database ?? "", ...rest);
  }

  /**
   * Goes to a place. Says `place` with whether the store or prefix is another. A place with a store is its rows, whatever
   * was shown before.
   * @param {Partial<Place>} place @param {{replace?: boolean, quiet?: boolean}} [how] quiet: the address only
   */
  async go(place, how = {}) {
    const next = { ...this.place, ...place };
    next.view = "view" in place || place.store !== undefined ? place.view : this.place.view;
    if (place.database !== undefined && place.database !== this.place.database) {
      this.keepQueries(); // what was typed just now belongs to the database that is left
      next.store = place.store;
      next.prefix = place.prefix ?? [];
      chosen(next, place);
      next.design = place.design;
      next.pane = place.pane;
      this.place = next;
      this.tabs = [];
      this.stores = [];
      this.related.names.clear();
      this.related.items.clear();
      this.#loadChanges();
      await this.readStores();
      if (this.place.store === undefined && this.stores.length) this.place.store = this.stores[0].name;
    } else {
      if (place.store !== undefined && place.store !== this.place.store) {
        next.prefix = place.prefix ?? [];
        chosen(next, place);
      }
      // A place that names an item shows it, whatever is filtered.
      else if (place.sel !== undefined && !("filter" in place)) next.filter = next.off = undefined;
      this.place = next;
    }
    if (this.place.view === undefined && this.place.store === undefined && this.stores.length) this.place.store = this.stores[0].name;
    this.#tab();
    this.#say("place", { ...how });
  }

  #tab() {
    const name = this.place.store;
    if (name === undefined || this.tabs.includes(name)) return;
    this.tabs.push(name);
    if (this.tabs.length > MOST_TABS) {
      const oldest = this.tabs.find((one) => one !== name && this.changes.of(one).length === 0);
      if (oldest !== undefined) this.tabs = this.tabs.filter((one) => one !== oldest);
    }
  }

  /** @param {string} name */
  closeTab(name) {
    const at = this.tabs.indexOf(name);
    if (at < 0 || this.tabs.length === 1) return;
    this.tabs = this.tabs.filter((one) => one !== name);
    if (this.place.store === name) void this.go({ store: this.tabs[Math.min(at, this.tabs.length - 1)] });
    else this.#say("place", { quiet: true });
  }

  /** Reads the databases again. */
  async readDatabases() {
    try {
      const answer = await this.api.get(path("databases"));
      this.databases = list(answer, "databases");
      if (this.denied) {
        this.denied = false; // signed in again, in another tab
        this.#say("link");
      }
      this.#say("databases");
    } catch (error) {
      this.fail(error, t("shared.databases"));
    }
  }

  /** Reads the stores of the open database again. */
  async readStores() {
    if (!this.place.database) return;
    try {
      const answer = await this.api.get(this.path("stores"));
      this.stores = list(answer, "stores");
      this.tabs = this.tabs.filter((name) => this.storeNamed(name));
      this.#say("stores");
    } catch (error) {
      this.fail(error, t("shared.stores"));
    }
  }

  /** Says that items of a store have changed. @param {string[]} stores */
  async written(stores) {
    for (const store of stores) this.related.forget(store);
    this.#say("written", { stores });
    await Promise.all([this.readStores(), this.readDatabases()]);
  }

  #storageName() {
    return `sop.staged.${this.place.database ?? ""}`;
  }
  #loadChanges() {
    if (!this.place.database) return;
    this.changes.load(this.storage.getItem(this.#storageName()));
    this.queries.load(this.storage.getItem(this.#queriesName()));
    this.history = History.read(this.storage.getItem(this.#historyName()));
  }
  #queriesName() {
    return `sop.queries.${this.place.database ?? ""}`;
  }
  #historyName() {
    return `sop.query.history.${this.place.database ?? ""}`;
  }
  /** Opens a saved query: the tab that has its name, else a new one. @param {{name: string, sql: string}} saved */
  openSaved({ name, sql }) {
    const there = this.queries.list.find((one) => one.title === name);
    if (there) this.queries.go(there.id);
    else this.queries.add({ title: name, text: sql });
    return this.go({ view: "query" });
  }
  /** Keeps what was run and saved. */
  keepHistory() {
    if (!this.place.database) return;
    try {
      this.storage.setItem(this.#historyName(), this.history.write());
    } catch {
      this.say({ kind: "warn", text: t("shell.storage_is_full_history") });
    }
    this.#say("queries");
  }
  /** Keeps the tabs of the workbench for the next time. */
  keepQueries() {
    if (!this.place.database) return;
    try {
      this.storage.setItem(this.#queriesName(), this.queries.save());
    } catch {
      this.say({ kind: "warn", text: t("shell.storage_is_full_queries") });
    }
  }
  #saveChanges() {
    if (!this.place.database) return;
    try {
      if (this.changes.size) this.storage.setItem(this.#storageName(), this.changes.save());
      else this.storage.removeItem(this.#storageName());
    } catch {
      this.say({ kind: "warn", text: t("shell.storage_is_full_edits") });
    }
  }
}

/** What belongs to the rows of one store is not taken along to another. @param {Place} next @param {Partial<Place>} place */
function chosen(next, place) {
  next.filter = place.filter;
  next.off = place.off;
  next.sort = place.sort;
  next.columns = place.columns;
  next.at = place.at;
  next.sel = place.sel;
}

/** A list that may stand alone or under its name. @param {any} answer @param {string} name @returns {any[]} */
function list(answer, name) {
  return Array.isArray(answer) ? answer : (answer?.[name] ?? answer?.items ?? []);
}
