// Earlier talks, in the dock: open one, forget one.

import { money } from "../../model/money.js";
import { t } from "../../strings/copilot.js";
import { html, nothing } from "../../vendor/lit.js";
import { icon } from "../dom.js";

/** @typedef {Awaited<ReturnType<typeof import("../../model/talk.js").talks>>[number]} Kept */

/** When it was, as people say it. @param {number} then @param {number} now */
export function when(then, now) {
  if (!then) return "";
  const minutes = Math.floor((now - then) / 60_000);
  if (minutes < 1) return t("copilot.now");
  if (minutes < 60) return t("shared.n_min_ago", { n: minutes });
  const date = new Date(then);
  const days = Math.round((new Date(now).setHours(0, 0, 0, 0) - new Date(then).setHours(0, 0, 0, 0)) / 86_400_000);
  if (days === 0) return date.toTimeString().slice(0, 5);
  if (days === 1) return t("copilot.yesterday");
  return date.toLocaleDateString("en-GB", { day: "numeric", month: "short", ...(date.getFullYear() === new Date(now).getFullYear() ? {} : { year: "numeric" }) });
}

/** @param {import("./dock.js").SopCopilot} dock */
export function historyView(dock) {
  const { kept, keptFault } = dock;
  const now = Date.now();
  return html`<div class="talks scroll" role="region" aria-label=${t("shared.earlier_talks")} tabindex="-1">
    ${keptFault ? html`<div class="notice danger" role="alert">${icon("warning")}<p class="grow">${keptFault}</p><button class="button s" @click=${() => dock.showHistory(true)}>${icon("refresh", true)}${t("shared.try_again")}</button></div>` : nothing}
    ${kept && !kept.length && !keptFault ? html`<div class="nothing">${icon("history")}<h2>${t("copilot.no_talk_yet")}</h2><p>${t("copilot.what_you_ask_is_kept_here")}</p></div>` : nothing}
    <ul>${(kept ?? []).map((one) => html`<li class="talk-row ${one.id === dock.talk?.chat.session ? "on" : ""}"><button class="plain" aria-current=${one.id === dock.talk?.chat.session ? "true" : nothing} @click=${() => dock.openTalk(one.id)}><b class="cut">${one.title || t("copilot.without_words")}</b><span class="meta"><span>${one.database}</span><span>${t("copilot.n_turns", { n: one.turns })}</span>${one.cost ? html`<span>${money(one.cost)}</span>` : nothing}<span class="end">${when(one.updated, now)}</span></span></button><button class="button only s quiet" aria-label=${t("shared.forget_name", { name: one.title.slice(0, 40) })} title=${t("copilot.forget")} @click=${() => dock.forget(one)}>${icon("trash", true)}</button></li>`)}</ul></div>`;
}
