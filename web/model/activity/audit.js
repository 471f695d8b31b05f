// The audit as the page says it: what an entry did in a few words, the filters of the address, the periods of time.
//
// Holds: reading and writing filters are each other's inverse; an entry of any shape gives a line, whoever wrote it.

import { count, titled } from "../../core/format.js";
import { isObject, kindOf } from "../../core/json.js";
import { t } from "../../strings/activity.js";

/** @typedef {{number: number, at: string, who: string, way: string, what: string, database?: string, store?: string, changed: number, outcome: string, detail?: any}} AuditEntry */
/** @typedef {{op: "insert" | "update" | "delete", store: string, key: any, id?: number, before: any, after: any}} AuditChange */
/** @typedef {{when: string, text: string, way: string, who: string, database: string, store: string, outcome: string}} Filters "" is any */

export const WAYS = /** @type {{[way: string]: {title: string, icon: string}}} */ ({
  page: { title: t("activity.page"), icon: "browse" },
  api: { title: "API", icon: "json" },
  command: { title: t("shared.command"), icon: "query" },
  script: { title: t("shared.script"), icon: "scripts" },
  schedule: { title: t("shared.schedule"), icon: "clock" },
  copilot: { title: t("shared.copilot"), icon: "spark" },
  mcp: { title: "MCP", icon: "link" },
  import: { title: t("shared.import"), icon: "import" },
});

/** The periods that can be chosen: by what the address names them, alone, and inside of a line. */
export const PERIODS = /** @type {const} */ ([["today", t("activity.today"), t("activity.today_within")], ["yesterday", t("activity.yesterday"), t("activity.yesterday_within")], ["week", t("shared.7_days"), t("shared.7_days")], ["all", t("activity.any_time"), t("activity.any_time_within")]]);
/** The outcomes, in the same way. */
export const OUTCOMES = /** @type {const} */ ([["done", t("shared.done"), t("shared.done_within")], ["refused", t("activity.refused"), t("activity.refused_within")], ["failed", t("shared.failed"), t("shared.failed_within")]]);

const NAMES = /** @type {const} */ (["text", "way", "who", "database", "store", "outcome"]);

/** @param {string | undefined} address the part of the address after the database @returns {Filters & {open?: number, tab?: string}} */
export function readFilters(address) {
  const query = new URLSearchParams(address ?? "");
  const when = query.get("when") ?? "";
  const open = Number(query.get("open"));
  const [text, way, who, database, store, outcome] = NAMES.map((name) => query.get(name === "database" ? "in" : name) ?? "");
  return {
    when: PERIODS.some(([id]) => id === when) ? when : "today",
    text, way, who, database, store, outcome,
    open: Number.isSafeInteger(open) && open > 0 ? open : undefined,
    tab: query.get("tab") === "ended" ? "ended" : undefined,
  };
}

/** @param {Filters & {open?: number, tab?: string}} filters */
export function writeFilters(filters) {
  const query = new URLSearchParams();
  if (filters.when && filters.when !== "today") query.set("when", filters.when);
  for (const name of NAMES) if (filters[name]) query.set(name === "database" ? "in" : name, filters[name]);
  if (filters.open !== undefined) query.set("open", String(filters.open));
  if (filters.tab) query.set("tab", filters.tab);
  return query.toString();
}

/** @param {Date} date */
const text = (date) => `${date.toISOString().slice(0, 19)}Z`;

/** Midnight, some days ago, of this machine. @param {Date} now @param {number} days */
function midnight(now, days) {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() - days);
}

/** From when to when a period goes. @param {string} when @param {Date} now @returns {{from?: string, to?: string}} */
export function periodOf(when, now) {
  if (when === "today") return { from: text(midnight(now, 0)) };
  if (when === "yesterday") return { from: text(midnight(now, 1)), to: text(midnight(now, 0)) };
  if (when === "week") return { from: text(midnight(now, 6)) };
  return {};
}

/** What the server is asked for. @param {Filters} filters @param {Date} now */
export function queryOf(filters, now) {
  const some = Object.fromEntries(NAMES.filter((name) => filters[name]).map((name) => [name, filters[name]]));
  return { ...some, ...periodOf(filters.when, now) };
}

