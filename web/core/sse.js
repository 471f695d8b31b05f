// Server-Sent Events over fetch: what `EventSource` does, but for any method and body.
//
// Holds: events come whole, in order, each once, however the bytes are cut (a character, a line end or a field may be
// split anywhere); a stream that ends inside an event does not give that event. Does not connect again by itself: `lastId`
// says where to go on.

import { t } from "../strings/core.js";

/** @typedef {{id: string, event: string, data: string}} ServerEvent */

/** Most characters of one event: what is longer is no event of ours. */
const MOST = 16_000_000;

/** Reads events from text that comes in pieces. */
export class SseParser {
  constructor() {
    this.decoder = new TextDecoder(); // takes a byte order mark away
    /** The id of the last event that was given. */
    this.lastId = "";
    /** How long the server asks to wait before connecting again, in milliseconds. @type {number | undefined} */
    this.retry = undefined;
    this.rest = "";
    this.sawReturn = false;
    this.id = "";
    this.event = "";
    /** @type {string[]} */
    this.data = [];
    this.size = 0;
  }

  /** Takes bytes, gives the events that are whole with them. @param {Uint8Array} bytes @returns {ServerEvent[]} */
  push(bytes) {
    return this.#text(this.decoder.decode(bytes, { stream: true }));
  }

  /** @param {string} text @returns {ServerEvent[]} */
  #text(text) {
    /** @type {ServerEvent[]} */
    const events = [];
    let start = 0;
    for (let at = 0; at < text.length; at += 1) {
      const char = text.charCodeAt(at);
      if (char !== 10 && char !== 13) {
        this.sawReturn = false;
        continue;
      }
      if (char === 10 && this.sawReturn) {
        this.sawReturn = false; // the second half of a line end
        start = at + 1;
        continue;
      }
      this.sawReturn = char === 13;
      const event = this.#line(this.rest + text.slice(start, at));
      this.rest = "";
      start = at + 1;
      if (event) events.push(event);
    }
    this.rest += text.slice(start);
    if (this.rest.length > MOST) throw new Error(t("core.an_event_is_too_long"));
    return events;
  }

  /** @param {string} line @returns {ServerEvent | undefined} */
  #line(line) {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return undefined; // a comment, which keeps the connection alive
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "data") {
      this.size += value.length;
      if (this.size > MOST) throw new Error(t("core.an_event_is_too_long"));
      this.data.push(value);
    } else if (field === "event") this.event = value;
    else if (field === "id") {
      if (!value.includes("\u0000")) this.id = value;
    } else if (field === "retry" && /^\d+$/.test(value)) this.retry = Number(value);
    return undefined;
  }

  #dispatch() {
    const { data, event } = this;
    this.lastId = this.id;
    this.data = [];
    this.event = "";
    this.size = 0;
    if (!data.length) return undefined;
    return { id: this.id, event: event || "message", data: data.join("\n") };
  }
}

/**
 * The events of an answer, as they come.
 * @param {ReadableStream<Uint8Array> | null} body @param {SseParser} [parser]
 * @returns {AsyncGenerator<ServerEvent>}
 */
export async function* events(body, parser = new SseParser()) {
  if (!body) return;
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.push(value);
    }
  } finally {
    // Who stops listening gives the connection back.
    await reader.cancel().catch(() => undefined);
  }
}
