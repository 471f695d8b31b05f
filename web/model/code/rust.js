// A database as a Rust module over the `sop` crate: typed keys, values by serde, and the stores opened in one place.

import { Names, commentText, pascal, snake } from "./names.js";

/** @typedef {import("./model.js").Type} Type */
/** @typedef {import("./model.js").Record} Record */
/** @typedef {import("./model.js").Field} Field */

const RESERVED = ["as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern", "false", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "self", "Self", "static", "struct", "super", "trait", "true", "try", "type", "unsafe", "use", "where", "while", "abstract", "become", "box", "do", "final", "macro", "override", "priv", "typeof", "unsized", "virtual", "yield", "tx", "key", "value", "values", "spec"];
const SCALARS = /** @type {{[kind: string]: string}} */ ({ string: "String", integer: "i64", number: "f64", bool: "bool", date: "sop::key::Date", time: "sop::key::Time", datetime: "sop::key::DateTime", timestamp: "sop::key::Timestamp", decimal: "sop::key::Decimal", uuid: "[u8; 16]", any: "serde_json::Value" });
const KINDS = /** @type {{[kind: string]: string}} */ ({ string: "String", bool: "Bool", date: "Date", time: "Time", datetime: "DateTime", timestamp: "Timestamp", decimal: "Decimal", uuid: "Uuid", bytes: "Bytes" });

/** @param {Type} type @param {boolean} [key] @returns {string} */
function typeText(type, key = false) {
  if (type.kind === "array") return `Vec<${typeText(type.of)}>`;
  if (type.kind === "record") return type.record.title;
  if (type.kind === "bytes") return key ? "Vec<u8>" : "Bytes";
  // A text that is a point in time is kept as it was written.
  if (!key && type.kind === "timestamp") return "String";
  return SCALARS[type.kind] ?? type.kind;
}

/** A text of Rust. @param {string} text */
function quoted(text) {
  return `"${Array.from(text, (c) => {
    const code = c.codePointAt(0) ?? 0;
    if (c === '"' || c === "\\") return `\\${c}`;
    return code >= 0x20 && code < 0x7f ? c : `\\u{${code.toString(16)}}`;
  }).join("")}"`;
}

/** @param {Record} record */
function valueText(record) {
  const names = new Names(RESERVED);
  return `/// ${commentText(record.note)}
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ${record.title} {
${record.fields.map((field) => {
    const ident = names.take(snake(field.name));
    const maybe = field.optional || field.nullable;
    const attributes = [ident === field.name ? "" : `rename = ${quoted(field.name)}`, maybe ? "default" : "", field.optional ? 'skip_serializing_if = "Option::is_none"' : ""].filter(Boolean);
    const type = typeText(field.type);
    return `${attributes.length ? `    #[serde(${attributes.join(", ")})]\n` : ""}    pub ${ident}: ${maybe ? `Option<${type}>` : type},`;
  }).join("\n")}
}
`;
}

