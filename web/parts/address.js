// The address of the page follows the open place, and the back button goes back to it.

import { stringify } from "../core/json.js";
import { readPlace, writePlace } from "../model/url_state.js";
import { t } from "../strings/shell.js";

const REST_MS = 250;
const TITLES = { query: t("shared.query"), design: t("shared.design"), databases: t("shared.databases"), settings: t("shared.settings"), knowledge: t("shared.knowledge"), scripts: t("shared.scripts"), activity: t("shell.activity"), users: t("shared.users") };

/** @param {import("./context.js").Context} app */
export function wireAddress({ session, grid, explorer }) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const rows = () => stringify([session.place.database ?? null, session.place.store ?? null, session.place.prefix, session.place.filter ?? null, session.place.sort ?? null]);
  const key = () => (session.place.view === undefined ? rows() : stringify([session.place.database ?? null, session.place.view, session.place.design ?? null, session.place.pane ?? null, session.place.view === "activity" ? (session.place.activity ?? null) : session.place.view === "scripts" ? (session.place.script ?? null) : null]));
  let shown = key();
  /** The rows that the grid shows. */
  let opened = session.place.view === undefined ? rows() : "";
  let going = false;

  const title = () => {
    const { database, store, view, design, script } = session.place;
    const what = view === undefined ? store : view === "design" && design !== undefined ? (design ? t("shared.design_of_store", { store: design }) : t("shared.new_store")) : view === "scripts" && script ? (script.startsWith("~") ? t("shared.new_script") : script.slice(script.indexOf("/") + 1)) : TITLES[view];
    document.title = `${what === undefined ? "" : `${what} · `}${database ?? ""} · SOP`;
    const heading = document.getElementById("title");
    if (heading) heading.textContent = what ?? database ?? "";
    const name = document.getElementById("database-name");
    if (name) name.textContent = database ?? "";
  };

  session.addEventListener("place", (event) => {
    const { replace, quiet } = /** @type {CustomEvent} */ (event).detail;
    const now = key();
    const moved = now !== shown;
    shown = now;
    title();
    if (!going) {
      const url = writePlace(session.place);
      if (moved && !replace && url !== location.pathname + location.search) history.pushState(null, "", url);
      else history.replaceState(null, "", url);
    }
    if (moved) document.body.classList.remove("explorer-open");
    if (session.place.view !== undefined) return;
    if (rows() !== opened && !quiet) {
      opened = rows();
      grid.open(session.store, session.place.prefix, session.place);
      explorer.openToPlace();
    }
  });

  const follow = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (session.place.view !== undefined || !grid.store || grid.store.name !== session.place.store) return;
      const first = grid.map.firstVisible;
      const at = first > 0 && grid.lines.total > 0 ? grid.lineAt(first).item?.key : undefined;
      const sel = grid.activeLine()?.item?.key;
      session.place.at = at;
      session.place.sel = sel;
      const url = writePlace(session.place);
      if (url !== location.pathname + location.search) history.replaceState(null, "", url);
    }, REST_MS);
  };
  grid.addEventListener("rest", follow);
  grid.addEventListener("select", follow);

  window.addEventListener("popstate", async () => {
    going = true;
    const place = readPlace(location);
    place.database ??= place.view === undefined ? undefined : session.place.database;
    if (place.database !== undefined) await session.go(place.view !== undefined ? { database: place.database, view: place.view, design: place.design, pane: place.pane, activity: place.activity, lang: place.lang, script: place.script } : { ...place, store: place.store ?? session.stores[0]?.name });
    going = false;
  });
  title();
}
