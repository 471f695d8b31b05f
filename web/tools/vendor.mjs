// Bundles the third-party modules that the page uses into `vendor/`, one file each, with a manifest of versions, hashes
// and licences. Run by `npm run vendor` after `npm ci`; the result is committed, so building needs no npm.

import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const WEB = fileURLToPath(new URL("..", import.meta.url));

/** What is bundled: the file, what it exports. @type {{file: string, source: string}[]} */
const BUNDLES = [
  {
    file: "lit.js",
    source: `export { html, svg, nothing, render, LitElement } from "lit";
export { repeat } from "lit/directives/repeat.js";
export { live } from "lit/directives/live.js";
export { ref, createRef } from "lit/directives/ref.js";`,
  },
  {
    file: "codemirror.js",
    source: `export { EditorState, Prec, RangeSet, StateEffect, StateField } from "@codemirror/state";
export { Decoration, EditorView, GutterMarker, WidgetType, drawSelection, dropCursor, gutterLineClass, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers, placeholder, rectangularSelection } from "@codemirror/view";
export { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
export { HighlightStyle, bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
export { SQLDialect, sql } from "@codemirror/lang-sql";
export { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, completionStatus } from "@codemirror/autocomplete";
export { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
export { lintKeymap, setDiagnostics } from "@codemirror/lint";
export { tags } from "@lezer/highlight";`,
  },
  {
    file: "markdown.js",
    source: `export { Marked } from "marked";
export { default as createPurifier } from "dompurify";`,
  },
];

/**
 * The editor's styles go into the document as constructed style sheets. By itself, `style-mod` writes a `style` element
 * into a document, which the page's Content-Security-Policy forbids.
 * @type {import("esbuild").Plugin}
 */
const CONSTRUCTED_STYLES = {
  name: "constructed-styles",
  setup(bundler) {
    bundler.onLoad({ filter: /style-mod[\\/]src[\\/]style-mod\.js$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      const contents = text.replace("if (!root.head && root.adoptedStyleSheets", "if (root.adoptedStyleSheets");
      if (contents === text) throw new Error("style-mod has changed: look again at how it puts styles into a document.");
      return { contents, loader: "js" };
    });
  },
};

/** The bundles and their manifest, as text by file name. @returns {Promise<Map<string, string>>} */
export async function bundle() {
  const lock = JSON.parse(await readFile(`${WEB}package-lock.json`, "utf8"));
  /** @type {Map<string, string>} */
  const files = new Map();
  const manifest = [];
  for (const { file, source } of BUNDLES) {
    const result = await build({
      stdin: { contents: source, resolveDir: WEB, sourcefile: file },
      absWorkingDir: WEB,
      bundle: true,
      format: "esm",
      target: "es2022",
      minify: true,
      charset: "utf8",
      legalComments: "none",
      metafile: true,
      write: false,
      conditions: ["production"],
      plugins: [CONSTRUCTED_STYLES],
    });
    const text = result.outputFiles[0].text;
    const names = new Set();
    for (const input of Object.keys(result.metafile.inputs)) {
      const name = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1];
      if (name) names.add(name);
    }
    const packages = [];
    for (const name of [...names].sort()) {
      const locked = lock.packages[`node_modules/${name}`];
      const about = JSON.parse(await readFile(`${WEB}node_modules/${name}/package.json`, "utf8"));
      packages.push({ name, version: locked.version, integrity: locked.integrity, license: about.license });
      files.set(`licenses/${name.replace("/", "-").replace("@", "")}.txt`, await readFile(`${WEB}node_modules/${name}/LICENSE`, "utf8"));
    }
    const head = `/* ${packages.map((one) => `${one.name} ${one.version} (${one.license})`).join(", ")}. Built by "npm run vendor"; do not edit. */\n`;
    files.set(file, head + text);
    manifest.push({ file, sha256: createHash("sha256").update(head + text).digest("hex"), packages });
  }
  files.set("manifest.json", `${JSON.stringify(manifest, null, 2)}\n`);
  return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await mkdir(`${WEB}vendor/licenses`, { recursive: true });
  for (const [name, text] of await bundle()) await writeFile(`${WEB}vendor/${name}`, text);
}
