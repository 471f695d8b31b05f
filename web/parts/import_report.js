// What an import met, or would meet: bad rows by line with their cause, and all of them as a file.

import { count, counted } from "../core/format.js";
import { visible } from "../core/keys.js";
import { html, nothing } from "../vendor/lit.js";
import { download, icon } from "./dom.js";

const MOST_SHOWN = 100;

/** @typedef {import("./import_dialog.js").Job} Job */

/** @param {Job[]} jobs */
export function badRows(jobs) {
  return jobs.filter((job) => job.fault || job.report?.errors?.length).map((job) => {
    const errors = job.report?.errors ?? [];
    const failed = Number(job.report?.failed ?? errors.length);
    return html`<section class="card" aria-label="Bad rows of ${visible(job.file.name)}"><header>${icon("warning", true)}<b class="cut">${visible(job.file.name)}</b><span class="grow"></span><span class="small fail">${job.fault && !errors.length ? "failed" : counted(failed, "bad row")}</span>${errors.length ? html`<button type="button" class="button s quiet" @click=${() => save(job)}>${icon("export", true)}Save them</button>` : nothing}</header>
      ${job.fault ? html`<p class="pad fail">${job.fault}</p>` : nothing}${errors.length ? html`<div class="scroll bad-rows" tabindex="0" role="region" aria-label="Lines and causes"><table class="lines-table even"><thead><tr><th class="c-line num" scope="col">Line</th><th scope="col">Cause</th></tr></thead><tbody>${errors.slice(0, MOST_SHOWN).map((one) => html`<tr><td class="c-line data dim num">${count(one.line)}</td><td class="fail" title=${one.text ?? ""}>${visible(one.detail)}</td></tr>`)}</tbody></table></div>
      ${failed > Math.min(errors.length, MOST_SHOWN) ? html`<p class="pad small dim">The first ${count(Math.min(errors.length, MOST_SHOWN))} are shown${failed > errors.length ? `; the file has the first ${count(errors.length)}` : ", all are in the file"}.</p>` : nothing}` : nothing}</section>`;
  });
}

/** Saves the bad rows with their causes. @param {Job} job */
function save(job) {
  const field = (/** @type {unknown} */ value) => `"${String(value ?? "").replaceAll('"', '""')}"`;
  const lines = ["line,reason,row", ...(job.report?.errors ?? []).map((one) => [one.line, field(one.detail), field(one.text)].join(","))];
  const url = URL.createObjectURL(new Blob([`${lines.join("\r\n")}\r\n`], { type: "text/csv" }));
  download(url, `${job.store || "import"}-bad-rows.csv`);
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
