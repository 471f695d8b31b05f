// Light or dark, before anything is drawn: what was chosen here last, else what the system says.
(() => {
  const root = document.documentElement;
  const name = "sop.theme";
  let chosen = null;
  try {
    chosen = localStorage.getItem(name);
  } catch {
    // Without storage the system's choice holds.
  }
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;

  /** Changes to the other one, or to what an event names: light, dark, or system. */
  function swap(/** @type {any} */ event) {
    const wanted = typeof event?.detail === "string" ? event.detail : "";
    if (wanted === "system") {
      delete root.dataset.theme;
      try {
        localStorage.removeItem(name);
      } catch {
        // Nothing was kept.
      }
      return;
    }
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    const next = wanted === "light" || wanted === "dark" ? wanted : dark ? "light" : "dark";
    root.dataset.theme = next;
    try {
      localStorage.setItem(name, next);
    } catch {
      // It holds for this page then.
    }
  }
  document.addEventListener("sop-theme", swap);
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-theme-swap]")) swap(undefined);
  });
})();
