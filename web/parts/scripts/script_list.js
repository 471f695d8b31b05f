// The list of scripts by their categories, walked by arrows, found by words.

import { shelves } from "../../model/script/drafts.js";
import { t } from "../../strings/scripts.js";
import { html, nothing, repeat } from "../../vendor/lit.js";
import { Part, icon } from "../dom.js";

/** @typedef {import("./studio.js").Listed} Listed */

export class SopScriptList extends Part {
  static properties = { studio: { attribute: false }, list: { attribute: false }, ran: { attribute: false }, current: { attribute: false }, stained: { attribute: false } };

  constructor() {
    super();
    /** @type {import("./studio.js").SopScripts} */
    this.studio = /** @type {any} */ (undefined);
    /** @type {Listed[]} */
    this.list = [];
    /** @type {Map<string, import("./studio.js").Ran>} */
    this.ran = new Map();
    this.current = "";
    this.stained = "";
    this.words = "";
    this.cursor = "";
    /** @type {Set<string>} */
    this.closed = new Set();
  }

  /** The lines in their order. @returns {{id: string, level: number, script?: Listed, category: string, count?: number}[]} */
  #lines() {
    return shelves(this.list, this.words).flatMap(({ category, scripts }) => [{ id: category, level: 1, category, count: scripts.length }, ...(this.closed.has(category) && !this.words ? [] : scripts.map((one) => ({ id: `${one.category}/${one.name}`, level: 2, category, script: one })))]);
  }

  render() {
    const lines = this.#lines();
    const cursor = lines.some((one) => one.id === this.cursor) ? this.cursor : (lines.find((one) => one.id === this.current) ?? lines[0])?.id;
    const stained = new Set(this.stained.split("\n"));
    return html`<div class="find"><label class="field">${icon("filter", true)}<input type="search" placeholder=${t("shared.filter_scripts")} aria-label=${t("shared.filter_scripts")} .value=${this.words} @input=${(/** @type {any} */ event) => { this.words = event.target.value; this.requestUpdate(); }} @keydown=${(/** @type {KeyboardEvent} */ event) => this.#find(event, lines)}><kbd>/</kbd></label></div>
      <div class="tree scroll" role="tree" aria-label=${t("shared.scripts")} @keydown=${(/** @type {KeyboardEvent} */ event) => this.#key(event, lines)}>${repeat(lines, (one) => one.id, (one) => (one.script
        ? html`<div class="node l1 leaf ${one.id === this.current ? "on" : ""}" role="treeitem" aria-level="2" aria-selected=${String(one.id === this.current)} tabindex=${one.id === cursor ? 0 : -1} title=${one.script.description || one.script.name} @click=${() => this.studio.go(one.id)} @focus=${() => { this.cursor = one.id; }}>${icon("scripts", true)}<span class="cut">${one.script.name}</span>${this.#mark(one.script)}${stained.has(one.id) ? html`<span class="stain" title=${t("scripts.not_saved")}></span>` : nothing} <span class="count">${t("shared.v_version", { version: one.script.version })}</span></div>`
        : html`<div class="node l0" role="treeitem" aria-level="1" aria-expanded=${String(!this.closed.has(one.category) || Boolean(this.words))} tabindex=${one.id === cursor ? 0 : -1} @click=${() => this.#toggle(one.category)} @focus=${() => { this.cursor = one.id; }}>${icon(this.closed.has(one.category) && !this.words ? "right" : "down")}${icon("folder", true)}<span class="cut">${one.category}</span> <span class="count">${one.count}</span></div>`))}
        ${lines.length ? nothing : html`<p class="hint-row dim">${this.words ? t("scripts.no_script_has_in_its_name", { words: this.words }) : this.studio?.listed ? t("scripts.no_scripts_yet_sentence") : ""}</p>`}</div>
      <div class="foot bar"><button class="button s quiet" data-command="new-script">${icon("plus", true)}${t("shared.new_script")}</button><button class="button s quiet" data-command="import-script">${icon("import", true)}${t("shared.import")}</button></div>`;
  }

  /** A mark where the last run failed. @param {Listed} one */
  #mark(one) {
    const ran = this.ran.get(`${one.category}.${one.name}`);
    return ran?.outcome === "failed" ? html`<span class="failed-mark" role="img" aria-label=${t("scripts.the_last_run_failed")} title=${t("scripts.the_last_run_failed")}>${icon("warning", true)}</span>` : nothing;
  }

  /** @param {string} category */
  #toggle(category) {
    if (!this.closed.delete(category)) this.closed.add(category);
    this.requestUpdate();
  }

  /** @param {string} id */
  #focus(id) {
    this.cursor = id;
    this.requestUpdate();
    void this.updateComplete.then(() => /** @type {HTMLElement | null} */ (this.querySelector(".tree [tabindex='0']"))?.focus());
  }

  focusFind() {
    const input = this.querySelector("input");
    input?.focus();
    input?.select();
  }

  /** @param {KeyboardEvent} event @param {{id: string, script?: Listed}[]} lines */
  #find(event, lines) {
    const first = lines.find((one) => one.script);
    if (event.key === "ArrowDown" && first) this.#focus(first.id);
    else if (event.key === "Enter" && first) void this.studio.go(first.id);
    else if (event.key === "Escape" && this.words) {
      this.words = "";
      this.requestUpdate();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {KeyboardEvent} event @param {{id: string, level: number, script?: Listed, category: string}[]} lines */
  #key(event, lines) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = Math.max(0, lines.findIndex((one) => one.id === this.cursor));
    const line = lines[at];
    if (!line) return;
    const closed = this.closed.has(line.category);
    const to = (/** @type {typeof line | undefined} */ next) => next && this.#focus(next.id);
    if (event.key === "ArrowDown") to(lines[at + 1]);
    else if (event.key === "ArrowUp") to(lines[at - 1]);
    else if (event.key === "Home") to(lines[0]);
    else if (event.key === "End") to(lines.at(-1));
    else if (event.key === "ArrowRight" && !line.script && closed) this.#toggle(line.category);
    else if (event.key === "ArrowRight" && !line.script) to(lines[at + 1]);
    else if (event.key === "ArrowLeft" && line.script) this.#focus(line.category);
    else if (event.key === "ArrowLeft" && !closed) this.#toggle(line.category);
    else if (event.key === "Enter" || event.key === " ") {
      if (line.script) void this.studio.go(line.id);
      else this.#toggle(line.category);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

customElements.define("sop-script-list", SopScriptList);
