// Importing files: what each becomes, which fields are its key, and how far it has come. Bad rows are named by line. A trial
// does everything but keep it.

import { count, size, span } from "../core/format.js";
import { visible } from "../core/keys.js";
import { isParquet, parquetEnd } from "../core/parquet.js";
import { asUtf8, decode, encodingOf } from "../model/encoding.js";
import { mapParameter } from "../model/import_map.js";
import { HEAD_BYTES, keyFor, obstacle, plan as planFile, planParquet } from "../model/import_plan.js";
import { t } from "../strings/import.js";
import { html, nothing } from "../vendor/lit.js";
import { Dialog, dialogHead, fault } from "./dialog.js";
import { icon } from "./dom.js";
import { importOptions } from "./import_fields.js";
import { badRows } from "./import_report.js";
import { upload } from "./upload.js";

/** @typedef {import("../model/import_plan.js").Plan & {file: File, encoding: import("../model/encoding.js").Encoding, mode: "upsert" | "insert" | "replace", on: boolean, state: "ready" | "running" | "done" | "failed" | "cancelled", sent: number, report?: import("./upload.js").ImportReport, fault?: string}} Job */

const TYPES = { ndjson: "application/x-ndjson", json: "application/json", csv: "text/csv", parquet: "application/vnd.apache.parquet" };
const DRAW_MS = 100;
/** Bad rows at which a trial ends. */
const MOST_TRIED = 100_000;

/**
 * Opens the import.
 * @param {{session: import("../model/session.js").Session}} app @param {File[]} [files]
 * @param {{prepare?: () => Promise<void>, finished?: () => void}} [how] prepare: makes the database first
 */
export function importFiles(app, files, how = {}) {
  return new Import(app, files ?? [], how);
}

class Import {
  /** @param {{session: import("../model/session.js").Session}} app @param {File[]} files @param {{prepare?: () => Promise<void>, finished?: () => void}} how */
  constructor({ session }, files, how) {
    this.session = session;
    this.how = how;
    /** @type {Job[]} */
    this.jobs = [];
    this.at = 0;
    /** @type {"rows" | "fields"} */
    this.tab = "rows";
    /** Whether what runs, or ran last, was a trial. */
    this.tried = false;
    this.running = false;
    this.ended = false;
    this.error = "";
    this.abort = new AbortController();
    this.started = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.dialog = new Dialog({ label: t("shared.import_files"), className: "review import-dialog", draw: () => this.draw(), sticky: () => this.running });
    this.dialog.element.addEventListener("dragover", (event) => event.preventDefault());
    this.dialog.element.addEventListener("drop", (event) => {
      event.preventDefault();
      event.stopPropagation();
      document.documentElement.classList.remove("dropping");
      void this.add([...(event.dataTransfer?.files ?? [])]);
    });
    void this.add(files);
  }

  /** @param {File[]} files */
  async add(files) {
    for (const file of files) {
      const bytes = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
      const columns = isParquet(file.name, bytes);
      const encoding = columns ? "utf-8" : encodingOf(bytes);
      const whole = file.size <= HEAD_BYTES;
      const planned = columns ? planParquet(file.name, await this.columns(file)) : planFile(file.name, decode(bytes, encoding, whole), whole);
      planned.key = keyFor(planned, this.session.storeNamed(planned.store)?.key);
      const job = { ...planned, file, encoding, mode: /** @type {const} */ ("upsert"), on: true, state: /** @type {const} */ ("ready"), sent: 0 };
      this.jobs.push(job);
    }
    this.jobs.sort((a, b) => a.store.localeCompare(b.store));
    this.dialog.draw();
  }

