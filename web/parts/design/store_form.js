// The form of a store: key, order, value, relations, storage, a first item. Every section says what it does in a line,
// and what is held says why.

import { count } from "../../core/format.js";
import { parse, stringify } from "../../core/json.js";
import { keyText } from "../../core/keys.js";
import { FIELD_TYPES, KEY_TYPES, keyOf, seedFault, seedOf, slotAdvice } from "../../model/design/definition.js";
import { NEW } from "../../model/design/drafts.js";
import { t } from "../../strings/design.js";
import { html, nothing } from "../../vendor/lit.js";
import { icon } from "../dom.js";
import { grip } from "./reorder.js";

/** @typedef {import("./store_pane.js").SopStorePane} Pane */
/** @typedef {import("../../model/design/definition.js").Draft} Draft */

const CEL_HINTS = {
  compare: t("design.an_int_below"),
  sort_key: t("design.what_keys_are_sorted_by"),
};

/** @param {any} event @returns {string} */
const textOf = (event) => event.target.value;

/** @param {Pane} pane @param {{structure?: string, order?: string, meta?: string}} locks */
export function storeForm(pane, locks) {
  const { draft } = pane;
  const faults = pane.design.changed(pane.store) ? pane.design.faults(pane.store) : {};
  const order = locks.order !== undefined && !pane.reordering;
  return html`${about(pane, draft, locks.meta, faults)}${key(pane, draft, locks, order, faults)}${schema(pane, draft, locks.meta, faults)}${relations(pane, draft, locks.meta, faults)}${storage(pane, draft, locks, faults)}${pane.known ? nothing : seed(pane, draft)}`;
}

/** Why something is held. @param {string | undefined} why */
function held(why) {
  return why ? html`<p class="held-why">${icon("lock", true)}<span>${why}</span></p>` : nothing;
}

/** @param {{[place: string]: string}} faults @param {string} place */
function wrong(faults, place) {
  return faults[place] ? html`<span class="hint fail" id="fault-${place}">${faults[place]}</span>` : nothing;
}

/** @param {Pane} pane @param {Draft} draft @param {string | undefined} lock @param {{[place: string]: string}} faults */
function about(pane, draft, lock, faults) {
  return html`<div class="section form tight">${pane.store === NEW ? html`<label class=${faults.name ? "wrong" : ""}>${t("shared.name")}<span class="field"><input aria-label=${t("shared.name")} autocomplete="off" spellcheck="false" maxlength="128" aria-describedby=${faults.name ? "fault-name" : nothing} .value=${draft.name} @input=${(/** @type {any} */ event) => pane.change((one) => { one.name = textOf(event); })}></span>${wrong(faults, "name")}</label>` : nothing}
    <label>${t("shared.description")}<span class="field"><input autocomplete="off" placeholder=${t("design.for_people")} ?disabled=${lock !== undefined} .value=${draft.description} @input=${(/** @type {any} */ event) => pane.change((one) => { one.description = textOf(event); })}></span></label></div>`;
}

/** @param {string} label @param {string} value @param {string[]} types @param {boolean} disabled @param {(type: string) => void} set */
function typeSelect(label, value, types, disabled, set) {
  const list = types.includes(value) ? types : [value, ...types];
  return html`<select class="field bare type" aria-label=${label} ?disabled=${disabled} .value=${value} @change=${(/** @type {any} */ event) => set(textOf(event))}>${list.map((one) => html`<option value=${one} ?selected=${one === value}>${one}</option>`)}</select>`;
}

/** @param {string} label @param {string} value @param {boolean} disabled @param {(name: string) => void} set */
function nameInput(label, value, disabled, set) {
  return html`<input class="bare data" aria-label=${label} placeholder=${t("design.name_within")} autocomplete="off" spellcheck="false" ?disabled=${disabled} .value=${value} @input=${(/** @type {any} */ event) => set(textOf(event))}>`;
}

