// The steps of a script as cards on a line: nested ones inside, one open for editing; moved by the grip or by keys.
//
// Holds: the focus follows a step wherever it goes; what became of a step in the last run stands at its head, what is wrong
// with it at its foot. How a step is filled in is drawn by the form.

import { count, span } from "../../core/format.js";
import { faultsWithin } from "../../model/script/faults.js";
import { branchesOf, indexOf, insert, kindOf, listOf, move, nudge, places, remove, stepIcon, stepTitle, stepWord, valueAt } from "../../model/script/steps.js";
import { headPieces, summary } from "../../model/script/summary.js";
import { t } from "../../strings/scripts.js";
import { html, nothing, repeat } from "../../vendor/lit.js";
import { announce, icon } from "../dom.js";
import { addDialog } from "./add_dialog.js";
import { StepForm, failure } from "./step_form.js";

/** @typedef {import("../../model/script/steps.js").Step} Step */
/** @typedef {import("../../model/script/steps.js").Place} Place */

const DRAG_PX = 4;

export class StepCards {
  /** @param {import("./studio.js").SopScripts} studio */
  constructor(studio) {
    this.studio = studio;
    this.form = new StepForm(studio);
    /** Where a step that is dragged would go. @type {{from: string, list: string, index: number} | undefined} */
    this.drag = undefined;
  }

  /** @param {import("../../model/script/drafts.js").Draft} draft */
  render(draft) {
    const { studio } = this;
    const all = places(draft.script);
    if (!all.length) return html`<div class="nothing first-step">${icon("scripts")}<h2>${t("scripts.no_steps_yet")}</h2><p>${t("scripts.what_steps_do")}</p><p class="next starters">${[["fetch", t("scripts.read_items")], ["query", t("scripts.query_by_sql")], ["say", t("scripts.say_something")]].map(([kind, title]) => html`<button class="button s" @click=${() => this.add("/steps", 0, kind)}>${title}</button>`)}<button class="button s main" data-command="add-step">${icon("plus", true)}${t("shared.step")}</button></p></div>`;
    const byAt = new Map(all.map((one) => [one.at, one]));
    return html`<ol class="steps ${this.drag ? "dragging" : ""}" aria-label=${t("shared.steps")} @keydown=${(/** @type {KeyboardEvent} */ event) => this.#key(event)}>${this.#cards(all.filter((one) => one.depth === 0), byAt, studio.faults.steps)}</ol>
      <div class="add">${this.#drop("/steps", draft.script.steps.length)}<button class="button s quiet" title=${studio.app.commands.tip("add-step")} @click=${() => addDialog(studio, "/steps", draft.script.steps.length)}>${icon("plus", true)}${t("shared.step")}</button></div>`;
  }

  /** @param {Place[]} list @param {Map<string, Place>} byAt @param {Map<string, import("../../model/script/faults.js").StepFault[]>} faults */
  #cards(list, byAt, faults) {
    return repeat(list, (one) => one.at, (one) => this.#card(one, byAt, faults));
  }

