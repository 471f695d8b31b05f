// Where a person writes to the copilot. Enter sends, Shift Enter begins a line, a slash lists the commands, ↑ edits the last.

import { complete } from "../../model/slash.js";
import { t } from "../../strings/copilot.js";
import { html, live, nothing } from "../../vendor/lit.js";
import { sharingName } from "../../model/money.js";
import { Part, icon } from "../dom.js";

/** @typedef {import("../../model/slash.js").Completion} Completion */

const MOST = 20_000;

export class SopComposer extends Part {
  constructor() {
    super();
    /** @type {import("./dock.js").SopCopilot | undefined} */
    this.dock = undefined;
    this.text = "";
    /** @type {{from: number, items: Completion[]} | undefined} */
    this.list = undefined;
    this.at = 0;
    /** The turn whose message is being edited. @type {import("../../model/chat.js").Turn | undefined} */
    this.editing = undefined;
  }

  shouldUpdate() {
    return this.dock !== undefined;
  }

  get field() {
    return this.querySelector("textarea");
  }

  /** @param {string} text @param {boolean} [complete] */
  set(text, complete = false) {
    this.text = text;
    this.list = undefined;
    this.requestUpdate();
    void this.updateComplete.then(() => {
      const { field } = this;
      if (!field) return;
      field.focus();
      field.setSelectionRange(text.length, text.length);
      if (complete) this.#complete();
    });
  }

  /** Puts a word where the cursor is. @param {string} word */
  insert(word) {
    const { field } = this;
    if (!field) return;
    const { selectionStart: from, selectionEnd: to } = field;
    const before = this.text.slice(0, from);
    const gap = before && !/\s$/.test(before) ? " " : "";
    this.text = `${before}${gap}${word}${this.text.slice(to)}`;
    const at = before.length + gap.length + word.length;
    this.requestUpdate();
    void this.updateComplete.then(() => {
      field.focus();
      field.setSelectionRange(at, at);
    });
  }

  render() {
    const dock = /** @type {import("./dock.js").SopCopilot} */ (this.dock);
    const busy = dock.talk?.chat.busy ?? false;
    const store = dock.app?.session.place.store;
    const offline = !dock.llm?.provider || dock.share === "off";
    return html`<form class="composer" @submit=${(/** @type {Event} */ event) => { event.preventDefault(); this.send(); }}>
      ${this.list ? this.#menu(this.list) : nothing}
      ${this.editing ? html`<p class="editing-note">${icon("edit", true)}<span class="grow">${t("copilot.editing_what_came_after_it_goes")}</span><button type="button" class="button only s quiet" aria-label=${t("copilot.stop_editing")} @click=${() => this.leave()}>${icon("x", true)}</button></p>` : nothing}
      <textarea rows="2" maxlength=${MOST} aria-label=${t("shared.message")} aria-haspopup="listbox" aria-controls=${this.list ? "commands-list" : nothing} aria-autocomplete="list" aria-activedescendant=${this.list ? `command-${this.at}` : nothing} autocomplete="off" spellcheck="true"
        placeholder=${store === undefined || dock.app?.session.place.view !== undefined ? t("copilot.ask_or_for_commands") : t("copilot.ask_about_store", { store })} .value=${live(this.text)}
        @input=${this.#input} @keydown=${this.#key} @click=${() => this.#complete()} @blur=${() => this.#close()}></textarea>
      <div class="bar"><button type="button" class="button share s" aria-haspopup="menu" title=${t("copilot.what_may_leave_this_machine")} @click=${(/** @type {Event} */ event) => dock.chooseShare(/** @type {Element} */ (event.currentTarget))}>${icon("shield", true)}${offline && dock.share !== "off" ? t("shared.offline") : sharingName(dock.share)}</button>
        <span class="small dim cut model" title=${dock.modelTitle}>${dock.modelName}</span><span class="grow"></span>
        ${busy ? html`<button type="button" class="button s" @click=${() => dock.stop()}>${icon("stop", true)}${t("shared.stop")}<kbd>Esc</kbd></button>` : html`<button class="button main only s" aria-label=${t("copilot.send")} title=${t("copilot.send_key_hint")} ?disabled=${!this.text.trim()}>${icon("send", true)}</button>`}</div></form>`;
  }

