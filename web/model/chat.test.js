import { test } from "node:test";
import assert from "node:assert/strict";
import { Chat } from "./chat.js";

/** @param {Chat} chat @param {[string, any][]} list @param {number} [from] */
const play = (chat, list, from = 1) => list.forEach(([event, data], at) => chat.take({ id: `e-${from + at}`, event, data }));
/** @param {Chat} chat */
const shape = (chat) => chat.last?.parts.map((part) => (part.kind === "text" ? part.text : part.kind === "call" ? `${part.tool} ${part.state}` : part.kind));

/** @type {[string, any][]} */
const ANSWER = [
  ["session", { session: "s1", turn: 1, share: "schema", provider: "gemini", model: "m-1", knowledge: ["term/active"] }],
  ["text-delta", { text: "Let me " }],
  ["text-delta", { text: "look." }],
  ["tool-start", { call: "c1", tool: "query", args: { sql: "SELECT 1" } }],
  ["tool-output", { call: "c1", summary: "1 row", columns: [{ name: "n", kind: "integer" }], rows: [[1]], stats: { elapsed_ms: 2 } }],
  ["text-delta", { text: "One." }],
  ["usage", { in: 100, out: 20, cached: 0, cost: 0.001, model: "m-1", sent: 1 }],
  ["usage", { in: 10, out: 2, cached: 5, cost: 0.0005, model: "m-1", sent: 2 }],
  ["finish", { reason: "done" }],
];

test("parts stand in the order in which they came, and each call is one part", () => {
  const chat = new Chat();
  chat.ask("how many?");
  assert.equal(chat.busy, true);
  play(chat, ANSWER);
  assert.deepEqual(shape(chat), ["Let me look.", "query done", "One."]);
  assert.equal(chat.busy, false);
  assert.equal(chat.session, "s1");
  assert.deepEqual(chat.last?.usage, { in: 110, out: 22, cached: 5, cost: 0.0015, model: "m-1", sent: [1, 2] });
  assert.equal(chat.cost, 0.0015);
  assert.deepEqual(chat.last?.knowledge, ["term/active"]);
});

test("events that come again change nothing, wherever the connection broke", () => {
  for (let cut = 0; cut <= ANSWER.length; cut += 1) {
    for (let back = 0; back <= cut; back += 1) {
      const chat = new Chat();
      chat.ask("how many?");
      play(chat, ANSWER.slice(0, cut));
      play(chat, ANSWER.slice(back), back + 1);
      assert.deepEqual(shape(chat), ["Let me look.", "query done", "One."], `cut at ${cut}, again from ${back}`);
      assert.equal(chat.last?.usage?.in, 110);
      assert.equal(chat.lastId, `e-${ANSWER.length}`);
    }
  }
});

test("ids of another epoch begin anew", () => {
  const chat = new Chat();
  chat.ask("one");
  chat.take({ id: "a-7", event: "text-delta", data: { text: "x" } });
  assert.equal(chat.take({ id: "a-7", event: "text-delta", data: { text: "x" } }), false);
  assert.equal(chat.take({ id: "b-1", event: "text-delta", data: { text: "y" } }), true);
  assert.deepEqual(shape(chat), ["xy"]);
});

/** @param {number} now */
const waiting = (now) => {
  const clock = { now };
  const chat = new Chat(() => clock.now);
  chat.ask("delete it");
  play(chat, [
    ["session", { session: "s", turn: 1 }],
    ["tool-start", { call: "d", tool: "delete", args: { store: "users" } }],
    ["approval-requested", { call: "d", tool: "delete", changeset: { count: 2, rows: [] }, statement: "DELETE", class: "write", affected: 2, hash: "h", expires_ms: 1000 }],
  ]);
  return { chat, clock };
};

