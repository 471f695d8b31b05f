// Review: everything that is staged, before and after, with its conflicts; then one transaction.

import { ApiError } from "../core/http.js";
import { count, literal } from "../core/format.js";
import { isObject, stringify } from "../core/json.js";
import { keyText } from "../core/keys.js";
import { entryId, fieldChanges, overlap, resolve } from "../model/change_set.js";
import { inverse } from "../model/commits.js";
import { t } from "../strings/review.js";
import { html, nothing } from "../vendor/lit.js";
import { Dialog, fault } from "./dialog.js";
import { copyText, icon } from "./dom.js";
import { proveField, wordFor } from "./prove.js";

/** @typedef {import("../model/change_set.js").Entry} Entry */
/** @typedef {{code: string, detail?: string, current: {value: any, version: number} | null, answer?: "theirs" | "mine" | "leave"}} Conflict */

const MOST_CARDS = 200;
const MOST_FIELDS = 12;
const MOST_RANKED = 50;

/** What is done to an item, in a word. */
export const VERB = { insert: t("shared.insert"), update: t("shared.update"), delete: t("shared.delete") };

/** Opens the review. @param {import("./context.js").Context} app */
export function review(app) {
  new Review(app);
}

/**
 * Stages what takes a commit back, and opens the review: it is a change set like any other, and can be refused like one.
 * @param {import("./context.js").Context} app @param {import("../model/commits.js").Commit} commit
 */
export async function revert(app, commit) {
  const { session } = app;
  if (session.place.database !== commit.database) return session.say({ kind: "warn", text: t("review.that_commit_belongs_to", { database: commit.database }) });
  const entries = inverse(commit.preview, commit.sequence);
  // What comes back is shown where it was; for many it is not worth the questions.
  if (entries.length <= MOST_RANKED) {
    await Promise.all(entries.filter((entry) => entry.op === "insert").map(async (entry) => {
      const answer = await session.api.get(session.path("stores", entry.store, "rank"), { key: stringify(entry.key) }).catch(() => undefined);
      if (answer) entry.rank = Number(answer.rank);
    }));
  }
  if (session.changes.stage(entries)) review(app);
}

