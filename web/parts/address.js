// The address of the page follows the open place, and the back button goes back to it.

import { stringify } from "../core/json.js";
import { readPlace, writePlace } from "../model/url_state.js";

const REST_MS = 250;

/** @param {import("./context.js").Context} app */
export function wireAddress({ session, grid, explorer }) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const key = () => stringify([session.place.database ?? null, session.place.store ?? null, session.place.prefix]);
  let shown = key();
  let going = false;

  const title = () => {
    const { database, store } = session.place;
    document.title = `${store === undefined ? "" : `${store} · `}${database ?? ""} · SOP`;
    const heading = document.getElementById("title");
    if (heading) heading.textContent = store ?? database ?? "";
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
      if (moved && !replace) history.pushState(null, "", url);
      else history.replaceState(null, "", url);
    }
    if (moved && !quiet) {
      grid.open(session.store, session.place.prefix, { at: session.place.at, sel: session.place.sel });
      explorer.openToPlace();
      document.body.classList.remove("explorer-open");
    }
  });

  const follow = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (!grid.store || grid.store.name !== session.place.store) return;
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
    if (place.database !== undefined) await session.go({ ...place, store: place.store ?? session.stores[0]?.name });
    going = false;
  });
  title();
}
