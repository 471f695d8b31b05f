// Help: every shortcut, from the one list of commands.

import { shownKey } from "../model/commands.js";
import { t } from "../strings/shell.js";
import { html } from "../vendor/lit.js";
import { Dialog, dialogHead } from "./dialog.js";

const LEFT_OUT = new Set([t("shared.go_to_the_rows")]);

/** @param {import("./context.js").Context} app */
export function help({ commands }) {
  /** @type {Map<string, import("../model/commands.js").Command[]>} */
  const groups = new Map();
  for (const command of commands.all.values()) {
    if (!command.keys || LEFT_OUT.has(commands.title(command))) continue;
    groups.set(command.group, [...(groups.get(command.group) ?? []), command]);
  }
  new Dialog({
    label: t("shared.help_and_shortcuts"),
    className: "help-dialog",
    draw: (dialog) => html`${dialogHead(dialog, t("shared.help_and_shortcuts"))}<div class="body help scroll" tabindex="0">
      <p class="soft">${t("shell.nothing_is_written_until_you_review_it")}</p>
      <div class="columns">${[...groups].map(([group, list]) => html`<section><h2>${group}</h2><dl>${list.map((command) => html`<div><dt>${commands.title(command).replace(/ (?:0|1) staged edits?| undefined|\s+$/g, "")}</dt><dd>${command.keys?.slice(0, 2).map((key) => html`<kbd>${shownKey(key)}</kbd>`)}</dd></div>`)}</dl></section>`)}</div></div>`,
  });
}
