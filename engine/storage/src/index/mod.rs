//! What an index is: a store that holds, for each item of another, the values of some of its fields and its key.
//!
//! An index is a store like any other to those who read it: listed, counted, browsed. Its key is the indexed
//! fields, of the type [`KeyType::Any`], and behind them the key of the item. Nobody writes to it but the
//! transactions that write to its source ([`crate::Transaction`]), each with its own changes.
//!
//! What always holds: a ready index has exactly one entry for each item of its source. One that is being built has
//! entries of some items, and each is right. This module knows definitions and the bytes of entries; it reads and
//! writes no store.

mod entry;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::definition::StoreDefinition;
use crate::error::{Error, Result};
use crate::key::{KeyField, KeySpec, KeyType, Order};
use crate::names::nearest;

pub use entry::EntryReader;
pub(crate) use entry::{Entry, check_length, entry};

/// The most fields of an index.
pub const MAX_INDEX_FIELDS: usize = 8;

/// Where an indexed value is in an item.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IndexPath {
    /// An ordered field of the key; `key` is the only one of a single key.
    Key(String),
    /// A field of the value, by the names of the objects on the way to it.
    Value(Vec<String>),
}

/// A field of an index.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexField {
    /// Where it is.
    pub path: IndexPath,
    /// Its direction.
    #[serde(default)]
    pub order: Order,
}

impl IndexField {
    /// An ascending field of the value; dots lead into objects.
    pub fn value(path: &str) -> Self {
        Self {
            path: IndexPath::Value(path.split('.').map(str::to_owned).collect()),
            order: Order::Asc,
        }
    }

    /// An ascending field of the key.
    pub fn key(name: impl Into<String>) -> Self {
        Self {
            path: IndexPath::Key(name.into()),
            order: Order::Asc,
        }
    }

    /// The same field, descending.
    #[must_use]
    pub fn descending(self) -> Self {
        Self {
            order: Order::Desc,
            ..self
        }
    }

    /// Its name: that of the key's field, or the names of the path with dots between them.
    pub fn name(&self) -> String {
        match &self.path {
            IndexPath::Key(name) => name.clone(),
            IndexPath::Value(path) => path.join("."),
        }
    }
}

/// How far an index is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IndexState {
    /// Items that were there before it are still to be added. Nobody may rely on what it lacks.
    Building,
    /// It has an entry for each item.
    Ready,
}

/// What makes a store an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexOf {
    /// Name of the store whose items it has.
    pub store: String,
    /// The fields that order it.
    pub fields: Vec<IndexField>,
    /// Whether no two items may have the same values in all of the fields; items that lack one are not compared.
    #[serde(default)]
    pub unique: bool,
    /// How far it is.
    pub state: IndexState,
}

/// An index to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexDefinition {
    /// Name of the store that it will be.
    pub name: String,
    /// Name of the store whose items it has.
    pub store: String,
    /// The fields that order it, 1 to [`MAX_INDEX_FIELDS`].
    pub fields: Vec<IndexField>,
    /// As [`IndexOf::unique`].
    pub unique: bool,
}

impl IndexDefinition {
    /// An index of a store by ascending fields of its values.
    pub fn new(name: impl Into<String>, store: impl Into<String>, fields: &[&str]) -> Self {
        Self {
            name: name.into(),
            store: store.into(),
            fields: fields.iter().map(|path| IndexField::value(path)).collect(),
            unique: false,
        }
    }

    /// The store that the index is, over this source.
    pub(crate) fn store_definition(
        &self,
        source: &StoreDefinition,
        state: IndexState,
    ) -> Result<StoreDefinition> {
        let invalid = |field: &str, detail: String| Error::InvalidDefinition {
            store: self.name.clone(),
            field: field.to_owned(),
            detail,
        };
        if source.index_of.is_some() {
            let detail = format!("{:?} is an index itself", source.name);
            return Err(invalid("store", detail));
        }
        if source.key.is_compared() {
            let detail = format!(
                "{:?} has keys that are ordered by a comparer, whose places an index cannot name",
                source.name
            );
            return Err(invalid("store", detail));
        }
        if self.fields.is_empty() || self.fields.len() > MAX_INDEX_FIELDS {
            let detail = format!(
                "must be 1 to {MAX_INDEX_FIELDS} in number, found {}",
                self.fields.len()
            );
            return Err(invalid("fields", detail));
        }
        self.check_fields(source)
            .map_err(|detail| invalid("fields", detail))?;
        let key = KeySpec::composite(self.key_fields(source), Vec::new())
            .map_err(|error| invalid("fields", error.to_string()))?;
        let mut definition = StoreDefinition::new(self.name.clone(), key);
        definition.description = format!("Index of {:?}, kept by the database", source.name);
        definition.index_of = Some(IndexOf {
            store: source.name.clone(),
            fields: self.fields.clone(),
            unique: self.unique,
            state,
        });
        Ok(definition)
    }

    fn check_fields(&self, source: &StoreDefinition) -> Result<(), String> {
        let mut seen = BTreeSet::new();
        for field in &self.fields {
            let name = field.name();
            if !seen.insert(format!("{:?}", field.path)) {
                return Err(format!("name {name:?} twice"));
            }
            match &field.path {
                IndexPath::Value(path) if path.is_empty() || path.iter().any(String::is_empty) => {
                    return Err(format!("name {name:?}, which has an empty step"));
                }
                IndexPath::Value(_) => {}
                IndexPath::Key(name) => {
                    let fields = source.key.fields();
                    let Some(there) = fields.iter().find(|there| there.name == *name) else {
                        let names = fields.iter().map(|there| there.name.as_str());
                        let near = nearest(name, names);
                        let hint = near.first().map(|n| format!("; did you mean {n:?}?"));
                        return Err(format!(
                            "name {name:?}, which is no ordered field of the key{}",
                            hint.unwrap_or_default()
                        ));
                    };
                    if !there.kind.can_be_indexed() {
                        return Err(format!(
                            "name {name:?}, whose type {} is ordered in SQL as text and not as a key; it is the end of each entry in any case",
                            there.kind
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    /// The fields of the index's key: those that are indexed, those of the source's key, and the id of an item
    /// among several with one key.
    fn key_fields(&self, source: &StoreDefinition) -> Vec<KeyField> {
        let mut taken = BTreeSet::new();
        let mut free = |name: &str, origin: &str| {
            let mut name = name.to_owned();
            while !taken.insert(name.clone()) {
                name = format!("{origin}.{name}");
            }
            name
        };
        let mut fields: Vec<KeyField> = self
            .fields
            .iter()
            .map(|field| KeyField {
                name: free(&field.name(), "value"),
                kind: KeyType::Any,
                order: field.order,
            })
            .collect();
        fields.extend(source.key.fields().iter().map(|field| KeyField {
            name: free(&field.name, "key"),
            kind: field.kind,
            order: field.order,
        }));
        if !source.unique {
            fields.push(KeyField::new(free("_id", "key"), KeyType::U64));
        }
        fields
    }
}

/// An index as those see it who look at its source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IndexInfo {
    /// Its name, which is that of its store.
    pub name: String,
    /// The fields that order it.
    pub fields: Vec<IndexField>,
    /// As [`IndexOf::unique`].
    pub unique: bool,
    /// How far it is.
    pub state: IndexState,
    /// Items that it has an entry of.
    pub entries: u64,
}
