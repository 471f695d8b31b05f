//! The types of key fields as the data shows them, and which fields could form a key.
//!
//! Always true: a type is proposed only when the values of that field in the sample can be keys of it and come back
//! as they were written (numbers: with the same value). Nothing here looks into a database.

use super::TransferError;
use serde_json::{Map, Value};
use sop::key::{KeySpec, KeyType};
use std::collections::HashSet;

/// Share of the values, in percent, that must agree on a kind; the others become bad rows.
const AGREEING_PERCENT: usize = 90;
/// Fields that are tried for pairs that look unique.
const MAX_PAIR_FIELDS: usize = 8;
/// Keys that are suggested.
const MAX_SUGGESTIONS: usize = 3;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Boolean,
    Number,
    Text,
    Nested,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Boolean, Self::Number, Self::Text, Self::Nested];

    const fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Null => None,
            Value::Bool(_) => Some(Self::Boolean),
            Value::Number(_) => Some(Self::Number),
            Value::String(_) => Some(Self::Text),
            Value::Array(_) | Value::Object(_) => Some(Self::Nested),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Boolean => "booleans",
            Self::Number => "numbers",
            Self::Text => "text",
            Self::Nested => "arrays or objects",
        }
    }
}

/// The key type of a field from the values seen in it.
///
/// Whole numbers give `i64` (`u64` or `decimal` when one needs it), other numbers `decimal`, or `f64` with exponents;
/// text gives `date`, `datetime`, `timestamp`, `time` or `uuid` when every value is one, else `string`.
///
/// # Errors
/// [`TransferError::KeyMismatch`] when there is no value, when kinds are mixed, or for arrays and objects.
pub(super) fn key_type(field: &str, values: &[Value]) -> Result<KeyType, TransferError> {
    let refuse = |detail: String| Err(TransferError::KeyMismatch { detail });
    let counts = Kind::ALL.map(|kind| {
        (
            kind,
            values
                .iter()
                .filter(|value| Kind::of(value) == Some(kind))
                .count(),
        )
    });
    let total: usize = counts.iter().map(|(_, count)| count).sum();
    let Some((kind, most)) = counts
        .into_iter()
        .max_by_key(|(_, count)| *count)
        .filter(|(_, count)| *count > 0)
    else {
        return refuse(format!(
            "no row has a value in field {field:?}, so the type of the key is not known"
        ));
    };
    if most * 100 < total * AGREEING_PERCENT {
        let seen: Vec<_> = counts
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(kind, _)| kind.name())
            .collect();
        return refuse(format!(
            "field {field:?} holds {}; a key field has one type: make the values alike, or create the store first",
            seen.join(" and ")
        ));
    }
    let alike: Vec<&Value> = values
        .iter()
        .filter(|value| Kind::of(value) == Some(kind))
        .collect();
    match kind {
        Kind::Boolean => Ok(KeyType::Bool),
        Kind::Number => Ok(number_type(&alike)),
        Kind::Text => Ok(text_type(&alike)),
        Kind::Nested => refuse(format!(
            "field {field:?} holds arrays or objects, which cannot be keys"
        )),
    }
}

fn number_type(values: &[&Value]) -> KeyType {
    if values.iter().all(|value| value.is_i64()) {
        return KeyType::I64;
    }
    if values.iter().all(|value| value.is_u64()) {
        return KeyType::U64;
    }
    let plain = |value: &Value| !value.to_string().contains(['e', 'E']);
    if values
        .iter()
        .all(|value| plain(value) && is_key(KeyType::Decimal, value))
    {
        return KeyType::Decimal;
    }
    KeyType::F64
}

fn text_type(values: &[&Value]) -> KeyType {
    let candidates = [
        KeyType::Date,
        KeyType::DateTime,
        KeyType::Timestamp,
        KeyType::Time,
        KeyType::Uuid,
    ];
    let fits = |kind: &KeyType| values.iter().all(|value| comes_back(*kind, value));
    candidates.into_iter().find(fits).unwrap_or(KeyType::String)
}

fn is_key(kind: KeyType, value: &Value) -> bool {
    KeySpec::single(kind).key_from_json(value).is_ok()
}

fn comes_back(kind: KeyType, value: &Value) -> bool {
    let spec = KeySpec::single(kind);
    spec.key_from_json(value)
        .is_ok_and(|key| spec.key_to_json(&key) == *value)
}

