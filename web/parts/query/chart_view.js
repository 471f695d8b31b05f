// The chart of a result, drawn to the size that it has. Each mark says its value; the whole says itself in words.

import { count } from "../../core/format.js";
import { barChart, choices, columnKinds, inWords, pointChart } from "../../model/query/chart.js";
import { t } from "../../strings/query.js";
import { html, nothing, svg } from "../../vendor/lit.js";
import { Part, icon } from "../dom.js";

const MOST_ROWS = 20_000;
const FORMS = { bar: t("shared.bar"), line: t("shared.line"), scatter: t("query.scatter") };

/** @typedef {import("../../model/query/chart.js").Choice} Choice */

export class SopChart extends Part {
  constructor() {
    super();
    /** @type {import("../../model/query/result_rows.js").ResultRows | undefined} */
    this.rows = undefined;
    /** @type {{label: string}[]} */
    this.columns = [];
    /** @type {import("../../model/query/chart.js").Kind[]} */
    this.kinds = [];
    /** @type {Choice[]} */
    this.choices = [];
    /** @type {Choice | undefined} */
    this.choice = undefined;
    this.size = { width: 0, height: 0 };
    /** What is left out. */
    this.note = "";
  }

  connectedCallback() {
    super.connectedCallback();
    this.watch = new ResizeObserver(() => this.#measure());
    this.watch.observe(this);
  }
  disconnectedCallback() {
    super.disconnectedCallback();
    this.watch?.disconnect();
  }

  /** Shows a result; the choice of before stays where it still fits. @param {import("../../model/query/result_rows.js").ResultRows} rows @param {{label: string}[]} columns */
  open(rows, columns) {
    const before = this.choice;
    const names = columns.map((one) => one.label);
    const same = names.join("\u0000") === this.columns.map((one) => one.label).join("\u0000");
    this.rows = rows;
    this.columns = columns;
    this.kinds = columnKinds(columns.length, rows.values(0, 1000));
    this.choices = choices(this.kinds, names);
    this.choice = (same && before && this.kinds[before.y] === "number" ? before : undefined) ?? this.choices[0];
    this.#say();
  }

  #say() {
    this.requestUpdate();
    this.dispatchEvent(new CustomEvent("choice"));
  }

  /** @param {Choice["form"]} form */
  take(form) {
    const found = this.choices.find((one) => one.form === form);
    if (!found) return;
    this.choice = { ...found, y: this.choice && this.kinds[this.choice.y] === "number" && this.choice.y !== found.x ? this.choice.y : found.y };
    this.#say();
  }

  /** @param {"x" | "y"} axis @param {number} column */
  takeColumn(axis, column) {
    if (!this.choice) return;
    this.choice = { ...this.choice, [axis]: column };
    this.#say();
  }