  /** What the end of a Parquet file says, or why it cannot be imported. @param {File} file */
  async columns(file) {
    if (!this.session.formats.includes("parquet")) return t("import.this_server_was_built_without_parquet");
    try {
      return await parquetEnd(file);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** The formats in words. */
  formats() {
    return this.session.formats.includes("parquet") ? t("import.json_ndjson_csv_or_parquet") : t("import.json_ndjson_or_csv");
  }

  choose() {
    const input = document.createElement("input");
    input.type = "file";
    input.multiple = true;
    input.accept = `.json,.ndjson,.jsonl,.csv,.tsv,.txt${this.session.formats.includes("parquet") ? ",.parquet" : ""}`;
    input.addEventListener("change", () => void this.add([...(input.files ?? [])]));
    input.click();
  }

  get chosen() {
    return this.jobs.filter((job) => job.on);
  }

  /** @param {boolean} [trial] does everything but keep it */
  async run(trial = false) {
    if (this.running || !this.chosen.length || this.chosen.some((job) => obstacle(job))) return;
    if (trial || this.tried) for (const job of this.chosen) this.#reset(job);
    this.running = true;
    this.tried = trial;
    this.error = "";
    if (trial) this.abort = new AbortController();
    this.started = performance.now();
    this.dialog.draw();
    try {
      await this.how.prepare?.();
    } catch (error) {
      this.running = false;
      this.error = error instanceof Error ? error.message : String(error);
      this.dialog.draw();
      return;
    }
    for (const job of this.chosen) {
      if (this.abort.signal.aborted) job.state = "cancelled";
      else if (job.state !== "done") await this.one(job, trial);
    }
    this.elapsed = performance.now() - this.started;
    this.running = false;
    this.ended = !trial;
    this.dialog.draw();
    if (trial) {
      this.abort = new AbortController();
      return;
    }
    /** @type {HTMLElement | null} */ (this.dialog.element.querySelector("footer .main"))?.focus();
    const stores = [...new Set(this.chosen.map((job) => job.store))];
    await this.session.written(stores);
  }

  /** @param {Job} job @param {boolean} trial */
  async one(job, trial) {
    job.state = "running";
    job.fault = undefined;
    this.soon();
    try {
      const csv = job.format === "csv" ? { delimiter: job.delimiter, quote: job.quote === '"' ? undefined : job.quote } : {};
      // To make a store takes more than to write into one that is there.
      const create = this.session.storeNamed(job.store) === undefined || undefined;
      const query = { format: job.format, key: job.key.join(","), mode: job.mode, create, ...csv, map: mapParameter(job.fields, job.rules), ...(trial ? { dry_run: true, max_errors: MOST_TRIED } : {}) };
      job.report = await upload(this.session.path("stores", job.store, "import"), query, await asUtf8(job.file, job.encoding), TYPES[job.format], {
        signal: this.abort.signal,
        progress: ({ sent, report }) => {
          job.sent = Math.max(sent, Number(report?.bytes ?? 0));
          job.report = report ?? job.report;
          this.soon();
        },
      });
      job.state = "done";
      job.sent = job.file.size;
    } catch (error) {
      job.state = /** @type {any} */ (error)?.name === "AbortError" ? "cancelled" : "failed";
      job.fault = error instanceof Error ? error.message : String(error);
    }
    this.soon();
  }

  /** Draws a little later, so that many reports make one drawing. */
  soon() {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.dialog.draw();
    }, DRAW_MS);
  }

  draw() {
    const { session } = this;
    const chosen = this.chosen;
    const job = this.jobs[this.at];
    const database = session.place.database;
    const stuck = chosen.map((one) => obstacle(one)).find((one) => one !== undefined);
    const title = this.jobs.length ? t("import.import_n_files", { n: this.jobs.length }) : t("shared.import_files");
    return html`${dialogHead(this.dialog, title, database ? html`<span class="badge">${database}</span>` : nothing)}
      ${fault(this.error)}
      <div class="body scroll">${this.jobs.length ? html`${this.table()}${this.running || this.ended ? badRows(this.chosen) : html`${this.tried ? badRows(this.chosen) : nothing}${job ? this.options(job) : nothing}`}` : this.nothing()}</div>
      <footer>${this.totals()}<span class="grow"></span>${this.buttons(chosen, stuck)}</footer>`;
  }

  nothing() {
    return html`<div class="nothing">${icon("import")}<h2>${t("import.drop_files_here")}</h2><p>${t("import.several_at_once", { formats: this.formats() })}</p><p class="next"><button class="button main" autofocus @click=${() => this.choose()}>${icon("file", true)}${t("shared.choose_files")}</button></p></div>`;
  }

