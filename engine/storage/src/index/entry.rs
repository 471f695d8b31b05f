//! The entries of an index: from an item to its entry's bytes, and from an entry to where its item stands.

use std::borrow::Cow;

use super::{IndexOf, IndexPath};
use crate::definition::StoreDefinition;
use crate::document::DocumentRef;
use crate::error::{Error, Result};
use crate::key::{AnyValue, Form, Key, KeyError, KeyType, MAX_KEY_BYTES, Order, encode_field};
use crate::transaction::physical::{ID_BYTES, split};

/// The values of entries: null when the fields read back as they are, 1 when a number reads back as an equal one of
/// another type, true when one is cut. As documents, and behind the length of no ride-on bytes.
const VALUES: [(&[u8], &[u8]); 3] = [
    (&[1, 0], &[0, 0, 0, 0, 1, 0]),
    (&[1, 3, 1], &[0, 0, 0, 0, 1, 3, 1]),
    (&[1, 2], &[0, 0, 0, 0, 1, 2]),
];
const MISSING: u8 = 0;
const PRESENT: u8 = 1;

/// Whether the value of an entry says that its fields read back as they are in the item.
pub(crate) fn is_complete(value: &[u8]) -> bool {
    value == VALUES[0].0
}

/// An entry of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The physical key in the index's store.
    pub key: Vec<u8>,
    /// Where the indexed fields end in it.
    pub fields_end: usize,
    /// Whether one of them is missing.
    pub has_missing: bool,
    pub form: Form,
    rides: bool,
}

impl Entry {
    /// What is stored beside the key.
    pub fn payload(&self) -> &'static [u8] {
        let (plain, riding) = match self.form {
            Form::Exact => VALUES[0],
            Form::Number => VALUES[1],
            Form::Cut => VALUES[2],
        };
        if self.rides { riding } else { plain }
    }

    /// The bytes of the indexed fields.
    pub fn fields(&self) -> &[u8] {
        self.key.get(..self.fields_end).unwrap_or_default()
    }
}

fn damaged(store: &StoreDefinition, error: &impl std::fmt::Display) -> Error {
    Error::corrupt(format!("store {:?}", store.name), error.to_string())
}

/// The entry of the item at `physical` with this encoded document.
pub(crate) fn entry(
    source: &StoreDefinition,
    index: &IndexOf,
    physical: &[u8],
    document: &[u8],
) -> Result<Entry> {
    let (order, id) = split(physical, source.unique)?;
    let root = DocumentRef::from_trusted(document).map_err(|e| damaged(source, &e))?;
    let mut key = Vec::with_capacity(physical.len() + 16 * index.fields.len());
    let (mut form, mut has_missing) = (Form::Exact, false);
    for field in &index.fields {
        let start = key.len();
        let this = match &field.path {
            IndexPath::Value(path) => {
                let found = path.iter().try_fold(root, |value, name| value.get(name));
                encode_field(found, &mut key)
            }
            IndexPath::Key(name) => encode_key_field(source, order, name, &mut key)?,
        };
        form = form.max(this);
        has_missing |= key.get(start) == Some(&MISSING);
        if field.order == Order::Desc {
            key.iter_mut().skip(start).for_each(|byte| *byte = !*byte);
        }
    }
    let fields_end = key.len();
    let identity = if source.key.cel().is_some() {
        let fields = source.key.fields_bytes(order);
        fields.map_err(|e| damaged(source, &e))?
    } else {
        order
    };
    if !source.key.is_composite() {
        key.push(PRESENT);
    }
    key.extend_from_slice(identity);
    if let Some(id) = id {
        key.push(PRESENT);
        key.extend_from_slice(&id.to_be_bytes());
    }
    Ok(Entry {
        key,
        fields_end,
        has_missing,
        form,
        // The index has the timestamps of its source's key, and no field that rides on it.
        rides: source
            .key
            .fields()
            .iter()
            .any(|f| f.kind == KeyType::Timestamp),
    })
}

fn encode_key_field(
    source: &StoreDefinition,
    order: &[u8],
    name: &str,
    out: &mut Vec<u8>,
) -> Result<Form> {
    let at = source.key.fields().iter().position(|f| f.name == name);
    let at = at.ok_or_else(|| damaged(source, &format!("its key has no field {name:?}")))?;
    let value = source.key.decode_field(order, at);
    let value = value.map_err(|e| damaged(source, &e))?;
    let Some(value) = AnyValue::of_key(&value) else {
        out.push(MISSING);
        return Ok(Form::Exact);
    };
    out.push(PRESENT);
    Ok(value.encode(out))
}

/// Checks that a key of this length can be stored.
pub(crate) fn check_length(index: &str, source: &str, key: String, bytes: usize) -> Result<()> {
    if bytes <= MAX_KEY_BYTES {
        return Ok(());
    }
    Err(Error::InvalidValue {
        store: source.to_owned(),
        key,
        field: String::new(),
        detail: format!(
            "its key and indexed fields take {bytes} bytes in the index {index:?}, which holds {MAX_KEY_BYTES}; use a shorter key, or drop the index"
        ),
    })
}

/// Finds the items that the entries of an index belong to.
#[derive(Debug)]
pub struct EntryReader<'a> {
    index: &'a StoreDefinition,
    source: &'a StoreDefinition,
    fields: usize,
}

impl<'a> EntryReader<'a> {
    /// For an index and its source; `None` when the one is no index of the other.
    pub fn new(index: &'a StoreDefinition, source: &'a StoreDefinition) -> Option<Self> {
        let of = index.index_of.as_ref()?;
        (of.store == source.name).then_some(Self {
            index,
            source,
            fields: of.fields.len(),
        })
    }

    /// Where the item of an entry stands in the source, as [`Item::position`](crate::Item::position); in place of what
    /// `out` holds.
    ///
    /// # Errors
    /// [`Error::Corrupt`] for bytes that are no key of the index.
    pub fn position(&self, entry: &[u8], out: &mut Vec<u8>) -> Result<()> {
        out.clear();
        let wrong = || damaged(self.index, &"an entry does not name an item");
        let end = self.index.key.leading_length(entry, self.fields);
        let end = end.map_err(|e| damaged(self.index, &e))?;
        let rest = entry.get(end..).ok_or_else(wrong)?;
        let (key, id) = if self.source.unique {
            (rest, None)
        } else {
            let (rest, id) = rest.split_last_chunk::<ID_BYTES>().ok_or_else(wrong)?;
            let (_, rest) = rest.split_last().ok_or_else(wrong)?;
            (rest, Some(id))
        };
        out.extend_from_slice(&self.order(key)?);
        out.extend_from_slice(id.map_or(&[], |id| id.as_slice()));
        Ok(())
    }

    /// The order bytes of a key, from those of its fields.
    fn order<'k>(&self, key: &'k [u8]) -> Result<Cow<'k, [u8]>> {
        let spec = &self.source.key;
        if !spec.is_composite() {
            let (_, order) = key
                .split_first()
                .ok_or_else(|| damaged(self.index, &"an entry does not name an item"))?;
            return Ok(Cow::Borrowed(order));
        }
        if spec.cel().is_none() {
            return Ok(Cow::Borrowed(key));
        }
        let failed = |e: KeyError| damaged(self.index, &e);
        let values = spec.decode_identity(key).map_err(failed)?;
        let key = Key {
            values,
            ride_on: Vec::new(),
        };
        Ok(Cow::Owned(spec.encode(&key).map_err(failed)?.order))
    }

    /// Whether the indexed fields of an entry with this encoded value are in the item as they read back.
    pub fn is_complete(value: &[u8]) -> bool {
        is_complete(value)
    }
}
