// The commands of the copilot and of the settings. Both are loaded by the first of them that needs it.

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
      session.fail(error, "The copilot could not be loaded");
    }
  };
  const close = () => {
    const inside = dock.contains(document.activeElement);
    show(false);
    if (inside) document.getElementById(session.place.view === "query" ? "result-rows" : "rows")?.focus();
  };

  commands.add(
    { id: "copilot", title: () => (isOpen() ? "Close the copilot" : "Copilot"), icon: "spark", group: "Copilot", keys: ["Ctrl+J"], where: text, words: "ask ai chat assistant question", run: () => {
      // From elsewhere, the key goes to an open dock; in it, it closes it.
      const pressed = document.activeElement instanceof HTMLElement && document.activeElement.dataset.command === "copilot";
      if (isOpen() && (pressed || dock.contains(document.activeElement))) close();
      else void open();
    } },
    { id: "copilot-close", title: "Close the copilot", icon: "x", group: "Copilot", hidden: true, when: isOpen, run: close },
    { id: "copilot-new", title: "New talk with the copilot", icon: "plus", group: "Copilot", words: "chat", run: () => open().then(() => dock.newTalk()) },
    { id: "copilot-history", title: "Earlier talks", icon: "history", group: "Copilot", words: "chat history", run: () => open(false).then(() => dock.showHistory(true)) },
    { id: "settings", title: "Settings", icon: "settings", group: "Go", keys: ["Ctrl+,"], where: text, words: "model provider sharing key price theme options", run: () => session.go({ view: "settings" }) },
    { id: "knowledge", title: "Knowledge", icon: "book", group: "Go", words: "terms corrections copilot learned", run: () => session.go({ view: "knowledge" }) },
  );

  const asked = new URLSearchParams(location.search).get("talk");
  if (asked) void open(false).then(() => dock.openTalk(asked));
  // On a narrow screen the copilot covers the page: it opens only when somebody asks for it.
  else if (session.storage.getItem(OPEN) === "yes" && innerWidth >= 900) void open(false);
}
