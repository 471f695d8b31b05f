// The studio with no script open: all scripts with their last runs, and the ways to begin one.

import { span } from "../../core/format.js";
import { shelves } from "../../model/script/drafts.js";
import { t } from "../../strings/scripts.js";
import { html, nothing } from "../../vendor/lit.js";
import { icon } from "../dom.js";
import { ago } from "../query/history_dialog.js";

/** @param {import("./studio.js").SopScripts} studio */
export function overview(studio) {
  const begin = html`<button class="button s main" data-command="new-script">${icon("plus", true)}${t("shared.new_script")}</button><button class="button s" data-command="script-from-query">${icon("query", true)}${t("scripts.from_the_last_query")}</button><button class="button s" data-command="import-script">${icon("import", true)}${t("shared.import")}</button>`;
  if (studio.listFault) return html`<div class="nothing">${icon("warning")}<h2>${t("scripts.the_scripts_could_not_be_read")}</h2><p>${studio.listFault}</p><p class="next"><button class="button s" @click=${() => studio.readList()}>${icon("refresh", true)}${t("shared.try_again")}</button></p></div>`;
  if (!studio.listed) return html`<div class="nothing"></div>`;
  if (!studio.list.length) return html`<div class="nothing">${icon("scripts")}<h2>${t("scripts.no_scripts_yet")}</h2><p>${t("scripts.what_a_script_is")}</p><p class="next starters">${begin}</p></div>`;
  return html`<div class="scroll overview" tabindex="0" role="region" aria-label=${t("shared.all_scripts")}><div class="overview-head"><h2>${t("shared.scripts")}</h2><span class="grow"></span>${begin}</div>
    ${shelves(studio.list, "").map(({ category, scripts }) => html`<section class="section" aria-label=${category}><h3>${icon("folder", true)}${category} <span class="small dim">${t("scripts.n_scripts", { n: scripts.length })}</span></h3><ul class="script-rows">${scripts.map((one) => html`<li><a class="script-row" href="/scripts/${encodeURIComponent(one.category)}/${encodeURIComponent(one.name)}?db=${encodeURIComponent(studio.session.place.database ?? "")}" @click=${(/** @type {MouseEvent} */ event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
      event.preventDefault();
      void studio.go(`${one.category}/${one.name}`);
    }}>${icon("scripts", true)}<b class="cut">${one.name}</b><span class="cut soft script-about">${one.description}</span><span class="dim small steps-of">${t("shared.n_steps", { n: Number(one.steps ?? 0) })}</span><span class="last">${last(studio.ran.get(`${one.category}.${one.name}`))}</span><span class="count dim">${t("shared.v_version", { version: one.version })}</span></a></li>`)}</ul></section>`)}</div>`;
}

/** @param {import("./studio.js").Ran | undefined} ran */
function last(ran) {
  if (!ran) return html`<span class="dim small">${t("scripts.never_run")}</span>`;
  const when = Date.parse(ran.at);
  return html`<span class="small ${ran.outcome === "failed" ? "fail" : ran.outcome === "done" ? "good" : "dim"}" title=${ran.at}>${icon(ran.outcome === "done" ? "check" : ran.outcome === "failed" ? "warning" : "stop", true)}${Number.isNaN(when) ? "" : ago(when)}${ran.dry_run ? t("scripts.and_dry") : ""}</span>${ran.elapsed_ms === undefined ? nothing : html` <span class="small dim">${span(Number(ran.elapsed_ms))}</span>`}`;
}