  /** @param {Job[]} chosen @param {string | undefined} stuck */
  buttons(chosen, stuck) {
    if (this.running) return html`<button class="button" @click=${() => this.abort.abort()}>${icon("x", true)}${t("shared.cancel")}</button>`;
    if (this.ended) {
      const failed = this.chosen.some((job) => job.state === "failed");
      return html`${failed && !this.abort.signal.aborted ? html`<button class="button" @click=${() => { this.ended = false; this.dialog.draw(); }}>${t("import.back")}</button>` : nothing}<button class="button main" @click=${() => this.show()}>${this.firstDone() ? t("import.show_store", { store: this.firstDone()?.store }) : t("shared.close")}<kbd>↵</kbd></button>`;
    }
    return html`${this.jobs.length ? html`<button class="button quiet" @click=${() => this.choose()}>${icon("plus", true)}${t("import.more_files")}</button>` : nothing}<button class="button quiet" @click=${() => this.dialog.close()}>${t("shared.cancel")}<kbd>Esc</kbd></button>${this.jobs.length && !this.how.prepare ? html`<button class="button" ?disabled=${stuck !== undefined || !chosen.length} title=${t("import.does_everything_but_keep_it")} @click=${() => this.run(true)}>${icon("flask", true)}${t("import.try")}</button>` : nothing}${this.jobs.length ? html`<button class="button main" autofocus ?disabled=${stuck !== undefined || !chosen.length} title=${stuck ?? nothing} @click=${() => this.run()}>${t("import.import_n_files", { n: chosen.length })}</button>` : nothing}`;
  }

  firstDone() {
    return this.chosen.find((job) => job.state === "done");
  }

  show() {
    const job = this.firstDone();
    this.dialog.close();
    if (this.how.finished) this.how.finished();
    else if (job) void this.session.go({ store: job.store, prefix: [], at: undefined, sel: undefined });
  }

  totals() {
    const chosen = this.chosen;
    const sum = (/** @type {"read" | "inserted" | "updated" | "failed"} */ name) => chosen.reduce((all, job) => all + Number(job.report?.[name] ?? 0), 0);
    if (!this.running && !this.ended && !this.tried) return html`<span class="small dim">${chosen.length > 0 ? `${size(chosen.reduce((all, job) => all + job.file.size, 0))} · ` : ""}${t("import.a_key_that_exists_is_replaced")}</span>`;
    return html`<span class="totals" role="status">${this.tried ? html`<span class="held">${this.running ? t("import.trying") : t("import.tried_nothing_is_kept")}</span>` : nothing}<span><b>${count(sum("inserted"))}</b> ${t("shared.new")}</span>${sum("updated") ? html`<span><b>${count(sum("updated"))}</b> ${t("shared.replaced")}</span>` : nothing}<span class=${sum("failed") ? "fail" : "dim"}><b>${count(sum("failed"))}</b> ${t("shared.bad")}</span><span class="dim">${span(this.ended ? (this.elapsed ?? 0) : performance.now() - this.started)}</span></span>`;
  }

