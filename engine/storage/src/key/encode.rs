//! Keys to bytes. The layout is described at [`super`].

use std::cmp::Ordering;

use super::{
    EncodedKey, Key, KeyError, KeyField, KeySpec, KeyType, KeyValue, MAX_KEY_BYTES, Order,
};
use crate::key::label::Label;

/// Tag of a missing value in a composite key or a ride-on field.
pub(super) const MISSING: u8 = 0;
/// Tag of a present value.
pub(super) const PRESENT: u8 = 1;
/// Follows a zero byte that belongs to a text.
pub(super) const ESCAPED_ZERO: u8 = 0xFF;

impl KeySpec {
    /// Encodes a key.
    ///
    /// Errors when the number or the types of the values are not those of the specification, when a
    /// single key is null, when the result is longer than [`MAX_KEY_BYTES`], when a sort key has no
    /// answer, and with [`KeyError::OrderedByStore`] where keys are compared
    /// ([`KeySpec::is_compared`]).
    pub fn encode(&self, key: &Key) -> Result<EncodedKey, KeyError> {
        let mut encoded = EncodedKey::default();
        self.encode_into(key, &mut encoded)?;
        Ok(encoded)
    }

    /// Encodes a key by its fields alone: the `order` bytes are its identity in every specification,
    /// and its order where no CEL expression gives another one.
    ///
    /// Errors as [`KeySpec::encode`], except for those of CEL.
    pub fn identity(&self, key: &Key) -> Result<EncodedKey, KeyError> {
        let mut encoded = EncodedKey::default();
        self.check_count(key)?;
        self.encode_leading_into(&key.values, &mut encoded.order)?;
        self.encode_ride_on_into(key, &mut encoded.ride_on)?;
        check_length(encoded.order.len() + encoded.ride_on.len())?;
        Ok(encoded)
    }

    /// Encodes a key that stands at a label: label, then fields.
    pub(crate) fn encode_at(&self, label: &Label, key: &Key) -> Result<EncodedKey, KeyError> {
        let fields = self.identity(key)?;
        let mut order = Vec::with_capacity(fields.order.len() + 16);
        label.encode(&mut order);
        order.extend_from_slice(&fields.order);
        check_length(order.len() + fields.ride_on.len())?;
        Ok(EncodedKey {
            order,
            ride_on: fields.ride_on,
        })
    }

    /// How the comparer of the specification orders two keys, each given by its values and the bytes of
    /// its fields. Only a key is equal to itself, whatever the expression says: those that it leaves
    /// equal stand in the order of their fields.
    pub(crate) fn compare(
        &self,
        (x, x_fields): (&[KeyValue], &[u8]),
        (y, y_fields): (&[KeyValue], &[u8]),
    ) -> Result<Ordering, KeyError> {
        let natural = x_fields.cmp(y_fields);
        match self.cel_order() {
            Some(order) if natural != Ordering::Equal => {
                Ok(order.compare(self, x, y)?.then(natural))
            }
            _ => Ok(natural),
        }
    }

    /// Whether the comparer has an answer for a key and itself, and gives zero.
    pub(crate) fn is_reflexive(&self, key: &[KeyValue]) -> Result<bool, KeyError> {
        match self.cel_order() {
            Some(order) => Ok(order.compare(self, key, key)? == Ordering::Equal),
            None => Ok(true),
        }
    }

    /// As [`KeySpec::encode`], in the place of what `out` holds: nothing is allocated when there is room.
    ///
    /// Errors as [`KeySpec::encode`]; `out` then holds an unspecified beginning of the key.
    pub fn encode_into(&self, key: &Key, out: &mut EncodedKey) -> Result<(), KeyError> {
        out.order.clear();
        out.ride_on.clear();
        self.encode_order_into(key, &mut out.order)?;
        self.encode_ride_on_into(key, &mut out.ride_on)?;
        check_length(out.order.len() + out.ride_on.len())
    }

