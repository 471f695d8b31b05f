//! Values of whatever type, in the order in which SQL compares them: the leading fields of an index's keys.
//!
//! Numbers stand before texts, and texts before bytes; a missing value is no value at all. Integers and doubles that
//! are equal have one form. Long texts and bytes are cut: what is behind the first [`ANY_BYTES`] does not tell
//! values apart, and [`AnyValue`] says so.
//!
//! ```text
//! 10  number: the nearest double as 8 bytes in order form, then what the exact number is beyond it:
//!     7F and 2 bytes (less by that much, all inverted), 80 (nothing), 81 and 2 bytes (more)
//! 20  text:  bytes, 00 as 00 FF, then 00 00; where it was cut 00 01
//! 30  bytes: likewise
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Number, Value};

use super::decode::Reader;
use super::encode::{MISSING, PRESENT, escape_text};
use super::{KeyError, KeyType, KeyValue};
use crate::document::{DocumentRef, Kind};

/// The most bytes of a text that tell it apart in an index.
pub const ANY_BYTES: usize = 1_024;

const NUMBER: u8 = 0x10;
const TEXT: u8 = 0x20;
const BYTES: u8 = 0x30;
const LESS: u8 = 0x7F;
const EXACT: u8 = 0x80;
const MORE: u8 = 0x81;
/// Ends a text or bytes that were cut.
const CUT: u8 = 1;

/// A value of whatever type.
#[derive(Clone, Debug)]
pub enum AnyValue {
    /// A whole number.
    Integer(i64),
    /// Another number. One that is whole and fits 64 bits reads back as an integer.
    Real(f64),
    /// Text; one of more than [`ANY_BYTES`] bytes reads back as [`AnyValue::CutText`].
    Text(String),
    /// Bytes; more than [`ANY_BYTES`] read back as [`AnyValue::CutBytes`].
    Bytes(Vec<u8>),
    /// The beginning of a text that is longer.
    CutText(Vec<u8>),
    /// The beginning of bytes that are more.
    CutBytes(Vec<u8>),
}

/// How a value relates to what is kept of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Form {
    /// It reads back as it was.
    Exact,
    /// It reads back as an equal number of another type.
    Number,
    /// Its end is missing.
    Cut,
}

impl PartialEq for AnyValue {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a == b,
            (Self::Real(a), Self::Real(b)) => a.to_bits() == b.to_bits(),
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b))
            | (Self::CutText(a), Self::CutText(b))
            | (Self::CutBytes(a), Self::CutBytes(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for AnyValue {}

impl std::hash::Hash for AnyValue {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Self::Integer(value) => value.hash(state),
            Self::Real(value) => value.to_bits().hash(state),
            Self::Text(text) => text.hash(state),
            Self::Bytes(bytes) | Self::CutText(bytes) | Self::CutBytes(bytes) => bytes.hash(state),
        }
    }
}

/// A double in the order of its value.
fn ordered(value: f64) -> [u8; 8] {
    let bits = value.to_bits();
    let mask = if bits >> 63 == 0 { 1 << 63 } else { u64::MAX };
    (bits ^ mask).to_be_bytes()
}

fn encode_integer(value: i64, out: &mut Vec<u8>) {
    let nearest = value as f64;
    out.push(NUMBER);
    out.extend_from_slice(&ordered(nearest));
    // Both are whole numbers of at most 64 bits, at most 512 apart.
    let beyond = (i128::from(value) - nearest as i128) as i16;
    match beyond {
        0 => out.push(EXACT),
        1.. => {
            out.push(MORE);
            out.extend_from_slice(&beyond.to_be_bytes());
        }
        _ => {
            out.push(LESS);
            out.extend_from_slice(&(!beyond.unsigned_abs()).to_be_bytes());
        }
    }
}

fn encode_real(value: f64, out: &mut Vec<u8>) {
    out.push(NUMBER);
    // Both zeros are one.
    out.extend_from_slice(&ordered(value + 0.0));
    out.push(EXACT);
}

fn encode_bytes(class: u8, bytes: &[u8], cut: bool, out: &mut Vec<u8>) -> Form {
    let kept = bytes.get(..ANY_BYTES).unwrap_or(bytes);
    let cut = cut || kept.len() < bytes.len();
    out.push(class);
    escape_text(kept, out);
    out.extend_from_slice(&[0, if cut { CUT } else { 0 }]);
    if cut { Form::Cut } else { Form::Exact }
}

/// A double that reads back as an integer.
fn as_integer(value: f64) -> Option<i64> {
    // 2^63, which is the first that does not fit.
    let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value);
    (fits && value.fract() == 0.0).then_some(value as i64)
}

