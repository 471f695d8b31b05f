// Lines of a stream, many at a time: a result of a million rows is not a million turns of the event loop.
//
// Holds: lines come whole, in order, each once, without their line end; empty lines are left out. `take` is called with the
// lines of one piece of the stream; the reader waits for `pause` when it has kept the thread for long.

const TURN_MS = 12;

/**
 * Reads a stream of lines to its end.
 * @param {ReadableStream<Uint8Array> | null} body
 * @param {(lines: string[]) => void} take
 * @param {{pause?: () => Promise<void>, now?: () => number}} [how]
 */
export async function readLines(body, take, { pause = () => new Promise((resolve) => setTimeout(resolve)), now = () => performance.now() } = {}) {
  if (!body) return;
  const decoder = new TextDecoder();
  const reader = body.getReader();
  /** @type {string[]} */
  let rest = [];
  let since = now();
  for (;;) {
    const { done, value } = await reader.read();
    const text = decoder.decode(value, { stream: !done });
    const parts = text.split("\n");
    if (parts.length > 1) {
      rest.push(parts[0]);
      parts[0] = rest.join("");
      rest = [parts.pop() ?? ""];
      const lines = parts.map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line)).filter((line) => line !== "");
      if (lines.length) take(lines);
    } else rest.push(text);
    if (done) break;
    if (now() - since > TURN_MS) {
      await pause();
      since = now();
    }
  }
  const last = rest.join("").trim();
  if (last) take([last]);
}
