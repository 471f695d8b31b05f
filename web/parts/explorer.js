// The explorer: databases, stores and prefixes as one tree that is walked by keyboard.

import { count } from "../core/format.js";
import { stringify } from "../core/json.js";
import { Tree } from "../model/tree.js";
import { t } from "../strings/shell.js";
import { html, nothing, repeat } from "../vendor/lit.js";
import { Part, icon } from "./dom.js";

const MOST_GROUPS = 100;
const MORE_GROUPS = 1000;
const MOST_PINNED = 5;

/** @typedef {import("../model/tree.js").Row} Row */

export class SopExplorer extends Part {
  constructor() {
    super();
    /** @type {import("../model/session.js").Session} */
    this.session = /** @type {any} */ (undefined);
    this.tree = new Tree();
    this.cursor = "";
    /** @type {Map<string, number>} */
    this.limits = new Map();
  }

  /** @param {import("../model/session.js").Session} session */
  start(session) {
    this.session = session;
    this.#take();
    this.cursor = this.#openId();
    for (const event of ["databases", "stores"]) session.addEventListener(event, () => this.#take());
    session.addEventListener("place", () => {
      this.#take();
      this.cursor = this.#openId();
      this.#reveal();
    });
    session.addEventListener("written", (event) => {
      for (const store of /** @type {CustomEvent} */ (event).detail.stores) this.tree.forget(store);
      this.requestUpdate();
    });
    this.follow(session, "changes", "queries");
    this.started = true;
    this.requestUpdate();
  }

  #take() {
    this.tree.databases = this.session.databases;
    this.tree.stores = this.session.stores;
    if (this.tree.current !== this.session.place.database) {
      this.tree.current = this.session.place.database ?? "";
      this.tree.open.clear();
      this.tree.groups.clear();
    }
    this.requestUpdate();
  }

