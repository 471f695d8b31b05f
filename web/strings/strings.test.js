// The catalogue and who uses it: no words of modules and templates stand outside of it, every key is used and there, and
// places are filled.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { describe, test } from "node:test";
import { NAMES } from "../tools/not_words.mjs";
import { callee, tree, walk } from "../tools/syntax.mjs";
import { findWords } from "../tools/words.mjs";
import { texts } from "./texts.js";

const ROOT = new URL("../", import.meta.url);
const read = (/** @type {string} */ path) => readFileSync(new URL(path, ROOT), "utf8");

/** Files under a folder. @param {string} folder @param {RegExp} name */
const files = (folder, name) => readdirSync(new URL(folder, ROOT), { recursive: true, encoding: "utf8" }).map((file) => `${folder}${file.replaceAll("\\", "/")}`).filter((file) => name.test(file)).sort();

const MODULES = [...["core/", "model/", "parts/"].flatMap((folder) => files(folder, /(?<!\.test)\.js$/)), ...readdirSync(ROOT).filter((file) => file.endsWith(".js"))];
const AREAS = files("strings/en/", /\.js$/).map((file) => file.slice("strings/en/".length, -".js".length));

/** The texts of an area, read as the build reads them. @param {string} area @returns {{[key: string]: string}} */
function catalogue(area) {
  const source = read(`strings/en/${area}.js`);
  return JSON.parse(source.slice(source.indexOf("(") + 1, source.lastIndexOf(")")));
}

const ALL = Object.assign({}, ...AREAS.map(catalogue));
/** The name under which a text is asked for. @param {string} key */
const asked = (key) => (key.endsWith("_one") || key.endsWith("_other") ? key.replace(/_(?:one|other)$/, "") : key);
/** The places of a text. @param {string} text */
const slots = (text) => [...text.matchAll(/\{([A-Za-z]\w*)\}/g)].map(([, name]) => name);
/** Every key that a template or the Rust code of the pages names. */
const RENDERED = new Set([...files("templates/", /\.html$/), ...files("src/", /\.rs$/)].flatMap((file) => [...read(file).matchAll(/\bs::([A-Z][A-Z0-9_]+)/g)].map(([, name]) => name)));
/** @param {string} key */
const constant = (key) => key.replace(".", "_").toUpperCase();

/** The trees of modules, each made once. @type {Map<string, any>} */
const TREES = new Map();

/** The tree of a module of the page. @param {string} file */
function parsed(file) {
  if (!MODULES.includes(file)) return undefined;
  if (!TREES.has(file)) TREES.set(file, tree(read(file)));
  return TREES.get(file);
}

/** @typedef {{file: string, line: number, key: string | undefined, values: string[] | undefined, area: string}} Call */

/** The calls of a module that ask for a text. @param {string} file @returns {Call[]} */
function calls(file) {
  const source = read(file);
  const area = /from "[./]*strings\/([a-z]+)\.js"/.exec(source)?.[1];
  if (!area) return [];
  /** @type {Call[]} */
  const found = [];
  walk(parsed(file), (node) => {
    if (node.type !== "CallExpression" || node.callee.type !== "Identifier" || !/^(?:t|rich)$/.test(callee(node))) return;
    const [key, values] = node.arguments;
    const named = values === undefined ? [] : values.type === "ObjectExpression" && values.properties.every((/** @type {any} */ one) => one.type === "Property" && !one.computed) ? values.properties.map((/** @type {any} */ one) => one.key.name ?? one.key.value) : undefined;
    found.push({ file, line: node.loc.start.line, area, key: key?.type === "Literal" ? key.value : undefined, values: named });
  });
  return found;
}

const CALLS = MODULES.flatMap(calls);
const at = (/** @type {{file: string, line: number}} */ { file, line }) => `${file}:${line}`;

