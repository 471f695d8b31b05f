//! Prefixes as JSON: an array of the values of the leading fields, at the end perhaps `{"partial": "text"}` for the
//! beginning of the text of the next one, like `["USA", {"partial": "2021-"}]`.

use super::PrefixError;
use serde_json::{Value, json};
use sop::key::{KeyPrefix, KeySpec, KeyValue};

/// The name that marks the beginning of a text.
const PARTIAL: &str = "partial";

/// Reads a prefix. A bare value or a bare `{"partial": …}` stands for an array of one.
///
/// # Errors
/// [`PrefixError::Form`] for another form, [`PrefixError::Key`] for values that the key cannot have there.
pub fn parse_prefix(spec: &KeySpec, json: &Value) -> Result<KeyPrefix, PrefixError> {
    let parts = match json {
        Value::Array(parts) => parts.as_slice(),
        bare => std::slice::from_ref(bare),
    };
    let mut prefix = KeyPrefix::default();
    for (index, part) in parts.iter().enumerate() {
        if prefix.partial.is_some() {
            return Err(form("{\"partial\": ...} can only be the last part"));
        }
        match part {
            Value::Object(_) => prefix.partial = Some(partial_text(part)?),
            value => prefix.leading.push(spec.value_from_json(index, value)?),
        }
    }
    // Whether the next field has text, and whether there is one, only the key knows.
    spec.prefix(&prefix)?;
    Ok(prefix)
}

fn partial_text(part: &Value) -> Result<String, PrefixError> {
    let text = part
        .as_object()
        .filter(|fields| fields.len() == 1)
        .and_then(|fields| fields.get(PARTIAL)?.as_str());
    text.map(str::to_owned)
        .ok_or_else(|| form("a part of a prefix is a value or {\"partial\": \"text\"}"))
}

fn form(detail: &str) -> PrefixError {
    PrefixError::Form {
        detail: format!("{detail}; a prefix looks like [\"USA\", {{\"partial\": \"2021-\"}}]"),
    }
}

/// A prefix as [`parse_prefix`] reads it.
pub fn prefix_to_json(prefix: &KeyPrefix) -> Value {
    let leading = prefix.leading.iter().map(KeyValue::to_json);
    leading
        .chain(prefix.partial.iter().map(|text| json!({ PARTIAL: text })))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sop::key::{KeyField, KeyType};

    fn spec() -> KeySpec {
        let fields = [
            ("country", KeyType::String),
            ("date", KeyType::Date),
            ("id", KeyType::I64),
        ];
        KeySpec::composite(
            fields
                .map(|(name, kind)| KeyField::new(name, kind))
                .to_vec(),
            Vec::new(),
        )
        .unwrap()
    }

    #[test]
    fn prefixes_are_read_and_written_back() {
        for json in [
            json!([]),
            json!(["USA"]),
            json!(["USA", "2021-03-01", 7]),
            json!([null]),
            json!([{"partial": "U"}]),
            json!(["USA", {"partial": "2021-"}]),
        ] {
            let prefix = parse_prefix(&spec(), &json).unwrap();
            assert_eq!(prefix_to_json(&prefix), json);
        }
        assert_eq!(
            prefix_to_json(&parse_prefix(&spec(), &json!("USA")).unwrap()),
            json!(["USA"])
        );
        assert_eq!(
            prefix_to_json(&parse_prefix(&spec(), &json!({"partial": "U"})).unwrap()),
            json!([{"partial": "U"}])
        );
        let single = KeySpec::single(KeyType::I64);
        assert_eq!(
            prefix_to_json(&parse_prefix(&single, &json!("5")).unwrap()),
            json!([5])
        );
    }

    #[test]
    fn wrong_prefixes_say_what_is_right() {
        for (json, part) in [
            (json!([{"partial": "U"}, "2021-01-01"]), "last part"),
            (json!([{"partial": 1}]), "{\"partial\": \"text\"}"),
            (json!([{"start": "U"}]), "{\"partial\": \"text\"}"),
            (json!([{"partial": "U", "x": 1}]), "{\"partial\": \"text\"}"),
            (json!(["USA", "soon"]), "date"),
            (json!(["USA", "2021-01-01", 1, 2]), "field"),
            (json!(["USA", "2021-01-01", {"partial": "1"}]), "no prefix"),
            (json!([["USA"]]), "country"),
        ] {
            let error = parse_prefix(&spec(), &json).unwrap_err().to_string();
            assert!(error.contains(part), "{json}: {error}");
        }
    }
}
