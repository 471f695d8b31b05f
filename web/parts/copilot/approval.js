// A change that the copilot proposes: what it would do, before and after, and the person's word on it.
//
// Holds: nothing is decided by the page; it shows what the server bound to the approval and sends the hash of just that.

import { count, literal } from "../../core/format.js";
import { isObject } from "../../core/json.js";
import { SEPARATOR } from "../../core/keys.js";
import { fieldChanges } from "../../model/change_set.js";
import { t } from "../../strings/copilot.js";
import { html, nothing } from "../../vendor/lit.js";
import { icon } from "../dom.js";
import { changeKey, changeView, changesDialog, entryOf } from "../query/changes_dialog.js";
import { block } from "./call.js";

/** @typedef {import("../../model/chat.js").Call} Call */
/** @typedef {{op: string, store: string, key: any, before?: any, after?: any}} Row */

const SHOWN = 3;
const VERB = /** @type {{[op: string]: string}} */ ({ insert: t("copilot.insert_into"), update: t("shared.update"), delete: t("copilot.delete_from"), upsert: t("copilot.write_to"), patch: t("shared.update") });
const CLASSES = /** @type {{[name: string]: string}} */ ({ read: t("copilot.read"), write: t("shared.write"), admin: t("shared.admin") });

/** What the button of a proposal says, by what is done. */
const APPROVE = /** @type {{[op: string]: (how: {n: number}) => string}} */ ({
  insert: (how) => t("copilot.approve_n_inserts", how),
  update: (how) => t("copilot.approve_n_updates", how),
  delete: (how) => t("copilot.approve_n_deletes", how),
  change: (how) => t("copilot.approve_n_changes", how),
});

/** What a proposal is about. @param {Call} call */
export function proposal(call) {
  const { changeset, affected } = call.approval ?? {};
  /** @type {Row[]} */
  const rows = Array.isArray(changeset?.rows) ? changeset.rows : Array.isArray(changeset) ? changeset : [];
  const total = Number(affected ?? changeset?.count ?? rows.length);
  const stores = [...new Set(rows.map((row) => String(row.store)))];
  const ops = [...new Set(rows.map((row) => (row.op === "patch" ? "update" : row.op)))];
  const op = ops.length === 1 && /^(insert|update|delete)$/.test(ops[0]) ? ops[0] : "change";
  const title = ops.length === 1 && stores.length === 1 ? `${VERB[ops[0]] ?? t("shared.change")} ${stores[0]}` : stores.length ? t("shared.change_name", { name: stores.join(", ") }) : call.approval?.script ? t("shared.run_a_script") : call.tool.replaceAll("_", " ");
  return { rows, total, stores, op, title };
}

/** @param {import("./dock.js").SopCopilot} dock @param {Call} call */
export function approvalView(dock, call) {
  const approval = /** @type {import("../../model/chat.js").Approval} */ (call.approval);
  const { rows, total, stores, op, title } = proposal(call);
  const waits = approval.state === "waiting" || approval.state === "sending";
  const risky = op === "delete" || approval.class === "admin";
  return html`<section class="card ai approval ${approval.state}" aria-label=${t("copilot.proposed_change")}>
    <header>${icon(op === "delete" ? "trash" : "edit", true)}<h3 class="cut">${title}</h3><span class="tag ${waits ? "ai" : approval.state === "applied" ? "insert" : "update"}">${STATES[approval.state]}</span><span class="grow"></span>${rows.length ? html`<button class="button s quiet" @click=${() => openReview(dock, call)}>${t("copilot.open_in_review")}</button>` : nothing}</header>
    <dl class="facts"><div><dt>${t("copilot.affected")}</dt><dd class="big">${count(total)}</dd></div>${stores.length ? html`<div><dt>${t("copilot.of")}</dt><dd>${ofWhat(dock, stores)}</dd></div>` : nothing}<div><dt>${t("copilot.class")}</dt><dd class=${risky ? "fail" : ""}>${CLASSES[approval.class] ?? approval.class}</dd></div>${waits && approval.expires ? html`<div><dt>${t("copilot.waits")}</dt><dd>${left(approval.expires)}</dd></div>` : nothing}</dl>
    ${total === 0 && waits ? html`<p class="pad soft">${t("copilot.no_item_matches")}</p>` : nothing}
    ${changesTable(dock, call, rows, total)}
    ${approval.statement ? html`<details class="statement"><summary>${t("shared.statement")}</summary>${block(t("shared.statement"), t("copilot.copy_statement"), approval.statement)}</details>` : nothing}
    ${approval.script ? html`<details class="statement"><summary>${t("shared.script")}</summary>${block(t("shared.script"), t("copilot.copy_script"), typeof approval.script === "string" ? approval.script : JSON.stringify(approval.script, null, 2))}</details>` : nothing}
    ${waits ? askView(dock, call, total, op, risky) : outcome(dock, call)}</section>`;
}

