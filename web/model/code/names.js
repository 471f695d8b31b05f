// Names of data as names of programs.
//
// Holds: what comes out is an identifier of ASCII letters, digits and `_`, is no word of the language, and is there once in
// its place; the name of the data itself is never changed, it goes along as text.

/** The words of a name: `BillingCountry`, `billing_country` and `billing country` are the same two. @param {string} name */
export function words(name) {
  const plain = name.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").replace(/ß/g, "ss");
  return plain.replace(/([a-z0-9])([A-Z])/g, "$1 $2").replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2").split(/[^A-Za-z0-9]+/).filter(Boolean).map((word) => word.toLowerCase());
}

/** @param {string} word */
const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1);

/** @param {string} name */
export const pascal = (name) => words(name).map(capital).join("");
/** @param {string} name */
export const camel = (name) => words(name).map((word, at) => (at ? capital(word) : word)).join("");
/** @param {string} name */
export const snake = (name) => words(name).join("_");

/** A name of one thing from that of many: `orders` → `order`. @param {string} name */
export function singular(name) {
  if (/(?:ss|us|is)$/i.test(name)) return name;
  if (/ies$/i.test(name)) return `${name.slice(0, -3)}y`;
  if (/(?:x|ch|sh|ss)es$/i.test(name)) return name.slice(0, -2);
  return /[^s]s$/i.test(name) ? name.slice(0, -1) : name;
}

/** Identifiers of one place, each there once. */
export class Names {
  /** @param {Iterable<string>} reserved words of the language @param {{fold?: boolean, after?: string}} [how] fold: names that differ in case only are the same; after: what a reserved word gets */
  constructor(reserved, { fold = false, after = "_" } = {}) {
    this.after = after;
    this.reserved = new Set(reserved);
    this.fold = fold;
    /** @type {Set<string>} */
    this.taken = new Set();
  }

  /** @param {string} wished already in the language's style @param {string} [otherwise] when nothing is left of it */
  take(wished, otherwise = "field") {
    let name = wished || otherwise;
    if (/^\d/.test(name)) name = `n${name}`;
    if (this.reserved.has(name)) name += this.after;
    const id = (/** @type {string} */ one) => (this.fold ? one.toLowerCase() : one);
    let next = name;
    for (let n = 2; this.taken.has(id(next)) || this.reserved.has(next); n += 1) next = `${name}${/\d$/.test(name) ? "_" : ""}${n}`;
    this.taken.add(id(next));
    return next;
  }
}

/** A text in double quotes, as Java, C#, Go, Rust, Python and TypeScript all read it. @param {string} text */
export function quotedText(text) {
  return `"${Array.from(text, (c) => {
    const code = c.codePointAt(0) ?? 0;
    if (c === '"' || c === "\\") return `\\${c}`;
    if (code >= 0x20 && code < 0x7f) return c;
    return [...c].length === 1 && c.length === 2 ? c : code < 0x20 || code === 0x7f || (code >= 0x200b && code <= 0x206f) || code === 0xfeff || (code >= 0xd800 && code <= 0xdfff) ? `\\u${code.toString(16).padStart(4, "0")}` : c;
  }).join("")}"`;
}

/** A text as part of a comment: one line that ends nothing. @param {string} text */
export function commentText(text) {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g, " ").replaceAll("*/", "* /").replaceAll('"""', "'''").replaceAll("\\", "/").trim().slice(0, 200);
}
