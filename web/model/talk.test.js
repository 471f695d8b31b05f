import { test } from "node:test";
import assert from "node:assert/strict";
import { Api } from "../core/http.js";
import { Talk } from "./talk.js";

/** @param {string[]} events @param {boolean} [cut] */
const stream = (events, cut = false) => new Response(new ReadableStream({
  start(controller) {
    for (const event of events) controller.enqueue(new TextEncoder().encode(event));
    if (cut) controller.error(new TypeError("network error"));
    else controller.close();
  },
}), { headers: { "content-type": "text/event-stream" } });
/** A stream that stays open until it is aborted, as `fetch` does it. @param {string} text @param {AbortSignal} signal */
const open = (text, signal) => new Response(new ReadableStream({
  start(controller) {
    controller.enqueue(new TextEncoder().encode(text));
    signal.addEventListener("abort", () => controller.error(signal.reason));
  },
}));
/** @param {number} id @param {string} event @param {any} data */
const said = (id, event, data) => `id: e-${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
const BEGIN = said(1, "session", { session: "s", turn: 1 });
const END = said(9, "finish", { reason: "done" });

/** @param {((request: Request) => Response | Promise<Response>)[]} answers */
function server(answers) {
  /** @type {{method: string, url: string, body: any, last: string | null}[]} */
  const calls = [];
  const api = new Api(/** @type {any} */ (async (/** @type {string} */ url, /** @type {any} */ init) => {
    calls.push({ method: init.method, url, body: init.body ? JSON.parse(init.body) : undefined, last: init.headers.get("last-event-id") });
    const next = answers.shift();
    if (!next) throw new TypeError("nobody answers");
    return next(/** @type {any} */ ({ url, ...init }));
  }));
  const talk = new Talk(api, { wait: async () => undefined });
  return { calls, talk };
}
const text = (/** @type {Talk} */ talk) => talk.chat.last?.parts.map((part) => (part.kind === "text" ? part.text : part.kind)).join("|");

test("an answer that breaks goes on where it broke, and nothing is doubled", async () => {
  const { calls, talk } = server([
    () => stream([BEGIN, said(2, "text-delta", { text: "One " })]),
    () => { throw new TypeError("refused"); },
    () => stream([said(2, "text-delta", { text: "One " }), said(3, "text-delta", { text: "two" }), END]),
  ]);
  /** @type {string[]} */
  const seen = [];
  talk.addEventListener("event", (event) => seen.push(/** @type {CustomEvent} */ (event).detail.event));
  await talk.ask("count", { context: [], database: "d" });
  assert.equal(text(talk), "One two");
  assert.equal(talk.chat.last?.state, "done");
  assert.deepEqual(calls.map((call) => call.last), [null, "e-2", "e-2"]);
  assert.deepEqual(calls[1].body, { session: "s" });
  assert.deepEqual(seen, ["session", "text-delta", "text-delta", "finish"]);
});

test("a connection that stays away is said, and one that never began is not asked again", async () => {
  const lost = server([() => stream([BEGIN])]);
  await lost.talk.ask("x", { context: [] });
  assert.equal(lost.talk.chat.last?.state, "cut");
  assert.equal(lost.calls.length, 7);
  const never = server([]);
  await never.talk.ask("x", { context: [] });
  assert.equal(never.talk.chat.last?.state, "cut");
  assert.equal(never.calls.length, 1);
});

test("a refusal is an error of the turn, in the server's words", async () => {
  const { talk } = server([() => new Response(JSON.stringify({ code: "turn_running", detail: "It is answering already." }), { status: 409 })]);
  await talk.ask("x", { context: [] });
  assert.deepEqual(talk.chat.last?.parts, [{ kind: "error", code: "turn_running", detail: "It is answering already." }]);
  assert.equal(talk.chat.busy, false);
});

test("stop ends it here at once and tells the server", async () => {
  /** @type {AbortSignal | undefined} */
  let signal;
  const { calls, talk } = server([
    (request) => {
      signal = request.signal;
      return open(BEGIN, request.signal);
    },
    () => new Response(null, { status: 204 }),
  ]);
  const asked = talk.ask("x", { context: [] });
  await new Promise((resolve) => talk.addEventListener("event", resolve, { once: true }));
  await talk.stop();
  await asked.catch(() => undefined);
  assert.equal(signal?.aborted, true);
  assert.equal(talk.chat.last?.state, "stopped");
  assert.deepEqual([calls[1].method, calls[1].url], ["DELETE", "/api/v1/chat/s"]);
});

test("a change is approved once, with its hash; a conflict is said at it", async () => {
  const requested = said(2, "approval-requested", { call: "c", tool: "delete", changeset: { count: 1, rows: [] }, class: "write", affected: 1, hash: "h", expires_ms: 60000 });
  const { calls, talk } = server([
    (request) => open(BEGIN + requested, request.signal),
    () => new Response(JSON.stringify({ code: "conflict", detail: "The data changed." }), { status: 409 }),
  ]);
  void talk.ask("delete", { context: [] });
  while (!talk.chat.waiting.length) await new Promise((resolve) => talk.addEventListener("event", resolve, { once: true }));
  const [call] = talk.chat.waiting;
  const [first, second] = await Promise.all([talk.decide(call, true), talk.decide(call, true)]);
  assert.equal(first, "The data changed.");
  assert.equal(second, undefined);
  assert.equal(call.approval?.state, "conflict");
  assert.equal(calls.length, 2);
  assert.deepEqual(calls[1].body, { call: "c", approve: true, hash: "h" });
  const left = new Promise((resolve) => talk.addEventListener("change", resolve, { once: true }));
  talk.begin();
  await left;
  assert.deepEqual(talk.chat.turns, []);
});

test("a kept talk that is being answered is listened to, from the beginning of its turn", async () => {
  const { calls, talk } = server([
    () => new Response(JSON.stringify({ session: "s", running: 2, cost: 0.25, turns: [{ turn: 1, message: "a", answer: "A", ended: "done" }, { turn: 2, message: "b", answer: "half", calls: [] }] })),
    () => stream([said(1, "session", { session: "s", turn: 2 }), said(2, "text-delta", { text: "whole" }), END]),
  ]);
  await talk.open("s");
  await new Promise((resolve) => {
    const look = () => talk.chat.last?.state === "done" && resolve(undefined);
    talk.addEventListener("change", look);
    look();
  });
  assert.equal(text(talk), "whole");
  assert.equal(talk.chat.turns.length, 2);
  assert.deepEqual(calls[1].body, { session: "s" });
  assert.equal(talk.chat.cost, 0.25);
});
