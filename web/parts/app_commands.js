// The commands of the whole page. Shortcuts, palette, menus, tooltips and help all come from here.

import { count, counted } from "../core/format.js";
import { isPartial, keyFields, keyValues, prefixText } from "../core/keys.js";
import { shownKey } from "../model/commands.js";
import { announce } from "./dom.js";
import { viewItems } from "./grid_columns.js";

/** @param {import("./context.js").Context} app */
export function wireCommands(app) {
  const { session, commands, menu, explorer } = app;
  const open = () => session.store !== undefined && session.place.view === undefined;
  const admin = () => session.may("admin");
  const writable = () => session.place.database !== undefined && session.readOnly === undefined;
  const narrowed = () => session.place.prefix.length > 0 || session.place.filter !== undefined;
  const staged = () => session.changes.size > 0;
  const commitOf = () => session.commits.of(session.place.database)[0];
  /** @param {string} id */
  const button = (id) => [...document.querySelectorAll(`[data-command="${id}"]`)].find((one) => one.getClientRects().length > 0) ?? document.body;
  const text = /** @type {const} */ ("text");

  commands.add(
    { id: "palette", title: "Go to a store, key or command", icon: "search", group: "Go", keys: ["Ctrl+K"], where: text, hidden: true, run: () => app.palette.open() },
    { id: "jump", title: "Go to a key or to a share", icon: "jump", group: "Go", keys: ["Ctrl+G"], where: text, words: "percent %", when: open, run: () => app.filters.openJump() },
    { id: "find-store", title: "Filter stores", icon: "filter", group: "Go", keys: ["/"], keyed: () => session.place.view !== "scripts", run: () => {
      document.body.classList.add("explorer-open");
      explorer.focusFind();
    } },
    { id: "rows", title: "Go to the rows", icon: "browse", group: "Go", keys: ["Alt+R"], where: text, when: () => session.store !== undefined || session.place.view === "query", run: () => document.getElementById(session.place.view === "query" ? "result-rows" : "rows")?.focus() },
    { id: "explorer", title: "Go to the explorer", icon: "menu", group: "Go", keys: ["Alt+E"], where: text, run: () => {
      document.body.classList.toggle("explorer-open", true);
      /** @type {HTMLElement | null} */ (explorer.querySelector(".tree [tabindex='0']"))?.focus();
    } },
    { id: "clear-prefix", title: "Show the whole store", icon: "x", group: "Go", when: () => session.place.prefix.length > 0, run: () => session.go({ prefix: [], at: undefined, sel: undefined }) },
    { id: "keep-prefix", title: () => `Keep only ${rowPrefix()?.text ?? ""}`, icon: "filter", group: "Rows", where: "grid", hidden: true, when: () => rowPrefix() !== undefined, run: () => {
      const prefix = rowPrefix();
      if (prefix) void session.go({ prefix: prefix.values, at: undefined });
    } },
    { id: "new-item", title: () => `New item in ${session.place.store ?? ""}`, icon: "plus", group: "Change", keys: ["Ctrl+I"], where: text, words: "add insert", when: () => open() && writable(), run: async () => (await import("./new_item.js")).newItem(app) },
    { id: "review", title: () => `Review ${counted(session.changes.size, "staged edit")}`, icon: "check", group: "Change", keys: ["Ctrl+S"], keyed: () => session.place.view !== "query" && session.place.view !== "design" && session.place.view !== "scripts", where: text, words: "commit save", when: () => session.place.database !== undefined, run: async () => {
      if (!staged()) return session.say({ kind: "warn", text: "Nothing is staged: there is nothing to review." });
      if (session.lostSince) return session.say({ kind: "warn", text: "The server cannot be reached. Your edits are kept here." });
      (await import("./review.js")).review(app);
    } },
    { id: "undo", title: "Undo", icon: "undo", group: "Change", keys: ["Ctrl+Z"], keyed: () => session.place.view !== "scripts", when: () => session.changes.canUndo, run: () => {
      session.changes.undo();
      announce("Undone");
    } },
    { id: "redo", title: "Redo", icon: "redo", group: "Change", keys: ["Ctrl+Shift+Z", "Ctrl+Y"], keyed: () => session.place.view !== "scripts", when: () => session.changes.canRedo, run: () => {
      session.changes.redo();
      announce("Redone");
    } },
    { id: "revert-commit", title: () => `Revert the last commit${commitOf() ? ` (${counted(commitOf()?.preview.length ?? 0, "change")}, sequence ${count(commitOf()?.sequence)})` : ""}`, icon: "undo", group: "Change", words: "undo back", when: () => writable() && commitOf() !== undefined, run: async () => {
      const commit = commitOf();
      if (commit) await (await import("./review.js")).revert(app, commit);
    } },
    { id: "unstage-all", title: () => `Unstage all ${count(session.changes.size)} edits`, icon: "x", group: "Change", words: "discard revert", when: staged, run: () => {
      session.changes.clear();
      session.say({ kind: "ok", text: "All edits are unstaged.", act: { title: "Undo", run: () => session.changes.undo() } });
    } },
    { id: "import", title: "Import files", icon: "import", group: "Data", keys: ["Ctrl+Shift+I"], where: text, words: "csv json ndjson parquet load", when: writable, run: async () => (await import("./import_dialog.js")).importFiles(app) },
    { id: "export", title: "Export …", icon: "export", group: "Data", keys: ["Ctrl+Shift+E"], where: text, words: "download save csv json ndjson parquet query view", when: () => session.place.database !== undefined && session.may("analyst"), run: async () => (await import("./export_dialog.js")).exportDialog(app) },
    ...["ndjson", "json", "csv", "parquet"].filter((format) => session.formats.includes(format)).map((format) => ({
      id: `export-${format}`, title: () => `Export ${session.place.store ?? ""}${narrowed() ? ", the rows that are shown," : ""} as ${format.toUpperCase()}`, icon: "export", group: "Data", words: "download save", when: () => open() && session.may("analyst"),
      run: async () => (await import("./export_dialog.js")).exportStore(app, format, session.place.store ?? "", narrowed()),
    })),
    { id: "new-store", title: "New store", icon: "store", group: "Data", words: "create design", when: () => admin() && writable(), run: () => session.go({ view: "design", design: "", pane: undefined }) },
    { id: "delete-store", title: () => `Delete store ${session.place.store ?? ""}`, icon: "trash", group: "Data", risk: true, words: "drop", when: () => admin() && open() && writable(), run: async () => (await import("./create.js")).deleteStore(app, session.place.store ?? "") },
    { id: "new-database", title: "New database", icon: "database", group: "Data", words: "create", when: admin, run: async () => (await import("./create.js")).newDatabase(app, "create") },
    { id: "open-folder", title: "Open a folder as database", icon: "folder", group: "Data", words: "attach", when: admin, run: async () => (await import("./create.js")).newDatabase(app, "open") },
    { id: "demo", title: "Fill this database with the demo shop", icon: "flask", group: "Data", when: () => admin() && writable(), run: async () => (await import("./create.js")).fillDemo(app) },
    { id: "detach", title: () => `Detach ${session.place.database ?? ""} (files stay)`, icon: "x", group: "Data", words: "remove close", when: () => admin() && session.place.database !== undefined, run: async () => (await import("./create.js")).detach(app) },
    { id: "activity", title: "Activity: who changed what, jobs, figures", icon: "activity", group: "Go", keys: ["Alt+A"], where: text, words: "audit log history metrics", when: () => session.place.database !== undefined && session.place.view !== "activity", run: () => session.go({ view: "activity" }) },
    { id: "refresh", title: "Read again", icon: "refresh", group: "View", keys: ["Alt+F5"], words: "reload", run: async () => {
      explorer.tree.forget();
      await Promise.all([session.readDatabases(), session.readStores(), app.grid.reload()]);
    } },
    { id: "theme", title: "Light or dark", icon: "theme", group: "View", words: "theme appearance", run: () => document.dispatchEvent(new Event("sop-theme")) },
    { id: "help", title: "Help and shortcuts", icon: "help", group: "View", keys: ["F1", "?"], run: async () => (await import("./help.js")).help(app) },
    { id: "databases", title: "Switch database", icon: "database", group: "Go", hidden: true, run: () => menu.show(() => [
      { caption: "Databases" },
      ...session.databases.map((one) => ({ title: one.name, check: one.name === session.place.database, detail: one.items === undefined ? "" : count(one.items), run: () => session.go({ database: one.name }) })),
      "rule",
      ...["new-database", "open-folder", "demo", "detach", "administer"].flatMap((id) => entry(id)),
    ], button("databases"), "Databases") },
    { id: "environment", title: "Switch environment", icon: "shield", group: "Go", words: "dev test production staging", run: async () => (await import("./environments.js")).environmentMenu(app, button("environment")) },
    { id: "more", title: "More for this store", icon: "more", group: "View", hidden: true, when: open, run: () => menu.show(() => storeMenu(), button("more"), "Store") },
  );

  document.addEventListener("pointerdown", (event) => {
    if (!document.body.classList.contains("explorer-open") || !(event.target instanceof Element)) return;
    if (!event.target.closest("sop-explorer, [data-command='explorer']")) document.body.classList.remove("explorer-open");
  });
  explorer.addEventListener("menu", (event) => {
    const { store, ...place } = /** @type {CustomEvent} */ (event).detail;
    void session.go({ store }).then(() => menu.show(() => storeMenu(), place, store));
  });

  /** @returns {import("./menu.js").MenuItem[]} */
  function storeMenu() {
    return [...entry("new-item"), ...entry("import"), "rule", ...viewItems(app), ...entry("save-view"), ...entry("view-link"), ...entry("remove-view"), "rule", ...entry("query-store"), "rule", ...entry("export"), ...entry("export-ndjson"), ...entry("export-json"), ...entry("export-csv"), ...entry("export-parquet"), "rule", ...entry("design-store"), ...entry("code-store"), ...entry("refresh"), ...entry("delete-store")];
  }

  /** A command as an item of a menu; nothing when it cannot be done. @param {string} id @returns {import("./menu.js").MenuItem[]} */
  function entry(id) {
    const command = commands.get(id);
    if (!commands.can(command)) return [];
    return [{ title: commands.title(command), icon: command.icon, key: command.keys ? shownKey(command.keys[0]) : undefined, risk: command.risk, run: command.run }];
  }

  /** The leading key fields of the active row, one more than is open. */
  function rowPrefix() {
    const { grid } = app;
    const key = grid.activeLine()?.item?.key;
    if (!grid.store || key === undefined) return undefined;
    const values = keyValues(grid.store.key, key);
    const whole = grid.leading.filter((part) => !isPartial(part)).length;
    if (whole + 1 >= keyFields(grid.store.key).length) return undefined;
    const prefix = values.slice(0, whole + 1);
    return { values: prefix, text: prefixText(grid.store.key, prefix) };
  }
}
