// A chart from a result: which kinds fit, and where everything lies. Only numbers and texts; drawing is elsewhere.
//
// Holds: axes end at nice numbers and begin at zero for bars; what does not fit is left out and counted in `left`; values
// that are no numbers make no mark.

import { ExactNumber, kindOf } from "../../core/json.js";
import { isDateText } from "../../core/format.js";
import { t } from "../../strings/query.js";

const SAMPLE = 1000;
const MOST_POINTS = 5000;
const BAR = { step: 20, least: 12, gap: 4, top: 2 };
const CHAR = 6.2;
const DIGIT = 6.9;

/** @typedef {"number" | "date" | "text" | "other"} Kind */
/** @typedef {"bar" | "line" | "scatter"} Form */
/** @typedef {{form: Form, x: number, y: number}} Choice */

/** What each column holds, by most of its values. @param {number} columns @param {Iterable<unknown[]>} rows @returns {Kind[]} */
export function columnKinds(columns, rows) {
  const tallies = Array.from({ length: columns }, () => ({ number: 0, date: 0, text: 0, other: 0 }));
  let seen = 0;
  for (const row of rows) {
    if (seen >= SAMPLE) break;
    seen += 1;
    tallies.forEach((tally, at) => {
      const value = row[at];
      const kind = kindOf(value);
      if (kind === "null" || kind === "missing") return;
      if (kind === "number") tally.number += 1;
      else if (kind === "string") tally[isDateText(value) ? "date" : "text"] += 1;
      else if (kind === "bool") tally.text += 1;
      else tally.other += 1;
    });
  }
  return tallies.map((tally) => /** @type {[Kind, number]} */ (Object.entries(tally).reduce((best, one) => (one[1] > best[1] ? one : best), ["other", 0]))[0]);
}

/** The forms that fit these columns, the best one first. @param {Kind[]} kinds @param {string[]} names @returns {Choice[]} */
export function choices(kinds, names) {
  const of = (/** @type {Kind} */ kind) => kinds.flatMap((one, at) => (one === kind ? [at] : []));
  const numbers = of("number");
  const figures = numbers.filter((at) => !/(?:^|_|[a-z])id$/i.test(names[at] ?? ""));
  const labels = [...of("text"), ...of("date")];
  const dates = of("date");
  /** @type {Choice[]} */
  const list = [];
  // The figure that a person chose last is the one to show: what is counted first is often only how many.
  const y = figures.length > 1 && labels.length ? figures[1] : (figures[0] ?? numbers.at(-1));
  if (y === undefined) return list;
  if (dates.length && kinds[0] === "date") list.push({ form: "line", x: dates[0], y });
  if (labels.length) list.push({ form: "bar", x: Math.min(...labels), y });
  else if (numbers.length > 1) list.push({ form: "bar", x: numbers.find((at) => at !== y) ?? 0, y });
  if (dates.length && kinds[0] !== "date") list.push({ form: "line", x: dates[0], y });
  const other = numbers.find((at) => at !== y);
  if (!dates.length && other !== undefined) list.push({ form: "line", x: other, y });
  if (other !== undefined) list.push({ form: "scatter", x: figures.find((at) => at !== y) ?? other, y });
  if (!list.length) list.push({ form: "line", x: -1, y });
  return list;
}

/** A number from a value, NaN when it is none. @param {unknown} value */
export function figure(value) {
  if (typeof value === "number") return value;
  if (value instanceof ExactNumber) return Number(String(value));
  return NaN;
}

/** A place on an axis from a value: a number, or a time in milliseconds. @param {unknown} value */
export function place(value) {
  if (!isDateText(value)) return figure(value);
  const text = /** @type {string} */ (value).replace(" ", "T");
  return Date.parse(/T/.test(text) && !/(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? `${text}Z` : text);
}

/**
 * Nice numbers around a range: 1, 2 or 5 times a power of ten apart.
 * @param {number} low @param {number} high @param {number} about how many to have
 * @returns {number[]} the first is at most `low`, the last at least `high`
 */
export function niceTicks(low, high, about = 5) {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  if (low === high) [low, high] = low === 0 ? [0, 1] : low > 0 ? [0, high] : [low, 0];
  const rough = (high - low) / Math.max(1, about);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((one) => one * power >= rough * 0.999) ?? 10) * power;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  const digits = Math.max(0, -Math.floor(Math.log10(step)));
  return Array.from({ length: last - first + 1 }, (_, at) => Number(((first + at) * step).toFixed(Math.min(20, digits))));
}