    /// Appends the order bytes alone, for searches: nothing is allocated when `out` has room.
    ///
    /// Errors as [`KeySpec::encode`]; `out` then holds an unspecified beginning of the key.
    pub fn encode_order_into(&self, key: &Key, out: &mut Vec<u8>) -> Result<(), KeyError> {
        self.check_count(key)?;
        let start = out.len();
        match (self.cel_order(), self.is_compared()) {
            (Some(_), true) => return Err(KeyError::OrderedByStore),
            (Some(order), false) => {
                // The types first: an expression would complain of them in its own words.
                self.encode_leading_into(&key.values, &mut Vec::new())?;
                order.sort_key_into(self, &key.values, out)?;
            }
            (None, _) => {}
        }
        self.encode_leading_into(&key.values, out)?;
        check_length(out.len() - start)
    }

    fn check_count(&self, key: &Key) -> Result<(), KeyError> {
        if key.values.len() != self.fields().len() {
            return Err(KeyError::FieldCount {
                what: "ordered",
                expected: self.fields().len(),
                found: key.values.len(),
            });
        }
        Ok(())
    }

    /// Appends the order bytes of the first fields. The number of values has been checked.
    pub(super) fn encode_leading_into(
        &self,
        values: &[KeyValue],
        out: &mut Vec<u8>,
    ) -> Result<(), KeyError> {
        let start = out.len();
        for (field, value) in self.fields().iter().zip(values) {
            self.encode_field(field, value, out)?;
        }
        check_length(out.len() - start)
    }

    fn encode_field(
        &self,
        field: &KeyField,
        value: &KeyValue,
        out: &mut Vec<u8>,
    ) -> Result<(), KeyError> {
        check_type(&field.name, field.kind, value)?;
        if !self.is_composite() {
            if value.is_null() {
                return Err(missing(&field.name, field.kind));
            }
            return encode_value(value, out);
        }
        let start = out.len();
        encode_tagged(value, out)?;
        if field.order == Order::Desc {
            invert_from(out, start);
        }
        Ok(())
    }

    fn encode_ride_on_into(&self, key: &Key, out: &mut Vec<u8>) -> Result<(), KeyError> {
        let fields = self.ride_on();
        if key.ride_on.len() != fields.len() && !key.ride_on.is_empty() {
            return Err(KeyError::FieldCount {
                what: "ride-on",
                expected: fields.len(),
                found: key.ride_on.len(),
            });
        }
        let mut anything = key.ride_on.iter().any(|value| !value.is_null());
        let offsets = || key.values.iter().filter_map(offset_minutes);
        anything |= offsets().any(|minutes| minutes != 0);
        if !anything {
            return Ok(());
        }
        for minutes in offsets() {
            out.extend_from_slice(&minutes.to_be_bytes());
        }
        for (at, field) in fields.iter().enumerate() {
            let value = key.ride_on.get(at).unwrap_or(&KeyValue::Null);
            check_type(&field.name, field.kind, value)?;
            encode_tagged(value, out)?;
            if let Some(minutes) = offset_minutes(value) {
                out.extend_from_slice(&minutes.to_be_bytes());
            }
        }
        Ok(())
    }
}

fn check_length(bytes: usize) -> Result<(), KeyError> {
    if bytes > MAX_KEY_BYTES {
        return Err(KeyError::TooLong {
            bytes,
            limit: MAX_KEY_BYTES,
        });
    }
    Ok(())
}

fn check_type(field: &str, expected: KeyType, value: &KeyValue) -> Result<(), KeyError> {
    match value.kind() {
        Some(found) if found != expected => Err(KeyError::TypeMismatch {
            field: field.to_owned(),
            expected,
            found: format!("a value of type {found}"),
        }),
        _ => Ok(()),
    }
}

pub(super) fn missing(field: &str, expected: KeyType) -> KeyError {
    KeyError::MissingField {
        field: field.to_owned(),
        expected,
    }
}

