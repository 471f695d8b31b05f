// A database as a TypeScript module: interfaces and a client of the HTTP API over `fetch`, without packages.

import { Names, camel, commentText, quotedText } from "./names.js";

/** @typedef {import("./model.js").Type} Type */

const SCALARS = /** @type {{[kind: string]: string}} */ ({ string: "string", integer: "Integer", i64: "Integer", u64: "Integer", bool: "boolean", date: "DateText", datetime: "DateTimeText", timestamp: "TimestampText", time: "TimeText", uuid: "UuidText", decimal: "Decimal", any: "unknown" });
const RESERVED = ["break", "case", "catch", "class", "const", "continue", "debugger", "default", "delete", "do", "else", "enum", "export", "extends", "false", "finally", "for", "function", "if", "import", "in", "instanceof", "new", "null", "return", "super", "switch", "this", "throw", "true", "try", "typeof", "var", "void", "while", "with", "let", "static", "yield", "await", "constructor", "client", "change", "prototype", "toString"];

/** @param {Type} type @param {boolean} [key] @returns {string} */
function typeText(type, key = false) {
  if (type.kind === "array") return type.of.kind === "any" ? "unknown[]" : `${typeText(type.of)}[]`;
  if (type.kind === "record") return type.record.title;
  if (type.kind === "bytes") return key ? "Base64" : "Bytes";
  return SCALARS[type.kind] ?? "number";
}

/** A name of a property: in quotes where it has to be. @param {string} name */
const property = (name) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : quotedText(name));