/** @param {string} label @param {boolean} disabled @param {() => void} run */
function remove(label, disabled, run) {
  return html`<button type="button" class="button only s quiet" aria-label=${t("shared.remove_name", { name: label })} ?disabled=${disabled} @click=${run}>${icon("x", true)}</button>`;
}

/** @param {Pane} pane @param {Draft} draft @param {{structure?: string, order?: string}} locks @param {boolean} fixed @param {{[place: string]: string}} faults */
function key(pane, draft, locks, fixed, faults) {
  const structure = locks.structure !== undefined;
  const items = locks.order !== undefined;
  const add = (/** @type {string} */ where) => () => pane.change((one) => {
    if (where === "ride") one.ride_on.push({ name: "", type: "string" });
    else one.fields.push({ name: "", type: "string", order: "asc" });
  });
  const readOnly = pane.session.readOnly !== undefined;
  return html`<div class="section"><h3>${t("shared.key")} <label class="tick"><input type="checkbox" ?disabled=${structure} .checked=${draft.unique} @change=${(/** @type {any} */ event) => pane.change((one) => { one.unique = event.target.checked; })}> ${t("design.unique")}</label><span class="end">${draft.composite && !items ? html`<button class="button s quiet" @click=${add("field")}>${icon("plus", true)}${t("shared.field")}</button>` : nothing}
      ${items && fixed && !readOnly ? html`<button class="button s quiet" @click=${() => { pane.reordering = true; pane.requestUpdate(); }}>${icon("edit", true)}${t("design.change_the_order")}</button>` : nothing}</span></h3>
    ${items ? nothing : html`<div class="choice key-choice" role="radiogroup" aria-label=${t("shared.key")}><button type="button" role="radio" aria-checked=${String(!draft.composite)} @click=${() => pane.change((one) => { one.composite = false; })}>${t("design.one_value")}</button><button type="button" role="radio" aria-checked=${String(draft.composite)} @click=${() => pane.change((one) => { one.composite = true; })}>${t("design.named_fields")}</button></div>`}
    ${draft.composite ? html`<table class="lines-table"><thead><tr><th class="c-grip"><span class="unseen">${t("design.move")}</span></th><th scope="col">${t("shared.field")}</th><th class="c-type" scope="col">${t("shared.type")}</th><th class="c-order" scope="col">${t("design.order")}</th><th class="c-x"><span class="unseen">${t("shared.remove")}</span></th></tr></thead><tbody>
      ${draft.fields.map((field, index) => html`<tr data-move="fields"><td>${grip(pane, "fields", index, field.name || t("design.field_number", { number: index + 1 }), fixed)}</td><td class="data">${nameInput(t("design.name_of_key_field", { index: index + 1 }), field.name, items, (name) => pane.change((one) => { one.fields[index].name = name; }))}</td><td>${typeSelect(t("shared.type_of_field", { field: field.name || t("design.key_field_index", { index: index + 1 }) }), field.type, KEY_TYPES, fixed, (type) => pane.change((one) => { one.fields[index].type = type; }))}</td>
        <td><button type="button" class="button s quiet" ?disabled=${fixed} aria-label=${field.order === "asc" ? t("design.order_of_field_rising", { field: field.name || t("design.key_field_index", { index: index + 1 }) }) : t("design.order_of_field_falling", { field: field.name || t("design.key_field_index", { index: index + 1 }) })} @click=${() => pane.change((one) => { one.fields[index].order = field.order === "asc" ? "desc" : "asc"; })}>${icon(field.order, true)}${field.order === "asc" ? t("design.rising") : t("design.falling")}</button></td><td>${remove(field.name || t("design.key_field_index", { index: index + 1 }), items || draft.fields.length === 1, () => pane.change((one) => { one.fields.splice(index, 1); }))}</td></tr>`)}
      </tbody></table>${wrong(faults, "key")}${rideOn(pane, draft, items, add("ride"))}${expression(pane, draft, fixed, faults)}`
    : html`<div class="one-value">${typeSelect(t("design.type_of_the_key"), draft.type, KEY_TYPES, items, (type) => pane.change((one) => { one.type = type; }))}<span class="small dim">${t("design.rising_named_fields_can_fall_ride_along")}</span></div>`}
    ${fixed ? held(locks.order) : items ? held(t("design.every_item_is_checked_against_the_new")) : nothing}</div>`;
}

