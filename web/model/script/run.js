// One run of a script: what became of each step, what it said, which rows it gave, what it changed or would change.
//
// Holds: what came before an end stays; how it ends is the same for all runs (`StreamedRun`). Changes to one item are one
// change: from what it was first to what it is last.

import { count, literal, sentence, span } from "../../core/format.js";
import { ApiError, path } from "../../core/http.js";
import { isObject, parse, stringify } from "../../core/json.js";
import { t } from "../../strings/scripts.js";
import { ResultRows } from "../query/result_rows.js";
import { StreamedRun } from "../query/streamed_run.js";
import { faultsOf } from "./faults.js";
import { spaced } from "./forms.js";

/** @typedef {{state: "running" | "done" | "failed" | "waiting", rows: number, elapsed?: number, times: number, round?: [number, number], error?: string, field?: string, code?: string, suggestions?: string[], changed: number}} StepState field: where in the tool's arguments, as a pointer */
/** @typedef {{at: string, script: string, columns: {name: string, type: string}[], rows: ResultRows, truncated: boolean}} Given */
/** @typedef {{ms: number, word: string, text: string, at: string, look?: "fail" | "say"}} LogLine */
/** @typedef {{op: string, database?: string, store: string, key: any, before?: any, after?: any}} Change */
/** How many items of a store. @typedef {{database: string, store: string, inserted: number, updated: number, deleted: number}} Touched */

/** Where a run waits for a word: `at` is the step of the open script, `step` the one of `script`; `told`: it was said, and not heard yet. @typedef {{at: string, script: string, step: string, reason: string, rounds: {script: string, step: string, item: string, round: number, of: number}[], elapsed: number, nodes: number, told: boolean}} Pause */

/** How long a pause is shown once it is over. */
const LINGERS_MS = 150;
const MOST_LOG = 2000;
const MOST_CHANGES = 10_000;

export class ScriptRun extends StreamedRun {
  /** @param {{api: import("../../core/http.js").Api, url: string, body: any, script: string, dryRun: boolean, until?: string, transaction?: string, now?: () => number}} how script: `Category.Name`, whose steps are shown; transaction: as the script says */
  constructor({ api, url, body, script, dryRun, until, transaction = "single", now }) {
    super({ api, url, now });
    this.body = body;
    this.script = script;
    this.dryRun = dryRun;
    this.until = until;
    /** Whether it may pause. */
    this.pausing = Array.isArray(body?.pause_at);
    /** @type {Pause | undefined} */
    this.pause = undefined;
    /** When it was paused last, and how long it was before. */
    this.pausedAt = 0;
    this.resumedAt = -Infinity;
    /** The pause before. @type {Pause | undefined} */
    this.before = undefined;
    this.still = 0;
    /** Nodes of the stores that were read. */
    this.nodes = 0;
    /** Why it ended, unless it is done. */
    this.code = "";
    /** The content of the script that it runs. @type {any} */
    this.ran = undefined;
    this.transaction = transaction;
    /** @type {Map<string, StepState>} */
    this.steps = new Map();
    /** The rows that each step gave last. @type {Map<string, Given>} */
    this.given = new Map();
    /** @type {LogLine[]} */
    this.log = [];
    this.unlogged = 0;
    /** @type {{at: string, text: string}[]} */
    this.said = [];
    /** The parameters with their values. @type {{[name: string]: any}} */
    this.args = {};
    /** All variables after the step that ended last. @type {{[name: string]: any}} */
    this.variables = {};
    /** @type {Map<string, {[name: string]: any}>} */
    this.after = new Map();
    /** @type {Map<string, Change>} */
    this.changed = new Map();
    /** What was reviewed before it was run for good: a run that writes does not tell its changes. @type {{count: number, rows: Change[], definitions: any[]} | undefined} */
    this.reviewed = undefined;
    /** What a run for good has kept, by stores. @type {Map<string, Touched>} */
    this.kept = new Map();
    /** What it has changed and not kept yet: its transaction goes on. @type {Touched[]} */
    this.open = [];
    /** Changes that are only counted. */
    this.uncounted = 0;
    /** Stores that are made, altered or dropped. @type {any[]} */
    this.definitions = [];
    /** @type {any} */
    this.effect = undefined;
    /** What is wrong with the script or its arguments, when it did not begin. @type {import("./faults.js").Fault[]} */
    this.faults = [];
    this.error = "";
    /** @type {{steps: number, rows: number, changed: number, elapsed_ms: number, sequence?: number} | undefined} */
    this.figures = undefined;
    /** The run's own time at what happened last, in milliseconds: the steps that ended, one after the other. */
    this.clock = 0;
  }

