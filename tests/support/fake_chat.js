// A server in front of the real one that answers for the copilot: scripted, streaming, able to cut and to stall.
//
// Everything else goes to the real program. Chat events are spoken exactly as the interface says (ids, resume with
// `Last-Event-ID`, approvals by hash, stop), so that the page cannot tell.

import { createServer, request as send } from "node:http";

/** @typedef {{session: string, message: string, database?: string, store?: string, selection?: any, share?: string, provider?: string, replace?: number, approve: (call: string, proposal: any) => Promise<{approve: boolean, reason?: string}>, pause: (name: string) => Promise<void>}} Ask */
/** @typedef {[string, any]} Said */

/** Settings of a model that is there. */
export const GEMINI = { provider: "gemini", model: "gemini-2.5-flash", base_url: "https://models.example", allow_private: false, share: "rows", has_key: true, ready: true, problem: null, providers: ["gemini", "openai", "anthropic", "ollama"] };
/** Settings without a model. */
export const OFFLINE = { ...GEMINI, provider: null, model: null, base_url: null, share: "schema", has_key: false, ready: false };

class Session {
  /** @param {string} id */
  constructor(id) {
    this.id = id;
    /** @type {{n: number, turn: number, text: string, ends: boolean}[]} */
    this.ring = [];
    /** @type {any[]} */
    this.turns = [];
    /** @type {Set<() => void>} */
    this.wake = new Set();
    this.running = 0;
    /** @type {Map<string, {hash: string, state: string, decide: (decision: any) => void}>} */
    this.approvals = new Map();
    this.stopped = false;
  }
  /** @param {string} event @param {any} data */
  push(event, data) {
    const n = this.ring.length + 1;
    this.ring.push({ n, turn: this.turns.length, text: `id: ${this.id}-${n}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`, ends: event === "finish" });
    for (const wake of this.wake) wake();
  }
}

export class FakeChat {
  /** Puts itself before a server: its origin is this one's from then on. @param {import("./server.js").Server} server */
  static async before(server) {
    const fake = new FakeChat(new URL(server.origin));
    await new Promise((resolve) => fake.http.listen(0, "127.0.0.1", () => resolve(undefined)));
    const { port } = /** @type {import("node:net").AddressInfo} */ (fake.http.address());
    const entry = new URL(server.entry);
    entry.port = String(port);
    Object.assign(server, { origin: entry.origin, entry: entry.href, host: entry.host, port });
    return fake;
  }

