// The application: puts the parts together around one session, one list of commands and the address.

import { Api } from "./core/http.js";
import { parse } from "./core/json.js";
import { ownStorage } from "./core/own_storage.js";
import { Commands } from "./model/commands.js";
import { Session } from "./model/session.js";
import { readPlace } from "./model/url_state.js";
import { wireAddress } from "./parts/address.js";
import { wireCommands } from "./parts/app_commands.js";
import { wireConnection } from "./parts/connection.js";
import { wireDrop } from "./parts/drop.js";
import { wireCopilot } from "./parts/copilot_commands.js";
import { isTextField } from "./parts/dom.js";
import { wireDesignCommands, wireDesignPlaces } from "./parts/design_commands.js";
import { wireFilterCommands } from "./parts/filter_commands.js";
import { wireBulk } from "./parts/grid_bulk.js";
import { wireColumns } from "./parts/grid_columns.js";
import { wireFind } from "./parts/grid_find.js";
import { wireGrid } from "./parts/grid_actions.js";
import { wireQueryCommands } from "./parts/query_commands.js";
import { wireScriptCommands } from "./parts/script_commands.js";
import { wireViews } from "./parts/views.js";
import { wireAccount } from "./parts/account.js";
import { widenByGrip } from "./parts/grid_head.js";
import "./parts/bars.js";
import "./parts/explorer.js";
import "./parts/filters.js";
import "./parts/grid.js";
import "./parts/inspector.js";
import "./parts/menu.js";
import "./parts/palette.js";
import "./parts/tooltip.js";
import { t } from "./strings/shell.js";

/** @template {HTMLElement} T @param {string} selector @returns {T} */
function part(selector) {
  const found = document.querySelector(selector);
  if (!found) throw new Error(`The page has no ${selector}.`);
  return /** @type {T} */ (found);
}

/** The browser's storage, or none where it is forbidden. */
function storage() {
  try {
    localStorage.getItem("sop.theme");
    return localStorage;
  } catch {
    /** @type {Map<string, string>} */
    const kept = new Map();
    return { getItem: (/** @type {string} */ name) => kept.get(name) ?? null, setItem: (/** @type {string} */ name, /** @type {string} */ value) => void kept.set(name, value), removeItem: (/** @type {string} */ name) => void kept.delete(name) };
  }
}

const boot = parse(part("#boot").textContent || "{}");
const session = new Session({ api: new Api(), storage: /** @type {any} */ (ownStorage(storage(), boot.me?.signed_in ? boot.me.name : undefined)), boot });
const commands = new Commands();

/** @type {import("./parts/context.js").Context} */
const app = {
  session,
  commands,
  grid: part("sop-grid"),
  explorer: part("sop-explorer"),
  tabs: part("sop-tabs"),
  filters: part("sop-filters"),
  notices: part("sop-notices"),
  status: part("sop-status"),
  inspector: part("sop-inspector"),
  menu: /** @type {any} */ (document.createElement("sop-menu")),
  toasts: /** @type {any} */ (document.createElement("sop-toasts")),
  palette: /** @type {any} */ (document.createElement("sop-palette")),
  tooltip: /** @type {any} */ (document.createElement("sop-tooltip")),
};
part("#overlays").append(app.toasts, app.menu, app.palette, app.tooltip);

wireCommands(app);
wireQueryCommands(app);
wireScriptCommands(app);
wireDesignCommands(app);
wireFilterCommands(app);
wireColumns(app);
wireBulk(app);
wireFind(app);
app.grid.start(session);
widenByGrip(app.grid);
app.explorer.start(session);
app.tabs.start(session);
app.filters.start(app, wireGrid(app));
app.status.start(session, app.grid);
app.inspector.start(app);
app.palette.start(app);
app.tooltip.start(app);
wireConnection(app);
wireAccount(app);
session.api.askName = async () => (await import("./parts/environments.js")).askName(app);
wireDrop(app);
session.addEventListener("said", (event) => app.toasts.add(/** @type {CustomEvent} */ (event).detail));

const first = readPlace(location);
Object.assign(session.place, { sel: first.sel, at: first.at, sql: first.sql, filter: first.filter, off: first.off, sort: first.sort, columns: first.columns, design: first.design, pane: first.pane, activity: first.activity, lang: first.lang, script: first.script });
wireAddress(app);
if (session.place.view === undefined) app.grid.open(session.store, session.place.prefix, { ...session.place, page: boot.page ?? undefined });
app.explorer.openToPlace();
wireViews(app);
wireCopilot(app);
wireDesignPlaces(app);

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  const dialog = document.querySelector("dialog[open]");
  if (dialog) return;
  const command = commands.match(event, { text: isTextField(event.target), grid: event.target instanceof Element && event.target.closest("sop-grid") !== null });
  if (!command) return;
  event.preventDefault();
  command.run();
});
document.addEventListener("sop-command", (event) => void commands.run(/** @type {CustomEvent} */ (event).detail));
document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-command]") : null;
  if (!button || button.hasAttribute("disabled")) return;
  const done = commands.run(button.getAttribute("data-command") ?? "");
  if (!done && session.readOnly !== undefined) session.say({ kind: "warn", text: t("shared.edits_are_off_because", { reason: session.readOnly }) });
});
document.documentElement.dataset.ready = "true";
