// A talk with the copilot, as the events of the server make it: turns, and in each its parts in the order in which they came.
//
// Holds: pure, and the only place where events become state. An event that was seen already changes nothing, so a
// connection that broke may send it again. A part never moves; what comes later about a call is put into that call's part.
// Does not talk to the server (see `talk.js`).

import { t } from "../strings/copilot.js";

/** @typedef {{name: string, kind?: string, type?: string}} Column */
/** @typedef {{code: string, message: string, suggestions?: string[], at?: string}} Fault */
/** @typedef {"waiting" | "sending" | "applied" | "denied" | "expired" | "conflict" | "failed"} Decision */
/**
 * @typedef {object} Approval
 * @property {any} changeset `{count, rows: [{op, store, key, before, after}]}`
 * @property {any} script
 * @property {string | undefined} statement
 * @property {string} class
 * @property {number | undefined} affected
 * @property {string | undefined} hash
 * @property {number | undefined} expires when it lapses, by the clock that was given
 * @property {Decision} state
 * @property {string} reason why it was not done
 */
/**
 * @typedef {object} Call
 * @property {"call"} kind
 * @property {string} call
 * @property {string} tool
 * @property {any} args
 * @property {"running" | "done" | "failed" | "waiting" | "stopped"} state
 * @property {string} summary
 * @property {Column[] | undefined} columns
 * @property {any[][] | undefined} rows
 * @property {boolean} truncated
 * @property {any} data
 * @property {string | undefined} statement
 * @property {any} stats
 * @property {any} chart
 * @property {Fault | undefined} fault
 * @property {Approval | undefined} approval
 */
/** @typedef {{kind: "text", text: string}} TextPart */
/** @typedef {{kind: "navigate", place: {database?: string, store?: string, filter?: any}, undone: boolean}} NavigatePart */
/** @typedef {{kind: "knowledge", category: string, name: string, text: string, why: string, state: "proposed" | "approved" | "rejected"}} KnowledgePart */
/** @typedef {{kind: "error", code: string, detail: string}} ErrorPart */
/** @typedef {TextPart | Call | NavigatePart | KnowledgePart | ErrorPart} Part */
/** @typedef {{in: number, out: number, cached: number, cost: number | undefined, model: string, sent: number[]}} Usage */
/** @typedef {"sending" | "running" | "waiting" | "done" | "stopped" | "failed" | "cut"} TurnState */
/**
 * @typedef {object} Turn
 * @property {number} number 0 until the server says it
 * @property {string} message
 * @property {string[]} context what was shown as known
 * @property {Part[]} parts
 * @property {TurnState} state
 * @property {string} reason why it ended
 * @property {Usage | undefined} usage
 * @property {string} provider
 * @property {string | undefined} model
 * @property {string | undefined} share
 * @property {string[]} knowledge what was used, as `category/name`
 * @property {string[]} gone what was lost since the last turn
 * @property {string[]} alternatives
 * @property {"up" | "down" | undefined} rating
 */

/** @param {string} message @param {string[]} [context] @returns {Turn} */
export function newTurn(message, context = []) {
  return { number: 0, message, context, parts: [], state: "sending", reason: "", usage: undefined, provider: "", model: undefined, share: undefined, knowledge: [], gone: [], alternatives: [], rating: undefined };
}

export class Chat {
  /** @param {() => number} [now] */
  constructor(now = () => Date.now()) {
    this.now = now;
    /** @type {string | undefined} */
    this.session = undefined;
    this.title = "";
    /** @type {Turn[]} */
    this.turns = [];
    /** The id of the last event that was taken. */
    this.lastId = "";
    /** Numbers that were seen, by what comes before them in an id. @type {Map<string, number>} */
    this.seen = new Map();
    /** What earlier turns cost, which are not here as events. */
    this.costBefore = 0;
  }

