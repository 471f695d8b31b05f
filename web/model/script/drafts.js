// Scripts that are open in the studio: what each was when it was read, what it is now, and every step between.
//
// Holds: what is not saved survives a reload; an unchanged script is kept by its name only, and read again; each change can be
// undone and redone. Says `change` when the list, the open one or a script is another, `kept` when there is something to keep.

import { parse, stringify } from "../../core/json.js";
import { t } from "../../strings/scripts.js";
import { carried, found, kept } from "./breakpoints.js";

/** @typedef {import("./steps.js").Script} Script */
/** @typedef {{category: string, name: string, version: number, author?: string, saved?: string, built_in?: boolean}} Base the version that it was made of */

const MOST_STEPS = 200;
const MOST_OPEN = 12;
export const DEFAULT_CATEGORY = "general";

/** A script as it is when it begins. @returns {Script} */
export const emptyScript = () => ({ name: "", category: DEFAULT_CATEGORY, steps: [] });

export class Draft {
  /** @type {Script} */
  #script = { steps: [] };
  /** Breakpoints whose steps are gone, for when they come back. @type {WeakMap<import("./steps.js").Step, import("./breakpoints.js").Breakpoint>} */
  #lost = new WeakMap();

  /** @param {{id: string, script: Script, base?: Base, saved?: Script}} how saved: what the server has */
  constructor({ id, script, base, saved }) {
    this.id = id;
    /** @type {import("./breakpoints.js").Breakpoints} */
    this.breakpoints = new Map();
    /** Those that were kept of a script that has to be read. @type {unknown} */
    this.keptBreakpoints = undefined;
    this.script = script;
    this.base = base;
    this.saved = saved;
    /** What was typed for the parameters of a run. @type {{[name: string]: string}} */
    this.args = {};
    /** Steps that are open for editing. @type {string} */
    this.open = "";
    /** @type {{before: Script, after: Script, group?: string}[]} */
    this.done = [];
    /** @type {{before: Script, after: Script, group?: string}[]} */
    this.undone = [];
    /** Whether it has to be read before it is shown. */
    this.unread = false;
    /** @type {{script: Script, dirty: boolean} | undefined} */
    this.known = undefined;
  }

  get script() {
    return this.#script;
  }
  /** What is tied to steps goes with them. */
  set script(next) {
    if (next === this.#script) return;
    this.breakpoints = carried(this.#script, next, this.breakpoints, this.#lost);
    this.#script = next;
  }
  /** Stops before a step, or no longer. @param {string} at @param {{when?: string} | undefined} breakpoint */
  stopAt(at, breakpoint) {
    const next = new Map(this.breakpoints);
    if (breakpoint) next.set(at, breakpoint);
    else next.delete(at);
    this.breakpoints = next;
  }

  get title() {
    return this.script.name?.trim() || t("shared.new_script");
  }
  /** Whether there is something to save. */
  get dirty() {
    if (this.known?.script !== this.script) this.known = { script: this.script, dirty: this.saved === undefined ? !this.unread : stringify(this.saved) !== stringify(this.script) };
    return this.known.dirty;
  }

  /** @param {Script} next @param {string} [group] changes of one group in a row are undone together */
  change(next, group) {
    if (next === this.script) return;
    const last = this.done.at(-1);
    if (group !== undefined && last?.group === group && last.after === this.script) last.after = next;
    else this.done.push({ before: this.script, after: next, group });
    if (this.done.length > MOST_STEPS) this.done.shift();
    this.undone = [];
    this.script = next;
  }
  undo() {
    const step = this.done.pop();
    if (!step) return false;
    this.undone.push(step);
    this.script = step.before;
    return true;
  }
  redo() {
    const step = this.undone.pop();
    if (!step) return false;
    this.done.push(step);
    this.script = step.after;
    return true;
  }

  /** Takes what the server has. @param {{script: Script} & Omit<Base, "category" | "name">} answer @param {boolean} [keep] what is edited stays */
  read(answer, keep = false) {
    const { script, version, author, saved, built_in } = answer;
    const clean = !keep || !this.dirty;
    this.unread = false;
    this.known = undefined;
    if (!clean && this.base && this.base.version !== version) return; // it was made of an older one: saving will say so
    this.base = { category: String(script.category), name: String(script.name), version, author, saved, built_in };
    this.saved = script;
    if (!clean) return;
    if (stringify(this.script) !== stringify(script)) {
      this.done = [];
      this.undone = [];
      this.script = script;
    }
    if (this.keptBreakpoints !== undefined) this.breakpoints = found(this.script, this.keptBreakpoints);
    this.keptBreakpoints = undefined;
  }
}

export class Drafts extends EventTarget {
  constructor() {
    super();
    /** @type {Draft[]} */
    this.list = [];
    this.current = "";
    this.next = 1;
  }

  get open() {
    return this.list.find((one) => one.id === this.current);
  }
  /** @param {string} id */
  of(id) {
    return this.list.find((one) => one.id === id);
  }

  #said() {
    this.dispatchEvent(new Event("change"));
    this.dispatchEvent(new Event("kept"));
  }

  /** Shows a saved script: its tab, else a new one that has to be read. @param {string} id `category/name` */
  show(id) {
    if (!this.of(id) && id && !id.startsWith("~")) {
      const [category, name] = id.split("/");
      const draft = new Draft({ id, script: { category, name, steps: [] } });
      draft.unread = true;
      this.#add(draft);
    }
    this.current = this.of(id) ? id : "";
    this.#said();
    return this.open;
  }
  /** A new script. @param {Script} [script] @param {{[name: string]: string}} [args] */
  add(script = emptyScript(), args = {}) {
    while (this.of(`~${this.next}`)) this.next += 1;
    const draft = new Draft({ id: `~${this.next}`, script });
    draft.args = args;
    this.#add(draft);
    this.current = draft.id;
    this.#said();
    return draft;
  }
  /** @param {Draft} draft */
  #add(draft) {
    this.list = [...this.list, draft];
    const oldest = this.list.length > MOST_OPEN ? this.list.find((one) => one !== draft && !one.dirty) : undefined;
    if (oldest) this.list = this.list.filter((one) => one !== oldest);
  }
  /** It was saved under this name. @param {Draft} draft @param {string} id */
  saved(draft, id) {
    this.list = this.list.filter((one) => one === draft || one.id !== id);
    if (this.current === draft.id) this.current = id;
    draft.id = id;
    this.#said();
  }
  /** @param {string} id */
  close(id) {
    const at = this.list.findIndex((one) => one.id === id);
    if (at < 0) return;
    this.list = this.list.filter((one) => one.id !== id);
    if (this.current === id) this.current = this.list[Math.min(at, this.list.length - 1)]?.id ?? "";
    this.#said();
  }
  /** Something of the open script is another. */
  touch() {
    this.#said();
  }