  get sent() {
    return this.body;
  }

  get elapsed() {
    return this.figures?.elapsed_ms ?? this.pause?.elapsed ?? (this.ended ?? this.now()) - this.started - this.still;
  }
  /** Whether it waits for a word. */
  get paused() {
    return this.state === "running" && this.pause !== undefined && !this.pause.told;
  }
  /** The pause that is shown: the one before still for a moment, since the next one mostly comes at once. @returns {Pause | undefined} */
  get held() {
    if (this.state !== "running") return undefined;
    return this.pause ?? (this.now() - this.resumedAt < LINGERS_MS ? this.before : undefined);
  }
  /** What it changed or would change, as the review shows it. @returns {{count: number, rows: Change[], definitions: any[]}} */
  get changes() {
    if (this.reviewed && this.state === "done") return this.reviewed;
    const rows = [...this.changed.values()];
    return { count: rows.length + this.uncounted, rows, definitions: this.definitions };
  }
  /** The stores that it changed or would change. @returns {Touched[]} */
  get touched() {
    if (!this.dryRun) return [...this.kept.values()];
    /** @type {Map<string, Touched>} */
    const all = new Map();
    for (const row of this.changes.rows) tally(all, tallyOf(row));
    return [...all.values()];
  }
  /** The step that runs now: the innermost. */
  get current() {
    const { held } = this;
    if (held) return held.at;
    let last = "";
    for (const [at, one] of this.steps) if (one.state === "running" && at.length >= last.length) last = at;
    return last;
  }

  /** Its own end says how it went: an answer without one broke off. */
  answered() {
    this.error = t("shared.the_answer_broke_off_before_its_end");
    return /** @type {const} */ ("failed");
  }

  /** @param {unknown} error */
  failed(error) {
    this.error = error instanceof Error ? error.message : String(error);
    if (error instanceof ApiError) this.faults = faultsOf(error.problem.errors);
  }

  /** @param {string[]} lines */
  read(lines) {
    for (const line of lines) this.#event(parse(line));
  }