class Review {
  /** @param {import("./context.js").Context} app */
  constructor(app) {
    this.app = app;
    /** @type {Map<string, Conflict>} */
    this.conflicts = new Map();
    /** @type {Map<string, string>} */
    this.faults = new Map();
    this.tab = "changes";
    this.error = "";
    this.busy = false;
    this.checked = false;
    this.typed = "";
    for (const entry of this.entries()) if (entry.left) app.session.changes.leave(entry, false);
    this.dialog = new Dialog({ label: t("shared.review"), className: "review", draw: () => this.draw(), sticky: () => this.busy });
    this.redraw = () => {
      if (app.session.changes.size === 0 && !this.busy) this.dialog.close();
      else this.dialog.draw();
    };
    app.session.changes.addEventListener("change", this.redraw);
    this.dialog.closed = () => app.session.changes.removeEventListener("change", this.redraw);
    this.dialog.element.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void this.commit();
    });
    void this.check();
  }

  entries() {
    return [...this.app.session.changes.entries.values()];
  }

  /** @param {Entry} entry */
  id(entry) {
    return entryId(entry.store, entry.key, entry.id);
  }

  /** Asks the server what the changes would meet, without writing. */
  async check() {
    const { session } = this.app;
    const entries = this.entries();
    try {
      const answer = await session.api.post(session.path("changes"), { changes: session.changes.request(entries), dry_run: true });
      this.take(entries, answer?.conflicts ?? []);
    } catch (error) {
      this.explain(error, entries);
    }
    this.checked = true;
    this.dialog.draw();
  }

  /** @param {Entry[]} entries @param {any[]} conflicts */
  take(entries, conflicts) {
    for (const conflict of conflicts) {
      const entry = entries[Number(conflict.index)];
      if (!entry) continue;
      /** @type {Conflict} */
      const found = { code: conflict.code, detail: conflict.detail, current: conflict.current ?? null };
      // Changes of other fields fit together: they are merged unless the person says otherwise.
      if (entry.op === "update" && found.current && !overlap(entry, found.current.value).length) found.answer = "mine";
      this.conflicts.set(this.id(entry), found);
    }
  }

  /** @param {unknown} error @param {Entry[]} entries */
  explain(error, entries) {
    this.error = "";
    if (error instanceof ApiError) {
      const conflicts = error.problem.conflicts ?? [];
      this.take(entries, conflicts);
      let placed = conflicts.length;
      for (const one of error.problem.errors ?? []) {
        const index = /^#?\/changes\/(\d+)/.exec(one.pointer ?? "")?.[1];
        const entry = index === undefined ? undefined : entries[Number(index)];
        // A conflict is said by its own bar, with its answers.
        if (!entry || this.conflicts.has(this.id(entry))) continue;
        this.faults.set(this.id(entry), one.detail ?? error.message);
        placed += 1;
      }
      if (!placed) this.error = error.message;
    } else this.error = error instanceof Error ? error.message : String(error);
  }

  /** What will be sent, with the answers to conflicts applied. */
  planned() {
    /** @type {{send: Entry[], drop: Entry[], open: number}} */
    const plan = { send: [], drop: [], open: 0 };
    for (const entry of this.entries()) {
      const conflict = this.conflicts.get(this.id(entry));
      if (!conflict) plan.send.push(entry);
      else if (conflict.answer === undefined) plan.open += 1;
      else if (conflict.answer !== "leave") {
        const next = resolve(entry, conflict.current, conflict.answer);
        if (next) plan.send.push(next);
        else plan.drop.push(entry);
      }
    }
    return plan;
  }

  /** The store's name has to be typed where the environment asks for it. */
  word() {
    return wordFor(this.app.session, [...new Set(this.entries().map((entry) => entry.store))]);
  }

  async commit() {
    const { session } = this.app;
    const plan = this.planned();
    if (this.busy || plan.open || (this.word() && this.typed !== this.word())) return;
    this.busy = true;
    this.error = "";
    this.faults.clear();
    this.dialog.draw();
    try {
      let sequence = 0;
      /** @type {import("../model/commits.js").Commit | undefined} */
      let commit;
      if (plan.send.length) {
        const answer = await session.api.confirming(this.typed, () => session.api.post(session.path("changes"), { changes: session.changes.request(plan.send) }));
        sequence = answer.sequence;
        commit = { database: session.place.database ?? "", sequence, preview: answer.preview ?? [], at: new Date() };
        session.commits.add(commit);
      }
      const stores = [...new Set(plan.send.map((entry) => entry.store))];
      session.changes.committed([...plan.send, ...plan.drop]);
      this.busy = false;
      this.dialog.close();
      session.say({ kind: "ok", text: plan.send.length ? t("review.changes_committed_in_one_transaction", { n: plan.send.length, sequence: count(sequence) }) : t("review.nothing_was_left_to_write"), act: commit && session.commits.list.includes(commit) ? { title: t("review.revert"), run: () => void revert(this.app, /** @type {any} */ (commit)) } : undefined });
      await session.written(stores.length ? stores : plan.drop.map((entry) => entry.store));
    } catch (error) {
      this.busy = false;
      this.explain(error, plan.send);
      this.dialog.draw();
    }
  }

  draw() {
    const entries = this.entries();
    const plan = this.planned();
    const stores = [...new Set(entries.map((entry) => entry.store))];
    const word = this.word();
    const held = this.busy || plan.open > 0 || (word !== "" && this.typed !== word) || this.app.session.readOnly !== undefined;
    const tabs = [["changes", t("shared.changes")], ["request", t("review.request")]];
    return html`<header><h1>${t("shared.review_n_changes", { n: entries.length })}</h1>${stores.slice(0, 4).map((name) => html`<span class="badge">${name}</span>`)}<span class="grow"></span><button class="button only s quiet" aria-label=${t("shared.close")} @click=${() => this.dialog.close()}>${icon("x", true)}</button></header>
      <div class="subtabs"><div role="tablist" aria-label=${t("shared.review")}>${tabs.map(([id, title]) => html`<button role="tab" aria-selected=${String(this.tab === id)} aria-controls="review-body" @click=${() => this.show(id)}>${title}${id === "changes" ? html` <span class="badge">${entries.length}</span>` : nothing}</button>`)}</div><div class="end"><span class="small dim">${t("shared.one_transaction")}${this.checked ? "" : ` ${t("review.checking")}`}</span></div></div>
      ${fault(this.error)}
      <div class="body scroll" id="review-body" role="tabpanel" aria-label=${this.tab === "changes" ? t("shared.changes") : t("review.request")} tabindex="0">${this.tab === "changes" ? html`${entries.slice(0, MOST_CARDS).map((entry) => this.card(entry))}${entries.length > MOST_CARDS ? html`<p class="dim">${t("review.and_n_more_changes", { n: entries.length - MOST_CARDS })}</p>` : nothing}` : this.request(plan.send)}</div>
      <footer>${word ? proveField(this.app.session, { word, typed: this.typed, change: (typed) => { this.typed = typed; this.dialog.draw(); } }) : plan.open ? html`<span class="held">${t("review.n_conflicts_to_answer", { n: plan.open })}</span>` : nothing}<span class="grow"></span>
        <button class="button quiet" @click=${() => this.dialog.close()}>${t("shared.cancel")}<kbd>Esc</kbd></button><button class="button ${word ? "risk" : "main"}" autofocus ?disabled=${held} @click=${() => this.commit()}>${this.busy ? t("shared.committing") : t("shared.commit_n_changes", { n: plan.send.length })}<kbd>Ctrl ↵</kbd></button></footer>`;
  }

  /** @param {string} tab */
  show(tab) {
    this.tab = tab;
    this.dialog.draw();
  }

  /** @param {Entry[]} entries */
  request(entries) {
    const { session } = this.app;
    const text = stringify({ changes: session.changes.request(entries) }, 2);
    return html`<section class="card" aria-label=${t("review.request")}><header><code>POST ${session.path("changes")}</code><span class="grow"></span><button class="button s quiet" @click=${() => copyText(text)}>${icon("copy", true)}${t("shared.copy")}</button></header><pre class="request">${text.slice(0, 200_000)}</pre></section>`;
  }

  /** @param {Entry} entry */
  card(entry) {
    const { session } = this.app;
    const store = session.storeNamed(entry.store);
    const key = store ? keyText(store.key, entry.key) : stringify(entry.key);
    const conflict = this.conflicts.get(this.id(entry));
    const wrong = this.faults.get(this.id(entry));
    return html`<section class="card" aria-label="${VERB[entry.op]} ${key}">
      <header><span class="tag ${entry.op}">${VERB[entry.op]}</span><code class="cut">${key}</code>${this.manyStores() ? html`<span class="small dim">${entry.store}</span>` : nothing}<span class="grow"></span><span class="small dim nowrap">${entry.op === "insert" ? t("review.new_key") : t("shared.version_within", { version: count(entry.version ?? 0) })}</span><button class="button only s quiet" aria-label=${t("review.unstage")} title=${t("review.unstage")} @click=${() => this.unstage(entry)}>${icon("undo", true)}</button></header>
      ${diffTable(entry)}${conflict ? this.clash(entry, conflict) : nothing}${wrong ? html`<div class="clash bad" role="alert">${icon("warning")}<p class="grow">${wrong}</p></div>` : nothing}</section>`;
  }

  manyStores() {
    return new Set(this.entries().map((entry) => entry.store)).size > 1;
  }

  /** @param {Entry} entry */
  unstage(entry) {
    this.conflicts.delete(this.id(entry));
    this.faults.delete(this.id(entry));
    this.app.session.changes.unstage([entry]);
  }

  /** @param {Entry} entry @param {Conflict} conflict */
  clash(entry, conflict) {
    const { current } = conflict;
    const both = current && entry.op === "update" ? overlap(entry, current.value) : [];
    const one = both.length === 1 && both[0] !== "" ? both[0] : undefined;
    const version = current ? html`<span class="soft">${t("review.version_is", { version: count(current.version) })}</span>` : nothing;
    const what = current === null
      ? html`<b>${t("review.the_item_is_gone")}</b> <span class="soft">${t("review.somebody_deleted_it_meanwhile")}</span>`
      : entry.op === "insert"
        ? html`<b>${t("review.this_key_exists_already")}</b> ${version}`
        : one !== undefined
          ? html`<b>${t("review.one_changed_meanwhile", { one })}</b> <span class="soft">${t("review.it_is_current_now", { current: literal(current.value[one], 60) })}</span> ${version}`
          : both.length
            ? html`<b>${t("review.both_changed_meanwhile", { both: both.filter(Boolean).join(", ") || t("review.the_value") })}</b> ${version}`
            : entry.op === "delete" ? html`<b>${t("review.the_item_changed_meanwhile")}</b> ${version}` : html`<b>${t("review.other_fields_changed_meanwhile")}</b> <span class="soft">${t("review.both_changes_fit_together")}</span> ${version}`;
    const theirs = current === null ? t("review.let_it_go") : one === undefined ? t("shared.take_theirs") : t("review.take_current", { current: literal(current.value[one], 24) });
    const mine = current === null ? (entry.op === "delete" ? t("review.done_already") : t("review.insert_again")) : entry.op === "delete" ? t("review.delete_anyway") : entry.op === "insert" ? t("review.replace_it") : one === undefined ? t("review.keep_mine") : t("review.keep_after", { after: literal(entry.after?.[one], 24) });
    const answers = /** @type {const} */ ([["theirs", theirs], ["mine", mine], ["leave", t("shared.leave_out")]]);
    return html`<div class="clash">${icon("warning")}<p class="grow">${what}</p><div class="choice" role="radiogroup" aria-label=${t("shared.conflict")}>${answers.map(([answer, title], index) => html`<button role="radio" aria-checked=${String(conflict.answer === answer)} tabindex=${conflict.answer === answer || (conflict.answer === undefined && index === 0) ? 0 : -1} @click=${() => this.answer(conflict, answer)} @keydown=${(/** @type {KeyboardEvent} */ event) => this.radioKey(event, conflict, index)}>${title}</button>`)}</div></div>`;
  }

  /** @param {Conflict} conflict @param {"theirs" | "mine" | "leave"} answer */
  answer(conflict, answer) {
    conflict.answer = answer;
    this.dialog.draw();
  }

  /** @param {KeyboardEvent} event @param {Conflict} conflict @param {number} index */
  radioKey(event, conflict, index) {
    const step = event.key === "ArrowRight" || event.key === "ArrowDown" ? 1 : event.key === "ArrowLeft" || event.key === "ArrowUp" ? 2 : 0;
    if (!step) return;
    event.preventDefault();
    const next = (index + step) % 3;
    const group = /** @type {HTMLElement} */ (event.currentTarget).parentElement;
    this.answer(conflict, /** @type {const} */ (["theirs", "mine", "leave"])[next]);
    /** @type {HTMLElement | undefined} */ (group?.children[next])?.focus();
  }
}

