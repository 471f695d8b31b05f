// The command palette: keys with their exact counts, stores and commands in one list, the first already chosen.

import { count, percent } from "../core/format.js";
import { path } from "../core/http.js";
import { equal, stringify } from "../core/json.js";
import { keyFields, keyText, isNumberType, prefixText, typedKey, typedValue } from "../core/keys.js";
import { shownKey } from "../model/commands.js";
import { rich, t } from "../strings/shell.js";
import { html, nothing } from "../vendor/lit.js";
import { Part, icon } from "./dom.js";

/** @typedef {{id: string, group: string, icon: string, parts: {text: string, dim?: boolean, data?: boolean}[], end?: string, key?: string, run: () => unknown}} Found */

const MOST_STORES = 8;
const MOST_COMMANDS = 12;
const MOST_GROUPS = 4;
const MOST_SCRIPTS = 5;

/** The words around a key that is gone to. @param {boolean} exists @param {string} key @param {string} store */
function keyParts(exists, key, store) {
  const places = { key: { text: key, data: true }, place: { text: t("shell.in_store", { store }), dim: true } };
  const parts = /** @type {(string | Found["parts"][number])[]} */ (exists ? rich("shell.go_to_key", places) : rich("shell.where_key_would_be", places));
  return parts.map((part) => (typeof part === "string" ? { text: part } : part));
}

export class SopPalette extends Part {
  constructor() {
    super();
    this.shown = false;
    this.text = "";
    this.at = 0;
    /** @type {Found[]} */
    this.keys = [];
    /** Saved scripts, read when the palette is first opened and then each time. @type {{category: string, name: string, version: number}[]} */
    this.scripts = [];
    this.asked = 0;
    this.cost = "";
  }

  /** @param {import("./context.js").Context} app */
  start(app) {
    this.app = app;
  }

  async open(text = "") {
    this.back = document.activeElement;
    this.shown = true;
    this.text = text;
    this.at = 0;
    this.keys = [];
    this.cost = "";
    this.requestUpdate();
    await this.updateComplete;
    const dialog = /** @type {HTMLDialogElement | null} */ (this.querySelector("dialog"));
    dialog?.showModal();
    this.querySelector("input")?.focus();
    // Asking for scripts would make the system database: where there is none, there are none.
    const { session } = this.app ?? {};
    const answer = session?.databases.some((one) => /** @type {any} */ (one).is_system) ? await session.api.get(path("scripts")).catch(() => undefined) : undefined;
    this.scripts = answer?.scripts ?? [];
    this.requestUpdate();
  }

  close() {
    this.querySelector("dialog")?.close();
    this.shown = false;
    this.requestUpdate();
    if (this.back instanceof HTMLElement) this.back.focus();
  }

