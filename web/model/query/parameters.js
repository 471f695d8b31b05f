// Values for the parameters of a statement, as a person types them.
//
// Holds: a number stays exact; what reads as JSON (a number, true, null, a text in quotes, a list, an object) is that value,
// everything else is text; a parameter that nobody gave a value is null, as the database takes it.

import { number, parse } from "../../core/json.js";

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** @param {string | undefined} text @returns {unknown} */
export function parameterValue(text) {
  if (text === undefined) return null;
  const trimmed = text.trim();
  if (trimmed === "" || trimmed === "null") return null;
  if (NUMBER.test(trimmed)) return number(trimmed);
  if (trimmed === "true" || trimmed === "false") return trimmed === "true";
  if (/^'(?:[^']|'')*'$/.test(trimmed)) return trimmed.slice(1, -1).replaceAll("''", "'");
  if (/^["[{]/.test(trimmed)) {
    try {
      return parse(trimmed);
    } catch {
      return text;
    }
  }
  return text;
}

/** The class that colours a typed value. @param {string | undefined} text */
export function parameterKind(text) {
  const value = parameterValue(text);
  if (value === null) return "null";
  if (typeof value === "boolean") return "b";
  if (typeof value === "string") return /^\d{4}-\d\d-\d\d/.test(value) ? "d" : "";
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype ? "" : "n";
}

/**
 * What goes to the server: a list for `?`, an object for names; undefined when there is nothing to say.
 * @param {{id: string, named: boolean}[]} wanted @param {{[id: string]: string}} typed
 */
export function requestParameters(wanted, typed) {
  if (!wanted.length) return undefined;
  if (wanted.some((one) => one.named)) return Object.fromEntries(wanted.map((one) => [one.id.replace(/^[:@$?]/, ""), parameterValue(typed[one.id])]));
  const most = Math.max(...wanted.map((one) => Number(one.id.slice(1))));
  return Array.from({ length: most }, (_, at) => parameterValue(typed[`?${at + 1}`]));
}
