// What is wrong with a script, brought to the steps and fields that it is about.
//
// Holds: every fault is shown somewhere: one whose place is no step is said for the whole script, or at its parameter.

import { sentence } from "../../core/format.js";
import { places, stepOf, valueAt } from "./steps.js";

/** @typedef {{at: string, code: string, message: string, suggestions: string[], warning: boolean}} Fault */
/** @typedef {Fault & {field: string}} StepFault field: a pointer within the step */

/** Faults from any answer of the server: a check, or the errors of a problem. @param {any} list @returns {Fault[]} */
export function faultsOf(list) {
  if (!Array.isArray(list)) return [];
  return list.map((one) => ({ at: String(one?.at ?? one?.pointer ?? "").replace(/^#/, ""), code: String(one?.code ?? ""), message: sentence(String(one?.message ?? one?.detail ?? "")), suggestions: (one?.suggestions ?? []).filter((/** @type {unknown} */ name) => typeof name === "string"), warning: one?.warning === true }));
}

/** @param {import("./steps.js").Script} script @param {Fault[]} faults */
export function placed(script, faults) {
  /** @type {Map<string, StepFault[]>} */
  const steps = new Map();
  /** @type {Map<number, Fault[]>} */
  const parameters = new Map();
  /** @type {Fault[]} */
  const rest = [];
  for (const fault of faults) {
    const found = stepOf(script, fault.at);
    const parameter = /^\/parameters\/(\d+)/.exec(fault.at)?.[1];
    if (found) steps.set(found.at, [...(steps.get(found.at) ?? []), { ...fault, field: found.field }]);
    else if (parameter !== undefined && script.parameters?.[Number(parameter)]) parameters.set(Number(parameter), [...(parameters.get(Number(parameter)) ?? []), fault]);
    else rest.push(fault);
  }
  return { steps, parameters, rest };
}

/** Steps inside a step, or itself, that something is wrong with. @param {Map<string, StepFault[]>} faults @param {string} at */
export function faultsWithin(faults, at) {
  return [...faults].filter(([own]) => own === at || own.startsWith(`${at}/`)).flatMap(([, list]) => list);
}

/** The faults of a field: at it, or inside of its value. @param {StepFault[]} faults @param {string} pointer */
export function faultsAt(faults, pointer) {
  return faults.filter(({ field }) => field === pointer || field.startsWith(`${pointer}/`));
}

/**
 * The value with a suggestion in the place of the wrong name; undefined where that cannot be told.
 * @param {import("./steps.js").Script} script @param {Fault} fault @param {string} suggestion
 * @returns {{at: string, value: unknown, name?: boolean} | undefined}
 */
export function fixOf(script, fault, suggestion) {
  const wrong = /"((?:[^"\\]|\\.)*)"/.exec(fault.message)?.[1];
  if (fault.code === "unknown_field" || fault.code === "unknown_argument") {
    const list = fault.at.slice(0, fault.at.lastIndexOf("/"));
    const value = valueAt(script, fault.at);
    const around = valueAt(script, list);
    if (value === undefined || Object.hasOwn(around, suggestion)) return undefined;
    const name = fault.at.slice(list.length + 1).replaceAll("~1", "/").replaceAll("~0", "~");
    return { at: list, value: Object.fromEntries(Object.entries(around).map(([own, one]) => [own === name ? suggestion : own, one])) };
  }
  const value = valueAt(script, fault.at);
  if (typeof value !== "string") return undefined;
  if (value === wrong || wrong === undefined || !fault.code.startsWith("unknown")) return { at: fault.at, value: suggestion };
  const word = new RegExp(`(?<![\\w.])${wrong.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?!\\w)`, "g");
  return word.test(value) ? { at: fault.at, value: value.replace(word, suggestion) } : { at: fault.at, value: suggestion };
}

/** The first step in reading order that has a fault. @param {import("./steps.js").Script} script @param {Map<string, StepFault[]>} faults */
export function firstFault(script, faults) {
  return places(script).find(({ at }) => faults.get(at)?.some((one) => !one.warning))?.at;
}
