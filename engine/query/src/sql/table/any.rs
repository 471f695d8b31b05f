//! From values of SQL to the values of an index.
//!
//! An index has values of all types, in SQLite's order. What SQLite compares with what depends on the types that
//! columns are declared with: it may take a text for a number, or a number for a text. So there are spans that hold
//! exactly what satisfies a condition, and others that may hold some of it; none that does is left out. Not thought of are
//! texts in columns of numbers, which no store has but for integers beyond 64 bits: a query would have to make such a
//! column itself, by a union of numbers and texts.

use std::ops::Bound;

use rusqlite::types::ValueRef;
use sop::key::{ANY_BYTES, AnyValue, KeyValue};

/// What SQLite makes of values before it compares them with a column's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Affinity {
    Text,
    Numeric,
    None,
}

/// Values between two bounds, in ascending order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Span {
    pub lower: Bound<KeyValue>,
    pub upper: Bound<KeyValue>,
    /// Whether all that lies in it satisfies the condition.
    pub sure: bool,
}

/// Texts that SQLite might take for numbers begin with white space, a sign, a point or a digit. All of these, and a few
/// others, are from this on …
const NUMERIC_FROM: &str = "\t";
/// … and before this.
const NUMERIC_TO: &str = ":";

fn any(value: AnyValue) -> KeyValue {
    KeyValue::Any(value)
}

fn text(text: &str) -> KeyValue {
    any(AnyValue::Text(text.to_owned()))
}

fn span(lower: Bound<KeyValue>, upper: Bound<KeyValue>, sure: bool) -> Span {
    Span { lower, upper, sure }
}

fn point(value: KeyValue, sure: bool) -> Span {
    span(Bound::Included(value.clone()), Bound::Included(value), sure)
}

/// Before all values that are there.
fn start() -> Bound<KeyValue> {
    Bound::Excluded(KeyValue::Null)
}

/// Behind all numbers.
fn end_of_numbers() -> Bound<KeyValue> {
    Bound::Excluded(text(""))
}

/// Texts that may be taken for numbers.
pub(super) fn numeric_texts() -> Span {
    let (from, to) = (text(NUMERIC_FROM), text(NUMERIC_TO));
    span(Bound::Included(from), Bound::Excluded(to), false)
}

fn all_numbers() -> Span {
    span(start(), end_of_numbers(), false)
}

fn everything() -> Span {
    span(start(), Bound::Unbounded, false)
}

/// A number, and whether it is exactly what SQLite has.
fn number(value: ValueRef<'_>) -> Option<AnyValue> {
    match value {
        ValueRef::Integer(value) => Some(AnyValue::Integer(value)),
        ValueRef::Real(value) => Some(AnyValue::Real(value)),
        _ => None,
    }
}

/// What SQLite may take a text for: a little less and a little more, as its reading may differ in the last digit.
fn numeric(text: &str) -> Option<(f64, f64)> {
    let trimmed = text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\u{b}');
    let first = trimmed.chars().next()?;
    if !(first.is_ascii_digit() || matches!(first, '+' | '-' | '.')) {
        return None;
    }
    let value: f64 = trimmed.parse().ok()?;
    Some((value.next_down(), value.next_up()))
}

