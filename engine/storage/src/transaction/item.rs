//! Items as the caller sees them, made from what lies in a tree.

use std::sync::Arc;

use super::physical::{has_ride_on, split, split_payload};
use crate::definition::StoreDefinition;
use crate::document::{Document, DocumentRef};
use crate::error::{Error, Result};
use crate::key::Key;

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
    pub position: Vec<u8>,
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
    pub position: Vec<u8>,
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

/// Decodes an item.
pub(crate) fn decode_item(
    definition: &StoreDefinition,
    physical: Vec<u8>,
    version: u64,
    payload: &[u8],
) -> Result<Item> {
    let (order, id) = split(&physical, definition.unique)?;
    let (ride_on, document) = split_payload(payload, has_ride_on(&definition.key))?;
    let key = definition
        .key
        .decode(order, ride_on)
        .map_err(|e| damaged(definition, &e))?;
    let value = Document::from_trusted(Arc::from(document)).map_err(|e| damaged(definition, &e))?;
    Ok(Item {
        key,
        value,
        version,
        id,
        position: physical,
    })
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
    physical: Vec<u8>,
    version: u64,
) -> Result<KeyItem> {
    let (order, id) = split(&physical, definition.unique)?;
    let key = definition
        .key
        .decode(order, &[])
        .map_err(|e| damaged(definition, &e))?;
    Ok(KeyItem {
        key,
        version,
        id,
        position: physical,
    })
}

/// A physical key as JSON text for messages; its bytes when it cannot be decoded.
pub(crate) fn key_text(definition: &StoreDefinition, physical: &[u8]) -> String {
    match decode_key(definition, physical.to_vec(), 0) {
        Ok(item) => definition.key.key_to_json(&item.key).to_string(),
        Err(_) => format!("{physical:02x?}"),
    }
}
