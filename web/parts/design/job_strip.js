// Jobs that this page started: how far each is, with a way to end it. The strip goes when they have ended.

import { path } from "../../core/http.js";
import { percent } from "../../core/format.js";
import { t } from "../../strings/design.js";
import { html, nothing } from "../../vendor/lit.js";
import { Part, icon } from "../dom.js";

const FIRST_MS = 120;
const MOST_MS = 1_000;

/** @typedef {{id: string, kind: string, database: string, what: string, state: "running" | "stopping" | "finished" | "failed" | "cancelled", done: number, total: number, unit: string, note: string, can_cancel: boolean, began_ms: number, elapsed_ms: number, outcome: any, error: any}} Job */

/** A bar that shows a share. @param {Job} job */
export function progressBar(job) {
  const share = job.total > 0 ? Math.min(1, Number(job.done) / Number(job.total)) : 0;
  return html`<svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" role="progressbar" aria-label=${job.what} aria-valuemin="0" aria-valuemax="100" aria-valuenow=${Math.round(share * 100)}><rect class="track" width="100" height="6" rx="3"></rect><rect class="filled" width=${share * 100} height="6" rx="3"></rect></svg>`;
}

/** @param {Job} job */
export const isRunning = (job) => job.state === "running" || job.state === "stopping";

class SopJobStrip extends Part {
  constructor() {
    super();
    /** @type {Map<string, Job>} */
    this.jobs = new Map();
    /** @type {import("../context.js").Context | undefined} */
    this.app = undefined;
  }

  /** @param {Job} job */
  show(job) {
    if (isRunning(job)) this.jobs.set(job.id, job);
    else this.jobs.delete(job.id);
    this.requestUpdate();
  }

  /** @param {Job} job */
  async cancel(job) {
    try {
      this.show(await this.app?.session.api.json("DELETE", path("jobs", job.id)));
    } catch (error) {
      this.app?.session.fail(error, t("shared.cancel"));
    }
  }

  render() {
    if (!this.jobs.size) return nothing;
    return html`<div class="job-strip" role="region" aria-label=${t("design.running_jobs")}>${[...this.jobs.values()].map((job) => html`<div class="work-bar"><header>${icon("clock", true)}<b class="cut grow">${job.what}</b><span class="small dim">${job.state === "stopping" ? t("design.stopping_within") : job.total ? percent(Number(job.done), Number(job.total)) : ""}</span>${job.can_cancel ? html`<button class="button s quiet" ?disabled=${job.state === "stopping"} @click=${() => this.cancel(job)}>${t("shared.cancel")}</button>` : nothing}</header>${progressBar(job)}</div>`)}</div>`;
  }
}

customElements.define("sop-job-strip", SopJobStrip);

/**
 * Shows a job until it has ended, and gives it then. A failure is said; success is for the caller to say.
 * @param {import("../context.js").Context} app @param {Job} job @param {{quiet?: boolean, seen?: (job: Job) => void}} [how] quiet: the caller says failures
 * @returns {Promise<Job>}
 */
export async function follow(app, job, { quiet = false, seen } = {}) {
  let strip = /** @type {SopJobStrip | null} */ (document.querySelector("sop-job-strip"));
  if (!strip) {
    strip = /** @type {SopJobStrip} */ (document.createElement("sop-job-strip"));
    strip.app = app;
    document.getElementById("overlays")?.append(strip);
  }
  let wait = FIRST_MS;
  let now = job;
  while (isRunning(now)) {
    strip.show(now);
    seen?.(now);
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(MOST_MS, wait * 1.3);
    try {
      now = await app.session.api.get(path("jobs", job.id));
    } catch (error) {
      if (/** @type {any} */ (error)?.name === "NetworkError") continue;
      strip.show({ ...now, state: "failed" });
      app.session.fail(error, job.what);
      return { ...now, state: "failed", error: { detail: t("design.the_job_is_not_known_any_more") } };
    }
  }
  strip.show(now);
  seen?.(now);
  if (now.state === "cancelled") app.session.say({ kind: "warn", text: t("design.job_cancelled", { job: job.what }) });
  else if (now.state === "failed" && !quiet && now.kind !== "reorder") app.session.say({ kind: "danger", text: `${job.what}: ${now.error?.detail ?? t("shared.it_failed_within")}` });
  return now;
}
