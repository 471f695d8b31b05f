//! Keys as clients write them.
//!
//! The engine reads a composite key from an object or an array. A store whose key has one named field is often
//! addressed by the bare value, as in `key=1` for `{"TrackId": 1}`; that form is understood here and only here, so
//! that change sets, imports and the server agree.

use serde_json::Value;
use sop::key::{Key, KeyError, KeySpec, KeyValue};

/// Reads a key from JSON: what [`KeySpec::key_from_json`] takes and, for a composite key of one field, the bare value.
///
/// # Errors
/// As [`KeySpec::key_from_json`].
pub fn key_from_json(spec: &KeySpec, json: &Value) -> Result<Key, KeyError> {
    let bare =
        spec.is_composite() && spec.fields().len() == 1 && !json.is_object() && !json.is_array();
    if bare {
        return Ok(Key {
            values: vec![spec.value_from_json(0, json)?],
            ride_on: Vec::new(),
        });
    }
    spec.key_from_json(json)
}

/// As [`key_from_json`] for an item that is to be made: a key without any value is refused, because it is far more
/// often a wrong field name than meant.
///
/// # Errors
/// As [`KeySpec::key_from_json`], and [`KeyError::InvalidValue`] when all ordered values are missing or null.
pub fn new_key_from_json(spec: &KeySpec, json: &Value) -> Result<Key, KeyError> {
    let key = key_from_json(spec, json)?;
    match spec.fields().first() {
        Some(field) if key.values.iter().all(KeyValue::is_null) => Err(KeyError::InvalidValue {
            field: field.name.clone(),
            expected: field.kind,
            text: "null".to_owned(),
            detail: "at least one field of the key needs a value".to_owned(),
        }),
        _ => Ok(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use sop::key::{KeyField, KeyType};

    #[test]
    fn one_named_field_takes_its_bare_value() {
        let spec =
            KeySpec::composite(vec![KeyField::new("TrackId", KeyType::I64)], Vec::new()).unwrap();
        for json in [json!(7), json!({"TrackId": 7}), json!([7]), json!("7")] {
            assert_eq!(
                key_from_json(&spec, &json).unwrap(),
                Key::composite([7i64]),
                "{json}"
            );
        }
        for json in [json!({"Track": 7}), json!("x"), json!([1, 2])] {
            assert!(key_from_json(&spec, &json).is_err(), "{json}");
        }
        for json in [json!(null), json!({}), json!([null])] {
            assert!(
                key_from_json(&spec, &json).is_ok(),
                "such an item can be addressed: {json}"
            );
            assert!(
                new_key_from_json(&spec, &json).is_err(),
                "but not made: {json}"
            );
        }
    }

    #[test]
    fn other_keys_are_the_engines_forms() {
        let two = KeySpec::composite(
            vec![
                KeyField::new("a", KeyType::String),
                KeyField::new("b", KeyType::I64),
            ],
            Vec::new(),
        )
        .unwrap();
        assert!(key_from_json(&two, &json!("x")).is_err());
        assert!(new_key_from_json(&two, &json!({"a": null, "b": null})).is_err());
        assert!(new_key_from_json(&two, &json!({"b": 1})).is_ok());
        let single = KeySpec::single(KeyType::String);
        assert_eq!(key_from_json(&single, &json!("x")).unwrap(), Key::from("x"));
        assert!(key_from_json(&single, &json!({"key": "x"})).is_err());
    }
}
