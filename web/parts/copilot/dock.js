// The copilot's dock: one talk, its history, what it is told of the page, and what it may share.
//
// Holds: it acts on the page only by what a person could do (open a place, read stores again), says so, and can go back;
// all that came from the server goes in as text or through `markdown.js`.

import { ApiError, path } from "../../core/http.js";
import { stringify } from "../../core/json.js";
import { isPartial, prefixText } from "../../core/keys.js";
import { chips, told } from "../../model/context_chips.js";
import { allowed, money, providerName } from "../../model/money.js";
import { starters } from "../../model/starters.js";
import { Talk, talks } from "../../model/talk.js";
import { t } from "../../strings/copilot.js";
import { html, nothing, repeat } from "../../vendor/lit.js";
import { Part, announce, icon } from "../dom.js";
import { scriptDialog, sentDialog } from "./dialogs.js";
import { historyView } from "./history.js";
import { wireMarks } from "./marks.js";
import { wireResize } from "./resize.js";
import "./composer.js";
import "./turn.js";

/** @typedef {import("../../model/chat.js").Turn} Turn */
/** @typedef {import("../../model/chat.js").Call} Call */
/** @typedef {import("../../model/chat.js").NavigatePart} NavigatePart */
/** @typedef {import("../../model/chat.js").KnowledgePart} KnowledgePart */
/** @typedef {{provider: string | null, model: string | null, base_url?: string | null, share: string, ready: boolean, problem?: string | null, has_key?: boolean, allow_private?: boolean, providers?: string[], limits?: any}} Llm */

const SHARE = "sop.copilot.share";
const SESSION = "sop.copilot.session";
const NEAR_END = 48;

export class SopCopilot extends Part {
  constructor() {
    super();
    /** @type {import("../context.js").Context | undefined} */
    this.app = undefined;
    /** @type {Talk | undefined} */
    this.talk = undefined;
    /** @type {Llm | undefined} */
    this.llm = undefined;
    /** @type {import("../../model/slash.js").Tool[]} */
    this.tools = [];
    this.view = "talk";
    /** Where it takes the screen, it is what the page is about. */
    this.whole = matchMedia("(width < 900px)");
    this.whole.addEventListener("change", () => this.requestUpdate());
    /** @type {import("./history.js").Kept[] | undefined} */
    this.kept = undefined;
    this.keptFault = "";
    /** What a person wants to share at most. @type {string | undefined} */
    this.wish = undefined;
    /** Chips that were taken away. @type {Set<string>} */
    this.dropped = new Set();
    /** Where the page was before the copilot moved it. @type {WeakMap<NavigatePart, any>} */
    this.placeBefore = new WeakMap();
    this.frame = 0;
    this.atEnd = true;
    this.all = false;
    /** Marks the rows that a proposal is about. @type {(() => void) | undefined} */
    this.mark = undefined;
    /** @type {Promise<void> | undefined} */
    this.readingTools = undefined;
  }

