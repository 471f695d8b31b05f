// Activity: how the databases do, who changed what by which way, and what runs now.
//
// Holds: filters and the open entry are in the address; nothing is asked of the server while another part is shown or the
// page is in the background; new entries wait at the top until somebody asks for them, so that no row moves by itself.

import { count } from "../../core/format.js";
import { path } from "../../core/http.js";
import { visible } from "../../core/keys.js";
import { stringify } from "../../core/json.js";
import { OUTCOMES, PERIODS, WAYS, changesOf, marks, queryOf, readFilters, sequenceOf, storesOf, writeFilters } from "../../model/activity/audit.js";
import { Samples, openDatabases, readExposition, sampleOf } from "../../model/activity/metrics.js";
import { t } from "../../strings/activity.js";
import { html, nothing, repeat } from "../../vendor/lit.js";
import { Part, announce, icon } from "../dom.js";
import { isRunning } from "../design/job_strip.js";
import { saveBlob } from "../save_file.js";
import { clock, day, details, summary, wayOf } from "./audit_row.js";
import { figures, largeFigure } from "./figures.js";
import { jobPath, jobsPane } from "./jobs.js";

const TICK_MS = 2_000;
const FAST_MS = 500;
const NEW_EVERY = 3;
const PAGE = 100;
const MOST_ROWS = 2_000;
const MOST_EXPORTED = 50_000;
const REST_MS = 250;
/** Names of a facet that are shown. */
const MOST_NAMES = 8;

/** @typedef {import("../../model/activity/audit.js").AuditEntry} AuditEntry */
/** @typedef {import("../../model/activity/audit.js").Filters} Filters */
/** @typedef {{entries: number, who: {[name: string]: number}, way: {[name: string]: number}, database: {[name: string]: number}, store: {[name: string]: number}, outcome: {[name: string]: number}, since: number[], complete: boolean}} Counts */

export class SopActivity extends Part {
  constructor() {
    super();
    /** @type {import("../context.js").Context} */
    this.app = /** @type {any} */ (undefined);
    /** @type {AuditEntry[] | undefined} */
    this.entries = undefined;
    this.past = /** @type {number | undefined} */ (undefined);
    this.hasMore = false;
    this.reading = false;
    this.fault = "";
    /** @type {Counts | undefined} */
    this.counts = undefined;
    this.waiting = 0;
    /** @type {Map<string, Samples>} */
    this.samples = new Map();
    this.shownDatabase = "";
    /** @type {import("./jobs.js").Job[]} */
    this.jobs = [];
    /** @type {import("./jobs.js").RunningQuery[]} */
    this.queries = [];
    this.jobsFault = "";
    this.all = false;
    this.asked = "";
    /** @type {import("./figures.js").Pointed | undefined} */
    this.pointed = undefined;
    /** The figure that is shown large. @type {{draw: () => void} | undefined} */
    this.large = undefined;
    this.ticks = 0;
    this.told = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.typing = undefined;
  }

  /** @param {import("../context.js").Context} app */
  start(app) {
    this.app = app;
    this.follow(app.session, "databases", "stores");
    app.session.addEventListener("place", () => {
      if (app.session.place.view !== "activity") return this.#rest();
      this.requestUpdate();
      return void this.#read();
    });
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#rest() : this.isShown && void this.#tick()));
    this.addEventListener("keydown", (event) => {
      if (event.key !== "/" || event.target instanceof HTMLInputElement) return;
      event.preventDefault();
      event.stopPropagation();
      /** @type {HTMLElement | null} */ (this.querySelector(".find input"))?.focus();
    });
  }

  get isShown() {
    return this.app.session.place.view === "activity";
  }
  get filters() {
    return readFilters(this.app.session.place.activity);
  }

  /** It is shown now. */
  opened() {
    this.requestUpdate();
    this.asked = "";
    void this.#read();
    void this.#tick();
  }

