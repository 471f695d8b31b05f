// An edge between two parts of the page: dragged, or moved by arrows; the size of the part is said and kept.

/** The ways in which a part can grow: the arrows that make it larger and smaller, and how far the pointer is along it. */
const WAYS = {
  left: { larger: "ArrowLeft", smaller: "ArrowRight", place: (/** @type {PointerEvent} */ event) => -event.clientX },
  down: { larger: "ArrowDown", smaller: "ArrowUp", place: (/** @type {PointerEvent} */ event) => event.clientY },
};

/** @typedef {{getItem(name: string): string | null, setItem(name: string, value: string): void}} Storage */
/** A part that grows, in pixels: `name` is what its size is kept under, `step` how far an arrow moves its edge. @typedef {{name: string, way: keyof typeof WAYS, least: number, most: () => number, step: number, size: () => number, resize: (pixels: number) => void}} Sized */

/**
 * Lets the edge be moved. Gives what sets a size, says and keeps the present one, and the size that was kept, if there is one.
 * @param {HTMLElement} edge @param {Storage} storage @param {Sized} sized
 * @returns {{set: (pixels: number) => void, say: () => void, keep: () => void, kept: number | undefined}}
 */
export function wireEdge(edge, storage, { name, way, least, most, step, size, resize }) {
  const { larger, smaller, place } = WAYS[way];
  const say = (/** @type {number} */ now) => {
    for (const [attribute, value] of Object.entries({ "aria-valuemin": least, "aria-valuemax": most(), "aria-valuenow": now })) edge.setAttribute(attribute, String(value));
  };
  const set = (/** @type {number} */ pixels) => {
    const next = Math.round(Math.min(most(), Math.max(least, pixels)));
    resize(next);
    say(next);
  };
  const keep = () => storage.setItem(name, String(size()));
  edge.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    edge.setPointerCapture(event.pointerId);
    const from = place(event);
    const before = size();
    const move = (/** @type {PointerEvent} */ next) => set(before + place(next) - from);
    edge.addEventListener("pointermove", move);
    edge.addEventListener("lostpointercapture", () => {
      edge.removeEventListener("pointermove", move);
      keep();
    }, { once: true });
  });
  edge.addEventListener("keydown", (event) => {
    const by = event.key === larger ? step : event.key === smaller ? -step : 0;
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    set(size() + by);
    keep();
  });
  const kept = Number(storage.getItem(name));
  return { set, say: () => say(size()), keep, kept: kept >= least ? kept : undefined };
}