  /** @param {any} event */
  #event(event) {
    if (!isObject(event)) return;
    if (event.event === undefined && event.id !== undefined) this.id = String(event.id);
    const at = String(event.step ?? "");
    const own = event.script === this.script;
    switch (event.event) {
      case "started":
        if (own) this.args = /** @type {any} */ (event.args) ?? {};
        if (own) this.#write("run", Object.entries(/** @type {any} */ (event.args) ?? {}).map(([name, value]) => `${name} = ${literal(value, 60)}`).join(", ") || t("scripts.no_arguments"), "");
        break;
      case "step_started":
        if (own) this.#began(at, event);
        break;
      case "columns":
        this.given.set(own ? at : `${event.script}${at}`, { at, script: String(event.script), columns: /** @type {any[]} */ (event.columns ?? []).map((one) => ({ name: String(one?.name ?? ""), type: String(one?.kind ?? one?.type ?? "") })), rows: new ResultRows(), truncated: event.truncated === true });
        break;
      case "rows":
        this.given.get(own ? at : `${event.script}${at}`)?.rows.add(/** @type {any[]} */ (event.rows ?? []).map((row) => stringify(row)));
        break;
      case "output":
        this.#output(at, own, event);
        break;
      case "said":
        this.said.push({ at, text: String(event.text ?? "") });
        this.#write("say", String(event.text ?? ""), at, "say");
        break;
      case "step_finished":
        if (own) this.#finished(at, event);
        break;
      case "step_failed":
        this.#failed(at, own, event);
        break;
      case "paused":
        this.#paused(at, own, event);
        break;
      case "resumed":
        this.#goesOn();
        break;
      case "finished":
        this.#over(event);
        break;
      default:
    }
  }

  /** @param {string} at @param {any} event */
  #began(at, event) {
    const before = this.steps.get(at);
    this.steps.delete(at); // the one that began last is the last
    this.steps.set(at, { state: "running", rows: 0, times: (before?.times ?? 0) + 1, changed: before?.changed ?? 0 });
    const around = [...this.steps.keys()].filter((one) => at.startsWith(`${one}/`)).sort((a, b) => b.length - a.length);
    const loop = around.find((one) => at.startsWith(`${one}/steps/`));
    if (Array.isArray(event.round) && loop) {
      const state = /** @type {StepState} */ (this.steps.get(loop));
      const round = /** @type {[number, number]} */ (event.round.map(Number));
      const last = this.log.at(-1);
      // Rounds in which nothing is told are one line.
      if (last?.word === "loop" && last.at === loop) Object.assign(last, { ms: this.clock, text: t("shared.n_of_total", { n: count(round[0]), total: count(round[1]) }) });
      else if (state.round?.[0] !== round[0]) this.#write("loop", t("shared.n_of_total", { n: count(round[0]), total: count(round[1]) }), loop);
      state.round = round;
    }
  }

  /** @param {string} at @param {boolean} own @param {any} event */
  #paused(at, own, event) {
    const rounds = /** @type {any[]} */ (event.rounds ?? []).map((one) => ({ script: String(one.script), step: String(one.step), item: String(one.item), round: Number(one.round), of: Number(one.of) }));
    const call = /** @type {any[]} */ (event.calls ?? []).findLast((one) => one.script === this.script);
    const here = own ? at : String(call?.step ?? "");
    for (const one of rounds) {
      const state = one.script === this.script ? this.steps.get(one.step) : undefined;
      if (state) state.round = [one.round, one.of];
    }
    const last = rounds.at(-1);
    // The steps of a round that did not begin have done nothing in it.
    if (last?.step === at && last.script === event.script) for (const [id, one] of this.steps) if (own && id.startsWith(`${at}/`)) one.state = "waiting";
    this.pause = { at: here, script: String(event.script), step: at, reason: String(event.reason), rounds, elapsed: Number(event.elapsed_ms ?? 0), nodes: Number(event.nodes_read ?? this.nodes), told: false };
    this.pausedAt = this.now();
    this.variables = /** @type {any} */ (event.variables) ?? {};
    this.clock = Math.max(this.clock, this.pause.elapsed);
    if (this.log.at(-1)?.word === "pause") this.log.pop(); // nothing was told since
    if (event.condition_error) this.#write("condition", sentence(String(event.condition_error)), here, "fail");
    const element = last ? brief(this.variables[last.item]) : "";
    queueMicrotask(() => this.dispatchEvent(new Event("pause")));
    this.#write("pause", `${own ? "" : `${event.script} `}${last ? `${t("shared.n_of_total", { n: count(last.round), total: count(last.of) })}${element ? `  ${element}` : ""}` : ""}`.trim(), here);
  }

  #goesOn() {
    if (!this.pause) return;
    this.resumedAt = this.now();
    this.still += this.resumedAt - this.pausedAt;
    this.before = this.pause;
    this.pause = undefined;
  }

  /**
   * Says how it goes on. Gives back what went wrong.
   * @param {"continue" | "step" | "stop" | "pause"} word @param {any} body
   */
  async say(word, body = {}) {
    const { pause } = this;
    if (word !== "pause" && pause) pause.told = true;
    this.dispatchEvent(new Event("change"));
    try {
      await this.api.json("POST", path("runs", String(this.id), word), { body });
      return "";
    } catch (error) {
      // It ended, or somebody was faster: its own events tell that.
      if (this.state !== "running" || (error instanceof ApiError && (error.code === "not_paused" || error.code === "run_not_found"))) return "";
      if (pause) pause.told = false;
      this.dispatchEvent(new Event("change"));
      return error instanceof Error ? error.message : String(error);
    }
  }
  /** Other breakpoints from now on. @param {{step: string, when?: string}[]} list */
  async stopAt(list) {
    if (this.state !== "running" || !this.pausing || this.id === undefined) return;
    await this.api.json("PUT", path("runs", this.id, "breakpoints"), { body: { pause_at: list } }).catch(() => undefined);
  }

  /** @param {string} at @param {any} event */
  #finished(at, event) {
    const state = this.steps.get(at);
    // What a loop or a block took is the time of the steps in it.
    if (![...this.steps.keys()].some((one) => one.startsWith(`${at}/`))) this.clock += Number(event.elapsed_ms ?? 0);
    if (state) Object.assign(state, { state: "done", rows: Number(event.rows ?? 0), elapsed: Number(event.elapsed_ms ?? 0) });
    if (this.transaction === "per_step" && /^\/steps\/\d+$/.test(at)) this.#keep();
    if (!event.variables) return;
    this.variables = event.variables;
    this.after.set(at, event.variables);
  }

  /** @param {string} at @param {boolean} own @param {any} event */
  #output(at, own, event) {
    const changes = event.changes;
    if (changes) {
      for (const row of changes.rows ?? []) this.#change(row, changes.database);
      this.uncounted += Math.max(0, Number(changes.count ?? 0) - (changes.rows ?? []).length);
      this.definitions.push(...(changes.definitions ?? []));
    }
    this.nodes += Number(event.stats?.nodes_read ?? 0);
    const state = own ? this.steps.get(at) : undefined;
    if (state) state.changed += Number(changes?.count ?? event.stats?.changed ?? 0);
    if (!this.dryRun) {
      this.open.push(...(event.stats?.stores ?? (changes?.rows ?? []).map((/** @type {Change} */ row) => tallyOf({ database: changes.database, ...row }))));
      if (this.transaction === "none") this.#keep();
    }
    if (event.effect) this.effect = event.effect;
    this.#write(own ? "tool" : String(event.script), String(event.summary ?? ""), at);
  }

  /** What was changed so far stays, whatever comes. */
  #keep() {
    for (const each of this.open.splice(0)) tally(this.kept, each);
  }

  /** @param {Change} row @param {string | undefined} database */
  #change(row, database) {
    const place = row.database ?? database;
    const id = stringify([place ?? null, row.store, row.key]);
    const first = this.changed.get(id);
    const nothing = (/** @type {any} */ value) => value === undefined || value === null;
    const before = first ? first.before : row.before;
    const after = row.op === "delete" ? undefined : row.after;
    this.changed.delete(id);
    // What was made and taken away again was never there.
    if (first && nothing(before) && first.op === "insert" && row.op === "delete") return;
    if (first && first.op !== "insert" && !nothing(after) && stringify(before) === stringify(after)) return;
    const op = row.op === "delete" ? "delete" : first ? (first.op === "insert" ? "insert" : "update") : row.op;
    if (this.changed.size >= MOST_CHANGES) this.uncounted += 1;
    else this.changed.set(id, { ...row, op, database: place, before, after });
  }

  /** @param {string} at @param {boolean} own @param {any} event */
  #failed(at, own, event) {
    const { field, text } = told(event.message);
    const state = own ? this.steps.get(at) : undefined;
    if (state) Object.assign(state, { state: "failed", error: text, field, code: String(event.code ?? ""), suggestions: event.suggestions ?? [] });
    this.#write(event.continues ? "goes on" : "failed", text, own ? at : "", "fail");
  }

  /** @param {any} event */
  #over(event) {
    this.figures = { steps: Number(event.steps), rows: Number(event.rows), changed: Number(event.changed), elapsed_ms: Number(event.elapsed_ms), sequence: event.sequence };
    const error = event.error;
    this.pause = undefined;
    this.code = String(error?.code ?? "");
    this.nodes = Number(event.nodes_read ?? this.nodes);
    if (event.outcome === "done") this.#keep();
    if (error) {
      const { field, text } = told(error.message);
      this.error = text;
      const state = error.script === this.script ? this.steps.get(String(error.step)) : undefined;
      if (state && event.outcome === "failed") Object.assign(state, { state: "failed", error: text, field, code: String(error.code ?? ""), suggestions: error.suggestions ?? [] });
      // A step that failed inside a script that is called, or a loop, fails what is around it.
      for (const one of this.steps.values()) if (one.state === "running") one.state = event.outcome === "failed" ? "failed" : "waiting";
    }
    const words = event.outcome === "done" ? `${t("shared.n_steps", { n: this.figures.steps })}, ${t("shared.n_rows", { n: this.figures.rows })}${this.figures.changed ? `, ${t("shared.n_changes", { n: this.figures.changed })}${this.dryRun ? ` ${t("scripts.shown_none_kept")}` : ""}` : ""} · ${span(this.figures.elapsed_ms)}` : this.log.at(-1)?.text === this.error ? span(this.figures.elapsed_ms) : this.error;
    this.#write(event.outcome === "done" && this.until !== undefined ? "pause" : String(event.outcome), words, "", event.outcome === "failed" ? "fail" : undefined);
    this.end(event.outcome === "done" ? "done" : event.outcome === "cancelled" ? "cancelled" : "failed");
  }

  /** @param {string} word @param {string} text @param {string} at @param {"fail" | "say"} [look] */
  #write(word, text, at, look) {
    this.log.push({ ms: this.figures?.elapsed_ms ?? this.clock, word, text, at, look });
    if (this.log.length <= MOST_LOG) return;
    const gone = this.log.length - MOST_LOG / 2;
    this.log.splice(1, gone); // the arguments stay
    this.unlogged += gone;
  }

  stopped() {
    for (const one of this.steps.values()) if (one.state === "running") one.state = "failed";
    this.#goesOn();
    this.error = t("shared.stopped_sentence");
    this.#write("stopped", "", "");
  }
}

