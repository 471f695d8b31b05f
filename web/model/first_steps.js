// The first minutes of a server: what a person chooses, what the server is sent, and what will lie where.
//
// Holds: nothing is sent before the last step, and then all of it at once; what is left empty is the server's own choice.

import { t } from "../strings/welcome.js";

/** @typedef {"create" | "open" | "import" | "demo"} Way */
/** @typedef {{needed: boolean, data_root: string, free_bytes?: number | null, roots: string[], cache_bytes?: number | null, system: {path: string, exists: boolean, fixed: boolean}, variables: {name: string, purpose: string, set: boolean}[]}} Facts */
/** @typedef {{way: Way, names: {[way: string]: string}, folders: {[way: string]: string}, environment: "dev" | "prod", cache: string, durability: string, readOnly: boolean, shared: boolean, system: string}} Wish */

export const CACHES = /** @type {const} */ ([["", t("welcome.as_the_server_has_it")], ["64", t("welcome.64_mb")], ["256", t("welcome.256_mb")], ["1024", t("welcome.1_gb")], ["4096", t("welcome.4_gb")]]);
/** When a commit is durable: by its name, alone, and inside of a line. */
export const DURABILITIES = /** @type {const} */ ([["every_commit", t("welcome.before_each_commit_is_answered"), t("welcome.before_each_commit_is_answered_within")], ["every_second", t("welcome.at_most_a_second_later"), t("welcome.at_most_a_second_later_within")], ["none", t("welcome.at_the_next_checkpoint"), t("welcome.at_the_next_checkpoint_within")]]);
const NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** @returns {Wish} */
export function firstWish() {
  return { way: "create", names: { create: "shop", import: "data", open: "", demo: "shop" }, folders: { create: "", import: "", open: "", demo: "" }, environment: "dev", cache: "", durability: "every_commit", readOnly: false, shared: false, system: "" };
}

/** The last part of a folder, as a name. @param {string} folder */
export function nameOf(folder) {
  return (folder.split(/[\\/]/).filter(Boolean).at(-1) ?? "").replace(/[^A-Za-z0-9_-]+/g, "-").slice(0, 64);
}

/** The name that the database gets. @param {Wish} wish */
export function databaseName({ way, names, folders }) {
  return names[way].trim() || (way === "open" ? nameOf(folders[way]) : way === "import" ? "data" : way === "demo" ? "shop" : "");
}

/** Why a step is not done; undefined when it is. @param {Wish} wish @param {Facts} [facts] @param {number} [step] @returns {{at: "name" | "path" | "system", text: string} | undefined} */
export function stuck(wish, facts, step = 0) {
  const { way, folders } = wish;
  if (step === 2) return undefined;
  if (step === 1) {
    const text = wish.shared && facts ? outside(wish.system.trim(), facts) : undefined;
    return text === undefined ? undefined : { at: "system", text };
  }
  if (way === "open" && !folders[way].trim()) return { at: "path", text: t("welcome.name_the_folder_of_the_database") };
  const text = facts ? outside(folders[way].trim(), facts) : undefined;
  if (text !== undefined) return { at: "path", text };
  const name = databaseName(wish);
  if (!name) return { at: "name", text: t("welcome.the_database_needs_a_name") };
  if (!NAME.test(name)) return { at: "name", text: t("welcome.a_name_has_1_to_64_letters") };
  return undefined;
}

/** The steps of a path, `.` and `..` gone along. @param {string} path */
function partsOf(path) {
  /** @type {string[]} */
  const parts = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts;
}

/** Why a folder is none that the server may use, as far as its name tells; the server looks again, through links too. @param {string} folder @param {Facts} facts */
function outside(folder, facts) {
  if (!folder || !facts.data_root.startsWith("/")) return undefined;
  const parts = partsOf(under(facts.data_root, folder));
  if ([facts.data_root, ...facts.roots].some((root) => partsOf(root).every((part, at) => part === parts[at]))) return undefined;
  return t("welcome.folder_is_outside_the_roots", { folder: facts.data_root, roots: facts.roots.length ? ` (${facts.roots.join(", ")})` : "" });
}

/** A folder as it will be. @param {string} root @param {string} folder */
function under(root, folder) {
  return /^(?:[\\/]|[A-Za-z]:)/.test(folder) ? folder : `${root.replace(/[\\/]$/, "")}/${folder}`;
}

/** @param {Wish} wish @param {Facts} facts */
export function databasePath(wish, facts) {
  return under(facts.data_root, wish.folders[wish.way].trim() || databaseName(wish) || "…");
}

/** @param {Wish} wish @param {Facts} facts */
export function systemPath(wish, facts) {
  return wish.shared && wish.system.trim() && !facts.system.fixed && !facts.system.exists ? under(facts.data_root, wish.system.trim()) : facts.system.path;
}

/** What the server is sent. @param {Wish} wish */
export function requestOf(wish) {
  const { way, folders } = wish;
  return {
    database: {
      source: way === "open" ? "open" : way === "demo" ? "demo" : "new",
      name: databaseName(wish),
      ...(folders[way].trim() ? { path: folders[way].trim() } : {}),
      ...(wish.readOnly && way === "open" ? { read_only: true } : {}),
      ...(wish.cache ? { cache_bytes: Number(wish.cache) * 1024 * 1024 } : {}),
      durability: wish.durability,
    },
    environment: wish.environment === "prod" ? { colour: "prod", mode: "confirm" } : { colour: "dev", mode: "open" },
    system: wish.shared && wish.system.trim() ? { path: wish.system.trim() } : {},
  };
}

/** Which step a refusal belongs to. @param {string} pointer @returns {{step: number, field: string}} */
export function placeOf(pointer) {
  const path = pointer.replace(/^#/, "");
  if (path.startsWith("/system")) return { step: 1, field: "system" };
  if (path.startsWith("/database/name")) return { step: 0, field: "name" };
  if (path.startsWith("/database")) return { step: 0, field: "path" };
  return { step: 2, field: "" };
}

/** What will lie where. @param {Wish} wish @param {Facts} facts @returns {{path: string, what: string}[]} */
export function filesOf(wish, facts) {
  const database = databasePath(wish, facts);
  const system = systemPath(wish, facts);
  return [
    { path: `${facts.data_root}/databases.json`, what: t("welcome.the_list_of_databases") },
    { path: `${database}/`, what: wish.way === "open" ? t("welcome.the_database_which_is_there_already") : t("welcome.the_database_dboptions_json_log_catalog") },
    { path: `${system}/`, what: facts.system.exists ? t("welcome.the_system_database") : t("welcome.the_system_database_the_audit") },
  ];
}