  /** @returns {Turn | undefined} */
  get last() {
    return this.turns.at(-1);
  }
  /** Whether an answer is being made. */
  get busy() {
    const state = this.last?.state;
    return state === "sending" || state === "running" || state === "waiting";
  }
  /** Dollars; undefined where no price is known. */
  get cost() {
    const known = this.turns.flatMap((turn) => (turn.usage?.cost === undefined ? [] : [turn.usage.cost]));
    return known.length || this.costBefore ? known.reduce((sum, one) => sum + one, this.costBefore) : undefined;
  }
  /** Calls that wait for a person. @returns {Call[]} */
  get waiting() {
    return this.turns.flatMap((turn) => turn.parts.filter((part) => part.kind === "call" && part.approval?.state === "waiting")).map((part) => /** @type {Call} */ (part));
  }

  /** Begins a turn; turns from `replace` on go, as when a message is edited. @param {string} message @param {string[]} [context] @param {Turn} [replace] */
  ask(message, context = [], replace) {
    const at = replace ? this.turns.indexOf(replace) : -1;
    if (at >= 0) this.turns = this.turns.slice(0, at);
    const turn = newTurn(message, context);
    this.turns = [...this.turns, turn];
    if (!this.title) this.title = message.slice(0, 80);
    return turn;
  }

  /**
   * Takes an event. Gives back whether anything changed.
   * @param {{id?: string, event: string, data: any}} event
   */
  take({ id = "", event, data }) {
    if (id !== "" && !this.#isNew(id)) return false;
    const turn = this.last;
    if (!turn || data === null || typeof data !== "object") return false;
    if (turn.state === "sending" || turn.state === "cut") turn.state = "running";
    const known = Object.hasOwn(TAKE, event);
    if (known) /** @type {any} */ (TAKE)[event](turn, data, this);
    return known;
  }

  /** Whether an id was not seen before; ids are `epoch-number` or plain numbers. @param {string} id */
  #isNew(id) {
    const [, epoch = "", digits] = /^(.*?)-?(\d+)$/.exec(id) ?? [];
    if (digits === undefined) return id !== this.lastId && ((this.lastId = id), true);
    const number = Number(digits);
    if (number <= (this.seen.get(epoch) ?? -1)) return false;
    this.seen.set(epoch, number);
    this.lastId = id;
    return true;
  }

  /** The connection is lost for good. @param {string} why */
  cut(why) {
    const turn = this.last;
    if (!turn || !this.busy) return;
    end(turn, "cut", why);
  }

  /** The turn could not be begun. @param {{code: string, detail: string}} error */
  fail(error) {
    const turn = this.last;
    if (!turn) return;
    turn.parts.push({ kind: "error", ...error });
    end(turn, "failed", error.code);
  }

  /** Somebody stopped it. */
  stopped() {
    const turn = this.last;
    if (turn && this.busy) end(turn, "stopped", "stopped");
  }

  /** A person decides; what comes of it comes as an event. @param {Call} call @param {Decision} state @param {string} [reason] */
  decide(call, state, reason = "") {
    if (!call.approval) return;
    call.approval.state = state;
    call.approval.reason = reason;
    if (state === "expired" || state === "conflict" || state === "failed") call.state = "failed";
  }

  /** Lets what has lapsed lapse; gives back whether anything did. */
  expire() {
    let changed = false;
    for (const call of this.waiting) {
      const { approval } = call;
      if (!approval?.expires || approval.expires > this.now()) continue;
      this.decide(call, "expired");
      changed = true;
    }
    return changed;
  }

  /** A talk as the server kept it. @param {any} saved @param {() => number} [now] */
  static of(saved, now) {
    const chat = new Chat(now);
    chat.session = saved.session ?? saved.id;
    chat.title = saved.title ?? "";
    chat.turns = (saved.turns ?? []).map(savedTurn);
    return chat;
  }
}

/** @param {any} text */
const string = (text) => (typeof text === "string" ? text : undefined);
/** @param {any} value @returns {number | undefined} */
const numeric = (value) => (value === null || value === undefined || Number.isNaN(Number(value)) ? undefined : Number(value));

