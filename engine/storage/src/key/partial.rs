//! The start of a value's text, as a span of the values whose text begins so.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::calendar::days_in_month;
use super::encode::{encode_value, escape_text};
use super::{Date, DateTime, KeyError, KeyField, KeyType, KeyValue, Time, Timestamp};

/// Ascending forms of the first and the last value; each may be a beginning, which stands for all
/// values that go on from there.
pub(super) struct Span {
    pub lo: Vec<u8>,
    pub hi: Vec<u8>,
}

/// The span of the values of a field whose text begins with `text`; `None` when there are none.
///
/// Errors when the field's type has no text, or when no value can begin so by its very form.
pub(super) fn span(field: &KeyField, text: &str) -> Result<Option<Span>, KeyError> {
    let invalid = |detail: &str| KeyError::invalid(&field.name, field.kind, text, detail);
    match field.kind {
        KeyType::String => {
            let mut lo = Vec::new();
            escape_text(text.as_bytes(), &mut lo);
            Ok(Some(Span { hi: lo.clone(), lo }))
        }
        KeyType::Bytes => base64_span(text)
            .map(Some)
            .ok_or_else(|| invalid("write the start of its base64 text")),
        KeyType::Uuid => uuid_span(text).map(Some).ok_or_else(|| {
            invalid("write the start of its hyphenated text, like \"67e55044-10b1\"")
        }),
        KeyType::Timestamp if let Ok(instant) = text.parse::<Timestamp>() => {
            encoded(&KeyValue::Timestamp(instant), &KeyValue::Timestamp(instant)).map(Some)
        }
        KeyType::Date | KeyType::Time | KeyType::DateTime | KeyType::Timestamp => {
            let parts = Parts::parse(field.kind, text).ok_or_else(|| {
                invalid("write the start of a date or time, like \"2021-\" or \"2021-03\"")
            })?;
            let Some((first, last)) = parts.first_and_last() else {
                return Ok(None);
            };
            encoded(&first, &last).map(Some)
        }
        kind => Err(KeyError::InvalidPrefix {
            detail: format!(
                "field \"{}\" is of type {kind}, which has no prefix; give its whole value",
                field.name
            ),
        }),
    }
}

fn encoded(first: &KeyValue, last: &KeyValue) -> Result<Span, KeyError> {
    let mut span = Span {
        lo: Vec::new(),
        hi: Vec::new(),
    };
    encode_value(first, &mut span.lo)?;
    encode_value(last, &mut span.hi)?;
    Ok(span)
}

/// Each character of base64 fixes six bits; those that do not fill a byte make a span.
fn base64_span(text: &str) -> Option<Span> {
    let digits = text.trim_end_matches('=');
    if digits.len() < text.len() {
        // Padding ends a value, even where one of two signs is still to come.
        let complete = format!("{digits:=<0$}", text.len().next_multiple_of(4));
        let mut whole = Vec::new();
        escape_text(&BASE64.decode(complete).ok()?, &mut whole);
        whole.extend_from_slice(&[0, 0]);
        return Some(Span {
            hi: whole.clone(),
            lo: whole,
        });
    }
    // Filled up with the lowest and with the highest digit to whole groups of three bytes.
    let fill = |digit: char| {
        let missing = (4 - digits.len() % 4) % 4;
        let padded: String = digits
            .chars()
            .chain(std::iter::repeat_n(digit, missing))
            .collect();
        BASE64.decode(padded).ok()
    };
    let (mut first, mut last) = (fill('A')?, fill('/')?);
    let bits = digits.len() * 6;
    last.truncate(bits.div_ceil(8));
    first.truncate(bits.div_ceil(8));
    // Four or two bits left over that are all zero also end a value there; six need one more byte.
    let left_over = bits % 8;
    if left_over != 6 && left_over != 0 && first.last() == Some(&0) {
        first.pop();
    }
    let mut span = Span {
        lo: Vec::new(),
        hi: Vec::new(),
    };
    escape_text(&first, &mut span.lo);
    escape_text(&last, &mut span.hi);
    Some(span)
}

