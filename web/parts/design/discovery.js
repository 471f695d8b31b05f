// What the items of a store show: fields with their kinds, ranges and frequent values, likely relations, and one press
// that declares the schema.

import { count, percent } from "../../core/format.js";
import { stringify } from "../../core/json.js";
import { LOOK, candidates, confirms, fieldsFound, measurable, rangesOf, rangesSql, schemaFound, topSql } from "../../model/design/discover.js";
import { t } from "../../strings/design.js";
import { html, nothing } from "../../vendor/lit.js";
import { icon } from "../dom.js";
import { lookText } from "./store_form.js";
import { look } from "./store_pane.js";

const LIMIT_MS = 8_000;
const MOST_CANDIDATES = 12;
const MOST_CHARS = 28;

/** Reads what a store shows, once. */
export class Discovery {
  /** @param {import("../context.js").Context} app @param {string} store @param {() => void} draw */
  constructor(app, store, draw) {
    this.session = app.session;
    this.store = store;
    this.draw = draw;
    /** @type {import("../../model/design/discover.js").Found[] | undefined} */
    this.fields = undefined;
    this.fault = "";
    this.looked = 0;
    /** @type {Map<string, {least: unknown, most: unknown, different: number}>} */
    this.ranges = new Map();
    this.rangeFault = "";
    /** @type {Map<string, {value: unknown, n: number}[] | "waiting">} */
    this.top = new Map();
    /** @type {{relation: import("../../model/design/definition.js").Relation, found: {looked: number, found: number, lost?: unknown}}[]} */
    this.likely = [];
    this.searching = true;
    void this.#read();
  }

  async #read() {
    const { session, store } = this;
    try {
      const whole = await session.api.get(session.path("stores", store));
      this.fields = fieldsFound(whole);
      this.draw();
      const names = measurable(this.fields);
      if (names.length && Number(whole.count)) {
        const answer = await session.api.post(session.path("query"), { sql: rangesSql(store, names), timeout_ms: LIMIT_MS });
        const found = rangesOf(answer.rows[0], names);
        this.looked = found.looked;
        this.ranges = found.by;
        this.draw();
      }
      await this.#relations(whole);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (this.fields) this.rangeFault = text;
      else this.fault = text;
    }
    this.searching = false;
    this.draw();
  }

  /** @param {any} whole */
  async #relations(whole) {
    if (!Number(whole.count)) return;
    for (const relation of candidates(whole, this.session.stores).slice(0, MOST_CANDIDATES)) {
      const found = await look(this.session, this.store, relation);
      if ("fault" in found || !confirms(found)) continue;
      this.likely.push({ relation, found });
      this.draw();
    }
  }

  /** Reads the frequent values of a field, or puts them away. @param {string} field */
  async toggle(field) {
    if (this.top.has(field)) {
      this.top.delete(field);
      return this.draw();
    }
    this.top.set(field, "waiting");
    this.draw();
    try {
      const answer = await this.session.api.post(this.session.path("query"), { sql: topSql(this.store, field), timeout_ms: LIMIT_MS });
      if (this.top.has(field)) this.top.set(field, answer.rows.map((/** @type {any[]} */ [value, n]) => ({ value, n: Number(n) })));
    } catch (error) {
      this.top.delete(field);
      this.session.fail(error, field);
    }
    this.draw();
  }
}

/** A value on one line. @param {unknown} value */
function short(value) {
  const text = typeof value === "string" ? value : stringify(value);
  return text.length > MOST_CHARS ? `${text.slice(0, MOST_CHARS - 1)}…` : text || '""';
}

