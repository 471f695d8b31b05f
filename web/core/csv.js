// The head of a CSV file, enough to show it and to choose a key. The server reads the whole.

/**
 * The first records of CSV text (RFC 4180: quotes double inside quotes; the separator is found from the first line).
 * @param {string} text
 * @param {number} most records, the head not counted
 * @returns {{fields: string[], records: string[][]}}
 */
export function csvHead(text, most = 20) {
  const body = text.startsWith("\ufeff") ? text.slice(1) : text;
  const separator = separatorOf(body);
  const rows = [];
  let row = [""];
  let quoted = false;
  for (let at = 0; at < body.length && rows.length <= most; at += 1) {
    const c = body[at];
    if (quoted) {
      if (c !== '"') row[row.length - 1] += c;
      else if (body[at + 1] === '"') {
        row[row.length - 1] += '"';
        at += 1;
      } else quoted = false;
    } else if (c === '"' && row.at(-1) === "") quoted = true;
    else if (c === separator) row.push("");
    else if (c === "\n" || c === "\r") {
      if (c === "\r" && body[at + 1] === "\n") at += 1;
      rows.push(row);
      row = [""];
    } else row[row.length - 1] += c;
  }
  if (rows.length <= most && (row.length > 1 || row[0] !== "")) rows.push(row);
  const [fields = [], ...records] = rows;
  return { fields, records: records.filter((record) => record.length > 1 || record[0] !== "").slice(0, most) };
}

/** @param {string} text */
function separatorOf(text) {
  const line = text.slice(0, text.search(/[\r\n]|$/));
  const counts = [",", ";", "\t", "|"].map((one) => ({ one, n: line.split(one).length }));
  return counts.sort((a, b) => b.n - a.n)[0].one;
}