  save() {
    const open = this.list.map((one) => {
      const stops = one.keptBreakpoints ?? kept(one.script, one.breakpoints);
      return { id: one.id, base: one.base, args: one.args, ...(one.dirty ? { script: one.script } : {}), ...(Array.isArray(stops) && stops.length ? { stops } : {}) };
    });
    return stringify({ format: 1, current: this.current, next: this.next, open });
  }
  /** @param {string | null} text */
  load(text) {
    this.list = [];
    this.current = "";
    if (!text) return;
    try {
      const kept = parse(text);
      for (const one of kept.open ?? []) {
        if (typeof one?.id !== "string" || this.of(one.id)) continue;
        const isNew = one.id.startsWith("~");
        if (isNew && !Array.isArray(one.script?.steps)) continue;
        const [category, name] = one.id.split("/");
        const draft = new Draft({ id: one.id, script: Array.isArray(one.script?.steps) ? one.script : { category, name, steps: [] }, base: one.base ?? undefined });
        draft.unread = !isNew && !Array.isArray(one.script?.steps);
        if (draft.unread) draft.keptBreakpoints = one.stops;
        else draft.breakpoints = found(draft.script, one.stops);
        for (const [own, value] of Object.entries(one.args ?? {})) if (typeof value === "string") draft.args[own] = value;
        this.list.push(draft);
      }
      this.next = Number(kept.next) || 1;
      if (this.of(String(kept.current))) this.current = String(kept.current);
    } catch {
      this.list = [];
    }
  }
}

/**
 * Scripts by their categories, those that contain every word.
 * @template {{category: string, name: string, description?: string}} T
 * @param {T[]} scripts @param {string} words @returns {{category: string, scripts: T[]}[]}
 */
export function shelves(scripts, words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const found = scripts.filter((one) => {
    const whole = `${one.category} ${one.name} ${one.description ?? ""}`.toLowerCase();
    return wanted.every((word) => whole.includes(word));
  });
  /** @type {Map<string, T[]>} */
  const groups = new Map();
  for (const one of found) groups.set(one.category, [...(groups.get(one.category) ?? []), one]);
  const order = (/** @type {string} */ a, /** @type {string} */ b) => a.localeCompare(b, undefined, { numeric: true });
  return [...groups].sort(([a], [b]) => order(a, b)).map(([category, list]) => ({ category, scripts: list.sort((a, b) => order(a.name, b.name)) }));
}

/** A script of one statement: its parameters are those of the script, with the values that they had. @param {string} sql @param {{id: string, named: boolean}[]} wanted @param {{[id: string]: unknown}} values @param {string} title @returns {Script} */
export function fromQuery(sql, wanted, values, title) {
  const kind = (/** @type {unknown} */ value) => (typeof value === "boolean" ? "boolean" : typeof value === "number" ? (Number.isInteger(value) ? "integer" : "number") : typeof value === "string" ? (/^\d{4}-\d\d-\d\d$/.test(value) ? "date" : "string") : "any");
  const name = (/** @type {string} */ id) => {
    const bare = id.replace(/^[:@$?]/, "").replaceAll(/\W/g, "_");
    return /^[A-Za-z_]/.test(bare) ? bare : `p${bare}`;
  };
  const parameters = wanted.map(({ id }) => ({ name: name(id), type: kind(values[id] ?? null), default: values[id] ?? null }));
  const named = wanted.some((one) => one.named);
  const params = named ? Object.fromEntries(wanted.map(({ id }) => [id.replace(/^[:@$?]/, ""), `{{${name(id)}}}`])) : wanted.map(({ id }) => `{{${name(id)}}}`);
  const label = title.replaceAll(/[^\p{L}\p{N}_ -]/gu, " ").replaceAll(/\s+/g, " ").trim().slice(0, 60);
  return { name: /^Query \d+$/.test(label) ? "" : label, category: DEFAULT_CATEGORY, ...(parameters.length ? { parameters } : {}), steps: [{ type: "tool", tool: /^\s*(?:select|with|values|explain|pragma)\b/i.test(sql) ? "query" : "execute", args: { sql, ...(wanted.length ? { params } : {}) }, output: "rows" }] };
}
