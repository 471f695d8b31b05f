//! What a change set did or would do.

use super::Operation;
use serde::{Serialize, Serializer};
use serde_json::Value;
use sop::document::Document;

/// The answer to a change set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Whether the changes happened.
    pub applied: bool,
    /// What each change does that can be done, in the order of the set.
    pub preview: Vec<Preview>,
    /// Every change that cannot be done, in the order of the set. When there is one, nothing was applied.
    pub conflicts: Vec<Conflict>,
    /// Sequence of the commit, which is the new version of every item that was written; of the state that was looked
    /// at when nothing was applied.
    pub sequence: u64,
}

/// What one change does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Preview {
    /// Place of the change in the set.
    pub index: usize,
    /// Its operation.
    #[serde(rename = "op")]
    pub operation: Operation,
    /// Its store.
    pub store: String,
    /// Its key in the store's own form.
    pub key: Value,
    /// Which of several items with the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// The value before; `None` when there was no item.
    #[serde(serialize_with = "as_value")]
    pub before: Option<Document>,
    /// The value after; `None` when there is no item any more.
    #[serde(serialize_with = "as_value")]
    pub after: Option<Document>,
    /// Version that the item had before the set; `None` when it was not there.
    pub version: Option<u64>,
    /// The key before, which may have had other ride-on values.
    #[serde(skip)]
    pub(super) key_before: Option<Value>,
    /// The order bytes of the key, which tell items apart.
    #[serde(skip)]
    pub(super) order: Vec<u8>,
}

/// Why a change cannot be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConflictCode {
    /// The item has another version than `if_version`.
    VersionMismatch,
    /// An insert found the key there.
    KeyExists,
    /// An update, patch or delete found no item.
    KeyNotFound,
    /// There is no store of the name.
    StoreNotFound,
    /// The value breaks the store's declared schema.
    SchemaViolation,
    /// The key does not fit the store's key type.
    InvalidKey,
    /// The value cannot be stored.
    InvalidValue,
    /// Several items have the key, and no `id` says which one is meant.
    IdNeeded,
}

/// A change that cannot be done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Conflict {
    /// Place of the change in the set.
    pub index: usize,
    /// Why.
    pub code: ConflictCode,
    /// Its store.
    pub store: String,
    /// Its key as it was given.
    pub key: Value,
    /// Why, for people.
    pub detail: String,
    /// The item as it is now, where it exists.
    pub current: Option<Current>,
    /// The nearest right names, where a name is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<String>,
}

/// An item as it is now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Current {
    /// Its value, with the earlier changes of the set.
    #[serde(serialize_with = "document_as_value")]
    pub value: Document,
    /// Its version; `None` when the set itself made it.
    pub version: Option<u64>,
    /// Its id in a store with duplicates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
}

/// A document in serde's form. `null` stands for no document and for the document null alike; whether there was an
/// item is told by the operation and the version.
#[expect(
    clippy::ref_option,
    reason = "serde hands over a reference to the field"
)]
fn as_value<S: Serializer>(document: &Option<Document>, serializer: S) -> Result<S::Ok, S::Error> {
    document
        .as_ref()
        .map(Document::to_value)
        .serialize(serializer)
}

fn document_as_value<S: Serializer>(document: &Document, serializer: S) -> Result<S::Ok, S::Error> {
    document.to_value().serialize(serializer)
}
