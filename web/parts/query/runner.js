// Runs what the editor holds, one statement after the other, and keeps what came of it for each tab.
//
// Holds: a statement that reads runs at once; one that writes is run dry first, and what it would change is shown before it
// is written; one that changes stores asks. Says `change` when there is something new to show of a tab. Results of the tabs
// looked at last are kept, others are let go.

import { span } from "../../core/format.js";
import { QueryRun, faultOf } from "../../model/query/run.js";
import { effect, headline, parameters } from "../../model/query/sql_text.js";
import { requestParameters } from "../../model/query/parameters.js";
import { announce } from "../dom.js";
import { t } from "../../strings/query.js";
import { askDialog, changesDialog } from "./changes_dialog.js";

/** @typedef {import("../../model/query/sql_text.js").Statement} Statement */
/** @typedef {{kind: "ok" | "danger" | "still", text: string, sql: string, at: Date}} Said */
/** @typedef {{nodes: import("../../model/query/plan.js").PlanNode[], advice?: any[], elapsed_ms?: number}} Plan */
/** @typedef {{now?: QueryRun, run?: QueryRun, said: Said[], plan?: Plan, planning: boolean, planFault: string, busy: boolean}} Result now: what runs or ran last; run: what is shown, the last that gave columns */

const MOST_RESULTS = 4;
const MOST_SAID = 50;

export class Runner extends EventTarget {
  /** @param {import("../context.js").Context} app */
  constructor(app) {
    super();
    this.app = app;
    /** @type {Map<string, Result>} */
    this.results = new Map();
  }

  /** What is known of a tab. @param {string} tab @returns {Result} */
  of(tab) {
    let result = this.results.get(tab);
    if (!result) {
      result = { said: [], planning: false, planFault: "", busy: false };
      this.results.set(tab, result);
      const idle = [...this.results].find(([id, one]) => id !== tab && !one.busy && one.run);
      if (this.results.size > MOST_RESULTS && idle) this.results.delete(idle[0]);
    }
    return result;
  }

