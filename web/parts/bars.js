// The bars around the grid: tabs of open stores, notices and the status bar.

import { count, span } from "../core/format.js";
import { PAGE } from "../model/row_source.js";
import { rich, t } from "../strings/shell.js";
import { html, nothing } from "../vendor/lit.js";
import { Part, icon } from "./dom.js";

/** @typedef {import("../model/session.js").Session} Session */

/** Tabs: one a store that was opened, one a query. Del or a middle click closes one; F2 or a double click renames a query. */
export class SopTabs extends Part {
  /** @param {Session} session */
  start(session) {
    this.session = session;
    this.follow(session, "place", "stores", "changes", "queries");
    this.requestUpdate();
  }

  shouldUpdate() {
    return this.session !== undefined;
  }

  /** The tab of a part that has one while it is shown. @returns {{id: string, title: string, icon: string, stained: boolean, open: () => unknown, close: () => unknown, rename?: () => unknown}[]} */
  #ofView() {
    const session = /** @type {Session} */ (this.session);
    const { view } = session.place;
    const [title, icon] = view === "design" ? [t("shared.diagram"), "design"] : view === "databases" ? [t("shared.databases"), "database"] : [];
    return title && icon ? [{ id: `v${view}`, title, icon, stained: false, open: () => {}, close: () => session.go({ view: undefined }) }] : [];
  }

  /** @returns {{id: string, title: string, icon: string, stained: boolean, open: () => unknown, close?: () => unknown, rename?: () => unknown}[]} */
  #tabs() {
    const session = /** @type {Session} */ (this.session);
    const { queries } = session;
    const run = (/** @type {string} */ command) => () => {
      document.dispatchEvent(new CustomEvent("sop-command", { detail: command }));
    };
    return [
      ...session.tabs.map((name) => ({ id: `s${name}`, title: name, icon: "store", stained: session.changes.of(name).length > 0, open: () => session.go({ store: name }), close: session.tabs.length > 1 ? () => session.closeTab(name) : undefined })),
      ...queries.list.map((one) => {
        const open = () => {
          queries.go(one.id);
          return session.go({ view: "query" });
        };
        return { id: `q${one.id}`, title: one.title, icon: "query", stained: false, open, close: () => this.#closeQuery(one.id), rename: () => void open().then(run("rename-query")) };
      }),
      ...this.#ofView(),
    ];
  }

  /** Closes a query; it comes back by the message that says so. @param {string} id */
  #closeQuery(id) {
    const session = /** @type {Session} */ (this.session);
    const gone = session.queries.close(id);
    if (gone?.text.trim()) session.say({ kind: "ok", text: t("shell.query_is_closed", { query: gone.title }), act: { title: t("shared.undo"), run: () => session.queries.restore(gone) } });
    if (!session.queries.list.length && session.place.view === "query") session.queries.ensure();
  }

  /** The id of the open tab. */
  get #open() {
    const session = /** @type {Session} */ (this.session);
    const { view } = session.place;
    return view === "query" ? `q${session.queries.active}` : view ? `v${view}` : `s${session.place.store}`;
  }

  render() {
    const session = /** @type {Session} */ (this.session);
    const open = this.#open;
    const query = session.place.view === "query";
    return html`<div role="tablist" aria-label=${t("shell.open_tabs")} @keydown=${this.#key}>${this.#tabs().map((tab) => html`<span class="tab ${tab.id === open ? "on" : ""}" role="presentation" @auxclick=${() => tab.close?.()}
      ><button role="tab" aria-selected=${String(tab.id === open)} aria-controls="work" tabindex=${tab.id === open ? 0 : -1} title=${tab.title.length > 24 ? tab.title : nothing} @click=${tab.open} @dblclick=${() => tab.rename?.()}>${icon(tab.icon, true)}<span class="cut">${tab.title}</span>${tab.stained ? html`<span class="stain" title=${t("shell.staged_edits")}></span>` : nothing}</button
      >${tab.close ? html`<button class="close" tabindex="-1" aria-hidden="true" title=${t("shared.close_del")} @click=${tab.close}>${icon("x", true)}</button>` : nothing}</span>`)}</div>
      ${query ? html`<button class="button only s quiet" aria-label=${t("shared.new_query")} title=${t("shared.new_query")} data-command="new-query">${icon("plus", true)}</button>` : html`<button class="button only s quiet" aria-label=${t("shell.go_to_a_store")} title=${t("shell.go_to_a_store_ctrl_k")} data-command="palette">${icon("plus", true)}</button>`}`;
  }

  updated() {
    this.querySelector("[role='tab'][aria-selected='true']")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const tabs = this.#tabs();
    const at = tabs.findIndex((tab) => tab.id === this.#open);
    if (event.key === "Delete" && at >= 0) tabs[at].close?.();
    else if (event.key === "F2" && at >= 0) return tabs[at].rename?.();
    else if ((event.key === "ArrowRight" || event.key === "ArrowLeft") && tabs.length) void tabs[(at + (event.key === "ArrowRight" ? 1 : tabs.length - 1)) % tabs.length].open();
    else return;
    event.preventDefault();
    event.stopPropagation();
    void this.updateComplete.then(() => /** @type {HTMLElement | null} */ (this.querySelector("[role='tab'][tabindex='0']"))?.focus());
  }
}

