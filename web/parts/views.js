// Which part of the application is shown: the rows of a store, the query workbench, settings. What is not rows is loaded
// when it is first wanted. The marks of the rail follow.

const KEEP_MS = 300;

/** @param {import("./context.js").Context} app */
export function wireViews(app) {
  const { session } = app;
  const work = /** @type {HTMLElement} */ (document.getElementById("work"));
  /** @type {Promise<import("./query/workbench.js").SopQuery> | undefined} */
  let loading;
  /** @type {Promise<import("./settings/settings.js").SopSettings> | undefined} */
  let settings;

  const show = async () => {
    const { view } = session.place;
    const query = view === "query";
    const settling = view === "settings" || view === "knowledge";
    work.classList.toggle("querying", query);
    work.classList.toggle("settling", settling);
    for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll(".rail [data-view]"))) {
      const own = link.dataset.view === (settling ? "settings" : (view ?? "browse"));
      if (own) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
      const name = encodeURIComponent(session.place.database ?? "");
      link.href = link.dataset.view === "settings" ? `/settings?db=${name}` : `/d/${name}${link.dataset.view === "query" ? "/q" : ""}`;
    }
    if (settling) {
      try {
        settings ??= import("./settings/settings.js").then(({ startSettings }) => startSettings(app));
        (await settings).opened();
      } catch (error) {
        settings = undefined;
        session.fail(error, "The settings could not be loaded");
      }
    }
    if (!query) return;
    try {
      loading ??= import("./query/workbench.js").then(({ startWorkbench }) => startWorkbench(app));
      (await loading).opened();
    } catch (error) {
      loading = undefined;
      session.fail(error, "The query workbench could not be loaded");
    }
  };

  session.addEventListener("place", () => void show());
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a[data-view]") : null;
    if (!(link instanceof HTMLAnchorElement) || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    const { view } = link.dataset;
    void session.go({ view: view === "query" || view === "settings" ? view : undefined });
  });

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const keep = () => {
    clearTimeout(timer);
    timer = undefined;
    session.keepQueries();
  };
  session.queries.addEventListener("kept", () => {
    timer ??= setTimeout(keep, KEEP_MS);
  });
  window.addEventListener("pagehide", () => timer !== undefined && keep());
  void show();
}
