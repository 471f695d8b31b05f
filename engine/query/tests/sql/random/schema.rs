//! Random stores: keys of each shape, documents of a few fields, small domains so that values meet.

use super::rng::Rng;
use crate::data::{Dataset, StoreData};
use serde_json::{Map, Value, json};
use sop::{KeyField, KeySpec, KeyType, RideOnField, StoreDefinition};

/// What the values of a column are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Int,
    /// Never whole, so that no integer equals one.
    Real,
    Text,
    Date,
    DateTime,
    Uuid,
    Bool,
    /// Any of the others in one column, and arrays.
    Mixed,
    Object,
}

/// A column that queries may name.
#[derive(Clone, Debug)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
}

/// A store as the generator sees it.
#[derive(Clone, Debug)]
pub struct Table {
    pub name: String,
    /// Those of the key first.
    pub columns: Vec<Column>,
    /// How many of them are ordered fields of the key, and which of these descend.
    pub descending: Vec<bool>,
    pub unique: bool,
}

/// A random database.
pub struct Schema {
    pub tables: Vec<Table>,
    pub data: Dataset,
}

const DOCUMENT: [(&str, Kind); 8] = [
    ("i", Kind::Int),
    ("j", Kind::Int),
    ("r", Kind::Real),
    ("t", Kind::Text),
    ("d", Kind::Date),
    ("b", Kind::Bool),
    ("m", Kind::Mixed),
    ("o", Kind::Object),
];

