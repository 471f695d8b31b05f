//! Reading a document in place.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use serde_json::Value;

use super::error::DocumentError;
use super::layout::{
    ARRAY, ARRAY_LAST, BYTES, Container, FALSE, FLOAT, FORMAT_VERSION, INT, NULL, NUMBER, OBJECT,
    OBJECT_LAST, STRING, TRUE, UINT, split_entry,
};
use super::typed::{self, ValueError};
use super::{Document, JsonStyle, MAX_DEPTH};

/// What a value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// An integer within `i64`.
    Int,
    /// An integer beyond `i64` and within `u64`.
    Uint,
    /// A number that is exactly the shortest text of a double.
    Float,
    /// Any other number, kept as its text.
    Number,
    /// Text.
    String,
    /// Plain bytes.
    Bytes,
    /// A list of values.
    Array,
    /// Named values in an order.
    Object,
}

/// A value within a document. Equality is that of the JSON text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DocumentRef<'a> {
    value: &'a [u8],
}

impl<'a> DocumentRef<'a> {
    pub(super) fn new(value: &'a [u8]) -> Self {
        Self { value }
    }

    /// Reads encoded bytes in place; see [`Document::from_trusted`].
    pub fn from_trusted(encoded: &'a [u8]) -> Result<Self, DocumentError> {
        match encoded.split_first() {
            Some((&FORMAT_VERSION, value)) if !value.is_empty() => Ok(Self { value }),
            _ => Err(DocumentError::Corrupt {
                detail: "an unknown version of the format",
                at: 0,
            }),
        }
    }

