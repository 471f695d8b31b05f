//! Helpers of the tests of this crate: databases in a simulated file system.

use sop::key::{Key, KeySpec};
use sop::vfs::SimVfs;
use sop::{Database, Document, OpenOptions, StoreDefinition};
use std::sync::Arc;

/// A database in memory.
pub struct TestDatabase {
    pub db: Database,
}

impl TestDatabase {
    pub fn new() -> Self {
        let options = OpenOptions::new()
            .vfs(Arc::new(SimVfs::new()))
            .background(false);
        Self {
            db: options.open("/db").unwrap(),
        }
    }

    /// Makes a store.
    pub fn create(&self, name: &str, key: &KeySpec) {
        self.db
            .transact(|tx| tx.create_store(StoreDefinition::new(name, key.clone())))
            .unwrap();
    }

    /// Puts items into a store.
    pub fn fill(&self, name: &str, items: impl IntoIterator<Item = (Key, impl AsRef<str>)>) {
        let items: Vec<_> = items
            .into_iter()
            .map(|(key, value)| (key, document(value.as_ref())))
            .collect();
        self.db
            .transact(|tx| {
                let store = tx.documents(name)?;
                items
                    .iter()
                    .try_for_each(|(key, value)| store.insert(key, value).map(|_| ()))
            })
            .unwrap();
    }

    /// All items of a store as `key=value` lines.
    pub fn dump(&self, name: &str) -> Vec<String> {
        let tx = self.db.begin(sop::Mode::Read).unwrap();
        let store = tx.documents(name).unwrap();
        let items = store
            .range(&sop::KeyRange::all(), sop::Direction::Forward)
            .unwrap();
        items
            .map(|item| {
                let item = item.unwrap();
                format!(
                    "{}={}",
                    store.definition().key.key_to_json(&item.key),
                    item.value.to_json()
                )
            })
            .collect()
    }
}

/// A document from JSON text.
pub fn document(json: &str) -> Document {
    Document::from_json(json.as_bytes()).unwrap()
}
