// The databases of the server: which there are, how the open one is doing, and what is done with it as a whole: options,
// checkpoint, backup, check, taking it off the list, deleting its files.

import { count, counted, percent, size, span } from "../../core/format.js";
import { path } from "../../core/http.js";
import { html, nothing } from "../../vendor/lit.js";
import { formDialog } from "../create.js";
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
    return [{ count: count(databases.length), what: databases.length === 1 ? "database" : "databases" }, { count: count(databases.reduce((sum, one) => sum + Number(one.items ?? 0), 0)), what: "items" }, { count: size(databases.reduce((sum, one) => sum + Number(one.bytes ?? 0), 0)), what: "on disk" }];
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
      session.fail(error, "Databases");
    }
    this.requestUpdate();
    this.dispatchEvent(new Event("figures"));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.#read(), FRESH_MS);
  }

  render() {
    const { session } = this.app;
    return html`<div class="filters" role="toolbar" aria-label="Databases"><button class="button s" data-command="new-database">${icon("plus", true)}Database</button><button class="button s quiet" data-command="open-folder">${icon("folder", true)}Open a folder</button><span class="dim small wide-only">A backup is a database too: open its folder to look into it.</span></div>
      <div class="admin-body"><div class="scroll admin-list" tabindex="0" aria-label="Databases"><h2 class="unseen">All databases of this server</h2>${this.#list()}${this.#jobList()}</div>
        <section class="pane panel" aria-label="Database ${this.name}"><div class="head"><h2 class="cut">${this.name}</h2>${session.database?.read_only ? html`<span class="tag update">Read only</span>` : nothing}</div><div class="scroll" tabindex="0" aria-label="Figures and actions of ${this.name}">${this.#details()}</div></section></div>`;
  }

  #list() {
    const { session } = this.app;
    return html`<div class="section"><h3>Databases</h3><table class="lines-table even dbs"><thead><tr><th scope="col">Name</th><th class="c-num" scope="col">Stores</th><th class="c-num" scope="col">Items</th><th class="c-size" scope="col">On disk</th><th class="c-state" scope="col">State</th></tr></thead><tbody>
      ${session.databases.map((/** @type {any} */ one) => html`<tr class=${one.name === this.name ? "on" : ""}><td><button class="link-button cut" aria-current=${one.name === this.name ? "true" : nothing} @click=${() => session.go({ database: one.name, view: "databases" })}>${icon("database", true)}<span class="cut">${one.name}</span></button></td><td class="c-num">${count(Number(one.stores ?? 0))}</td><td class="c-num">${count(Number(one.items ?? 0))}</td><td class="c-size">${size(Number(one.bytes ?? 0))}</td><td class="c-state ${one.error ? "fail" : one.read_only ? "held" : "good"}" title=${one.reason ?? nothing}>${icon(one.error ? "warning" : one.read_only ? "lock" : "check", true)} ${one.error ? "Cannot be opened" : one.read_only ? "Read only" : "Open"}</td></tr>`)}</tbody></table></div>`;
  }

  #jobList() {
    if (!this.jobs.length) return html`<div class="section"><h3>Jobs</h3><p class="small dim">Backups, checks, large copies and new orders show here while they run, and what came of them.</p></div>`;
    return html`<div class="section"><h3>Jobs</h3><ul class="job-list">${this.jobs.slice(0, 20).map((job) => html`<li><div class="job-line">${icon(isRunning(job) ? "clock" : job.state === "finished" ? "check" : "warning", true)}<span class="cut grow" title=${job.what}>${job.what}</span><span class="small ${job.state === "finished" ? "good" : job.state === "failed" ? "fail" : "dim"}">${this.#jobState(job)}</span><span class="small dim">${span(Number(job.elapsed_ms))}</span>
        ${isRunning(job) && !job.can_cancel ? nothing : html`<button class="button s quiet" aria-label="${isRunning(job) ? "Cancel" : "Forget"} ${job.what}" @click=${() => this.#end(job)}>${isRunning(job) ? "Cancel" : icon("x", true)}</button>`}</div>${isRunning(job) ? progressBar(job) : job.error ? html`<p class="small fail">${job.error.detail}</p>` : nothing}</li>`)}</ul></div>`;
  }

  /** @param {Job} job */
  #jobState(job) {
    if (isRunning(job)) return job.state === "stopping" ? "stopping" : job.total ? percent(Number(job.done), Number(job.total)) : "running";
    if (job.state !== "finished") return job.state;
    if (job.kind === "check") return job.outcome.clean ? "nothing wrong" : `${counted(Number(job.outcome.problem_count), "problem")}`;
    return "done";
  }

  /** @param {Job} job */
  async #end(job) {
    try {
      await this.app.session.api.json("DELETE", path("jobs", job.id));
    } catch (error) {
      this.app.session.fail(error, "Job");
    }
    await this.#read();
  }

  #details() {
    const { session } = this.app;
    const database = /** @type {any} */ (session.database);
    if (!database) return nothing;
    return html`${database.error ? html`<div class="notice danger">${icon("warning")}<p class="grow"><b>It cannot be opened.</b> <span class="soft">${database.reason}</span></p></div>` : nothing}
      <div class="section"><h3>Folder</h3><p class="data wrap">${database.path}</p>
        <label class="tick"><input type="checkbox" .checked=${database.read_only && !database.error} ?disabled=${this.busy.has("options") || database.error !== null && database.error !== undefined} @change=${this.#readOnly}> Open for reading only</label>
        ${database.read_only && database.reason ? html`<p class="small dim">${database.reason}</p>` : nothing}</div>
      ${this.stateFault ? html`<div class="section"><p class="small fail">${this.stateFault}</p></div>` : this.state ? this.#figures(this.state, database) : html`<div class="section"><p class="small dim">\u00a0</p></div>`}
      ${database.error ? nothing : html`${this.#backup()}${this.#check()}`}
      <div class="section"><h3>Take it away</h3><p class="small dim">Off the list, files stay where they are. “Open a folder” brings it back.</p><div class="row-of"><button class="button s" data-command="detach">Detach</button><button class="button s risk-line" @click=${() => this.#delete(database)}>${icon("trash", true)}Delete its files</button></div></div>`;
  }

  /** @param {any} state @param {any} database */
  #figures(state, database) {
    const hits = Number(state.cache_hits) + Number(state.cache_misses);
    const rows = /** @type {[string, unknown, string?][]} */ ([
      ["Items", `${count(Number(state.items))} in ${counted(Number(state.stores), "store")}`],
      ["Keys and values", size(Number(state.live_bytes))],
      ["Files", size(Number(state.bytes_on_disk)), Number(state.live_bytes) ? `${(Number(state.bytes_on_disk) / Number(state.live_bytes)).toFixed(1)} times the data` : ""],
      ["Log", size(Number(state.log_bytes)), `${count(Number(state.commits))} commits since it was opened`],
      ["Not in a checkpoint", Number(state.unsaved_bytes) ? size(Number(state.unsaved_bytes)) : "nothing", "durable in the log all the same"],
      ["Cache", `${size(Number(state.cache_bytes))} of ${size(Number(state.cache_limit_bytes))}`, hits ? `${percent(Number(state.cache_hits), hits)} of look-ups` : ""],
      ["Opened at", `checkpoint ${count(Number(state.opened_at))}`, Number(state.replayed) ? `${count(Number(state.replayed))} commits read from the log` : ""],
      ["Sequence", count(Number(state.sequence))],
      ...(Number(state.prepared_transactions) ? [/** @type {[string, unknown, string?]} */ (["Prepared", counted(Number(state.prepared_transactions), "transaction"), "wait for their decision"])] : []),
    ]);
    return html`<div class="section"><h3>State<span class="end"><button class="button s quiet" ?disabled=${database.read_only || this.busy.has("checkpoint")} @click=${this.#checkpoint}>${icon("save", true)}${this.busy.has("checkpoint") ? "Writing" : "Checkpoint now"}</button></span></h3>
      ${state.checkpoint_failure ? html`<p class="small fail">The last checkpoint failed and is tried again: ${state.checkpoint_failure}</p>` : nothing}
      <dl class="figures-list">${rows.map(([name, value, more]) => html`<dt>${name}</dt><dd><b>${value}</b>${more ? html` <span class="dim">${more}</span>` : nothing}</dd>`)}</dl></div>`;
  }

  #backup() {
    const running = this.jobs.find((job) => job.kind === "backup" && job.database === this.name && isRunning(job));
    return html`<div class="section form tight"><h3>Backup</h3><label class=${this.targetFault ? "wrong" : ""}>Into folder<span class="field"><input class="data" autocomplete="off" spellcheck="false" .value=${this.target} @input=${(/** @type {any} */ event) => { this.target = event.target.value; this.targetFault = ""; this.requestUpdate(); }}><button type="button" class="button s" ?disabled=${running !== undefined || !this.target.trim()} @click=${this.#startBackup}>Back up</button></span>${this.targetFault ? html`<span class="hint fail">${this.targetFault}</span>` : html`<span class="hint">Under the data folder of the server. Work goes on meanwhile; the copy is as of now.</span>`}</label>${running ? progressBar(running) : nothing}</div>`;
  }

  #check() {
    const running = this.jobs.find((job) => job.kind === "check" && job.database === this.name && isRunning(job));
    const found = this.checks.get(this.name);
    return html`<div class="section"><h3>Check<span class="end"><button class="button s quiet" ?disabled=${running !== undefined} @click=${this.#startCheck}>${icon("shield", true)}${running ? "Checking" : "Check now"}</button></span></h3>
      ${running ? html`<p class="small dim">Reading ${running.note}</p>${progressBar(running)}` : found ? html`<p class="small ${found.clean ? "good" : "fail"}">${icon(found.clean ? "check" : "warning", true)} ${found.clean ? `Nothing is wrong: ${counted(found.stores.reduce((/** @type {number} */ sum, /** @type {any} */ one) => sum + Number(one.readable), 0), "item")} read, at sequence ${count(Number(found.sequence))}.` : `${counted(Number(found.problem_count), "problem")}. Make a backup of the files before anything else.`}</p>
        ${found.clean ? nothing : html`<ul class="fault-list">${found.problems.slice(0, 20).map((/** @type {any} */ one) => html`<li><b>${one.place}</b> ${one.detail}</li>`)}</ul>`}` : html`<p class="small dim">Reads every byte, and compares counts, orders and checksums. Work goes on meanwhile.</p>`}</div>`;
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
      this.app.session.fail(error, "Options");
    }
    this.busy.delete("options");
    await Promise.all([this.app.session.readDatabases(), this.#read()]);
  }

  async #checkpoint() {
    this.busy.add("checkpoint");
    this.requestUpdate();
    try {
      this.state = await this.app.session.api.post(path("databases", this.name, "checkpoint"), undefined);
      this.app.session.say({ kind: "ok", text: "Everything is in its place; the log is short." });
    } catch (error) {
      this.app.session.fail(error, "Checkpoint");
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
        session.say({ kind: "ok", text: `${name} is copied into ${ended.outcome.path}.`, act: { title: "Open the copy", run: () => void this.#openCopy(target) } });
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
      session.fail(error, "The copy");
    }
  }

  async #startCheck() {
    const { name } = this;
    try {
      const job = await this.app.session.api.post(path("databases", name, "check"), undefined);
      const ended = await follow(this.app, job, { seen: (now) => { this.jobs = [now, ...this.jobs.filter((one) => one.id !== now.id)]; this.requestUpdate(); } });
      if (ended.state === "finished") this.checks.set(name, ended.outcome);
    } catch (error) {
      this.app.session.fail(error, "Check");
    }
    await this.#read();
  }

  /** @param {any} database */
  #delete(database) {
    const { name } = database;
    let typed = "";
    formDialog({
      title: `Delete ${name}`,
      main: "Delete all files",
      risk: true,
      able: () => typed === name,
      body: (draw) => html`<p>${counted(Number(database.items ?? 0), "item")} in ${counted(Number(database.stores ?? 0), "store")}, and every file of it in <code class="wrap">${database.path}</code>, go away. This cannot be undone; a backup is made above.</p>
        <label>Type ${name} to delete its files<span class="field"><input autofocus autocomplete="off" spellcheck="false" .value=${typed} @input=${(/** @type {any} */ event) => { typed = event.target.value; draw(); }}></span></label>`,
      run: async () => {
        const { session } = this.app;
        await session.api.json("DELETE", path("databases", name), { query: { data: "delete", confirm: typed } });
        await session.readDatabases();
        const next = session.databases[0];
        if (!next) return location.assign("/");
        session.say({ kind: "ok", text: `${name} is deleted.` });
        await session.go({ database: next.name, view: "databases" }, { replace: true });
      },
    });
  }
}

customElements.define("sop-databases", SopDatabases);
