// The way to the server: paths, JSON, problem documents, streams of lines.
//
// Holds: every call goes to this origin under `/api/v1`; every refusal becomes an `ApiError` with the server's own words;
// a server that cannot be reached becomes a `NetworkError`. Numbers stay exact (see `json.js`), so an answer can be edited
// and written back without a number turning into text.

import { t } from "../strings/core.js";
import { parse, stringify } from "./json.js";

/** The server said no. */
export class ApiError extends Error {
  /** @param {number} status @param {any} problem the problem+json document, or {} */
  constructor(status, problem) {
    super(problem.detail || problem.title || t("core.the_server_answered_status", { status }));
    this.name = "ApiError";
    this.status = status;
    this.problem = problem;
    /** @type {string} stable name of the fault, like `store_not_found` */
    this.code = problem.code ?? "";
    /** @type {string} */
    this.title = problem.title ?? "";
    /** @type {string[]} */
    this.suggestions = problem.suggestions ?? problem.errors?.flatMap((/** @type {any} */ one) => one.suggestions ?? []) ?? [];
  }
}

/** The server could not be reached. */
export class NetworkError extends Error {
  /** @param {unknown} cause */
  constructor(cause) {
    super(t("core.the_server_cannot_be_reached"));
    this.name = "NetworkError";
    this.cause = cause;
  }
}

/** @typedef {{[name: string]: string | number | boolean | null | undefined}} Query */
/** @typedef {{query?: Query, body?: unknown, text?: BodyInit, type?: string, accept?: string, headers?: {[name: string]: string}, signal?: AbortSignal}} CallOptions */

/**
 * A path under the API, each part escaped: `path("databases", name, "stores")`.
 * @param {...string} parts
 */
export function path(...parts) {
  return `/api/v1/${parts.map(encodeURIComponent).join("/")}`;
}

/** @param {string} base @param {Query} [query] fields that are null or undefined are left out */
export function withQuery(base, query = {}) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== null) search.set(name, String(value));
  const text = search.toString();
  return text ? `${base}?${text}` : base;
}

/** Calls to one server. Announces `lost` and `found` as the connection goes and comes. */
export class Api extends EventTarget {
  /** @param {typeof fetch} [send] */
  constructor(send = (...args) => fetch(...args)) {
    super();
    this.send = send;
    this.reachable = true;
    /** What is written to, named once more. @type {string | undefined} */
    this.confirmed = undefined;
    /** Lets a person sign in again when their session is over; whether they did. @type {(() => Promise<boolean>) | undefined} */
    this.askSignIn = undefined;
    /** Asks a person for that name when the server wants it. @type {(() => Promise<string | undefined>) | undefined} */
    this.askName = undefined;
  }

  /** Calls with what is written to named once more. @template T @param {string} name @param {() => Promise<T>} work @returns {Promise<T>} */
  async confirming(name, work) {
    this.confirmed = name || undefined;
    try {
      return await work();
    } finally {
      this.confirmed = undefined;
    }
  }

  /**
   * One call; the answer as a Response that is known to be good.
   * @param {string} method @param {string} url @param {CallOptions} [options]
   * @returns {Promise<Response>}
   */
  async raw(method, url, options = {}) {
    const headers = new Headers(options.headers);
    headers.set("accept", options.accept ?? "application/json");
    let body = options.text;
    if (options.body !== undefined) {
      body = stringify(options.body);
      headers.set("content-type", "application/json");
    } else if (options.type) headers.set("content-type", options.type);
    if (this.confirmed !== undefined && method !== "GET") headers.set("sop-confirm", encodeURIComponent(this.confirmed));
    let response;
    try {
      response = await this.send(withQuery(url, options.query), { method, headers, body, signal: options.signal, credentials: "same-origin", cache: "no-store" });
    } catch (cause) {
      if (options.signal?.aborted) throw cause;
      this.#reach(false);
      throw new NetworkError(cause);
    }
    this.#reach(true);
    if (response.ok) return response;
    const error = new ApiError(response.status, await problem(response));
    if (error.status === 401 && this.askSignIn && !(options.text instanceof ReadableStream) && (await this.askSignIn())) return this.raw(method, url, options);
    if (error.code === "confirmation_needed" && this.askName && this.confirmed === undefined && !(options.text instanceof ReadableStream)) {
      const name = await this.askName();
      if (name !== undefined) return this.confirming(name, () => this.raw(method, url, options));
    }
    throw error;
  }

  /**
   * One call; the answer as JSON data, undefined when there is none.
   * @param {string} method @param {string} url @param {CallOptions} [options]
   * @returns {Promise<any>}
   */
  async json(method, url, options) {
    const response = await this.raw(method, url, options);
    const text = await response.text();
    return text ? parse(text) : undefined;
  }

  /** @param {string} url @param {Query} [query] @param {AbortSignal} [signal] @returns {Promise<any>} */
  get(url, query, signal) {
    return this.json("GET", url, { query, signal });
  }

  /** @param {string} url @param {unknown} body @param {Query} [query] @returns {Promise<any>} */
  post(url, body, query) {
    return this.json("POST", url, { body, query });
  }

  /** Whether the server answers now. */
  async probe() {
    try {
      await this.raw("GET", path("health"));
      return true;
    } catch (error) {
      return error instanceof ApiError;
    }
  }

  /** @param {boolean} reachable */
  #reach(reachable) {
    if (this.reachable === reachable) return;
    this.reachable = reachable;
    this.dispatchEvent(new Event(reachable ? "found" : "lost"));
  }
}

/** @param {Response} response */
async function problem(response) {
  const text = await response.text().catch(() => "");
  try {
    const value = parse(text);
    return value !== null && typeof value === "object" ? value : {};
  } catch {
    return { detail: text.trim().slice(0, 500) };
  }
}

/**
 * The JSON values of a stream of lines, as they come.
 * @param {ReadableStream<Uint8Array> | null} body
 * @returns {AsyncGenerator<any>}
 */
export async function* lines(body) {
  if (!body) return;
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    rest += decoder.decode(value, { stream: !done });
    const parts = rest.split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) if (part.trim()) yield parse(part);
    if (done) break;
  }
  if (rest.trim()) yield parse(rest);
}