test("a change waits, and what was decided stays with its call", () => {
  const cases = /** @type {const} */ ([
    [{ approved: true, applied: true, reason: null }, "applied", "done"],
    [{ approved: false, applied: false, reason: "not these" }, "denied", "stopped"],
    [{ approved: true, applied: false, reason: "The data changed since this was proposed" }, "conflict", "failed"],
    [{ approved: true, applied: false, reason: "The store is read only" }, "failed", "failed"],
    [{ approved: false, applied: false, reason: "It expired" }, "expired", "failed"],
  ]);
  for (const [data, decision, state] of cases) {
    const { chat } = waiting(0);
    assert.equal(chat.last?.state, "waiting");
    assert.equal(chat.waiting.length, 1);
    const call = chat.waiting[0];
    play(chat, [["approval-resolved", { call: "d", ...data }]], 9);
    assert.equal(call.approval?.state, decision);
    assert.equal(call.state, state);
    assert.equal(chat.last?.state, "running");
  }
});

test("a change lapses by the clock, and when its turn ends", () => {
  const { chat, clock } = waiting(500);
  clock.now = 1499;
  assert.equal(chat.expire(), false);
  clock.now = 1500;
  assert.equal(chat.expire(), true);
  assert.equal(/** @type {any} */ (chat.last?.parts[0]).approval.state, "expired");
  const other = waiting(0).chat;
  other.stopped();
  assert.equal(other.last?.state, "stopped");
  assert.equal(other.waiting.length, 0);
});

test("a turn that could not begin, was cut, or ended in an error says so", () => {
  const chat = new Chat();
  chat.ask("a");
  chat.fail({ code: "budget", detail: "Too much." });
  assert.equal(chat.last?.state, "failed");
  assert.deepEqual(shape(chat), ["error"]);
  chat.ask("b");
  play(chat, [["tool-start", { call: "x", tool: "query" }]], 50);
  chat.cut("lost");
  assert.equal(chat.last?.state, "cut");
  assert.deepEqual(shape(chat), ["query stopped"]);
});

test("asking again puts a turn in place of the old one and those after it", () => {
  const chat = new Chat();
  const first = chat.ask("a");
  chat.ask("b");
  chat.ask("c");
  chat.ask("a!", [], first);
  assert.deepEqual(chat.turns.map((turn) => turn.message), ["a!"]);
});

test("unknown events, missing fields and hostile names do no harm", () => {
  const chat = new Chat();
  assert.equal(chat.take({ event: "text-delta", data: { text: "before any turn" } }), false);
  chat.ask("x");
  for (const event of ["__proto__", "constructor", "toString", "later-kind"]) assert.equal(chat.take({ event, data: {} }), false);
  assert.equal(chat.take({ event: "text-delta", data: null }), false);
  for (const event of ["session", "text-delta", "tool-start", "tool-output", "approval-requested", "approval-resolved", "navigate", "usage", "error", "alternatives", "knowledge-proposed"]) chat.take({ event, data: {} });
  assert.equal(/** @type {any} */ ({}).kind, undefined);
});

test("a kept talk opens as it was", () => {
  const chat = Chat.of({ id: "s9", title: "Who", turns: [
    { turn: 1, message: "who?", provider: "offline", answer: "Nobody.", calls: [{ call: "c", tool: "count", args: {}, summary: "0 items" }, { call: "d", tool: "delete", args: {}, approval: "denied" }], errors: ["timeout: It took too long."], tokens: { input: 5, output: 6, cached: 0 }, cost: 0.5, feedback: { rating: "up" }, ended: "done" },
    { turn: 2, message: "and?", answer: "", calls: [], errors: [], ended: "interrupted" },
  ] });
  assert.equal(chat.session, "s9");
  assert.deepEqual(chat.turns.map((turn) => turn.state), ["done", "cut"]);
  assert.deepEqual(chat.turns[0].parts.map((part) => part.kind), ["call", "call", "text", "error"]);
  assert.equal(chat.turns[0].rating, "up");
  assert.equal(chat.cost, 0.5);
});
