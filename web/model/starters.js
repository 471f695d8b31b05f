// First questions, made from the schema that is open: of figures, dates and relations that are really there.
//
// Holds: deterministic; only names that exist; plain forms that work without a model.

import { keyFields } from "../core/keys.js";
import { t } from "../strings/copilot.js";

/** @typedef {import("./tree.js").Store} Store */

const MOST = 4;
const FIGURE = /^(?:f32|f64|float|double|real|number|decimal|numeric)$/i;
const WHOLE = /^(?:i\d+|u\d+|int(?:eger)?|bigint)$/i;
const DATE = /date|time/i;
/** Fields by which people group; a name or a title is another in each item. */
const LABEL = /(?:country|city|status|category|role|state|type|kind|genre|region|department|currency|level|tier)$/i;
const ID = /(?:^id$|_?id$|^.*Id$|key$)/i;

/** @param {Store} store */
function fieldsOf(store) {
  const value = store.schema?.fields ?? [];
  return [...keyFields(store.key).map((field) => ({ name: field.name ?? "", type: String(field.type) })), ...value.map((/** @type {any} */ field) => ({ name: String(field.name), type: String(field.type ?? "") }))];
}

/** @param {Store} store */
function look(store) {
  const fields = fieldsOf(store).filter((field) => field.name);
  const money = /total|amount|price|cost|revenue|value|sum|salary|rating|score/i;
  const numbers = fields.filter((field) => (FIGURE.test(field.type) || WHOLE.test(field.type)) && !ID.test(field.name));
  return {
    figure: numbers.find((field) => money.test(field.name)) ?? numbers.find((field) => FIGURE.test(field.type)) ?? numbers[0],
    date: fields.find((field) => DATE.test(field.type) || /(?:date|_at|time|created|updated)$/i.test(field.name)),
    label: fields.find((field) => LABEL.test(field.name) && !ID.test(field.name) && !FIGURE.test(field.type)),
  };
}

/**
 * @param {Store[]} stores @param {string | undefined} open the store that is open: it comes first
 * @returns {string[]}
 */
export function starters(stores, open) {
  const able = stores.filter((store) => Number(store.count) > 0);
  const ordered = [...able].sort((a, b) => Number(b.name === open) - Number(a.name === open) || Number(b.count) - Number(a.count));
  /** @type {string[]} */
  const found = [];
  const add = (/** @type {string} */ text) => {
    if (found.length < MOST && !found.includes(text)) found.push(text);
  };
  const first = ordered[0];
  if (!first) return [];
  const own = look(first);
  if (own.figure && own.label) add(t("copilot.ask_sum", { figure: own.figure.name, label: own.label.name, store: first.name }));
  if (own.figure) add(t("copilot.ask_top", { store: first.name, figure: own.figure.name }));
  if (own.date) add(t("copilot.ask_latest", { store: first.name }));
  const relation = first.relations?.find((/** @type {any} */ one) => able.some((store) => store.name === one.target_store));
  if (relation) add(t("copilot.ask_with_related", { store: first.name, related: relation.target_store }));
  for (const store of ordered.slice(1)) {
    const { figure, label } = look(store);
    if (figure && label) add(t("copilot.ask_average", { figure: figure.name, label: label.name, store: store.name }));
    else if (label && Number(store.count) > 20) add(t("copilot.ask_count", { store: store.name, label: label.name }));
  }
  for (const store of ordered) add(t("copilot.ask_how_many", { store: store.name }));
  return found;
}
