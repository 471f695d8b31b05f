// The syntax trees of modules: how to walk them, and what an expression gives as far as modules say it.
//
// Holds: nothing of a module is run. Names are looked up as the language does, up to parameters and what may change, which are
// not followed.

import { parse } from "acorn";

/** @typedef {any} Node a node of the syntax tree, with `parent` */
/** Gives the tree of a module by its path. @typedef {(file: string) => Node | undefined} Read */

/** @param {string} source @returns {Node} */
export function tree(source) {
  const root = /** @type {Node} */ (parse(source, { ecmaVersion: "latest", sourceType: "module", locations: true }));
  link(root, undefined);
  return root;
}

/** @param {Node} node @param {Node} parent */
function link(node, parent) {
  node.parent = parent;
  for (const child of children(node)) link(child, node);
}

/** @param {Node} node @returns {Node[]} */
export function children(node) {
  const found = [];
  for (const [name, value] of Object.entries(node)) {
    if (name === "parent" || value === null || typeof value !== "object") continue;
    for (const one of Array.isArray(value) ? value : [value]) if (one && typeof one.type === "string") found.push(one);
  }
  return found;
}

/** @param {Node} node @param {(node: Node) => boolean | void} see false: nothing below it */
export function walk(node, see) {
  if (see(node) === false) return;
  for (const child of children(node)) walk(child, see);
}

/** The name of what is called. @param {Node} node */
export function callee(node) {
  const { callee: called } = node;
  if (!called) return "";
  if (called.type === "Identifier") return called.name;
  if (called.type === "Import") return "import";
  return called.type === "MemberExpression" && !called.computed ? called.property.name : "";
}

/** What an expression gives, as far as it is written here: the branches of a choice and the like. @param {Node} node @returns {Node[]} */
export function results(node) {
  switch (node.type) {
    case "ConditionalExpression":
      return [...results(node.consequent), ...results(node.alternate)];
    case "LogicalExpression":
      return [...results(node.left), ...results(node.right)];
    case "BinaryExpression":
      return node.operator === "+" ? [...results(node.left), ...results(node.right)] : [];
    case "ParenthesizedExpression":
      return results(node.expression);
    case "ArrayExpression":
      return node.elements.flatMap((/** @type {Node} */ one) => (one ? results(one) : []));
    case "CallExpression": {
      const name = callee(node);
      if (name === "filter" || name === "join" || name === "toLowerCase") return node.callee.type === "MemberExpression" ? results(node.callee.object) : [];
      if (name === "map" || name === "flatMap") return node.arguments[0]?.type === "ArrowFunctionExpression" && node.arguments[0].expression ? results(node.arguments[0].body) : [];
      return [node];
    }
    case "MemberExpression":
      return node.computed && node.object.type === "ArrayExpression" ? results(node.object) : node.computed && node.object.type === "ObjectExpression" ? valuesOf(node.object).flatMap(results) : [node];
    default:
      return [node];
  }
}

/** @param {Node} object @returns {Node[]} */
export const valuesOf = (object) => object.properties.flatMap((/** @type {Node} */ one) => (one.value ? [one.value] : []));

/** The names that a pattern declares. @param {Node} pattern @returns {string[]} */
function declared(pattern) {
  if (pattern.type === "Identifier") return [pattern.name];
  if (pattern.type === "Property") return declared(pattern.value);
  if (pattern.type === "AssignmentPattern") return declared(pattern.left);
  return children(pattern).flatMap(declared);
}

/** Where the tree of a module is from, and what reads another one beside it. @type {WeakMap<Node, {file: string, read?: Read}>} */
const PLACES = new WeakMap();

/** Says where a tree is from. @param {Node} root @param {string} file @param {Read} [read] what gives the modules that it imports */
export function place(root, file, read) {
  PLACES.set(root, { file, read });
}

/** The module that a node is of. @param {Node} node @returns {string | undefined} */
export function fileOf(node) {
  let root = node;
  while (root.parent) root = root.parent;
  return PLACES.get(root)?.file;
}

/** What a module has from another one under a name. @param {Node} root @param {string} source @param {string | undefined} name @returns {Node | undefined} */
function imported(root, source, name) {
  const { file: from = "", read } = PLACES.get(root) ?? {};
  if (!read || !name || !source.startsWith(".")) return undefined;
  const file = new URL(source, `file:///${from}`).pathname.slice(1);
  const other = read(file);
  if (!other) return undefined;
  place(other, file, read);
  return meant(name, { parent: other });
}

