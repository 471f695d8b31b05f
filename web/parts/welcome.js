// The card of the first page: one form for each way to begin.

import { Api, path } from "../core/http.js";
import { parse } from "../core/json.js";
import { Session } from "../model/session.js";
import { html, nothing } from "../vendor/lit.js";
import { lastPart } from "./create.js";
import { fault } from "./dialog.js";
import { Part, icon } from "./dom.js";
import { importFiles } from "./import_dialog.js";
import { wireDrop } from "./drop.js";

/** @typedef {"create" | "open" | "import" | "demo"} Way */

const TITLES = { create: "Create a database", open: "Open a folder", import: "Import a file", demo: "Try the demo" };
const MAIN = { create: "Create database", open: "Open folder", import: "Choose files", demo: "Make the shop" };

class SopWelcome extends Part {
  constructor() {
    super();
    /** @type {Way} */
    this.way = "create";
    /** @type {{[way: string]: string}} */
    this.names = { create: "shop", import: "data", open: "", demo: "shop" };
    this.folder = "";
    this.error = "";
    this.busy = false;
    const boot = parse(document.getElementById("boot")?.textContent || "{}");
    this.root = boot.data_root || "./sop-data";
    this.api = new Api();
    this.session = new Session({ api: this.api, storage: localStorage, boot: { databases: [], stores: [] } });
    document.getElementById("ways")?.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest("[data-way]") : null;
      if (button) this.choose(/** @type {Way} */ (button.getAttribute("data-way")));
    });
    wireDrop({ session: this.session, importing: (files) => this.importing(files) });
  }

  get name() {
    return this.names[this.way];
  }

  /** @param {Way} way */
  choose(way) {
    this.way = way;
    this.error = "";
    for (const button of document.querySelectorAll("[data-way]")) {
      const on = button.getAttribute("data-way") === way;
      button.setAttribute("aria-pressed", String(on));
      button.closest("li")?.classList.toggle("on", on);
    }
    this.requestUpdate();
    void this.updateComplete.then(() => /** @type {HTMLElement | null} */ (this.querySelector("input, .main"))?.focus());
  }

  render() {
    const able = !this.busy && (this.way === "create" ? this.name.trim() !== "" : this.way === "open" ? this.folder.trim() !== "" : true);
    return html`<form class="card wizard" aria-labelledby="way-title" @submit=${this.#submit}><h2 class="stages-title" id="way-title">${TITLES[this.way]}</h2>${fault(this.error)}
      <div class="body form">${this.#body()}</div>
      <footer><span class="small dim">${this.way === "demo" ? "Made by the program itself" : ""}</span><span class="grow"></span><button class="button main" ?disabled=${!able}>${this.busy ? "Working" : MAIN[this.way]}<kbd>↵</kbd></button></footer></form>`;
  }

  #body() {
    if (this.way === "demo") {
      return html`<p>A shop with users, products, orders and reviews: a few thousand items with relations, to look around in and to change as you like.</p><p class="soft">It becomes the database <b>shop</b> in <code>${this.root}/shop</code>.</p>`;
    }
    if (this.way === "open") {
      return html`<label>Folder<span class="field">${icon("folder", true)}<input class="data" placeholder="/path/to/database" autocomplete="off" spellcheck="false" .value=${this.folder} @input=${(/** @type {any} */ event) => { this.folder = event.target.value; this.requestUpdate(); }}></span><span class="hint">As this machine names it. It must lie under a folder that the server may use.</span></label>
        <label>Name<span class="field"><input autocomplete="off" spellcheck="false" placeholder=${lastPart(this.folder) || "as the folder"} .value=${this.name} @input=${(/** @type {any} */ event) => { this.names[this.way] = event.target.value; this.requestUpdate(); }}></span></label>`;
    }
    const shown = this.name.trim() || (this.way === "import" ? "data" : "");
    return html`<label>Name<span class="field"><input autocomplete="off" spellcheck="false" placeholder=${this.way === "import" ? "data" : "shop"} .value=${this.name} @input=${(/** @type {any} */ event) => { this.names[this.way] = event.target.value; this.requestUpdate(); }}></span></label>
      <label>Folder<span class="field">${icon("folder", true)}<input class="data" autocomplete="off" spellcheck="false" placeholder="${this.root}/${shown || "…"}" .value=${this.folder} @input=${(/** @type {any} */ event) => { this.folder = event.target.value; this.requestUpdate(); }}></span><span class="hint">Leave it empty to make the folder under the data root.</span></label>
      ${this.way === "import" ? html`<p class="soft">Then choose the files, or drop them anywhere on this page.</p>` : nothing}`;
  }

  /** @param {Event} event */
  async #submit(event) {
    event.preventDefault();
    if (this.busy) return;
    if (this.way === "import") return this.importing();
    if (this.way === "create" && !this.name.trim()) return;
    this.busy = true;
    this.error = "";
    this.requestUpdate();
    try {
      const name = this.way === "demo" ? "shop" : this.name.trim() || lastPart(this.folder);
      const made = await this.api.post(path("databases"), { name, path: this.way === "demo" ? undefined : this.folder.trim() || undefined });
      const database = made?.name ?? name;
      if (this.way === "demo") await this.api.post(path("databases", database, "demo"), { name: "shop" });
      location.assign(`/d/${encodeURIComponent(database)}`);
    } catch (error) {
      this.error = error instanceof Error ? error.message : String(error);
      this.busy = false;
      this.requestUpdate();
    }
  }

  /** Makes the database when the files are chosen. @param {File[]} [files] */
  importing(files) {
    const name = this.names.import.trim() || "data";
    this.session.place.database = name;
    const dialog = importFiles({ session: this.session }, files, {
      prepare: async () => {
        if (this.session.databases.some((one) => one.name === name)) return;
        const made = await this.api.post(path("databases"), { name, path: this.folder.trim() || undefined });
        this.session.place.database = made?.name ?? name;
        await this.session.readDatabases();
      },
      finished: () => location.assign(`/d/${encodeURIComponent(this.session.place.database ?? name)}`),
    });
    if (!files) dialog.choose();
  }
}

customElements.define("sop-welcome", SopWelcome);
