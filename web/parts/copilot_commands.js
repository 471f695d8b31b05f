// The commands of the copilot and of the settings. Both are loaded by the first of them that needs it.

import { t } from "../strings/commands.js";

const OPEN = "sop.copilot.open";

/** @param {import("./context.js").Context} app */
export function wireCopilot(app) {
  const { session, commands } = app;
  const dock = /** @type {import("./copilot/dock.js").SopCopilot} */ (document.getElementById("dock"));
  const text = /** @type {const} */ ("text");
  if (!dock) return; // a page of an older build of the program
  /** @type {Promise<unknown> | undefined} */
  let loading;
  const isOpen = () => !dock.hidden;

  const show = (/** @type {boolean} */ open) => {
    dock.hidden = !open;
    document.body.classList.toggle("with-copilot", open);
    for (const button of document.querySelectorAll("[data-command='copilot']")) button.setAttribute("aria-pressed", String(open));
    session.storage.setItem(OPEN, open ? "yes" : "no");
  };
  // On a narrow screen the cursor would bring up the keyboard over what one came to read.
  const open = async (focus = innerWidth >= 900) => {
    show(true);
    document.body.classList.remove("explorer-open");
    try {
      loading ??= import("./copilot/dock.js").then(() => {
        app.copilot = dock;
        dock.start(app);
      });
      await loading;
      if (focus) dock.focusComposer();
    } catch (error) {
      loading = undefined;
      session.fail(error, t("commands.the_copilot_could_not_be_loaded"));
    }
  };
  const close = () => {
    const inside = dock.contains(document.activeElement);
    show(false);
    if (inside) document.getElementById(session.place.view === "query" ? "result-rows" : "rows")?.focus();
  };

  commands.add(
    { id: "copilot", title: () => (isOpen() ? t("shared.close_the_copilot") : t("shared.copilot")), icon: "spark", group: t("shared.copilot"), keys: ["Ctrl+J"], where: text, words: t("commands.copilot_words"), run: () => {
      // From elsewhere, the key goes to an open dock; in it, it closes it.
      const pressed = document.activeElement instanceof HTMLElement && document.activeElement.dataset.command === "copilot";
      if (isOpen() && (pressed || dock.contains(document.activeElement))) close();
      else void open();
    } },
    { id: "copilot-close", title: t("shared.close_the_copilot"), icon: "x", group: t("shared.copilot"), hidden: true, when: isOpen, run: close },
    { id: "copilot-new", title: t("commands.new_talk_with_the_copilot"), icon: "plus", group: t("shared.copilot"), words: t("commands.copilot_new_words"), run: () => open().then(() => dock.newTalk()) },
    { id: "copilot-history", title: t("shared.earlier_talks"), icon: "history", group: t("shared.copilot"), words: t("commands.copilot_history_words"), run: () => open(false).then(() => dock.showHistory(true)) },
    { id: "settings", title: t("shared.settings"), icon: "settings", group: t("shared.go"), keys: ["Ctrl+,"], where: text, words: t("commands.settings_words"), run: () => session.go({ view: "settings" }) },
    { id: "knowledge", title: t("shared.knowledge"), icon: "book", group: t("shared.go"), words: t("commands.knowledge_words"), run: () => session.go({ view: "knowledge" }) },
  );

  const asked = new URLSearchParams(location.search).get("talk");
  if (asked) void open(false).then(() => dock.openTalk(asked));
  // On a narrow screen the copilot covers the page: it opens only when somebody asks for it.
  else if (session.storage.getItem(OPEN) === "yes" && innerWidth >= 900) void open(false);
}
