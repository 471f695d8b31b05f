// The small dialogs of the studio: saving under a name, deleting, the runs of a script, a variable as a whole.

import { count, literal, span } from "../../core/format.js";
import { path } from "../../core/http.js";
import { stringify } from "../../core/json.js";
import { DEFAULT_CATEGORY } from "../../model/script/drafts.js";
import { fieldText } from "../../model/script/forms.js";
import { kindOf, places } from "../../model/script/steps.js";
import { t } from "../../strings/scripts.js";
import { html, nothing } from "../../vendor/lit.js";
import { formDialog, proveDialog } from "../create.js";
import { Dialog, dialogHead, fault } from "../dialog.js";
import { copyText, icon } from "../dom.js";
import { ago } from "../query/history_dialog.js";

/** @typedef {import("../../model/script/drafts.js").Draft} Draft */
/** @typedef {import("./studio.js").SopScripts} Studio */

const MOST_RUNS = 100;

/** Saves a script under a name. @param {Studio} studio @param {Draft} draft @param {boolean} [other] as another script */
export function saveDialog(studio, draft, other = false) {
  let category = String(draft.script.category || DEFAULT_CATEGORY);
  let name = other && draft.base ? `${draft.script.name} copy` : String(draft.script.name ?? "").trim();
  let note = "";
  const text = (/** @type {any} */ event) => event.target.value;
  formDialog({
    title: other ? t("shared.save_as_another_script") : t("shared.save_the_script"),
    main: t("shared.save"),
    able: () => name.trim() !== "",
    body: (draw) => html`<div class="two"><label>${t("shared.category")}<span class="field"><input list="save-categories" maxlength="100" autocomplete="off" spellcheck="false" .value=${category} @input=${(/** @type {any} */ event) => { category = text(event); draw(); }}></span></label>
      <label>${t("shared.name")}<span class="field"><input autofocus maxlength="100" autocomplete="off" spellcheck="false" .value=${name} @input=${(/** @type {any} */ event) => { name = text(event); draw(); }}></span></label></div><datalist id="save-categories">${[...new Set(studio.list.map((one) => one.category))].map((one) => html`<option value=${one}></option>`)}</datalist>
      <label>${t("scripts.what_is_new_in_it")} <span class="field"><input maxlength="500" autocomplete="off" placeholder=${t("scripts.for_the_list_of_versions")} .value=${note} @input=${(/** @type {any} */ event) => { note = text(event); draw(); }}></span></label>`,
    run: async () => {
      const script = { ...draft.script, name: name.trim(), category: category.trim() || DEFAULT_CATEGORY };
      const target = other && draft.base ? studio.drafts.add(script) : draft;
      const error = await studio.store(target, script, { note: note.trim() || undefined, isNew: true });
      if (!error) return;
      if (target !== draft) studio.drafts.close(target.id);
      studio.drafts.current = draft.id;
      throw new Error(error);
    },
  });
}

/** When a run is to stop at a step. @param {Studio} studio @param {Draft} draft @param {string} at */
export function stopDialog(studio, draft, at) {
  const place = places(draft.script).find((one) => one.at === at);
  if (!place) return;
  const was = draft.breakpoints.get(at);
  const inLoop = kindOf(place.step) === "loop";
  let when = was?.when ?? "";
  formDialog({
    title: t("scripts.stop_at_step_number", { number: place.number }),
    main: was ? t("shared.change") : t("scripts.stop_here"),
    able: () => true,
    body: (draw) => html`<label>${t("scripts.only_when")}<span class="field"><input class="data" autofocus autocomplete="off" autocapitalize="off" spellcheck="false" maxlength="4000" placeholder=${inLoop ? `${place.step.item || "item"}.total > 50` : "size(rows) > 10"} .value=${when} @input=${(/** @type {any} */ event) => { when = event.target.value; draw(); }}></span><span class="hint">${inLoop ? t("scripts.stop_condition_of_a_loop") : t("scripts.stop_condition")}</span></label>`,
    run: async () => {
      const text = when.trim();
      const fault = text && (await studio.stops.fault(at, text));
      if (fault) throw new Error(fault);
      studio.stops.set(at, text ? { when: text } : {});
    },
  });
}