/** @param {import("./store_pane.js").SopStorePane} pane @param {Discovery} seen */
export function discovery(pane, seen) {
  const { known, draft } = pane;
  const total = Number(known?.count ?? 0);
  if (seen.fault) return html`<div class="nothing">${icon("warning")}<h2>${t("design.the_items_cannot_be_read")}</h2><p>${seen.fault}</p></div>`;
  if (!seen.fields) return nothing;
  if (!total) return html`<div class="nothing">${icon("chart")}<h2>${t("design.no_items_yet")}</h2><p>${t("design.when_there_are_some")}</p></div>`;
  const proposed = seen.likely.filter(({ relation }) => !draft.relations.some((one) => one.target_store === relation.target_store && one.source_fields.join() === relation.source_fields.join()));
  const top = schemaFound(seen.fields);
  return html`<div class="section"><h3>${t("shared.fields")} <span class="small dim">${t("design.counted_in_all_items", { n: count(total) })}</span><span class="end">${known?.schema?.declared ? html`<span class="small good">${icon("check", true)} ${t("design.declared")}</span>` : html`<button class="button s main" ?disabled=${!top.length || pane.session.readOnly !== undefined} @click=${() => declare(pane, top)}>${t("design.declare_this_schema")}</button>`}</span></h3>
      ${seen.fields.length ? html`<ul class="found-fields">${seen.fields.map((field) => one(seen, field, total))}</ul>` : html`<p class="small dim">${t("design.values_are_not_objects")}</p>`}
      ${seen.looked ? html`<p class="small dim">${seen.looked < total ? t("design.ranges_and_frequent_values", { looked: count(seen.looked) }) : t("design.ranges_and_frequent_values_from_all_items")}</p>` : seen.rangeFault ? html`<p class="small fail">${t("design.ranges_message", { message: seen.rangeFault })}</p>` : nothing}</div>
    <div class="section"><h3>${t("design.likely_relations")} <span class="small dim">${t("design.by_name_and_values")}</span></h3>${proposed.length ? html`<ul class="relation-list">${proposed.map(({ relation, found }) => html`<li><div class="relation-line">${icon("to", true)}<code class="cut">${relation.source_fields[0]}</code><span class="dim">${t("design.to_within")}</span><span class="cut">${relation.target_store}</span><code class="dim cut">${relation.target_fields[0]}</code><span class="grow"></span><button class="button s" aria-label=${t("design.add_the_relation_to", { store: relation.target_store })} ?disabled=${pane.session.readOnly !== undefined} @click=${() => pane.change((draft_) => { draft_.relations.push(relation); })}>${icon("plus", true)}${t("design.add")}</button></div><p class="looked small">${lookText(found, relation.target_store)}</p></li>`)}</ul>` : html`<p class="small dim">${seen.searching ? t("design.looking") : t("design.none_that_are_not_there_already")}</p>`}</div>
    ${pane.design.changed(pane.store) ? html`<div class="section"><h3>${icon("edit", true)} ${t("design.the_draft_has_changes")}<span class="end"><button class="button s main" data-command="review-design">${t("shared.review")}</button></span></h3></div>` : nothing}`;
}

/** @param {Discovery} seen @param {import("../../model/design/discover.js").Found} field @param {number} total */
function one(seen, field, total) {
  const range = seen.ranges.get(field.name);
  const shares = [...(field.missing ? [t("design.missing_in", { share: percent(field.missing, total) })] : []), ...(field.nulls ? [t("design.null_in", { share: percent(field.nulls, total) })] : [])];
  const values = seen.top.get(field.name);
  const mixed = field.kinds.length > 1;
  return html`<li class=${field.nested ? "nested" : ""}><div class="found-head"><code class="cut">${field.name}</code>${field.kinds.map((kind) => html`<span class="type ${mixed ? "held" : ""}" title=${t("shared.n_items", { n: Number(kind.count) })}>${kind.kind}${mixed ? ` ${percent(kind.count, Math.max(1, field.count))}` : ""}</span>`)}<span class="small ${shares.length ? "held" : "dim"} end">${shares.length ? shares.join(", ") : t("design.in_every_item")}</span></div>
    ${range ? html`<div class="found-range small"><span class="dim cut">${range.different === 0 ? t("design.only_null") : range.different === 1 ? html`${t("design.always_least", { least: short(range.least) })}` : html`${short(range.least)} <span class="dim">${t("design.to_within")}</span> ${short(range.most)}`}</span>${range.different > 1 ? html`<button class="button s quiet end" aria-expanded=${String(values !== undefined)} @click=${() => seen.toggle(field.name)}>${t("design.n_different", { n: count(range.different) })}<span class="unseen"> ${t("design.values_of_field", { field: field.name })}</span>${icon(values ? "down" : "right", true)}</button>` : nothing}</div>` : nothing}
    ${Array.isArray(values) ? html`<ol class="top-values">${values.map((each) => html`<li><span class="cut data">${short(each.value)}</span><span class="dim">${count(each.n)}</span><svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="filled" width=${Math.max(1, (100 * each.n) / Math.max(1, seen.looked || LOOK))} height="4"></rect></svg></li>`)}</ol>` : nothing}</li>`;
}

/** @param {import("./store_pane.js").SopStorePane} pane @param {{name: string, type: string, required: boolean}[]} fields */
function declare(pane, fields) {
  pane.change((draft) => {
    draft.declared = true;
    draft.schema = fields;
  });
  pane.design.review();
}
