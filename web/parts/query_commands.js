// The commands of the query workbench. The workbench itself is loaded by the first of them that needs it.

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
    { id: "query", title: "Query workbench", icon: "query", group: "Query", keys: ["Alt+Q"], where: text, words: "sql select statement", when: () => able() && !here(), run: () => session.go({ view: "query" }) },
    { id: "browse", title: "Browse the rows", icon: "browse", group: "Query", keys: ["Alt+B"], where: text, words: "grid store", when: here, run: () => session.go({ view: undefined }) },
    { id: "new-query", title: "New query", icon: "plus", group: "Query", keys: ["Alt+N"], keyed: () => session.place.view !== "scripts", where: text, words: "sql tab statement", when: able, run: async () => {
      if (here()) return app.query?.newTab();
      session.queries.add();
      return session.go({ view: "query" });
    } },
    { id: "run-query", title: "Run the statement", icon: "play", group: "Query", keys: ["Ctrl+Enter"], where: text, when: () => here() && !running(), run: () => app.query?.run() },
    { id: "run-all", title: "Run all statements", icon: "play", group: "Query", keys: ["Ctrl+Shift+Enter"], where: text, when: () => here() && !running(), run: () => app.query?.runAll() },
    { id: "stop-query", title: "Stop the query", icon: "stop", group: "Query", keys: ["Escape"], where: text, words: "cancel", when: running, run: () => app.query?.stop() },
    { id: "explain-query", title: "Explain: run and measure each step", icon: "plan", group: "Query", keys: ["Alt+X"], where: text, words: "plan analyze", when: () => here() && !running(), run: () => app.query?.explain() },
    { id: "query-history", title: "History of queries", icon: "history", group: "Query", keys: ["Alt+H"], where: text, when: here, run: () => app.query?.openHistory() },
    { id: "saved-queries", title: "Saved queries", icon: "save", group: "Query", when: () => able() && (here() || session.history.saved.length > 0), run: async () => {
      await session.go({ view: "query" });
      app.query?.openHistory(true);
    } },
    { id: "save-query", title: "Save the query", icon: "save", group: "Query", keys: ["Ctrl+S"], where: text, when: here, run: () => app.query?.save() },
    { id: "rename-query", title: "Rename the tab", icon: "edit", group: "Query", when: here, run: () => app.query?.rename() },
    { id: "copy-query-link", title: "Copy a link to this text", icon: "link", group: "Query", when: here, run: () => app.query?.copyLink() },
    ...formats.map((format) => ({
      id: `export-result-${format}`, title: `Export the result as ${format === "parquet" ? "Parquet" : format.toUpperCase()}`, icon: "export", group: "Query", words: "download save", where: text, when: result, run: () => app.query?.exportAs(format),
    })),
    { id: "find-result", title: "Find in the result", icon: "search", group: "Query", keys: ["Ctrl+F"], words: "search text page rows", when: () => (result() || running()) && (app.query?.grid?.map.count ?? 0) > 0, run: () => app.query?.findRows() },
    { id: "copy-markdown", title: "Copy the result as Markdown", icon: "copy", group: "Query", keys: ["Ctrl+Shift+C"], when: result, run: () => app.query?.copyMarkdown() },
    { id: "export-result", title: "Export the result", icon: "export", group: "Query", hidden: true, when: result, run: () => menu.show(() => [...formats.flatMap((format) => entry(`export-result-${format}`)), "rule", ...entry("copy-markdown")], button("export-result"), "Export") },
    { id: "query-more", title: "More for this query", icon: "more", group: "Query", hidden: true, when: here, run: () => menu.show(() => [...entry("run-all"), ...entry("explain-query"), "rule", ...entry("new-query"), ...entry("rename-query"), ...entry("copy-query-link"), "rule", ...entry("query-history"), ...entry("saved-queries"), "rule", ...entry("script-from-query")], button("query-more"), "Query") },
  );
}
