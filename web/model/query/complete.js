// What can be written at a place of a statement: stores, columns of the stores that it names, functions, words.
//
// Holds: what is offered fits what stands before; a name that needs quotes is offered with them. Reads the statement's text
// and the stores that the page knows; does not check what the statement means.

import { count } from "../../core/format.js";
import { keyFields } from "../../core/keys.js";
import { t } from "../../strings/query.js";
import { quoted, tokens, unquoted } from "./sql_text.js";
import { FUNCTIONS, KEYWORDS, TYPES } from "./sql_words.js";

/** @typedef {import("../tree.js").Store} Store */
/** @typedef {import("./sql_text.js").Token} Token */
/** @typedef {{label: string, type: "store" | "column" | "function" | "word" | "alias" | "database", detail?: string, apply: string, boost: number}} Option */
/** @typedef {{stores: Store[], databases?: string[], scripts?: string[]}} Schema */

const AFTER_STORE_WORD = /^(?:FROM|JOIN|INTO|UPDATE|STORE|TABLE)$/;
const ENDS_NAMES = /^(?:WHERE|GROUP|ORDER|LIMIT|HAVING|UNION|INTERSECT|EXCEPT|ON|USING|SET|VALUES|SELECT|JOIN|LEFT|RIGHT|FULL|INNER|CROSS|NATURAL|OUTER|WINDOW|RETURNING|AS)$/;

/** What stands before the name of a script that gives rows: SQL, in every language. */
const SCRIPTS = "script";

/** The columns of a store's table. @param {Store} store @returns {{name: string, type: string, key: boolean}[]} */
export function columnsOf(store) {
  const keys = [...keyFields(store.key), ...(store.key.ride_on ?? [])];
  /** @type {{name: string, type: string}[]} */
  const fields = store.schema?.fields ?? [];
  const names = new Set(keys.map((one) => one.name));
  const both = new Set(fields.map((one) => one.name).filter((name) => names.has(name)));
  return [
    ...keys.map((one) => ({ name: both.has(one.name) ? `key.${one.name}` : one.name, type: one.type, key: true })),
    ...fields.map((one) => ({ name: both.has(one.name) ? `value.${one.name}` : one.name, type: one.type, key: false })),
  ];
}

/** The stores and aliases that a statement names: what stands before a point, and the name of the store. @param {Token[]} list @returns {Map<string, string>} */
export function namedStores(list) {
  /** @type {Map<string, string>} */
  const found = new Map();
  const isName = (/** @type {Token | undefined} */ token) => token !== undefined && (token.kind === "name" || (token.kind === "word" && !ENDS_NAMES.test(token.text.toUpperCase())));
  for (let at = 0; at < list.length; at += 1) {
    if (list[at].kind !== "word" || !AFTER_STORE_WORD.test(list[at].text.toUpperCase())) continue;
    let next = at + 1;
    for (;;) {
      if (!isName(list[next])) break;
      let name = unquoted(list[next].text);
      next += 1;
      if (list[next]?.text === "." && isName(list[next + 1])) {
        name = unquoted(list[next + 1].text);
        next += 2;
      }
      let alias = name;
      if (list[next]?.text.toUpperCase() === "AS" && isName(list[next + 1])) next += 1;
      if (isName(list[next])) {
        alias = unquoted(list[next].text);
        next += 1;
      }
      found.set(alias.toLowerCase(), name);
      if (list[next]?.text !== ",") break;
      next += 1;
    }
  }
  return found;
}

/**
 * @param {string} text the whole text @param {number} at the place @param {Schema} schema
 * @param {boolean} [asked] whether somebody asked, rather than typed
 * @returns {{from: number, options: Option[]} | undefined}
 */
