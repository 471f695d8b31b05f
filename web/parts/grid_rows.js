// Drawing one row of the grid. Everything goes in as text; a row element is used again for another row.

import { cell, count, KIND_CLASS } from "../core/format.js";
import { FEW_COLUMNS } from "../core/column_window.js";
import { cutHead, keyText, sharedHead } from "../core/keys.js";
import { fieldChanges } from "../model/change_set.js";
import { fieldOf } from "../model/columns.js";
import { make } from "./dom.js";

/** Room for the name behind a link. */
const LINK_CHARS = 18;

/** Classes that say what kind a value is. */
const KINDS = new Set(Object.values(KIND_CLASS).filter((name) => name !== ""));

/** Columns that stand still beside the key. */
export const MOST_PINNED = 8;

/** @typedef {import("../model/columns.js").Column} Column */
/** @typedef {import("../model/change_set.js").Entry} Entry */
/** @typedef {{line: number, index: number | undefined, item: {key: any, value: any, version?: number, id?: number} | undefined, entry: Entry | undefined, above: string, key: string}} Line */
/** @typedef {HTMLElement & {cells: HTMLElement[], line: number, stamp: string, place: number, mark: string, shape: string, gap?: HTMLElement}} RowElement */

/** Width of a character of the data face at 12 px; measured once. */
let characterWidth = 0;
function widthOfCharacter() {
  if (characterWidth) return characterWidth;
  const context = document.createElement("canvas").getContext("2d");
  const face = getComputedStyle(document.documentElement).getPropertyValue("--data");
  if (context) context.font = `500 12px ${face}`;
  characterWidth = Math.max(6, (context?.measureText("0000000000").width ?? 72) / 10);
  return characterWidth;
}

/** Width of a column in units of 8 pixels: the rule of the server's `first_page.rs`. @param {number} chars @param {number} [least] @param {boolean} [numeric] digits are all of one, larger width */
export function units(chars, least = 7, numeric = false) {
  return Math.min(36, Math.max(least, Math.ceil((chars * (numeric ? 85 : 73) + 240) / 80)));
}

/** @param {Column} column */
export function columnUnits(column) {
  return column.width ?? units(column.chars + (column.link ? LINK_CHARS : 0), 7, column.numeric);
}

/** @returns {RowElement} */
export function makeRow() {
  const row = /** @type {RowElement} */ (make("div", "tr"));
  row.setAttribute("role", "row");
  row.cells = [];
  row.line = -1;
  row.stamp = "";
  row.place = -1;
  row.mark = "";
  row.shape = "";
  return row;
}

/** @type {WeakMap<Entry, Set<string>>} */
const stagedNames = new WeakMap();
/** The names of the fields that a staged update changes. @param {Entry} entry */
export function changedNames(entry) {
  let names = stagedNames.get(entry);
  if (!names) stagedNames.set(entry, (names = new Set(fieldChanges(entry.before, entry.after).map((change) => change.name))));
  return names;
}

/**
 * Gives a row the cells that are drawn. `row.cells` goes by the number of a column, with holes where none is drawn.
 * @param {RowElement} row @param {number} columns @param {import("../core/column_window.js").ColumnWindow} window
 * @param {number} [lead] the cells before the columns, which are always drawn
 */
export function fit(row, columns, window, lead = 2) {
  const shape = `${columns} ${window.name} ${window.gap}`;
  if (row.shape === shape) return;
  row.shape = shape;
  row.mark = "";
  const before = row.cells;
  const wanted = [...Array(lead).keys(), ...window.drawn.map((at) => at + lead)];
  row.cells = new Array(columns + lead);
  for (const at of wanted) if (before[at]) row.cells[at] = before[at];
  // What goes out of view comes in at the other side: the cells that stay are not touched.
  /** @type {HTMLElement[]} */
  const free = [];
  before.forEach((element, at) => row.cells[at] !== element && free.push(element));
  for (const element of free) element.remove();
  row.gap?.remove();
  let next = row.firstElementChild;
  for (const at of wanted) {
    let element = row.cells[at];
    if (!element) {
      element = free.pop() ?? make("div");
      element.setAttribute("role", at === 0 ? "rowheader" : "gridcell");
      element.setAttribute("aria-colindex", String(at + 1));
      row.cells[at] = element;
    }
    if (element === next) next = next.nextElementSibling;
    else row.insertBefore(element, next);
  }
  if (!window.gap) return;
  row.gap ??= make("div", "gap");
  row.gap.setAttribute("role", "none");
  row.gap.style.width = `${window.gap}px`;
  row.insertBefore(row.gap, row.cells[wanted[window.held + lead]] ?? null);
}

/**
 * Draws a line into a row element.
 * @param {RowElement} row
 * @param {Line} line
 * @param {{columns: Column[], window: import("../core/column_window.js").ColumnWindow, keyUnits: number, cards: number[], links: Map<string, string>, related: import("../model/related.js").Related}} layout
 */
