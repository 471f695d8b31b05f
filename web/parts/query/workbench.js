// The query workbench: toolbar and parameters, the editor, and what came of what ran.
//
// Holds: it is made when it is first opened and stays; what it shows is the open tab of the session. The editor, the grid and
// the chart draw themselves; everything around them is drawn from what the runner knows.

import { count, span } from "../../core/format.js";
import { path } from "../../core/http.js";
import { stringify } from "../../core/json.js";
import { FORMATS, markdown, pieces } from "../../model/query/export.js";
import { parameterKind } from "../../model/query/parameters.js";
import { resultColumns } from "../../model/query/result_columns.js";
import { effect, parameters } from "../../model/query/sql_text.js";
import { t } from "../../strings/query.js";
import { html, nothing } from "../../vendor/lit.js";
import { Part, announce, copyText, icon } from "../dom.js";
import { saveBlob, saveFile } from "../save_file.js";
import { walkTabs } from "../walk.js";
import { SqlEditor } from "./editor.js";
import { historyDialog, nameDialog } from "./history_dialog.js";
import { adviceList, planFigures, planTable } from "./plan_view.js";
import { emptyResult, jsonText, messages, rowDialog } from "./result_views.js";
import { Runner } from "./runner.js";
import { wireSplitter } from "./splitter.js";
import "./chart_view.js";
import "./result_grid.js";

/** @typedef {import("../../model/query/query_tabs.js").QueryTab} QueryTab */

const MOST_MARKDOWN = 5000;
/** A statement that is longer does not fit into an address. */
const MOST_ADDRESS = 6000;
const WAIT_BEFORE_THREAD_MS = 150;

/** Makes the workbench. @param {import("../context.js").Context} app @returns {Promise<SopQuery>} */
export async function startWorkbench(app) {
  const query = /** @type {SopQuery} */ (document.getElementById("query"));
  await query.start(app);
  app.query = query;
  app.status.follows(query);
  return query;
}

export class SopQuery extends Part {
  constructor() {
    super();
    this.wide = matchMedia("(width >= 1200px)");
    /** What the result shows: rows, json, chart, plan, said. */
    this.view = "rows";
    this.side = "plan";
    this.database = "";
    this.shownRun = /** @type {any} */ (undefined);
    /** @type {string[] | undefined} */
    this.scripts = undefined;
    this.shownState = "";
    this.drawnFrame = 0;
    /** @type {import("../../model/query/result_columns.js").ResultColumn[]} */
    this.columns = [];
  }

