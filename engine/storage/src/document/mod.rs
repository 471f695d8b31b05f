//! Documents: JSON values and plain bytes in a binary form that is read in place.
//!
//! Objects and arrays carry a table of offsets, so that a field is found without looking at the rest.
//!
//! What always holds:
//! - the JSON that comes out is the JSON that went in, but for white space and the escapes of
//!   strings: names keep their order, numbers keep their text;
//! - equal JSON gives equal bytes, so documents are compared by comparing bytes;
//! - no access panics or leaves the bytes, whatever they are: accessors answer `None` on damage.
//!
//! It does not know schemas, does not compare values of different kinds, and changes nothing in
//! place: a changed document is a new one.
//!
//! # Layout
//!
//! An encoded document is one version byte ([`FORMAT_VERSION`]) and one value. A value is a tag byte
//! and a payload; where it ends is known from outside (from the table that it is listed in, or from
//! the end of the document). All integers are little-endian.
//!
//! | tag | kind | payload |
//! |---|---|---|
//! | 0 1 2 | null, false, true | none |
//! | 3 | integer | two's complement in the fewest bytes, 0 to 8 (zero has none) |
//! | 4 | unsigned integer beyond `i64` | 8 bytes |
//! | 5 | float | 8 bytes of IEEE 754 |
//! | 6 | number | its JSON text |
//! | 7 | string | UTF-8 |
//! | 8 | bytes | the bytes; in JSON `{"$bytes":"<base64>"}` |
//! | 9 10 11 | array | empty, or: the element values, table, count |
//! | 12 13 14 | object | empty, or: the entries, index, table, count |
//!
//! An entry of an object is the length of its name (LEB128), the name in UTF-8, and the value. The
//! *table* holds for each element or entry where it ends, counted from the start of the payload, and
//! *count* says how many there are. Objects of more than [`MAX_SCANNED_FIELDS`] fields also have the
//! *index*: the positions of the entries in the order of the bytes of their names. All these numbers
//! are 1, 2 or 4 bytes wide, as the tag says (in this order): the narrowest that can tell the length
//! of all elements or entries. An empty array is just tag 9, an empty object just tag 12.
//!
//! A number is stored as tag 3 or 4 when it is written as an integer in that range (`-0` is not), as
//! tag 5 when it is written with a point, without an exponent, and is exactly the shortest text of
//! its float; otherwise as tag 6.

mod builder;
mod error;
mod layout;
mod number;
mod parse;
mod patch;
mod reference;
#[cfg(test)]
mod tests;
mod typed;
mod validate;
mod write;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use error::{DocumentError, Position};
pub use layout::{FORMAT_VERSION, MAX_SCANNED_FIELDS};
pub use patch::merge_patch;
pub use reference::{DocumentRef, Elements, Fields, Kind};
pub use write::{JsonStyle, MAX_SAFE_INTEGER, write_json_string};

use builder::Builder;
pub(crate) use typed::ValueError;

/// The longest document, in bytes, of its JSON text as well as of its binary form.
pub const MAX_DOCUMENT_BYTES: usize = 100 * 1024 * 1024;
/// The most arrays and objects that may lie in one another.
pub const MAX_DEPTH: usize = 128;

/// A JSON value or plain bytes in binary form. Cloning shares the bytes.
///
/// A document that was read from a store lies in a page of it (16 KiB as a rule), which stays in memory as
/// long as the document does: who keeps few documents for long keeps [`Document::detached`] ones.
#[derive(Clone)]
pub struct Document {
    bytes: Arc<[u8]>,
    /// Where the document lies in them.
    start: u32,
    end: u32,
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.encoded() == other.encoded()
    }
}

impl Eq for Document {}

impl std::hash::Hash for Document {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.encoded().hash(state);
    }
}

impl Document {
    /// Reads JSON text.
    ///
    /// Errors carry the line and column; a name that is twice in an object is refused.
    pub fn from_json(json: &[u8]) -> Result<Self, DocumentError> {
        parse::parse(json).map(Self::from_built)
    }

    /// Takes over a JSON value.
    pub fn from_value(value: &serde_json::Value) -> Result<Self, DocumentError> {
        let mut builder = Builder::new();
        builder.value(value)?;
        Ok(Self::from_built(builder.finish()))
    }

