// A text to copy or to save.

import { t } from "../../strings/design.js";
import { html, nothing } from "../../vendor/lit.js";
import { Dialog, dialogHead } from "../dialog.js";
import { announce, copyText, icon } from "../dom.js";
import { saveBlob } from "../save_file.js";

/** @param {import("../context.js").Context} app @param {{title: string, text: string, file: string, other?: {title: string, run: () => unknown}}} how */
export function textDialog(app, { title, text, file, other }) {
  const copy = async () => {
    if (await copyText(text)) {
      announce(t("shared.copied"));
      app.session.say({ kind: "ok", text: t("design.the_text_is_on_the_clipboard") });
    } else app.session.say({ kind: "warn", text: t("shared.clipboard_refused_select") });
  };
  return new Dialog({
    label: title,
    className: "form-dialog",
    draw: (self) => html`${dialogHead(self, title)}<pre class="request scroll" tabindex="0" aria-label=${title}>${text}</pre>
      <footer>${other ? html`<button class="button quiet" @click=${() => { self.close(); other.run(); }}>${t("design.as_format", { format: other.title })}</button>` : nothing}<span class="grow"></span><button class="button" @click=${() => saveBlob(new Blob([text], { type: "text/plain" }), file)}>${icon("export", true)}${t("shared.save")}</button><button class="button main" autofocus @click=${copy}>${icon("copy", true)}${t("shared.copy")}</button></footer>`,
  });
}