/** Times from which the server counts for the periods; `today`, `yesterday`, `week` in this order. @param {Date} now */
export function marks(now) {
  return [0, 1, 6].map((days) => text(midnight(now, days)));
}

/** The changes of items that an entry kept, before and after. @param {AuditEntry} entry @returns {AuditChange[]} */
export function changesOf(entry) {
  const kept = entry.detail?.changes;
  const rows = Array.isArray(kept) ? kept : Array.isArray(kept?.rows) ? kept.rows : [];
  return rows.filter((/** @type {any} */ one) => isObject(one) && typeof one.store === "string").map((/** @type {any} */ one) => {
    const before = one.before === null ? undefined : one.before;
    const after = one.after === null ? undefined : one.after;
    const op = one.op === "delete" ? "delete" : one.op === "insert" || (one.op === "upsert" && before === undefined) ? "insert" : "update";
    return { op, store: one.store, key: one.key, ...(one.id === undefined || one.id === null ? {} : { id: one.id }), before, after };
  });
}

/** The sequence of the commit, when the entry says it. @param {AuditEntry} entry */
export function sequenceOf(entry) {
  const found = entry.detail?.sequence ?? entry.detail?.changes?.sequence ?? entry.detail?.stats?.sequence;
  return found === undefined || found === null ? undefined : Number(found);
}

/** The stores that an entry is about. @param {AuditEntry} entry */
export function storesOf(entry) {
  if (entry.store) return [entry.store];
  return [...new Set(changesOf(entry).map((one) => one.store))];
}

/** Whether a commit can be taken back from what the entry kept of it. @param {AuditEntry} entry */
export function canRevert(entry) {
  const changes = changesOf(entry);
  const leftOut = changes.some((one) => [one.before, one.after].some((value) => isObject(value) && "$left_out" in value));
  return entry.outcome === "done" && changes.length > 0 && changes.length === Number(entry.changed) && sequenceOf(entry) !== undefined && !leftOut;
}

/** What the routes of the interface do, in words. */
const WORDS = /** @type {{[route: string]: string}} */ ({
  "POST /databases": t("activity.create_or_open_a_database"),
  "PATCH /databases/{db}": t("activity.change_the_options_of_a_database"),
  "DELETE /databases/{db}": t("activity.take_a_database_off_the_list"),
  "POST /databases/{db}/demo": t("activity.fill_with_the_demo_shop"),
  "POST /databases/{db}/check": t("activity.check_all_bytes"),
  "POST /databases/{db}/checkpoint": t("shared.checkpoint"),
  "POST /databases/{db}/stores": t("activity.create_a_store"),
  "PATCH /databases/{db}/stores/{store}": t("activity.change_the_design"),
  "DELETE /databases/{db}/stores/{store}": t("activity.delete_a_store"),
  "POST /databases/{db}/stores/{store}/rename": t("activity.rename_a_store"),
  "POST /databases/{db}/stores/{store}/empty": t("activity.empty_a_store"),
  "POST /databases/{db}/stores/{store}/duplicate": t("activity.duplicate_a_store"),
  "POST /databases/{db}/stores/{store}/reorder": t("activity.rebuild_the_order"),
  "POST /databases/{db}/stores/{store}/items": t("activity.insert_an_item"),
  "PUT /databases/{db}/stores/{store}/item": t("activity.write_an_item"),
  "DELETE /databases/{db}/stores/{store}/item": t("activity.delete_an_item"),
  "POST /databases/{db}/changes": t("activity.change_items"),
  "POST /environments": t("activity.create_an_environment"),
  "PATCH /environments/{env}": t("activity.change_an_environment"),
  "DELETE /environments/{env}": t("activity.delete_an_environment"),
  "PUT /llm": t("activity.change_the_model"),
  "POST /llm/test": t("activity.test_the_model"),
  "DELETE /jobs/{id}": t("activity.cancel_a_job"),
  "DELETE /queries/{id}": t("activity.stop_a_query"),
  "POST /setup": t("activity.set_up"),
  "POST /scripts": t("activity.save_a_script"),
  "PUT /scripts/{category}/{name}": t("activity.save_a_script"),
  "DELETE /scripts/{category}/{name}": t("activity.delete_a_script"),
  "PUT /knowledge/{category}/{name}": t("activity.save_knowledge"),
  "DELETE /knowledge/{category}/{name}": t("activity.delete_knowledge"),
  "PUT /schedules/{name}": t("activity.save_a_schedule"),
  "DELETE /schedules/{name}": t("activity.delete_a_schedule"),
});

