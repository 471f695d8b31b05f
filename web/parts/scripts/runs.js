// Runs of the open scripts: begun, stopped, and what is to be reviewed before it is kept.
//
// Holds: a script that may change something is run dry first, and what it would change is shown; only then it runs for good,
// and only when it would still change the same items from the same values. A run that may pause is a dry run too; a script that
// is changed ends it, since what it runs is not what is shown any more.

import { span } from "../../core/format.js";
import { path } from "../../core/http.js";
import { wanted } from "../../model/script/breakpoints.js";
import { argumentsOf } from "../../model/script/forms.js";
import { ScriptRun, sameGround } from "../../model/script/run.js";
import { mayWrite, places } from "../../model/script/steps.js";
import { announce } from "../dom.js";
import { changesDialog } from "../query/changes_dialog.js";
import { t } from "../../strings/scripts.js";

/** @typedef {import("../../model/script/drafts.js").Draft} Draft */

const CLOCK_MS = 200;
/** A page that is left breaks its answers off before it goes; one that is still there after this was not left. */
const STAYS_MS = 2000;
const TRANSACTIONS = /** @type {{[mode: string]: string}} */ ({ single: t("scripts.one_transaction_within"), per_step: t("scripts.a_transaction_each_step"), none: t("scripts.each_call_on_its_own_within") });

export class Runs {
  /** @param {import("./studio.js").SopScripts} studio */
  constructor(studio) {
    this.studio = studio;
    /** The last run of each draft. @type {Map<string, ScriptRun>} */
    this.last = new Map();
    /** What is wrong with arguments. @type {Map<string, string>} */
    this.wrong = new Map();
    this.frame = 0;
  }

  /** @param {string} id */
  of(id) {
    return this.last.get(id);
  }
  /** @param {string} was @param {string} id */
  renamed(was, id) {
    const run = this.last.get(was);
    if (!run || was === id) return;
    this.last.delete(was);
    this.last.set(id, run);
  }
  /** @param {string} id */
  stop(id) {
    this.last.get(id)?.cancel();
  }

  /** Runs the open script; where it has breakpoints, or is to pause at once, as a dry run that stops there. @param {{dry?: boolean, until?: string, pause?: boolean}} [how] */
  async go({ dry = false, until, pause = false } = {}) {
    const { studio } = this;
    const { draft, session } = studio;
    if (!draft || draft.unread || this.of(draft.id)?.state === "running") return;
    const given = this.#given(draft);
    if (!given || !(await studio.sound())) return;
    const writes = mayWrite(draft.script, studio.tools);
    const stops = until === undefined ? wanted(draft.script, draft.breakpoints) : [];
    const pausing = pause || stops.length > 0;
    const first = await this.#start(draft, given, dry || writes || pausing, until, { pausing: pausing ? { pause_at: stops, pause_at_start: pause } : undefined });
    if (first.state !== "done") return this.#told(first);
    if (!first.dryRun) return this.#told(first);
    const { count, definitions } = first.changes;
    const total = count + definitions.length;
    if (until) return this.#told(first);
    if (!total && pausing && !dry) return this.#told(first);
    if (!total && dry) {
      session.say({ kind: "ok", text: t("scripts.nothing_would_change") });
      return this.#told(first);
    }
    if (!total) return void this.#told(await this.#start(draft, given, false));
    this.review(draft, first, given);
  }

  /** Goes one step on; where nothing runs, begins and pauses before the first step. @param {boolean} [over] not into what the step is made of */
  async step(over = false) {
    const { draft } = this.studio;
    if (!draft) return;
    if (this.of(draft.id)?.state === "running") await this.resume("step", { over });
    else if (places(draft.script).some((one) => !one.step.disabled)) await this.go({ pause: true });
  }

  /** Lets the paused run of the open script go on. @param {"continue" | "step"} word @param {any} [body] */
  async resume(word, body = {}) {
    const { draft, session } = this.studio;
    const run = draft && this.of(draft.id);
    if (!draft || !run?.paused) return;
    const error = await run.say(word, { ...body, pause_at: wanted(draft.script, draft.breakpoints) });
    if (error) session.say({ kind: "danger", text: error });
  }

