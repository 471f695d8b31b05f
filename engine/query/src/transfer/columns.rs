//! The types of CSV columns.
//!
//! The rule: over the first rows, a column is
//! - `integer` when every value is a whole number of 64 bits written the usual way (no leading zero or plus sign, so
//!   that postal codes like 02113 and phone numbers stay text),
//! - `number` when every value is such a whole number or an exact decimal number, at most 34 digits, also with an
//!   exponent when the text has a point or a signed exponent (1.5e10, 1e-7; 12E4 may be a code and stays text),
//! - `boolean` when every value is true or false (also True, TRUE, ...),
//! - `json` when every value is a JSON object or array,
//! - `text` otherwise, or when no value was seen.
//!
//! Nothing between two delimiters is null in every column. A value in quotes is text, unless it needs them (it has a
//! delimiter, a quote or a line end inside), or the header's names all stand in quotes too: such a file quotes
//! everything, and its quotes say nothing. Always true: a value that becomes a number keeps every digit. A value that
//! does not fit its column is the caller's affair ([`Fit::Misfit`]).

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};
use sop::document::Document;

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// Whole numbers that fit 64 bits.
    Integer,
    /// Exact decimal numbers.
    Number,
    /// true and false.
    Boolean,
    /// JSON objects and arrays.
    Json,
    /// Text.
    Text,
}

/// Most digits of a number; longer rows of digits are codes.
const MAX_DIGITS: usize = 34;

/// What a value becomes in its column.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fit {
    Value(Value),
    /// It does not fit; this is it as text.
    Misfit(String),
}

/// The narrowest type of one value that is not empty.
fn type_of(text: &str) -> ColumnType {
    match text.as_bytes().first() {
        Some(b'{' | b'[') if json(text).is_some() => ColumnType::Json,
        Some(b'-' | b'0'..=b'9') if integer(text) => ColumnType::Integer,
        Some(b'-' | b'0'..=b'9') if number(text).is_some() => ColumnType::Number,
        _ if boolean(text).is_some() => ColumnType::Boolean,
        _ => ColumnType::Text,
    }
}

/// The type that holds both.
const fn widen(one: ColumnType, other: ColumnType) -> ColumnType {
    use ColumnType::{Boolean, Integer, Json, Number, Text};
    match (one, other) {
        (Integer, Integer) => Integer,
        (Integer | Number, Integer | Number) => Number,
        (Boolean, Boolean) => Boolean,
        (Json, Json) => Json,
        _ => Text,
    }
}

/// Collects the values of a column.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Inference {
    seen: Option<ColumnType>,
}

impl Inference {
    /// Takes a value; `literal` when its quotes make it text.
    pub fn add(&mut self, text: &str, quoted: bool, literal: bool) {
        let kind = match (text.is_empty(), quoted, literal) {
            (true, false, _) | (true, true, false) => return,
            (_, true, true) => ColumnType::Text,
            _ => type_of(text),
        };
        self.seen = Some(self.seen.map_or(kind, |seen| widen(seen, kind)));
    }

    pub fn column_type(self) -> ColumnType {
        self.seen.unwrap_or(ColumnType::Text)
    }
}

/// The JSON of a value in a column; `literal` when its quotes make it text.
pub(super) fn convert(text: String, quoted: bool, literal: bool, column: ColumnType) -> Fit {
    if text.is_empty() && (!quoted || (!literal && column != ColumnType::Text)) {
        return Fit::Value(Value::Null);
    }
    if column == ColumnType::Text {
        return Fit::Value(Value::String(text));
    }
    let value = match column {
        _ if quoted && literal => None,
        _ => parse_as(&text, column),
    };
    value.map_or_else(|| Fit::Misfit(text), Fit::Value)
}

/// Whether plain `text` would be read as something else than text somewhere: the writer quotes such text.
pub(super) fn reads_as_typed(text: &str) -> bool {
    type_of(text) != ColumnType::Text
}

/// The value of a type that a text stands for; None when it does not.
pub(super) fn parse_as(text: &str, column: ColumnType) -> Option<Value> {
    match column {
        ColumnType::Integer => number(text).filter(|_| integer(text)).map(Value::Number),
        ColumnType::Number => number(text).map(Value::Number),
        ColumnType::Boolean => boolean(text).map(Value::Bool),
        ColumnType::Json => json(text),
        ColumnType::Text => Some(Value::String(text.to_owned())),
    }
}

