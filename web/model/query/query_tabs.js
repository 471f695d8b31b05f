// The tabs of the query workbench, of one database: their text, their parameters, which one is open.
//
// Holds: at least one tab while the workbench is open (`ensure`); what was saved by another version, or broken, is read as
// far as it can be; saving gives back what was read. Does not touch the browser's storage itself.

import { t } from "../../strings/shell.js";

/** @typedef {{id: string, title: string, text: string, params: {[id: string]: string}, at?: number}} QueryTab */

const MOST_TABS = 30;

export class QueryTabs extends EventTarget {
  constructor() {
    super();
    /** @type {QueryTab[]} */
    this.list = [];
    this.active = "";
    this.next = 1;
  }

  /** The open tab. @returns {QueryTab | undefined} */
  get open() {
    return this.list.find((one) => one.id === this.active);
  }

  /** A tab is open after it. @returns {QueryTab} */
  ensure() {
    const open = this.open ?? this.list[0];
    if (open) {
      this.active = open.id;
      return open;
    }
    return this.add();
  }

  /** Adds a tab and opens it. @param {{title?: string, text?: string}} [about] @returns {QueryTab} */
  add({ title, text = "" } = {}) {
    if (this.list.length >= MOST_TABS) {
      const empty = this.list.findIndex((one) => one.id !== this.active && one.text.trim() === "");
      this.list.splice(Math.max(0, empty), 1);
    }
    while (this.list.some((one) => one.id === String(this.next))) this.next += 1;
    const id = String(this.next);
    this.next += 1;
    const tab = { id, title: title ?? this.#freeTitle(), text, params: {}, at: undefined };
    const at = this.list.findIndex((one) => one.id === this.active);
    this.list.splice(at < 0 ? this.list.length : at + 1, 0, tab);
    this.active = id;
    this.#changed();
    return tab;
  }

  /** A number that no other title has. */
  #freeTitle() {
    let n = 1;
    while (this.list.some((one) => one.title === t("shell.query_number", { number: n }))) n += 1;
    return t("shell.query_number", { number: n });
  }

  /** @param {string} id */
  go(id) {
    if (!this.list.some((one) => one.id === id) || this.active === id) return;
    this.active = id;
    this.#changed();
  }

  /** Opens the tab after the open one, or before it. @param {number} step */
  step(step) {
    const at = this.list.findIndex((one) => one.id === this.active);
    if (at >= 0) this.go(this.list[(at + step + this.list.length) % this.list.length].id);
  }

  /** Closes a tab; its neighbour opens. @param {string} id @returns {QueryTab | undefined} what was closed */
  close(id) {
    const at = this.list.findIndex((one) => one.id === id);
    if (at < 0) return undefined;
    const [gone] = this.list.splice(at, 1);
    if (this.active === id) this.active = this.list[Math.min(at, this.list.length - 1)]?.id ?? "";
    this.#changed();
    return gone;
  }

  /** Puts a closed tab back. @param {QueryTab} tab */
  restore(tab) {
    if (!this.list.some((one) => one.id === tab.id)) this.list.push(tab);
    this.active = tab.id;
    this.#changed();
  }

  /** @param {string} id @param {string} title */
  rename(id, title) {
    const tab = this.list.find((one) => one.id === id);
    const next = title.trim().replace(/\s+/g, " ").slice(0, 120);
    if (!tab || !next) return;
    tab.title = next;
    this.#changed();
  }

  /** Keeps what was typed; quiet, since nothing else shows it. @param {string} id @param {Partial<Pick<QueryTab, "text" | "params" | "at">>} change */
  keep(id, change) {
    const tab = this.list.find((one) => one.id === id);
    if (!tab) return;
    Object.assign(tab, change);
    this.dispatchEvent(new Event("kept"));
  }

  /** As text. */
  save() {
    return JSON.stringify({ format: 1, active: this.active, tabs: this.list });
  }

  /** From text. @param {string | null} text */
  load(text) {
    this.list = [];
    this.active = "";
    this.next = 1;
    /** @type {any} */
    let saved;
    try {
      saved = JSON.parse(text ?? "{}");
    } catch {
      saved = {};
    }
    for (const one of Array.isArray(saved?.tabs) ? saved.tabs : []) {
      if (typeof one?.id !== "string" || typeof one.text !== "string" || this.list.some((other) => other.id === one.id)) continue;
      const params = Object.fromEntries(Object.entries(one.params ?? {}).filter(([, value]) => typeof value === "string"));
      this.list.push({ id: one.id, title: typeof one.title === "string" && one.title ? one.title : t("shared.query"), text: one.text, params: /** @type {any} */ (params), at: Number.isInteger(one.at) ? one.at : undefined });
    }
    this.active = this.list.some((one) => one.id === saved?.active) ? saved.active : (this.list[0]?.id ?? "");
    this.dispatchEvent(new Event("change"));
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
    this.dispatchEvent(new Event("kept"));
  }
}
