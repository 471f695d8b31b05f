//! Reading fields of answers whose shape is only hoped for.

use serde_json::Value;

use super::ModelError;
use super::error::shown;

/// A piece of an answer as JSON.
///
/// # Errors
/// It is none.
pub fn parse(piece: &str) -> Result<Value, ModelError> {
    serde_json::from_str(piece)
        .map_err(|error| ModelError::Malformed(format!("a piece is no JSON: {error}")))
}

/// A text at a pointer.
pub fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

/// A number at a pointer; 0 when there is none.
pub fn count(value: &Value, pointer: &str) -> u64 {
    value.pointer(pointer).and_then(Value::as_u64).unwrap_or(0)
}

/// The elements at a pointer; none when there is no array.
pub fn items<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    let items = value.pointer(pointer).and_then(Value::as_array);
    items.into_iter().flatten()
}

/// Arguments written as text: an object, or why they are none.
pub fn arguments(text: &str) -> (Value, Option<String>) {
    let empty = || Value::Object(serde_json::Map::new());
    if text.trim().is_empty() {
        return (empty(), None);
    }
    match serde_json::from_str::<Value>(text) {
        Ok(value) => as_object(value),
        Err(error) => (empty(), Some(format!("the arguments are no JSON: {error}"))),
    }
}

/// Arguments as a value: an object, or why they are none. Null is no arguments.
pub fn as_object(value: Value) -> (Value, Option<String>) {
    let empty = Value::Object(serde_json::Map::new());
    match value {
        Value::Object(_) => (value, None),
        Value::Null => (empty, None),
        _ => (empty, Some("the arguments are no JSON object".to_owned())),
    }
}

/// What a provider says of its own failure, wherever it puts it.
pub fn failure(value: &Value) -> Option<String> {
    let error = value.get("error").filter(|error| !error.is_null())?;
    let words = text(error, "/message").or(error.as_str());
    Some(shown(words.unwrap_or("it did not say why")))
}
