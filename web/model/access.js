// Roles, grants and masks as the page says them.
//
// Holds: words for what the server enforces; nothing here decides what somebody may do.

/** @typedef {"viewer" | "analyst" | "editor" | "admin"} Role */
/** @typedef {{database: string, store: string, field: string}} MaskedField */
/** @typedef {{name: string, role: Role, disabled: boolean, grants: {[pattern: string]: string}, masked: MaskedField[], created_ms: number, seen_ms: number | null, sessions: number}} User */

/** @type {[Role, string, string][]} */
export const ROLES = [
  ["viewer", "Viewer", "looks at stores"],
  ["analyst", "Analyst", "also queries, exports, asks the copilot, runs scripts that read"],
  ["editor", "Editor", "also changes items, imports, writes scripts"],
  ["admin", "Admin", "everything: stores, databases, users, settings"],
];

/** What a grant can be. @type {[string, string][]} */
export const GRANTS = [["none", "Not at all"], ["viewer", "Viewer"], ["analyst", "Analyst"], ["editor", "Editor"]];

/** @param {string} role */
export function roleName(role) {
  return ROLES.find(([id]) => id === role)?.[1] ?? role;
}

/** What a user sees, in a few words. @param {Pick<User, "grants" | "masked" | "role">} user */
export function reach(user) {
  const grants = Object.entries(user.grants);
  const seen = grants.filter(([, grant]) => grant !== "none").map(([pattern]) => pattern);
  const where = !grants.length ? "All databases" : seen.length ? (seen.length > 2 ? `${seen.slice(0, 2).join(", ")} and ${seen.length - 2} more` : seen.join(", ")) : "No database";
  const masked = user.masked.length;
  return masked ? `${where}, ${masked} ${masked === 1 ? "field" : "fields"} masked` : where;
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
