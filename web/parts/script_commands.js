// The commands of the studio of scripts. The studio itself is loaded by the first of them that needs it.

import { parameterValue } from "../model/query/parameters.js";
import { parameters, statementAt } from "../model/query/sql_text.js";
import { t } from "../strings/commands.js";

/** @param {import("./context.js").Context} app */
export function wireScriptCommands(app) {
  const { session, commands, menu } = app;
  const text = /** @type {const} */ ("text");
  const here = () => session.place.view === "scripts";
  const open = () => here() && app.studio?.draft !== undefined && !app.studio.draft.unread;
  const saved = () => open() && app.studio?.draft?.base !== undefined;
  const running = () => open() && app.studio?.run?.state === "running";
  const idle = () => open() && !running();
  const paused = () => open() && app.studio?.run?.paused === true;
  const chosen = () => (open() && app.studio?.face === "steps" ? app.studio.cards.chosen : undefined);
  const able = () => session.place.database !== undefined;
  /** @param {string} id */
  const button = (id) => [...document.querySelectorAll(`[data-command="${id}"]`)].find((one) => one.getClientRects().length > 0) ?? document.body;
  /** The studio, loaded when it is not yet. */
  const studio = async () => (await import("./scripts/studio.js")).startStudio(app);
  /** @param {string} id @returns {import("./menu.js").MenuItem[]} */
  const entry = (id) => {
    const command = commands.get(id);
    return commands.can(command) ? [{ title: commands.title(command), icon: command.icon, key: commands.shortcut(id) || undefined, risk: command.risk, run: command.run }] : [];
  };
  /** The statement that the workbench would run now, with its values. */
  const query = () => {
    const tab = session.queries.open;
    const found = tab ? (statementAt(tab.text, tab.at ?? 0) ?? statementAt(tab.text, 0)) : undefined;
    return tab && found ? { sql: found.text.trim().replace(/;$/, ""), title: tab.title, params: tab.params } : undefined;
  };
  const fromQuery = async () => {
    const last = session.history.ran.find((one) => !one.failed);
    const now = query() ?? (last ? { sql: last.sql, title: "", params: /** @type {{[id: string]: string}} */ ({}) } : undefined);
    if (!now) return session.say({ kind: "warn", text: t("commands.no_query_was_run_or_written_yet") });
    const wanted = parameters(now.sql);
    const { fromQuery: make } = await import("../model/script/drafts.js");
    await (await studio()).add(make(now.sql, wanted, Object.fromEntries(wanted.map((one) => [one.id, parameterValue(now.params[one.id])])), now.title));
  };

  commands.add(
    { id: "scripts", title: t("shared.scripts"), icon: "scripts", group: t("shared.scripts"), keys: ["Alt+T"], where: text, words: t("commands.scripts_words"), when: () => able() && !here(), run: () => session.go({ view: "scripts", pane: undefined }) },
    { id: "all-scripts", title: t("shared.all_scripts"), icon: "scripts", group: t("shared.scripts"), when: () => here() && session.place.script !== undefined, run: () => app.studio?.go(undefined) },
    { id: "new-script", title: t("shared.new_script"), icon: "plus", group: t("shared.scripts"), keys: ["Alt+N"], keyed: here, where: text, words: t("commands.new_script_words"), when: able, run: async () => (await studio()).add() },
    { id: "script-from-query", title: t("commands.new_script_from_the_query"), icon: "scripts", group: t("shared.scripts"), words: t("commands.script_from_query_words"), when: able, run: fromQuery },
    { id: "find-script", title: t("shared.filter_scripts"), icon: "filter", group: t("shared.scripts"), keys: ["/"], when: here, run: () => /** @type {any} */ (document.querySelector("sop-script-list"))?.focusFind() },
    { id: "run-script", title: () => (paused() ? t("commands.continue_the_script") : t("commands.run_the_script")), icon: "play", group: t("shared.scripts"), keys: ["F5", "Ctrl+Enter"], keyed: here, where: text, words: t("commands.run_script_words"), when: () => idle() || paused(), run: () => (paused() ? app.studio?.runs.resume("continue") : app.studio?.runs.go()) },
    { id: "dry-run-script", title: t("commands.dry_run_show_what_it_would_change"), icon: "flask", group: t("shared.scripts"), keys: ["Shift+F5"], where: text, keyed: here, words: t("commands.dry_run_script_words"), when: idle, run: () => app.studio?.runs.go({ dry: true }) },
    { id: "step-script", title: () => (paused() ? t("commands.step_to_the_next_step") : t("commands.step_dry_run_paused_at_the_first")), icon: "step", group: t("shared.scripts"), keys: ["F10"], where: text, words: t("commands.step_script_words"), when: () => idle() || paused(), run: () => app.studio?.runs.step() },
    { id: "step-over", title: t("commands.step_over_what_is_nested"), icon: "jump", group: t("shared.scripts"), keys: ["F8"], where: text, words: t("commands.step_over_words"), when: paused, run: () => app.studio?.runs.step(true) },
    { id: "pause-script", title: t("commands.pause_at_the_next_step"), icon: "pause", group: t("shared.scripts"), where: text, words: t("commands.pause_script_words"), when: () => running() && !paused() && app.studio?.run?.pausing === true, run: () => app.studio?.runs.pause() },
    { id: "toggle-stop", title: () => (app.studio?.draft?.breakpoints.has(chosen() ?? "") ? t("commands.do_not_stop_at_this_step") : t("commands.stop_at_this_step")), icon: "stop", group: t("shared.scripts"), keys: ["F9"], where: text, words: t("commands.toggle_stop_words"), when: () => chosen() !== undefined, run: () => app.studio?.stops.toggle(chosen()) },
    { id: "stop-when", title: t("commands.stop_at_this_step_when_a_condition"), icon: "filter", group: t("shared.scripts"), keys: ["Shift+F9"], where: text, words: t("commands.stop_when_words"), when: () => chosen() !== undefined, run: () => app.studio?.stops.ask(chosen()) },
    { id: "clear-stops", title: t("commands.take_all_breakpoints_away"), icon: "trash", group: t("shared.scripts"), words: t("commands.clear_stops_words"), when: () => open() && (app.studio?.draft?.breakpoints.size ?? 0) > 0, run: () => app.studio?.stops.clear() },
    { id: "run-to-here", title: t("commands.run_to_the_open_step"), icon: "play", group: t("shared.scripts"), keys: ["Ctrl+F10"], where: text, when: () => idle() && Boolean(app.studio?.draft?.open), run: () => app.studio?.runs.go({ until: app.studio.draft?.open }) },
    { id: "stop-script", title: t("commands.stop_the_script"), icon: "stop", group: t("shared.scripts"), keys: ["Escape", "Shift+F5"], keyed: here, where: text, words: t("commands.stop_query_words"), when: running, run: () => app.studio?.draft && app.studio.runs.stop(app.studio.draft.id) },
    { id: "add-step", title: t("shared.add_a_step"), icon: "plus", group: t("shared.scripts"), keys: ["Ctrl+I"], keyed: here, where: text, words: t("commands.add_step_words"), when: open, run: async () => {
      const { list, index } = /** @type {import("./scripts/studio.js").SopScripts} */ (app.studio).cards.here;
      (await import("./scripts/add_dialog.js")).addDialog(/** @type {import("./scripts/studio.js").SopScripts} */ (app.studio), list, index);
    } },
    { id: "review-script", title: t("commands.review_what_the_run_would_change"), icon: "check", group: t("shared.scripts"), keys: ["Ctrl+S"], keyed: () => here() && app.studio?.run?.held !== undefined, where: text, words: t("commands.review_script_words"), when: () => open() && (app.studio?.staged ?? 0) > 0, run: () => app.studio?.runs.reviewAgain() },
    { id: "save-script", title: t("shared.save_the_script"), icon: "save", group: t("shared.scripts"), keys: ["Ctrl+S"], keyed: here, where: text, when: open, run: () => app.studio?.save() },
    { id: "save-script-as", title: t("shared.save_as_another_script"), icon: "copy", group: t("shared.scripts"), words: t("commands.save_script_as_words"), when: open, run: () => app.studio?.saveAs() },
    { id: "undo-script", title: t("commands.undo_in_the_script"), icon: "undo", group: t("shared.scripts"), keys: ["Ctrl+Z"], keyed: here, when: () => open() && (app.studio?.draft?.done.length ?? 0) > 0, run: () => app.studio?.undo() },
    { id: "redo-script", title: t("commands.redo_in_the_script"), icon: "redo", group: t("shared.scripts"), keys: ["Ctrl+Shift+Z", "Ctrl+Y"], keyed: here, when: () => open() && (app.studio?.draft?.undone.length ?? 0) > 0, run: () => app.studio?.redo() },
    { id: "script-json", title: () => (app.studio?.face === "json" ? t("shared.show_the_steps") : t("commands.show_as_json")), icon: "json", group: t("shared.scripts"), when: open, run: () => app.studio?.show(app.studio.face === "json" ? "steps" : "json") },
    { id: "script-versions", title: t("commands.versions_of_the_script"), icon: "history", group: t("shared.scripts"), words: t("commands.script_versions_words"), when: saved, run: () => app.studio?.versions() },
    { id: "script-runs", title: t("commands.runs_of_the_script"), icon: "activity", group: t("shared.scripts"), words: t("commands.script_runs_words"), when: saved, run: () => app.studio?.history() },
    { id: "script-schedule", title: t("commands.schedule_the_script"), icon: "clock", group: t("shared.scripts"), words: t("commands.script_schedule_words"), when: saved, run: () => app.studio?.schedule() },
    { id: "export-script", title: t("commands.export_the_script_as_json"), icon: "export", group: t("shared.scripts"), words: t("commands.export_script_words"), when: open, run: () => app.studio?.exportJson() },
    { id: "import-script", title: t("commands.import_a_script"), icon: "import", group: t("shared.scripts"), words: t("commands.import_script_words"), when: able, run: async () => (await studio()).importJson() },
    { id: "close-script", title: t("commands.close_the_tab_of_the_script"), icon: "x", group: t("shared.scripts"), when: () => here() && app.studio?.draft !== undefined, run: () => app.studio?.draft && app.studio.close(app.studio.draft.id) },
    { id: "delete-script", title: () => t("commands.delete_the_script", { script: app.studio?.draft?.title ?? "" }), icon: "trash", group: t("shared.scripts"), risk: true, when: saved, run: () => app.studio?.remove() },
    { id: "script-more", title: t("commands.more_for_this_script"), icon: "more", group: t("shared.scripts"), hidden: true, when: open, run: () => menu.show(() => [...entry("dry-run-script"), ...entry("step-script"), ...entry("run-to-here"), "rule", ...entry("add-step"), ...entry("undo-script"), ...entry("redo-script"), "rule", ...entry("save-script"), ...entry("save-script-as"), ...entry("script-versions"), ...entry("script-runs"), ...entry("script-schedule"), "rule", ...entry("script-json"), ...entry("export-script"), ...entry("import-script"), "rule", ...entry("close-script"), ...entry("delete-script")], button("script-more"), t("shared.script")) },
  );
}
