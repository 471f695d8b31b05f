// SQL as text: its tokens, its statements, its parameters. Enough to run, complete and mark; the server understands it.
//
// Holds: tokens follow each other without overlap and nothing but white space lies between them; a semicolon in a text, a
// quoted name or a comment ends nothing; every place is an offset in UTF-16 units, as the editor counts.

/** @typedef {{kind: "word" | "name" | "string" | "number" | "param" | "comment" | "punct", from: number, to: number, text: string}} Token */
/** @typedef {{from: number, to: number, text: string}} Statement without its semicolon, and without what stands before its first word */

const PATTERN = new RegExp([
  "(?<space>\\s+)",
  "(?<comment>--[^\\n]*|/\\*(?:[^*]|\\*(?!/))*(?:\\*/|$))",
  "(?<blob>[xX]'[0-9a-fA-F]*')",
  "(?<string>'(?:[^']|'')*(?:'|$))",
  '(?<name>"(?:[^"]|"")*(?:"|$)|`(?:[^`]|``)*(?:`|$)|\\[[^\\]]*(?:\\]|$))',
  "(?<number>0[xX][0-9a-fA-F]+|(?:\\d+(?:\\.\\d*)?|\\.\\d+)(?:[eE][+-]?\\d+)?)",
  "(?<param>\\?\\d*|[:@$][\\p{L}_][\\p{L}\\p{N}_$]*)",
  "(?<word>[\\p{L}_][\\p{L}\\p{N}_$]*)",
  "(?<punct>->>|->|<>|<=|>=|==|!=|\\|\\||<<|>>|.)",
].join("|"), "suy");

/** The tokens of a text, comments among them. @param {string} text @returns {Token[]} */
export function tokens(text) {
  /** @type {Token[]} */
  const list = [];
  PATTERN.lastIndex = 0;
  for (;;) {
    const at = PATTERN.lastIndex;
    const found = PATTERN.exec(text);
    if (!found) break;
    const groups = /** @type {{[kind: string]: string | undefined}} */ (found.groups);
    if (groups.space !== undefined) continue;
    const kind = /** @type {Token["kind"]} */ (groups.blob !== undefined ? "string" : Object.keys(groups).find((name) => groups[name] !== undefined));
    list.push({ kind, from: at, to: PATTERN.lastIndex, text: found[0] });
  }
  return list;
}

/** The statements of a text, in order; what is only comment or white space is none. @param {string} text @returns {Statement[]} */
export function statements(text) {
  /** @type {Statement[]} */
  const list = [];
  let from = -1;
  let to = -1;
  const end = () => {
    if (from >= 0) list.push({ from, to, text: text.slice(from, to) });
    from = -1;
  };
  for (const token of tokens(text)) {
    if (token.kind === "comment") continue;
    if (token.kind === "punct" && token.text === ";") end();
    else {
      if (from < 0) from = token.from;
      to = token.to;
    }
  }
  end();
  return list;
}

/**
 * The statement that a place belongs to: the one around it, else the one that ended before it on its line, else the next,
 * else the last.
 * @param {string} text @param {number} at
 * @returns {Statement | undefined}
 */
export function statementAt(text, at) {
  const list = statements(text);
  const inside = list.find((one) => one.from <= at && at <= one.to);
  if (inside) return inside;
  const before = list.findLast((one) => one.to <= at);
  if (before && !/\n/.test(text.slice(before.to, at))) return before;
  return list.find((one) => one.from >= at) ?? before;
}

/** The first word that says what a statement does, in capitals: for WITH, the verb after its parts. @param {string} text */
export function verb(text) {
  const words = tokens(text).filter((token) => token.kind !== "comment");
  const first = words[0]?.kind === "word" ? words[0].text.toUpperCase() : "";
  if (first !== "WITH") return first;
  let depth = 0;
  for (const token of words.slice(1)) {
    if (token.text === "(") depth += 1;
    else if (token.text === ")") depth -= 1;
    else if (depth === 0 && token.kind === "word" && /^(?:select|values|insert|replace|update|delete)$/i.test(token.text)) return token.text.toUpperCase();
  }
  return first;
}

/** What a statement does to data: nothing, to items, or to stores. @param {string} text @returns {"read" | "write" | "define"} */
export function effect(text) {
  const word = verb(text);
  if (/^(?:INSERT|UPDATE|DELETE|REPLACE)$/.test(word)) return "write";
  if (/^(?:CREATE|DROP|ALTER)$/.test(word)) return "define";
  return "read";
}

/**
 * The parameters of a statement in the order in which they are met: each name once, `?` each time.
 * @param {string} text
 * @returns {{id: string, label: string, named: boolean}[]}
 */
export function parameters(text) {
  /** @type {Map<string, {id: string, label: string, named: boolean}>} */
  const found = new Map();
  let next = 1;
  for (const token of tokens(text)) {
    if (token.kind !== "param") continue;
    if (token.text.startsWith("?")) {
      const number = token.text === "?" ? next : Number(token.text.slice(1));
      next = Math.max(next, number + 1);
      if (!found.has(`?${number}`)) found.set(`?${number}`, { id: `?${number}`, label: `?${number}`, named: false });
    } else if (!found.has(token.text)) found.set(token.text, { id: token.text, label: token.text, named: true });
  }
  return [...found.values()];
}

/** The first line of a statement that says something, for a list. @param {string} text @param {number} [most] */
export function headline(text, most = 200) {
  const line = text.replace(/--[^\n]*/g, " ").replace(/\s+/g, " ").trim();
  return line.length > most ? `${line.slice(0, most)}…` : line;
}

/** A name as SQL takes it: in quotes only where it must be. @param {string} name */
export function quoted(name) {
  return /^[\p{L}_][\p{L}\p{N}_]*$/u.test(name) && !RESERVED.has(name.toUpperCase()) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** What a quoted or plain name means. @param {string} text */
export function unquoted(text) {
  const first = text[0];
  if (first === '"' || first === "`") return text.slice(1, text.endsWith(first) && text.length > 1 ? -1 : undefined).replaceAll(first + first, first);
  return first === "[" ? text.slice(1).replace(/\]$/, "") : text;
}

/** Words that SQLite does not take as a name. */
export const RESERVED = new Set("ADD ALL ALTER AND AS AUTOINCREMENT BETWEEN CASE CHECK COLLATE COMMIT CONSTRAINT CREATE CROSS CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP DEFAULT DEFERRABLE DELETE DISTINCT DROP ELSE ESCAPE EXCEPT EXISTS FOREIGN FROM FULL GROUP HAVING IN INDEX INNER INSERT INTERSECT INTO IS ISNULL JOIN LEFT LIMIT NATURAL NOT NOTHING NOTNULL NULL ON OR ORDER OUTER PRIMARY REFERENCES RETURNING RIGHT SELECT SET TABLE THEN TO TRANSACTION UNION UNIQUE UPDATE USING VALUES WHEN WHERE WITH".split(" "));
