// Texts of the catalogue: found by their key, with values put into their places.
//
// Holds: what is asked for and missing never throws, its key is shown; a text is plain text, so whoever shows it escapes
// what came from data with the rest. It knows no other part of the page.

/** The language of the catalogue that is loaded, for its rules of plurals and its numbers. */
export const LANGUAGE = "en-US";

const PLURALS = new Intl.PluralRules(LANGUAGE);
const NUMBERS = new Intl.NumberFormat(LANGUAGE);
const SLOT = /\{([A-Za-z]\w*)\}/g;

/** The names of the places of a text: `"n" | "store"` of `"{n} items of {store}"`. @template S @typedef {S extends `${string}{${infer Name}}${infer Rest}` ? Name | Slots<Rest> : never} Slots */
/** The keys of a catalogue as they are asked for: one that has plurals without `_one` and `_other`. @template C @typedef {{[K in keyof C]: K extends `${infer Base}_other` ? Base : K extends `${string}_one` ? never : K}[keyof C]} KeyOf */
/** The places to fill for a key; `n` decides between plurals, whether or not it stands in the text. @template C @template K @typedef {K extends keyof C ? Slots<C[K]> : K extends string ? `${K}_other` extends keyof C ? "n" | Slots<C[`${K}_other`]> : never : never} SlotsOf */
/** @template C @template K @template V @typedef {[SlotsOf<C, K>] extends [never] ? [] : [values: {[name in SlotsOf<C, K>]: name extends "n" ? V | number : V}]} ValuesOf */
/** @typedef {string | number | bigint | boolean | null | undefined | import("../core/json.js").ExactNumber} Value */
/** @template C @typedef {<K extends KeyOf<C>>(key: K, ...values: ValuesOf<C, K, Value>) => string} Text */
/** @template C @typedef {<K extends KeyOf<C>>(key: K, ...values: ValuesOf<C, K, unknown>) => unknown[]} Rich */

/**
 * What gives the texts of an area, and of what all areas share. `t` gives a text; `rich` its parts, in which a place may
 * hold markup.
 * @template {{readonly [key: string]: string}} A @template {{readonly [key: string]: string}} [B={}]
 * @param {A} own @param {B} [shared]
 * @returns {{t: Text<A & B>, rich: Rich<A & B>}}
 */
export function texts(own, shared) {
  /** @type {{readonly [key: string]: string}} */
  const all = Object.assign(Object.create(null), shared, own);
  /** @param {string} key @param {{[name: string]: unknown}} [values] */
  const found = (key, values) => all[key] ?? all[`${key}_${PLURALS.select(Number(values?.n))}`] ?? all[`${key}_other`] ?? key;
  return {
    t: /** @type {any} */ ((/** @type {string} */ key, /** @type {{[name: string]: unknown} | undefined} */ values) => {
      const text = found(key, values);
      return values ? text.replace(SLOT, (place, name) => (name in values ? shown(name, values[name]) : place)) : text;
    }),
    rich: /** @type {any} */ ((/** @type {string} */ key, /** @type {{[name: string]: unknown}} */ values = {}) => found(key, values)
      .split(SLOT)
      .map((part, at) => (at % 2 === 0 ? part : part in values ? values[part] : `{${part}}`))
      .filter((part) => part !== "")),
  };
}

/** A value in a text: `n`, which counts something, with separators. @param {string} name @param {unknown} value */
function shown(name, value) {
  if (value === undefined || value === null) return "";
  return name === "n" && (typeof value === "number" || typeof value === "bigint") ? NUMBERS.format(value) : String(value);
}
