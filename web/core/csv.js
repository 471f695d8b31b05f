// The head of a CSV file, enough to show it and to choose a key. The server reads the whole.

/**
 * The first records of CSV text (RFC 4180: quotes double inside quotes; the separator is found from the first line).
 * @param {string} text
 * @param {number} most records, the head not counted
 * @param {{delimiter?: string, quote?: string}} [how] what is found when it is missing
 * @returns {{fields: string[], records: string[][], delimiter: string, quote: string}}
 */
export function csvHead(text, most = 20, how = {}) {
  const body = text.startsWith("\ufeff") ? text.slice(1) : text;
  const quote = how.quote || quoteOf(body);
  const separator = how.delimiter || separatorOf(body, quote);
  const rows = [];
  let row = [""];
  let quoted = false;
  for (let at = 0; at < body.length && rows.length <= most; at += 1) {
    const c = body[at];
    if (quoted) {
      if (c !== quote) row[row.length - 1] += c;
      else if (body[at + 1] === quote) {
        row[row.length - 1] += quote;
        at += 1;
      } else quoted = false;
    } else if (c === quote && row.at(-1) === "") quoted = true;
    else if (c === separator) row.push("");
    else if (c === "\n" || c === "\r") {
      if (c === "\r" && body[at + 1] === "\n") at += 1;
      rows.push(row);
      row = [""];
    } else row[row.length - 1] += c;
  }
  if (rows.length <= most && (row.length > 1 || row[0] !== "")) rows.push(row);
  const [fields = [], ...records] = rows;
  return { fields, records: records.filter((record) => record.length > 1 || record[0] !== "").slice(0, most), delimiter: separator, quote };
}

/** What stands around values: single quotes where cells begin and end with them and none do with double ones. @param {string} text */
function quoteOf(text) {
  const ends = (/** @type {string} */ quote) => (text.slice(0, 20_000).match(new RegExp(`(?:^|[,;\\t|\\n])${quote}(?:[^${quote}\\n]|${quote}${quote})*${quote}(?=[,;\\t|\\r\\n]|$)`, "g")) ?? []).length;
  return ends('"') === 0 && ends("'") > 0 ? "'" : '"';
}

/** @param {string} text @param {string} quote */
function separatorOf(text, quote) {
  const line = text.slice(0, text.search(/[\r\n]|$/));
  const plain = line.split(quote).filter((_, index) => index % 2 === 0).join("");
  const counts = [",", ";", "\t", "|"].map((one) => ({ one, n: plain.split(one).length }));
  return counts.sort((a, b) => b.n - a.n)[0].one;
}
