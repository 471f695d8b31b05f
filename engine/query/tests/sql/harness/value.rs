//! Values as the case files write them: JSON, and `x'00ff'` for bytes.

use std::fmt;

/// One value of a row, or a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Null,
    Bool(bool),
    Integer(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
    /// An array or an object.
    Json(serde_json::Value),
}

/// Parameters of a statement.
#[derive(Clone, Debug, Default)]
pub enum Params {
    #[default]
    None,
    Positional(Vec<Cell>),
    /// Names without `:`, `@` or `$`.
    Named(Vec<(String, Cell)>),
}

impl Cell {
    /// Reads a value of a case file.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(digits) = text.strip_prefix("x'").and_then(|t| t.strip_suffix('\'')) {
            return (0..digits.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(digits.get(at..at + 2).unwrap_or("?"), 16))
                .collect::<Result<_, _>>()
                .map(Self::Blob)
                .map_err(|_| format!("{text} is not pairs of hexadecimal digits"));
        }
        let json = serde_json::from_str(text).map_err(|e| format!("{text} is not JSON: {e}"))?;
        Ok(Self::from_json(json))
    }

    /// A JSON value; a number without point and exponent that fits is an integer.
    pub fn from_json(json: serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(b) => Self::Bool(b),
            serde_json::Value::String(text) => Self::Text(text),
            serde_json::Value::Number(number) => {
                let text = number.to_string();
                if text.contains(['.', 'e', 'E']) {
                    Self::Real(text.parse().unwrap())
                } else {
                    text.parse().map_or(Self::Text(text), Self::Integer)
                }
            }
            other => Self::Json(other),
        }
    }

    /// Its place among the kinds when rows are sorted, as SQLite orders them.
    pub fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) | Self::Integer(_) | Self::Real(_) => 1,
            Self::Text(_) | Self::Json(_) => 2,
            Self::Blob(_) => 3,
        }
    }

    /// Numbers and booleans as a number.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Bool(b) => Some(f64::from(*b)),
            Self::Integer(i) => Some(*i as f64),
            Self::Real(r) => Some(*r),
            _ => None,
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(b) => write!(f, "{b}"),
            Self::Integer(i) => write!(f, "{i}"),
            Self::Real(r) => write!(f, "{r:?}"),
            Self::Text(text) => write!(f, "{}", serde_json::Value::from(text.as_str())),
            Self::Json(json) => write!(f, "{json}"),
            Self::Blob(bytes) => {
                f.write_str("x'")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                f.write_str("'")
            }
        }
    }
}

/// A row as the case files write it.
pub fn row_text(row: &[Cell]) -> String {
    let cells: Vec<String> = row.iter().map(Cell::to_string).collect();
    cells.join("\t")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for text in [
            "null",
            "true",
            "-5",
            "1.5",
            r#""a\tb""#,
            "x'00ff'",
            r#"{"a":[1,2.0]}"#,
        ] {
            assert_eq!(Cell::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Cell::parse("1.0").unwrap(), Cell::Real(1.0));
        assert_eq!(
            Cell::parse("18446744073709551615").unwrap(),
            Cell::Text("18446744073709551615".into())
        );
        assert!(Cell::parse("x'0g'").is_err());
        assert!(Cell::parse("hello").is_err());
    }
}
