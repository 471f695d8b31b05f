// Stores and relations as a graph: cards with the fields that matter, edges between fields, who is near whom.

import { keyFields } from "../../core/keys.js";
import { t } from "../../strings/design.js";

export const CARD = { width: 184, head: 33, row: 24, gap: 48, across: 72 };
const MOST_FIELDS = 5;

/** @typedef {{name: string, type: string, key: boolean, link: boolean}} CardField */
/** @typedef {{name: string, count: number | undefined, fields: CardField[], more: number, height: number, draft: boolean}} Card */
/** @typedef {{id: string, from: string, to: string, fromField: string, toField: string, draft: boolean, index: number, relation: import("./definition.js").Relation}} Edge */

/**
 * The cards and edges of stores; a draft stands in the place of its store.
 * @param {any[]} stores @param {{store: string, definition: any}[]} [drafts] `store` is empty for a new one
 * @returns {{cards: Card[], edges: Edge[]}}
 */
export function graphOf(stores, drafts = []) {
  const list = stores.map((store) => {
    const draft = drafts.find((one) => one.store === store.name);
    return { name: String(store.name), shown: draft ? { ...store, ...draft.definition, schema: draft.definition.schema.declared ? draft.definition.schema : store.schema } : store, count: Number(store.count), draft: draft !== undefined };
  });
  for (const one of drafts) if (one.store === "") list.push({ name: one.definition.name || t("shared.new_store"), shown: one.definition, count: /** @type {any} */ (undefined), draft: true });
  const named = new Set(list.map((one) => one.name));
  /** @type {Edge[]} */
  const edges = [];
  const cards = list.map(({ name, shown, count, draft }) => {
    const relations = (shown.relations ?? []).filter((/** @type {any} */ one) => named.has(one.target_store) && one.source_fields.length);
    relations.forEach((/** @type {any} */ relation, /** @type {number} */ index) => edges.push({ id: `${name}\u0000${index}`, from: name, to: relation.target_store, fromField: relation.source_fields[0], toField: relation.target_fields[0], draft, index, relation }));
    return card(name, shown, count, draft, new Set(relations.flatMap((/** @type {any} */ one) => one.source_fields)));
  });
  // A field that others point to is worth a line, too.
  for (const edge of edges) {
    const target = cards.find((one) => one.name === edge.to);
    const store = list.find((one) => one.name === edge.to)?.shown;
    if (target && store && !target.fields.some((one) => one.name === edge.toField)) {
      const field = (store.schema?.fields ?? []).find((/** @type {any} */ one) => one.name === edge.toField);
      if (field) {
        target.fields.push({ name: field.name, type: field.type, key: false, link: false });
        target.more = Math.max(0, target.more - 1);
        target.height = heightOf(target);
      }
    }
  }
  return { cards, edges };
}

/** @param {string} name @param {any} store @param {number | undefined} count @param {boolean} draft @param {Set<string>} links @returns {Card} */
function card(name, store, count, draft, links) {
  const keys = keyFields(store.key).map((one) => ({ name: one.name, type: one.type, key: true, link: false }));
  const rest = (store.schema?.fields ?? []).filter((/** @type {any} */ one) => !keys.some((key) => key.name === one.name)).map((/** @type {any} */ one) => ({ name: one.name, type: one.type, key: false, link: links.has(one.name) }));
  rest.sort((/** @type {CardField} */ a, /** @type {CardField} */ b) => Number(b.link) - Number(a.link));
  const room = Math.max(1, MOST_FIELDS - keys.length);
  const wanted = rest.filter((/** @type {CardField} */ one, /** @type {number} */ index) => one.link || index < room);
  const one = { name, count, fields: [...keys, ...wanted], more: rest.length - wanted.length, height: 0, draft };
  one.height = heightOf(one);
  return one;
}

/** @param {{fields: unknown[], more: number}} card */
function heightOf(card) {
  return CARD.head + CARD.row * (card.fields.length + (card.more > 0 ? 1 : 0)) + 2;
}

/** The middle of a field's line, from the top of its card. @param {Card} card @param {string} field */
export function rowOf(card, field) {
  const at = card.fields.findIndex((one) => one.name === field);
  return at < 0 ? CARD.head / 2 : CARD.head + 1 + CARD.row * at + CARD.row / 2;
}

/** Stores within so many steps of one. @param {Edge[]} edges @param {string} centre @param {number} steps @returns {Set<string>} */
export function neighbours(edges, centre, steps) {
  let seen = new Set([centre]);
  for (let step = 0; step < steps; step += 1) {
    const next = new Set(seen);
    for (const edge of edges) {
      if (seen.has(edge.from)) next.add(edge.to);
      if (seen.has(edge.to)) next.add(edge.from);
    }
    seen = next;
  }
  return seen;
}

/** @typedef {{x: number, y: number}} Point */

/** The line of an edge from card to card, leaving and coming in at the sides that are near. @param {Card} from @param {Card} to @param {{[name: string]: Point}} places @param {Edge} edge */
export function pathOf(from, to, places, edge) {
  const [a, b] = [places[from.name], places[to.name]];
  const y1 = Math.round(a.y + rowOf(from, edge.fromField));
  const y2 = Math.round(b.y + rowOf(to, edge.toField));
  const [left, right] = [a.x, a.x + CARD.width];
  const [near, far] = [b.x, b.x + CARD.width];
  const pull = 36;
  if (from.name === to.name || Math.abs(a.x - b.x) < CARD.width * 0.6) {
    const x = Math.max(right, far);
    const out = x + pull - 12;
    return { d: `M${right} ${y1}C${out} ${y1} ${out} ${y2} ${far} ${y2}`, end: { x: far, y: y2 } };
  }
  const forward = b.x > a.x;
  const [x1, x2] = forward ? [right, near] : [left, far];
  const bend = Math.max(pull, Math.min(96, Math.abs(x2 - x1) / 2));
  return { d: forward ? `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}` : `M${x1} ${y1}C${x1 - bend} ${y1} ${x2 + bend} ${y2} ${x2} ${y2}`, end: { x: x2, y: y2 } };
}

/** The box around cards. @param {Card[]} cards @param {{[name: string]: Point}} places */
export function boundsOf(cards, places) {
  const shown = cards.filter((one) => places[one.name]);
  if (!shown.length) return { x: 0, y: 0, width: CARD.width, height: 100 };
  const left = Math.min(...shown.map((one) => places[one.name].x));
  const top = Math.min(...shown.map((one) => places[one.name].y));
  return { x: left, y: top, width: Math.max(...shown.map((one) => places[one.name].x + CARD.width)) - left, height: Math.max(...shown.map((one) => places[one.name].y + one.height)) - top };
}
