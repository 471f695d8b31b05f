// One call of a tool as one line; opened, what went in and what came out.

import { literal, span, count } from "../../core/format.js";
import { isObject, stringify } from "../../core/json.js";
import { t } from "../../strings/copilot.js";
import { html, nothing } from "../../vendor/lit.js";
import { copyText, icon } from "../dom.js";
import "./result.js";

/** @typedef {import("../../model/chat.js").Call} Call */

const MOST = 20_000;
const LINE = 120;

/** Arguments as one line: values where the name says nothing more. @param {any} args */
export function argumentLine(args) {
  if (args === undefined || args === null) return "";
  if (!isObject(args)) return literal(args, LINE);
  const first = ["sql", "store", "name", "script", "question"].find((name) => typeof args[name] === "string");
  const rest = Object.entries(args).filter(([name, value]) => name !== first && value !== null && value !== undefined).map(([name, value]) => `${name} ${typeof value === "string" ? value : literal(value, 60)}`);
  return [first === undefined ? "" : String(args[first]).replace(/\s+/g, " "), ...rest].filter(Boolean).join(" · ").slice(0, LINE);
}

/** What it cost, in the order of the mock: items, time, nodes. @param {Call} call */
export function cost(call) {
  const { stats } = call;
  const parts = [];
  if (call.fault) return call.fault.code.replaceAll("_", " ");
  const rows = call.columns ? Math.max(call.rows?.length ?? 0, Number(stats?.rows ?? 0)) : undefined;
  if (rows !== undefined) parts.push(t("shared.n_rows", { n: rows }));
  if (stats?.elapsed_ms !== undefined && stats.elapsed_ms !== null) parts.push(span(Number(stats.elapsed_ms)));
  if (stats?.nodes_read !== undefined && stats.nodes_read !== null) parts.push(t("shared.n_nodes", { n: Number(stats.nodes_read) }));
  return parts.join(" · ");
}

const ICONS = { running: "clock", done: "check", failed: "warning", waiting: "clock", stopped: "x" };
const WORDS = { running: t("shared.running"), done: t("shared.done"), failed: t("shared.failed"), waiting: t("copilot.waits_for_you"), stopped: t("copilot.not_done") };

/** @param {import("./dock.js").SopCopilot} dock @param {Call} call @param {boolean} showRows whether the rows stand under the line */
export function callView(dock, call, showRows) {
  const line = call.approval && call.state === "waiting" ? call.summary || argumentLine(call.args) : argumentLine(call.args) || call.summary;
  return html`<details class="call-box ${call.state}"><summary class="call">${icon(ICONS[call.state])}<span class="unseen">${WORDS[call.state]}: </span><code>${call.tool}</code><span class="cut" title=${line.length > 40 ? line : nothing}>${line}</span><span class="end">${call.state === "running" ? html`<span class="pulse">${t("shared.running_within")}</span>` : call.state === "waiting" ? t("copilot.waits_for_you_within") : cost(call)}</span></summary>
      <div class="inside">${inside(dock, call, showRows)}</div></details>
    ${call.fault && call.state === "failed" ? faultView(dock, call) : nothing}
    ${showRows && call.columns?.length ? html`<sop-result .call=${call} .dock=${dock} .stamp=${call.rows}></sop-result>` : nothing}`;
}

/** @param {import("./dock.js").SopCopilot} dock @param {Call} call @param {boolean} shown */
function inside(dock, call, shown) {
  const args = call.args === undefined || call.args === null ? "" : stringify(call.args, 2);
  const stats = isObject(call.stats) ? Object.entries(call.stats).filter(([, value]) => value !== null && value !== undefined) : [];
  return html`${call.summary ? html`<p>${call.summary}</p>` : nothing}
    ${args && args !== "{}" ? block(t("shared.arguments"), t("copilot.copy_arguments"), args) : nothing}
    ${call.statement ? block(t("shared.statement"), t("copilot.copy_statement"), call.statement, html`<button class="button s quiet" @click=${() => dock.openQuery(call)}>${icon("query", true)}${t("shared.open")}</button>`) : nothing}
    ${call.data !== undefined && call.data !== null ? block(t("copilot.answer"), t("copilot.copy_answer"), typeof call.data === "string" ? call.data : stringify(call.data, 2)) : nothing}
    ${stats.length ? html`<dl class="stats">${stats.map(([name, value]) => html`<div><dt>${name === "elapsed_ms" ? t("shared.time_within") : name.replaceAll("_", " ")}</dt><dd>${name === "elapsed_ms" ? span(Number(value)) : typeof value === "number" ? count(value) : literal(value, 80)}</dd></div>`)}</dl>` : nothing}
    ${!shown && call.columns?.length ? html`<sop-result .call=${call} .dock=${dock} .stamp=${call.rows}></sop-result>` : nothing}`;
}

/** @param {string} title @param {string} copy what its button is called @param {string} text @param {unknown} [beside] */
export function block(title, copy, text, beside = nothing) {
  return html`<section class="said-block" aria-label=${title}><header><h3>${title}</h3><span class="grow"></span>${beside}<button class="button only s quiet" aria-label=${copy} title=${t("shared.copy")} @click=${() => copyText(text)}>${icon("copy", true)}</button></header><pre tabindex="0" class="scroll">${text.slice(0, MOST)}${text.length > MOST ? html`<span class="dim"> ${t("copilot.more_characters", { n: count(text.length - MOST) })}</span>` : nothing}</pre></section>`;
}

/** @param {import("./dock.js").SopCopilot} dock @param {Call} call */
function faultView(dock, call) {
  const fault = /** @type {import("../../model/chat.js").Fault} */ (call.fault);
  return html`<div class="fault-line" role="note"><p>${fault.message}${fault.at ? html` <code>${fault.at}</code>` : nothing}</p>${fault.suggestions?.length ? html`<p class="soft">${t("copilot.did_you_mean")} ${fault.suggestions.slice(0, 4).map((name, at) => html`${at ? ", " : ""}<button class="plain-link" title=${t("copilot.put_it_into_the_message")} @click=${() => dock.put(name)}>${name}</button>`)}?</p>` : nothing}</div>`;
}
