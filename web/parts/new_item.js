// A new item: its key and its fields as a form, or its value as JSON. It is staged, not written.

import { kindOf, parse, stringify, isObject } from "../core/json.js";
import { allKeyFields, isComposite, keyFromValues, keyText, keyValues, typedValue } from "../core/keys.js";
import { number } from "../core/json.js";
import { valueFromText } from "../core/typing.js";
import { t } from "../strings/item.js";
import { html, nothing } from "../vendor/lit.js";
import { Dialog, dialogHead, fault } from "./dialog.js";
import { icon } from "./dom.js";

const MOST_FIELDS = 60;

/** @param {import("./context.js").Context} app @param {{key?: any, value?: any}} [from] an item to begin from */
export function newItem(app, from) {
  const { session, grid } = app;
  const store = grid.store;
  if (!store) return;
  const spec = store.key;
  const fields = allKeyFields(spec);
  const lead = grid.leading.filter((part) => kindOf(part) !== "object");
  /** @type {string[]} */
  const key = fields.map((_, index) => (from?.key !== undefined ? asText(keyValues(spec, from.key)[index]) : lead[index] === undefined ? "" : asText(lead[index])));
  const columns = grid.columns.list.filter((column) => column.name !== "").slice(0, MOST_FIELDS);
  const whole = columns.length === 0 || (from !== undefined && !isObject(from.value));
  let mode = whole ? "json" : "form";
  /** @type {Map<string, string>} */
  const typed = new Map();
  /** @type {Map<string, {error: string, fix?: string}>} */
  const faults = new Map();
  let json = stringify(from?.value ?? {}, 2);
  if (isObject(from?.value)) for (const [name, value] of Object.entries(from.value)) typed.set(name, asText(value));
  let error = "";
  /** @type {any} */
  let base = isObject(from?.value) ? from.value : {};

  /** The value of the form. @returns {{value: any} | undefined} */
  const formValue = () => {
    faults.clear();
    /** @type {any} */
    const value = {};
    for (const column of columns) {
      const text = typed.get(column.name);
      if (text === undefined) continue;
      if (Object.hasOwn(base, column.name) && text === asText(base[column.name])) value[column.name] = base[column.name];
      else {
        const result = valueFromText(grid.columns.kind(column.name, base[column.name]), text);
        if ("error" in result) faults.set(column.name, result);
        else value[column.name] = result.value;
      }
    }
    return faults.size ? undefined : { value };
  };

  /** @returns {{value: any} | undefined} */
  const currentValue = () => {
    if (mode === "form") return formValue();
    try {
      return { value: parse(json) };
    } catch (fault) {
      faults.set("", { error: /** @type {Error} */ (fault).message });
      return undefined;
    }
  };

  /** @param {string} next */
  const swap = (next) => {
    if (next === mode) return;
    faults.clear();
    const value = currentValue();
    if (!value) return dialog.draw();
    if (next === "json") json = stringify(value.value, 2);
    else if (isObject(value.value)) {
      base = value.value;
      typed.clear();
      for (const [name, one] of Object.entries(value.value)) typed.set(name, asText(one));
    }
    mode = next;
    dialog.draw();
  };

  const stage = async () => {
    error = "";
    faults.clear();
    const values = fields.map((field, index) => {
      if (key[index] === "" && field.type !== "string") {
        if (isComposite(spec) && index > 0) return null;
        faults.set(`key ${index}`, { error: t("item.a_key_needs_a_value_here") });
        return null;
      }
      const result = typedValue(field.type, key[index]);
      if ("error" in result) faults.set(`key ${index}`, result);
      return "value" in result ? result.value : null;
    });
    const keyFaults = new Map(faults);
    const value = currentValue();
    for (const [name, one] of keyFaults) faults.set(name, one);
    if (faults.size || !value) return dialog.draw();
    const made = keyFromValues(spec, values);
    if (session.changes.get(store.name, made)?.op === "insert") error = t("item.an_item_with_this_key_is_staged");
    else {
      try {
        const answer = await session.api.get(session.path("stores", store.name, "rank"), { key: stringify(made) });
        const gone = session.changes.get(store.name, made)?.op === "delete";
        if (answer.exists && store.unique !== false && !gone) faults.set("key 0", { error: t("item.there_is_an_item_already", { key: keyText(spec, made) }) });
        else {
          session.changes.insert(store.name, made, value.value, Number(answer.rank));
          dialog.close();
          await grid.goToKey(made);
          return undefined;
        }
      } catch (reason) {
        error = reason instanceof Error ? reason.message : String(reason);
      }
    }
    return dialog.draw();
  };

  /** @param {string} name @param {string} id */
  const said = (name, id) => {
    const one = faults.get(name);
    return one ? html`<span class="hint fail" id=${id} role="alert">${one.error}${one.fix ? html` <button type="button" class="button s" @click=${() => { if (name.startsWith("key ")) key[Number(name.slice(4))] = one.fix ?? ""; else typed.set(name, one.fix ?? ""); faults.delete(name); dialog.draw(); }}>${t("shared.use_name", { name: one.fix })}</button>` : nothing}</span>` : nothing;
  };

  const dialog = new Dialog({
    label: t("shared.new_item_in_store", { store: store.name }),
    className: "form-dialog",
    draw: (self) => html`<form @submit=${(/** @type {Event} */ event) => { event.preventDefault(); void stage(); }}>${dialogHead(self, t("shared.new_item_in_store", { store: store.name }), html`<div class="choice" role="radiogroup" aria-label=${t("item.how")}>${[["form", t("shared.form")], ["json", "JSON"]].map(([id, title]) => html`<button type="button" role="radio" aria-checked=${String(mode === id)} ?disabled=${id === "form" && columns.length === 0} @click=${() => swap(id)}>${title}</button>`)}</div>`)}
      ${fault(error)}
      <div class="body form scroll">
        <div class="fields key-fields">${fields.map((field, index) => html`<label class=${faults.has(`key ${index}`) ? "wrong" : ""}><span class="row-label">${icon("key", true)}${field.name}<span class="type">${field.type}</span></span><span class="field"><input class="data" ?autofocus=${index === lead.length || (index === 0 && lead.length >= fields.length)} .value=${key[index]} autocomplete="off" spellcheck="false" aria-invalid=${String(faults.has(`key ${index}`))} @input=${(/** @type {any} */ event) => { key[index] = event.target.value; }}></span>${said(`key ${index}`, `key-fault-${index}`)}</label>`)}</div>
        ${mode === "form"
          ? html`<div class="fields">${columns.map((column, index) => html`<label class=${faults.has(column.name) ? "wrong" : ""}><span class="row-label">${column.label}<span class="type">${column.type || grid.columns.kind(column.name)}</span></span><span class="field"><input .value=${typed.get(column.name) ?? ""} placeholder=${typed.has(column.name) ? '""' : t("item.missing")} autocomplete="off" spellcheck="false" aria-invalid=${String(faults.has(column.name))} @input=${(/** @type {any} */ event) => { typed.set(column.name, event.target.value); dialog.draw(); }}>${typed.has(column.name) ? html`<button type="button" class="button only s quiet" aria-label=${t("item.leave_label_out", { label: column.label })} title=${t("shared.leave_out")} @click=${() => { typed.delete(column.name); dialog.draw(); }}>${icon("x", true)}</button>` : nothing}</span>${said(column.name, `fault-${index}`)}</label>`)}</div>`
          : html`<label>${t("shared.value")}<textarea class="field data" rows="14" spellcheck="false" aria-invalid=${String(faults.has(""))} .value=${json} @input=${(/** @type {any} */ event) => { json = event.target.value; try { parse(json); faults.delete(""); } catch (reason) { faults.set("", { error: reason instanceof Error ? reason.message : String(reason) }); } dialog.draw(); }}></textarea>${said("", "fault-json")}</label>`}
      </div>
      <footer><span class="small dim">${t("item.staged_first_written_by_review")}</span><span class="grow"></span><button type="button" class="button quiet" @click=${() => self.close()}>${t("shared.cancel")}<kbd>Esc</kbd></button><button class="button main">${t("item.stage_item")}<kbd>↵</kbd></button></footer></form>`,
  });

  if (from === undefined && !isComposite(spec) && /^[iu]\d+$/.test(spec.type) && store.count > 0) {
    session.api.get(session.path("stores", store.name, "nth"), { i: Number(store.count) - 1 }).then((answer) => {
      if (key[0] !== "" || answer?.item === undefined) return;
      key[0] = String(number(String(BigInt(String(answer.item.key)) + 1n)));
      dialog.draw();
    }, () => undefined);
  }
}

/** @param {unknown} value */
function asText(value) {
  if (value === undefined || value === null) return value === null ? "null" : "";
  return typeof value === "string" ? value : stringify(value);
}
