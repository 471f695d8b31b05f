//! What a store is: its key, its rules and its metadata. No items and no trees here.

use serde::{Deserialize, Serialize};

use crate::document::{Document, DocumentRef, Kind};
use crate::error::{Error, Result};
use crate::index::IndexOf;
use crate::key::{KeySpec, KeyType};
use crate::names::nearest;
use crate::typed::TypedKey;

/// The longest store name, in bytes.
pub const MAX_STORE_NAME_BYTES: usize = 128;
/// The smallest and largest number of items in a stored node.
pub const SLOT_LENGTH_RANGE: std::ops::RangeInclusive<u32> = 2..=20_000;
/// The most fields a declared schema may name.
pub const MAX_SCHEMA_FIELDS: usize = 2_000;

/// Where values lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Placement {
    /// Beside their key in the node; only very large ones are kept apart.
    #[default]
    Node,
    /// Apart from the node from a few kilobytes on, so that keys scan without touching values.
    Segment,
}

/// The type of a field as a schema names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    /// Any value.
    Any,
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// Text.
    String,
    /// Binary data.
    Bytes,
    /// A date as ISO 8601 text.
    Date,
    /// A date with a time as ISO 8601 text.
    DateTime,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl FieldType {
    fn accepts(self, value: &DocumentRef<'_>) -> bool {
        let kind = value.kind();
        match self {
            Self::Any => true,
            Self::Bool => kind == Kind::Bool,
            Self::Integer => matches!(kind, Kind::Int | Kind::Uint),
            Self::Number => {
                matches!(kind, Kind::Int | Kind::Uint | Kind::Float | Kind::Number)
            }
            Self::String | Self::Date | Self::DateTime => kind == Kind::String,
            Self::Bytes => kind == Kind::Bytes,
            Self::Array => kind == Kind::Array,
            Self::Object => kind == Kind::Object,
        }
    }

    /// The name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Bool => "bool",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::String => "string",
            Self::Bytes => "bytes",
            Self::Date => "date",
            Self::DateTime => "datetime",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

/// The name of a kind of value, as messages say it.
fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Null => "null",
        Kind::Bool => "bool",
        Kind::Int | Kind::Uint => "integer",
        Kind::Float | Kind::Number => "number",
        Kind::String => "string",
        Kind::Bytes => "bytes",
        Kind::Array => "array",
        Kind::Object => "object",
    }
}

/// One field of a value schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaField {
    /// Name of a top-level field of the value.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// Whether it must be there and must not be null.
    #[serde(default)]
    pub required: bool,
}

/// The fields of a store's values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// Whether the fields are enforced on every write; otherwise they are only a description.
    #[serde(default)]
    pub declared: bool,
    /// The fields in the order a person would read them.
    #[serde(default)]
    pub fields: Vec<SchemaField>,
}