/** What was done, in words where it is known. @param {AuditEntry} entry */
export function doing(entry) {
  const known = WORDS[entry.what];
  if (known) return known;
  if (entry.way === "import") return t("shared.import");
  return titled(entry.what);
}

/**
 * An entry on one line.
 * @param {AuditEntry} entry
 * @returns {{kind: "swap", field: string, before: any, after: any, more: string} | {kind: "item", verb: string, change: AuditChange, more: string} | {kind: "words", text: string, more: string, code?: boolean}}
 */
export function lineOf(entry) {
  const { detail } = entry;
  if (entry.what === "more refused requests") return { kind: "words", text: t("activity.more_refused_requests", { n: count(detail?.more ?? 0) }), more: String(detail.code ?? "") };
  if (entry.outcome !== "done") return { kind: "words", text: doing(entry), more: String(detail?.message ?? detail?.code ?? (detail?.status ? t("activity.answer_status", { status: detail.status }) : "")) };
  const changes = changesOf(entry);
  const rest = Number(entry.changed) - 1;
  const others = changes.length && rest > 0 ? t("shared.and_n_more", { n: rest }) : "";
  const [first] = changes;
  if (first?.op === "update") {
    const fields = differing(first.before, first.after);
    if (fields.length) return { kind: "swap", field: fields[0].name, before: fields[0].before, after: fields[0].after, more: fields.length > 1 ? t("shared.and_n_more_fields", { n: fields.length - 1 }) : others };
  }
  if (first) return { kind: "item", verb: first.op === "insert" ? t("shared.insert") : first.op === "delete" ? t("shared.delete") : t("shared.update"), change: first, more: others || nameOf(first.after ?? first.before) };
  if (detail?.import) {
    const { inserted, updated, failed } = detail.import;
    const said = [Number(inserted) > 0 ? t("activity.n_new", { n: String(inserted) }) : "", Number(updated) > 0 ? t("activity.n_replaced", { n: String(updated) }) : "", Number(failed) > 0 ? t("activity.n_bad", { n: String(failed) }) : ""].filter(Boolean);
    return { kind: "words", text: t("shared.import"), more: said.join(", ") || t("activity.nothing_to_do") };
  }
  if (detail?.statement) return { kind: "words", text: String(detail.statement).replace(/\s+/g, " ").trim().slice(0, 300), more: "", code: true };
  return { kind: "words", text: doing(entry), more: String(detail?.summary ?? "") };
}

/** The first text of a value, as a person would call it. @param {any} value */
function nameOf(value) {
  const found = isObject(value) ? Object.values(value).find((one) => typeof one === "string" && one.trim() !== "") : value;
  return typeof found === "string" && found ? `“${found.length > 60 ? `${found.slice(0, 60)}…` : found}”` : "";
}

/** The fields in which two values differ; a value that is no object is one field without a name. @param {any} before @param {any} after */
export function differing(before, after) {
  if (!isObject(before) || !isObject(after)) return same(before, after) ? [] : [{ name: "", before, after }];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.filter((name) => !same(before[name], after[name])).map((name) => ({ name, before: before[name], after: after[name] }));
}

/** @param {any} a @param {any} b @returns {boolean} */
function same(a, b) {
  if (a === b) return true;
  const kind = kindOf(a);
  if (kind !== kindOf(b)) return false;
  if (kind === "number") return String(a) === String(b);
  if (kind === "array") return a.length === b.length && a.every((/** @type {any} */ one, /** @type {number} */ at) => same(one, b[at]));
  if (kind === "object") return Object.keys(a).length === Object.keys(b).length && Object.keys(a).every((name) => Object.hasOwn(b, name) && same(a[name], b[name]));
  return false;
}