  #openId() {
    const { store, prefix } = this.session.place;
    return store === undefined ? "" : Tree.id(store, prefix);
  }

  shouldUpdate() {
    return this.started === true;
  }

  updated() {
    for (const missing of this.tree.missing()) void this.#read(missing);
  }

  /** @param {{id: string, store: string, prefix: unknown[]}} node */
  async #read({ id, store, prefix }) {
    this.tree.groups.set(id, "waiting");
    try {
      const answer = await this.session.api.get(this.session.path("stores", store, "prefixes"), { of: prefix.length ? stringify(prefix) : undefined, depth: 1, limit: this.limits.get(id) ?? MOST_GROUPS });
      this.tree.groups.set(id, { groups: answer.groups ?? [], more: answer.more ?? null });
    } catch (error) {
      this.tree.groups.set(id, "failed");
      this.session.fail(error, t("shell.prefixes"));
    }
    this.requestUpdate();
    this.dispatchEvent(new CustomEvent("groups", { detail: { store, prefix } }));
  }

  /** The groups of a place, when they have been read. @param {string} store @param {unknown[]} prefix */
  groupsOf(store, prefix) {
    const known = this.tree.groups.get(Tree.id(store, prefix));
    return typeof known === "object" ? known : undefined;
  }

  render() {
    const rows = this.tree.rows();
    const here = this.#openId();
    const current = rows.some((row) => row.id === this.cursor) ? this.cursor : (rows.find((row) => row.id === here) ?? rows[0])?.id;
    const stained = new Set([...this.session.changes.entries.values()].map((entry) => entry.store));
    return html`<div class="find"><label class="field">${icon("filter", true)}<input type="search" placeholder=${t("shared.filter_stores")} aria-label=${t("shared.filter_stores")} .value=${this.tree.filter}
        @input=${(/** @type {any} */ event) => this.#filter(event.target.value)} @keydown=${this.#findKey}><kbd>/</kbd></label></div>
      <div class="tree scroll" role="tree" aria-label=${t("shared.stores")} @keydown=${this.#key}>
        ${repeat(rows, (row) => row.id, (row) => this.#row(row, row.id === current, row.id === here, stained))}
        ${rows.length === 1 || (this.tree.filter && !rows.some((row) => row.kind === "store")) ? html`<p class="hint-row dim">${this.tree.filter ? t("shell.no_store_has_in_its_name", { filter: this.tree.filter }) : t("shell.no_stores_yet_sentence")}</p>` : nothing}
      </div>
      ${this.#pinned()}<div class="foot bar"><button class="button s quiet" data-command="new-store">${icon("plus", true)}${t("shared.new_store")}</button><button class="button s quiet" data-command="import">${icon("import", true)}${t("shared.import")}</button></div>`;
  }

  /** Saved queries. */
  #pinned() {
    const { saved } = this.session.history;
    if (!saved.length) return nothing;
    return html`<div class="foot pinned"><p class="caption">${t("shared.saved_queries")}</p>${saved.slice(0, MOST_PINNED).map((one) => html`<button class="node" title=${one.name.length > 24 ? one.name : nothing} @click=${() => this.session.openSaved(one)}>${icon("save", true)}<span class="cut">${one.name}</span></button>`)}
      ${saved.length > MOST_PINNED ? html`<button class="node dim" data-command="saved-queries"><span class="cut">${t("shared.n_more", { n: count(saved.length - MOST_PINNED) })}</span></button>` : nothing}</div>`;
  }

  /** @param {Row} row @param {boolean} cursor @param {boolean} on @param {Set<string>} stained */
  #row(row, cursor, on, stained) {
    const leaf = row.open === undefined;
    const twist = row.kind === "more" || row.kind === "waiting" ? nothing : leaf ? html`<span class="twist"></span>` : html`<span class="twist" data-twist>${icon(row.open ? "down" : "right")}</span>`;
    const kind = row.kind === "database" ? icon("database", true) : row.kind === "store" ? icon("store", true) : nothing;
    const level = `l${Math.min(7, row.level - 1)}`;
    const title = row.kind === "waiting" ? html`<span class="ghost g2"></span>` : html`<span class="cut ${row.kind === "more" || row.kind === "failed" ? "dim" : ""}">${row.label}</span>`;
    return html`<div class="node ${level} ${on ? "on" : ""} ${row.kind}" role="treeitem" tabindex=${cursor ? 0 : -1} aria-level=${row.level} aria-expanded=${row.open === undefined ? nothing : String(row.open)}
      aria-selected=${String(on)} aria-label=${row.kind === "waiting" ? t("shared.reading") : nothing} title=${row.label.length > 18 ? row.label : nothing}
      @click=${(/** @type {MouseEvent} */ event) => this.#click(event, row)} @contextmenu=${(/** @type {MouseEvent} */ event) => this.#menu(event, row)}
      >${twist}${kind}${title}${row.kind === "store" && stained.has(row.label) ? html`<span class="stain" title=${t("shell.staged_edits")}></span>` : nothing}${row.count === undefined ? nothing : html` <span class="count">${count(row.count)}</span>`}</div>`;
  }

  /** @param {string} text */
  #filter(text) {
    this.tree.filter = text;
    this.requestUpdate();
  }

  /** @param {KeyboardEvent} event */
  #findKey(event) {
    if (event.key === "ArrowDown" || event.key === "Enter") {
      event.preventDefault();
      const row = this.tree.rows().find((one) => one.kind === "store");
      if (!row) return;
      if (event.key === "Enter") this.#open(row);
      this.#focus(row.id);
    } else if (event.key === "Escape" && this.tree.filter) {
      event.stopPropagation();
      this.#filter("");
    }
  }

  /** Puts the cursor of the keyboard into the field that filters. */
  focusFind() {
    this.querySelector("input")?.focus();
    this.querySelector("input")?.select();
  }

  /** @param {MouseEvent} event @param {Row} row */
  #click(event, row) {
    this.cursor = row.id;
    if (event.target instanceof Element && event.target.closest("[data-twist]")) this.#toggle(row);
    else if (row.kind === "database" && row.database === this.tree.current) this.#toggle(row);
    else this.#open(row);
  }

  /** @param {MouseEvent} event @param {Row} row */
  #menu(event, row) {
    if (row.kind !== "store") return;
    event.preventDefault();
    this.dispatchEvent(new CustomEvent("menu", { detail: { x: event.clientX, y: event.clientY, store: row.store } }));
  }

  /** @param {Row} row */
  #toggle(row) {
    this.tree.toggle(row.id);
    this.requestUpdate();
  }

  /** @param {Row} row */
  #open(row) {
    if (row.kind === "database") void this.session.go({ database: row.database });
    else if (row.kind === "store" || row.kind === "group") {
      if (row.kind === "group" && row.open === false) this.tree.open.add(row.id);
      void this.session.go({ store: row.store, prefix: row.prefix ?? [], at: undefined, sel: undefined });
    } else {
      const parent = row.id.slice(0, -1);
      if (row.kind === "more") this.limits.set(parent, MORE_GROUPS);
      this.tree.groups.delete(parent);
      this.requestUpdate();
    }
  }

  /** @param {string} id */
  #focus(id) {
    this.cursor = id;
    this.requestUpdate();
    void this.updateComplete.then(() => /** @type {HTMLElement | null} */ (this.querySelector(".tree [tabindex='0']"))?.focus());
  }

  #reveal() {
    void this.updateComplete.then(() => this.querySelector(".node.on")?.scrollIntoView({ block: "nearest" }));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const rows = this.tree.rows();
    const at = Math.max(0, rows.findIndex((row) => row.id === this.cursor));
    const row = rows[at];
    if (!row) return;
    /** @type {Row | undefined} */
    let next;
    switch (event.key) {
      case "ArrowDown": next = rows[at + 1]; break;
      case "ArrowUp": next = rows[at - 1]; break;
      case "Home": next = rows[0]; break;
      case "End": next = rows.at(-1); break;
      case "ArrowRight":
        if (row.open === false) this.#toggle(row);
        else if (row.open) next = rows[at + 1];
        break;
      case "ArrowLeft":
        if (row.open) this.#toggle(row);
        else next = rows.slice(0, at).reverse().find((one) => one.level < row.level);
        break;
      case "Enter": case " ": this.#open(row); break;
      default: {
        if (event.key.length !== 1 || event.key === "/") return;
        const letter = event.key.toLowerCase();
        next = [...rows.slice(at + 1), ...rows.slice(0, at)].find((one) => one.label.toLowerCase().startsWith(letter));
      }
    }
    event.preventDefault();
    event.stopPropagation();
    if (next) this.#focus(next.id);
  }

  /** Opens the lines that lead to the open prefix. */
  openToPlace() {
    const { store, prefix } = this.session.place;
    if (store === undefined || !prefix.length) return;
    this.tree.open.add(Tree.id(store));
    for (let end = 1; end < prefix.length; end += 1) this.tree.open.add(Tree.id(store, prefix.slice(0, end)));
    this.requestUpdate();
  }
}

customElements.define("sop-explorer", SopExplorer);
