//! The values that keys are made of.

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

use super::{AnyValue, Date, DateTime, Decimal, Time, Timestamp};

/// The type of a key or of one field of a composite key. In JSON: its name in lower case.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyType {
    /// `false` sorts before `true`.
    Bool,
    /// Signed, 8 bits.
    I8,
    /// Signed, 16 bits.
    I16,
    /// Signed, 32 bits.
    I32,
    /// Signed, 64 bits.
    I64,
    /// Unsigned, 8 bits.
    U8,
    /// Unsigned, 16 bits.
    U16,
    /// Unsigned, 32 bits.
    U32,
    /// Unsigned, 64 bits.
    U64,
    /// IEEE 754, 32 bits, in total order.
    F32,
    /// IEEE 754, 64 bits, in total order.
    F64,
    /// Exact decimal number of up to 38 digits.
    Decimal,
    /// Text, in the order of its UTF-8 bytes (which is that of its code points).
    String,
    /// Bytes, in their own order. In JSON: base64 text.
    Bytes,
    /// 16 bytes. In JSON: hyphenated lower-case text.
    Uuid,
    /// A calendar day, years 0000 to 9999.
    Date,
    /// A time of day, to the nanosecond.
    Time,
    /// A date and a time of day, without a zone.
    DateTime,
    /// An instant with the offset from UTC at which it was written.
    Timestamp,
    /// A number, text or bytes, in the order of SQL. Only the keys of indexes have such fields.
    Any,
}

impl KeyType {
    /// All types that a store's key may be made of, in the order of their declaration.
    pub const ALL: [Self; 19] = [
        Self::Bool,
        Self::I8,
        Self::I16,
        Self::I32,
        Self::I64,
        Self::U8,
        Self::U16,
        Self::U32,
        Self::U64,
        Self::F32,
        Self::F64,
        Self::Decimal,
        Self::String,
        Self::Bytes,
        Self::Uuid,
        Self::Date,
        Self::Time,
        Self::DateTime,
        Self::Timestamp,
    ];

