// How the text of a file is encoded, seen from its first bytes.
//
// Holds: what is valid UTF-8 is taken for it; a mark at the beginning decides. Everything else of one byte a character is
// read as Windows-1252, which what calls itself Latin-1 mostly is.

import { t } from "../strings/import.js";

/** @typedef {"utf-8" | "utf-16le" | "utf-16be" | "windows-1252" | "macintosh" | "shift_jis" | "gb18030"} Encoding */

export const ENCODINGS = /** @type {const} */ ([["utf-8", "UTF-8"], ["utf-16le", "UTF-16"], ["utf-16be", t("import.utf_16_high_byte_first")], ["windows-1252", "Windows / Latin-1"], ["macintosh", "Mac Roman"], ["shift_jis", "Shift JIS"], ["gb18030", "GB 18030"]]);

/** @param {Uint8Array} bytes the first ones @returns {Encoding} */
export function encodingOf(bytes) {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return "utf-8";
  const sample = bytes.subarray(0, 4096 - (4096 % 2));
  let [even, odd] = [0, 0];
  sample.forEach((byte, at) => {
    if (byte === 0) at % 2 ? (odd += 1) : (even += 1);
  });
  if (sample.length >= 4 && odd > sample.length * 0.3 && even < odd / 4) return "utf-16le";
  if (sample.length >= 4 && even > sample.length * 0.3 && odd < even / 4) return "utf-16be";
  try {
    // What was cut in the middle of a character is no fault.
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return "utf-8";
  } catch {
    return "windows-1252";
  }
}

/** Text of the first bytes; a character that is cut at their end is left out. @param {Uint8Array} bytes @param {Encoding} encoding @param {boolean} whole */
export function decode(bytes, encoding, whole) {
  return new TextDecoder(encoding).decode(bytes, { stream: !whole });
}

/** The same file in UTF-8. @param {Blob} file @param {Encoding} encoding @returns {Promise<Blob>} */
export async function asUtf8(file, encoding) {
  if (encoding === "utf-8") return file;
  const stream = file.stream().pipeThrough(/** @type {any} */ (new TextDecoderStream(encoding))).pipeThrough(new TextEncoderStream());
  return new Response(/** @type {any} */ (stream)).blob();
}