  /** @param {import("../context.js").Context} app */
  start(app) {
    const { session } = app;
    this.app = app;
    this.classList.add("ready");
    this.wish = session.storage.getItem(SHARE) ?? undefined;
    const talk = new Talk(session.api);
    this.talk = talk;
    talk.addEventListener("change", () => this.#schedule());
    talk.addEventListener("event", (event) => void this.#happened(/** @type {CustomEvent} */ (event).detail));
    this.follow(session, "place", "stores", "databases");
    for (const event of ["select", "rest"]) app.grid.addEventListener(event, () => this.requestUpdate());
    session.addEventListener("llm", () => void this.readLlm());
    // What waits counts down, and lapses.
    setInterval(() => {
      if (!talk.chat.waiting.length) return;
      talk.tick();
      this.#schedule();
    }, 1000);
    this.mark = wireMarks(app, () => talk.chat.waiting);
    void this.readLlm();
    this.needTools();
    const last = sessionKept();
    if (last) void talk.open(last).catch(() => sessionKept(null));
    this.requestUpdate();
  }

  shouldUpdate() {
    return this.app !== undefined;
  }

  /** Draws at most once a frame, however fast the answer comes. */
  #schedule() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.requestUpdate();
    });
  }

  async readLlm() {
    const { session } = /** @type {import("../context.js").Context} */ (this.app);
    try {
      this.llm = await session.api.get(path("llm"));
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) session.fail(error, t("shared.copilot"));
    }
    this.requestUpdate();
  }

  /** Reads the tools once, for completion. */
  needTools() {
    const { session } = /** @type {import("../context.js").Context} */ (this.app);
    this.readingTools ??= session.api.get(path("tools")).then((answer) => {
      this.tools = Array.isArray(answer) ? answer : (answer?.tools ?? []);
      this.requestUpdate();
    }).catch((error) => {
      this.readingTools = undefined;
      session.fail(error, t("shared.tools"));
    });
  }

  // ---- What is known and said

  /** The level that counts: never more than the server allows. */
  get share() {
    const levels = allowed(this.llm?.share);
    return levels.find(([id]) => id === this.wish)?.[0] ?? levels.at(-1)?.[0] ?? "off";
  }
  get modelName() {
    if (!this.llm) return "";
    if (!this.llm.provider || this.share === "off") return t("copilot.offline_planner_within");
    return this.llm.ready ? (this.llm.model ?? providerName(this.llm.provider)) : t("copilot.provider_not_ready_within", { provider: providerName(this.llm.provider) });
  }
  get modelTitle() {
    const { llm } = this;
    if (!llm?.provider) return t("copilot.no_model_is_configured_within");
    if (this.share === "off") return t("copilot.nothing_is_shared_within");
    return llm.ready ? `${providerName(llm.provider)}, ${llm.model ?? ""}` : (llm.problem ?? "");
  }
  /** Whether calls can be kept as scripts here. */
  get canSave() {
    return this.tools.some((tool) => /script/.test(tool.name));
  }

  /** @returns {import("../../model/context_chips.js").Known} */
  #known() {
    const { session, grid } = /** @type {import("../context.js").Context} */ (this.app);
    const { place, store } = session;
    const browsing = place.view === undefined && store !== undefined;
    const { prefix } = place;
    const last = prefix.at(-1);
    const [low, high] = browsing ? grid.selectedRange() : [-1, -1];
    const keys = [];
    if (browsing && low >= 0 && grid.store?.name === store.name) for (let line = low; line <= Math.min(high, low + 49); line += 1) {
      const key = grid.lineAt(line)?.item?.key;
      if (key !== undefined) keys.push(key);
    }
    return {
      database: place.database,
      store: browsing ? store.name : undefined,
      prefix: browsing && prefix.length ? prefixText(store.key, isPartial(last) ? [...prefix.slice(0, -1), last.partial] : prefix) : undefined,
      filter: browsing ? /** @type {any} */ (place).filter : undefined,
      keys: store ? keys : [],
      selected: keys.length ? high - low + 1 : 0,
    };
  }

  // ---- Asking

  /** @param {string} message @param {Turn} [replace] */
  async ask(message, replace) {
    const { talk, app } = this;
    if (!talk || !app || talk.chat.busy) return;
    this.view = "talk";
    this.atEnd = true;
    const known = this.#known();
    const along = told(known, chips(known, this.dropped));
    const share = this.llm ? this.share : undefined;
    const asked = talk.ask(message, { database: known.database, ...along, share, provider: share === "off" ? "offline" : undefined }, replace);
    this.requestUpdate();
    await asked;
    const last = talk.chat.last;
    if (last && !talk.chat.busy) announce(last.state === "done" ? t("copilot.the_answer_is_ready") : last.state === "stopped" ? t("shared.stopped") : t("copilot.the_answer_failed"));
  }
  async stop() {
    try {
      await this.talk?.stop();
      announce(t("shared.stopped"));
    } catch (error) {
      this.app?.session.fail(error, t("shared.stop"));
    }
    this.querySelector("textarea")?.focus();
  }
  /** Asks the last question again. */
  retry() {
    const last = this.talk?.chat.last;
    if (last && !this.talk?.chat.busy) void this.ask(last.message, last);
  }
  /** @param {Turn} turn */
  edit(turn) {
    this.composer?.edit(turn);
  }
  /** Puts a word into the message. @param {string} word */
  put(word) {
    this.composer?.insert(word);
  }
  get composer() {
    return /** @type {import("./composer.js").SopComposer | null} */ (this.querySelector("sop-composer"));
  }

  /** What an event asks of the page. @param {{event: string, data: any}} happened */
  async #happened({ event, data }) {
    const { talk, app } = this;
    if (!talk || !app) return;
    const { session } = app;
    if (event === "session") sessionKept(talk.chat.session);
    if (event === "navigate") {
      const part = talk.chat.last?.parts.findLast((one) => one.kind === "navigate");
      if (part?.kind === "navigate") await this.goTo(part);
    }
    if (event === "approval-requested") announce(t("copilot.a_change_waits_for_your_approval"));
    if (event === "tool-output" && !data.error) {
      const call = talk.chat.last?.parts.findLast((part) => part.kind === "call" && part.call === data.call);
      const tool = this.tools.find((one) => one.name === (call?.kind === "call" ? call.tool : ""));
      const wrote = call?.kind === "call" && (call.approval !== undefined || (tool && tool.class !== "read"));
      if (wrote) {
        const rows = data.changes?.rows ?? call.approval?.changeset?.rows ?? [];
        const stores = [...new Set([...rows.map((/** @type {any} */ row) => String(row.store)), ...(typeof call.args?.store === "string" ? [call.args.store] : [])])];
        await session.written(stores);
      }
    }
  }

  // ---- Moving the page

  /** @param {NavigatePart} part */
  cameFrom(part) {
    return this.placeBefore.has(part);
  }
  /** @param {NavigatePart} part */
  async goTo(part) {
    const { session } = /** @type {import("../context.js").Context} */ (this.app);
    const { database, store, filter } = part.place;
    this.placeBefore.set(part, { ...session.place });
    part.undone = false;
    if (database !== undefined && !session.databases.some((one) => one.name === database)) await session.readDatabases();
    await session.go({ ...(database === undefined ? {} : { database }), ...(store === undefined ? {} : { store }), view: undefined, prefix: [], at: undefined, sel: undefined, .../** @type {any} */ ({ filter: filter === undefined || filter === null ? undefined : stringify(filter) }) });
    announce(t("copilot.the_copilot_opened_store", { store: store ?? database ?? "" }));
    this.#refreshTurns();
  }
  /** @param {NavigatePart} part */
  async goBack(part) {
    const { session } = /** @type {import("../context.js").Context} */ (this.app);
    const before = this.placeBefore.get(part);
    if (!before) return;
    part.undone = true;
    await session.go({ filter: undefined, ...before, view: before.view });
    this.#refreshTurns();
  }
  /** Whether the rows of a call are rows of a store that can be opened. @param {Call} call */
  canOpenStore(call) {
    return typeof call.args?.store === "string" && this.app?.session.storeNamed(call.args.store) !== undefined && !call.args.group_by && !call.args.join;
  }
  /** @param {Call} call */
  async openGrid(call) {
    const { session } = /** @type {import("../context.js").Context} */ (this.app);
    const filter = call.args?.filter ?? call.args?.where;
    await session.go({ store: call.args.store, prefix: [], at: undefined, sel: undefined, .../** @type {any} */ ({ filter: filter ? stringify(filter) : undefined }) });
  }
  /** @param {Call} call */
  async openQuery(call) {
    const { session } = /** @type {import("../context.js").Context} */ (this.app);
    if (!call.statement) return;
    session.queries.add({ text: call.statement });
    await session.go({ view: "query" });
  }
  /** @param {string} command */
  run(command) {
    this.app?.commands.run(command);
  }

  // ---- Deciding, learning, keeping

  /** @param {Call} call @param {boolean} approve @param {string} [reason] @returns {Promise<string | undefined>} what went wrong */
  async decide(call, approve, reason) {
    const fault = await this.talk?.decide(call, approve, reason);
    this.#refreshTurns();
    return fault;
  }
  /** @param {KnowledgePart} part @param {"approved" | "rejected"} state */
  async teach(part, state) {
    const { session } = /** @type {import("../context.js").Context} */ (this.app);
    try {
      if (state === "approved") await session.api.json("PUT", path("knowledge", part.category, part.name), { body: { text: part.text, status: "approved" } });
      else await session.api.json("DELETE", path("knowledge", part.category, part.name));
      part.state = state;
    } catch (error) {
      session.fail(error, t("shared.knowledge"));
    }
    this.#refreshTurns();
  }
  /** @param {Turn} turn @param {"up" | "down"} rating @param {string} [comment] */
  async rate(turn, rating, comment) {
    const { session } = /** @type {import("../context.js").Context} */ (this.app);
    try {
      await this.talk?.rate(turn, rating, comment);
      if (comment) session.say({ kind: "ok", text: t("copilot.thank_you_it_is_proposed_as_knowledge") });
    } catch (error) {
      session.fail(error, t("copilot.feedback"));
    }
    this.#refreshTurns();
  }
  /** @param {Turn} turn */
  showSent(turn) {
    if (this.talk && turn.usage?.sent.length) sentDialog(this.talk, turn.usage.sent);
  }
  /** @param {Call[]} calls */
  saveScript(calls) {
    const turn = this.talk?.chat.turns.find((one) => one.parts.includes(calls[0]));
    if (this.app) scriptDialog(this.app, calls, turn?.message.replace(/^\//, "") ?? calls[0].tool);
  }
  #refreshTurns() {
    this.all = true;
    this.requestUpdate();
  }

  // ---- Sharing and history

  /** @param {Element} button */
  chooseShare(button) {
    const { menu, session, commands } = /** @type {import("../context.js").Context} */ (this.app);
    const levels = allowed(this.llm?.share);
    void menu.show(() => [
      { caption: t("copilot.what_may_leave_this_machine") },
      ...levels.map(([id, title, detail]) => ({ title, detail, check: id === this.share, run: () => {
        this.wish = id;
        session.storage.setItem(SHARE, id);
        this.requestUpdate();
        this.composer?.requestUpdate();
      } })),
      "rule",
      { title: levels.length < 4 ? t("copilot.the_server_allows_no_more") : t("shared.settings"), icon: "settings", run: () => commands.run("settings") },
    ], button, t("shared.sharing"));
  }
  newTalk() {
    this.talk?.begin();
    sessionKept(null);
    this.view = "talk";
    this.requestUpdate();
    this.composer?.set("");
  }
  /** @param {boolean} [again] */
  async showHistory(again = false) {
    this.view = this.view === "history" && !again ? "talk" : "history";
    this.requestUpdate();
    if (this.view === "talk") return;
    try {
      this.kept = await talks(/** @type {import("../context.js").Context} */ (this.app).session.api);
      this.keptFault = "";
    } catch (error) {
      this.keptFault = error instanceof Error ? error.message : String(error);
    }
    this.requestUpdate();
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector(".talk-row .plain"))?.focus();
  }
  /** @param {string} id */
  async openTalk(id) {
    const { session } = /** @type {import("../context.js").Context} */ (this.app);
    try {
      await this.talk?.open(id);
      sessionKept(id);
      this.view = "talk";
      this.atEnd = true;
      this.#refreshTurns();
      this.querySelector("textarea")?.focus();
    } catch (error) {
      session.fail(error, t("copilot.talk"));
    }
  }
  /** Reads the open talk again. */
  reopen() {
    const id = this.talk?.chat.session;
    if (id !== undefined) void this.openTalk(id);
  }
  /** @param {import("./history.js").Kept} one */
  async forget(one) {
    const { session } = /** @type {import("../context.js").Context} */ (this.app);
    try {
      await session.api.json("DELETE", path("chat", one.id), { query: { forget: true } });
      this.kept = this.kept?.filter((other) => other.id !== one.id);
      if (this.talk?.chat.session === one.id) {
        this.talk.begin();
        sessionKept(null);
      }
    } catch (error) {
      session.fail(error, t("copilot.talk"));
    }
    this.requestUpdate();
  }
  focusComposer() {
    void this.updateComplete.then(() => /** @type {HTMLElement | null} */ (this.querySelector(this.view === "talk" ? "textarea" : ".talk-row .plain"))?.focus());
  }

  // ---- Drawing

  render() {
    this.setAttribute("role", this.whole.matches ? "main" : "complementary");
    const { talk } = this;
    if (!talk) return nothing;
    const { chat } = talk;
    return html`<div class="dock-edge" role="separator" tabindex="0" aria-orientation="vertical" aria-label=${t("copilot.width_of_the_copilot")} aria-controls="dock"></div>
      ${this.whole.matches ? html`<h1 class="unseen">${t("copilot.ask_about_database", { database: this.app?.session.place.database ?? t("copilot.your_data") })}</h1>` : nothing}<div class="head"><h2>${t("shared.copilot")}</h2><button class="button only s quiet" aria-label=${t("shared.earlier_talks")} title=${t("shared.earlier_talks")} aria-pressed=${String(this.view === "history")} @click=${() => this.showHistory()}>${icon("history", true)}</button><button class="button only s quiet" aria-label=${t("copilot.new_talk")} title=${t("copilot.new_talk")} @click=${() => this.newTalk()}>${icon("plus", true)}</button><button class="button only s quiet" aria-label=${t("shared.close_the_copilot")} title=${t("copilot.close_key_hint")} @click=${() => this.run("copilot-close")}>${icon("x", true)}</button></div>
      ${this.view === "history" ? historyView(this) : html`${this.#about(chat)}
        <div class="talk scroll" role="log" aria-live="off" aria-label=${t("copilot.talk")} tabindex="0" @scroll=${this.#scrolled}>${chat.turns.length ? repeat(chat.turns, (turn) => turn, (turn) => html`<sop-turn .turn=${turn} .dock=${this}></sop-turn>`) : this.#empty()}</div>
        ${this.atEnd ? nothing : html`<button class="button s to-end" @click=${() => this.#toEnd()}>${icon("down", true)}${t("copilot.to_the_end")}</button>`}
        <sop-composer .dock=${this}></sop-composer>`}`;
  }

  /** @param {import("../../model/chat.js").Chat} chat */
  #about(chat) {
    const known = this.#known();
    const shown = chips(known, this.dropped);
    const budget = this.llm?.limits?.session_dollars;
    const cost = chat.cost;
    return html`<div class="about">${shown.map((chip) => html`<span class="chip" title=${chip.text}>${icon(chip.icon)}<span class="cut">${chip.text}</span><button aria-label=${t("copilot.leave_out_chip", { chip: chip.text })} title=${t("shared.leave_out")} @click=${() => this.#drop(chip.id)}>${icon("x", true)}</button></span>`)}
      ${this.dropped.size && shown.length < chips(known, new Set()).length ? html`<button class="chip add" title=${t("copilot.tell_what_was_left_out")} aria-label=${t("copilot.tell_what_was_left_out")} @click=${() => { this.dropped.clear(); this.requestUpdate(); }}>${icon("plus", true)}</button>` : nothing}
      <span class="grow"></span>${cost === undefined ? nothing : html`<span class="small dim nowrap">${money(cost)}${budget ? ` ${t("copilot.of_budget", { budget: Number(budget).toFixed(2) })}` : ""}</span>`}</div>`;
  }
  /** @param {string} id */
  #drop(id) {
    this.dropped.add(id);
    this.requestUpdate();
  }

  #empty() {
    const { session } = /** @type {import("../context.js").Context} */ (this.app);
    const { llm } = this;
    const list = starters(session.stores, session.place.view === undefined ? session.place.store : undefined);
    const offline = llm && (!llm.provider || this.share === "off");
    return html`<div class="nothing hello-copilot">${icon("spark")}<h2>${t("copilot.ask_about_database", { database: session.place.database ?? t("copilot.your_data") })}</h2>
      <p>${t("copilot.it_reads_at_once")}</p>
      ${offline ? html`<p class="offline">${icon("lock", true)}<span><b>${t("copilot.offline_planner_sentence")}</b> ${llm.provider ? t("copilot.nothing_is_shared") : t("copilot.no_model_is_configured")} <button class="plain-link" @click=${() => this.run("settings")}>${t("copilot.choose_a_model")}</button></span></p>` : llm?.provider && !llm.ready ? html`<p class="offline">${icon("warning", true)}<span><b>${t("copilot.provider_is_not_ready", { provider: providerName(llm.provider) })}</b> ${llm.problem ?? ""} <button class="plain-link" @click=${() => this.run("settings")}>${t("shared.settings")}</button></span></p>` : nothing}
      ${list.length ? html`<div class="starters" role="group" aria-label=${t("copilot.questions_to_begin_with")}>${list.map((text) => html`<button class="button s" @click=${() => this.ask(text)}>${text}</button>`)}</div>` : html`<p class="soft">${t("copilot.this_database_has_no_items_yet")}</p>`}
      <p class="small dim">${t("shared.type")} <kbd>/</kbd> ${t("copilot.for_commands_they_need_no_model")}</p></div>`;
  }

  #scrolled() {
    const log = this.querySelector(".talk");
    if (!log) return;
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END;
    if (atEnd === this.atEnd) return;
    this.atEnd = atEnd;
    this.requestUpdate();
  }
  #toEnd() {
    const log = this.querySelector(".talk");
    if (log) log.scrollTop = log.scrollHeight;
    this.querySelector("textarea")?.focus();
  }

  updated() {
    const edge = /** @type {HTMLElement | null} */ (this.querySelector(".dock-edge"));
    if (edge && !edge.dataset.wired) {
      edge.dataset.wired = "true";
      wireResize(edge, this, /** @type {import("../context.js").Context} */ (this.app).session.storage);
    }
    // A turn is drawn by itself: the last as its answer comes, all of them when something of an older one changed.
    const turns = /** @type {NodeListOf<import("./turn.js").SopTurn>} */ (this.querySelectorAll("sop-turn"));
    const list = [...turns];
    for (const one of this.all || !this.talk?.chat.busy ? list : list.slice(-1)) one.requestUpdate();
    this.all = false;
    this.mark?.();
    this.composer?.requestUpdate();
    const last = list.at(-1);
    if (this.atEnd && last) void last.updateComplete.then(() => requestAnimationFrame(() => {
      const log = this.querySelector(".talk");
      if (log && this.atEnd) log.scrollTop = log.scrollHeight;
    }));
  }
}

/** The talk that is open in this tab, kept over a reload. @param {string | null | undefined} [id] null forgets it @returns {string | undefined} */
function sessionKept(id) {
  try {
    if (id === null) sessionStorage.removeItem(SESSION);
    else if (id !== undefined) sessionStorage.setItem(SESSION, id);
    return sessionStorage.getItem(SESSION) ?? undefined;
  } catch {
    return undefined;
  }
}


customElements.define("sop-copilot", SopCopilot);
