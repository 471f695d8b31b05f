// JSON in and out without losing a digit.
//
// Holds: `stringify(parse(text))` writes every number as it was read. A number that JavaScript cannot keep exactly
// (beyond 2^53, `1.0`, `1e400`, `-0`) becomes an `ExactNumber`, which keeps its text. Everything else is plain JSON data.
// Does not: keep insignificant white space, or the place of fields whose names are whole numbers.

import { t } from "../strings/core.js";

/** A number kept as its text, because a JavaScript number would change it. */
export class ExactNumber {
  /** @param {string} source the number as JSON writes it */
  constructor(source) {
    this.source = source;
    Object.freeze(this);
  }
  toString() {
    return this.source;
  }
}

/** @typedef {null | boolean | number | string | ExactNumber | unknown[] | {[name: string]: unknown}} Json */

/** A number that may not survive a JavaScript number: only then is the slower reader needed. */
const RISKY = /\d{16}|[\d.]{17}|\.\d*0(?!\d)|\d[eE]|-0(?![.\d])/;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SPACE = /[ \t\n\r]*/y;
const PLAIN_STRING = /"[^"\\\u0000-\u001f]*"/y;
const ANY_STRING = /"(?:[^"\\\u0000-\u001f]|\\.)*"/y;
const MAX_DEPTH = 4000;

/**
 * Reads JSON text.
 * @param {string} text
 * @returns {any}
 * @throws {SyntaxError} with the line and column of the fault
 */
export function parse(text) {
  if (!RISKY.test(text)) {
    try {
      return JSON.parse(text);
    } catch {
      // The reader below says where the fault is.
    }
  }
  return new Reader(text).whole();
}

/** A recursive reader that keeps numbers exactly and names the place of a fault. */
class Reader {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    this.at = 0;
    this.depth = 0;
  }

  whole() {
    const value = this.value();
    this.space();
    if (this.at < this.text.length) this.fail(t("core.there_is_text_after_the_end"));
    return value;
  }

  space() {
    SPACE.lastIndex = this.at;
    SPACE.exec(this.text);
    this.at = SPACE.lastIndex;
  }

  /** @param {string} why @returns {never} */
  fail(why) {
    const before = this.text.slice(0, this.at);
    const line = before.split("\n").length;
    const column = this.at - before.lastIndexOf("\n");
    const error = new SyntaxError(t("core.line_column_why", { line, column, why }));
    Object.assign(error, { line, column, offset: this.at });
    throw error;
  }

  /** @returns {any} */
  value() {
    this.space();
    const c = this.text[this.at];
    if (c === "{") return this.object();
    if (c === "[") return this.array();
    if (c === '"') return this.string();
    if (c === "-" || (c >= "0" && c <= "9")) return this.number();
    for (const [word, value] of /** @type {[string, Json][]} */ ([["true", true], ["false", false], ["null", null]])) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    return this.fail(c === undefined ? t("core.the_text_ends_where_a_value_should") : t("core.does_not_begin_a_value", { text: c }));
  }

  number() {
    NUMBER.lastIndex = this.at;
    const found = NUMBER.exec(this.text);
    if (!found) return this.fail(t("core.this_is_not_a_number"));
    this.at = NUMBER.lastIndex;
    return number(found[0]);
  }

  string() {
    PLAIN_STRING.lastIndex = this.at;
    const plain = PLAIN_STRING.exec(this.text);
    if (plain) {
      this.at = PLAIN_STRING.lastIndex;
      return plain[0].slice(1, -1);
    }
    ANY_STRING.lastIndex = this.at;
    const found = ANY_STRING.exec(this.text);
    if (!found) return this.fail(t("core.this_text_has_no_closing_quote"));
    try {
      const value = /** @type {string} */ (JSON.parse(found[0]));
      this.at = ANY_STRING.lastIndex;
      return value;
    } catch {
      return this.fail(t("core.this_text_has_an_escape_that_json"));
    }
  }

  object() {
    this.enter();
    /** @type {{[name: string]: unknown}} */
    const object = {};
    this.space();
    if (this.text[this.at] === "}") return this.leave(object);
    for (;;) {
      this.space();
      if (this.text[this.at] !== '"') this.fail(t("core.a_field_name_in_quotes_is_missing"));
      const name = this.string();
      this.space();
      if (this.text[this.at] !== ":") this.fail(t("core.a_colon_is_missing_after_the_field"));
      this.at += 1;
      const value = this.value();
      if (name === "__proto__") Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
      else object[name] = value;
      this.space();
      const c = this.text[this.at];
      if (c === "}") return this.leave(object);
      if (c !== ",") this.fail(t("core.a_comma_or_brace_is_missing"));
      this.at += 1;
    }
  }

  array() {
    this.enter();
    /** @type {unknown[]} */
    const array = [];
    this.space();
    if (this.text[this.at] === "]") return this.leave(array);
    for (;;) {
      array.push(this.value());
      this.space();
      const c = this.text[this.at];
      if (c === "]") return this.leave(array);
      if (c !== ",") this.fail(t("core.a_comma_or_bracket_is_missing"));
      this.at += 1;
    }
  }

  enter() {
    this.at += 1;
    this.depth += 1;
    if (this.depth > MAX_DEPTH) this.fail(t("core.the_value_is_nested_deeper_than", { most: MAX_DEPTH }));
  }

  /** @template T @param {T} value @returns {T} */
  leave(value) {
    this.at += 1;
    this.depth -= 1;
    return value;
  }
}

