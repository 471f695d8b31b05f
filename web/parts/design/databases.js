// The databases of the server: which there are, how the open one is doing, and what is done with it as a whole: options,
// checkpoint, backup, check, taking it off the list, deleting its files.

import { count, percent, size, span } from "../../core/format.js";
import { path } from "../../core/http.js";
import { rich, t } from "../../strings/design.js";
import { html, nothing } from "../../vendor/lit.js";
import { proveDialog } from "../create.js";
import { Part, icon } from "../dom.js";
import { follow, isRunning, progressBar } from "./job_strip.js";

/** @typedef {import("./job_strip.js").Job} Job */

const FRESH_MS = 2_000;

/** @param {import("../context.js").Context} app @returns {Promise<SopDatabases>} */
export async function startDatabases(app) {
  const page = /** @type {SopDatabases} */ (document.getElementById("databases"));
  page.start(app);
  app.status.follows(page, "databases");
  await page.updateComplete;
  return page;
}

export class SopDatabases extends Part {
  constructor() {
    super();
    /** @type {import("../context.js").Context} */
    this.app = /** @type {any} */ (undefined);
    /** @type {any} */
    this.state = undefined;
    this.stateFault = "";
    this.of = "";
    /** @type {Job[]} */
    this.jobs = [];
    this.target = "";
    /** What the last check of each database found. @type {Map<string, any>} */
    this.checks = new Map();
    /** @type {Set<string>} */
    this.busy = new Set();
    this.targetFault = "";
  }

  /** @param {import("../context.js").Context} app */
  start(app) {
    this.app = app;
    this.session = app.session;
    this.follow(this.session, "place", "databases");
    this.session.addEventListener("place", () => this.#read());
    this.requestUpdate();
  }

  shouldUpdate() {
    return this.app !== undefined;
  }

  opened() {
    this.of = "";
    void this.#read();
    void this.session?.readDatabases();
    this.dispatchEvent(new Event("figures"));
  }

  get figures() {
    const { databases } = this.app.session;
    return [{ count: count(databases.length), what: t("design.databases_within", { n: databases.length }) }, { count: count(databases.reduce((sum, one) => sum + Number(one.items ?? 0), 0)), what: t("design.items_within") }, { count: size(databases.reduce((sum, one) => sum + Number(one.bytes ?? 0), 0)), what: t("design.on_disk_within") }];
  }

  get name() {
    return this.app.session.place.database ?? "";
  }

  async #read() {
    const { session } = this.app;
    if (session.place.view !== "databases") {
      clearTimeout(this.timer);
      return;
    }
    const { name } = this;
    if (this.of !== name) {
      this.of = name;
      this.state = undefined;
      this.stateFault = "";
      this.target = `backups/${name}-${new Date().toISOString().slice(0, 10)}`;
      this.targetFault = "";
    }
    try {
      const [state, jobs] = await Promise.all([session.api.get(path("databases", name, "state")).catch((error) => ({ fault: error instanceof Error ? error.message : String(error) })), session.api.get(path("jobs"))]);
      if (name !== this.name) return;
      this.jobs = jobs.jobs;
      this.stateFault = state.fault ?? "";
      this.state = state.fault ? undefined : state;
    } catch (error) {
      session.fail(error, t("shared.databases"));
    }
    this.requestUpdate();
    this.dispatchEvent(new Event("figures"));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.#read(), FRESH_MS);
  }

  render() {
    const { session } = this.app;
    return html`<div class="filters" role="toolbar" aria-label=${t("shared.databases")}><button class="button s" data-command="new-database">${icon("plus", true)}${t("shared.database")}</button><button class="button s quiet" data-command="open-folder">${icon("folder", true)}${t("shared.open_a_folder")}</button><span class="dim small wide-only">${t("design.a_backup_is_a_database_too")}</span></div>
      <div class="admin-body"><div class="scroll admin-list" tabindex="0" aria-label=${t("shared.databases")}><h2 class="unseen">${t("design.all_databases_of_this_server")}</h2>${this.#list()}${this.#jobList()}</div>
        <section class="pane panel" aria-label=${t("design.database_named", { name: this.name })}><div class="head"><h2 class="cut">${this.name}</h2>${session.database?.read_only ? html`<span class="tag update">${t("design.read_only")}</span>` : nothing}</div><div class="scroll" tabindex="0" aria-label=${t("design.figures_and_actions_of", { name: this.name })}>${this.#details()}</div></section></div>`;
  }

