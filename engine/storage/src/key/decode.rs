//! Bytes to keys. The layout is described at [`super`].
//!
//! The bytes may come from a damaged disk: every read is checked, and only what the encoder writes is
//! accepted.

use super::encode::{ESCAPED_ZERO, MISSING, PRESENT};
use super::label::Label;
use super::{
    CelExpression, Date, DateTime, Decimal, Key, KeyError, KeyField, KeySpec, KeyType, KeyValue,
    Order, Time, Timestamp,
};

impl KeySpec {
    /// Decodes a key. The result has one ride-on value for each ride-on field.
    ///
    /// Empty `ride_on` bytes mean that all ride-on values are missing and all offsets zero. Errors
    /// with [`KeyError::Corrupt`] for bytes that [`KeySpec::encode`] does not write.
    pub fn decode(&self, order_bytes: &[u8], ride_on: &[u8]) -> Result<Key, KeyError> {
        let mut reader = self.fields_of(order_bytes)?;
        let mut values = self.decode_fields(&mut reader, self.fields().len())?;
        reader.end()?;
        let ride_on = self.decode_ride_on(ride_on, &mut values)?;
        Ok(Key { values, ride_on })
    }

    fn decode_ride_on(
        &self,
        bytes: &[u8],
        values: &mut [KeyValue],
    ) -> Result<Vec<KeyValue>, KeyError> {
        if bytes.is_empty() {
            let mut missing = Vec::new();
            missing.resize(self.ride_on().len(), KeyValue::Null);
            return Ok(missing);
        }
        let mut reader = Reader::new(bytes);
        for value in values {
            reader.offset_of(value)?;
        }
        let mut ride_on = Vec::with_capacity(self.ride_on().len());
        for field in self.ride_on() {
            let mut value = reader.tagged(field.kind)?;
            reader.offset_of(&mut value)?;
            ride_on.push(value);
        }
        reader.end()?;
        Ok(ride_on)
    }

    /// Decodes the first `count` fields of order bytes; the rest is not looked at.
    ///
    /// Timestamps come with offset zero. Errors as [`KeySpec::decode`].
    pub fn decode_leading(
        &self,
        order_bytes: &[u8],
        count: usize,
    ) -> Result<Vec<KeyValue>, KeyError> {
        self.decode_fields(&mut self.fields_of(order_bytes)?, count)
    }

    /// Decodes one ordered field, counted from 0; null when there are fewer.
    ///
    /// Timestamps come with offset zero. Errors as [`KeySpec::decode`].
    pub fn decode_field(&self, order_bytes: &[u8], field: usize) -> Result<KeyValue, KeyError> {
        let mut reader = self.fields_of(order_bytes)?;
        let mut value = KeyValue::Null;
        for spec in self.fields().iter().take(field + 1) {
            value = self.decode_next(&mut reader, spec)?;
        }
        Ok(value)
    }

    /// The value of a key that is one `i64` in ascending order and nothing else, without what other keys need; none for those.
    #[inline]
    pub fn decode_i64(&self, order_bytes: &[u8]) -> Option<i64> {
        let [field] = self.fields() else { return None };
        let is_plain = field.kind == KeyType::I64 && field.order == Order::Asc;
        if !is_plain || self.is_composite() || self.cel().is_some() {
            return None;
        }
        let bytes = <[u8; 8]>::try_from(order_bytes).ok()?;
        Some((u64::from_be_bytes(bytes) ^ 1 << 63) as i64)
    }