fn offset_minutes(value: &KeyValue) -> Option<i16> {
    match value {
        KeyValue::Timestamp(timestamp) => Some(timestamp.offset_minutes()),
        _ => None,
    }
}

pub(super) fn invert_from(out: &mut [u8], start: usize) {
    for byte in out.iter_mut().skip(start) {
        *byte = !*byte;
    }
}

fn encode_tagged(value: &KeyValue, out: &mut Vec<u8>) -> Result<(), KeyError> {
    if value.is_null() {
        out.push(MISSING);
        return Ok(());
    }
    out.push(PRESENT);
    encode_value(value, out)
}

/// Appends the ascending form of a value; nothing for null.
pub(super) fn encode_value(value: &KeyValue, out: &mut Vec<u8>) -> Result<(), KeyError> {
    match value {
        KeyValue::Null => {}
        KeyValue::Bool(value) => out.push(u8::from(*value)),
        KeyValue::I8(value) => out.push(*value as u8 ^ 0x80),
        KeyValue::I16(value) => out.extend_from_slice(&(*value as u16 ^ 1 << 15).to_be_bytes()),
        KeyValue::I32(value) => out.extend_from_slice(&(*value as u32 ^ 1 << 31).to_be_bytes()),
        KeyValue::I64(value) => out.extend_from_slice(&(*value as u64 ^ 1 << 63).to_be_bytes()),
        KeyValue::U8(value) => out.push(*value),
        KeyValue::U16(value) => out.extend_from_slice(&value.to_be_bytes()),
        KeyValue::U32(value) => out.extend_from_slice(&value.to_be_bytes()),
        KeyValue::U64(value) => out.extend_from_slice(&value.to_be_bytes()),
        KeyValue::F32(value) => {
            let bits = value.to_bits();
            let mask = if bits >> 31 == 0 { 1 << 31 } else { u32::MAX };
            out.extend_from_slice(&(bits ^ mask).to_be_bytes());
        }
        KeyValue::F64(value) => {
            let bits = value.to_bits();
            let mask = if bits >> 63 == 0 { 1 << 63 } else { u64::MAX };
            out.extend_from_slice(&(bits ^ mask).to_be_bytes());
        }
        KeyValue::Decimal(value) => value.encode(out),
        KeyValue::String(value) => return encode_text(value.as_bytes(), out),
        KeyValue::Bytes(value) => return encode_text(value, out),
        KeyValue::Uuid(value) => out.extend_from_slice(value),
        KeyValue::Date(value) => encode_date(*value, out),
        KeyValue::Time(value) => encode_time(*value, out),
        KeyValue::DateTime(value) => encode_date_time(*value, out),
        KeyValue::Timestamp(value) => encode_date_time(value.utc(), out),
        KeyValue::Any(value) => drop(value.encode(out)),
    }
    Ok(())
}

fn encode_date(date: super::Date, out: &mut Vec<u8>) {
    out.extend_from_slice(&(date.days() as u32 ^ 1 << 31).to_be_bytes());
}

fn encode_time(time: super::Time, out: &mut Vec<u8>) {
    let [_, _, bytes @ ..] = time.nanos().to_be_bytes();
    out.extend_from_slice(&bytes);
}

fn encode_date_time(value: super::DateTime, out: &mut Vec<u8>) {
    encode_date(value.date, out);
    encode_time(value.time, out);
}

fn encode_text(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), KeyError> {
    // Before anything is copied: the text may be far too long.
    check_length(bytes.len())?;
    escape_text(bytes, out);
    out.extend_from_slice(&[0, 0]);
    Ok(())
}

/// Appends the bytes of a text without the end mark, which makes them a prefix of all longer texts.
pub(super) fn escape_text(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len() + 2);
    let mut pieces = bytes.split(|byte| *byte == 0);
    out.extend_from_slice(pieces.next().unwrap_or_default());
    for piece in pieces {
        out.extend_from_slice(&[0, ESCAPED_ZERO]);
        out.extend_from_slice(piece);
    }
}
