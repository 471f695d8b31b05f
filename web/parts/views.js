// Which part of the application is shown: the rows of a store, or a part that is loaded when it is first wanted. The
// marks of the rail follow.

const KEEP_MS = 300;

/** @typedef {{opened(): void}} Shown */

/**
 * The parts beside the rows: their place in the address, the class of the work area, what loads them.
 * @type {{[view: string]: {path: string, name: string, title: string, load: (app: import("./context.js").Context) => Promise<Shown>}}}
 */
const VIEWS = {
  query: { path: "/q", name: "querying", title: "The query workbench", load: async (app) => (await import("./query/workbench.js")).startWorkbench(app) },
  design: { path: "/design", name: "designing", title: "The design", load: async (app) => (await import("./design/designer.js")).startDesigner(app) },
  databases: { path: "/databases", name: "administering", title: "The page of databases", load: async (app) => (await import("./design/databases.js")).startDatabases(app) },
};

/** @param {import("./context.js").Context} app */
export function wireViews(app) {
  const { session } = app;
  const work = /** @type {HTMLElement} */ (document.getElementById("work"));
  /** @type {Map<string, Promise<Shown>>} */
  const loading = new Map();

  const show = async () => {
    const view = session.place.view ?? "";
    for (const [name, one] of Object.entries(VIEWS)) work.classList.toggle(one.name, name === view);
    for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll(".rail [data-view]"))) {
      const own = link.dataset.view ?? "";
      if (own === (view || "browse")) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
      link.href = `/d/${encodeURIComponent(session.place.database ?? "")}${VIEWS[own]?.path ?? ""}`;
    }
    const wanted = VIEWS[view];
    if (!wanted) return;
    try {
      if (!loading.has(view)) loading.set(view, wanted.load(app));
      const part = await loading.get(view);
      if (session.place.view === view) part?.opened();
    } catch (error) {
      loading.delete(view);
      session.fail(error, `${wanted.title} could not be loaded`);
    }
  };

  session.addEventListener("place", () => void show());
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a[data-view]") : null;
    if (!(link instanceof HTMLAnchorElement) || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    const view = link.dataset.view ?? "";
    void session.go({ view: view in VIEWS ? /** @type {any} */ (view) : undefined, design: undefined, pane: undefined });
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
