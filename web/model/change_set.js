// Staged changes of one database: what a person wants written, before it is written.
//
// Holds: one entry a key; an entry that changes nothing disappears; every step can be undone and redone; the whole of it can
// be written as text and read back (it survives a reload). Nothing here reaches the server: `request` says what to send.

import { equal, isObject, parse, stringify } from "../core/json.js";
import { keyId } from "../core/keys.js";

/**
 * @typedef {object} Entry
 * @property {"insert" | "update" | "delete"} op
 * @property {string} store
 * @property {any} key
 * @property {any} [before] the value that the change was made on
 * @property {any} [after]
 * @property {number} [version] of `before`
 * @property {number} [id] of an item in a store with duplicates
 * @property {number} [rank] of a new item, in its store
 * @property {boolean} [left] left out of the next commit
 */

const MOST_STEPS = 500;
const MOST_SAVED = 50;

/** @param {string} store @param {any} key @param {number} [id] */
export function entryId(store, key, id) {
  return `${store}\u0000${keyId(key)}${id === undefined ? "" : `\u0000${id}`}`;
}

export class ChangeSet extends EventTarget {
  constructor() {
    super();
    /** @type {Map<string, Entry>} */
    this.entries = new Map();
    /** @type {{id: string, before: Entry | undefined, after: Entry | undefined, group?: string}[][]} */
    this.done = [];
    /** @type {{id: string, before: Entry | undefined, after: Entry | undefined, group?: string}[][]} */
    this.undone = [];
  }

  get size() {
    return this.entries.size;
  }
  get canUndo() {
    return this.done.length > 0;
  }
  get canRedo() {
    return this.undone.length > 0;
  }

  /** @param {string} store @param {any} key @param {number} [id] */
  get(store, key, id) {
    return this.entries.get(entryId(store, key, id));
  }

  /** The entries of a store. @param {string} store */
  of(store) {
    return [...this.entries.values()].filter((entry) => entry.store === store);
  }

  /** What an entry's item looks like now: its new value, or undefined when it will be gone. @param {string} store @param {{key: any, value: any, id?: number}} item */
  valueOf(store, item) {
    const entry = this.get(store, item.key, item.id);
    return entry ? (entry.op === "delete" ? item.value : entry.after) : item.value;
  }

  /**
   * Stages a new value for an item that exists.
   * @param {string} store @param {{key: any, value: any, version?: number, id?: number}} item @param {any} after
   * @param {string} [group] steps of one group in a row are undone together (typing in a text)
   */
  update(store, item, after, group) {
    const existing = this.get(store, item.key, item.id);
    if (existing?.op === "insert") return this.#set([{ ...existing, after }], group);
    const before = existing ? existing.before : item.value;
    const version = existing ? existing.version : item.version;
    /** @type {Entry} */
    const entry = { op: "update", store, key: item.key, id: item.id, before, after, version };
    return this.#set([entry], group);
  }

