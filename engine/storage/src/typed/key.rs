//! Rust types that are whole keys.

use super::KeyPart;
use crate::key::{Date, DateTime, Decimal, Key, KeyError, KeySpec, KeyValue, Time, Timestamp};

/// What a key of type `K` can be asked for by: itself, `str` for a `String`, a tuple with `&str` in it.
pub trait AsKey<K> {
    /// The key.
    fn as_key(&self) -> Key;
}

/// A type that is the key of a store. For types of one's own use [`typed_key!`](crate::typed_key).
///
/// What must hold: `from_key` gives back what `as_key` took, and `spec` is always the same.
pub trait TypedKey: AsKey<Self> + Sized {
    /// What the keys look like. The names and the order of the fields are those that a new store gets; a
    /// store that is there keeps its own.
    fn spec() -> KeySpec;

    /// The key as this type.
    ///
    /// # Errors
    /// [`KeyError::MissingField`] and [`KeyError::TypeMismatch`] when it is no such key.
    fn from_key(key: Key) -> Result<Self, KeyError>;
}

/// Takes the value of a field out of a key.
pub(super) fn field<P: KeyPart>(
    spec: &KeySpec,
    at: usize,
    value: Option<KeyValue>,
) -> Result<P, KeyError> {
    let name = || {
        let ordered = spec.fields().iter().map(|field| &field.name);
        let ride_on = spec.ride_on().iter().map(|field| &field.name);
        ordered.chain(ride_on).nth(at).cloned().unwrap_or_default()
    };
    let kind = value.as_ref().and_then(KeyValue::kind);
    P::from_value(value.unwrap_or(KeyValue::Null)).ok_or_else(|| match kind {
        None => KeyError::MissingField {
            field: name(),
            expected: P::KIND,
        },
        Some(found) => KeyError::TypeMismatch {
            field: name(),
            expected: P::KIND,
            found: format!("a value of type {found}"),
        },
    })
}

macro_rules! single {
    ($($rust:ty),* $(,)?) => {$(
        impl AsKey<$rust> for $rust {
            fn as_key(&self) -> Key {
                Key::from(self.to_value())
            }
        }

        impl TypedKey for $rust {
            fn spec() -> KeySpec {
                KeySpec::single(<$rust as KeyPart>::KIND)
            }

            fn from_key(key: Key) -> Result<Self, KeyError> {
                let mut values = key.values.into_iter();
                field(&Self::spec(), 0, values.next())
            }
        }
    )*};
}

single! {
    bool, i8, i16, i32, i64, u8, u16, u32, u64, f32, f64, Decimal, String, Vec<u8>, [u8; 16], Date,
    Time, DateTime, Timestamp,
}

impl AsKey<String> for str {
    fn as_key(&self) -> Key {
        Key::from(self)
    }
}

impl AsKey<String> for &str {
    fn as_key(&self) -> Key {
        Key::from(*self)
    }
}

impl AsKey<Vec<u8>> for [u8] {
    fn as_key(&self) -> Key {
        Key::from(self)
    }
}

impl AsKey<Vec<u8>> for &[u8] {
    fn as_key(&self) -> Key {
        Key::from(*self)
    }
}

/// Byte literals like `b"key"`.
impl<const N: usize> AsKey<Vec<u8>> for [u8; N] {
    fn as_key(&self) -> Key {
        Key::from(self.as_slice())
    }
}
