// Saving what the server answers as a file, so that a refusal is heard of.
//
// Holds: nothing is said to be saved before the answer is there; a file that is not too large is taken by the page itself, a
// larger one by the browser, which writes it to the disk while it comes.

import { withQuery } from "../core/http.js";
import { t } from "../strings/shell.js";
import { download } from "./dom.js";

/** What the page takes itself, in bytes. */
const MOST_HELD = 64 << 20;
/** A browser may begin to write long after it was asked to. */
const KEPT_MS = 60_000;
const SAY_AFTER_MS = 600;

/** Saves what the page made as a file. @param {Blob} blob @param {string} name of the file */
export function saveBlob(blob, name) {
  const url = URL.createObjectURL(blob);
  download(url, name);
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}

/**
 * Saves the answer of an address. Ends when the page has given it to the browser.
 * @param {import("../model/session.js").Session} session
 * @param {{url: string, query?: import("../core/http.js").Query, body?: unknown, accept?: string}} from with a body it is posted
 * @param {string} name of the file
 * @throws the server's refusal, or that it broke off
 */
export async function saveFile(session, { url, query, body, accept = "*/*" }, name) {
  const address = withQuery(url, query);
  const stopper = new AbortController();
  const waits = setTimeout(() => session.say({ kind: "ok", text: t("shell.name_is_being_written", { name }) }), SAY_AFTER_MS);
  try {
    const response = await session.api.raw(body === undefined ? "GET" : "POST", address, { body, accept, signal: stopper.signal });
    const held = await take(response, body === undefined ? MOST_HELD : Infinity);
    if (held) saveBlob(held, name);
    else {
      stopper.abort();
      download(address, name);
    }
  } finally {
    clearTimeout(waits);
  }
}

/** The whole answer; undefined when it is larger. @param {Response} response @param {number} most @returns {Promise<Blob | undefined>} */
async function take(response, most) {
  const reader = response.body?.getReader();
  /** @type {BlobPart[]} */
  const parts = [];
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
      if (done || value === undefined) return new Blob(parts, { type: response.headers.get("content-type") ?? "" });
      bytes += value.length;
      if (bytes > most) return undefined;
      parts.push(value);
    }
  } catch {
    throw new Error(t("shell.the_file_broke_off"));
  }
}
