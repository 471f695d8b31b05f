// Completion of slash commands: which there are, and what may stand where the cursor is.
//
// Holds: commands are the tools of the server (see `GET /tools`) and those that draft scripts; nothing is run here, the
// server reads the line.

import { t } from "../strings/copilot.js";

/** @typedef {{name: string, description: string, class: string, parameters?: any, positional?: string[]}} Tool */
/** @typedef {{insert: string, name: string, usage: string, detail: string, more: boolean}} Completion */

const MOST = 8;

/** Short names of tools that people type. @type {{[name: string]: string}} */
const ALIASES = { add: "insert", delete_record: "delete", remove: "delete", stores: "list_stores", databases: "list_databases", describe: "describe_store", sql: "query" };

/** Commands that draft a script, in the order in which they are used. */
const DRAFTING = [
  ["help", "[command]", t("copilot.list_commands")],
  ["create", "name", t("copilot.begin_a_script")],
  ["step", "[text]", t("copilot.add_or_keep_a_step")],
  ["steps", "", t("shared.show_the_steps")],
  ["undo", "", t("copilot.take_the_last_change_of_the_draft")],
  ["insert_step", "at text", t("copilot.put_a_step_between")],
  ["update_step", "at text", t("copilot.replace_a_step")],
  ["delete_step", "at", t("copilot.remove_a_step")],
  ["reorder_steps", "from to", t("copilot.move_a_step")],
  ["parameterize", "script name value", t("copilot.make_a_value_a_parameter")],
  ["refine", "[apply or cancel]", t("copilot.have_names_and_descriptions_proposed")],
  ["save", "", t("copilot.save_the_draft")],
  ["save_as", "name", t("copilot.save_the_draft_under_another_name")],
  ["list", "", t("copilot.saved_scripts")],
  ["show", "script", t("copilot.show_a_script")],
  ["run", "script [name=value]", t("shared.run_a_script")],
  ["history", "script", t("copilot.versions_of_a_script")],
];

/** @param {Tool} tool */
function usage(tool) {
  const required = new Set(tool.parameters?.required ?? []);
  const positional = tool.positional ?? [];
  const named = Object.keys(tool.parameters?.properties ?? {}).filter((name) => required.has(name) && !positional.includes(name));
  return [...positional.map((name) => (required.has(name) ? name : `[${name}]`)), ...named.map((name) => `${name}=…`)].join(" ");
}

/** The first sentence. @param {string} text */
const brief = (text) => /^.*?[.!?](?=\s|$)/s.exec(text)?.[0].replace(/[.]$/, "") ?? text;

/** All commands. @param {Tool[]} tools @returns {Completion[]} */
export function commands(tools) {
  const drafting = DRAFTING.filter(([name]) => !tools.some((tool) => tool.name === name));
  const aliases = Object.entries(ALIASES).flatMap(([alias, name]) => {
    const tool = tools.find((one) => one.name === name);
    return tool && !tools.some((one) => one.name === alias) ? [{ ...tool, name: alias }] : [];
  });
  return [
    ...[...tools, ...aliases].map((tool) => ({ insert: `/${tool.name} `, name: tool.name, usage: usage(tool), detail: brief(tool.description), more: true })),
    ...drafting.map(([name, how, detail]) => ({ insert: how ? `/${name} ` : `/${name}`, name, usage: how, detail, more: how !== "" })),
  ];
}

/** How well a name fits what was typed: smaller is better, undefined not at all. @param {string} name @param {string} typed */
function fit(name, typed) {
  const low = name.toLowerCase();
  const want = typed.toLowerCase();
  if (low.startsWith(want)) return low.length === want.length ? 0 : 1;
  if (low.split("_").some((part) => part.startsWith(want))) return 2;
  return low.includes(want) ? 3 : undefined;
}

/** @template T @param {T[]} list @param {(one: T) => string} name @param {string} typed @returns {T[]} */
function best(list, name, typed) {
  return list
    .map((one, at) => ({ one, at, fit: fit(name(one), typed) }))
    .filter((each) => each.fit !== undefined)
    .sort((a, b) => /** @type {number} */ (a.fit) - /** @type {number} */ (b.fit) || a.at - b.at)
    .map((each) => each.one);
}

/** A name as the server's grammar reads it. @param {string} name */
const quoted = (name) => (/^[\p{L}\p{N}_.-]+$/u.test(name) ? name : `"${name.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`);

/**
 * What may stand where the cursor is. Undefined where nothing is to be completed.
 * @param {string} text @param {number} caret @param {{tools: Tool[], stores: string[], databases: string[]}} known
 * @returns {{from: number, items: Completion[]} | undefined}
 */
export function complete(text, caret, { tools, stores, databases }) {
  if (!text.startsWith("/") || text.slice(0, caret).includes("\n")) return undefined;
  const head = text.slice(0, caret);
  const name = /^\/([\w-]*)$/.exec(head);
  if (name) {
    const items = best(commands(tools), (one) => one.name, name[1]).slice(0, MOST);
    return items.length ? { from: 0, items } : undefined;
  }
  const command = /^\/([\w-]+)\s/.exec(head)?.[1] ?? "";
  const tool = tools.find((one) => one.name === (ALIASES[command] ?? command));
  if (!tool) return undefined;
  const words = head.slice(command.length + 2).match(/(?:"(?:[^"\\]|\\.)*"?|[^\s"])+/g) ?? [];
  const open = /\s$/.test(head) ? "" : (words.pop() ?? "");
  const from = caret - open.length;
  const parameters = tool.parameters?.properties ?? {};
  const assigned = /^(\w+)=(.*)$/.exec(open);
  const given = words.filter((word) => /^\w+=/.test(word)).map((word) => word.split("=")[0]);
  const place = assigned ? assigned[1] : (tool.positional ?? []).filter((one) => !given.includes(one))[words.length - given.length];
  const typed = assigned ? assigned[2] : open;
  const values = /^(store|to_store|from_store|target_store)$/.test(place ?? "") ? stores : place === "database" ? databases : (parameters[place ?? ""]?.enum ?? []).map(String);
  const lead = assigned ? `${assigned[1]}=` : "";
  const fromValues = best(values, String, typed.replace(/^"/, "")).slice(0, MOST).map((value) => ({ insert: `${lead}${quoted(String(value))} `, name: String(value), usage: "", detail: place ?? "", more: true }));
  if (fromValues.length || assigned) return fromValues.length && !(fromValues.length === 1 && fromValues[0].name === typed) ? { from, items: fromValues } : undefined;
  const positional = new Set((tool.positional ?? []).slice(0, words.length - given.length));
  const names = Object.keys(parameters).filter((one) => !given.includes(one) && !positional.has(one));
  const items = best(names, String, open).slice(0, MOST).map((one) => ({ insert: `${one}=`, name: one, usage: "=", detail: brief(String(parameters[one]?.description ?? "")), more: true }));
  return items.length && open !== "" ? { from, items } : undefined;
}