  /** @param {import("../context.js").Context} app */
  async start(app) {
    this.app = app;
    this.session = app.session;
    this.database = app.session.place.database ?? "";
    this.runner = new Runner(app);
    this.runner.addEventListener("change", (event) => this.#came(event));
    this.runner.addEventListener("rows", (event) => this.#came(event));
    this.session.queries.addEventListener("change", () => this.#follow());
    this.session.addEventListener("place", () => this.#databaseMayBeOther());
    this.wide.addEventListener("change", () => this.requestUpdate());
    this.addEventListener("choice", () => this.requestUpdate(), true);
    this.started = true;
    this.requestUpdate();
    await this.updateComplete;
    const place = /** @type {HTMLElement} */ (this.querySelector(".editor"));
    this.editor = new SqlEditor(place, {
      schema: () => ({ stores: this.session?.stores ?? [], databases: this.session?.databases.map((one) => one.name), scripts: this.scripts }),
      run: () => void this.run(),
      runAll: () => void this.runAll(),
    });
    this.editor.addEventListener("changed", (event) => this.#typed(/** @type {CustomEvent} */ (event).detail.text));
    wireSplitter(/** @type {HTMLElement} */ (this.querySelector(".splitter")), place, this.session.storage);
    this.querySelector("sop-result-grid")?.addEventListener("open-row", (event) => this.#openRow(/** @type {CustomEvent} */ (event).detail));
    this.#follow();
  }

  /** The workbench is what is shown now. */
  opened() {
    const { session } = this;
    if (!session) return;
    const { sql } = session.place;
    session.place.sql = undefined;
    if (sql !== undefined) {
      const same = session.queries.list.find((one) => one.text.trim() === sql.trim());
      if (same) session.queries.go(same.id);
      else session.queries.add({ text: sql });
    } else session.queries.ensure();
    this.#follow();
    void this.#readScripts();
    this.grid?.measure(true);
    if (!document.activeElement || document.activeElement === document.body) this.editor?.focus();
  }

  /** The scripts that statements can read, for completion; without them there is one thing less to offer. */
  async #readScripts() {
    try {
      const answer = await this.session?.api.get(path("scripts"));
      this.scripts = answer?.scripts.flatMap((/** @type {{table?: string}} */ one) => one.table ?? []);
    } catch {
      this.scripts = undefined;
    }
  }

  get grid() {
    return /** @type {import("./result_grid.js").SopResultGrid | null} */ (this.querySelector("sop-result-grid"));
  }
  get chart() {
    return /** @type {import("./chart_view.js").SopChart | null} */ (this.querySelector("sop-chart"));
  }
  get tab() {
    return this.session?.queries.open;
  }
  get result() {
    return this.tab ? this.runner?.of(this.tab.id) : undefined;
  }
  get running() {
    return this.result?.now?.state === "running";
  }

  #databaseMayBeOther() {
    if (this.database === this.session?.place.database) return;
    this.database = this.session?.place.database ?? "";
    this.runner?.forget(() => false);
    this.editor?.states.clear();
    if (this.session?.place.view === "query") this.session.queries.ensure();
  }

  /** Shows the open tab. */
  #follow() {
    const { session, editor, tab } = this;
    const lives = (/** @type {string} */ id) => session?.queries.list.some((one) => one.id === id) ?? false;
    this.runner?.forget(lives);
    editor?.forget(lives);
    if (tab && editor) editor.open(tab);
    this.#show();
  }

  /** @param {boolean} text */
  #typed(text) {
    const { editor, session } = this;
    if (!editor || !session) return;
    session.queries.keep(editor.tab, { at: editor.at, ...(text ? { text: editor.text } : {}) });
    this.requestUpdate();
  }

  // ---- Running

  async run() {
    const { editor, tab } = this;
    if (editor && tab) await this.#runList(tab, editor.chosen());
  }
  async runAll() {
    const { editor, tab } = this;
    if (editor && tab) await this.#runList(tab, editor.all());
  }
  /** @param {QueryTab} tab @param {import("../../model/query/sql_text.js").Statement[]} list */
  async #runList(tab, list) {
    if (!list.length) {
      this.session?.say({ kind: "warn", text: t("query.there_is_no_statement_here_to_run") });
      this.editor?.focus();
      return;
    }
    if (this.view === "plan" || this.view === "said") this.view = "rows";
    await this.runner?.runAll(tab, list, /** @type {SqlEditor} */ (this.editor));
  }
  async explain() {
    const { editor, tab } = this;
    const statement = editor?.chosen()[0];
    if (!editor || !tab || !statement) return;
    if (!this.wide.matches) this.view = "plan";
    this.side = "plan";
    await this.runner?.plan(tab, statement, "analyze", editor);
  }
  stop() {
    if (this.tab) this.runner?.stop(this.tab.id);
  }

  /** Something came of a tab. @param {Event} event */
  #came(event) {
    if (/** @type {CustomEvent} */ (event).detail !== this.tab?.id) return;
    this.drawnFrame ||= requestAnimationFrame(() => {
      this.drawnFrame = 0;
      this.#show();
    });
  }

  /** Brings grid, chart and figures to what is known. */
  #show() {
    const { grid, chart, result } = this;
    const run = result?.run;
    if (grid && run) {
      const known = run.columns.length > 0 || run.rows.count > 0;
      if (this.shownRun !== run && known) {
        this.shownRun = run;
        this.shownState = "";
        this.columns = resultColumns(run.columns, run.rows.values(0, 200));
        grid.open(run.rows, this.columns);
      } else if (this.shownRun === run) {
        if (grid.map.count < 200 && run.rows.kept > grid.map.count) {
          this.columns = resultColumns(run.columns, run.rows.values(0, 200));
          grid.layout(this.columns);
        }
        grid.grow();
      }
      if (chart && run.state !== "running" && this.shownRun === run && this.shownState !== run.state) {
        this.shownState = run.state;
        chart.open(run.rows, this.columns);
      }
    }
    this.requestUpdate();
    this.dispatchEvent(new CustomEvent("figures"));
    // Time goes on while nothing comes.
    clearTimeout(this.clock);
    if (this.running) this.clock = setTimeout(() => this.#show(), 200);
  }