/** The fields that an entry changes, before and after. @param {Entry} entry */
export function diffTable(entry) {
  const changes = entry.op === "update"
    ? fieldChanges(entry.before, entry.after)
    : entry.op === "insert"
      ? (isObject(entry.after) && Object.keys(entry.after).length ? fieldChanges(undefined, entry.after) : [{ name: "", before: undefined, after: entry.after }])
      : (isObject(entry.before) ? fieldChanges(entry.before, undefined) : [{ name: "", before: entry.before, after: undefined }]);
  const shown = changes.slice(0, MOST_FIELDS);
  return html`<table class="diff"><colgroup><col class="c-name"><col><col></colgroup><thead class="unseen"><tr><th scope="col">${t("shared.field")}</th><th scope="col">${t("shared.before")}</th><th scope="col">${t("shared.after")}</th></tr></thead><tbody>
    ${shown.map(({ name, before, after }) => html`<tr><th scope="row" title=${name}>${name || t("shared.value_within")}</th>${before === undefined ? html`<td><span class="missing">·</span></td>` : html`<td class="was" title=${literal(before, 2000)}><s>${literal(before)}</s></td>`}${after === undefined ? html`<td><span class="missing">·</span></td>` : html`<td class="now" title=${literal(after, 2000)}><b>${literal(after)}</b></td>`}</tr>`)}
    ${changes.length > shown.length ? html`<tr><th scope="row" class="soft">${t("review.n_more_fields", { n: changes.length - shown.length })}</th><td colspan="2" class="soft">${t("review.in_the_request")}</td></tr>` : nothing}</tbody></table>`;
}
