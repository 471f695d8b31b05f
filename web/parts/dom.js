// Small things that every part uses: icons, a base element in light DOM, announcements.

import { LitElement, html } from "../vendor/lit.js";

const ICONS = new URL("../icons.svg", import.meta.url).href;

/** An icon of 16 px, or of 14 px. @param {string} name @param {boolean} [small] */
export function icon(name, small = false) {
  return html`<svg class=${small ? "icon s" : "icon"} aria-hidden="true"><use href="${ICONS}#${name}"></use></svg>`;
}

/** The same as an element. @param {string} name @param {boolean} [small] */
export function iconElement(name, small = false) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", small ? "icon s" : "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${ICONS}#${name}`);
  svg.append(use);
  return svg;
}

/** @param {string} tag @param {string} [className] @param {string} [text] */
export function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

/** A part in the page's own tree: the shared styles reach it. What the server put there gives way to its first drawing. */
export class Part extends LitElement {
  createRenderRoot() {
    this.replaceChildren();
    return this;
  }

  /** Draws again when one of these events comes. @param {EventTarget} source @param {...string} events */
  follow(source, ...events) {
    for (const event of events) source.addEventListener(event, () => this.requestUpdate());
  }
}

/** Says something to screen readers. @param {string} text */
export function announce(text) {
  const place = document.getElementById("announcer");
  if (!place) return;
  place.textContent = "";
  requestAnimationFrame(() => {
    place.textContent = text;
  });
}

/** Puts text on the clipboard. @param {string} text @returns {Promise<boolean>} */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Saves what an address answers as a file. @param {string} url @param {string} name */
export function download(url, name) {
  const link = /** @type {HTMLAnchorElement} */ (make("a"));
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
}

/** Whether keys go into a text. @param {EventTarget | null} target */
export function isTextField(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || (target instanceof HTMLInputElement && !/^(?:checkbox|radio|button|submit|file)$/.test(target.type)));
}
