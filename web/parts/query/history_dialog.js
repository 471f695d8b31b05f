// History and saved queries: one list to look through, in a dialog.

import { count, span } from "../../core/format.js";
import { headline } from "../../model/query/sql_text.js";
import { t } from "../../strings/query.js";
import { html, nothing } from "../../vendor/lit.js";
import { Dialog, dialogHead } from "../dialog.js";
import { icon } from "../dom.js";

const MOST = 100;

/** When something was, as people say it. @param {number} at @param {number} [now] */
export function ago(at, now = Date.now()) {
  const seconds = Math.max(0, Math.round((now - at) / 1000));
  if (seconds < 60) return t("shared.just_now");
  if (seconds < 3600) return t("shared.n_min_ago", { n: Math.floor(seconds / 60) });
  const date = new Date(at);
  const time = date.toTimeString().slice(0, 5);
  return new Date(now).toDateString() === date.toDateString() ? time : `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, "0")}-${String(date.getDate()).padStart(2, "0")} ${time}`;
}

/**
 * @param {{history: import("../../model/query/history.js").History, open: (sql: string, title?: string) => void, changed: () => void, saved?: boolean}} how
 */
export function historyDialog({ history, open, changed, saved = false }) {
  let words = "";
  let tab = saved ? "saved" : "ran";
  /** @param {Dialog} dialog @param {string} sql @param {string} [title] */
  const take = (dialog, sql, title) => {
    dialog.close();
    open(sql, title);
  };
  /** @param {KeyboardEvent} event */
  const walk = (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const list = [.../** @type {NodeListOf<HTMLElement>} */ (dialog.element.querySelectorAll(".history-row > .plain"))];
    const at = list.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    event.preventDefault();
    (list[at + (event.key === "ArrowDown" ? 1 : -1)] ?? (event.key === "ArrowUp" ? dialog.element.querySelector("input") : list[0]))?.focus();
  };
  const dialog = new Dialog({
    label: t("query.history_and_saved_queries"),
    className: "history-dialog",
    draw: (self) => {
      const ran = history.findRan(words).slice(0, MOST);
      const kept = history.findSaved(words).slice(0, MOST);
      const none = tab === "ran" ? (history.ran.length ? t("query.no_statement_contains_these_words") : t("query.what_you_run_is_listed_here")) : history.saved.length ? t("query.no_saved_query_contains_these_words") : t("query.save_a_query_and_it_is_listed");
      return html`${dialogHead(self, t("query.queries"))}<div class="history-find"><label class="field">${icon("search", true)}<input type="search" autofocus aria-label=${t("query.search")} placeholder=${t("query.search")} .value=${words} @keydown=${walk} @input=${(/** @type {any} */ event) => { words = event.target.value; self.draw(); }}></label></div>
        <div class="subtabs"><div role="tablist" aria-label=${t("query.queries")}>${[["ran", t("query.history"), history.ran.length], ["saved", t("shared.saved"), history.saved.length]].map(([id, title, n]) => html`<button role="tab" aria-selected=${String(tab === id)} aria-controls="history-body" @click=${() => { tab = String(id); self.draw(); }}>${title} <span class="badge">${n}</span></button>`)}</div></div>
        <div class="body scroll" id="history-body" role="tabpanel" aria-label=${tab === "ran" ? t("query.history") : t("shared.saved")} tabindex="0" @keydown=${walk}>
          ${tab === "ran"
            ? ran.map((one) => html`<div class="history-row"><button type="button" class="plain" @click=${() => take(self, one.sql)}><code class="cut">${headline(one.sql)}</code><span class="meta">${one.failed ? html`<span class="fail">${t("shared.failed_within")}</span>` : html`${one.rows === undefined ? nothing : html`<span>${count(one.rows)} ${t("shared.rows_within", { n: one.rows })}</span>`}${one.ms === undefined ? nothing : html`<span>${span(one.ms)}</span>`}`}<span>${ago(one.at)}</span></span></button></div>`)
            : kept.map((one) => html`<div class="history-row"><button type="button" class="plain" @click=${() => take(self, one.sql, one.name)}><b class="cut">${one.name}</b><code class="cut dim">${headline(one.sql)}</code></button><button type="button" class="button only s quiet" aria-label=${t("shared.delete_name", { name: one.name })} title=${t("shared.delete")} @click=${() => { history.forget(one.name); changed(); self.draw(); }}>${icon("trash", true)}</button></div>`)}
          ${(tab === "ran" ? ran : kept).length ? nothing : html`<div class="nothing">${icon(tab === "ran" ? "history" : "save")}<p>${none}</p></div>`}
        </div>`;
    },
  });
  return dialog;
}

/** Asks for a name. @param {{title: string, label: string, value: string, act: string, done: (name: string) => void}} how */
export function nameDialog({ title, label, value, act, done }) {
  let name = value;
  const dialog = new Dialog({
    label: title,
    className: "form-dialog small-dialog",
    draw: (self) => html`<form @submit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      if (!name.trim()) return;
      self.close();
      done(name.trim());
    }}>${dialogHead(self, title)}<div class="body form"><label>${label}<span class="field"><input autofocus autocomplete="off" spellcheck="false" maxlength="120" .value=${name} @input=${(/** @type {any} */ event) => { name = event.target.value; self.draw(); }}></span></label></div>
      <footer><span class="grow"></span><button type="button" class="button quiet" @click=${() => self.close()}>${t("shared.cancel")}</button><button class="button main" ?disabled=${!name.trim()}>${act}</button></footer></form>`,
  });
  dialog.element.querySelector("input")?.select();
  return dialog;
}