/// Whether it is what a whole number beyond 64 bits is in SQL, which a column of numbers may hold and compare as one.
fn is_large_integer(text: &str) -> bool {
    text.len() >= 19 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A text or bytes as an index has them, and whether whole.
fn kept(value: ValueRef<'_>) -> Option<(KeyValue, bool)> {
    let whole = |length: usize| length <= ANY_BYTES;
    match value {
        ValueRef::Text(bytes) => {
            let cut = || AnyValue::CutText(bytes.get(..ANY_BYTES).unwrap_or_default().to_vec());
            match std::str::from_utf8(bytes) {
                Ok(text) if whole(bytes.len()) => {
                    Some((any(AnyValue::Text(text.to_owned())), true))
                }
                Ok(_) => Some((any(cut()), false)),
                Err(_) => None,
            }
        }
        ValueRef::Blob(bytes) if whole(bytes.len()) => {
            Some((any(AnyValue::Bytes(bytes.to_vec())), true))
        }
        ValueRef::Blob(bytes) => {
            let cut = bytes.get(..ANY_BYTES).unwrap_or_default().to_vec();
            Some((any(AnyValue::CutBytes(cut)), false))
        }
        _ => None,
    }
}

/// Where values lie that equal a value of SQL; spans do not overlap. `texts`: whether the index may have texts that SQLite
/// might take for numbers.
pub(super) fn equal(affinity: Affinity, value: ValueRef<'_>, texts: bool) -> Vec<Span> {
    if value == ValueRef::Null {
        return Vec::new();
    }
    if let Some(number) = number(value) {
        if matches!(value, ValueRef::Real(value) if !value.is_finite()) {
            return vec![everything()];
        }
        let sure = affinity != Affinity::Text;
        let mut spans = vec![point(any(number), sure)];
        spans.extend(texts.then(numeric_texts));
        return spans;
    }
    let Some((key, whole)) = kept(value) else {
        return vec![everything()];
    };
    let this = point(key, whole);
    let (ValueRef::Text(bytes), Ok(text)) = (value, value.as_str()) else {
        return vec![this];
    };
    let Some((low, high)) = numeric(text) else {
        return vec![this];
    };
    let numbers = || {
        let bound = |value| Bound::Included(any(AnyValue::Real(value)));
        span(bound(low), bound(high), false)
    };
    let like_a_number = (NUMERIC_FROM.as_bytes()..NUMERIC_TO.as_bytes()).contains(&bytes);
    match affinity {
        Affinity::None if !is_large_integer(text) => vec![this],
        Affinity::Text if !is_large_integer(text) => vec![numbers(), this],
        _ if like_a_number => vec![numbers(), numeric_texts()],
        _ => vec![numbers(), numeric_texts(), this],
    }
}

fn bound(value: KeyValue, inclusive: bool) -> Bound<KeyValue> {
    if inclusive {
        Bound::Included(value)
    } else {
        Bound::Excluded(value)
    }
}

/// Where values lie that are above a value of SQL.
pub(super) fn above(affinity: Affinity, value: ValueRef<'_>, inclusive: bool) -> Vec<Span> {
    if value == ValueRef::Null {
        return Vec::new();
    }
    if let Some(number) = number(value) {
        if affinity == Affinity::Text {
            return vec![everything()];
        }
        let (from, to) = (text(NUMERIC_FROM), text(NUMERIC_TO));
        return vec![
            span(bound(any(number), inclusive), Bound::Excluded(from), true),
            numeric_texts(),
            span(Bound::Included(to), Bound::Unbounded, true),
        ];
    }
    let Some((key, whole)) = kept(value) else {
        return vec![everything()];
    };
    let behind = |sure| {
        span(
            bound(key.clone(), inclusive || !whole),
            Bound::Unbounded,
            sure && whole,
        )
    };
    let Ok(read) = value.as_str() else {
        return vec![behind(true)];
    };
    match affinity {
        _ if is_large_integer(read) => vec![everything()],
        Affinity::None => vec![behind(true)],
        // Numbers there, if any, are compared as texts.
        Affinity::Text => vec![all_numbers(), behind(true)],
        Affinity::Numeric => match numeric(read) {
            Some((low, _)) => {
                let low = Bound::Included(any(AnyValue::Real(low)));
                vec![span(low, Bound::Unbounded, false)]
            }
            None => vec![behind(read >= NUMERIC_TO)],
        },
    }
}

/// Where values lie that are below a value of SQL.
pub(super) fn below(affinity: Affinity, value: ValueRef<'_>, inclusive: bool) -> Vec<Span> {
    if value == ValueRef::Null {
        return Vec::new();
    }
    if let Some(number) = number(value) {
        if affinity == Affinity::Text {
            return vec![everything()];
        }
        return vec![
            span(start(), bound(any(number), inclusive), true),
            numeric_texts(),
        ];
    }
    let Some((key, whole)) = kept(value) else {
        return vec![everything()];
    };
    let Ok(read) = value.as_str() else {
        return vec![span(start(), bound(key, inclusive || !whole), whole)];
    };
    let before = |from, sure| span(from, bound(key.clone(), inclusive || !whole), sure && whole);
    match affinity {
        _ if is_large_integer(read) => vec![everything()],
        Affinity::None => vec![before(start(), true)],
        Affinity::Text => vec![all_numbers(), before(Bound::Included(text("")), true)],
        Affinity::Numeric => match numeric(read) {
            Some((_, high)) => {
                let high = Bound::Included(any(AnyValue::Real(high)));
                vec![span(start(), high, false), numeric_texts()]
            }
            None if read < NUMERIC_TO => {
                vec![span(start(), Bound::Excluded(text(NUMERIC_TO)), false)]
            }
            None => vec![before(start(), false)],
        },
    }
}

/// What is not text and may be matched by a pattern all the same.
pub(super) fn not_texts() -> [Span; 2] {
    let bytes = Bound::Included(any(AnyValue::Bytes(Vec::new())));
    [all_numbers(), span(bytes, Bound::Unbounded, false)]
}

/// The beginning of a text that is short enough to be whole in an index.
pub(super) fn beginning(start: &str) -> KeyValue {
    let at = start.floor_char_boundary(ANY_BYTES);
    text(start.get(..at).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(spans: &[Span], value: &AnyValue) -> Option<bool> {
        let bytes = |value: &KeyValue| {
            let spec = sop::KeySpec::composite(
                vec![sop::KeyField::new("a", sop::KeyType::Any)],
                Vec::new(),
            );
            let key = sop::Key::composite([value.clone()]);
            spec.unwrap().encode(&key).unwrap().order
        };
        let this = bytes(&any(value.clone()));
        let found: Vec<bool> = spans
            .iter()
            .filter(|span| {
                let above = match &span.lower {
                    Bound::Included(lower) => bytes(lower) <= this,
                    Bound::Excluded(lower) => bytes(lower) < this,
                    Bound::Unbounded => true,
                };
                let below = match &span.upper {
                    Bound::Included(upper) => bytes(upper) >= this,
                    Bound::Excluded(upper) => bytes(upper) > this,
                    Bound::Unbounded => true,
                };
                above && below
            })
            .map(|span| span.sure)
            .collect();
        assert!(found.len() <= 1, "{spans:?} overlap at {value:?}");
        found.first().copied()
    }

    fn values() -> Vec<AnyValue> {
        let texts = [
            "",
            " 5",
            "-1",
            "5",
            "05",
            "5.0",
            "10",
            "abc",
            "z",
            "9223372036854775808",
        ];
        let numbers = [-1, 0, 4, 5, 6, 10, i64::MAX, i64::MIN];
        let mut values: Vec<AnyValue> = numbers.map(AnyValue::Integer).to_vec();
        values.extend([4.5, 5.0, 5.5, 1e300, -0.0, 9.3e18].map(AnyValue::Real));
        values.extend(texts.map(|text| AnyValue::Text(text.to_owned())));
        values.extend([vec![], vec![b'5']].map(AnyValue::Bytes));
        values
    }

    fn sql(value: &AnyValue) -> rusqlite::types::Value {
        use rusqlite::types::Value;
        match value {
            AnyValue::Integer(value) => Value::Integer(*value),
            AnyValue::Real(value) => Value::Real(*value),
            AnyValue::Text(text) => Value::Text(text.clone()),
            AnyValue::Bytes(bytes) => Value::Blob(bytes.clone()),
            other => panic!("{other:?} is not whole"),
        }
    }

    /// Each value against each, in columns of each type, as SQLite itself compares them.
    #[test]
    fn nothing_is_left_out_and_what_is_sure_is_right() {
        let db = rusqlite::Connection::open_in_memory().unwrap();
        for (affinity, kind, value_kind) in [
            (Affinity::None, "BLOB", "BLOB"),
            (Affinity::None, "BLOB", "INTEGER"),
            (Affinity::Numeric, "NUMERIC", "BLOB"),
            (Affinity::Text, "TEXT", "BLOB"),
            (Affinity::Text, "TEXT", "NUMERIC"),
        ] {
            let columns = format!("CREATE TABLE t(x {kind}); CREATE TABLE u(x {value_kind})");
            db.execute_batch(&columns).unwrap();
            for (stored, value) in values().iter().flat_map(|a| {
                let of: Vec<_> = values().into_iter().map(|b| (a.clone(), b)).collect();
                of
            }) {
                db.execute_batch("DELETE FROM t; DELETE FROM u").unwrap();
                db.execute("INSERT INTO t VALUES (?)", [sql(&stored)])
                    .unwrap();
                db.execute("INSERT INTO u VALUES (?)", [sql(&value)])
                    .unwrap();
                // What SQLite made of them on the way in is what is compared.
                let read = |table: &str| -> rusqlite::types::Value {
                    let query = format!("SELECT x FROM {table}");
                    db.query_row(&query, [], |row| row.get(0)).unwrap()
                };
                let (stored, value) = (read("t"), read("u"));
                let stored = match stored {
                    rusqlite::types::Value::Integer(value) => AnyValue::Integer(value),
                    rusqlite::types::Value::Real(value) => AnyValue::Real(value),
                    rusqlite::types::Value::Text(text) => AnyValue::Text(text),
                    rusqlite::types::Value::Blob(bytes) => AnyValue::Bytes(bytes),
                    rusqlite::types::Value::Null => continue,
                };
                let given = ValueRef::from(&value);
                let is_text =
                    matches!(&value, rusqlite::types::Value::Text(text) if !is_large_integer(text));
                if is_text && value_kind != "BLOB" {
                    continue;
                }
                for (sign, spans) in [
                    ("=", equal(affinity, given, true)),
                    (">", above(affinity, given, false)),
                    (">=", above(affinity, given, true)),
                    ("<", below(affinity, given, false)),
                    ("<=", below(affinity, given, true)),
                ] {
                    let query = format!("SELECT t.x {sign} u.x FROM t, u");
                    let joined: bool = db.query_row(&query, [], |row| row.get(0)).unwrap();
                    let query = format!("SELECT t.x {sign} ? FROM t");
                    let literal: bool = db.query_row(&query, [&value], |row| row.get(0)).unwrap();
                    let found = contains(&spans, &stored);
                    let what = format!("{kind} {stored:?} {sign} {value_kind} {value:?}");
                    for truth in [joined, literal] {
                        assert!(found.is_some() || !truth, "{what} is left out");
                        assert!(found != Some(true) || truth, "{what} is not so");
                    }
                }
            }
            db.execute_batch("DROP TABLE t; DROP TABLE u").unwrap();
        }
    }

    #[test]
    fn long_texts_lie_where_their_beginning_does() {
        let long = "x".repeat(ANY_BYTES + 10);
        let value = ValueRef::Text(long.as_bytes());
        let cut = AnyValue::CutText(vec![b'x'; ANY_BYTES]);
        for affinity in [Affinity::Text, Affinity::None] {
            for spans in [
                equal(affinity, value, true),
                above(affinity, value, false),
                below(affinity, value, false),
            ] {
                assert_eq!(contains(&spans, &cut), Some(false));
            }
        }
    }
}