  /** Everything found, in the order in which it is shown. @returns {Found[]} */
  #found() {
    const { session, commands } = /** @type {import("./context.js").Context} */ (this.app);
    const onlyCommands = this.text.startsWith(">");
    const text = this.text.replace(/^[>/]\s*/, "").trim();
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    /** @type {Found[]} */
    const stores = onlyCommands ? [] : session.stores
      .filter((store) => words.length === 0 || words.some((word) => store.name.toLowerCase().includes(word)))
      .sort((a, b) => score(b.name, words) - score(a.name, words))
      .slice(0, MOST_STORES)
      .map((store) => ({ id: `s-${store.name}`, group: t("shared.stores"), icon: "store", parts: [{ text: store.name }], end: count(Number(store.count)), run: () => session.go({ store: store.name, prefix: [], at: undefined, sel: undefined }) }));
    const list = commands.find(text).slice(0, words.length || onlyCommands ? 40 : MOST_COMMANDS);
    const acts = list.map((command) => ({ id: `c-${command.id}`, group: t("shared.commands"), icon: command.icon, parts: [{ text: commands.title(command) }], key: command.keys ? shownKey(command.keys[0]) : undefined, run: command.run }));
    const databases = onlyCommands || words.length === 0 ? [] : session.databases
      .filter((one) => one.name !== session.place.database && words.some((word) => one.name.toLowerCase().includes(word)))
      .slice(0, 4)
      .map((one) => ({ id: `d-${one.name}`, group: t("shared.databases"), icon: "database", parts: [{ text: one.name }], end: one.items === undefined ? "" : count(one.items), run: () => session.go({ database: one.name }) }));
    const scripts = onlyCommands || words.length === 0 ? [] : this.scripts
      .filter((one) => words.every((word) => `${one.category} ${one.name}`.toLowerCase().includes(word)))
      .slice(0, MOST_SCRIPTS)
      .map((one) => ({ id: `x-${one.category}/${one.name}`, group: t("shared.scripts"), icon: "scripts", parts: [{ text: `${one.category} / `, dim: true }, { text: one.name }], end: t("shared.v_version", { version: one.version }), run: () => session.go({ view: "scripts", script: `${one.category}/${one.name}`, pane: undefined }) }));
    return [...(onlyCommands ? [] : this.keys), ...stores, ...databases, ...scripts, ...(this.text.startsWith("/") ? [] : acts)];
  }

  /** Looks for keys: a store's name first, then the beginning of a key, or a key of the open store. */
  async #look() {
    const { session } = /** @type {import("./context.js").Context} */ (this.app);
    this.asked += 1;
    const asked = this.asked;
    const text = this.text.replace(/^\/\s*/, "").trim();
    if (this.text.startsWith(">") || text === "") {
      this.keys = [];
      this.requestUpdate();
      return;
    }
    const [first, ...rest] = text.split(/[\s/]+/);
    const named = rest.length ? session.stores.filter((store) => store.name.toLowerCase().startsWith(first.toLowerCase())).slice(0, 2) : [];
    /** @type {{store: import("../model/tree.js").Store, text: string}[]} */
    const places = named.map((store) => ({ store, text: text.slice(first.length).replace(/^[\s/]+/, "") }));
    if (session.store) places.push({ store: session.store, text });
    const started = performance.now();
    const all = (await Promise.all(places.map((place) => this.#keysOf(place.store, place.text).catch(() => [])))).flat();
    const found = all.some((one) => !one.id.startsWith("w-")) ? all.filter((one) => !one.id.startsWith("w-")) : all;
    if (asked !== this.asked) return;
    this.keys = found.filter((one, index) => found.findIndex((other) => other.id === one.id) === index);
    this.cost = t("shared.n_ms", { n: Math.max(1, Math.round(performance.now() - started)) });
    this.at = 0;
    this.requestUpdate();
  }

  /** @param {import("../model/tree.js").Store} store @param {string} text @returns {Promise<Found[]>} */
  async #keysOf(store, text) {
    const { session } = /** @type {import("./context.js").Context} */ (this.app);
    const fields = keyFields(store.key);
    const url = (/** @type {string} */ what) => session.path("stores", store.name, what);
    /** @type {Found[]} */
    const found = [];
    const share = /^(\d+(?:[.,]\d+)?)\s*%$/.exec(text);
    if (share) {
      const part = Math.min(100, Number(share[1].replace(",", "."))) / 100;
      return [{ id: `p-${store.name}`, group: t("shell.keys"), icon: "jump", parts: [{ text: t("shell.go_to_share_of_store", { share: text, store: store.name }) }], end: t("shell.rank_about", { rank: count(Math.round(part * Number(store.count))) }), run: async () => {
        await session.go({ store: store.name, prefix: [] });
        this.app?.grid.goToShare(part);
      } }];
    }
    const parts = text.split(/\s*\/\s*/);
    const wholes = parts.slice(0, -1).map((part, index) => typedValue(fields[index]?.type ?? "", part));
    if (wholes.length < fields.length && wholes.every((one) => "value" in one)) {
      const lead = wholes.map((one) => /** @type {{value: unknown}} */ (one).value);
      const last = parts.at(-1) ?? "";
      const type = fields[lead.length]?.type ?? "";
      const words = isNumberType(type) ? [] : [...new Set([last, last.charAt(0).toUpperCase() + last.slice(1), last.toUpperCase(), last.toLowerCase()])];
      const answers = await Promise.all(words.map(async (word) => ({ word, answer: await session.api.get(url("prefixes"), { of: stringify([...lead, { partial: word }]), depth: 1, limit: MOST_GROUPS }).catch(() => undefined) })));
      for (const { word, answer } of answers) {
        const groups = answer?.groups ?? [];
        const whole = groups.reduce((/** @type {number} */ sum, /** @type {any} */ group) => sum + Number(group.count), 0) + Number(answer?.more?.count ?? 0);
        if (whole === 0) continue;
        const inner = groups.length === 1 && !groups[0].leaf ? (await session.api.get(url("prefixes"), { of: stringify(groups[0].prefix), depth: 1, limit: MOST_GROUPS - 1 }).catch(() => undefined))?.groups ?? [] : [];
        const prefixes = groups.length === 1 ? [...groups, ...inner] : [{ prefix: [...lead, { partial: word }], count: whole }, ...groups];
        for (const group of prefixes.slice(0, MOST_GROUPS)) {
          found.push({ id: `k-${store.name}-${stringify(group.prefix)}`, group: t("shell.keys"), icon: "key", parts: [{ text: store.name, data: true }, { text: " / ", dim: true, data: true }, { text: prefixText(store.key, group.prefix), data: true }], end: count(Number(group.count)), run: () => session.go({ store: store.name, prefix: group.prefix, at: undefined, sel: undefined }) });
        }
      }
    }
    const typed = typedKey(store.key, text);
    if ("key" in typed) {
      const answer = await session.api.get(url("rank"), { key: stringify(typed.key) }).catch(() => undefined);
      if (answer && (answer.exists || isNumberType(fields[0].type))) {
        const rank = Number(answer.rank);
        found.push({ id: `${answer.exists ? "j" : "w"}-${store.name}-${text}`, group: t("shell.keys"), icon: "jump", parts: keyParts(answer.exists, keyText(store.key, typed.key), store.name), end: t("shell.rank_of_total", { rank: count(rank + 1), total: count(Number(store.count)), share: percent(rank, Number(store.count)) }), run: async () => {
          const same = session.place.store === store.name && equal(session.place.prefix, []);
          if (same) await this.app?.grid.goToKey(typed.key);
          else await session.go({ store: store.name, prefix: [], at: typed.key, sel: answer.exists ? typed.key : undefined });
        } });
      }
    }
    return found;
  }

  render() {
    if (!this.shown) return nothing;
    const found = this.#found();
    this.at = Math.min(this.at, Math.max(0, found.length - 1));
    let group = "";
    return html`<dialog class="command" aria-label=${t("shared.go_to_a_store")} @close=${(/** @type {Event} */ event) => this.shown && event.target === this.querySelector("dialog") && this.close()} @cancel=${(/** @type {Event} */ event) => { event.preventDefault(); this.close(); }} @click=${(/** @type {MouseEvent} */ event) => event.target === event.currentTarget && this.close()}>
      <header>${icon("search")}<input role="combobox" aria-expanded="true" aria-controls="found" aria-activedescendant=${found.length ? `found-${this.at}` : nothing} aria-label=${t("shell.store_key_or_command")} placeholder=${t("shell.store_key_or_command")} autocomplete="off" spellcheck="false" .value=${this.text} @input=${this.#typed} @keydown=${this.#key}><span class="small dim">${t("shell.n_found", { n: found.length })}</span><kbd>Esc</kbd></header>
      <ul class="menu flat scroll" id="found" role="listbox" aria-label=${t("shell.found")}>${found.map((one, index) => {
        const head = one.group !== group;
        const rule = head && group !== "";
        group = one.group;
        return html`${rule ? html`<li class="rule" role="presentation"></li>` : nothing}${head ? html`<li class="caption" role="presentation">${one.group}</li>` : nothing}
          <li id="found-${index}" role="option" aria-selected=${String(index === this.at)} @pointermove=${() => this.#move(index)} @click=${() => this.#run(one)}>${icon(one.icon, true)}<span class="cut">${one.parts.map((part) => html`<span class="${part.dim ? "dim" : "strong"} ${part.data ? "data" : ""}">${part.text}</span>`)}</span><span class="end">${index === this.at ? html`<kbd>↵</kbd>` : nothing}${one.end ? html`<b>${one.end}</b>` : nothing}${one.key ? html`<kbd>${one.key}</kbd>` : nothing}</span></li>`;
      })}${found.length ? nothing : html`<li class="caption" role="presentation">${t("shell.nothing_has_this_in_its_name")}</li>`}</ul>
      <footer><span><kbd>↑</kbd> <kbd>↓</kbd> ${t("shared.choose")}</span><span><kbd>&gt;</kbd> ${t("shell.commands_within")}</span><span><kbd>/</kbd> ${t("shell.keys_within")}</span><span><kbd>37 %</kbd> ${t("shell.place")}</span><span class="end">${this.cost}</span></footer></dialog>`;
  }

  /** @param {InputEvent} event */
  #typed(event) {
    this.text = /** @type {HTMLInputElement} */ (event.target).value;
    this.at = 0;
    this.requestUpdate();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.#look(), 60);
  }

  /** @param {number} index */
  #move(index) {
    if (this.at === index) return;
    this.at = index;
    this.requestUpdate();
  }

  /** @param {Found} found */
  #run(found) {
    this.close();
    found.run();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const found = this.#found();
    if (event.key === "ArrowDown") this.#move((this.at + 1) % Math.max(1, found.length));
    else if (event.key === "ArrowUp") this.#move((this.at + found.length - 1) % Math.max(1, found.length));
    else if (event.key === "Enter" && found[this.at]) this.#run(found[this.at]);
    else return;
    event.preventDefault();
    void this.updateComplete.then(() => this.querySelector("[aria-selected='true']")?.scrollIntoView({ block: "nearest" }));
  }
}

/** @param {string} name @param {string[]} words */
function score(name, words) {
  const lower = name.toLowerCase();
  return words.reduce((sum, word) => sum + (lower === word ? 4 : lower.startsWith(word) ? 2 : lower.includes(word) ? 1 : 0), 0);
}

customElements.define("sop-palette", SopPalette);
