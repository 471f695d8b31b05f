// What the address says: database, view, store, prefix, place and selection. Reading and writing are each other's inverse.

import { parse, stringify } from "../core/json.js";

/**
 * @typedef {object} Place
 * @property {string} [database]
 * @property {"query" | "design" | "databases"} [view] what is shown: the query workbench, the design, the databases; else the rows of a store
 * @property {string} [design] the store that is designed; "" is a new one
 * @property {"json" | "sql" | "items"} [pane] what is shown of its design, else the form
 * @property {string} [sql] a statement to open in the workbench; read once, and not written
 * @property {string} [store]
 * @property {unknown[]} prefix leading key values; the last may be `{partial: text}`
 * @property {any} [at] key of the first row in view
 * @property {any} [sel] key of the selected item
 */

/** @param {string | null} text */
function json(text) {
  if (text === null) return undefined;
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

/** @param {{pathname: string, search: string}} url @returns {Place} */
export function readPlace({ pathname, search }) {
  const parts = pathname.split("/").filter(Boolean);
  const query = new URLSearchParams(search);
  /** @type {Place} */
  const place = { prefix: [] };
  try {
    if (parts[0] === "d" && parts[1]) {
      place.database = decodeURIComponent(parts[1]);
      if (parts[2] === "q") place.view = "query";
      if (parts[2] === "databases") place.view = "databases";
      if (parts[2] === "design" || parts[4] === "design") place.view = "design";
      if (parts[2] === "s" && parts[3]) place[place.view === "design" ? "design" : "store"] = decodeURIComponent(parts[3]);
    }
  } catch {
    return place; // a broken escape names nothing
  }
  if (place.view === "design") {
    if (query.has("new")) place.design = "";
    const pane = query.get("pane");
    if (pane === "json" || pane === "sql" || pane === "items") place.pane = pane;
  }
  if (place.view === "query") place.sql = query.get("sql") ?? undefined;
  const prefix = json(query.get("prefix"));
  if (Array.isArray(prefix)) place.prefix = prefix;
  place.at = json(query.get("at"));
  place.sel = json(query.get("sel"));
  return place;
}

/** @param {Place} place */
export function writePlace(place) {
  if (!place.database) return "/";
  if (place.view === "query") return `/d/${encodeURIComponent(place.database)}/q`;
  if (place.view === "databases") return `/d/${encodeURIComponent(place.database)}/databases`;
  if (place.view === "design") {
    const pane = place.pane ? `pane=${place.pane}` : "";
    if (place.design) return `/d/${encodeURIComponent(place.database)}/s/${encodeURIComponent(place.design)}/design${pane ? `?${pane}` : ""}`;
    return `/d/${encodeURIComponent(place.database)}/design${place.design === "" ? `?new${pane ? `&${pane}` : ""}` : ""}`;
  }
  const path = `/d/${encodeURIComponent(place.database)}${place.store === undefined ? "" : `/s/${encodeURIComponent(place.store)}`}`;
  const query = new URLSearchParams();
  if (place.store !== undefined) {
    if (place.prefix.length) query.set("prefix", stringify(place.prefix));
    if (place.at !== undefined) query.set("at", stringify(place.at));
    if (place.sel !== undefined) query.set("sel", stringify(place.sel));
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}
