// The settings: which model answers and what it may see, how the page looks, what people taught the copilot.
//
// Holds: nothing counts until it is saved; a key is never shown nor asked for here: it comes from the server's environment.

import { ApiError, path } from "../../core/http.js";
import { span } from "../../core/format.js";
import { SHARING, providerName } from "../../model/money.js";
import { rich, t } from "../../strings/settings.js";
import { html, live, nothing } from "../../vendor/lit.js";
import { Part, announce, icon } from "../dom.js";
import "./knowledge.js";
import "./users.js";

/** @typedef {import("../copilot/dock.js").Llm & {prices?: {[model: string]: {input: number, cached?: number | null, output: number}}}} Llm */
/** @typedef {{ok: boolean, model?: string | null, first_ms?: number | null, elapsed_ms: number, text: string, code?: string | null, detail?: string | null, at: Date}} Tested */
/** @typedef {{provider: string, model: string, base_url: string, share: string}} Wanted */

/** What each provider answers by itself, and where. */
const OWN = /** @type {{[id: string]: {model: string, url: string, key: boolean}}} */ ({
  gemini: { model: "gemini-2.5-flash", url: "Google", key: true },
  openai: { model: "", url: t("settings.any_compatible_server"), key: false },
  anthropic: { model: "claude-sonnet-4-5", url: "Anthropic", key: true },
  ollama: { model: "", url: t("settings.this_machine"), key: false },
});

/** Where the key of a provider is set. */
const KEYS = { variable: html`<code>SOP_LLM_API_KEY</code>`, file: html`<code>llm.key_file</code>` };

export class SopSettings extends Part {
  constructor() {
    super();
    /** @type {import("../context.js").Context | undefined} */
    this.app = undefined;
    /** @type {Llm | undefined} */
    this.llm = undefined;
    this.fault = "";
    this.missing = false;
    /** @type {Wanted | undefined} */
    this.wanted = undefined;
    /** @type {{pointer: string, text: string}} */
    this.wrong = { pointer: "", text: "" };
    /** @type {Tested | undefined} */
    this.tested = undefined;
    this.testing = false;
    this.saving = false;
  }

