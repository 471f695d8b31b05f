// Sends a file and hears how far it has come: what was sent, and the server's own lines of progress.

import { ApiError, NetworkError, withQuery } from "../core/http.js";
import { parse } from "../core/json.js";
import { t } from "../strings/import.js";

/** @typedef {{read: number, inserted: number, updated: number, failed: number, bytes?: number, errors?: {line: number, detail: string, text?: string}[]}} ImportReport */

/**
 * @param {string} url @param {import("../core/http.js").Query} query @param {Blob} file @param {string} type
 * @param {{progress: (report: {sent: number, report?: ImportReport}) => void, signal: AbortSignal}} hear
 * @returns {Promise<ImportReport>}
 */
export function upload(url, query, file, type, { progress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let read = 0;
    let sent = 0;
    /** @type {ImportReport | undefined} */
    let report;
    /** @type {ImportReport | undefined} */
    let done;
    /** @type {any} */
    let fault;
    const lines = (/** @type {boolean} */ all) => {
      const text = request.responseText;
      const end = all ? text.length : text.lastIndexOf("\n");
      for (const line of text.slice(read, Math.max(read, end)).split("\n")) {
        if (!line.trim()) continue;
        const message = parse(line);
        if (message.event === "progress") report = message;
        else if (message.event === "summary") done = message;
        else if (message.event === "error") fault = message.problem ?? message;
        else if (message.progress) report = message.progress;
        else if (message.done) done = message.done;
      }
      read = Math.max(read, end + (all ? 0 : 1));
      progress({ sent, report });
    };
    request.open("POST", withQuery(url, query));
    request.setRequestHeader("accept", "application/x-ndjson");
    request.setRequestHeader("content-type", type);
    request.upload.onprogress = (event) => {
      sent = event.loaded;
      progress({ sent, report });
    };
    request.onprogress = () => {
      if (request.status < 300) lines(false);
    };
    request.onload = () => {
      if (request.status >= 300) return reject(new ApiError(request.status, safe(request.responseText)));
      lines(true);
      if (fault) reject(new ApiError(request.status, fault));
      else if (done) resolve(done);
      else reject(new ApiError(request.status, { detail: t("import.the_server_ended_the_import_without") }));
      return undefined;
    };
    request.onerror = () => reject(new NetworkError(undefined));
    request.onabort = () => reject(new DOMException(t("import.the_import_was_cancelled"), "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}

/** @param {string} text */
function safe(text) {
  try {
    return parse(text);
  } catch {
    return { detail: text.slice(0, 300) };
  }
}
