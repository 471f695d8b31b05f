import { test } from "node:test";
import assert from "node:assert/strict";
import { readLines } from "./ndjson.js";

/** @param {Uint8Array[]} pieces */
const streamOf = (pieces) => new ReadableStream({
  start(controller) {
    for (const piece of pieces) controller.enqueue(piece);
    controller.close();
  },
});

test("lines come whole however the stream is cut", async () => {
  const text = '{"id":"q"}\n["é€😀",1]\r\n\n[null]\n{"stats":{}}';
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 2, 3, 7, 1000]) {
    const pieces = [];
    for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.slice(at, at + size));
    /** @type {string[]} */
    const got = [];
    await readLines(streamOf(pieces), (lines) => got.push(...lines));
    assert.deepEqual(got, ['{"id":"q"}', '["é€😀",1]', "[null]", '{"stats":{}}'], `pieces of ${size}`);
  }
  await readLines(null, () => assert.fail("nothing to take"));
  await readLines(streamOf([]), () => assert.fail("nothing to take"));
});

test("the reader lets others have a turn when it has worked for long", async () => {
  let time = 0;
  let pauses = 0;
  const pieces = Array.from({ length: 10 }, (_, at) => new TextEncoder().encode(`[${at}]\n`));
  await readLines(streamOf(pieces), () => (time += 5), { now: () => time, pause: async () => void (pauses += 1) });
  assert.equal(pauses, 3);
});

test("a stream that breaks says so, and what came before was taken", async () => {
  let sent = false;
  const stream = new ReadableStream({
    pull(controller) {
      if (sent) controller.error(new Error("cut"));
      else controller.enqueue(new TextEncoder().encode("[1]\n[2"));
      sent = true;
    },
  });
  /** @type {string[]} */
  const got = [];
  await assert.rejects(readLines(stream, (lines) => got.push(...lines)), /cut/);
  assert.deepEqual(got, ["[1]"]);
});
