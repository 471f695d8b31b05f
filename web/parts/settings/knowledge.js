// What people taught the copilot: terms, notes, corrections; proposed ones wait for somebody's word.

import { path } from "../../core/http.js";
import { t } from "../../strings/settings.js";
import { html, nothing, repeat } from "../../vendor/lit.js";
import { Dialog, dialogHead, fault } from "../dialog.js";
import { Part, announce, icon } from "../dom.js";

/** @typedef {{category: string, name: string, text: string, author: string, status: string, updated: string, why: string, builtIn: boolean, kept: {names?: string[], source?: any}}} Entry */

const FILTERS = /** @type {const} */ ([["all", t("shared.all")], ["proposed", t("shared.proposed")], ["approved", t("shared.approved")]]);

export class SopKnowledge extends Part {
  constructor() {
    super();
    /** @type {import("../context.js").Context | undefined} */
    this.app = undefined;
    /** @type {Entry[] | undefined} */
    this.entries = undefined;
    this.fault = "";
    this.filter = "all";
    this.text = "";
    /** @type {string} the entry that is being edited, by its id */
    this.editing = "";
  }

  connectedCallback() {
    super.connectedCallback();
    void this.read();
  }

  async read() {
    await this.updateComplete;
    const { session } = /** @type {import("../context.js").Context} */ (this.app);
    try {
      const answer = await session.api.get(path("knowledge"));
      /** @type {any[]} */
      const list = Array.isArray(answer) ? answer : (answer?.entries ?? answer?.knowledge ?? answer?.items ?? []);
      this.entries = list.map((one) => ({ category: String(one.category ?? ""), name: String(one.name ?? ""), text: String(one.text ?? ""), author: String(one.author ?? ""), status: String(one.status ?? "approved"), updated: shownTime(one.updated ?? one.updated_ms), why: String(one.why ?? one.source?.why ?? ""), builtIn: one.built_in === true, kept: { names: one.names, source: one.source ?? undefined } }));
      this.fault = "";
    } catch (error) {
      this.fault = error instanceof Error ? error.message : String(error);
    }
    this.requestUpdate();
  }

  shouldUpdate() {
    return this.app !== undefined;
  }

