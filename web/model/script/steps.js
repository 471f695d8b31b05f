// The steps of a script as a tree, and every way to change it.
//
// Holds: a step is named by its JSON pointer (`/steps/0/then/1`), as the server names it in faults and runs; nothing is
// changed in place: each change gives another script and shares what it did not touch. What a script means is not known here.

import { titled } from "../../core/format.js";
import { stringify } from "../../core/json.js";
import { t } from "../../strings/scripts.js";

/** @typedef {{[name: string]: any}} Step */
/** @typedef {{name?: string, category?: string, description?: string, parameters?: any[], database?: string, transaction?: string, limits?: any, steps: Step[]}} Script */
/** @typedef {{at: string, step: Step, list: string, index: number, count: number, depth: number, number: string}} Place a step and where it is; `number` for people, like `4.1` */

/** The lists that are nested in a kind of step: the field, and what people call it. @type {{[kind: string]: [string, string][]}} */
const BRANCHES = { if: [["then", t("scripts.then")], ["else", t("scripts.otherwise")]], loop: [["steps", t("scripts.for_each")]], block: [["steps", t("scripts.together")]] };

/** What each kind is called, its icon, what it does, and how a new one begins. @type {{[kind: string]: {title: string, icon: string, about: string, fresh: Step}}} */
export const KINDS = {
  fetch: { title: t("scripts.read_items"), icon: "search", about: t("scripts.items_of_a_store"), fresh: { type: "fetch", store: "", output: "items" } },
  query: { title: t("scripts.query_by_sql"), icon: "query", about: t("scripts.a_statement_that_reads"), fresh: { type: "tool", tool: "query", args: { sql: "" }, output: "rows" } },
  tool: { title: t("scripts.call_a_tool"), icon: "flask", about: t("scripts.any_tool_by_its_name"), fresh: { type: "tool", tool: "", args: {} } },
  set: { title: t("scripts.set_a_variable"), icon: "target", about: t("scripts.a_value_from_an_expression"), fresh: { type: "set", variable: "", value: "" } },
  if: { title: t("scripts.if"), icon: "filter", about: t("scripts.one_of_two_lists_of_steps"), fresh: { type: "if", condition: "", then: [] } },
  loop: { title: t("scripts.loop"), icon: "loop", about: t("scripts.steps_for_each_element_of_a_list"), fresh: { type: "loop", list: "", item: "item", steps: [] } },
  block: { title: t("scripts.block"), icon: "json", about: t("scripts.steps_that_belong_together"), fresh: { type: "block", steps: [] } },
  assert: { title: t("scripts.assert"), icon: "check", about: t("scripts.fails_unless_a_condition_holds"), fresh: { type: "assert", condition: "" } },
  say: { title: t("scripts.say"), icon: "say", about: t("scripts.tells_the_person_something"), fresh: { type: "say", message: "" } },
  call: { title: t("shared.run_a_script"), icon: "scripts", about: t("scripts.another_script_with_arguments"), fresh: { type: "call", script: "", args: {} } },
  ask: { title: t("scripts.ask_the_model"), icon: "spark", about: t("scripts.the_only_step_that_needs_a_model"), fresh: { type: "ask", prompt: "", output: "answer" } },
};
const TOOL_ICONS = /** @type {{[tool: string]: string}} */ ({ query: "query", select: "search", insert: "plus", update: "edit", delete: "trash", change: "edit", execute: "query", import: "import", export: "export", chart: "chart", explain: "plan", navigate: "jump" });

/** What a table has under a name of its own: names come from anywhere. @template T @param {{[name: string]: T}} table @param {unknown} name @returns {T | undefined} */
export function pick(table, name) {
  return typeof name === "string" && Object.hasOwn(table, name) ? table[name] : undefined;
}

/** The kind of a step; "" when there is no such one. @param {Step} step @returns {string} */
export function kindOf(step) {
  const type = step?.type;
  return type !== "query" && pick(KINDS, type) ? type : "";
}
/** @param {Step} step */
export function stepIcon(step) {
  return (kindOf(step) === "tool" && pick(TOOL_ICONS, step.tool)) || pick(KINDS, kindOf(step))?.icon || "warning";
}
/** What people call a step: its own name, else what it does. @param {Step} step */
export function stepTitle(step) {
  if (typeof step.name === "string" && step.name.trim()) return step.name;
  if (kindOf(step) === "tool" && step.tool) return titled(String(step.tool));
  return pick(KINDS, kindOf(step))?.title ?? t("scripts.unknown_step");
}
/** The word of the language for it: its kind, or the tool it calls. @param {Step} step */
export function stepWord(step) {
  return kindOf(step) === "tool" ? String(step.tool || "tool") : String(step?.type ?? "");
}