  /** Stages new values for several items, as one step. @param {string} store @param {{item: {key: any, value: any, version?: number, id?: number}, after: any}[]} list */
  updateAll(store, list) {
    return this.#set(list.map(({ item, after }) => {
      const existing = this.get(store, item.key, item.id);
      if (existing?.op === "insert") return { ...existing, after };
      return { op: /** @type {const} */ ("update"), store, key: item.key, id: item.id, before: existing ? existing.before : item.value, after, version: existing ? existing.version : item.version };
    }));
  }

  /** Stages changes that were worked out elsewhere, as one step. @param {Entry[]} entries */
  stage(entries) {
    return this.#set(entries);
  }

  /** Stages a new item. @param {string} store @param {any} key @param {any} value @param {number} rank */
  insert(store, key, value, rank) {
    return this.#set([{ op: "insert", store, key, after: value, rank }]);
  }

  /** Stages that items go away; a new item is unstaged. @param {string} store @param {{key: any, value: any, version?: number, id?: number}[]} items */
  remove(store, items) {
    /** @type {(Entry | {gone: string})[]} */
    const steps = items.map((item) => {
      const existing = this.get(store, item.key, item.id);
      if (existing?.op === "insert") return { gone: entryId(store, item.key, item.id) };
      return { op: /** @type {const} */ ("delete"), store, key: item.key, id: item.id, before: existing ? existing.before : item.value, version: existing ? existing.version : item.version };
    });
    return this.#set(steps);
  }

  /** Takes entries back. @param {Entry[]} entries */
  unstage(entries) {
    return this.#set(entries.map((entry) => ({ gone: entryId(entry.store, entry.key, entry.id) })));
  }

  /** Puts an entry in the place of the one with its key (an answer to a conflict, left out, its rank). @param {Entry} entry */
  replace(entry) {
    return this.#set([entry]);
  }

  /** Marks an entry as left out or not, without a step of its own. @param {Entry} entry @param {boolean} left */
  leave(entry, left) {
    const id = entryId(entry.store, entry.key, entry.id);
    const now = this.entries.get(id);
    if (!now) return;
    this.entries.set(id, { ...now, left: left || undefined });
    this.#changed();
  }

  undo() {
    const step = this.done.pop();
    if (!step) return undefined;
    for (const part of [...step].reverse()) this.#put(part.id, part.before);
    this.undone.push(step);
    this.#changed();
    return step;
  }

  redo() {
    const step = this.undone.pop();
    if (!step) return undefined;
    for (const part of step) this.#put(part.id, part.after);
    this.done.push(step);
    this.#changed();
    return step;
  }

  /** Forgets what has been committed, and the steps that led to it. @param {Entry[]} entries */
  committed(entries) {
    for (const entry of entries) this.entries.delete(entryId(entry.store, entry.key, entry.id));
    this.done = [];
    this.undone = [];
    this.#changed();
  }

  /** Forgets everything. */
  clear() {
    return this.unstage([...this.entries.values()]);
  }

  /** What goes to the server, in order, with preconditions. @param {Entry[]} [entries] */
  request(entries = [...this.entries.values()].filter((entry) => !entry.left)) {
    return entries.map((entry) => {
      const change = { op: entry.op, store: entry.store, key: entry.key, id: entry.id };
      if (entry.op === "insert") return { ...change, value: entry.after };
      if (entry.op === "update") return { ...change, value: entry.after, if_version: entry.version };
      return { ...change, if_version: entry.version };
    });
  }

  /** As text. */
  save() {
    return stringify({ format: 1, entries: [...this.entries.values()], done: this.done.slice(-MOST_SAVED) });
  }

  /** From text; what cannot be read is left out. @param {string | null} text */
  load(text) {
    this.entries.clear();
    this.done = [];
    this.undone = [];
    if (!text) return;
    try {
      const saved = parse(text);
      for (const entry of saved.entries ?? []) {
        if (!isObject(entry) || typeof entry.store !== "string" || !["insert", "update", "delete"].includes(String(entry.op)) || entry.key === undefined) continue;
        this.entries.set(entryId(entry.store, entry.key, /** @type {any} */ (entry).id), /** @type {any} */ (entry));
      }
      if (Array.isArray(saved.done)) this.done = saved.done.filter(Array.isArray);
    } catch {
      this.entries.clear();
      this.done = [];
    }
    this.#changed();
  }

  /** @param {(Entry | {gone: string})[]} next @param {string} [group] */
  #set(next, group) {
    const step = [];
    for (const one of next) {
      const id = "gone" in one ? one.gone : entryId(one.store, one.key, one.id);
      const after = "gone" in one || (one.op === "update" && equal(one.before, one.after)) ? undefined : one;
      const before = this.entries.get(id);
      if (before === undefined && after === undefined) continue;
      step.push({ id, before, after, group });
      this.#put(id, after);
    }
    if (!step.length) return false;
    const last = this.done.at(-1);
    if (group && last?.length === 1 && step.length === 1 && last[0].group === group && last[0].id === step[0].id) last[0].after = step[0].after;
    else this.done.push(step);
    if (this.done.length > MOST_STEPS) this.done.shift();
    this.undone = [];
    this.#changed();
    return true;
  }

  /** @param {string} id @param {Entry | undefined} entry */
  #put(id, entry) {
    if (entry) this.entries.set(id, entry);
    else this.entries.delete(id);
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/**
 * The fields that differ, in the order of the new value. A value that is not an object is one field named "".
 * @param {any} before @param {any} after
 * @returns {{name: string, before: any, after: any}[]}
 */
export function fieldChanges(before, after) {
  if (!(isObject(before) || before === undefined) || !(isObject(after) || after === undefined)) {
    return equal(before, after) ? [] : [{ name: "", before, after }];
  }
  const names = new Set([...Object.keys(after ?? {}), ...Object.keys(before ?? {})]);
  const changes = [];
  for (const name of names) {
    const [was, now] = [before?.[name], after?.[name]];
    if (!equal(was, now)) changes.push({ name, before: was, after: now });
  }
  return changes;
}

/**
 * The same change made on another value: the fields that it changed, on top of `current`.
 * @param {Entry} entry @param {any} current
 */
export function rebase(entry, current) {
  if (!isObject(current) || !isObject(entry.after) || !isObject(entry.before)) return entry.after;
  const value = { ...current };
  for (const change of fieldChanges(entry.before, entry.after)) {
    if (change.after === undefined) delete value[change.name];
    else value[change.name] = change.after;
  }
  return value;
}

/** The names of the fields that both sides changed. @param {Entry} entry @param {any} current */
export function overlap(entry, current) {
  const theirs = new Set(fieldChanges(entry.before, current).map((change) => change.name));
  return fieldChanges(entry.before, entry.after).filter((change) => theirs.has(change.name)).map((change) => change.name);
}

/**
 * The entry after an answer to its conflict.
 * @param {Entry} entry @param {{value: any, version: number} | null} current what is there now, null when it is gone
 * @param {"theirs" | "mine"} answer
 * @returns {Entry | undefined} undefined when nothing of it is left
 */
export function resolve(entry, current, answer) {
  if (answer === "mine") {
    if (current === null) return entry.op === "delete" ? undefined : { ...entry, op: "insert", before: undefined, version: undefined, left: undefined, rank: entry.rank ?? 0 };
    if (entry.op === "delete") return { ...entry, before: current.value, version: current.version, left: undefined };
    return { ...entry, op: "update", before: current.value, version: current.version, after: entry.op === "insert" ? entry.after : rebase(entry, current.value), left: undefined };
  }
  if (entry.op !== "update" || current === null) return undefined;
  const both = new Set(overlap(entry, current.value));
  if (both.has("")) return undefined;
  /** @type {any} */
  const after = { ...current.value };
  for (const change of fieldChanges(entry.before, entry.after)) {
    if (both.has(change.name)) continue;
    if (change.after === undefined) delete after[change.name];
    else after[change.name] = change.after;
  }
  if (equal(after, current.value)) return undefined;
  return { ...entry, before: current.value, version: current.version, after, left: undefined };
}
