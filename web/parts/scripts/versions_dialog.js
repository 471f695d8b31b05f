// The versions of a script: who saved what and when, what differs between two, and back to one of them.

import { literal } from "../../core/format.js";
import { path } from "../../core/http.js";
import { stringify } from "../../core/json.js";
import { places, stepOf, stepTitle } from "../../model/script/steps.js";
import { t } from "../../strings/scripts.js";
import { html, nothing } from "../../vendor/lit.js";
import { Dialog, dialogHead, fault } from "../dialog.js";
import { ago } from "../query/history_dialog.js";

/** @typedef {{version: number, author: string, saved: string, note?: string, deleted?: boolean}} Version */
/** @typedef {{at: string, before?: any, after?: any}} Difference */

/** @param {import("./studio.js").SopScripts} studio */
export function versionsDialog(studio) {
  const { draft, session } = studio;
  const base = draft?.base;
  if (!draft || !base) return;
  const url = path("scripts", base.category, base.name);
  /** @type {Version[]} */
  let list = [];
  let chosen = 0;
  /** @type {Difference[] | undefined} */
  let changes;
  /** @type {any} */
  let script;
  let error = "";
  let busy = false;
  /** Compared with the one before it, or with the newest. */
  let against = "before";

  const other = () => (against === "before" ? (list[list.findIndex((one) => one.version === chosen) + 1]?.version ?? 0) : (list[0]?.version ?? 0));
  const show = async (/** @type {number} */ version) => {
    chosen = version;
    error = "";
    dialog.draw();
    try {
      const deleted = list.find((one) => one.version === version)?.deleted;
      const answer = deleted ? undefined : await session.api.get(url, { version });
      const from = other();
      const compared = deleted || from === 0 || from === version ? undefined : await session.api.get(`${url}/versions`, { from: Math.min(from, version), to: Math.max(from, version) });
      if (chosen !== version) return;
      script = answer?.script;
      changes = compared?.changes;
    } catch (cause) {
      error = cause instanceof Error ? cause.message : String(cause);
    }
    dialog.draw();
  };
  const restore = async () => {
    busy = true;
    dialog.draw();
    try {
      const answer = await session.api.post(`${url}/restore`, { version: chosen });
      await studio.read(draft, true);
      session.say({ kind: "ok", text: t("scripts.version_is_back", { back: chosen, version: answer.version }) });
      void studio.readList();
      dialog.close();
    } catch (cause) {
      error = cause instanceof Error ? cause.message : String(cause);
      busy = false;
      dialog.draw();
    }
  };
  /** Where a difference is, in words. @param {string} at */
  const where = (at) => {
    const found = script && stepOf(script, at);
    if (!found) return at.slice(1).replaceAll("/", " / ") || t("scripts.all_of_it_within");
    const place = places(script).find((one) => one.at === found.at);
    return t("scripts.step_and_field", { number: place?.number, step: place ? stepTitle(place.step) : "", field: found.field.replaceAll("/", " / ") });
  };
  /** @param {Difference} one */
  const card = (one) => html`<section class="card" aria-label=${where(one.at)}><header><span class="tag ${one.before === undefined ? "insert" : one.after === undefined ? "delete" : "update"}">${one.before === undefined ? t("shared.added") : one.after === undefined ? t("shared.removed") : t("shared.changed")}</span><b class="cut">${where(one.at)}</b></header>
    <div class="version-diff">${one.before === undefined ? nothing : html`<pre class="was">${shown(one.before)}</pre>`}${one.after === undefined ? nothing : html`<pre class="now">${shown(one.after)}</pre>`}</div></section>`;
  const dialog = new Dialog({
    label: t("scripts.versions"),
    className: "review versions-dialog",
    sticky: () => busy,
    closed: () => {
      if (session.place.view === "scripts" && session.place.pane === "versions") void session.go({ view: "scripts", pane: undefined });
    },
    draw: (self) => {
      const from = other();
      const isNewest = chosen === list[0]?.version;
      const now = list.find((one) => one.version === chosen);
      return html`${dialogHead(self, t("scripts.versions_of", { script: base.name }))}${fault(error)}<div class="versions-body">
        <ul class="version-list scroll" role="listbox" aria-label=${t("scripts.versions")} tabindex="0" aria-activedescendant="version-${chosen}" @keydown=${(/** @type {KeyboardEvent} */ event) => {
          const at = list.findIndex((one) => one.version === chosen) + (event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : NaN);
          if (!list[at]) return;
          event.preventDefault();
          void show(list[at].version);
        }}>${list.map((one) => html`<li id="version-${one.version}" role="option" aria-selected=${String(one.version === chosen)} @click=${() => show(one.version)}><span><b>${t("scripts.version_number", { version: one.version })}</b>${one.deleted ? html` <span class="tag delete">${t("scripts.deleted")}</span>` : nothing}${one.version === base.version ? html` <span class="chip">${t("shared.open_within")}</span>` : nothing}</span><span class="small dim">${one.author} · <span title=${one.saved}>${ago(Date.parse(one.saved))}</span></span>${one.note ? html`<span class="small soft">${one.note}</span>` : nothing}</li>`)}</ul>
        <div class="version-main scroll" tabindex="0" role="region" aria-label=${t("scripts.what_differs")}><div class="version-bar"><span class="soft">${now?.deleted ? t("scripts.the_script_was_deleted_here") : from === 0 ? t("scripts.the_first") : from === chosen ? t("scripts.this_is_the_newest") : t("scripts.what_differs_between", { from: Math.min(from, chosen), to: Math.max(from, chosen) })}</span><span class="grow"></span><div class="choice" role="radiogroup" aria-label=${t("scripts.compared_with")}>${[["before", t("scripts.the_one_before_within")], ["newest", t("scripts.the_newest")]].map(([id, title]) => html`<button role="radio" aria-checked=${String(against === id)} @click=${() => { against = id; void show(chosen); }}>${title}</button>`)}</div></div>
          ${changes?.length ? changes.map(card) : changes ? html`<p class="soft pad">${t("scripts.nothing_differs")}</p>` : script ? html`<pre class="request">${stringify(script, 2)}</pre>` : nothing}</div></div>
        <footer>${draft.dirty ? html`<span class="small dim">${t("scripts.what_is_not_saved")}</span>` : nothing}<span class="grow"></span><button class="button quiet" @click=${() => self.close()}>${t("shared.close")}<kbd>Esc</kbd></button><button class="button main" ?disabled=${busy || now?.deleted || (isNewest && !draft.dirty) || !chosen} @click=${restore}>${isNewest && draft.dirty ? t("scripts.back_to_the_saved") : t("scripts.bring_back_version", { version: chosen || "" })}</button></footer>`;
    },
  });
  void (async () => {
    try {
      list = (await session.api.get(`${url}/versions`))?.versions ?? [];
      if (list.length) await show(list[0].version);
    } catch (cause) {
      error = cause instanceof Error ? cause.message : String(cause);
    }
    dialog.draw();
  })();
}

/** @param {unknown} value */
function shown(value) {
  return typeof value === "object" && value !== null ? stringify(value, 2) : literal(value, 4000);
}
