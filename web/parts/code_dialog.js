// The code of a database or of one store, in a language of choice, to copy or to save. The address says which.

import { path } from "../core/http.js";
import { visible } from "../core/keys.js";
import { LANGUAGES, codeOf } from "../model/code/index.js";
import { rich, t } from "../strings/code.js";
import { html, nothing } from "../vendor/lit.js";
import { Dialog, dialogHead, fault } from "./dialog.js";
import { announce, copyText, icon } from "./dom.js";
import { saveBlob } from "./save_file.js";

const KEPT = "sop.code.language";
const WAIT_MS = 150;

/** @typedef {import("../model/code/index.js").Language} Language */

/** Follows the address: the code is shown while it says so. @param {import("./context.js").Context} app */
export function wireCode(app) {
  const { session } = app;
  /** @type {CodeDialog | undefined} */
  let open;
  const follow = () => {
    const { view, pane } = session.place;
    if (view === "design" && pane === "code" && session.place.database !== undefined) {
      open ??= new CodeDialog(app, () => (open = undefined));
      void open.read();
    } else open?.dialog.close();
  };
  session.addEventListener("place", follow);
  follow();
}

class CodeDialog {
  /** @param {import("./context.js").Context} app @param {() => void} gone */
  constructor(app, gone) {
    this.app = app;
    this.error = "";
    this.waiting = false;
    /** @type {any[] | undefined} */
    this.stores = undefined;
    this.of = "";
    this.dialog = new Dialog({
      label: t("shared.code"),
      className: "code-dialog",
      draw: () => this.draw(),
      closed: () => {
        gone();
        const { session } = app;
        if (session.place.pane === "code") void session.go({ view: "design", pane: undefined, lang: undefined });
      },
    });
  }

  /** @returns {Language} */
  get language() {
    const { session } = this.app;
    const wished = session.place.lang ?? session.storage.getItem(KEPT) ?? "python";
    return /** @type {Language} */ (wished in LANGUAGES ? wished : "python");
  }

  /** Reads what the stores show of their items, once for each place. */
  async read() {
    const { session } = this.app;
    const { database = "", design } = session.place;
    const names = design ? [design] : session.stores.filter((one) => !one.index_of).map((one) => one.name);
    const of = JSON.stringify([database, names]);
    this.dialog.draw();
    if (of === this.of) return;
    this.of = of;
    this.stores = undefined;
    this.error = "";
    const late = setTimeout(() => {
      this.waiting = true;
      this.dialog.draw();
    }, WAIT_MS);
    try {
      const stores = [];
      for (const name of names) stores.push(await session.api.get(path("databases", database, "stores", name)));
      if (this.of === of) this.stores = stores;
    } catch (error) {
      this.error = error instanceof Error ? error.message : String(error);
      this.of = "";
    }
    clearTimeout(late);
    this.waiting = false;
    this.dialog.draw();
  }

  /** @param {Language} language */
  choose(language) {
    const { session } = this.app;
    try {
      session.storage.setItem(KEPT, language);
    } catch {
      // It is only a habit.
    }
    void session.go({ view: "design", pane: "code", lang: language }, { replace: true });
  }

  /** @param {KeyboardEvent} event @param {number} at */
  key(event, at) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = /** @type {Language[]} */ (Object.keys(LANGUAGES));
    const next = (at + step + all.length) % all.length;
    this.choose(all[next]);
    document.getElementById(`code-tab-${all[next]}`)?.focus();
  }

  draw() {
    const { session } = this.app;
    const { database = "", design } = session.place;
    const { language } = this;
    const code = this.stores ? codeOf(language, database, this.stores, { url: location.origin }) : undefined;
    const copy = async () => {
      if (await copyText(code?.text ?? "")) {
        announce(t("shared.copied"));
        session.say({ kind: "ok", text: t("code.is_on_the_clipboard", { file: code?.file }) });
      } else session.say({ kind: "warn", text: t("shared.clipboard_refused_select") });
    };
    return html`${dialogHead(this.dialog, t("shared.code"), html`<span class="badge">${visible(design || database)}</span>`)}
      <div class="subtabs"><div role="tablist" aria-label=${t("code.language")}>${Object.entries(LANGUAGES).map(([id, { title }], at) => html`<button role="tab" id="code-tab-${id}" aria-selected=${String(id === language)} aria-controls="code-text" tabindex=${id === language ? 0 : -1} @click=${() => this.choose(/** @type {Language} */ (id))} @keydown=${(/** @type {KeyboardEvent} */ event) => this.key(event, at)}>${title}</button>`)}</div></div>
      ${fault(this.error)}
      <pre class="request scroll" id="code-text" role="tabpanel" aria-labelledby="code-tab-${language}" tabindex="0">${code?.text ?? (this.waiting ? t("code.reading_the_stores") : "")}</pre>
      <footer><span class="small dim">${code ? html`${rich("code.file_of_n_lines", { file: html`<code>${code.file}</code>`, n: code.text.split("\n").length - 1, over: LANGUAGES[language].over })}` : nothing}</span><span class="grow"></span>
        <button class="button" ?disabled=${!code} @click=${() => code && saveBlob(new Blob([code.text], { type: "text/plain" }), code.file)}>${icon("export", true)}${t("shared.save")}</button><button class="button main" autofocus ?disabled=${!code} @click=${copy}>${icon("copy", true)}${t("shared.copy")}</button></footer>`;
  }
}
