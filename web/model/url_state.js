// What the address says: database, view, store, prefix, filter, order, columns, place and selection. Reading and writing are each other's inverse.

import { parse, stringify } from "../core/json.js";

/**
 * @typedef {object} Place
 * @property {string} [database]
 * @property {"query" | "design" | "databases" | "settings" | "knowledge" | "users" | "scripts" | "activity"} [view] what is shown: the database's query workbench, its design, the databases, settings, what was taught, scripts, who changed what, users; else the rows of a store
 * @property {string} [design] the store that is designed; "" is a new one
 * @property {string} [script] the open script: `category/name`, or `~1` for one that was not saved
 * @property {"json" | "sql" | "items" | "versions" | "code"} [pane] what is shown of a design or a script, else the form; "code" also of a whole database
 * @property {string} [lang] the language of the code
 * @property {string} [activity] filters and the open entry of the activity, as its address says them
 * @property {string} [sql] a statement to open in the workbench; read once, and not written
 * @property {string} [store]
 * @property {unknown[]} prefix leading key values; the last may be `{partial: text}`
 * @property {string} [filter] filter document as JSON
 * @property {string} [off] conditions that are kept and not applied: a JSON list of filter documents
 * @property {Sort} [sort] the order of rows; that of keys when it is not there
 * @property {string} [columns] the columns of a view: as `Columns.layout` writes them
 * @property {any} [at] key of the first row in view
 * @property {any} [sel] key of the selected item
 */

/** @typedef {{field: string, desc: boolean}} Sort an empty field means the key */

/** An order as text: `-field` is descending, `key` and `-key` the order of keys. @param {Sort} sort */
export function sortText({ field, desc }) {
  return `${desc ? "-" : ""}${field || "key"}`;
}

/** @param {string | null} text @returns {Sort | undefined} */
function sortOf(text) {
  if (!text) return undefined;
  const desc = text.startsWith("-");
  const field = desc ? text.slice(1) : text;
  if (field === "key") return desc ? { field: "", desc } : undefined;
  return field ? { field, desc } : undefined;
}

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
    if (parts.length === 1 && (parts[0] === "settings" || parts[0] === "knowledge" || parts[0] === "users")) {
      place.view = parts[0];
      place.database = query.get("db") ?? undefined;
      return place;
    }
    if (parts[0] === "scripts" && (parts.length === 1 || parts.length === 3)) {
      place.view = "scripts";
      place.database = query.get("db") ?? undefined;
      const draft = query.get("draft");
      if (parts.length === 3) place.script = `${decodeURIComponent(parts[1])}/${decodeURIComponent(parts[2])}`;
      else if (draft) place.script = `~${draft}`;
      const pane = query.get("pane");
      if (pane === "json" || pane === "versions") place.pane = pane;
      return place;
    }
    if (parts.length === 1 && parts[0] === "activity") {
      place.view = "activity";
      place.database = query.get("db") ?? undefined;
      query.delete("db");
      place.activity = query.toString();
      return place;
    }
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
    if (pane === "json" || pane === "sql" || pane === "items" || pane === "code") place.pane = pane;
    if (pane === "code") place.lang = query.get("lang") ?? undefined;
  }
  if (place.view === "query") place.sql = query.get("sql") ?? undefined;
  const prefix = json(query.get("prefix"));
  if (Array.isArray(prefix)) place.prefix = prefix;
  place.filter = query.get("filter") || undefined;
  place.off = query.get("off") || undefined;
  place.sort = sortOf(query.get("sort"));
  place.columns = query.get("columns") || undefined;
  place.at = json(query.get("at"));
  place.sel = json(query.get("sel"));
  return place;
}

/** @param {Place} place */
export function writePlace(place) {
  if (!place.database) return "/";
  if (place.view === "settings" || place.view === "knowledge" || place.view === "users") return `/${place.view}?db=${encodeURIComponent(place.database)}`;
  if (place.view === "scripts") {
    const { script } = place;
    const draft = script?.startsWith("~") ? `&draft=${encodeURIComponent(script.slice(1))}` : "";
    const path = script && !draft ? `/${script.split("/").map(encodeURIComponent).join("/")}` : "";
    return `/scripts${path}?db=${encodeURIComponent(place.database)}${draft}${place.pane ? `&pane=${place.pane}` : ""}`;
  }
  if (place.view === "activity") return `/activity?db=${encodeURIComponent(place.database)}${place.activity ? `&${place.activity}` : ""}`;
  if (place.view === "query") return `/d/${encodeURIComponent(place.database)}/q`;
  if (place.view === "databases") return `/d/${encodeURIComponent(place.database)}/databases`;
  if (place.view === "design") {
    const pane = place.pane ? `pane=${place.pane}${place.pane === "code" && place.lang ? `&lang=${encodeURIComponent(place.lang)}` : ""}` : "";
    if (place.design) return `/d/${encodeURIComponent(place.database)}/s/${encodeURIComponent(place.design)}/design${pane ? `?${pane}` : ""}`;
    return `/d/${encodeURIComponent(place.database)}/design${place.design === "" ? `?new${pane ? `&${pane}` : ""}` : pane ? `?${pane}` : ""}`;
  }
  const path = `/d/${encodeURIComponent(place.database)}${place.store === undefined ? "" : `/s/${encodeURIComponent(place.store)}`}`;
  const query = new URLSearchParams();
  if (place.store !== undefined) {
    if (place.prefix.length) query.set("prefix", stringify(place.prefix));
    if (place.filter !== undefined) query.set("filter", place.filter);
    if (place.off !== undefined) query.set("off", place.off);
    if (place.sort !== undefined) query.set("sort", sortText(place.sort));
    if (place.columns !== undefined) query.set("columns", place.columns);
    if (place.at !== undefined) query.set("at", stringify(place.at));
    if (place.sel !== undefined) query.set("sel", stringify(place.sel));
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}