  render() {
    const { entries } = this;
    const proposed = entries?.filter((one) => one.status === "proposed").length ?? 0;
    const words = this.text.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = (entries ?? []).filter((one) => (this.filter === "all" || one.status === this.filter) && words.every((word) => `${one.category} ${one.name} ${one.text}`.toLowerCase().includes(word)));
    const categories = [...new Set(shown.map((one) => one.category))].sort();
    return html`<div class="settings-main"><div class="filters knowledge-bar" role="toolbar" aria-label=${t("shared.knowledge")}><label class="field">${icon("filter", true)}<input type="search" placeholder=${t("settings.find")} aria-label=${t("settings.find_in_knowledge")} .value=${this.text} @input=${(/** @type {any} */ event) => { this.text = event.target.value; this.requestUpdate(); }}></label>
        <div class="choice" role="group" aria-label=${t("settings.which")}>${FILTERS.map(([id, title]) => html`<button type="button" aria-pressed=${String(id === this.filter)} @click=${() => { this.filter = id; this.requestUpdate(); }}>${title}${id === "proposed" && proposed ? html` <span class="badge">${proposed}</span>` : nothing}</button>`)}</div>
        <div class="end"><button class="button s" @click=${() => this.#add()}>${icon("plus", true)}${t("settings.teach")}</button></div></div>
      <div class="prefs scroll" tabindex="0" role="region" aria-label=${t("shared.knowledge")}>
        ${this.fault ? html`<div class="notice danger" role="alert">${icon("warning")}<p class="grow">${this.fault}</p><button class="button s" @click=${() => this.read()}>${icon("refresh", true)}${t("shared.try_again")}</button></div>` : nothing}
        ${entries && !shown.length && !this.fault ? html`<div class="nothing">${icon("book")}<h2>${entries.length ? t("shared.nothing_fits") : t("settings.nothing_is_taught_yet")}</h2><p>${entries.length ? t("settings.other_words_or_another_filter") : t("settings.say_what_a_word_or_a_value")}</p>${entries.length ? nothing : html`<button class="button main next" @click=${() => this.#add()}>${icon("plus", true)}${t("settings.teach_something")}</button>`}</div>` : nothing}
        ${categories.map((category) => {
          const list = shown.filter((one) => one.category === category).sort((a, b) => Number(b.status === "proposed") - Number(a.status === "proposed") || a.name.localeCompare(b.name));
          return html`<section class="section known" aria-label=${category}><h2>${category}<span class="small dim">${t("settings.n_entries", { n: list.length })}</span></h2><ul>${repeat(list, (one) => `${one.category}/${one.name}`, (one) => this.#entry(one))}</ul></section>`;
        })}</div></div>`;
  }

  /** @param {Entry} one */
  #entry(one) {
    const id = `${one.category}/${one.name}`;
    const editing = this.editing === id;
    const waits = one.status === "proposed";
    return html`<li class="known-row ${waits ? "waits" : ""}"><header><b class="cut">${one.name}</b><span class="tag ${waits ? "ai" : "insert"}">${waits ? t("shared.proposed") : t("shared.approved")}</span>${one.builtIn ? html`<span class="badge">${t("settings.built_in")}</span>` : nothing}<span class="small dim cut grow">${[one.author, one.updated].filter(Boolean).join(" · ")}</span>
        ${editing ? nothing : html`${waits ? html`<button class="button s" @click=${() => this.#put(one, one.text, "approved")}>${icon("check", true)}${t("shared.approve")}</button>` : nothing}<button class="button only s quiet" aria-label=${t("shared.edit_name", { name: one.name })} title=${t("shared.edit")} @click=${() => this.#edit(id)}>${icon("edit", true)}</button><button class="button only s quiet" aria-label=${waits ? t("settings.reject_name", { name: one.name }) : t("shared.delete_name", { name: one.name })} title=${waits ? t("shared.reject") : t("shared.delete")} @click=${() => this.#drop(one)}>${icon(waits ? "x" : "trash", true)}</button>`}</header>
      ${editing
        ? html`<form @submit=${(/** @type {SubmitEvent} */ event) => {
          event.preventDefault();
          void this.#put(one, String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get("text") ?? ""), "approved");
        }}><textarea class="field" name="text" rows="3" required maxlength="4000" aria-label=${t("settings.what_name_means", { name: one.name })} .value=${one.text} @keydown=${(/** @type {KeyboardEvent} */ event) => {
          if (event.key === "Escape") this.#edit("");
          else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) /** @type {HTMLTextAreaElement} */ (event.target).form?.requestSubmit();
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}></textarea><div class="acts"><button class="button main s">${waits ? t("shared.approve_as_edited") : t("shared.save")}<kbd>Ctrl ↵</kbd></button><button type="button" class="button s quiet" @click=${() => this.#edit("")}>${t("shared.cancel")}</button></div></form>`
        : html`<p>${one.text}</p>${one.why ? html`<p class="small soft">${one.why}</p>` : nothing}`}</li>`;
  }

  /** @param {string} id */
  async #edit(id) {
    this.editing = id;
    this.requestUpdate();
    await this.updateComplete;
    this.querySelector("textarea")?.focus();
  }

  /** @param {{category: string, name: string, kept?: Entry["kept"]}} one @param {string} text @param {string} status */
  async #put(one, text, status) {
    const { session } = /** @type {import("../context.js").Context} */ (this.app);
    try {
      await session.api.json("PUT", path("knowledge", one.category, one.name), { body: { ...one.kept, text: text.trim(), status } });
      this.editing = "";
      announce(status === "approved" ? t("shared.approved") : t("shared.saved"));
      await this.read();
    } catch (error) {
      session.fail(error, t("shared.knowledge"));
    }
  }

  /** Takes an entry away; the message can bring it back. @param {Entry} one */
  async #drop(one) {
    const { session } = /** @type {import("../context.js").Context} */ (this.app);
    try {
      await session.api.json("DELETE", path("knowledge", one.category, one.name));
      session.say({ kind: "ok", text: one.status === "proposed" ? t("settings.name_is_rejected", { name: one.name }) : t("settings.name_is_deleted", { name: one.name }), act: { title: t("shared.undo"), run: () => void this.#put(one, one.text, one.status) } });
      await this.read();
    } catch (error) {
      session.fail(error, t("shared.knowledge"));
    }
  }

  #add() {
    const { session } = /** @type {import("../context.js").Context} */ (this.app);
    let error = "";
    const submit = async (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
      const text = (/** @type {string} */ name) => String(form.get(name) ?? "").trim();
      try {
        await session.api.json("PUT", path("knowledge", text("category"), text("name")), { body: { text: text("text"), status: "approved" } });
        dialog.close();
        await this.read();
      } catch (caught) {
        error = caught instanceof Error ? caught.message : String(caught);
        dialog.draw();
      }
    };
    const dialog = new Dialog({
      label: t("settings.teach"),
      className: "form-dialog",
      draw: (self) => html`<form @submit=${submit}>${dialogHead(self, t("settings.teach"))}<div class="body form scroll"><div class="two"><label>${t("shared.name")}<span class="field"><input name="name" required maxlength="100" autocomplete="off" autofocus placeholder=${t("settings.active_customer")}></span></label><label>${t("shared.category")}<span class="field"><input name="category" required maxlength="60" autocomplete="off" value="term"></span></label></div>
          <label>${t("settings.what_it_means")}<textarea class="field" name="text" rows="4" required maxlength="4000" placeholder=${t("settings.a_customer_with_an_invoice")}></textarea><span class="hint">${t("settings.the_copilot_is_given")}</span></label></div>
        ${fault(error)}<footer><span class="grow"></span><button type="button" class="button quiet" @click=${() => self.close()}>${t("shared.cancel")}<kbd>Esc</kbd></button><button class="button main">${t("settings.teach")}</button></footer></form>`,
    });
  }
}

/** @param {any} value a time as text or in milliseconds */
function shownTime(value) {
  if (value === undefined || value === null || value === "") return "";
  const date = new Date(typeof value === "string" && !/^\d+$/.test(value) ? value : Number(value));
  return Number.isNaN(date.getTime()) ? String(value) : date.toISOString().slice(0, 16).replace("T", " ");
}

customElements.define("sop-knowledge", SopKnowledge);
