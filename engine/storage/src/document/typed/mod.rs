//! Values of one's own types in the binary form, by `serde`, without JSON text in between.
//!
//! What is stored is the JSON that `serde_json` would write, so the data manager, the export and other
//! programs read typed values as they read all others. The rules:
//!
//! | type | stored as |
//! |---|---|
//! | integers up to 64 bits | an integer, exact |
//! | `i128`, `u128` | an error: many readers of JSON would round them |
//! | `f64`, `f32` | the shortest number that reads back to the same bits |
//! | NaN, infinity | an error: JSON has none; use `Option` and `None` |
//! | `char`, `str` | a string |
//! | bytes (`serde_bytes`) | the document's bytes kind; a `Vec<u8>` alone is an array of numbers to `serde` |
//! | `None`, `()` | null |
//! | struct, map | an object; names of maps are strings, numbers, bools or unit variants as their text |
//! | sequence, tuple | an array |
//! | enum | externally tagged: `"Name"`, `{"Name":value}`; other ways by the attributes of `serde` |
//!
//! Two fields of one name are an error. Reading follows the type: a missing field is an error unless it is
//! an `Option` or has `#[serde(default)]`; unknown fields are passed over; `&str` and `&[u8]` are lent
//! from the document. Numbers that neither 64-bit integers nor doubles tell exactly are read into
//! `serde_json::Value` exactly, into a float to the nearest, and are an error for an integer.
//! `Some(None)` reads back as `None`, as in JSON.
//!
//! Errors carry the path of the field, written as [`Document::get`](super::Document::get) takes it.

mod access;
mod deserializer;
mod error;
mod serializer;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use error::ValueError;

use serde::{Deserialize, Serialize};

use super::builder::Builder;
use super::reference::DocumentRef;
use deserializer::ValueDeserializer;
use serializer::ValueSerializer;

/// `serde_json` hands numbers of any length on as a struct of this name with one field of this name.
const NUMBER_TOKEN: &str = "$serde_json::private::Number";
/// And JSON text that was not looked at so.
const RAW_VALUE_TOKEN: &str = "$serde_json::private::RawValue";

/// The encoded document of a value.
pub(super) fn to_encoded<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, ValueError> {
    let mut builder = Builder::new();
    value.serialize(ValueSerializer {
        builder: &mut builder,
    })?;
    Ok(builder.finish())
}

/// Reads a value out of a document.
pub(super) fn from_ref<'de, T: Deserialize<'de>>(value: DocumentRef<'de>) -> Result<T, ValueError> {
    T::deserialize(ValueDeserializer::new(value))
}
