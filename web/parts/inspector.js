// The inspector: the active item as a tree and as text, and what it is related to.

import { count } from "../core/format.js";
import { equal, isObject, kindOf, parse, stringify } from "../core/json.js";
import { isComposite, keyFields, keyValues, partText } from "../core/keys.js";
import { nameOf } from "../model/related.js";
import { t } from "../strings/item.js";
import { html, nothing } from "../vendor/lit.js";
import { Part, copyText, icon } from "./dom.js";
import { JsonEditor } from "./json_editor.js";

/** @typedef {import("./context.js").Context} Context */
/** @typedef {import("./grid_rows.js").Line} Line */

/** Items that are looked at to count those that point to one. */
const MOST_LOOKED_AT = 200_000;

/** What is shown of a line: an item as it is, one that is being read, or none. @param {import("./grid_rows.js").Line | undefined} line */
const stampOf = (line) => (line === undefined ? "none" : line.item ? `${stringify(line.item.key)} ${line.item.version}` : "");

export class SopInspector extends Part {
  constructor() {
    super();
    /** @type {"value" | "raw"} */
    this.tab = "value";
    this.shown = false;
    this.tree = new JsonEditor(this);
    this.raw = "";
    this.fault = "";
    this.rawOf = "";
    this.typing = 0;
    /** @type {Map<string, any>} */
    this.related = new Map();
  }

  /** @param {Context} app */
  start(app) {
    this.app = app;
    this.shown = app.session.storage.getItem("sop.inspector") !== "closed" && !app.grid.narrow.matches;
    this.side = app.session.storage.getItem("sop.inspector.side") === "true";
    app.grid.addEventListener("select", () => this.requestUpdate());
    app.grid.addEventListener("view", () => this.#soon());
    app.session.addEventListener("written", () => this.related.clear());
    this.follow(app.session, "changes", "place", "stores");
    this.requestUpdate();
  }

  #soon() {
    if (this.queued) return;
    this.queued = true;
    requestAnimationFrame(() => {
      this.queued = false;
      if (stampOf(this.app?.grid.activeLine()) !== this.seen) this.requestUpdate();
    });
  }

  shouldUpdate() {
    return this.app !== undefined;
  }

  /** @param {"value" | "raw"} [tab] */
  async open(tab) {
    if (!this.app) return;
    this.shown = true;
    this.app.session.storage.setItem("sop.inspector", "open");
    if (tab) this.tab = tab;
    this.requestUpdate();
    await this.updateComplete;
    if (tab === "raw") this.querySelector("textarea")?.focus();
    this.app.grid.map.reveal(this.app.grid.active.line);
    if (this.app.grid.narrow.matches) /** @type {HTMLElement | null} */ (this.querySelector("[data-close]"))?.focus();
  }

  close() {
    this.shown = false;
    if (this.app && !this.app.grid.narrow.matches) this.app.session.storage.setItem("sop.inspector", "closed");
    this.requestUpdate();
    this.app?.grid.rows?.focus();
  }

  toggle() {
    if (this.shown) this.close();
    else void this.open();
  }

