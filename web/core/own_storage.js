// What the browser keeps for somebody who is signed in: theirs alone, so that who signs in next in the same browser finds neither
// their staged edits nor the texts of their queries. Nobody's encryption: who has the machine has its files.

/** @typedef {{getItem: (name: string) => string | null, setItem: (name: string, value: string) => void, removeItem: (name: string) => void}} Kept */

/**
 * The storage of one person; without a name the one of all.
 * @param {Kept} storage @param {string | undefined} name
 * @returns {Kept}
 */
export function ownStorage(storage, name) {
  if (name === undefined) return storage;
  // Whatever a name has in it, the first `@` ends it.
  const own = (/** @type {string} */ what) => `${encodeURIComponent(name)}@${what}`;
  return { getItem: (what) => storage.getItem(own(what)), setItem: (what, value) => storage.setItem(own(what), value), removeItem: (what) => storage.removeItem(own(what)) };
}
