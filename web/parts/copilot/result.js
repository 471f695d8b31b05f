// Rows that a tool gave, inside the answer: the first of them, and the ways on to the whole.

import { KIND_CLASS, cell, count } from "../../core/format.js";
import { stringify } from "../../core/json.js";
import { columnKinds } from "../../model/query/chart.js";
import { resultColumns } from "../../model/query/result_columns.js";
import { ResultRows } from "../../model/query/result_rows.js";
import { t } from "../../strings/copilot.js";
import { html, nothing } from "../../vendor/lit.js";
import { Part, icon } from "../dom.js";
import "../query/chart_view.js";

const SHOWN = 6;
const OPENED = 50;
const MOST_CHARS = 160;
/** An answer shows what a person reads there; the workbench has all columns. */
const MOST_COLUMNS = 40;

/** @typedef {import("../../model/chat.js").Call} Call */

/** The rows of one call: a small table, or its chart. */
export class SopResult extends Part {
  constructor() {
    super();
    /** @type {Call | undefined} */
    this.call = undefined;
    /** @type {import("./dock.js").SopCopilot | undefined} */
    this.dock = undefined;
    this.more = false;
    this.chart = false;
    /** The rows that the columns were made of. @type {any[][] | undefined} */
    this.source = undefined;
    this.opened = false;
  }

  /** @param {import("../../vendor/lit.js").PropertyValues} _changed */
  willUpdate(_changed) {
    const { call } = this;
    if (!call?.columns || this.source === call.rows) return;
    this.source = call.rows;
    const columns = call.columns.map((column) => ({ name: String(column.name ?? ""), type: String(column.kind ?? column.type ?? "") }));
    const rows = call.rows ?? [];
    this.columns = resultColumns(columns, rows);
    this.able = columnKinds(columns.length, rows.slice(0, 200)).includes("number") && rows.length > 1;
    if (call.chart && this.able && !this.opened) this.chart = true;
  }

  render() {
    const { call, columns } = this;
    if (!call || !columns) return nothing;
    const rows = call.rows ?? [];
    if (!columns.length) return nothing;
    const shown = rows.slice(0, this.more ? OPENED : SHOWN);
    const total = Math.max(rows.length, Number(call.stats?.rows ?? 0));
    const left = total - shown.length;
    const some = columns.slice(0, MOST_COLUMNS);
    const beside = columns.length - some.length;
    return html`<div class="mini" role="group" aria-label=${t("shared.result")}>
      ${this.chart
        ? html`<div class="mini-chart"><div class="chart-tools">${this.#chartPart()?.controls()}<span class="small dim">${this.#chartPart()?.note ?? ""}</span></div><sop-chart @choice=${() => this.requestUpdate()}></sop-chart></div>`
        : html`<div class="mini-rows scroll" tabindex="0" role="region" aria-label=${t("copilot.rows_of_the_result")}><table><thead><tr>${some.map((column) => html`<th scope="col" class=${column.numeric ? "num" : ""}>${column.label}</th>`)}</tr></thead>
          <tbody>${shown.map((row) => html`<tr>${some.map((column, at) => this.#cell(row[at], column.numeric))}</tr>`)}</tbody></table>
          ${rows.length ? nothing : html`<p class="none dim">${t("shared.no_rows")}</p>`}</div>`}
      ${beside > 0 && !this.chart ? html`<div class="rest"><span class="dim">${t("copilot.n_more_columns", { n: beside })}</span></div>` : nothing}
      ${left > 0 && !this.chart ? html`<div class="rest">${!this.more && rows.length > shown.length
        ? html`<button class="plain-link" @click=${this.#open}>${left > OPENED - SHOWN ? t("copilot.first_of_n_rows", { first: count(Math.min(rows.length, OPENED)), n: total }) : `${t("copilot.n_more_rows", { n: left })}`}</button>`
        : html`<span class="dim">${t("shared.n_more", { n: count(left) })}${call.truncated ? t("copilot.not_all_are_kept_here") : ""}</span>`}</div>` : nothing}
      ${this.#ways(call)}</div>`;
  }

  /** The ways on; nothing where there is none. @param {Call} call */
  #ways(call) {
    const { dock } = this;
    if (!dock?.canOpenStore(call) && !call.statement && !this.able && !dock?.canSave) return nothing;
    return html`<div class="bar">${dock?.canOpenStore(call) ? html`<button class="button s quiet" @click=${() => dock.openGrid(call)}>${icon("browse", true)}${t("copilot.open_in_grid")}</button>` : nothing}
        ${call.statement ? html`<button class="button s quiet" @click=${() => dock?.openQuery(call)}>${icon("query", true)}${t("copilot.open_as_query")}</button>` : nothing}
        ${this.able ? html`<button class="button s quiet" aria-pressed=${String(this.chart)} @click=${this.#swap}>${icon("chart", true)}${t("shared.chart")}</button>` : nothing}
        ${dock?.canSave ? html`<button class="button s quiet" @click=${() => dock.saveScript([call])}>${icon("scripts", true)}${t("copilot.save_as_script")}</button>` : nothing}</div>`;
  }

  /** @param {unknown} value @param {boolean} numeric */
  #cell(value, numeric) {
    const shown = cell(value);
    const nested = shown.kind === "nested" ? stringify(value).slice(0, MOST_CHARS) : shown.text;
    const text = nested.length > MOST_CHARS ? `${nested.slice(0, MOST_CHARS)}…` : nested;
    return html`<td class="${numeric ? "num" : ""} ${KIND_CLASS[shown.kind]}" title=${text.length > 28 ? text : nothing}>${text}${shown.tail ? html`<mark class="space">␣</mark>` : nothing}</td>`;
  }

  #open() {
    this.more = true;
    this.requestUpdate();
  }
  #swap() {
    this.opened = true;
    this.chart = !this.chart;
    this.requestUpdate();
  }
  #chartPart() {
    return /** @type {import("../query/chart_view.js").SopChart | null} */ (this.querySelector("sop-chart"));
  }

  updated() {
    const chart = this.#chartPart();
    const { call, columns } = this;
    if (!chart || !call || !columns || chart.rows) return;
    const rows = new ResultRows();
    rows.add((call.rows ?? []).map((row) => stringify(row)));
    chart.open(rows, columns);
    const wish = call.chart;
    if (wish && typeof wish === "object") {
      const find = (/** @type {any} */ name) => columns.findIndex((column) => column.name === name);
      if (typeof wish.kind === "string") chart.take(/** @type {any} */ (wish.kind));
      const y = find(Array.isArray(wish.y) ? wish.y[0] : wish.y);
      const x = find(wish.x);
      if (y >= 0 && chart.kinds[y] === "number") chart.takeColumn("y", y);
      if (x >= 0 && x !== chart.choice?.y) chart.takeColumn("x", x);
    }
    this.requestUpdate();
  }
}

customElements.define("sop-result", SopResult);
