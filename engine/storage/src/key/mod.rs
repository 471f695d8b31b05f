//! Typed keys and their encoding: bytes whose `memcmp` order is the order of the keys.
//!
//! A [`KeySpec`] says what the keys of a store look like: one value of a type, or a *composite* of
//! named, typed fields, each ascending or descending, and *ride-on* fields that travel with the key
//! but take no part in its order or identity. [`KeySpec::encode`] turns a [`Key`] into
//! [`EncodedKey`]: `order` bytes (order and identity) and `ride_on` bytes (the rest).
//!
//! What always holds:
//! - two keys of one spec compare as their `order` bytes do, and are the same key exactly when those
//!   bytes are equal;
//! - no `order` encoding is a prefix of another one of the same spec, so bytes may follow it (an item
//!   id, say) without disturbing the order; every [`KeyRange`] that a spec makes also holds for such
//!   longer bytes, because its lower bound is included and its upper bound excluded;
//! - `decode(encode(key))` is `key`, to the bit;
//! - [`KeySpec::decode`] answers an error for bytes that no key encodes to. It never panics.
//!
//! Identity: decimals are compared by value (`1.0` and `1.00` are one key, kept as `1`); timestamps by
//! instant (the offset is kept among the ride-on bytes and given back, but `10:00+02:00` and `08:00Z`
//! are one key); floats by their total order, in which `-0.0` lies below `0.0` and every NaN has its
//! own place.
//!
//! # Layout of the order bytes
//!
//! | type | bytes | form |
//! |---|---|---|
//! | `bool` | 1 | 0 or 1 |
//! | `u8` `u16` `u32` `u64` | 1 2 4 8 | big-endian |
//! | `i8` `i16` `i32` `i64` | 1 2 4 8 | big-endian, sign bit flipped |
//! | `f32` `f64` | 4 8 | big-endian IEEE bits; negative: all bits flipped, else: sign bit flipped |
//! | `decimal` | 1 to 23 | sign class, exponent, pairs of digits; see [`Decimal`] |
//! | `string` `bytes` | n + 2 | the bytes, each 00 written as 00 FF, then 00 00 |
//! | `uuid` | 16 | as they are |
//! | `date` | 4 | days since 1970-01-01 as an `i32` |
//! | `time` | 6 | nanoseconds since midnight, big-endian |
//! | `datetime` | 10 | date, then time |
//! | `timestamp` | 10 | the date and time in UTC |
//! | `any` | 2 or more | a number, text or bytes in the order of SQL, see `any.rs`; only in the keys of indexes |
//!
//! A single key is that and nothing more. In a composite key each field is a tag byte (00 missing,
//! 01 present) and, when present, the form above; all bytes of a descending field, its tag too, are
//! inverted. So a missing value sorts first in an ascending field and last in a descending one.
//!
//! A composite key may be ordered by a CEL expression instead ([`CelExpression`]). With a sort key, the
//! order bytes are the sort key and then the form above. With a comparer they are a label that the
//! store gave the key, and then the form above, so that only a store can tell them
//! ([`DocumentStore::key_range`](crate::DocumentStore::key_range) and the like); [`KeySpec::encode`] refuses.
//!
//! # Layout of the ride-on bytes
//!
//! Empty when there is nothing to say: each offset is zero and each ride-on field missing. Otherwise
//! the offset of each `timestamp` among the ordered fields that is present (in minutes east, as a
//! big-endian `i16`), and then each ride-on field: tag byte and ascending form, where a timestamp is
//! followed by its offset.

mod any;
mod calendar;
mod cel;
mod decimal;
mod decode;
mod encode;
mod error;
mod json;
pub(crate) mod label;
mod partial;
mod range;
mod serde_text;
mod spec;
#[cfg(test)]
mod tests;
mod value;

pub use any::{ANY_BYTES, AnyValue};
pub(crate) use any::{Form, encode_field};
pub use calendar::{Date, DateTime, Time, Timestamp};
pub use cel::{CelExpression, MAX_EXPRESSION_BYTES};
pub use decimal::Decimal;
pub use error::KeyError;
pub use range::{KeyPrefix, KeyRange};
pub use spec::{KeyField, KeySpec, Order, RideOnField};
pub use value::{EncodedKey, Key, KeyType, KeyValue};

/// The longest encoded key, `order` and `ride_on` together, in bytes.
pub const MAX_KEY_BYTES: usize = 32 * 1024;
/// The most fields that a key may have, ordered and ride-on together.
pub const MAX_KEY_FIELDS: usize = 32;