/** An element of a list in a few words: what it holds first. @param {any} value */
function brief(value) {
  if (!isObject(value)) return value === undefined || Array.isArray(value) ? "" : literal(value, 60);
  const plain = Object.values(value).filter((one) => one !== null && (typeof one !== "object" || !(isObject(one) || Array.isArray(one))));
  return plain.slice(0, 2).map((one) => String(one).slice(0, 40)).join("  ");
}

/** One change as a count. @param {Change} row @returns {Touched} */
function tallyOf(row) {
  const what = { database: row.database ?? "", store: row.store, inserted: 0, updated: 0, deleted: 0 };
  what[row.op === "delete" ? "deleted" : row.before === undefined || row.before === null ? "inserted" : "updated"] = 1;
  return what;
}

/** @param {Map<string, Touched>} all @param {Touched} more */
function tally(all, more) {
  const id = stringify([more.database, more.store]);
  const was = all.get(id);
  all.set(id, was ? { ...was, inserted: was.inserted + more.inserted, updated: was.updated + more.updated, deleted: was.deleted + more.deleted } : { database: more.database, store: more.store, inserted: Number(more.inserted), updated: Number(more.updated), deleted: Number(more.deleted) });
}

/** Whether two runs would change the same items, from the same values. @param {Change[]} a @param {Change[]} b */
export function sameGround(a, b) {
  const ground = (/** @type {Change[]} */ list) => list.map((one) => stringify([one.op, one.database ?? null, one.store, one.key, one.before ?? null])).sort().join("\n");
  return ground(a) === ground(b);
}

