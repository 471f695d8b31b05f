// Dialogs of the copilot: exactly what was sent to a model, and a script made of calls.

import { ApiError, path } from "../../core/http.js";
import { count, size } from "../../core/format.js";
import { parse, stringify } from "../../core/json.js";
import { providerName } from "../../model/money.js";
import { t } from "../../strings/copilot.js";
import { html, nothing } from "../../vendor/lit.js";
import { Dialog, dialogHead, fault } from "../dialog.js";
import { announce, copyText, icon } from "../dom.js";

/**
 * The prompts of an answer, each exactly as it went to the model.
 * @param {import("../../model/talk.js").Talk} talk @param {number[]} numbers
 */
export function sentDialog(talk, numbers) {
  let at = 0;
  /** @type {Map<number, {text: string, about: string, error?: string}>} */
  const read = new Map();
  const load = async () => {
    const number = numbers[at];
    if (!read.has(number)) {
      try {
        const answer = parse(await talk.sent(number));
        const body = answer?.body ?? answer;
        const time = answer?.at_ms ? new Date(Number(answer.at_ms)).toTimeString().slice(0, 8) : "";
        read.set(number, { text: typeof body === "string" ? body : stringify(body, 2), about: [answer?.provider ? providerName(String(answer.provider)) : "", answer?.model ?? "", answer?.bytes === undefined ? "" : size(Number(answer.bytes)), time].filter(Boolean).join(" · ") });
      } catch (error) {
        read.set(number, { text: "", about: "", error: error instanceof Error ? error.message : String(error) });
      }
    }
    dialog.draw();
  };
  const go = (/** @type {number} */ next) => {
    at = next;
    dialog.draw();
    void load();
  };
  const dialog = new Dialog({
    label: t("copilot.what_was_sent"),
    className: "sent-dialog",
    draw: (self) => {
      const found = read.get(numbers[at]);
      return html`${dialogHead(self, t("copilot.what_was_sent"), html`<span class="small dim">${t("copilot.exactly_without_the_key")}</span>`)}
        ${numbers.length > 1 ? html`<div class="subtabs"><div role="tablist" aria-label=${t("copilot.prompts")}>${numbers.map((number, index) => html`<button role="tab" aria-selected=${String(index === at)} aria-controls="sent-body" tabindex=${index === at ? 0 : -1} @click=${() => go(index)} @keydown=${(/** @type {KeyboardEvent} */ event) => {
          const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? numbers.length - 1 : 0;
          if (!step) return;
          const list = /** @type {HTMLElement} */ (event.currentTarget).parentElement;
          go((index + step) % numbers.length);
          /** @type {HTMLElement | undefined} */ (list?.children[at])?.focus();
        }}>${t("copilot.prompt_number", { number: count(number) })}</button>`)}</div></div>` : nothing}
        ${fault(found?.error ?? "")}
        <div class="body scroll" id="sent-body" role=${numbers.length > 1 ? "tabpanel" : "region"} aria-label=${t("copilot.prompt_number", { number: numbers[at] })} tabindex="0">${found ? html`<pre class="sent-text">${found.text}</pre>` : nothing}</div>
        <footer><span class="small soft cut grow">${found?.about ?? ""}</span><button class="button quiet" ?disabled=${!found?.text} @click=${async () => announce((await copyText(found?.text ?? "")) ? t("shared.copied") : t("shared.clipboard_refused"))}>${icon("copy", true)}${t("shared.copy")}</button><button class="button" autofocus @click=${() => self.close()}>${t("shared.close")}<kbd>Esc</kbd></button></footer>`;
    },
  });
  void load();
}

/** A name that a script may have, from words. @param {string} text */
export function scriptName(text) {
  return text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "").slice(0, 40).replace(/_+$/, "") || "script";
}

/**
 * Keeps calls as a script.
 * @param {import("../context.js").Context} app @param {import("../../model/chat.js").Call[]} calls @param {string} words what was asked
 */
export function scriptDialog(app, calls, words) {
  let error = "";
  let busy = false;
  const steps = calls.map((call, at) => ({ type: "tool", name: `step ${at + 1}`, tool: call.tool, args: call.args ?? {}, output: calls.length === 1 ? "result" : `result_${at + 1}` }));
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    if (busy) return;
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const text = (/** @type {string} */ name) => String(form.get(name) ?? "").trim();
    busy = true;
    error = "";
    dialog.draw();
    try {
      await app.session.api.post(path("scripts"), { name: text("name"), category: text("category"), description: text("description"), parameters: [], database: app.session.place.database, steps });
      dialog.close();
      app.session.say({ kind: "ok", text: t("copilot.the_script_is_saved", { script: text("name") }) });
    } catch (caught) {
      error = caught instanceof ApiError && (caught.status === 404 || caught.status === 405) && !caught.code.includes("database") ? t("copilot.this_server_keeps_no_scripts") : caught instanceof Error ? caught.message : String(caught);
    }
    busy = false;
    if (error) dialog.draw();
  };
  const dialog = new Dialog({
    label: t("copilot.save_as_script"),
    className: "form-dialog",
    sticky: () => busy,
    draw: (self) => html`<form @submit=${submit}>${dialogHead(self, t("copilot.save_as_script"))}
      <div class="body form scroll"><div class="two"><label>${t("shared.name")}<span class="field"><input name="name" required pattern="[A-Za-z][A-Za-z0-9_\\-]*" title=${t("copilot.letters_digits_and")} maxlength="64" autocomplete="off" spellcheck="false" autofocus value=${scriptName(words)}></span></label>
        <label>${t("shared.category")}<span class="field"><input name="category" required maxlength="64" autocomplete="off" spellcheck="false" value="general"></span></label></div>
        <label>${t("shared.description")}<span class="field"><input name="description" maxlength="400" autocomplete="off" value=${words.slice(0, 400)}></span></label>
        <div class="label">${t("shared.steps")}<ol class="script-steps">${steps.map((step) => html`<li><code>${step.tool}</code><span class="cut soft">${stringify(step.args)}</span></li>`)}</ol><span class="hint">${t("copilot.the_same_calls")}</span></div></div>
      ${fault(error)}<footer><span class="grow"></span><button type="button" class="button quiet" @click=${() => self.close()}>${t("shared.cancel")}<kbd>Esc</kbd></button><button class="button main" ?disabled=${busy}>${busy ? t("shared.saving") : t("shared.save")}</button></footer></form>`,
  });
}