  render() {
    const { grid, session } = /** @type {Context} */ (this.app);
    let line = grid.activeLine();
    const waiting = line !== undefined && !line.item;
    // While its row is being read again, the item stays as it was: nothing jumps.
    if (waiting && this.last && this.last.store === grid.store?.name && equal(this.last.line.item?.key, grid.activeKey)) line = this.last.line;
    else if (line?.item) this.last = { store: grid.store?.name, line };
    this.seen = stampOf(line);
    const on = this.shown && line !== undefined && grid.store !== undefined;
    this.classList.toggle("shown", on);
    const work = document.getElementById("work");
    work?.classList.toggle("side-inspector", on && this.side === true);
    work?.classList.toggle("inspecting", on);
    if (!on || !grid.store) return nothing;
    if (!line?.item) return html`<section class="pane inspector" id="inspector" aria-label=${t("item.inspector")} aria-busy="true"><div class="subtabs"></div><div class="json">${[3, 1, 2, 1, 3].map((width) => html`<div class="line in1"><span class="ghost g${width}"></span></div>`)}</div></section>`;
    const { item, entry } = line;
    const value = entry && entry.op !== "delete" ? entry.after : item.value;
    const relations = this.#relations(line, value);
    const tabs = /** @type {const} */ ([["value", t("shared.value")], ["raw", t("item.raw")]]);
    return html`<section class="pane inspector" id="inspector" aria-label=${t("item.inspector")}>
      <div class="grab"><b class="data grow cut">${line.key}</b><button class="button only quiet" data-close aria-label=${t("shared.close")} @click=${this.close}>${icon("x")}</button></div>
      <div class="subtabs"><div role="tablist" aria-label=${t("item.inspector")} @keydown=${this.#tabKey}>${tabs.map(([id, title]) => html`<button role="tab" id="tab-${id}" aria-selected=${String(this.tab === id)} aria-controls="inspector-panel" tabindex=${this.tab === id ? 0 : -1} @click=${() => this.#show(id)}>${title}</button>`)}</div>
        <span class="data cut inspected">${line.key}</span>
        <div class="end"><span class="small dim">${entry?.op === "insert" ? t("item.not_written_yet") : t("shared.version_within", { version: count(item.version ?? 0) })}</span>
          <button class="button only s quiet" aria-label=${t("item.copy_json")} title=${t("item.copy_json")} @click=${async () => session.say(await copyText(stringify(value, 2)) ? { kind: "ok", text: t("item.item_copied") } : { kind: "warn", text: t("shared.clipboard_refused") })}>${icon("copy", true)}</button>
          <button class="button only s quiet wide-only" aria-label=${t("item.inspector_at_the_side")} title=${t("item.inspector_at_the_side")} aria-pressed=${String(this.side === true)} @click=${this.#swapSide}>${icon("panel", true)}</button>
          <button class="button only s quiet" aria-label=${t("shared.close")} title=${t("item.close_key_hint")} @click=${this.close}>${icon("x", true)}</button></div></div>
      <div class="halves ${relations === nothing ? "one" : ""} ${this.tab === "raw" ? "text" : ""}" id="inspector-panel" role="tabpanel" aria-labelledby="tab-${this.tab}">${this.tab === "value" ? this.tree.render(line, value) : this.#raw(line, value)}${relations}</div>
    </section>`;
  }

  /** @param {"value" | "raw"} tab */
  #show(tab) {
    this.tab = tab;
    this.requestUpdate();
  }

  /** @param {KeyboardEvent} event */
  #tabKey(event) {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    this.#show(this.tab === "value" ? "raw" : "value");
    void this.updateComplete.then(() => /** @type {HTMLElement | null} */ (this.querySelector("[role=tab][tabindex='0']"))?.focus());
  }

  #swapSide() {
    this.side = !this.side;
    this.app?.session.storage.setItem("sop.inspector.side", String(this.side));
    this.requestUpdate();
  }

  /** @param {Line} line @param {unknown} value */
  #raw(line, value) {
    const { session } = /** @type {Context} */ (this.app);
    const of = stringify(line.item?.key);
    const locked = session.readOnly !== undefined || line.entry?.op === "delete";
    const textarea = this.querySelector("textarea");
    const typing = textarea !== null && document.activeElement === textarea && this.rawOf === of;
    let fits = false;
    if (typing) {
      try {
        fits = equal(parse(this.raw), value);
      } catch {
        fits = this.fault !== "";
      }
    }
    if (!fits) {
      this.raw = stringify(value, 2);
      this.fault = "";
      this.typing += 1;
    }
    this.rawOf = of;
    return html`<div class="raw ${this.fault ? "wrong" : ""}"><textarea class="data" aria-label=${t("item.value_as_json")} spellcheck="false" autocomplete="off" aria-invalid=${String(this.fault !== "")} aria-describedby="raw-fault" ?readonly=${locked} .value=${this.raw} @input=${this.#typed} @keydown=${this.#rawKey}></textarea>
      <p class="raw-fault small" id="raw-fault" role=${this.fault ? "alert" : "note"}>${this.fault ? html`<span class="fail">${this.fault}</span>` : locked ? html`<span class="dim">${t("item.cannot_be_edited_now")}</span>` : html`<span class="dim">${line.entry ? t("item.staged") : t("item.what_you_type_here_is_staged")}</span>`}</p></div>`;
  }

  /** @param {InputEvent} event */
  #typed(event) {
    const { grid, session } = /** @type {Context} */ (this.app);
    const line = grid.activeLine();
    this.raw = /** @type {HTMLTextAreaElement} */ (event.target).value;
    try {
      const value = parse(this.raw);
      this.fault = "";
      if (line?.item && grid.store) session.changes.update(grid.store.name, line.item, value, `raw ${this.typing}`);
    } catch (error) {
      this.fault = t("item.nothing_is_staged_until_it_is_right", { message: /** @type {Error} */ (error).message });
    }
    this.requestUpdate();
  }

  /** @param {KeyboardEvent} event */
  #rawKey(event) {
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      this.app?.grid.rows?.focus();
      this.requestUpdate();
    }
  }

  // ---- Relations

  /** @param {Line} line @param {unknown} value */
  #relations(line, value) {
    const { grid, session } = /** @type {Context} */ (this.app);
    const store = /** @type {import("../model/tree.js").Store} */ (grid.store);
    const spec = store.key;
    const keys = Object.fromEntries(keyFields(spec).map((field, index) => [field.name, keyValues(spec, line.item?.key)[index]]));
    const fieldOf = (/** @type {string} */ name) => (isObject(value) && Object.hasOwn(value, name) ? value[name] : keys[name]);
    const out = [];
    for (const relation of store.relations ?? []) {
      const values = (relation.source_fields ?? []).map(fieldOf);
      const target = session.storeNamed(relation.target_store);
      if (!target || values.some((/** @type {unknown} */ one) => one === undefined)) continue;
      out.push({ relation, values, target });
    }
    const own = keyFields(spec);
    const incoming = [];
    for (const other of session.stores) {
      for (const relation of other.relations ?? []) {
        if (relation.target_store !== store.name) continue;
        const lead = keyFields(other.key).slice(0, relation.source_fields?.length ?? 0).map((field) => field.name);
        const values = (relation.target_fields ?? []).map((/** @type {string} */ name) => fieldOf(name) ?? (own.length === 1 ? line.item?.key : undefined));
        if (!relation.source_fields?.length || values.some((/** @type {unknown} */ one) => one === undefined)) continue;
        // Where the fields do not lead the key, a filter finds the items.
        const filter = equal(lead, relation.source_fields) ? undefined : stringify(Object.fromEntries(relation.source_fields.map((/** @type {string} */ name, /** @type {number} */ index) => [name, values[index]])));
        incoming.push({ other, values, fields: /** @type {string[]} */ (relation.source_fields), filter });
      }
    }
    if (!out.length && !incoming.length) return nothing;
    return html`<div class="scroll relations" tabindex="-1"><p class="caption">${t("shared.relations")}</p><div class="links">
      ${out.map(({ relation, values, target }) => {
        const single = values.length === 1 && kindOf(values[0]) !== "null";
        const key = isComposite(target.key) ? Object.fromEntries(relation.target_fields.map((/** @type {string} */ name, /** @type {number} */ index) => [name, values[index]])) : values[0];
        return html`<button class="node" ?disabled=${!single && values.length === 1} @click=${() => session.go({ store: target.name, prefix: [], sel: key })}>${icon("to")}<span class="cut">${target.name} <span class="dim">${values.map((/** @type {unknown} */ one) => partText(one)).join(" / ")}${this.#name(target, key)}</span></span></button>`;
      })}
      ${incoming.map(({ other, values, fields, filter }) => html`<button class="node" @click=${() => session.go(filter === undefined ? { store: other.name, prefix: values, filter: undefined, off: undefined } : { store: other.name, prefix: [], filter, off: undefined })}>${icon("from")}<span class="cut">${other.name} <span class="dim">${fields.map((name, index) => `${name} = ${partText(values[index])}`).join(", ")}</span></span><span class="count">${this.#count(other, values, filter)}</span></button>`)}
    </div></div>`;
  }

  /** Reads something once for what is shown, and draws again when it is there. @param {string} name @param {() => Promise<any>} read */
  #once(name, read) {
    if (!this.related.has(name)) {
      if (this.related.size > 300) this.related.clear();
      this.related.set(name, undefined);
      void read().then((answer) => {
        this.related.set(name, answer);
        this.requestUpdate();
      }, () => this.related.set(name, null));
    }
    return this.related.get(name);
  }

  /** The first text of a related item, as its name. @param {import("../model/tree.js").Store} target @param {any} key */
  #name(target, key) {
    if (kindOf(key) === "null") return "";
    const { session } = /** @type {Context} */ (this.app);
    const answer = this.#once(`${target.name} ${stringify(key)}`, () => session.api.get(session.path("stores", target.name, "item"), { key: stringify(key) }));
    const name = nameOf(answer?.value);
    return name ? ` · ${name}` : "";
  }

  /** How many items point here, exactly: from the counts of the tree, or by looking where the store is not too large for that. @param {import("../model/tree.js").Store} other @param {unknown[]} values @param {string} [filter] */
  #count(other, values, filter) {
    const { session } = /** @type {Context} */ (this.app);
    if (filter !== undefined && Number(other.count) > MOST_LOOKED_AT) return "";
    const answer = this.#once(`${other.name} count ${filter ?? stringify(values)} ${other.count}`, () => (filter === undefined
      ? session.api.get(session.path("stores", other.name, "count"), { prefix: stringify(values) })
      : session.api.get(session.path("stores", other.name, "items"), { filter, count: true, limit: 1, keys_only: true })));
    return answer ? count(answer.count) : "";
  }
}

customElements.define("sop-inspector", SopInspector);
