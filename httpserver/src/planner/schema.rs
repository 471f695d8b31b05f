//! What the planner knows of a database: stores, fields, relations, frequent values.
//!
//! Plain data, so that it can be made by hand in tests. [`super::database`] makes it from an open database.

use serde::{Deserialize, Serialize};

/// A database as the planner sees it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// The name of the database.
    pub database: String,
    /// Its stores.
    pub stores: Vec<Store>,
}

/// A store.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Store {
    /// Its name.
    pub name: String,
    /// What it is for, in somebody's words.
    pub description: String,
    /// The fields of the key and of the values, as SQL names them; those of the key first.
    pub fields: Vec<Field>,
    /// References to other stores.
    pub relations: Vec<Relation>,
    /// How many items it has.
    pub count: u64,
    /// The key of a new item, where keys are numbers that count up.
    pub next_key: Option<i64>,
}

/// A field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// The name of its column; fields within objects have dots.
    pub name: String,
    /// What its values are.
    pub kind: FieldKind,
    /// Whether it is part of the key.
    pub key: bool,
    /// Whether items are without it.
    pub optional: bool,
    /// All its values, where they are texts and there are few.
    pub values: Vec<String>,
}

/// What the values of a field are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldKind {
    /// Text.
    Text,
    /// Whole numbers.
    Integer,
    /// Numbers.
    Number,
    /// True and false.
    Bool,
    /// Days, with or without a time.
    Date,
    /// Lists.
    List,
    /// Anything else.
    Other,
}

/// A reference from fields of a store to fields of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relation {
    /// Columns here.
    pub fields: Vec<String>,
    /// The other store, by its place in [`Schema::stores`].
    pub store: usize,
    /// Columns there.
    pub targets: Vec<String>,
}

/// A field of a store, by their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The store.
    pub store: usize,
    /// The field.
    pub field: usize,
}

impl Field {
    /// Whether it can be added up.
    pub fn is_number(&self) -> bool {
        matches!(self.kind, FieldKind::Integer | FieldKind::Number)
    }
}

impl Schema {
    /// The store at a place.
    pub fn store(&self, at: usize) -> Option<&Store> {
        self.stores.get(at)
    }

    /// The name of a store, empty where there is none.
    pub fn store_name(&self, at: usize) -> &str {
        self.store(at).map_or("", |store| &store.name)
    }

    /// The field at a place.
    pub fn field(&self, place: Place) -> Option<&Field> {
        self.store(place.store)?.fields.get(place.field)
    }

    /// The name of a field, empty where there is none.
    pub fn field_name(&self, place: Place) -> &str {
        self.field(place).map_or("", |field| &field.name)
    }

    /// All places, in their order.
    pub fn places(&self) -> impl Iterator<Item = Place> + '_ {
        self.stores.iter().enumerate().flat_map(|(store, there)| {
            (0..there.fields.len()).map(move |field| Place { store, field })
        })
    }

    /// The places of one store.
    pub fn places_of(&self, store: usize) -> impl Iterator<Item = Place> + '_ {
        let fields = self.store(store).map_or(0, |store| store.fields.len());
        (0..fields).map(move |field| Place { store, field })
    }

    /// The one field of a store's key; none where it has several.
    pub fn single_key(&self, store: usize) -> Option<Place> {
        let mut keys = self.places_of(store).filter(|place| self.is_key(*place));
        keys.next().filter(|_| keys.next().is_none())
    }

    /// Whether a field is part of the key.
    pub fn is_key(&self, place: Place) -> bool {
        self.field(place).is_some_and(|field| field.key)
    }

    /// Whether the field only refers to another store.
    pub fn is_reference(&self, place: Place) -> bool {
        let name = self.field_name(place);
        let relations = self
            .store(place.store)
            .map_or(&[][..], |store| &store.relations);
        relations
            .iter()
            .any(|relation| relation.fields.iter().any(|field| field == name))
    }
}
