// When a script runs by itself: its schedules, made, paused and deleted.

import { path } from "../../core/http.js";
import { argumentsOf } from "../../model/script/forms.js";
import { t } from "../../strings/scripts.js";
import { html, nothing } from "../../vendor/lit.js";
import { Dialog, dialogHead, fault } from "../dialog.js";
import { icon } from "../dom.js";

/** @typedef {{name: string, script: string, when: {every_minutes?: number, daily_at?: string}, args?: {[name: string]: any}, database?: string, utc_offset_minutes?: number, paused?: boolean, next_ms?: number | null}} Schedule */

/** @param {import("./studio.js").SopScripts} studio @param {import("../../model/script/drafts.js").Draft} draft */
export function scheduleDialog(studio, draft) {
  const { api } = studio.session;
  const reference = `${draft.base?.category}.${draft.base?.name}`;
  const parameters = draft.script.parameters ?? [];
  /** @type {Schedule[] | undefined} */
  let all;
  let error = "";
  let busy = false;
  /** What is being made or changed. @type {{name: string, mode: "every" | "daily", minutes: string, at: string, args: {[name: string]: string}, was?: Schedule} | undefined} */
  let form;
  const own = () => (all ?? []).filter((one) => one.script === reference);
  const begin = (/** @type {Schedule} */ was) => {
    form = { name: was?.name ?? freeName(), mode: was?.when?.daily_at ? "daily" : "every", minutes: String(was?.when?.every_minutes ?? 60), at: was?.when?.daily_at ?? "06:30", args: Object.fromEntries(Object.entries(was?.args ?? {}).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)])), was };
    error = "";
    dialog.draw();
  };
  const freeName = () => {
    const base = String(draft.base?.name ?? "script");
    let name = base;
    for (let number = 2; (all ?? []).some((one) => one.name === name); number += 1) name = `${base} ${number}`;
    return name;
  };
  /** @param {() => Promise<unknown>} work */
  const doing = async (work) => {
    busy = true;
    error = "";
    dialog.draw();
    try {
      await work();
      all = (await api.get(path("schedules")))?.schedules ?? [];
      form = own().length ? undefined : form;
    } catch (cause) {
      error = cause instanceof Error ? cause.message : String(cause);
    }
    busy = false;
    dialog.draw();
  };
  const put = (/** @type {Schedule} */ one) => api.json("PUT", path("schedules", one.name), { body: { script: one.script, when: one.when, args: one.args ?? {}, database: one.database, utc_offset_minutes: one.utc_offset_minutes ?? 0, paused: one.paused ?? false } });
  const save = () => doing(async () => {
    if (!form) return;
    const { args, wrong } = argumentsOf(parameters, form.args);
    const [first] = Object.keys(wrong);
    if (first !== undefined) throw new Error(`${first}: ${wrong[first]}`);
    const made = form;
    await put({ name: made.name.trim(), script: reference, when: made.mode === "every" ? { every_minutes: Number(made.minutes) } : { daily_at: made.at }, args, database: made.was?.database ?? draft.script.database ?? studio.session.place.database, utc_offset_minutes: -new Date().getTimezoneOffset(), paused: made.was?.paused });
    form = undefined;
  });
  const input = (/** @type {string} */ text, /** @type {(text: string) => void} */ set, /** @type {any} */ rest = {}) => html`<span class="field"><input autocomplete="off" spellcheck="false" ?autofocus=${rest.focus} inputmode=${rest.mode ?? nothing} type=${rest.type ?? "text"} aria-label=${rest.label ?? nothing} placeholder=${rest.placeholder ?? ""} ?disabled=${rest.off} .value=${text} @input=${(/** @type {any} */ event) => { set(event.target.value); dialog.draw(); }}></span>`;
  const shown = (/** @type {Schedule} */ one) => html`<li><span class="run-line">${icon(one.paused ? "pause" : "clock", true)}<b class="cut">${one.name}</b><span class="soft">${one.when.daily_at ? t("scripts.daily_at", { time: one.when.daily_at }) : t("scripts.every_n_minutes", { n: one.when.every_minutes })}</span><span class="dim">${one.paused ? t("scripts.paused") : one.next_ms ? t("scripts.next_at", { time: new Date(one.next_ms).toLocaleString([], { dateStyle: "short", timeStyle: "short" }) }) : ""}</span><span class="grow"></span>
      <button class="button s quiet" ?disabled=${busy} @click=${() => doing(() => put({ ...one, paused: !one.paused }))}>${one.paused ? t("shared.go_on") : t("scripts.pause")}</button><button class="button s quiet" ?disabled=${busy} @click=${() => begin(one)}>${t("shared.edit")}</button><button class="button only s quiet" aria-label=${t("shared.delete_name", { name: one.name })} ?disabled=${busy} @click=${() => doing(() => api.json("DELETE", path("schedules", one.name)))}>${icon("trash", true)}</button></span></li>`;
  const edit = () => {
    if (!form) return nothing;
    const now = form;
    return html`<form class="form schedule-form" @submit=${(/** @type {Event} */ event) => { event.preventDefault(); void save(); }}>
      <label>${t("shared.name")}${input(now.name, (text) => { now.name = text; }, { off: now.was !== undefined })}</label>
      <div class="label">${t("shared.when")}<div class="choice" role="radiogroup" aria-label=${t("shared.when")}><button type="button" role="radio" aria-checked=${String(now.mode === "every")} @click=${() => { now.mode = "every"; dialog.draw(); }}>${t("scripts.every_so_many_minutes")}</button><button type="button" role="radio" aria-checked=${String(now.mode === "daily")} @click=${() => { now.mode = "daily"; dialog.draw(); }}>${t("scripts.each_day")}</button></div></div>
      ${now.mode === "every" ? html`<label>${t("scripts.minutes")}${input(now.minutes, (text) => { now.minutes = text; }, { mode: "numeric" })}</label>` : html`<label>${t("scripts.at_by_this_machines_clock")}${input(now.at, (text) => { now.at = text; }, { type: "time" })}</label>`}
      ${parameters.map((one) => html`<label>${one.name}${input(now.args[one.name] ?? "", (text) => { now.args[one.name] = text; }, { placeholder: one.default === undefined ? t("scripts.needs_a_value") : t("scripts.as_by_default_value", { value: JSON.stringify(one.default) }) })}</label>`)}</form>`;
  };
  const dialog = new Dialog({
    label: t("shared.schedule"),
    className: "form-dialog schedule-dialog",
    sticky: () => busy,
    draw: (self) => html`${dialogHead(self, t("scripts.when_runs_by_itself", { script: draft.base?.name }))}<div class="body">${fault(error)}${own().length ? html`<ul class="run-list">${own().map(shown)}</ul>` : all && !form ? html`<p class="soft">${t("scripts.it_runs_only_when_somebody_runs_it")}</p>` : nothing}${edit()}</div>
      <footer>${form ? html`<span class="small dim">${t("scripts.it_runs_the_newest_version")}</span>` : nothing}<span class="grow"></span><button class="button quiet" @click=${() => (form ? (form = undefined, self.draw()) : self.close())}>${form ? t("shared.cancel") : t("shared.close")}</button>${form ? html`<button class="button main" ?disabled=${busy || !form.name.trim()} @click=${save}>${t("scripts.save_the_schedule")}</button>` : html`<button class="button main" autofocus ?disabled=${all === undefined} @click=${() => begin(/** @type {any} */ (undefined))}>${icon("plus", true)}${t("shared.schedule")}</button>`}</footer>`,
  });
  void doing(async () => undefined);
}
