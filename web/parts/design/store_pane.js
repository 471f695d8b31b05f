// The pane of one store: its design as a form, as JSON, as SQL, and what its items show.
//
// Holds: form and JSON change the same draft; what may not change now is held and says why; nothing is sent but looks.

import { parse, stringify } from "../../core/json.js";
import { createStatement } from "../../model/design/ddl.js";
import { changeOf, definitionOf, draftOf, keyOf, locksOf } from "../../model/design/definition.js";
import { previewSql } from "../../model/design/discover.js";
import { NEW } from "../../model/design/drafts.js";
import { t } from "../../strings/design.js";
import { html, nothing } from "../../vendor/lit.js";
import { Part, copyText, icon } from "../dom.js";
import { walkTabs } from "../walk.js";
import { discovery, Discovery } from "./discovery.js";
import { storeForm } from "./store_form.js";

/** @typedef {import("../../model/design/definition.js").Draft} Draft */
/** @typedef {"form" | "json" | "sql" | "items"} Pane */

const REST_MS = 250;
const LOOK_MS = 8_000;

export class SopStorePane extends Part {
  static properties = { design: {}, store: {} };

  constructor() {
    super();
    /** @type {import("./designer.js").SopDesign} */
    this.design = /** @type {any} */ (undefined);
    this.store = "";
    /** What was typed as JSON and is not yet, or not any more, a design. */
    this.text = /** @type {string | undefined} */ (undefined);
    this.textFault = "";
    this.seedText = /** @type {string | undefined} */ (undefined);
    /** Whether the order of a store with items may be edited now. */
    this.reordering = false;
    /** @type {{asked: string, verdict?: any, fault?: string}} */
    this.cel = { asked: "" };
    /** @type {[string, string]} */
    this.pair = ["", ""];
    /** What looks at relations gave, by their text. @type {Map<string, {looked: number, found: number, lost?: unknown} | "waiting" | {fault: string}>} */
    this.looks = new Map();
    this.of = "";
    /** @type {Discovery | undefined} */
    this.discovery = undefined;
  }

  firstUpdated() {
    this.follow(this.session, "place", "stores", "databases");
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    const of = `${this.design.app.session.place.database}/${this.store}`;
    if (!changed.has("store") && of === this.of) return;
    if (of === this.of) return;
    this.of = of;
    this.text = undefined;
    this.textFault = "";
    this.seedText = undefined;
    this.reordering = false;
    this.cel = { asked: "" };
    this.pair = ["", ""];
    this.looks.clear();
    this.discovery = undefined;
    const draft = this.design.draft(this.store);
    const before = this.known;
    // A draft that was kept may have begun to change the order.
    if (before && Number(before.count) > 0 && stringify(keyOf(draft)) !== stringify(keyOf(draftOf(before)))) this.reordering = true;
  }

  /** Begins anew with the store as it is. */
  again() {
    this.of = "";
    this.requestUpdate();
  }

  get session() {
    return this.design.app.session;
  }
  /** The store as it is, undefined for a new one. */
  get known() {
    return this.store === NEW ? undefined : this.session.storeNamed(this.store);
  }
  get draft() {
    return this.design.draft(this.store);
  }
  /** @returns {Pane} */
  get pane() {
    const { pane } = this.session.place;
    return pane === "code" || pane === "versions" || (pane === "items" && !this.known) ? "form" : (pane ?? "form");
  }

  /** Changes the draft. @param {(draft: Draft) => void} change */
  change(change) {
    const draft = structuredClone(this.draft);
    change(draft);
    this.text = undefined;
    this.textFault = "";
    this.design.keep(this.store, draft);
    this.requestUpdate();
  }