fn integer(text: &str) -> bool {
    usual_digits(text.strip_prefix('-').unwrap_or(text))
        && text != "-0"
        && (text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok())
}

/// Digits without a leading zero.
fn usual_digits(digits: &str) -> bool {
    !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits == "0" || !digits.starts_with('0'))
}

fn number(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_fits = exponent.is_none_or(|exponent| {
        let signed = exponent.starts_with(['+', '-']);
        let figures = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        digits(figures) && figures.len() <= 3 && (signed || fraction.is_some())
    });
    let fits = usual_digits(whole)
        && fraction.is_none_or(digits)
        && whole.len() + fraction.map_or(0, str::len) <= MAX_DIGITS
        && exponent_fits;
    if fits { text.parse().ok() } else { None }
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

fn json(text: &str) -> Option<Value> {
    let document = Document::from_json(text.as_bytes()).ok()?;
    Some(document.to_value()).filter(|value| value.is_object() || value.is_array())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn infer(values: &[&str]) -> ColumnType {
        let mut inference = Inference::default();
        for value in values {
            inference.add(value, false, true);
        }
        inference.column_type()
    }

    #[test]
    fn the_rule_by_examples() {
        use ColumnType::{Boolean, Integer, Json, Number, Text};
        let cases: &[(&[&str], ColumnType)] = &[
            (&["1", "-5", "0", "18446744073709551615"], Integer),
            (&["1", "", "2"], Integer),
            (&["1", "0.50"], Number),
            (&["18446744073709551616"], Number),
            (&["-0", "1"], Number),
            (&["1.5E10", "1e-7", "2E+3"], Number),
            (&["12E4"], Text),
            (&["02113", "12345"], Text),
            (&["+49 1"], Text),
            (&["+5"], Text),
            (&["1.", "2"], Text),
            (&[".5"], Text),
            (&["1 "], Text),
            (&["1,5"], Text),
            (&["NaN"], Text),
            (&["12345678901234567890123456789012345"], Text),
            (&["true", "False"], Boolean),
            (&["true", "1"], Text),
            (&["{\"a\":1}", "[]"], Json),
            (&["[1", "[]"], Text),
            (&["2021-01-01"], Text),
            (&["", ""], Text),
            (&[], Text),
        ];
        for (values, expected) in cases {
            assert_eq!(infer(values), *expected, "{values:?}");
        }
    }

    #[test]
    fn quotes_tell_text_and_empty_text_from_nothing() {
        let value =
            |text: &str, quoted, literal, column| convert(text.to_owned(), quoted, literal, column);
        for column in [ColumnType::Integer, ColumnType::Text] {
            assert_eq!(value("", false, true, column), Fit::Value(Value::Null));
        }
        assert_eq!(
            value("", true, true, ColumnType::Text),
            Fit::Value(json!(""))
        );
        assert_eq!(
            value("", true, true, ColumnType::Integer),
            Fit::Misfit(String::new())
        );
        assert_eq!(
            value("", true, false, ColumnType::Integer),
            Fit::Value(Value::Null)
        );
        assert_eq!(
            value("", true, false, ColumnType::Text),
            Fit::Value(json!(""))
        );
        assert_eq!(
            value("5", true, true, ColumnType::Integer),
            Fit::Misfit("5".to_owned())
        );
        assert_eq!(
            value("5", true, false, ColumnType::Integer),
            Fit::Value(json!(5))
        );
        assert_eq!(
            value("x", false, true, ColumnType::Integer),
            Fit::Misfit("x".to_owned())
        );
        assert_eq!(
            value("TRUE", false, true, ColumnType::Boolean),
            Fit::Value(json!(true))
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn what_becomes_a_number_keeps_its_text(text in "-?[0-9]{1,20}(\\.[0-9]{1,10})?") {
            if let Fit::Value(Value::Number(number)) = convert(text.clone(), false, true, ColumnType::Number) {
                prop_assert_eq!(number.to_string(), text);
            }
        }

        #[test]
        fn a_column_of_one_value_fits_its_own_type(text in "[-+0-9.eEtrufals{}\\[\\] ]{1,8}") {
            let column = infer(&[&text]);
            prop_assert!(matches!(convert(text, false, true, column), Fit::Value(_)));
        }
    }
}
