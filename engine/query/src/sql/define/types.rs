//! SQL's names of types.
//!
//! | SQL | key | field of a value |
//! |---|---|---|
//! | `BIGINT`, `INTEGER`, `INT`, `INT8`, `SIGNED` | `i64`: what SQLite's integers are, and the widest that SQL computes with | `integer` |
//! | `INT4`, `MEDIUMINT` | `i32` | `integer` |
//! | `SMALLINT`, `INT2` | `i16` | `integer` |
//! | `TINYINT` | `i8` | `integer` |
//! | `UNSIGNED BIG INT`, `BIGINT UNSIGNED`, `UNSIGNED` | `u64` | `integer` |
//! | `INT UNSIGNED`, `INTEGER UNSIGNED` | `u32` | `integer` |
//! | `SMALLINT UNSIGNED`, `TINYINT UNSIGNED` | `u16`, `u8` | `integer` |
//! | `REAL`, `DOUBLE [PRECISION]`, `FLOAT` | `f64`: a `FLOAT` without a length is a double in most databases, and nothing is lost | `number` |
//! | `DECIMAL(p, s)`, `NUMERIC`, `NUMBER`, `MONEY` | `decimal`, exact; precision and scale are not enforced | `number` |
//! | `TEXT`, `VARCHAR(n)`, `CHAR(n)`, `CHARACTER VARYING`, `NVARCHAR`, `CLOB` | `string`; lengths are not enforced | `string` |
//! | `BLOB`, `BYTEA`, `BINARY`, `VARBINARY` | `bytes` | `bytes` |
//! | `UUID`, `GUID` | `uuid` | `string` |
//! | `DATE` | `date` | `date` |
//! | `TIME` | `time` | `string` |
//! | `DATETIME`, `TIMESTAMP WITHOUT TIME ZONE` | `datetime` | `datetime` |
//! | `TIMESTAMP`, `TIMESTAMPTZ`, `TIMESTAMP WITH TIME ZONE` | `timestamp`, an instant: our own name comes first | `datetime` |
//! | `BOOLEAN`, `BOOL`, `BIT` | `bool` | `bool` |
//! | `JSON`, `JSONB`, `ANY` or nothing | none | `any` |
//! | `ARRAY`, `OBJECT` | none | `array`, `object` |
//!
//! The engine's own names (`i8` to `u64`, `f32`, `f64`, `decimal`, `string`, `bytes`, `number`, …) are there too.

use sop::FieldType;
use sop::key::KeyType;

use super::words::{Words, invalid};
use crate::sql::Result;

/// A type, and the byte at which it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sql) struct TypeName {
    /// As written, in small letters.
    pub text: String,
    pub at: usize,
    pub key: Option<KeyType>,
    pub field: FieldType,
}

/// The types of a name in small letters; none for the key where values of it cannot be keys.
fn types(name: &str) -> Option<(Option<KeyType>, FieldType)> {
    let key = match name {
        "bigint" | "integer" | "int" | "int8" | "signed" | "signed integer" | "long" => {
            KeyType::I64
        }
        "int4" | "mediumint" | "int32" => KeyType::I32,
        "smallint" | "int2" | "int16" => KeyType::I16,
        "tinyint" => KeyType::I8,
        "unsigned big int" | "bigint unsigned" | "unsigned bigint" | "unsigned"
        | "unsigned integer" => KeyType::U64,
        "int unsigned" | "integer unsigned" | "unsigned int" | "mediumint unsigned" => KeyType::U32,
        "smallint unsigned" | "unsigned smallint" => KeyType::U16,
        "tinyint unsigned" | "unsigned tinyint" => KeyType::U8,
        "real" | "double" | "double precision" | "float" => KeyType::F64,
        "numeric" | "number" | "money" | "dec" => KeyType::Decimal,
        "text" | "varchar" | "char" | "character" | "character varying" | "varying character"
        | "nvarchar" | "nchar" | "native character" | "clob" => KeyType::String,
        "blob" | "bytea" | "binary" | "varbinary" => KeyType::Bytes,
        "guid" => KeyType::Uuid,
        "timestamp without time zone" => KeyType::DateTime,
        "timestamptz" | "timestamp with time zone" => KeyType::Timestamp,
        "boolean" | "bit" => KeyType::Bool,
        "json" | "jsonb" | "any" => return Some((None, FieldType::Any)),
        "array" => return Some((None, FieldType::Array)),
        "object" => return Some((None, FieldType::Object)),
        own => KeyType::ALL.into_iter().find(|kind| kind.name() == own)?,
    };
    Some((Some(key), field_type(key)))
}

