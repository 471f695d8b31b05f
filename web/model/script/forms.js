// What can be filled in of a step: fields from its kind and from the JSON schema of its tool, and values as people type them.
//
// Holds: a value that is typed and read back is the same value; a template (`{{name}}`) may stand for a value of any type, and
// stays text; what cannot be read says why and is not taken.

import { titled } from "../../core/format.js";
import { isObject, number, parse, stringify } from "../../core/json.js";
import { t } from "../../strings/scripts.js";
import { pick } from "./steps.js";

/** @typedef {"text" | "long" | "template" | "expression" | "operand" | "variable" | "sql" | "json" | "names" | "integer" | "number" | "boolean" | "store" | "database" | "tool" | "script"} Kind */
/** @typedef {{pointer: string, name: string, label: string, kind: Kind, required: boolean, hint: string, options?: string[]}} Field pointer: within the step */
/** @typedef {{name: string, description: string, class: "read" | "write" | "admin", parameters: any, positional?: string[]}} Tool */

const TEMPLATE = /^\s*\{\{[^{}]*\}\}\s*$/;
const WHOLE = /^-?(?:0|[1-9]\d*)$/;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const LONG_NAMES = /^(?:data|text|message|prompt)$/;

/** @param {string} name @param {Kind} kind @param {string} label @param {string} [hint] @param {boolean} [required] @returns {Field} */
const own = (name, kind, label, hint = "", required = true) => ({ pointer: `/${name}`, name, label, kind, required, hint });

/** The fields that each kind of step has itself. @type {{[kind: string]: Field[]}} */
const OWN = {
  tool: [own("tool", "tool", t("scripts.tool"))],
  ask: [own("prompt", "template", t("scripts.prompt"), t("scripts.puts_a_variable_in", { example: "{{name}}" }))],
  set: [own("variable", "variable", t("scripts.variable")), own("value", "operand", t("shared.value"), t("scripts.an_expression_or_json", { example: "{{name}}" }))],
  if: [own("condition", "expression", t("scripts.condition"))],
  loop: [own("list", "operand", t("scripts.list"), t("scripts.an_expression_that_gives_a_list")), own("item", "variable", t("scripts.each_element_is"))],
  fetch: [own("store", "store", t("shared.store")), own("filter", "json", t("shared.filter"), t("scripts.a_filter_document_such_as", { example: '{"total": {"$gte": 10}}' }), false), own("fields", "names", t("shared.fields"), t("scripts.all_when_empty"), false), own("limit", "integer", t("scripts.most_rows"), "", false)],
  say: [own("message", "template", t("shared.message"), t("scripts.puts_a_variable_in", { example: "{{name}}" }))],
  call: [own("script", "script", t("shared.script"), t("scripts.category_name_or_the_name_alone"))],
  block: [],
  assert: [own("condition", "expression", t("scripts.condition")), own("message", "template", t("scripts.otherwise_say"), "", false)],
};

/** The fields of a step. @param {{[name: string]: any}} step @param {Tool[]} tools @param {{category: string, name: string, parameters?: any[]}[]} scripts @param {string} category of the script that it is in @returns {Field[]} */
export function stepFields(step, tools, scripts, category) {
  const fields = pick(OWN, step.type) ?? [];
  if (step.type === "tool") {
    const tool = tools.find((one) => one.name === step.tool);
    return [...fields, ...(tool ? toolFields(tool) : [rawArguments(step)])];
  }
  if (step.type === "call") {
    const callee = scriptNamed(scripts, String(step.script ?? ""), category);
    return [...fields, ...(callee ? (callee.parameters ?? []).map(parameterField) : [rawArguments(step)])];
  }
  return fields;
}

/** @param {{[name: string]: any}} step @returns {Field} */
const rawArguments = (step) => ({ pointer: "/args", name: "args", label: t("shared.arguments"), kind: "json", required: false, hint: step.tool || step.script ? t("scripts.this_name_is_not_known_here") : "" });

