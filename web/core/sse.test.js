import { test } from "node:test";
import assert from "node:assert/strict";
import { SseParser, events } from "./sse.js";

const encode = (/** @type {string} */ text) => new TextEncoder().encode(text);
const all = (/** @type {SseParser} */ parser, /** @type {Uint8Array} */ bytes, /** @type {number} */ size) => {
  const found = [];
  for (let at = 0; at < bytes.length; at += size) found.push(...parser.push(bytes.slice(at, at + size)));
  return found;
};

const TEXT = "\uFEFF: hello\r\nretry: 1500\r\nid: e-1\r\nevent: text-delta\r\ndata: {\"text\":\"Grüße 🙂\"}\r\n\r\nid: e-2\rdata: one\rdata:  two\r\rdata\n\nevent: empty\n\nid: a\u0000b\ndata: kept id\n\ndata: cut off";

test("events are the same however the bytes are cut", () => {
  const bytes = encode(TEXT);
  const whole = new SseParser().push(bytes);
  assert.deepEqual(whole, [
    { id: "e-1", event: "text-delta", data: '{"text":"Grüße 🙂"}' },
    { id: "e-2", event: "message", data: "one\n two" },
    { id: "e-2", event: "message", data: "" },
    { id: "e-2", event: "message", data: "kept id" },
  ]);
  for (let size = 1; size < 40; size += 1) {
    const parser = new SseParser();
    assert.deepEqual(all(parser, bytes, size), whole, `pieces of ${size} bytes`);
    assert.equal(parser.lastId, "e-2");
    assert.equal(parser.retry, 1500);
  }
});

test("the id counts only when its event is whole", () => {
  const parser = new SseParser();
  parser.push(encode("id: 1\ndata: a\n\nid: 2\ndata: b\n"));
  assert.equal(parser.lastId, "1");
  parser.push(encode("\n"));
  assert.equal(parser.lastId, "2");
});

test("a body is read event by event and given back when nobody listens any more", async () => {
  let cancelled = false;
  const pieces = ["id: 1\ndata: a\n\nid: 2\nda", "ta: b\n\n", "id: 3\ndata: c\n\n"];
  const body = new ReadableStream({
    pull(controller) {
      const piece = pieces.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(encode(piece));
    },
    cancel() {
      cancelled = true;
    },
  }, { highWaterMark: 0 });
  const seen = [];
  for await (const event of events(body)) {
    seen.push(event.data);
    if (event.data === "b") break;
  }
  assert.deepEqual(seen, ["a", "b"]);
  assert.equal(cancelled, true);
});

test("an event that never ends is refused, not kept", () => {
  const parser = new SseParser();
  const line = encode(`data: ${"x".repeat(1_000_000)}\n`);
  assert.throws(() => {
    for (let at = 0; at < 20; at += 1) parser.push(line);
  }, /too long/);
});
