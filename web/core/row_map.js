// Staged new items among the rows of the server.
//
// A new item lies before the row that has its rank now. Holds: every shown line is either one row of the server or one new
// item; `displayOf` and `resolve` are each other's inverse.

/** @template T */
export class RowMap {
  /**
   * @param {number} count rows of the server in view
   * @param {{at: number, entry: T}[]} inserts new items; `at` is the row before which one lies
   */
  constructor(count, inserts) {
    this.count = count;
    this.inserts = [...inserts].map((one) => ({ ...one, at: Math.min(Math.max(0, one.at), count) })).sort((a, b) => a.at - b.at);
  }

  /** Lines shown in all. */
  get total() {
    return this.count + this.inserts.length;
  }

  /** How many new items lie on a line before `line`. @param {number} line */
  #insertsBefore(line) {
    let low = 0;
    let high = this.inserts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.inserts[middle].at + middle < line) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** What line `line` shows. @param {number} line @returns {{entry: T, index?: undefined} | {index: number, entry?: undefined}} */
  resolve(line) {
    const before = this.#insertsBefore(line);
    const here = this.inserts[before];
    return here && here.at + before === line ? { entry: here.entry } : { index: line - before };
  }

  /** The line of row `index` of the server. @param {number} index */
  displayOf(index) {
    let low = 0;
    let high = this.inserts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.inserts[middle].at <= index) low = middle + 1;
      else high = middle;
    }
    return index + low;
  }

  /** The line of a new item, -1 when it is not here. @param {(entry: T) => boolean} is */
  displayOfInsert(is) {
    const at = this.inserts.findIndex((one) => is(one.entry));
    return at < 0 ? -1 : this.inserts[at].at + at;
  }

  /** The rows of the server that the lines [first, last) show. @param {number} first @param {number} last */
  rowsIn(first, last) {
    return { first: Math.max(0, first - this.#insertsBefore(first)), last: Math.min(this.count, Math.max(0, last - this.#insertsBefore(last))) };
  }
}