  #list() {
    const { session } = this.app;
    return html`<div class="section"><h3>${t("shared.databases")}</h3><table class="lines-table even dbs"><thead><tr><th scope="col">${t("shared.name")}</th><th class="c-num" scope="col">${t("shared.stores")}</th><th class="c-num" scope="col">${t("shared.items")}</th><th class="c-size" scope="col">${t("design.on_disk")}</th><th class="c-state" scope="col">${t("shared.state")}</th></tr></thead><tbody>
      ${session.databases.map((/** @type {any} */ one) => html`<tr class=${one.name === this.name ? "on" : ""}><td><button class="link-button cut" aria-current=${one.name === this.name ? "true" : nothing} @click=${() => session.go({ database: one.name, view: "databases" })}>${icon("database", true)}<span class="cut">${one.name}</span></button></td><td class="c-num">${count(Number(one.stores ?? 0))}</td><td class="c-num">${count(Number(one.items ?? 0))}</td><td class="c-size">${size(Number(one.bytes ?? 0))}</td><td class="c-state ${one.error ? "fail" : one.read_only ? "held" : "good"}" title=${one.reason ?? nothing}>${icon(one.error ? "warning" : one.read_only ? "lock" : "check", true)} ${one.error ? t("design.cannot_be_opened") : one.read_only ? t("design.read_only") : t("shared.open")}</td></tr>`)}</tbody></table></div>`;
  }

  #jobList() {
    if (!this.jobs.length) return html`<div class="section"><h3>${t("shared.jobs")}</h3><p class="small dim">${t("design.backups_checks_large_copies_and_new_orders")}</p></div>`;
    return html`<div class="section"><h3>${t("shared.jobs")}</h3><ul class="job-list">${this.jobs.slice(0, 20).map((job) => html`<li><div class="job-line">${icon(isRunning(job) ? "clock" : job.state === "finished" ? "check" : "warning", true)}<span class="cut grow" title=${job.what}>${job.what}</span><span class="small ${job.state === "finished" ? "good" : job.state === "failed" ? "fail" : "dim"}">${this.#jobState(job)}</span><span class="small dim">${span(Number(job.elapsed_ms))}</span>
        ${isRunning(job) && !job.can_cancel ? nothing : html`<button class="button s quiet" aria-label=${isRunning(job) ? t("design.cancel_what", { what: job.what }) : t("shared.forget_name", { name: job.what })} @click=${() => this.#end(job)}>${isRunning(job) ? t("shared.cancel") : icon("x", true)}</button>`}</div>${isRunning(job) ? progressBar(job) : job.error ? html`<p class="small fail">${job.error.detail}</p>` : nothing}</li>`)}</ul></div>`;
  }

  /** @param {Job} job */
  #jobState(job) {
    if (isRunning(job)) return job.state === "stopping" ? t("design.stopping_within") : job.total ? percent(Number(job.done), Number(job.total)) : t("shared.running_within");
    if (job.state !== "finished") return job.state;
    if (job.kind === "check") return job.outcome.clean ? t("design.nothing_wrong") : `${t("design.n_problems", { n: Number(job.outcome.problem_count) })}`;
    return t("shared.done_within");
  }

  /** @param {Job} job */
  async #end(job) {
    try {
      await this.app.session.api.json("DELETE", path("jobs", job.id));
    } catch (error) {
      this.app.session.fail(error, t("design.job"));
    }
    await this.#read();
  }

  #details() {
    const { session } = this.app;
    const database = /** @type {any} */ (session.database);
    if (!database) return nothing;
    return html`${database.error ? html`<div class="notice danger">${icon("warning")}<p class="grow"><b>${t("design.it_cannot_be_opened")}</b> <span class="soft">${database.reason}</span></p></div>` : nothing}
      <div class="section"><h3>${t("shared.folder")}</h3><p class="data wrap">${database.path}</p>
        <label class="tick"><input type="checkbox" .checked=${database.read_only && !database.error} ?disabled=${this.busy.has("options") || database.error !== null && database.error !== undefined} @change=${this.#readOnly}> ${t("shared.open_for_reading_only")}</label>
        ${database.read_only && database.reason ? html`<p class="small dim">${database.reason}</p>` : nothing}</div>
      ${this.stateFault ? html`<div class="section"><p class="small fail">${this.stateFault}</p></div>` : this.state ? this.#figures(this.state, database) : html`<div class="section"><p class="small dim">\u00a0</p></div>`}
      ${database.error ? nothing : html`${this.#backup()}${this.#check()}`}
      <div class="section"><h3>${t("design.take_it_away")}</h3><p class="small dim">${t("design.off_the_list")}</p><div class="row-of"><button class="button s" data-command="detach">${t("shared.detach")}</button><button class="button s risk-line" @click=${() => this.#delete(database)}>${icon("trash", true)}${t("design.delete_its_files")}</button></div></div>`;
  }

  /** @param {any} state @param {any} database */
  #figures(state, database) {
    const hits = Number(state.cache_hits) + Number(state.cache_misses);
    const rows = /** @type {[string, unknown, string?][]} */ ([
      [t("shared.items"), t("design.items_in_stores", { items: count(Number(state.items)), stores: t("shared.n_stores", { n: Number(state.stores) }) })],
      [t("design.keys_and_values"), size(Number(state.live_bytes))],
      [t("shared.files"), size(Number(state.bytes_on_disk)), Number(state.live_bytes) ? t("design.times_the_data", { times: (Number(state.bytes_on_disk) / Number(state.live_bytes)).toFixed(1) }) : ""],
      [t("shared.log"), size(Number(state.log_bytes)), t("design.commits_since_it_was_opened", { commits: count(Number(state.commits)) })],
      [t("design.not_in_a_checkpoint"), Number(state.unsaved_bytes) ? size(Number(state.unsaved_bytes)) : t("shared.nothing"), t("design.durable_in_the_log_all_the_same")],
      [t("shared.cache"), t("shared.n_of_total", { n: size(Number(state.cache_bytes)), total: size(Number(state.cache_limit_bytes)) }), hits ? t("design.share_of_look_ups", { share: percent(Number(state.cache_hits), hits) }) : ""],
      [t("design.opened_at"), t("design.checkpoint_sequence", { sequence: count(Number(state.opened_at)) }), Number(state.replayed) ? t("design.commits_read_from_the_log", { replayed: count(Number(state.replayed)) }) : ""],
      [t("shared.sequence"), count(Number(state.sequence))],
      ...(Number(state.prepared_transactions) ? [/** @type {[string, unknown, string?]} */ ([t("design.prepared"), t("design.n_transactions", { n: Number(state.prepared_transactions) }), t("design.wait_for_their_decision")])] : []),
    ]);
    return html`<div class="section"><h3>${t("shared.state")}<span class="end"><button class="button s quiet" ?disabled=${database.read_only || this.busy.has("checkpoint")} @click=${this.#checkpoint}>${icon("save", true)}${this.busy.has("checkpoint") ? t("shared.writing") : t("design.checkpoint_now")}</button></span></h3>
      ${state.checkpoint_failure ? html`<p class="small fail">${t("design.the_last_checkpoint_failed", { message: state.checkpoint_failure })}</p>` : nothing}
      <dl class="figures-list">${rows.map(([name, value, more]) => html`<dt>${name}</dt><dd><b>${value}</b>${more ? html` <span class="dim">${more}</span>` : nothing}</dd>`)}</dl></div>`;
  }

  #backup() {
    const running = this.jobs.find((job) => job.kind === "backup" && job.database === this.name && isRunning(job));
    return html`<div class="section form tight"><h3>${t("design.backup")}</h3><label class=${this.targetFault ? "wrong" : ""}>${t("design.into_folder")}<span class="field"><input class="data" autocomplete="off" spellcheck="false" .value=${this.target} @input=${(/** @type {any} */ event) => { this.target = event.target.value; this.targetFault = ""; this.requestUpdate(); }}><button type="button" class="button s" ?disabled=${running !== undefined || !this.target.trim()} @click=${this.#startBackup}>${t("design.back_up")}</button></span>${this.targetFault ? html`<span class="hint fail">${this.targetFault}</span>` : html`<span class="hint">${t("design.under_the_data_folder_of_the_server")}</span>`}</label>${running ? progressBar(running) : nothing}</div>`;
  }

  #check() {
    const running = this.jobs.find((job) => job.kind === "check" && job.database === this.name && isRunning(job));
    const found = this.checks.get(this.name);
    return html`<div class="section"><h3>${t("design.check")}<span class="end"><button class="button s quiet" ?disabled=${running !== undefined} @click=${this.#startCheck}>${icon("shield", true)}${running ? t("shared.checking") : t("design.check_now")}</button></span></h3>
      ${running ? html`<p class="small dim">${t("design.reading_note", { note: running.note })}</p>${progressBar(running)}` : found ? html`<p class="small ${found.clean ? "good" : "fail"}">${icon(found.clean ? "check" : "warning", true)} ${found.clean ? t("design.nothing_is_wrong", { n: found.stores.reduce((/** @type {number} */ sum, /** @type {any} */ one) => sum + Number(one.readable), 0), sequence: count(Number(found.sequence)) }) : t("design.n_problems_make_a_backup", { n: Number(found.problem_count) })}</p>
        ${found.clean ? nothing : html`<ul class="fault-list">${found.problems.slice(0, 20).map((/** @type {any} */ one) => html`<li><b>${one.place}</b> ${one.detail}</li>`)}</ul>`}` : html`<p class="small dim">${t("design.reads_every_byte")}</p>`}</div>`;
  }

  /** @param {any} event */
  async #readOnly(event) {
    const wanted = event.target.checked;
    this.busy.add("options");
    this.requestUpdate();
    try {
      await this.app.session.api.json("PATCH", path("databases", this.name), { body: { read_only: wanted } });
    } catch (error) {
      event.target.checked = !wanted;
      this.app.session.fail(error, t("shared.options"));
    }
    this.busy.delete("options");
    await Promise.all([this.app.session.readDatabases(), this.#read()]);
  }

  async #checkpoint() {
    this.busy.add("checkpoint");
    this.requestUpdate();
    try {
      this.state = await this.app.session.api.post(path("databases", this.name, "checkpoint"), undefined);
      this.app.session.say({ kind: "ok", text: t("design.everything_is_in_its_place") });
    } catch (error) {
      this.app.session.fail(error, t("shared.checkpoint"));
    }
    this.busy.delete("checkpoint");
    await this.app.session.readDatabases();
    this.requestUpdate();
  }

  async #startBackup() {
    const { session } = this.app;
    const target = this.target.trim();
    const { name } = this;
    try {
      const job = await session.api.post(path("databases", name, "backup"), { path: target, background: true });
      void this.#read();
      const ended = await follow(this.app, job);
      if (ended.state === "finished") {
        session.say({ kind: "ok", text: t("design.name_is_copied_into_path", { name, path: ended.outcome.path }), act: { title: t("design.open_the_copy"), run: () => void this.#openCopy(target) } });
      }
    } catch (error) {
      this.targetFault = error instanceof Error ? error.message : String(error);
      this.requestUpdate();
    }
    await this.#read();
  }

  /** @param {string} folder */
  async #openCopy(folder) {
    const { session } = this.app;
    const taken = new Set(session.databases.map((one) => one.name));
    const base = (folder.split(/[\\/]/).filter(Boolean).at(-1) ?? "copy").replace(/[^A-Za-z0-9_-]/g, "-").slice(0, 60) || "copy";
    let name = base;
    for (let n = 2; taken.has(name); n += 1) name = `${base}-${n}`;
    try {
      await session.api.post(path("databases"), { name, path: folder, read_only: true });
      await session.readDatabases();
      await session.go({ database: name, view: "databases" });
    } catch (error) {
      session.fail(error, t("design.the_copy"));
    }
  }

  async #startCheck() {
    const { name } = this;
    try {
      const job = await this.app.session.api.post(path("databases", name, "check"), undefined);
      const ended = await follow(this.app, job, { seen: (now) => { this.jobs = [now, ...this.jobs.filter((one) => one.id !== now.id)]; this.requestUpdate(); } });
      if (ended.state === "finished") this.checks.set(name, ended.outcome);
    } catch (error) {
      this.app.session.fail(error, t("design.check"));
    }
    await this.#read();
  }

  /** @param {any} database */
  #delete(database) {
    const { name } = database;
    proveDialog({
      title: t("shared.delete_name", { name }),
      main: t("design.delete_all_files"),
      name,
      label: t("design.type_to_delete_its_files", { name }),
      body: () => html`<p>${rich("design.files_of_database_go_away", { items: t("shared.n_items", { n: Number(database.items ?? 0) }), stores: t("shared.n_stores", { n: Number(database.stores ?? 0) }), folder: html`<code class="wrap">${database.path}</code>` })}</p>`,
      run: async () => {
        const { session } = this.app;
        await session.api.json("DELETE", path("databases", name), { query: { data: "delete", confirm: name } });
        await session.readDatabases();
        const next = session.databases[0];
        if (!next) return location.assign("/");
        session.say({ kind: "ok", text: t("shared.name_is_deleted", { name }) });
        await session.go({ database: next.name, view: "databases" }, { replace: true });
      },
    });
  }
}

customElements.define("sop-databases", SopDatabases);
