// When a script runs by itself: its schedules, made, paused and deleted.

import { path } from "../../core/http.js";
import { argumentsOf } from "../../model/script/forms.js";
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
  const shown = (/** @type {Schedule} */ one) => html`<li><span class="run-line">${icon(one.paused ? "pause" : "clock", true)}<b class="cut">${one.name}</b><span class="soft">${one.when.daily_at ? `daily at ${one.when.daily_at}` : one.when.every_minutes === 1 ? "every minute" : `every ${one.when.every_minutes} minutes`}</span><span class="dim">${one.paused ? "paused" : one.next_ms ? `next ${new Date(one.next_ms).toLocaleString([], { dateStyle: "short", timeStyle: "short" })}` : ""}</span><span class="grow"></span>
      <button class="button s quiet" ?disabled=${busy} @click=${() => doing(() => put({ ...one, paused: !one.paused }))}>${one.paused ? "Go on" : "Pause"}</button><button class="button s quiet" ?disabled=${busy} @click=${() => begin(one)}>Edit</button><button class="button only s quiet" aria-label="Delete ${one.name}" ?disabled=${busy} @click=${() => doing(() => api.json("DELETE", path("schedules", one.name)))}>${icon("trash", true)}</button></span></li>`;
  const edit = () => {
    if (!form) return nothing;
    const now = form;
    return html`<form class="form schedule-form" @submit=${(/** @type {Event} */ event) => { event.preventDefault(); void save(); }}>
      <label>Name${input(now.name, (text) => { now.name = text; }, { off: now.was !== undefined })}</label>
      <div class="label">When<div class="choice" role="radiogroup" aria-label="When"><button type="button" role="radio" aria-checked=${String(now.mode === "every")} @click=${() => { now.mode = "every"; dialog.draw(); }}>Every so many minutes</button><button type="button" role="radio" aria-checked=${String(now.mode === "daily")} @click=${() => { now.mode = "daily"; dialog.draw(); }}>Each day</button></div></div>
      ${now.mode === "every" ? html`<label>Minutes${input(now.minutes, (text) => { now.minutes = text; }, { mode: "numeric" })}</label>` : html`<label>At, by this machine's clock${input(now.at, (text) => { now.at = text; }, { type: "time" })}</label>`}
      ${parameters.map((one) => html`<label>${one.name}${input(now.args[one.name] ?? "", (text) => { now.args[one.name] = text; }, { placeholder: one.default === undefined ? "needs a value" : `as by default: ${JSON.stringify(one.default)}` })}</label>`)}</form>`;
  };
  const dialog = new Dialog({
    label: "Schedule",
    className: "form-dialog schedule-dialog",
    sticky: () => busy,
    draw: (self) => html`${dialogHead(self, `When ${draft.base?.name} runs by itself`)}<div class="body">${fault(error)}${own().length ? html`<ul class="run-list">${own().map(shown)}</ul>` : all && !form ? html`<p class="soft">It runs only when somebody runs it. What it writes is kept without a review.</p>` : nothing}${edit()}</div>
      <footer>${form ? html`<span class="small dim">It runs the newest version, and what it writes is kept.</span>` : nothing}<span class="grow"></span><button class="button quiet" @click=${() => (form ? (form = undefined, self.draw()) : self.close())}>${form ? "Cancel" : "Close"}</button>${form ? html`<button class="button main" ?disabled=${busy || !form.name.trim()} @click=${save}>Save the schedule</button>` : html`<button class="button main" autofocus ?disabled=${all === undefined} @click=${() => begin(/** @type {any} */ (undefined))}>${icon("plus", true)}Schedule</button>`}</footer>`,
  });
  void doing(async () => undefined);
}
