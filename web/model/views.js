// Saved views of a store: a name for filter, order and columns. Kept in the browser's storage, by store.
//
// Holds: names are told apart without regard to case, so saving under a name that is there replaces it; what cannot be read
// is no view; a view is also an address, so its link works for everybody.

/** @typedef {{name: string, filter?: string, off?: string, sort?: import("./url_state.js").Sort, columns?: string, prefix?: unknown[]}} View */
/** @typedef {import("./session.js").Storage} Storage */

const MOST_VIEWS = 100;

/** @param {string} database @param {string} store */
const nameOf = (database, store) => `sop.views.${database}.${store}`;

/** @param {Storage} storage @param {string} database @param {string} store @returns {View[]} */
export function readViews(storage, database, store) {
  try {
    const list = JSON.parse(storage.getItem(nameOf(database, store)) ?? "[]");
    const text = (/** @type {unknown} */ value) => (typeof value === "string" ? value : undefined);
    return (Array.isArray(list) ? list : []).filter((one) => typeof one?.name === "string" && one.name !== "").slice(0, MOST_VIEWS).map((one) => ({
      name: one.name, filter: text(one.filter), off: text(one.off), columns: text(one.columns), prefix: Array.isArray(one.prefix) ? one.prefix : [],
      sort: typeof one.sort?.field === "string" ? { field: one.sort.field, desc: one.sort.desc === true } : undefined,
    }));
  } catch {
    return [];
  }
}

/** @param {Storage} storage @param {string} database @param {string} store @param {View} view @returns {boolean} whether one of that name was replaced */
export function saveView(storage, database, store, view) {
  const list = readViews(storage, database, store);
  const rest = list.filter((one) => one.name.toLowerCase() !== view.name.toLowerCase());
  storage.setItem(nameOf(database, store), JSON.stringify([...rest, view].slice(-MOST_VIEWS)));
  return rest.length < list.length;
}

/** @param {Storage} storage @param {string} database @param {string} store @param {string} name */
export function removeView(storage, database, store, name) {
  const rest = readViews(storage, database, store).filter((one) => one.name !== name);
  if (rest.length) storage.setItem(nameOf(database, store), JSON.stringify(rest));
  else storage.removeItem(nameOf(database, store));
}
