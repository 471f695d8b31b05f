// The plan as a tree with bars, and its advice.

import { count, percent } from "../../core/format.js";
import { adviceText, planLines } from "../../model/query/plan.js";
import { t } from "../../strings/query.js";
import { html, nothing, svg } from "../../vendor/lit.js";
import { icon } from "../dom.js";

const DEEPEST = 12;

/** Milliseconds in a plan. @param {number | undefined} ms */
const time = (ms) => (ms === undefined ? "" : ms < 10 ? ms.toFixed(1) : count(Math.round(ms)));

/** @param {import("./runner.js").Plan} plan */
export function planTable(plan) {
  const { lines, measured } = planLines(plan.nodes ?? [], plan.elapsed_ms);
  if (!lines.length) return html`<div class="nothing"><p>${t("query.this_statement_has_no_steps_to_show")}</p></div>`;
  const nodes = lines.some((line) => line.node.nodes_read !== undefined);
  return html`<div class="scroll plan-scroll" tabindex="0" role="region" aria-label=${t("query.steps_of_the_plan")}><table class="plan"><thead><tr><th scope="col">${t("shared.step")}</th><th class="c-bar" scope="col">${measured ? t("query.share_of_time") : t("query.share_of_rows")}</th>${measured ? html`<th class="num c-fig" scope="col">${t("query.ms")}</th>` : nothing}<th class="num c-fig" scope="col">${measured ? t("query.rows_within") : t("query.rows_expected_head")}</th>${nodes ? html`<th class="num c-fig" scope="col">${t("query.nodes")}</th>` : nothing}</tr></thead><tbody>
    ${lines.map(({ node, depth, share }) => html`<tr title=${[node.operator, node.detail, node.access, node.loops === undefined ? "" : t("query.n_loops", { n: count(node.loops) }), node.estimated_rows === undefined ? "" : t("query.rows_expected", { n: count(Math.round(node.estimated_rows)) })].filter(Boolean).join(" · ")}
      ><th scope="row" class="p${Math.min(DEEPEST, depth + 1)}"><span class="unseen">${depth ? `${t("query.level", { level: depth + 1 })} ` : ""}</span>${depth ? icon("branch") : nothing}<b>${node.operator}</b> <span class="dim">${node.detail ?? ""}</span>${node.access ? html` <span class="type">${node.access}</span>` : nothing}</th
      ><td><svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label=${measured ? t("query.share_of_the_time", { share: percent(share, 1) }) : t("query.share_of_the_rows", { share: percent(share, 1) })}><rect width="100" height="6" rx="1"></rect>${share > 0 ? svg`<rect width=${Math.max(1, share * 100)} height="6" rx="1"></rect>` : nothing}</svg></td
      >${measured ? html`<td class="num">${time(node.time_ms)}</td>` : nothing}<td class="num">${rowsOf(node)}</td>${nodes ? html`<td class="num">${node.nodes_read === undefined ? "" : count(node.nodes_read)}</td>` : nothing}</tr>`)}</tbody></table></div>`;
}

/** @param {import("../../model/query/plan.js").PlanNode} node */
function rowsOf(node) {
  if (node.rows !== undefined) return count(node.rows);
  return node.estimated_rows === undefined ? "" : `~${count(Math.round(node.estimated_rows))}`;
}

/** @param {any[] | undefined} advice */
export function adviceList(advice) {
  const texts = (advice ?? []).map(adviceText).filter(Boolean);
  if (!texts.length) return nothing;
  return html`<div class="advices">${texts.map((text) => html`<p class="advice">${icon("info")}<span class="grow">${text}</span></p>`)}</div>`;
}

/** The figures of a plan: its time and nodes. @param {import("./runner.js").Plan} plan */
export function planFigures(plan) {
  const { measured, time: sum, nodesRead } = planLines(plan.nodes ?? [], plan.elapsed_ms);
  return [measured ? t("shared.n_ms", { n: time(sum) }) : t("query.estimated"), nodesRead === undefined ? "" : t("shared.n_nodes", { n: Number(nodesRead) })].filter(Boolean).join(" · ");
}