  /** What the status bar says. @returns {{count: string, what: string}[]} */
  get figures() {
    const run = this.running ? this.result?.now : this.result?.run;
    if (!run) return [];
    const list = [{ count: count(run.rows.count), what: t("shared.rows_within", { n: run.rows.count }) }];
    if (run.stats?.scanned !== undefined) list.push({ count: count(run.stats.scanned), what: t("shared.scanned") });
    list.push({ count: span(run.elapsed), what: run.state === "running" ? t("shared.so_far") : "" });
    if (run.stats?.nodes_read !== undefined) list.push({ count: count(run.stats.nodes_read), what: t("shared.nodes_read", { n: run.stats.nodes_read }) });
    return list;
  }

  // ---- Tabs, history, export

  /** Opens a statement: in the open tab when that is empty, else in a new one. @param {string} sql @param {string} [title] */
  openSql(sql, title) {
    const { session, tab } = this;
    if (!session) return;
    if (tab && tab.text.trim() === "") {
      session.queries.keep(tab.id, { text: sql, at: sql.length });
      if (title) session.queries.rename(tab.id, title);
      this.#follow();
    } else session.queries.add({ text: sql, title });
    this.editor?.focus();
  }
  newTab() {
    this.session?.queries.add();
    this.editor?.focus();
  }
  rename() {
    const { tab, session } = this;
    if (!tab || !session) return;
    nameDialog({ title: t("shared.rename_the_tab"), label: t("shared.name"), value: tab.title, act: t("shared.rename"), done: (name) => session.queries.rename(tab.id, name) });
  }
  save() {
    const { tab, session } = this;
    if (!tab || !session || !tab.text.trim()) return session?.say({ kind: "warn", text: t("query.there_is_nothing_to_save_yet") });
    const keep = (/** @type {string} */ name) => {
      const replaced = session.history.save(name, tab.text, Date.now());
      session.keepHistory();
      session.queries.rename(tab.id, name);
      session.say({ kind: "ok", text: replaced ? t("query.name_is_saved_again", { name }) : t("query.is_saved_in_this_browser", { name }) });
    };
    if (session.history.saved.some((one) => one.name === tab.title)) keep(tab.title);
    else nameDialog({ title: t("shared.save_the_query"), label: t("shared.name"), value: /^Query \d+$/.test(tab.title) ? "" : tab.title, act: t("shared.save"), done: keep });
  }
  /** @param {boolean} [saved] */
  openHistory(saved = false) {
    const { session } = this;
    if (session) historyDialog({ history: session.history, saved, open: (sql, name) => (name === undefined ? this.openSql(sql) : void session.openSaved({ name, sql })), changed: () => session.keepHistory() });
  }

  /**
   * The result as a file: of what the page keeps, or, where that is not all, of the statement run again. What is no text only
   * the server writes.
   * @param {keyof typeof FORMATS | "parquet"} format
   */
  async exportAs(format) {
    const { session } = this;
    const run = this.result?.run;
    if (!session || !run || !run.columns.length) return;
    const name = `${(this.tab?.title ?? "result").replace(/[^\p{L}\p{N}._-]+/gu, "_")}.${format}`;
    const { sql } = run.request;
    const reads = effect(sql) === "read";
    const whole = run.state === "done" && !run.rows.full;
    if (format === "parquet") {
      if (!reads) return session.say({ kind: "warn", text: t("query.a_statement_that_writes_is_not_run") });
      return this.#exportAgain(format, name);
    }
    if (!whole && reads && (sql.length < MOST_ADDRESS || format === "csv")) return this.#exportAgain(format, name);
    saveBlob(new Blob([...pieces(format, run.columns, run.rows.values())], { type: FORMATS[format].type }), name);
    if (!whole) session.say({ kind: "warn", text: t("query.the_file_has_the_first_rows", { first: count(run.rows.kept), total: count(run.rows.count) }) });
  }