  /** @param {Place} place @param {Map<string, Place>} byAt @param {Map<string, import("../../model/script/faults.js").StepFault[]>} faults @returns {unknown} */
  #card(place, byAt, faults) {
    const { studio } = this;
    const { at, step, number, depth } = place;
    const draft = /** @type {import("../../model/script/drafts.js").Draft} */ (studio.draft);
    const { run } = studio;
    const state = run?.steps.get(at);
    const open = draft.open === at;
    const own = faults.get(at) ?? [];
    const within = faultsWithin(faults, at).filter((one) => !one.warning).length;
    const held = run?.held;
    const now = held ? held.at === at : state?.state === "running";
    const look = [now ? "now" : state?.state === "done" ? "done" : state?.state === "failed" ? "failed" : "", open ? "open" : "", step.disabled ? "disabled" : "", !(open && !studio.tried) && own.some((one) => !one.warning) ? "wrong" : "", this.drag?.from === at ? "moving" : ""].join(" ");
    const title = stepTitle(step);
    const head = headPieces(step);
    return html`<li class="step ${look}" data-step=${at} aria-current=${now ? "step" : nothing}>${this.#drop(listOf(at), indexOf(at))}${this.#stop(place, draft.breakpoints.get(at))}
      ${depth === 0 ? html`<span class="no" aria-hidden="true">${number}</span>` : nothing}
      <header>
        <button class="grip" tabindex="-1" aria-label=${t("scripts.move_step_number", { number })} title=${t("scripts.drag_key_hint")} @pointerdown=${(/** @type {PointerEvent} */ event) => this.#grab(event, at)}>${icon("grip", true)}</button>
        ${icon(stepIcon(step), true)}
        <button class="step-toggle" data-at=${at} aria-expanded=${String(open)} @click=${() => this.open(open ? "" : at)}><span class="unseen">${t("scripts.step_number_before", { number })} </span><b class="cut">${title}</b>${stepWord(step).replaceAll("_", " ") === title.toLowerCase() ? nothing : html`<code class="dim">${stepWord(step)}</code>`}<span class="unseen">${step.disabled ? t("scripts.and_disabled") : ""}${draft.breakpoints.has(at) ? t("scripts.and_stops_here") : ""}${within ? `, ${t("scripts.n_faults", { n: within })}` : ""}</span></button>
        <span class="end">${head.length && !open ? html`<code class="cut head-code">${head.map((one) => html`<span class=${one.look ?? ""}>${one.text}</span>`)}</code>` : nothing}${this.#figures(at, step)}${this.#tags(step)}</span>
        <button class="button only s quiet step-more" aria-label=${t("scripts.more_for_step_number", { number })} aria-haspopup="menu" @click=${(/** @type {Event} */ event) => this.menu(at, /** @type {Element} */ (event.currentTarget))}>${icon("more", true)}</button></header>
      ${open ? this.form.render(place) : this.#summary(step)}
      ${branchesOf(step).map((branch) => this.#branch(at, branch, byAt, faults, branchesOf(step).length > 1))}
      ${this.#foot(place, own, open)}</li>`;
  }

  /** Where a run stops: beside the step's number. @param {Place} place @param {import("../../model/script/breakpoints.js").Breakpoint | undefined} own */
  #stop({ at, number }, own) {
    const { studio } = this;
    return html`<button class="stop ${own?.when ? "when" : ""}" tabindex="-1" aria-label=${t("scripts.stop_at_step_number", { number })} aria-pressed=${String(own !== undefined)} title=${own ? (own.when ? t("scripts.stops_here_when", { condition: own.when }) : t("scripts.stops_here")) : studio.app.commands.tip("toggle-stop")} @click=${() => studio.stops.toggle(at)} @contextmenu=${(/** @type {Event} */ event) => {
      event.preventDefault();
      studio.stops.ask(at);
    }}></button>`;
  }

  /** @param {string} at @param {Step} step */
  #figures(at, step) {
    const { run } = this.studio;
    const state = run?.steps.get(at);
    if (!run || !state) return nothing;
    const kind = kindOf(step);
    return html`${state.round ? html`<span>${t("shared.n_of_total", { n: count(state.round[0]), total: count(state.round[1]) })}</span>` : state.times > 1 && kind !== "loop" ? html`<span>${t("scripts.n_times", { n: state.times })}</span>` : nothing}${state.rows ? html`<span>${kind === "fetch" ? t("shared.n_items", { n: state.rows }) : t("shared.n_rows", { n: state.rows })}</span>` : kind === "assert" && state.state === "done" ? html`<span>true</span>` : nothing}${state.changed ? html`<span class="tag update">${run.dryRun ? t("scripts.would_change_n", { n: count(state.changed) }) : t("scripts.n_changed", { n: count(state.changed) })}</span>` : nothing}${state.state === "done" && state.elapsed !== undefined ? html`<span>${span(state.elapsed)}</span>` : nothing}`;
  }

  /** @param {Step} step */
  #tags(step) {
    const tool = kindOf(step) === "tool" ? this.studio.tools.find((one) => one.name === step.tool) : undefined;
    return html`${step.disabled ? html`<span class="tag off">${t("shared.disabled_within")}</span>` : nothing}${step.async ? html`<span class="chip">${t("scripts.beside_others")}</span>` : nothing}${step.continue_on_error ? html`<span class="chip">${t("scripts.may_fail")}</span>` : nothing}${tool?.class === "write" ? html`<span class="tag update">${t("scripts.writes")}</span>` : tool?.class === "admin" ? html`<span class="tag delete">${t("scripts.admin_within")}</span>` : nothing}`;
  }

  /** @param {Step} step */
  #summary(step) {
    const lines = summary(step);
    if (!lines.length) return nothing;
    const drawn = (/** @type {import("../../model/script/summary.js").Piece[]} */ line) => line.map((one) => html`<span class=${one.look ?? ""}>${one.text}</span>`);
    // What it gives is always seen, however long its statement is.
    const [body, gives] = step.output ? [lines.slice(0, -1), lines.at(-1)] : [lines, undefined];
    return html`<pre>${body.length ? html`<span class="body">${body.map((line, index) => html`${index ? "\n" : ""}${drawn(line)}`)}</span>` : nothing}${gives ? drawn(gives) : nothing}</pre>`;
  }

  /** @param {string} at @param {{field: string, title: string, steps: Step[]}} branch @param {Map<string, Place>} byAt @param {Map<string, import("../../model/script/faults.js").StepFault[]>} faults @param {boolean} titled */
  #branch(at, branch, byAt, faults, titled) {
    const list = `${at}/${branch.field}`;
    const inside = branch.steps.map((_, index) => /** @type {Place} */ (byAt.get(`${list}/${index}`))).filter(Boolean);
    return html`<div class="branch" role="group" aria-label=${branch.title}>${titled && inside.length ? html`<p class="caption">${branch.title}</p>` : nothing}${inside.length ? html`<ol class="inner" aria-label=${branch.title}>${this.#cards(inside, byAt, faults)}</ol>` : nothing}
      <div class="add">${this.#drop(list, inside.length)}<button class="button s quiet" aria-label=${t("scripts.add_a_step_to_branch", { branch: branch.title })} @click=${() => addDialog(this.studio, list, inside.length)}>${icon("plus", true)}${titled && !inside.length ? branch.title : t("shared.step")}</button></div></div>`;
  }

  /** Where a dragged step would go in. @param {string} list @param {number} index */
  #drop(list, index) {
    return this.drag?.list === list && this.drag.index === index ? html`<div class="drop" aria-hidden="true"></div>` : nothing;
  }

  /** @param {Place} place @param {import("../../model/script/faults.js").StepFault[]} faults @param {boolean} open */
  #foot(place, faults, open) {
    const { studio } = this;
    const state = studio.run?.steps.get(place.at);
    const shown = open ? this.form.unshown(faults) : faults;
    const failed = state?.state === "failed" && state.error && !(open && this.form.shows(state)) ? state : undefined;
    return html`${shown.map((one) => html`<div class="step-fault ${one.warning ? "warn" : ""}" role=${one.warning ? "note" : "alert"}>${icon("warning", true)}<p class="grow">${one.message}</p>${this.form.fixes(one)}</div>`)}
      ${failed ? html`<div class="step-fault" role="alert">${icon("warning", true)}<p class="grow">${failed.field ? html`<code>${failed.field.slice(1).replaceAll("/", " / ")}</code> ` : nothing}${failed.error}</p>${failed.field ? this.form.fixes(failure(place, failed)) : nothing}${failed.code === "not_in_transaction" && studio.draft?.script.transaction !== "none" ? html`<button type="button" class="button s" @click=${() => studio.put("/transaction", "none")}>${t("scripts.transaction_none")}</button>` : nothing}</div>` : nothing}`;
  }

  // ---- What can be done with a step

  /** Opens a step for editing; "" closes. @param {string} at @param {boolean} [look] brings it into view and the focus to it */
  open(at, look = false) {
    const { draft } = this.studio;
    if (!draft) return;
    if (draft.open !== at) this.studio.texts.clear();
    draft.open = at;
    this.studio.requestUpdate();
    if (look) this.focus(at, true);
  }

  /** @param {string} at @param {boolean} [field] the first field that is wrong or empty */
  focus(at, field = false) {
    const { studio } = this;
    void studio.updateComplete.then(() => {
      const card = /** @type {HTMLElement | null} */ (studio.querySelector(`[data-step="${at}"]`));
      const inside = field ? /** @type {HTMLElement | null} */ (card?.querySelector(":scope > .step-form [aria-invalid='true'], :scope > .step-form .wants :is(input, select, sop-code)")) : null;
      const target = inside ?? /** @type {HTMLElement | null} */ (card?.querySelector(".step-toggle"));
      card?.scrollIntoView({ block: "nearest" });
      target?.focus({ preventScroll: true });
      target?.scrollIntoView({ block: "nearest" });
    });
  }

  /** Puts a new step into a list. @param {string} list @param {number} index @param {string} kind @param {string} [tool] */
  add(list, index, kind, tool) {
    const { studio } = this;
    const { draft } = studio;
    if (!draft) return;
    const step = this.form.begin(draft.script, kind, tool);
    studio.change(insert(draft.script, list, index, step));
    studio.tried = false;
    this.open(`${list}/${index}`, true);
    announce(t("scripts.step_is_added", { step: stepTitle(step) }));
  }

  /** The step that the cursor is in, else the one that is open. @returns {string | undefined} */
  get chosen() {
    const { draft } = this.studio;
    const at = /** @type {HTMLElement | null} */ (document.activeElement?.closest?.("sop-scripts [data-step]") ?? null)?.dataset.step ?? draft?.open;
    return at && valueAt(draft?.script, at) ? at : undefined;
  }

  /** After the step that is open, else at the end. @returns {{list: string, index: number}} */
  get here() {
    const { draft } = this.studio;
    const focused = /** @type {HTMLElement | null} */ (document.activeElement?.closest?.("[data-step]") ?? null)?.dataset.step;
    const at = focused ?? draft?.open;
    if (at && valueAt(draft?.script, at)) return { list: listOf(at), index: indexOf(at) + 1 };
    return { list: "/steps", index: draft?.script.steps.length ?? 0 };
  }

  /** @param {string} at @param {import("../../model/script/steps.js").Script} script @param {string} to */
  #moved(at, script, to) {
    const { studio } = this;
    const draft = /** @type {import("../../model/script/drafts.js").Draft} */ (studio.draft);
    const wasOpen = draft.open === at;
    studio.change(script);
    studio.texts.clear();
    draft.open = wasOpen ? to : "";
    studio.requestUpdate();
    this.focus(to);
    const place = places(script).find((one) => one.at === to);
    announce(t("scripts.step_is_now_number", { step: stepTitle(/** @type {Step} */ (place?.step)), number: place?.number }));
  }

  /** @param {string} at @param {"up" | "down" | "in" | "out"} way */
  nudge(at, way) {
    const { draft } = this.studio;
    const moved = draft && nudge(draft.script, at, way);
    if (moved && moved.at !== at) this.#moved(at, moved.script, moved.at);
  }

  /** @param {string} at */
  duplicate(at) {
    const { draft } = this.studio;
    if (!draft) return;
    const step = valueAt(draft.script, at);
    this.studio.change(insert(draft.script, listOf(at), indexOf(at) + 1, step));
    this.open("");
    this.focus(`${listOf(at)}/${indexOf(at) + 1}`);
    announce(t("scripts.step_is_there_twice", { step: stepTitle(step) }));
  }

  /** @param {string} at */
  remove(at) {
    const { studio } = this;
    const { draft } = studio;
    if (!draft) return;
    const step = valueAt(draft.script, at);
    const before = places(draft.script).map((one) => one.at);
    const next = before[before.indexOf(at) - 1];
    studio.change(remove(draft.script, at));
    studio.texts.clear();
    draft.open = "";
    studio.session.say({ kind: "ok", text: t("scripts.step_is_removed", { step: stepTitle(step) }), act: { title: t("shared.undo"), run: () => studio.undo() } });
    const there = places(draft.script);
    const target = there.find((one) => one.at === at)?.at ?? there.find((one) => one.at === next)?.at ?? there.at(-1)?.at;
    if (target) this.focus(target);
    else void studio.updateComplete.then(() => /** @type {HTMLElement | null} */ (studio.querySelector(".first-step [data-command='add-step']"))?.focus());
  }

  /** @param {string} at */
  disable(at) {
    const { studio } = this;
    const now = valueAt(studio.draft?.script, `${at}/disabled`) === true;
    studio.put(`${at}/disabled`, now ? undefined : true);
    announce(now ? t("scripts.the_step_is_enabled") : t("scripts.the_step_is_disabled"));
  }

  /** @param {string} at @param {Element} place */
  menu(at, place) {
    const { studio } = this;
    const { commands } = studio.app;
    const draft = /** @type {import("../../model/script/drafts.js").Draft} */ (studio.draft);
    const step = valueAt(draft.script, at);
    const nudges = /** @type {const} */ ([["up", t("scripts.move_up"), "up", "Alt ↑"], ["down", t("scripts.move_down"), "down", "Alt ↓"], ["in", t("scripts.move_into_the_step_before"), "right", "Alt →"], ["out", t("scripts.move_out"), "to", "Alt ←"]]);
    void studio.app.menu.show(() => [
      { title: t("scripts.run_to_here"), icon: "play", key: commands.shortcut("run-to-here"), run: () => studio.runs.go({ until: at }) },
      { title: draft.breakpoints.has(at) ? t("scripts.do_not_stop_here") : t("scripts.stop_here"), icon: "stop", key: commands.shortcut("toggle-stop"), run: () => studio.stops.toggle(at) },
      { title: t("scripts.stop_here_when"), icon: "filter", key: commands.shortcut("stop-when"), run: () => studio.stops.ask(at) },
      "rule",
      { title: t("scripts.add_a_step_above"), icon: "plus", run: () => addDialog(studio, listOf(at), indexOf(at)) },
      { title: t("scripts.add_a_step_below"), icon: "plus", key: commands.shortcut("add-step"), run: () => addDialog(studio, listOf(at), indexOf(at) + 1) },
      { title: t("shared.duplicate"), icon: "copy", key: "Ctrl D", run: () => this.duplicate(at) },
      { title: step.disabled ? t("scripts.enable") : t("shared.disable"), icon: step.disabled ? "check" : "pause", key: "Ctrl /", run: () => this.disable(at) },
      "rule",
      ...nudges.flatMap(([way, title, sign, key]) => (nudge(draft.script, at, way) ? [{ title, icon: sign, key, run: () => this.nudge(at, way) }] : [])),
      "rule",
      { title: t("shared.delete"), icon: "trash", key: "Del", risk: true, run: () => this.remove(at) },
    ], place, t("shared.step"));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { target } = event;
    if (!(target instanceof HTMLElement)) return;
    const at = /** @type {HTMLElement | null} */ (target.closest("[data-step]"))?.dataset.step;
    if (!at) return;
    const onHead = target.matches(".step-toggle");
    const control = event.ctrlKey || event.metaKey;
    const way = event.altKey && !control && !event.shiftKey ? /** @type {{[key: string]: "up" | "down" | "in" | "out"}} */ ({ ArrowUp: "up", ArrowDown: "down", ArrowRight: "in", ArrowLeft: "out" })[event.key] : undefined;
    if (way && (onHead || way === "up" || way === "down") && !target.closest("sop-code")) this.nudge(at, way);
    else if (control && event.key === "/") this.disable(at);
    else if (event.key === "Escape" && this.studio.draft?.open === at && !event.defaultPrevented && !onHead) {
      this.open("");
      this.focus(at);
    } else if (!onHead) return;
    else if (control && event.key.toLowerCase() === "d") this.duplicate(at);
    else if (event.key === "Delete") this.remove(at);
    else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !control && !event.altKey) {
      const list = [.../** @type {NodeListOf<HTMLElement>} */ (this.studio.querySelectorAll(".steps .step-toggle"))];
      list[list.indexOf(target) + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
    } else if (event.key === "Escape" && this.studio.draft?.open) this.open("");
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Drags a step. @param {PointerEvent} event @param {string} from */
  #grab(event, from) {
    if (event.button !== 0) return;
    event.preventDefault();
    const { studio } = this;
    const start = { x: event.clientX, y: event.clientY };
    const scroll = studio.querySelector(".steps-scroll");
    const follow = (/** @type {PointerEvent} */ moved) => {
      if (!this.drag && Math.hypot(moved.clientX - start.x, moved.clientY - start.y) < DRAG_PX) return;
      const to = this.#under(moved.clientX, moved.clientY, from);
      if (to) this.drag = { from, ...to };
      else this.drag ??= { from, list: listOf(from), index: indexOf(from) };
      const box = scroll?.getBoundingClientRect();
      if (scroll && box) scroll.scrollTop += moved.clientY < box.top + 32 ? -12 : moved.clientY > box.bottom - 32 ? 12 : 0;
      studio.requestUpdate();
    };
    const end = (/** @type {Event} */ ended) => {
      document.removeEventListener("pointermove", follow);
      document.removeEventListener("pointerup", end);
      document.removeEventListener("pointercancel", end);
      document.removeEventListener("keydown", escape, true);
      const { drag } = this;
      this.drag = undefined;
      const script = studio.draft?.script;
      const moved = drag && script && ended.type === "pointerup" ? move(script, drag.from, drag.list, drag.index) : undefined;
      if (moved && moved.at !== from) this.#moved(from, moved.script, moved.at);
      else {
        studio.requestUpdate();
        this.focus(from);
      }
    };
    const escape = (/** @type {KeyboardEvent} */ pressed) => {
      if (pressed.key !== "Escape") return;
      pressed.preventDefault();
      pressed.stopPropagation();
      end(new Event("pointercancel"));
    };
    document.addEventListener("pointermove", follow);
    document.addEventListener("pointerup", end);
    document.addEventListener("pointercancel", end);
    document.addEventListener("keydown", escape, true);
  }

  /** The place in a list under a point. @param {number} x @param {number} y @param {string} from */
  #under(x, y, from) {
    const inside = document.elementFromPoint(x, y);
    const add = /** @type {HTMLElement | null} */ (inside?.closest(".add") ?? null);
    const card = /** @type {HTMLElement | null} */ ((add ? add.parentElement?.closest("[data-step]") : inside?.closest("[data-step]")) ?? null);
    const at = card?.dataset.step;
    /** @type {{list: string, index: number} | undefined} */
    let to;
    if (add) {
      const branch = [...(card?.querySelectorAll(":scope > .branch") ?? [])].indexOf(/** @type {Element} */ (add.parentElement));
      const step = at ? valueAt(this.studio.draft?.script, at) : undefined;
      const field = step && branchesOf(step)[branch];
      to = field ? { list: `${at}/${field.field}`, index: field.steps.length } : { list: "/steps", index: this.studio.draft?.script.steps.length ?? 0 };
    } else if (card && at) {
      const header = /** @type {HTMLElement} */ (card.querySelector(":scope > header")).getBoundingClientRect();
      const box = card.querySelector(":scope > .branch") ? header : card.getBoundingClientRect();
      to = { list: listOf(at), index: indexOf(at) + (y > box.top + box.height / 2 ? 1 : 0) };
      const [branch] = y > box.top + box.height / 2 ? branchesOf(valueAt(this.studio.draft?.script, at)) : [];
      if (branch) to = { list: `${at}/${branch.field}`, index: 0 };
    }
    return to && to.list !== from && !to.list.startsWith(`${from}/`) ? to : undefined;
  }
}
