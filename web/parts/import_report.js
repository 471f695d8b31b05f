// What an import met, or would meet: bad rows by line with their cause, and all of them as a file.

import { count } from "../core/format.js";
import { visible } from "../core/keys.js";
import { t } from "../strings/import.js";
import { html, nothing } from "../vendor/lit.js";
import { icon } from "./dom.js";
import { saveBlob } from "./save_file.js";

const MOST_SHOWN = 100;

/** @typedef {import("./import_dialog.js").Job} Job */

/** @param {Job[]} jobs */
export function badRows(jobs) {
  return jobs.filter((job) => job.fault || job.report?.errors?.length).map((job) => {
    const errors = job.report?.errors ?? [];
    const failed = Number(job.report?.failed ?? errors.length);
    return html`<section class="card" aria-label=${t("import.bad_rows_of", { file: visible(job.file.name) })}><header>${icon("warning", true)}<b class="cut">${visible(job.file.name)}</b><span class="grow"></span><span class="small fail">${job.fault && !errors.length ? t("shared.failed_within") : t("import.n_bad_rows", { n: failed })}</span>${errors.length ? html`<button type="button" class="button s quiet" @click=${() => save(job)}>${icon("export", true)}${t("import.save_them")}</button>` : nothing}</header>
      ${job.fault ? html`<p class="pad fail">${job.fault}</p>` : nothing}${errors.length ? html`<div class="scroll bad-rows" tabindex="0" role="region" aria-label=${t("import.lines_and_causes")}><table class="lines-table even"><thead><tr><th class="c-line num" scope="col">${t("shared.line")}</th><th scope="col">${t("import.cause")}</th></tr></thead><tbody>${errors.slice(0, MOST_SHOWN).map((one) => html`<tr><td class="c-line data dim num">${count(one.line)}</td><td class="fail" title=${one.text ?? ""}>${visible(one.detail)}</td></tr>`)}</tbody></table></div>
      ${failed > Math.min(errors.length, MOST_SHOWN) ? html`<p class="pad small dim">${failed > errors.length ? t("import.the_first_are_shown", { n: count(Math.min(errors.length, MOST_SHOWN)), kept: count(errors.length) }) : t("import.the_first_are_shown_all", { n: count(Math.min(errors.length, MOST_SHOWN)) })}</p>` : nothing}` : nothing}</section>`;
  });
}

/** Saves the bad rows with their causes. @param {Job} job */
function save(job) {
  const field = (/** @type {unknown} */ value) => `"${String(value ?? "").replaceAll('"', '""')}"`;
  const lines = ["line,reason,row", ...(job.report?.errors ?? []).map((one) => [one.line, field(one.detail), field(one.text)].join(","))];
  saveBlob(new Blob([`${lines.join("\r\n")}\r\n`], { type: "text/csv" }), `${job.store || "import"}-bad-rows.csv`);
}
