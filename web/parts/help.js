// Help: every shortcut, from the one list of commands.

import { shownKey } from "../model/commands.js";
import { html } from "../vendor/lit.js";
import { Dialog, dialogHead } from "./dialog.js";

const LEFT_OUT = new Set(["Go to the rows"]);

/** @param {import("./context.js").Context} app */
export function help({ commands }) {
  /** @type {Map<string, import("../model/commands.js").Command[]>} */
  const groups = new Map();
  for (const command of commands.all.values()) {
    if (!command.keys || LEFT_OUT.has(commands.title(command))) continue;
    groups.set(command.group, [...(groups.get(command.group) ?? []), command]);
  }
  new Dialog({
    label: "Help and shortcuts",
    className: "help-dialog",
    draw: (dialog) => html`${dialogHead(dialog, "Help and shortcuts")}<div class="body help scroll" tabindex="0">
      <p class="soft">Nothing is written until you review it: edits are staged, shown before and after, and committed as one transaction. Counts are exact at any size.</p>
      <div class="columns">${[...groups].map(([group, list]) => html`<section><h2>${group}</h2><dl>${list.map((command) => html`<div><dt>${commands.title(command).replace(/ (?:0|1) staged edits?| undefined|\s+$/g, "")}</dt><dd>${command.keys?.slice(0, 2).map((key) => html`<kbd>${shownKey(key)}</kbd>`)}</dd></div>`)}</dl></section>`)}</div></div>`,
  });
}
