//! Sort keys as bytes whose `memcmp` order is the order of the values.
//!
//! The order of values, whatever their types: null, bools, integers (`int` and `uint` together, by
//! value), doubles (in total order, as keys of that type), decimals, strings, bytes, timestamps,
//! durations, lists (element by element, a shorter one before its continuations). Each value is a tag
//! and a form of known end, so no encoding is a prefix of another one.
//!
//! | value | bytes |
//! |---|---|
//! | null | 10 |
//! | bool | 18, then 00 or 01 |
//! | int, uint | 20, then value + 2^63 as 9 bytes, big-endian |
//! | double | 28, then the form of `f64` |
//! | decimal | 30, then the form of `decimal` |
//! | string | 38, then the form of `string` |
//! | bytes | 40, then the form of `bytes` |
//! | timestamp | 48, then seconds since 1970 as `i64`, nanoseconds as `u32` |
//! | duration | 50, then seconds as `i64`, nanoseconds as `u32` |
//! | list | 58, then the elements, then 00 |

use cel::common::types::{
    CelBool, CelBytes, CelDouble, CelDuration, CelInt, CelList, CelNull, CelString, CelTimestamp,
    CelUInt,
};
use cel::common::value::Val;

use super::Failure;
use super::values::DecimalVal;
use crate::key::decode::Reader;
use crate::key::encode::encode_value;
use crate::key::{KeyError, KeyType, KeyValue};

const END: u8 = 0x00;
const NULL: u8 = 0x10;
const BOOL: u8 = 0x18;
const INTEGER: u8 = 0x20;
const DOUBLE: u8 = 0x28;
const DECIMAL: u8 = 0x30;
const STRING: u8 = 0x38;
const BYTES: u8 = 0x40;
const TIMESTAMP: u8 = 0x48;
const DURATION: u8 = 0x50;
const LIST: u8 = 0x58;

/// Lists within lists that are followed; more than an expression can be deep.
const MAX_DEPTH: usize = 64;

/// Appends the form of a value.
pub(super) fn encode(value: &dyn Val, out: &mut Vec<u8>) -> Result<(), Failure> {
    if let Some(list) = value.downcast_ref::<CelList>() {
        out.push(LIST);
        for element in list.inner() {
            encode(element.as_ref(), out)?;
        }
        out.push(END);
    } else if value.downcast_ref::<CelNull>().is_some() {
        out.push(NULL);
    } else if let Some(value) = value.downcast_ref::<CelInt>() {
        integer(i128::from(*value.inner()), out);
    } else if let Some(value) = value.downcast_ref::<CelUInt>() {
        integer(i128::from(*value.inner()), out);
    } else if let Some(value) = value.downcast_ref::<CelTimestamp>() {
        let instant = value.inner();
        out.push(TIMESTAMP);
        time(instant.timestamp(), instant.timestamp_subsec_nanos(), out);
    } else if let Some(value) = value.downcast_ref::<CelDuration>() {
        let length = value.inner();
        let nanos =
            i128::from(length.num_seconds()) * 1_000_000_000 + i128::from(length.subsec_nanos());
        out.push(DURATION);
        time(
            nanos.div_euclid(1_000_000_000) as i64,
            nanos.rem_euclid(1_000_000_000) as u32,
            out,
        );
    } else {
        let (tag, value) = scalar(value).ok_or_else(|| {
            Failure::of_type(format!(
                "a value of type {} has no place in a sort key; give a bool, a number, a string, bytes, a timestamp, a duration, or a list of those",
                value.get_type().name()
            ))
        })?;
        out.push(tag);
        encode_value(&value, out).map_err(|error| Failure {
            message: error.to_string(),
            depends_on_values: true,
        })?;
    }
    Ok(())
}

/// Values whose form is that of a key.
fn scalar(value: &dyn Val) -> Option<(u8, KeyValue)> {
    if let Some(value) = value.downcast_ref::<CelString>() {
        Some((STRING, KeyValue::String(value.inner().to_owned())))
    } else if let Some(value) = value.downcast_ref::<CelBool>() {
        Some((BOOL, KeyValue::Bool(*value.inner())))
    } else if let Some(value) = value.downcast_ref::<CelDouble>() {
        Some((DOUBLE, KeyValue::F64(*value.inner())))
    } else if let Some(value) = value.downcast_ref::<DecimalVal>() {
        Some((DECIMAL, KeyValue::Decimal(value.0)))
    } else {
        let bytes = value.downcast_ref::<CelBytes>()?;
        Some((BYTES, KeyValue::Bytes(bytes.inner().to_vec())))
    }
}

fn integer(value: i128, out: &mut Vec<u8>) {
    out.push(INTEGER);
    let [_, _, _, _, _, _, _, bytes @ ..] = (value - i128::from(i64::MIN)).to_be_bytes();
    out.extend_from_slice(&bytes);
}

fn time(seconds: i64, nanos: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&(seconds as u64 ^ 1 << 63).to_be_bytes());
    out.extend_from_slice(&nanos.to_be_bytes());
}

/// Skips the form of a value.
pub(in crate::key) fn skip(reader: &mut Reader<'_>) -> Result<(), KeyError> {
    let mut depth = 0_usize;
    loop {
        match reader.byte()? {
            END if depth > 0 => depth -= 1,
            LIST if depth < MAX_DEPTH => depth += 1,
            NULL => {}
            BOOL => drop(reader.value(KeyType::Bool)?),
            INTEGER => drop(reader.array::<9>()?),
            DOUBLE => drop(reader.value(KeyType::F64)?),
            DECIMAL => drop(reader.value(KeyType::Decimal)?),
            STRING => drop(reader.value(KeyType::String)?),
            BYTES => drop(reader.value(KeyType::Bytes)?),
            TIMESTAMP | DURATION => drop(reader.array::<12>()?),
            _ => return reader.corrupt("an unknown tag in the sort key"),
        }
        if depth == 0 {
            return Ok(());
        }
    }
}
