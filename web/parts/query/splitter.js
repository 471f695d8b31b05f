// The bar between the editor and its results: drag it, or move it by arrows.

const NAME = "sop.query.editor-height";
const LEAST = 68;
const STEP = 22;

/** @param {HTMLElement} bar @param {HTMLElement} above @param {{getItem(name: string): string | null, setItem(name: string, value: string): void}} storage */
export function wireSplitter(bar, above, storage) {
  const most = () => Math.max(LEAST, (above.parentElement?.clientHeight ?? 600) - 180);
  const set = (/** @type {number} */ height) => {
    const next = Math.round(Math.min(most(), Math.max(LEAST, height)));
    above.style.height = `${next}px`;
    for (const [name, value] of Object.entries({ "aria-valuemin": LEAST, "aria-valuemax": most(), "aria-valuenow": next })) bar.setAttribute(name, String(value));
  };
  const keep = () => storage.setItem(NAME, String(above.offsetHeight));
  const saved = Number(storage.getItem(NAME));
  if (saved >= LEAST) set(Math.min(saved, Math.max(200, innerHeight * 0.6)));
  else bar.setAttribute("aria-valuenow", String(above.offsetHeight));
  bar.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    bar.setPointerCapture(event.pointerId);
    const from = event.clientY;
    const height = above.offsetHeight;
    const move = (/** @type {PointerEvent} */ next) => set(height + next.clientY - from);
    bar.addEventListener("pointermove", move);
    bar.addEventListener("lostpointercapture", () => {
      bar.removeEventListener("pointermove", move);
      keep();
    }, { once: true });
  });
  bar.addEventListener("keydown", (event) => {
    const step = event.key === "ArrowDown" ? STEP : event.key === "ArrowUp" ? -STEP : 0;
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    set(above.offsetHeight + step);
    keep();
  });
}