  #rest() {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** Goes to other filters. @param {Partial<Filters & {open?: number, tab?: string}>} part @param {boolean} [replace] */
  #go(part, replace = false) {
    const next = { ...this.filters, ...part };
    if (!("open" in part) && !("tab" in part)) next.open = undefined;
    return this.app.session.go({ view: "activity", activity: writeFilters(next) }, { replace });
  }

  // ---- Reading

  async #read() {
    const { session } = this.app;
    const { open, tab, ...filters } = this.filters;
    const wanted = stringify(filters);
    if (wanted === this.asked) return;
    this.asked = wanted;
    this.reading = true;
    this.all = false;
    const now = new Date();
    const period = queryOf({ ...filters, text: "", who: "", way: "", database: "", store: "", outcome: "" }, now);
    try {
      const [page, counts] = await Promise.all([
        session.api.get(path("audit"), { ...queryOf(filters, now), limit: PAGE }),
        session.api.get(path("audit", "counts"), { ...period, since: marks(now).join(",") }),
      ]);
      if (this.asked !== wanted) return;
      this.entries = page.entries;
      this.past = page.before ?? undefined;
      this.hasMore = page.has_more;
      this.counts = counts;
      this.waiting = 0;
      this.fault = "";
    } catch (error) {
      if (this.asked !== wanted) return;
      this.fault = error instanceof Error ? error.message : String(error);
      this.asked = "";
    }
    this.reading = false;
    this.requestUpdate();
  }

  /** Reads everything again. */
  reload() {
    this.asked = "";
    return this.#read();
  }

  async #older() {
    if (this.reading || !this.hasMore || this.past === undefined || !this.entries) return;
    const wanted = this.asked;
    this.reading = true;
    this.requestUpdate();
    try {
      const { open, tab, ...filters } = this.filters;
      const page = await this.app.session.api.get(path("audit"), { ...queryOf(filters, new Date()), before: this.past, limit: PAGE });
      if (this.asked !== wanted) return;
      this.entries = [...this.entries, ...page.entries];
      this.past = page.before ?? undefined;
      this.hasMore = page.has_more;
    } catch (error) {
      this.app.session.fail(error, t("activity.older_changes"));
    }
    this.reading = false;
    this.requestUpdate();
  }

  /** How many came meanwhile that the filters let through. */
  async #look() {
    const newest = this.entries?.[0]?.number ?? 0;
    if (!this.entries || this.filters.when === "yesterday") return;
    const { open, tab, ...filters } = this.filters;
    const { from, to, ...some } = /** @type {any} */ (queryOf(filters, new Date()));
    const page = await this.app.session.api.get(path("audit"), { ...some, after: newest, limit: PAGE });
    this.waiting = page.entries.length;
  }

  async #tick() {
    this.#rest();
    const { session } = this.app;
    if (!this.isShown || document.hidden) return;
    this.ticks += 1;
    try {
      const now = Date.now();
      const [text, jobs, queries] = await Promise.all([session.api.raw("GET", path("metrics"), { accept: "text/plain" }).then((answer) => answer.text()), session.api.get(path("jobs")), session.api.get(path("queries"))]);
      const families = readExposition(text);
      for (const name of openDatabases(families)) {
        const sample = sampleOf(families, name, now);
        if (!sample) continue;
        const kept = this.samples.get(name) ?? new Samples();
        kept.add(sample);
        this.samples.set(name, kept);
      }
      this.large?.draw();
      this.jobs = jobs.jobs;
      this.queries = queries.queries;
      this.jobsFault = "";
      if (this.ticks % NEW_EVERY === 0) await this.#look();
    } catch (error) {
      this.jobsFault = error instanceof Error ? error.message : String(error);
    }
    if (!this.isShown || this.timer !== undefined) return;
    this.requestUpdate();
    this.timer = setTimeout(() => void this.#tick(), this.jobs.some(isRunning) ? FAST_MS : TICK_MS);
  }

  // ---- Doing

  /** @param {AuditEntry} entry */
  #toggle(entry) {
    this.all = false;
    void this.#go({ open: this.filters.open === entry.number ? undefined : entry.number }, true);
  }

  /** @param {KeyboardEvent} event @param {AuditEntry} entry */
  #rowKey(event, entry) {
    if (event.target !== event.currentTarget) return;
    const row = /** @type {HTMLElement} */ (event.currentTarget);
    const open = this.filters.open === entry.number;
    const rows = /** @type {HTMLElement[]} */ ([...this.querySelectorAll(".audit tbody tr[data-number]")]);
    const at = rows.indexOf(row);
    if (event.key === "Enter" || event.key === " " || (event.key === "ArrowRight" && !open) || (event.key === "ArrowLeft" && open)) this.#toggle(entry);
    else if (event.key === "ArrowDown") rows[at + 1]?.focus();
    else if (event.key === "ArrowUp") rows[at - 1]?.focus();
    else if (event.key === "Home") rows[0]?.focus();
    else if (event.key === "End") rows.at(-1)?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {AuditEntry} entry @param {import("../../model/activity/audit.js").AuditChange} change */
  async #item(entry, change) {
    const { session } = this.app;
    if (!session.databases.some((one) => one.name === entry.database)) return session.say({ kind: "warn", text: t("activity.there_is_no_database_any_more", { database: entry.database }) });
    const { grid } = this.app;
    await session.go({ database: entry.database, store: change.store, prefix: [], sel: change.key, at: change.key });
    // Rows that were there before do not look at the address again.
    if (grid.store?.name === change.store && entry.database === session.place.database) await grid.goToKey(change.key, { select: true });
  }

  /** @param {AuditEntry} entry */
  async #revert(entry) {
    const { revert } = await import("../review.js");
    const preview = changesOf(entry).map((one) => ({ ...one, before: one.before ?? null, after: one.after ?? null }));
    await revert(this.app, { database: entry.database ?? "", sequence: sequenceOf(entry) ?? 0, preview, at: new Date(entry.at) });
  }

  async #cancel(/** @type {import("./jobs.js").Job} */ job) {
    try {
      await this.app.session.api.json("DELETE", jobPath(job.id));
      await this.#tick();
    } catch (error) {
      this.app.session.fail(error, t("shared.cancel"));
    }
  }

  async #stop(/** @type {import("./jobs.js").RunningQuery} */ query) {
    try {
      await this.app.session.api.json("DELETE", path("queries", query.id));
      await this.#tick();
    } catch (error) {
      this.app.session.fail(error, t("shared.stop"));
    }
  }

  /** Saves what the filters let through, as lines. */
  async #export() {
    const { session } = this.app;
    const { open, tab, ...filters } = this.filters;
    const lines = [];
    let before;
    try {
      do {
        const page = await session.api.get(path("audit"), { ...queryOf(filters, new Date()), before, limit: 1000 });
        for (const entry of page.entries) lines.push(stringify(entry));
        before = page.has_more ? page.before : undefined;
      } while (before !== undefined && lines.length < MOST_EXPORTED);
    } catch (error) {
      return session.fail(error, t("shared.export"));
    }
    saveBlob(new Blob([lines.join("\n"), "\n"], { type: "application/x-ndjson" }), "audit.ndjson");
    session.say(before === undefined ? { kind: "ok", text: t("activity.changes_are_saved", { n: count(lines.length) }) } : { kind: "warn", text: t("activity.the_newest_changes_are_saved", { n: count(lines.length) }) });
    return undefined;
  }

  // ---- Drawing

  /** The names of a facet with their counts; what is chosen is there even where nothing of it is. @param {keyof Filters} name @returns {[string, number | undefined][]} */
  #names(name) {
    const found = Object.entries(this.counts?.[/** @type {"who"} */ (name)] ?? {}).sort((a, b) => b[1] - a[1]);
    const chosen = this.filters[name];
    const shown = found.slice(0, MOST_NAMES);
    return !chosen || shown.some(([one]) => one === chosen) ? shown : [...shown, /** @type {[string, undefined]} */ ([chosen, found.find(([one]) => one === chosen)?.[1]])];
  }

  /** @param {string} caption @param {keyof Filters} name @param {(id: string) => {title: string, icon?: string}} how */
  #facet(caption, name, how) {
    const names = this.#names(name);
    if (!names.length) return nothing;
    return html`<h2 class="caption">${caption}</h2><ul>${names.map(([id, n]) => {
      const { title, icon: sign } = how(id);
      const on = this.filters[name] === id;
      return html`<li><button class="node ${on ? "on" : ""}" aria-pressed=${String(on)} @click=${() => this.#go({ [name]: on ? "" : id })}>${sign ? icon(sign, true) : nothing}<span class="cut">${visible(title)}</span><span class="count">${n === undefined ? "" : count(n)}</span></button></li>`;
    })}</ul>`;
  }

  #facets() {
    const { when } = this.filters;
    const since = this.counts?.since ?? [];
    const totals = /** @type {{[when: string]: number | undefined}} */ ({ today: since[0], yesterday: since.length ? since[1] - since[0] : undefined, week: since[2], all: when === "all" ? this.counts?.entries : undefined });
    const several = Object.keys(this.counts?.database ?? {}).length > 1 || this.filters.database !== "";
    return html`<nav class="facets" aria-label=${t("activity.what_is_shown")}><div class="find"><label class="field">${icon("filter", true)}<input type="search" placeholder=${t("activity.person_key_or_text")} aria-label=${t("activity.person_key_or_text")} autocomplete="off" spellcheck="false" .value=${this.filters.text} @input=${this.#typed}><kbd>/</kbd></label></div>
      <div class="scroll tree"><h2 class="caption">${t("shared.when")}</h2><ul>${PERIODS.map(([id, title]) => html`<li><button class="node ${when === id ? "on" : ""}" aria-pressed=${String(when === id)} @click=${() => this.#go({ when: id })}>${icon("clock", true)}<span class="cut">${title}</span><span class="count">${totals[id] === undefined ? "" : count(totals[id])}</span></button></li>`)}</ul>
      ${this.#facet(t("activity.way"), "way", (id) => wayOf(/** @type {any} */ ({ way: id })))}${this.#facet(t("activity.who"), "who", (id) => ({ title: id }))}${several ? this.#facet(t("shared.database"), "database", (id) => ({ title: id, icon: "database" })) : nothing}${this.#facet(t("shared.store"), "store", (id) => ({ title: id, icon: "store" }))}${this.#facet(t("activity.outcome"), "outcome", (id) => ({ title: OUTCOMES.find(([one]) => one === id)?.[1] ?? id, icon: id === "done" ? "check" : "warning" }))}</div></nav>`;
  }

  /** @param {any} event */
  #typed(event) {
    clearTimeout(this.typing);
    const text = event.target.value;
    this.typing = setTimeout(() => void this.#go({ text }, true), REST_MS);
  }

  #pills() {
    const { filters } = this;
    const names = /** @type {[keyof Filters, string][]} */ ([["text", t("shared.text_within")], ["way", t("activity.way_within")], ["who", t("activity.who_within")], ["database", t("shared.database_within")], ["store", t("shared.store_within")], ["outcome", t("activity.outcome_within")]]);
    const said = (/** @type {keyof Filters} */ name) => (name === "way" ? (WAYS[filters.way]?.title ?? filters.way) : name === "outcome" ? (OUTCOMES.find(([id]) => id === filters.outcome)?.[2] ?? filters.outcome) : filters[name]);
    return html`<div class="pills"><span class="pill"><b>${t("activity.when_within")}</b><span class="op">${t("activity.is")}</span><span>${PERIODS.find(([id]) => id === filters.when)?.[2]}</span>${filters.when === "all" ? nothing : html`<button aria-label=${t("activity.remove_when")} @click=${() => this.#go({ when: "all" })}>${icon("x", true)}</button>`}</span>
      ${names.filter(([name]) => filters[name]).map(([name, title]) => html`<span class="pill"><b>${title}</b><span class="op">${name === "text" ? t("activity.has") : t("activity.is")}</span><span class="cut">${visible(said(name))}</span><button aria-label=${t("shared.remove_name", { name: title })} @click=${() => this.#go({ [name]: "" })}>${icon("x", true)}</button></span>`)}</div>`;
  }

  /** @param {HTMLElement} button */
  #menu(button) {
    const item = (/** @type {keyof Filters} */ name, /** @type {string} */ caption, /** @type {(id: string) => string} */ title) => {
      const names = this.#names(name);
      return names.length ? [{ caption }, ...names.map(([id, n]) => ({ title: visible(title(id)), check: this.filters[name] === id, detail: n === undefined ? "" : count(n), run: () => this.#go({ [name]: this.filters[name] === id ? "" : id }) }))] : [];
    };
    this.app.menu.show(() => [
      { caption: t("shared.when") }, ...PERIODS.map(([id, title]) => ({ title, check: this.filters.when === id, run: () => this.#go({ when: id }) })),
      ...item("way", t("activity.way"), (id) => WAYS[id]?.title ?? id), ...item("who", t("activity.who"), (id) => id), ...item("database", t("shared.database"), (id) => id), ...item("store", t("shared.store"), (id) => id), ...item("outcome", t("activity.outcome"), (id) => OUTCOMES.find(([one]) => one === id)?.[1] ?? id),
    ], button, t("shared.filter"));
  }

  /** The database of the figures: the open one, where it is open, else the first. */
  #measured() {
    const wished = this.filters.database || this.app.session.place.database || "";
    return this.samples.get(wished) ?? this.samples.values().next().value ?? new Samples();
  }

  render() {
    if (!this.app) return nothing;
    const { filters } = this;
    return html`${this.#facets()}<div class="activity-main">${figures(this.#measured(), Date.now(), { pointed: this.pointed, point: (pointed) => { this.pointed = pointed; this.requestUpdate(); }, open: (name) => this.#enlarge(name) })}
      <div class="activity-body"><section class="pane grow" aria-label=${t("shared.changes")}>
        <div class="filters" role="toolbar" aria-label=${t("shared.filter")}>${this.#pills()}<button class="button s quiet" aria-haspopup="menu" @click=${(/** @type {any} */ event) => this.#menu(event.currentTarget)}>${icon("plus", true)}${t("shared.filter")}</button>
          <div class="end">${this.waiting ? html`<button class="button s" @click=${() => this.reload()}>${icon("up", true)}${this.waiting >= PAGE ? t("activity.n_or_more_new", { n: PAGE }) : t("activity.n_new", { n: count(this.waiting) })}</button>` : html`<span class="small dim wide-only">${t("activity.new_rows_wait_at_the_top")}</span>`}<button class="button s quiet" aria-label=${t("shared.export")} @click=${() => this.#export()}>${icon("export", true)}<span class="wide-only">${t("shared.export")}</span></button><button class="button only s quiet" aria-label=${t("shared.read_again")} @click=${() => this.reload()}>${icon("refresh", true)}</button></div></div>
        ${this.fault ? html`<div class="notice danger" role="alert">${icon("warning")}<p class="grow">${this.fault}</p><button class="button s" @click=${() => this.reload()}>${t("shared.try_again")}</button></div>` : nothing}
        ${this.#list()}</section>
      ${jobsPane({ jobs: this.jobs, queries: this.queries, tab: filters.tab, fault: this.jobsFault }, { show: (tab) => void this.#go({ tab, open: filters.open }, true), cancel: (job) => void this.#cancel(job), stop: (query) => void this.#stop(query) })}</div></div>`;
  }

  /** @param {import("../../model/activity/metrics.js").Figure} name */
  #enlarge(name) {
    this.large = largeFigure(() => this.#measured(), name, () => (this.large = undefined));
  }

  #list() {
    const { entries } = this;
    if (!entries) return html`<div class="scroll"></div>`;
    if (!entries.length) return this.#none();
    const open = this.filters.open;
    const { session } = this.app;
    let before = "";
    return html`<div class="scroll audit-scroll" @scroll=${this.#scrolled}><table class="audit" role="treegrid" aria-label=${t("shared.changes")} aria-rowcount=${this.hasMore ? -1 : entries.length + 1}>
      <thead><tr><th class="c-open" scope="col"><span class="unseen">${t("shared.open")}</span></th><th class="c-time" scope="col">${t("activity.time")}</th><th class="c-who" scope="col">${t("activity.who")}</th><th class="c-way" scope="col">${t("activity.way")}</th><th class="c-store" scope="col">${t("shared.store")}</th><th scope="col">${t("activity.before_after")}</th><th class="num c-n" scope="col">${t("shared.items")}</th><th class="num c-seq" scope="col">${t("activity.seq")}</th></tr></thead>
      <tbody>${repeat(entries, (entry) => entry.number, (entry, index) => {
        const on = entry.number === open;
        const today = day(entry.at);
        const first = today !== before && (index > 0 || this.filters.when !== "today");
        before = today;
        const way = wayOf(entry);
        const stores = storesOf(entry);
        const sequence = sequenceOf(entry);
        return html`${first ? html`<tr class="day"><td colspan="8">${today}</td></tr>` : nothing}<tr data-number=${entry.number} aria-level="1" aria-expanded=${String(on)} aria-selected=${String(on)} tabindex=${on || (open === undefined && index === 0) || (index === 0 && !entries.some((one) => one.number === open)) ? 0 : -1} @click=${() => this.#toggle(entry)} @keydown=${(/** @type {KeyboardEvent} */ event) => this.#rowKey(event, entry)}>
          <td class="c-open">${icon(on ? "down" : "right")}</td><td class="c-time"><time datetime=${entry.at} title=${entry.at}>${clock(entry.at)}</time></td><td class="c-who" title=${entry.who}>${visible(entry.who)}</td><td class="c-way ${entry.way === "copilot" ? "ai" : ""}">${icon(way.icon)}${way.title}</td>
          <td class="c-store" title=${entry.database ?? ""}>${stores.length ? html`${visible(stores[0])}${stores.length > 1 ? html` <span class="dim">+${stores.length - 1}</span>` : nothing}` : html`<span class="dim">${visible(entry.database ?? "")}</span>`}</td><td class="c-what">${summary(entry, session)}</td><td class="num c-n">${Number(entry.changed) ? count(Number(entry.changed)) : ""}</td><td class="num c-seq">${sequence ? count(sequence) : ""}</td></tr>
          ${on ? html`<tr class="inside" aria-level="2"><td colspan="8">${details(entry, { session, all: this.all, showAll: () => { this.all = true; this.requestUpdate(); }, go: (change) => void this.#item(entry, change), revert: (one) => void this.#revert(one) })}</td></tr>` : nothing}`;
      })}</tbody></table>
      <div class="older">${entries.length >= MOST_ROWS ? html`<p class="small dim">${t("activity.entries_are_shown", { n: count(entries.length) })}</p>` : this.hasMore ? html`<button class="button s" ?disabled=${this.reading} @click=${() => this.#older()}>${t("activity.show_older_ones")}</button>` : html`<p class="small dim">${this.filters.when === "all" ? t("activity.n_changes_no_older_ones", { n: entries.length }) : t("activity.n_changes_no_older_ones_in_this_time", { n: entries.length })}</p>`}</div></div>`;
  }

  /** @param {any} event */
  #scrolled(event) {
    const { scrollTop, clientHeight, scrollHeight } = event.currentTarget;
    if (scrollTop + clientHeight > scrollHeight - 400 && (this.entries?.length ?? 0) < MOST_ROWS) void this.#older();
  }

  #none() {
    const { open, tab, when, ...rest } = this.filters;
    const filtered = Object.values(rest).some(Boolean);
    const week = this.counts?.since?.[2] ?? 0;
    return html`<div class="nothing">${icon("activity")}<h2>${filtered ? t("shared.nothing_fits") : t("activity.nothing_was_changed")}</h2><p>${filtered ? t("activity.no_change_of_this_time_fits") : t("activity.every_change_is_written_down_here")}</p>
      <p class="next">${filtered ? html`<button class="button" @click=${() => this.#go({ text: "", way: "", who: "", database: "", store: "", outcome: "" })}>${t("activity.take_the_filters_away")}</button>` : when !== "all" ? html`<button class="button" @click=${() => this.#go({ when: week && when !== "week" ? "week" : "all" })}>${week && when !== "week" ? t("activity.show_7_days", { n: count(week) }) : t("activity.show_any_time")}</button>` : nothing}</p></div>`;
  }

  updated() {
    const n = this.waiting;
    if (n && n !== this.told) announce(t("activity.new_changes", { n }));
    this.told = n;
  }
}

customElements.define("sop-activity", SopActivity);

/** Gets the part going; the element is in the page already. @param {import("../context.js").Context} app */
export async function startActivity(app) {
  const element = /** @type {SopActivity} */ (document.querySelector("sop-activity"));
  element.start(app);
  return element;
}
