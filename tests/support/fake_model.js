// A model on this machine that speaks chat completions: scripted by what the last message says.

import { createServer } from "node:http";

/** @typedef {{text?: string, calls?: [string, any][]}} Reply */

export class FakeModel {
  constructor() {
    /** The bodies of the requests. @type {any[]} */
    this.asked = [];
    /** @type {[RegExp, Reply][]} */
    this.replies = [];
    this.http = createServer(async (request, response) => {
      let text = "";
      for await (const piece of request) text += piece;
      const body = JSON.parse(text);
      this.asked.push(body);
      const last = body.messages.at(-1);
      const said = typeof last.content === "string" ? last.content : JSON.stringify(last.content);
      /** @type {Reply} */
      const reply = last.role === "tool" ? { text: /denied/i.test(said) ? "I leave it." : /conflict|changed since/i.test(said) ? "It changed meanwhile." : "That is **all** of it." } : (this.replies.find(([pattern]) => pattern.test(said))?.[1] ?? { text: "Yes." });
      response.writeHead(200, { "content-type": "text/event-stream" });
      const send = (/** @type {any} */ delta, /** @type {string | null} */ reason = null) => response.write(`data: ${JSON.stringify({ id: "x", object: "chat.completion.chunk", model: body.model, choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`);
      for (const word of (reply.text ?? "").split(/(?<= )/)) if (word) send({ content: word });
      (reply.calls ?? []).forEach(([name, args], index) => send({ tool_calls: [{ index, id: `call_${this.asked.length}_${index}`, type: "function", function: { name, arguments: JSON.stringify(args) } }] }));
      send({}, reply.calls ? "tool_calls" : "stop");
      response.write(`data: ${JSON.stringify({ id: "x", choices: [], usage: { prompt_tokens: 120, completion_tokens: 12, total_tokens: 132 } })}\n\ndata: [DONE]\n\n`);
      response.end();
    });
  }

  /** Starts it; gives its address. @returns {Promise<string>} */
  async start() {
    await new Promise((resolve) => this.http.listen(0, "127.0.0.1", () => resolve(undefined)));
    return `http://127.0.0.1:${/** @type {import("node:net").AddressInfo} */ (this.http.address()).port}/v1`;
  }
  async close() {
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }
  /** @param {RegExp} pattern @param {Reply} reply */
  on(pattern, reply) {
    this.replies.unshift([pattern, reply]);
  }
}
