// What the items that others point to are called: read once, a few at a time, and kept.
//
// Holds: at most four reads run at once, and at most `MOST_KEPT` names are kept; a name that cannot be read is not asked
// for again. Says `names` when new ones are there.

import { isObject, stringify } from "../core/json.js";
import { isDateText } from "../core/format.js";

const AT_ONCE = 4;
const MOST_KEPT = 5000;
const MOST_CHARS = 60;

/**
 * A name for an item: its name or title, first and last name together, else its first text.
 * @param {unknown} value
 */
export function nameOf(value) {
  if (!isObject(value)) return "";
  const texts = Object.entries(value).filter(([, one]) => typeof one === "string" && one !== "" && !isDateText(one));
  const find = (/** @type {RegExp} */ wanted) => /** @type {string | undefined} */ (texts.find(([name]) => wanted.test(name))?.[1]);
  const [first, last] = [find(/^first_?name$/i), find(/^last_?name$/i)];
  const name = first !== undefined && last !== undefined ? `${first} ${last}` : (find(/^(?:full_?|display_?)?name$|^title$/i) ?? find(/name$|title$/i) ?? texts[0]?.[1]);
  return typeof name === "string" ? name.slice(0, MOST_CHARS) : "";
}

export class Related extends EventTarget {
  /** @param {(store: string, value: unknown) => Promise<any>} read an item by the one value of its key */
  constructor(read) {
    super();
    this.read = read;
    /** @type {Map<string, string | undefined>} */
    this.names = new Map();
    /** @type {{id: string, store: string, key: unknown}[]} */
    this.waiting = [];
    this.running = 0;
    /** The items themselves, for what says more than their name. @type {Map<string, any>} */
    this.items = new Map();
  }

  /** An item that was read for its name, undefined when it was not, null when there is none. @param {string} store @param {unknown} key */
  item(store, key) {
    return this.items.get(`${store} ${stringify(key)}`);
  }

  /** The name of an item, undefined when it has not been read. @param {string} store @param {unknown} key */
  name(store, key) {
    return this.names.get(`${store} ${stringify(key)}`);
  }

  /** Asks for names; those asked for before and not yet begun are dropped. @param {{store: string, key: unknown}[]} list */
  want(list) {
    if (this.names.size > MOST_KEPT) {
      this.names.clear();
      this.items.clear();
    }
    for (const { id } of this.waiting) this.names.delete(id);
    this.waiting = [];
    for (const { store, key } of list) {
      const id = `${store} ${stringify(key)}`;
      if (this.names.has(id)) continue;
      this.names.set(id, undefined);
      this.waiting.push({ id, store, key });
    }
    this.#run();
  }

  /** Forgets the names of a store whose items have changed. @param {string} store */
  forget(store) {
    for (const id of [...this.names.keys()]) if (id.startsWith(`${store} `)) this.names.delete(id) && this.items.delete(id);
  }

  #run() {
    while (this.running < AT_ONCE) {
      const next = this.waiting.shift();
      if (!next) return;
      this.running += 1;
      this.read(next.store, next.key)
        .then((item) => {
          this.items.set(next.id, item ?? null);
          return nameOf(item?.value);
        }, () => {
          this.items.set(next.id, null);
          return "";
        })
        .then((name) => {
          this.names.set(next.id, name);
          this.running -= 1;
          if (this.running === 0 || this.waiting.length === 0) this.dispatchEvent(new Event("names"));
          this.#run();
        });
    }
  }
}
