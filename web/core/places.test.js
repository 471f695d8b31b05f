import { test } from "node:test";
import assert from "node:assert/strict";
import { offsetOfByte } from "./places.js";

test("bytes of UTF-8 become offsets in the text", () => {
  const text = "aé€😀z";
  const offsets = [...new TextEncoder().encode(text), 0].map((_, byte) => offsetOfByte(text, byte));
  assert.deepEqual(offsets, [0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 5, 6]);
  assert.equal(offsetOfByte(text, 1000), text.length);
  assert.equal(offsetOfByte("", 0), 0);
});