/** Notices: connection, session, read only. Each says why and the one way on. */
export class SopNotices extends Part {
  /** @param {Session} session @param {{retry: () => void, next: () => number}} link */
  start(session, link) {
    this.session = session;
    this.link = link;
    this.follow(session, "link", "databases", "place", "changes", "trouble");
    this.requestUpdate();
  }

  shouldUpdate() {
    return this.session !== undefined;
  }

  render() {
    const session = /** @type {Session} */ (this.session);
    const staged = session.changes.size;
    if (session.denied) {
      return html`<div class="notice warn" role="status">${icon("lock")}<p class="grow"><b>${t("shell.this_browser_is_not_signed_in_any")}</b> <span class="soft">${t("shell.open_the_address_with_the_token")} ${staged ? t("shell.edits_are_kept_here", { n: staged }) : ""}</span></p><button class="button s" data-command="refresh">${icon("refresh", true)}${t("shared.try_again")}</button></div>`;
    }
    if (session.lostSince) {
      const time = session.lostSince.toTimeString().slice(0, 5);
      return html`<div class="notice warn" role="status">${icon("warning")}<p class="grow"><b>${t("shell.no_connection_since_time", { time })}</b> ${staged ? `${t("shell.edits_are_kept_in_this_browser", { n: staged })} ` : ""}${t("shell.next_try_in", { seconds: this.link?.next() ?? 1 })}</p><button class="button s" @click=${() => this.link?.retry()}>${icon("refresh", true)}${t("shell.try_now")}</button></div>`;
    }
    const readOnly = session.readOnly;
    if (readOnly !== undefined) {
      const damaged = session.database?.error === "corrupt" || /damag|corrupt|checksum/i.test(readOnly);
      return html`<div class="notice ${damaged ? "danger" : "still"}" role="status">${icon(damaged ? "warning" : "lock")}<p class="grow"><b>${damaged ? t("shell.damaged") : t("shell.read_only")}</b> <span class="soft">${t("shell.read_only_reason", { reason: readOnly })}</span></p><button class="button s" @click=${() => session.readDatabases()}>${icon("refresh", true)}${t("shared.try_again")}</button></div>`;
    }
    return nothing;
  }
}

/** The status bar: staged edits on the left, what was read on the right. */
export class SopStatus extends Part {
  constructor() {
    super();
    /** What other parts count, by their view. @type {Map<string, EventTarget & {figures: {count: string, what: string}[], staged?: number, run?: any}>} */
    this.others = new Map();
  }

  /** @param {Session} session @param {import("./grid.js").SopGrid} grid */
  start(session, grid) {
    this.session = session;
    this.grid = grid;
    this.follow(session, "changes", "link", "place", "databases");
    this.follow(grid, "view");
    this.requestUpdate();
  }

  shouldUpdate() {
    return this.session !== undefined;
  }

