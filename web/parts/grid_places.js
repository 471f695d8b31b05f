// Going to a place of the grid: a key, a line, a column that is out of view; and the names behind the links that are in view.

import { stringify } from "../core/json.js";
import { fieldOf } from "../model/columns.js";
import { many, scrollToColumn } from "./grid_layout.js";

const MOST_NAMES = 120;
const REST_MS = 140;

/** @typedef {import("./grid.js").SopGrid} SopGrid */

/** Goes to the item of a key, or to where it would be. @param {SopGrid} grid @param {unknown} key @param {{select?: boolean, quiet?: boolean}} [how] */
export async function goToKey(grid, key, { select = true, quiet = false } = {}) {
  const known = grid.lineOf(key);
  if (known >= 0) {
    goToLine(grid, known, select, quiet);
    return { exists: true, rank: -1 };
  }
  const { source } = grid;
  if (!source) return undefined;
  const answer = await grid.session.api.get(`${source.url}/rank`, { key: stringify(key) });
  if (grid.source !== source) return undefined;
  const place = source.indexOfRank(Number(answer.rank));
  if (place === undefined) return { ...answer, unplaced: true };
  const index = Math.min(Math.max(0, place), Math.max(0, (source.count ?? 1) - 1));
  goToLine(grid, grid.lines.displayOf(index), select, quiet);
  return answer;
}

/** @param {SopGrid} grid @param {number} line @param {boolean} select @param {boolean} quiet */
export function goToLine(grid, line, select, quiet) {
  const inView = line >= grid.map.firstVisible && line < grid.map.lastVisible;
  if (!inView) grid.map.go(line * grid.map.row - (select ? grid.map.view / 3 : 0));
  grid.scrolled();
  if (select) grid.select(line, grid.active.column, { quiet, reveal: false });
}

/** Scrolls sideways until the active cell is in view, beside what is held still. @param {SopGrid} grid */
export function revealColumn(grid) {
  const { rows } = grid;
  if (!rows?.classList.contains("wide") || grid.active.column === 0) return;
  if (many(grid.columns.shown)) return scrollToColumn(grid, grid.active.column - 1);
  const element = grid.activeCell();
  if (!element || element.classList.contains("pinned")) return;
  const held = ([...rows.querySelectorAll(".th:is(.key, .pinned)")].at(-1)?.getBoundingClientRect().right ?? 0) - rows.getBoundingClientRect().left;
  const box = element.getBoundingClientRect();
  const view = rows.getBoundingClientRect();
  if (box.left < view.left + held) rows.scrollLeft -= view.left + held - box.left;
  else if (box.right > view.right) rows.scrollLeft += box.right - view.right;
}

/** Reads the names behind the links in view, when the view rests. @param {SopGrid} grid @param {number} first @param {number} last */
export function wantNames(grid, first, last) {
  if (!grid.links.size) return;
  clearTimeout(grid.nameTimer);
  grid.nameTimer = setTimeout(() => {
    const list = [];
    for (let line = first; line < last; line += 1) {
      const { item, entry } = grid.content(line);
      for (const [name, store] of grid.links) {
        const key = fieldOf(entry && entry.op !== "delete" ? entry.after : item?.value, name);
        if (key !== undefined && key !== null && typeof key !== "boolean") list.push({ store, key });
      }
    }
    grid.session.related.want(list.slice(0, MOST_NAMES));
  }, REST_MS);
}
