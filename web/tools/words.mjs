// Finds the words that people read in a module: text and readable attributes of `html` templates, and literals that look
// like words or stand where words are shown. What it finds belongs into the catalogue (`strings/`).
//
// Holds: it runs nothing of a module. What a place shows is followed to the functions and constants that give it, also those
// of the modules that are imported, not through parameters and what is kept in objects. It is a guard for people who mean well, not a proof: a word
// that is put together letter by letter gets past it.

import { FILES, NAMES as SAME_EVERYWHERE, TEXTS } from "./not_words.mjs";
import { callee, fileOf, given, place, results, returned, tree, valuesOf, walk } from "./syntax.mjs";

/** @typedef {import("./syntax.mjs").Node} Node */
/** @typedef {import("./syntax.mjs").Read} Read */
/** @typedef {{kind: "text" | "attribute" | "result" | "prose", start: number, end: number, line: number, text: string, node?: Node, parts?: (string | Node)[], attribute?: string, file?: string}} Found `file`: where it stands, if not in the module that shows it */

/** Attributes that are read out or shown. */
const READABLE = new Set(["aria-label", "aria-description", "aria-roledescription", "aria-valuetext", "alt", "label", "placeholder", "title", "data-tip"]);
/** Properties whose value is shown, whatever it looks like. */
const SHOWN = new Set(["advice", "caption", "description", "detail", "empty", "end", "fix", "group", "heading", "hint", "label", "main", "message", "more", "noun", "placeholder", "said", "summary", "text", "tip", "title", "verb", "what", "why", "words"]);
/** Properties whose value is a name for programs, whatever it looks like. */
const NAMES = new Set(["class", "className", "cls", "icon", "id", "key", "keys", "kind", "lang", "language", "op", "path", "role", "side", "sql", "style", "tag", "tone", "type", "view", "way", "where"]);
/** Functions that show what they are given. */
const SAYS = new Set(["announce", "alert"]);
/** Functions that take names for programs. */
const TAKES_NAMES = new Set([
  "addEventListener", "attr", "charAt", "charCodeAt", "closest", "createElement", "createElementNS", "define", "dispatchEvent", "endsWith", "follow", "get", "getAttribute", "getElementById", "has", "hasAttribute", "icon", "iconElement", "import",
  "indexOf", "includes", "is", "lastIndexOf", "localeCompare", "match", "matchAll", "matchMedia", "matches", "off", "on", "padEnd", "padStart", "path", "querySelector", "querySelectorAll", "remove", "removeAttribute", "removeEventListener", "replace", "replaceAll", "search", "split", "startsWith", "test", "toggle", "toggleAttribute", "run",
]);
/** The same for functions that are no methods. */
const NAMED_BY = new Set(["icon", "iconElement", "import", "matchMedia", "path", "run"]);
const MAKES_NAMES = new Set(["CustomEvent", "Event", "RegExp", "URL"]);
/** Whose message is shown where somebody catches it; what else they take is a name. */
const MAKES_FAULTS = new Set(["Error", "TypeError", "RangeError", "SyntaxError", "DOMException"]);

/** Whether a text has letters. @param {string} text */
export const hasLetters = (text) => /\p{L}/u.test(text);

/** @param {Node} node */
export const isHtml = (node) => node.type === "TaggedTemplateExpression" && node.tag.type === "Identifier" && /^(?:html|svg)$/.test(node.tag.name);

/** The functions of a module that give markup, by its tree. @type {WeakMap<Node, Set<string>>} */
const DRAWING = new WeakMap();

/** The names of functions of a node's module that give markup. @param {Node} node */
function drawing(node) {
  let root = node;
  while (root.parent) root = root.parent;
  const known = DRAWING.get(root);
  if (known) return known;
  /** @type {Set<string>} */
  const names = new Set();
  walk(root, (one) => {
    const [name, body] = one.type === "FunctionDeclaration" ? [one.id?.name, one.body] : one.type === "VariableDeclarator" && /Function/.test(one.init?.type ?? "") ? [one.id.name, one.init.body] : [];
    if (!name) return;
    const given = body.type === "BlockStatement" ? returned(body) : [body];
    if (given.some((/** @type {Node} */ value) => results(value).some(isHtml))) names.add(name);
  });
  DRAWING.set(root, names);
  return names;
}