/** @param {string} call @param {string} tool @param {any} args @returns {Call} */
function newCall(call, tool, args) {
  return { kind: "call", call, tool, args, state: "running", summary: "", columns: undefined, rows: undefined, truncated: false, data: undefined, statement: undefined, stats: undefined, chart: undefined, fault: undefined, approval: undefined };
}

/** The part of a call; one that never began gets one. @param {Turn} turn @param {any} data @returns {Call} */
function callOf(turn, data) {
  const id = String(data.call ?? "");
  const found = turn.parts.findLast((part) => part.kind === "call" && part.call === id);
  if (found) return /** @type {Call} */ (found);
  const call = newCall(id, String(data.tool ?? "tool"), data.args);
  turn.parts.push(call);
  return call;
}

/** @param {Turn} turn @param {TurnState} state @param {string} reason */
function end(turn, state, reason) {
  turn.state = state;
  turn.reason = reason;
  for (const part of turn.parts) {
    if (part.kind !== "call") continue;
    if (part.state === "running") part.state = "stopped";
    if (part.approval?.state === "waiting" || part.approval?.state === "sending") {
      part.approval.state = "expired";
      part.approval.reason = state === "stopped" ? "stopped" : "";
      part.state = "stopped";
    }
  }
}

/** @param {Turn} turn */
function waits(turn) {
  return turn.parts.some((part) => part.kind === "call" && part.approval?.state === "waiting");
}

/** What each event does. @type {{[event: string]: (turn: Turn, data: any, chat: Chat) => void}} */
const TAKE = {
  session(turn, data, chat) {
    chat.session = string(data.session) ?? chat.session;
    turn.number = numeric(data.turn) ?? chat.turns.length;
    turn.provider = string(data.provider) ?? "";
    turn.model = string(data.model);
    turn.share = string(data.share);
    turn.knowledge = list(data.knowledge).map(String);
    turn.gone = list(data.gone).map(String);
  },
  "text-delta"(turn, data) {
    const text = string(data.text) ?? string(data.delta) ?? "";
    const last = turn.parts.at(-1);
    if (last?.kind === "text") last.text += text;
    else if (text) turn.parts.push({ kind: "text", text });
  },
  "tool-start"(turn, data) {
    const call = callOf(turn, data);
    call.tool = string(data.tool) ?? call.tool;
    call.args = data.args;
  },
  "tool-output"(turn, data) {
    const call = callOf(turn, data);
    call.summary = string(data.summary) ?? "";
    if (Array.isArray(data.columns)) call.columns = data.columns;
    if (Array.isArray(data.rows)) call.rows = data.rows;
    call.truncated = data.truncated === true;
    call.data = data.data ?? undefined;
    call.statement = string(data.statement) ?? call.statement;
    call.stats = data.stats ?? undefined;
    call.chart = data.chart ?? undefined;
    call.fault = data.error ?? undefined;
    call.state = !call.fault ? "done" : call.fault.code === "denied" ? "stopped" : "failed";
    if (call.fault?.code === "conflict" && call.approval) {
      call.approval.state = "conflict";
      call.approval.reason = call.fault.message;
    }
  },
  "approval-requested"(turn, data, chat) {
    const call = callOf(turn, data);
    const life = numeric(data.expires_ms);
    call.state = "waiting";
    call.approval = { changeset: data.changeset ?? undefined, script: data.script ?? undefined, statement: string(data.statement), class: string(data.class) ?? "write", affected: numeric(data.affected), hash: string(data.hash), expires: life === undefined ? undefined : chat.now() + life, state: "waiting", reason: "" };
    turn.state = "waiting";
  },
  "approval-resolved"(turn, data) {
    const call = callOf(turn, data);
    const { approval } = call;
    if (!approval) return;
    const reason = string(data.reason) ?? "";
    if (data.applied === true || (data.applied === undefined && data.approved === true)) approval.state = "applied";
    else if (data.approved === true) approval.state = /conflict|changed since/i.test(reason) ? "conflict" : "failed";
    else approval.state = /expire|lapse|too long|in time/i.test(reason) ? "expired" : "denied";
    approval.reason = reason || approval.reason;
    if (call.state === "waiting") call.state = approval.state === "applied" ? "done" : approval.state === "denied" ? "stopped" : "failed";
    if (turn.state === "waiting" && !waits(turn)) turn.state = "running";
  },
  navigate(turn, data) {
    turn.parts.push({ kind: "navigate", place: { database: string(data.database), store: string(data.store), filter: data.filter ?? undefined }, undone: false });
  },
  "knowledge-proposed"(turn, data) {
    turn.parts.push({ kind: "knowledge", category: String(data.category ?? ""), name: String(data.name ?? ""), text: String(data.text ?? ""), why: String(data.why ?? ""), state: "proposed" });
  },
  alternatives(turn, data) {
    turn.alternatives = list(data.questions).map(String);
  },
  usage(turn, data) {
    const usage = (turn.usage ??= { in: 0, out: 0, cached: 0, cost: undefined, model: "", sent: [] });
    usage.in += numeric(data.in) ?? 0;
    usage.out += numeric(data.out) ?? 0;
    usage.cached += numeric(data.cached) ?? 0;
    const cost = numeric(data.cost);
    if (cost !== undefined) usage.cost = (usage.cost ?? 0) + cost;
    usage.model = string(data.model) ?? usage.model;
    const sent = numeric(data.sent);
    if (sent !== undefined) usage.sent.push(sent);
  },
  error(turn, data) {
    turn.parts.push({ kind: "error", code: string(data.code) ?? "error", detail: string(data.detail) ?? t("copilot.something_failed") });
  },
  finish(turn, data) {
    const reason = string(data.reason) ?? "done";
    end(turn, reason === "stopped" || reason === "cancelled" ? "stopped" : reason === "error" ? "failed" : "done", reason);
  },
};

