// One question and its answer: parts in the order in which they came, what it cost, and what can be done with it.

import { count } from "../../core/format.js";
import { stringify } from "../../core/json.js";
import { money, providerName } from "../../model/money.js";
import { t } from "../../strings/copilot.js";
import { html, nothing } from "../../vendor/lit.js";
import { Part, announce, copyText, icon } from "../dom.js";
import { approvalView } from "./approval.js";
import { callView } from "./call.js";
import "./markdown.js";

/** @typedef {import("../../model/chat.js").Turn} Turn */
/** @typedef {import("../../model/chat.js").KnowledgePart} KnowledgePart */

export class SopTurn extends Part {
  constructor() {
    super();
    /** @type {Turn | undefined} */
    this.turn = undefined;
    /** @type {import("./dock.js").SopCopilot | undefined} */
    this.dock = undefined;
    /** Whether a word is asked for after a thumb down. */
    this.asking = false;
    /** The proposed knowledge that is being edited. @type {KnowledgePart | undefined} */
    this.editing = undefined;
  }

  shouldUpdate() {
    return this.turn !== undefined && this.dock !== undefined;
  }

  render() {
    const turn = /** @type {Turn} */ (this.turn);
    const dock = /** @type {import("./dock.js").SopCopilot} */ (this.dock);
    const busy = turn.state === "sending" || turn.state === "running";
    const shown = turn.parts.findLast((part) => part.kind === "call" && part.columns?.length && part.state === "done");
    return html`<div class="asked"><p class="said">${turn.message}</p><div class="acts"><button class="button only s quiet" aria-label=${t("copilot.copy_the_message")} title=${t("shared.copy")} @click=${() => this.#copy(turn.message)}>${icon("copy", true)}</button><button class="button only s quiet" aria-label=${t("copilot.edit_and_ask_again")} title=${t("copilot.edit_and_ask_again")} ?disabled=${dock.talk?.chat.busy ?? false} @click=${() => dock.edit(turn)}>${icon("edit", true)}</button></div></div>
      <div class="answer" aria-busy=${String(busy)}>
        ${turn.gone.map((text) => html`<p class="note">${icon("info", true)}<span>${text}</span></p>`)}
        ${turn.parts.map((part) => this.#part(part, shown, busy))}
        ${busy && turn.parts.at(-1)?.kind !== "text" && !turn.parts.some((part) => part.kind === "call" && part.state === "running") ? html`<p class="thinking" aria-hidden="true"><i></i><i></i><i></i></p>` : nothing}
        ${turn.alternatives.length ? html`<div class="next-questions" role="group" aria-label=${t("copilot.other_readings")}>${turn.alternatives.slice(0, 5).map((text) => html`<button class="button s" @click=${() => dock.ask(text)}>${text}</button>`)}</div>` : nothing}
        ${this.#foot(turn, dock)}
      </div>`;
  }