/** @template {{category: string, name: string}} T @param {T[]} scripts @param {string} reference @param {string} category @returns {T | undefined} */
export function scriptNamed(scripts, reference, category) {
  const dot = reference.indexOf(".");
  const [wanted, name] = dot < 0 ? [category, reference] : [reference.slice(0, dot), reference.slice(dot + 1)];
  return scripts.find((one) => one.category === wanted.trim() && one.name === name.trim());
}

/** @param {any} parameter @returns {Field} */
function parameterField(parameter) {
  const kinds = /** @type {{[type: string]: Kind}} */ ({ integer: "integer", number: "number", boolean: "boolean", array: "json", object: "json", any: "json" });
  const name = String(parameter.name);
  return { pointer: `/args/${escaped(name)}`, name, label: name, kind: pick(kinds, parameter.type) ?? "text", required: parameter.default === undefined, hint: String(parameter.description ?? "") };
}

/** The fields of a tool's arguments: those that it needs first, then in the order of a command, the database last. @param {Tool} tool @returns {Field[]} */
export function toolFields(tool) {
  const properties = isObject(tool.parameters?.properties) ? tool.parameters.properties : {};
  const required = new Set(tool.parameters?.required ?? []);
  const rank = (/** @type {string} */ name) => {
    if (name === "database") return 1000;
    const at = tool.positional?.indexOf(name) ?? -1;
    return (required.has(name) ? 0 : 100) + (at < 0 ? 50 : at);
  };
  const fields = Object.entries(properties).map(([name, schema]) => field(name, schema, required.has(name), tool.parameters));
  return fields.sort((a, b) => rank(a.name) - rank(b.name));
}

/** @param {string} name @param {any} schema @param {boolean} required @param {any} root @returns {Field} */
function field(name, schema, required, root) {
  const resolved = resolve(schema, root);
  const hint = String(resolved.description ?? schema?.description ?? "").replace(/\s*\n\s*/g, " ");
  const options = resolved.enum ? resolved.enum.filter((/** @type {unknown} */ one) => typeof one === "string") : named(hint);
  // A hint that only says the name again is none.
  const useful = hint.split(" ").length > 3 ? hint.replaceAll("`", "") : "";
  return { pointer: `/args/${escaped(name)}`, name, label: name === "sql" ? "SQL" : titled(name), kind: fieldKind(name, resolved), required, hint: useful, ...(options.length ? { options } : {}) };
}

/** What a schema means when nothing is not a value: references followed, null left out. @param {any} schema @param {any} root @returns {any} */
function resolve(schema, root) {
  if (!isObject(schema)) return {};
  if (typeof schema.$ref === "string") return resolve(schema.$ref.split("/").slice(1).reduce((/** @type {any} */ value, part) => value?.[part], root), root);
  const list = /** @type {any[] | undefined} */ (schema.anyOf ?? schema.oneOf);
  if (!list) return schema;
  const kept = list.map((one) => resolve(one, root)).filter((one) => one.type !== "null");
  return kept.length === 1 ? { ...kept[0], description: schema.description ?? kept[0].description } : { ...schema, either: kept.flatMap((one) => one.either ?? [one]) };
}

/** @param {string} name @param {any} schema @returns {Kind} */
function fieldKind(name, schema) {
  const types = [schema.type ?? []].flat().filter((one) => one !== "null");
  if (schema.either?.length && schema.either.every((/** @type {any} */ one) => one.type === "string" || (one.type === "array" && one.items?.type === "string"))) return "names";
  if (name === "store" || name === "target_store") return "store";
  if (name === "database") return "database";
  if (name === "sql") return "sql";
  if (types.length !== 1) return "json";
  if (types[0] === "string") return LONG_NAMES.test(name) ? "long" : "text";
  return /** @type {{[type: string]: Kind}} */ ({ integer: "integer", number: "number", boolean: "boolean" })[types[0]] ?? "json";
}

