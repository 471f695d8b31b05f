// The value of an item as a tree that can be edited: leaves in their place, types, fields added, renamed and removed.
//
// Holds: what is right is staged at once and seen as changed; what does not fit its type or the declared schema says so
// while it is typed, and is not staged. The key is shown, and not edited: another key is another item.

import { isComposite, keyFields, keyValues } from "../core/keys.js";
import { isObject, kindOf, stringify } from "../core/json.js";
import { valueFromText } from "../core/typing.js";
import { TYPES, TYPE_TITLES, converted, removeAt, renameAt, setAt, typeOf, valueAt, violations } from "../model/json_edit.js";
import { treeLines } from "../model/json_tree.js";
import { t } from "../strings/item.js";
import { html, nothing } from "../vendor/lit.js";
import { announce, icon } from "./dom.js";

const LONGEST_INLINE = 2000;

/** @typedef {import("./grid_rows.js").Line} Line */
/** @typedef {import("../model/json_tree.js").TreeLine} TreeLine */
/** @typedef {{path: string, what: "value" | "name" | "add", text: string, error: string, fix?: string}} Editing */

export class JsonEditor {
  /** @param {import("./inspector.js").SopInspector} inspector */
  constructor(inspector) {
    this.inspector = inspector;
    /** @type {Set<string>} */
    this.closed = new Set();
    /** @type {Set<string>} */
    this.opened = new Set();
    this.cursor = "";
    /** @type {TreeLine[]} */
    this.lines = [];
    /** @type {Editing | undefined} */
    this.editing = undefined;
    this.of = "";
  }

  get app() {
    return /** @type {import("./context.js").Context} */ (this.inspector.app);
  }