  /** @param {{from: number, items: Completion[]}} list */
  #menu(list) {
    const commands = list.items[0]?.insert.startsWith("/");
    return html`<ul class="menu" role="listbox" id="commands-list" aria-label=${commands ? t("shared.commands") : t("shared.values")}>
      ${commands ? html`<li class="caption" role="presentation">${t("copilot.commands_work_without_a_model")}</li>` : nothing}
      ${list.items.map((item, at) => html`<li role="option" id="command-${at}" aria-selected=${String(at === this.at)} @pointerdown=${(/** @type {Event} */ event) => { event.preventDefault(); this.#take(at); }}><code class="cut">${commands ? "/" : ""}${item.name} <i>${commands ? item.usage : ""}</i></code><span class="soft cut grow">${item.detail}</span>${at === this.at ? html`<kbd>↵</kbd>` : nothing}</li>`)}</ul>`;
  }

  updated() {
    this.querySelector(".menu [aria-selected='true']")?.scrollIntoView({ block: "nearest" });
  }

  /** @param {Event} event */
  #input(event) {
    this.text = /** @type {HTMLTextAreaElement} */ (event.target).value;
    this.#complete();
    this.requestUpdate();
  }

  #complete() {
    const { dock, field } = this;
    if (!dock || !field) return;
    const { session } = /** @type {import("../context.js").Context} */ (dock.app);
    const before = this.list;
    this.list = complete(this.text, field.selectionStart ?? this.text.length, { tools: dock.tools, stores: session.stores.map((store) => store.name), databases: session.databases.map((one) => one.name) });
    if (this.text.startsWith("/")) dock.needTools();
    if (!before || !this.list || before.items.length !== this.list.items.length) this.at = 0;
    this.requestUpdate();
  }

  #close() {
    if (!this.list) return;
    this.list = undefined;
    this.requestUpdate();
  }

  /** @param {number} at */
  #take(at) {
    const { list, field } = this;
    const item = list?.items[at];
    if (!list || !item || !field) return;
    const end = field.selectionStart ?? this.text.length;
    const text = `${this.text.slice(0, list.from)}${item.insert}${this.text.slice(end).replace(/^\s+/, "")}`;
    this.set(text, item.more);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing) return;
    const { list, dock } = this;
    const plain = !event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey;
    if (list && (event.key === "ArrowDown" || event.key === "ArrowUp") && plain) {
      const { length } = list.items;
      this.at = (this.at + (event.key === "ArrowDown" ? 1 : length - 1)) % length;
      this.requestUpdate();
    } else if (list && plain && (event.key === "Tab" || (event.key === "Enter" && this.#adds(list)))) this.#take(this.at);
    else if (event.key === "Enter" && !event.shiftKey && !event.altKey) this.send();
    else if (event.key === "Escape") {
      if (list) this.#close();
      else if (dock?.talk?.chat.busy) void dock.stop();
      else if (this.editing) this.leave();
      else dock?.app?.commands.run("rows");
    } else if (event.key === "ArrowUp" && plain && this.text === "" && dock?.talk?.chat.turns.length) {
      const last = dock.talk.chat.last;
      if (last && !dock.talk.chat.busy) this.edit(last);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Whether Enter would change the text; else it sends. @param {{from: number, items: Completion[]}} list */
  #adds(list) {
    const item = list.items[this.at];
    const typed = this.text.slice(list.from).trimEnd();
    return item !== undefined && typed !== item.insert.trimEnd();
  }

  /** @param {import("../../model/chat.js").Turn} turn */
  edit(turn) {
    this.editing = turn;
    this.set(turn.message);
  }
  leave() {
    this.editing = undefined;
    this.set("");
  }

  send() {
    const text = this.text.trim();
    const { dock, editing } = this;
    if (!text || !dock || dock.talk?.chat.busy) return;
    this.text = "";
    this.list = undefined;
    this.editing = undefined;
    this.requestUpdate();
    void dock.ask(text, editing);
  }
}

customElements.define("sop-composer", SopComposer);
