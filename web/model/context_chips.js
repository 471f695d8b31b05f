// What the copilot is told of the page: the database, the store, its prefix or filter, the selected items. Each can be left out.
//
// Holds: what is left out stays so until it is another; what is sent is what the chips say.

import { t } from "../strings/copilot.js";

/** @typedef {{kind: "database" | "store" | "place" | "selection", id: string, icon: string, text: string}} Chip */
/** @typedef {{database?: string, store?: string, prefix?: string, filter?: string, keys: any[], selected: number}} Known */

const MOST_KEYS = 50;

/** @param {Known} known @param {Set<string>} dropped @returns {Chip[]} */
export function chips(known, dropped) {
  /** @type {Chip[]} */
  const list = [];
  const add = (/** @type {Chip["kind"]} */ kind, /** @type {string} */ icon, /** @type {string} */ text, /** @type {string} */ rest) => list.push({ kind, id: `${kind} ${rest}`, icon, text });
  if (known.database !== undefined) add("database", "database", known.database, known.database);
  if (known.store !== undefined) {
    add("store", "store", known.store, known.store);
    const place = [known.prefix, known.filter].filter(Boolean).join(", ");
    if (place) add("place", "filter", place, `${known.store} ${place}`);
    if (known.selected > 0) add("selection", "check", t("shared.n_items", { n: known.selected }), `${known.store} ${known.selected}`);
  }
  const gone = list.filter((chip) => dropped.has(chip.id)).map((chip) => chip.kind);
  // Without its store, nothing of the store is said.
  return list.filter((chip) => !dropped.has(chip.id) && !((chip.kind === "place" || chip.kind === "selection") && gone.includes("store")));
}

/** What goes along with a message. @param {Known} known @param {Chip[]} shown */
export function told(known, shown) {
  const has = (/** @type {Chip["kind"]} */ kind) => shown.some((chip) => chip.kind === kind);
  /** @type {{[name: string]: any}} */
  const selection = {};
  if (has("place")) Object.assign(selection, known.prefix ? { prefix: known.prefix } : {}, known.filter ? { filter: known.filter } : {});
  if (has("selection")) Object.assign(selection, { items: known.selected, keys: known.keys.slice(0, MOST_KEYS) });
  return { store: has("store") ? known.store : undefined, selection: Object.keys(selection).length ? selection : undefined, context: shown.map((chip) => chip.text) };
}
