// Which columns of a wide grid are drawn: those in view and a few beside them, so that a row costs what is seen of it.
//
// Holds: the window moves in steps, so that most of scrolling sideways draws nothing anew; columns that stand still are
// always drawn; the gap is as wide as the columns that are left out before the window, to the pixel.

/** Grids with up to so many columns draw all of them. */
export const FEW_COLUMNS = 16;
const STEP = 4;
const BESIDE = 2;

/** @typedef {{drawn: number[], gap: number, held: number, name: string}} ColumnWindow drawn: columns in order; gap: pixels after the first `held` of them */

/** @param {number} count @returns {ColumnWindow} */
export function everyColumn(count) {
  return { drawn: Array.from({ length: count }, (_, at) => at), gap: 0, held: 0, name: `all ${count}` };
}

/** @param {number[]} columns @returns {ColumnWindow} */
export function onlyColumns(columns) {
  const drawn = columns.filter((at) => at >= 0).sort((a, b) => a - b);
  return { drawn, gap: 0, held: 0, name: `only ${drawn}` };
}

/**
 * @param {number[]} widths of all columns, in pixels
 * @param {{held: number, left: number, view: number}} place how many of the first stand still; how far the others are scrolled, and how much room they have
 * @returns {ColumnWindow}
 */
export function columnWindow(widths, { held, left, view }) {
  let from = held;
  let edge = 0;
  while (from < widths.length - 1 && edge + widths[from] <= left) edge += widths[from++];
  let to = from;
  for (let end = edge; to < widths.length && end < left + view; to += 1) end += widths[to];
  const first = Math.max(held, Math.floor((from - BESIDE) / STEP) * STEP);
  const last = Math.min(widths.length, Math.ceil((to + BESIDE) / STEP) * STEP);
  const drawn = [...Array(held).keys()];
  for (let at = first; at < last; at += 1) drawn.push(at);
  return { drawn, gap: sum(widths, held, first), held, name: `${held} ${first} ${last}` };
}

/** How far to scroll so that a column is in view, undefined when it is. @param {number[]} widths @param {number} column @param {{held: number, left: number, view: number}} place */
export function leftOf(widths, column, { held, left, view }) {
  if (column < held) return undefined;
  const start = sum(widths, held, column);
  const end = start + widths[column];
  if (start < left || widths[column] > view) return start;
  return end > left + view ? end - view : undefined;
}

/** @param {number[]} widths @param {number} from @param {number} to */
function sum(widths, from, to) {
  let total = 0;
  for (let at = from; at < to; at += 1) total += widths[at];
  return total;
}