export function drawRow(row, line, layout) {
  const { columns, keyUnits } = layout;
  fit(row, columns.length, layout.window);
  row.line = line.line;
  row.setAttribute("aria-rowindex", String(line.line + 2));
  const entry = line.entry;
  const [rank, key] = row.cells;
  setClass(row, `tr${entry?.op === "insert" ? " new" : entry?.op === "delete" ? " gone" : ""}${line.item === undefined ? " loading" : ""}`);
  setClass(rank, "td rank");
  setText(rank, entry?.op === "insert" ? "+" : entry?.op === "delete" ? "−" : count((line.index ?? 0) + 1));
  setClass(key, `td key w${keyUnits}`);
  if (line.item === undefined) {
    ghost(key, line.line);
    for (const index of layout.window.drawn) {
      const element = row.cells[index + 2];
      const name = cellClass(columns[index], index, layout);
      // The class of a kind stays: the row that comes most likely has the same, and each change costs style work.
      if (!KINDS.has(element.className.slice(name.length + 1)) || !element.className.startsWith(`${name} `)) setClass(element, name);
      if (index % 3 && columns.length > FEW_COLUMNS) setText(element, "");
      else ghost(element, line.line + index + 1);
    }
    return;
  }
  drawKey(key, line, keyUnits);
  const value = entry ? (entry.op === "delete" ? line.item.value : entry.after) : line.item.value;
  const staged = entry?.op === "update" ? changedNames(entry) : undefined;
  for (const index of layout.window.drawn) {
    const column = columns[index];
    const isStaged = staged !== undefined && (staged.has(column.name) || staged.has(""));
    const shown = fieldOf(value, column.name);
    const target = layout.links.get(column.name);
    const name = target === undefined || shown === undefined ? undefined : (layout.related.name(target, shown) ?? "");
    drawCell(row.cells[index + 2], shown, cellClass(column, index, layout) + (isStaged ? " staged" : ""), name);
  }
}

/** @param {Column} column @param {number} index @param {{cards: number[]}} layout */
function cellClass(column, index, { cards }) {
  const card = cards.indexOf(index);
  return `td w${columnUnits(column)}${column.numeric && !column.link ? " num" : " text"}${card >= 0 ? ` card-${card}` : ""}${column.pinned && index < MOST_PINNED ? ` pinned pin${index}` : ""}`;
}

/** Sets a class only where it is another: setting the same one costs style work too. @param {HTMLElement} element @param {string} name */
export function setClass(element, name) {
  if (element.className !== name) element.className = name;
}

/** Sets text in the text node that is there. @param {HTMLElement} element @param {string} text */
export function setText(element, text) {
  const first = element.firstChild;
  if (first instanceof Text && first === element.lastChild) {
    if (first.data !== text) first.data = text;
  } else element.textContent = text;
}

/** @param {HTMLElement} element @param {number} seed */
function ghost(element, seed) {
  if (!element.firstElementChild?.classList.contains("ghost")) element.replaceChildren(make("span", `ghost g${seed % 4}`));
}

/** @param {HTMLElement} element @param {Line} line @param {number} keyUnits */
function drawKey(element, line, keyUnits) {
  const room = Math.floor((keyUnits * 8 - 17) / widthOfCharacter());
  const text = line.key;
  const shared = text.length > room ? 0 : sharedHead(line.above, text);
  const own = text.length > room ? cutHead(text, room) : text.slice(shared);
  const tail = /\s$/.test(own);
  if (shared === 0 && !tail) {
    setText(element, own);
    return;
  }
  element.replaceChildren(...(shared ? [make("i", "", text.slice(0, shared))] : []), own.trimEnd(), ...(tail ? [make("mark", "space", "␣")] : []));
}

/** @param {HTMLElement} element @param {unknown} value @param {string} className @param {string} [link] the name of what it points to */
export function drawCell(element, value, className, link) {
  const shown = cell(value);
  const kind = KIND_CLASS[shown.kind];
  const plain = !shown.tail && shown.size === undefined && !(link !== undefined && (shown.kind === "number" || shown.kind === "text"));
  setClass(element, kind && plain ? `${className} ${kind}` : className);
  if (plain) {
    setText(element, shown.text);
    return;
  }
  if (link !== undefined) {
    element.replaceChildren(make("span", kind, shown.text), make("span", "link", link));
    return;
  }
  if (shown.size !== undefined) {
    element.replaceChildren(make("span", "cut", shown.text), make("span", "more", shown.size));
    element.classList.add("long");
    return;
  }
  element.replaceChildren(shown.text, make("mark", "space", "␣"));
}

/** The line's key as text, and the text of the key above it. @param {any} spec @param {any} key */
export function textOfKey(spec, key) {
  return key === undefined ? "" : keyText(spec, key);
}

/**
 * Which columns a narrow screen shows: `card-0` to the right, then two lines of text.
 * @param {Column[]} columns
 */
export function cardColumns(columns) {
  let number = -1;
  for (const [index, column] of columns.entries()) if (column.numeric && !/id$/i.test(column.name)) number = index;
  const texts = columns.map((_, index) => index).filter((index) => index !== number);
  texts.sort((a, b) => Number(columns[a].numeric) - Number(columns[b].numeric) || a - b);
  return [number, ...texts.slice(0, 2)];
}
