//! The columns of a file without rows: what is known of a store before it has an item.

use sop::key::{KeySpec, KeyType};
use sop::{DocumentStore, FieldType};

use crate::ParquetError;
use crate::columns::{Columns, Kind};

/// The columns that rows would have, for a file that gets none. They say nothing of one that has rows.
#[derive(Debug, Default)]
pub struct KnownColumns(Columns);

impl KnownColumns {
    /// The fields of a store's key and those at the top of its values: declared, described, or seen in other items. Where
    /// rows do not have them side by side they are `key` and `value`.
    ///
    /// # Errors
    /// What the store answers, and more fields than a file has columns.
    pub fn of_store(store: &DocumentStore<'_>) -> Result<Self, ParquetError> {
        let spec = &store.definition().key;
        let schema = store.schema()?;
        let fields: Vec<(&str, Kind)> = schema
            .fields
            .iter()
            .filter(|field| field.depth == 1)
            .map(|field| (field.path.as_str(), kind_of_field(field.kind)))
            .collect();
        let keys = key_columns(spec);
        let mut columns = Columns::default();
        let stands_apart = |name: &str| fields.iter().any(|(field, _)| *field == name);
        if !spec.is_composite() || keys.iter().any(|(name, _)| stands_apart(name)) {
            let key = match spec.kind() {
                Some(kind) => kind_of_key(kind),
                None => Kind::Json,
            };
            columns.declare("key", key)?;
            columns.declare("value", Kind::Json)?;
            return Ok(Self(columns));
        }
        for (name, kind) in keys.into_iter().chain(fields) {
            columns.declare(name, kind)?;
        }
        Ok(Self(columns))
    }

    pub(crate) fn or_seen(self, seen: Columns) -> Columns {
        if seen.len() == 0 { self.0 } else { seen }
    }
}

fn key_columns(spec: &KeySpec) -> Vec<(&str, Kind)> {
    let ordered = spec.fields().iter();
    let ordered = ordered.map(|field| (field.name.as_str(), kind_of_key(field.kind)));
    let ride_on = spec.ride_on().iter();
    let ride_on = ride_on.map(|field| (field.name.as_str(), kind_of_key(field.kind)));
    ordered.chain(ride_on).collect()
}

/// The kind that a key's values have in rows.
fn kind_of_key(kind: KeyType) -> Kind {
    use KeyType::{Bool, Bytes, Decimal, F32, F64, I8, I16, I32, I64, U8, U16, U32, U64};
    match kind {
        Bool => Kind::Bool,
        I8 | I16 | I32 | I64 | U8 | U16 | U32 | U64 => Kind::Integer,
        F32 | F64 | Decimal => Kind::Real,
        Bytes => Kind::Json,
        _ => Kind::Text,
    }
}

fn kind_of_field(kind: FieldType) -> Kind {
    match kind {
        FieldType::Bool => Kind::Bool,
        FieldType::Integer => Kind::Integer,
        FieldType::Number => Kind::Real,
        FieldType::String | FieldType::Date | FieldType::DateTime => Kind::Text,
        FieldType::Any | FieldType::Bytes | FieldType::Array | FieldType::Object => Kind::Json,
    }
}