/// Fields, or pairs of fields written `A,B`, whose values are there and differ in all rows; the likeliest key first.
pub(super) fn suggest_keys(store: &str, rows: &[Map<String, Value>]) -> Vec<String> {
    let Some(first) = rows.first() else {
        return Vec::new();
    };
    let scalar = |value: Option<&Value>| {
        value.is_some_and(|value| !value.is_null() && !value.is_array() && !value.is_object())
    };
    let mut fields: Vec<&str> = first
        .keys()
        .map(String::as_str)
        .filter(|field| rows.iter().all(|row| scalar(row.get(*field))))
        .collect();
    // The sort is stable: among equals, the order in the data stays.
    fields.sort_by_key(|field| name_rank(store, field));
    let unique = |fields: &[&str]| {
        let mut seen = HashSet::new();
        rows.iter().all(|row| {
            seen.insert(
                fields
                    .iter()
                    .map(|field| row.get(*field).map(Value::to_string))
                    .collect::<Vec<_>>(),
            )
        })
    };
    let mut found: Vec<String> = fields
        .iter()
        .filter(|field| unique(&[field]))
        .map(|field| (*field).to_owned())
        .collect();
    if found.is_empty() {
        fields.truncate(MAX_PAIR_FIELDS);
        let pairs = fields
            .iter()
            .enumerate()
            .flat_map(|(at, one)| fields.iter().skip(at + 1).map(move |other| [*one, *other]));
        found = pairs
            .filter(|pair| unique(pair))
            .map(|pair| pair.join(","))
            .collect();
    }
    found.truncate(MAX_SUGGESTIONS);
    found
}

/// How much a name looks like a key; 0 most.
fn name_rank(store: &str, field: &str) -> u8 {
    let lower = field.to_lowercase();
    let store = store.to_lowercase();
    if lower == format!("{store}id") || lower == format!("{store}_id") {
        return 0;
    }
    match lower.as_str() {
        "id" | "_id" | "key" | "uuid" | "guid" => 1,
        _ if lower.ends_with("id") || lower.ends_with("key") || lower.ends_with("code") => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn type_of(values: &Value) -> Result<KeyType, String> {
        key_type("f", values.as_array().unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn types_by_example() {
        for (values, expected) in [
            (json!([1, null, -3]), KeyType::I64),
            (json!([1, u64::MAX]), KeyType::U64),
            (
                serde_json::from_str("[-1, 18446744073709551615]").unwrap(),
                KeyType::Decimal,
            ),
            (serde_json::from_str("[1, 0.99]").unwrap(), KeyType::Decimal),
            (serde_json::from_str("[1e-7, 0.99]").unwrap(), KeyType::F64),
            (json!([true, false]), KeyType::Bool),
            (json!(["2021-01-31", "1999-12-01"]), KeyType::Date),
            (json!(["2021-02-31"]), KeyType::String),
            (
                json!(["2021-01-01T00:00:00", "2021-01-01T10:11:12"]),
                KeyType::DateTime,
            ),
            (json!(["2021-01-01T00:00:00Z"]), KeyType::Timestamp),
            (json!(["2021-01-01", "soon"]), KeyType::String),
            (
                json!(["67e55044-10b1-426f-9247-bb680e5fe0c8"]),
                KeyType::Uuid,
            ),
            (
                json!(["67E55044-10B1-426F-9247-BB680E5FE0C8"]),
                KeyType::String,
            ),
            (json!(["02113"]), KeyType::String),
            (json!([""]), KeyType::String),
        ] {
            assert_eq!(type_of(&values).unwrap(), expected, "{values}");
        }
    }

    #[test]
    fn few_strangers_are_bad_rows_and_many_are_refused() {
        let mut values = vec![json!(1); 99];
        values.push(json!("x"));
        assert_eq!(type_of(&json!(values)).unwrap(), KeyType::I64);
        assert!(
            type_of(&json!([1, "x"]))
                .unwrap_err()
                .contains("numbers and text")
        );
        assert!(
            type_of(&json!([null]))
                .unwrap_err()
                .contains("no row has a value")
        );
        assert!(
            type_of(&json!([[1], {}]))
                .unwrap_err()
                .contains("cannot be keys")
        );
    }

    #[test]
    fn keys_are_suggested_by_uniqueness_and_name() {
        let suggest = |store: &str, rows: Value| {
            let maps: Vec<_> = rows
                .as_array()
                .unwrap()
                .iter()
                .filter_map(Value::as_object)
                .cloned()
                .collect();
            suggest_keys(store, &maps)
        };
        assert_eq!(
            suggest(
                "Track",
                json!([{"Name": "a", "id": 1, "TrackId": 1, "AlbumId": 1}, {"Name": "b", "id": 2, "TrackId": 2, "AlbumId": 1}])
            ),
            ["TrackId", "id", "Name"]
        );
        assert_eq!(
            suggest(
                "P",
                json!([{"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 2, "b": 1}])
            ),
            ["a,b"]
        );
        assert!(suggest("P", json!([{"a": 1}, {"a": 1}])).is_empty());
        assert!(suggest("P", json!([{"a": 1}, {}])).is_empty());
        assert!(suggest("P", json!([])).is_empty());
    }
}
