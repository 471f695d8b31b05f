// Where runs of the open script stop, as people set it, and what is said of a run that paused.
//
// Holds: a run ends with the page that listens to it; whoever comes back is told so. How breakpoints follow their steps is known by
// the draft, how a run hears of them by the runs.

import { count } from "../../core/format.js";
import { path } from "../../core/http.js";
import { faultsOf } from "../../model/script/faults.js";
import { indexOf, insert, kindOf, listOf, places, valueAt } from "../../model/script/steps.js";
import { announce } from "../dom.js";
import { t } from "../../strings/scripts.js";
import { stopDialog } from "./dialogs.js";

/** @typedef {import("../../model/script/drafts.js").Draft} Draft */

/** Scripts whose runs might pause when this tab was left. */
const LEFT = "sop.scripts.left";

export class Stops {
  /** @param {import("./studio.js").SopScripts} studio */
  constructor(studio) {
    this.studio = studio;
    /** Scripts whose runs ended with the page before this one. @type {Set<string>} */
    this.left = new Set();
  }

  /** Stops before a step, or no longer. @param {string | undefined} at */
  toggle(at) {
    const { draft } = this.studio;
    if (draft && at !== undefined) this.set(at, draft.breakpoints.has(at) ? undefined : {});
  }

  /** @param {string} at @param {{when?: string} | undefined} breakpoint */
  set(at, breakpoint) {
    const { draft } = this.studio;
    if (!draft) return;
    draft.stopAt(at, breakpoint);
    this.#changed();
    const number = places(draft.script).find((one) => one.at === at)?.number ?? "";
    announce(breakpoint ? breakpoint.when ? t("scripts.stops_at_step_when", { number, condition: breakpoint.when }) : t("scripts.stops_at_step_number", { number }) : t("scripts.does_not_stop_at_step", { number }));
  }

  clear() {
    const { draft } = this.studio;
    if (!draft) return;
    draft.breakpoints = new Map();
    this.#changed();
    announce(t("scripts.there_are_no_breakpoints_any_more"));
  }

  #changed() {
    this.studio.drafts.touch();
    this.studio.runs.stopsChanged();
  }

  /** Asks when it is to stop at a step. @param {string | undefined} at */
  ask(at) {
    const { draft } = this.studio;
    if (draft && at !== undefined) stopDialog(this.studio, draft, at);
  }

  /** What is wrong with a condition before a step, or in a round of it. @param {string} at @param {string} when */
  async fault(at, when) {
    const { studio } = this;
    const { draft } = studio;
    if (!draft) return "";
    const { script } = draft;
    const [list, index] = kindOf(valueAt(script, at)) === "loop" ? [`${at}/steps`, 0] : [listOf(at), indexOf(at)];
    try {
      // As a step at this place would have it.
      const trial = insert(script, list, index, { type: "assert", condition: when });
      const answer = await studio.session.api.post(path("scripts"), studio.named(trial), { check: true });
      return faultsOf(answer?.faults).find((one) => one.at.startsWith(`${list}/${index}/condition`))?.message ?? "";
    } catch {
      return ""; // The run will say it.
    }
  }

  /** A run came to a pause. @param {Draft} draft @param {import("../../model/script/run.js").ScriptRun} run */
  paused(draft, run) {
    const { studio } = this;
    const { pause } = run;
    if (!pause || studio.draft !== draft) return;
    const last = pause.rounds.at(-1);
    announce(last ? t("scripts.paused_in_round", { script: this.place(draft, pause), round: count(last.round), rounds: count(last.of) }) : t("scripts.paused_in_script", { script: this.place(draft, pause) }));
    if (studio.face === "json") studio.show("steps");
    void studio.updateComplete.then(() => studio.querySelector(".step.now > header")?.scrollIntoView({ block: "nearest" }));
  }

  /** Where a run is paused, for people. @param {Draft} draft @param {import("../../model/script/run.js").Pause} pause */
  place(draft, pause) {
    const number = places(draft.script).find((one) => one.at === pause.at)?.number ?? "";
    return pause.script === this.studio.run?.script ? t("scripts.step_number_within", { number }) : t("scripts.step_number_in_script", { number, script: pause.script });
  }

  /** Notes which runs would end with the page. */
  note() {
    const { waiting } = this.studio.runs;
    try {
      if (waiting.length) sessionStorage.setItem(LEFT, JSON.stringify(waiting));
      else sessionStorage.removeItem(LEFT);
    } catch {
      // It is only not said then.
    }
  }

  /** The page is there again. */
  back() {
    try {
      this.left = new Set(JSON.parse(sessionStorage.getItem(LEFT) ?? "[]"));
      sessionStorage.removeItem(LEFT);
    } catch {
      // There is no storage, or not from here.
    }
  }
}
