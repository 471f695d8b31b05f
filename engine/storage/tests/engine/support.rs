//! Short ways to make databases, keys and documents.

use std::sync::Arc;

use sop::vfs::SimVfs;
use sop::{
    Database, Direction, Document, DocumentStore, Item, Key, KeyRange, KeySpec, KeyType, Mode,
    OpenOptions, StoreDefinition,
};

pub const FOLDER: &str = "/db";

/// A database on a simulated disk, without a background thread: every run is the same. The log's files
/// are small: a simulated power cut copies all of the disk.
pub fn options(disk: &Arc<SimVfs>) -> OpenOptions {
    OpenOptions::new()
        .vfs(disk.clone())
        .background(false)
        .checkpoint_log_bytes(16 << 10)
}

pub fn disk() -> Arc<SimVfs> {
    Arc::new(SimVfs::new())
}

pub fn memory() -> Database {
    options(&disk()).open(FOLDER).unwrap()
}

pub fn doc(json: &str) -> Document {
    Document::from_json(json.as_bytes()).unwrap()
}

pub fn int(i: i64) -> Key {
    Key::from(i)
}

pub fn int_store(name: &str) -> StoreDefinition {
    StoreDefinition::new(name, KeySpec::single(KeyType::I64))
}

/// A database with the store `s` of i64 keys, holding `keys`.
pub fn with_items(keys: impl IntoIterator<Item = i64>) -> Database {
    let db = memory();
    create(&db, int_store("s"));
    insert(&db, "s", keys);
    db
}

pub fn create(db: &Database, definition: StoreDefinition) {
    db.transact(|tx| tx.create_store(definition.clone()))
        .unwrap();
}

pub fn insert(db: &Database, store: &str, keys: impl IntoIterator<Item = i64>) {
    let tx = db.begin(Mode::Write).unwrap();
    let s = tx.documents(store).unwrap();
    for i in keys {
        s.insert(&int(i), &doc(&i.to_string())).unwrap();
    }
    tx.commit().unwrap();
}

pub fn value(item: Option<Item>) -> Option<String> {
    item.map(|i| i.value.to_json())
}

pub fn ints(store: &DocumentStore<'_>, range: &KeyRange, direction: Direction) -> Vec<i64> {
    store
        .range(range, direction)
        .unwrap()
        .map(|item| as_int(&item.unwrap().key))
        .collect()
}

pub fn all(db: &Database, store: &str) -> Vec<i64> {
    let tx = db.begin(Mode::Read).unwrap();
    let s = tx.documents(store).unwrap();
    ints(&s, &KeyRange::all(), Direction::Forward)
}

pub fn as_int(key: &Key) -> i64 {
    match key.values.as_slice() {
        [sop::KeyValue::I64(i)] => *i,
        other => panic!("not an i64 key: {other:?}"),
    }
}

/// `lo..=hi` of i64 keys.
pub fn between(lo: i64, hi: i64) -> KeyRange {
    use std::ops::Bound::Included;
    KeySpec::single(KeyType::I64)
        .range(Included(&int(lo)), Included(&int(hi)))
        .unwrap()
}
