// Stopping a run whose answer is a stream.

import { path } from "../core/http.js";

/**
 * Ends the work of a run on the server, then the stream. The server is told first: closing the stream ends the run too, and
 * then there is none to be told of.
 * @param {import("../core/http.js").Api} api
 * @param {string | undefined} id none before the server has said it
 * @param {AbortController} stopper of the stream
 */
export async function stopRun(api, id, stopper) {
  if (id !== undefined) await api.raw("DELETE", path("queries", id)).catch(() => undefined);
  stopper.abort();
}
