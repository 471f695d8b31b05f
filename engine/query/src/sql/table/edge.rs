//! From values of SQL to values of keys.
//!
//! What is said of a key must never leave out an item that SQLite would take: where a value has no exact counterpart
//! in the key's type the answer is [`Equal::Unknown`] or [`Edge::All`], and SQLite's own test decides.

use std::ops::Bound;

use rusqlite::types::ValueRef;
use serde_json::Value as Json;
use sop::key::{KeyType, KeyValue};

/// Which values of a key equal a value of SQL.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Equal {
    /// This one.
    Is(KeyValue),
    /// None.
    Nothing,
    /// Those between two, and perhaps not all of them.
    Within(KeyValue, KeyValue),
    /// That cannot be told.
    Unknown,
}

/// Where the values of a key lie that are above, or below, a value of SQL.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Edge {
    /// From this bound on.
    At(Bound<KeyValue>),
    /// There are none.
    Nothing,
    /// Perhaps everywhere.
    All,
}

/// Which end of a range an edge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Lower,
    Upper,
}

/// A value as SQLite compares it with a numeric column.
enum Numeric {
    Integer(i128),
    Real(f64),
    /// Perhaps a number in a form that only SQLite knows, or no number.
    Other,
}

fn numeric(value: ValueRef<'_>) -> Numeric {
    match value {
        ValueRef::Integer(value) => Numeric::Integer(value.into()),
        ValueRef::Real(value) => Numeric::Real(value),
        ValueRef::Text(text) => std::str::from_utf8(text)
            .ok()
            .filter(|text| text.bytes().all(|b| b.is_ascii_digit() || b == b'-'))
            .and_then(|text| text.parse().ok())
            .map_or(Numeric::Other, Numeric::Integer),
        _ => Numeric::Other,
    }
}

/// The largest magnitude up to which a double holds each whole number.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The least and the greatest value of a type of whole numbers.
fn limits(kind: KeyType) -> Option<(i128, i128)> {
    Some(match kind {
        KeyType::I8 => (i8::MIN.into(), i8::MAX.into()),
        KeyType::I16 => (i16::MIN.into(), i16::MAX.into()),
        KeyType::I32 => (i32::MIN.into(), i32::MAX.into()),
        KeyType::I64 => (i64::MIN.into(), i64::MAX.into()),
        KeyType::U8 => (0, u8::MAX.into()),
        KeyType::U16 => (0, u16::MAX.into()),
        KeyType::U32 => (0, u32::MAX.into()),
        KeyType::U64 => (0, u64::MAX.into()),
        _ => return None,
    })
}

fn whole(kind: KeyType, value: i128) -> Option<KeyValue> {
    let json = Json::Number(serde_json::Number::from_i128(value)?);
    KeyValue::from_json("", kind, &json).ok()
}

/// A double as a key; only for types that hold doubles.
fn double(kind: KeyType, value: f64) -> Option<KeyValue> {
    match kind {
        KeyType::F64 => Some(KeyValue::F64(value)),
        KeyType::F32 => Some(KeyValue::F32(value as f32)),
        KeyType::Decimal if value.is_finite() => {
            format!("{value}").parse().ok().map(KeyValue::Decimal)
        }
        _ => None,
    }
}

/// Doubles a little below and above, between which everything lies that could be taken for `value`.
fn around(kind: KeyType, value: f64) -> Option<(KeyValue, KeyValue)> {
    let (low, high) = if kind == KeyType::F32 {
        let narrow = value as f32;
        (f64::from(narrow.next_down()), f64::from(narrow.next_up()))
    } else {
        (value.next_down(), value.next_up())
    };
    Some((double(kind, low)?, double(kind, high)?))
}

fn text(value: ValueRef<'_>) -> Option<&str> {
    match value {
        ValueRef::Text(text) => std::str::from_utf8(text).ok(),
        _ => None,
    }
}

/// A value of a type that is text in SQL, if this is exactly its text.
fn canonical(kind: KeyType, text: &str) -> Option<KeyValue> {
    let value = KeyValue::from_json("", kind, &Json::String(text.to_owned())).ok()?;
    (value.to_json() == Json::String(text.to_owned())).then_some(value)
}

