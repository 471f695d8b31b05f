// Find in the rows that have been read: Ctrl F over the grid.
//
// Does not: look into rows that have not been read; a filter does that, and the bar says so.

import { cell, count } from "../core/format.js";
import { fieldOf } from "../model/columns.js";
import { t } from "../strings/grid.js";
import { html, nothing } from "../vendor/lit.js";
import { FindBar, MOST_HITS } from "./find_bar.js";

/** @param {import("./context.js").Context} app */
export function wireFind(app) {
  const { grid, session, commands } = app;

  /** @param {string} text */
  const look = (text) => {
    bar.forget();
    const wanted = text.toLowerCase();
    const { source } = grid;
    if (wanted && source) {
      const columns = grid.columns.shown;
      for (const line of loaded()) {
        const shown = grid.lineAt(line);
        if (!shown.item) continue;
        const value = shown.entry && shown.entry.op !== "delete" ? shown.entry.after : shown.item.value;
        if (shown.key.toLowerCase().includes(wanted)) bar.add({ line, column: 0 });
        columns.forEach((column, index) => {
          const one = fieldOf(value, column.name);
          const whole = typeof one === "string" ? one : one === undefined ? "" : cell(one).text;
          if (whole.toLowerCase().includes(wanted)) bar.add({ line, column: index + 1 });
        });
        if (bar.hits.length >= MOST_HITS) break;
      }
    }
    const below = bar.hits.findIndex((hit) => hit.line >= grid.map.firstVisible);
    bar.go(below < 0 && bar.hits.length ? 0 : below);
    bar.draw();
  };
  /** The lines that have been read. */
  const loaded = () => {
    const { source } = grid;
    if (!source) return [];
    if (!("pages" in source)) return Array.from({ length: grid.lines.total }, (_, line) => line);
    const lines = [];
    for (const page of [...source.pages.keys()].sort((a, b) => a - b)) {
      const first = page * 100;
      for (let index = first; index < Math.min(first + 100, source.count ?? 0); index += 1) lines.push(grid.lines.displayOf(index));
    }
    return lines;
  };
  const bar = new FindBar({
    name: t("grid.find_in_the_rows"),
    look,
    go: (hit) => {
      if (hit) grid.select(hit.line, hit.column, { quiet: false });
      grid.draw(true);
    },
    closed: () => {
      grid.marker = undefined;
      grid.draw(true);
      grid.rows?.focus({ preventScroll: true });
    },
    beside: () => {
      const rest = grid.source?.count !== undefined && loaded().length < grid.lines.total;
      return rest && bar.text ? html`<span class="small dim wide-only" title=${t("grid.a_filter_looks_at_all_rows")}>${t("grid.in_rows_that_were_read", { rows: count(loaded().length) })}</span>` : nothing;
    },
  });

  commands.add({ id: "find-rows", title: t("grid.find_in_the_rows"), icon: "search", group: t("shared.rows"), keys: ["Ctrl+F"], words: t("grid.find_rows_words"), when: () => session.store !== undefined && session.place.view === undefined, run: () => {
    grid.marker = (row, line) => bar.mark(row, line);
    bar.open(grid.parentElement);
  } });
  session.addEventListener("place", () => {
    if (!bar.isOpen) return;
    bar.text = "";
    bar.forget();
    bar.draw();
  });
}