  /** Pauses the run of the open script before its next step. */
  async pause() {
    const { draft, session } = this.studio;
    const run = draft && this.of(draft.id);
    if (!run?.pausing || run.paused) return;
    const error = await run.say("pause");
    if (error) session.say({ kind: "danger", text: error });
  }

  /** The open script stops elsewhere: what runs hears of it. */
  stopsChanged() {
    const { draft } = this.studio;
    const run = draft && this.of(draft.id);
    if (draft && run?.ran === draft.script) void run.stopAt(wanted(draft.script, draft.breakpoints));
  }

  /** Ends a run that may pause and is not of what is shown any more. */
  scriptChanged() {
    const { draft, session } = this.studio;
    const run = draft && this.of(draft.id);
    if (!draft || run?.state !== "running" || !run.pausing || run.ran === draft.script) return;
    this.stop(draft.id);
    session.say({ kind: "warn", text: t("scripts.draft_was_changed", { script: draft.title }) });
  }

  /** The scripts that run and may be paused. */
  get waiting() {
    return [...this.last].filter(([, run]) => run.state === "running" && run.pausing).map(([id]) => id);
  }

  /** @param {Draft} draft @returns {{[name: string]: unknown} | undefined} */
  #given(draft) {
    const { args, wrong } = argumentsOf(draft.script.parameters ?? [], draft.args);
    const missing = (draft.script.parameters ?? []).filter((one) => one?.name && one.default === undefined && !Object.hasOwn(args, one.name));
    this.wrong = new Map([...Object.entries(wrong), ...missing.map((one) => /** @type {[string, string]} */ ([String(one.name), t("scripts.this_needs_a_value")]))]);
    const [first] = this.wrong.keys();
    if (first === undefined) return args;
    this.studio.panel.toArgument(first);
    announce(missing.length ? t("scripts.needs_a_value_before_it_can_run", { parameter: first }) : `${first}: ${this.wrong.get(first)}`);
    return undefined;
  }

  /** @param {Draft} draft @param {{[name: string]: unknown}} args @param {boolean} dryRun @param {string} [until] @param {{quiet?: boolean, pausing?: {pause_at: any[], pause_at_start: boolean}}} [how] quiet: not shown; pausing: where it stops */
  async #start(draft, args, dryRun, until, { quiet = false, pausing } = {}) {
    const { studio } = this;
    const { session } = studio;
    const body = { args, database: session.place.database, dry_run: dryRun, variables: true, ...(until ? { until } : {}), ...pausing };
    const saved = draft.dirty ? undefined : draft.base;
    const url = saved ? path("scripts", saved.category, saved.name, "run") : path("scripts", "run");
    const run = new ScriptRun({ api: session.api, url, body: saved ? { ...body, version: saved.version } : { ...body, script: studio.named(draft.script) }, script: studio.reference, dryRun, until, transaction: draft.script.transaction });
    run.ran = draft.script;
    if (!quiet) {
      this.last.set(draft.id, run);
      studio.stops.left.delete(draft.id);
      run.addEventListener("change", () => this.#show());
      run.addEventListener("pause", () => studio.stops.paused(draft, run));
      if (pausing) {
        studio.stops.note();
        run.addEventListener("end", () => (run.figures || run.state === "cancelled" ? studio.stops.note() : setTimeout(() => studio.stops.note(), STAYS_MS)));
      }
      studio.panel.began(run);
      this.#show();
    }
    await run.start();
    return run;
  }

  /** Draws at most once a frame, and goes on while nothing comes. */
  #show() {
    const { studio } = this;
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      studio.requestUpdate();
      studio.dispatchEvent(new CustomEvent("figures"));
      clearTimeout(this.clock);
      // While it is paused its time stands still.
      if (studio.run?.state === "running" && !studio.run.pause) this.clock = setTimeout(() => this.#show(), CLOCK_MS);
    });
  }

  /** Says how a run went. @param {ScriptRun} run */
  #told(run) {
    const { studio } = this;
    const { session } = studio;
    if (run.state === "failed") {
      for (const fault of run.faults) if (/^\/args\//.test(fault.at)) this.wrong.set(fault.at.slice(6).replaceAll("~1", "/").replaceAll("~0", "~"), fault.message);
      const [argument] = this.wrong.keys();
      const broken = [...run.steps].findLast(([, one]) => one.state === "failed" && one.error)?.[0];
      if (!broken && argument !== undefined) studio.panel.toArgument(argument);
      else if (broken) void studio.updateComplete.then(() => studio.querySelector(`[data-step="${broken}"] > .step-fault`)?.scrollIntoView({ block: "nearest" }));
      const stop = run.faults.find((fault) => fault.at.startsWith("/pause_at/"));
      const step = stop && run.body.pause_at[Number(stop.at.split("/")[2])]?.step;
      if (step) studio.cards.focus(step);
      if (!broken && argument === undefined) session.say({ kind: "danger", text: stop ? t("scripts.the_run_cannot_stop_there", { reason: stop.message }) : run.error });
      announce(t("scripts.the_run_failed", { reason: run.error }));
    } else if (run.state === "done") {
      announce(run.dryRun ? t("scripts.the_dry_run_is_done_in", { time: span(run.elapsed) }) : t("scripts.the_run_is_done_in", { time: span(run.elapsed) }));
      if (!run.dryRun && run.figures?.changed) {
        session.say({ kind: "ok", text: `${t("scripts.n_changes_committed", { n: run.figures.changed })}${run.figures.sequence === undefined ? "" : ` ${t("shared.sequence_is", { sequence: run.figures.sequence.toLocaleString("en-US") })}`}` });
      }
    }
    if (run.state === "cancelled") {
      if (run.code === "pause_limit" || run.code === "shutting_down") session.say({ kind: "warn", text: run.error });
      else announce(run.dryRun ? t("scripts.the_run_was_stopped_nothing_is_kept") : t("scripts.the_run_was_stopped"));
    }
    const stores = run.dryRun ? [] : [...new Set(run.touched.map((one) => one.store))];
    if (stores.length) void session.written(stores);
    void studio.readList();
    this.#show();
  }

  /** Shows what a dry run would change; committing runs it for good. @param {Draft} draft @param {ScriptRun} first @param {{[name: string]: unknown}} args */
  review(draft, first, args) {
    const { studio } = this;
    const { count, rows, definitions } = first.changes;
    const total = count + definitions.length;
    const { script } = draft;
    const locked = studio.session.readOnly;
    changesDialog(studio.app, {
      sql: "",
      changes: { count: total, rows: shown(definitions, rows) },
      act: t("shared.commit_n_changes", { n: total }),
      still: locked !== undefined,
      note: locked ?? t("scripts.dry_run_of", { script: draft.title, transaction: TRANSACTIONS[script.transaction ?? "single"] ?? "" }),
      commit: async () => {
        if (draft.script !== script) return t("scripts.the_script_was_changed_since_the_dry");
        const again = await this.#start(draft, args, true, undefined, { quiet: true });
        if (again.state !== "done") return again.error;
        if (!sameGround(again.changes.rows, rows) || again.changes.count !== count) return t("scripts.the_data_changed_since_the_dry_run");
        const run = await this.#start(draft, args, false);
        run.reviewed = first.changes;
        this.#told(run);
        return run.state === "done" ? undefined : run.error || t("shared.stopped_sentence");
      },
    });
    void studio.readList();
    this.#show();
  }

  /** What would be changed, once more; of a paused run what it is so far. */
  reviewAgain() {
    const { draft, app } = this.studio;
    const run = draft && this.of(draft.id);
    if (draft && run?.pause) {
      const { count, rows, definitions } = run.changes;
      changesDialog(app, { sql: "", changes: { count: count + definitions.length, rows: shown(definitions, rows) }, still: true, note: t("scripts.so_far_nothing_is_kept", { script: draft.title }), commit: async () => undefined });
    } else if (draft && run?.dryRun && run.state === "done") this.review(draft, run, run.body.args);
  }
}

/** Changes of stores and items as the review shows them. @param {any[]} definitions @param {import("../../model/script/run.js").Change[]} rows */
function shown(definitions, rows) {
  return [...definitions.map((one) => ({ op: one.before ? (one.after ? "update" : "delete") : "insert", store: String(one.store), key: `store ${one.store}`, before: one.before, after: one.after })), ...rows];
}