impl AnyValue {
    /// Appends the ascending form.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) -> Form {
        match self {
            Self::Integer(value) => {
                encode_integer(*value, out);
                Form::Exact
            }
            Self::Real(value) => {
                encode_real(*value, out);
                match as_integer(*value) {
                    Some(_) => Form::Number,
                    None => Form::Exact,
                }
            }
            Self::Text(text) => encode_bytes(TEXT, text.as_bytes(), false, out),
            Self::Bytes(bytes) => encode_bytes(BYTES, bytes, false, out),
            Self::CutText(bytes) => encode_bytes(TEXT, bytes, true, out),
            Self::CutBytes(bytes) => encode_bytes(BYTES, bytes, true, out),
        }
    }

    /// The value as it is in SQL of a field of a key; `None` for a missing one.
    pub(crate) fn of_key(value: &KeyValue) -> Option<Self> {
        let real = |value: f64| (!value.is_nan()).then_some(Self::Real(value));
        match value {
            KeyValue::Null => None,
            KeyValue::Bool(value) => Some(Self::Integer((*value).into())),
            KeyValue::I8(value) => Some(Self::Integer((*value).into())),
            KeyValue::I16(value) => Some(Self::Integer((*value).into())),
            KeyValue::I32(value) => Some(Self::Integer((*value).into())),
            KeyValue::I64(value) => Some(Self::Integer(*value)),
            KeyValue::U8(value) => Some(Self::Integer((*value).into())),
            KeyValue::U16(value) => Some(Self::Integer((*value).into())),
            KeyValue::U32(value) => Some(Self::Integer((*value).into())),
            KeyValue::F32(value) => real((*value).into()),
            KeyValue::F64(value) => real(*value),
            KeyValue::Decimal(value) => real(value.to_f64()),
            KeyValue::String(text) => Some(Self::Text(text.clone())),
            KeyValue::Bytes(bytes) => Some(Self::Bytes(bytes.clone())),
            KeyValue::Any(value) => Some(value.clone()),
            other => match other.to_json() {
                Value::String(text) => Some(Self::Text(text)),
                json => Some(Self::Text(json.to_string())),
            },
        }
    }

    /// Reads JSON as [`AnyValue::to_json`] writes it.
    pub(super) fn from_json(json: &Value) -> Option<Self> {
        Some(match json {
            Value::Bool(value) => Self::Integer((*value).into()),
            Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(value), _) => Self::Integer(value),
                (None, Some(value)) => Self::Text(value.to_string()),
                (None, None) => Self::Real(number.as_f64()?),
            },
            Value::String(text) => Self::Text(text.clone()),
            Value::Object(object) if object.len() == 1 => {
                let (form, text) = object.iter().next()?;
                let bytes = BASE64.decode(text.as_str()?).ok()?;
                match form.as_str() {
                    "$bytes" => Self::Bytes(bytes),
                    "$cut_text" => Self::CutText(bytes),
                    "$cut_bytes" => Self::CutBytes(bytes),
                    _ => return None,
                }
            }
            _ => return None,
        })
    }

    /// Its JSON: a number, a text, or an object of base64 text: `$bytes`, and `$cut_text` or `$cut_bytes` for the
    /// beginning of what is longer.
    pub fn to_json(&self) -> Value {
        let object = |name: &str, bytes: &[u8]| {
            let text = Value::String(BASE64.encode(bytes));
            Value::Object([(name.to_owned(), text)].into_iter().collect())
        };
        match self {
            Self::Integer(value) => Value::Number((*value).into()),
            Self::Real(value) => Number::from_f64(*value).map_or_else(
                || {
                    Value::String(
                        if *value > 0.0 {
                            "Infinity"
                        } else {
                            "-Infinity"
                        }
                        .to_owned(),
                    )
                },
                Value::Number,
            ),
            Self::Text(text) => Value::String(text.clone()),
            Self::Bytes(bytes) => object("$bytes", bytes),
            Self::CutText(bytes) => object("$cut_text", bytes),
            Self::CutBytes(bytes) => object("$cut_bytes", bytes),
        }
    }
}