/** Values that a hint begins with: "`csv`, `ndjson` or `json`; …". @param {string} hint */
function named(hint) {
  const head = hint.split(/[;:.]/)[0];
  const values = [...head.matchAll(/`(\w+)`/g)].map((found) => found[1]);
  return values.length > 1 && /^(?:[\w ]*:)?[\s,]*(?:or\s*)?$/.test(head.replaceAll(/`\w+`|\([^)]*\)|\bor\b|,/g, "").trim()) ? values : [];
}

/** @param {string} name */
const escaped = (name) => name.replaceAll("~", "~0").replaceAll("/", "~1");

const SHORT = 72;

/** A value as it is typed. @param {Kind} kind @param {unknown} value @returns {string} */
export function fieldText(kind, value) {
  if (value === undefined) return "";
  if (kind === "names" && Array.isArray(value) && value.every((one) => typeof one === "string" && !one.includes(","))) return value.join(", ");
  if (kind === "json") return typeof value === "string" && TEMPLATE.test(value) ? value : laid(value);
  return typeof value === "string" ? value : laid(value);
}

/** JSON on one line, with room after commas and colons. @param {unknown} value @returns {string} */
export function spaced(value) {
  if (Array.isArray(value)) return `[${value.map(spaced).join(", ")}]`;
  if (isObject(value)) return `{${Object.entries(value).filter(([, one]) => one !== undefined).map(([name, one]) => `${JSON.stringify(name)}: ${spaced(one)}`).join(", ")}}`;
  return stringify(value);
}

/** JSON on one line while that is short. @param {unknown} value */
export function laid(value) {
  const line = spaced(value);
  return line.length <= SHORT ? line : stringify(value, 2);
}

/** What was typed as a value; undefined takes it away. @param {Kind} kind @param {string} text @returns {{value?: unknown, error?: string}} */
export function readField(kind, text) {
  if (text.trim() === "") return { value: undefined };
  switch (kind) {
    case "integer":
      return { value: WHOLE.test(text.trim()) ? number(text.trim()) : text.trim() };
    case "number":
      return { value: NUMBER.test(text.trim()) ? number(text.trim()) : text.trim() };
    case "boolean":
      return { value: text.trim() === "true" ? true : text.trim() === "false" ? false : text.trim() };
    case "names":
      return text.trim().startsWith("[") ? json(text) : { value: text };
    case "json":
      return TEMPLATE.test(text) ? { value: text.trim() } : json(text);
    case "operand": {
      // JSON that has templates cannot be an expression.
      if (!/^\s*[[{]/.test(text) || !text.includes("{{")) return { value: text };
      const read = json(text);
      return read.error ? { value: text } : read;
    }
    case "variable":
    case "store":
    case "database":
    case "tool":
    case "script":
      return { value: text.trim() };
    default:
      return { value: text };
  }
}

/** @param {string} text @returns {{value?: unknown, error?: string}} */
function json(text) {
  try {
    return { value: parse(text) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const bare = /^[\p{L}_][\p{L}\p{N}_ -]*$/u.test(text.trim());
    return { error: bare ? t("scripts.this_is_json", { text: text.trim(), variable: `{{${text.trim().replaceAll(/\W+/g, "_")}}}` }) : t("scripts.not_json_yet", { why }) };
  }
}

const FORM = /** @type {{[type: string]: Kind}} */ ({ array: "json", object: "json", any: "json" });

/** The values of a run from what was typed for its parameters: those that are empty are as by default. @param {any[]} parameters @param {{[name: string]: string}} typed @returns {{args: {[name: string]: unknown}, wrong: {[name: string]: string}}} */
export function argumentsOf(parameters, typed) {
  /** @type {{[name: string]: unknown}} */
  const args = {};
  /** @type {{[name: string]: string}} */
  const wrong = {};
  for (const parameter of parameters) {
    const name = String(parameter?.name ?? "");
    const text = Object.hasOwn(typed, name) ? typed[name] : "";
    if (!name || text === "") continue;
    // Texts of digits, days and yes or no are read by the server, which says exactly what does not fit.
    const form = pick(FORM, parameter.type);
    const read = form ? readField(form, text) : { value: text };
    if (read.error) wrong[name] = read.error;
    else args[name] = read.value;
  }
  return { args, wrong };
}