/** @param {Pane} pane @param {Draft} draft @param {boolean} fixed @param {() => void} add */
function rideOn(pane, draft, fixed, add) {
  if (fixed && !draft.ride_on.length) return nothing;
  return html`<h4>${t("design.ride_on_fields")} <span class="dim small">${t("design.travel_with_the_key")}</span>${fixed ? nothing : html`<span class="end"><button class="button s quiet" aria-label=${t("design.add_a_ride_on_field")} @click=${add}>${icon("plus", true)}${t("shared.field")}</button></span>`}</h4>
    ${draft.ride_on.length ? html`<table class="lines-table" aria-label=${t("design.ride_on_fields")}><tbody>${draft.ride_on.map((field, index) => html`<tr data-move="ride_on"><td class="c-grip">${grip(pane, "ride_on", index, field.name || t("design.ride_on_field_index", { index: index + 1 }), fixed)}</td><td class="data">${nameInput(t("design.name_of_ride_on_field", { index: index + 1 }), field.name, fixed, (name) => pane.change((one) => { one.ride_on[index].name = name; }))}</td><td class="c-type">${typeSelect(t("shared.type_of_field", { field: field.name || t("design.ride_on_field_index", { index: index + 1 }) }), field.type, KEY_TYPES, fixed, (type) => pane.change((one) => { one.ride_on[index].type = type; }))}</td><td class="c-order"></td><td class="c-x">${remove(field.name || t("design.ride_on_field_index", { index: index + 1 }), fixed, () => pane.change((one) => { one.ride_on.splice(index, 1); }))}</td></tr>`)}</tbody></table>` : nothing}`;
}

/** @param {Pane} pane @param {Draft} draft @param {boolean} fixed @param {{[place: string]: string}} faults */
function expression(pane, draft, fixed, faults) {
  const kinds = /** @type {["" | "compare" | "sort_key", string][]} */ ([["", t("shared.fields")], ["sort_key", t("design.sort_key")], ["compare", t("design.comparer")]]);
  return html`<h4>${t("design.ordered_by")}</h4><div class="choice" role="radiogroup" aria-label=${t("design.ordered_by")}>${kinds.map(([kind, name]) => html`<button type="button" role="radio" aria-checked=${String(draft.orderBy === kind)} ?disabled=${fixed} @click=${() => pane.change((one) => { one.orderBy = kind; })}>${name}</button>`)}</div>
    ${draft.orderBy ? html`<div class="cel"><textarea class="field data" rows="3" spellcheck="false" aria-label=${t("design.cel_expression")} aria-invalid=${String(pane.cel.verdict?.valid === false)} aria-describedby="cel-verdict" placeholder=${CEL_HINTS[draft.orderBy]} ?disabled=${fixed} .value=${draft.expression} @input=${(/** @type {any} */ event) => pane.change((one) => { one.expression = textOf(event); })}></textarea>${wrong(faults, "cel")}${verdict(pane, draft)}</div>` : nothing}`;
}