impl Schema {
    /// Checks a value against a declared schema.
    ///
    /// # Errors
    /// The name of the first field at fault and what is wrong with it.
    pub fn check(&self, value: &Document) -> std::result::Result<(), (String, String)> {
        if !self.declared {
            return Ok(());
        }
        let root = value.root();
        if root.kind() != Kind::Object {
            return Err((
                String::new(),
                format!("the value is {}, not an object", kind_name(root.kind())),
            ));
        }
        for field in &self.fields {
            let found = root.get(&field.name).filter(|v| v.kind() != Kind::Null);
            match found {
                None if field.required => {
                    return Err((field.name.clone(), "is required".to_owned()));
                }
                Some(v) if !field.kind.accepts(&v) => {
                    return Err((
                        field.name.clone(),
                        format!(
                            "must be {}, found {}",
                            field.kind.name(),
                            kind_name(v.kind())
                        ),
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// A relation from fields of this store to fields of another. Metadata: nothing is enforced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relation {
    /// Fields of this store, of its key or its values.
    pub source_fields: Vec<String>,
    /// Name of the other store.
    pub target_store: String,
    /// Fields of the other store, as many as `source_fields`.
    pub target_fields: Vec<String>,
}

/// Everything about a store but its items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreDefinition {
    /// Name, unique in its database; at most [`MAX_STORE_NAME_BYTES`].
    pub name: String,
    /// For people.
    #[serde(default)]
    pub description: String,
    /// Type and order of the keys.
    pub key: KeySpec,
    /// Whether a key occurs at most once.
    #[serde(default = "yes")]
    pub unique: bool,
    /// The most items in a stored node, [`SLOT_LENGTH_RANGE`].
    #[serde(default = "default_slot_length")]
    pub slot_length: u32,
    /// Whether a full leaf gives items to its neighbour before it splits.
    #[serde(default)]
    pub leaf_load_balancing: bool,
    /// Where values lie.
    #[serde(default)]
    pub placement: Placement,
    /// Fields of the values.
    #[serde(default)]
    pub schema: Schema,
    /// Relations to other stores.
    #[serde(default)]
    pub relations: Vec<Relation>,
    /// Wishes for caching, kept for the layers above.
    #[serde(default)]
    pub cache: serde_json::Map<String, serde_json::Value>,
    /// What makes it an index of another store; set by [`Transaction::create_index`](crate::Transaction::create_index).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index_of: Option<IndexOf>,
}

fn yes() -> bool {
    true
}

fn default_slot_length() -> u32 {
    2_000
}

impl StoreDefinition {
    /// A unique store with the defaults: slot length 2,000, values in the node, no declared schema.
    pub fn new(name: impl Into<String>, key: KeySpec) -> Self {
        Self {
            name: name.into(),
            description: String::new(),
            key,
            unique: true,
            slot_length: default_slot_length(),
            leaf_load_balancing: false,
            placement: Placement::Node,
            schema: Schema::default(),
            relations: Vec::new(),
            cache: serde_json::Map::new(),
            index_of: None,
        }
    }

    /// As [`StoreDefinition::new`] for keys of a Rust type.
    pub fn typed<K: TypedKey>(name: impl Into<String>) -> Self {
        Self::new(name, K::spec())
    }

    /// The same store with other names for the ordered fields of its key; fields beyond `names` keep
    /// theirs. For tuples, whose fields have none of their own.
    #[must_use]
    pub fn with_key_fields<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.key = self.key.with_field_names(names);
        self
    }

    /// Checks names, limits and the key.
    ///
    /// # Errors
    /// [`Error::InvalidDefinition`] with the field at fault.
    pub fn validate(&self) -> Result<()> {
        let invalid = |field: &str, detail: String| {
            Err(Error::InvalidDefinition {
                store: self.name.clone(),
                field: field.to_owned(),
                detail,
            })
        };
        if self.name.is_empty() || self.name.len() > MAX_STORE_NAME_BYTES {
            return invalid(
                "name",
                format!("must have 1 to {MAX_STORE_NAME_BYTES} bytes"),
            );
        }
        if let Some(c) = self
            .name
            .chars()
            .find(|c| c.is_control() || matches!(c, '/' | '\\'))
        {
            return invalid("name", format!("must not contain {c:?}"));
        }
        // Addresses cannot hold these two: they are resolved away before they are sent.
        if matches!(self.name.as_str(), "." | "..") {
            return invalid("name", "must not be '.' or '..'".to_owned());
        }
        if !SLOT_LENGTH_RANGE.contains(&self.slot_length) {
            return invalid(
                "slot_length",
                format!(
                    "must lie from {} to {}, found {}",
                    SLOT_LENGTH_RANGE.start(),
                    SLOT_LENGTH_RANGE.end(),
                    self.slot_length
                ),
            );
        }
        if let Err(e) = self.key.validate() {
            return invalid("key", e.to_string());
        }
        let any = |field: &crate::key::KeyField| field.kind == KeyType::Any;
        if self.index_of.is_none() && self.key.fields().iter().any(any) {
            let detail = "has a field of type any, which only indexes have".to_owned();
            return invalid("key", detail);
        }
        if self.schema.fields.len() > MAX_SCHEMA_FIELDS {
            return invalid(
                "schema",
                format!("has more than {MAX_SCHEMA_FIELDS} fields"),
            );
        }
        let mut seen = std::collections::BTreeSet::new();
        for field in &self.schema.fields {
            if field.name.is_empty() || !seen.insert(&field.name) {
                return invalid(
                    "schema",
                    format!("field name {:?} is empty or given twice", field.name),
                );
            }
        }
        for relation in &self.relations {
            if relation.source_fields.is_empty()
                || relation.source_fields.len() != relation.target_fields.len()
            {
                return invalid(
                    "relations",
                    format!(
                        "the relation to {:?} needs as many source fields as target fields, at least one",
                        relation.target_store
                    ),
                );
            }
        }
        Ok(())
    }

    /// Whether both describe the same structure: key, uniqueness, slot length, balancing, placement.
    pub fn same_structure(&self, other: &Self) -> bool {
        self.key == other.key
            && self.unique == other.unique
            && self.slot_length == other.slot_length
            && self.leaf_load_balancing == other.leaf_load_balancing
            && self.placement == other.placement
    }
}

/// What may change on a store that holds items. `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoreChange {
    /// New description.
    pub description: Option<String>,
    /// New relations.
    pub relations: Option<Vec<Relation>>,
    /// New wishes for caching.
    pub cache: Option<serde_json::Map<String, serde_json::Value>>,
    /// New schema. A declared one is checked against the items that are there.
    pub schema: Option<Schema>,
}

/// The error for a store that is not there, with the nearest names.
pub(crate) fn store_not_found<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Error {
    let names: Vec<&str> = names.collect();
    Error::StoreNotFound {
        name: name.to_owned(),
        suggestions: nearest(name, names),
    }
}