  render() {
    const session = /** @type {Session} */ (this.session);
    const staged = session.changes.size;
    return html`${this.#left(session, staged)}<div class="figures">${session.place.view ? this.#ran(session.place.view) : this.#right(session)}</div>`;
  }

  /** @param {Session} session @param {number} staged */
  #left(session, staged) {
    const part = this.others.get(session.place.view ?? "");
    const ofRun = part?.staged ?? 0;
    if (ofRun) return html`<span class="tag update">${t("shell.n_staged_by_this_run", { n: count(ofRun) })}</span><button class="button s" data-command="review-script">${t("shared.review")}${part?.run?.held ? html`<kbd>Ctrl S</kbd>` : nothing}</button>`;
    if (!staged) return html`<span class="dim">${session.readOnly === undefined ? t("shell.no_staged_edits") : t("shell.edits_are_off")}</span>`;
    return html`<span class="tag update">${t("shell.n_staged_edits", { n: staged })}</span><button class="button s" data-command="review" ?disabled=${session.lostSince !== undefined}>${t("shared.review")}<kbd>Ctrl S</kbd></button><button class="button s quiet" data-command="undo" ?disabled=${!session.changes.canUndo}>${icon("undo", true)}${t("shared.undo")}</button>`;
  }

  /** Shows the figures of a part while it is what is shown. @param {EventTarget & {figures: {count: string, what: string}[], staged?: number, run?: any}} part @param {string} [view] */
  follows(part, view = "query") {
    this.others.set(view, part);
    this.follow(part, "figures");
    this.requestUpdate();
  }

  /** @param {string} view */
  #ran(view) {
    return (this.others.get(view)?.figures ?? []).map((one) => html`<span><b>${one.count}</b>${one.what ? ` ${one.what}` : nothing}</span>`);
  }

  /** Which rows are seen, of how many. @param {NonNullable<import("./grid.js").SopGrid["source"]>} source @param {number} total */
  #range(source, total) {
    const { map } = /** @type {import("./grid.js").SopGrid} */ (this.grid);
    const parts = { rows: html`<b>${total ? `${count(map.firstVisible + 1)}–${count(map.lastVisible)}` : "0"}</b>`, total: count(source.exact ? total : Math.max(0, total - PAGE)) };
    const byQuery = "cut" in source && source.cut;
    if (source.exact) return byQuery ? rich("shell.rows_of_total_by_a_query", parts) : rich("shell.rows_of_total", parts);
    return byQuery ? rich("shell.rows_of_more_by_a_query", parts) : rich("shell.rows_of_more", parts);
  }

  /** @param {Session} session */
  #right(session) {
    const grid = /** @type {import("./grid.js").SopGrid} */ (this.grid);
    const source = grid.source;
    if (!source || source.count === undefined) return html`<span class="dim">${session.store ? (source?.error ? t("shell.not_read") : t("shared.reading")) : ""}</span>`;
    const selected = grid.active.line < 0 ? 0 : grid.selection.size;
    const total = grid.lines.total;
    const stats = source.stats;
    return html`${selected > 1 ? html`<span><b>${count(selected)}</b> ${t("shell.selected")}</span>` : nothing}
      <span>${this.#range(source, total)}</span>
      ${session.lostSince ? html`<span><b>${t("shell.kept_here")}</b></span>` : stats ? html`<span><b>${count(source.filter !== undefined || grid.sort?.field ? (stats.scanned ?? 0) : stats.rows)}</b> ${source.filter !== undefined || grid.sort?.field ? t("shared.scanned") : t("shell.read_within")}</span><span><b>${span(stats.elapsed)}</b></span>${stats.nodes === undefined ? nothing : html`<span><b>${count(stats.nodes)}</b> ${t("shared.nodes_read", { n: stats.nodes })}</span>`}` : nothing}
      <span>${t("shared.sequence_within", { sequence: count(source.sequence) })}</span>`;
  }
}

customElements.define("sop-tabs", SopTabs);
customElements.define("sop-notices", SopNotices);
customElements.define("sop-status", SopStatus);