  #measure() {
    const host = this.querySelector(".chart-host");
    const { width = 0, height = 0 } = host?.getBoundingClientRect() ?? {};
    if (Math.abs(width - this.size.width) < 1 && Math.abs(height - this.size.height) < 1) return;
    this.size = { width: Math.floor(width), height: Math.floor(height) };
    this.requestUpdate();
  }

  updated() {
    this.#measure();
  }

  /** The choices beside the chart's name. */
  controls() {
    const { choice } = this;
    if (!choice) return nothing;
    const figures = this.kinds.flatMap((kind, at) => (kind === "number" ? [at] : []));
    const labels = this.columns.map((_, at) => at).filter((at) => at !== choice.y && (choice.form === "bar" || this.kinds[at] === "number" || this.kinds[at] === "date"));
    const select = (/** @type {"x" | "y"} */ axis, /** @type {number[]} */ list, /** @type {string} */ label) => (list.length > 1
      ? html`<select class="field s" aria-label=${label} @change=${(/** @type {any} */ event) => this.takeColumn(axis, Number(event.target.value))}>${list.map((at) => html`<option value=${at} ?selected=${at === choice[axis]}>${this.columns[at].label}</option>`)}</select>` : nothing);
    const forms = [...new Set(this.choices.map((one) => one.form))];
    return html`${select("y", figures.filter((at) => at !== choice.x), t("query.figure"))}${select("x", labels, choice.form === "bar" ? t("query.label") : t("query.along"))}
      <div class="choice" role="group" aria-label=${t("query.kind_of_chart")}>${forms.map((form) => html`<button aria-pressed=${String(form === choice.form)} @click=${() => this.take(form)}>${FORMS[form]}</button>`)}</div>`;
  }

  render() {
    const { choice, rows } = this;
    if (!rows) return html`<div class="nothing">${icon("chart")}<p>${t("query.what_a_statement_gives_is_drawn_here")}</p></div>`;
    if (!choice) return html`<div class="nothing">${icon("chart")}<h2>${t("query.nothing_to_draw")}</h2><p>${t("query.a_chart_needs_a_column_of_numbers")}</p></div>`;
    const { width, height } = this.size;
    const total = rows.count;
    if (width < 40 || height < 40) return html`<div class="chart-host"></div>`;
    const made = choice.form === "bar" ? this.#bars(rows, choice, width, height) : this.#points(rows, choice, width, height);
    const note = made.shown < total ? t("query.shown_of_total_rows", { shown: count(made.shown), total: count(total) }) : "";
    if (note !== this.note) {
      this.note = note;
      queueMicrotask(() => this.dispatchEvent(new CustomEvent("choice")));
    }
    const words = inWords(choice.form, this.columns[choice.x]?.label ?? "", this.columns[choice.y].label, made.shown, total);
    return html`<div class="chart-host"><svg class="chart" viewBox="0 0 ${width} ${height}" width=${width} height=${height} role="img" aria-label=${words}>${made.marks}</svg></div>`;
  }

  /** @param {import("../../model/query/result_rows.js").ResultRows} rows @param {Choice} choice @param {number} width @param {number} height */
  #bars(rows, choice, width, height) {
    const chart = barChart(rows.values(0, Math.min(MOST_ROWS, Math.ceil(height / 12))), choice, { width, height });
    return {
      shown: chart.shown,
      marks: chart.bars.map((bar) => svg`<g><title>${bar.whole}: ${bar.text}</title><text x=${chart.left - 8} y=${bar.y + bar.height / 2 + 3.5} text-anchor="end">${bar.label}</text><rect class=${bar.best ? "lit" : ""} x=${bar.x} y=${bar.y} width=${bar.width} height=${bar.height} rx="1.5"></rect><text class="figure" x=${bar.x + bar.width + 6} y=${bar.y + bar.height / 2 + 3.5}>${bar.text}</text></g>`),
    };
  }

  /** @param {import("../../model/query/result_rows.js").ResultRows} rows @param {Choice} choice @param {number} width @param {number} height */
  #points(rows, choice, width, height) {
    const chart = pointChart(rows.values(0, MOST_ROWS), choice, { width, height, dates: choice.x >= 0 && this.kinds[choice.x] === "date" });
    const { box } = chart;
    const line = choice.form === "line" ? [...chart.points].sort((a, b) => a.order - b.order) : [];
    const path = line.map((point, at) => `${at ? "L" : "M"}${point.x.toFixed(1)} ${point.y.toFixed(1)}`).join("");
    const dots = choice.form === "scatter" || chart.points.length <= 60;
    return {
      shown: chart.shown,
      marks: svg`${chart.yTicks.map((tick) => svg`<line class="rule" x1=${box.left} x2=${box.right} y1=${tick.y} y2=${tick.y}></line><text x=${box.left - 6} y=${tick.y + 3.5} text-anchor="end">${tick.text}</text>`)}
        ${chart.xTicks.map((tick) => svg`<line class="tick" x1=${tick.x} x2=${tick.x} y1=${box.bottom} y2=${box.bottom + 4}></line><text x=${tick.x} y=${box.bottom + 15} text-anchor=${tick.x > box.right - 20 ? "end" : "middle"}>${tick.text}</text>`)}
        ${path ? svg`<path class="line" d=${path}></path>` : nothing}
        ${dots ? chart.points.map((point) => svg`<circle class=${choice.form === "line" ? "on" : ""} cx=${point.x} cy=${point.y} r=${choice.form === "line" ? 2 : 2.5}><title>${point.label}: ${point.text}</title></circle>`) : nothing}`,
    };
  }
}

customElements.define("sop-chart", SopChart);