describe("the catalogue", () => {
  test("an area is an object of texts in the order of their keys, each named after the area", () => {
    for (const area of AREAS) {
      const keys = Object.keys(catalogue(area));
      assert.deepEqual(keys, [...keys].sort(), `strings/en/${area}.js is not sorted`);
      for (const key of keys) assert.match(key, new RegExp(`^${area}\\.[a-z0-9_]+$`));
    }
  });

  test("a text is plain, with places in braces and no white space around it", () => {
    for (const [key, text] of Object.entries(ALL)) {
      assert.equal(typeof text, "string", key);
      assert.ok(text !== "" && text === text.trim(), `${key}: “${text}”`);
      assert.doesNotMatch(text.replace(/\{[A-Za-z]\w*\}/g, ""), /\{/, `${key}: a brace that is no place`);
    }
  });

  test("plurals come in pairs with the same places", () => {
    for (const key of Object.keys(ALL)) {
      if (!/_(?:one|other)$/.test(key)) continue;
      const [one, other] = [ALL[`${asked(key)}_one`], ALL[`${asked(key)}_other`]];
      assert.ok(one !== undefined && other !== undefined, `${asked(key)} has one form only`);
      assert.equal(ALL[asked(key)], undefined, `${asked(key)} is a text and a plural`);
      const others = new Set(slots(other).filter((name) => name !== "n"));
      assert.deepEqual(new Set(slots(one).filter((name) => name !== "n")), others, key);
    }
  });

  test("one text of one area stands once, and no area repeats what all share", () => {
    const shared = new Set(Object.entries(catalogue("shared")).filter(([key]) => key === asked(key)).map(([, text]) => text));
    for (const area of AREAS) {
      const seen = new Map(area === "shared" ? [] : [...shared].map((text) => [text, "what all share"]));
      for (const [key, text] of Object.entries(catalogue(area))) {
        if (key !== asked(key)) continue;
        assert.equal(seen.get(text), undefined, `${key} says the same as ${seen.get(text)}: “${text}”`);
        seen.set(text, key);
      }
    }
  });
});

describe("who shows words", () => {
  test("modules have their words from the catalogue", () => {
    const loose = MODULES.flatMap((file) => findWords(read(file), parsed(file), file, parsed).map((one) => `${at({ file: one.file ?? file, line: one.line })} ${one.file && one.file !== file ? `shown by ${file}: ` : ""}${one.attribute ? `${one.attribute}: ` : ""}“${one.text}”`));
    assert.equal(loose.length, 0, `Words outside of the catalogue; put them into strings/en, or say in tools/not_words.mjs why they are none:\n${loose.join("\n")}`);
  });

  test("templates have their words from the catalogue", () => {
    const loose = files("templates/", /\.html$/).flatMap((file) => templateWords(read(file)).map((text) => `${file} “${text}”`));
    assert.equal(loose.length, 0, `Words outside of the catalogue:\n${loose.join("\n")}`);
  });

  test("what is asked for is there, in the area that the module has or in what all share", () => {
    for (const call of CALLS) {
      assert.notEqual(call.key, undefined, `${at(call)} asks for a key that is not written there`);
      const key = /** @type {string} */ (call.key);
      assert.ok(key in ALL || `${key}_other` in ALL, `${at(call)} asks for ${key}, which is not there`);
      assert.ok([call.area, "shared"].includes(key.split(".")[0]), `${at(call)} has the texts of ${call.area}, not ${key}`);
    }
    for (const name of RENDERED) assert.ok(Object.keys(ALL).some((key) => constant(key) === name), `templates ask for ${name}, which is not there`);
  });

  test("the places of a text are filled, and no others", () => {
    for (const call of CALLS) {
      if (call.values === undefined) continue; // Said elsewhere: types check it.
      const key = String(call.key);
      const plural = ALL[`${key}_other`];
      const wanted = new Set([...slots(plural ?? ALL[key] ?? ""), ...(plural === undefined ? [] : ["n"])]);
      assert.deepEqual(new Set(call.values), wanted, `${at(call)} ${key}`);
    }
  });

  test("nothing is kept that nobody shows", () => {
    const used = new Set(CALLS.map((call) => call.key));
    const unused = Object.keys(ALL).filter((key) => !used.has(asked(key)) && !RENDERED.has(constant(key)));
    assert.deepEqual(unused, []);
  });
});

/** Texts and readable attributes of a template that have letters of their own. @param {string} source */
function templateWords(source) {
  const bare = source.replace(/<!--[\s\S]*?-->/g, "").replace(/<(script|style|svg)\b[\s\S]*?<\/\1>/g, "<br>").replace(/\{\{[\s\S]*?\}\}/g, "\u0001").replace(/\{%[\s\S]*?%\}/g, "");
  const attributes = [...bare.matchAll(/\s(?:aria-label|title|placeholder|alt)="([^"]*)"/g)].map(([, text]) => text);
  const shown = bare.replace(/<[^>]*>/g, "\n").split("\n");
  return [...attributes, ...shown].map((text) => text.replaceAll("\u0001", "").replace(/^[\s·/]+|[\s·/]+$/g, "")).filter((text) => /\p{L}/u.test(text) && !NAMES.has(text) && !/^(?:Ctrl [A-Z]|<!doctype html>)$/.test(text));
}

describe("what the guard sees", () => {
  /** @param {string} source */
  const seen = (source) => findWords(source).map((one) => one.text);

  test("texts, readable attributes, literals that are shown and those that look like words", () => {
    assert.deepEqual(seen('html`<b class="big">Old words</b><i title="Tip">${x ? "some" : y}</i><u>${n} rows</u>`;'), ["Old words", "Tip", "some", "{…} rows"]);
    assert.deepEqual(seen('session.say({ text: "gone" }); announce("Done"); const a = `${b} was not read`; f("Two words");'), ["gone", "Done", "{…} was not read", "Two words"]);
  });

  test("messages of faults, a single word too, and not their names", () => {
    assert.deepEqual(seen('throw new Error("No such thing"); f(new TypeError("gone")); reject(new DOMException("It was stopped.", "AbortError")); const e = new Error(`${a} is no file`);'), ["No such thing", "gone", "It was stopped.", "{…} is no file"]);
  });

  test("not names, keys and statements", () => {
    assert.deepEqual(seen('html`<b class="a b">${t("a.b")}</b><kbd>Ctrl K</kbd><kbd>Esc</kbd>`; if (a === "Some words") x.querySelector("div Some"); new CustomEvent("Some name"); new Error(t("a.b"));'), []);
  });

  test("single words that functions, methods and constants give to what is shown", () => {
    assert.deepEqual(seen('const kind = (x) => (x ? "list" : t("a.b")); html`<b>${kind(y)}</b>`;'), ["list"]);
    assert.deepEqual(seen('function kind(x) { if (x) return "list"; return "map"; } t("a.b", { kind: kind(y) });'), ["list", "map"]);
    assert.deepEqual(seen('const WORDS = { open: "opened", shut: "closed" }; html`<i title=${WORDS[x]}></i><b>${WORDS.open}</b>`;'), ["opened", "closed"]);
    assert.deepEqual(seen('class A { #word() { return "list"; } draw() { return html`<b>${this.#word()}</b>`; } }'), ["list"]);
    assert.deepEqual(seen('const kind = () => "list"; const b = { icon: kind(), title: kind() };'), ["list"]);
    assert.deepEqual(seen('const kind = () => "list"; if (kind() === x) draw({ icon: kind() }); const f = (kind) => html`<b>${kind}</b>`;'), []);
  });

  test("single words in the rows of a list that is gone through, or looked up", () => {
    const rows = 'const KINDS = [["a", "list", "x-icon"], ["b", t("a.b"), "y-icon"]];';
    assert.deepEqual(seen(`${rows} KINDS.filter(([id]) => id).map(([id, title, sign]) => html\`<i class=\${sign} id=\${id}>\${title}</i>\`);`), ["list"]);
    assert.deepEqual(seen(`${rows} html\`<b>\${KINDS.find(([id]) => id === x)?.[1]}</b>\`;`), ["list"]);
    assert.deepEqual(seen(`${rows} KINDS.map(([id, title]) => draw(id, t("a.b", { title })));`), ["list"]);
  });

  test("single words that a module shows of another one", () => {
    const other = tree('import { last } from "./c.js"; export const WORD = "list"; export const kind = (x) => (x ? "map" : last());');
    const modules = /** @type {{[file: string]: any}} */ ({ "parts/b.js": other, "parts/c.js": tree('export function last() { return "none"; }') });
    const source = 'import { WORD, kind as of } from "../parts/b.js"; html`<b>${WORD}</b><i>${of(x)}</i>`;';
    assert.deepEqual(findWords(source, undefined, "parts/a.js", (file) => modules[file]).map((one) => `${one.file} ${one.text}`), ["parts/b.js list", "parts/b.js map", "parts/c.js none"]);
  });

  test("a template's words, not its expressions", () => {
    assert.deepEqual(templateWords('<a title="{{ s::A }}" aria-label="Home">{{ s::B }} <b>{% if x %}Words{% endif %}</b><kbd>Ctrl K</kbd></a>'), ["Home", "Words"]);
  });
});

describe("texts", () => {
  const { t, rich } = texts(/** @type {const} */ ({ "a.plain": "Plain", "a.items_one": "{n} item of {store}", "a.items_other": "{n} items of {store}", "a.two": "{b} before {a}" }), /** @type {const} */ ({ "shared.close": "Close" }));

  test("are found with their values, and with what all share", () => {
    assert.equal(t("a.plain"), "Plain");
    assert.equal(t("shared.close"), "Close");
    assert.equal(t("a.two", { a: "<b>", b: 2 }), "2 before <b>");
  });

  test("have plurals, and the number that decides has separators", () => {
    assert.equal(t("a.items", { n: 1, store: "Album" }), "1 item of Album");
    assert.equal(t("a.items", { n: 12_345, store: "Album" }), "12,345 items of Album");
    assert.equal(t("a.items", { n: 0, store: 1000 }), "0 items of 1000");
  });

  test("may have parts that are no text", () => {
    const mark = { b: 1 };
    assert.deepEqual(rich("a.two", { a: mark, b: "x" }), ["x", " before ", mark]);
  });

  test("that are missing never throw: the key is shown, a place stays, nothing is nothing", () => {
    const loose = /** @type {any} */ (t);
    assert.equal(loose("a.none"), "a.none");
    assert.equal(loose("a.none", { n: 1 }), "a.none");
    assert.equal(loose("a.two", { a: undefined }), "{b} before ");
    assert.equal(loose("a.items"), "{n} items of {store}");
    assert.equal(loose("toString"), "toString");
  });
});
