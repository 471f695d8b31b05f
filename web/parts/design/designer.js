// The design: the diagram of stores and relations, and beside it the store that is designed.
//
// Holds: nothing is made or changed before its review; what was begun is a draft that the browser keeps; the address says
// which store is open and how.

import { count } from "../../core/format.js";
import { stringify } from "../../core/json.js";
import { changeOf, definitionOf, draftOf, emptyDraft, faultsOf } from "../../model/design/definition.js";
import { Drafts, NEW } from "../../model/design/drafts.js";
import { dbmlOf, mermaidOf, svgOf } from "../../model/design/export.js";
import { graphOf, neighbours } from "../../model/design/graph.js";
import { layout } from "../../model/design/layout.js";
import { t } from "../../strings/design.js";
import { html, nothing } from "../../vendor/lit.js";
import { Part, announce, icon } from "../dom.js";
import { saveBlob } from "../save_file.js";
import { textDialog } from "./code_dialog.js";
import { colours, pngOf } from "./picture.js";
import { relationDialog } from "./relation_dialog.js";
import { reviewDesign } from "./review_design.js";
import "./diagram.js";
import "./store_pane.js";

/** @typedef {import("../../model/design/definition.js").Draft} Draft */

const TALL = 640;

/** @param {import("../context.js").Context} app @returns {Promise<SopDesign>} */
export async function startDesigner(app) {
  const design = /** @type {SopDesign} */ (document.getElementById("design"));
  design.start(app);
  app.design = design;
  app.status.follows(design, "design");
  await design.updateComplete;
  return design;
}

export class SopDesign extends Part {
  constructor() {
    super();
    /** @type {import("../context.js").Context} */
    this.app = /** @type {any} */ (undefined);
    /** The card that has the keyboard. @type {string | undefined} */
    this.selected = undefined;
    this.steps = 0;
    this.find = "";
    /** Where cards stand that a person has moved, and where the others stand. @type {{[name: string]: {x: number, y: number}}} */
    this.kept = {};
    /** @type {{[name: string]: {x: number, y: number}}} */
    this.places = {};
    this.database = "";
    this.shape = "";
  }

  /** @param {import("../context.js").Context} app */
  start(app) {
    this.app = app;
    this.session = app.session;
    this.drafts = new Drafts(app.session.storage);
    this.follow(this.session, "place", "stores", "databases");
    this.follow(this.drafts, "change");
    this.session.addEventListener("stores", () => this.dispatchEvent(new Event("figures")));
    this.requestUpdate();
  }

  shouldUpdate() {
    return this.app !== undefined;
  }

  /** It is what is shown now. */
  opened() {
    this.requestUpdate();
    this.dispatchEvent(new Event("figures"));
  }

  get figures() {
    const { stores } = this.app.session;
    return [{ count: count(stores.length), what: t("design.stores_within", { n: stores.length }) }, { count: count(stores.reduce((sum, one) => sum + (one.relations?.length ?? 0), 0)), what: t("design.relations_within") }, { count: count(stores.reduce((sum, one) => sum + Number(one.count), 0)), what: t("design.items_within") }];
  }

  /** The name of the store that is designed: "" is a new one, undefined is none. */
  get open() {
    const { design } = this.app.session.place;
    return design === undefined || design === NEW || this.app.session.storeNamed(design) ? design : undefined;
  }

  /** The draft of a store: what was begun, else the store as it is. @param {string} name @returns {Draft} */
  draft(name) {
    const store = this.app.session.storeNamed(name);
    return this.drafts?.get(name) ?? (store ? draftOf(store) : emptyDraft());
  }

  /** The definition of a store as it is. @param {string} name */
  definition(name) {
    const store = this.app.session.storeNamed(name);
    return store ? definitionOf(draftOf(store)) : undefined;
  }

  /** Whether a draft says anything new. @param {string} name */
  changed(name) {
    const draft = this.drafts?.get(name);
    if (!draft) return false;
    const before = this.definition(name);
    return before === undefined || Object.keys(changeOf(before, definitionOf(draft))).length > 0;
  }

  /** Keeps a draft; one that says nothing new is forgotten. @param {string} name @param {Draft} draft */
  keep(name, draft) {
    const store = this.app.session.storeNamed(name);
    // What is half typed says nothing new yet, and must not be lost.
    const same = store !== undefined && stringify(draftOf(store)) === stringify(draft);
    this.drafts?.keep(name, same ? undefined : draft);
  }

  /** @param {string | undefined} name @param {"json" | "sql" | "items"} [pane] */
  go(name, pane) {
    return this.app.session.go({ view: "design", design: name, pane });
  }

