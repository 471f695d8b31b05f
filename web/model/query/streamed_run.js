// A run on the server whose answer is a stream of lines: of a statement, or of a script.
//
// Holds: it ends once, as `done`, `failed` or `cancelled`, and what comes later changes nothing. Cancelling ends the work on both
// sides: the stream is closed and the server is told by the run's id. Says `change` as things come and `end` once. What the
// lines mean, whoever makes one of it says.

import { path } from "../../core/http.js";
import { readLines } from "../../core/ndjson.js";

/** @typedef {"running" | "done" | "failed" | "cancelled"} State */

export class StreamedRun extends EventTarget {
  /** @param {{api: import("../../core/http.js").Api, url: string, now?: () => number}} how */
  constructor({ api, url, now = () => performance.now() }) {
    super();
    this.api = api;
    this.url = url;
    this.now = now;
    /** @type {State} */
    this.state = "running";
    /** @type {string | undefined} */
    this.id = undefined;
    this.started = now();
    /** @type {number | undefined} */
    this.ended = undefined;
    this.stopper = new AbortController();
  }

  /** What is sent. @returns {unknown} */
  get sent() {
    return undefined;
  }

  /** Runs to the end. Never throws: the end says how it went. */
  async start() {
    try {
      const response = await this.api.raw("POST", this.url, { body: this.sent, accept: "application/x-ndjson", signal: this.stopper.signal });
      await readLines(response.body, (lines) => this.take(lines));
      if (this.state === "running") this.end(this.answered());
    } catch (error) {
      if (this.stopper.signal.aborted) this.end("cancelled");
      else {
        this.failed(error);
        this.end("failed");
      }
    }
    return this;
  }

  /** Takes lines of the answer. @param {string[]} lines */
  take(lines) {
    if (this.state !== "running") return;
    this.read(lines);
    this.dispatchEvent(new Event("change"));
  }

  /** Reads lines as they come. @param {string[]} _lines */
  read(_lines) {}

  /** The answer is over: how it went. @returns {State} */
  answered() {
    return "done";
  }

  /** Keeps why it failed. @param {unknown} _error */
  failed(_error) {}

  /** Keeps that it was stopped. */
  stopped() {}

  /** Ends the work here and on the server. */
  cancel() {
    if (this.state !== "running") return;
    void this.#stop();
    this.stopped();
    this.end("cancelled");
  }

  /** The server is told first: closing the stream ends the run too, and then there is none to be told of. */
  async #stop() {
    // It has no id before the server has said it.
    if (this.id !== undefined) await this.api.raw("DELETE", path("queries", this.id)).catch(() => undefined);
    this.stopper.abort();
  }

  /** @param {State} state */
  end(state) {
    if (this.state !== "running") return;
    this.state = state;
    this.ended = this.now();
    this.dispatchEvent(new Event("change"));
    this.dispatchEvent(new Event("end"));
  }
}