const DAY = 86_400_000;
const TIME_STEPS = [1000, 5000, 15_000, 60_000, 300_000, 900_000, 3_600_000, 3 * 3_600_000, 6 * 3_600_000, 12 * 3_600_000, DAY, 2 * DAY, 7 * DAY];

/** Nice times in a range, and how to write them. @param {number} low @param {number} high @param {number} about @returns {{at: number, text: string}[]} */
export function timeTicks(low, high, about = 5) {
  const rough = Math.max(1, high - low) / Math.max(1, about);
  const step = TIME_STEPS.find((one) => one >= rough);
  const iso = (/** @type {number} */ at) => new Date(at).toISOString();
  if (step !== undefined) {
    const list = [];
    for (let at = Math.ceil(low / step) * step; at <= high; at += step) list.push({ at, text: step < DAY ? iso(at).slice(11, step < 60_000 ? 19 : 16) : iso(at).slice(5, 10) });
    return list;
  }
  const months = [1, 2, 3, 6].find((one) => one * 30.4 * DAY >= rough) ?? 12 * (niceTicks(0, rough / (365.25 * DAY), 1)[1] || 1);
  const list = [];
  const start = new Date(low);
  const whole = start.getUTCFullYear() * 12 + start.getUTCMonth();
  for (let month = Math.ceil(whole / months) * months; ; month += months) {
    const at = Date.UTC(Math.floor(month / 12), month % 12);
    if (at > high) return list;
    if (at >= low) list.push({ at, text: months % 12 === 0 ? iso(at).slice(0, 4) : iso(at).slice(0, 7) });
  }
}

/** A figure on an axis, short. @param {number} value */
export function short(value) {
  const size = Math.abs(value);
  for (const [unit, sign] of /** @type {[number, string][]} */ ([[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e4, ""]])) if (size >= unit) return sign ? `${trimmed(value / unit)}${sign}` : value.toLocaleString("en-US", { maximumFractionDigits: 0 });
  return size !== 0 && size < 1e-4 ? value.toExponential(1) : trimmed(value);
}
/** @param {number} value */
const trimmed = (value) => String(Number(value.toPrecision(6)));

/** The label of a value beside a bar. @param {unknown} value */
const labelOf = (value) => (value === null || value === undefined ? "null" : typeof value === "string" ? value.replace(/T00:00:00(?:\.0+)?Z?$/, "") || '""' : String(value));
/** @param {string} text @param {number} room in characters */
const cut = (text, room) => (text.length > room ? `${text.slice(0, Math.max(1, room - 1))}…` : text);

/**
 * Bars from left to right, one a row.
 * @param {Iterable<unknown[]>} rows @param {Choice} choice @param {{width: number, height: number}} size
 */
export function barChart(rows, { x, y }, { width, height }) {
  const most = Math.max(1, Math.floor((height - BAR.top) / BAR.least));
  /** @type {{label: string, value: number, text: string}[]} */
  const list = [];
  let count = 0;
  for (const row of rows) {
    count += 1;
    const value = figure(row[y]);
    if (list.length < most) list.push({ label: labelOf(row[x]), value: Number.isFinite(value) ? value : NaN, text: labelOf(row[y]) });
  }
  const longest = Math.max(0, ...list.map((one) => one.label.length));
  const room = Math.min(longest, Math.floor((width * 0.36) / CHAR));
  const left = Math.ceil(room * CHAR) + 8;
  const figures = Math.ceil(Math.max(0, ...list.map((one) => one.text.length)) * DIGIT) + 8;
  const values = list.map((one) => one.value).filter(Number.isFinite);
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  const wide = Math.max(1, width - left - figures);
  const at = (/** @type {number} */ value) => left + ((value - low) / (high - low || 1)) * wide;
  const step = Math.min(BAR.step, (height - BAR.top) / Math.max(1, list.length));
  const bars = list.map((one, index) => {
    const from = at(Math.min(0, one.value || 0));
    const to = at(Math.max(0, one.value || 0));
    return { label: cut(one.label, room), whole: one.label, text: one.text, x: from, y: BAR.top + index * step, width: Math.max(0, to - from), height: step - BAR.gap, best: one.value === high && high > 0 };
  });
  return { bars, left, shown: list.length, count, zero: at(0) };
}