  /** The value as it is staged now. @param {Line} line */
  #now(line) {
    return line.entry && line.entry.op !== "delete" ? line.entry.after : line.item?.value;
  }

  /** @param {Line | undefined} line */
  #locked(line) {
    return this.app.session.readOnly !== undefined || line?.entry?.op === "delete" || this.app.grid.source?.fixed === true;
  }

  /** @param {Line} line @param {unknown} value */
  render(line, value) {
    const { grid } = this.app;
    const store = /** @type {import("../model/tree.js").Store} */ (grid.store);
    const spec = store.key;
    const item = /** @type {any} */ (line.item);
    const of = `${store.name} ${stringify(item.key)}`;
    if (of !== this.of) {
      this.of = of;
      this.editing = undefined;
    }
    const folds = { closed: this.closed, opened: this.opened };
    const key = isComposite(spec) ? Object.fromEntries(keyFields(spec).map((field, index) => [field.name, keyValues(spec, item.key)[index]])) : item.key;
    const lines = [...treeLines("key", key, folds), ...treeLines("value", value, { ...folds, before: line.entry?.before, compare: line.entry?.op === "update" })];
    this.lines = lines;
    const cursor = lines.some((one) => one.path === this.cursor) ? this.cursor : lines[0]?.path;
    const wrong = violations(store.schema, value);
    const open = !this.#locked(line);
    const missing = [...wrong].filter(([name]) => name === "" || !isObject(value) || !Object.hasOwn(value, name));
    return html`<div class="json scroll ${line.entry?.op === "delete" ? "gone" : ""}" role="tree" aria-label=${t("shared.item")} @keydown=${(/** @type {KeyboardEvent} */ event) => this.#key(event)}>${lines.map((one) => this.#line(one, one.path === cursor, open && one.path.startsWith("value") && !one.gone, wrong))}
      ${missing.map(([name, text]) => html`<div class="line in1 bad" role="note"><span class="fail">${text}</span>${name === "" || !open ? nothing : html`<button class="button s" @click=${() => this.#addField([], name)}>${t("item.add_field", { field: name })}</button>`}</div>`)}</div>`;
  }

  /** @param {TreeLine} one @param {boolean} here @param {boolean} open whether it can be changed @param {Map<string, string>} wrong */
  #line(one, here, open, wrong) {
    const { editing } = this;
    const edits = editing?.path === one.path ? editing : undefined;
    const fault = one.path.startsWith("value") && !one.gone && one.steps.length === 1 ? wrong.get(one.steps[0]) : undefined;
    const level = Math.min(one.level, 9);
    const branch = one.open !== undefined;
    return html`<div class="line in${level} ${one.changed ? "changed" : ""} ${fault ? "bad" : ""}" role="treeitem" tabindex=${here ? 0 : -1} aria-selected=${String(here)} aria-level=${one.level + 1} aria-expanded=${branch ? String(one.open) : nothing} @click=${(/** @type {Event} */ event) => this.#click(event, one)} @focus=${() => { this.cursor = one.path; }} @dblclick=${() => open && !branch && this.#edit(one)}
      >${branch ? icon(one.open ? "down" : "right") : nothing}${edits?.what === "name" ? this.#input(edits, t("shared.name")) : one.name ? html`<span class="name">${one.name}</span>` : nothing}${one.was === undefined ? nothing : html`<s>${one.was}</s>`}${edits?.what === "value" ? this.#input(edits, one.name || "value") : html`<span class=${one.kind}>${one.text}</span>`}${fault ? html`<span class="fail small">${fault}</span>` : nothing}
      ${open && !edits ? html`<span class="tools">${branch ? html`<button class="button only s quiet" tabindex="-1" aria-label=${t("item.add_to_name", { name: one.name })} title=${t("item.add_key_hint")} @click=${() => this.#add(one)}>${icon("plus", true)}</button>` : nothing}<button class="type" tabindex="-1" aria-haspopup="menu" aria-label=${t("item.type_of_name_is", { name: one.name, type: TYPE_TITLES[typeOf(one.value)] })} title=${t("item.another_type_key_hint")} @click=${(/** @type {Event} */ event) => this.#types(one, /** @type {Element} */ (event.currentTarget))}>${TYPE_TITLES[typeOf(one.value)]}</button>${one.level > 0 ? html`<button class="button only s quiet" tabindex="-1" aria-label=${t("shared.remove_name", { name: one.name })} title=${t("shared.remove_del")} @click=${() => this.#remove(one)}>${icon("x", true)}</button>` : nothing}</span>` : nothing}</div>
      ${edits?.what === "add" ? html`<div class="line in${level + 1}" role="treeitem" aria-level=${one.level + 2} aria-selected="false">${this.#input(edits, t("item.name_of_the_new_field"))}</div>` : nothing}`;
  }

  /** @param {Editing} editing @param {string} label */
  #input(editing, label) {
    return html`<input class="json-input ${editing.error ? "wrong" : ""}" aria-label=${label} autocomplete="off" spellcheck="false" placeholder=${editing.what === "value" ? nothing : t("shared.name")} aria-invalid=${String(editing.error !== "")} .value=${editing.text} @input=${(/** @type {any} */ event) => this.#typed(event.target.value)} @keydown=${(/** @type {KeyboardEvent} */ event) => this.#inputKey(event)} @blur=${() => this.editing === editing && this.#finish(true)} @click=${(/** @type {Event} */ event) => event.stopPropagation()}>${editing.error ? html`<span class="fail small" role="alert">${editing.error}${editing.fix === undefined ? "" : ` ${t("item.alt_takes_fix", { fix: editing.fix })}`}</span>` : nothing}`;
  }

  #draw(focus = "") {
    this.inspector.requestUpdate();
    if (!focus) return;
    void this.inspector.updateComplete.then(() => {
      const element = /** @type {HTMLElement | null} */ (this.inspector.querySelector(focus));
      element?.focus();
      if (element instanceof HTMLInputElement) element.select();
    });
  }

  #here() {
    this.#draw(".json [tabindex='0']");
  }

  /** @param {Event} event @param {TreeLine} one */
  #click(event, one) {
    if (event.target instanceof Element && event.target.closest("button, input")) return;
    this.cursor = one.path;
    if (one.open !== undefined) this.#fold(one);
    else this.#draw();
  }

  /** @param {TreeLine} one */
  #fold(one) {
    this.cursor = one.path;
    if (one.open !== undefined) {
      const set = one.level < 1 ? this.closed : this.opened;
      if (set.has(one.path)) set.delete(one.path);
      else set.add(one.path);
    }
    this.#draw();
  }

  /** @param {TreeLine} one */
  #able(one) {
    return one.path.startsWith("value") && !one.gone && !this.#locked(this.app.grid.activeLine());
  }

  /** @param {TreeLine} one */
  #edit(one) {
    const kind = kindOf(one.value);
    if (!this.#able(one) || one.open !== undefined) return;
    const text = kind === "string" ? /** @type {string} */ (one.value) : kind === "null" ? "" : stringify(one.value);
    if (kind === "object" || text.length > LONGEST_INLINE || text.includes("\n")) return void this.inspector.open("raw");
    this.cursor = one.path;
    this.editing = { path: one.path, what: "value", text, error: "" };
    this.#draw(".json-input");
  }

  /** @param {TreeLine} one */
  #add(one) {
    if (!this.#able(one)) return;
    this.opened.add(one.path);
    this.closed.delete(one.path);
    if (Array.isArray(one.value)) {
      const path = `${one.path}/${one.value.length}`;
      this.#stage((value) => setAt(value, one.steps, [.../** @type {unknown[]} */ (one.value), null]), "add");
      this.cursor = path;
      this.editing = { path, what: "value", text: "", error: "" };
    } else {
      this.cursor = one.path;
      this.editing = { path: one.path, what: "add", text: "", error: "" };
    }
    this.#draw(".json-input");
  }

  /** @param {string[]} steps of the object @param {string} name */
  #addField(steps, name) {
    const declared = this.app.grid.store?.schema?.fields?.find((/** @type {any} */ field) => steps.length === 0 && field.name === name)?.type ?? "";
    const first = declared === "string" ? "" : declared === "integer" || declared === "number" ? 0 : declared === "bool" ? false : declared === "array" ? [] : declared === "object" ? {} : null;
    this.#stage((value) => setAt(value, [...steps, name], first), "add");
    const path = ["value", ...steps, name].join("/");
    this.cursor = path;
    this.editing = typeof first === "object" && first !== null ? undefined : { path, what: "value", text: first === null ? "" : String(first), error: "" };
    this.#draw(this.editing ? ".json-input" : ".json [tabindex='0']");
  }

  /** @param {TreeLine} one */
  #remove(one) {
    if (!this.#able(one) || one.level === 0) return;
    const at = this.lines.indexOf(one);
    this.cursor = (this.lines[at + 1]?.level === one.level ? this.lines[at + 1] : this.lines[at - 1])?.path ?? "";
    this.#stage((value) => removeAt(value, one.steps), "remove");
    announce(t("item.name_removed_staged", { name: one.name }));
    this.#here();
  }

  /** @param {TreeLine} one @param {Element} anchor */
  #types(one, anchor) {
    if (!this.#able(one)) return;
    this.cursor = one.path;
    const now = typeOf(one.value);
    this.app.menu.show(() => [{ caption: t("shared.type_of_field", { field: one.name }) }, ...TYPES.map((type) => ({ title: TYPE_TITLES[type], check: type === now, run: () => {
      this.#stage((value) => setAt(value, one.steps, converted(one.value, type)), "type");
      if (type === "object" || type === "list") this.opened.add(one.path);
      this.#here();
    } }))], anchor, t("shared.type"));
  }

  /** Stages the value with a change. @param {(value: any) => any} change @param {string} group */
  #stage(change, group) {
    const { grid, session } = this.app;
    const line = grid.activeLine();
    if (!line?.item || !grid.store || this.#locked(line)) return;
    session.changes.update(grid.store.name, line.item, change(this.#now(line)), group === "typing" ? `tree ${this.editing?.path}` : undefined);
  }

  /** What was typed, as a value or as what is wrong with it. @returns {{value: any} | {error: string, fix?: string}} */
  #parsed() {
    const { editing } = this;
    const one = this.lines.find((each) => each.path === editing?.path);
    if (!editing || !one) return { error: "" };
    const declared = one.steps.length === 1 ? this.app.grid.store?.schema?.fields?.find((/** @type {any} */ field) => field.name === one.steps[0])?.type : undefined;
    const type = typeOf(one.value);
    const kind = type === "null" ? (declared === "string" ? "string" : declared === "integer" || declared === "number" ? "number" : "any") : type === "text" ? "string" : type === "number" || type === "bool" ? type : "any";
    const typed = type === "null" && editing.text === "" ? { value: null } : valueFromText(kind, editing.text);
    if ("error" in typed) return typed;
    const store = this.app.grid.store;
    const line = this.app.grid.activeLine();
    if (!store || !line) return typed;
    const next = setAt(this.#now(line), one.steps, typed.value);
    const fault = violations(store.schema, next).get(one.steps[0] ?? "");
    return fault ? { error: fault } : typed;
  }

  /** @param {string} text */
  #typed(text) {
    const { editing } = this;
    if (!editing) return;
    editing.text = text;
    const one = this.lines.find((each) => each.path === editing.path);
    if (editing.what === "value") {
      const typed = this.#parsed();
      editing.error = "error" in typed ? typed.error : "";
      editing.fix = "error" in typed ? typed.fix : undefined;
    } else {
      const parent = editing.what === "add" ? one?.value : valueAt(this.#now(/** @type {Line} */ (this.app.grid.activeLine())), one?.steps.slice(0, -1) ?? []);
      const taken = isObject(parent) && Object.hasOwn(parent, text) && (editing.what === "add" || text !== one?.name);
      editing.error = taken ? t("item.there_is_a_field_already", { field: text }) : "";
    }
    this.#draw();
  }

  /** @param {KeyboardEvent} event */
  #inputKey(event) {
    event.stopPropagation();
    const { editing } = this;
    if (event.key === "Escape") this.#finish(false);
    else if (event.key === "Enter" && event.altKey && editing?.fix !== undefined) {
      editing.text = editing.fix;
      this.#finish(true);
    } else if (event.key === "Enter" || event.key === "Tab") {
      if (editing?.error) return event.preventDefault();
      this.#finish(true);
    } else return;
    event.preventDefault();
    if (!this.editing) this.#here();
  }

  /** Ends editing. @param {boolean} keep stage what is right */
  #finish(keep) {
    const { editing } = this;
    if (!editing) return;
    const one = this.lines.find((each) => each.path === editing.path);
    const typed = editing.what === "value" && keep ? this.#parsed() : undefined;
    this.editing = undefined;
    if (one && keep) {
      const name = editing.text.trim();
      if (typed && "value" in typed) this.#stage((value) => setAt(value, one.steps, typed.value), "value");
      else if (editing.what === "name" && name && !editing.error && name !== one.name) {
        this.#stage((value) => renameAt(value, one.steps, name), "name");
        this.cursor = [...one.path.split("/").slice(0, -1), name].join("/");
      } else if (editing.what === "add" && name && !editing.error) return this.#addField(one.steps, name);
    }
    this.#draw();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { lines } = this;
    const at = Math.max(0, lines.findIndex((one) => one.path === this.cursor));
    const line = lines[at];
    if (!line || event.ctrlKey || event.metaKey || event.altKey) return;
    /** @type {TreeLine | undefined} */
    let next;
    let done = false;
    if (event.key === "ArrowDown") next = lines[at + 1];
    else if (event.key === "ArrowUp") next = lines[at - 1];
    else if (event.key === "Home") next = lines[0];
    else if (event.key === "End") next = lines.at(-1);
    else if ((event.key === "ArrowRight" && line.open === false) || (event.key === "ArrowLeft" && line.open)) this.#fold(line);
    else if (event.key === "ArrowLeft") next = lines.slice(0, at).reverse().find((one) => one.level < line.level);
    else if ((event.key === "Enter" || event.key === " ") && line.open !== undefined) this.#fold(line);
    else if (event.key === "Enter") done = this.#did(() => this.#edit(line));
    else if (event.key === "Delete") done = this.#did(() => this.#remove(line));
    else if (event.key === "Insert" || event.key === "+") done = this.#did(() => line.open !== undefined && this.#add(line));
    else if (event.key === "F2" && line.level > 0 && this.#able(line) && !/^\d+$/.test(line.steps.at(-1) ?? "")) {
      this.editing = { path: line.path, what: "name", text: line.name, error: "" };
      done = this.#did(() => this.#draw(".json-input"));
    } else if (event.key === "t") {
      const element = this.inspector.querySelector(".json [tabindex='0']");
      done = this.#did(() => element && this.#types(line, element));
    } else return;
    event.preventDefault();
    event.stopPropagation();
    if (next) this.cursor = next.path;
    if (!done) this.#here();
  }

  /** @param {() => unknown} act */
  #did(act) {
    act();
    return true;
  }
}
