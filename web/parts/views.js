// Which part of the application is shown: the rows of a store, or the query workbench, which is loaded when it is first
// wanted. The marks of the rail follow.

const KEEP_MS = 300;

/** @param {import("./context.js").Context} app */
export function wireViews(app) {
  const { session } = app;
  const work = /** @type {HTMLElement} */ (document.getElementById("work"));
  /** @type {Promise<import("./query/workbench.js").SopQuery> | undefined} */
  let loading;

  const show = async () => {
    const query = session.place.view === "query";
    work.classList.toggle("querying", query);
    for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll(".rail [data-view]"))) {
      const own = link.dataset.view === (query ? "query" : "browse");
      if (own) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
      link.href = `/d/${encodeURIComponent(session.place.database ?? "")}${link.dataset.view === "query" ? "/q" : ""}`;
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
    void session.go({ view: link.dataset.view === "query" ? "query" : undefined });
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