/**
 * Points over two axes, for lines and for scatter.
 * @param {Iterable<unknown[]>} rows @param {Choice} choice @param {{width: number, height: number, dates: boolean, zero?: boolean}} size
 */
export function pointChart(rows, { x, y }, { width, height, dates, zero = false }) {
  /** @type {{px: number, py: number, row: unknown[]}[]} */
  const points = [];
  let count = 0;
  for (const row of rows) {
    count += 1;
    const px = x < 0 ? count : place(row[x]);
    const py = figure(row[y]);
    if (points.length < MOST_POINTS && Number.isFinite(px) && Number.isFinite(py)) points.push({ px, py, row });
  }
  const extent = (/** @type {number[]} */ list) => list.reduce(([low, high], one) => [Math.min(low, one), Math.max(high, one)], [Infinity, -Infinity]);
  const [lowX, highX] = extent(points.map((one) => one.px));
  const [lowY, highY] = extent(points.map((one) => one.py));
  const yTicks = niceTicks(zero || lowY > 0 && lowY < highY * 0.5 ? Math.min(0, lowY) : lowY, highY, Math.max(2, Math.floor(height / 40)));
  const left = Math.ceil(Math.max(...yTicks.map((one) => short(one).length)) * CHAR) + 10;
  const box = { left, right: width - 8, top: 8, bottom: height - 20 };
  const about = Math.max(2, Math.floor((box.right - box.left) / 80));
  const xNice = dates ? [] : niceTicks(lowX, highX, about);
  const rangeX = dates ? [lowX, highX === lowX ? lowX + 1 : highX] : x < 0 ? [1, Math.max(2, highX)] : [xNice[0], xNice[xNice.length - 1]];
  const atX = (/** @type {number} */ value) => box.left + ((value - rangeX[0]) / (rangeX[1] - rangeX[0])) * (box.right - box.left);
  const atY = (/** @type {number} */ value) => box.bottom - ((value - yTicks[0]) / (yTicks[yTicks.length - 1] - yTicks[0])) * (box.bottom - box.top);
  const xTicks = (dates ? timeTicks(rangeX[0], rangeX[1], about) : xNice.filter((one) => one >= rangeX[0] && one <= rangeX[1]).map((at) => ({ at, text: short(at) }))).map((tick) => ({ ...tick, x: atX(tick.at) }));
  return {
    points: points.map((one) => ({ x: atX(one.px), y: atY(one.py), label: x < 0 ? String(one.px) : labelOf(one.row[x]), text: labelOf(one.row[y]), order: one.px })),
    box, xTicks, yTicks: yTicks.map((at) => ({ at, text: short(at), y: atY(at) })), shown: points.length, count,
  };
}

/** A chart in words, for those who do not see it. @param {Form} form @param {string} x @param {string} y @param {number} shown @param {number} count */
export function inWords(form, x, y, shown, count) {
  const kind = { bar: t("query.bar_chart"), line: t("query.line_chart"), scatter: t("query.scatter_chart") }[form];
  return x ? shown === count ? t("query.chart_of_by", { kind, y, x, rows: count }) : t("query.chart_of_by_part", { kind, y, x, shown, rows: count }) : shown === count ? t("query.chart_of", { kind, y, rows: count }) : t("query.chart_of_part", { kind, y, shown, rows: count });
}