/** A variable as one line: its type and what it holds. @param {unknown} value @returns {{type: string, text: string, look: string}} */
export function shownVariable(value) {
  if (value === null || value === undefined) return { type: "null", text: "null", look: "null" };
  if (Array.isArray(value)) {
    const more = /^… (\d+) more$/.exec(String(value.at(-1)))?.[1];
    const n = more ? value.length - 1 + Number(more) : value.length;
    return { type: t("shared.list_within"), text: isObject(value[0]) ? t("shared.n_rows", { n }) : t("shared.n_elements", { n }), look: "" };
  }
  if (isObject(value)) return { type: t("scripts.map_within"), text: `{${Object.entries(/** @type {any} */ (value)).map(([name, one]) => `${/^[A-Za-z_]\w*$/.test(name) ? name : stringify(name)}: ${spaced(one)}`).join(", ")}}`.slice(0, 200), look: "" };
  if (typeof value === "boolean") return { type: "bool", text: String(value), look: "b" };
  if (typeof value === "string") return { type: /^\d{4}-\d\d-\d\d/.test(value) ? t("shared.date_within") : t("shared.text_within"), text: value === "" ? '""' : value, look: value === "" ? "empty" : /^\d{4}-\d\d-\d\d/.test(value) ? "d" : "" };
  return { type: t("shared.number_within"), text: String(value), look: "n" };
}

/** The time in a run as its log writes it. @param {number} ms */
export function logTime(ms) {
  return (ms / 1000).toFixed(3).padStart(6, "0");
}

/** What went wrong, without the place in the arguments that it begins with. @param {unknown} message */
function told(message) {
  const [, field = "", text = ""] = /^(\/[^\s:]+)?(?:: )?(.*)$/s.exec(String(message ?? "")) ?? [];
  return { field, text: sentence(text || t("scripts.it_failed")) };
}
