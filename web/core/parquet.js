// The end of a Parquet file: which columns it has, and how many rows. What is in them only the server reads.
//
// Holds: only the list at the end is read (Thrift's compact form), up to its names and the count; a file that is cut short or
// says nonsense is an error in words.

import { t } from "../strings/core.js";

const MAGIC = "PAR1";
/** The length of the list and the magic, with which a file ends. */
const TAIL = 8;
const MOST_LISTED = 16 << 20;
const MOST_COLUMNS = 100_000;
const MOST_DEPTH = 32;

/** @typedef {{name: string, kind: string}} Column */

/** What a column holds by its physical type, and by what it is converted to, in words. */
const PHYSICAL = [t("shared.true_or_false"), t("shared.whole_number"), t("shared.whole_number"), t("shared.time_within"), t("shared.number_within"), t("shared.number_within"), t("shared.text_within"), t("shared.bytes_within")];
const CONVERTED = /** @type {{[type: number]: string}} */ ({ 0: t("shared.text_within"), 1: t("shared.object_within"), 3: t("shared.list_within"), 4: t("shared.text_within"), 5: t("shared.number_within"), 6: t("shared.date_within"), 9: t("shared.time_within"), 10: t("shared.time_within"), 19: "JSON" });
const STRUCT = 12;

/** Whether a file is one, by its first bytes or its name. @param {string} name @param {Uint8Array} head */
export function isParquet(name, head) {
  return text(head.subarray(0, 4)) === MAGIC || /\.parquet$/i.test(name);
}

/** @param {Uint8Array} bytes */
const text = (bytes) => new TextDecoder().decode(bytes);

/**
 * The columns at the top of a file, and how many rows it says that it has.
 * @param {Blob} file @returns {Promise<{columns: Column[], rows: number}>}
 */
export async function parquetEnd(file) {
  const tail = new Uint8Array(await file.slice(Math.max(0, file.size - TAIL)).arrayBuffer());
  if (tail.length < TAIL || text(tail.subarray(4)) !== MAGIC) throw new Error(t("core.no_whole_parquet_file"));
  const length = new DataView(tail.buffer).getUint32(0, true);
  if (length > MOST_LISTED || length + TAIL > file.size) throw new Error(t("core.parquet_list_is_not_there"));
  return listed(new Uint8Array(await file.slice(file.size - TAIL - length, file.size - TAIL).arrayBuffer()));
}

/** @param {Uint8Array} bytes the list at the end @returns {{columns: Column[], rows: number}} */
export function listed(bytes) {
  const reader = new Reader(bytes);
  /** @type {ReturnType<typeof element>[]} */
  let elements = [];
  let rows = 0;
  reader.fields((field, type) => {
    if (field === 2) elements = reader.list(() => element(reader));
    else if (field === 3) rows = reader.integer();
    else reader.skip(type);
  });
  /** @type {Column[]} */
  const columns = [];
  // The first is the root; each is followed by what lies in it.
  let at = 1;
  const pass = (/** @type {number} */ depth) => {
    const { children } = elements[at] ?? broken();
    at += 1;
    if (depth > MOST_DEPTH) broken();
    for (let n = 0; n < children; n += 1) pass(depth + 1);
  };
  for (let n = 0; n < (elements[0]?.children ?? 0); n += 1) {
    const { name, kind } = elements[at] ?? broken();
    columns.push({ name, kind });
    pass(0);
  }
  if (!columns.length) throw new Error(t("core.there_is_no_column_in_this_file"));
  return { columns, rows };
}

/** @param {Reader} reader */
function element(reader) {
  const found = { name: "", children: 0, kind: t("shared.object_within") };
  reader.fields((field, type) => {
    if (field === 1) found.kind = PHYSICAL[reader.integer()] ?? t("shared.value_within");
    else if (field === 4) found.name = text(reader.binary());
    else if (field === 5) found.children = reader.integer();
    else if (field === 6) found.kind = CONVERTED[reader.integer()] ?? found.kind;
    else reader.skip(type);
  });
  if (found.children < 0 || found.children > MOST_COLUMNS) broken();
  return found;
}

/** @returns {never} */
function broken() {
  throw new Error(t("core.parquet_list_cannot_be_read"));
}

class Reader {
  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  byte() {
    if (this.at >= this.bytes.length) broken();
    return this.bytes[this.at++];
  }

  /** A number without a sign. */
  number() {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 63; factor *= 128) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    return broken();
  }

  integer() {
    const value = this.number();
    return value % 2 ? -(value + 1) / 2 : value / 2;
  }

  binary() {
    const length = this.number();
    if (length > this.bytes.length - this.at) broken();
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  /** The fields of a struct; whoever is told of one reads or skips it. @param {(field: number, type: number) => void} each */
  fields(each) {
    let field = 0;
    for (let head = this.byte(); head & 15; head = this.byte()) {
      field = head >> 4 ? field + (head >> 4) : this.integer();
      each(field, head & 15);
    }
  }

  /** @template T @param {(type: number) => T} each @returns {T[]} */
  list(each) {
    const head = this.byte();
    const count = head >> 4 === 15 ? this.number() : head >> 4;
    // Each takes a byte at least.
    if (count > this.bytes.length - this.at) broken();
    return Array.from({ length: count }, () => each(head & 15));
  }

  /** @param {number} type @param {number} [depth] */
  skip(type, depth = 0) {
    if (depth > MOST_DEPTH) broken();
    if (type === 1 || type === 2) return;
    if (type === 3) this.byte();
    else if (type >= 4 && type <= 6) this.number();
    else if (type === 7) this.at += 8;
    else if (type === 8) this.binary();
    else if (type === 9 || type === 10) this.list((inner) => (inner <= 2 ? void this.byte() : this.skip(inner, depth + 1)));
    else if (type === STRUCT) this.fields((_, inner) => this.skip(inner, depth + 1));
    else broken();
  }
}