/**
 * A JSON number from its text: a JavaScript number where that writes the same text, else an `ExactNumber`.
 * @param {string} source
 * @returns {number | ExactNumber}
 */
export function number(source) {
  const value = Number(source);
  return String(value) === source && !Object.is(value, -0) ? value : new ExactNumber(source);
}

/**
 * Writes JSON text.
 * @param {unknown} value
 * @param {number} [indent] spaces a level; 0 writes one line
 * @returns {string}
 */
export function stringify(value, indent = 0) {
  return write(value, indent, "");
}

/** @param {unknown} value @param {number} indent @param {string} lead @returns {string} */
function write(value, indent, lead) {
  if (value instanceof ExactNumber) return value.source;
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  const inner = lead + " ".repeat(indent);
  const [open, gap, close] = indent ? [`\n${inner}`, `,\n${inner}`, `\n${lead}`] : ["", ",", ""];
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    return `[${open}${value.map((one) => write(one, indent, inner)).join(gap)}${close}]`;
  }
  const fields = Object.entries(value).filter(([, one]) => one !== undefined);
  if (fields.length === 0) return "{}";
  const colon = indent ? ": " : ":";
  return `{${open}${fields.map(([name, one]) => JSON.stringify(name) + colon + write(one, indent, inner)).join(gap)}${close}}`;
}

/**
 * What kind of value it is.
 * @param {unknown} value
 * @returns {"missing" | "null" | "bool" | "number" | "string" | "array" | "object"}
 */
export function kindOf(value) {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  if (value instanceof ExactNumber) return "number";
  if (Array.isArray(value)) return "array";
  const type = typeof value;
  if (type === "boolean") return "bool";
  return type === "number" || type === "string" ? type : "object";
}

/** Whether it has named fields. @param {unknown} value @returns {value is {[name: string]: unknown}} */
export function isObject(value) {
  return kindOf(value) === "object";
}

/** Equal as JSON: same kinds, same number text, fields in any order. @param {unknown} a @param {unknown} b @returns {boolean} */
export function equal(a, b) {
  if (a === b) return true;
  const kind = kindOf(a);
  if (kind !== kindOf(b)) return false;
  if (kind === "number") return String(a) === String(b);
  if (kind === "array") {
    const [x, y] = /** @type {unknown[][]} */ ([a, b]);
    return x.length === y.length && x.every((one, index) => equal(one, y[index]));
  }
  if (kind === "object") {
    const [x, y] = /** @type {{[name: string]: unknown}[]} */ ([a, b]);
    const names = Object.keys(x);
    return names.length === Object.keys(y).length && names.every((name) => Object.hasOwn(y, name) && equal(x[name], y[name]));
  }
  return false;
}