/// The type of a field that holds what such a key does.
pub(super) fn field_type(key: KeyType) -> FieldType {
    match key {
        KeyType::Bool => FieldType::Bool,
        KeyType::F32 | KeyType::F64 | KeyType::Decimal => FieldType::Number,
        // A document has no type of its own for the two.
        KeyType::String | KeyType::Uuid | KeyType::Time => FieldType::String,
        KeyType::Bytes => FieldType::Bytes,
        KeyType::Date => FieldType::Date,
        KeyType::DateTime | KeyType::Timestamp => FieldType::DateTime,
        _ => FieldType::Integer,
    }
}

/// The key that holds what such a field does.
pub(super) fn key_type(field: FieldType) -> Option<KeyType> {
    Some(match field {
        FieldType::Bool => KeyType::Bool,
        FieldType::Integer => KeyType::I64,
        FieldType::Number => KeyType::F64,
        FieldType::String => KeyType::String,
        FieldType::Bytes => KeyType::Bytes,
        FieldType::Date => KeyType::Date,
        FieldType::DateTime => KeyType::DateTime,
        FieldType::Any | FieldType::Array | FieldType::Object => return None,
    })
}

const KNOWN: &[&str] = &[
    "bigint",
    "integer",
    "int",
    "smallint",
    "tinyint",
    "real",
    "double",
    "float",
    "decimal",
    "numeric",
    "text",
    "varchar",
    "char",
    "blob",
    "uuid",
    "date",
    "time",
    "datetime",
    "timestamp",
    "boolean",
    "json",
    "any",
    "array",
    "object",
];

/// Reads a type, if one is next.
pub(super) fn type_name(words: &mut Words<'_>) -> Result<Option<TypeName>> {
    let Some(name) = words.type_words()? else {
        return Ok(None);
    };
    let Some((key, field)) = types(&name.text) else {
        let own = KeyType::ALL.iter().map(|kind| kind.name());
        let near = sop::nearest(&name.text, KNOWN.iter().copied().chain(own));
        let message = format!(
            "there is no type {:?}; the types are {} and the engine's own like i32, u64, string",
            name.text,
            KNOWN.join(", ")
        );
        return invalid(name.at, message).map_err(|error| error.suggest(near));
    };
    Ok(Some(TypeName {
        text: name.text,
        at: name.at,
        key,
        field,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_types() {
        for (name, key, field) in [
            ("BIGINT", KeyType::I64, FieldType::Integer),
            ("unsigned big int", KeyType::U64, FieldType::Integer),
            ("varchar(20)", KeyType::String, FieldType::String),
            ("DECIMAL(10, 2)", KeyType::Decimal, FieldType::Number),
            ("double precision", KeyType::F64, FieldType::Number),
            (
                "timestamp(3) without time zone",
                KeyType::DateTime,
                FieldType::DateTime,
            ),
            ("timestamp", KeyType::Timestamp, FieldType::DateTime),
            ("u64", KeyType::U64, FieldType::Integer),
            ("f32", KeyType::F32, FieldType::Number),
            ("uuid", KeyType::Uuid, FieldType::String),
        ] {
            let found = type_name(&mut Words::new(name)).unwrap().unwrap();
            assert_eq!((found.key, found.field), (Some(key), field), "{name}");
        }
        let json = type_name(&mut Words::new("json")).unwrap().unwrap();
        assert_eq!((json.key, json.field), (None, FieldType::Any));
        for kind in KeyType::ALL {
            let found = type_name(&mut Words::new(kind.name())).unwrap().unwrap();
            assert_eq!(found.key, Some(kind));
        }
        let error = type_name(&mut Words::new("  bigint8")).unwrap_err();
        assert_eq!(error.at, Some(2));
    }
}