  /** @param {URL} behind */
  constructor(behind) {
    this.behind = behind;
    /** @type {any} */
    this.llm = { ...GEMINI };
    /** @type {any} */
    this.tested = { ok: true, model: "gemini-2.5-flash", first_ms: 412, elapsed_ms: 530, text: "OK" };
    /** @type {Map<string, any>} */
    this.knowledge = new Map();
    /** @type {any[]} */
    this.scripts = [];
    /** @type {any[]} */
    this.feedback = [];
    /** What was asked. @type {any[]} */
    this.asked = [];
    /** @type {Map<string, Session>} */
    this.sessions = new Map();
    /** @type {[RegExp, (ask: Ask) => AsyncGenerator<Said>][]} */
    this.answers = [];
    /** @type {any[] | undefined} */
    this.tools = undefined;
    /** @type {Set<import("node:http").ServerResponse>} */
    this.streams = new Set();
    /** @type {Map<string, () => void>} */
    this.paused = new Map();
    /** How many further connections are refused. */
    this.refuse = 0;
    /** Cuts pieces so small. */
    this.piece = Infinity;
    /** @type {any} */
    this.sent = { provider: "gemini", model: "gemini-2.5-flash", at_ms: 1_700_000_000_000, bytes: 120, body: { contents: [{ role: "user", parts: [{ text: "What was said" }] }] } };
    this.http = createServer((request, response) => void this.#route(request, response).catch((error) => {
      response.writeHead(500, { "content-type": "application/problem+json" }).end(JSON.stringify({ code: "internal", detail: String(error?.stack ?? error) }));
    }));
  }

  async close() {
    for (const stream of this.streams) stream.destroy();
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }

  /** Answers messages that fit. @param {RegExp} pattern @param {(ask: Ask) => AsyncGenerator<Said>} answer */
  on(pattern, answer) {
    this.answers.unshift([pattern, answer]);
  }
  /** Lets an answer that pauses go on. @param {string} name */
  async release(name) {
    while (!this.paused.has(name)) await new Promise((resolve) => setTimeout(resolve, 5));
    this.paused.get(name)?.();
    this.paused.delete(name);
  }
  /** Breaks the connections that stream now. */
  cut() {
    for (const stream of this.streams) stream.destroy();
  }

  /** @param {import("node:http").IncomingMessage} request @param {import("node:http").ServerResponse} response */
  async #route(request, response) {
    const url = new URL(request.url ?? "/", "http://x");
    const parts = url.pathname.split("/").filter(Boolean).map(decodeURIComponent);
    const [, , what, ...rest] = parts;
    const own = parts[0] === "api" && (["chat", "llm", "knowledge", "scripts"].includes(what) || (what === "tools" && this.tools && request.method === "GET"));
    if (!own) return this.#pass(request, response);
    let text = "";
    for await (const piece of request) text += piece;
    const body = text ? JSON.parse(text) : undefined;
    const answer = (/** @type {number} */ status, /** @type {any} */ value) => void response.writeHead(status, { "content-type": status >= 400 ? "application/problem+json" : "application/json" }).end(value === undefined ? "" : JSON.stringify(value));
    const method = `${request.method} ${what}`;
    if (method === "GET tools") return answer(200, { tools: this.tools });
    if (method === "GET llm") return answer(200, this.llm);
    if (method === "PUT llm") return this.#configure(body, answer);
    if (method === "POST llm") return answer(200, this.tested);
    if (what === "knowledge") return this.#knows(request.method ?? "", rest, body, answer);
    if (method === "POST scripts") return void (this.scripts.push(body), answer(201, body));
    return this.#chat(request, response, rest, body, answer);
  }

  /** @param {any} body @param {(status: number, value: any) => void} answer */
  #configure(body, answer) {
    if (/127\.0\.0\.1|localhost/.test(body.base_url ?? "")) return answer(422, { code: "invalid_value", detail: "The address is private.", errors: [{ pointer: "/base_url", detail: "The address is of this machine. An admin can allow that with llm.allow_private." }] });
    const offline = body.provider === "offline";
    const provider = body.provider === undefined ? this.llm.provider : offline ? null : body.provider;
    const moved = provider !== this.llm.provider;
    Object.assign(this.llm, { ...body, provider, has_key: this.llm.has_key && !moved, ready: !offline && !moved, problem: moved && !offline ? `The provider '${provider}' needs a key: set SOP_LLM_API_KEY, or llm.key_file.` : null });
    for (const name of ["model", "base_url"]) if (this.llm[name] === "") this.llm[name] = null;
    answer(200, this.llm);
  }

  /** @param {string} method @param {string[]} place @param {any} body @param {(status: number, value?: any) => void} answer */
  #knows(method, place, body, answer) {
    const id = place.join("/");
    if (method === "GET") return answer(200, { entries: [...this.knowledge.values()] });
    if (method === "DELETE") return this.knowledge.delete(id) ? answer(204) : answer(404, { code: "not_found", detail: "There is no such entry." });
    const [category, name] = place;
    this.knowledge.set(id, { ...this.knowledge.get(id), category, name, author: "jane", updated: "2026-11-21T12:00:00Z", ...body });
    return answer(200, this.knowledge.get(id));
  }

  /** @param {import("node:http").IncomingMessage} request @param {import("node:http").ServerResponse} response @param {string[]} rest @param {any} body @param {(status: number, value?: any) => void} answer */
  async #chat(request, response, rest, body, answer) {
    const [id, what, n] = rest;
    const problem = (/** @type {number} */ status, /** @type {string} */ code, /** @type {string} */ detail) => answer(status, { code, detail });
    if (id === undefined && request.method === "GET") return answer(200, { sessions: [...this.sessions.values()].filter((one) => one.turns.length).map((one) => ({ session: one.id, title: one.turns[0].message, database: one.turns[0].database, updated_ms: Date.now(), turns: one.turns.length, cost: 0.0012 })).reverse() });
    if (id === undefined) {
      if (this.refuse > 0) {
        this.refuse -= 1;
        return void request.socket.destroy();
      }
      if (body.message === undefined) {
        const session = this.sessions.get(body.session);
        if (!session) return problem(404, "session_not_found", "There is no session with this id.");
        const last = /-(\d+)$/.exec(String(request.headers["last-event-id"] ?? ""));
        return this.#stream(response, session, last ? Number(last[1]) : session.ring.findIndex((one) => one.turn === session.turns.length));
      }
      this.asked.push(body);
      const session = this.sessions.get(body.session) ?? new Session(`s${this.sessions.size + 1}`);
      this.sessions.set(session.id, session);
      if (session.running) return problem(409, "turn_running", "This session is answering already.");
      if (body.replace) session.turns = session.turns.slice(0, body.replace - 1);
      const from = session.ring.length;
      void this.#answer(session, body);
      return this.#stream(response, session, from);
    }
    const session = this.sessions.get(id);
    if (!session) return problem(404, "session_not_found", "There is no session with this id. It may have been forgotten; begin another one.");
    if (what === "sent") return answer(200, { n: Number(n), turn: 1, ...this.sent });
    if (what === "feedback") return void (this.feedback.push({ session: id, ...body }), answer(204));
    if (what === "approve") return this.#approve(session, body, answer, problem);
    if (request.method === "DELETE") {
      session.stopped = true;
      if (session.running) {
        session.running = 0;
        session.push("finish", { reason: "stopped" });
      }
      if (String(request.url).includes("forget")) this.sessions.delete(id);
      return answer(200, { stopped: true });
    }
    return answer(200, { session: id, running: session.running || null, cost: 0.0012, turns: session.turns });
  }

  /** @param {Session} session @param {any} body @param {(status: number, value?: any) => void} answer @param {(status: number, code: string, detail: string) => void} problem */
  #approve(session, body, answer, problem) {
    const approval = session.approvals.get(body.call);
    if (!approval) return problem(404, "approval_not_found", "No change waits under this name in this session.");
    if (approval.state !== "waiting") return problem(409, "approval_over", "This change was decided on already; it is not done twice.");
    if (body.hash !== undefined && body.hash !== approval.hash) return problem(409, "conflict", "Another change waits than the one that you saw.");
    approval.state = "decided";
    approval.decide({ ...body, answer: (/** @type {string} */ code, /** @type {string} */ detail) => (code ? problem(409, code, detail) : answer(200, { call: body.call, outcome: body.approve ? "applied" : "denied" })) });
    return undefined;
  }

  /** @param {Session} session @param {any} body */
  async #answer(session, body) {
    const turn = session.turns.length + 1;
    session.stopped = false;
    session.running = turn;
    const saved = { turn, message: body.message, database: body.database, provider: "gemini", model: "gemini-2.5-flash", answer: "", calls: [], errors: [], ended: undefined };
    session.turns.push(saved);
    const command = body.message.startsWith("/");
    const offline = command || !this.llm.provider || body.provider === "offline";
    session.push("session", { session: session.id, turn, share: body.share ?? this.llm.share, provider: command ? "command" : offline ? "offline" : this.llm.provider, model: offline ? null : this.llm.model, knowledge: [], gone: [] });
    const found = this.answers.find(([pattern]) => pattern.test(body.message))?.[1] ?? NOBODY;
    /** @type {Ask} */
    const ask = {
      ...body,
      session: session.id,
      pause: (name) => new Promise((resolve) => this.paused.set(name, () => resolve(undefined))),
      approve: (call, proposal) => {
        const hash = `hash-${session.id}-${call}`;
        session.push("approval-requested", { call, class: "write", hash, expires_ms: 300_000, ...proposal });
        return new Promise((resolve) => session.approvals.set(call, { hash, state: "waiting", decide: resolve }));
      },
    };
    let finished = false;
    for await (const [event, data] of found(ask)) {
      if (session.stopped) return;
      if (event === "text-delta") saved.answer += data.text;
      if (event === "tool-start") saved.calls.push(/** @type {never} */ ({ ...data }));
      finished ||= event === "finish";
      if (event === "finish") session.running = 0;
      session.push(event, data);
    }
    session.running = 0;
    saved.ended = /** @type {any} */ ("done");
    if (!finished && !session.stopped) session.push("finish", { reason: "done" });
  }

  /** @param {import("node:http").ServerResponse} response @param {Session} session @param {number} from */
  #stream(response, session, from) {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.flushHeaders();
    this.streams.add(response);
    let at = Math.max(0, from);
    const more = () => {
      while (at < session.ring.length) {
        const one = session.ring[at];
        at += 1;
        const bytes = Buffer.from(one.text);
        for (let start = 0; start < bytes.length; start += Math.min(this.piece, bytes.length)) response.write(bytes.subarray(start, start + Math.min(this.piece, bytes.length)));
        if (one.ends) {
          session.wake.delete(more);
          response.end();
          return;
        }
      }
    };
    session.wake.add(more);
    response.on("close", () => {
      session.wake.delete(more);
      this.streams.delete(response);
    });
    more();
  }

  /** @param {import("node:http").IncomingMessage} request @param {import("node:http").ServerResponse} response */
  #pass(request, response) {
    const { origin, host, hostname, port } = this.behind;
    const headers = { ...request.headers, host };
    for (const name of ["origin", "referer"]) if (headers[name]) headers[name] = String(headers[name]).replace(/^http:\/\/[^/]+/, origin);
    const behind = send({ hostname, port, method: request.method, path: request.url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    behind.on("error", () => response.destroy());
    response.on("close", () => behind.destroy());
    request.pipe(behind);
  }
}

/** @returns {AsyncGenerator<Said>} */
async function* NOBODY() {
  yield ["text-delta", { text: "I do not understand." }];
}
