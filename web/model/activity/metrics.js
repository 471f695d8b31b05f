// The figures of the server over time: the text that `/metrics` answers, read into samples, and what charts show of them.
//
// Holds: a rate or a percentile is of what happened between two samples, never since the start of the program; a counter
// that went back (the program was started anew) begins again.

/** @typedef {{labels: {[name: string]: string}, value: number}} Point */
/** @typedef {{limits: number[], counts: number[], sum: number, count: number}} Distribution `counts` are not cumulative; the last is beyond all limits */
/** @typedef {{at: number, commits: number, conflicts: number, hits: number, misses: number, cacheBytes: number, cacheLimit: number, logBytes: number, sequence: number, flush: Distribution, checkpoints: Distribution}} Sample */

const LINE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
const LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g;
/** Samples that are kept: six minutes, one every two seconds. */
const MOST = 180;

/** @param {string} text @returns {Map<string, Point[]>} */
export function readExposition(text) {
  /** @type {Map<string, Point[]>} */
  const families = new Map();
  for (const line of text.split("\n")) {
    if (!line || line.startsWith("#")) continue;
    const found = LINE.exec(line);
    if (!found) continue;
    /** @type {{[name: string]: string}} */
    const labels = {};
    for (const [, name, value] of (found[2] ?? "").matchAll(LABEL)) labels[name] = value.replace(/\\(.)/g, (_, c) => (c === "n" ? "\n" : c));
    const value = found[3] === "+Inf" ? Infinity : Number(found[3]);
    const list = families.get(found[1]);
    if (list) list.push({ labels, value });
    else families.set(found[1], [{ labels, value }]);
  }
  return families;
}

/** The databases that are open. @param {Map<string, Point[]>} families */
export function openDatabases(families) {
  return (families.get("sop_database_open") ?? []).filter((one) => one.value === 1).map((one) => one.labels.database);
}

/** The figures of a database; undefined when it is not open. @param {Map<string, Point[]>} families @param {string} database @param {number} at @returns {Sample | undefined} */
export function sampleOf(families, database, at) {
  const points = (/** @type {string} */ name) => (families.get(name) ?? []).filter((one) => one.labels.database === database);
  const value = (/** @type {string} */ name) => points(name)[0]?.value ?? 0;
  if (!points("sop_sequence").length) return undefined;
  const distribution = (/** @type {string} */ name) => {
    const buckets = points(`${name}_bucket`).map((one) => ({ limit: one.labels.le === "+Inf" ? Infinity : Number(one.labels.le), upTo: one.value })).sort((a, b) => a.limit - b.limit);
    return { limits: buckets.map((one) => one.limit), counts: buckets.map((one, index) => one.upTo - (buckets[index - 1]?.upTo ?? 0)), sum: value(`${name}_sum`), count: value(`${name}_count`) };
  };
  return {
    at, commits: value("sop_commits_total"), conflicts: value("sop_conflicts_total"), hits: value("sop_cache_hits_total"), misses: value("sop_cache_misses_total"),
    cacheBytes: value("sop_cache_bytes"), cacheLimit: value("sop_cache_limit_bytes"), logBytes: value("sop_log_disk_bytes"), sequence: value("sop_sequence"),
    flush: distribution("sop_log_flush_duration_seconds"), checkpoints: distribution("sop_checkpoint_duration_seconds"),
  };
}

/** What was added between two distributions. @param {Distribution} now @param {Distribution | undefined} before @returns {Distribution} */
export function between(now, before) {
  if (!before || before.count > now.count || before.limits.length !== now.limits.length) return now;
  return { limits: now.limits, counts: now.counts.map((one, index) => one - before.counts[index]), sum: now.sum - before.sum, count: now.count - before.count };
}

/** A percentile, between the limits of its bucket; undefined of nothing. @param {Distribution} of @param {number} share */
export function percentile(of, share) {
  if (of.count <= 0) return undefined;
  let left = share * of.count;
  for (let at = 0; at < of.counts.length; at += 1) {
    const inside = of.counts[at];
    if (inside > 0 && left <= inside) {
      const from = at > 0 ? of.limits[at - 1] : 0;
      return of.limits[at] === Infinity ? from : from + (of.limits[at] - from) * (left / inside);
    }
    left -= inside;
  }
  return of.limits.filter(Number.isFinite).at(-1);
}

/** The samples of one database. */
export class Samples {
  constructor() {
    /** @type {Sample[]} */
    this.list = [];
  }

  /** @param {Sample} sample */
  add(sample) {
    const last = this.list.at(-1);
    if (last && sample.at <= last.at) return;
    if (last && sample.commits < last.commits) this.list = [];
    this.list = [...this.list, sample].slice(-MOST);
  }

  get last() {
    return this.list.at(-1);
  }