/// Appends the tagged form of a field of a document, as SQL sees it.
pub(crate) fn encode_field(value: Option<DocumentRef<'_>>, out: &mut Vec<u8>) -> Form {
    let Some(value) = value.filter(|value| !value.is_null()) else {
        out.push(MISSING);
        return Form::Exact;
    };
    let start = out.len();
    out.push(PRESENT);
    match value.kind() {
        Kind::Null => Form::Exact,
        Kind::Bool => {
            encode_integer(value.as_bool().unwrap_or_default().into(), out);
            Form::Exact
        }
        Kind::Int => {
            encode_integer(value.as_i64().unwrap_or_default(), out);
            Form::Exact
        }
        Kind::Uint => {
            let digits = value.as_u64().unwrap_or_default().to_string();
            encode_bytes(TEXT, digits.as_bytes(), false, out)
        }
        Kind::Float | Kind::Number => match value.as_f64().filter(|value| !value.is_nan()) {
            Some(value) => AnyValue::Real(value).encode(out),
            None => {
                out.truncate(start);
                out.push(MISSING);
                Form::Exact
            }
        },
        Kind::String => {
            let text = value.as_str().unwrap_or_default();
            encode_bytes(TEXT, text.as_bytes(), false, out)
        }
        Kind::Bytes => encode_bytes(BYTES, value.as_bytes().unwrap_or_default(), false, out),
        Kind::Array | Kind::Object => encode_bytes(TEXT, value.to_json().as_bytes(), false, out),
    }
}

/// Reads the ascending form.
pub(super) fn decode(reader: &mut Reader<'_>) -> Result<AnyValue, KeyError> {
    match reader.byte()? {
        NUMBER => decode_number(reader),
        TEXT => match reader.ended_text(&[0, CUT])? {
            (bytes, 0) => match String::from_utf8(bytes) {
                Ok(text) => Ok(AnyValue::Text(text)),
                Err(_) => reader.corrupt("a text that is not UTF-8"),
            },
            (bytes, _) => Ok(AnyValue::CutText(bytes)),
        },
        BYTES => match reader.ended_text(&[0, CUT])? {
            (bytes, 0) => Ok(AnyValue::Bytes(bytes)),
            (bytes, _) => Ok(AnyValue::CutBytes(bytes)),
        },
        _ => reader.corrupt("an unknown class of value"),
    }
}

/// Passes over the ascending form.
pub(super) fn skip(reader: &mut Reader<'_>) -> Result<(), KeyError> {
    if reader.byte()? != NUMBER {
        return reader.skip_text();
    }
    let _: [u8; 8] = reader.array()?;
    if reader.byte()? != EXACT {
        let _: [u8; 2] = reader.array()?;
    }
    Ok(())
}

fn decode_number(reader: &mut Reader<'_>) -> Result<AnyValue, KeyError> {
    let bits = u64::from_be_bytes(reader.array()?);
    let mask = if bits >> 63 == 1 { 1 << 63 } else { u64::MAX };
    let nearest = f64::from_bits(bits ^ mask);
    if nearest.is_nan() || (nearest == 0.0 && nearest.is_sign_negative()) {
        return reader.corrupt("a number that is none");
    }
    let beyond = match reader.byte()? {
        EXACT => {
            return Ok(as_integer(nearest).map_or(AnyValue::Real(nearest), AnyValue::Integer));
        }
        MORE => i128::from(u16::from_be_bytes(reader.array()?)),
        LESS => -i128::from(!u16::from_be_bytes(reader.array()?)),
        _ => return reader.corrupt("a number of an unknown form"),
    };
    let whole = i64::try_from(nearest as i128 + beyond).ok();
    match whole.filter(|whole| beyond != 0 && (*whole as f64).to_bits() == nearest.to_bits()) {
        Some(whole) => Ok(AnyValue::Integer(whole)),
        None => reader.corrupt("a number that is not in its normal form"),
    }
}

