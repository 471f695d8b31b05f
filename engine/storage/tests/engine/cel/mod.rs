//! Stores in the order of a CEL expression.

mod concurrent;
mod order;
mod refused;

use std::cmp::Ordering;

use sop::{
    CelExpression, Database, Key, KeyField, KeySpec, KeyType, KeyValue, Mode, StoreDefinition,
};

use crate::support::*;

/// Keys of a name and a number. In their natural order the name goes first, case and all.
pub fn named() -> KeySpec {
    let fields = vec![
        KeyField::new("name", KeyType::String),
        KeyField::new("n", KeyType::I64),
    ];
    KeySpec::composite(fields, Vec::new()).unwrap()
}

pub fn key(name: &str, n: i64) -> Key {
    Key::composite([KeyValue::from(name), KeyValue::from(n)])
}

/// Larger numbers first, then names without regard to case.
pub const COMPARE: &str = "mapX.n != mapY.n ? (mapX.n > mapY.n ? -1 : 1) \
     : compare(mapX.name.lowerAscii(), mapY.name.lowerAscii())";
/// The same as a sort key.
pub const SORT_KEY: &str = "[-key.n, key.name.lowerAscii()]";

pub fn compared() -> KeySpec {
    let expression = CelExpression::Compare(COMPARE.to_owned());
    named().ordered_by(expression).unwrap()
}

pub fn sorted() -> KeySpec {
    let expression = CelExpression::SortKey(SORT_KEY.to_owned());
    named().ordered_by(expression).unwrap()
}

/// Keys of one number `n` that a comparer orders.
pub fn numbers(compare: &str) -> KeySpec {
    let fields = vec![KeyField::new("n", KeyType::I64)];
    let spec = KeySpec::composite(fields, Vec::new()).unwrap();
    spec.ordered_by(CelExpression::Compare(compare.to_owned()))
        .unwrap()
}

/// The order of i64, by a comparer; the field itself is descending.
pub fn ascending_against_the_fields() -> KeySpec {
    let fields = vec![KeyField::new("n", KeyType::I64).descending()];
    let compare = "mapX.n < mapY.n ? -1 : mapX.n > mapY.n ? 1 : 0".to_owned();
    let spec = KeySpec::composite(fields, Vec::new()).unwrap();
    spec.ordered_by(CelExpression::Compare(compare)).unwrap()
}

/// What both expressions say, and what a store makes of it.
pub fn expected(x: &Key, y: &Key) -> Ordering {
    let parts = |key: &Key| match key.values.as_slice() {
        [KeyValue::String(name), KeyValue::I64(n)] => (name.clone(), *n),
        other => panic!("not a key: {other:?}"),
    };
    let ((a, m), (b, n)) = (parts(x), parts(y));
    n.cmp(&m)
        .then_with(|| a.to_ascii_lowercase().cmp(&b.to_ascii_lowercase()))
        .then_with(|| a.cmp(&b))
        .then_with(|| m.cmp(&n))
}

/// Small nodes, so that there are many of them.
pub fn store(name: &str, spec: KeySpec) -> StoreDefinition {
    StoreDefinition {
        slot_length: 4,
        ..StoreDefinition::new(name, spec)
    }
}

pub fn check_clean(db: &Database) {
    let report = db.check().unwrap();
    assert!(report.is_clean(), "{:?}", report.problems);
}

pub fn put(db: &Database, store: &str, key: &Key, value: &str) {
    let tx = db.begin(Mode::Write).unwrap();
    tx.documents(store)
        .unwrap()
        .insert(key, &doc(value))
        .unwrap();
    tx.commit().unwrap();
}
