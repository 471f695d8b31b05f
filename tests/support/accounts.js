// A server whose users sign in, as tests need it: made by the API, without the page.

/** A password that the server takes. */
export const PASSWORD = "correct horse battery";

/** @typedef {{call: (method: string, path: string, body?: unknown) => Promise<any>, cookie: string}} Account */

/**
 * Signs somebody in. The calls are theirs, as the page makes them.
 * @param {import("./server.js").Server} server @param {string} name @returns {Promise<Account>}
 */
export async function signedIn(server, name) {
  const ask = async (/** @type {string} */ method, /** @type {string} */ path, /** @type {unknown} */ body, /** @type {string} */ cookie) => {
    const answer = await fetch(`${server.origin}/api/v1${path}`, { method, headers: { origin: server.origin, "content-type": "application/json", ...(cookie ? { cookie } : {}) }, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${name}: ${method} ${path}: ${answer.status} ${text.slice(0, 400)}`);
    return { answer, value: text ? JSON.parse(text) : undefined };
  };
  const { answer } = await ask("POST", "/login", { name, password: PASSWORD }, "");
  const cookie = (answer.headers.get("set-cookie") ?? "").split(";")[0];
  return { cookie, call: async (method, path, body) => (await ask(method, path, body, cookie)).value };
}

/**
 * From the first user on everybody signs in: `ada` is the administrator.
 * @param {import("./server.js").Server} server @returns {Promise<Account>} what ada may do
 */
export async function usersOn(server) {
  await server.call("POST", "/users", { body: { name: "ada", password: PASSWORD, role: "admin" } });
  return signedIn(server, "ada");
}

/** Lets a browser be somebody who is signed in. @param {import("playwright-core").BrowserContext} context @param {{origin: string}} server @param {string} name */
export async function enter(context, server, name) {
  const answer = await context.request.post(`${server.origin}/api/v1/login`, { data: { name, password: PASSWORD }, headers: { origin: server.origin } });
  if (!answer.ok()) throw new Error(`${name} does not come in: ${answer.status()} ${await answer.text()}`);
}