/** @param {any} value @returns {any[]} */
function list(value) {
  return Array.isArray(value) ? value : [];
}

/** A turn that the server kept: its calls, then its text. @param {any} saved @returns {Turn} */
function savedTurn(saved) {
  const turn = newTurn(String(saved.message ?? ""));
  turn.number = numeric(saved.turn) ?? 0;
  turn.provider = string(saved.provider) ?? "";
  turn.model = string(saved.model);
  turn.knowledge = list(saved.knowledge).map(String);
  turn.rating = saved.feedback?.rating === "up" || saved.feedback?.rating === "down" ? saved.feedback.rating : undefined;
  for (const one of list(saved.calls)) {
    const call = newCall(String(one.call ?? ""), String(one.tool ?? ""), one.args);
    call.summary = string(one.summary) ?? "";
    call.statement = string(one.statement);
    call.state = one.error ? "failed" : one.approval === "denied" || one.approval === "lapsed" ? "stopped" : "done";
    if (one.error) call.fault = { code: String(one.error), message: call.summary || String(one.error) };
    turn.parts.push(call);
  }
  if (saved.answer) turn.parts.push({ kind: "text", text: String(saved.answer) });
  for (const one of list(saved.errors)) {
    const [, code = "error", detail = String(one)] = /^([a-z_]+): ([\s\S]*)$/.exec(String(one)) ?? [];
    turn.parts.push({ kind: "error", code, detail });
  }
  const tokens = saved.tokens ?? {};
  if (tokens.input || tokens.output || saved.cost) turn.usage = { in: numeric(tokens.input) ?? 0, out: numeric(tokens.output) ?? 0, cached: numeric(tokens.cached) ?? 0, cost: numeric(saved.cost), model: turn.model ?? "", sent: [] };
  const ended = string(saved.ended);
  turn.state = ended === "stopped" || ended === "cancelled" ? "stopped" : ended === "interrupted" ? "cut" : ended === "error" ? "failed" : "done";
  turn.reason = ended ?? "";
  return turn;
}
