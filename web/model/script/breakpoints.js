// Where runs of a script stop: breakpoints, tied to steps and not to their places.
//
// Holds: a breakpoint goes wherever its step goes, through every way to change a script, and is gone with it; undoing brings
// both back. What is kept in the browser finds its step again in a script that was changed meanwhile, or is dropped.

import { stringify } from "../../core/json.js";
import { places, stepTitle, stepWord } from "./steps.js";

/** @typedef {import("./steps.js").Script} Script */
/** @typedef {import("./steps.js").Step} Step */
/** A condition, else it always stops. @typedef {{when?: string}} Breakpoint */
/** @typedef {Map<string, Breakpoint>} Breakpoints by the pointers of their steps */
/** As they are kept. @typedef {{at: string, when?: string, word: string, title: string}} Kept */

/**
 * The breakpoints of one content in the next one.
 * @param {Script} before @param {Script} after @param {Breakpoints} breakpoints
 * @param {WeakMap<Step, Breakpoint>} lost takes those whose steps are gone, and gives them back with these
 * @returns {Breakpoints}
 */
export function carried(before, after, breakpoints, lost) {
  const was = places(before);
  const now = places(after);
  const old = new Set(was.map((one) => one.step));
  const fresh = now.filter((one) => !old.has(one.step));
  /** @type {Breakpoints} */
  const next = new Map();
  /** @param {import("./steps.js").Place} one */
  const free = (one) => !next.has(one.at);
  for (const [at, breakpoint] of breakpoints) {
    const own = was.find((one) => one.at === at);
    if (!own) continue;
    const { step } = own;
    const same = now.filter((one) => one.step === step);
    // A copy shares the step itself: what is new of it is where it went.
    const moved = same.find((one) => one.at === at) ?? same.find((one) => free(one) && !was.some((each) => each.at === one.at && each.step === step)) ?? same.find(free);
    const found = moved ?? changed(own, fresh.filter(free));
    if (found) next.set(found.at, breakpoint);
    else lost.set(step, breakpoint);
  }
  for (const one of fresh) {
    const back = free(one) ? lost.get(one.step) : undefined;
    if (back) next.set(one.at, back);
  }
  return next;
}

/** The step that another one was made into. @param {import("./steps.js").Place} own @param {import("./steps.js").Place[]} fresh */
function changed(own, fresh) {
  const here = fresh.find((one) => one.at === own.at);
  const word = stepWord(own.step);
  const title = stepTitle(own.step);
  const text = stringify(own.step);
  return (here && stringify(here.step) === text ? here : undefined) ?? fresh.find((one) => stringify(one.step) === text)
    ?? (here?.step.type === own.step.type ? here : undefined) ?? fresh.find((one) => stepWord(one.step) === word && stepTitle(one.step) === title);
}

/** As they are kept. @param {Script} script @param {Breakpoints} breakpoints @returns {Kept[]} */
export function kept(script, breakpoints) {
  const all = places(script);
  return [...breakpoints].flatMap(([at, { when }]) => {
    const step = all.find((one) => one.at === at)?.step;
    return step ? [{ at, ...(when ? { when } : {}), word: stepWord(step), title: stepTitle(step) }] : [];
  });
}

/** What was kept, in the script as it is now. @param {Script} script @param {unknown} list @returns {Breakpoints} */
export function found(script, list) {
  const all = places(script);
  /** @type {Breakpoints} */
  const breakpoints = new Map();
  for (const one of Array.isArray(list) ? list : []) {
    const like = all.filter(({ step }) => stepWord(step) === one?.word && stepTitle(step) === one?.title);
    const here = all.find(({ at }) => at === one?.at);
    const place = like.find(({ at }) => at === one.at) ?? (like.length === 1 ? like[0] : undefined) ?? (here && stepWord(here.step) === one.word ? here : undefined);
    if (place && !breakpoints.has(place.at)) breakpoints.set(place.at, typeof one.when === "string" && one.when.trim() ? { when: one.when } : {});
  }
  return breakpoints;
}

/** What a run is told: in the order of the steps, without those that are left out of runs. @param {Script} script @param {Breakpoints} breakpoints */
export function wanted(script, breakpoints) {
  const off = places(script).filter((one) => one.step.disabled).map((one) => one.at);
  const runs = (/** @type {string} */ at) => !off.some((one) => at === one || at.startsWith(`${one}/`));
  return places(script).flatMap(({ at }) => {
    const one = runs(at) ? breakpoints.get(at) : undefined;
    return one ? [{ step: at, ...(one.when ? { when: one.when } : {}) }] : [];
  });
}
