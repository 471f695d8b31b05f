// The name to type before something is written where the environment asks for it: which one, and the field for it.

import { rich } from "../strings/shell.js";
import { html, nothing } from "../vendor/lit.js";
import { icon } from "./dom.js";

/** The name to type before stores are written: the store's, of several the database's; "" where none is asked for. @param {import("../model/session.js").Session} session @param {string[]} stores each once */
export function wordFor(session, stores) {
  if (session.environment?.mode !== "confirm") return "";
  return stores.length === 1 ? stores[0] : (session.place.database ?? "");
}

/** What the field says where nothing else is at stake. @param {import("../model/session.js").Session} session @param {string} word */
const toWrite = (session, word) => rich("shared.type_to_write_to", { word: html`<b>${word}</b>`, environment: html`<span class=${session.environment?.colour ?? ""}><span class="env">${session.environment?.name}</span></span>` });

/**
 * The field at the foot of a dialog.
 * @param {import("../model/session.js").Session} session
 * @param {{word: string, typed: string, change: (typed: string) => void, said?: unknown}} how
 */
export function proveField(session, { word, typed, change, said = toWrite(session, word) }) {
  return html`<label class="prove">${said}<span class="field"><input autocomplete="off" spellcheck="false" .value=${typed} @input=${(/** @type {any} */ event) => change(event.target.value)}>${typed === word ? icon("check", true) : nothing}</span></label>`;
}
