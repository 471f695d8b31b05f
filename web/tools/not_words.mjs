// What looks like words and is none: text of programs, names, and what tests look at. Each line is a decision.

/** Names of formats, products and values: the same in every language. */
export const NAMES = new Set([
  "null", "true", "false", "bool", "NaN", "JSON", "NDJSON", "CSV", "TSV", "SQL", "SQL INSERT", "CEL", "Parquet", "SVG", "PNG", "DBML", "Mermaid", "Markdown", "API", "MCP", "SOP", "UUID", "Gemini", "Anthropic", "Google", "Ollama", "OpenAI",
  "Rust", "Python", "C#", "Java", "TypeScript", "Edge", "Firefox", "Chrome", "Safari", "Android", "Windows", "Linux", "macOS", "iOS", "Mac Roman", "Shift JIS", "GB 18030", "Windows / Latin-1", "UTF-8", "UTF-16", "OpenAI-compatible", "Authorization: Bearer", "llm.key_file", "sop-httpserver --demo",
]);

/** Modules that make text of programs. */
export const FILES = [
  /^model\/code\/(?!index\.js$)/, // generated programs
  /^model\/query\/sql_words\.js$/, // words of SQL
  /^model\/design\/(?:ddl|discover)\.js$/, // SQL
  /^parts\/query\/editor_look\.js$/, // styles
];

/** Texts of single modules. */
export const TEXTS = /** @type {{[file: string]: (string | RegExp)[]}} */ ({
  "app.js": [/^The page has no /], // thrown for developers
  "core/column_window.js": [/^(?:all|only) /], // names of windows
  "core/format.js": ["empty"], // a kind of cell
  "model/code/index.js": ["Go"], // a language
  "model/design/export.js": [/<text /, "not null", /^ {2}indexes/, /^(?:Table|Ref:| Note:|  Note:)/, " PK", " FK"], // DBML, Mermaid
  "model/commands.js": [/^There is no command /], // thrown for developers
  "model/first_steps.js": ["data", "shop"], // names of databases
  "model/query/complete.js": ["script"], // the schema of scripts
  "model/row_source.js": ["key desc"], // an order as the API takes it
  "model/sorted_source.js": [/nulls last$/, " desc"],
  "model/slash.js": ["at text", "from to", "script name value", "[apply or cancel]"], // names of arguments
  "parts/column_chooser.js": ["pop columns-pop"], // classes
  "parts/copilot/dialogs.js": ["result", /^result_/, /^step /], // names of steps and outputs
  "parts/copilot/markdown.js": ["noopener noreferrer", "md-table scroll", /^ class=/],
  "parts/dom.js": ["icon s"],
  "parts/drawn_rows.js": [/^rows scroll live/, " wide", " many", " none"], // classes
  "parts/filter_commands.js": [/nulls last$/, "key desc", " desc"],
  "parts/grid_rows.js": [/^td /, /^ghost /, /^ pinned /, " new", " gone", " loading", " staged", " num", " text", /^ card-/],
  "parts/design/store_pane.js": [/^(?:name|description|key|unique|slot_length|leaf_load_balancing|placement|schema|relations|cache)$/], // properties of a definition
  "parts/design/store_actions.js": [/ copy(?: |$)/], // names of stores
  "parts/inspector.js": [/^raw /, / count /], // names of steps back
  "parts/json_editor.js": ["value", "add", "name", /^tree /], // what is edited
  "parts/new_item.js": [/^key /], // names of fields
  "model/script/complete.js": [/^(?:size|has|all|exists|map|filter|contains|startsWith|endsWith|matches|string|int|double)$/, /^(?:list|text)\.\w+\(/], // functions of expressions
  "model/script/drafts.js": ["general"], // a category
  "model/script/forms.js": ["{{name}}"], // a template
  "model/script/run.js": ["goes on"], // a kind of line
  "model/script/steps.js": ["string", "user, database, now, today, dry_run", "code, message, step"], // a type, names of variables
  "parts/query/editor_marks.js": ["button s"],
  "parts/query/result_layout.js": [/^td /, " key-card", /^ card-/, " many", " num", " text"],
  "parts/scripts/dialogs.js": [/ copy$/, /^size\(/, /\.total >/], // the name of a script, conditions
  "parts/scripts/run_panel.js": [/^parameter /, /^limit /], // names of steps back

});