const STATES = { waiting: t("shared.proposed"), sending: t("shared.proposed"), applied: t("copilot.applied"), denied: t("copilot.denied"), expired: t("copilot.expired"), conflict: t("shared.conflict"), failed: t("copilot.not_applied") };

/** @param {import("./dock.js").SopCopilot} dock @param {string[]} stores */
function ofWhat(dock, stores) {
  const known = stores.map((name) => dock.app?.session.storeNamed(name)?.count).filter((one) => one !== undefined);
  const items = known.reduce((sum, one) => sum + Number(one), 0);
  return known.length === stores.length ? `${t("shared.n_items", { n: items })}, ${t("shared.n_stores", { n: stores.length })}` : t("shared.n_stores", { n: stores.length });
}

/** @param {number} expires */
function left(expires) {
  const seconds = Math.max(0, Math.round((expires - Date.now()) / 1000));
  return seconds >= 90 ? t("copilot.n_minutes", { n: Math.round(seconds / 60) }) : t("shared.n_seconds", { n: seconds });
}

/** The first changes: one line each where all change the same field, else a card each. @param {import("./dock.js").SopCopilot} dock @param {Call} call @param {Row[]} rows @param {number} total */
function changesTable(dock, call, rows, total) {
  if (!rows.length) return nothing;
  const entries = rows.slice(0, SHOWN).map(entryOf);
  const names = entries.map((entry) => (entry.op === "update" && isObject(entry.before) && isObject(entry.after) ? fieldChanges(entry.before, entry.after).map((change) => change.name) : []));
  const field = names.every((list) => list.length === 1 && list[0] === names[0][0]) ? names[0][0] : undefined;
  const rest = total - Math.min(rows.length, SHOWN);
  const more = rest > 0 ? html`<button class="plain-link" @click=${() => openReview(dock, call)}>${t("shared.n_more", { n: count(rest) })}${field === undefined ? "" : t("copilot.in_the_review")}</button>` : nothing;
  if (field === undefined) return html`<div class="changes">${entries.map((entry, at) => changeView(dock.app?.session, rows[at], false))}${rest > 0 ? html`<p class="pad">${more}</p>` : nothing}</div>`;
  const keys = entries.map((_, at) => changeKey(dock.app?.session, rows[at]));
  const head = sharedParts(keys);
  return html`<table class="diff"><thead><tr><th class="c-k" scope="col" title=${head || nothing}>${head ? `${head}…` : t("shared.key")}</th><th scope="col">${t("copilot.field_before", { field })}</th><th scope="col">${t("shared.after")}</th></tr></thead><tbody>
    ${entries.map((entry, at) => html`<tr><td class="c-k" title=${keys[at]}>${keys[at].slice(head.length)}</td><td class="was" title=${literal(entry.before[field])}><s>${literal(entry.before[field], 80)}</s></td><td class="now" title=${literal(entry.after[field])}><b>${literal(entry.after[field], 80)}</b></td></tr>`)}
    ${rest > 0 ? html`<tr><td colspan="3">${more}</td></tr>` : nothing}</tbody></table>`;
}

/** The leading parts that all keys have in common: said once, so that what tells them apart has room. @param {string[]} keys */
export function sharedParts(keys) {
  if (keys.length < 2) return "";
  const parts = keys.map((key) => key.split(SEPARATOR));
  let same = 0;
  while (same < parts[0].length - 1 && parts.every((one) => one.length > same + 1 && one[same] === parts[0][same])) same += 1;
  return same ? parts[0].slice(0, same).join(SEPARATOR) + SEPARATOR : "";
}

