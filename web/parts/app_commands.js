// The commands of the whole page. Shortcuts, palette, menus, tooltips and help all come from here.

import { count } from "../core/format.js";
import { isPartial, keyFields, keyValues, prefixText } from "../core/keys.js";
import { shownKey } from "../model/commands.js";
import { t } from "../strings/commands.js";
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
    { id: "palette", title: t("shared.go_to_a_store"), icon: "search", group: t("shared.go"), keys: ["Ctrl+K"], where: text, hidden: true, run: () => app.palette.open() },
    { id: "jump", title: t("commands.go_to_a_key"), icon: "jump", group: t("shared.go"), keys: ["Ctrl+G"], where: text, words: t("commands.jump_words"), when: open, run: () => app.filters.openJump() },
    { id: "find-store", title: t("shared.filter_stores"), icon: "filter", group: t("shared.go"), keys: ["/"], keyed: () => session.place.view !== "scripts", run: () => {
      document.body.classList.add("explorer-open");
      explorer.focusFind();
    } },
    { id: "rows", title: t("shared.go_to_the_rows"), icon: "browse", group: t("shared.go"), keys: ["Alt+R"], where: text, when: () => session.store !== undefined || session.place.view === "query", run: () => document.getElementById(session.place.view === "query" ? "result-rows" : "rows")?.focus() },
    { id: "explorer", title: t("commands.go_to_the_explorer"), icon: "menu", group: t("shared.go"), keys: ["Alt+E"], where: text, run: () => {
      document.body.classList.toggle("explorer-open", true);
      /** @type {HTMLElement | null} */ (explorer.querySelector(".tree [tabindex='0']"))?.focus();
    } },
    { id: "clear-prefix", title: t("commands.show_the_whole_store"), icon: "x", group: t("shared.go"), when: () => session.place.prefix.length > 0, run: () => session.go({ prefix: [], at: undefined, sel: undefined }) },
    { id: "keep-prefix", title: () => t("commands.keep_only_prefix", { prefix: rowPrefix()?.text ?? "" }), icon: "filter", group: t("shared.rows"), where: "grid", hidden: true, when: () => rowPrefix() !== undefined, run: () => {
      const prefix = rowPrefix();
      if (prefix) void session.go({ prefix: prefix.values, at: undefined });
    } },
    { id: "new-item", title: () => t("shared.new_item_in_store", { store: session.place.store ?? "" }), icon: "plus", group: t("shared.change"), keys: ["Ctrl+I"], where: text, words: t("commands.new_item_words"), when: () => open() && writable(), run: async () => (await import("./new_item.js")).newItem(app) },
    { id: "review", title: () => t("commands.review_n_staged_edits", { n: session.changes.size }), icon: "check", group: t("shared.change"), keys: ["Ctrl+S"], keyed: () => session.place.view !== "query" && session.place.view !== "design" && session.place.view !== "scripts", where: text, words: t("commands.review_words"), when: () => session.place.database !== undefined, run: async () => {
      if (!staged()) return session.say({ kind: "warn", text: t("commands.nothing_is_staged") });
      if (session.lostSince) return session.say({ kind: "warn", text: t("commands.the_server_cannot_be_reached") });
      (await import("./review.js")).review(app);
    } },
    { id: "undo", title: t("shared.undo"), icon: "undo", group: t("shared.change"), keys: ["Ctrl+Z"], keyed: () => session.place.view !== "scripts", when: () => session.changes.canUndo, run: () => {
      session.changes.undo();
      announce(t("shared.undone"));
    } },
    { id: "redo", title: t("commands.redo"), icon: "redo", group: t("shared.change"), keys: ["Ctrl+Shift+Z", "Ctrl+Y"], keyed: () => session.place.view !== "scripts", when: () => session.changes.canRedo, run: () => {
      session.changes.redo();
      announce(t("shared.redone"));
    } },
    { id: "revert-commit", title: () => commitOf() ? t("commands.revert_the_last_commit_of", { n: commitOf()?.preview.length ?? 0, sequence: count(commitOf()?.sequence) }) : t("commands.revert_the_last_commit"), icon: "undo", group: t("shared.change"), words: t("commands.revert_commit_words"), when: () => writable() && commitOf() !== undefined, run: async () => {
      const commit = commitOf();
      if (commit) await (await import("./review.js")).revert(app, commit);
    } },
    { id: "unstage-all", title: () => t("commands.unstage_all_edits", { n: count(session.changes.size) }), icon: "x", group: t("shared.change"), words: t("commands.unstage_all_words"), when: staged, run: () => {
      session.changes.clear();
      session.say({ kind: "ok", text: t("commands.all_edits_are_unstaged"), act: { title: t("shared.undo"), run: () => session.changes.undo() } });
    } },
    { id: "import", title: t("shared.import_files"), icon: "import", group: t("commands.data"), keys: ["Ctrl+Shift+I"], where: text, words: t("commands.import_words"), when: writable, run: async () => (await import("./import_dialog.js")).importFiles(app) },
    { id: "export", title: t("commands.export"), icon: "export", group: t("commands.data"), keys: ["Ctrl+Shift+E"], where: text, words: t("commands.export_words"), when: () => session.place.database !== undefined && session.may("analyst"), run: async () => (await import("./export_dialog.js")).exportDialog(app) },
    ...["ndjson", "json", "csv", "parquet"].filter((format) => session.formats.includes(format)).map((format) => ({
      id: `export-${format}`, title: () => {
        const what = { store: session.place.store ?? "", format: format.toUpperCase() };
        return narrowed() ? t("commands.export_shown_rows_as", what) : t("commands.export_store_as", what);
      }, icon: "export", group: t("commands.data"), words: t("commands.export_as_words"), when: () => open() && session.may("analyst"),
      run: async () => (await import("./export_dialog.js")).exportStore(app, format, session.place.store ?? "", narrowed()),
    })),
    { id: "new-store", title: t("shared.new_store"), icon: "store", group: t("commands.data"), words: t("commands.new_store_words"), when: () => admin() && writable(), run: () => session.go({ view: "design", design: "", pane: undefined }) },
    { id: "delete-store", title: () => t("commands.delete_store", { store: session.place.store ?? "" }), icon: "trash", group: t("commands.data"), risk: true, words: t("commands.delete_store_words"), when: () => admin() && open() && writable(), run: async () => (await import("./create.js")).deleteStore(app, session.place.store ?? "") },
    { id: "new-database", title: t("shared.new_database"), icon: "database", group: t("commands.data"), words: t("commands.new_database_words"), when: admin, run: async () => (await import("./create.js")).newDatabase(app, "create") },
    { id: "open-folder", title: t("commands.open_a_folder_as_database"), icon: "folder", group: t("commands.data"), words: t("commands.open_folder_words"), when: admin, run: async () => (await import("./create.js")).newDatabase(app, "open") },
    { id: "demo", title: t("commands.fill_this_database_with_the_demo_shop"), icon: "flask", group: t("commands.data"), when: () => admin() && writable(), run: async () => (await import("./create.js")).fillDemo(app) },
    { id: "detach", title: () => t("commands.detach_database_files_stay", { database: session.place.database ?? "" }), icon: "x", group: t("commands.data"), words: t("commands.detach_words"), when: () => admin() && session.place.database !== undefined, run: async () => (await import("./create.js")).detach(app) },
    { id: "activity", title: t("commands.activity_who_changed_what_jobs_figures"), icon: "activity", group: t("shared.go"), keys: ["Alt+A"], where: text, words: t("commands.activity_words"), when: () => session.place.database !== undefined && session.place.view !== "activity", run: () => session.go({ view: "activity" }) },
    { id: "refresh", title: t("shared.read_again"), icon: "refresh", group: t("shared.view"), keys: ["Alt+F5"], words: t("commands.refresh_words"), run: async () => {
      explorer.tree.forget();
      await Promise.all([session.readDatabases(), session.readStores(), app.grid.reload()]);
    } },
    { id: "theme", title: t("commands.light_or_dark"), icon: "theme", group: t("shared.view"), words: t("commands.theme_words"), run: () => document.dispatchEvent(new Event("sop-theme")) },
    { id: "help", title: t("shared.help_and_shortcuts"), icon: "help", group: t("shared.view"), keys: ["F1", "?"], run: async () => (await import("./help.js")).help(app) },
    { id: "databases", title: t("commands.switch_database"), icon: "database", group: t("shared.go"), hidden: true, run: () => menu.show(() => [
      { caption: t("shared.databases") },
      ...session.databases.map((one) => ({ title: one.name, check: one.name === session.place.database, detail: one.items === undefined ? "" : count(one.items), run: () => session.go({ database: one.name }) })),
      "rule",
      ...["new-database", "open-folder", "demo", "detach", "administer"].flatMap((id) => entry(id)),
    ], button("databases"), t("shared.databases")) },
    { id: "environment", title: t("commands.switch_environment"), icon: "shield", group: t("shared.go"), words: t("commands.environment_words"), run: async () => (await import("./environments.js")).environmentMenu(app, button("environment")) },
    { id: "more", title: t("commands.more_for_this_store"), icon: "more", group: t("shared.view"), hidden: true, when: open, run: () => menu.show(() => storeMenu(), button("more"), t("shared.store")) },
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
