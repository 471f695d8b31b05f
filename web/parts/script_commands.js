// The commands of the studio of scripts. The studio itself is loaded by the first of them that needs it.

import { parameterValue } from "../model/query/parameters.js";
import { parameters, statementAt } from "../model/query/sql_text.js";

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
    if (!now) return session.say({ kind: "warn", text: "No query was run or written yet. Write one in the workbench first." });
    const wanted = parameters(now.sql);
    const { fromQuery: make } = await import("../model/script/drafts.js");
    await (await studio()).add(make(now.sql, wanted, Object.fromEntries(wanted.map((one) => [one.id, parameterValue(now.params[one.id])])), now.title));
  };

  commands.add(
    { id: "scripts", title: "Scripts", icon: "scripts", group: "Scripts", keys: ["Alt+T"], where: text, words: "studio automate steps", when: () => able() && !here(), run: () => session.go({ view: "scripts", pane: undefined }) },
    { id: "all-scripts", title: "All scripts", icon: "scripts", group: "Scripts", when: () => here() && session.place.script !== undefined, run: () => app.studio?.go(undefined) },
    { id: "new-script", title: "New script", icon: "plus", group: "Scripts", keys: ["Alt+N"], keyed: here, where: text, words: "create automate", when: able, run: async () => (await studio()).add() },
    { id: "script-from-query", title: "New script from the query", icon: "scripts", group: "Scripts", words: "save as script workbench last statement", when: able, run: fromQuery },
    { id: "find-script", title: "Filter scripts", icon: "filter", group: "Scripts", keys: ["/"], when: here, run: () => /** @type {any} */ (document.querySelector("sop-script-list"))?.focusFind() },
    { id: "run-script", title: () => (paused() ? "Continue the script" : "Run the script"), icon: "play", group: "Scripts", keys: ["F5", "Ctrl+Enter"], keyed: here, where: text, words: "debug to the next breakpoint", when: () => idle() || paused(), run: () => (paused() ? app.studio?.runs.resume("continue") : app.studio?.runs.go()) },
    { id: "dry-run-script", title: "Dry run: show what it would change", icon: "flask", group: "Scripts", keys: ["Shift+F5"], where: text, keyed: here, words: "review changes", when: idle, run: () => app.studio?.runs.go({ dry: true }) },
    { id: "step-script", title: () => (paused() ? "Step: to the next step" : "Step: dry run, paused at the first step"), icon: "step", group: "Scripts", keys: ["F10"], where: text, words: "debug into", when: () => idle() || paused(), run: () => app.studio?.runs.step() },
    { id: "step-over", title: "Step over what is nested in the step", icon: "jump", group: "Scripts", keys: ["F8"], where: text, words: "debug", when: paused, run: () => app.studio?.runs.step(true) },
    { id: "pause-script", title: "Pause at the next step", icon: "pause", group: "Scripts", where: text, words: "debug break", when: () => running() && !paused() && app.studio?.run?.pausing === true, run: () => app.studio?.runs.pause() },
    { id: "toggle-stop", title: () => (app.studio?.draft?.breakpoints.has(chosen() ?? "") ? "Do not stop at this step" : "Stop at this step"), icon: "stop", group: "Scripts", keys: ["F9"], where: text, words: "breakpoint debug pause", when: () => chosen() !== undefined, run: () => app.studio?.stops.toggle(chosen()) },
    { id: "stop-when", title: "Stop at this step when a condition holds", icon: "filter", group: "Scripts", keys: ["Shift+F9"], where: text, words: "breakpoint debug conditional", when: () => chosen() !== undefined, run: () => app.studio?.stops.ask(chosen()) },
    { id: "clear-stops", title: "Take all breakpoints away", icon: "trash", group: "Scripts", words: "debug stop", when: () => open() && (app.studio?.draft?.breakpoints.size ?? 0) > 0, run: () => app.studio?.stops.clear() },
    { id: "run-to-here", title: "Run to the open step", icon: "play", group: "Scripts", keys: ["Ctrl+F10"], where: text, when: () => idle() && Boolean(app.studio?.draft?.open), run: () => app.studio?.runs.go({ until: app.studio.draft?.open }) },
    { id: "stop-script", title: "Stop the script", icon: "stop", group: "Scripts", keys: ["Escape", "Shift+F5"], keyed: here, where: text, words: "cancel", when: running, run: () => app.studio?.draft && app.studio.runs.stop(app.studio.draft.id) },
    { id: "add-step", title: "Add a step", icon: "plus", group: "Scripts", keys: ["Ctrl+I"], keyed: here, where: text, words: "insert", when: open, run: async () => {
      const { list, index } = /** @type {import("./scripts/studio.js").SopScripts} */ (app.studio).cards.here;
      (await import("./scripts/add_dialog.js")).addDialog(/** @type {import("./scripts/studio.js").SopScripts} */ (app.studio), list, index);
    } },
    { id: "review-script", title: "Review what the run would change", icon: "check", group: "Scripts", keys: ["Ctrl+S"], keyed: () => here() && app.studio?.run?.held !== undefined, where: text, words: "staged changes", when: () => open() && (app.studio?.staged ?? 0) > 0, run: () => app.studio?.runs.reviewAgain() },
    { id: "save-script", title: "Save the script", icon: "save", group: "Scripts", keys: ["Ctrl+S"], keyed: here, where: text, when: open, run: () => app.studio?.save() },
    { id: "save-script-as", title: "Save as another script", icon: "copy", group: "Scripts", words: "rename duplicate", when: open, run: () => app.studio?.saveAs() },
    { id: "undo-script", title: "Undo in the script", icon: "undo", group: "Scripts", keys: ["Ctrl+Z"], keyed: here, when: () => open() && (app.studio?.draft?.done.length ?? 0) > 0, run: () => app.studio?.undo() },
    { id: "redo-script", title: "Redo in the script", icon: "redo", group: "Scripts", keys: ["Ctrl+Shift+Z", "Ctrl+Y"], keyed: here, when: () => open() && (app.studio?.draft?.undone.length ?? 0) > 0, run: () => app.studio?.redo() },
    { id: "script-json", title: () => (app.studio?.face === "json" ? "Show the steps" : "Show as JSON"), icon: "json", group: "Scripts", when: open, run: () => app.studio?.show(app.studio.face === "json" ? "steps" : "json") },
    { id: "script-versions", title: "Versions of the script", icon: "history", group: "Scripts", words: "restore diff compare", when: saved, run: () => app.studio?.versions() },
    { id: "script-runs", title: "Runs of the script", icon: "activity", group: "Scripts", words: "history log", when: saved, run: () => app.studio?.history() },
    { id: "script-schedule", title: "Schedule the script", icon: "clock", group: "Scripts", words: "every daily minutes", when: saved, run: () => app.studio?.schedule() },
    { id: "export-script", title: "Export the script as JSON", icon: "export", group: "Scripts", words: "download", when: open, run: () => app.studio?.exportJson() },
    { id: "import-script", title: "Import a script", icon: "import", group: "Scripts", words: "json file", when: able, run: async () => (await studio()).importJson() },
    { id: "close-script", title: "Close the tab of the script", icon: "x", group: "Scripts", when: () => here() && app.studio?.draft !== undefined, run: () => app.studio?.draft && app.studio.close(app.studio.draft.id) },
    { id: "delete-script", title: () => `Delete the script ${app.studio?.draft?.title ?? ""}`, icon: "trash", group: "Scripts", risk: true, when: saved, run: () => app.studio?.remove() },
    { id: "script-more", title: "More for this script", icon: "more", group: "Scripts", hidden: true, when: open, run: () => menu.show(() => [...entry("dry-run-script"), ...entry("step-script"), ...entry("run-to-here"), "rule", ...entry("add-step"), ...entry("undo-script"), ...entry("redo-script"), "rule", ...entry("save-script"), ...entry("save-script-as"), ...entry("script-versions"), ...entry("script-runs"), ...entry("script-schedule"), "rule", ...entry("script-json"), ...entry("export-script"), ...entry("import-script"), "rule", ...entry("close-script"), ...entry("delete-script")], button("script-more"), "Script") },
  );
}
