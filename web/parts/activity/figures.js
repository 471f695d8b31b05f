// The strip of figures over the audit: commits, their latency, cache, log, checkpoints, with a line of the last minutes.

import { count, size, span } from "../../core/format.js";
import { sparkArea, sparkBars, sparkLine } from "../../model/activity/metrics.js";
import { html, nothing, svg } from "../../vendor/lit.js";

const FINE = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });

/** @param {number[]} values @param {{top?: number, low?: number, second?: number[]}} [how] */
function line(values, { top, low, second } = {}) {
  const whole = Math.max(top ?? 0, ...values.slice(-60), ...(second ?? []).slice(-60));
  const first = sparkLine(values, { top: whole, low });
  return html`<svg class="spark" viewBox="0 0 120 36" preserveAspectRatio="none" aria-hidden="true">${values.length > 1 ? svg`<polyline class="area" points=${sparkArea(first)}></polyline><polyline points=${first}></polyline>${second ? svg`<polyline class="second" points=${sparkLine(second, { top: whole, low })}></polyline>` : nothing}` : nothing}</svg>`;
}

/** A time in milliseconds, as a figure with its unit. @param {number} ms @param {string} name */
const time = (ms, name) => html`${ms < 10 ? FINE.format(ms) : Math.round(ms)} <small>ms ${name}</small>`;

/** @param {import("../../model/activity/metrics.js").Samples} samples @param {number} now */
export function figures(samples, now) {
  const { last } = samples;
  const minutes = samples.list.length > 1 ? `last ${span(Math.round((now - samples.list[0].at) / 1000) * 1000)}` : "";
  if (!last) return html`<dl class="metrics waiting" aria-label="Figures">${["Commits", "Latency of a commit", "Cache hits", "Log", "Checkpoint"].map((name) => html`<div><dt>${name}</dt><dd class="fig">\u00a0</dd><dd>${line([])}</dd></div>`)}</dl>`;
  const rates = samples.rates();
  const [half, most] = [samples.latency(0.5), samples.latency(0.99)];
  const shares = samples.hitShares();
  const looked = last.hits + last.misses;
  const hits = shares.at(-1) ?? (looked ? last.hits / looked : undefined);
  const checkpoints = samples.checkpoints();
  const usual = samples.checkpointMs();
  const latest = checkpoints.at(-1);
  return html`<dl class="metrics" aria-label="Figures">
    <div><dt>Commits<span>${minutes}</span></dt><dd class="fig">${rates.length ? html`${FINE.format(rates.at(-1) ?? 0)} <small>a second</small>` : html`${count(last.commits)} <small>since it was opened</small>`}</dd><dd>${line(rates)}</dd></div>
    <div><dt>Latency of a commit<span>${minutes}</span></dt><dd class="fig">${half === undefined ? html`<small>none yet</small>` : html`${time(half * 1000, "p50")} ${time((most ?? half) * 1000, "p99")}`}</dd><dd>${line(samples.latencies(0.99), { second: samples.latencies(0.5) })}</dd></div>
    <div><dt>Cache hits<span>${size(last.cacheBytes)} of ${size(last.cacheLimit)}</span></dt><dd class="fig">${hits === undefined ? html`<small>nothing was read yet</small>` : html`${FINE.format(hits * 100)} <small>%</small>`}</dd><dd>${line(shares, { top: 1, low: Math.min(0.8, ...shares) })}</dd></div>
    <div><dt>Log<span>sequence ${count(last.sequence)}</span></dt><dd class="fig">${figure(size(last.logBytes))}</dd><dd>${line(samples.list.map((one) => one.logBytes))}</dd></div>
    <div><dt>Checkpoint<span>${last.checkpoints.count ? `${count(last.checkpoints.count)} since it was opened` : ""}</span></dt><dd class="fig">${usual === undefined ? html`<small>none yet</small>` : latest ? html`${time(latest.ms, `, ${span(Math.max(0, Math.round((now - latest.at) / 1000)) * 1000)} ago`)}` : time(usual, "on average")}</dd>
      <dd><svg class="spark" viewBox="0 0 120 36" preserveAspectRatio="none" aria-hidden="true">${sparkBars(checkpoints.map((one) => one.ms)).map((bar, index, all) => svg`<rect class=${index === all.length - 1 ? "lit" : ""} x=${bar.x} y=${bar.y} width=${bar.width} height=${bar.height}></rect>`)}</svg></dd></div></dl>`;
}

/** A text such as `12 MB` with a small unit. @param {string} text */
function figure(text) {
  const at = text.lastIndexOf(" ");
  return html`${text.slice(0, at)} <small>${text.slice(at + 1)}</small>`;
}