/** The lists nested in a step. @param {Step} step @returns {{field: string, title: string, steps: Step[]}[]} */
export function branchesOf(step) {
  return (pick(BRANCHES, kindOf(step)) ?? []).map(([field, title]) => ({ field, title, steps: Array.isArray(step[field]) ? step[field] : [] }));
}

/** @param {string} at */
export function split(at) {
  return at.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}
/** @param {(string | number)[]} parts */
export function join(parts) {
  return parts.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
/** The list that a step is in. @param {string} at */
export const listOf = (at) => at.slice(0, at.lastIndexOf("/"));
/** Its place in that list. @param {string} at */
export const indexOf = (at) => Number(at.slice(at.lastIndexOf("/") + 1));
/** The step around a step; "" at the top. @param {string} at */
export const parentOf = (at) => listOf(listOf(at));

/** What a pointer leads to. @param {any} value @param {string} at */
export function valueAt(value, at) {
  let found = value;
  for (const part of split(at)) {
    if (found === null || typeof found !== "object" || !Object.hasOwn(found, part)) return undefined;
    found = found[part];
  }
  return found;
}

/** The same with another value at a place; undefined takes a field away. @template T @param {T} value @param {string} at @param {unknown} next @returns {T} */
export function withValue(value, at, next) {
  return put(value, split(at), next);
}
/** @param {any} value @param {string[]} parts @param {unknown} next @returns {any} */
function put(value, [part, ...rest], next) {
  if (part === undefined) return next;
  if (Array.isArray(value)) return value.map((one, index) => (String(index) === part ? put(one, rest, next) : one));
  const inner = put(value?.[part], rest, next);
  const fields = Object.entries(value ?? {}).filter(([name]) => name !== part || inner !== undefined);
  const made = fields.map(([name, one]) => [name, name === part ? inner : one]);
  if (inner !== undefined && !fields.some(([name]) => name === part)) made.push([part, inner]);
  return Object.fromEntries(made);
}

/** All steps in the order in which they are written. @param {Script} script @returns {Place[]} */
export function places(script) {
  /** @type {Place[]} */
  const found = [];
  /** @param {Step[]} list @param {string} at @param {number} depth @param {string} lead @param {number} first */
  const walk = (list, at, depth, lead, first) => list.forEach((step, index) => {
    const own = `${at}/${index}`;
    const number = `${lead}${first + index}`;
    found.push({ at: own, step, list: at, index, count: list.length, depth, number });
    let next = 1;
    for (const branch of branchesOf(step)) {
      walk(branch.steps, `${own}/${branch.field}`, depth + 1, `${number}.`, next);
      next += branch.steps.length;
    }
  });
  walk(Array.isArray(script.steps) ? script.steps : [], "/steps", 0, "", 1);
  return found;
}

/** The innermost step that a pointer leads into, and the rest of it. @param {Script} script @param {string} pointer @returns {{at: string, field: string} | undefined} */
export function stepOf(script, pointer) {
  let best = "";
  for (const { at } of places(script)) if ((pointer === at || pointer.startsWith(`${at}/`)) && at.length > best.length) best = at;
  return best ? { at: best, field: pointer.slice(best.length) } : undefined;
}

/** @param {Script} script @param {string} list @param {number} index @param {...Step} steps @returns {Script} */
export function insert(script, list, index, ...steps) {
  const there = valueAt(script, list) ?? [];
  return withValue(script, list, [...there.slice(0, index), ...steps, ...there.slice(index)]);
}
/** @param {Script} script @param {string} at @returns {Script} */
export function remove(script, at) {
  const list = listOf(at);
  return withValue(script, list, valueAt(script, list).filter((/** @type {Step} */ _, /** @type {number} */ index) => index !== indexOf(at)));
}

/**
 * Takes a step to another place: before what is number `index` of a list now. Undefined where it would go into itself.
 * @param {Script} script @param {string} from @param {string} list @param {number} index
 * @returns {{script: Script, at: string} | undefined}
 */
export function move(script, from, list, index) {
  if (list === from || list.startsWith(`${from}/`)) return undefined;
  const own = listOf(from);
  const at = indexOf(from);
  if (own === list && (index === at || index === at + 1)) return { script, at: from };
  const step = valueAt(script, from);
  const without = remove(script, from);
  // What comes after it in its list moved up by one: the target, or a step on the way to it.
  let target = index;
  let into = list;
  if (own === list) target -= index > at ? 1 : 0;
  else if (list.startsWith(`${own}/`)) {
    const [next, ...rest] = split(list.slice(own.length));
    if (Number(next) > at) into = `${own}${join([Number(next) - 1, ...rest])}`;
  }
  return { script: insert(without, into, target, step), at: `${into}/${target}` };
}

/**
 * One step of a move by keys: up and down among its neighbours and out of the list at its ends; in to the end of the step
 * before; out behind the step around. Undefined where it cannot go.
 * @param {Script} script @param {string} at @param {"up" | "down" | "in" | "out"} way
 */
export function nudge(script, at, way) {
  const list = listOf(at);
  const index = indexOf(at);
  const length = (valueAt(script, list) ?? []).length;
  const parent = parentOf(at);
  if (way === "in") {
    const before = index > 0 ? valueAt(script, `${list}/${index - 1}`) : undefined;
    const [branch] = before ? branchesOf(before) : [];
    return branch ? move(script, at, `${list}/${index - 1}/${branch.field}`, branch.steps.length) : undefined;
  }
  if (way === "out") return parent ? move(script, at, listOf(parent), indexOf(parent) + 1) : undefined;
  if (way === "up" && index > 0) return move(script, at, list, index - 1);
  if (way === "down" && index < length - 1) return move(script, at, list, index + 2);
  return parent ? move(script, at, listOf(parent), indexOf(parent) + (way === "up" ? 0 : 1)) : undefined;
}

/** A name that no variable of the script has. @param {Script} script @param {string} wanted */
export function freeName(script, wanted) {
  const taken = new Set((script.parameters ?? []).map((one) => one?.name));
  for (const { step } of places(script)) for (const name of [step.output, step.variable, step.item]) if (name) taken.add(name);
  let name = wanted;
  for (let number = 2; taken.has(name); number += 1) name = `${wanted}_${number}`;
  return name;
}

/** A new step of a kind, or one that calls a tool. @param {Script} script @param {string} kind @param {string} [tool] @returns {Step} */
export function fresh(script, kind, tool) {
  const made = { ...KINDS[kind].fresh };
  if (tool) made.tool = tool;
  if (made.args) made.args = { ...made.args };
  for (const { field } of branchesOf(made)) made[field] = [];
  if (made.output) made.output = freeName(script, made.output);
  if (made.item) made.item = freeName(script, made.item);
  return made;
}

/** The variables that may have a value before a step runs, with what gives it. @param {Script} script @param {string} at @returns {{name: string, from: string}[]} */
export function scopeAt(script, at) {
  /** @type {Map<string, string>} */
  const known = new Map((script.parameters ?? []).filter((one) => one?.name).map((one) => [String(one.name), t("scripts.parameter_type", { type: one.type ?? "string" })]));
  const all = places(script);
  const here = all.findIndex((one) => one.at === at);
  for (const { at: own, step, number } of here < 0 ? all : all.slice(0, here)) {
    if (step.disabled) continue;
    const around = at.startsWith(`${own}/`);
    if (kindOf(step) === "loop" && around && step.item) known.set(String(step.item), t("scripts.element_of_step_number", { number }));
    if (kindOf(step) === "set" && step.variable) known.set(String(step.variable), t("scripts.step_number_within", { number }));
    if (step.output && !around) known.set(String(step.output), t("scripts.step_number_within", { number }));
  }
  known.set("run", "user, database, now, today, dry_run");
  if (all.some(({ step }) => step.continue_on_error)) known.set("error", "code, message, step");
  return [...known].map(([name, from]) => ({ name, from }));
}

/**
 * What steps made, in the order in which they are written: without the parameters that are as they were given.
 * @param {Script} script @param {{[name: string]: unknown}} args @param {{[name: string]: unknown}} variables @returns {[string, unknown][]}
 */
export function given(script, args, variables) {
  const order = places(script).flatMap(({ step }) => [step.variable, step.item, step.output]).filter(Boolean).map(String);
  const rank = (/** @type {string} */ name) => (order.includes(name) ? order.indexOf(name) : order.length);
  const same = (/** @type {string} */ name) => Object.hasOwn(args, name) && stringify(args[name]) === stringify(variables[name]);
  return Object.entries(variables).filter(([name]) => !same(name)).sort(([a], [b]) => rank(a) - rank(b));
}

/** Whether running it may change something. @param {Script} script @param {{name: string, class: string}[]} tools */
export function mayWrite(script, tools) {
  return places(script).some(({ step }) => !step.disabled && (kindOf(step) === "call" || (kindOf(step) === "tool" && (tools.find((one) => one.name === step.tool)?.class ?? "write") !== "read")));
}
