// What can be written where the cursor is: variables and their fields, functions of expressions, fields of stores.
//
// Holds: nothing is offered inside of a text that is no template, but names of fields where JSON has its names.

import { t } from "../../strings/scripts.js";

/** @typedef {{label: string, detail?: string, type: "variable" | "function" | "column" | "word", apply?: string}} Option */
/** @typedef {{variables: {name: string, from: string}[], values?: {[name: string]: any}, fields?: string[]}} Known values: of variables, as a run told them; fields: of the store that is meant */

const FUNCTIONS = [["size", t("scripts.elements_or_characters")], ["has", t("scripts.whether_a_field_is_there")], ["all", "list.all(x, condition)"], ["exists", "list.exists(x, condition)"], ["map", "list.map(x, value)"], ["filter", "list.filter(x, condition)"], ["contains", "text.contains(part)"], ["startsWith", "text.startsWith(part)"], ["endsWith", "text.endsWith(part)"], ["matches", "text.matches(pattern)"], ["string", t("scripts.as_text_within")], ["int", t("scripts.as_a_whole_number")], ["double", t("scripts.as_a_number")]];
const WORDS = ["true", "false", "null", "in"];
const PATH = /([\p{L}_][\p{L}\p{N}_]*(?:\[\d+\])?(?:\.[\p{L}_][\p{L}\p{N}_]*(?:\[\d+\])?)*)\.([\p{L}\p{N}_]*)$/u;
const WORD = /[\p{L}_][\p{L}\p{N}_]*$/u;

/**
 * @param {"expression" | "template" | "json" | "names"} mode @param {string} before the text up to the cursor @param {Known} known @param {boolean} asked
 * @returns {{from: number, options: Option[]} | undefined}
 */
export function completeValue(mode, before, known, asked) {
  if (mode === "names") {
    const word = /[^,\s[\]"]*$/.exec(before)?.[0] ?? "";
    return word || asked ? given(before.length - word.length, fieldOptions(known)) : undefined;
  }
  if (mode !== "expression") {
    const open = before.lastIndexOf("{{");
    if (open < 0 || before.indexOf("}}", open) >= 0) return mode === "json" ? nameIn(before, known, asked) : undefined;
    const inside = before.slice(open + 2);
    const path = PATH.exec(inside);
    if (path) return given(before.length - path[2].length, fieldsOf(path[1], known));
    const word = WORD.exec(inside)?.[0] ?? "";
    if (inside.trim() !== word) return undefined;
    return given(before.length - word.length, known.variables.map((one) => ({ label: one.name, detail: one.from, type: "variable" })));
  }
  if (inText(before)) return undefined;
  const path = PATH.exec(before);
  if (path) return given(before.length - path[2].length, [...fieldsOf(path[1], known), ...FUNCTIONS.filter(([, detail]) => /^(?:list|text)\./.test(detail)).map(([label, detail]) => /** @type {Option} */ ({ label, detail, type: "function", apply: `${label}(` }))]);
  const word = WORD.exec(before)?.[0] ?? "";
  if (!word && !asked) return undefined;
  return given(before.length - word.length, [
    ...known.variables.map((one) => /** @type {Option} */ ({ label: one.name, detail: one.from, type: "variable" })),
    ...FUNCTIONS.filter(([, detail]) => !/^(?:list|text)\./.test(detail)).map(([label, detail]) => /** @type {Option} */ ({ label, detail, type: "function", apply: `${label}(` })),
    ...WORDS.map((label) => /** @type {Option} */ ({ label, type: "word" })),
  ]);
}

/** @param {number} from @param {Option[]} options */
const given = (from, options) => (options.length ? { from, options } : undefined);

/** @param {Known} known @returns {Option[]} */
const fieldOptions = (known) => (known.fields ?? []).map((label) => ({ label, type: "column" }));

/** The name of a field in JSON that is being written. @param {string} before @param {Known} known @param {boolean} asked */
function nameIn(before, known, asked) {
  const found = /[{,]\s*"([^"\\]*)$/.exec(before);
  if (!found || (!found[1] && !asked && !/"$/.test(before))) return undefined;
  return given(before.length - found[1].length, fieldOptions(known));
}

/** What a variable or a path into it holds, as the last run told it. @param {string} path @param {Known} known @returns {Option[]} */
function fieldsOf(path, known) {
  /** @type {any} */
  let value = { ...known.values, run: { user: "", database: "", now: "", today: "", dry_run: false } };
  for (const part of path.match(/[\p{L}_][\p{L}\p{N}_]*|\d+/gu) ?? []) value = value !== null && typeof value === "object" && Object.hasOwn(value, part) ? value[part] : undefined;
  if (Array.isArray(value) || value === null || typeof value !== "object") return [];
  return Object.keys(value).filter((name) => /^[\p{L}_][\p{L}\p{N}_]*$/u.test(name)).map((label) => ({ label, type: "column" }));
}

/** Whether the cursor is inside of quotes. @param {string} before */
function inText(before) {
  let quote = "";
  for (let at = 0; at < before.length; at += 1) {
    if (before[at] === "\\") at += 1;
    else if (quote) quote = before[at] === quote ? "" : quote;
    else if (before[at] === '"' || before[at] === "'") quote = before[at];
  }
  return quote !== "";
}

const TOKENS = {
  json: /(?<key>"(?:[^"\\]|\\.)*"(?=\s*:))|(?<t>"(?:[^"\\]|\\.)*"?)|(?<n>-?\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)|(?<b>\b(?:true|false|null)\b)/g,
  expression: /(?<t>"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?)|(?<n>\b\d+(?:\.\d+)?\b)|(?<b>\b(?:true|false|null)\b)|(?<w>\bin\b)/g,
  template: /(?<d>\{\{[^{}]*\}\})/g,
  names: /(?!)/g,
};

/** Stretches of a text with their colours, in order. @param {"expression" | "template" | "json" | "names"} mode @param {string} text @returns {{from: number, to: number, look: string}[]} */
export function colours(mode, text) {
  /** @type {{from: number, to: number, look: string}[]} */
  const found = [];
  for (const one of text.matchAll(TOKENS[mode])) {
    const look = Object.entries(one.groups ?? {}).find(([, value]) => value !== undefined)?.[0] ?? "";
    const from = one.index;
    if (look === "key") continue;
    if (look !== "t" || mode === "expression") {
      found.push({ from, to: from + one[0].length, look });
      continue;
    }
    // A template inside of a text has its own colour.
    let at = 0;
    for (const inner of one[0].matchAll(TOKENS.template)) {
      if (inner.index > at) found.push({ from: from + at, to: from + inner.index, look });
      found.push({ from: from + inner.index, to: from + inner.index + inner[0].length, look: "d" });
      at = inner.index + inner[0].length;
    }
    if (at < one[0].length) found.push({ from: from + at, to: from + one[0].length, look });
  }
  return found;
}
