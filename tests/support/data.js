// The data of the tests: the Chinook tables where they are at hand, else the small tables of `fixtures`.

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const shared = join(process.env.SOP_SHARED_DATA ?? join(here, "../../../shared/data"), "chinook");

/** Whether the whole of Chinook is there. */
export const whole = existsSync(join(shared, "Track.ndjson"));
const folder = whole ? shared : join(here, "../fixtures");

/** Fields that form the keys where it is not `<Table>Id`. */
const KEYS = { PlaylistTrack: ["PlaylistId", "TrackId"] };

/**
 * The tables by name.
 * @type {Map<string, {name: string, file: string, text: string, rows: any[], key: string[]}>}
 */
export const tables = new Map(readdirSync(folder).filter((file) => file.endsWith(".ndjson")).sort().map((file) => {
  const name = file.replace(".ndjson", "");
  const text = readFileSync(join(folder, file), "utf8");
  return [name, { name, file: join(folder, file), text, rows: text.trim().split("\n").map((line) => JSON.parse(line)), key: KEYS[name] ?? [`${name}Id`] }];
}));

/** The store that the tests of rows use, whose key has three fields. */
export const INVOICE_KEY = ["BillingCountry", "InvoiceDate", "InvoiceId"];

/** A table that is there in both sets. @param {"Album" | "Artist" | "Invoice"} name */
export function table(name) {
  const found = tables.get(name);
  if (!found) throw new Error(`There is no table ${name} in ${folder}.`);
  return found;
}

/** A count as the page writes it. @param {number} value */
export const grouped = (value) => value.toLocaleString("en-US");

/** Imports tables over the API; Invoice with a key of three fields. @param {import("./server.js").Server} server @param {string} database @param {string[]} [names] */
export async function load(server, database, names = [...tables.keys()]) {
  await server.createDatabase(database);
  for (const name of names) {
    const { text, key } = table(/** @type {any} */ (name));
    await server.import(database, name, text, (name === "Invoice" ? INVOICE_KEY : key).join(","));
  }
}

/** The invoices in the order of their key. */
export function invoicesInOrder() {
  return [...table("Invoice").rows].sort((a, b) => {
    for (const name of INVOICE_KEY) if (a[name] !== b[name]) return less(a[name], b[name]) ? -1 : 1;
    return 0;
  });
}

/** Texts compare by their bytes. @param {any} a @param {any} b */
function less(a, b) {
  return typeof a === "string" ? Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0 : a < b;
}
