// The strip of figures over the audit: commits, their latency, cache, log, checkpoints, with a line of the last minutes. The
// pointer over a line reads it; a press on a name shows the figure large, with its axes, by the chart of the query workbench.

import { count, size, span } from "../../core/format.js";
import { momentAt, moments, sparkArea, sparkBars, sparkLine } from "../../model/activity/metrics.js";
import { t } from "../../strings/activity.js";
import { html, nothing, svg } from "../../vendor/lit.js";
import { Dialog, dialogHead } from "../dialog.js";
import { icon } from "../dom.js";
import "../query/chart_view.js";
import { clock } from "./audit_row.js";

/** @typedef {import("../../model/activity/metrics.js").Figure} Figure */
/** @typedef {import("../../model/activity/metrics.js").Samples} Samples */
/** @typedef {{name: Figure, at: number, value: number, share: number}} Pointed what the pointer is on */
/** @typedef {{pointed?: Pointed, point: (pointed: Pointed | undefined) => void, open: (name: Figure) => void}} How */

const FINE = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });
/** Names of the figures; in a large chart with their unit. @type {{[name in Figure]: [string, string]}} */
const NAMES = { commits: [t("activity.commits"), t("activity.commits_a_second")], latency: [t("activity.latency_of_a_commit"), t("activity.latency_in_ms")], hits: [t("activity.cache_hits"), t("activity.cache_hits_in")], log: [t("shared.log"), t("activity.log_in_mb")], checkpoint: [t("shared.checkpoint"), t("activity.checkpoint_in_ms")] };

/** @param {number[]} values @param {{top?: number, low?: number, second?: number[]}} [how] */
function line(values, { top, low, second } = {}) {
  const whole = Math.max(top ?? 0, ...values.slice(-60), ...(second ?? []).slice(-60));
  const first = sparkLine(values, { top: whole, low });
  return values.length > 1 ? svg`<polyline class="area" points=${sparkArea(first)}></polyline><polyline points=${first}></polyline>${second ? svg`<polyline class="second" points=${sparkLine(second, { top: whole, low })}></polyline>` : nothing}` : nothing;
}

/** A time in milliseconds, as a figure with its unit. @param {number} ms @param {string} name */
const time = (ms, name) => html`${ms < 10 ? FINE.format(ms) : Math.round(ms)} <small>${t("activity.ms_of_share", { share: name })}</small>`;

/** A value at a moment. @param {Figure} name @param {number} value */
function said(name, value) {
  if (name === "log") return figure(size(value));
  if (name === "latency") return time(value, "p99");
  if (name === "checkpoint") return time(value, "");
  return html`${FINE.format(value)} <small>${name === "hits" ? "%" : t("activity.a_second")}</small>`;
}

