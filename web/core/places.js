// Places in a text: the server counts bytes of UTF-8, the page counts UTF-16 units.

/**
 * The UTF-16 offset of a byte of a text's UTF-8; a byte inside a character gives the character's start, one past the end the
 * text's length.
 * @param {string} text @param {number} byte
 */
export function offsetOfByte(text, byte) {
  let bytes = 0;
  let at = 0;
  while (at < text.length) {
    const code = /** @type {number} */ (text.codePointAt(at));
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (bytes > byte) return at;
    at += code < 0x10000 ? 1 : 2;
  }
  return text.length;
}
