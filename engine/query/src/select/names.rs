//! The columns of a store's table: which there are and what they are called.
//!
//! The rules, in this order; names are compared without regard to the case of ASCII letters, as `SQLite` does:
//! - A key without named fields is the column `key`.
//! - Fields of a composite key, then fields that ride on it, have their own names; `key.x` when a field of the values
//!   is called so too, or when it is called `key` or `value`.
//! - Top-level fields of the values have their own names; `value.x` in the same cases.
//! - Fields of objects in the values are hidden columns `a.b`; those of objects in arrays are none.
//! - `key` and `value` hold the whole. They are hidden, but for a key without named fields and for values that are not
//!   all objects.
//! - Of names that would come up twice the first stays. An empty name and one with a NUL in it is no column.
//!   Such fields can be reached through the whole value.

use sop::{FieldKind, KindCount, StoreDefinition, StoreField, StoreSchema};
use std::collections::HashSet;

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The whole key.
    Key,
    /// The whole value.
    Value,
    /// The ordered field of the key with this number.
    KeyField(usize),
    /// The field that rides on the key with this number.
    RideOn(usize),
    /// The field of the values with this number in [`StoreSchema::fields`].
    Field(usize),
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreColumn {
    /// Its name, unquoted.
    pub name: String,
    /// What it holds.
    pub origin: Origin,
    /// Whether `*` leaves it out.
    pub hidden: bool,
}

/// The columns of a store in the order of its table.
pub fn store_columns(definition: &StoreDefinition, schema: &StoreSchema) -> Vec<StoreColumn> {
    let key = &definition.key;
    let composite = key.is_composite();
    let mut columns = Columns::default();
    let key_fields = || {
        let ordered = key.fields().iter().map(|field| field.name.as_str());
        ordered.chain(key.ride_on().iter().map(|field| field.name.as_str()))
    };
    let top = || schema.fields.iter().filter(|field| field.depth == 1);
    let in_values: HashSet<String> = top().map(|field| folded(&field.path)).collect();
    let in_key: HashSet<String> = key_fields().filter(|_| composite).map(folded).collect();
    if composite {
        for (at, name) in key_fields().enumerate() {
            let ordered = key.fields().len();
            let origin = match at.checked_sub(ordered) {
                None => Origin::KeyField(at),
                Some(at) => Origin::RideOn(at),
            };
            let clashes = is_whole(name) || in_values.contains(&folded(name));
            columns.add(named("key", name, clashes), origin, false);
        }
    } else {
        columns.add("key".to_owned(), Origin::Key, false);
    }
    let scalar = |kind| !matches!(kind, FieldKind::Object | FieldKind::Null);
    if schema.values.iter().any(|values| scalar(values.kind)) {
        columns.add("value".to_owned(), Origin::Value, false);
    }
    // Wholes keep their names whatever a document may have.
    columns.taken.extend(["key".to_owned(), "value".to_owned()]);
    for (at, field) in outside_arrays(schema).filter(|(_, field)| field.depth == 1) {
        let clashes = is_whole(&field.path) || in_key.contains(&folded(&field.path));
        let name = named("value", &field.path, clashes);
        columns.add(name, Origin::Field(at), false);
    }
    let nested = outside_arrays(schema).filter(|(_, field)| field.depth > 1);
    for (at, field) in nested {
        columns.add(field.path.clone(), Origin::Field(at), true);
    }
    columns.add_wholes();
    columns.list
}

/// The fields that don't lie in arrays, with their numbers.
fn outside_arrays(schema: &StoreSchema) -> impl Iterator<Item = (usize, &StoreField)> {
    let arrays = |values: &KindCount| values.kind == FieldKind::Array;
    let array_at_top = schema.values.iter().any(arrays);
    let mut array: Option<u32> = None;
    schema.fields.iter().enumerate().filter(move |(_, field)| {
        if array.is_some_and(|depth| field.depth > depth) {
            return false;
        }
        let elements = match field.depth {
            1 => array_at_top && field.path == "[]",
            _ => field.path.ends_with("[]"),
        };
        array = elements.then_some(field.depth);
        !elements
    })
}

#[derive(Default)]
struct Columns {
    list: Vec<StoreColumn>,
    taken: HashSet<String>,
}

impl Columns {
    fn add(&mut self, name: String, origin: Origin, hidden: bool) {
        if !name.is_empty() && !name.contains('\0') && self.taken.insert(folded(&name)) {
            self.list.push(StoreColumn {
                name,
                origin,
                hidden,
            });
        }
    }

    fn add_wholes(&mut self) {
        for (name, origin) in [("key", Origin::Key), ("value", Origin::Value)] {
            if self.list.iter().all(|column| column.origin != origin) {
                self.list.push(StoreColumn {
                    name: name.to_owned(),
                    origin,
                    hidden: true,
                });
            }
        }
    }
}

fn named(part: &str, name: &str, clashes: bool) -> String {
    if clashes {
        format!("{part}.{name}")
    } else {
        name.to_owned()
    }
}

fn is_whole(name: &str) -> bool {
    name.eq_ignore_ascii_case("key") || name.eq_ignore_ascii_case("value")
}

fn folded(name: &str) -> String {
    name.to_ascii_lowercase()
}