    /// A reader that stands on the first field: behind the label or the sort key of a CEL order.
    fn fields_of<'a>(&self, order_bytes: &'a [u8]) -> Result<Reader<'a>, KeyError> {
        let mut reader = Reader::new(order_bytes);
        match self.cel() {
            Some(CelExpression::Compare(_)) => drop(Label::read(&mut reader)?),
            Some(CelExpression::SortKey(_)) => super::cel::skip(&mut reader)?,
            None => {}
        }
        Ok(reader)
    }

    /// The bytes of the fields in the order bytes of a compared key: its identity.
    pub(crate) fn fields_bytes<'a>(&self, order_bytes: &'a [u8]) -> Result<&'a [u8], KeyError> {
        let reader = self.fields_of(order_bytes)?;
        Ok(order_bytes.get(reader.at..).unwrap_or_default())
    }

    /// The values of the fields in bytes that hold nothing else: no label and no sort key.
    pub(crate) fn decode_identity(&self, bytes: &[u8]) -> Result<Vec<KeyValue>, KeyError> {
        let mut reader = Reader::new(bytes);
        let values = self.decode_fields(&mut reader, self.fields().len())?;
        reader.end()?;
        Ok(values)
    }

    /// How many of the order bytes stand for the first `count` fields and what orders these.
    ///
    /// Errors as [`KeySpec::decode`].
    pub fn leading_length(&self, order_bytes: &[u8], count: usize) -> Result<usize, KeyError> {
        let mut reader = self.fields_of(order_bytes)?;
        for field in self.fields().iter().take(count) {
            if field.kind == KeyType::Any {
                // The way from each entry of an index to its item: nothing is copied.
                reader.set_order(field.order);
                if reader.byte()? == PRESENT {
                    super::any::skip(&mut reader)?;
                }
            } else {
                drop(self.decode_next(&mut reader, field)?);
            }
        }
        Ok(reader.at)
    }

    fn decode_fields(
        &self,
        reader: &mut Reader<'_>,
        count: usize,
    ) -> Result<Vec<KeyValue>, KeyError> {
        let mut values = Vec::with_capacity(count.min(self.fields().len()));
        for field in self.fields().iter().take(count) {
            values.push(self.decode_next(reader, field)?);
        }
        Ok(values)
    }

    #[inline]
    fn decode_next(&self, reader: &mut Reader<'_>, field: &KeyField) -> Result<KeyValue, KeyError> {
        reader.set_order(field.order);
        if self.is_composite() {
            reader.tagged(field.kind)
        } else {
            reader.value(field.kind)
        }
    }
}

pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Inverts each byte of a descending field.
    mask: u8,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            mask: 0,
        }
    }

    /// Bytes of a descending field are inverted.
    fn set_order(&mut self, order: Order) {
        self.mask = match order {
            Order::Asc => 0,
            Order::Desc => 0xFF,
        };
    }

    pub(super) fn corrupt<T>(&self, detail: &'static str) -> Result<T, KeyError> {
        Err(KeyError::Corrupt {
            detail,
            at: self.at,
        })
    }

    pub(super) fn byte(&mut self) -> Result<u8, KeyError> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], KeyError> {
        let found = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk::<N>);
        let Some(found) = found else {
            return self.corrupt("it ends too early");
        };
        self.at += N;
        Ok(found.map(|byte| byte ^ self.mask))
    }

    fn end(&self) -> Result<(), KeyError> {
        if self.at == self.bytes.len() {
            Ok(())
        } else {
            self.corrupt("bytes after the last field")
        }
    }

    fn tagged(&mut self, kind: KeyType) -> Result<KeyValue, KeyError> {
        match self.byte()? {
            MISSING => Ok(KeyValue::Null),
            PRESENT => self.value(kind),
            _ => self.corrupt("an unknown tag"),
        }
    }

    /// Reads an offset when the value is a timestamp, and gives it to it.
    fn offset_of(&mut self, value: &mut KeyValue) -> Result<(), KeyError> {
        if let KeyValue::Timestamp(timestamp) = value {
            let minutes = i16::from_be_bytes(self.array()?);
            match Timestamp::from_utc(timestamp.utc(), minutes) {
                Some(with_offset) => *timestamp = with_offset,
                None => return self.corrupt("an impossible offset"),
            }
        }
        Ok(())
    }

    pub(super) fn value(&mut self, kind: KeyType) -> Result<KeyValue, KeyError> {
        Ok(match kind {
            KeyType::Bool => match self.byte()? {
                0 => KeyValue::Bool(false),
                1 => KeyValue::Bool(true),
                _ => return self.corrupt("a bool that is neither 0 nor 1"),
            },
            KeyType::I8 => KeyValue::I8((self.byte()? ^ 0x80) as i8),
            KeyType::I16 => KeyValue::I16((u16::from_be_bytes(self.array()?) ^ 1 << 15) as i16),
            KeyType::I32 => KeyValue::I32((u32::from_be_bytes(self.array()?) ^ 1 << 31) as i32),
            KeyType::I64 => KeyValue::I64((u64::from_be_bytes(self.array()?) ^ 1 << 63) as i64),
            KeyType::U8 => KeyValue::U8(self.byte()?),
            KeyType::U16 => KeyValue::U16(u16::from_be_bytes(self.array()?)),
            KeyType::U32 => KeyValue::U32(u32::from_be_bytes(self.array()?)),
            KeyType::U64 => KeyValue::U64(u64::from_be_bytes(self.array()?)),
            KeyType::F32 => {
                let bits = u32::from_be_bytes(self.array()?);
                let mask = if bits >> 31 == 1 { 1 << 31 } else { u32::MAX };
                KeyValue::F32(f32::from_bits(bits ^ mask))
            }
            KeyType::F64 => {
                let bits = u64::from_be_bytes(self.array()?);
                let mask = if bits >> 63 == 1 { 1 << 63 } else { u64::MAX };
                KeyValue::F64(f64::from_bits(bits ^ mask))
            }
            KeyType::Decimal => match Decimal::decode(|| self.byte().ok()) {
                Some(value) => KeyValue::Decimal(value),
                None => return self.corrupt("a decimal that is not in its normal form"),
            },
            KeyType::String => match String::from_utf8(self.text()?) {
                Ok(value) => KeyValue::String(value),
                Err(_) => return self.corrupt("a string that is not UTF-8"),
            },
            KeyType::Bytes => KeyValue::Bytes(self.text()?),
            KeyType::Uuid => KeyValue::Uuid(self.array()?),
            KeyType::Date => KeyValue::Date(self.date()?),
            KeyType::Time => KeyValue::Time(self.time()?),
            KeyType::DateTime => KeyValue::DateTime(self.date_time()?),
            KeyType::Timestamp => match Timestamp::from_utc(self.date_time()?, 0) {
                Some(value) => KeyValue::Timestamp(value),
                None => return self.corrupt("an impossible timestamp"),
            },
            KeyType::Any => KeyValue::Any(super::any::decode(self)?),
        })
    }

    fn date(&mut self) -> Result<Date, KeyError> {
        let days = (u32::from_be_bytes(self.array()?) ^ 1 << 31) as i32;
        Date::from_days(days).map_or_else(|| self.corrupt("a date beyond the year 9999"), Ok)
    }

    fn time(&mut self) -> Result<Time, KeyError> {
        let mut wide = [0; 8];
        let bytes: [u8; 6] = self.array()?;
        for (to, from) in wide.iter_mut().skip(2).zip(bytes) {
            *to = from;
        }
        let time = Time::from_nanos(u64::from_be_bytes(wide));
        time.map_or_else(|| self.corrupt("a time beyond midnight"), Ok)
    }

    fn date_time(&mut self) -> Result<DateTime, KeyError> {
        Ok(DateTime {
            date: self.date()?,
            time: self.time()?,
        })
    }

    /// Passes over a text with whatever end mark.
    pub(super) fn skip_text(&mut self) -> Result<(), KeyError> {
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let Some(length) = rest.iter().position(|byte| *byte == self.mask) else {
                return self.corrupt("a text without an end");
            };
            self.at += length + 1;
            if self.byte()? != ESCAPED_ZERO {
                return Ok(());
            }
        }
    }

    /// A text up to its end mark.
    fn text(&mut self) -> Result<Vec<u8>, KeyError> {
        Ok(self.ended_text(&[0])?.0)
    }

    /// A text up to one of these end marks, which stand behind a zero, and which it was.
    pub(super) fn ended_text(&mut self, ends: &[u8]) -> Result<(Vec<u8>, u8), KeyError> {
        let mut text = Vec::new();
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let mask = self.mask;
            let Some(length) = rest.iter().position(|byte| *byte == mask) else {
                return self.corrupt("a text without an end");
            };
            let piece = rest.get(..length).unwrap_or_default();
            if mask == 0 {
                text.extend_from_slice(piece);
            } else {
                text.extend(piece.iter().map(|byte| byte ^ mask));
            }
            self.at += length + 1;
            match self.byte()? {
                end if ends.contains(&end) => return Ok((text, end)),
                ESCAPED_ZERO => text.push(0),
                _ => return self.corrupt("an unknown escape in a text"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Key;
    use super::*;

    #[test]
    fn only_a_key_of_one_ascending_i64_is_read_as_one() {
        let read = |spec: &KeySpec, value: i64| {
            let key = match spec.is_composite() {
                true => Key::composite([value]),
                false => Key::from(value),
            };
            spec.decode_i64(&spec.encode(&key).unwrap().order)
        };
        for value in [i64::MIN, -1, 0, 7, i64::MAX] {
            assert_eq!(read(&KeySpec::single(KeyType::I64), value), Some(value));
        }
        let descending = KeyField::new("n", KeyType::I64).descending();
        let composite = KeySpec::composite(vec![KeyField::new("n", KeyType::I64)], vec![]).unwrap();
        let others = [
            KeySpec::composite(vec![descending], vec![]).unwrap(),
            composite,
        ];
        for spec in others {
            assert_eq!(read(&spec, 7), None);
        }
        assert_eq!(KeySpec::single(KeyType::U64).decode_i64(&[0; 8]), None);
        assert_eq!(KeySpec::single(KeyType::I64).decode_i64(&[0; 7]), None);
        assert_eq!(KeySpec::single(KeyType::I64).decode_i64(&[0; 9]), None);
    }
}