    /// A document that is plain bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut builder = Builder::new();
        builder.bytes(bytes)?;
        Ok(Self::from_built(builder.finish()))
    }

    /// A value of one's own, in the JSON form that `serde` gives it; no JSON text is made.
    ///
    /// 128-bit integers, NaN, infinity and names of maps that are no text are errors that say at which
    /// field they are. `Vec<u8>` is an array of numbers to `serde`; `serde_bytes` makes it bytes.
    pub fn from_serialize<T: Serialize + ?Sized>(value: &T) -> Result<Self, DocumentError> {
        Self::of(value).map_err(ValueError::into_serialize)
    }

    /// As [`Document::from_serialize`], with the error that the caller completes.
    pub(crate) fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, ValueError> {
        typed::to_encoded(value).map(Self::from_built)
    }

    /// Reads the document as a type of one's own, which may borrow its texts and bytes from it.
    pub fn deserialize<'de, T: Deserialize<'de>>(&'de self) -> Result<T, DocumentError> {
        self.root().deserialize()
    }

    /// Takes over encoded bytes after checking all of them.
    ///
    /// Errors with [`DocumentError::Corrupt`] for bytes that no document encodes to.
    pub fn from_encoded(encoded: Arc<[u8]>) -> Result<Self, DocumentError> {
        validate::check(&encoded)?;
        Ok(Self::whole(encoded))
    }

    /// Takes over encoded bytes that a checksum vouches for, checking nothing but the version.
    ///
    /// Bytes that are no document after all are safe, but read as missing fields and nulls.
    pub fn from_trusted(encoded: Arc<[u8]>) -> Result<Self, DocumentError> {
        DocumentRef::from_trusted(&encoded)?;
        Ok(Self::whole(encoded))
    }

    /// As [`Document::from_trusted`], of a part of bytes that are shared with others.
    pub(crate) fn from_shared(
        bytes: Arc<[u8]>,
        part: std::ops::Range<usize>,
    ) -> Result<Self, DocumentError> {
        DocumentRef::from_trusted(bytes.get(part.clone()).unwrap_or_default())?;
        // No document, value or page comes near 4 GiB.
        Ok(Self {
            bytes,
            start: part.start as u32,
            end: part.end as u32,
        })
    }

    fn from_built(encoded: Vec<u8>) -> Self {
        Self::whole(encoded.into())
    }

    fn whole(bytes: Arc<[u8]>) -> Self {
        Self {
            start: 0,
            end: bytes.len() as u32,
            bytes,
        }
    }

    /// The same document in memory of its own.
    #[must_use]
    pub fn detached(self) -> Self {
        if self.encoded().len() == self.bytes.len() {
            return self;
        }
        Self::whole(Arc::from(self.encoded()))
    }

    /// The binary form, version byte included.
    #[inline]
    pub fn encoded(&self) -> &[u8] {
        self.bytes
            .get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }

    /// The binary form, shared if nothing else lies beside it.
    pub fn encoded_arc(&self) -> Arc<[u8]> {
        self.clone().detached().bytes
    }

    /// The whole value.
    pub fn root(&self) -> DocumentRef<'_> {
        DocumentRef::new(self.encoded().get(1..).unwrap_or_default())
    }

    /// The value at a path of field names and array positions, like `address.lines.0`.
    ///
    /// The empty path is the whole value. A name that itself has a point in it is not reachable so;
    /// use [`DocumentRef::get`] for it.
    pub fn get(&self, path: &str) -> Option<DocumentRef<'_>> {
        self.root().path(path)
    }

    /// Compact JSON text with each number as it was written.
    pub fn to_json(&self) -> String {
        let mut out = Vec::with_capacity(self.json_len_hint());
        self.write_json(&mut out, JsonStyle::Exact);
        String::from_utf8(out).unwrap_or_default()
    }

    /// Appends compact JSON text.
    pub fn write_json(&self, out: &mut Vec<u8>, style: JsonStyle) {
        self.root().write_json(out, style);
    }

    /// The JSON value. `serde_json` sorts the names of objects unless its feature `preserve_order` is
    /// on; [`Document::write_json`] always keeps their order.
    pub fn to_value(&self) -> serde_json::Value {
        self.root().to_value()
    }

    /// About how long the JSON text is, in bytes.
    pub fn json_len_hint(&self) -> usize {
        self.encoded().len() * 3 / 2
    }
}

/// The JSON text.
impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({self})")
    }
}
