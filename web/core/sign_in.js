// Signing in. The cookie of the session is the browser's and never seen here.

import { path } from "./http.js";

/** @param {import("./http.js").Api} api @param {string} name @param {string} password */
export async function signIn(api, name, password) {
  return api.post(path("login"), { name, password });
}