/** @param {import("./dock.js").SopCopilot} dock @param {Call} call @param {number} total @param {string} op @param {boolean} risky */
function askView(dock, call, total, op, risky) {
  const approval = /** @type {import("../../model/chat.js").Approval} */ (call.approval);
  const busy = approval.state === "sending";
  const confirm = dock.app?.session.environment?.mode === "confirm" && Array.isArray(approval.changeset?.rows);
  const words = approval.changeset ? APPROVE[op]({ n: total }) : approval.script ? t("copilot.approve_the_run") : t("shared.approve");
  const deny = (/** @type {Element} */ inside) => {
    const reason = /** @type {HTMLInputElement | null} */ (inside.closest("footer")?.querySelector("input"))?.value.trim();
    void dock.decide(call, false, reason);
  };
  return html`<footer><button class="button ${risky ? "risk" : "main"}" ?disabled=${busy} @click=${() => (confirm ? openReview(dock, call) : dock.decide(call, true))}>${icon("check", true)}${busy ? t("copilot.approving") : confirm ? t("copilot.review_to_approve") : words}</button><button class="button" ?disabled=${busy} @click=${(/** @type {Event} */ event) => deny(/** @type {Element} */ (event.currentTarget))}>${t("copilot.deny")}</button><label class="field grow"><input placeholder=${t("copilot.reason_to_deny")} aria-label=${t("copilot.reason_to_deny")} maxlength="500" @keydown=${(/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      deny(/** @type {Element} */ (event.currentTarget));
    }
  }}></label></footer>`;
}

/** @param {import("./dock.js").SopCopilot} dock @param {Call} call */
function outcome(dock, call) {
  const { state, reason } = /** @type {import("../../model/chat.js").Approval} */ (call.approval);
  const words = {
    applied: html`<b>${t("copilot.applied")}</b> <span class="soft">${t("copilot.as_shown_in_one_transaction")}</span>`,
    denied: html`<b>${t("copilot.denied_sentence")}</b> <span class="soft">${t("copilot.nothing_was_done")}${reason ? ` ${t("copilot.reason_reason", { reason })}` : ""}</span>`,
    expired: reason === "stopped" ? html`<b>${t("copilot.not_decided")}</b> <span class="soft">${t("copilot.it_was_stopped")}</span>` : html`<b>${t("copilot.expired_sentence")}</b> <span class="soft">${t("copilot.nobody_decided_in_time")}</span>`,
    conflict: html`<b>${t("copilot.the_data_changed_meanwhile")}</b> <span class="soft">${t("copilot.nothing_was_done")}</span>`,
    failed: html`<b>${t("copilot.not_applied_sentence")}</b> <span class="soft">${reason || t("copilot.nothing_was_done")}</span>`,
  }[/** @type {"applied"} */ (state)];
  // Only the last question can be asked again in its place.
  const again = (state === "expired" || state === "conflict" || state === "failed") && dock.talk?.chat.last?.parts.includes(call);
  return html`<footer class="outcome ${state}" role="status">${icon(state === "applied" ? "check" : state === "denied" ? "x" : "warning")}<p class="grow">${words}</p>${again ? html`<button class="button s" ?disabled=${dock.talk?.chat.busy ?? false} @click=${() => dock.retry()}>${icon("refresh", true)}${t("copilot.ask_again")}</button>` : nothing}</footer>`;
}

/** All of it, as the review shows changes; approving there is approving here. @param {import("./dock.js").SopCopilot} dock @param {Call} call */
export function openReview(dock, call) {
  const { app } = dock;
  const { rows, total } = proposal(call);
  if (!app) return;
  const waits = call.approval?.state === "waiting";
  changesDialog(app, {
    sql: call.approval?.statement ?? "",
    changes: { count: total, rows },
    act: t("copilot.approve_n_changes", { n: total }),
    note: t("copilot.proposed_by_the_copilot_one_transaction"),
    still: !waits,
    commit: async () => dock.decide(call, true),
  });
}
