// Arrow keys in a row of tabs or choices: the next one has the focus and is chosen.

/** Arrows walk the tabs of the list that the handler is on. @param {KeyboardEvent} event */
export function walkTabs(event) {
  if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
  const list = [.../** @type {NodeListOf<HTMLElement>} */ (/** @type {HTMLElement} */ (event.currentTarget).querySelectorAll("[role='tab']"))];
  const at = list.indexOf(/** @type {HTMLElement} */ (event.target));
  const next = list[(at + (event.key === "ArrowRight" ? 1 : list.length - 1)) % list.length];
  event.preventDefault();
  event.stopPropagation();
  next.focus();
  next.click();
}

/** Arrows walk the choices that are shown. @param {KeyboardEvent} event */
export function walkFaces(event) {
  const by = event.key === "ArrowRight" || event.key === "ArrowDown" ? 1 : event.key === "ArrowLeft" || event.key === "ArrowUp" ? -1 : 0;
  if (!by) return;
  event.preventDefault();
  const own = /** @type {HTMLElement} */ (event.currentTarget);
  const list = /** @type {HTMLElement[]} */ ([.../** @type {HTMLElement} */ (own.parentElement).children]).filter((one) => one.getClientRects().length > 0);
  const next = list[(list.indexOf(own) + by + list.length) % list.length];
  next.click();
  next.focus();
}