  /** @param {import("../context.js").Context} app */
  start(app) {
    this.app = app;
    this.follow(app.session, "place", "databases");
    this.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s" && this.app?.session.place.view === "settings") {
        event.preventDefault();
        event.stopPropagation();
        void this.save();
      }
    });
  }

  /** It is shown now. */
  opened() {
    this.requestUpdate();
    void this.read();
  }

  async read() {
    if (!this.app?.session.may("analyst")) return;
    const { session } = /** @type {import("../context.js").Context} */ (this.app);
    try {
      this.#took(await session.api.get(path("llm")));
      this.fault = "";
      this.missing = false;
    } catch (error) {
      this.missing = error instanceof ApiError && error.status === 404;
      this.fault = this.missing ? "" : error instanceof Error ? error.message : String(error);
    }
    this.requestUpdate();
  }

  /** @param {Llm} llm */
  #took(llm) {
    const before = this.saved;
    const changed = this.wanted && before && this.#changes(before).length > 0;
    this.llm = llm;
    if (!changed) this.wanted = { ...this.saved };
  }

  /** What the server has now. @returns {Wanted} */
  get saved() {
    const { llm } = this;
    const own = OWN[llm?.provider ?? ""];
    return { provider: llm?.provider ?? "offline", model: llm?.model ?? own?.model ?? "", base_url: llm?.base_url ?? "", share: llm?.share ?? "off" };
  }
  /** @param {Wanted} [saved] @returns {(keyof Wanted)[]} */
  #changes(saved = this.saved) {
    const { wanted } = this;
    return wanted ? /** @type {(keyof Wanted)[]} */ (["provider", "model", "base_url", "share"]).filter((name) => wanted[name] !== saved[name] && !(wanted.provider === "offline" && (name === "model" || name === "base_url"))) : [];
  }
  /** @param {Partial<Wanted>} part */
  #want(part) {
    this.wanted = { .../** @type {Wanted} */ (this.wanted), ...part };
    this.wrong = { pointer: "", text: "" };
    this.requestUpdate();
  }
  /** @param {string} provider */
  #choose(provider) {
    const saved = this.saved;
    // Another provider has its own model and address.
    this.#want(provider === saved.provider ? { provider, model: saved.model, base_url: saved.base_url } : { provider, model: "", base_url: "" });
    this.tested = undefined;
  }
  undo() {
    this.wanted = { ...this.saved };
    this.wrong = { pointer: "", text: "" };
    this.requestUpdate();
  }

  /** @returns {Promise<boolean>} */
  async save() {
    const { wanted, app } = this;
    const changes = this.#changes();
    if (!wanted || !app || !changes.length || this.saving) return !changes.length;
    this.saving = true;
    this.requestUpdate();
    const body = Object.fromEntries((changes.includes("provider") ? /** @type {(keyof Wanted)[]} */ (["provider", "model", "base_url", "share"]) : changes).map((name) => [name, String(wanted[name]).trim()]));
    if (wanted.provider === "offline") {
      delete body.model;
      delete body.base_url;
    }
    let done = false;
    try {
      const llm = await app.session.api.json("PUT", path("llm"), { body });
      this.wanted = undefined;
      this.#took(llm ?? (await app.session.api.get(path("llm"))));
      app.session.dispatchEvent(new Event("llm"));
      announce(t("shared.saved"));
      done = true;
    } catch (error) {
      const first = error instanceof ApiError ? error.problem.errors?.[0] : undefined;
      this.wrong = { pointer: String(first?.pointer ?? "").replace(/^#?\//, ""), text: first?.detail ?? (error instanceof Error ? error.message : String(error)) };
    }
    this.saving = false;
    this.requestUpdate();
    return done;
  }

  async test() {
    const { app } = this;
    if (!app || this.testing) return;
    if (!(await this.save())) return;
    this.testing = true;
    this.tested = undefined;
    this.requestUpdate();
    try {
      this.tested = { ...(await app.session.api.json("POST", path("llm", "test"))), at: new Date() };
    } catch (error) {
      this.tested = { ok: false, elapsed_ms: 0, text: "", code: error instanceof ApiError ? error.code : "network", detail: error instanceof Error ? error.message : String(error), at: new Date() };
    }
    this.testing = false;
    announce(this.tested?.ok ? t("settings.the_model_answered") : t("settings.the_test_failed"));
    this.requestUpdate();
  }

  // ---- Drawing

  shouldUpdate() {
    return this.app !== undefined;
  }

  render() {
    const { app } = this;
    const view = app?.session.place.view;
    if (view !== "settings" && view !== "knowledge" && view !== "users") return nothing;
    return html`<nav class="settings-nav" aria-label=${t("shared.settings")}><p class="caption">${t("settings.this_server")}</p>
        ${this.#link("settings", "spark", t("shared.copilot"), this.llm ? (this.llm.provider ? providerName(this.llm.provider) : t("shared.offline")) : "")}
        ${app?.session.may("analyst") ? this.#link("knowledge", "book", t("shared.knowledge"), "") : nothing}
        ${this.#link("users", "user", t("shared.users_and_access"), app?.session.me.signed_in ? "" : t("settings.off"))}</nav>
      ${view === "users" ? html`<sop-users .app=${app}></sop-users>` : view === "knowledge" ? html`<sop-knowledge .app=${app}></sop-knowledge>` : html`<div class="settings-main"><div class="prefs scroll" tabindex="0" role="region" aria-label=${t("shared.settings")}><div>${this.#models()}${this.#sharing()}</div><div>${this.#prices()}${this.#appearance()}</div></div>${this.#bar()}</div>`}`;
  }

  /** @param {"settings" | "knowledge" | "users"} view @param {string} sign @param {string} title @param {string} detail */
  #link(view, sign, title, detail) {
    const { session } = /** @type {import("../context.js").Context} */ (this.app);
    const on = session.place.view === view;
    return html`<a class="node ${on ? "on" : ""}" aria-current=${on ? "page" : nothing} href="/${view}?db=${encodeURIComponent(session.place.database ?? "")}" @click=${(/** @type {MouseEvent} */ event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
      event.preventDefault();
      void session.go({ view });
    }}>${icon(sign, true)}<span class="cut">${title}</span><span class="count">${detail}</span></a>`;
  }

  #models() {
    const { llm, wanted } = this;
    if (this.missing) return html`<div class="nothing">${icon("spark")}<h2>${t("settings.this_server_has_no_copilot")}</h2><p>${t("settings.it_was_built_without")}</p></div>`;
    if (this.fault) return html`<div class="notice danger" role="alert">${icon("warning")}<p class="grow">${this.fault}</p><button class="button s" @click=${() => this.read()}>${icon("refresh", true)}${t("shared.try_again")}</button></div>`;
    if (!llm || !wanted) return nothing;
    const providers = [...(llm.providers ?? Object.keys(OWN)), "offline"];
    return html`<section class="section" aria-labelledby="settings-copilot"><h2 id="settings-copilot">${t("shared.copilot")}<span class="small dim">${t("settings.who_answers_without_one_plain_questions")}</span></h2>
      <table class="lines-table providers"><thead><tr><th class="c-grip" scope="col"><span class="unseen">${t("settings.chosen")}</span></th><th class="c-prov" scope="col">${t("settings.provider")}</th><th scope="col">${t("settings.model_and_where")}</th><th class="c-state" scope="col">${t("shared.state")}</th><th class="c-act" scope="col"><span class="unseen">${t("settings.act")}</span></th></tr></thead><tbody>
      ${providers.map((id) => this.#row(id, wanted.provider === id))}</tbody></table></section>`;
  }

  /** @param {string} id @param {boolean} on */
  #row(id, on) {
    const llm = /** @type {Llm} */ (this.llm);
    const current = (llm.provider ?? "offline") === id;
    const own = OWN[id];
    const model = current && llm.model ? llm.model : (own?.model ?? "");
    const where = current && llm.base_url ? llm.base_url.replace(/^https?:\/\//, "") : (own?.url ?? "");
    return html`<tr class=${on ? "on" : ""}><td class="c-grip"><input type="radio" name="provider" aria-label=${providerName(id)} .checked=${live(on)} @change=${() => this.#choose(id)}></td><td class="c-prov"><b>${providerName(id)}</b></td>
        <td class="data">${id === "offline" ? t("settings.planner_no_model") : html`${model || t("settings.choose_a_model_within")} <span class="dim">${where}</span>`}</td>${this.#state(id, current)}<td class="c-act">${on && id !== "offline" ? html`<button class="button s quiet" ?disabled=${this.testing || this.saving} @click=${() => this.test()}>${this.testing ? t("settings.testing") : this.#changes().length ? t("settings.save_and_test") : t("settings.test")}</button>` : nothing}</td></tr>
      ${on && this.tested && current ? html`<tr><td class="tall" colspan="5">${this.#tried(this.tested)}</td></tr>` : nothing}
      ${on && id !== "offline" ? html`<tr><td class="tall" colspan="5">${this.#form(id, current)}</td></tr>` : nothing}`;
  }

  /** @param {string} id @param {boolean} current */
  #state(id, current) {
    const llm = /** @type {Llm} */ (this.llm);
    const state = (/** @type {string} */ look, /** @type {string} */ sign, /** @type {string} */ text, title = "") => html`<td class="c-state ${look}" title=${title || nothing}>${icon(sign, true)}${text}</td>`;
    if (id === "offline") return state("good", "check", t("settings.always_there"));
    if (!current) return html`<td class="c-state"><span class="dim">${t("settings.not_used")}</span></td>`;
    if (this.tested) return this.tested.ok ? state("good", "check", t("settings.answered_in", { time: span(this.tested.first_ms ?? this.tested.elapsed_ms) })) : state("fail", "warning", this.tested.code?.replaceAll("_", " ") ?? t("shared.failed"), this.tested.detail ?? "");
    return llm.ready ? state("good", "check", t("settings.ready")) : state("held", "info", t("settings.not_ready"), llm.problem ?? "");
  }

  /** @param {Tested} tested */
  #tried(tested) {
    const time = tested.at.toTimeString().slice(0, 5);
    return tested.ok
      ? html`<p class="tried" role="status"><span>${icon("check", true)}<b>${t("settings.tested_at", { time })}</b></span><span>${tested.model ?? ""}</span><span>${t("settings.first_word_after", { time: span(tested.first_ms ?? tested.elapsed_ms) })}</span><span class="cut">${t("settings.said", { words: tested.text.trim() })}</span></p>`
      : html`<p class="tried bad" role="alert"><span>${icon("warning", true)}<b>${t("settings.tested_at", { time })}</b></span><span class="words">${tested.detail ?? t("settings.it_failed_sentence")}</span></p>`;
  }

  /** @param {string} id @param {boolean} current */
  #form(id, current) {
    const wanted = /** @type {Wanted} */ (this.wanted);
    const llm = /** @type {Llm} */ (this.llm);
    const own = OWN[id];
    const wrong = (/** @type {string} */ name) => (this.wrong.pointer === name ? this.wrong.text : "");
    const field = (/** @type {"model" | "base_url"} */ name, /** @type {string} */ title, /** @type {string} */ hint, /** @type {string} */ placeholder) => html`<label class=${wrong(name) ? "wrong" : ""}>${title}<span class="field"><input name=${name} autocomplete="off" autocapitalize="off" spellcheck="false" maxlength="400" placeholder=${placeholder} aria-invalid=${String(wrong(name) !== "")} aria-describedby="hint-${name}" .value=${live(wanted[name])} @input=${(/** @type {any} */ event) => this.#want({ [name]: event.target.value })}></span><span class="hint ${wrong(name) ? "fail" : ""}" id="hint-${name}">${wrong(name) || hint}</span></label>`;
    const keyed = current && llm.has_key !== undefined;
    return html`<div class="form provider-form"><div class="two">${field("model", t("settings.model"), own?.model ? t("settings.empty_means", { default: own.model }) : t("settings.as_the_server_calls_it"), own?.model || t("settings.name_of_the_model"))}${field("base_url", t("settings.address"), llm.allow_private ? t("settings.own_address_private_allowed") : t("settings.own_address_private_by_settings"), t("settings.its_own_address"))}</div>
      <p class="key-line">${icon("key", true)}${keyed ? (llm.has_key ? html`<span><b class="good">${t("settings.key_is_set")}</b> <span class="soft">${t("settings.it_stays_in_the_server_and_goes")}</span></span>` : html`<span><b class=${own?.key ? "held" : ""}>${t("settings.no_key")}</b> <span class="soft">${own?.key ? rich("settings.set_the_key", KEYS) : rich("settings.set_the_key_when_needed", KEYS)}</span></span>`) : html`<span class="soft">${rich("settings.a_key_is_for_one_provider", { variable: KEYS.variable })}</span>`}</p>
      ${current && llm.problem && !this.#changes().length ? html`<p class="key-line held">${icon("info", true)}<span>${llm.problem}</span></p>` : nothing}</div>`;
  }

  #sharing() {
    const { wanted } = this;
    if (!wanted || !this.llm) return nothing;
    const at = SHARING.findIndex(([id]) => id === wanted.share);
    const go = (/** @type {KeyboardEvent} */ event) => {
      const step = event.key === "ArrowRight" || event.key === "ArrowDown" ? 1 : event.key === "ArrowLeft" || event.key === "ArrowUp" ? SHARING.length - 1 : 0;
      if (!step) return;
      event.preventDefault();
      const next = (at + step) % SHARING.length;
      this.#want({ share: SHARING[next][0] });
      /** @type {HTMLElement | undefined} */ (/** @type {HTMLElement} */ (event.currentTarget).children[next])?.focus();
    };
    const leaves = [[t("settings.names_and_types_of_stores_and_fields"), 1], [t("settings.counts_and_columns_of_results"), 1], [t("settings.up_to_three_sample_values"), 2], [t("settings.rows_of_results"), 3]];
    return html`<section class="section" aria-labelledby="settings-sharing"><h2 id="settings-sharing">${t("shared.sharing")}<span class="small dim">${t("settings.the_most_that_may_leave_this_machine")}</span></h2>
      <div class="choice" role="radiogroup" aria-label=${t("settings.sharing_level")} @keydown=${go}>${SHARING.map(([id, title]) => html`<button type="button" role="radio" aria-checked=${String(id === wanted.share)} tabindex=${id === wanted.share ? 0 : -1} @click=${() => this.#want({ share: id })}>${title}</button>`)}</div>
      <ul class="leaves">${leaves.map(([text, level]) => html`<li class=${at >= Number(level) ? "sent" : "kept"}>${icon(at >= Number(level) ? "check" : "lock", true)}<span>${text}</span><span class="dim">${at >= Number(level) ? t("settings.may_leave") : t("settings.stays_here")}</span></li>`)}</ul>
      <p>${t("settings.a_talk_may_share_less")}</p></section>`;
  }

  #prices() {
    const prices = Object.entries(this.llm?.prices ?? {});
    const limits = this.llm?.limits;
    if (!prices.length && !limits) return nothing;
    const dollars = (/** @type {number | null | undefined} */ value) => (value === undefined || value === null ? "–" : `$${Number(value).toFixed(Number(value) < 1 ? 3 : 2).replace(/0$/, "")}`);
    return html`<section class="section" aria-labelledby="settings-prices"><h2 id="settings-prices">${t("settings.prices")}<span class="small dim">${t("settings.dollars_for_a_million_tokens")}</span></h2>
      ${prices.length ? html`<table class="lines-table"><thead><tr><th scope="col">${t("settings.model")}</th><th scope="col" class="num">${t("settings.in")}</th><th scope="col" class="num">${t("settings.kept")}</th><th scope="col" class="num">${t("settings.out")}</th></tr></thead><tbody>${prices.map(([name, price]) => html`<tr><td class="data">${name}</td><td class="num">${dollars(price.input)}</td><td class="num">${dollars(price.cached)}</td><td class="num">${dollars(price.output)}</td></tr>`)}</tbody></table>` : nothing}
      ${limits ? html`<p>${t("settings.limits_of_an_answer", { cost: dollars(limits.answer_dollars), steps: limits.steps, time: span(Number(limits.answer_ms)), costOfTalk: dollars(limits.session_dollars) })}</p>` : nothing}</section>`;
  }

  #appearance() {
    const now = document.documentElement.dataset.theme ?? "system";
    const set = (/** @type {string} */ theme) => {
      document.dispatchEvent(new CustomEvent("sop-theme", { detail: theme }));
      this.requestUpdate();
    };
    return html`<section class="section" aria-labelledby="settings-look"><h2 id="settings-look">${t("settings.appearance")}<span class="small dim">${t("settings.kept_in_this_browser")}</span></h2>
      <div class="form"><div class="label look">${t("settings.theme")}<div class="choice" role="group" aria-label=${t("settings.theme")}>${[["system", t("settings.system")], ["light", t("settings.light")], ["dark", t("settings.dark")]].map(([id, title]) => html`<button type="button" aria-pressed=${String(now === id)} @click=${() => set(id)}>${title}</button>`)}</div></div></div></section>`;
  }

  #bar() {
    const changes = this.app?.session.may("admin") ? this.#changes() : [];
    const elsewhere = this.wrong.text && !["model", "base_url"].includes(this.wrong.pointer) ? this.wrong.text : "";
    if (!changes.length && !elsewhere) return nothing;
    return html`<div class="save-bar" role="group" aria-label=${t("shared.changes")}>${elsewhere ? html`<span class="fail cut" role="alert">${elsewhere}</span>` : html`<span class="tag update">${t("settings.n_changed", { n: changes.length })}</span>`}<button class="button main s" ?disabled=${this.saving} @click=${() => this.save()}>${this.saving ? t("shared.saving") : t("shared.save")}<kbd>Ctrl S</kbd></button><button class="button s quiet" @click=${() => this.undo()}>${icon("undo", true)}${t("shared.undo")}</button><span class="grow"></span><span class="small dim">${t("settings.until_the_server_is_started_again")}</span></div>`;
  }
}

/** Starts the settings in their place in the page. @param {import("../context.js").Context} app */
export function startSettings(app) {
  const settings = /** @type {SopSettings} */ (document.getElementById("settings"));
  settings.start(app);
  return settings;
}

customElements.define("sop-settings", SopSettings);
