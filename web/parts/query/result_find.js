// Find in a result: Ctrl F over its grid, through all the rows that the page keeps.
//
// Holds: it looks a few milliseconds at a time, so that the page goes on while a large result is looked through; what is found
// is shown as it is found. What is found is what copying a cell gives.

import { plain } from "../../model/query/export.js";
import { t } from "../../strings/query.js";
import { FindBar, MOST_HITS } from "../find_bar.js";

const TURN_MS = 10;

/** Characters that a line of JSON writes otherwise: with one of them each value is looked at. */
const WRITTEN_OTHERWISE = /["\\\u0000-\u001f\u007f\u2028\u2029]/;

export class ResultFind {
  /** @param {import("./result_grid.js").SopResultGrid} grid */
  constructor(grid) {
    this.grid = grid;
    this.bar = new FindBar({
      name: t("shared.find_in_the_result"),
      look: (text) => void this.#look(text),
      go: (hit) => {
        if (hit) grid.select(hit.line, hit.column);
        grid.draw(true);
      },
      closed: () => {
        this.reset();
        grid.draw(true);
        grid.rows?.focus({ preventScroll: true });
      },
    });
    /** Which search is the one that counts. */
    this.turn = 0;
  }

  open() {
    this.bar.open(this.grid);
  }

  /** Forgets what was found: the rows are others. */
  reset() {
    this.turn += 1;
    this.bar.waiting = undefined;
    this.bar.forget();
    if (this.bar.isOpen) this.bar.draw();
  }

  /** Marks the cells of a row that are found. @param {import("./result_layout.js").RowElement} row */
  mark(row) {
    if (this.bar.isOpen) this.bar.mark(row, row.line);
  }

  /** @param {string} text */
  async #look(text) {
    const { grid, bar } = this;
    this.reset();
    const { turn } = this;
    const { source } = grid;
    if (!source || text === "") {
      grid.draw(true);
      bar.draw();
      return;
    }
    bar.waiting = t("query.looking");
    const wanted = text.toLowerCase();
    const inLines = !WRITTEN_OTHERWISE.test(text);
    const top = grid.map.firstVisible;
    let gone = false;
    let since = performance.now();
    for (let chunk = 0, texts = source.texts(0); texts && bar.hits.length < MOST_HITS; chunk += 1, texts = source.texts(chunk)) {
      for (let at = 0; at < texts.lines.length && bar.hits.length < MOST_HITS; at += 1) {
        if (!inLines || texts.lines[at].toLowerCase().includes(wanted)) this.#lookIn(texts.first + at, wanted);
        if (performance.now() - since < TURN_MS) continue;
        gone = this.#show(top, gone);
        await new Promise((resolve) => setTimeout(resolve));
        if (this.turn !== turn) return;
        since = performance.now();
      }
    }
    bar.waiting = undefined;
    if (!this.#show(top, gone) && bar.hits.length) bar.go(0);
    bar.draw();
  }

  /** @param {number} line @param {string} wanted */
  #lookIn(line, wanted) {
    const row = this.grid.source?.at(line);
    if (!row) return;
    for (let column = 0; column < this.grid.columns.length; column += 1) {
      if (plain(row[column]).toLowerCase().includes(wanted)) this.bar.add({ line, column });
    }
  }

  /** Goes to the first that is in view or below it, once it is known. @param {number} top @param {boolean} gone whether it went there @returns {boolean} */
  #show(top, gone) {
    const first = gone ? -1 : this.bar.hits.findIndex((hit) => hit.line >= top);
    if (first >= 0) this.bar.go(first);
    this.bar.draw();
    return gone || first >= 0;
  }
}
