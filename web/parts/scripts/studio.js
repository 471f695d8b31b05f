// The studio of scripts: the list, the open scripts in tabs, their steps as cards, and beside them parameters and runs.
//
// Holds: what is shown is the open draft; every change goes through `change`, is checked by the server a moment later, and is
// kept in this browser until it is saved. Steps, forms, the run panel and dialogs are files of their own.

import { count, span } from "../../core/format.js";
import { ApiError, path } from "../../core/http.js";
import { placeOf } from "../../core/json_places.js";
import { parse, stringify } from "../../core/json.js";
import { fixOf, firstFault, faultsOf, placed } from "../../model/script/faults.js";
import { DEFAULT_CATEGORY, Drafts } from "../../model/script/drafts.js";
import { kindOf, places, valueAt, withValue } from "../../model/script/steps.js";
import { t } from "../../strings/scripts.js";
import { html, nothing } from "../../vendor/lit.js";
import { Part, announce, icon } from "../dom.js";
import { walkFaces, walkTabs } from "../walk.js";
import { exportJson, importJson } from "./files.js";
import { overview } from "./overview.js";
import { RunPanel } from "./run_panel.js";
import { Runs } from "./runs.js";
import { StepCards } from "./step_cards.js";
import { Stops } from "./stops.js";
import { deleteDialog, runsDialog, saveDialog } from "./dialogs.js";
import { scheduleDialog } from "./schedule_dialog.js";
import { versionsDialog } from "./versions_dialog.js";
import "./code_field.js";
import "./script_list.js";
import "../query/result_grid.js";

/** @typedef {import("../../model/script/drafts.js").Draft} Draft */
/** @typedef {import("../../model/script/steps.js").Script} Script */
/** @typedef {import("../../model/script/faults.js").Fault} Fault */
/** @typedef {{category: string, name: string, description: string, version: number, author: string, saved: string, built_in: boolean, parameters: any[], steps: number}} Listed */
/** @typedef {{script: string, at: string, outcome: string, dry_run: boolean, rows: number, changed: number, elapsed_ms: number, who: string}} Ran */

const CHECK_MS = 350;
const KEEP_MS = 300;
const KEPT = "sop.scripts";
/** What a script without a name is called while it is checked and tried. */
export const UNNAMED = "untitled";

/** Makes the studio, once. @param {import("../context.js").Context} app @returns {Promise<SopScripts>} */
export async function startStudio(app) {
  if (app.studio) return app.studio;
  const studio = /** @type {SopScripts} */ (document.getElementById("scripts"));
  studio.start(app);
  app.studio = studio;
  app.status.follows(studio, "scripts");
  return studio;
}

export class SopScripts extends Part {
  constructor() {
    super();
    this.app = /** @type {import("../context.js").Context} */ (/** @type {unknown} */ (undefined));
    this.drafts = new Drafts();
    /** @type {import("../../model/script/forms.js").Tool[]} */
    this.tools = [];
    /** @type {Listed[]} */
    this.list = [];
    this.listed = false;
    this.listFault = "";
    /** The last run of each script. @type {Map<string, Ran>} */
    this.ran = new Map();
    /** What is wrong with the open script. @type {{script: Script, faults: Fault[]} | undefined} */
    this.checked = undefined;
    /** Why the open script cannot be shown. @type {{id: string, text: string, gone: boolean} | undefined} */
    this.unread = undefined;
    /** Texts of fields that are being typed, by their pointers. @type {Map<string, {text: string, error: string, live?: boolean}>} */
    this.texts = new Map();
    /** The newest version that the server has of an open script. @type {Map<string, {version: number, author: string}>} */
    this.newest = new Map();
    /** Somebody wanted to run or save it and could not: everything that is wrong is shown. */
    this.tried = false;
    /** @type {Fault[] | undefined} */
    this.marked = undefined;
    this.markedText = "";
    this.face = "steps";
    this.cards = new StepCards(this);
    this.runs = new Runs(this);
    this.stops = new Stops(this);
    this.panel = new RunPanel(this);
  }