/** Deletes a script by its typed name. @param {Studio} studio @param {Draft} draft */
export function deleteDialog(studio, draft) {
  const base = /** @type {import("../../model/script/drafts.js").Base} */ (draft.base);
  let whole = false;
  proveDialog({
    title: t("shared.delete_name", { name: base.name }),
    main: t("scripts.delete_script"),
    name: base.name,
    label: t("shared.type_to_delete_it", { name: base.name }),
    body: (draw) => html`<p>${whole ? t("scripts.the_script_and_all_its_versions_go") : t("scripts.the_script_goes_away")}</p>
      <label class="tick"><input type="checkbox" .checked=${whole} @change=${(/** @type {any} */ event) => { whole = event.target.checked; draw(); }}>${t("scripts.delete_its_versions_too", { n: base.version })}</label>`,
    run: async () => {
      await studio.session.api.json("DELETE", path("scripts", base.category, base.name), { query: whole ? { versions: "delete" } : undefined });
      draft.saved = draft.script; // nothing of it is to be kept
      draft.known = undefined;
      studio.close(draft.id);
      studio.session.say({ kind: "ok", text: t("shared.name_is_deleted", { name: base.name }) });
      await studio.readList();
    },
  });
}

/** What became of the runs of a script. @param {Studio} studio @param {Draft} draft */
export function runsDialog(studio, draft) {
  const base = /** @type {import("../../model/script/drafts.js").Base} */ (draft.base);
  /** @type {any[] | undefined} */
  let runs;
  let error = "";
  let more = false;
  const read = async (/** @type {number | undefined} */ before) => {
    try {
      const found = (await studio.session.api.get(path("scripts", base.category, base.name, "runs"), { limit: MOST_RUNS, before }))?.runs ?? [];
      runs = [...(before === undefined ? [] : (runs ?? [])), ...found];
      more = found.length === MOST_RUNS;
    } catch (cause) {
      error = cause instanceof Error ? cause.message : String(cause);
    }
    dialog.draw();
  };
  const again = (/** @type {any} */ run) => {
    draft.args = Object.fromEntries(Object.entries(run.args ?? {}).map(([name, value]) => [name, typeof value === "string" ? value : fieldText("json", value)]));
    dialog.close();
    studio.drafts.touch();
    studio.session.say({ kind: "ok", text: t("scripts.the_arguments_of_that_run_are_filled") });
  };
  const signs = /** @type {{[outcome: string]: [string, string]}} */ ({ done: ["check", "good"], failed: ["warning", "fail"], cancelled: ["stop", "dim"] });
  const dialog = new Dialog({
    label: t("scripts.runs"),
    className: "runs-dialog",
    draw: (self) => html`${dialogHead(self, t("scripts.runs_of", { script: base.name }))}${fault(error)}<div class="body scroll" tabindex="0" role="region" aria-label=${t("scripts.runs")}>
      ${runs === undefined || error ? nothing : runs.length ? html`<ul class="run-list">${runs.map((run) => {
        const [sign, look] = signs[run.outcome] ?? ["info", "dim"];
        return html`<li><span class="run-line"><span class=${look}>${icon(sign, true)}</span><b title=${run.at}>${ago(Date.parse(run.at))}</b><span class="soft">${run.who}</span><span class="dim">${run.way}</span>${run.dry_run ? html`<span class="chip">${t("scripts.dry_run_within")}</span>` : nothing}<span class="grow"></span><span class="dim">${t("shared.n_rows", { n: Number(run.rows ?? 0) })}</span>${run.changed ? html`<span class="tag update">${run.dry_run ? t("scripts.would_change") : t("scripts.changed_within")} ${count(Number(run.changed))}</span>` : nothing}<span>${span(Number(run.elapsed_ms ?? 0))}</span>${Object.keys(run.args ?? {}).length ? html`<button class="button s quiet" @click=${() => again(run)}>${t("scripts.use_arguments")}</button>` : nothing}</span>
          ${Object.keys(run.args ?? {}).length ? html`<code class="cut dim">${Object.entries(run.args).map(([name, value]) => `${name}=${literal(value, 80)}`).join("  ")}</code>` : nothing}${run.error ? html`<p class="fail">${run.error.step ? html`<code>${run.error.step}</code> ` : nothing}${run.error.message ?? String(run.error)}</p>` : nothing}</li>`;
      })}</ul>${more ? html`<p class="pad"><button class="button s" @click=${() => read(Number(runs?.at(-1)?.number))}>${t("scripts.earlier_ones")}</button></p>` : nothing}` : html`<div class="nothing">${icon("clock")}<p>${t("scripts.it_has_not_been_run_yet")}</p></div>`}</div>`,
  });
  void read(undefined);
}

/** A variable with all that was told of it. @param {string} name @param {unknown} value */
export function variableDialog(name, value) {
  const text = stringify(value, 2);
  return new Dialog({
    label: t("scripts.variable"),
    className: "variable-dialog",
    draw: (self) => html`${dialogHead(self, html`<code>${name}</code>`)}<div class="body scroll" tabindex="0" role="region" aria-label=${t("shared.value")}><pre class="json-text">${text}</pre></div>
      <footer><span class="grow"></span><button class="button quiet" @click=${() => copyText(text)}>${icon("copy", true)}${t("shared.copy")}</button><button class="button" autofocus @click=${() => self.close()}>${t("shared.close")}</button></footer>`,
  });
}