/// Whole numbers around a double that stands for many of them.
fn near(kind: KeyType, value: f64) -> Equal {
    let Some((least, most)) = limits(kind).filter(|_| value.is_finite()) else {
        return Equal::Unknown;
    };
    let low = value.next_down() as i128;
    let high = value.next_up() as i128;
    if high < least || low > most {
        return Equal::Nothing;
    }
    match (whole(kind, low.max(least)), whole(kind, high.min(most))) {
        (Some(low), Some(high)) => Equal::Within(low, high),
        _ => Equal::Unknown,
    }
}

/// The keys that equal a value.
pub(super) fn equal(kind: KeyType, value: ValueRef<'_>) -> Equal {
    if value == ValueRef::Null {
        return Equal::Nothing;
    }
    if let Some((least, most)) = limits(kind) {
        let value = match numeric(value) {
            Numeric::Integer(value) => value,
            Numeric::Real(value) if value.abs() < EXACT && value.fract() == 0.0 => value as i128,
            Numeric::Real(value) if value.abs() < EXACT => return Equal::Nothing,
            Numeric::Real(value) => return near(kind, value),
            Numeric::Other => return Equal::Unknown,
        };
        return match whole(kind, value) {
            Some(value) => Equal::Is(value),
            None if value < least || value > most => Equal::Nothing,
            None => Equal::Unknown,
        };
    }
    match kind {
        KeyType::Bool => match value {
            ValueRef::Integer(value @ 0..=1) => Equal::Is(KeyValue::Bool(value == 1)),
            ValueRef::Integer(_) => Equal::Nothing,
            _ => Equal::Unknown,
        },
        KeyType::F32 | KeyType::F64 | KeyType::Decimal => {
            let value = match numeric(value) {
                Numeric::Integer(value) if (value as f64).abs() < EXACT => value as f64,
                Numeric::Real(value) => value,
                Numeric::Integer(_) | Numeric::Other => return Equal::Unknown,
            };
            around(kind, value).map_or(Equal::Unknown, |(low, high)| Equal::Within(low, high))
        }
        KeyType::String => match value {
            ValueRef::Integer(value) => Equal::Is(KeyValue::String(value.to_string())),
            value => text(value).map_or(Equal::Unknown, |text| {
                Equal::Is(KeyValue::String(text.to_owned()))
            }),
        },
        KeyType::Bytes => match value {
            ValueRef::Blob(bytes) => Equal::Is(KeyValue::Bytes(bytes.to_vec())),
            _ => Equal::Nothing,
        },
        KeyType::Any => Equal::Unknown,
        _ => match text(value) {
            Some(text) => canonical(kind, text).map_or(Equal::Nothing, Equal::Is),
            None => Equal::Unknown,
        },
    }
}

fn bound(value: KeyValue, inclusive: bool) -> Edge {
    Edge::At(if inclusive {
        Bound::Included(value)
    } else {
        Bound::Excluded(value)
    })
}

/// Where the keys begin, or end, that are above or below a value.
pub(super) fn edge(kind: KeyType, value: ValueRef<'_>, end: End, inclusive: bool) -> Edge {
    if value == ValueRef::Null {
        return Edge::Nothing;
    }
    if let Some(limits) = limits(kind) {
        return whole_edge(kind, limits, value, end, inclusive);
    }
    match kind {
        KeyType::F32 | KeyType::F64 | KeyType::Decimal => {
            let value = match numeric(value) {
                Numeric::Integer(value) if (value as f64).abs() < EXACT => value as f64,
                Numeric::Real(value) => value,
                Numeric::Integer(_) | Numeric::Other => return Edge::All,
            };
            match (around(kind, value), end) {
                (Some((low, _)), End::Lower) => bound(low, true),
                (Some((_, high)), End::Upper) => bound(high, true),
                (None, _) => Edge::All,
            }
        }
        KeyType::String => text(value).map_or(Edge::All, |text| {
            bound(KeyValue::String(text.to_owned()), inclusive)
        }),
        KeyType::Bytes => match value {
            ValueRef::Blob(bytes) => bound(KeyValue::Bytes(bytes.to_vec()), inclusive),
            _ => Edge::All,
        },
        // Their text is in the order of the instants only without offsets.
        KeyType::Timestamp | KeyType::Bool | KeyType::Any => Edge::All,
        _ => text(value).map_or(Edge::All, |text| text_edge(kind, text, end, inclusive)),
    }
}

