// Files dropped anywhere on the page open the import.

import { t } from "../strings/shell.js";

/** @param {{session: import("../model/session.js").Session, importing?: (files: File[]) => void}} app importing: in place of the import of the open database */
export function wireDrop(app) {
  const { session, importing } = app;
  let depth = 0;
  const has = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files") ?? false;
  const mark = (/** @type {boolean} */ on) => document.documentElement.classList.toggle("dropping", on);
  document.addEventListener("dragenter", (event) => {
    if (!has(event)) return;
    event.preventDefault();
    depth += 1;
    mark(true);
  });
  document.addEventListener("dragover", (event) => has(event) && event.preventDefault());
  document.addEventListener("dragleave", (event) => {
    if (!has(event)) return;
    depth = Math.max(0, depth - 1);
    if (depth === 0) mark(false);
  });
  document.addEventListener("drop", async (event) => {
    if (!has(event)) return;
    event.preventDefault();
    depth = 0;
    mark(false);
    const files = [...(event.dataTransfer?.files ?? [])];
    if (!files.length) return;
    if (session.readOnly !== undefined) return session.say({ kind: "warn", text: t("shell.nothing_can_be_imported", { reason: session.readOnly }) });
    if (importing) importing(files);
    else (await import("./import_dialog.js")).importFiles(app, files);
  });
}
