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

  function swap() {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try {
      localStorage.setItem(name, root.dataset.theme);
    } catch {
      // It holds for this page then.
    }
  }
  document.addEventListener("sop-theme", swap);
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-theme-swap]")) swap();
  });
})();