/** @param {import("./model.js").Model} model @param {{url: string}} how */
export function typescript(model, { url }) {
  const names = new Names(RESERVED);
  const listed = model.stores.map((store) => ({ store, ident: names.take(camel(store.name), "store") }));
  const records = model.stores.flatMap((store) => store.records.map((record) => ({ record, key: store.key.type.kind === "record" && store.key.type.record === record })));
  const text = `// The database ${commentText(model.database)}, over the HTTP API. No packages; Node 20 or newer, Deno, Bun, or a browser of the same origin.
//
//     SOP_TOKEN=… node --experimental-strip-types ${camel(model.database) || "data"}.ts     (or after tsc)

/** A whole number of 64 bits: a text of its digits where a JavaScript number could not keep them all. */
export type Integer = number | string;
/** A number with any number of digits; a text of it keeps them all. */
export type Decimal = number | string;
/** Such as 2026-01-31. */
export type DateText = string;
/** Such as 12:30:00. */
export type TimeText = string;
/** Such as 2026-01-31T12:30:00. */
export type DateTimeText = string;
/** Such as 2026-01-31T12:30:00Z. */
export type TimestampText = string;
export type UuidText = string;
export type Base64 = string;
/** Bytes, as base64. */
export interface Bytes { $bytes: Base64 }

${records.map(({ record, key }) => `/** ${commentText(record.note)} */
export interface ${record.title} {
${record.fields.map((field) => `  ${property(field.name)}${field.optional ? "?" : ""}: ${typeText(field.type, key)}${field.nullable ? " | null" : ""};`).join("\n")}
}
`).join("\n")}
/** An item with its version: the sequence of the commit that last changed it. */
export interface Item<K, V> { key: K; value: V; version: number; id?: number }
/** Some items in the order of keys, and the cursor of those after them. */
export interface Page<K, V> { items: Item<K, V>[]; next: string | null; has_more: boolean; count?: number }
/** A filter: \`{field: value}\` or \`{field: {$gt: 5}}\`, joined by \`$and\`, \`$or\`, \`$not\`. */
export type Filter = { [field: string]: unknown };
/** One change of several that happen whole or not at all. */
export interface Change { op: "insert" | "upsert" | "update" | "patch" | "delete"; store: string; key: unknown; value?: unknown; patch?: unknown; if_version?: number }

/** What the server refused, and why: \`code\` is stable, \`errors\` name places in what was sent. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly body: any;
  constructor(status: number, body: any) {
    super(body?.detail ?? body?.title ?? \`status \${status}\`);
    this.status = status;
    this.code = body?.code ?? "";
    this.body = body;
  }
}

/** Calls to one server. The token is what the server printed when it started, or one that was made for you. */
export class Client {
  readonly base: string;
  readonly token: string;
  constructor(url: string = ${quotedText(url)}, token: string = "") {
    this.base = url.replace(/\\/$/, "") + "/api/v1";
    this.token = token;
  }

  async call(method: string, path: string, body?: unknown, query: { [name: string]: string | number | undefined } = {}, headers: { [name: string]: string } = {}): Promise<any> {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
    const answer = await fetch(this.base + path + (search.size ? \`?\${search}\` : ""), {
      method,
      // Whole numbers that JavaScript cannot keep come as texts.
      headers: { authorization: \`Bearer \${this.token}\`, accept: "application/json;bigint=string", ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    let data: any;
    try {
      data = text ? JSON.parse(text) : undefined;
    } catch {
      data = { detail: text.slice(0, 300) };
    }
    if (!answer.ok) throw new Problem(answer.status, data);
    return data;
  }
}

/** The items of a store. */
export class Store<K, V> {
  readonly client: Client;
  readonly name: string;
  readonly path: string;
  constructor(client: Client, database: string, name: string) {
    this.client = client;
    this.name = name;
    this.path = \`/databases/\${encodeURIComponent(database)}/stores/\${encodeURIComponent(name)}\`;
  }

  page(how: { limit?: number; after?: string; filter?: Filter; prefix?: unknown[] } = {}): Promise<Page<K, V>> {
    return this.client.call("GET", \`\${this.path}/items\`, undefined, { limit: how.limit, after: how.after, filter: how.filter && JSON.stringify(how.filter), prefix: how.prefix && JSON.stringify(how.prefix) });
  }

  /** All items, page after page; what changes meanwhile is met or not, never twice. */
  async *all(how: { filter?: Filter; prefix?: unknown[] } = {}): AsyncGenerator<Item<K, V>> {
    let after: string | undefined;
    do {
      const page: Page<K, V> = await this.page({ ...how, limit: 1000, after });
      yield* page.items;
      after = page.next ?? undefined;
    } while (after !== undefined);
  }

  async count(): Promise<number> {
    return (await this.client.call("GET", \`\${this.path}/count\`)).count;
  }

  async get(key: K): Promise<Item<K, V> | undefined> {
    try {
      return await this.client.call("GET", \`\${this.path}/item\`, undefined, { key: JSON.stringify(key) });
    } catch (error) {
      if (error instanceof Problem && error.code === "item_not_found") return undefined;
      throw error;
    }
  }

  /** Adds an item; its version. */
  async insert(key: K, value: V): Promise<number> {
    return (await this.client.call("POST", \`\${this.path}/items\`, { key, value })).version;
  }

  /** Writes an item. With a version only when nobody changed it since: else a problem of status 412. */
  async put(key: K, value: V, version?: number): Promise<number> {
    return (await this.client.call("PUT", \`\${this.path}/item\`, { value }, { key: JSON.stringify(key) }, version === undefined ? {} : { "if-match": String(version) })).version;
  }

  async delete(key: K, version?: number): Promise<void> {
    await this.client.call("DELETE", \`\${this.path}/item\`, undefined, { key: JSON.stringify(key) }, version === undefined ? {} : { "if-match": String(version) });
  }

  /** One change of several for \`${model.title}.change\`. */
  change(op: "insert" | "upsert" | "update" | "delete", key: K, value?: V, version?: number): Change {
    return { op, store: this.name, key, ...(op === "delete" ? {} : { value }), ...(version === undefined ? {} : { if_version: version }) };
  }
}

/** The stores of ${commentText(model.database)}. */
export class ${model.title} {
  readonly client: Client;
${listed.map(({ store, ident }) => `${store.description ? `  /** ${commentText(store.description)} */\n` : ""}  readonly ${ident}: Store<${typeText(store.key.type, true)}, ${typeText(store.value)}>;`).join("\n")}

  constructor(client: Client) {
    this.client = client;
${listed.map(({ store, ident }) => `    this.${ident} = new Store(client, ${quotedText(model.database)}, ${quotedText(store.name)});`).join("\n")}
  }

  /** All of these changes as one transaction, or none of them: then the problem has \`conflicts\`. */
  change(changes: Change[], dryRun = false): Promise<{ applied: boolean; sequence: number; preview: any[]; conflicts: any[] }> {
    return this.client.call("POST", \`/databases/\${encodeURIComponent(${quotedText(model.database)})}/changes\`, { changes, dry_run: dryRun });
  }
}

declare const process: { env: { [name: string]: string | undefined }; argv: string[] } | undefined;

/** Shows the first items of each store. */
export async function main(): Promise<void> {
  const env = typeof process === "undefined" ? {} : process.env;
  const data = new ${model.title}(new Client(env.SOP_URL ?? ${quotedText(url)}, env.SOP_TOKEN ?? ""));
  const stores: Store<any, any>[] = [${listed.map(({ ident }) => `data.${ident}`).join(", ")}];
  for (const store of stores) {
    console.log(store.name, await store.count());
    for (const item of (await store.page({ limit: 5 })).items) {
      console.log("   ", JSON.stringify(item.key), JSON.stringify(item.value));
      // Writes each item as it was read.
      if (env.SOP_TOUCH) await store.put(item.key, item.value, item.version);
    }
  }
}

if (typeof process !== "undefined" && process.argv[1]?.endsWith(${quotedText(camel(model.database) || "data")} + ".js")) void main();
`;
  return { file: `${camel(model.database) || "data"}.ts`, text };
}
