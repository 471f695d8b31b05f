// The canvas: cards of stores and the lines of their relations. Cards are moved, fields are connected by dragging; all of
// it also by keys.

import { CARD, boundsOf, pathOf } from "../../model/design/graph.js";
import { count } from "../../core/format.js";
import { t } from "../../strings/design.js";
import { html, nothing, repeat, svg } from "../../vendor/lit.js";
import { Part, announce, icon } from "../dom.js";

const LEAST = 0.2;
/** The first sight is not smaller: what does not fit is reached by moving. */
const LEGIBLE = 0.6;
const MOST = 2;
const STEP = 1.2;
const PAN = 60;
const NUDGE = 20;
const PAD = 32;
/** A press that moves less is a click. */
const SLACK = 4;

/** @typedef {import("../../model/design/graph.js").Card} Card */
/** @typedef {{kind: "pan" | "card" | "link" | "pinch", x: number, y: number, name?: string, field?: string, at?: {x: number, y: number}, moved: boolean, apart?: number, scale?: number}} Drag */

export class SopDiagram extends Part {
  constructor() {
    super();
    /** @type {Card[]} */
    this.cards = [];
    /** @type {import("../../model/design/graph.js").Edge[]} */
    this.edges = [];
    /** @type {{[name: string]: {x: number, y: number}}} */
    this.places = {};
    /** @type {string | undefined} the store that is designed */
    this.chosen = undefined;
    /** @type {Set<string> | undefined} */
    this.found = undefined;
    this.writable = true;
    this.x = PAD;
    this.y = PAD;
    this.scale = 1;
    /** The card that the keyboard is at. */
    this.cursor = "";
    /** @type {Drag | undefined} */
    this.drag = undefined;
    /** @type {Map<number, {x: number, y: number}>} */
    this.pointers = new Map();
    /** @type {{x: number, y: number} | undefined} */
    this.loose = undefined;
    this.fitted = "";
    /** @type {string | undefined} */
    this.shownChoice = undefined;
  }

  static properties = { cards: {}, edges: {}, places: {}, chosen: {}, found: {}, writable: {} };

  render() {
    const by = new Map(this.cards.map((one) => [one.name, one]));
    const cursor = by.has(this.cursor) ? this.cursor : this.cards[0]?.name;
    return html`<div class="canvas" role="application" aria-roledescription=${t("design.diagram_within")} aria-label=${t("design.stores_and_relations")} @pointerdown=${this.#down} @pointermove=${this.#move} @pointerup=${this.#up} @pointercancel=${this.#up} @wheel=${this.#wheel} @keydown=${this.#key} @dblclick=${this.#double}
        .style=${`background-position:${this.x}px ${this.y}px;background-size:${20 * this.scale}px ${20 * this.scale}px`}>
      <div class="layer" .style=${`transform:translate(${this.x}px,${this.y}px) scale(${this.scale})`}>
        <svg aria-hidden="true" width="1" height="1">${this.edges.map((edge) => this.#edge(edge, by))}${this.drag?.kind === "link" && this.loose ? this.#loose(by) : nothing}</svg>
        ${repeat(this.cards, (card) => card.name, (card) => this.#card(card, card.name === cursor))}
      </div>
      <div class="tools" role="toolbar" aria-label=${t("shared.view")}><button class="button only s quiet" aria-label=${t("design.smaller")} @click=${() => this.zoom(1 / STEP)}>${icon("minus", true)}</button><button class="button s quiet" aria-label=${t("design.full_size_now", { percent: Math.round(this.scale * 100) })} @click=${() => this.zoom(1 / this.scale)}>${Math.round(this.scale * 100)} %</button><button class="button only s quiet" aria-label=${t("design.larger")} @click=${() => this.zoom(STEP)}>${icon("plus", true)}</button><button class="button only s quiet" aria-label=${t("design.fit")} @click=${() => this.fit()}>${icon("target", true)}</button></div>
    </div>`;
  }

