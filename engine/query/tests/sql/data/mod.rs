//! The databases that the cases are about, as stores and as plain tables of the same content.

pub mod chinook;
pub mod people;
pub mod shop;

use crate::harness::Cell;
use crate::harness::plain::Plain;
use serde_json::{Map, Value};
use sop::vfs::SimVfs;
use sop::{Database, Document, KeyField, KeySpec, KeyType, OpenOptions, Relation, StoreDefinition};
use std::sync::Arc;

/// A database: its stores and what is in them.
pub struct Dataset {
    pub stores: Vec<StoreData>,
}

/// A store and its items, keys and values as JSON.
pub struct StoreData {
    pub definition: StoreDefinition,
    pub items: Vec<(Value, Value)>,
}

/// The databases by their names in the case files; `None` with a message when the data of one is not there.
pub fn dataset(name: &str) -> Option<Dataset> {
    match name {
        "chinook" => chinook::dataset(),
        "people" => Some(people::dataset()),
        "shop" => Some(shop::dataset()),
        _ => panic!("no database is named {name:?}"),
    }
}

impl Dataset {
    /// A new database in memory with these stores.
    pub fn database(&self) -> Database {
        let options = OpenOptions::new()
            .vfs(Arc::new(SimVfs::new()))
            .background(false);
        let db = options.open("/db").unwrap();
        self.fill(&db);
        db
    }

    /// Makes the stores in an empty database.
    pub fn fill(&self, db: &Database) {
        for data in &self.stores {
            db.transact(|tx| {
                tx.create_store(data.definition.clone())?;
                let store = tx.documents(&data.definition.name)?;
                data.items.iter().try_for_each(|(key, value)| {
                    let key = data.definition.key.key_from_json(key).unwrap();
                    let value = Document::from_value(value).unwrap();
                    store.insert(&key, &value).map(|_| ())
                })
            })
            .unwrap();
        }
    }

    /// The same as tables, without keys and indexes.
    ///
    /// Columns have the types of their values, since these say how SQLite compares text with numbers.
    pub fn plain(&self) -> Plain {
        let plain = Plain::empty();
        for data in &self.stores {
            let columns = data.columns();
            let rows: Vec<Vec<Cell>> = data
                .items
                .iter()
                .map(|(key, value)| data.row(&columns, key, value))
                .collect();
            let kinds = (0..columns.len()).map(|at| data.kind(at, &rows));
            let kinds: Vec<_> = kinds.collect();
            let columns: Vec<_> = columns.into_iter().zip(kinds).collect();
            plain.table(&data.definition.name, &columns, &rows);
        }
        plain
    }
}

impl StoreData {
    pub fn new(
        name: &str,
        key: KeySpec,
        relations: Vec<Relation>,
        items: Vec<(Value, Value)>,
    ) -> Self {
        let definition = StoreDefinition {
            relations,
            ..StoreDefinition::new(name, key)
        };
        Self { definition, items }
    }

    /// Names of the key's fields, then those of the values, declared or where they are first seen, then the nested ones.
    pub fn columns(&self) -> Vec<String> {
        let key = &self.definition.key;
        let mut columns: Vec<String> = names(key).map(str::to_owned).collect();
        for field in &self.definition.schema.fields {
            add(&mut columns, &field.name);
        }
        let mut nested = Vec::new();
        for (_, value) in &self.items {
            let Value::Object(fields) = value else {
                add(&mut columns, "value");
                continue;
            };
            for (name, value) in fields {
                add(&mut columns, name);
                if let Value::Object(inner) = value {
                    inner
                        .keys()
                        .for_each(|inner| add(&mut nested, &format!("{name}.{inner}")));
                }
            }
        }
        columns.extend(nested);
        columns
    }

    /// The type that a plain table has for a column: that of the key's field, or of all values. None where SQLite would
    /// store other values for it.
    fn kind(&self, at: usize, rows: &[Vec<Cell>]) -> &'static str {
        let of_key = self.definition.key.fields().get(at).map(|field| field.kind);
        let cells = || rows.iter().filter_map(|row| row.get(at));
        let all = |test: &dyn Fn(&Cell) -> bool| {
            let mut values = cells().filter(|cell| **cell != Cell::Null).peekable();
            values.peek().is_some() && values.all(test)
        };
        let broken = |cell: &Cell| matches!(cell, Cell::Real(r) if r.fract() != 0.0);
        if all(&|cell| matches!(cell, Cell::Bool(_)))
            || all(&|cell| matches!(cell, Cell::Integer(_)))
        {
            "INTEGER"
        } else if all(&|cell| matches!(cell, Cell::Real(_))) {
            "REAL"
        } else if all(&|cell| matches!(cell, Cell::Integer(_)) || broken(cell)) {
            "NUMERIC"
        } else if of_key.is_some_and(KeyType::has_text_prefix)
            || all(&|cell| matches!(cell, Cell::Text(_)))
        {
            "TEXT"
        } else {
            ""
        }
    }

    /// An item as a row of its plain table.
    pub fn row(&self, columns: &[String], key: &Value, value: &Value) -> Vec<Cell> {
        let spec = &self.definition.key;
        let names: Vec<&str> = names(spec).collect();
        let of_key = |name: &str| match (spec.is_composite(), key) {
            (true, Value::Array(values)) => names
                .iter()
                .position(|field| *field == name)
                .and_then(|at| values.get(at)),
            (true, _) => key.get(name),
            (false, _) => Some(key),
        };
        let cell = |name: &String| {
            let found = if names.contains(&name.as_str()) {
                of_key(name)
            } else if value.is_object() {
                let nested = || {
                    let (outer, inner) = name.split_once('.')?;
                    value.get(outer)?.get(inner)
                };
                value.get(name).or_else(nested)
            } else {
                Some(value)
            };
            found.map_or(Cell::Null, |value| Cell::from_json(value.clone()))
        };
        columns.iter().map(cell).collect()
    }
}

/// Names of the key's fields, ordered ones first.
fn names(key: &KeySpec) -> impl Iterator<Item = &str> {
    let ordered = key.fields().iter().map(|field| field.name.as_str());
    ordered.chain(key.ride_on().iter().map(|field| field.name.as_str()))
}

/// Adds a column, unless SQLite has one of the name in another case: plain tables go without that.
fn add(columns: &mut Vec<String>, name: &str) {
    if !columns
        .iter()
        .any(|column| column.eq_ignore_ascii_case(name))
    {
        columns.push(name.to_owned());
    }
}

/// A key of named ascending fields.
pub fn key(fields: &[(&str, KeyType)]) -> KeySpec {
    let fields = fields
        .iter()
        .map(|(name, kind)| KeyField::new(*name, *kind))
        .collect();
    KeySpec::composite(fields, Vec::new()).unwrap()
}

/// A relation of one field.
pub fn relation(field: &str, target: &str, target_field: &str) -> Relation {
    Relation {
        source_fields: vec![field.to_owned()],
        target_store: target.to_owned(),
        target_fields: vec![target_field.to_owned()],
    }
}

/// Splits the fields that form the key off an object.
pub fn item(key: &KeySpec, row: Value) -> (Value, Value) {
    let Value::Object(fields) = row else {
        panic!("{row} is no object")
    };
    let (of_key, rest): (Map<_, _>, Map<_, _>) = fields
        .into_iter()
        .partition(|(name, _)| names(key).any(|field| field == name));
    (Value::Object(of_key), Value::Object(rest))
}
