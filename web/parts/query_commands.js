// The commands of the query workbench. The workbench itself is loaded by the first of them that needs it.

import { t } from "../strings/commands.js";

/** @param {import("./context.js").Context} app */
export function wireQueryCommands(app) {
  const { session, commands, menu } = app;
  const text = /** @type {const} */ ("text");
  const here = () => session.place.view === "query" && session.place.database !== undefined;
  const running = () => here() && app.query?.running === true;
  const result = () => here() && (app.query?.result?.run?.columns.length ?? 0) > 0 && !running();
  const able = () => session.place.database !== undefined;
  /** What the server writes too. */
  const formats = (/** @type {const} */ (["csv", "ndjson", "json", "parquet"])).filter((format) => session.formats.includes(format));
  /** @param {string} id */
  const button = (id) => [...document.querySelectorAll(`[data-command="${id}"]`)].find((one) => one.getClientRects().length > 0) ?? document.body;
  /** @param {string} id @returns {import("./menu.js").MenuItem[]} */
  const entry = (id) => {
    const command = commands.get(id);
    return commands.can(command) ? [{ title: commands.title(command), icon: command.icon, key: commands.shortcut(id) || undefined, run: command.run }] : [];
  };

  commands.add(
    { id: "query", title: t("commands.query_workbench"), icon: "query", group: t("shared.query"), keys: ["Alt+Q"], where: text, words: t("commands.query_words"), when: () => able() && !here(), run: () => session.go({ view: "query" }) },
    { id: "browse", title: t("commands.browse_the_rows"), icon: "browse", group: t("shared.query"), keys: ["Alt+B"], where: text, words: t("commands.browse_words"), when: here, run: () => session.go({ view: undefined }) },
    { id: "new-query", title: t("shared.new_query"), icon: "plus", group: t("shared.query"), keys: ["Alt+N"], keyed: () => session.place.view !== "scripts", where: text, words: t("commands.new_query_words"), when: able, run: async () => {
      if (here()) return app.query?.newTab();
      session.queries.add();
      return session.go({ view: "query" });
    } },
    { id: "run-query", title: t("commands.run_the_statement"), icon: "play", group: t("shared.query"), keys: ["Ctrl+Enter"], where: text, when: () => here() && !running(), run: () => app.query?.run() },
    { id: "run-all", title: t("commands.run_all_statements"), icon: "play", group: t("shared.query"), keys: ["Ctrl+Shift+Enter"], where: text, when: () => here() && !running(), run: () => app.query?.runAll() },
    { id: "stop-query", title: t("commands.stop_the_query"), icon: "stop", group: t("shared.query"), keys: ["Escape"], where: text, words: t("commands.stop_query_words"), when: running, run: () => app.query?.stop() },
    { id: "explain-query", title: t("commands.explain_run_and_measure_each_step"), icon: "plan", group: t("shared.query"), keys: ["Alt+X"], where: text, words: t("commands.explain_query_words"), when: () => here() && !running(), run: () => app.query?.explain() },
    { id: "query-history", title: t("commands.history_of_queries"), icon: "history", group: t("shared.query"), keys: ["Alt+H"], where: text, when: here, run: () => app.query?.openHistory() },
    { id: "saved-queries", title: t("shared.saved_queries"), icon: "save", group: t("shared.query"), when: () => able() && (here() || session.history.saved.length > 0), run: async () => {
      await session.go({ view: "query" });
      app.query?.openHistory(true);
    } },
    { id: "save-query", title: t("shared.save_the_query"), icon: "save", group: t("shared.query"), keys: ["Ctrl+S"], where: text, when: here, run: () => app.query?.save() },
    { id: "rename-query", title: t("shared.rename_the_tab"), icon: "edit", group: t("shared.query"), when: here, run: () => app.query?.rename() },
    { id: "copy-query-link", title: t("commands.copy_a_link_to_this_text"), icon: "link", group: t("shared.query"), when: here, run: () => app.query?.copyLink() },
    ...formats.map((format) => ({
      id: `export-result-${format}`, title: format === "parquet" ? t("commands.export_the_result_as_parquet") : t("commands.export_the_result_as", { format: format.toUpperCase() }), icon: "export", group: t("shared.query"), words: t("commands.export_as_words"), where: text, when: result, run: () => app.query?.exportAs(format),
    })),
    { id: "find-result", title: t("shared.find_in_the_result"), icon: "search", group: t("shared.query"), keys: ["Ctrl+F"], words: t("commands.find_result_words"), when: () => (result() || running()) && (app.query?.grid?.map.count ?? 0) > 0, run: () => app.query?.findRows() },
    { id: "copy-markdown", title: t("commands.copy_the_result_as_markdown"), icon: "copy", group: t("shared.query"), keys: ["Ctrl+Shift+C"], when: result, run: () => app.query?.copyMarkdown() },
    { id: "export-result", title: t("commands.export_the_result"), icon: "export", group: t("shared.query"), hidden: true, when: result, run: () => menu.show(() => [...formats.flatMap((format) => entry(`export-result-${format}`)), "rule", ...entry("copy-markdown")], button("export-result"), t("shared.export")) },
    { id: "query-more", title: t("commands.more_for_this_query"), icon: "more", group: t("shared.query"), hidden: true, when: here, run: () => menu.show(() => [...entry("run-all"), ...entry("explain-query"), "rule", ...entry("new-query"), ...entry("rename-query"), ...entry("copy-query-link"), "rule", ...entry("query-history"), ...entry("saved-queries"), "rule", ...entry("script-from-query")], button("query-more"), t("shared.query")) },
  );
}
