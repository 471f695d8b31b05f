// The languages in which a database can be had as code, by the names that addresses use.

import { t } from "../../strings/code.js";
import { csharp } from "./csharp.js";
import { go } from "./go.js";
import { java } from "./java.js";
import { modelOf } from "./model.js";
import { python } from "./python.js";
import { rust } from "./rust.js";
import { typescript } from "./typescript.js";

/** @typedef {"rust" | "go" | "python" | "csharp" | "java" | "typescript"} Language */
/** @typedef {{file: string, text: string}} Code */

/** @type {{[language in Language]: {title: string, over: string, make: (model: import("./model.js").Model, how: {url: string}) => Code}}} */
export const LANGUAGES = {
  rust: { title: "Rust", over: t("code.the_sop_crate"), make: rust },
  go: { title: "Go", over: t("code.the_http_api"), make: go },
  python: { title: "Python", over: t("code.the_http_api"), make: python },
  csharp: { title: "C#", over: t("code.the_http_api_net_only"), make: csharp },
  java: { title: "Java", over: t("code.the_http_api_jdk_only"), make: java },
  typescript: { title: "TypeScript", over: t("code.the_http_api_no_packages"), make: typescript },
};

/**
 * The code of a database or of some of its stores.
 * @param {Language} language @param {string} database @param {any[]} stores as the API gives each one @param {{url: string}} how
 * @returns {Code}
 */
export function codeOf(language, database, stores, how) {
  return LANGUAGES[language].make(modelOf(database, stores), how);
}
