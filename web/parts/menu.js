// A menu at a place: commands with their keys, or choices. Walked by arrows; Esc or a press outside closes it.

import { t } from "../strings/shell.js";
import { html, nothing } from "../vendor/lit.js";
import { Part, icon } from "./dom.js";

/** @typedef {{title: string, icon?: string, key?: string, risk?: boolean, on?: boolean, check?: boolean, detail?: string, stay?: boolean, run: () => unknown} | "rule" | {caption: string}} MenuItem */

export class SopMenu extends Part {
  constructor() {
    super();
    /** @type {MenuItem[]} */
    this.items = [];
    this.at = -1;
    this.label = t("shell.menu");
    this.shown = false;
    /** @type {(() => MenuItem[]) | undefined} */
    this.make = undefined;
    document.addEventListener("pointerdown", (event) => {
      if (this.shown && !(event.target instanceof Node && this.contains(event.target))) this.hide(false);
    }, true);
    window.addEventListener("blur", () => this.hide(false));
    window.addEventListener("resize", () => this.hide(false));
  }

  /**
   * @param {() => MenuItem[]} make called again after a choice that keeps the menu open
   * @param {{x: number, y: number, right?: boolean} | Element} place a point, or the element that it belongs to
   * @param {string} [label]
   */
  async show(make, place, label = t("shell.menu")) {
    this.make = make;
    this.items = make();
    this.label = label;
    this.back = document.activeElement;
    this.at = this.items.findIndex((item) => typeof item === "object" && "run" in item);
    this.shown = true;
    this.requestUpdate();
    await this.updateComplete;
    const list = /** @type {HTMLElement | null} */ (this.querySelector(".menu"));
    if (!list) return;
    const box = place instanceof Element ? place.getBoundingClientRect() : undefined;
    const point = place instanceof Element ? { x: /** @type {DOMRect} */ (box).left, y: /** @type {DOMRect} */ (box).bottom + 4 } : place;
    const size = list.getBoundingClientRect();
    const over = box && box.left + size.width > innerWidth - 8;
    const x = over ? /** @type {DOMRect} */ (box).right - size.width : point.x;
    const y = point.y + size.height > innerHeight - 8 ? Math.max(8, (box ? box.top - 4 : point.y) - size.height) : point.y;
    list.style.left = `${Math.max(8, Math.min(x, innerWidth - size.width - 8))}px`;
    list.style.top = `${y}px`;
    list.focus();
  }

  /** @param {boolean} [back] give the focus back */
  hide(back = true) {
    if (!this.shown) return;
    this.shown = false;
    this.requestUpdate();
    if (back && this.back instanceof HTMLElement) this.back.focus();
  }

  render() {
    if (!this.shown) return nothing;
    return html`<ul class="menu popup" role="menu" aria-label=${this.label} tabindex="-1" aria-activedescendant=${this.at >= 0 ? `menu-${this.at}` : nothing} @keydown=${this.#key}>${this.items.map((item, index) => {
      if (item === "rule") return html`<li class="rule" role="separator"></li>`;
      if ("caption" in item) return html`<li class="caption" role="presentation">${item.caption}</li>`;
      const role = item.check === undefined ? "menuitem" : "menuitemcheckbox";
      return html`<li id="menu-${index}" role=${role} aria-checked=${item.check === undefined ? nothing : String(item.check)} class="${item.risk ? "risk" : ""} ${index === this.at ? "at" : ""}" @pointermove=${() => this.#move(index)} @click=${() => this.#run(index)}
        >${item.check === undefined ? (item.icon ? icon(item.icon, true) : nothing) : html`<span class="tickmark">${item.check ? icon("check", true) : nothing}</span>`}<span class="cut grow">${item.title}</span>${item.detail ? html`<span class="dim">${item.detail}</span>` : nothing}${item.key ? html`<kbd>${item.key}</kbd>` : nothing}</li>`;
    })}</ul>`;
  }

  /** @param {number} index */
  #move(index) {
    if (this.at === index) return;
    this.at = index;
    this.requestUpdate();
  }

  /** @param {number} index */
  #run(index) {
    const item = this.items[index];
    if (typeof item !== "object" || !("run" in item)) return;
    if (item.stay && this.make) {
      item.run();
      this.items = this.make();
      this.requestUpdate();
      return;
    }
    this.hide();
    item.run();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const able = this.items.map((item, index) => (typeof item === "object" && "run" in item ? index : -1)).filter((index) => index >= 0);
    const at = able.indexOf(this.at);
    if (event.key === "ArrowDown") this.#move(able[(at + 1) % able.length]);
    else if (event.key === "ArrowUp") this.#move(able[(at + able.length - 1) % able.length]);
    else if (event.key === "Home") this.#move(able[0]);
    else if (event.key === "End") this.#move(/** @type {number} */ (able.at(-1)));
    else if (event.key === "Enter" || event.key === " ") this.#run(this.at);
    else if (event.key === "Escape" || event.key === "Tab") this.hide();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/** Messages for a while, at the lower right. Errors stay until they are closed. */
export class SopToasts extends Part {
  constructor() {
    super();
    /** @type {{id: number, message: import("../model/session.js").Message}[]} */
    this.list = [];
    this.next = 1;
  }

  /** @param {import("../model/session.js").Message} message */
  add(message) {
    const id = this.next;
    this.next += 1;
    this.list = [...this.list.filter((one) => one.message.text !== message.text), { id, message }].slice(-4);
    this.requestUpdate();
    if (message.kind !== "danger") setTimeout(() => this.#close(id), message.act ? 8000 : 5000);
  }

  /** @param {number} id */
  #close(id) {
    this.list = this.list.filter((one) => one.id !== id);
    this.requestUpdate();
  }

  render() {
    const icons = { ok: "check", warn: "warning", danger: "warning" };
    return html`<div class="toasts" role="region" aria-label=${t("shared.messages")} aria-live="polite">${this.list.map(({ id, message }) => html`<div class="toast ${message.kind}">${icon(icons[message.kind])}<p class="grow">${message.text}</p>${message.act ? html`<button class="button s" @click=${() => { this.#close(id); message.act?.run(); }}>${message.act.title}</button>` : nothing}<button class="button only s quiet" aria-label=${t("shared.close")} @click=${() => this.#close(id)}>${icon("x", true)}</button></div>`)}</div>`;
  }
}

customElements.define("sop-menu", SopMenu);
customElements.define("sop-toasts", SopToasts);