  /** Between each two samples. @template T @param {(now: Sample, before: Sample, seconds: number) => T} of @returns {T[]} */
  pairs(of) {
    return this.list.slice(1).map((now, index) => of(now, this.list[index], Math.max(0.001, (now.at - this.list[index].at) / 1000)));
  }

  /** Commits a second. */
  rates() {
    return this.pairs((now, before, seconds) => (now.commits - before.commits) / seconds);
  }

  /** A percentile of the time to make a commit durable, in milliseconds; where none was made it stays as it was. @param {number} share */
  latencies(share) {
    let last = 0;
    return this.pairs((now, before) => {
      const found = percentile(between(now.flush, before.flush), share);
      if (found !== undefined) last = found * 1000;
      return last;
    });
  }

  /** Of which share of look-ups the cache knew the answer. */
  hitShares() {
    let last = this.last && this.last.hits + this.last.misses ? this.last.hits / (this.last.hits + this.last.misses) : 1;
    return this.pairs((now, before) => {
      const looked = now.hits - before.hits + now.misses - before.misses;
      if (looked > 0) last = (now.hits - before.hits) / looked;
      return last;
    });
  }

  /** Checkpoints that were made meanwhile: when, and how long they took on average, in milliseconds. */
  checkpoints() {
    return this.pairs((now, before) => ({ at: now.at, made: now.checkpoints.count - before.checkpoints.count, ms: ((now.checkpoints.sum - before.checkpoints.sum) / Math.max(1, now.checkpoints.count - before.checkpoints.count)) * 1000 })).filter((one) => one.made > 0);
  }

  /** The time to make a commit durable, over all samples or, with one only, since the database was opened. @param {number} share */
  latency(share) {
    const last = this.last;
    if (!last) return undefined;
    const first = this.list.length > 1 ? this.list[0] : undefined;
    const recent = first ? percentile(between(last.flush, first.flush), share) : undefined;
    return recent ?? percentile(last.flush, share);
  }

  /** The average time of all checkpoints, in milliseconds. */
  checkpointMs() {
    const all = this.last?.checkpoints;
    return all?.count ? (all.sum / all.count) * 1000 : undefined;
  }
}

/** @typedef {"commits" | "latency" | "hits" | "log" | "checkpoint"} Figure */
/** @typedef {{at: number, value: number}} Moment */

/** What a figure was from sample to sample: commits a second, milliseconds, percent or bytes. @param {Samples} samples @param {Figure} name @returns {Moment[]} */
export function moments(samples, name) {
  const later = samples.list.slice(1);
  const of = (/** @type {number[]} */ values) => values.map((value, at) => ({ at: later[at].at, value }));
  if (name === "commits") return of(samples.rates());
  if (name === "latency") return of(samples.latencies(0.99));
  if (name === "hits") return of(samples.hitShares().map((share) => share * 100));
  if (name === "log") return samples.list.map((one) => ({ at: one.at, value: one.logBytes }));
  return samples.checkpoints().map((one) => ({ at: one.at, value: one.ms }));
}

/** Slots of the small lines, and of the small bars. */
const SLOTS = 60;
const BARS = 12;

/** The moment under a place of a small chart, undefined where nothing is drawn. @param {Moment[]} list @param {Figure} name @param {number} share of its width, from the left */
export function momentAt(list, name, share) {
  const back = name === "checkpoint" ? Math.floor((1 - share) * BARS) : Math.round((1 - share) * (SLOTS - 1));
  const slots = name === "checkpoint" ? BARS : SLOTS;
  return back >= 0 && back < slots ? list.at(-1 - back) : undefined;
}

const HIGH = 36;
const WIDE = 120;

/**
 * The points of a line in a box of 120 by 36, the newest at the right.
 * @param {number[]} values @param {{top?: number, low?: number, slots?: number}} [how] top and low: what the box ends at, else the values; slots: how many values fill its width
 */
export function sparkLine(values, { top, low = 0, slots = SLOTS } = {}) {
  const shown = values.slice(-slots);
  const high = Math.max(top ?? 0, ...shown, low + 1e-9);
  const step = WIDE / Math.max(1, slots - 1);
  return shown.map((value, index) => `${(WIDE - (shown.length - 1 - index) * step).toFixed(1)},${(HIGH - 2 - ((value - low) / (high - low)) * (HIGH - 6)).toFixed(1)}`).join(" ");
}

/** The same as a surface. @param {string} line */
export function sparkArea(line) {
  if (!line) return "";
  const first = line.slice(0, line.indexOf(","));
  return `${first},${HIGH} ${line} ${WIDE},${HIGH}`;
}

/** Bars in the same box. @param {number[]} values @param {number} [slots] */
export function sparkBars(values, slots = BARS) {
  const shown = values.slice(-slots);
  const high = Math.max(...shown, 1e-9);
  return shown.map((value, index) => {
    const height = Math.max(1, (value / high) * (HIGH - 4));
    return { x: WIDE - (shown.length - index) * 10 + 1, y: HIGH - height, width: 7, height };
  });
}
