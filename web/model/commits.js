// Commits of this page that can be taken back: as a new change set, with the versions that they left behind as preconditions.
//
// Holds: what it gives undoes exactly what was committed, the last change first; where somebody changed an item since, the
// server refuses and the review shows it. Kept in memory, the newest `MOST_COMMITS`.

import { entryId } from "./change_set.js";

const MOST_COMMITS = 20;
const MOST_CHANGES = 10_000;

/** @typedef {import("./change_set.js").Entry} Entry */
/** @typedef {{op: string, store: string, key: any, id?: number, before: any, after: any}} Preview as the server says what a change did; null is nothing */
/** @typedef {{database: string, sequence: number, preview: Preview[], at: Date}} Commit */

/**
 * The change set that takes an applied one back.
 * @param {Preview[]} preview @param {number} sequence of the commit
 * @returns {Entry[]}
 */
export function inverse(preview, sequence) {
  /** @type {Map<string, {first: Preview, last: Preview}>} */
  const nets = new Map();
  for (const one of preview) {
    const id = entryId(one.store, one.key, one.id);
    const net = nets.get(id);
    if (net) net.last = one;
    else nets.set(id, { first: one, last: one });
  }
  return [...nets.values()].reverse().flatMap(({ first, last }) => {
    const [before, after] = [first.op === "insert" ? undefined : first.before, last.op === "delete" ? undefined : last.after];
    const place = { store: last.store, key: last.key };
    /** @type {Entry[]} */
    const entry = before === undefined
      ? (after === undefined ? [] : [{ op: "delete", ...place, id: last.id, before: after, version: sequence }])
      : after === undefined
        // An item of a store with duplicates comes back with another id.
        ? [{ op: "insert", ...place, after: before }]
        : [{ op: "update", ...place, id: last.id, before: after, after: before, version: sequence }];
    return entry;
  });
}

export class Commits {
  constructor() {
    /** @type {Commit[]} */
    this.list = [];
  }

  /** @param {Commit} commit */
  add(commit) {
    if (!commit.preview.length || commit.preview.length > MOST_CHANGES) return;
    this.list = [...this.list, commit].slice(-MOST_COMMITS);
  }

  /** The commits of a database, the newest first. @param {string | undefined} database */
  of(database) {
    return this.list.filter((one) => one.database === database).reverse();
  }

  /** @param {Commit} commit */
  forget(commit) {
    this.list = this.list.filter((one) => one !== commit);
  }
}
