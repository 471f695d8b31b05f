//! What the values of a document are compared as, and how JSON becomes a parameter.

use super::shape::Kinds;
use crate::sql::Value;
use serde_json::{Number, Value as Json};
use sop::Document;

/// What a value is compared as: values of different classes are never equal, and neither is less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Bool,
    Number,
    Text,
    Bytes,
}

impl Class {
    pub const fn kinds(self) -> Kinds {
        match self {
            Self::Bool => Kinds::BOOL,
            Self::Number => Kinds::NUMBER,
            Self::Text => Kinds::TEXT,
            Self::Bytes => Kinds::BYTES,
        }
    }
}

/// A value from a document.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Null,
    Scalar(Class, Value),
    /// An array or object.
    Json(String),
}

impl Literal {
    /// The literal of JSON; none for a number that no double holds.
    pub fn of(json: &Json) -> Option<Self> {
        Some(match json {
            Json::Null => Self::Null,
            Json::Bool(bool) => Self::Scalar(Class::Bool, Value::Bool(*bool)),
            Json::Number(number) => Self::Scalar(Class::Number, number_value(number)?),
            Json::String(text) => Self::Scalar(Class::Text, Value::Text(text.clone())),
            Json::Array(_) => Self::Json(json.to_string()),
            Json::Object(_) => match bytes(json) {
                Some(bytes) => Self::Scalar(Class::Bytes, Value::Blob(bytes)),
                None => Self::Json(json.to_string()),
            },
        })
    }

    pub fn into_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Scalar(_, value) => value,
            Self::Json(text) => Value::Json(text),
        }
    }
}

fn number_value(number: &Number) -> Option<Value> {
    if let Some(whole) = number.as_i64() {
        return Some(Value::Integer(whole));
    }
    if let Some(whole) = number.as_u64() {
        return Some(Value::Text(whole.to_string()));
    }
    let real = number.as_f64().filter(|real| real.is_finite())?;
    Some(Value::Real(real))
}

/// The bytes of `{"$bytes": "base64"}`, the form that bytes have in JSON.
pub(super) fn bytes(json: &Json) -> Option<Vec<u8>> {
    let object = json.as_object()?;
    if object.len() != 1 || !object.contains_key("$bytes") {
        return None;
    }
    let document = Document::from_value(json).ok()?;
    document.root().as_bytes().map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_become_the_narrowest_exact_value() {
        let value = |text: &str| {
            let json: Json = serde_json::from_str(text).unwrap();
            Literal::of(&json).map(Literal::into_value)
        };
        assert_eq!(value("9223372036854775807"), Some(Value::Integer(i64::MAX)));
        assert_eq!(
            value("18446744073709551615"),
            Some(Value::Text("18446744073709551615".to_owned()))
        );
        assert_eq!(value("-0.5"), Some(Value::Real(-0.5)));
        assert_eq!(value("1e999"), None);
    }

    #[test]
    fn bytes_are_blobs_and_other_objects_json() {
        let value = |json: Json| Literal::of(&json).map(Literal::into_value);
        assert_eq!(
            value(json!({"$bytes": "aGk="})),
            Some(Value::Blob(b"hi".to_vec()))
        );
        assert_eq!(
            value(json!({"b": 1, "a": [true]})),
            Some(Value::Json(r#"{"b":1,"a":[true]}"#.to_owned()))
        );
    }
}