  /** @param {import("../context.js").Context} app */
  start(app) {
    this.app = app;
    const { session } = app;
    this.drafts.load(session.storage.getItem(KEPT));
    this.drafts.addEventListener("change", () => this.#changed());
    this.drafts.addEventListener("kept", () => this.#keep());
    window.addEventListener("pagehide", () => this.#keep(true));
    this.stops.back();
    this.follow(session, "place", "databases", "stores");
  }

  /** The session that the page has. */
  get session() {
    return this.app.session;
  }
  /** @returns {Draft | undefined} */
  get draft() {
    const { script } = this.session.place;
    return script ? this.drafts.of(script) : undefined;
  }
  /** `Category.Name` of the open script. */
  get reference() {
    const script = this.draft?.script;
    return `${script?.category || DEFAULT_CATEGORY}.${script?.name?.trim() || UNNAMED}`;
  }
  /** Faults by their steps. */
  get faults() {
    const script = this.draft?.script;
    return script ? placed(script, this.checked?.faults ?? []) : placed({ steps: [] }, []);
  }
  get run() {
    return this.draft ? this.runs.of(this.draft.id) : undefined;
  }

  /** It is shown now. */
  opened() {
    const { session, drafts } = this;
    const id = session.place.script;
    if (id?.startsWith("~") && !drafts.of(id)) void session.go({ view: "scripts", script: undefined, pane: undefined }, { replace: true });
    else if (drafts.current !== (id ?? "")) {
      this.texts.clear();
      this.checked = undefined;
      this.unread = undefined;
      if (id) drafts.show(id);
      else drafts.current = "";
      void this.#check();
    }
    if (!this.listed) void this.readList();
    if (!this.tools.length) void this.#readTools();
    const { draft } = this;
    if (draft && !draft.id.startsWith("~") && !this.newest.has(draft.id)) void this.read(draft);
    this.face = session.place.pane === "json" ? "json" : this.face === "json" ? "steps" : this.face;
    this.#showVersions();
    this.requestUpdate();
  }

  /** Shows the versions where the address says so: at once, or when the script has been read. */
  #showVersions() {
    const { session, draft } = this;
    if (session.place.view === "scripts" && session.place.pane === "versions" && draft?.base && session.place.script === draft.id && !document.querySelector("dialog[open]")) versionsDialog(this);
  }

  // ---- What the server has

  async readList() {
    const { api } = this.session;
    try {
      const answer = await api.get(path("scripts"));
      this.list = answer?.scripts ?? [];
      this.listFault = "";
    } catch (error) {
      this.listFault = error instanceof Error ? error.message : String(error);
    }
    this.listed = true;
    this.dispatchEvent(new Event("listed"));
    this.dispatchEvent(new CustomEvent("figures"));
    this.requestUpdate();
    // The newest runs of all scripts are items of the system database, which everybody may read.
    const system = this.session.databases.find((one) => /** @type {any} */ (one).is_system)?.name;
    if (!system) return;
    const answer = await api.get(path("databases", system, "stores", "runs", "items"), { limit: 200, reverse: true }).catch(() => undefined);
    this.ran.clear();
    for (const { value } of answer?.items ?? []) if (value?.script && !this.ran.has(value.script)) this.ran.set(value.script, value);
    this.requestUpdate();
  }

  async #readTools() {
    try {
      this.tools = (await this.session.api.get(path("tools")))?.tools ?? [];
    } catch (error) {
      this.session.fail(error, t("shared.tools"));
    }
    this.requestUpdate();
  }

  /** Reads a saved script; what is edited of it stays. @param {Draft} draft @param {boolean} [over] goes over what is edited */
  async read(draft, over = false) {
    const [category, name] = draft.id.split("/");
    try {
      const answer = await this.session.api.get(path("scripts", category, name));
      this.newest.set(draft.id, { version: answer.version, author: answer.author });
      draft.read(answer, !over);
      if (this.unread?.id === draft.id) this.unread = undefined;
      this.texts.clear();
      this.drafts.touch();
      this.#showVersions();
    } catch (error) {
      if (draft.unread) this.unread = { id: draft.id, text: error instanceof Error ? error.message : String(error), gone: error instanceof ApiError && error.status === 404 };
      else this.session.fail(error, draft.title);
      this.requestUpdate();
    }
  }

  // ---- Changing

  /** Another content of the open script. @param {Script} script @param {string} [group] changes of one group in a row are undone together */
  change(script, group) {
    const { draft } = this;
    if (!draft || script === draft.script) return;
    draft.change(script, group);
    this.drafts.touch();
  }
  /** Another value at a place of it. @param {string} at @param {unknown} value @param {string} [group] */
  put(at, value, group) {
    const { draft } = this;
    if (draft) this.change(withValue(draft.script, at, value), group);
  }
  undo() {
    if (!this.draft?.undo()) return;
    this.texts.clear();
    this.drafts.touch();
    announce(t("shared.undone"));
  }
  redo() {
    if (!this.draft?.redo()) return;
    this.texts.clear();
    this.drafts.touch();
    announce(t("shared.redone"));
  }

  #changed() {
    this.runs.scriptChanged();
    this.requestUpdate();
    clearTimeout(this.checking);
    this.checking = setTimeout(() => void this.#check(), CHECK_MS);
    this.dispatchEvent(new CustomEvent("figures"));
  }

  /** @param {boolean} [now] */
  #keep(now = false) {
    clearTimeout(this.keeping);
    const keep = () => {
      try {
        this.session.storage.setItem(KEPT, this.drafts.save());
      } catch {
        this.session.say({ kind: "warn", text: t("scripts.storage_is_full") });
      }
    };
    if (now) keep();
    else this.keeping = setTimeout(keep, KEEP_MS);
  }

