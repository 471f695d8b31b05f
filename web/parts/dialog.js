// A modal dialog that is drawn again as its contents change. Esc and a press outside close it; the focus goes back.

import { t } from "../strings/shell.js";
import { html, nothing, render } from "../vendor/lit.js";
import { icon } from "./dom.js";

export class Dialog {
  /** @param {{label: string, className?: string, draw: (dialog: Dialog) => unknown, closed?: () => void, sticky?: () => boolean}} how sticky: a press outside does not close it now */
  constructor({ label, className = "", draw, closed, sticky }) {
    this.drawBody = draw;
    this.back = document.activeElement;
    this.closed = closed;
    this.element = document.createElement("dialog");
    this.element.className = `dialog ${className}`;
    this.element.setAttribute("aria-label", label);
    document.getElementById("overlays")?.append(this.element);
    this.element.addEventListener("cancel", (event) => {
      event.preventDefault();
      if (!sticky?.()) this.close();
    });
    this.element.addEventListener("pointerdown", (event) => {
      if (event.target === this.element && !sticky?.() && outside(this.element, event)) this.close();
    });
    this.element.addEventListener("keydown", (event) => event.stopPropagation());
    this.draw();
    this.element.showModal();
    /** @type {HTMLElement | null} */ (this.element.querySelector("[autofocus]"))?.focus();
  }

  draw() {
    render(this.drawBody(this), this.element);
  }

  close() {
    if (!this.element.isConnected) return;
    this.element.close();
    this.element.remove();
    if (this.back instanceof HTMLElement && this.back.isConnected) this.back.focus();
    else document.getElementById("rows")?.focus();
    this.closed?.();
  }
}

/** @param {HTMLElement} element @param {PointerEvent} event */
function outside(element, event) {
  const box = element.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
}

/** The head of a dialog. @param {Dialog} dialog @param {unknown} title @param {unknown} [beside] */
export function dialogHead(dialog, title, beside = nothing) {
  return html`<header><h1>${title}</h1>${beside}<span class="grow"></span><button type="button" class="button only s quiet" aria-label=${t("shared.close")} @click=${() => dialog.close()}>${icon("x", true)}</button></header>`;
}

/** What went wrong, at the foot of the form that it concerns. @param {string} text */
export function fault(text) {
  return text ? html`<div class="notice danger" role="alert">${icon("warning")}<p class="grow">${text}</p></div>` : nothing;
}
