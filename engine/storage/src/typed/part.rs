//! Rust types that are one value of a key.

use crate::key::{Date, DateTime, Decimal, KeyType, KeyValue, Time, Timestamp};

/// A type that is one value of a key: the only one, or a field of a composite key.
///
/// Open to types of one's own, when they keep the order they have: see [`typed_key!`](crate::typed_key)
/// for newtypes.
pub trait KeyPart: Sized {
    /// The key type.
    const KIND: KeyType;

    /// The value that is kept.
    fn to_value(&self) -> KeyValue;

    /// The value again; `None` for one that is missing or of another type.
    fn from_value(value: KeyValue) -> Option<Self>;
}

macro_rules! part {
    ($($rust:ty => $variant:ident),* $(,)?) => {$(
        impl KeyPart for $rust {
            const KIND: KeyType = KeyType::$variant;

            fn to_value(&self) -> KeyValue {
                KeyValue::$variant(self.clone())
            }

            fn from_value(value: KeyValue) -> Option<Self> {
                match value {
                    KeyValue::$variant(value) => Some(value),
                    _ => None,
                }
            }
        }
    )*};
}

part! {
    bool => Bool, i8 => I8, i16 => I16, i32 => I32, i64 => I64, u8 => U8, u16 => U16, u32 => U32,
    u64 => U64, f32 => F32, f64 => F64, Decimal => Decimal, String => String, Vec<u8> => Bytes,
    [u8; 16] => Uuid, Date => Date, Time => Time, DateTime => DateTime, Timestamp => Timestamp,
}

/// A field that may be missing. Not for a single key, which cannot be.
impl<P: KeyPart> KeyPart for Option<P> {
    const KIND: KeyType = P::KIND;

    fn to_value(&self) -> KeyValue {
        self.as_ref().map_or(KeyValue::Null, P::to_value)
    }

    fn from_value(value: KeyValue) -> Option<Self> {
        match value {
            KeyValue::Null => Some(None),
            value => P::from_value(value).map(Some),
        }
    }
}

/// What stands for a `P` in a key that is asked for: itself, a reference, `&str` for a `String`.
pub trait AsPart<P> {
    /// The value to look for.
    fn as_part(&self) -> KeyValue;
}

impl<P: KeyPart> AsPart<P> for P {
    fn as_part(&self) -> KeyValue {
        self.to_value()
    }
}

impl<P: KeyPart> AsPart<P> for &P {
    fn as_part(&self) -> KeyValue {
        (*self).to_value()
    }
}

impl AsPart<String> for &str {
    fn as_part(&self) -> KeyValue {
        KeyValue::from(*self)
    }
}

impl AsPart<Vec<u8>> for &[u8] {
    fn as_part(&self) -> KeyValue {
        KeyValue::from(*self)
    }
}
