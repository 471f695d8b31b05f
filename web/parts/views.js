// Which part of the application is shown: the rows of a store, or a part that is loaded when it is first wanted: the query
// workbench, the design, the databases, settings. The marks of the rail follow.

import { t } from "../strings/shell.js";

const KEEP_MS = 300;

/** @typedef {{opened(): void}} Shown */

/**
 * The parts beside the rows: their place in the address, the class of the work area, their mark on the rail where it has another name, what loads them.
 * @type {{[view: string]: {path?: string, name: string, rail?: string, title: string, load: (app: import("./context.js").Context) => Promise<Shown>}}}
 */
const VIEWS = {
  query: { path: "/q", name: "querying", title: t("shell.the_query_workbench"), load: async (app) => (await import("./query/workbench.js")).startWorkbench(app) },
  design: { path: "/design", name: "designing", title: t("shell.the_design"), load: async (app) => (await import("./design/designer.js")).startDesigner(app) },
  databases: { path: "/databases", name: "administering", title: t("shell.the_page_of_databases"), load: async (app) => (await import("./design/databases.js")).startDatabases(app) },
  settings: { name: "settling", title: t("shell.the_settings"), load: async (app) => (await import("./settings/settings.js")).startSettings(app) },
  users: { name: "settling", rail: "settings", title: t("shell.the_settings"), load: async (app) => (await import("./settings/settings.js")).startSettings(app) },
  scripts: { name: "scripting", title: t("shell.the_studio_of_scripts"), load: async (app) => (await import("./scripts/studio.js")).startStudio(app) },
  activity: { name: "watching", title: t("shell.activity"), load: async (app) => (await import("./activity/activity.js")).startActivity(app) },
  knowledge: { name: "settling", rail: "settings", title: t("shell.the_settings"), load: async (app) => (await import("./settings/settings.js")).startSettings(app) },
};

/** Parts that belong to no database: the open one goes along in their address. */
const BESIDE = new Set(["settings", "knowledge", "scripts", "activity"]);

/** @param {import("./context.js").Context} app */
export function wireViews(app) {
  const { session } = app;
  const work = /** @type {HTMLElement} */ (document.getElementById("work"));
  /** @type {Map<string, Promise<Shown>>} */
  const loading = new Map();

  const show = async () => {
    const view = session.place.view ?? "";
    const wanted = VIEWS[view];
    for (const one of Object.values(VIEWS)) work.classList.toggle(one.name, one.name === wanted?.name);
    const name = encodeURIComponent(session.place.database ?? "");
    for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll(".rail [data-view]"))) {
      const own = link.dataset.view ?? "";
      if (own === (wanted?.rail ?? (view || "browse"))) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
      link.href = BESIDE.has(own) ? `/${own}?db=${name}` : `/d/${name}${VIEWS[own]?.path ?? ""}`;
    }
    if (!wanted) return;
    try {
      if (!loading.has(wanted.name)) loading.set(wanted.name, wanted.load(app));
      const part = await loading.get(wanted.name);
      if (session.place.view === view) part?.opened();
    } catch (error) {
      loading.delete(wanted.name);
      session.fail(error, t("shell.could_not_be_loaded", { part: wanted.title }));
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