/** @param {Samples} samples @param {number} now @param {How} how */
export function figures(samples, now, how) {
  const { last } = samples;
  const minutes = samples.list.length > 1 ? t("activity.last_span", { time: span(Math.round((now - samples.list[0].at) / 1000) * 1000) }) : "";
  /** @param {Figure} name @param {unknown} about @param {unknown} fig @param {unknown} marks */
  const tile = (name, about, fig, marks) => {
    const at = how.pointed?.name === name ? how.pointed : undefined;
    const move = (/** @type {any} */ event) => {
      const box = event.currentTarget.getBoundingClientRect();
      const share = (event.clientX - box.left) / Math.max(1, box.width);
      const found = momentAt(moments(samples, name), name, share);
      how.point(found && { name, share, ...found });
    };
    return html`<div><dt><button class="plain" title=${t("activity.figure_over_time", { figure: NAMES[name][0] })} aria-haspopup="dialog" ?disabled=${!last} @click=${() => how.open(name)}>${NAMES[name][0]}${icon("chart", true)}</button><span>${at ? clock(new Date(at.at).toISOString()) : about}</span></dt><dd class="fig">${at ? said(name, at.value) : fig}</dd>
      <dd><svg class="spark" viewBox="0 0 120 36" preserveAspectRatio="none" aria-hidden="true" @pointermove=${move} @pointerleave=${() => how.point(undefined)}>${marks}${at ? svg`<line class="guide" x1=${at.share * 120} x2=${at.share * 120} y1="0" y2="36"></line>` : nothing}</svg></dd></div>`;
  };
  if (!last) return html`<dl class="metrics waiting" aria-label=${t("activity.figures")}>${/** @type {Figure[]} */ (Object.keys(NAMES)).map((name) => tile(name, "", "\u00a0", nothing))}</dl>`;
  const rates = samples.rates();
  const [half, most] = [samples.latency(0.5), samples.latency(0.99)];
  const shares = samples.hitShares();
  const looked = last.hits + last.misses;
  const hits = shares.at(-1) ?? (looked ? last.hits / looked : undefined);
  const checkpoints = samples.checkpoints();
  const usual = samples.checkpointMs();
  const latest = checkpoints.at(-1);
  return html`<dl class="metrics" aria-label=${t("activity.figures")}>
    ${tile("commits", minutes, rates.length ? html`${FINE.format(rates.at(-1) ?? 0)} <small>${t("activity.a_second")}</small>` : html`${count(last.commits)} <small>${t("activity.since_it_was_opened")}</small>`, line(rates))}
    ${tile("latency", minutes, half === undefined ? html`<small>${t("activity.none_yet_within")}</small>` : html`${time(half * 1000, "p50")} ${time((most ?? half) * 1000, "p99")}`, line(samples.latencies(0.99), { second: samples.latencies(0.5) }))}
    ${tile("hits", t("shared.n_of_total", { n: size(last.cacheBytes), total: size(last.cacheLimit) }), hits === undefined ? html`<small>${t("activity.nothing_was_read_yet")}</small>` : html`${FINE.format(hits * 100)} <small>%</small>`, line(shares, { top: 1, low: Math.min(0.8, ...shares) }))}
    ${tile("log", t("shared.sequence_within", { sequence: count(last.sequence) }), figure(size(last.logBytes)), line(samples.list.map((one) => one.logBytes)))}
    ${tile("checkpoint", last.checkpoints.count ? t("activity.n_since_it_was_opened", { n: count(last.checkpoints.count) }) : "", usual === undefined ? html`<small>${t("activity.none_yet_within")}</small>` : latest ? html`${time(latest.ms, t("activity.ago_within", { time: span(Math.max(0, Math.round((now - latest.at) / 1000)) * 1000) }))}` : time(usual, t("activity.on_average")), sparkBars(checkpoints.map((one) => one.ms)).map((bar, index, all) => svg`<rect class=${index === all.length - 1 ? "lit" : ""} x=${bar.x} y=${bar.y} width=${bar.width} height=${bar.height}></rect>`))}</dl>`;
}

/** A text such as `12 MB` with a small unit. @param {string} text */
function figure(text) {
  const at = text.lastIndexOf(" ");
  return html`${text.slice(0, at)} <small>${text.slice(at + 1)}</small>`;
}

/** A moment as the clock of this place has it, in a form that the chart takes for a time. @param {number} at */
const local = (at) => new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 19);

/**
 * One figure, large, going on while it is open.
 * @param {() => Samples} samples @param {Figure} name @param {() => void} closed
 */
export function largeFigure(samples, name, closed) {
  const [title, unit] = NAMES[name];
  const dialog = new Dialog({ label: title, className: "figure-dialog", closed, draw: (self) => html`${dialogHead(self, title, html`<span class="badge">${unit}</span>`)}<sop-chart></sop-chart><footer><span class="small dim">${t("activity.read_every_two_seconds_while_the_page")}</span><span class="grow"></span><button class="button" autofocus @click=${() => self.close()}>${t("shared.close")}<kbd>Esc</kbd></button></footer>` });
  const chart = /** @type {import("../query/chart_view.js").SopChart} */ (dialog.element.querySelector("sop-chart"));
  const draw = () => {
    const list = moments(samples(), name).map(({ at, value }) => [local(at), name === "log" ? value / 1024 / 1024 : value].map((one) => (typeof one === "number" ? Math.round(one * 1000) / 1000 : one)));
    chart.open(/** @type {any} */ ({ count: list.length, values: (/** @type {number} */ from, /** @type {number} */ to) => list.slice(from, to) }), [{ label: t("shared.time_within") }, { label: unit }]);
  };
  draw();
  return { draw };
}