  table() {
    const fixed = this.running || this.ended;
    const told = fixed || this.tried;
    return html`<section class="card" aria-label=${t("shared.files")}><table class="lines-table even files"><thead><tr><th class="c-tickbox" scope="col"><span class="unseen">${t("shared.import")}</span></th><th scope="col">${t("import.file")}</th><th scope="col">${t("shared.store")}</th><th scope="col">${t("shared.key")}</th><th class="c-size num" scope="col">${told ? t("shared.items") : t("import.size")}</th><th class="c-progress" scope="col"><span class="unseen">${t("shared.state")}</span></th></tr></thead>
      <tbody>${this.jobs.map((job, index) => {
        const wrong = job.on ? obstacle(job) : undefined;
        return html`<tr class=${index === this.at && !fixed ? "on" : ""} @click=${() => { this.at = index; this.dialog.draw(); }}><td class="c-tickbox"><input type="checkbox" aria-label=${t("import.import_file", { file: visible(job.file.name) })} .checked=${job.on} ?disabled=${fixed} @change=${(/** @type {any} */ event) => { job.on = event.target.checked; this.dialog.draw(); }}></td>
          <td>${fixed ? html`<span class="cut">${visible(job.file.name)}</span>` : html`<button class="plain cut" aria-pressed=${String(index === this.at)} title=${t("import.how_it_is_imported")}>${visible(job.file.name)}</button>`}</td><td>${visible(job.store)}${this.session.storeNamed(job.store) || fixed ? nothing : html` <span class="tag insert">${t("shared.new")}</span>`}</td><td class="data cut">${visible(job.key.join(", ")) || "–"}</td>
          <td class="num c-size">${told ? count(Number(job.report?.inserted ?? 0) + Number(job.report?.updated ?? 0)) : size(job.file.size)}</td><td class="c-progress">${this.state(job, wrong)}</td></tr>`;
      })}</tbody></table></section>`;
  }

  /** @param {Job} job @param {string | undefined} wrong */
  state(job, wrong) {
    if (wrong) return html`<span class="fail" title=${wrong}>${icon("warning", true)}</span>`;
    if (!job.on) return html`<span class="dim">${t("import.left_out")}</span>`;
    if (job.state === "ready") return this.running ? html`<span class="dim">${t("import.waits_within")}</span>` : nothing;
    if (job.state === "failed") return html`<span class="fail" title=${job.fault ?? ""}>${t("shared.failed_within")}</span>`;
    if (job.state === "cancelled") return html`<span class="held">${t("shared.cancelled_within")}</span>`;
    if (job.state === "done") return html`<span class=${job.report?.failed ? "held" : "good"}>${icon(job.report?.failed ? "warning" : "check", true)}</span>`;
    const share = job.file.size ? Math.min(100, Math.round((job.sent / job.file.size) * 100)) : 100;
    return html`<svg class="bar" role="progressbar" aria-label=${t("import.import_of", { file: visible(job.file.name) })} aria-valuenow=${share} aria-valuemin="0" aria-valuemax="100"><rect width="100%" height="6" rx="3"></rect><rect width="${share}%" height="6" rx="3"></rect></svg>`;
  }

  /** @param {Job} job */
  options(job) {
    return importOptions(job, {
      stores: this.session.stores.map((one) => one.name),
      tab: this.tab,
      show: (tab) => { this.tab = tab; this.dialog.draw(); },
      change: () => this.changed(),
      storeChanged: () => {
        job.key = keyFor(job, this.session.storeNamed(job.store)?.key);
        this.changed();
      },
      reread: (how) => void this.reread(job, how),
    });
  }

  /** What was tried before is of other settings. */
  changed() {
    if (this.tried) for (const job of this.jobs) this.#reset(job);
    this.tried = false;
    this.dialog.draw();
  }

  /** @param {Job} job */
  #reset(job) {
    job.state = "ready";
    job.sent = 0;
    job.report = undefined;
    job.fault = undefined;
  }

  /** Looks at the head of a file again, read another way. @param {Job} job @param {{format?: import("../model/import_plan.js").Format, delimiter?: string, quote?: string, encoding?: import("../model/encoding.js").Encoding}} how */
  async reread(job, how) {
    Object.assign(job, how);
    const bytes = new Uint8Array(await job.file.slice(0, HEAD_BYTES).arrayBuffer());
    const whole = job.file.size <= HEAD_BYTES;
    const chosen = how.format ? {} : { delimiter: how.delimiter ?? job.delimiter, quote: how.quote ?? job.quote };
    const { format, fields, rows, key, error, delimiter, quote } = planFile(job.file.name, decode(bytes, job.encoding, whole), whole, job.format, chosen);
    const same = fields.length === job.fields.length && fields.every((name) => job.fields.includes(name));
    Object.assign(job, { format, fields, rows, error, delimiter, quote, key: same ? job.key : key, rules: same ? job.rules : {} });
    this.changed();
  }
}
