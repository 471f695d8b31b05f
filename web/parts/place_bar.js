// The bar at the right of the grid: where the rows in view lie in the order of keys. Press on a place or drag.

import { t } from "../strings/shell.js";

const SVG = "http://www.w3.org/2000/svg";
const LEAST_PERCENT = 3;

/** The bar. Says `go` with a share between 0 and 1. */
export class PlaceBar {
  /** @param {(share: number, done: boolean) => void} go */
  constructor(go) {
    this.go = go;
    this.element = document.createElement("div");
    this.element.className = "place";
    this.element.tabIndex = -1;
    for (const [name, value] of Object.entries({ role: "scrollbar", "aria-label": t("shell.place_in_key_order"), "aria-controls": "rows", "aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": "0", "aria-orientation": "vertical" })) this.element.setAttribute(name, value);
    this.svg = document.createElementNS(SVG, "svg");
    this.svg.setAttribute("aria-hidden", "true");
    this.marks = document.createElementNS(SVG, "g");
    this.thumb = document.createElementNS(SVG, "rect");
    for (const [name, value] of Object.entries({ x: "3", width: "6", rx: "3" })) this.thumb.setAttribute(name, value);
    this.svg.append(this.marks, this.thumb);
    this.element.append(this.svg);
    this.grip = 0;
    this.size = 1;
    this.start = 0;
    this.element.addEventListener("pointerdown", (event) => this.#press(event));
    this.element.addEventListener("pointermove", (event) => this.#drag(event));
    this.element.addEventListener("pointerup", (event) => this.#release(event));
    this.element.addEventListener("pointercancel", (event) => this.#release(event));
  }

  /** @param {number} top @param {number} view @param {number} height all in pixels */
  show(top, view, height) {
    const all = height <= view || height === 0;
    this.element.classList.toggle("whole", all);
    const size = all ? 100 : Math.max(LEAST_PERCENT, (view / height) * 100);
    const share = height > view ? top / (height - view) : 0;
    this.size = size / 100;
    this.start = share * (1 - this.size);
    this.thumb.setAttribute("y", `${this.start * 100}%`);
    this.thumb.setAttribute("height", `${size}%`);
    this.element.setAttribute("aria-valuenow", String(Math.round(share * 100)));
  }

  /** Marks where groups of keys begin. @param {number[]} shares */
  mark(shares) {
    this.marks.replaceChildren(...shares.slice(0, 60).map((share) => {
      const line = document.createElementNS(SVG, "line");
      for (const [name, value] of Object.entries({ x1: "2", x2: "10", y1: `${share * 100}%`, y2: `${share * 100}%` })) line.setAttribute(name, value);
      return line;
    }));
  }

  /** @param {PointerEvent} event */
  #at(event) {
    const box = this.element.getBoundingClientRect();
    return (event.clientY - box.top) / Math.max(1, box.height);
  }

  /** @param {PointerEvent} event */
  #press(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.element.setPointerCapture(event.pointerId);
    const at = this.#at(event);
    this.grip = at >= this.start && at <= this.start + this.size ? at - this.start : this.size / 2;
    this.#drag(event);
  }

  /** @param {PointerEvent} event @param {boolean} [done] */
  #drag(event, done = false) {
    if (!this.element.hasPointerCapture(event.pointerId)) return;
    const share = (this.#at(event) - this.grip) / Math.max(0.0001, 1 - this.size);
    this.go(Math.min(1, Math.max(0, share)), done);
  }

  /** @param {PointerEvent} event */
  #release(event) {
    this.#drag(event, true);
    if (this.element.hasPointerCapture(event.pointerId)) this.element.releasePointerCapture(event.pointerId);
  }
}
