// A JSON value as lines that open and close, with what staging changed.

import { base64Of, binaryText, isDateText } from "../core/format.js";
import { equal, isObject, kindOf } from "../core/json.js";
import { visible } from "../core/keys.js";
import { t } from "../strings/item.js";

/** @typedef {{path: string, level: number, name: string, kind: string, text: string, was?: string, changed: boolean, open?: boolean, more?: number, steps: string[], value: unknown, gone?: boolean}} TreeLine steps: names and places from the root */

const MOST_CHILDREN = 200;
const MOST_CHARS = 2000;

/** @param {unknown} value @returns {{text: string, kind: string}} */
export function leafText(value) {
  const binary = base64Of(value);
  if (binary !== undefined) return { text: binaryText(binary), kind: "binary" };
  const kind = kindOf(value);
  if (kind === "string") {
    const text = /** @type {string} */ (value);
    if (isDateText(text)) return { text: text.replace(/T00:00:00(?:\.0+)?Z?$/, ""), kind: "d" };
    const shown = visible(JSON.stringify(text));
    return { text: shown.length > MOST_CHARS ? `${shown.slice(0, MOST_CHARS)}…` : shown, kind: text === "" ? "empty" : "" };
  }
  if (kind === "missing") return { text: "·", kind: "missing" };
  if (kind === "array") return { text: t("shared.n_elements", { n: /** @type {unknown[]} */ (value).length }), kind: "dim" };
  if (kind === "object") return { text: t("item.n_fields", { n: Object.keys(/** @type {object} */ (value)).length }), kind: "dim" };
  return { text: String(value), kind: kind === "number" ? "n" : kind === "bool" ? "b" : "null" };
}

/** @param {unknown} value */
function isBranch(value) {
  return Array.isArray(value) || (isObject(value) && base64Of(value) === undefined);
}

/**
 * The lines of a value.
 * @param {string} name @param {unknown} value
 * @param {{closed: Set<string>, opened: Set<string>, before?: unknown, compare?: boolean}} how compare: mark what differs from `before`
 * @returns {TreeLine[]}
 */
export function treeLines(name, value, how) {
  /** @type {TreeLine[]} */
  const lines = [];
  add(lines, name, name, value, how.before, 0, how, []);
  return lines;
}

/** @param {TreeLine[]} lines @param {string} path @param {string} name @param {unknown} value @param {unknown} before @param {number} level @param {{closed: Set<string>, opened: Set<string>, compare?: boolean}} how @param {string[]} steps */
function add(lines, path, name, value, before, level, how, steps) {
  const changed = how.compare === true && level > 0 && !equal(value, before);
  const shown = leafText(value);
  const branch = isBranch(value);
  const open = branch ? (level < 1 ? !how.closed.has(path) : how.opened.has(path)) : undefined;
  const both = branch && isBranch(before);
  lines.push({ path, level, name, kind: shown.kind, text: shown.text, changed: changed && !(both && open), was: changed && !both && before !== undefined ? leafText(before).text : undefined, open, steps, value });
  if (!open) return;
  const entries = Array.isArray(value) ? value.map((one, index) => /** @type {[string, unknown]} */ ([String(index), one])) : Object.entries(/** @type {object} */ (value));
  const old = /** @type {any} */ (isBranch(before) ? before : {});
  for (const [child, one] of entries.slice(0, MOST_CHILDREN)) add(lines, `${path}/${child}`, child, one, Object.hasOwn(old, child) ? old[child] : undefined, level + 1, how, [...steps, child]);
  if (entries.length > MOST_CHILDREN) lines.push({ path: `${path}/…`, level: level + 1, name: "", kind: "dim", text: t("item.n_more_in_raw", { n: entries.length - MOST_CHILDREN }), changed: false, steps, value: undefined, gone: true });
  if (how.compare && isObject(before) && isObject(value)) {
    for (const [child, one] of Object.entries(before)) {
      if (!Object.hasOwn(value, child)) lines.push({ path: `${path}/${child}`, level: level + 1, name: child, kind: "missing", text: "·", was: leafText(one).text, changed: true, steps: [...steps, child], value: undefined, gone: true });
    }
  }
}
