// The review of a design: what will be made or changed, as a whole, before anything is.

import { stringify } from "../../core/json.js";
import { createStatement } from "../../model/design/ddl.js";
import { changeOf, definitionOf, differences } from "../../model/design/definition.js";
import { NEW } from "../../model/design/drafts.js";
import { rich, t } from "../../strings/design.js";
import { html, nothing } from "../../vendor/lit.js";
import { Dialog, dialogHead, fault } from "../dialog.js";
import { icon } from "../dom.js";
import { proveField } from "../prove.js";
import { follow } from "./job_strip.js";

const WORDS = /** @type {{[name: string]: string}} */ ({ description: t("shared.description"), key: t("shared.key"), unique: t("design.unique"), slot_length: t("design.slot_length"), leaf_load_balancing: t("design.leaf_balancing"), placement: t("design.placement"), schema: t("shared.value"), relations: t("shared.relations"), cache: t("shared.cache") });

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
        left = ` ${t("design.its_seed_item_was_refused", { message: reason instanceof Error ? reason.message : String(reason) })}`;
      }
    }
    design.drafts?.keep(NEW, undefined);
    await Promise.all([session.readStores(), session.readDatabases()]);
    await design.go(name);
    session.say({ kind: left ? "warn" : "ok", text: `${t("design.name_is_made", { name })}${left}`, act: { title: t("shared.show_its_rows"), run: () => void session.go({ store: name, prefix: [] }) } });
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
      session.say({ kind: "ok", text: t("design.store_is_changed", { store }) });
      return;
    }
    const job = await session.api.post(session.path("stores", store, "reorder"), { key, confirm: typed });
    void follow(app, job).then(async (ended) => {
      if (ended.state === "finished") {
        await done();
        session.say({ kind: "ok", text: t("design.items_of_stand_in_the_new_order", { n: Number(ended.outcome.items), store }) });
      } else if (ended.state === "failed") refused(ended.error);
    });
  };
  const refused = (/** @type {any} */ problem) => new Dialog({
    label: t("design.the_order_was_refused"),
    className: "form-dialog",
    draw: (self) => html`${dialogHead(self, t("design.the_order_was_refused"))}${fault(problem.detail)}<div class="body scroll" tabindex="0"><ul class="fault-list">${(problem.errors ?? []).map((/** @type {any} */ one) => html`<li class="data">${one.detail}</li>`)}</ul></div><footer><span class="small dim">${t("design.your_draft_is_kept")}</span><span class="grow"></span><button class="button main" autofocus @click=${() => self.close()}>${t("shared.close")}</button></footer>`,
  });

  const what = fresh ? t("shared.new_store") : t("shared.change");
  const dialog = new Dialog({
    label: t("shared.review"),
    className: "review design-review",
    sticky: () => busy,
    draw: (self) => html`${dialogHead(self, fresh ? t("design.review_new_store") : t("design.review_changes_of_store", { store }), html`<span class="badge">${session.place.database}</span>`)}
      ${fault(error)}
      <div class="body scroll" tabindex="0">${list.length ? html`<ul class="fault-list">${list.map((one) => html`<li>${one}</li>`)}</ul>` : nothing}
        <section class="card" aria-label="${what} ${name}"><header><span class="tag ${fresh ? "insert" : "update"}">${what}</span><code class="cut">${name}</code>${items ? html`<span class="small dim">${t("shared.n_items", { n: items })}</span>` : nothing}</header>
          <table class="diff design-diff"><thead><tr><th class="c-name" scope="col">${t("design.setting")}</th>${fresh ? nothing : html`<th scope="col">${t("shared.before")}</th>`}<th scope="col">${fresh ? t("shared.value") : t("shared.after")}</th></tr></thead><tbody>${rows.map((one) => html`<tr><th scope="row">${WORDS[one.name] ?? one.name}</th>${fresh ? nothing : html`<td class="was">${one.was ? html`<s>${one.was}</s>` : html`<span class="dim">${t("shared.nothing")}</span>`}</td>`}<td class="now">${one.now ? html`<b>${one.now}</b>` : html`<span class="dim">${t("shared.nothing")}</span>`}</td></tr>`)}</tbody></table></section>
        ${fresh ? html`<section class="card" aria-label=${t("shared.statement")}><header><b>${t("design.the_same_as_sql")}</b></header><pre class="request" tabindex="0">${createStatement(draft)}</pre></section>` : nothing}
        ${draft.seed && fresh ? html`<section class="card" aria-label=${t("design.seed_item")}><header><span class="tag insert">${t("shared.insert")}</span><b>${t("design.seed_item")}</b></header><pre class="request" tabindex="0">${stringify(draft.seed, 2)}</pre></section>` : nothing}
        ${reorders ? html`<p class="held-why">${icon("lock", true)}<span>${t("design.all_items_are_checked_against_the_new", { n: items })}</span></p>` : nothing}</div>
      <footer>${prove ? proveField(session, { word, typed, change: (next) => { typed = next; self.draw(); }, said: reorders ? rich("design.type_to_rebuild_it", { word: html`<b>${word}</b>` }) : undefined }) : html`<span class="small dim">${fresh && draft.seed ? t("design.the_store_then_its_item") : t("shared.one_transaction")}</span>`}<span class="grow"></span>
        <button class="button quiet" @click=${() => self.close()}>${t("shared.cancel")}<kbd>Esc</kbd></button><button class="button ${reorders ? "risk" : "main"}" autofocus ?disabled=${held()} @click=${write}>${busy ? t("shared.working") : fresh ? t("design.create_store") : reorders ? t("design.rebuild") : t("design.apply_changes")}<kbd>Ctrl ↵</kbd></button></footer>`,
  });
  dialog.element.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void write();
  });
}
