// The card of the first page: three short steps to the first database, or one press to the demo. Nothing is made before the
// end; then all of it at once, or nothing.

import { Api, ApiError, path } from "../core/http.js";
import { parse } from "../core/json.js";
import { databaseName, firstWish, placeOf, requestOf, stuck } from "../model/first_steps.js";
import { Session } from "../model/session.js";
import { t } from "../strings/welcome.js";
import { html, nothing } from "../vendor/lit.js";
import { fault } from "./dialog.js";
import { Part, announce } from "./dom.js";
import { wireDrop } from "./drop.js";
import { chooseFolder } from "./folder_dialog.js";
import { importFiles } from "./import_dialog.js";
import { databaseStep, reviewStep, systemStep } from "./welcome_steps.js";

/** @typedef {import("../model/first_steps.js").Way} Way */
/** @typedef {import("../model/first_steps.js").Wish} Wish */

const STAGES = /** @type {const} */ ([t("shared.database"), t("welcome.system_database"), t("shared.review")]);
const TITLES = { create: t("welcome.first_database"), open: t("shared.open_a_folder"), import: t("shared.import_a_file"), demo: t("welcome.try_the_demo") };
const ENDS = { create: t("shared.create_database"), open: t("shared.open_folder"), import: t("shared.choose_files"), demo: t("welcome.make_the_shop") };
const NEXTS = [t("welcome.next_system_database"), t("welcome.next_review")];

