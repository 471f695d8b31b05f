// The way of one talk to the server: asks, listens, goes on after a lost connection, decides on changes, stops.
//
// Holds: at most one answer is listened to; what the server says goes into the `Chat` and nowhere else; a lost connection is
// taken up again where it broke, a few times, and then said. Says `change` when something is to be drawn, and `event` for
// each new event, which is when the page acts on it.

import { ApiError, path } from "../core/http.js";
import { parse } from "../core/json.js";
import { SseParser, events } from "../core/sse.js";
import { t } from "../strings/copilot.js";
import { Chat, newTurn } from "./chat.js";

/** @typedef {{database?: string, store?: string, selection?: any, share?: string, provider?: string, context: string[]}} Asked */

const TRIES = 6;
const FIRST_WAIT_MS = 300;
const MOST_WAIT_MS = 5000;

export class Talk extends EventTarget {
  /**
   * @param {import("../core/http.js").Api} api
   * @param {{wait?: (ms: number) => Promise<void>, now?: () => number}} [how]
   */
  constructor(api, { wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms)), now = () => Date.now() } = {}) {
    super();
    this.api = api;
    this.wait = wait;
    this.now = now;
    this.chat = new Chat(now);
    /** @type {AbortController | undefined} */
    this.listening = undefined;
    this.reconnecting = false;
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }

  /** Leaves this talk for a new one. */
  begin() {
    this.#leave();
    this.chat = new Chat(this.now);
    this.#changed();
  }

  /** Opens a talk that the server kept, and listens when it is answering. @param {string} session */
  async open(session) {
    const saved = await this.api.get(path("chat", session));
    this.#leave();
    const chat = Chat.of({ session, ...saved }, this.now);
    this.chat = chat;
    chat.costBefore = Math.max(0, Number(saved.cost ?? 0) - (chat.cost ?? 0));
    const running = saved.running === null || saved.running === undefined ? undefined : chat.last;
    // The events of a turn that runs come again from its beginning.
    if (running) chat.turns = [...chat.turns.slice(0, -1), newTurn(running.message)];
    this.#changed();
    if (running) void this.#listen({ session });
  }

  #leave() {
    this.listening?.abort();
    this.listening = undefined;
    this.reconnecting = false;
  }

  /**
   * Asks. With `replace`, in place of that turn and those after it.
   * @param {string} message @param {Asked} asked @param {import("./chat.js").Turn} [replace]
   */
  async ask(message, { context, ...rest }, replace) {
    const { chat } = this;
    const body = { session: chat.session, message, ...rest, replace: replace?.number || undefined };
    chat.ask(message, context, replace);
    this.#changed();
    await this.#listen(body);
  }

  /** @param {any} body */
  async #listen(body) {
    const { chat } = this;
    const stop = new AbortController();
    this.#leave();
    this.listening = stop;
    const own = () => this.listening === stop;
    let tries = 0;
    /** Why the last connection was lost. */
    let lost = "";
    for (;;) {
      const parser = new SseParser();
      try {
        const again = tries > 0 || lost !== "";
        const response = await this.api.raw("POST", path("chat"), again
          ? { accept: "text/event-stream", body: { session: chat.session }, headers: chat.lastId ? { "last-event-id": chat.lastId } : {}, signal: stop.signal }
          : { accept: "text/event-stream", body, signal: stop.signal });
        this.reconnecting = false;
        for await (const event of events(response.body, parser)) {
          if (!own()) return;
          tries = 0;
          this.#take(event);
          if (!chat.busy) break;
        }
        lost = t("copilot.the_connection_ended_before_the_answer_did");
      } catch (error) {
        if (!own() || stop.signal.aborted) return;
        if (error instanceof ApiError) {
          if (lost === "" || error.status < 500) {
            chat.fail({ code: error.code || `status_${error.status}`, detail: error.message });
            break;
          }
        }
        lost = error instanceof Error ? error.message : String(error);
      }
      if (!own() || !chat.busy) break;
      // A talk that has no session yet cannot be taken up: nothing of it is known.
      if (chat.session === undefined || tries >= TRIES) {
        chat.cut(lost);
        break;
      }
      this.reconnecting = true;
      this.#changed();
      await this.wait(Math.min(MOST_WAIT_MS, parser.retry ?? FIRST_WAIT_MS * 2 ** tries));
      tries += 1;
      if (!own()) return;
    }
    if (own()) {
      this.listening = undefined;
      this.reconnecting = false;
    }
    this.#changed();
  }

  /** @param {import("../core/sse.js").ServerEvent} event */
  #take({ id, event, data }) {
    let value;
    try {
      value = parse(data);
    } catch {
      return; // not an event of ours
    }
    if (!this.chat.take({ id, event, data: value })) return;
    this.dispatchEvent(new CustomEvent("event", { detail: { event, data: value } }));
    this.#changed();
  }

  /** Stops the answer, here at once and at the server. */
  async stop() {
    const { chat } = this;
    if (!chat.busy) return;
    const { session } = chat;
    chat.stopped();
    this.#leave();
    this.#changed();
    if (session !== undefined) await this.api.json("DELETE", path("chat", session)).catch((error) => {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    });
  }

  /**
   * Decides on a change; gives back what went wrong.
   * @param {import("./chat.js").Call} call @param {boolean} approve @param {string} [reason]
   * @returns {Promise<string | undefined>}
   */
  async decide(call, approve, reason) {
    const { chat } = this;
    const { approval } = call;
    if (!approval || approval.state !== "waiting" || chat.session === undefined) return undefined;
    chat.decide(call, "sending");
    this.#changed();
    const open = () => /** @type {string} */ (approval.state) === "sending"; // an event may have settled it meanwhile
    try {
      await this.api.post(path("chat", chat.session, "approve"), { call: call.call, approve, reason: reason || undefined, hash: approval.hash });
      // What came of it comes as an event; where the event is lost, the answer stands for it.
      if (open() && !this.listening) chat.decide(call, approve ? "applied" : "denied", reason);
      return undefined;
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      const code = error instanceof ApiError ? error.code : "";
      if (open()) {
        if (!(error instanceof ApiError)) chat.decide(call, "waiting");
        else chat.decide(call, code === "conflict" ? "conflict" : /lapsed|expired/i.test(text) ? "expired" : "failed", text);
      }
      return text;
    } finally {
      this.#changed();
    }
  }

  /** @param {import("./chat.js").Turn} turn @param {"up" | "down"} rating @param {string} [comment] */
  async rate(turn, rating, comment) {
    if (this.chat.session === undefined) return;
    const before = turn.rating;
    turn.rating = rating;
    this.#changed();
    try {
      await this.api.post(path("chat", this.chat.session, "feedback"), { turn: turn.number, rating, comment: comment || undefined });
    } catch (error) {
      turn.rating = before;
      this.#changed();
      throw error;
    }
  }

  /** The prompt that was sent, as it was. @param {number} number @returns {Promise<string>} */
  async sent(number) {
    const response = await this.api.raw("GET", path("chat", this.chat.session ?? "", "sent", String(number)));
    return response.text();
  }

  /** Lets lapsed changes lapse. */
  tick() {
    if (this.chat.expire()) this.#changed();
  }
}

/** The kept talks, the newest first. @param {import("../core/http.js").Api} api @returns {Promise<{id: string, title: string, database: string, turns: number, updated: number, cost: number | undefined, running: boolean}[]>} */
export async function talks(api) {
  const answer = await api.get(path("chat"));
  const list = Array.isArray(answer) ? answer : (answer?.sessions ?? []);
  return list.map((/** @type {any} */ one) => ({
    id: String(one.session ?? one.id), title: String(one.title ?? ""), database: String(one.database ?? ""),
    turns: Number(Array.isArray(one.turns) ? one.turns.length : (one.turns ?? 0)), updated: Number(one.updated_ms ?? 0), cost: one.cost === undefined || one.cost === null ? undefined : Number(one.cost), running: one.running === true,
  }));
}
