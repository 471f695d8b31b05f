//! Items as the caller sees them, made from what lies in a tree.

use super::physical::{has_ride_on, split, split_payload};
use super::position::Position;
use crate::definition::StoreDefinition;
use crate::document::{Document, DocumentRef};
use crate::error::{Error, Result};
use crate::key::Key;
use crate::tree::ValueBytes;

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
    pub(super) definition: &'a StoreDefinition,
    pub(super) physical: &'a [u8],
    pub(super) version: u64,
    pub(super) payload: ValueBytes<'a>,
    /// Whether ride-on bytes stand before the document.
    pub(super) rides: bool,
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
    pub fn key_bytes(&self) -> Result<&'a [u8]> {
        Ok(split(self.physical, self.definition.unique)?.0)
    }

    /// As [`Item::id`].
    pub fn id(&self) -> Result<Option<u64>> {
        Ok(split(self.physical, self.definition.unique)?.1)
    }

    /// As [`Item::version`].
    #[inline]
    pub fn version(&self) -> u64 {
        self.version
    }

    #[inline]
    fn parts(&self) -> Result<(&[u8], &[u8])> {
        split_payload(&self.payload, self.rides)
    }

    /// The encoded bytes of the value, as [`Document::encoded`].
    #[inline]
    pub fn encoded(&self) -> Result<&[u8]> {
        Ok(self.parts()?.1)
    }

    /// The value, read in place.
    #[inline]
    pub fn value(&self) -> Result<DocumentRef<'_>> {
        DocumentRef::from_trusted(self.encoded()?).map_err(|e| damaged(self.definition, &e))
    }

    /// The value, to be kept; shares memory with the store as [`Document`] says.
    pub fn document(&self) -> Result<Document> {
        let document = self.encoded()?.len();
        let (bytes, part) = self.payload.shared();
        Document::from_shared(bytes, part.end - document..part.end)
            .map_err(|e| damaged(self.definition, &e))
    }

    /// The key, ride-on fields included.
    pub fn key(&self) -> Result<Key> {
        let (ride_on, _) = self.parts()?;
        let order = self.key_bytes()?;
        self.definition
            .key
            .decode(order, ride_on)
            .map_err(|e| damaged(self.definition, &e))
    }

    /// The item, to be kept.
    pub fn to_item(&self) -> Result<Item> {
        Ok(Item {
            key: self.key()?,
            value: self.document()?,
            version: self.version,
            id: self.id()?,
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

/// An item that was found, to be looked at in place.
pub(crate) fn item_ref<'a>(
    definition: &'a StoreDefinition,
    physical: &'a [u8],
    version: u64,
    payload: ValueBytes<'a>,
) -> ItemRef<'a> {
    ItemRef {
        definition,
        physical,
        version,
        payload,
        rides: has_ride_on(&definition.key),
    }
}

/// The document of an item, where it lies.
pub(crate) fn decode_document<'a>(
    definition: &StoreDefinition,
    payload: &'a [u8],
) -> Result<DocumentRef<'a>> {
    let (_, document) = split_payload(payload, has_ride_on(&definition.key))?;
    DocumentRef::from_trusted(document).map_err(|e| damaged(definition, &e))
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
