// From typed text to a value: at a cell and in a form.
//
// Holds: a mistake names the rule, the cause and, where there is one, a text that would be right.

import { t } from "../strings/core.js";
import { number, parse } from "./json.js";

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** @typedef {{value: unknown} | {error: string, fix?: string}} Typed */

/**
 * @param {"number" | "bool" | "string" | "nested" | "any"} kind what the column holds
 * @param {string} text
 * @returns {Typed}
 */
export function valueFromText(kind, text) {
  const trimmed = text.trim();
  if (kind === "string") return { value: text };
  if (kind === "number") {
    if (NUMBER.test(trimmed)) return { value: number(trimmed) };
    if (trimmed === "null" || trimmed === "") return { value: null };
    const pointed = trimmed.replace(/^\+/, "").replace(/(?<=\d)[\s_'](?=\d)/g, "").replace(/,(?=\d+$)/, ".").replace(/^(-?)0+(?=\d)/, "$1");
    const comma = /^\d+,\d+$/.test(trimmed);
    return { error: comma ? t("core.is_not_a_number_decimals_take_a_point", { text: trimmed }) : t("core.is_not_a_number", { text: trimmed }), fix: NUMBER.test(pointed) ? pointed : undefined };
  }
  if (kind === "bool") {
    if (/^(true|false)$/.test(trimmed)) return { value: trimmed === "true" };
    if (trimmed === "null" || trimmed === "") return { value: null };
    const yes = /^(t|yes|y|1|on)$/i.test(trimmed);
    const no = /^(f|no|n|0|off)$/i.test(trimmed);
    return { error: t("core.is_neither_true_nor_false", { text: trimmed }), fix: yes || no ? String(yes) : undefined };
  }
  if (kind === "nested") {
    try {
      return { value: parse(trimmed) };
    } catch (error) {
      return { error: t("core.not_json_message", { message: /** @type {Error} */ (error).message }) };
    }
  }
  if (NUMBER.test(trimmed)) return { value: number(trimmed) };
  if (/^(?:true|false|null)$|^[[{"]/.test(trimmed)) {
    try {
      return { value: parse(trimmed) };
    } catch {
      return { value: text };
    }
  }
  return { value: text };
}