    #[inline]
    fn payload(self, tag: u8) -> Option<&'a [u8]> {
        self.value
            .split_first()
            .and_then(|(found, payload)| (*found == tag).then_some(payload))
    }

    /// What the value is; damaged ones are null.
    #[inline]
    pub fn kind(self) -> Kind {
        match self.value.first().copied().unwrap_or(NULL) {
            TRUE | FALSE => Kind::Bool,
            INT => Kind::Int,
            UINT => Kind::Uint,
            FLOAT => Kind::Float,
            NUMBER => Kind::Number,
            STRING => Kind::String,
            BYTES => Kind::Bytes,
            ARRAY..=ARRAY_LAST => Kind::Array,
            OBJECT..=OBJECT_LAST => Kind::Object,
            _ => Kind::Null,
        }
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// The value of a bool.
    pub fn as_bool(self) -> Option<bool> {
        match self.value.first() {
            Some(&TRUE) => Some(true),
            Some(&FALSE) => Some(false),
            _ => None,
        }
    }

    /// The value of an integer within `i64`.
    pub fn as_i64(self) -> Option<i64> {
        let payload = self.payload(INT)?;
        if payload.len() > 8 {
            return None;
        }
        // Byte by byte: a copy of so few of unknown number would be a call.
        let mut wide = match payload.last() {
            Some(last) if *last >= 0x80 => u64::MAX,
            _ => 0,
        };
        for byte in payload.iter().rev() {
            wide = wide << 8 | u64::from(*byte);
        }
        Some(wide.cast_signed())
    }

    /// The value of an integer within `u64`.
    pub fn as_u64(self) -> Option<u64> {
        match self.payload(UINT) {
            Some(payload) => Some(u64::from_le_bytes(payload.try_into().ok()?)),
            None => u64::try_from(self.as_i64()?).ok(),
        }
    }

    /// The double nearest to a number of any kind; infinite where that is too large.
    pub fn as_f64(self) -> Option<f64> {
        match self.kind() {
            Kind::Int => self.as_i64().map(|value| value as f64),
            Kind::Uint => self.as_u64().map(|value| value as f64),
            Kind::Float => {
                let payload = self.payload(FLOAT)?.try_into().ok()?;
                Some(f64::from_bits(u64::from_le_bytes(payload)))
            }
            Kind::Number => self.text(NUMBER)?.parse().ok(),
            _ => None,
        }
    }

    /// The text of a number of any kind, as it was written.
    pub fn number_text(self) -> Option<Cow<'a, str>> {
        match self.kind() {
            Kind::Number => self.text(NUMBER).map(Cow::Borrowed),
            Kind::Int | Kind::Uint | Kind::Float => {
                let mut text = Vec::new();
                self.write_json(&mut text, JsonStyle::Exact);
                String::from_utf8(text).ok().map(Cow::Owned)
            }
            _ => None,
        }
    }

    fn text(self, tag: u8) -> Option<&'a str> {
        std::str::from_utf8(self.payload(tag)?).ok()
    }

    /// The text of a string.
    pub fn as_str(self) -> Option<&'a str> {
        self.text(STRING)
    }

    /// The bytes of plain bytes.
    pub fn as_bytes(self) -> Option<&'a [u8]> {
        self.payload(BYTES)
    }

    /// The number of elements or fields; zero for other kinds.
    pub fn len(self) -> usize {
        Container::of(self.value).map_or(0, |container| container.count)
    }

    /// Whether there are no elements or fields.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The field of that name, of an object.
    pub fn get(self, field: &str) -> Option<Self> {
        if self.kind() != Kind::Object {
            return None;
        }
        let container = Container::of(self.value)?;
        let wanted = field.as_bytes();
        if container.is_indexed() {
            return find_indexed(&container, wanted);
        }
        let mut start = 0;
        for at in 0..container.count {
            let end = container.end(at)?;
            let (name, value) = split_entry(container.body.get(start..end)?)?;
            if name == wanted {
                return Some(Self { value });
            }
            start = end;
        }
        None
    }

    /// As [`DocumentRef::get`], looking first at the place where the field was in another document: those of one
    /// store mostly have their fields in the same places. With the place where it is.
    #[inline]
    pub fn get_near(self, field: &str, place: usize) -> Option<(Self, usize)> {
        if self.kind() != Kind::Object {
            return None;
        }
        let container = Container::of(self.value)?;
        let wanted = field.as_bytes();
        let value_at = |at: usize| {
            let (name, value) = split_entry(container.entry(at)?)?;
            (name == wanted).then_some(Self { value })
        };
        if let Some(value) = value_at(place) {
            return Some((value, place));
        }
        if container.is_indexed() {
            return Some((find_indexed(&container, wanted)?, place));
        }
        (0..container.count).find_map(|at| Some((value_at(at)?, at)))
    }

    /// The element at a position, of an array.
    pub fn at(self, position: usize) -> Option<Self> {
        if self.kind() != Kind::Array {
            return None;
        }
        let value = Container::of(self.value)?.entry(position)?;
        Some(Self { value })
    }

    /// The value at a path; see [`Document::get`].
    pub fn path(self, path: &str) -> Option<Self> {
        if path.is_empty() {
            return Some(self);
        }
        path.split('.')
            .try_fold(self, |value, step| match value.kind() {
                Kind::Object => value.get(step),
                Kind::Array => value.at(step.parse().ok()?),
                _ => None,
            })
    }

    /// The elements of an array; nothing for other kinds.
    pub fn elements(self) -> Elements<'a> {
        Elements {
            entries: Entries::of(self, Kind::Array),
        }
    }

    /// The names and values of an object in their order; nothing for other kinds.
    pub fn fields(self) -> Fields<'a> {
        Fields {
            entries: Entries::of(self, Kind::Object),
        }
    }

    /// As [`DocumentRef::fields`], with the names as they are stored.
    #[inline]
    pub(crate) fn named_values(self) -> impl Iterator<Item = (&'a [u8], Self)> {
        Entries::of(self, Kind::Object)
            .map_while(split_entry)
            .map(|(name, value)| (name, Self { value }))
    }

    /// The bytes of a string, which are UTF-8 unless they are damaged; nothing for other kinds.
    #[inline]
    pub fn text_bytes(self) -> &'a [u8] {
        self.payload(STRING).unwrap_or_default()
    }

    /// Reads the value as a type of one's own, which may borrow its texts and bytes.
    pub fn deserialize<T: serde::Deserialize<'a>>(self) -> Result<T, DocumentError> {
        self.read().map_err(ValueError::into_deserialize)
    }

    /// As [`DocumentRef::deserialize`], with the error that the caller completes.
    pub(crate) fn read<T: serde::Deserialize<'a>>(self) -> Result<T, ValueError> {
        typed::from_ref(self)
    }

    /// This value as a document of its own.
    pub fn to_document(self) -> Document {
        let mut encoded = Vec::with_capacity(self.value.len() + 1);
        encoded.push(FORMAT_VERSION);
        encoded.extend_from_slice(self.value);
        Document::from_built(encoded)
    }

    /// Compact JSON text.
    pub fn to_json(self) -> String {
        let mut out = Vec::new();
        self.write_json(&mut out, JsonStyle::Exact);
        String::from_utf8(out).unwrap_or_default()
    }

    /// The JSON value; see [`Document::to_value`].
    pub fn to_value(self) -> Value {
        self.nested_value(MAX_DEPTH)
    }

    /// `levels` are left; only damaged bytes need more.
    fn nested_value(self, levels: usize) -> Value {
        match self.kind() {
            Kind::Null => Value::Null,
            Kind::Bool => Value::Bool(self.as_bool().unwrap_or_default()),
            Kind::Int | Kind::Uint | Kind::Float | Kind::Number => {
                let text = self.number_text().unwrap_or_default().into_owned();
                Value::Number(serde_json::Number::from_string_unchecked(text))
            }
            Kind::String => Value::String(self.as_str().unwrap_or_default().to_owned()),
            Kind::Bytes => serde_json::from_str(&self.to_json()).unwrap_or_default(),
            Kind::Array | Kind::Object if levels == 0 => Value::Null,
            Kind::Array => {
                let elements = self.elements();
                elements
                    .map(|value| value.nested_value(levels - 1))
                    .collect()
            }
            Kind::Object => {
                let fields = self.fields();
                let named =
                    fields.map(|(name, value)| (name.to_owned(), value.nested_value(levels - 1)));
                Value::Object(named.collect())
            }
        }
    }

    /// The value in its binary form, without the version byte.
    pub(super) fn encoded_value(self) -> &'a [u8] {
        self.value
    }
}