  render() {
    const { session } = this.app;
    this.#follow();
    const { cards, edges } = this.#graph();
    const open = this.open;
    const name = open === NEW ? this.draft(NEW).name || t("shared.new_store") : open;
    const centre = name ?? this.selected;
    const near = this.steps && centre !== undefined ? neighbours(edges, centre, this.steps) : undefined;
    const wanted = this.find.trim().toLowerCase();
    const shown = cards.filter((one) => (near?.has(one.name) ?? true));
    const names = new Set(shown.map((one) => one.name));
    return html`<div class="filters" role="toolbar" aria-label=${t("shared.diagram")}>
        <button class="button s" data-command="new-store">${icon("plus", true)}${t("shared.store")}</button><button class="button s quiet" data-command="relate">${icon("link", true)}${t("design.relation")}</button>
        <label class="field find-store">${icon("search", true)}<input type="search" placeholder=${t("design.find_a_store")} aria-label=${t("design.find_a_store")} .value=${this.find} @input=${(/** @type {any} */ event) => { this.find = event.target.value; this.requestUpdate(); }} @keydown=${this.#findKey}></label>
        <div class="end"><div class="choice" role="group" aria-label=${t("design.neighbours")}>${[1, 2, 0].map((steps) => html`<button aria-pressed=${String(this.steps === steps)} ?disabled=${steps > 0 && centre === undefined} title=${steps ? t("design.only_what_is_this_near") : nothing} @click=${() => { this.steps = steps; this.requestUpdate(); void this.updateComplete.then(() => this.fit()); }}>${steps ? t("shared.n_steps", { n: steps }) : t("shared.all")}</button>`)}</div>
        <button class="button s quiet wide-only" data-command="code">${icon("json", true)}${t("shared.code")}</button><button class="button s quiet wide-only" data-command="diagram-mermaid">${icon("json", true)}${t("design.text")}</button><button class="button only s quiet" aria-label=${t("shared.more")} aria-haspopup="menu" @click=${this.#more}>${icon("more", true)}</button></div></div>
      <div class="design-body">${session.stores.length || this.drafts?.size
        ? html`<sop-diagram .cards=${shown} .edges=${edges.filter((one) => names.has(one.from) && names.has(one.to))} .places=${this.places} .chosen=${name} .found=${wanted ? new Set(shown.filter((one) => one.name.toLowerCase().includes(wanted)).map((one) => one.name)) : undefined} .writable=${session.readOnly === undefined}
          @choose=${(/** @type {CustomEvent} */ event) => { this.selected = event.detail; if (this.steps) this.requestUpdate(); }} @open=${(/** @type {CustomEvent} */ event) => this.#openCard(event.detail)} @moved=${(/** @type {CustomEvent} */ event) => this.#moved(event.detail)} @connect=${(/** @type {CustomEvent} */ event) => this.relate(event.detail)}></sop-diagram>`
        : html`<div class="nothing canvas">${icon("design")}<h2>${t("shared.no_stores_yet")}</h2><p>${t("design.a_store_is_items_in_the_order")}</p><div class="next"><button class="button main" data-command="new-store">${t("shared.new_store")}</button> <button class="button" data-command="demo">${t("shared.demo_shop")}</button></div></div>`}
        ${open === undefined ? nothing : html`<sop-store-pane .design=${this} .store=${open}></sop-store-pane>`}</div>`;
  }

  /** The database or its stores may be others: drafts and places follow. */
  #follow() {
    const database = this.app.session.place.database ?? "";
    if (database === this.database) return;
    this.database = database;
    this.drafts?.open(database);
    this.selected = undefined;
    try {
      this.kept = JSON.parse(this.app.session.storage.getItem(`sop.diagram.${database}`) ?? "{}");
    } catch {
      this.kept = {};
    }
    this.shape = "";
  }

  #graph() {
    const drafts = [...(this.drafts?.list ?? [])].map(([store, draft]) => ({ store, definition: definitionOf(draft) }));
    const graph = graphOf(this.app.session.stores, drafts);
    const shape = JSON.stringify([graph.cards.map((one) => [one.name, one.height]), graph.edges.map((one) => [one.from, one.to])]);
    if (shape !== this.shape) {
      this.shape = shape;
      this.places = { ...layout(graph.cards, graph.edges, { tall: TALL }), ...Object.fromEntries(Object.entries(this.kept).filter(([name, place]) => graph.cards.some((one) => one.name === name) && Number.isFinite(place?.x) && Number.isFinite(place?.y))) };
    }
    return graph;
  }

  /** @param {string} name */
  #openCard(name) {
    this.selected = name;
    const fresh = this.drafts?.get(NEW);
    void this.go(!this.app.session.storeNamed(name) && fresh ? NEW : name);
  }

  /** @param {{name: string, x: number, y: number}} place */
  #moved({ name, x, y }) {
    this.kept = { ...this.kept, [name]: { x, y } };
    this.places = { ...this.places, [name]: { x, y } };
    try {
      this.app.session.storage.setItem(`sop.diagram.${this.database}`, JSON.stringify(this.kept));
    } catch {
      // A full storage: the places live as long as the page.
    }
    this.requestUpdate();
  }

  get diagram() {
    return /** @type {import("./diagram.js").SopDiagram | null} */ (this.querySelector("sop-diagram"));
  }

  fit() {
    this.diagram?.fit();
  }

  /** Forgets where cards were put. */
  arrange() {
    this.kept = {};
    this.app.session.storage.removeItem(`sop.diagram.${this.database}`);
    this.shape = "";
    this.requestUpdate();
    void this.updateComplete.then(() => this.fit());
    announce(t("design.arranged"));
  }

  /** @param {KeyboardEvent} event */
  #findKey(event) {
    if (event.key === "Escape" && this.find) {
      event.stopPropagation();
      this.find = "";
      this.requestUpdate();
    } else if (event.key === "Enter") {
      const wanted = this.find.trim().toLowerCase();
      const found = this.diagram?.cards.find((one) => one.name.toLowerCase() === wanted) ?? this.diagram?.cards.find((one) => one.name.toLowerCase().includes(wanted));
      if (wanted && found) this.diagram?.focusCard(found.name);
    }
  }

  /** @param {Event} event */
  #more(event) {
    const { commands, menu } = this.app;
    /** @param {string} id @returns {import("../menu.js").MenuItem[]} */
    const entry = (id) => {
      const command = commands.get(id);
      return commands.can(command) ? [{ title: commands.title(command), icon: command.icon, key: commands.shortcut(id) || undefined, run: command.run }] : [];
    };
    void menu.show(() => [...entry("fit-diagram"), ...entry("arrange-diagram"), "rule", ...["diagram-svg", "diagram-png", "diagram-mermaid", "diagram-dbml"].flatMap(entry), "rule", ...entry("code")], /** @type {Element} */ (event.currentTarget), t("shared.diagram"));
  }

  // ---- Relations, review, export

  /** Proposes a relation: it becomes part of the draft of its store. @param {{store?: string, field?: string, target?: string, targetField?: string}} [from] */
  relate(from = {}) {
    const name = from.store ?? (this.open || this.selected);
    relationDialog(this.app, { ...from, store: this.app.session.storeNamed(name) ? name : undefined, add: (store, relation) => this.addRelation(store, relation) });
  }

  /** @param {string} store @param {import("../../model/design/definition.js").Relation} relation */
  addRelation(store, relation) {
    const draft = structuredClone(this.draft(store));
    draft.relations = [...draft.relations.filter((one) => one.target_store !== relation.target_store || one.source_fields.join() !== relation.source_fields.join()), relation];
    this.keep(store, draft);
    announce(t("design.relation_is_in_the_draft_of", { from: relation.source_fields.join(", "), to: relation.target_store, store }));
    void this.go(store);
  }

  /** A review was applied: the pane begins anew. */
  applied() {
    /** @type {import("./store_pane.js").SopStorePane | null} */ (this.querySelector("sop-store-pane"))?.again();
  }

  get canReview() {
    const open = this.open;
    return open !== undefined && this.changed(open) && this.app.session.readOnly === undefined && Object.keys(this.faults(open)).length === 0;
  }

  /** @param {string} name */
  faults(name) {
    return faultsOf(this.draft(name), this.app.session.stores.map((one) => one.name).filter((one) => one !== name));
  }

  review() {
    const open = this.open;
    if (open === undefined || !this.canReview) return;
    reviewDesign(this.app, this, open);
  }

  /** @param {"svg" | "png" | "mermaid" | "dbml"} kind */
  async exportAs(kind) {
    const { session } = this.app;
    const name = session.place.database ?? "diagram";
    if (kind === "mermaid" || kind === "dbml") {
      textDialog(this.app, { title: kind === "mermaid" ? t("design.diagram_as_mermaid") : t("design.diagram_as_dbml"), text: kind === "mermaid" ? mermaidOf(session.stores) : dbmlOf(session.stores), file: `${name}.${kind === "mermaid" ? "mmd" : "dbml"}`, other: kind === "mermaid" ? { title: "DBML", run: () => this.exportAs("dbml") } : { title: "Mermaid", run: () => this.exportAs("mermaid") } });
      return;
    }
    try {
      const { cards, edges } = this.#graph();
      const text = svgOf(cards, edges, this.places, colours(this));
      if (kind === "svg") saveBlob(new Blob([text], { type: "image/svg+xml" }), `${name}.svg`);
      else saveBlob(await pngOf(text), `${name}.png`);
    } catch (error) {
      session.fail(error, t("shared.export"));
    }
  }
}

customElements.define("sop-design", SopDesign);
