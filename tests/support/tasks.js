// How long the page's thread works at one time.
//
// What is measured: the browser's own list of long tasks (over 50 ms) while something is done. A shared machine may take the
// processor away in the middle of a task, which looks like a long one; so what counts against the page is a long task in which
// its thread also worked that long, by the trace's CPU time. A neighbour on the same core or the same memory makes work itself
// slower, too: the same piece of work, one that reads much memory as drawing does, is timed beside each try, the limit grows
// as it does, and of five tries one without a long task shows that there is none.

import assert from "node:assert/strict";

const LONG_MS = 50;
const TRIES = 5;

/**
 * The main thread's tasks over 50 ms of CPU time while something is done, by the browser's trace.
 * @param {import("playwright-core").Page} page @param {() => Promise<void>} doing
 */
async function longTasks(page, doing) {
  const client = await page.context().newCDPSession(page);
  /** @type {any[]} */
  const events = [];
  client.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  await page.evaluate(() => {
    window.long = [];
    window.observer = new PerformanceObserver((list) => window.long.push(...list.getEntries().map((entry) => entry.duration)));
    window.observer.observe({ type: "longtask" });
  });
  await client.send("Tracing.start", { transferMode: "ReportEvents", traceConfig: { includedCategories: ["toplevel", "disabled-by-default-devtools.timeline"], excludedCategories: ["*"] } });
  await doing();
  const complete = new Promise((resolve) => client.once("Tracing.tracingComplete", resolve));
  await client.send("Tracing.end");
  await complete;
  const wall = await page.evaluate(() => [...window.long, ...window.observer.takeRecords().map((entry) => entry.duration)]);
  const main = new Set(events.filter((event) => event.name === "thread_name" && event.args?.name === "CrRendererMain").map((event) => `${event.pid} ${event.tid}`));
  const tasks = events.filter((event) => event.ph === "X" && event.name === "RunTask" && (main.size === 0 || main.has(`${event.pid} ${event.tid}`)) && event.dur);
  await client.detach();
  const cpu = tasks.map((event) => (event.tdur ?? event.dur) / 1000);
  return { wall, cpu, longest: Math.max(0, ...cpu), tasks: tasks.length };
}

/** Times of one piece of work, done again and again: the shortest is what the machine can, the others what it gives now. @param {import("playwright-core").Page} page @returns {Promise<number[]>} */
const timed = (page) => page.evaluate(() => {
  const memory = new Int32Array(1 << 22);
  return Array.from({ length: 25 }, () => {
    const from = performance.now();
    let at = 1;
    for (let step = 0; step < 600_000; step += 1) {
      at = (Math.imul(at, 1_664_525) + 1_013_904_223) >>> 0;
      memory[at >>> 10] += step;
    }
    const texts = Array.from({ length: 10_000 }, (_, n) => ({ n, text: `row ${n}` }));
    return JSON.stringify(texts).length > 0 ? performance.now() - from : 0;
  });
});

/**
 * Fails when each try has a task that works too long.
 * @param {import("node:test").TestContext} t @param {import("playwright-core").Page} page @param {() => Promise<void>} doing what is done; more than once
 */
export async function withoutLongTasks(t, page, doing) {
  /** @type {number[]} */
  const times = [];
  let found;
  let limit = LONG_MS;
  for (let walked = 0; walked < TRIES; walked += 1) {
    const before = await timed(page);
    found = await longTasks(page, doing);
    const beside = [...before, ...(await timed(page))].sort((a, b) => a - b);
    times.push(...beside);
    const slower = beside[Math.floor(beside.length / 2)] / Math.min(...times);
    limit = LONG_MS * Math.max(1, slower);
    t.diagnostic(`${found.tasks} tasks, the longest worked ${found.longest.toFixed(1)} ms of ${limit.toFixed(0)}; long by the clock: ${found.wall.map(Math.round).join(", ") || "none"}; the machine gives ${(100 / slower).toFixed(0)} %`);
    if (found.longest <= limit) break;
  }
  assert.ok(found.tasks > 100, "the trace has the page's tasks");
  assert.deepEqual(found.cpu.filter((one) => one > limit), [], "no task worked too long");
}
