//! What is counted of a field: the kind of its value, as far as it can be told from the bytes alone.
//!
//! Always true: the column of a value depends on nothing but the value, so that what was counted when an item
//! came is what is taken off when it goes.

use crate::document::{DocumentRef, Kind};
use crate::key::{Date, DateTime, Timestamp};

/// Counters of one field, one for each [`Column`].
pub(super) type Counts = [i64; COLUMNS];

/// How many columns there are.
pub(super) const COLUMNS: usize = 13;

/// One counter of a field: items in which it has a value of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Null,
    Bool,
    Integer,
    Number,
    String,
    Date,
    DateTime,
    Bytes,
    Array,
    Object,
    /// Items in which a field within an array is at all: it can be there several times, with several kinds.
    Repeated,
    /// Items in which an object at this field has names that are not told apart because there were too many
    /// when they came. While there are such items no name is added, so that the others stay exact.
    Others,
    /// Items in which not all of the value was looked at, by rules that the value alone decides.
    Unseen,
}

impl Column {
    /// All of them, in the order of [`Counts`].
    pub const ALL: [Self; COLUMNS] = [
        Self::Null,
        Self::Bool,
        Self::Integer,
        Self::Number,
        Self::String,
        Self::Date,
        Self::DateTime,
        Self::Bytes,
        Self::Array,
        Self::Object,
        Self::Repeated,
        Self::Others,
        Self::Unseen,
    ];

    /// The column of a value.
    #[inline]
    pub fn of(value: DocumentRef<'_>) -> Self {
        match value.kind() {
            Kind::Null => Self::Null,
            Kind::Bool => Self::Bool,
            Kind::Int | Kind::Uint => Self::Integer,
            Kind::Float | Kind::Number => Self::Number,
            Kind::String => text_column(value.text_bytes()),
            Kind::Bytes => Self::Bytes,
            Kind::Array => Self::Array,
            Kind::Object => Self::Object,
        }
    }

    /// This column in a set of columns.
    #[inline]
    pub const fn bit(self) -> u16 {
        1 << self as u16
    }

    /// Its place in [`Counts`].
    pub const fn at(self) -> usize {
        self as usize
    }
}

/// Whether text is a date. The first test sends nearly all other text on its way.
#[inline]
fn text_column(text: &[u8]) -> Column {
    match text {
        [_, _, _, _, b'-', _, _, b'-', _, _]
        | [_, _, _, _, b'-', _, _, b'-', _, _, b'T' | b' ', ..] => date_column(text),
        _ => Column::String,
    }
}

fn date_column(text: &[u8]) -> Column {
    let Some((date, rest)) = text.split_first_chunk::<10>() else {
        return Column::String;
    };
    match rest {
        [] if is_date(date) => Column::Date,
        // The usual forms are told without a parser.
        [_, time @ ..] if is_date(date) => match time.split_first_chunk::<8>() {
            Some((time, [] | [b'Z'])) if is_time(*time) => Column::DateTime,
            _ => other_date_time(text),
        },
        _ => Column::String,
    }
}

/// What is not usual is a date when the types of keys read it so.
fn other_date_time(text: &[u8]) -> Column {
    match std::str::from_utf8(text) {
        Ok(text) if text.parse::<DateTime>().is_ok() || text.parse::<Timestamp>().is_ok() => {
            Column::DateTime
        }
        _ => Column::String,
    }
}

fn two_digits(tens: u8, ones: u8) -> Option<u32> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| u32::from(tens) * 10 + u32::from(ones))
}

fn is_date(text: &[u8; 10]) -> bool {
    let parts = (
        two_digits(text[0], text[1]),
        two_digits(text[2], text[3]),
        two_digits(text[5], text[6]),
        two_digits(text[8], text[9]),
    );
    match parts {
        (Some(century), Some(year), Some(month), Some(day)) => {
            // Every month has so many days; the calendar is asked for the last three.
            (1..=12).contains(&month) && (1..=28).contains(&day)
                || Date::from_ymd(century * 100 + year, month, day).is_some()
        }
        _ => false,
    }
}

fn is_time(text: [u8; 8]) -> bool {
    let parts = (
        two_digits(text[0], text[1]),
        two_digits(text[3], text[4]),
        two_digits(text[6], text[7]),
    );
    (text[2], text[5]) == (b':', b':')
        && matches!(parts, (Some(hour), Some(minute), Some(second)) if hour < 24 && minute < 60 && second < 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;

    #[test]
    fn each_kind_has_its_column() {
        for (json, column) in [
            ("null", Column::Null),
            ("true", Column::Bool),
            ("-1", Column::Integer),
            ("18446744073709551615", Column::Integer),
            ("1.5", Column::Number),
            ("1e400", Column::Number),
            (r#""x""#, Column::String),
            (r#""""#, Column::String),
            (r#""2021-02-28""#, Column::Date),
            (r#""2021-02-29""#, Column::String),
            (r#""2021-02-28T10:00:00""#, Column::DateTime),
            (r#""2021-02-28T10:00:00Z""#, Column::DateTime),
            (r#""2021-02-28 soon""#, Column::String),
            (r#""2021-02-28Z""#, Column::String),
            (r#"{"$bytes":"AAAA"}"#, Column::Bytes),
            ("[1]", Column::Array),
            ("{}", Column::Object),
        ] {
            let document = Document::from_json(json.as_bytes()).unwrap();
            assert_eq!(Column::of(document.root()), column, "{json}");
        }
    }

    #[test]
    fn dates_are_what_the_types_of_keys_read() {
        let texts = [
            "2021-02-28",
            "2021-02-29",
            "2020-02-29",
            "2021-13-01",
            "2021-00-01",
            "2021-01-00",
            "2021-01-32",
            "20a1-01-01",
            "2021-01-01T10:00:00",
            "2021-01-01 10:00:00",
            "2021-01-01T24:00:00",
            "2021-01-01T10:60:00",
            "2021-01-01T10:00:60",
            "2021-01-01T10:00:00Z",
            "2021-01-01T10:00:00+02:00",
            "2021-01-01T10:00:00.5",
            "2021-01-01T10:00",
            "2021-01-01T10:00:00.123456789-01:30",
            "2021-02-30T10:00:00",
            "2021-01-01T1x:00:00",
            "2021-01-01T",
            "2021-01-01Txyz",
            "9999-12-31T23:59:59Z",
            "0000-01-01T00:00:00Z",
        ];
        for text in texts {
            let column = if text.parse::<Date>().is_ok() {
                Column::Date
            } else if text.parse::<DateTime>().is_ok() || text.parse::<Timestamp>().is_ok() {
                Column::DateTime
            } else {
                Column::String
            };
            assert_eq!(text_column(text.as_bytes()), column, "{text}");
        }
    }

    #[test]
    fn columns_are_told_apart() {
        for (at, column) in Column::ALL.iter().enumerate() {
            assert_eq!(column.at(), at);
        }
    }
}
