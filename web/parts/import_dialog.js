// Importing files: what each becomes, which fields are its key, and how far it has come. Bad rows are named by line.

import { count, counted, size, span } from "../core/format.js";
import { visible } from "../core/keys.js";
import { HEAD_BYTES, keyIsUnique, obstacle, plan as planFile } from "../model/import_plan.js";
import { html, nothing } from "../vendor/lit.js";
import { Dialog, dialogHead, fault } from "./dialog.js";
import { icon } from "./dom.js";
import { previewTable } from "./import_preview.js";
import { upload } from "./upload.js";

/** @typedef {import("../model/import_plan.js").Plan & {file: File, mode: "upsert" | "insert" | "replace", on: boolean, state: "ready" | "running" | "done" | "failed" | "cancelled", sent: number, report?: import("./upload.js").ImportReport, fault?: string}} Job */

const TYPES = { ndjson: "application/x-ndjson", json: "application/json", csv: "text/csv" };
const MOST_ERRORS = 100;
const DRAW_MS = 100;

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
    this.running = false;
    this.ended = false;
    this.error = "";
    this.abort = new AbortController();
    this.started = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.dialog = new Dialog({ label: "Import files", className: "review import-dialog", draw: () => this.draw(), sticky: () => this.running });
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
      const head = await file.slice(0, HEAD_BYTES).text();
      const job = { ...planFile(file.name, head, file.size <= HEAD_BYTES), file, mode: /** @type {const} */ ("upsert"), on: true, state: /** @type {const} */ ("ready"), sent: 0 };
      this.jobs.push(job);
    }
    this.jobs.sort((a, b) => a.store.localeCompare(b.store));
    this.dialog.draw();
  }

  choose() {
    const input = document.createElement("input");
    input.type = "file";
    input.multiple = true;
    input.accept = ".json,.ndjson,.jsonl,.csv,.tsv,.txt";
    input.addEventListener("change", () => void this.add([...(input.files ?? [])]));
    input.click();
  }

  get chosen() {
    return this.jobs.filter((job) => job.on);
  }

  async run() {
    if (this.running || !this.chosen.length || this.chosen.some((job) => obstacle(job))) return;
    this.running = true;
    this.error = "";
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
      else if (job.state !== "done") await this.one(job);
    }
    this.elapsed = performance.now() - this.started;
    this.running = false;
    this.ended = true;
    this.dialog.draw();
    /** @type {HTMLElement | null} */ (this.dialog.element.querySelector("footer .main"))?.focus();
    const stores = [...new Set(this.chosen.map((job) => job.store))];
    await this.session.written(stores);
  }

  /** @param {Job} job */
  async one(job) {
    job.state = "running";
    job.fault = undefined;
    this.soon();
    try {
      job.report = await upload(this.session.path("stores", job.store, "import"), { format: job.format, key: job.key.join(","), mode: job.mode, create: true }, job.file, TYPES[job.format], {
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
    const title = this.jobs.length ? `Import ${counted(this.jobs.length, "file")}` : "Import files";
    return html`${dialogHead(this.dialog, title, database ? html`<span class="badge">${database}</span>` : nothing)}
      ${fault(this.error)}
      <div class="body scroll">${this.jobs.length ? html`${this.table()}${this.running || this.ended ? this.faults() : job ? this.options(job) : nothing}` : this.nothing()}</div>
      <footer>${this.totals()}<span class="grow"></span>${this.buttons(chosen, stuck)}</footer>`;
  }

  nothing() {
    return html`<div class="nothing">${icon("import")}<h2>Drop files here</h2><p>JSON, NDJSON or CSV, several at once. Each becomes a store; the fields that form its key are chosen before anything is written.</p><p class="next"><button class="button main" autofocus @click=${() => this.choose()}>${icon("file", true)}Choose files</button></p></div>`;
  }

  /** @param {Job[]} chosen @param {string | undefined} stuck */
  buttons(chosen, stuck) {
    if (this.running) return html`<button class="button" @click=${() => this.abort.abort()}>${icon("x", true)}Cancel</button>`;
    if (this.ended) {
      const failed = this.chosen.some((job) => job.state === "failed");
      return html`${failed && !this.abort.signal.aborted ? html`<button class="button" @click=${() => { this.ended = false; this.dialog.draw(); }}>Back</button>` : nothing}<button class="button main" @click=${() => this.show()}>${this.firstDone() ? `Show ${this.firstDone()?.store}` : "Close"}<kbd>↵</kbd></button>`;
    }
    return html`${this.jobs.length ? html`<button class="button quiet" @click=${() => this.choose()}>${icon("plus", true)}More files</button>` : nothing}<button class="button quiet" @click=${() => this.dialog.close()}>Cancel<kbd>Esc</kbd></button>${this.jobs.length ? html`<button class="button main" autofocus ?disabled=${stuck !== undefined || !chosen.length} title=${stuck ?? nothing} @click=${() => this.run()}>Import ${counted(chosen.length, "file")}</button>` : nothing}`;
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
    if (!this.running && !this.ended) return html`<span class="small dim">${chosen.length > 0 ? `${size(chosen.reduce((all, job) => all + job.file.size, 0))} · ` : ""}a key that exists is replaced unless you say otherwise</span>`;
    return html`<span class="totals" role="status"><span><b>${count(sum("inserted"))}</b> new</span>${sum("updated") ? html`<span><b>${count(sum("updated"))}</b> replaced</span>` : nothing}<span class=${sum("failed") ? "fail" : "dim"}><b>${count(sum("failed"))}</b> bad</span><span class="dim">${span(this.ended ? (this.elapsed ?? 0) : performance.now() - this.started)}</span></span>`;
  }

  table() {
    const fixed = this.running || this.ended;
    return html`<section class="card" aria-label="Files"><table class="lines-table even files"><thead><tr><th class="c-tickbox" scope="col"><span class="unseen">Import</span></th><th scope="col">File</th><th scope="col">Store</th><th scope="col">Key</th><th class="c-size num" scope="col">${fixed ? "Items" : "Size"}</th><th class="c-progress" scope="col"><span class="unseen">State</span></th></tr></thead>
      <tbody>${this.jobs.map((job, index) => {
        const wrong = job.on ? obstacle(job) : undefined;
        return html`<tr class=${index === this.at && !fixed ? "on" : ""} @click=${() => { this.at = index; this.dialog.draw(); }}><td class="c-tickbox"><input type="checkbox" aria-label="Import ${visible(job.file.name)}" .checked=${job.on} ?disabled=${fixed} @change=${(/** @type {any} */ event) => { job.on = event.target.checked; this.dialog.draw(); }}></td>
          <td>${fixed ? html`<span class="cut">${visible(job.file.name)}</span>` : html`<button class="plain cut" aria-pressed=${String(index === this.at)} title="How it is imported">${visible(job.file.name)}</button>`}</td><td>${job.store}${this.session.storeNamed(job.store) || fixed ? nothing : html` <span class="tag insert">new</span>`}</td><td class="data cut">${job.key.join(", ") || "–"}</td>
          <td class="num c-size">${fixed ? count(Number(job.report?.inserted ?? 0) + Number(job.report?.updated ?? 0)) : size(job.file.size)}</td><td class="c-progress">${this.state(job, wrong)}</td></tr>`;
      })}</tbody></table></section>`;
  }

  /** @param {Job} job @param {string | undefined} wrong */
  state(job, wrong) {
    if (wrong) return html`<span class="fail" title=${wrong}>${icon("warning", true)}</span>`;
    if (!job.on) return html`<span class="dim">left out</span>`;
    if (job.state === "ready") return this.running ? html`<span class="dim">waits</span>` : nothing;
    if (job.state === "failed") return html`<span class="fail" title=${job.fault ?? ""}>failed</span>`;
    if (job.state === "cancelled") return html`<span class="held">cancelled</span>`;
    if (job.state === "done") return html`<span class=${job.report?.failed ? "held" : "good"}>${icon(job.report?.failed ? "warning" : "check", true)}</span>`;
    const share = job.file.size ? Math.min(100, Math.round((job.sent / job.file.size) * 100)) : 100;
    return html`<svg class="bar" role="progressbar" aria-label="Import of ${visible(job.file.name)}" aria-valuenow=${share} aria-valuemin="0" aria-valuemax="100"><rect width="100%" height="6" rx="3"></rect><rect width="${share}%" height="6" rx="3"></rect></svg>`;
  }

  /** @param {Job} job */
  options(job) {
    const wrong = obstacle(job);
    const change = () => this.dialog.draw();
    return html`<section class="card" aria-label="How ${visible(job.file.name)} is imported"><header>${icon("file", true)}<b class="cut">${visible(job.file.name)}</b><span class="grow"></span>${keyIsUnique(job) || wrong ? nothing : html`<span class="held small">Two of the first rows have one key: the later one wins</span>`}</header>
      <div class="form import-form"><div class="three">
        <label>Store<span class="field"><input autocomplete="off" spellcheck="false" .value=${job.store} @input=${(/** @type {any} */ event) => { job.store = event.target.value; change(); }}></span></label>
        <label>Format<select class="field" @change=${async (/** @type {any} */ event) => { const head = await job.file.slice(0, HEAD_BYTES).text(); const { format, fields, rows, key, error } = planFile(job.file.name, head, job.file.size <= HEAD_BYTES, event.target.value); Object.assign(job, { format, fields, rows, key, error }); change(); }}>${["ndjson", "json", "csv"].map((one) => html`<option value=${one} ?selected=${one === job.format}>${one === "json" ? "JSON array" : one.toUpperCase()}</option>`)}</select></label>
        <label>When a key exists<select class="field" @change=${(/** @type {any} */ event) => { job.mode = event.target.value; change(); }}>${[["upsert", "Replace that item"], ["insert", "Report it as bad"], ["replace", "Empty the store first"]].map(([id, title]) => html`<option value=${id} ?selected=${id === job.mode}>${title}</option>`)}</select></label></div>
        <div class="label">Key, in the order in which it sorts<div class="key-chips" role="group" aria-label="Fields of the key">${job.fields.slice(0, 40).map((name) => { const at = job.key.indexOf(name); return html`<button type="button" class="chip pick" aria-pressed=${String(at >= 0)} @click=${() => { job.key = at >= 0 ? job.key.filter((one) => one !== name) : [...job.key, name]; change(); }}>${at >= 0 ? html`<span class="badge">${at + 1}</span>` : nothing}${name}</button>`; })}</div></div></div>
      ${wrong ? html`<div class="clash bad">${icon("warning")}<p>${wrong}</p></div>` : previewTable(job)}</section>`;
  }

  faults() {
    return this.chosen.filter((job) => job.fault || job.report?.errors?.length).map((job) => {
      const errors = job.report?.errors ?? [];
      return html`<section class="card" aria-label="Bad rows of ${visible(job.file.name)}"><header>${icon("warning", true)}<b class="cut">${visible(job.file.name)}</b><span class="grow"></span><span class="small fail">${job.fault && !errors.length ? "failed" : counted(Number(job.report?.failed ?? errors.length), "bad row")}</span></header>
        ${job.fault ? html`<p class="pad fail">${job.fault}</p>` : nothing}${errors.length ? html`<table class="lines-table even"><thead><tr><th class="c-line num" scope="col">Line</th><th scope="col">Cause</th></tr></thead><tbody>${errors.slice(0, MOST_ERRORS).map((one) => html`<tr><td class="c-line data dim num">${count(one.line)}</td><td class="fail" title=${one.detail}>${one.detail}</td></tr>`)}</tbody></table>` : nothing}</section>`;
    });
  }
}