  render() {
    const { known, pane } = this;
    const locks = locksOf(known, this.session.readOnly);
    const changed = this.design.changed(this.store);
    const title = known ? this.store : this.draft.name.trim() || t("shared.new_store");
    const tabs = /** @type {[Pane, string][]} */ ([["form", t("shared.form")], ["json", "JSON"], ["sql", "SQL"], ...(known ? [["items", t("shared.items")]] : [])]);
    return html`<section class="pane panel" aria-label=${t("design.store_title", { title })}>
      <div class="head"><h2 class="cut">${title}</h2>${known ? (changed ? html`<span class="tag update">${t("shared.changed")}</span>` : html`<span class="small dim">${t("shared.n_items", { n: Number(known.count) })}</span>`) : html`<span class="tag insert">${t("shared.new_store")}</span>`}<span class="grow"></span>
        ${known ? html`<button class="button only s quiet" aria-label=${t("shared.more")} aria-haspopup="menu" @click=${this.#more}>${icon("more", true)}</button>` : nothing}<button class="button only s quiet" aria-label=${t("shared.close")} @click=${() => this.design.go(undefined)}>${icon("x", true)}</button></div>
      <div class="subtabs"><div role="tablist" aria-label=${t("design.show_as")} @keydown=${walkTabs}>${tabs.map(([id, name]) => html`<button role="tab" id="pane-tab-${id}" aria-selected=${String(id === pane)} aria-controls="store-pane-body" tabindex=${id === pane ? 0 : -1} @click=${() => this.design.go(this.store, id === "form" ? undefined : id)}>${name}</button>`)}</div>
        ${pane === "sql" || pane === "json" ? html`<div class="end"><button class="button only s quiet" aria-label=${t("shared.copy")} @click=${this.#copy}>${icon("copy", true)}</button></div>` : nothing}</div>
      <div class="scroll" id="store-pane-body" role="tabpanel" aria-labelledby="pane-tab-${pane}" tabindex="0">${pane === "json" ? this.#json() : pane === "sql" ? this.#sql() : pane === "items" ? this.#items() : storeForm(this, locks)}</div>
      ${pane === "items" ? nothing : this.#foot(changed)}</section>`;
  }

  /** @param {boolean} changed */
  #foot(changed) {
    const faults = Object.values(this.design.faults(this.store));
    const fault = this.textFault || (changed ? faults[0] : "");
    return html`<div class="panel-foot"><span class="small ${fault ? "fail" : "dim"} cut grow" title=${fault || nothing} role="status">${fault || (this.session.readOnly ?? (changed ? t("design.nothing_is_made_until_reviewed") : t("design.as_it_is")))}</span>
      ${changed || this.store === NEW ? html`<button class="button quiet" @click=${this.#discard}>${t("design.discard")}</button>` : nothing}<button class="button main" data-command="review-design" ?disabled=${!this.design.canReview || this.textFault !== ""}>${this.known ? html`${t("shared.review")}<kbd class="wide-only">Ctrl S</kbd>` : t("design.review_store")}</button></div>`;
  }

  updated() {
    this.#tryCel();
    this.#look();
  }

  #discard() {
    const { store } = this;
    const { drafts, app } = this.design;
    const gone = drafts?.get(store);
    drafts?.keep(store, undefined);
    this.of = "";
    this.requestUpdate();
    if (gone) app.session.say({ kind: "ok", text: store ? t("design.the_changes_of_are_discarded", { store }) : t("design.the_new_store_is_discarded"), act: { title: t("shared.undo"), run: () => { drafts?.keep(store, gone); void this.design.go(store); } } });
    if (store === NEW) void this.design.go(undefined);
  }

  /** @param {Event} event */
  #more(event) {
    const { commands, menu, session } = this.design.app;
    const { store } = this;
    /** @param {string} id @returns {import("../menu.js").MenuItem[]} */
    const entry = (id) => {
      const command = commands.get(id);
      return commands.can(command) ? [{ title: commands.title(command), icon: command.icon, risk: command.risk, run: command.run }] : [];
    };
    void menu.show(() => [{ title: t("design.show_the_rows"), icon: "browse", run: () => session.go({ store, prefix: [], at: undefined, sel: undefined }) }, "rule", ...entry("rename-store"), ...entry("duplicate-store"), ...entry("empty-store"), ...entry("drop-store")], /** @type {Element} */ (event.currentTarget), store);
  }

  // ---- JSON and SQL

  #json() {
    const text = this.text ?? stringify(definitionOf(this.draft), 2);
    return html`<div class="code-pane"><textarea class="code" spellcheck="false" autocomplete="off" aria-label=${t("design.definition_as_json")} aria-invalid=${String(this.textFault !== "")} aria-describedby="json-fault" ?readonly=${this.session.readOnly !== undefined} .value=${text} @input=${this.#typed}></textarea>
      <p class="code-note ${this.textFault ? "fail" : "dim"}" id="json-fault" role="status">${this.textFault || t("design.the_form_follows_as_you_type")}</p></div>`;
  }