  /** @param {import("../../model/chat.js").Part} part @param {any} shown @param {boolean} busy */
  #part(part, shown, busy) {
    const dock = /** @type {import("./dock.js").SopCopilot} */ (this.dock);
    switch (part.kind) {
      case "text":
        return html`<sop-markdown class="md ${busy ? "live" : ""}" .text=${part.text}></sop-markdown>`;
      case "call":
        return html`${callView(dock, part, part === shown || Boolean(part.chart))}${part.approval ? approvalView(dock, part) : nothing}`;
      case "navigate": {
        const { database, store, filter } = part.place;
        const other = database !== undefined && database !== dock.app?.session.place.database ? `${database} / ` : "";
        return html`<div class="went">${icon("target", true)}<p class="cut">${part.undone ? t("copilot.went_back_from") : t("copilot.opened")} <b>${other}${store ?? (other ? "" : database)}</b>${filter === undefined || filter === null ? nothing : html` <code>${stringify(filter)}</code>`}</p>${part.undone ? html`<button class="button s quiet" @click=${() => dock.goTo(part)}>${t("shared.open_again")}</button>` : dock.cameFrom(part) ? html`<button class="button s quiet" @click=${() => dock.goBack(part)}>${icon("undo", true)}${t("shared.undo")}</button>` : html`<button class="button s quiet" @click=${() => dock.goTo(part)}>${t("shared.open")}</button>`}</div>`;
      }
      case "knowledge":
        return this.#knowledge(part);
      case "error":
        return html`<div class="notice danger" role="alert">${icon("warning")}<p class="grow">${part.detail}</p>${this.#fix(part.code)}</div>`;
      default:
        return nothing;
    }
  }

  /** The one fix of an error. @param {string} code */
  #fix(code) {
    const dock = /** @type {import("./dock.js").SopCopilot} */ (this.dock);
    if (dock.talk?.chat.busy) return nothing;
    if (/not_configured|address|key|unauthorized|auth/.test(code)) return html`<button class="button s" @click=${() => dock.run("settings")}>${icon("settings", true)}${t("shared.settings")}</button>`;
    if (code === "session_not_found") return html`<button class="button s" @click=${() => dock.newTalk()}>${icon("plus", true)}${t("copilot.new_talk")}</button>`;
    if (code === "events_lost") return html`<button class="button s" @click=${() => dock.reopen()}>${icon("refresh", true)}${t("copilot.load_the_talk")}</button>`;
    return this.turn === dock.talk?.chat.last ? html`<button class="button s" @click=${() => dock.retry()}>${icon("refresh", true)}${t("shared.try_again")}</button>` : nothing;
  }

  /** @param {KnowledgePart} part */
  #knowledge(part) {
    const dock = /** @type {import("./dock.js").SopCopilot} */ (this.dock);
    const editing = this.editing === part;
    const done = part.state !== "proposed";
    return html`<section class="card ai taught" aria-label=${t("copilot.proposed_knowledge")}><header>${icon("book", true)}<h3 class="cut">${part.name.replaceAll("_", " ")}</h3><span class="badge">${part.category}</span><span class="grow"></span><span class="tag ${part.state === "approved" ? "insert" : done ? "update" : "ai"}">${part.state === "approved" ? t("shared.approved") : done ? t("copilot.rejected") : t("shared.proposed")}</span></header>
      <div class="body">${editing ? html`<textarea class="field" rows="3" aria-label=${t("copilot.what_was_learned")} .value=${part.text} @keydown=${(/** @type {KeyboardEvent} */ event) => event.key === "Escape" && this.#stopEditing()}></textarea>` : html`<p>${part.text}</p>`}${part.why ? html`<p class="small soft">${part.why}</p>` : nothing}</div>
      ${done ? nothing : html`<footer><button class="button main s" @click=${() => this.#learn(part)}>${icon("check", true)}${editing ? t("shared.approve_as_edited") : t("shared.approve")}</button>${editing ? nothing : html`<button class="button s" @click=${() => this.#edit(part)}>${icon("edit", true)}${t("shared.edit")}</button>`}<button class="button s" @click=${() => dock.teach(part, "rejected")}>${t("shared.reject")}</button></footer>`}</section>`;
  }

  /** @param {KnowledgePart} part */
  async #edit(part) {
    this.editing = part;
    this.requestUpdate();
    await this.updateComplete;
    this.querySelector("textarea")?.focus();
  }
  #stopEditing() {
    this.editing = undefined;
    this.requestUpdate();
  }
  /** @param {KnowledgePart} part */
  async #learn(part) {
    if (this.editing === part) part.text = this.querySelector("textarea")?.value.trim() || part.text;
    this.editing = undefined;
    await this.dock?.teach(part, "approved");
  }

  /** @param {Turn} turn @param {import("./dock.js").SopCopilot} dock */
  #foot(turn, dock) {
    const { usage, state } = turn;
    const busy = state === "sending" || state === "running" || state === "waiting";
    const last = turn === dock.talk?.chat.last;
    const ends = { stopped: t("shared.stopped"), cut: t("copilot.the_connection_was_lost"), failed: "", waiting: t("copilot.waiting_for_you"), done: turn.reason === "limit" ? t("copilot.ended_at_a_limit") : "" };
    const end = ends[/** @type {"done"} */ (state)] ?? "";
    const calls = turn.parts.filter((part) => part.kind === "call" && part.state === "done");
    const about = [
      usage && (usage.in || usage.out) ? html`<span>${t("copilot.tokens_in", { tokens: count(usage.in) })}</span><span>${t("copilot.tokens_out", { tokens: count(usage.out) })}</span>${usage.cost === undefined ? nothing : html`<span>${money(usage.cost)}</span>`}` : state !== "sending" && turn.provider && !busy ? html`<span>${turn.provider === "command" ? t("copilot.no_model") : turn.provider === "offline" ? t("copilot.offline_planner") : `${providerName(turn.provider)}`}</span>` : nothing,
      end ? html`<span class=${state === "cut" ? "held" : ""}>${dock.talk?.reconnecting && last ? t("copilot.connecting_again") : end}</span>` : dock.talk?.reconnecting && last ? html`<span class="held">${t("copilot.connecting_again")}</span>` : nothing,
      usage?.sent.length ? html`<button class="plain-link" @click=${() => dock.showSent(turn)}>${t("copilot.what_was_sent")}</button>` : nothing,
      turn.knowledge.length ? html`<a class="plain-link" href="/knowledge" title=${turn.knowledge.join(", ")} @click=${(/** @type {MouseEvent} */ event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        dock.run("knowledge");
      }}>${t("copilot.n_known", { n: count(turn.knowledge.length) })}</a>` : nothing,
    ];
    return html`<div class="cost">${about}<span class="grow"></span>${busy ? nothing : html`<span class="acts">
        ${state === "cut" && last ? html`<button class="button s quiet" @click=${() => dock.reopen()}>${icon("refresh", true)}${t("shared.go_on")}</button>` : nothing}
        ${calls.length > 1 && dock.canSave ? html`<button class="button only s quiet" aria-label=${t("copilot.save_the_calls_as_a_script")} title=${t("copilot.save_as_script")} @click=${() => dock.saveScript(/** @type {any} */ (calls))}>${icon("scripts", true)}</button>` : nothing}
        <button class="button only s quiet" aria-label=${t("copilot.copy_the_answer")} title=${t("copilot.copy_the_answer")} @click=${() => this.#copy(this.#answerText(turn))}>${icon("copy", true)}</button>
        ${last ? html`<button class="button only s quiet" aria-label=${t("copilot.ask_again")} title=${t("copilot.ask_again")} @click=${() => dock.retry()}>${icon("refresh", true)}</button>` : nothing}
        ${turn.number ? html`<button class="button only s quiet" aria-label=${t("copilot.good_answer")} title=${t("copilot.good_answer")} aria-pressed=${String(turn.rating === "up")} @click=${() => dock.rate(turn, "up")}>${icon("up-thumb", true)}</button><button class="button only s quiet" aria-label=${t("copilot.bad_answer")} title=${t("copilot.bad_answer")} aria-pressed=${String(turn.rating === "down")} @click=${() => this.#down(turn)}>${icon("down-thumb", true)}</button>` : nothing}</span>`}</div>
      ${this.asking ? html`<form class="why" @submit=${(/** @type {SubmitEvent} */ event) => this.#why(event, turn)}><label class="field"><input name="why" maxlength="500" placeholder=${t("copilot.what_is_wrong_with_it")} aria-label=${t("copilot.what_is_wrong_with_it")} autocomplete="off" @keydown=${(/** @type {KeyboardEvent} */ event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        this.asking = false;
        this.requestUpdate();
      }}></label><button class="button s">${t("copilot.send")}</button></form>` : nothing}`;
  }

  /** @param {Turn} turn */
  async #down(turn) {
    void this.dock?.rate(turn, "down");
    this.asking = !this.asking;
    this.requestUpdate();
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector(".why input"))?.focus();
  }
  /** @param {SubmitEvent} event @param {Turn} turn */
  #why(event, turn) {
    event.preventDefault();
    const text = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get("why") ?? "").trim();
    this.asking = false;
    this.requestUpdate();
    if (text) void this.dock?.rate(turn, "down", text);
  }

  /** The answer as text: what was said, and the statements of it. @param {Turn} turn */
  #answerText(turn) {
    return turn.parts.flatMap((part) => (part.kind === "text" ? [part.text.trim()] : part.kind === "call" && part.statement ? [part.statement] : part.kind === "error" ? [part.detail] : [])).join("\n\n");
  }
  /** @param {string} text */
  async #copy(text) {
    announce((await copyText(text)) ? t("shared.copied") : t("shared.clipboard_refused"));
  }
}

customElements.define("sop-turn", SopTurn);