/** Whether an expression gives markup, so that it cannot stand in a sentence. @param {Node} node */
export function isMarkup(node) {
  let found = false;
  walk(node, (one) => {
    if (isHtml(one) || (one.type === "Identifier" && one.name === "nothing")) found = true;
    if (one.type === "CallExpression" && (callee(one) === "icon" || callee(one) === "rich")) found = true;
    if (one.type === "CallExpression" && one.callee.type === "MemberExpression" && one.callee.property.type === "PrivateIdentifier") found = true;
    if (one.type === "CallExpression" && one.callee.type === "Identifier" && drawing(one).has(one.callee.name)) found = true;
    return !found;
  });
  return found;
}

/** The text of a literal or of one quasi. @param {Node} node */
function textOf(node) {
  return node.type === "TemplateElement" ? node.value.cooked : node.value;
}

/** @param {Node} node */
const isText = (node) => (node.type === "Literal" && typeof node.value === "string") || node.type === "TemplateLiteral";

/** The parts of a literal: its words and what is put in. @param {Node} node @returns {(string | Node)[]} */
export function partsOf(node) {
  if (node.type === "Literal") return [node.value];
  return node.quasis.flatMap((/** @type {Node} */ quasi, /** @type {number} */ at) => [textOf(quasi), ...(at < node.expressions.length ? [node.expressions[at]] : [])]);
}

/** @param {(string | Node)[]} parts */
export const lettersIn = (parts) => parts.some((part) => typeof part === "string" && hasLetters(part));

/** @param {(string | Node)[]} parts */
export const wordsOf = (parts) => parts.map((part) => (typeof part === "string" ? part : "{…}")).join("");

const ESCAPES = /** @type {{[letter: string]: string}} */ ({ n: "\n", t: "\t", r: "\r" });

/** What an escape of a template stands for. @param {string} escape */
function unescaped(escape) {
  const code = /[\da-fA-F]{2,}/.exec(escape.slice(2))?.[0];
  return /^\\[ux]/.test(escape) && code ? String.fromCodePoint(Number.parseInt(code, 16)) : ESCAPES[escape[1]] ?? escape[1] ?? "";
}

