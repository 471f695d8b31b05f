// The bar between the editor and its results: drag it, or move it by arrows.

import { wireEdge } from "../edge.js";

const LEAST = 68;

/** @param {HTMLElement} bar @param {HTMLElement} above @param {import("../edge.js").Storage} storage */
export function wireSplitter(bar, above, storage) {
  const { set, say, kept } = wireEdge(bar, storage, {
    name: "sop.query.editor-height",
    way: "down",
    least: LEAST,
    most: () => Math.max(LEAST, (above.parentElement?.clientHeight ?? 600) - 180),
    step: 22,
    size: () => above.offsetHeight,
    resize: (height) => {
      above.style.height = `${height}px`;
    },
  });
  if (kept === undefined) say();
  else set(Math.min(kept, Math.max(200, innerHeight * 0.6)));
}
