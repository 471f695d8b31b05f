// The page that asks for name and password, and then leads on.

import { Api, ApiError } from "./core/http.js";
import { signIn } from "./core/sign_in.js";
import { t } from "./strings/account.js";

const form = /** @type {HTMLFormElement} */ (document.getElementById("sign-in"));
const name = /** @type {HTMLInputElement} */ (document.getElementById("name"));
const password = /** @type {HTMLInputElement} */ (document.getElementById("password"));
const problem = /** @type {HTMLElement} */ (document.getElementById("sign-in-problem"));
const button = /** @type {HTMLButtonElement} */ (form.querySelector("button[type=submit]"));
const api = new Api();

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (button.disabled) return;
  const empty = [name, password].find((field) => field.value === "");
  if (empty) {
    say(empty === name ? t("account.the_name_is_missing") : t("account.the_password_is_missing"));
    empty.focus();
    return;
  }
  button.disabled = true;
  say("");
  try {
    await signIn(api, name.value.trim(), password.value);
    location.assign(form.dataset.next || "/");
  } catch (error) {
    button.disabled = false;
    say(error instanceof Error ? error.message : String(error));
    if (error instanceof ApiError && error.status === 401) {
      password.select();
      password.focus();
    }
  }
});

/** @param {string} text */
function say(text) {
  problem.textContent = text;
  problem.hidden = text === "";
  for (const field of [name, password]) field.setAttribute("aria-invalid", String(text !== ""));
}

document.documentElement.dataset.ready = "true";