/** What the engine says of the expression. @param {Pane} pane @param {Draft} draft */
function verdict(pane, draft) {
  const { verdict: found, fault } = pane.cel;
  if (fault) return html`<p class="small fail" id="cel-verdict" role="status">${fault}</p>`;
  if (!found) return html`<p class="small dim" id="cel-verdict" role="status">${CEL_HINTS[/** @type {"compare" | "sort_key"} */ (draft.orderBy)]}</p>`;
  if (!found.valid) {
    const { error } = found;
    const line = error.line ? draft.expression.split("\n")[error.line - 1] : undefined;
    return html`<div class="cel-fault" id="cel-verdict" role="status">${icon("warning", true)}<div><p class="fail">${error.detail}</p>${line === undefined ? nothing : html`<pre>${line.slice(0, 80)}\n${" ".repeat(Math.min(80, Math.max(0, error.column - 1)))}^</pre>`}
      ${error.suggestions?.length ? html`<p>${error.suggestions.map((/** @type {string} */ name) => html`<button class="button s" @click=${() => useName(pane, error, name)}>${t("shared.use_name", { name })}</button> `)}</p>` : nothing}</div></div>`;
  }
  const { sample, comparisons } = found;
  const spec = /** @type {any} */ (keyOf(draft));
  const [pair] = comparisons;
  const says = /** @type {{[result: string]: string}} */ ({ before: t("design.x_comes_before_y"), after: t("design.y_comes_before_x"), same: t("design.it_is_the_same_key") });
  return html`<div id="cel-verdict" role="status"><p class="small ${sample?.error ? "fail" : "good"}">${icon(sample?.error ? "warning" : "check", true)} ${sample?.error ?? (sample ? sample.same_order ? t("design.orders_tried_keys_of_known", { tried: count(sample.tried), known: pane.known?.name }) : t("design.orders_keys_of_anew", { tried: count(sample.tried), known: pane.known?.name }) : t("design.compiles_and_fits_the_key"))}</p>
    ${sample?.keys?.length && !sample.error ? html`<ol class="cel-order" aria-label=${t("design.first_keys_in_this_order")}>${sample.keys.slice(0, 6).map((/** @type {any} */ one) => html`<li class="data cut">${keyText(spec, one)}</li>`)}</ol>` : nothing}</div>
    <div class="pair"><label>${t("design.key_x")}<span class="field"><input class="data" spellcheck="false" autocomplete="off" aria-label=${t("design.first_key_to_compare")} placeholder=${stringify(seedOf(draft).key)} .value=${pane.pair[0]} @input=${(/** @type {any} */ event) => { pane.pair = [textOf(event), pane.pair[1]]; pane.requestUpdate(); }}></span></label><label>${t("design.key_y")}<span class="field"><input class="data" spellcheck="false" autocomplete="off" aria-label=${t("design.second_key_to_compare")} .value=${pane.pair[1]} @input=${(/** @type {any} */ event) => { pane.pair = [pane.pair[0], textOf(event)]; pane.requestUpdate(); }}></span></label>
      <p class="small ${pair?.error ? "fail" : "dim"}" role="status">${pair ? (pair.error ?? says[pair.result]) : t("design.two_keys_as_json_show_which_comes")}</p></div>`;
}

/** @param {Pane} pane @param {any} error @param {string} name */
function useName(pane, error, name) {
  const wrongName = /no field "([^"]+)"/.exec(error.detail)?.[1];
  if (wrongName) pane.change((one) => { one.expression = one.expression.replaceAll(`.${wrongName}`, `.${name}`); });
}

