// One run of one statement: what came of it so far.
//
// Holds: rows that came before an end stay; how it ends is the same for all runs (`StreamedRun`).

import { ApiError } from "../../core/http.js";
import { parse } from "../../core/json.js";
import { t } from "../../strings/query.js";
import { ResultRows } from "./result_rows.js";
import { StreamedRun } from "./streamed_run.js";

/** @typedef {{name: string, type: string}} Column */
/** @typedef {{elapsed_ms?: number, rows?: number, scanned?: number, nodes_read?: number, sequence?: number, truncated?: boolean, changed?: number}} Stats */
/** @typedef {{message: string, code: string, at?: number, suggestions: string[]}} Fault at: a byte of the statement */
/** @typedef {{sql: string, params?: unknown, limit?: number, timeout_ms?: number}} Request */

/** What went wrong, from an error or a problem document. @param {any} error @returns {Fault} */
export function faultOf(error) {
  const problem = error instanceof ApiError ? error.problem : error instanceof Error ? { detail: error.message } : (error ?? {});
  const first = problem.errors?.[0] ?? {};
  const at = Number(first.at ?? problem.at ?? NaN);
  /** @type {string[]} */
  const suggestions = [...(first.suggestions ?? []), ...(problem.suggestions ?? [])].filter((one) => typeof one === "string");
  return { message: String(problem.detail || first.detail || problem.title || t("shared.the_query_failed")), code: String(problem.code ?? ""), at: Number.isInteger(at) && at >= 0 ? at : undefined, suggestions: [...new Set(suggestions)] };
}

export class QueryRun extends StreamedRun {
  /** @param {{api: import("../../core/http.js").Api, url: string, request: Request, now?: () => number}} how */
  constructor({ api, url, request, now }) {
    super({ api, url, now });
    this.request = request;
    /** @type {Column[]} */
    this.columns = [];
    this.rows = new ResultRows();
    /** @type {Stats | undefined} */
    this.stats = undefined;
    /** @type {any} */
    this.changes = undefined;
    /** @type {Fault | undefined} */
    this.fault = undefined;
  }

  get sent() {
    return this.request;
  }

  /** How long it has taken, in milliseconds: the server's own time once it is known. */
  get elapsed() {
    return this.stats?.elapsed_ms ?? (this.ended ?? this.now()) - this.started;
  }

  answered() {
    if (!this.stats && !this.fault) this.fault = { message: t("shared.the_answer_broke_off_before_its_end"), code: "broken_off", suggestions: [] };
    return this.fault ? /** @type {const} */ ("failed") : "done";
  }

  /** @param {unknown} error */
  failed(error) {
    this.fault = faultOf(error);
  }

  /** @param {string[]} lines */
  read(lines) {
    /** @type {string[]} */
    const rows = [];
    for (const line of lines) {
      if (line.startsWith("[")) rows.push(line);
      else this.#said(parse(line));
    }
    if (rows.length) this.rows.add(rows);
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
}