/** What a name of a module stands for where a node stands: a function, or what a constant is. @param {string} name @param {Node} from @returns {Node | undefined} */
function meant(name, from) {
  for (let at = from.parent; at; at = at.parent) {
    if (/Function/.test(at.type) && at.params.some((/** @type {Node} */ one) => declared(one).includes(name))) return undefined;
    if (at.type !== "Program" && at.type !== "BlockStatement") continue;
    for (const line of at.body) {
      if (line.type === "ImportDeclaration") {
        const one = line.specifiers.find((/** @type {Node} */ each) => each.local.name === name);
        if (one) return imported(at, line.source.value, one.imported?.name);
      }
      const statement = line.declaration ?? line;
      if (statement.type === "FunctionDeclaration" && statement.id?.name === name) return statement;
      if (statement.type !== "VariableDeclaration") continue;
      const one = statement.declarations.find((/** @type {Node} */ each) => declared(each.id).includes(name));
      if (one) return statement.kind === "const" && one.id.type === "Identifier" ? (one.init ?? undefined) : undefined;
    }
  }
  return undefined;
}

/** The method of the class around a node. @param {Node} property @param {Node} from @returns {Node | undefined} */
function method(property, from) {
  let at = from;
  while (at && at.type !== "ClassBody") at = at.parent;
  return at?.body.find((/** @type {Node} */ one) => one.type === "MethodDefinition" && one.key.type === property.type && one.key.name === property.name)?.value;
}

/** The array that an expression is, through constants and what leaves some of it out. @param {Node} node @returns {Node | undefined} */
function listOf(node) {
  if (node.type === "ArrayExpression") return node;
  if (node.type === "Identifier") {
    const constant = meant(node.name, node);
    return constant && listOf(constant);
  }
  return node.type === "CallExpression" && /^(?:filter|slice|toSorted|reverse|toReversed)$/.test(callee(node)) && node.callee.object ? listOf(node.callee.object) : undefined;
}

/** What stands at a place in each row of a list that is written as rows, as `[["id", "title"], …]`. @param {Node} list @param {number} index @returns {Node[]} */
function columnOf(list, index) {
  return (listOf(list)?.elements ?? []).flatMap((/** @type {Node | null} */ row) => (row?.type === "ArrayExpression" && row.elements[index] ? [row.elements[index]] : []));
}

/** What a parameter is: a place in the rows of a list that is gone through. @param {string} name @param {Node} from @returns {Node[]} */
function parameter(name, from) {
  let at = from.parent;
  while (at && !(/Function/.test(at.type) && at.params.some((/** @type {Node} */ one) => declared(one).includes(name)))) at = at.parent;
  const [row] = at?.params ?? [];
  const call = at?.parent;
  if (row?.type !== "ArrayPattern" || call?.type !== "CallExpression" || call.arguments[0] !== at || !/^(?:map|flatMap|forEach)$/.test(callee(call)) || !call.callee.object) return [];
  return columnOf(call.callee.object, row.elements.findIndex((/** @type {Node | null} */ one) => one?.type === "Identifier" && one.name === name));
}

/** What a function gives, its inner functions left out. @param {Node} body @returns {Node[]} */
export function returned(body) {
  /** @type {Node[]} */
  const found = [];
  walk(body, (one) => {
    if (one.type === "ReturnStatement" && one.argument) found.push(one.argument);
    return !/Function/.test(one.type);
  });
  return found;
}

/**
 * What an expression gives, through the functions and constants of its module.
 * @param {Node} node @param {Set<Node>} [seen] @returns {Node[]}
 */
export function given(node, seen = new Set()) {
  if (seen.has(node)) return [];
  seen.add(node);
  return results(node).flatMap((one) => {
    if (one.type === "Identifier") {
      const constant = meant(one.name, one);
      if (!constant) return parameter(one.name, one).flatMap((each) => given(each, seen));
      return /Function/.test(constant.type) ? [] : given(constant, seen);
    }
    if (one.type === "ChainExpression") return given(one.expression, seen);
    if (one.type === "CallExpression") {
      const { callee: called } = one;
      const found = called.type === "Identifier" ? meant(called.name, one) : called.type === "MemberExpression" && called.object.type === "ThisExpression" ? method(called.property, one) : undefined;
      if (!found || !/Function/.test(found.type)) return [];
      return (found.body.type === "BlockStatement" ? returned(found.body) : [found.body]).flatMap((/** @type {Node} */ each) => given(each, seen));
    }
    if (one.type === "MemberExpression" && one.computed && one.property.type === "Literal" && one.object.type === "CallExpression" && callee(one.object) === "find" && one.object.callee.object) return columnOf(one.object.callee.object, one.property.value).flatMap((each) => given(each, seen));
    if (one.type === "MemberExpression" && one.object.type === "Identifier") {
      const table = meant(one.object.name, one);
      if (table?.type !== "ObjectExpression" && table?.type !== "ArrayExpression") return [];
      if (table.type === "ArrayExpression") return one.computed ? given(table, seen) : [];
      const chosen = one.computed ? valuesOf(table) : valuesOf(table).filter((value) => (value.parent.key.name ?? value.parent.key.value) === one.property.name);
      return chosen.flatMap((value) => given(value, seen));
    }
    return [one];
  });
}