  get #url() {
    return this.app.session.path("query");
  }

  /** @param {string} tab @param {string} [what] */
  #changed(tab, what = "change") {
    this.dispatchEvent(new CustomEvent(what, { detail: tab }));
  }

  /** @param {string} tab @param {Said["kind"]} kind @param {string} text @param {string} sql */
  #say(tab, kind, text, sql) {
    const result = this.of(tab);
    result.said = [{ kind, text, sql, at: new Date() }, ...result.said].slice(0, MOST_SAID);
  }

  /**
   * Runs statements in order; the first that fails ends it.
   * @param {import("../../model/query/query_tabs.js").QueryTab} tab @param {Statement[]} list @param {import("./editor.js").SqlEditor} editor
   */
  async runAll(tab, list, editor) {
    const result = this.of(tab.id);
    if (result.busy || !list.length) return;
    result.busy = true;
    try {
      for (const statement of list) if (!(await this.#one(tab, statement, editor))) break;
    } finally {
      result.busy = false;
      this.#changed(tab.id);
    }
  }

  /** @param {import("../../model/query/query_tabs.js").QueryTab} tab @param {string} sql */
  request(tab, sql) {
    return { sql, params: requestParameters(parameters(sql), tab.params) };
  }

  /** @param {import("../../model/query/query_tabs.js").QueryTab} tab @param {Statement} statement @param {import("./editor.js").SqlEditor} editor @returns {Promise<boolean>} */
  async #one(tab, statement, editor) {
    const what = effect(statement.text);
    const { session } = this.app;
    if (what !== "read" && session.readOnly !== undefined) {
      this.#failed(tab.id, statement, editor, { message: t("query.nothing_is_written_because", { reason: session.readOnly }), code: "read_only", suggestions: [] });
      return false;
    }
    if (what === "write") return this.#write(tab, statement, editor);
    if (what === "define") {
      const agreed = await new Promise((resolve) => {
        const dialog = askDialog({ title: t("query.change_the_stores"), text: t("query.this_statement_changes_stores_themselves"), sql: headline(statement.text, 2000), act: t("query.run_it"), done: () => resolve(true) });
        dialog.closed = () => resolve(false);
      });
      if (!agreed) return false;
    }
    const run = await this.#stream(tab, statement, editor);
    if (run.state === "done" && what === "define") await session.written([]);
    if (run.state === "done" && what === "read") void this.plan(tab, statement, "plan");
    return run.state === "done";
  }

  /** @param {import("../../model/query/query_tabs.js").QueryTab} tab @param {Statement} statement @param {import("./editor.js").SqlEditor} editor @param {boolean} [quiet] a fault is said elsewhere */
  async #stream(tab, statement, editor, quiet = false) {
    const result = this.of(tab.id);
    const run = new QueryRun({ api: this.app.session.api, url: this.#url, request: this.request(tab, statement.text) });
    result.now = run;
    if (editor.tab === tab.id) editor.clearFault();
    const show = () => {
      if (result.run === run || (!run.columns.length && run.state !== "done")) return;
      result.run = run;
      result.plan = undefined;
      result.planFault = "";
    };
    run.addEventListener("change", () => {
      show();
      this.#changed(tab.id, "rows");
    });
    this.#changed(tab.id);
    await run.start();
    if (run.state === "failed" && run.fault) {
      if (!quiet) this.#failed(tab.id, statement, editor, run.fault);
    } else this.#gave(tab.id, statement, editor, run);
    this.app.session.history.add({ sql: statement.text, at: Date.now(), ms: run.elapsed, rows: run.rows.count, failed: run.state === "failed" ? run.fault?.message : undefined });
    this.app.session.keepHistory();
    this.#changed(tab.id);
    return run;
  }

  /** @param {string} tab @param {Statement} statement @param {import("./editor.js").SqlEditor} editor @param {QueryRun} run */
  #gave(tab, statement, editor, run) {
    const rows = t("shared.n_rows", { n: run.rows.count });
    const changed = run.stats?.changed ?? run.changes?.count;
    const what = changed !== undefined && !run.columns.length ? t("shared.n_changes", { n: changed }) : rows;
    const text = run.state === "cancelled" ? t("query.stopped_after_rows_in_within", { rows, time: span(run.elapsed) }) : `${what} · ${span(run.elapsed)}`;
    this.#say(tab, run.state === "cancelled" ? "still" : "ok", text, statement.text);
    if (editor.tab === tab) editor.ran(statement, text);
    announce(run.state === "cancelled" ? t("query.stopped_after_rows", { rows }) : t("query.done_in", { done: what, time: span(run.elapsed) }));
  }

  /** @param {string} tab @param {Statement} statement @param {import("./editor.js").SqlEditor} editor @param {import("../../model/query/run.js").Fault} fault */
  #failed(tab, statement, editor, fault) {
    this.#say(tab, "danger", fault.message, statement.text);
    if (editor.tab === tab) editor.wrong(statement, fault);
    this.#changed(tab);
  }

  /** A statement that writes: dry first, then shown, then written. @param {import("../../model/query/query_tabs.js").QueryTab} tab @param {Statement} statement @param {import("./editor.js").SqlEditor} editor */
  async #write(tab, statement, editor) {
    const { session } = this.app;
    editor.clearFault();
    let answer;
    try {
      answer = await session.api.post(this.#url, { ...this.request(tab, statement.text), dry_run: true });
    } catch (error) {
      this.#failed(tab.id, statement, editor, faultOf(error));
      return false;
    }
    const changes = { count: Number(answer?.changes?.count ?? 0), rows: answer?.changes?.rows ?? [] };
    return new Promise((resolve) => {
      let done = false;
      const dialog = changesDialog(this.app, {
        sql: statement.text,
        changes,
        commit: async () => {
          const run = await this.#stream(tab, statement, editor, true);
          if (run.state !== "done") return run.fault?.message ?? t("shared.stopped_sentence");
          done = true;
          const sequence = run.stats?.sequence;
          session.say({ kind: "ok", text: `${t("query.changes_committed_in_one_transaction", { n: run.changes?.count ?? run.stats?.changed ?? changes.count })}${sequence === undefined ? "" : ` ${t("shared.sequence_is", { sequence: sequence.toLocaleString("en-US") })}`}` });
          await session.written([...new Set(changes.rows.map((/** @type {any} */ one) => one.store))]);
          return undefined;
        },
      });
      dialog.closed = () => resolve(done);
    });
  }

  /** Asks how a statement runs: as planned, or measured while it runs. @param {import("../../model/query/query_tabs.js").QueryTab} tab @param {Statement} statement @param {"plan" | "analyze"} how @param {import("./editor.js").SqlEditor} [editor] where a fault is said */
  async plan(tab, statement, how, editor) {
    const result = this.of(tab.id);
    result.planning = true;
    this.#changed(tab.id);
    try {
      const answer = await this.app.session.api.post(this.#url, { ...this.request(tab, statement.text), explain: how });
      result.plan = { nodes: answer?.plan?.nodes ?? [], advice: answer?.plan?.advice ?? [], elapsed_ms: answer?.plan?.elapsed_ms ?? undefined };
      result.planFault = "";
      if (editor && how === "analyze") announce(t("query.the_plan_is_measured"));
    } catch (error) {
      const fault = faultOf(error);
      result.planFault = fault.message;
      if (editor) this.#failed(tab.id, statement, editor, fault);
    }
    result.planning = false;
    this.#changed(tab.id);
  }

  /** Stops what runs in a tab. @param {string} tab */
  stop(tab) {
    this.results.get(tab)?.now?.cancel();
  }

  /** Lets go of tabs that are closed. @param {(id: string) => boolean} lives */
  forget(lives) {
    for (const id of this.results.keys()) {
      if (lives(id)) continue;
      this.stop(id);
      this.results.delete(id);
    }
  }
}