/** Texts and readable attributes of a template. @param {Node} template @param {string} source */
function* ofTemplate(template, source) {
  const { quasis, expressions } = template.quasi;
  let state = "text";
  let attribute = "";
  let quote = "";
  /** @type {{parts: (string | Node)[], start: number, end: number}} */
  let run = { parts: [], start: 0, end: 0 };
  /** @type {Found[]} */
  const made = [];
  /** Where each expression stands. @type {string[]} */
  const states = [];
  const line = (/** @type {number} */ at) => template.loc.start.line + source.slice(template.start, at).split("\n").length - 1;
  const close = (/** @type {"text" | "attribute"} */ kind) => {
    // White space around a text is the template's.
    const [first] = run.parts;
    if (typeof first === "string") {
      const cut = first.trimStart();
      run.start += first.length - cut.length;
      run.parts[0] = cut;
    }
    const last = run.parts.at(-1);
    if (typeof last === "string") {
      const cut = last.trimEnd();
      run.end -= last.length - cut.length;
      run.parts[run.parts.length - 1] = cut;
    }
    if (lettersIn(run.parts)) made.push({ kind, start: run.start, end: run.end, line: line(run.start), text: wordsOf(run.parts), parts: run.parts.filter((part) => part !== ""), ...(kind === "attribute" ? { attribute } : {}) });
    run = { parts: [], start: 0, end: 0 };
  };
  const add = (/** @type {string | Node} */ part, /** @type {number} */ start, /** @type {number} */ end) => {
    if (!run.parts.length) run.start = start;
    const last = run.parts.at(-1);
    if (typeof part === "string" && typeof last === "string") run.parts[run.parts.length - 1] = last + part;
    else run.parts.push(part);
    run.end = end;
  };
  for (const [at, quasi] of quasis.entries()) {
    const raw = source.slice(quasi.start, quasi.end);
    for (let i = 0; i < raw.length; i += 1) {
      const c = raw[i];
      const place = quasi.start + i;
      if (state === "text") {
        if (c === "<") {
          close("text");
          state = raw.startsWith("<!--", i) ? "comment" : "tag";
        } else if (c === "\\") {
          const escape = /^\\(?:u[\da-fA-F]{4}|x[\da-fA-F]{2}|u\{[\da-fA-F]+\}|.)/.exec(raw.slice(i))?.[0] ?? c;
          add(unescaped(escape), place, place + escape.length);
          i += escape.length - 1;
        } else add(c, place, place + 1);
      } else if (state === "comment") {
        if (raw.startsWith("-->", i)) {
          state = "text";
          i += 2;
        }
      } else if (state === "tag") {
        if (c === ">") state = "text";
        else if (/[^\s/>="'<]/.test(c)) {
          const name = /^[^\s/>="']+/.exec(raw.slice(i))?.[0] ?? c;
          i += name.length - 1;
          attribute = raw[i + 1] === "=" ? name : "";
          if (attribute) {
            i += 1;
            state = "value";
            quote = "";
          }
        }
      } else if (state === "value") {
        if (!quote && (c === '"' || c === "'")) {
          quote = c;
          state = "quoted";
        } else if (c === ">" || /\s/.test(c)) state = c === ">" ? "text" : "tag";
        // A value without quotes that is no expression: names only.
      } else if (state === "quoted") {
        if (c === quote) {
          if (READABLE.has(attribute.replace(/^\./, ""))) {
            // With its quotes.
            run.start -= 1;
            run.end += 1;
            if (lettersIn(run.parts) || (run.parts.length > 1 && run.parts.some((part) => typeof part !== "string" && [...ofResult(part)].some((one) => !isNotWords(one, one.file ?? ""))))) made.push({ kind: "attribute", start: run.start, end: run.end, line: line(run.start), text: wordsOf(run.parts), parts: run.parts, attribute });
          }
          run = { parts: [], start: 0, end: 0 };
          state = "tag";
          quote = "";
        } else if (READABLE.has(attribute.replace(/^\./, ""))) add(c, place, place + 1);
      }
    }
    const expression = expressions[at];
    if (!expression) break;
    states.push(state);
    const [from, to] = [quasi.end, quasis[at + 1].start];
    if (state === "text") {
      if (isMarkup(expression)) {
        close("text");
        yield* ofResult(expression);
      } else add(expression, from, to);
    } else if (state === "quoted" && READABLE.has(attribute.replace(/^\./, ""))) add(expression, from, to);
    else if (state === "value") {
      if (READABLE.has(attribute.replace(/^\./, ""))) yield* ofResult(expression);
      // The next quasi goes on after the value.
      state = "tag";
    }
  }
  close("text");
  yield* made;
  for (const one of made) for (const part of one.parts ?? []) if (typeof part !== "string") yield* ofResult(part);
  // Expressions that stand alone, as in <b>${a ? "x" : "y"}</b>.
  const taken = new Set(made.flatMap((one) => one.parts ?? []));
  for (const [at, expression] of expressions.entries()) {
    if (taken.has(expression) || isMarkup(expression)) continue;
    if (states[at] === "text") yield* ofResult(expression);
  }
}

/** The literals that an expression gives. @param {Node} expression @returns {Generator<Found>} */
function* ofResult(expression) {
  for (const node of given(expression)) {
    if (!isText(node)) continue;
    const parts = partsOf(node);
    if (lettersIn(parts)) yield { kind: "result", file: fileOf(node), start: node.start, end: node.end, line: node.loc.start.line, text: wordsOf(parts), parts, node };
  }
}

/** Whether a text looks like words for people. @param {string} text */
export function isProse(text) {
  const words = text.replace(/\{…\}/g, " ").trim();
  if (!/\p{L}{2}/u.test(words)) return false;
  if (/^[A-Z](?: \p{L}|[\p{L}’']+(?:[ …:.,?!-]|$))/u.test(words) && !/^(?:Ctrl|Alt|Shift|Arrow[A-Z]\w+|Page(?:Up|Down)|Backspace|GET|POST|PUT|PATCH|DELETE)\b/.test(words)) return true;
  if (text !== words && /\s/.test(text.trim()) && /(?:^|\s)\p{L}{2,}(?:[\s.,:;?!]|$)/u.test(words)) return true;
  if (/^(?:[,;:·(] ?| |\d+ )\p{L}{2,}/u.test(text) || /(?:^|\s)an? \p{Ll}{3,}/u.test(text)) return true;
  if (/\p{L}{2,}[’']?\p{L}*[,.:;?!…]? +[“(]?\p{L}/u.test(words) && !/^(?:SELECT|INSERT|UPDATE|DELETE|CREATE|FROM|WHERE|WITH|ORDER|GROUP)\b/.test(words)) return true;
  return false;
}

/** Why a literal is not for people, or undefined. @param {Node} node @param {string} text */
function program(node, text) {
  // A name for programs has no white space, or no capital.
  const sentence = /^[“”A-Z]/.test(text) && /\s/.test(text);
  let listed = false;
  for (let child = node, at = node.parent; at; child = at, at = at.parent) {
    switch (at.type) {
      case "ImportDeclaration":
      case "ExportNamedDeclaration":
      case "ExportAllDeclaration":
      case "ImportExpression":
        return at.type === "ExportNamedDeclaration" && child === at.declaration ? undefined : "import";
      case "SwitchCase":
        return child === at.test ? "case" : undefined;
      case "BinaryExpression":
        if (at.operator !== "+") return "compared";
        break;
      case "Property":
        if (child === at.key && !at.computed) return "key";
        if (child === at.value) return !at.computed && !sentence && NAMES.has(at.key.name ?? at.key.value) ? "named" : undefined;
        return "key";
      case "MemberExpression":
        if (child !== at.object || at.computed || !/^(?:filter|join|map|flatMap|toLowerCase|toUpperCase|trim)$/.test(at.property.name ?? "")) return "member";
        listed = true;
        break;
      case "CallExpression":
        if (child === at.callee) break;
        return (at.callee.type === "MemberExpression" ? TAKES_NAMES : NAMED_BY).has(callee(at)) ? "taken" : undefined;
      case "NewExpression":
        return MAKES_NAMES.has(at.callee.name) || (MAKES_FAULTS.has(at.callee.name) && child !== at.arguments[0]) ? "made" : undefined;
      case "TaggedTemplateExpression":
        return "template";
      case "TemplateLiteral":
        return at.parent.type === "TaggedTemplateExpression" && !listed ? "in template" : undefined;
      case "AssignmentExpression":
        return at.left.type === "MemberExpression" && !sentence && (NAMES.has(at.left.property.name) || at.left.property.name === "name") ? "named" : undefined;
      case "ConditionalExpression":
        if (child === at.test) return "test";
        break;
      case "LogicalExpression":
      case "ArrayExpression":
      case "SpreadElement":
      case "ParenthesizedExpression":
        break;
      default:
        return undefined;
    }
  }
  return undefined;
}

/** Whether a literal stands where words are shown. @param {Node} node */
function shown(node) {
  for (let child = node, at = node.parent; at; child = at, at = at.parent) {
    if (at.type === "Property") return child === at.value && !at.computed && SHOWN.has(at.key.name ?? at.key.value) && at.parent.parent.callee?.name !== "CustomEvent";
    if (at.type === "CallExpression") return child !== at.callee && SAYS.has(callee(at));
    if (at.type === "NewExpression") return MAKES_FAULTS.has(at.callee.name) && child === at.arguments[0];
    if (at.type === "AssignmentExpression") return at.left.type === "MemberExpression" && /^(?:textContent|title|placeholder|innerText)$/.test(at.left.property.name ?? "");
    if (at.type === "ConditionalExpression" ? child === at.test : at.type === "ArrowFunctionExpression" ? child !== at.body : !["LogicalExpression", "TemplateLiteral"].includes(at.type)) return false;
  }
  return false;
}

/** What a node shows to people: the values of a text, properties and arguments that are words. @param {Node} node @returns {Node[]} */
function shownBy(node) {
  if (node.type === "Property") return !node.computed && SHOWN.has(node.key.name ?? node.key.value) && node.parent.type === "ObjectExpression" && node.parent.parent.callee?.name !== "CustomEvent" ? [node.value] : [];
  if (node.type !== "CallExpression") return [];
  const name = callee(node);
  const [first, second] = node.arguments;
  if (node.callee.type === "Identifier" && /^(?:t|rich)$/.test(name)) return second?.type === "ObjectExpression" ? valuesOf(second) : [];
  if (SAYS.has(name)) return first ? [first] : [];
  return name === "setAttribute" && READABLE.has(first?.value) && second ? [second] : [];
}

const KEYS = /^(?:(?:Ctrl|Alt|Shift|Esc|Del|Enter|Tab|Space|PgUp|PgDn|F\d{1,2}|[A-Z]|[↵↑↓←→.>/?])(?:[ +]|$))+$/;
const ENTITIES = /&(?:nbsp|gt|lt|amp|quot);/g;

/** Whether a text has letters and still no words: a key, a name, a piece of a program. @param {Found} found @param {string} file */
export function isNotWords({ text, kind }, file) {
  const bare = text.trim();
  if (kind !== "attribute" && !hasLetters(text.replaceAll("{…}", "").replace(ENTITIES, ""))) return true;
  if (SAME_EVERYWHERE.has(bare.replaceAll("{…}", "").replace(/^[\s·]+|[\s·]+$/g, "")) || (KEYS.test(bare) && bare.length > 1)) return true;
  if (/^[A-Z]+(?:_[A-Z]+)+$/.test(bare) || (kind === "prose" && /^[A-Z_]{2,}(?: [A-Z_(]+)*$/.test(bare))) return true;
  if (/^(?:SELECT|INSERT INTO|DELETE FROM|CREATE (?:STORE|TABLE)|PRIMARY KEY|FOREIGN KEY|GET|POST|PUT|PATCH|DELETE) /.test(bare) || bare.startsWith("<") || bare.includes("<span") || bare.startsWith('{"')) return true;
  return (TEXTS[file] ?? []).some((one) => (typeof one === "string" ? one === text : one.test(text)));
}

/**
 * The words of a module that are not from the catalogue, and those that it shows of others.
 * @param {string} source @param {Node} [root] @param {string} [file] its path under web @param {Read} [read] what gives the modules that it imports
 * @returns {Found[]}
 */
export function findWords(source, root = tree(source), file = "", read) {
  place(root, file, read);
  /** @type {Map<string, Found>} */
  const found = new Map();
  if (FILES.some((one) => one.test(file))) return [];
  const add = (/** @type {Found} */ one) => {
    const at = `${one.file ?? file} ${one.start}-${one.end}`;
    if (!found.has(at) && !isNotWords(one, one.file ?? file)) found.set(at, one);
  };
  walk(root, (node) => {
    if (isHtml(node)) for (const one of ofTemplate(node, source)) add(one);
  });
  walk(root, (node) => {
    if (node.type === "TaggedTemplateExpression") return;
    for (const value of shownBy(node)) if (!isMarkup(value)) for (const one of ofResult(value)) add(one);
    if (!isText(node) || (node.type === "TemplateLiteral" && node.parent.type === "TaggedTemplateExpression")) return;
    const parts = partsOf(node);
    if (!lettersIn(parts)) return;
    const text = wordsOf(parts);
    if (shown(node) || (isProse(text) && program(node, text) === undefined)) add({ kind: "prose", start: node.start, end: node.end, line: node.loc.start.line, text, parts, node });
  });
  return [...found.values()].sort((a, b) => (a.file ?? file).localeCompare(b.file ?? file) || a.start - b.start || b.end - a.end);
}