/** A composite key. @param {Record} record @param {Field[]} fields */
function keyText(record, fields) {
  const names = new Names(RESERVED);
  const all = fields.map((field) => ({ ...field, ident: names.take(snake(field.name)), text: typeText(field.type, true) }));
  const struct = `/// ${commentText(record.note)}
#[derive(Clone, Debug, PartialEq)]
pub struct ${record.title} {
${all.map((field) => `    pub ${field.ident}: ${field.rides ? `Option<${field.text}>` : field.text},`).join("\n")}
}
`;
  const ordered = all.filter((field) => !field.rides);
  const riding = all.filter((field) => field.rides);
  if (all.every((field) => field.ident === field.name)) {
    return `${struct}sop::typed_key!(${record.title} {
${ordered.map((field) => `    ${field.ident}: ${field.text}${field.order === "desc" ? " [desc]" : ""}`).join(",\n")}${riding.length ? `;\n    ride_on ${riding.map((field) => `${field.ident}: Option<${field.text}>`).join(", ")}` : ""}
});
`;
  }
  // Names that Rust does not take: the same as the macro writes, with the names of the data.
  const kind = (/** @type {Type} */ type) => `sop::KeyType::${KINDS[type.kind] ?? pascal(type.kind).toUpperCase()}`;
  return `${struct}
impl sop::AsKey<${record.title}> for ${record.title} {
    fn as_key(&self) -> sop::Key {
        let key = sop::Key::composite([${ordered.map((field) => `sop::KeyPart::to_value(&self.${field.ident})`).join(", ")}]);
        ${riding.length ? `key.with_ride_on([${riding.map((field) => `sop::KeyPart::to_value(&self.${field.ident})`).join(", ")}])` : "key"}
    }
}

impl sop::TypedKey for ${record.title} {
    fn spec() -> sop::KeySpec {
        sop::KeySpec::of_fields(
            vec![${ordered.map((field) => `sop::KeyField::new(${quoted(field.name)}, ${kind(field.type)})${field.order === "desc" ? ".descending()" : ""}`).join(", ")}],
            vec![${riding.map((field) => `sop::RideOnField::new(${quoted(field.name)}, ${kind(field.type)})`).join(", ")}],
        )
    }

    fn from_key(key: sop::Key) -> Result<Self, sop::KeyError> {
        let spec = Self::spec();
        let mut values = key.values.into_iter().chain(key.ride_on).enumerate();
        Ok(Self {
${all.map((field) => `            ${field.ident}: sop::typed::part_of::<${field.rides ? `Option<${field.text}>` : field.text}>(&spec, values.next())?,`).join("\n")}
        })
    }
}
`;
}

const BYTES = `/// Bytes of a value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bytes(pub Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Bytes;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Visitor)
    }
}

`;

/** @param {import("./model.js").Model} model */
export function rust(model) {
  const bytes = model.stores.some((store) => typeText(store.value) === "Bytes" || store.records.some((record) => record !== (store.key.type.kind === "record" ? store.key.type.record : undefined) && record.fields.some((field) => typeText(field.type).includes("Bytes"))));
  const names = new Names([...RESERVED, "main"]);
  const listed = model.stores.map((store) => ({ store, ident: names.take(snake(store.name), "store"), key: typeText(store.key.type, true), value: typeText(store.value) }));
  const text = `//! The database ${commentText(model.database)} over the \`sop\` crate, in the process of the program: no server.
//!
//! \`Cargo.toml\`: \`sop\`, \`serde\` with the feature \`derive\`, \`serde_json\`. A folder is open for writing in one process at a time.

use serde::{Deserialize, Serialize};
use sop::{Database, Mode, Store, Transaction};

${bytes ? BYTES : ""}${model.stores.flatMap((store) => store.records.map((record) => (store.key.type.kind === "record" && store.key.type.record === record ? keyText(record, store.key.fields) : valueText(record)))).join("\n")}
${listed.map(({ store, ident, key, value }) => `/// The store ${commentText(store.name)}${store.description ? `: ${commentText(store.description)}` : ""}.
///
/// # Errors
/// It is not there, or has another key.
pub fn ${ident}(tx: &Transaction) -> sop::Result<Store<'_, ${key}, ${value}>> {
    tx.store(${quoted(store.name)})
}
`).join("\n")}
/// Shows the first items of each store of the folder that is named.
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("name the folder of the database")?;
    let touch = std::env::var_os("SOP_TOUCH").is_some();
    let db = Database::open(folder)?;
    let tx = db.begin(if touch { Mode::Write } else { Mode::Read })?;
${listed.map(({ store, ident }) => `    {
        let store = ${ident}(&tx)?;
        println!("{} {}", ${quoted(store.name)}, store.len()?);
        let first = store.iter().take(5).collect::<sop::Result<Vec<_>>>()?;
        for (key, value) in &first {
            println!("    {key:?} {value:?}");
            if touch {
                // Writes each item as it was read.
                store.update(key, value)?;
            }
        }
    }
`).join("")}    if touch {
        tx.commit()?;
    } else {
        drop(tx);
    }
    db.close()?;
    Ok(())
}
`;
  return { file: `${snake(model.database) || "data"}.rs`, text };
}

