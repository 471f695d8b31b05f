// The commands of the design: diagram, the design of a store, what is done with a store as a whole, databases. The parts
// themselves are loaded by the first of them that needs it.

/** @param {import("./context.js").Context} app */
export function wireDesignCommands(app) {
  const { session, commands } = app;
  const text = /** @type {const} */ ("text");
  const here = () => session.place.view === "design" && session.place.database !== undefined;
  const writable = () => session.place.database !== undefined && session.readOnly === undefined;
  /** The store that a command is about: the one that is designed, else the open one. */
  const store = () => session.storeNamed(here() ? (session.place.design ?? app.design?.selected) : session.place.store);
  const able = () => store() !== undefined && writable();
  const actions = () => import("./design/store_actions.js");

  commands.add(
    { id: "design", title: "Diagram of stores and relations", icon: "design", group: "Design", keys: ["Alt+D"], where: text, words: "schema erd model", when: () => session.place.database !== undefined && !(here() && session.place.design === undefined), run: () => session.go({ view: "design", design: undefined, pane: undefined }) },
    { id: "design-store", title: () => `Design of ${store()?.name ?? ""}`, icon: "design", group: "Design", words: "schema key relations edit", when: () => store() !== undefined && session.place.design === undefined, run: () => session.go({ view: "design", design: store()?.name, pane: undefined }) },
    { id: "discover", title: () => `What the items of ${store()?.name ?? ""} show`, icon: "chart", group: "Design", words: "discover types ranges profile", when: () => store() !== undefined, run: () => session.go({ view: "design", design: store()?.name, pane: "items" }) },
    { id: "review-design", title: "Review the design", icon: "check", group: "Design", keys: ["Ctrl+S"], where: text, hidden: true, when: () => here() && app.design?.canReview === true, run: () => app.design?.review() },
    { id: "fit-diagram", title: "Fit the diagram into view", icon: "target", group: "Design", when: here, run: () => app.design?.fit() },
    { id: "arrange-diagram", title: "Arrange the diagram anew", icon: "design", group: "Design", words: "layout automatic", when: here, run: () => app.design?.arrange() },
    { id: "relate", title: "New relation", icon: "link", group: "Design", words: "connect reference foreign", when: () => here() && writable() && session.stores.length > 0, run: () => app.design?.relate() },
    ...(/** @type {const} */ (["svg", "png", "mermaid", "dbml"])).map((kind) => ({ id: `diagram-${kind}`, title: `Diagram as ${{ svg: "SVG", png: "PNG", mermaid: "Mermaid text", dbml: "DBML text" }[kind]}`, icon: "export", group: "Design", words: "export download picture", when: () => here() && session.stores.length > 0, run: () => app.design?.exportAs(kind) })),
    { id: "rename-store", title: () => `Rename ${store()?.name ?? ""}`, icon: "edit", group: "Design", when: able, run: async () => (await actions()).renameStore(app, store()?.name ?? "") },
    { id: "duplicate-store", title: () => `Duplicate ${store()?.name ?? ""}`, icon: "copy", group: "Design", words: "copy clone", when: able, run: async () => (await actions()).duplicateStore(app, store()?.name ?? "") },
    { id: "empty-store", title: () => `Empty ${store()?.name ?? ""}`, icon: "x", group: "Design", risk: true, words: "truncate clear delete items", when: () => able() && Number(store()?.count) > 0, run: async () => (await actions()).emptyStore(app, store()?.name ?? "") },
    { id: "drop-store", title: () => `Delete ${store()?.name ?? ""}`, icon: "trash", group: "Design", risk: true, hidden: true, when: able, run: async () => (await import("./create.js")).deleteStore(app, store()?.name ?? "") },
    { id: "code", title: () => (session.place.view === "design" && session.place.design ? `Code for ${session.place.design}` : `Code for ${session.place.database ?? ""}`), icon: "json", group: "Design", words: "generate types client rust go python csharp c# java typescript", when: () => session.stores.length > 0 && session.place.pane !== "code", run: () => session.go({ view: "design", design: here() ? session.place.design || undefined : undefined, pane: "code" }) },
    { id: "code-store", title: () => `Code for ${store()?.name ?? ""}`, icon: "json", group: "Design", words: "generate types client rust go python csharp c# java typescript", when: () => store() !== undefined, run: () => session.go({ view: "design", design: store()?.name, pane: "code" }) },
    { id: "administer", title: "Databases: sizes, backup, check", icon: "database", group: "Go", words: "admin settings attach detach checkpoint", when: () => session.place.database !== undefined && session.place.view !== "databases", run: () => session.go({ view: "databases" }) },
  );
}

/** What of the design is a place of its own: the code, which is loaded when an address first asks for it. @param {import("./context.js").Context} app */
export function wireDesignPlaces(app) {
  const { session } = app;
  const wanted = () => session.place.view === "design" && session.place.pane === "code";
  const load = async () => {
    if (!wanted()) return;
    session.removeEventListener("place", load);
    try {
      (await import("./code_dialog.js")).wireCode(app);
    } catch (error) {
      session.addEventListener("place", load);
      session.fail(error, "The code could not be loaded");
    }
  };
  session.addEventListener("place", load);
  void load();
}
