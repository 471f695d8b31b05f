//! Items as the caller sees them, made from what lies in a tree.

use std::sync::Arc;

use super::physical::{ID_BYTES, has_ride_on, split, split_payload};
use super::position::Position;
use crate::definition::StoreDefinition;
use crate::document::{Document, DocumentRef};
use crate::error::{Error, Result};
use crate::key::Key;
use crate::tree::PagePart;

/// A key with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The key, ride-on fields included.
    pub key: Key,
    /// The value.
    pub value: Document,
    /// Sequence of the commit that last changed the item; 0 when this transaction changed it.
    pub version: u64,
    /// In a store with duplicates, what tells items with the same key apart.
    pub id: Option<u64>,
    /// Where the item stands: opaque, ordered as the store is, an anchor to go on from.
    pub position: Position,
}

/// A key without its value.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyItem {
    /// The key. Ride-on fields are there only where reading them costs nothing more.
    pub key: Key,
    /// As in [`Item::version`].
    pub version: u64,
    /// As in [`Item::id`].
    pub id: Option<u64>,
    /// As in [`Item::position`].
    pub position: Position,
}

/// An item where it lies, borrowed while a walk stands on it. Nothing is decoded before it is asked for.
pub struct ItemRef<'a> {
    definition: &'a StoreDefinition,
    physical: &'a [u8],
    version: u64,
    part: PagePart<'a>,
    /// The payload when it is kept apart from the page.
    loaded: Option<Arc<[u8]>>,
    /// Length of the key in `physical`, and where the document begins in the payload. Of a damaged item: where it
    /// is an error to read the one or the other.
    order: usize,
    document: usize,
}

/// What all items of a store have in common, looked up once for a walk.
#[derive(Clone, Copy)]
pub(crate) struct Shape<'a> {
    definition: &'a StoreDefinition,
    /// Bytes behind the key, of the item's id.
    id: usize,
    /// Whether ride-on bytes stand before the document.
    rides: bool,
}

impl<'a> Shape<'a> {
    pub fn of(definition: &'a StoreDefinition) -> Self {
        Self {
            definition,
            id: if definition.unique { 0 } else { ID_BYTES },
            rides: has_ride_on(&definition.key),
        }
    }

    #[inline]
    pub fn item(
        self,
        physical: &'a [u8],
        version: u64,
        part: PagePart<'a>,
        loaded: Option<Arc<[u8]>>,
    ) -> ItemRef<'a> {
        let payload = loaded.as_deref().unwrap_or(part.bytes());
        let document = if self.rides {
            split_payload(payload, true).map_or(payload.len(), |(_, d)| payload.len() - d.len())
        } else {
            0
        };
        ItemRef {
            definition: self.definition,
            physical,
            version,
            part,
            loaded,
            order: physical.len().saturating_sub(self.id),
            document,
        }
    }
}

impl<'a> ItemRef<'a> {
    /// Where the item stands, as in [`Item::position`]; in a store without duplicates these are the encoded
    /// bytes of its key.
    #[inline]
    pub fn position(&self) -> &'a [u8] {
        self.physical
    }

    /// The encoded bytes of the key, in the store's order.
    #[inline]
    pub fn key_bytes(&self) -> &'a [u8] {
        self.physical.get(..self.order).unwrap_or_default()
    }

    /// As [`Item::id`].
    pub fn id(&self) -> Option<u64> {
        let (_, id) = self.physical.split_at_checked(self.order)?;
        Some(u64::from_be_bytes(*id.first_chunk()?))
    }

    /// As [`Item::version`].
    #[inline]
    pub fn version(&self) -> u64 {
        self.version
    }

    #[inline]
    fn payload(&self) -> &[u8] {
        match &self.loaded {
            None => self.part.bytes(),
            Some(loaded) => loaded,
        }
    }

    /// The encoded bytes of the value, as [`Document::encoded`].
    #[inline]
    pub fn encoded(&self) -> &[u8] {
        self.payload().get(self.document..).unwrap_or_default()
    }

    /// The value, read in place.
    ///
    /// # Errors
    /// When it is of an unknown version of the format.
    #[inline]
    pub fn value(&self) -> Result<DocumentRef<'_>> {
        DocumentRef::from_trusted(self.encoded()).map_err(|e| damaged(self.definition, &e))
    }

    /// The value, to be kept; shares memory with the store as [`Document`] says.
    #[inline]
    pub fn document(&self) -> Result<Document> {
        let (bytes, part) = match &self.loaded {
            None => self.part.shared(),
            Some(loaded) => (Arc::clone(loaded), 0..loaded.len()),
        };
        Document::from_shared(bytes, part.start + self.document..part.end)
            .map_err(|e| damaged(self.definition, &e))
    }

    /// The key, ride-on fields included.
    pub fn key(&self) -> Result<Key> {
        let ride_on = match self.document {
            0 => &[],
            _ => split_payload(self.payload(), true)?.0,
        };
        self.definition
            .key
            .decode(self.key_bytes(), ride_on)
            .map_err(|e| damaged(self.definition, &e))
    }

    /// The item, to be kept.
    #[inline]
    pub fn to_item(&self) -> Result<Item> {
        Ok(Item {
            key: self.key()?,
            value: self.document()?,
            version: self.version,
            id: self.id(),
            position: Position::from(self.physical),
        })
    }
}

impl std::fmt::Debug for ItemRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ItemRef")
            .field("key", &self.key().ok())
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

pub(crate) fn key_error(definition: &StoreDefinition, source: crate::key::KeyError) -> Error {
    Error::InvalidKey {
        store: definition.name.clone(),
        source,
    }
}

fn damaged(definition: &StoreDefinition, detail: &impl std::fmt::Display) -> Error {
    Error::corrupt(format!("store {:?}", definition.name), detail.to_string())
}

/// Decodes a key alone.
pub(crate) fn decode_key(
    definition: &StoreDefinition,
    physical: &[u8],
    version: u64,
) -> Result<KeyItem> {
    let (order, id) = split(physical, definition.unique)?;
    let key = definition
        .key
        .decode(order, &[])
        .map_err(|e| damaged(definition, &e))?;
    Ok(KeyItem {
        key,
        version,
        id,
        position: Position::from(physical),
    })
}

/// A physical key as JSON text for messages; its bytes when it cannot be decoded.
pub(crate) fn key_text(definition: &StoreDefinition, physical: &[u8]) -> String {
    match decode_key(definition, physical, 0) {
        Ok(item) => definition.key.key_to_json(&item.key).to_string(),
        Err(_) => format!("{physical:02x?}"),
    }
}
