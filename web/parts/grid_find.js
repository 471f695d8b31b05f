// Find in the rows that have been read: Ctrl F over the grid, with the count, next and the one before.
//
// Does not: look into rows that have not been read; a filter does that, and the field says so.

import { cell, count } from "../core/format.js";
import { fieldOf } from "../model/columns.js";
import { t } from "../strings/grid.js";
import { html, nothing, render } from "../vendor/lit.js";
import { icon, make } from "./dom.js";

const MOST_HITS = 5000;

/** @param {import("./context.js").Context} app */
export function wireFind(app) {
  const { grid, session, commands } = app;
  const bar = make("div", "find-bar");
  bar.setAttribute("role", "search");
  /** @type {{line: number, column: number}[]} */
  let hits = [];
  /** @type {Set<string>} */
  let marked = new Set();
  let at = -1;
  let text = "";
  let open = false;

  const look = () => {
    hits = [];
    const wanted = text.toLowerCase();
    const { source } = grid;
    if (wanted && source) {
      const columns = grid.columns.shown;
      for (const line of loaded()) {
        const shown = grid.lineAt(line);
        if (!shown.item) continue;
        const value = shown.entry && shown.entry.op !== "delete" ? shown.entry.after : shown.item.value;
        if (shown.key.toLowerCase().includes(wanted)) hits.push({ line, column: 0 });
        columns.forEach((column, index) => {
          const one = fieldOf(value, column.name);
          const whole = typeof one === "string" ? one : one === undefined ? "" : cell(one).text;
          if (whole.toLowerCase().includes(wanted)) hits.push({ line, column: index + 1 });
        });
        if (hits.length >= MOST_HITS) break;
      }
    }
    marked = new Set(hits.map((hit) => `${hit.line} ${hit.column}`));
    at = hits.findIndex((hit) => hit.line >= grid.map.firstVisible);
    if (at < 0 && hits.length) at = 0;
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
  const go = () => {
    const hit = hits[at];
    if (hit) grid.select(hit.line, hit.column, { quiet: false });
    grid.draw(true);
  };
  const step = (/** @type {number} */ by) => {
    if (!hits.length) return;
    at = (at + by + hits.length) % hits.length;
    go();
    draw();
  };
  const typed = (/** @type {string} */ next) => {
    text = next;
    look();
    go();
    draw();
  };
  const close = () => {
    open = false;
    bar.remove();
    grid.marker = undefined;
    marked = new Set();
    grid.draw(true);
    grid.rows?.focus({ preventScroll: true });
  };
  const key = (/** @type {KeyboardEvent} */ event) => {
    event.stopPropagation();
    if (event.key === "Escape") close();
    else if (event.key === "Enter" || event.key === "F3") step(event.shiftKey ? -1 : 1);
    else if (event.key === "f" && (event.ctrlKey || event.metaKey)) bar.querySelector("input")?.select();
    else return;
    event.preventDefault();
  };
  const draw = () => {
    const rest = grid.source?.count !== undefined && loaded().length < grid.lines.total;
    render(html`<label class="field">${icon("search", true)}<input aria-label=${t("grid.find_in_the_rows")} placeholder=${t("shared.find_in_these_rows")} autocomplete="off" spellcheck="false" .value=${text} @input=${(/** @type {any} */ event) => typed(event.target.value)} @keydown=${key}></label>
      <span class="small dim" role="status">${text === "" ? "" : hits.length ? t("shared.n_of_total", { n: count(at + 1), total: `${count(hits.length)}${hits.length >= MOST_HITS ? "+" : ""}` }) : t("shared.nothing_found")}</span>
      ${rest && text ? html`<span class="small dim wide-only" title=${t("grid.a_filter_looks_at_all_rows")}>${t("grid.in_rows_that_were_read", { rows: count(loaded().length) })}</span>` : nothing}
      <button class="button only s quiet" aria-label=${t("shared.the_one_before")} title=${t("shared.the_one_before_shift")} ?disabled=${!hits.length} @click=${() => step(-1)}>${icon("up", true)}</button><button class="button only s quiet" aria-label=${t("shared.next")} title=${t("shared.next_enter")} ?disabled=${!hits.length} @click=${() => step(1)}>${icon("down", true)}</button><button class="button only s quiet" aria-label=${t("shared.close")} title=${t("shared.close_esc")} @click=${close}>${icon("x", true)}</button>`, bar);
  };

  commands.add({ id: "find-rows", title: t("grid.find_in_the_rows"), icon: "search", group: t("shared.rows"), keys: ["Ctrl+F"], words: t("grid.find_rows_words"), when: () => session.store !== undefined && session.place.view === undefined, run: () => {
    open = true;
    if (!bar.isConnected) grid.parentElement?.append(bar);
    grid.marker = (row, line) => row.cells.forEach((element, index) => element.classList.toggle("hit", index > 0 && marked.has(`${line} ${index - 1}`)));
    draw();
    bar.querySelector("input")?.select();
    bar.querySelector("input")?.focus();
    if (text) typed(text);
  } });
  session.addEventListener("place", () => {
    if (!open) return;
    text = "";
    hits = [];
    marked = new Set();
    draw();
  });
}
