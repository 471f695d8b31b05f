// Roles, grants and masks as the page says them.
//
// Holds: words for what the server enforces; nothing here decides what somebody may do.

import { t } from "../strings/settings.js";

/** @typedef {"viewer" | "analyst" | "editor" | "admin"} Role */
/** @typedef {{database: string, store: string, field: string}} MaskedField */
/** @typedef {{name: string, role: Role, disabled: boolean, grants: {[pattern: string]: string}, masked: MaskedField[], created_ms: number, seen_ms: number | null, sessions: number}} User */

/** The roles: by their name, alone, what they may, and inside of a line. @type {[Role, string, string, string][]} */
export const ROLES = [
  ["viewer", t("settings.viewer"), t("settings.looks_at_stores"), t("settings.viewer_within")],
  ["analyst", t("settings.analyst"), t("settings.also_queries_exports_asks_the_copilot_runs"), t("settings.analyst_within")],
  ["editor", t("settings.editor"), t("settings.also_changes_items"), t("settings.editor_within")],
  ["admin", t("shared.admin"), t("settings.everything_stores_databases_users_settings"), t("settings.admin_within")],
];

/** What a grant can be. @type {[string, string][]} */
export const GRANTS = [["none", t("settings.not_at_all")], ["viewer", t("settings.viewer")], ["analyst", t("settings.analyst")], ["editor", t("settings.editor")]];

/** @param {string} role */
export function roleName(role) {
  return ROLES.find(([id]) => id === role)?.[1] ?? role;
}

/** What a user sees, in a few words. @param {Pick<User, "grants" | "masked" | "role">} user */
export function reach(user) {
  const grants = Object.entries(user.grants);
  const seen = grants.filter(([, grant]) => grant !== "none").map(([pattern]) => pattern);
  const where = !grants.length ? t("settings.all_databases") : seen.length ? (seen.length > 2 ? t("settings.databases_and_n_more", { databases: seen.slice(0, 2).join(", "), n: seen.length - 2 }) : seen.join(", ")) : t("settings.no_database");
  const masked = user.masked.length;
  return masked ? t("settings.where_and_n_masked_fields", { where, n: masked }) : where;
}

/** Rows of a form as the grants of the server; those without a name are left out. @param {{pattern: string, grant: string}[]} rows */
export function grantsOf(rows) {
  return Object.fromEntries(rows.filter((row) => row.pattern.trim() !== "").map((row) => [row.pattern.trim(), row.grant]));
}

/** Rows of a form as masked fields; unfinished ones are left out. @param {MaskedField[]} rows */
export function maskedOf(rows) {
  return rows.map((row) => ({ database: row.database.trim(), store: row.store.trim(), field: row.field.trim() })).filter((row) => row.database && row.store && row.field);
}

/** The fields of a store's values that can be masked: not those of its key. @param {any} store */
export function maskable(store) {
  const key = new Set((store?.key?.fields ?? []).map((/** @type {any} */ field) => field.name));
  const shape = store?.shape?.fields ?? store?.schema?.fields ?? [];
  /** @type {string[]} */
  const paths = shape.map((/** @type {any} */ field) => String(field.path ?? field.name).replaceAll("[]", "").replace(/\.$/, ""));
  return [...new Set(paths)].filter((path) => path && !key.has(path));
}
