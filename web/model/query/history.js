// What was run and what was saved, in this browser.
//
// Holds: the newest run first, at most `MOST` of them; the same statement run again is one entry with its newest figures;
// a saved query has a name of its own. What cannot be read is left out.

/** @typedef {{sql: string, at: number, ms?: number, rows?: number, failed?: string}} Ran */
/** @typedef {{name: string, sql: string, at: number}} Saved */

const MOST = 200;
const MOST_TEXT = 100_000;

export class History {
  constructor() {
    /** @type {Ran[]} */
    this.ran = [];
    /** @type {Saved[]} */
    this.saved = [];
  }

  /** @param {Ran} run */
  add(run) {
    if (!run.sql.trim() || run.sql.length > MOST_TEXT) return;
    const same = squeezed(run.sql);
    this.ran = [run, ...this.ran.filter((one) => squeezed(one.sql) !== same)].slice(0, MOST);
  }

  /** Saves a query under a name; the one that had the name is replaced. @param {string} name @param {string} sql @param {number} at @returns {boolean} whether one was replaced */
  save(name, sql, at) {
    const title = name.trim();
    const before = this.saved.length;
    this.saved = [...this.saved.filter((one) => one.name !== title), { name: title, sql, at }].sort((a, b) => a.name.localeCompare(b.name));
    return this.saved.length === before;
  }

  /** @param {string} name */
  forget(name) {
    this.saved = this.saved.filter((one) => one.name !== name);
  }

  /** The runs that contain every word. @param {string} text */
  findRan(text) {
    return this.ran.filter((one) => has(one.sql, text));
  }

  /** The saved queries that contain every word in their name or text. @param {string} text */
  findSaved(text) {
    return this.saved.filter((one) => has(`${one.name} ${one.sql}`, text));
  }

  /** As text. */
  write() {
    return JSON.stringify({ format: 1, ran: this.ran, saved: this.saved });
  }

  /** From text. @param {string | null} text */
  static read(text) {
    const history = new History();
    try {
      const kept = JSON.parse(text ?? "{}");
      if (Array.isArray(kept?.ran)) history.ran = kept.ran.filter((/** @type {any} */ one) => typeof one?.sql === "string" && Number.isFinite(one.at)).slice(0, MOST);
      if (Array.isArray(kept?.saved)) history.saved = kept.saved.filter((/** @type {any} */ one) => typeof one?.sql === "string" && typeof one.name === "string" && one.name);
    } catch {
      // What cannot be read is nothing.
    }
    return history;
  }
}

/** @param {string} sql */
const squeezed = (sql) => sql.replace(/\s+/g, " ").trim();

/** @param {string} whole @param {string} text */
function has(whole, text) {
  const low = whole.toLowerCase();
  return text.toLowerCase().split(/\s+/).every((word) => low.includes(word));
}
