// Where things stand in a JSON text: a JSON pointer to a stretch of characters, for marking a fault where it is.
//
// Holds: never throws; a text that is not whole gives the places that come before its fault.

/** @typedef {{start: number, end: number, name?: {start: number, end: number}}} JsonPlace start and end of the value; of its name in an object */

const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*"?)|([[\]{},:])|([^\s"[\]{},:]+))/y;
const MOST_DEPTH = 500;

/**
 * The places of all values of a text by their pointers; the whole is "".
 * @param {string} text
 * @returns {Map<string, JsonPlace>}
 */
export function jsonPlaces(text) {
  /** @type {Map<string, JsonPlace>} */
  const places = new Map();
  let at = 0;
  const next = () => {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (!found) return undefined;
    at = TOKEN.lastIndex;
    const body = found[1] ?? found[2] ?? found[3];
    return { text: body, start: at - body.length, end: at };
  };
  const peek = () => {
    const kept = at;
    const token = next();
    at = kept;
    return token;
  };
  /** @param {string} pointer @param {JsonPlace["name"]} name @param {number} depth @returns {boolean} whether it was whole */
  const value = (pointer, name, depth) => {
    const token = next();
    if (!token || depth > MOST_DEPTH) return false;
    /** @type {JsonPlace} */
    const place = { start: token.start, end: token.end, name };
    places.set(pointer, place);
    const close = token.text === "{" ? "}" : token.text === "[" ? "]" : "";
    if (!close) return !/^[\]},:]/.test(token.text);
    for (let index = 0; ; index += 1) {
      const ahead = peek();
      if (!ahead) return false;
      if (ahead.text === close) {
        next();
        break;
      }
      let key = String(index);
      /** @type {JsonPlace["name"]} */
      let named;
      if (close === "}") {
        const field = next();
        if (!field?.text.startsWith('"') || next()?.text !== ":") return false;
        key = unquoted(field.text);
        named = { start: field.start, end: field.end };
      }
      const whole = value(`${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`, named, depth + 1);
      place.end = at;
      if (!whole) return false;
      if (peek()?.text === ",") next();
    }
    place.end = at;
    return true;
  };
  value("", undefined, 0);
  return places;
}

/** @param {string} text */
function unquoted(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text.slice(1);
  }
}

/** The place that a pointer leads to, or the nearest around it. @param {string} text @param {string} pointer */
export function placeOf(text, pointer) {
  const places = jsonPlaces(text);
  for (let at = pointer; ; at = at.slice(0, at.lastIndexOf("/"))) {
    const place = places.get(at);
    if (place || at === "") return place;
  }
}
