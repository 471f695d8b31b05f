// A relation that is proposed: from field to field, with a look at how many values find their target. It goes into the
// draft of its store, and is made by the review of that.

import { stringify } from "../../core/json.js";
import { candidates } from "../../model/design/discover.js";
import { t } from "../../strings/design.js";
import { html, nothing } from "../../vendor/lit.js";
import { Dialog, dialogHead } from "../dialog.js";
import { fieldNames, lookText } from "./store_form.js";
import { look } from "./store_pane.js";

/**
 * @param {import("../context.js").Context} app
 * @param {{store?: string, field?: string, target?: string, targetField?: string, add: (store: string, relation: import("../../model/design/definition.js").Relation) => void}} how
 */
export function relationDialog({ session }, how) {
  let store = how.store ?? session.stores[0]?.name ?? "";
  let target = how.target ?? "";
  let field = how.field ?? "";
  let targetField = how.targetField ?? "";
  let asked = "";
  /** @type {Awaited<ReturnType<typeof look>> | undefined} */
  let found;
  const complete = () => {
    if (field && target) return;
    const [likely] = candidates(session.storeNamed(store) ?? {}, session.stores).filter((one) => (!field || one.source_fields[0] === field) && (!target || one.target_store === target));
    if (!likely) return;
    field ||= likely.source_fields[0];
    target ||= likely.target_store;
    targetField ||= likely.target_fields[0];
  };
  const relation = () => ({ source_fields: [field], target_store: target, target_fields: [targetField] });
  const able = () => store !== "" && field !== "" && target !== "" && targetField !== "";
  const ask = () => {
    const text = able() ? stringify([store, relation()]) : "";
    if (text === asked) return;
    asked = text;
    found = undefined;
    if (text) {
      void look(session, store, relation()).then((answer) => {
        if (asked !== text) return;
        found = answer;
        dialog.draw();
      });
    }
  };
  const select = (/** @type {string} */ label, /** @type {string} */ value, /** @type {string[]} */ list, /** @type {(text: string) => void} */ set, first = false) => html`<label>${label}<select class="field" ?autofocus=${first} .value=${value} @change=${(/** @type {any} */ event) => { set(event.target.value); ask(); dialog.draw(); }}><option value="" disabled ?selected=${!value}>${t("shared.choose")}</option>${list.map((one) => html`<option value=${one} ?selected=${one === value}>${one}</option>`)}</select></label>`;
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!able()) return;
    dialog.close();
    how.add(store, relation());
  };
  complete();
  const names = session.stores.map((one) => one.name);
  const dialog = new Dialog({
    label: t("shared.new_relation"),
    className: "form-dialog",
    draw: (self) => html`<form @submit=${submit}>${dialogHead(self, t("shared.new_relation"))}<div class="body form scroll">
      <div class="two">${select(t("design.from_store"), store, names, (name) => { store = name; field = ""; complete(); }, how.store === undefined)}${select(t("shared.field"), field, fieldNames(session.storeNamed(store)), (name) => { field = name; }, how.store !== undefined)}</div>
      <div class="two">${select(t("design.to_store"), target, names, (name) => { target = name; [targetField] = fieldNames(session.storeNamed(name)); })}${select(t("design.field_there"), targetField, fieldNames(session.storeNamed(target)), (name) => { targetField = name; })}</div>
      <p class="small" role="status">${found ? ("fault" in found ? html`<span class="fail">${found.fault}</span>` : lookText(found, target)) : able() ? html`<span class="dim">${t("design.looking_at_the_values")}</span>` : html`<span class="dim">${t("design.a_relation_is_a_note")}</span>`}</p></div>
      <footer><span class="small dim">${t("design.made_by_the_review_of", { store: store || t("design.its_store") })}</span><span class="grow"></span><button type="button" class="button quiet" @click=${() => self.close()}>${t("shared.cancel")}<kbd>Esc</kbd></button><button class="button main" ?disabled=${!able()}>${t("design.propose")}<kbd>↵</kbd></button></footer></form>`,
  });
  ask();
  return nothing;
}