export function complete(text, at, schema, asked = false) {
  const part = around(text, at);
  const list = tokens(part.text).map((one) => ({ ...one, from: one.from + part.from, to: one.to + part.from }));
  const here = list.find((one) => one.from < at && at <= one.to);
  if (here && (here.kind === "string" || here.kind === "comment" || here.kind === "number" || here.kind === "param")) return undefined;
  const typing = here && (here.kind === "word" || here.kind === "name") ? here : undefined;
  const from = typing?.from ?? at;
  const plain = list.filter((one) => one.kind !== "comment");
  const before = plain.filter((one) => one.to <= from);
  const last = before.at(-1);
  const named = namedStores(plain.filter((one) => one !== typing));
  const storeNamed = (/** @type {string} */ name) => schema.stores.find((one) => one.name.toLowerCase() === name.toLowerCase());

  if (last?.text === ".") {
    const owner = before.at(-2);
    if (!owner) return undefined;
    const name = unquoted(owner.text);
    const store = storeNamed(named.get(name.toLowerCase()) ?? name);
    if (store) return { from, options: columnsOf(store).map((column) => columnOption(column, "", 2)) };
    if (name.toLowerCase() === SCRIPTS && schema.scripts) return { from, options: schema.scripts.map((one) => ({ label: one, type: /** @type {const} */ ("store"), detail: t("query.script_within"), apply: quoted(one), boost: 2 })) };
    return schema.databases?.includes(name) ? { from, options: schema.stores.map((one) => storeOption(one, 2)) } : undefined;
  }
  if (!typing && !asked && !(last && /^(?:FROM|JOIN|INTO|UPDATE)$/i.test(last.text) && last.to < at)) return undefined;
  // The name of an alias is new: nothing is known about it.
  if (last && /^AS$/i.test(last.text) && !asked) return undefined;

  const stores = storePlace(before);
  /** @type {Option[]} */
  const options = [];
  if (stores) {
    options.push(...schema.stores.map((one) => storeOption(one, 3)), ...(schema.databases ?? []).map((name) => ({ label: name, type: /** @type {const} */ ("database"), detail: t("shared.database_within"), apply: quoted(name), boost: 0 })));
    if (schema.scripts?.length) options.push({ label: SCRIPTS, type: "database", detail: t("query.rows_of_scripts"), apply: SCRIPTS, boost: 0 });
    options.push(...words(before).map((one) => ({ ...one, boost: -1 })));
    return { from, options };
  }
  const known = new Set();
  for (const [alias, name] of named) {
    const store = storeNamed(name);
    if (!store) continue;
    if (alias !== name.toLowerCase()) options.push({ label: alias, type: "alias", detail: store.name, apply: alias, boost: 1 });
    for (const column of columnsOf(store)) {
      if (known.has(column.name)) continue;
      known.add(column.name);
      options.push(columnOption(column, named.size > 1 ? store.name : "", 2));
    }
  }
  for (const [name, takes] of Object.entries(FUNCTIONS)) options.push({ label: name, type: "function", detail: takes, apply: takes === "()" ? `${name}()` : `${name}(`, boost: 0 });
  options.push(...words(before));
  if (!named.size) options.push(...schema.stores.map((one) => storeOption(one, -1)));
  return { from, options };
}

/** The text between the semicolons around a place. @param {string} text @param {number} at */
function around(text, at) {
  const ends = tokens(text).filter((one) => one.kind === "punct" && one.text === ";");
  const from = ends.findLast((one) => one.to <= at)?.to ?? 0;
  const to = ends.find((one) => one.from >= at)?.from ?? text.length;
  return { from, text: text.slice(from, to) };
}

/** Whether the name of a store belongs here. @param {Token[]} before */
function storePlace(before) {
  for (let at = before.length - 1; at >= 0; at -= 1) {
    const token = before[at];
    const word = token.text.toUpperCase();
    if (token.kind === "word" && AFTER_STORE_WORD.test(word)) return at === before.length - 1 || (word === "FROM" && before.at(-1)?.text === ",");
    if (token.kind === "word" && ENDS_NAMES.test(word)) return false;
    if (token.text === "(" || token.text === ")") return false;
  }
  return false;
}

/** @param {Store} store @param {number} boost @returns {Option} */
const storeOption = (store, boost) => ({ label: store.name, type: "store", detail: count(store.count), apply: quoted(store.name), boost });

/** @param {{name: string, type: string, key: boolean}} column @param {string} store @param {number} boost @returns {Option} */
const columnOption = (column, store, boost) => ({ label: column.name, type: "column", detail: [store, column.key ? t("shared.key_within") : "", column.type].filter(Boolean).join(" · "), apply: quoted(column.name), boost: boost + (column.key ? 0 : 0.1) });

/** The words of the language; those that often follow come first. @param {Token[]} before @returns {Option[]} */
function words(before) {
  const last = before.at(-1)?.text.toUpperCase() ?? "";
  const likely = { "": ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"], ORDER: ["BY"], GROUP: ["BY"], LEFT: ["JOIN"], INNER: ["JOIN"], INSERT: ["INTO"], DELETE: ["FROM"], CREATE: ["STORE"], DROP: ["STORE"], IS: ["NULL", "NOT"], NOT: ["NULL", "IN", "LIKE", "EXISTS"] };
  const first = new Set(/** @type {{[word: string]: string[]}} */ (likely)[last] ?? []);
  const types = /^(?:CAST|AS)$/.test(last) || before[0]?.text.toUpperCase() === "CREATE" ? TYPES : [];
  return [...KEYWORDS, ...types].map((word) => ({ label: word, type: "word", apply: word, boost: first.has(word) ? 4 : -2 }));
}

