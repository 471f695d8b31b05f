// One entry of the audit: its line, and, opened, everything that it kept, as the review shows changes.

import { count, literal } from "../../core/format.js";
import { isObject, stringify } from "../../core/json.js";
import { keyOfOne, keyText, visible } from "../../core/keys.js";
import { WAYS, canRevert, changesOf, doing, lineOf, sequenceOf, storesOf } from "../../model/activity/audit.js";
import { t } from "../../strings/activity.js";
import { html, nothing } from "../../vendor/lit.js";
import { icon } from "../dom.js";
import { VERB, diffTable } from "../review.js";

const MOST_SHOWN = 20;

/** @typedef {import("../../model/activity/audit.js").AuditEntry} AuditEntry */
/** @typedef {import("../../model/activity/audit.js").AuditChange} AuditChange */
/** @typedef {{session: import("../../model/session.js").Session, all: boolean, showAll(): void, go(change: AuditChange): void, revert(entry: AuditEntry): void}} Around */

/** A key as the explorer and the grid write it. @param {import("../../model/session.js").Session} session @param {string | undefined} database @param {AuditChange} change */
export function keyOf(session, database, change) {
  const store = database === session.place.database ? session.storeNamed(change.store) : undefined;
  if (!store) return isObject(change.key) ? Object.values(change.key).map((one) => (typeof one === "string" ? visible(one) : stringify(one))).join(" / ") : typeof change.key === "string" ? visible(change.key) : stringify(change.key);
  return keyText(store.key, isObject(change.key) ? change.key : keyOfOne(store.key, change.key));
}

/** White space at the end, made visible. @param {unknown} value */
function shown(value) {
  const text = typeof value === "string" ? visible(value) : literal(value, 120);
  return text.replace(/ +$/, (spaces) => "␣".repeat(spaces.length));
}

/** @param {unknown} value @param {"s" | "b"} tag */
function side(value, tag) {
  if (value === undefined) return html`<span class="missing">·</span>`;
  if (value === null) return html`<span class="null">null</span>`;
  return tag === "s" ? html`<s>${shown(value)}</s>` : html`<b>${shown(value)}</b>`;
}

/** What an entry did, on one line. @param {AuditEntry} entry @param {import("../../model/session.js").Session} session */
export function summary(entry, session) {
  const line = lineOf(entry);
  const more = line.more ? html` <span class="dim">${visible(line.more)}</span>` : nothing;
  if (line.kind === "swap") return html`<span class="swap"><span class="soft">${line.field}</span> ${side(line.before, "s")} <span class="dim">→</span> ${side(line.after, "b")}</span>${more}`;
  if (line.kind === "item") return html`${line.verb} <span class="data">${keyOf(session, entry.database, line.change)}</span>${more}`;
  return html`<span class=${entry.outcome === "done" ? (line.code ? "data" : "") : "fail"}>${line.text}</span>${more}`;
}

/** @param {string} at */
export function clock(at) {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return at;
  return date.toLocaleTimeString("en-GB");
}

/** @param {string} at */
export function day(at) {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? "" : date.toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long", year: "numeric" });
}

/** @param {AuditEntry} entry @param {Around} around */
export function details(entry, around) {
  const { session } = around;
  const { detail } = entry;
  const changes = changesOf(entry);
  const sequence = sequenceOf(entry);
  const shownChanges = around.all ? changes : changes.slice(0, MOST_SHOWN);
  const facts = /** @type {[string, unknown][]} */ ([
    [t("shared.when"), new Date(entry.at).toLocaleString("en-GB")],
    [t("activity.who"), visible(entry.who)],
    [t("shared.what"), doing(entry)],
    ...(detail?.asked ? [[t("activity.asked"), String(detail.asked)]] : []),
    ...(detail?.approved_by ? [[t("activity.approved_by"), String(detail.approved_by)]] : []),
    [t("activity.outcome"), entry.outcome === "done" ? (Number(entry.changed) ? html`${t("shared.n_items", { n: Number(entry.changed) })}` : t("shared.done")) : html`<span class="fail">${entry.outcome === "refused" ? t("activity.refused") : t("shared.failed")}</span>`],
    ...(sequence ? [[t("shared.sequence"), count(sequence)]] : []),
  ]);
  const message = detail?.message ?? detail?.detail;
  const known = new Set(["changes", "sequence", "statement", "summary", "message", "detail", "code", "status", "import", "asked", "approved_by"]);
  const rest = isObject(detail) ? Object.fromEntries(Object.entries(detail).filter(([name, value]) => !known.has(name) && value !== null)) : {};
  const kept = Number(entry.changed) - changes.length;
  const readOnly = session.readOnly !== undefined || entry.database !== session.place.database;
  return html`<div class="card ${entry.way === "copilot" ? "ai" : ""}">
    <dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    ${message ? html`<p class="pad fail">${String(message)}</p>` : nothing}
    ${detail?.statement ? html`<pre class="request">${String(detail.statement).slice(0, 20_000)}</pre>` : nothing}
    ${detail?.import ? html`<p class="pad">${["read", "inserted", "updated", "failed"].filter((name) => detail.import[name] !== undefined).map((name, index) => html`${index ? ", " : ""}<b>${count(Number(detail.import[name]))}</b> ${{ read: t("activity.rows_read"), inserted: t("shared.new"), updated: t("shared.replaced"), failed: t("shared.bad") }[name]}`)}</p>` : nothing}
    ${shownChanges.map((change) => html`<div class="kept-change"><header><span class="tag ${change.op}">${VERB[change.op]}</span><code class="cut">${keyOf(session, entry.database, change)}</code>${storesOf(entry).length > 1 ? html`<span class="small dim">${change.store}</span>` : nothing}<span class="grow"></span>${entry.database && change.op !== "delete" ? html`<button class="button s quiet" @click=${() => around.go(change)}>${icon("jump", true)}${t("activity.open_item")}</button>` : nothing}</header>${diffTable({ ...change, version: 0 })}</div>`)}
    ${Object.keys(rest).length ? html`<pre class="request">${stringify(rest, 2).slice(0, 20_000)}</pre>` : nothing}
    <footer>${canRevert(entry) ? html`<button class="button s" ?disabled=${readOnly} title=${readOnly ? t("activity.open_its_database_first") : ""} @click=${() => around.revert(entry)}>${icon("undo", true)}${t("activity.undo_as_a_new_change")}</button>` : nothing}<span class="grow"></span>
      ${changes.length > shownChanges.length ? html`<button class="button s quiet" @click=${() => around.showAll()}>${t("shared.show_n_more", { n: count(changes.length - shownChanges.length) })}</button>` : kept > 0 && changes.length ? html`<span class="small dim">${t("activity.more_were_not_kept", { n: count(kept) })}</span>` : html`<span class="small dim">${t("activity.entry_number", { number: count(entry.number) })}</span>`}</footer></div>`;
}

/** @param {AuditEntry} entry */
export function wayOf(entry) {
  return WAYS[entry.way] ?? { title: visible(entry.way), icon: "activity" };
}
