// The rows of a result: kept as the text that they came as, in chunks, and read into values only where they are looked at.
//
// Holds: a row costs about its own text; of at most `CHUNKS_READ` chunks rows are held as values; when `most` is reached, later rows
// are counted and not kept, and `full` says so. Every number stays as it came (see `core/json.js`); a whole number beyond 64
// bits with a sign comes as text from a column of whole numbers, and is a number again.

import { number, parse } from "../../core/json.js";

const CHUNK = 500;
const DIGITS = /^[1-9]\d{18,}$/;
const CHUNKS_READ = 24;
/** What a page keeps of one result: characters of text, and rows. */
export const MOST = { chars: 256_000_000, rows: 5_000_000 };

export class ResultRows {
  /** @param {{chars: number, rows: number}} [most] */
  constructor(most = MOST) {
    this.most = most;
    /** Rows that came. */
    this.count = 0;
    /** Rows that are kept: the first ones. */
    this.kept = 0;
    this.chars = 0;
    this.full = false;
    /** Full chunks, a line a row. @type {string[]} */
    this.chunks = [];
    /** Lines of the chunk that is being filled. @type {string[]} */
    this.tail = [];
    /** Columns of whole numbers. @type {number[]} */
    this.whole = [];
    /** Chunks as lines with the values of those that were looked at, the one used last at the end. @type {Map<number, {lines: string[], rows: unknown[][]}>} */
    this.read = new Map();
  }

  /** Takes rows, each the text of a JSON array. @param {string[]} lines */
  add(lines) {
    this.count += lines.length;
    if (this.full) return;
    for (const line of lines) {
      if (this.kept >= this.most.rows || this.chars + line.length > this.most.chars) {
        this.full = true;
        return;
      }
      this.tail.push(line);
      this.kept += 1;
      this.chars += line.length + 1;
      if (this.tail.length === CHUNK) {
        this.chunks.push(this.tail.join("\n"));
        this.tail = [];
      }
    }
  }

  /** The values of a row; undefined when it is not kept. @param {number} index @returns {unknown[] | undefined} */
  at(index) {
    if (!(index >= 0 && index < this.kept)) return undefined;
    const chunk = this.#chunk(Math.floor(index / CHUNK));
    // One at a time: a chunk of very wide rows takes longer to read than a view may take to be drawn.
    return (chunk.rows[index % CHUNK] ??= this.#row(chunk.lines[index % CHUNK]));
  }

  /** The text of a row; undefined when it is not kept. @param {number} index */
  line(index) {
    if (index < 0 || index >= this.kept) return undefined;
    return this.#lines(Math.floor(index / CHUNK))[index % CHUNK];
  }

  /** @param {number} chunk */
  #lines(chunk) {
    return chunk < this.chunks.length ? this.chunks[chunk].split("\n") : this.tail;
  }

  /** @param {string} line @returns {unknown[]} */
  #row(line) {
    const row = parse(line);
    for (const at of this.whole) if (typeof row[at] === "string" && DIGITS.test(row[at])) row[at] = number(row[at]);
    return row;
  }

  /** @param {number} chunk */
  #chunk(chunk) {
    // The lines of the chunk that grows are the ones that grow.
    const read = this.read.get(chunk) ?? { lines: this.#lines(chunk), rows: [] };
    this.read.delete(chunk);
    this.read.set(chunk, read);
    if (this.read.size > CHUNKS_READ) this.read.delete(/** @type {number} */ (this.read.keys().next().value));
    return read;
  }

  /** The texts of the kept rows of one chunk, and the number of the first; undefined behind the last. @param {number} chunk @returns {{first: number, lines: string[]} | undefined} */
  texts(chunk) {
    return chunk * CHUNK < this.kept ? { first: chunk * CHUNK, lines: this.#lines(chunk) } : undefined;
  }

  /** The values of the kept rows in order, without holding them. @param {number} [from] @param {number} [to] @returns {Generator<unknown[]>} */
  *values(from = 0, to = this.kept) {
    for (let chunk = Math.floor(from / CHUNK); chunk * CHUNK < Math.min(to, this.kept); chunk += 1) {
      const lines = this.#lines(chunk);
      const first = chunk * CHUNK;
      for (let at = Math.max(0, from - first); at < lines.length && first + at < to; at += 1) yield this.#row(lines[at]);
    }
  }
}