class SopWelcome extends Part {
  constructor() {
    super();
    this.wish = firstWish();
    this.step = 0;
    this.error = "";
    this.fault = { field: "", text: "" };
    this.busy = false;
    const boot = parse(document.getElementById("boot")?.textContent || "{}");
    /** @type {import("../model/first_steps.js").Facts} */
    this.facts = { needed: true, data_root: boot.data_root || "./sop-data", roots: [], system: { path: `${boot.data_root || "./sop-data"}/system`, exists: false, fixed: false }, variables: [] };
    this.api = new Api();
    this.session = new Session({ api: this.api, storage: localStorage, boot: { databases: [], stores: [], formats: boot.formats } });
    document.getElementById("ways")?.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest("[data-way]") : null;
      if (button) this.choose(/** @type {Way} */ (button.getAttribute("data-way")));
    });
    wireDrop({ session: this.session, importing: (files) => this.importing(files) });
    const way = new URLSearchParams(location.search).get("way");
    if (way && way in TITLES) this.choose(/** @type {Way} */ (way), true);
    void this.read();
  }

  /** What the server finds around it. */
  async read() {
    try {
      this.facts = await this.api.get(path("setup"));
      this.requestUpdate();
    } catch {
      // Where files will lie is said a little less exactly then; making them says what is wrong.
    }
  }

  /** @param {Partial<Wish>} part */
  change(part) {
    this.wish = { ...this.wish, ...part };
    this.fault = { field: "", text: "" };
    this.requestUpdate();
  }

  /** @param {Way} way @param {boolean} [quiet] */
  choose(way, quiet = false) {
    this.change({ way });
    this.error = "";
    this.step = 0;
    for (const button of document.querySelectorAll("[data-way]")) {
      const on = button.getAttribute("data-way") === way;
      button.setAttribute("aria-pressed", String(on));
      button.closest("li")?.classList.toggle("on", on);
    }
    if (quiet) return;
    history.replaceState(null, "", way === "create" ? "/welcome" : `/welcome?way=${way}`);
    this.#focus();
  }

  #focus() {
    void this.updateComplete.then(() => /** @type {HTMLElement | null} */ (this.querySelector(".body input:not([type=radio]), .body input:checked, footer .main"))?.focus());
  }

  /** @param {number} step */
  go(step) {
    this.step = step;
    this.requestUpdate();
    announce(t("welcome.step_number_and_name", { step: step + 1, name: STAGES[step] }));
    this.#focus();
  }

  /** Back to the beginning; nothing was made. */
  cancel() {
    const { way } = this.wish;
    this.wish = { ...firstWish(), way };
    this.error = "";
    this.go(0);
  }

  render() {
    const { way } = this.wish;
    const long = way !== "import";
    const steps = { wish: this.wish, facts: this.facts, fault: this.fault, change: (/** @type {Partial<Wish>} */ part) => this.change(part), browse: (/** @type {string} */ start, /** @type {boolean} */ databases, /** @type {(path: string) => void} */ done) => chooseFolder({ api: this.api, start, databases, done }) };
    const able = !this.busy && stuck(this.wish, this.facts, this.step) === undefined;
    const ends = this.step === 2 || way === "import" || (way === "demo" && this.step === 0);
    return html`<form class="card wizard" aria-labelledby="way-title" @submit=${this.#submit}>${long
      ? html`<h2 class="unseen" id="way-title">${TITLES[way]}</h2><ol class="stages" aria-label=${t("shared.steps")}>${STAGES.map((name, at) => html`<li aria-current=${at === this.step ? "step" : nothing} class=${at < this.step ? "done" : ""}>${at < this.step ? html`<button type="button" class="plain" @click=${() => this.go(at)}>${name}</button>` : name}</li>`)}</ol>`
      : html`<h2 class="stages-title" id="way-title">${TITLES[way]}</h2>`}${fault(this.error)}
      <div class="body form">${this.step === 0 ? databaseStep(steps) : this.step === 1 ? systemStep(steps) : reviewStep(steps)}</div>
      <footer>${long ? html`<span class="small dim">${t("welcome.step_number", { step: this.step + 1 })}</span>` : nothing}<span class="grow"></span>
        ${this.step > 0 ? html`<button type="button" class="button quiet" ?disabled=${this.busy} @click=${() => this.cancel()}>${t("shared.cancel")}</button>` : nothing}${way === "demo" && this.step === 0 ? html`<button type="button" class="button quiet" @click=${() => this.go(1)}>${t("welcome.choose_folders")}</button>` : nothing}
        <button class="button main" ?disabled=${!able}>${this.busy ? t("shared.working") : ends ? ENDS[way] : NEXTS[this.step]}<kbd>↵</kbd></button></footer></form>`;
  }

  /** @param {Event} event */
  async #submit(event) {
    event.preventDefault();
    if (this.busy || stuck(this.wish, this.facts, this.step)) return;
    const { way } = this.wish;
    if (way === "import") return this.importing();
    if (this.step < 2 && !(way === "demo" && this.step === 0)) return this.go(this.step + 1);
    this.busy = true;
    this.error = "";
    this.requestUpdate();
    try {
      const made = await this.#make();
      location.assign(`/d/${encodeURIComponent(made)}`);
    } catch (error) {
      this.busy = false;
      this.#failed(error);
    }
  }

  /** Makes everything that was chosen; the name of the database. */
  async #make() {
    const made = await this.api.post(path("setup"), requestOf(this.wish));
    return /** @type {string} */ (made?.name ?? databaseName(this.wish));
  }

  /** A refusal stands at the field that it is about, in its step. @param {unknown} error */
  #failed(error) {
    const first = error instanceof ApiError ? error.problem.errors?.[0] : undefined;
    const text = error instanceof Error ? error.message : String(error);
    const { step, field } = placeOf(String(first?.pointer ?? ""));
    if (field) {
      this.fault = { field, text: first?.detail ?? text };
      this.go(step);
    } else this.error = text;
    this.requestUpdate();
  }

  /** Makes the database when the files are chosen. @param {File[]} [files] */
  importing(files) {
    if (files && this.wish.way !== "import") this.choose("import");
    const name = databaseName(this.wish);
    this.session.place.database = name;
    const dialog = importFiles({ session: this.session }, files, {
      prepare: async () => {
        if (this.session.databases.some((one) => one.name === name)) return;
        this.session.place.database = await this.#make();
        await this.session.readDatabases();
      },
      finished: () => location.assign(`/d/${encodeURIComponent(this.session.place.database ?? name)}`),
    });
    if (!files) dialog.choose();
  }
}

customElements.define("sop-welcome", SopWelcome);