impl KeyType {
    /// Whether a field of this type can be indexed: others are not in SQL what they are in keys.
    pub(crate) fn can_be_indexed(self) -> bool {
        !matches!(self, Self::U64 | Self::Timestamp | Self::Any)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(value: &AnyValue) -> Vec<u8> {
        let mut out = Vec::new();
        value.encode(&mut out);
        out
    }

    fn back(value: &AnyValue) -> AnyValue {
        let encoded = bytes(value);
        decode(&mut Reader::new(&encoded)).unwrap()
    }

    #[test]
    fn encoded_form() {
        for (value, expected) in [
            (AnyValue::Integer(1), "10bff000000000000080"),
            (AnyValue::Real(1.0), "10bff000000000000080"),
            (AnyValue::Real(-0.0), "10800000000000000080"),
            (AnyValue::Integer(i64::MAX), "10c3e00000000000007ffffe"),
            (
                AnyValue::Integer((1 << 53) + 1),
                "10c3400000000000008100 01",
            ),
            (AnyValue::Text("a\0".to_owned()), "206100ff0000"),
            (AnyValue::Bytes(vec![1]), "30010000"),
            (AnyValue::CutText(b"a".to_vec()), "20610001"),
        ] {
            let hex: String = bytes(&value).iter().map(|b| format!("{b:02x}")).collect();
            assert_eq!(hex, expected.replace(' ', ""), "{value:?}");
        }
    }

    #[test]
    fn long_texts_are_cut_and_stand_behind_what_they_begin_with() {
        let text = |n: usize| AnyValue::Text("x".repeat(n));
        assert_eq!(back(&text(ANY_BYTES)), text(ANY_BYTES));
        let cut = AnyValue::CutText(vec![b'x'; ANY_BYTES]);
        assert_eq!(back(&text(ANY_BYTES + 1)), cut);
        assert!(bytes(&text(ANY_BYTES)) < bytes(&cut));
        assert!(bytes(&cut) < bytes(&AnyValue::Text("y".to_owned())));
    }

    /// As SQLite compares.
    fn compare(a: &AnyValue, b: &AnyValue) -> std::cmp::Ordering {
        use std::cmp::Ordering::{Equal, Greater, Less};
        let mixed = |i: i64, r: f64| {
            let (whole, part) = (i128::from(i), r.floor());
            if part >= 2e19 {
                return Less;
            }
            if part <= -2e19 {
                return Greater;
            }
            let floor = part as i128;
            match whole.cmp(&floor) {
                Equal if r > part => Less,
                other => other,
            }
        };
        match (a, b) {
            (AnyValue::Integer(a), AnyValue::Integer(b)) => a.cmp(b),
            (AnyValue::Real(a), AnyValue::Real(b)) => a.partial_cmp(b).unwrap_or(Equal),
            (AnyValue::Integer(i), AnyValue::Real(r)) => mixed(*i, *r),
            (AnyValue::Real(r), AnyValue::Integer(i)) => mixed(*i, *r).reverse(),
            (AnyValue::Text(a), AnyValue::Text(b)) => a.cmp(b),
            (AnyValue::Bytes(a), AnyValue::Bytes(b)) => a.cmp(b),
            (AnyValue::Integer(_) | AnyValue::Real(_), _)
            | (AnyValue::Text(_), AnyValue::Bytes(_)) => Less,
            _ => Greater,
        }
    }

    fn any_value() -> impl Strategy<Value = AnyValue> {
        prop_oneof![
            any::<i64>().prop_map(AnyValue::Integer),
            (-3_i64..3).prop_map(AnyValue::Integer),
            // Where doubles are further apart than whole numbers.
            ((1_i64 << 53) - 4..(1 << 53) + 40).prop_map(AnyValue::Integer),
            (i64::MAX - 2_000..=i64::MAX).prop_map(AnyValue::Integer),
            (i64::MIN..=i64::MIN + 2_000).prop_map(AnyValue::Integer),
            any::<f64>()
                .prop_filter("a number", |v| !v.is_nan())
                .prop_map(AnyValue::Real),
            (0_u32..2_000).prop_map(|i| AnyValue::Real(9_223_372_036_854_775_808.0 - f64::from(i))),
            (0_u32..40).prop_map(|i| AnyValue::Real(9_007_199_254_740_990.0 + f64::from(i))),
            "[a\0b]{0,3}".prop_map(AnyValue::Text),
            proptest::collection::vec(0_u8..3, 0..3).prop_map(AnyValue::Bytes),
        ]
    }

    proptest! {
        #[test]
        fn bytes_are_in_the_order_of_sql(a in any_value(), b in any_value()) {
            prop_assert_eq!(bytes(&a).cmp(&bytes(&b)), compare(&a, &b));
        }

        #[test]
        fn what_reads_back_is_equal(a in any_value()) {
            prop_assert_eq!(compare(&a, &back(&a)), std::cmp::Ordering::Equal);
            prop_assert_eq!(bytes(&back(&a)), bytes(&a));
            let spec = super::super::KeySpec::composite(
                vec![super::super::KeyField::new("a", KeyType::Any).descending()],
                Vec::new(),
            );
            let key = super::super::Key::composite([KeyValue::Any(a)]);
            let order = spec.clone().unwrap().encode(&key).unwrap().order;
            prop_assert_eq!(spec.unwrap().leading_length(&order, 1).unwrap(), order.len());
        }

        #[test]
        fn damaged_bytes_are_errors(bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
            let _ = decode(&mut Reader::new(&bytes));
        }

        #[test]
        fn json_reads_back(a in any_value()) {
            let json = a.to_json();
            if let Some(read) = AnyValue::from_json(&json) {
                prop_assert_eq!(compare(&back(&a), &back(&read)), std::cmp::Ordering::Equal);
            }
        }
    }
}
