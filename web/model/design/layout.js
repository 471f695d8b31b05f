// A layered layout of a graph: stores that others point to stand to the right of those that point to them.
//
// Holds: the same graph gives the same places; cards never overlap; a column is never much taller than `tall`.

import { CARD } from "./graph.js";

const SWEEPS = 8;
/** Cards that stand alone do not make the diagram wider than this. */
const MOST_COLUMNS = 12;

/** @typedef {import("./graph.js").Card} Card */
/** @typedef {import("./graph.js").Edge} Edge */

/** @param {Card[]} cards @param {Edge[]} edges @param {{tall?: number}} [how] @returns {{[name: string]: {x: number, y: number}}} */
export function layout(cards, edges, { tall = 640 } = {}) {
  const links = edges.filter((one) => one.from !== one.to);
  const tied = new Set(links.flatMap((one) => [one.from, one.to]));
  const alone = cards.filter((one) => !tied.has(one.name));
  cards = cards.filter((one) => tied.has(one.name));
  const rank = ranks(cards, links);
  const columns = order(groups(cards, rank), links).flatMap((layer) => split(layer, tall));
  fill(columns, alone, tall);
  return place(columns);
}

/** Cards that nothing is tied to go where there is room: below the shortest column, or into columns of their own. @param {Card[][]} columns @param {Card[]} alone @param {number} tall */
function fill(columns, alone, tall) {
  const height = (/** @type {Card[]} */ column) => column.reduce((sum, card) => sum + card.height + CARD.gap, 0);
  for (const card of alone) {
    const shortest = columns.reduce((best, column) => (best === undefined || height(column) < height(best) ? column : best), /** @type {Card[] | undefined} */ (undefined));
    if (shortest && (height(shortest) + card.height <= tall || columns.length >= MOST_COLUMNS)) shortest.push(card);
    else columns.push([card]);
  }
}

/** @param {Card[]} cards @param {Map<string, number>} rank */
function groups(cards, rank) {
  /** @type {Map<number, Card[]>} */
  const by = new Map();
  for (const card of cards) {
    const at = rank.get(card.name) ?? 0;
    by.set(at, [...(by.get(at) ?? []), card]);
  }
  return [...by.entries()].sort(([a], [b]) => a - b).map(([, list]) => list);
}

/** The column of each: one beyond the furthest that points to it; edges that would close a circle do not count. @param {Card[]} cards @param {Edge[]} links */
function ranks(cards, links) {
  /** @type {Map<string, Edge[]>} */
  const out = new Map();
  for (const link of links) out.set(link.from, [...(out.get(link.from) ?? []), link]);
  /** @type {Map<string, "open" | "done">} */
  const state = new Map();
  /** @type {string[]} */
  const finished = [];
  /** @type {Set<Edge>} */
  const back = new Set();
  for (const { name } of cards) {
    if (state.has(name)) continue;
    // Without recursion: a chain of thousands of stores must not be too deep.
    const stack = [{ name, at: 0 }];
    state.set(name, "open");
    while (stack.length) {
      const top = stack[stack.length - 1];
      const next = (out.get(top.name) ?? [])[top.at];
      top.at += 1;
      if (!next) {
        state.set(top.name, "done");
        finished.push(top.name);
        stack.pop();
      } else if (state.get(next.to) === "open") back.add(next);
      else if (!state.has(next.to)) {
        state.set(next.to, "open");
        stack.push({ name: next.to, at: 0 });
      }
    }
  }
  /** @type {Map<string, number>} */
  const rank = new Map(cards.map((one) => [one.name, 0]));
  for (const name of finished.reverse()) for (const link of out.get(name) ?? []) if (!back.has(link)) rank.set(link.to, Math.max(rank.get(link.to) ?? 0, (rank.get(name) ?? 0) + 1));
  // A source moves next to what it points to, so that its line is short.
  const pointed = new Set(links.filter((one) => !back.has(one)).map((one) => one.to));
  for (const { name } of cards) {
    const targets = (out.get(name) ?? []).filter((one) => !back.has(one)).map((one) => rank.get(one.to) ?? 0);
    if (!pointed.has(name) && targets.length) rank.set(name, Math.max(0, Math.min(...targets) - 1));
  }
  return rank;
}

/** Orders each column by the middle of what its cards are tied to. @param {Card[][]} layers @param {Edge[]} links */
function order(layers, links) {
  /** @type {Map<string, string[]>} */
  const near = new Map();
  for (const { from, to } of links) {
    near.set(from, [...(near.get(from) ?? []), to]);
    near.set(to, [...(near.get(to) ?? []), from]);
  }
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const place = new Map(layers.flatMap((layer) => layer.map((card, index) => /** @type {[string, number]} */ ([card.name, index / Math.max(1, layer.length - 1)]))));
    layers = layers.map((layer) => {
      const middle = new Map(layer.map((card, index) => {
        const others = (near.get(card.name) ?? []).filter((name) => !layer.some((one) => one.name === name));
        const mean = others.length ? others.reduce((sum, name) => sum + (place.get(name) ?? 0), 0) / others.length : index / Math.max(1, layer.length - 1);
        return [card.name, mean];
      }));
      return layer.map((card, index) => ({ card, index })).sort((a, b) => (middle.get(a.card.name) ?? 0) - (middle.get(b.card.name) ?? 0) || a.index - b.index).map((one) => one.card);
    });
  }
  return layers;
}

/** A column that is too tall becomes several. @param {Card[]} layer @param {number} tall */
function split(layer, tall) {
  const height = layer.reduce((sum, card) => sum + card.height + CARD.gap, 0);
  const parts = Math.max(1, Math.ceil(height / tall));
  /** @type {Card[][]} */
  const columns = [[]];
  let used = 0;
  for (const card of layer) {
    if (used > 0 && used + card.height > height / parts + CARD.row && columns.length < parts) {
      columns.push([]);
      used = 0;
    }
    columns[columns.length - 1].push(card);
    used += card.height + CARD.gap;
  }
  return columns;
}

/** @param {Card[][]} columns */
function place(columns) {
  const heights = columns.map((column) => column.reduce((sum, card) => sum + card.height + CARD.gap, -CARD.gap));
  const most = Math.max(0, ...heights);
  /** @type {{[name: string]: {x: number, y: number}}} */
  const places = {};
  columns.forEach((column, index) => {
    let y = Math.round(Math.min(40, (most - heights[index]) / 2));
    for (const card of column) {
      places[card.name] = { x: index * (CARD.width + CARD.across), y };
      y += card.height + CARD.gap;
    }
  });
  return places;
}
