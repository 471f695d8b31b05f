// One run of one statement: what came of it so far.
//
// Holds: a run ends once, as `done`, `failed` or `cancelled`; rows that came before an end stay. Cancelling ends the work on
// both sides: the stream is closed and the server is told by the run's id. Says `change` as rows come and `end` once.

import { ApiError } from "../../core/http.js";
import { parse } from "../../core/json.js";
import { readLines } from "../../core/ndjson.js";
import { stopRun } from "../stop.js";
import { t } from "../../strings/query.js";
import { ResultRows } from "./result_rows.js";

/** @typedef {{name: string, type: string}} Column */
/** @typedef {{elapsed_ms?: number, rows?: number, scanned?: number, nodes_read?: number, sequence?: number, truncated?: boolean, changed?: number}} Stats */
/** @typedef {{message: string, code: string, at?: number, suggestions: string[]}} Fault at: a byte of the statement */
/** @typedef {{sql: string, params?: unknown, limit?: number, timeout_ms?: number}} Request */

const STREAM = "application/x-ndjson";

/** What went wrong, from an error or a problem document. @param {any} error @returns {Fault} */
export function faultOf(error) {
  const problem = error instanceof ApiError ? error.problem : error instanceof Error ? { detail: error.message } : (error ?? {});
  const first = problem.errors?.[0] ?? {};
  const at = Number(first.at ?? problem.at ?? NaN);
  /** @type {string[]} */
  const suggestions = [...(first.suggestions ?? []), ...(problem.suggestions ?? [])].filter((one) => typeof one === "string");
  return { message: String(problem.detail || first.detail || problem.title || t("shared.the_query_failed")), code: String(problem.code ?? ""), at: Number.isInteger(at) && at >= 0 ? at : undefined, suggestions: [...new Set(suggestions)] };
}

export class QueryRun extends EventTarget {
  /** @param {{api: import("../../core/http.js").Api, url: string, request: Request, now?: () => number}} how */
  constructor({ api, url, request, now = () => performance.now() }) {
    super();
    this.api = api;
    this.url = url;
    this.request = request;
    this.now = now;
    /** @type {"running" | "done" | "failed" | "cancelled"} */
    this.state = "running";
    /** @type {string | undefined} */
    this.id = undefined;
    /** @type {Column[]} */
    this.columns = [];
    this.rows = new ResultRows();
    /** @type {Stats | undefined} */
    this.stats = undefined;
    /** @type {any} */
    this.changes = undefined;
    /** @type {Fault | undefined} */
    this.fault = undefined;
    this.started = now();
    /** @type {number | undefined} */
    this.ended = undefined;
    this.stopper = new AbortController();
  }

  /** How long it has taken, in milliseconds: the server's own time once it is known. */
  get elapsed() {
    return this.stats?.elapsed_ms ?? (this.ended ?? this.now()) - this.started;
  }

  /** Runs to the end. Never throws: the end says how it went. */
  async start() {
    try {
      const response = await this.api.raw("POST", this.url, { body: this.request, accept: STREAM, signal: this.stopper.signal });
      await readLines(response.body, (lines) => this.take(lines));
      if (this.state === "running" && !this.stats && !this.fault) this.fault = { message: t("shared.the_answer_broke_off_before_its_end"), code: "broken_off", suggestions: [] };
      this.#end(this.fault ? "failed" : "done");
    } catch (error) {
      if (this.stopper.signal.aborted) this.#end("cancelled");
      else {
        this.fault = faultOf(error);
        this.#end("failed");
      }
    }
    return this;
  }

  /** Takes lines of the answer. @param {string[]} lines */
  take(lines) {
    if (this.state !== "running") return;
    /** @type {string[]} */
    const rows = [];
    for (const line of lines) {
      if (line.startsWith("[")) rows.push(line);
      else this.#said(parse(line));
    }
    if (rows.length) this.rows.add(rows);
    this.dispatchEvent(new Event("change"));
  }

  /** @param {any} line */
  #said(line) {
    if (typeof line?.id === "string" || typeof line?.id === "number") this.id = String(line.id);
    if (Array.isArray(line?.columns)) this.columns = line.columns.map((/** @type {any} */ one) => ({ name: String(one?.name ?? ""), type: String(one?.type ?? "") }));
    if (Array.isArray(line?.columns)) this.rows.whole = this.columns.flatMap((one, at) => (/^(?:integer|number|[iu](?:8|16|32|64))$/.test(one.type) ? [at] : []));
    if (line?.stats) this.stats = { ...line.stats, sequence: line.sequence ?? line.stats.sequence, truncated: line.truncated ?? line.stats.truncated };
    if (line?.changes) this.changes = line.changes;
    if (line?.error) this.fault = faultOf(line.error);
  }

  /** Ends the work here and on the server. */
  cancel() {
    if (this.state !== "running") return;
    void stopRun(this.api, this.id, this.stopper);
    this.#end("cancelled");
  }

  /** @param {"done" | "failed" | "cancelled"} state */
  #end(state) {
    if (this.state !== "running") return;
    this.state = state;
    this.ended = this.now();
    this.dispatchEvent(new Event("change"));
    this.dispatchEvent(new Event("end"));
  }
}