fn uuid_span(text: &str) -> Option<Span> {
    if text.len() > 36 {
        return None;
    }
    let mut digits = Vec::with_capacity(32);
    for (at, character) in text.chars().enumerate() {
        match character.to_digit(16) {
            _ if matches!(at, 8 | 13 | 18 | 23) => {
                if character != '-' {
                    return None;
                }
            }
            Some(digit) => digits.push(digit as u8),
            None => return None,
        }
    }
    let fill = |digit: u8| -> Vec<u8> {
        let pair = |pair: &[u8]| match pair {
            [high, low] => high << 4 | low,
            [high] => high << 4 | digit,
            _ => 0,
        };
        digits.chunks(2).map(pair).collect()
    };
    Some(Span {
        lo: fill(0),
        hi: fill(0xF),
    })
}

/// Year, month, day, hour, minute, second and nanosecond: the smallest and the largest value of each
/// that the text leaves open.
struct Parts {
    kind: KeyType,
    lo: [u32; 7],
    hi: [u32; 7],
}

/// Width in digits, least and greatest value of each part, and what follows it.
const FORM: [(u32, u32, u32, char); 7] = [
    (4, 0, 9999, '-'),
    (2, 1, 12, '-'),
    (2, 1, 31, 'T'),
    (2, 0, 23, ':'),
    (2, 0, 59, ':'),
    (2, 0, 59, '.'),
    (9, 0, 999_999_999, '\0'),
];

impl Parts {
    /// `None` when the text does not follow the form.
    fn parse(kind: KeyType, text: &str) -> Option<Self> {
        let used = match kind {
            KeyType::Date => 0..3,
            KeyType::Time => 3..7,
            _ => 0..7,
        };
        let mut parts = Self {
            kind,
            lo: FORM.map(|(_, least, _, _)| least),
            hi: FORM.map(|(_, _, greatest, _)| greatest),
        };
        let mut rest = text.bytes().peekable();
        for at in used.clone() {
            let (&(width, least, greatest, separator), lo, hi) =
                (FORM.get(at)?, parts.lo.get_mut(at)?, parts.hi.get_mut(at)?);
            let (mut number, mut open) = (0, width);
            while let Some(digit) = rest.next_if(u8::is_ascii_digit) {
                open = open.checked_sub(1)?;
                number = number * 10 + u32::from(digit - b'0');
            }
            let scale = 10_u32.pow(open);
            *lo = (number * scale).max(least);
            *hi = (number * scale + scale - 1).min(greatest);
            match rest.next().map(char::from) {
                None => return Some(parts),
                Some(_) if open > 0 || at + 1 == used.end => return None,
                Some('t' | ' ') if separator == 'T' => {}
                Some(found) if found == separator => {}
                Some(_) => return None,
            }
        }
        Some(parts)
    }

    /// The first and the last value, `None` when there is none between.
    fn first_and_last(mut self) -> Option<(KeyValue, KeyValue)> {
        let [year, month, day, ..] = &mut self.hi;
        if self.kind != KeyType::Time {
            *day = (*day).min(days_in_month(*year, *month));
        }
        if self.lo.iter().zip(&self.hi).any(|(lo, hi)| lo > hi) {
            return None;
        }
        Some((value_of(self.kind, self.lo)?, value_of(self.kind, self.hi)?))
    }
}

fn value_of(kind: KeyType, parts: [u32; 7]) -> Option<KeyValue> {
    let [year, month, day, hour, minute, second, nanosecond] = parts;
    let date = || Date::from_ymd(year, month, day);
    let time = || Time::from_hms(hour, minute, second, nanosecond);
    let date_time = || {
        Some(DateTime {
            date: date()?,
            time: time()?,
        })
    };
    Some(match kind {
        KeyType::Date => KeyValue::Date(date()?),
        KeyType::Time => KeyValue::Time(time()?),
        KeyType::DateTime => KeyValue::DateTime(date_time()?),
        _ => KeyValue::Timestamp(Timestamp::from_utc(date_time()?, 0)?),
    })
}