  /** @param {any} event */
  #typed(event) {
    this.text = String(event.target.value);
    this.textFault = "";
    try {
      const value = parse(this.text);
      const fault = shapeFault(value, this.known, this.reordering);
      if (fault) this.textFault = fault;
      else this.design.keep(this.store, draftOf({ ...value, count: undefined }));
    } catch (error) {
      this.textFault = error instanceof Error ? error.message : String(error);
    }
    this.requestUpdate();
  }

  #sql() {
    return html`<div class="code-pane"><pre class="code scroll" tabindex="0" aria-label=${t("design.definition_as_sql")}>${createStatement(this.draft)}</pre><p class="code-note dim">${t("design.what_would_make_this_store")} ${this.known ? t("design.it_is_there_already") : nothing} <button class="button s quiet" @click=${this.#query}>${icon("query", true)}${t("design.open_in_the_workbench")}</button></p></div>`;
  }

  #query() {
    this.session.queries.add({ text: createStatement(this.draft) });
    void this.session.go({ view: "query" });
  }

  async #copy() {
    const text = this.pane === "sql" ? createStatement(this.draft) : (this.text ?? stringify(definitionOf(this.draft), 2));
    this.session.say((await copyText(text)) ? { kind: "ok", text: t("design.copied") } : { kind: "warn", text: t("shared.clipboard_refused") });
  }

  #items() {
    this.discovery ??= new Discovery(this.design.app, this.store, () => this.requestUpdate());
    return discovery(this, this.discovery);
  }

  // ---- Looks: expressions and relations

  /** Tries the expression once typing rests. */
  #tryCel() {
    const { draft } = this;
    const text = draft.composite && draft.orderBy && draft.expression.trim() ? stringify([keyOf(draft), this.known?.name ?? null, this.pair]) : "";
    if (text === this.cel.asked) return;
    this.cel = { asked: text, verdict: text ? this.cel.verdict : undefined };
    clearTimeout(this.timer);
    if (text) this.timer = setTimeout(() => void this.#askCel(text, draft), REST_MS);
  }

  /** @param {string} asked @param {Draft} draft */
  async #askCel(asked, draft) {
    const { cel: _, ...key } = /** @type {any} */ (keyOf(draft));
    const pairs = [];
    try {
      if (this.pair[0].trim() && this.pair[1].trim()) pairs.push([parse(this.pair[0]), parse(this.pair[1])]);
    } catch {
      // Half a key is not compared.
    }
    try {
      const verdict = await this.session.api.post(this.session.path("cel", "check"), { key, cel: { [draft.orderBy]: draft.expression.trim() }, store: this.known && Number(this.known.count) ? this.known.name : undefined, pairs });
      if (this.cel.asked === asked) this.cel = { asked, verdict };
    } catch (error) {
      if (this.cel.asked === asked) this.cel = { asked, fault: error instanceof Error ? error.message : String(error) };
    }
    this.requestUpdate();
  }

  /** Looks how many values of each relation find their target. */
  #look() {
    const { known } = this;
    if (!known || !Number(known.count) || this.pane === "sql" || this.pane === "json") return;
    for (const relation of this.draft.relations) {
      const id = stringify(relation);
      if (this.looks.has(id) || !this.session.storeNamed(relation.target_store) || [...relation.source_fields, ...relation.target_fields].some((one) => !one)) continue;
      this.looks.set(id, "waiting");
      void look(this.session, this.store, relation).then((found) => {
        this.looks.set(id, found);
        this.requestUpdate();
      });
    }
  }
}

/** Looks at the values of a relation. @param {import("../../model/session.js").Session} session @param {string} store @param {import("../../model/design/definition.js").Relation} relation @returns {Promise<{looked: number, found: number, lost?: unknown} | {fault: string}>} */
export async function look(session, store, relation) {
  try {
    const answer = await session.api.post(session.path("query"), { sql: previewSql(store, relation), timeout_ms: LOOK_MS });
    const [looked, found, lost] = answer.rows[0];
    return { looked: Number(looked), found: Number(found), lost };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}

/** Why a text is no definition that may be taken over. @param {any} value @param {any} known @param {boolean} reordering */
function shapeFault(value, known, reordering) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return t("design.a_definition_is_an_object");
  const allowed = ["name", "description", "key", "unique", "slot_length", "leaf_load_balancing", "placement", "schema", "relations", "cache"];
  const other = Object.keys(value).find((name) => !allowed.includes(name));
  if (other !== undefined) return t("design.there_is_no_setting", { setting: other, allowed: allowed.join(", ") });
  if (!value.key || typeof value.key !== "object" || typeof value.key.type !== "string") return t("design.the_key_needs_a_type", { example: '{"type": "i64"}' });
  if (value.key.type === "composite" && (!Array.isArray(value.key.fields) || value.key.fields.some((/** @type {any} */ one) => typeof one?.name !== "string" || typeof one?.type !== "string"))) return t("design.a_composite_key_has_fields");
  if (value.schema !== undefined && !Array.isArray(value.schema?.fields ?? [])) return t("design.the_fields_of_the_schema");
  if (value.relations !== undefined && (!Array.isArray(value.relations) || value.relations.some((/** @type {any} */ one) => !Array.isArray(one?.source_fields) || !Array.isArray(one?.target_fields)))) return t("design.a_relation_has_source_fields");
  if (!known) return "";
  if (value.name !== undefined && value.name !== known.name) return t("design.the_name_changes_by_rename");
  if (!Number(known.count)) return "";
  const change = changeOf(definitionOf(draftOf(known)), definitionOf(draftOf({ ...value, count: undefined })));
  const fixed = ["unique", "slot_length", "leaf_load_balancing", "placement", ...(reordering ? [] : ["key"])].find((name) => name in change);
  return fixed ? t("design.is_fixed_while_the_store_has_items", { setting: fixed }) : "";
}

customElements.define("sop-store-pane", SopStorePane);
