// The review of a design: what will be made or changed, as a whole, before anything is.

import { counted } from "../../core/format.js";
import { stringify } from "../../core/json.js";
import { createStatement } from "../../model/design/ddl.js";
import { changeOf, definitionOf, differences } from "../../model/design/definition.js";
import { NEW } from "../../model/design/drafts.js";
import { html, nothing } from "../../vendor/lit.js";
import { Dialog, dialogHead, fault } from "../dialog.js";
import { icon } from "../dom.js";
import { follow } from "./job_strip.js";

const WORDS = /** @type {{[name: string]: string}} */ ({ description: "Description", key: "Key", unique: "Unique", slot_length: "Slot length", leaf_load_balancing: "Leaf balancing", placement: "Placement", schema: "Value", relations: "Relations", cache: "Cache" });

/** @param {import("../context.js").Context} app @param {import("./designer.js").SopDesign} design @param {string} store */
export function reviewDesign(app, design, store) {
  const { session } = app;
  const draft = design.draft(store);
  const fresh = store === NEW;
  const name = draft.name.trim();
  const after = definitionOf(draft);
  const before = fresh ? undefined : design.definition(store);
  const rows = differences(before, after).filter((one) => one.name !== "name");
  const items = Number(session.storeNamed(store)?.count ?? 0);
  const reorders = !fresh && items > 0 && rows.some((one) => one.name === "key");
  const confirm = session.environment?.mode === "confirm";
  const prove = reorders || confirm;
  // A store that is not there yet cannot be named: the database is.
  const word = fresh ? (session.place.database ?? "") : name;
  let typed = "";
  let busy = false;
  let error = "";
  /** @type {string[]} */
  let list = [];
  const held = () => busy || (prove && typed !== word);

  const write = async () => {
    if (held()) return;
    busy = true;
    error = "";
    list = [];
    dialog.draw();
    try {
      await session.api.confirming(confirm ? typed : "", () => (fresh ? create() : change()));
      dialog.close();
    } catch (reason) {
      error = reason instanceof Error ? reason.message : String(reason);
      list = /** @type {any} */ (reason).problem?.errors?.map((/** @type {any} */ one) => one.detail).filter((/** @type {string} */ one) => one && one !== error) ?? [];
      busy = false;
      dialog.draw();
    }
  };
  const create = async () => {
    await session.api.post(session.path("stores"), after);
    let left = "";
    if (draft.seed) {
      try {
        await session.api.post(session.path("stores", name, "items"), draft.seed);
      } catch (reason) {
        left = ` Its seed item was refused: ${reason instanceof Error ? reason.message : String(reason)}`;
      }
    }
    design.drafts?.keep(NEW, undefined);
    await Promise.all([session.readStores(), session.readDatabases()]);
    await design.go(name);
    session.say({ kind: left ? "warn" : "ok", text: `${name} is made.${left}`, act: { title: "Show its rows", run: () => void session.go({ store: name, prefix: [] }) } });
  };
  const change = async () => {
    const body = /** @type {{[name: string]: unknown}} */ (changeOf(before, after));
    const key = body.key;
    if (reorders) delete body.key;
    if (Object.keys(body).length) await session.api.json("PATCH", session.path("stores", store), { body });
    const done = async () => {
      design.drafts?.keep(store, undefined);
      await session.written([store]);
      design.applied();
    };
    if (!reorders) {
      await done();
      session.say({ kind: "ok", text: `${store} is changed.` });
      return;
    }
    const job = await session.api.post(session.path("stores", store, "reorder"), { key, confirm: typed });
    void follow(app, job).then(async (ended) => {
      if (ended.state === "finished") {
        await done();
        session.say({ kind: "ok", text: `${counted(Number(ended.outcome.items), "item")} of ${store} stand in the new order.` });
      } else if (ended.state === "failed") refused(ended.error);
    });
  };
  const refused = (/** @type {any} */ problem) => new Dialog({
    label: "The order was refused",
    className: "form-dialog",
    draw: (self) => html`${dialogHead(self, "The order was refused")}${fault(problem.detail)}<div class="body scroll" tabindex="0"><ul class="fault-list">${(problem.errors ?? []).map((/** @type {any} */ one) => html`<li class="data">${one.detail}</li>`)}</ul></div><footer><span class="small dim">Your draft is kept</span><span class="grow"></span><button class="button main" autofocus @click=${() => self.close()}>Close</button></footer>`,
  });

  const what = fresh ? "New store" : "Change";
  const dialog = new Dialog({
    label: "Review",
    className: "review design-review",
    sticky: () => busy,
    draw: (self) => html`${dialogHead(self, fresh ? "Review new store" : `Review changes of ${store}`, html`<span class="badge">${session.place.database}</span>`)}
      ${fault(error)}
      <div class="body scroll" tabindex="0">${list.length ? html`<ul class="fault-list">${list.map((one) => html`<li>${one}</li>`)}</ul>` : nothing}
        <section class="card" aria-label="${what} ${name}"><header><span class="tag ${fresh ? "insert" : "update"}">${what}</span><code class="cut">${name}</code>${items ? html`<span class="small dim">${counted(items, "item")}</span>` : nothing}</header>
          <table class="diff design-diff"><thead><tr><th class="c-name" scope="col">Setting</th>${fresh ? nothing : html`<th scope="col">Before</th>`}<th scope="col">${fresh ? "Value" : "After"}</th></tr></thead><tbody>${rows.map((one) => html`<tr><th scope="row">${WORDS[one.name] ?? one.name}</th>${fresh ? nothing : html`<td class="was">${one.was ? html`<s>${one.was}</s>` : html`<span class="dim">nothing</span>`}</td>`}<td class="now">${one.now ? html`<b>${one.now}</b>` : html`<span class="dim">nothing</span>`}</td></tr>`)}</tbody></table></section>
        ${fresh ? html`<section class="card" aria-label="Statement"><header><b>The same as SQL</b></header><pre class="request" tabindex="0">${createStatement(draft)}</pre></section>` : nothing}
        ${draft.seed && fresh ? html`<section class="card" aria-label="Seed item"><header><span class="tag insert">Insert</span><b>Seed item</b></header><pre class="request" tabindex="0">${stringify(draft.seed, 2)}</pre></section>` : nothing}
        ${reorders ? html`<p class="held-why">${icon("lock", true)}<span>All ${counted(items, "item")} are checked against the new order and written anew, in one transaction that reads go on beside. If one item does not fit, or somebody writes to the store meanwhile, nothing is changed.</span></p>` : nothing}</div>
      <footer>${prove ? html`<label class="prove">Type <b>${word}</b> to ${reorders ? "rebuild it" : html`write to <span class=${session.environment?.colour ?? ""}><span class="env">${session.environment?.name}</span></span>`}<span class="field"><input autocomplete="off" spellcheck="false" .value=${typed} @input=${(/** @type {any} */ event) => { typed = event.target.value; self.draw(); }}>${typed === word ? icon("check", true) : nothing}</span></label>` : html`<span class="small dim">${fresh && draft.seed ? "The store, then its item" : "One transaction"}</span>`}<span class="grow"></span>
        <button class="button quiet" @click=${() => self.close()}>Cancel<kbd>Esc</kbd></button><button class="button ${reorders ? "risk" : "main"}" autofocus ?disabled=${held()} @click=${write}>${busy ? "Working" : fresh ? "Create store" : reorders ? "Rebuild" : "Apply changes"}<kbd>Ctrl ↵</kbd></button></footer>`,
  });
  dialog.element.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void write();
  });
}