/** @param {Pane} pane @param {Draft} draft @param {string | undefined} lock @param {{[place: string]: string}} faults */
function schema(pane, draft, lock, faults) {
  const fixed = lock !== undefined;
  const add = () => pane.change((one) => {
    // A field of a new store is meant to be kept to.
    if (!pane.known && !one.schema.length) one.declared = true;
    one.schema.push({ name: "", type: "string", required: false });
  });
  return html`<div class="section"><h3>${t("shared.value")} <label class="tick"><input type="checkbox" ?disabled=${fixed} .checked=${draft.declared} @change=${(/** @type {any} */ event) => pane.change((one) => { one.declared = event.target.checked; })}> ${t("design.checked_on_every_write")}</label><span class="end">${fixed ? nothing : html`<button class="button s quiet" aria-label=${t("design.add_a_field_of_the_value")} @click=${add}>${icon("plus", true)}${t("shared.field")}</button>`}</span></h3>
    ${draft.schema.length ? html`<table class="lines-table"><thead><tr><th class="c-grip"><span class="unseen">${t("design.move")}</span></th><th scope="col">${t("shared.field")}</th><th class="c-type" scope="col">${t("shared.type")}</th><th class="c-tick" scope="col">${t("design.required")}</th><th class="c-x"><span class="unseen">${t("shared.remove")}</span></th></tr></thead><tbody>
      ${draft.schema.map((field, index) => html`<tr data-move="schema"><td>${grip(pane, "schema", index, field.name || t("design.field_number", { number: index + 1 }), fixed)}</td><td class="data">${nameInput(t("design.name_of_value_field", { index: index + 1 }), field.name, fixed, (name) => pane.change((one) => { one.schema[index].name = name; }))}</td><td>${typeSelect(t("shared.type_of_field", { field: field.name || t("design.value_field_index", { index: index + 1 }) }), field.type, FIELD_TYPES, fixed, (type) => pane.change((one) => { one.schema[index].type = type; }))}</td><td><input type="checkbox" aria-label=${t("design.field_required", { field: field.name || t("design.value_field_capital", { index: index + 1 }) })} ?disabled=${fixed || !draft.declared} .checked=${draft.declared && field.required} @change=${(/** @type {any} */ event) => pane.change((one) => { one.schema[index].required = event.target.checked; })}></td><td>${remove(field.name || t("design.value_field_index", { index: index + 1 }), fixed, () => pane.change((one) => { one.schema.splice(index, 1); }))}</td></tr>`)}</tbody></table>`
    : html`<p class="small dim">${pane.known && Number(pane.known.count) ? html`${t("design.nothing_is_declared")} <button class="button s quiet" @click=${() => pane.design.go(pane.store, "items")}>${icon("chart", true)}${t("design.see_what_the_items_show")}</button>` : draft.declared ? t("design.no_fields_yet") : t("design.nothing_is_declared")}</p>`}${wrong(faults, "schema")}</div>`;
}

/** Names of the fields of a store. @param {any} store @returns {string[]} */
export function fieldNames(store) {
  if (!store) return [];
  const key = store.key?.fields?.length ? store.key.fields.map((/** @type {any} */ one) => one.name) : ["key"];
  return [...new Set([...key, ...(store.key?.ride_on ?? []).map((/** @type {any} */ one) => one.name), ...(store.schema?.fields ?? []).map((/** @type {any} */ one) => one.name)])];
}

/** Names of the fields of a draft, with those that the items show. @param {Pane} pane @param {Draft} draft */
function ownFields(pane, draft) {
  return [...new Set([...(draft.composite ? draft.fields : [{ name: "key" }]).map((one) => one.name), ...draft.ride_on.map((one) => one.name), ...draft.schema.map((one) => one.name), ...fieldNames(pane.known)])].filter(Boolean);
}

