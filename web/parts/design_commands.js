// The commands of the design: diagram, the design of a store, what is done with a store as a whole, databases. The parts
// themselves are loaded by the first of them that needs it.

import { t } from "../strings/commands.js";

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
    { id: "design", title: t("commands.diagram_of_stores_and_relations"), icon: "design", group: t("shared.design"), keys: ["Alt+D"], where: text, words: t("commands.design_words"), when: () => session.place.database !== undefined && !(here() && session.place.design === undefined), run: () => session.go({ view: "design", design: undefined, pane: undefined }) },
    { id: "design-store", title: () => t("shared.design_of_store", { store: store()?.name ?? "" }), icon: "design", group: t("shared.design"), words: t("commands.design_store_words"), when: () => store() !== undefined && session.place.design === undefined, run: () => session.go({ view: "design", design: store()?.name, pane: undefined }) },
    { id: "discover", title: () => t("commands.what_the_items_of_show", { store: store()?.name ?? "" }), icon: "chart", group: t("shared.design"), words: t("commands.discover_words"), when: () => store() !== undefined, run: () => session.go({ view: "design", design: store()?.name, pane: "items" }) },
    { id: "review-design", title: t("commands.review_the_design"), icon: "check", group: t("shared.design"), keys: ["Ctrl+S"], where: text, hidden: true, when: () => here() && app.design?.canReview === true, run: () => app.design?.review() },
    { id: "fit-diagram", title: t("commands.fit_the_diagram_into_view"), icon: "target", group: t("shared.design"), when: here, run: () => app.design?.fit() },
    { id: "arrange-diagram", title: t("commands.arrange_the_diagram_anew"), icon: "design", group: t("shared.design"), words: t("commands.arrange_diagram_words"), when: here, run: () => app.design?.arrange() },
    { id: "relate", title: t("shared.new_relation"), icon: "link", group: t("shared.design"), words: t("commands.relate_words"), when: () => here() && writable() && session.stores.length > 0, run: () => app.design?.relate() },
    ...(/** @type {const} */ (["svg", "png", "mermaid", "dbml"])).map((kind) => ({ id: `diagram-${kind}`, title: t("commands.diagram_as", { format: { svg: "SVG", png: "PNG", mermaid: t("commands.mermaid_text"), dbml: t("commands.dbml_text") }[kind] }), icon: "export", group: t("shared.design"), words: t("commands.export_diagram_words"), when: () => here() && session.stores.length > 0, run: () => app.design?.exportAs(kind) })),
    { id: "rename-store", title: () => t("shared.rename_name", { name: store()?.name ?? "" }), icon: "edit", group: t("shared.design"), when: able, run: async () => (await actions()).renameStore(app, store()?.name ?? "") },
    { id: "duplicate-store", title: () => t("shared.duplicate_name", { name: store()?.name ?? "" }), icon: "copy", group: t("shared.design"), words: t("commands.duplicate_store_words"), when: able, run: async () => (await actions()).duplicateStore(app, store()?.name ?? "") },
    { id: "empty-store", title: () => t("shared.empty_name", { name: store()?.name ?? "" }), icon: "x", group: t("shared.design"), risk: true, words: t("commands.empty_store_words"), when: () => able() && Number(store()?.count) > 0, run: async () => (await actions()).emptyStore(app, store()?.name ?? "") },
    { id: "drop-store", title: () => t("shared.delete_name", { name: store()?.name ?? "" }), icon: "trash", group: t("shared.design"), risk: true, hidden: true, when: able, run: async () => (await import("./create.js")).deleteStore(app, store()?.name ?? "") },
    { id: "code", title: () => (session.place.view === "design" && session.place.design ? t("commands.code_for", { name: session.place.design }) : t("commands.code_for", { name: session.place.database ?? "" })), icon: "json", group: t("shared.design"), words: t("commands.code_words"), when: () => session.stores.length > 0 && session.place.pane !== "code", run: () => session.go({ view: "design", design: here() ? session.place.design || undefined : undefined, pane: "code" }) },
    { id: "code-store", title: () => t("commands.code_for", { name: store()?.name ?? "" }), icon: "json", group: t("shared.design"), words: t("commands.code_words"), when: () => store() !== undefined, run: () => session.go({ view: "design", design: store()?.name, pane: "code" }) },
    { id: "administer", title: t("commands.databases_sizes_backup_check"), icon: "database", group: t("shared.go"), words: t("commands.administer_words"), when: () => session.place.database !== undefined && session.place.view !== "databases", run: () => session.go({ view: "databases" }) },
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
      session.fail(error, t("commands.the_code_could_not_be_loaded"));
    }
  };
  session.addEventListener("place", load);
  void load();
}
