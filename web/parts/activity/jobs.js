// The jobs of the server: what runs now, with how far it is and a way to end it, and what has ended.

import { path } from "../../core/http.js";
import { count, percent, size, span } from "../../core/format.js";
import { visible } from "../../core/keys.js";
import { rich, t } from "../../strings/activity.js";
import { html, nothing } from "../../vendor/lit.js";
import { icon } from "../dom.js";
import { isRunning } from "../design/job_strip.js";
import { clock } from "./audit_row.js";

const ICONS = /** @type {{[kind: string]: string}} */ ({ backup: "history", check: "shield", duplicate: "copy", reorder: "sort", import: "import", export: "export", script: "scripts" });
const MOST_BELOW = 6;

/** @typedef {import("../design/job_strip.js").Job} Job */
/** @typedef {{id: string, database: string, sql: string, elapsed_ms: number}} RunningQuery */

/** @param {Job} job */
function left(job) {
  const [done, total] = [Number(job.done), Number(job.total)];
  if (job.state === "stopping") return t("activity.ends_within");
  if (!total || !done || done >= total || job.elapsed_ms < 500) return "";
  return t("activity.time_left", { time: span((Number(job.elapsed_ms) / done) * (total - done)) });
}

/** @param {Job} job */
function progress(job) {
  const [done, total] = [Number(job.done), Number(job.total)];
  const amount = job.unit === "bytes" ? size : count;
  if (!total && done) return html`<b>${amount(done)}</b>`;
  return total ? rich("activity.done_of_total", { done: html`<b>${amount(done)}</b>`, total: amount(total) }) : html`<b>${span(Number(job.elapsed_ms))}</b>`;
}

/** What came of a job, in a few words. @param {Job} job */
function outcome(job) {
  if (job.state === "failed") return job.error?.detail ?? t("shared.it_failed_within");
  if (job.state === "cancelled") return t("shared.cancelled_within");
  const found = job.outcome;
  const said = [
    found?.inserted || found?.updated ? t("shared.n_items", { n: Number(found.inserted ?? 0) + Number(found.updated ?? 0) }) : "",
    Number(found?.failed) ? t("activity.n_bad", { n: count(Number(found.failed)) }) : "",
    found?.clean === true ? t("activity.nothing_is_wrong") : found?.clean === false ? t("activity.something_is_wrong") : "",
    span(Number(job.elapsed_ms)),
  ];
  return said.filter(Boolean).join(", ");
}

/** @param {Job} job */
function ended(job) {
  const bad = job.state === "failed" || job.outcome?.clean === false;
  return html`<li class="node" title=${outcome(job)}>${icon(bad ? "warning" : job.state === "cancelled" ? "x" : (ICONS[job.kind] ?? "check"), true)}<span class="cut ${bad ? "fail" : ""}">${visible(job.what)} <span class="dim">${outcome(job)}</span></span><span class="count">${clock(new Date(Number(job.began_ms)).toISOString()).slice(0, 5)}</span></li>`;
}

/**
 * @param {{jobs: Job[], queries: RunningQuery[], tab: string | undefined, fault: string}} seen
 * @param {{show: (tab: string | undefined) => void, cancel: (job: Job) => void, stop: (query: RunningQuery) => void}} act
 */
export function jobsPane({ jobs, queries, tab, fault }, act) {
  const running = jobs.filter(isRunning);
  const past = jobs.filter((job) => !isRunning(job));
  const tabs = /** @type {[string | undefined, string, number][]} */ ([[undefined, t("shared.running"), running.length + queries.length], ["ended", t("shared.ended"), past.length]]);
  return html`<section class="pane panel jobs" aria-label=${t("shared.jobs")}>
    <div class="subtabs"><div role="tablist" aria-label=${t("shared.jobs")}>${tabs.map(([id, title, n], index) => html`<button role="tab" id="jobs-tab-${index}" aria-selected=${String(tab === id)} aria-controls="jobs-list" tabindex=${tab === id ? 0 : -1} @click=${() => act.show(id)} @keydown=${(/** @type {KeyboardEvent} */ event) => { if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return; act.show(tabs[1 - index][0]); document.getElementById(`jobs-tab-${1 - index}`)?.focus(); }}>${title} <span class="badge">${count(n)}</span></button>`)}</div></div>
    <div class="scroll" id="jobs-list" role="tabpanel" aria-label=${tab === "ended" ? t("shared.ended") : t("shared.running")} tabindex="0">${fault ? html`<p class="pad fail">${fault}</p>` : nothing}
      ${tab === "ended" ? (past.length ? html`<ul>${past.map(ended)}</ul>` : html`<div class="nothing">${icon("clock")}<p>${t("activity.backups_checks_imports_and_copies")}</p></div>`) : html`
      ${running.map((job) => html`<div class="work-bar"><header>${icon(ICONS[job.kind] ?? "clock", true)}<b class="cut">${visible(job.what)}</b><span class="small dim cut grow">${job.database}</span>${job.can_cancel ? html`<button class="button s quiet" ?disabled=${job.state === "stopping"} @click=${() => act.cancel(job)}>${job.state === "stopping" ? t("activity.stopping") : t("shared.cancel")}</button>` : nothing}</header>
        <svg class="bar" role="progressbar" aria-label=${visible(job.what)} aria-valuemin="0" aria-valuemax="100" aria-valuenow=${Number(job.total) ? Math.round((Number(job.done) / Number(job.total)) * 100) : 0}><rect width="100%" height="6" rx="3"></rect><rect width=${Number(job.total) ? percent(Number(job.done), Number(job.total)).replace(" ", "") : "0%"} height="6" rx="3"></rect></svg>
        <p class="figures"><span>${progress(job)}</span>${job.note ? html`<span class="cut">${visible(job.note)}</span>` : nothing}<span class="end">${left(job)}</span></p></div>`)}
      ${queries.map((query) => html`<div class="work-bar"><header>${icon("query", true)}<b>${t("shared.query")}</b><span class="small dim cut grow">${query.database}</span><button class="button s quiet" @click=${() => act.stop(query)}>${t("shared.stop")}</button></header><p class="figures"><code class="cut grow">${visible(query.sql)}</code><span class="end">${span(Number(query.elapsed_ms))}</span></p></div>`)}
      ${running.length + queries.length === 0 ? html`<p class="idle dim">${t("activity.nothing_runs_now")}</p>` : nothing}
      ${past.length ? html`<h2 class="caption below">${t("shared.ended")}</h2><ul class="below">${past.slice(0, MOST_BELOW).map(ended)}</ul>` : nothing}`}</div></section>`;
}

/** Where a job is cancelled. @param {string} id */
export const jobPath = (id) => path("jobs", id);
