// The left edge of the dock: drag it, move it by arrows, or press it twice for the other of its two usual widths.

const NAME = "sop.copilot.width";
const LEAST = 320;
const USUAL = 360;
const WIDE = 480;
const STEP = 16;

/** @param {HTMLElement} edge @param {HTMLElement} dock @param {import("../../model/session.js").Storage} storage */
export function wireResize(edge, dock, storage) {
  const most = () => Math.max(LEAST, Math.min(800, innerWidth - 560));
  const set = (/** @type {number} */ width) => {
    const next = Math.round(Math.min(most(), Math.max(LEAST, width)));
    dock.style.setProperty("--dock-width", `${next}px`);
    for (const [name, value] of Object.entries({ "aria-valuemin": LEAST, "aria-valuemax": most(), "aria-valuenow": next })) edge.setAttribute(name, String(value));
    return next;
  };
  const keep = (/** @type {number} */ width) => storage.setItem(NAME, String(width));
  const saved = Number(storage.getItem(NAME));
  set(saved >= LEAST ? saved : innerWidth >= 1360 ? WIDE - 60 : USUAL);
  edge.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    edge.setPointerCapture(event.pointerId);
    const from = event.clientX;
    const width = dock.offsetWidth;
    const move = (/** @type {PointerEvent} */ next) => set(width + from - next.clientX);
    edge.addEventListener("pointermove", move);
    edge.addEventListener("lostpointercapture", () => {
      edge.removeEventListener("pointermove", move);
      keep(dock.offsetWidth);
    }, { once: true });
  });
  edge.addEventListener("dblclick", () => keep(set(dock.offsetWidth >= WIDE ? USUAL : WIDE)));
  edge.addEventListener("keydown", (event) => {
    const step = event.key === "ArrowLeft" ? STEP : event.key === "ArrowRight" ? -STEP : 0;
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    keep(set(dock.offsetWidth + step));
  });
}