/// Fields of a key: type, kind of its values, whether it descends. One without names is a single key.
type KeyShape = (bool, &'static [(KeyType, Kind, bool)]);

const KEYS: [KeyShape; 14] = [
    (false, &[(KeyType::I64, Kind::Int, false)]),
    (false, &[(KeyType::String, Kind::Text, false)]),
    (false, &[(KeyType::Date, Kind::Date, false)]),
    (true, &[(KeyType::I64, Kind::Int, false)]),
    (true, &[(KeyType::I16, Kind::Int, true)]),
    (true, &[(KeyType::String, Kind::Text, true)]),
    (true, &[(KeyType::Uuid, Kind::Uuid, false)]),
    (
        true,
        &[
            (KeyType::String, Kind::Text, false),
            (KeyType::I64, Kind::Int, true),
        ],
    ),
    (
        true,
        &[
            (KeyType::Date, Kind::Date, true),
            (KeyType::I32, Kind::Int, false),
        ],
    ),
    (
        true,
        &[
            (KeyType::F64, Kind::Real, false),
            (KeyType::String, Kind::Text, true),
        ],
    ),
    (
        true,
        &[
            (KeyType::Bool, Kind::Bool, true),
            (KeyType::DateTime, Kind::DateTime, false),
        ],
    ),
    (
        true,
        &[
            (KeyType::I64, Kind::Int, false),
            (KeyType::I8, Kind::Int, true),
            (KeyType::String, Kind::Text, false),
        ],
    ),
    (
        true,
        &[
            (KeyType::Date, Kind::Date, true),
            (KeyType::String, Kind::Text, true),
            (KeyType::I64, Kind::Int, true),
        ],
    ),
    (
        true,
        &[
            (KeyType::Decimal, Kind::Real, true),
            (KeyType::Bool, Kind::Bool, false),
            (KeyType::Uuid, Kind::Uuid, true),
        ],
    ),
];

/// A random database of two to four stores.
pub fn schema(rng: &mut Rng) -> Schema {
    let (mut tables, mut stores) = (Vec::new(), Vec::new());
    for at in 0..2 + rng.below(3) {
        let (table, store) = table(rng, at);
        tables.push(table);
        stores.push(store);
    }
    Schema {
        tables,
        data: Dataset { stores },
    }
}

fn table(rng: &mut Rng, at: usize) -> (Table, StoreData) {
    let &(named, fields) = rng.pick(&KEYS);
    let ride_on = named && fields.len() > 1 && rng.chance(25);
    let mut columns: Vec<Column> = fields
        .iter()
        .enumerate()
        .map(|(at, &(_, kind, _))| Column {
            name: if named {
                format!("k{at}")
            } else {
                "key".to_owned()
            },
            kind,
        })
        .collect();
    if ride_on {
        columns.push(column("ride", Kind::Int));
    }
    let of_key = columns.len();
    for (name, kind) in DOCUMENT {
        if rng.chance(55) {
            columns.push(column(name, kind));
        }
    }
    let unique = rng.chance(80);
    let definition = StoreDefinition {
        unique,
        slot_length: if rng.chance(50) { 4 } else { 2_000 },
        ..StoreDefinition::new(format!("s{at}"), spec(named, fields, ride_on))
    };
    let rows = match rng.below(12) {
        0 => 0,
        1 => 1,
        2 if fields.len() > 1 => 120,
        _ => 8 + rng.below(32),
    };
    let items = items(
        rng,
        &definition,
        &columns[..of_key],
        &columns[of_key..],
        rows,
    );
    // Nested fields are columns, too.
    if columns.iter().any(|column| column.kind == Kind::Object) {
        columns.push(column("o.x", Kind::Int));
        columns.push(column("o.y", Kind::Text));
    }
    // What no document has is no column.
    let store = StoreData { definition, items };
    let seen = store.columns();
    columns.retain(|column| seen.contains(&column.name));
    let table = Table {
        name: store.definition.name.clone(),
        descending: fields
            .iter()
            .map(|&(_, _, descending)| descending)
            .collect(),
        unique,
        columns,
    };
    (table, store)
}

fn column(name: &str, kind: Kind) -> Column {
    Column {
        name: name.to_owned(),
        kind,
    }
}

fn spec(named: bool, fields: &[(KeyType, Kind, bool)], ride_on: bool) -> KeySpec {
    if !named {
        return KeySpec::single(fields[0].0);
    }
    let field = |(at, &(kind, _, descending)): (usize, &(KeyType, Kind, bool))| {
        let field = KeyField::new(format!("k{at}"), kind);
        if descending {
            field.descending()
        } else {
            field
        }
    };
    let fields = fields.iter().enumerate().map(field).collect();
    let ride_on = if ride_on {
        vec![RideOnField::new("ride", KeyType::I64)]
    } else {
        Vec::new()
    };
    KeySpec::composite(fields, ride_on).unwrap()
}

fn items(
    rng: &mut Rng,
    definition: &StoreDefinition,
    of_key: &[Column],
    of_value: &[Column],
    rows: usize,
) -> Vec<(Value, Value)> {
    let mut items: Vec<(Value, Value)> = Vec::new();
    let spec = &definition.key;
    while items.len() < rows {
        let key = if spec.is_composite() {
            let values = of_key.iter().enumerate().map(|(at, column)| {
                // Later fields may be missing; one is always there.
                if at > 0 && rng.chance(6) {
                    Value::Null
                } else {
                    value(rng, column.kind)
                }
            });
            Value::Array(values.collect())
        } else {
            value(rng, of_key[0].kind)
        };
        let order = |key: &Value| spec.key_from_json(key).unwrap().values;
        if definition.unique && items.iter().any(|(other, _)| order(other) == order(&key)) {
            // A small domain may be used up.
            if rng.chance(10) {
                break;
            }
            continue;
        }
        let mut fields = Map::new();
        for column in of_value {
            match rng.below(10) {
                0 => {}
                1 => drop(fields.insert(column.name.clone(), Value::Null)),
                _ => drop(fields.insert(column.name.clone(), value(rng, column.kind))),
            }
        }
        items.push((key, Value::Object(fields)));
    }
    items
}

/// A value of a kind, never null.
pub fn value(rng: &mut Rng, kind: Kind) -> Value {
    const TEXT: [&str; 14] = [
        "", "a", "ab", "abc", "b", "B", "A", "x y", "ä", "10", "5", "50%", "a_b", "zz",
    ];
    match kind {
        Kind::Int => json!(rng.between(-6, 14)),
        Kind::Real => json!(rng.between(-6, 10) as f64 + 0.5),
        Kind::Text => json!(rng.pick(&TEXT)),
        Kind::Date => json!(format!(
            "2024-{:02}-{:02}",
            rng.between(1, 2),
            rng.between(1, 9)
        )),
        Kind::DateTime => {
            json!(format!(
                "2024-01-{:02}T0{}:30:00",
                rng.between(1, 9),
                rng.between(0, 3)
            ))
        }
        Kind::Uuid => json!(format!(
            "0000000{0}-0000-4000-8000-00000000000{0}",
            rng.between(0, 9)
        )),
        Kind::Bool => json!(rng.chance(50)),
        Kind::Mixed => match rng.below(7) {
            0 => json!([rng.between(0, 3), "x", null]),
            1 => value(rng, Kind::Real),
            2 => value(rng, Kind::Text),
            3 => value(rng, Kind::Bool),
            4 => value(rng, Kind::Date),
            _ => value(rng, Kind::Int),
        },
        Kind::Object => {
            let mut fields = Map::new();
            if rng.chance(80) {
                fields.insert("x".into(), value(rng, Kind::Int));
            }
            if rng.chance(80) {
                fields.insert("y".into(), value(rng, Kind::Text));
            }
            Value::Object(fields)
        }
    }
}
