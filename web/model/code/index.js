// The languages in which a database can be had as code, by the names that addresses use.

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
  rust: { title: "Rust", over: "the sop crate, in the program's own process", make: rust },
  go: { title: "Go", over: "the HTTP API; standard library only", make: go },
  python: { title: "Python", over: "the HTTP API; standard library only", make: python },
  csharp: { title: "C#", over: "the HTTP API; .NET only", make: csharp },
  java: { title: "Java", over: "the HTTP API; JDK only", make: java },
  typescript: { title: "TypeScript", over: "the HTTP API; no packages", make: typescript },
};

/**
 * The code of a database or of some of its stores.
 * @param {Language} language @param {string} database @param {any[]} stores as the API gives each one @param {{url: string}} how
 * @returns {Code}
 */
export function codeOf(language, database, stores, how) {
  return LANGUAGES[language].make(modelOf(database, stores), how);
}
