// The left edge of the dock: drag it, move it by arrows, or press it twice for the other of its two usual widths.

import { wireEdge } from "../edge.js";

const LEAST = 320;
const USUAL = 360;
const WIDE = 480;

/** @param {HTMLElement} edge @param {HTMLElement} dock @param {import("../../model/session.js").Storage} storage */
export function wireResize(edge, dock, storage) {
  const { set, keep, kept } = wireEdge(edge, storage, {
    name: "sop.copilot.width",
    way: "left",
    least: LEAST,
    most: () => Math.max(LEAST, Math.min(800, innerWidth - 560)),
    step: 16,
    size: () => dock.offsetWidth,
    resize: (width) => dock.style.setProperty("--dock-width", `${width}px`),
  });
  set(kept ?? (innerWidth >= 1360 ? WIDE - 60 : USUAL));
  edge.addEventListener("dblclick", () => {
    set(dock.offsetWidth >= WIDE ? USUAL : WIDE);
    keep();
  });
}