  /** The script with a name, for checks and trials. @param {Script} script */
  named(script) {
    return script.name?.trim() ? script : { ...script, name: UNNAMED };
  }

  /** Asks the server what is wrong with the open script. */
  async #check() {
    const { draft } = this;
    clearTimeout(this.checking);
    if (!draft || draft.unread) return;
    const { script } = draft;
    if (this.checked?.script === script) return;
    try {
      const answer = await this.session.api.post(path("scripts"), this.named(script), { check: true });
      if (this.draft === draft && draft.script === script) this.checked = { script, faults: faultsOf(answer?.faults) };
    } catch (error) {
      if (this.draft === draft && draft.script === script && error instanceof ApiError) this.checked = { script, faults: error.problem.errors?.length ? faultsOf(error.problem.errors) : faultsOf([{ at: "", message: error.message }]) };
    }
    this.requestUpdate();
  }

  /** Whether the open script can run or be saved as it is now; if not, goes to what is wrong. */
  async sound() {
    const broken = [...this.texts].find(([, one]) => one.error);
    if (broken) {
      broken[1].live = false;
      this.requestUpdate();
      this.goTo(broken[0]);
      this.session.say({ kind: "warn", text: broken[1].error });
      return false;
    }
    await this.#check();
    const wrong = (this.checked?.faults ?? []).filter((one) => !one.warning);
    this.tried = wrong.length > 0;
    if (!wrong.length) return true;
    this.goTo(firstFault(/** @type {Draft} */ (this.draft).script, this.faults.steps) ?? wrong[0].at);
    this.session.say({ kind: "warn", text: wrong.length === 1 ? wrong[0].message : t("scripts.things_to_mend_first", { n: wrong.length, message: wrong[0].message }) });
    return false;
  }

  /** Shows a step. @param {string} pointer of the step or of something in it */
  goTo(pointer) {
    const { draft } = this;
    if (!draft) return;
    const at = places(draft.script).map((one) => one.at).filter((one) => pointer === one || pointer.startsWith(`${one}/`)).at(-1);
    if (this.face !== "steps") this.show("steps");
    if (at) this.cards.open(at, true);
    else /** @type {HTMLElement | null} */ (this.querySelector(`[data-at="${CSS.escape(pointer)}"]`))?.focus();
  }

  /** Puts a suggestion in the place of a wrong name. @param {Fault} fault @param {string} suggestion */
  fix(fault, suggestion) {
    const { draft } = this;
    const fix = draft && fixOf(draft.script, fault, suggestion);
    if (!fix) return;
    this.texts.clear();
    this.put(fix.at, fix.value);
    announce(t("scripts.suggestion_is_written", { suggestion }));
  }

  // ---- Tabs, saving

  /** @param {string | undefined} id @param {"json" | "versions"} [pane] */
  go(id, pane) {
    return this.session.go({ view: "scripts", script: id, pane });
  }
  /** A new script in a tab of its own. @param {Script} [script] @param {{[name: string]: string}} [args] */
  async add(script, args) {
    const draft = this.drafts.add(script, args);
    this.checked = undefined;
    this.texts.clear();
    await this.go(draft.id);
    await this.updateComplete;
    if (!draft.script.steps.length) /** @type {HTMLElement | null} */ (this.querySelector(".script-name"))?.focus();
    return draft;
  }
  /** @param {string} id */
  close(id) {
    const draft = this.drafts.of(id);
    if (!draft) return;
    const lost = draft.dirty && (draft.script.steps.length > 0 || draft.base !== undefined);
    this.runs.stop(id);
    this.drafts.close(id);
    this.newest.delete(id);
    if (lost) this.session.say({ kind: "ok", text: t("scripts.draft_is_closed", { script: draft.title }), act: { title: t("shared.open_again"), run: () => {
      if (this.drafts.of(draft.id)) return void this.go(draft.id);
      this.drafts.list = [...this.drafts.list, draft];
      void this.go(draft.id);
    } } });
    if (this.session.place.script === id) void this.go(this.drafts.current || undefined);
    else this.requestUpdate();
  }
  /** @param {string} face */
  show(face) {
    this.face = face;
    if (this.session.place.script) void this.go(this.session.place.script, face === "json" ? "json" : undefined);
    this.requestUpdate();
  }

  async save() {
    const { draft } = this;
    if (!draft) return;
    if (!draft.base || !draft.script.name?.trim()) return saveDialog(this, draft);
    if (!draft.dirty) return this.session.say({ kind: "ok", text: t("scripts.draft_is_saved_already", { script: draft.title, version: draft.base.version }) });
    if (!(await this.sound())) return;
    const error = await this.store(draft, draft.script, { expected: draft.base.version });
    const newer = (this.newest.get(draft.id)?.version ?? 0) > draft.base.version; // the notice says so
    if (error && newer) announce(error);
    else if (error) this.session.say({ kind: "danger", text: error });
  }

  /**
   * Saves a content under its name. Gives back what went wrong.
   * @param {Draft} draft @param {Script} script @param {{expected?: number, note?: string, isNew?: boolean}} how
   */
  async store(draft, script, { expected, note, isNew = false }) {
    const { session } = this;
    const id = `${script.category || DEFAULT_CATEGORY}/${script.name}`;
    const url = isNew ? path("scripts") : path("scripts", ...id.split("/"));
    try {
      const headers = expected === undefined ? undefined : { "if-match": `"${expected}"` };
      const answer = await session.api.json(isNew ? "POST" : "PUT", url, { body: script, headers, query: note ? { note } : undefined });
      const was = draft.id;
      if (draft.script === script || was !== id) draft.script = script;
      draft.base = { category: answer.category, name: answer.name, version: answer.version };
      draft.saved = script;
      draft.known = undefined;
      this.newest.set(id, { version: answer.version, author: "" });
      this.runs.renamed(was, id);
      this.drafts.saved(draft, id);
      session.say({ kind: "ok", text: answer.changed ? t("scripts.script_is_saved_as", { script: answer.name, version: answer.version }) : t("scripts.script_is_as_it_was", { script: answer.name, version: answer.version }) });
      if (was !== id) await session.go({ view: "scripts", script: id, pane: undefined }, { replace: was.startsWith("~") });
      void this.readList();
      return "";
    } catch (error) {
      if (error instanceof ApiError && error.code === "version_mismatch") {
        this.newest.delete(draft.id);
        const answer = await session.api.get(path("scripts", ...id.split("/"))).catch(() => undefined);
        if (answer) this.newest.set(draft.id, { version: answer.version, author: answer.author });
        this.requestUpdate();
        return t("scripts.somebody_saved_another_version_meanwhile");
      }
      if (error instanceof ApiError && error.problem.errors?.length) {
        this.checked = { script: draft.script, faults: faultsOf(error.problem.errors) };
        this.requestUpdate();
      }
      return error instanceof Error ? error.message : String(error);
    }
  }

  saveAs() {
    if (this.draft) saveDialog(this, this.draft, true);
  }
  remove() {
    if (this.draft?.base) deleteDialog(this, this.draft);
  }
  versions() {
    if (this.draft?.base) void this.go(this.draft.id, "versions");
  }
  history() {
    if (this.draft?.base) runsDialog(this, this.draft);
  }
  schedule() {
    if (this.draft?.base) scheduleDialog(this, this.draft);
  }
  exportJson() {
    if (this.draft) exportJson(this.draft);
  }
  importJson() {
    importJson(this);
  }

  /** What the status bar says. @returns {{count: string, what: string}[]} */
  get figures() {
    const { draft, run } = this;
    if (!draft) return this.listed ? [{ count: count(this.list.length), what: t("scripts.scripts_within", { n: this.list.length }) }] : [];
    const steps = places(draft.script).length;
    const held = run?.held;
    const round = held?.rounds.at(-1);
    if (run && held) return [...(round ? [{ count: count(round.round), what: t("scripts.of_total_within", { total: count(round.of) }) }] : []), { count: span(run.elapsed), what: "" }, { count: count(held.nodes), what: t("shared.nodes_read", { n: held.nodes }) }];
    const list = [{ count: count(steps), what: t("scripts.steps_within", { n: steps }) }];
    if (run?.figures) list.push({ count: count(run.figures.rows), what: t("shared.rows_within", { n: run.figures.rows }) });
    if (run) list.push({ count: span(run.elapsed), what: run.state === "running" ? t("shared.so_far") : "" });
    return list;
  }

  /** What a run would change and nobody has decided on yet. */
  get staged() {
    const { run } = this;
    if (!run?.dryRun || run.until !== undefined || !(run.held || run.state === "done")) return 0;
    return run.changes.count + run.changes.definitions.length;
  }

  // ---- Drawing

  shouldUpdate() {
    return this.app !== undefined && this.session.place.view === "scripts";
  }

  render() {
    const { draft } = this;
    return html`<sop-script-list class="script-side" role="complementary" aria-label=${t("shared.scripts")} .studio=${this} .list=${this.list} .ran=${this.ran} .current=${draft?.id ?? ""} .stained=${this.drafts.list.filter((one) => one.dirty).map((one) => one.id).join("\n")}></sop-script-list>
      <div class="studio-main ${draft ? `face-${this.face}` : ""}">${this.#tabs()}${draft ? this.#open(draft) : overview(this)}</div>`;
  }

  updated() {
    this.panel.updated();
    if (this.face === "json") this.#mark();
  }

  #tabs() {
    const { list } = this.drafts;
    if (!list.length) return nothing;
    const current = this.draft?.id;
    return html`<div class="tabs script-tabs"><div role="tablist" aria-label=${t("scripts.open_scripts")} @keydown=${walkTabs}>${list.map((one) => html`<span class="tab ${one.id === current ? "on" : ""}" role="presentation" @auxclick=${(/** @type {MouseEvent} */ event) => event.button === 1 && this.close(one.id)}><button role="tab" aria-selected=${String(one.id === current)} tabindex=${one.id === (current ?? list[0].id) ? 0 : -1} @click=${() => this.go(one.id)} @keydown=${(/** @type {KeyboardEvent} */ event) => event.key === "Delete" && this.close(one.id)}>${icon("scripts", true)}<span class="cut">${one.title}</span>${one.dirty ? html`<span class="stain" title=${t("scripts.not_saved")}></span>` : nothing}</button><button class="close" tabindex="-1" aria-hidden="true" title=${t("shared.close_del")} @click=${() => this.close(one.id)}>${icon("x", true)}</button></span>`)}</div>
      <button class="button only s quiet" aria-label=${t("shared.new_script")} title=${this.app.commands.tip("new-script")} data-command="new-script">${icon("plus", true)}</button></div>`;
  }

  /** @param {Draft} draft */
  #open(draft) {
    if (this.unread?.id === draft.id) return html`<div class="nothing">${icon(this.unread.gone ? "search" : "warning")}<h2>${this.unread.gone ? t("scripts.there_is_no_such_script") : t("scripts.the_script_could_not_be_read")}</h2><p>${this.unread.text}</p><p class="next"><button class="button s" @click=${() => (this.unread?.gone ? this.close(draft.id) : this.read(draft))}>${this.unread.gone ? t("scripts.close_the_tab") : t("shared.try_again")}</button></p></div>`;
    if (draft.unread) return html`<div class="nothing"></div>`;
    return html`${this.#bar(draft)}${this.#notice(draft)}<div class="sheet studio-sheet">
      ${this.face === "json" ? this.#json(draft) : html`<div class="scroll frame steps-scroll" tabindex="-1">${this.#head(draft)}${this.cards.render(draft)}</div>`}
      ${this.panel.render(draft)}</div>`;
  }

  /** @param {Draft} draft */
  #bar(draft) {
    const { run, app } = this;
    const going = run?.state === "running";
    const held = run?.held;
    // As in a debugger: F10 goes to the next step, F5 on to the end.
    const stopped = run?.until !== undefined && run.state === "done";
    const asks = places(draft.script).some(({ step }) => kindOf(step) === "ask" && !step.disabled);
    const faces = [["steps", t("shared.steps")], ["run", t("shared.run")], ["json", "JSON"]];
    return html`<div class="filters script-bar" role="toolbar" aria-label=${t("shared.script")}>${held
        ? html`<button class="button main s" data-command="run-script" title=${app.commands.tip("run-script")}>${icon("play", true)}${t("scripts.continue")}<kbd>F5</kbd></button><button class="button s" data-command="step-script" title=${app.commands.tip("step-script")}>${icon("step", true)}${t("shared.step")}<kbd>F10</kbd></button><button class="button s" data-command="stop-script" title=${app.commands.tip("stop-script")}>${icon("stop", true)}${t("shared.stop")}</button>`
        : going
        ? html`<button class="button main s" data-command="stop-script" title=${t("shared.stop_esc")}>${icon("stop", true)}${t("shared.stop")}<kbd>Esc</kbd></button>`
        : html`<button class="button ${draft.script.steps.length ? "main" : ""} s" data-command="run-script" title=${stopped ? t("scripts.run_to_the_end") : app.commands.tip("run-script")}>${icon("play", true)}${stopped ? t("scripts.continue") : t("shared.run")}<kbd>F5</kbd></button>`}
      ${held ? nothing : going && run.pausing ? html`<button class="button s" data-command="pause-script" title=${app.commands.tip("pause-script")}>${icon("pause", true)}${t("scripts.pause")}</button>` : html`<button class="button s" data-command="dry-run-script" ?disabled=${going} title=${app.commands.tip("dry-run-script")}>${icon("flask", true)}${t("scripts.dry_run")}</button>
      <button class="button s wide-only" data-command="step-script" ?disabled=${going} title=${app.commands.tip("step-script")}>${icon("step", true)}${t("shared.step")}<kbd>F10</kbd></button>`}${this.#chip(draft)}
      <div class="end"><span class="small dim bar-note">${asks ? t("scripts.asks_a_model") : t("scripts.runs_without_a_model")}</span>
        <div class="choice faces" role="radiogroup" aria-label=${t("shared.show")}>${faces.map(([id, title]) => html`<button role="radio" class=${id === "run" ? "narrow-face" : ""} aria-checked=${String(this.face === id)} tabindex=${this.face === id ? 0 : -1} @click=${() => this.show(id)} @keydown=${walkFaces}>${title}</button>`)}</div>
        ${draft.base ? html`<button class="button s quiet" data-command="script-versions" title=${t("scripts.versions")}>${icon("history", true)}<span class="wide-only">${t("scripts.version_number", { version: draft.base.version })}</span></button>` : nothing}
        <button class="button s ${draft.dirty ? "" : "quiet"}" data-command="save-script" title=${app.commands.tip("save-script")}>${icon("save", true)}<span class="wide-only">${t("shared.save")}</span></button>
        <button class="button only s quiet" aria-label=${t("shared.more")} aria-haspopup="menu" data-command="script-more">${icon("more", true)}</button></div></div>`;
  }

  /** @param {Draft} draft */
  #chip(draft) {
    const { run } = this;
    if (!run) return nothing;
    const number = (/** @type {string} */ at) => places(draft.script).find((one) => one.at === at)?.number ?? "";
    if (run.held) return html`<span class="chip">${t("scripts.paused_in_script", { script: this.stops.place(draft, run.held) })}</span>`;
    if (run.state === "running") return html`<span class="chip">${run.dryRun ? t("scripts.dry_run") : t("shared.running")}${run.current ? ` ${t("scripts.at_step", { number: number(run.current) })}` : ""}</span>`;
    if (run.state === "failed") return html`<span class="chip fail">${icon("warning", true)}${t("shared.failed")}</span>`;
    if (run.state === "cancelled") return html`<span class="chip">${t("shared.stopped")}</span>`;
    if (run.until) return html`<span class="chip">${t("scripts.stopped_after_step_number", { number: number(run.until) })}${run.dryRun ? ` ${t("scripts.nothing_kept")}` : ""}</span>`;
    return html`<span class="chip good">${icon("check", true)}${run.dryRun ? t("scripts.dry_run_done") : t("shared.done")}</span>`;
  }

  /** @param {Draft} draft */
  #notice(draft) {
    const newest = this.newest.get(draft.id);
    const rest = this.faults.rest.filter((one) => one.at !== "/name" || draft.script.name?.trim());
    return html`${newest && draft.base && newest.version > draft.base.version ? html`<div class="notice warn" role="status">${icon("warning")}<p class="grow"><b>${newest.author ? t("scripts.version_was_saved_meanwhile_by", { version: newest.version, author: newest.author }) : t("scripts.version_was_saved_meanwhile", { version: newest.version })}</b> <span class="soft">${t("scripts.yours_is_made_of_version", { version: draft.base.version })}</span></p>
        <button class="button s" @click=${() => this.versions()}>${t("scripts.compare")}</button><button class="button s" @click=${() => void this.#keepMine(draft, newest.version)}>${t("scripts.save_mine_over_it")}</button><button class="button s" @click=${() => void this.read(draft, true)}>${t("shared.take_theirs")}</button></div>` : nothing}
      ${this.stops.left.has(draft.id) ? html`<div class="notice warn" role="status">${icon("info")}<p class="grow"><b>${t("scripts.its_run_ended_when_the_page")}</b> <span class="soft">${t("scripts.nothing_of_it_is_kept")}</span></p><button class="button s" data-command="run-script">${icon("play", true)}${t("scripts.run_again")}</button><button class="button only s quiet" aria-label=${t("shared.close")} @click=${() => { this.stops.left.delete(draft.id); this.requestUpdate(); }}>${icon("x", true)}</button></div>` : nothing}
      ${rest.map((one) => html`<div class="notice ${one.warning ? "warn" : "danger"}" role="alert">${icon("warning")}<p class="grow">${one.at ? html`<code>${one.at.slice(1)}</code> ` : nothing}${one.message}</p>${one.suggestions.slice(0, 2).map((name) => html`<button class="button s" @click=${() => this.fix(one, name)}>${name}</button>`)}</div>`)}`;
  }
  /** @param {Draft} draft @param {number} version */
  async #keepMine(draft, version) {
    if (!(await this.sound())) return;
    const error = await this.store(draft, draft.script, { expected: version });
    if (error) this.session.say({ kind: "danger", text: error });
  }

  /** @param {Draft} draft */
  #head(draft) {
    const { script, base } = draft;
    const text = (/** @type {string} */ name) => (/** @type {any} */ event) => this.put(`/${name}`, event.target.value === "" && name !== "name" ? undefined : event.target.value, name);
    return html`<header class="script-head">${base
        ? html`<h2 title=${t("scripts.save_it_as_another_to_rename_it")}><span class="dim">${script.category} /</span> ${script.name}</h2>`
        : html`<div class="script-names"><input class="bare" data-at="/category" aria-label=${t("shared.category")} list="script-categories" maxlength="100" autocomplete="off" spellcheck="false" placeholder=${DEFAULT_CATEGORY} .value=${script.category ?? ""} @input=${text("category")}><span class="dim">/</span><input class="bare script-name" data-at="/name" aria-label=${t("shared.name")} maxlength="100" autocomplete="off" spellcheck="false" placeholder=${t("scripts.name_of_the_script")} .value=${script.name ?? ""} @input=${text("name")}></div><datalist id="script-categories">${[...new Set(this.list.map((one) => one.category))].map((one) => html`<option value=${one}></option>`)}</datalist>`}
      <textarea class="bare" rows="1" data-at="/description" aria-label=${t("shared.what_it_is_for")} maxlength="2000" placeholder=${t("shared.what_it_is_for")} .value=${String(script.description ?? "")} @input=${text("description")}></textarea></header>`;
  }

  /** @param {Draft} draft */
  #json(draft) {
    const kept = this.texts.get("");
    const code = html`<sop-code class="json-whole" .lines=${true} .mode=${"json"} .label=${t("scripts.script_as_json")} .value=${kept?.text ?? stringify(draft.script, 2)} .invalid=${Boolean(kept?.error)} @code=${(/** @type {CustomEvent} */ event) => this.#typedJson(event.detail)} @left=${() => { if (!this.texts.get("")?.error) this.texts.delete(""); }}></sop-code>`;
    const faults = this.checked?.faults ?? [];
    return html`<section class="pane json-pane" aria-label="JSON">${code}${faults.length && !kept?.error ? html`<div class="json-faults" role="group" aria-label=${t("scripts.what_is_wrong")}>${faults.slice(0, 20).map((one) => html`<div class="step-fault ${one.warning ? "warn" : ""}">${icon("warning", true)}<button @click=${() => this.#toJson(one.at)}><code>${one.at || "/"}</code> ${one.message}</button>${one.suggestions.slice(0, 2).map((name) => html`<button class="button s" @click=${() => this.fix(one, name)}>${name}</button>`)}</div>`)}</div>` : nothing}${kept?.error ? html`<div class="notice danger" role="alert">${icon("warning")}<p class="grow">${kept.error}</p></div>` : nothing}</section>`;
  }
  get #code() {
    return /** @type {import("./code_field.js").SopCode | null} */ (this.querySelector("sop-code.json-whole"));
  }
  /** Marks what is wrong in the JSON. */
  #mark() {
    const code = this.#code;
    const faults = this.texts.get("")?.error ? [] : (this.checked?.faults ?? []);
    if (!code || (this.marked === faults && this.markedText === code.value)) return;
    this.marked = faults;
    this.markedText = code.value;
    const found = faults.slice(0, 100).map((one) => ({ one, place: placeOf(code.value, one.at) }));
    code.mark(found.flatMap(({ one, place }) => (place ? [{ from: place.start, to: one.at === "" ? place.start + 1 : place.end, message: one.message, severity: one.warning ? /** @type {const} */ ("warning") : /** @type {const} */ ("error") }] : [])));
  }
  /** Puts the cursor where a pointer leads in the JSON. @param {string} at */
  #toJson(at) {
    const code = this.#code;
    const place = code && placeOf(code.value, at);
    if (place) code?.select(place.start, place.end);
  }

  /** @param {string} text */
  #typedJson(text) {
    let error = "";
    try {
      const script = parse(text);
      if (!Array.isArray(script?.steps)) error = t("scripts.a_script_has_a_list_of_steps");
      else {
        const { draft } = this;
        const own = draft?.base;
        // Under another name it would be another script: that is what “Save as” does.
        if (own && (script.name !== own.name || (script.category ?? DEFAULT_CATEGORY) !== own.category)) error = t("scripts.this_script_is", { category: own.category, name: own.name });
        else this.change(script, "json");
      }
    } catch (fault) {
      error = fault instanceof Error ? fault.message : String(fault);
    }
    this.texts.set("", { text, error, live: true });
    this.requestUpdate();
  }

  /** The value at a place of the open script. @param {string} at */
  valueAt(at) {
    return valueAt(this.draft?.script, at);
  }
}

customElements.define("sop-scripts", SopScripts);
