// What a closed card says of its step: a few lines, in pieces that have a colour each.

import { literal } from "../../core/format.js";
import { t } from "../../strings/scripts.js";
import { spaced } from "./forms.js";
import { kindOf } from "./steps.js";

/** @typedef {{text: string, look?: "t" | "w" | "d" | "n" | "dim"}} Piece */

const MOST = 400;
const TEMPLATE = /(\{\{[^{}]*\}\})/;

/** A text with its templates told apart. @param {string} text @returns {Piece[]} */
export function pieces(text) {
  const cut = text.length > MOST ? `${text.slice(0, MOST)}…` : text;
  return cut.split(TEMPLATE).filter(Boolean).map((part) => (TEMPLATE.test(part) ? { text: part, look: "d" } : { text: part }));
}

/** @param {unknown} value @returns {Piece[]} */
function valuePieces(value) {
  if (typeof value === "string") return pieces(value);
  if (typeof value === "number") return [{ text: String(value), look: "n" }];
  return pieces(spaced(value));
}

/** What stands at the end of a header: the condition, what is gone through. @param {{[name: string]: any}} step @returns {Piece[]} */
export function headPieces(step) {
  if (kindOf(step) === "if") return pieces(String(step.condition ?? ""));
  if (kindOf(step) === "loop") return [{ text: String(step.item ?? ""), look: "w" }, { text: ` ${t("shared.in_within")} `, look: "dim" }, ...pieces(typeof step.list === "string" ? step.list : literal(step.list, 60))];
  return [];
}

/** @param {{[name: string]: any}} step @returns {Piece[][]} lines */
export function summary(step) {
  const lines = body(step).filter((line) => line.length > 0);
  if (step.output) lines.push([{ text: "→ " }, { text: String(step.output), look: "w" }]);
  return lines;
}

/** @param {{[name: string]: any}} step @returns {Piece[][]} */
function body(step) {
  switch (kindOf(step)) {
    case "tool":
      return toolLines(step.args ?? {});
    case "fetch": {
      /** @type {Piece[]} */
      const line = step.store ? [{ text: `${t("shared.store_within")} ` }, { text: String(step.store), look: "t" }] : [];
      for (const name of ["filter", "fields", "limit"]) if (step[name] !== undefined) line.push({ text: `  ${name} ` }, ...valuePieces(step[name]));
      return [line];
    }
    case "set":
      return step.variable ? [[{ text: String(step.variable), look: "w" }, { text: " = " }, ...valuePieces(step.value ?? "")]] : [];
    case "ask":
      return [pieces(String(step.prompt ?? ""))];
    case "say":
      return [pieces(String(step.message ?? ""))];
    case "assert":
      return [pieces(String(step.condition ?? "")), step.message ? [{ text: `${t("scripts.else")} `, look: "dim" }, ...pieces(String(step.message))] : []];
    case "call":
      return step.script ? [[{ text: String(step.script), look: "t" }, ...Object.entries(step.args ?? {}).flatMap(([name, value]) => [{ text: `  ${name} ` }, ...valuePieces(value)])]] : [];
    default:
      return [];
  }
}

/** @param {{[name: string]: any}} args @returns {Piece[][]} */
function toolLines(args) {
  const { sql, store, ...rest } = args;
  /** @type {Piece[][]} */
  const lines = [];
  if (typeof sql === "string" && sql.trim()) lines.push(pieces(sql.trim()));
  /** @type {Piece[]} */
  const line = store === undefined || store === "" ? [] : [{ text: `${t("shared.store_within")} ` }, { text: String(store), look: "t" }];
  for (const [name, value] of Object.entries(rest)) line.push({ text: `${line.length ? "  " : ""}${name} ` }, ...valuePieces(value));
  return [...lines, line];
}
