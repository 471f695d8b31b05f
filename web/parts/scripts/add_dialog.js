// What can be added as a step: the kinds, then every tool, found by words; walked by arrows.

import { KINDS } from "../../model/script/steps.js";
import { t } from "../../strings/scripts.js";
import { html, nothing } from "../../vendor/lit.js";
import { Dialog } from "../dialog.js";
import { icon } from "../dom.js";

/** @typedef {{kind: string, tool?: string, title: string, icon: string, about: string, group: string, class?: string}} Choice */

/** @param {import("./studio.js").SopScripts} studio @param {string} list @param {number} index */
export function addDialog(studio, list, index) {
  /** @type {Choice[]} */
  const all = [
    ...Object.entries(KINDS).filter(([kind]) => kind !== "tool").map(([kind, one]) => ({ kind, title: one.title, icon: one.icon, about: one.about, group: t("shared.steps") })),
    ...studio.tools.map((one) => ({ kind: "tool", tool: one.name, title: one.name, icon: one.class === "read" ? "search" : "edit", about: one.description.split(/(?<=[.;])\s/)[0].replaceAll("`", ""), group: t("shared.tools"), class: one.class })),
  ];
  let words = "";
  let at = 0;
  const found = () => {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    return all.filter((one) => wanted.every((word) => `${one.title} ${one.about} ${one.kind}`.toLowerCase().includes(word)));
  };
  const take = (/** @type {Choice | undefined} */ one) => {
    if (!one) return;
    dialog.back = null; // the focus goes to the new step
    dialog.close();
    studio.cards.add(list, index, one.kind, one.tool);
  };
  /** @param {KeyboardEvent} event */
  const key = (event) => {
    const shown = found();
    if (event.key === "ArrowDown") at = Math.min(shown.length - 1, at + 1);
    else if (event.key === "ArrowUp") at = Math.max(0, at - 1);
    else if (event.key === "Enter") {
      event.preventDefault();
      return take(shown[at]);
    } else return;
    event.preventDefault();
    dialog.draw();
    dialog.element.querySelector(".at")?.scrollIntoView({ block: "nearest" });
  };
  const dialog = new Dialog({
    label: t("shared.add_a_step"),
    className: "add-dialog",
    draw: (self) => {
      const shown = found();
      return html`<label class="add-find">${icon("search")}<input type="search" autofocus role="combobox" aria-expanded="true" aria-controls="add-list" aria-activedescendant=${shown.length ? `add-${at}` : nothing} aria-label=${t("shared.add_a_step")} placeholder=${t("scripts.add_a_step_placeholder")} autocomplete="off" spellcheck="false" .value=${words} @keydown=${key} @input=${(/** @type {any} */ event) => { words = event.target.value; at = 0; self.draw(); }}><kbd>Esc</kbd></label>
        <ul class="add-list scroll" id="add-list" role="listbox" aria-label=${t("scripts.steps_and_tools")}>${shown.map((one, position) => html`${position === 0 || shown[position - 1].group !== one.group ? html`<li class="caption" role="presentation">${one.group}</li>` : nothing}<li id="add-${position}" class=${position === at ? "at" : ""} role="option" aria-selected=${String(position === at)} @pointermove=${() => { if (at !== position) { at = position; self.draw(); } }} @click=${() => take(one)}>${icon(one.icon, true)}<b class="cut">${one.title}</b><span class="cut grow soft">${one.about}</span>${one.class === "write" ? html`<span class="tag update">${t("scripts.writes")}</span>` : one.class === "admin" ? html`<span class="tag delete">${t("scripts.admin_within")}</span>` : nothing}</li>`)}
        ${shown.length ? nothing : html`<li class="caption" role="presentation">${t("scripts.nothing_is_called_so")}</li>`}</ul>`;
    },
  });
}