  /** @param {import("../../model/design/graph.js").Edge} edge @param {Map<string, Card>} by */
  #edge(edge, by) {
    const [from, to] = [by.get(edge.from), by.get(edge.to)];
    if (!from || !to || !this.places[edge.from] || !this.places[edge.to]) return nothing;
    const { d, end } = pathOf(from, to, this.places, edge);
    const lit = edge.draft || edge.from === this.chosen || edge.to === this.chosen ? "lit" : "";
    return svg`<path class=${lit} d=${d}></path><circle class=${lit} cx=${end.x} cy=${end.y} r="3"></circle>`;
  }

  /** The line that is being drawn. @param {Map<string, Card>} by */
  #loose(by) {
    const card = by.get(this.drag?.name ?? "");
    if (!card || !this.loose || !this.drag?.at) return nothing;
    const { at } = this.drag;
    return svg`<path class="lit loose" d=${`M${at.x} ${at.y}L${this.loose.x} ${this.loose.y}`}></path>`;
  }

  /** @param {Card} card @param {boolean} cursor */
  #card(card, cursor) {
    const place = this.places[card.name] ?? { x: 0, y: 0 };
    const faint = this.found && !this.found.has(card.name) ? "faint" : "";
    const hit = this.found?.has(card.name) ? "hit" : "";
    return html`<article class="entity ${card.draft ? "draft" : ""} ${card.name === this.chosen ? "chosen" : ""} ${faint} ${hit}" data-card=${card.name} tabindex=${cursor ? 0 : -1} aria-label=${`${card.count === undefined ? t("design.card_draft", { name: card.name }) : t("design.card_of_n_items", { name: card.name, n: count(card.count) })}${card.draft && card.count !== undefined ? t("design.changed") : ""}`} .style=${`left:${place.x}px;top:${place.y}px`} @focus=${() => this.#choose(card.name)}>
      <h2>${icon("store", true)}<span class="cut">${card.name}</span><span class="count">${card.count === undefined ? t("design.draft") : count(card.count)}</span></h2>
      <ul>${card.fields.map((field) => html`<li class=${field.key ? "k" : ""} data-field=${field.name}>${field.key ? icon("key") : field.link ? icon("link") : nothing}<span class="cut">${field.name}</span><span class="type">${field.type}</span>${this.writable && card.count !== undefined ? html`<span class="port" data-port title=${t("design.drag_to_a_field_of_another_store")}></span>` : nothing}</li>`)}${card.more > 0 ? html`<li class="rest">${t("shared.n_more", { n: count(card.more) })}</li>` : nothing}</ul></article>`;
  }

  updated() {
    // The first sight, and each time there are other stores: all of them are in view.
    const names = this.cards.map((one) => one.name).join("\u0000");
    if (this.fitted !== names && this.cards.length) {
      const first = this.fitted === "";
      this.fitted = names;
      if (first) requestAnimationFrame(() => this.fit(1, LEGIBLE));
    }
    const place = this.chosen === undefined ? undefined : this.places[this.chosen];
    const choice = place && `${place.x} ${place.y} ${this.chosen}`;
    if (this.shownChoice !== choice && !this.drag) {
      this.shownChoice = choice;
      if (this.chosen !== undefined) requestAnimationFrame(() => requestAnimationFrame(() => this.#reveal(this.chosen ?? "")));
    }
  }

  /** @param {string} name */
  #choose(name) {
    if (this.cursor !== name) {
      this.cursor = name;
      this.requestUpdate();
    }
    this.dispatchEvent(new CustomEvent("choose", { detail: name }));
  }

  get canvas() {
    return /** @type {HTMLElement} */ (this.querySelector(".canvas"));
  }

  /** Shows all cards, or as many as can be read. @param {number} [most] @param {number} [least] */
  fit(most = 1, least = LEAST) {
    const box = this.canvas?.getBoundingClientRect();
    if (!box?.width || !this.cards.length) return;
    const all = boundsOf(this.cards, this.places);
    this.scale = Math.max(least, Math.min(most, (box.width - 2 * PAD) / all.width, (box.height - 2 * PAD) / all.height));
    this.x = Math.round(Math.max(PAD / 2, Math.min(PAD, (box.width - all.width * this.scale) / 2)) - all.x * this.scale);
    this.y = Math.round(24 - all.y * this.scale);
    this.requestUpdate();
  }

  /** @param {number} by @param {{x: number, y: number}} [around] from the corner of the canvas */
  zoom(by, around) {
    const box = this.canvas.getBoundingClientRect();
    const middle = around ?? { x: box.width / 2, y: box.height / 2 };
    const scale = Math.max(LEAST, Math.min(MOST, this.scale * by));
    this.x = middle.x - ((middle.x - this.x) * scale) / this.scale;
    this.y = middle.y - ((middle.y - this.y) * scale) / this.scale;
    this.scale = scale;
    this.requestUpdate();
  }

  /** Brings a card into view and gives it the keyboard. @param {string} name */
  async focusCard(name) {
    this.cursor = name;
    this.#reveal(name);
    await this.updateComplete;
    this.#element(name)?.focus({ preventScroll: true });
  }

  /** Brings a card into view. @param {string} name */
  #reveal(name) {
    const card = this.cards.find((one) => one.name === name);
    const place = this.places[name];
    if (!card || !place) return;
    const box = this.canvas.getBoundingClientRect();
    if (!box.width) return;
    const [left, top] = [place.x * this.scale + this.x, place.y * this.scale + this.y];
    const [right, bottom] = [left + CARD.width * this.scale, top + card.height * this.scale];
    if (left < 0 || right > box.width) this.x += box.width / 2 - (left + right) / 2;
    if (top < 0 || bottom > box.height) this.y += Math.max(24 - top, box.height / 2 - (top + bottom) / 2);
    this.requestUpdate();
  }

  /** @param {string} name */
  #element(name) {
    return [.../** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll("[data-card]"))].find((one) => one.dataset.card === name);
  }

  /** A point of the window in the measures of the diagram. @param {{clientX: number, clientY: number}} event */
  #point(event) {
    const box = this.canvas.getBoundingClientRect();
    return { x: (event.clientX - box.left - this.x) / this.scale, y: (event.clientY - box.top - this.y) / this.scale };
  }

  // ---- The pointer

  /** @param {PointerEvent} event */
  #down(event) {
    const target = /** @type {Element} */ (event.target);
    if (event.button !== 0 || target.closest(".tools")) return;
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    const start = { x: event.clientX, y: event.clientY, moved: false };
    if (this.pointers.size === 2) {
      this.drag = { kind: "pinch", ...start, apart: this.#apart(), scale: this.scale };
      return;
    }
    const card = /** @type {HTMLElement | null} */ (target.closest("[data-card]"));
    const name = card?.dataset.card;
    const port = target.closest("[data-port]");
    if (card && name !== undefined && port) {
      const field = /** @type {HTMLElement | null} */ (port.closest("[data-field]"));
      const point = this.#point(event);
      this.drag = { kind: "link", ...start, name, field: field?.dataset.field, at: point };
      this.loose = point;
    } else if (card && name !== undefined) this.drag = { kind: "card", ...start, name, at: { ...(this.places[name] ?? { x: 0, y: 0 }) } };
    else this.drag = { kind: "pan", ...start, at: { x: this.x, y: this.y } };
    if (card) card.focus({ preventScroll: true });
    else this.#element(this.cursor)?.blur();
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
  }

  #apart() {
    const [a, b] = [...this.pointers.values()];
    return Math.hypot(a.x - b.x, a.y - b.y);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (this.pointers.has(event.pointerId)) this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    const { drag } = this;
    if (!drag) return;
    if (drag.kind === "pinch") {
      if (this.pointers.size < 2) return;
      const [a, b] = [...this.pointers.values()];
      const box = this.canvas.getBoundingClientRect();
      this.zoom((/** @type {number} */ (drag.scale) * this.#apart()) / Math.max(1, /** @type {number} */ (drag.apart)) / this.scale, { x: (a.x + b.x) / 2 - box.left, y: (a.y + b.y) / 2 - box.top });
      return;
    }
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    if (!drag.moved && Math.hypot(dx, dy) < SLACK) return;
    drag.moved = true;
    if (drag.kind === "pan" && drag.at) {
      this.x = drag.at.x + dx;
      this.y = drag.at.y + dy;
    } else if (drag.kind === "card" && drag.at && drag.name !== undefined) {
      this.places = { ...this.places, [drag.name]: { x: Math.round(drag.at.x + dx / this.scale), y: Math.round(drag.at.y + dy / this.scale) } };
    } else if (drag.kind === "link") {
      this.loose = this.#point(event);
      const over = this.#fieldAt(event);
      for (const one of this.querySelectorAll("li.target")) one.classList.remove("target");
      over?.element.classList.add("target");
    }
    this.requestUpdate();
  }

  /** @param {PointerEvent} event */
  #fieldAt(event) {
    const element = /** @type {HTMLElement | null} */ (document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-field]") ?? null);
    const card = /** @type {HTMLElement | null} */ (element?.closest("[data-card]") ?? null);
    return element && card ? { element, store: card.dataset.card ?? "", field: element.dataset.field ?? "" } : undefined;
  }

  /** @param {PointerEvent} event */
  #up(event) {
    this.pointers.delete(event.pointerId);
    const { drag } = this;
    if (!drag || (drag.kind === "pinch" && this.pointers.size > 0)) return;
    this.drag = undefined;
    this.loose = undefined;
    if (this.canvas.hasPointerCapture(event.pointerId)) this.canvas.releasePointerCapture(event.pointerId);
    if (event.type === "pointercancel") return this.requestUpdate();
    if (drag.kind === "card" && drag.name !== undefined) {
      if (drag.moved) this.dispatchEvent(new CustomEvent("moved", { detail: { name: drag.name, ...this.places[drag.name] } }));
      else this.dispatchEvent(new CustomEvent("open", { detail: drag.name }));
    } else if (drag.kind === "link" && drag.moved) {
      for (const one of this.querySelectorAll("li.target")) one.classList.remove("target");
      const over = this.#fieldAt(event);
      if (over && !(over.store === drag.name && over.field === drag.field)) this.dispatchEvent(new CustomEvent("connect", { detail: { store: drag.name, field: drag.field, target: over.store, targetField: over.field } }));
    }
    this.requestUpdate();
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const box = this.canvas.getBoundingClientRect();
    if (event.ctrlKey || event.metaKey) return this.zoom(Math.exp(-event.deltaY / 300), { x: event.clientX - box.left, y: event.clientY - box.top });
    this.x -= event.shiftKey && !event.deltaX ? event.deltaY : event.deltaX;
    this.y -= event.shiftKey && !event.deltaX ? 0 : event.deltaY;
    this.requestUpdate();
  }

  /** @param {MouseEvent} event */
  #double(event) {
    if (!(/** @type {Element} */ (event.target).closest("[data-card], .tools"))) this.fit();
  }

  // ---- Keys

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || !(event.target instanceof HTMLElement) || event.target.closest(".tools")) return;
    const name = event.target.closest("[data-card]") ? this.cursor : undefined;
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (way && name !== undefined && event.altKey) this.#nudge(name, way[0], way[1]);
    else if (way && name !== undefined && !event.shiftKey) this.#step(name, way[0], way[1]);
    else if (way) {
      this.x -= way[0] * PAN;
      this.y -= way[1] * PAN;
      this.requestUpdate();
    } else if (event.altKey) return;
    else if (event.key === "Enter" && name !== undefined) this.dispatchEvent(new CustomEvent("open", { detail: name }));
    else if (event.key.toLowerCase() === "r" && name !== undefined && this.writable) this.dispatchEvent(new CustomEvent("connect", { detail: { store: name } }));
    else if (event.key === "+" || event.key === "=") this.zoom(STEP);
    else if (event.key === "-") this.zoom(1 / STEP);
    else if (event.key === "0") this.fit();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {string} name @param {number} dx @param {number} dy */
  #nudge(name, dx, dy) {
    const place = this.places[name];
    if (!place) return;
    this.dispatchEvent(new CustomEvent("moved", { detail: { name, x: place.x + dx * NUDGE, y: place.y + dy * NUDGE } }));
    announce(t("design.name_moved", { name }));
  }

  /** To the nearest card that way. @param {string} name @param {number} dx @param {number} dy */
  #step(name, dx, dy) {
    const middle = (/** @type {Card} */ card) => ({ x: (this.places[card.name]?.x ?? 0) + CARD.width / 2, y: (this.places[card.name]?.y ?? 0) + card.height / 2 });
    const own = this.cards.find((one) => one.name === name);
    if (!own) return;
    const here = middle(own);
    let best = { far: Infinity, name: "" };
    for (const card of this.cards) {
      if (card.name === name) continue;
      const there = middle(card);
      const along = (there.x - here.x) * dx + (there.y - here.y) * dy;
      const aside = Math.abs((there.x - here.x) * dy) + Math.abs((there.y - here.y) * dx);
      if (along > 0 && along + 2 * aside < best.far) best = { far: along + 2 * aside, name: card.name };
    }
    if (best.name) void this.focusCard(best.name);
  }
}

customElements.define("sop-diagram", SopDiagram);
