//! What a change set is made of.

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use sop::document::Document;

/// Most changes of one set.
pub const MAX_CHANGES: usize = 100_000;

/// What a change does with its item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// Makes an item whose key is not there (in a store with duplicates: another one).
    Insert,
    /// Makes the item or replaces its value.
    Upsert,
    /// Replaces the value of an item that is there.
    Update,
    /// Changes the value of an item that is there by a JSON merge patch (RFC 7396).
    Patch,
    /// Removes an item that is there.
    Delete,
}

impl Operation {
    /// All of them, in the order in which help texts name them.
    pub const ALL: [Self; 5] = [
        Self::Insert,
        Self::Upsert,
        Self::Update,
        Self::Patch,
        Self::Delete,
    ];

    /// The name as the API writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Upsert => "upsert",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }

    /// Whether the change carries a whole value.
    pub const fn takes_value(self) -> bool {
        matches!(self, Self::Insert | Self::Upsert | Self::Update)
    }
}

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What it does.
    pub operation: Operation,
    /// Name of the store.
    pub store: String,
    /// The key as JSON, in any form that [`crate::keys::key_from_json`] reads.
    pub key: Value,
    /// The new value of an insert, upsert or update.
    pub value: Option<Document>,
    /// The merge patch of a patch.
    pub patch: Option<Document>,
    /// The version that the item must have had before the set; for an insert or upsert, 0 says that it must not be
    /// there.
    pub if_version: Option<u64>,
    /// Which of the items with this key, in a store with duplicates.
    pub id: Option<u64>,
}

impl Change {
    fn new(operation: Operation, store: impl Into<String>, key: Value) -> Self {
        Self {
            operation,
            store: store.into(),
            key,
            value: None,
            patch: None,
            if_version: None,
            id: None,
        }
    }

    /// An insert.
    pub fn insert(store: impl Into<String>, key: Value, value: Document) -> Self {
        Self {
            value: Some(value),
            ..Self::new(Operation::Insert, store, key)
        }
    }

    /// An upsert.
    pub fn upsert(store: impl Into<String>, key: Value, value: Document) -> Self {
        Self {
            value: Some(value),
            ..Self::new(Operation::Upsert, store, key)
        }
    }

    /// An update.
    pub fn update(store: impl Into<String>, key: Value, value: Document) -> Self {
        Self {
            value: Some(value),
            ..Self::new(Operation::Update, store, key)
        }
    }

    /// A patch.
    pub fn patch(store: impl Into<String>, key: Value, patch: Document) -> Self {
        Self {
            patch: Some(patch),
            ..Self::new(Operation::Patch, store, key)
        }
    }

    /// A delete.
    pub fn delete(store: impl Into<String>, key: Value) -> Self {
        Self::new(Operation::Delete, store, key)
    }

    /// The same change with a precondition on the item's version.
    #[must_use]
    pub const fn if_version(mut self, version: u64) -> Self {
        self.if_version = Some(version);
        self
    }

    /// The same change for one of several items with the key.
    #[must_use]
    pub const fn with_id(mut self, id: Option<u64>) -> Self {
        self.id = id;
        self
    }
}

impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("op", self.operation.name())?;
        map.serialize_entry("store", &self.store)?;
        map.serialize_entry("key", &self.key)?;
        if let Some(id) = self.id {
            map.serialize_entry("id", &id)?;
        }
        if let Some(value) = &self.value {
            map.serialize_entry("value", &value.to_value())?;
        }
        if let Some(patch) = &self.patch {
            map.serialize_entry("patch", &patch.to_value())?;
        }
        if let Some(version) = self.if_version {
            map.serialize_entry("if_version", &version)?;
        }
        map.end()
    }
}

/// Changes that happen whole or not at all. In JSON `{"changes": [{op, store, key, value?, patch?, if_version?, id?}]}`;
/// [`ChangeSet::from_json`] says exactly what is wrong with such text.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ChangeSet {
    /// In the order in which they happen.
    pub changes: Vec<Change>,
}

impl ChangeSet {
    /// A set of these changes.
    pub fn new(changes: impl IntoIterator<Item = Change>) -> Self {
        Self {
            changes: changes.into_iter().collect(),
        }
    }
}

impl<'de> Deserialize<'de> for ChangeSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::from_value(&value).map_err(serde::de::Error::custom)
    }
}