/** @param {Pane} pane @param {Draft} draft @param {string | undefined} lock @param {{[place: string]: string}} faults */
function relations(pane, draft, lock, faults) {
  const fixed = lock !== undefined;
  const { stores } = pane.session;
  const own = ownFields(pane, draft);
  const add = () => pane.change((one) => { one.relations.push({ source_fields: [own[0] ?? ""], target_store: "", target_fields: [""] }); });
  const pick = (/** @type {string} */ label, /** @type {string} */ value, /** @type {string[]} */ list, /** @type {(text: string) => void} */ set) => html`<select class="field s" aria-label=${label} ?disabled=${fixed} .value=${value} @change=${(/** @type {any} */ event) => set(textOf(event))}><option value="" ?selected=${!value} disabled>${t("shared.choose")}</option>${(list.includes(value) || !value ? list : [value, ...list]).map((one) => html`<option value=${one} ?selected=${one === value}>${one}</option>`)}</select>`;
  return html`<div class="section"><h3>${t("shared.relations")}<span class="end">${fixed ? nothing : html`<button class="button s quiet" ?disabled=${!stores.length} @click=${add}>${icon("plus", true)}${t("design.relation")}</button>`}</span></h3>
    ${draft.relations.length ? html`<ul class="relation-list">${draft.relations.map((relation, index) => {
      const target = stores.find((one) => one.name === relation.target_store);
      const theirs = relation.target_store === draft.name.trim() && !target ? own : fieldNames(target);
      return html`<li aria-label=${t("design.relation_index", { index: index + 1 })}>${relation.source_fields.map((field, at) => html`<div class="relation-row">${icon("to", true)}${pick(t("design.field_of_relation_index", { index: index + 1 }), field, own, (name) => pane.change((one) => { one.relations[index].source_fields[at] = name; }))}<span class="dim">${t("design.to_within")}</span>${at === 0
        ? pick(t("design.store_of_relation_index", { index: index + 1 }), relation.target_store, stores.map((one) => one.name), (name) => pane.change((one) => {
          const [first] = fieldNames(stores.find((each) => each.name === name));
          one.relations[index] = { source_fields: one.relations[index].source_fields, target_store: name, target_fields: one.relations[index].source_fields.map((_, n) => (n === 0 ? (first ?? "") : (fieldNames(stores.find((each) => each.name === name))[n] ?? ""))) };
        }))
        : html`<span class="dim cut">${relation.target_store}</span>`}${pick(t("design.target_field_of_relation", { index: index + 1 }), relation.target_fields[at] ?? "", theirs, (name) => pane.change((one) => { one.relations[index].target_fields[at] = name; }))}${at === 0 ? remove(t("design.relation_to", { store: relation.target_store || t("design.a_store") }), fixed, () => pane.change((one) => { one.relations.splice(index, 1); })) : remove(t("design.this_pair"), fixed, () => pane.change((one) => { one.relations[index].source_fields.splice(at, 1); one.relations[index].target_fields.splice(at, 1); }))}</div>`)}${looked(pane, relation)}</li>`;
    })}</ul>` : html`<p class="small dim">${t("design.none_a_relation_lets_rows_show")}</p>`}${wrong(faults, "relations")}</div>`;
}

/** How many values find their target. @param {Pane} pane @param {import("../../model/design/definition.js").Relation} relation */
function looked(pane, relation) {
  const found = pane.looks.get(stringify(relation));
  if (found === undefined || found === "waiting") return html`<p class="looked small dim">${found ? t("design.looking") : "\u00a0"}</p>`;
  if ("fault" in found) return html`<p class="looked small fail">${found.fault}</p>`;
  return html`<p class="looked small">${lookText(found, relation.target_store)}</p>`;
}

/** @param {{looked: number, found: number, lost?: unknown}} found @param {string} target */
export function lookText(found, target) {
  if (!found.looked) return html`<span class="dim">${t("design.no_values_to_look_for")}</span>`;
  const all = found.found === found.looked;
  return html`<span class=${all ? "good" : found.found ? "held" : "fail"}>${icon(all ? "check" : "warning", true)} ${all ? t("design.all_values_find_their", { n: count(found.looked), target }) : t("design.of_values_find_their", { found: count(found.found), looked: count(found.looked), target })}</span>${all || found.lost === null || found.lost === undefined ? nothing : html`<span class="dim">${t("design.not_lost", { value: String(found.lost).slice(0, 40) })}</span>`}`;
}