  /** The statement runs again, on the server, for a file. @param {keyof typeof FORMATS | "parquet"} format @param {string} name */
  async #exportAgain(format, name) {
    const { session } = this;
    const { sql, params } = this.result?.run?.request ?? {};
    if (!session || sql === undefined) return;
    // What is too long for an address is posted, and then the type says what is wanted: CSV and Parquet have one of their own.
    const from = sql.length >= MOST_ADDRESS
      ? { url: session.path("query"), body: { sql, params }, accept: format === "csv" ? FORMATS.csv.type : "application/vnd.apache.parquet" }
      : { url: session.path("export"), query: { sql, format, params: params === undefined ? undefined : stringify(params) } };
    try {
      await saveFile(session, from, name);
      session.say({ kind: "ok", text: t("query.the_statement_ran_again_for_the_file") });
    } catch (error) {
      session.fail(error, t("shared.the_file_was_not_written"));
    }
  }
  /** Looks for text in the rows that are shown. */
  findRows() {
    this.view = "rows";
    this.requestUpdate();
    void this.updateComplete.then(() => this.grid?.find.open());
  }
  async copyMarkdown() {
    const run = this.result?.run;
    if (!run || !run.columns.length) return;
    const most = Math.min(run.rows.kept, MOST_MARKDOWN);
    const done = await copyText(markdown(run.columns, run.rows.values(0, most), this.columns.map((one) => one.numeric)));
    this.session?.say(done ? { kind: "ok", text: t("query.rows_are_copied_as_markdown", { n: most }) } : { kind: "warn", text: t("shared.clipboard_refused") });
  }
  async copyLink() {
    const { editor, session } = this;
    if (!editor || !session) return;
    const url = `${location.origin}/d/${encodeURIComponent(session.place.database ?? "")}/q?sql=${encodeURIComponent(editor.text)}`;
    announce((await copyText(url)) ? t("query.the_link_is_copied") : t("shared.clipboard_refused"));
  }
  /** @param {number} line */
  #openRow(line) {
    const run = this.result?.run;
    if (run) rowDialog({ rows: run.rows, columns: this.columns, line, select: (next) => this.grid?.select(next, this.grid.active.column) });
  }

  // ---- Drawing

  shouldUpdate() {
    return this.started === true;
  }

  render() {
    return html`<div class="filters query-bar" role="toolbar" aria-label=${t("shared.query")}>
        ${this.running
          ? html`<button class="button main s" data-command="stop-query" title=${t("shared.stop_esc")}>${icon("stop", true)}${t("shared.stop")}<kbd>Esc</kbd></button>`
          : html`<button class="button main s" data-command="run-query" title=${t("query.run_key_hint")}>${icon("play", true)}${t("shared.run")}<kbd>Ctrl ↵</kbd></button>`}
        <button class="button s" data-command="explain-query" title=${this.app?.commands.tip("explain-query") ?? ""}>${icon("plan", true)}${t("query.explain")}</button>
        ${this.#parameters()}
        <div class="end"><button class="button s quiet" data-command="query-history" aria-label=${t("query.history")}>${icon("history", true)}<span class="wide-only">${t("query.history")}</span></button>
          <button class="button s quiet" data-command="save-query" aria-label=${t("shared.save")}>${icon("save", true)}<span class="wide-only">${t("shared.save")}</span></button>
          <button class="button only s quiet" aria-label=${t("shared.more")} aria-haspopup="menu" data-command="query-more">${icon("more", true)}</button></div></div>
      <div class="editor" id="statements"></div>
      <div class="splitter" role="separator" tabindex="0" aria-orientation="horizontal" aria-label=${t("query.height_of_the_editor")} aria-controls="statements"></div>
      <div class="bench ${this.wide.matches && this.#hasSide() ? "" : "one"}">${this.#main()}${this.#side()}</div>`;
  }

  #hasSide() {
    const { result } = this;
    return Boolean(result?.run?.columns.length || result?.plan || result?.planning || result?.planFault);
  }

  /** One field a parameter of what would run now. */
  #parameters() {
    const { tab, editor } = this;
    if (!tab || !editor) return nothing;
    const wanted = new Map(editor.chosen().flatMap((one) => parameters(one.text)).map((one) => [one.id, one]));
    if (!wanted.size) return nothing;
    return html`<div class="params" role="group" aria-label=${t("shared.parameters")}>${[...wanted.values()].map((one) => {
      const value = tab.params[one.id] ?? "";
      return html`<label class="pill param"><b class="d">${one.label}</b><input class=${parameterKind(value)} aria-label=${t("shared.value_of_name", { name: one.label })} placeholder="null" autocomplete="off" autocapitalize="off" spellcheck="false" size=${Math.min(32, Math.max(6, value.length + 1))} .value=${value}
        @input=${(/** @type {any} */ event) => this.#give(tab, one.id, event.target.value)} @keydown=${(/** @type {KeyboardEvent} */ event) => {
          if (event.key !== "Enter") return;
          event.preventDefault();
          event.stopPropagation();
          void this.run();
        }}></label>`;
    })}</div>`;
  }

  /** @param {QueryTab} tab @param {string} id @param {string} text */
  #give(tab, id, text) {
    this.session?.queries.keep(tab.id, { params: { ...tab.params, [id]: text } });
    this.requestUpdate();
  }

  /** @param {string} id @param {unknown} title @param {string} now @param {(id: string) => void} go @param {string} panel */
  #subtab(id, title, now, go, panel) {
    return html`<button role="tab" id="tab-${id}" aria-selected=${String(id === now)} aria-controls=${panel} tabindex=${id === now ? 0 : -1} @click=${() => go(id)}>${title}</button>`;
  }

  #main() {
    const { result } = this;
    const run = result?.run;
    const beside = this.wide.matches;
    const view = beside && (this.view === "plan" || this.view === "chart") ? "rows" : this.view;
    const go = (/** @type {string} */ id) => {
      this.view = id;
      this.requestUpdate();
      void this.updateComplete.then(() => this.grid?.measure());
    };
    const advice = result?.plan?.advice?.length ?? 0;
    const tabs = [
      ["rows", html`${t("shared.rows")}${run ? html` <span class="badge">${count(run.rows.count)}</span>` : nothing}`],
      ["json", "JSON"],
      ...(beside ? [] : [["chart", t("shared.chart")], ["plan", html`${t("query.plan")}${advice ? html` <span class="badge">${advice}</span>` : nothing}`]]),
      ["said", html`${t("shared.messages")}${result?.said.length ? html` <span class="badge">${result.said.length}</span>` : nothing}`],
    ];
    const rowsShown = view === "rows" && run !== undefined && this.shownRun === run && (run.rows.count > 0 || run.state === "running");
    return html`<section class="pane" aria-label=${t("shared.result")}><div class="subtabs"><div role="tablist" aria-label=${t("shared.result")} @keydown=${walkTabs}>${tabs.map(([id, title]) => this.#subtab(String(id), title, view, go, "result-body"))}</div>
        <div class="end">${this.running ? html`<span class="small dim wide-only" role="timer">${span(result?.now?.elapsed ?? 0)}</span>` : nothing}<button class="button s quiet" data-command="export-result" aria-haspopup="menu" aria-label=${t("shared.export")} ?disabled=${!run?.columns.length || run.state === "running"}>${icon("export", true)}<span class="wide-only">${t("shared.export")}</span></button></div></div>
      ${this.#thread()}
      <div class="result-body" id="result-body" role="tabpanel" aria-labelledby="tab-${view}">
        <sop-result-grid ?hidden=${!rowsShown}></sop-result-grid>
        ${view === "rows" && !rowsShown ? emptyResult(result, this.session?.stores ?? [], (sql) => this.#start(sql)) : nothing}
        ${view === "json" ? jsonText(run) : nothing}
        ${view === "said" ? messages(result?.said ?? []) : nothing}
        ${view === "plan" ? this.#plan() : nothing}
        ${beside ? nothing : html`<sop-chart ?hidden=${view !== "chart" || !run}></sop-chart>${view === "chart" ? html`<div class="chart-tools">${this.chart?.controls()}<span class="small dim">${this.chart?.note ?? ""}</span></div>` : nothing}${view === "chart" && !run ? emptyResult(undefined, [], () => undefined) : nothing}`}
      </div>${this.#long(run)}</section>`;
  }

  /** Writes a starter and runs it. @param {string} sql */
  #start(sql) {
    this.openSql(sql);
    void this.run();
  }

  /** A thin line while it waits, after a moment. */
  #thread() {
    const { result } = this;
    const since = result?.now?.state === "running" ? performance.now() - result.now.started : 0;
    return since > WAIT_BEFORE_THREAD_MS || result?.planning ? html`<div class="thread" role="progressbar" aria-label=${t("shared.running")}></div>` : nothing;
  }

  /** What a long result leaves out. @param {import("../../model/query/run.js").QueryRun | undefined} run */
  #long(run) {
    if (run?.rows.full) return html`<div class="notice warn" role="status">${icon("info")}<p class="grow"><b>${t("query.the_page_keeps_the_first_rows", { n: count(run.rows.kept) })}</b> <span class="soft">${run.state === "running" ? t("query.so_many_came_so_far", { n: count(run.rows.count) }) : t("query.so_many_came", { n: count(run.rows.count) })}</span></p></div>`;
    if (run?.stats?.truncated) return html`<div class="notice still" role="status">${icon("info")}<p class="grow"><b>${t("shared.cut_after_rows", { rows: count(run.rows.count) })}</b> <span class="soft">${t("query.by_the_servers_limit")}</span></p></div>`;
    return nothing;
  }

  #plan() {
    const { result } = this;
    if (result?.plan) return html`${planTable(result.plan)}${adviceList(result.plan.advice)}`;
    return html`<div class="nothing">${icon("plan")}<p>${result?.planFault || (result?.planning ? t("query.asking_for_the_plan") : t("query.explain_runs_the_statement_and_measures"))}</p></div>`;
  }

  #side() {
    if (!this.wide.matches || !this.#hasSide()) return nothing;
    const { result } = this;
    const plan = result?.plan;
    const advice = plan?.advice?.length ?? 0;
    const go = (/** @type {string} */ id) => {
      this.side = id;
      this.requestUpdate();
    };
    const drawable = result?.run?.columns.length && result.run.state !== "running";
    return html`<section class="pane side-pane" aria-label=${t("query.plan_and_chart")}><div class="subtabs"><div role="tablist" aria-label=${t("query.plan")} @keydown=${walkTabs}>${this.#subtab("plan", t("query.plan"), this.side, go, "plan-body")}${advice ? this.#subtab("advice", html`${t("query.advice")} <span class="badge">${advice}</span>`, this.side, go, "plan-body") : nothing}</div><div class="end"><span class="small dim">${plan ? planFigures(plan) : ""}</span></div></div>
      <div class="plan-body" id="plan-body" role="tabpanel" aria-labelledby="tab-${this.side === "advice" && advice ? "advice" : "plan"}">${this.side === "advice" && advice ? adviceList(plan?.advice) : plan ? html`${planTable(plan)}${advice ? adviceList(plan.advice?.slice(0, 1)) : nothing}` : this.#plan()}</div>
      <div class="subtabs over"><h2>${t("shared.chart")}</h2><span class="small dim">${drawable ? this.chart?.note ?? "" : ""}</span><div class="end">${drawable ? this.chart?.controls() : nothing}</div></div>
      <sop-chart></sop-chart></section>`;
  }

  updated() {
    // The chart is made anew when it changes its place.
    const { chart } = this;
    const run = this.result?.run;
    if (chart && run && run === this.shownRun && run.state !== "running" && chart.rows !== run.rows) chart.open(run.rows, this.columns);
  }
}

customElements.define("sop-query", SopQuery);