    /// The name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::I8 => "i8",
            Self::I16 => "i16",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::U64 => "u64",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::Decimal => "decimal",
            Self::String => "string",
            Self::Bytes => "bytes",
            Self::Uuid => "uuid",
            Self::Date => "date",
            Self::Time => "time",
            Self::DateTime => "datetime",
            Self::Timestamp => "timestamp",
            Self::Any => "any",
        }
    }

    /// Whether a [`KeyPrefix`](super::KeyPrefix) may give the start of the text of such a field.
    pub fn has_text_prefix(self) -> bool {
        matches!(
            self,
            Self::String
                | Self::Bytes
                | Self::Uuid
                | Self::Date
                | Self::Time
                | Self::DateTime
                | Self::Timestamp
        )
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The value of a single key or of one field of a composite key.
///
/// Equality is exact: floats by their bits, timestamps with their offset. Whether two values are the
/// same *key* is decided by their encoding.
#[derive(Clone, Debug)]
pub enum KeyValue {
    /// A missing value; only in composite keys and ride-on fields.
    Null,
    /// See [`KeyType::Bool`].
    Bool(bool),
    /// See [`KeyType::I8`].
    I8(i8),
    /// See [`KeyType::I16`].
    I16(i16),
    /// See [`KeyType::I32`].
    I32(i32),
    /// See [`KeyType::I64`].
    I64(i64),
    /// See [`KeyType::U8`].
    U8(u8),
    /// See [`KeyType::U16`].
    U16(u16),
    /// See [`KeyType::U32`].
    U32(u32),
    /// See [`KeyType::U64`].
    U64(u64),
    /// See [`KeyType::F32`].
    F32(f32),
    /// See [`KeyType::F64`].
    F64(f64),
    /// See [`KeyType::Decimal`].
    Decimal(Decimal),
    /// See [`KeyType::String`].
    String(String),
    /// See [`KeyType::Bytes`].
    Bytes(Vec<u8>),
    /// See [`KeyType::Uuid`].
    Uuid([u8; 16]),
    /// See [`KeyType::Date`].
    Date(Date),
    /// See [`KeyType::Time`].
    Time(Time),
    /// See [`KeyType::DateTime`].
    DateTime(DateTime),
    /// See [`KeyType::Timestamp`].
    Timestamp(Timestamp),
    /// See [`KeyType::Any`].
    Any(AnyValue),
}

impl KeyValue {
    /// The type of the value, `None` for [`KeyValue::Null`].
    pub fn kind(&self) -> Option<KeyType> {
        Some(match self {
            Self::Null => return None,
            Self::Bool(_) => KeyType::Bool,
            Self::I8(_) => KeyType::I8,
            Self::I16(_) => KeyType::I16,
            Self::I32(_) => KeyType::I32,
            Self::I64(_) => KeyType::I64,
            Self::U8(_) => KeyType::U8,
            Self::U16(_) => KeyType::U16,
            Self::U32(_) => KeyType::U32,
            Self::U64(_) => KeyType::U64,
            Self::F32(_) => KeyType::F32,
            Self::F64(_) => KeyType::F64,
            Self::Decimal(_) => KeyType::Decimal,
            Self::String(_) => KeyType::String,
            Self::Bytes(_) => KeyType::Bytes,
            Self::Uuid(_) => KeyType::Uuid,
            Self::Date(_) => KeyType::Date,
            Self::Time(_) => KeyType::Time,
            Self::DateTime(_) => KeyType::DateTime,
            Self::Timestamp(_) => KeyType::Timestamp,
            Self::Any(_) => KeyType::Any,
        })
    }

    /// Whether this is [`KeyValue::Null`].
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

impl PartialEq for KeyValue {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::I8(a), Self::I8(b)) => a == b,
            (Self::I16(a), Self::I16(b)) => a == b,
            (Self::I32(a), Self::I32(b)) => a == b,
            (Self::I64(a), Self::I64(b)) => a == b,
            (Self::U8(a), Self::U8(b)) => a == b,
            (Self::U16(a), Self::U16(b)) => a == b,
            (Self::U32(a), Self::U32(b)) => a == b,
            (Self::U64(a), Self::U64(b)) => a == b,
            (Self::F32(a), Self::F32(b)) => a.to_bits() == b.to_bits(),
            (Self::F64(a), Self::F64(b)) => a.to_bits() == b.to_bits(),
            (Self::Decimal(a), Self::Decimal(b)) => a == b,
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Uuid(a), Self::Uuid(b)) => a == b,
            (Self::Date(a), Self::Date(b)) => a == b,
            (Self::Time(a), Self::Time(b)) => a == b,
            (Self::DateTime(a), Self::DateTime(b)) => a == b,
            (Self::Timestamp(a), Self::Timestamp(b)) => a == b,
            (Self::Any(a), Self::Any(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for KeyValue {}

impl Hash for KeyValue {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Self::Null => {}
            Self::Bool(v) => v.hash(state),
            Self::I8(v) => v.hash(state),
            Self::I16(v) => v.hash(state),
            Self::I32(v) => v.hash(state),
            Self::I64(v) => v.hash(state),
            Self::U8(v) => v.hash(state),
            Self::U16(v) => v.hash(state),
            Self::U32(v) => v.hash(state),
            Self::U64(v) => v.hash(state),
            Self::F32(v) => v.to_bits().hash(state),
            Self::F64(v) => v.to_bits().hash(state),
            Self::Decimal(v) => v.hash(state),
            Self::String(v) => v.hash(state),
            Self::Bytes(v) => v.hash(state),
            Self::Uuid(v) => v.hash(state),
            Self::Date(v) => v.hash(state),
            Self::Time(v) => v.hash(state),
            Self::DateTime(v) => v.hash(state),
            Self::Timestamp(v) => v.hash(state),
            Self::Any(v) => v.hash(state),
        }
    }
}

macro_rules! from_value {
    ($($from:ty => $variant:ident),* $(,)?) => {$(
        impl From<$from> for KeyValue {
            fn from(value: $from) -> Self {
                Self::$variant(value.into())
            }
        }
    )*};
}

from_value! {
    bool => Bool, i8 => I8, i16 => I16, i32 => I32, i64 => I64, u8 => U8, u16 => U16, u32 => U32,
    u64 => U64, f32 => F32, f64 => F64, Decimal => Decimal, String => String, &str => String,
    Vec<u8> => Bytes, &[u8] => Bytes, [u8; 16] => Uuid, Date => Date, Time => Time,
    DateTime => DateTime, Timestamp => Timestamp, AnyValue => Any,
}

/// A missing value is [`KeyValue::Null`].
impl<T: Into<KeyValue>> From<Option<T>> for KeyValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A key: its values in the order of the fields of its [`KeySpec`](super::KeySpec).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Key {
    /// One value for a single key, one for each ordered field of a composite key.
    pub values: Vec<KeyValue>,
    /// One value for each ride-on field, or none at all when all are missing.
    pub ride_on: Vec<KeyValue>,
}

impl Key {
    /// A composite key without ride-on values.
    pub fn composite<I>(values: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<KeyValue>,
    {
        Self {
            values: values.into_iter().map(Into::into).collect(),
            ride_on: Vec::new(),
        }
    }

    /// The same key with these ride-on values.
    #[must_use]
    pub fn with_ride_on<I>(mut self, ride_on: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<KeyValue>,
    {
        self.ride_on = ride_on.into_iter().map(Into::into).collect();
        self
    }
}

impl<T: Into<KeyValue>> From<T> for Key {
    fn from(value: T) -> Self {
        Self {
            values: vec![value.into()],
            ride_on: Vec::new(),
        }
    }
}

/// A key in the form that trees and the log hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct EncodedKey {
    /// Order (by `memcmp`) and identity.
    pub order: Vec<u8>,
    /// What travels with the key: ride-on values and the offsets of timestamps.
    pub ride_on: Vec<u8>,
}