/** @param {Pane} pane @param {Draft} draft @param {{structure?: string, meta?: string}} locks @param {{[place: string]: string}} faults */
function storage(pane, draft, locks, faults) {
  const fixed = locks.structure !== undefined;
  const placements = [["node", t("design.in_the_node"), t("design.beside_the_key")], ["segment", t("design.segment"), t("design.apart_from_some_kilobytes_on")]];
  return html`<div class="section form tight"><div class="two wide-first"><div class="label">${t("design.placement")}<div class="choice" role="radiogroup" aria-label=${t("design.placement")}>${placements.map(([id, name, about]) => html`<button type="button" role="radio" aria-checked=${String(draft.placement === id)} title=${about} ?disabled=${fixed} @click=${() => pane.change((one) => { one.placement = id; })}>${name}</button>`)}</div></div>
      <label class=${faults.slot_length ? "wrong" : ""}>${t("design.slot_length")}<span class="field"><input inputmode="numeric" ?disabled=${fixed} aria-describedby="slot-advice" .value=${String(draft.slot_length)} @change=${(/** @type {any} */ event) => pane.change((one) => { one.slot_length = Number(textOf(event).replaceAll(",", "")) || 0; })}></span></label></div>
    ${wrong(faults, "slot_length")}<span class="hint" id="slot-advice">${placements.find(([id]) => id === draft.placement)?.[2]} ${slotAdvice(draft, pane.known)}</span>
    <label class="tick"><input type="checkbox" ?disabled=${fixed} .checked=${draft.leaf_load_balancing} @change=${(/** @type {any} */ event) => pane.change((one) => { one.leaf_load_balancing = event.target.checked; })}> ${t("design.leaf_balancing")} <span class="dim">${t("design.fuller_nodes_slower_inserts")}</span></label>
    ${fixed ? held(locks.structure) : pane.known ? nothing : html`<span class="hint">${t("design.all_of_this_is_fixed_once")}</span>`}
    ${cache(pane, draft, locks.meta)}</div>`;
}

/** @param {Pane} pane @param {Draft} draft @param {string | undefined} lock */
function cache(pane, draft, lock) {
  const text = Object.keys(draft.cache).length ? stringify(draft.cache) : "";
  return html`<label>${t("shared.cache")}<span class="field"><input class="data" spellcheck="false" autocomplete="off" placeholder='{"ttl_seconds": 60}' ?disabled=${lock !== undefined} .value=${text} @change=${(/** @type {any} */ event) => {
    const typed = textOf(event).trim();
    try {
      const value = typed ? parse(typed) : {};
      if (value === null || typeof value !== "object" || Array.isArray(value)) throw new Error(t("design.wishes_are_a_json_object"));
      pane.change((one) => { one.cache = value; });
    } catch (error) {
      pane.session.say({ kind: "warn", text: t("design.cache_message", { message: error instanceof Error ? error.message : String(error) }) });
      event.target.value = text;
    }
  }}></span><span class="hint">${t("design.wishes_for_the_layers_above")}</span></label>`;
}

/** @param {Pane} pane @param {Draft} draft */
function seed(pane, draft) {
  const { seed: item } = draft;
  const fault = pane.seedText !== undefined && item === undefined ? t("design.this_is_not_json") : item ? seedFault(draft, item) : undefined;
  return html`<div class="section"><h3>${t("design.seed_item")}<span class="end">${item || pane.seedText !== undefined ? html`<span class="small ${fault ? "fail" : "dim"}" role="status">${fault ?? (draft.declared ? t("design.matches_the_schema") : t("design.matches_the_key"))}</span><button class="button only s quiet" aria-label=${t("design.remove_the_seed_item")} @click=${() => { pane.seedText = undefined; pane.change((one) => { delete one.seed; }); }}>${icon("x", true)}</button>` : html`<button class="button s quiet" @click=${() => pane.change((one) => { one.seed = seedOf(one); })}>${icon("plus", true)}${t("shared.item")}</button>`}</span></h3>
    ${item || pane.seedText !== undefined ? html`<textarea class="seed data" rows=${Math.min(10, (pane.seedText ?? stringify(item, 2)).split("\n").length)} spellcheck="false" aria-label=${t("design.seed_item_as_json")} aria-invalid=${String(fault !== undefined)} .value=${pane.seedText ?? stringify(item, 2)} @input=${(/** @type {any} */ event) => {
      const text = textOf(event);
      try {
        const value = parse(text);
        pane.change((one) => { one.seed = value; });
      } catch {
        pane.change((one) => { delete one.seed; });
      }
      pane.seedText = text;
      pane.requestUpdate();
    }}></textarea>` : html`<p class="small dim">${t("design.a_first_item")}</p>`}</div>`;
}