/// Looks a name up in the index of a large object.
fn find_indexed<'a>(container: &Container<'a>, wanted: &[u8]) -> Option<DocumentRef<'a>> {
    let (mut low, mut high) = (0, container.count);
    while low < high {
        let middle = low.midpoint(high);
        let entry = container.entry(container.by_rank(middle)?)?;
        let (name, value) = split_entry(entry)?;
        match name.cmp(wanted) {
            Ordering::Equal => return Some(DocumentRef { value }),
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle,
        }
    }
    None
}

/// The JSON text.
impl fmt::Display for DocumentRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}

impl fmt::Debug for DocumentRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DocumentRef({self})")
    }
}

/// The entries of an array or object from one position on. Ends early on damage.
#[derive(Clone)]
struct Entries<'a> {
    container: Option<Container<'a>>,
    next: usize,
    start: usize,
}

impl<'a> Entries<'a> {
    fn of(value: DocumentRef<'a>, kind: Kind) -> Self {
        Self {
            container: Container::of(value.value).filter(|_| value.kind() == kind),
            next: 0,
            start: 0,
        }
    }

    fn left(&self) -> usize {
        self.container
            .map_or(0, |container| container.count - self.next)
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let container = self
            .container
            .filter(|container| self.next < container.count)?;
        let end = container.end(self.next)?;
        let entry = container.body.get(self.start..end)?;
        self.next += 1;
        self.start = end;
        Some(entry)
    }
}

/// The elements of an array.
#[derive(Clone)]
pub struct Elements<'a> {
    entries: Entries<'a>,
}

impl<'a> Iterator for Elements<'a> {
    type Item = DocumentRef<'a>;

    fn next(&mut self) -> Option<DocumentRef<'a>> {
        self.entries.next().map(DocumentRef::new)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.entries.left()))
    }
}

/// The names and values of an object.
#[derive(Clone)]
pub struct Fields<'a> {
    entries: Entries<'a>,
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a str, DocumentRef<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = split_entry(self.entries.next()?)?;
        Some((std::str::from_utf8(name).ok()?, DocumentRef::new(value)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.entries.left()))
    }
}