fn whole_edge(
    kind: KeyType,
    (least, most): (i128, i128),
    value: ValueRef<'_>,
    end: End,
    inclusive: bool,
) -> Edge {
    let (value, inclusive) = match numeric(value) {
        Numeric::Integer(value) if value > i64::MAX.into() => return Edge::All,
        Numeric::Integer(value) => (value, inclusive),
        Numeric::Real(value) if value.abs() < EXACT && value.fract() == 0.0 => {
            (value as i128, inclusive)
        }
        Numeric::Real(value) if value.abs() < EXACT => match end {
            End::Lower => (value.ceil() as i128, true),
            End::Upper => (value.floor() as i128, true),
        },
        Numeric::Real(_) | Numeric::Other => return Edge::All,
    };
    match end {
        End::Lower if value < least => Edge::All,
        End::Upper if value > most => Edge::All,
        _ if value < least || value > most => Edge::Nothing,
        _ => whole(kind, value).map_or(Edge::All, |value| bound(value, inclusive)),
    }
}

fn text_edge(kind: KeyType, text: &str, end: End, inclusive: bool) -> Edge {
    if let Some(value) = canonical(kind, text) {
        return bound(value, inclusive);
    }
    // A day stands before all of its times.
    if kind == KeyType::DateTime
        && canonical(KeyType::Date, text).is_some()
        && let Some(midnight) = canonical(kind, &format!("{text}T00:00:00"))
    {
        return bound(midnight, end == End::Lower);
    }
    Edge::All
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(value: i64) -> ValueRef<'static> {
        ValueRef::Integer(value)
    }

    fn txt(value: &str) -> ValueRef<'_> {
        ValueRef::Text(value.as_bytes())
    }

    #[test]
    fn whole_numbers() {
        assert_eq!(equal(KeyType::I32, int(5)), Equal::Is(KeyValue::I32(5)));
        assert_eq!(equal(KeyType::I32, txt("5")), Equal::Is(KeyValue::I32(5)));
        assert_eq!(
            equal(KeyType::I32, ValueRef::Real(5.0)),
            Equal::Is(KeyValue::I32(5))
        );
        assert_eq!(equal(KeyType::I32, ValueRef::Real(5.5)), Equal::Nothing);
        assert_eq!(equal(KeyType::U8, int(300)), Equal::Nothing);
        assert_eq!(equal(KeyType::I32, txt("abc")), Equal::Unknown);
        let lower = |v| edge(KeyType::U8, v, End::Lower, false);
        assert_eq!(lower(int(-1)), Edge::All);
        assert_eq!(lower(int(256)), Edge::Nothing);
        assert_eq!(
            lower(ValueRef::Real(4.5)),
            Edge::At(Bound::Included(KeyValue::U8(5)))
        );
        assert_eq!(lower(int(7)), Edge::At(Bound::Excluded(KeyValue::U8(7))));
    }

    #[test]
    fn texts_and_dates() {
        let midnight = canonical(KeyType::DateTime, "2024-03-01T00:00:00").unwrap();
        let from = edge(KeyType::DateTime, txt("2024-03-01"), End::Lower, false);
        assert_eq!(from, Edge::At(Bound::Included(midnight.clone())));
        let to = edge(KeyType::DateTime, txt("2024-03-01"), End::Upper, true);
        assert_eq!(to, Edge::At(Bound::Excluded(midnight)));
        assert_eq!(equal(KeyType::Date, txt("2024-3-1")), Equal::Nothing);
        assert_eq!(
            edge(KeyType::Date, txt("2024"), End::Lower, true),
            Edge::All
        );
        assert_eq!(
            equal(KeyType::String, int(7)),
            Equal::Is(KeyValue::String("7".to_owned()))
        );
    }
}
