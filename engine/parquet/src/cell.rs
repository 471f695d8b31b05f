//! Values on their way into a file.

use serde_json::Value;
use sop_query::sql::ValueRef;

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Null, or nothing.
    Null,
    Bool(bool),
    Integer(i64),
    Real(f64),
    Text(String),
    /// Anything else, as JSON text.
    Json(String),
}

impl Cell {
    /// A JSON value. A number is a double only where that has exactly its text.
    pub fn from_json(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::String(text) => Self::Text(text),
            Value::Number(number) => {
                let text = number.to_string();
                if let Ok(value) = text.parse() {
                    return Self::Integer(value);
                }
                let exact = |value: &f64| {
                    let shortest = serde_json::json!(value).to_string();
                    shortest == text
                };
                match text.parse::<f64>().ok().filter(exact) {
                    Some(value) => Self::Real(value),
                    None => Self::Json(text),
                }
            }
            other => Self::Json(other.to_string()),
        }
    }

    /// A value of a query's result. Bytes are what JSON has for them.
    pub fn from_result(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Bool(value) => Self::Bool(value),
            ValueRef::Integer(value) => Self::Integer(value),
            ValueRef::Real(value) => Self::Real(value),
            ValueRef::Text(text) => Self::Text(text.to_owned()),
            ValueRef::Json(text) => Self::Json(text.to_owned()),
            ValueRef::Blob(bytes) => {
                let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
                Self::Text(digits.collect())
            }
        }
    }

    /// The value as JSON text.
    pub fn to_json(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Integer(value) => value.to_string(),
            Self::Real(value) => serde_json::json!(value).to_string(),
            Self::Text(text) => Value::from(text.as_str()).to_string(),
            Self::Json(text) => text.clone(),
        }
    }

    /// Bytes that it takes while it waits to be written.
    pub fn size(&self) -> usize {
        match self {
            Self::Text(text) | Self::Json(text) => text.len() + 32,
            _ => 32,
        }
    }
}
