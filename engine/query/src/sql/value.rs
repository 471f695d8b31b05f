//! Values that go into a statement and come out of it.

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef as SqliteRef};

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Null, or missing.
    Null,
    /// A bool; 1 or 0 in expressions.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A double.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
    /// The JSON text of an array or an object.
    Json(String),
}

/// A value that is lent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ValueRef<'a> {
    /// As [`Value::Null`].
    Null,
    /// As [`Value::Bool`].
    Bool(bool),
    /// As [`Value::Integer`].
    Integer(i64),
    /// As [`Value::Real`].
    Real(f64),
    /// As [`Value::Text`].
    Text(&'a str),
    /// As [`Value::Blob`].
    Blob(&'a [u8]),
    /// As [`Value::Json`].
    Json(&'a str),
}

impl ValueRef<'_> {
    /// The value, to be kept.
    pub fn to_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Integer(value) => Value::Integer(value),
            Self::Real(value) => Value::Real(value),
            Self::Text(text) => Value::Text(text.to_owned()),
            Self::Blob(bytes) => Value::Blob(bytes.to_vec()),
            Self::Json(text) => Value::Json(text.to_owned()),
        }
    }
}

impl Value {
    /// The value, lent.
    pub fn as_ref(&self) -> ValueRef<'_> {
        match self {
            Self::Null => ValueRef::Null,
            Self::Bool(value) => ValueRef::Bool(*value),
            Self::Integer(value) => ValueRef::Integer(*value),
            Self::Real(value) => ValueRef::Real(*value),
            Self::Text(text) => ValueRef::Text(text),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
            Self::Json(text) => ValueRef::Json(text),
        }
    }

    /// A value as SQLite has it.
    pub(super) fn from_sqlite(value: SqliteRef<'_>) -> Self {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        match value {
            SqliteRef::Null => Self::Null,
            SqliteRef::Integer(value) => Self::Integer(value),
            SqliteRef::Real(value) => Self::Real(value),
            SqliteRef::Text(bytes) => Self::Text(text(bytes)),
            SqliteRef::Blob(bytes) => Self::Blob(bytes.to_vec()),
        }
    }

    /// The value of a JSON value. Whole numbers beyond `i64` become text of their digits, other numbers doubles.
    pub fn from_json(json: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(value), _) => Self::Integer(value),
                (None, Some(value)) => Self::Text(value.to_string()),
                (None, None) => number.as_f64().map_or(Self::Null, Self::Real),
            },
            Json::String(text) => Self::Text(text.clone()),
            Json::Array(_) | Json::Object(_) => Self::Json(json.to_string()),
        }
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => SqliteRef::Null,
            Self::Bool(value) => SqliteRef::Integer(i64::from(*value)),
            Self::Integer(value) => SqliteRef::Integer(*value),
            Self::Real(value) => SqliteRef::Real(*value),
            Self::Text(text) | Self::Json(text) => SqliteRef::Text(text.as_bytes()),
            Self::Blob(bytes) => SqliteRef::Blob(bytes),
        }))
    }
}

/// What the parameters of a statement stand for.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Params {
    /// There are none.
    #[default]
    None,
    /// `?`, `?1`: by their numbers.
    Positional(Vec<Value>),
    /// `:name`, `@name`, `$name`: by their names, with or without the sign.
    Named(Vec<(String, Value)>),
}

impl Params {
    /// The value of parameter `number`, counted from 1, which may have a name.
    pub(super) fn value(&self, number: usize, name: Option<&str>) -> Option<&Value> {
        match self {
            Self::None => None,
            Self::Positional(values) => values.get(number.checked_sub(1)?),
            Self::Named(values) => {
                let name = name?;
                let bare = name.trim_start_matches([':', '@', '$', '?']);
                let found = values.iter().find(|(there, _)| {
                    there == name || there.trim_start_matches([':', '@', '$']) == bare
                });
                found.map(|(_, value)| value)
            }
        }
    }
}
