//! Helpers of the tests of this crate: databases in folders that are removed again.

use sop::key::{Key, KeySpec};
use sop::{Database, Document, StoreDefinition};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

static NEXT: AtomicU64 = AtomicU64::new(0);

/// A database that goes with its folder when the test ends.
pub struct TestDatabase {
    pub db: Database,
    folder: PathBuf,
}

impl TestDatabase {
    pub fn new() -> Self {
        let name = format!("sop-query-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        let db = Database::open(&folder).unwrap();
        Self { db, folder }
    }

    /// Makes a store.
    pub fn create(&self, name: &str, key: KeySpec) {
        self.db.transact(|tx| tx.create_store(StoreDefinition::new(name, key.clone()))).unwrap();
    }

    /// Puts items into a store.
    pub fn fill(&self, name: &str, items: impl IntoIterator<Item = (Key, &'static str)>) {
        let items: Vec<_> = items.into_iter().map(|(key, value)| (key, document(value))).collect();
        self.db
            .transact(|tx| {
                let store = tx.store(name)?;
                items.iter().try_for_each(|(key, value)| store.insert(key, value).map(|_| ()))
            })
            .unwrap();
    }

    /// All items of a store as `key=value` lines.
    pub fn dump(&self, name: &str) -> Vec<String> {
        let tx = self.db.begin(sop::Mode::Read).unwrap();
        let store = tx.store(name).unwrap();
        let items = store.range(&sop::KeyRange::all(), sop::Direction::Forward).unwrap();
        items
            .map(|item| {
                let item = item.unwrap();
                format!("{}={}", store.definition().key.key_to_json(&item.key), item.value.to_json())
            })
            .collect()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let _ = self.db.close();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A document from JSON text.
pub fn document(json: &str) -> Document {
    Document::from_json(json.as_bytes()).unwrap()
}
