// Scripts as files: JSON out, JSON in.

import { parse, stringify } from "../../core/json.js";
import { t } from "../../strings/scripts.js";
import { saveBlob } from "../save_file.js";
import { UNNAMED } from "./studio.js";

const MOST_IMPORT = 2_000_000;

/** Writes a script to a file. @param {import("../../model/script/drafts.js").Draft} draft */
export function exportJson(draft) {
  const name = (draft.script.name || UNNAMED).replace(/[^\p{L}\p{N}._-]+/gu, "_");
  saveBlob(new Blob([`${stringify(draft.script, 2)}\n`], { type: "application/json" }), `${name}.script.json`);
}

/** Asks for a file, and opens the script in it. @param {import("./studio.js").SopScripts} studio */
export function importJson(studio) {
  const input = document.createElement("input");
  input.type = "file";
  input.accept = ".json,application/json";
  input.addEventListener("change", async () => {
    const [file] = input.files ?? [];
    if (!file) return;
    try {
      if (file.size > MOST_IMPORT) throw new Error(t("scripts.a_script_is_not_as_large"));
      const script = parse(await file.text());
      if (!Array.isArray(script?.steps)) throw new Error(t("scripts.this_file_has_no_steps"));
      await studio.add(script);
    } catch (error) {
      studio.session.say({ kind: "danger", text: `${file.name}: ${error instanceof Error ? error.message : String(error)}` });
    }
  });
  input.click();
}
