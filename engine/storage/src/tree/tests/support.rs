//! An in-memory store of nodes and small helpers.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::tree::{
    Cursor, Location, NodeCache, NodeSink, NodeSource, Result, Tree, TreeConfig, TreeContext,
    TreeError, TreeReport,
};

/// What a tree should hold.
pub type Model = BTreeMap<Vec<u8>, (u64, Vec<u8>)>;

/// Stored nodes and values by location.
#[derive(Default)]
pub struct Memory {
    blobs: Mutex<BTreeMap<Location, Arc<[u8]>>>,
    next: Mutex<u64>,
}

impl Memory {
    pub fn put(&self, bytes: &[u8]) -> Location {
        let mut next = self.next.lock();
        let location = Location {
            segment: (*next >> 14) as u32,
            offset: *next as u32,
            len: bytes.len() as u32,
            checksum: 0,
        };
        *next += bytes.len() as u64 + 1;
        self.blobs.lock().insert(location, Arc::from(bytes));
        location
    }

    pub fn locations(&self) -> Vec<Location> {
        self.blobs.lock().keys().copied().collect()
    }

    pub fn remove(&self, location: &Location) -> bool {
        self.blobs.lock().remove(location).is_some()
    }

    pub fn change(&self, location: &Location, change: impl FnOnce(&mut Vec<u8>)) {
        let mut blobs = self.blobs.lock();
        let mut bytes = blobs[location].to_vec();
        change(&mut bytes);
        blobs.insert(*location, Arc::from(bytes));
    }

    fn get(&self, location: &Location) -> Result<Arc<[u8]>> {
        let found = self.blobs.lock().get(location).cloned();
        found.ok_or_else(|| TreeError::Source(format!("nothing at {location}")))
    }
}

impl NodeSource for Memory {
    fn read_node(&self, location: &Location) -> Result<Arc<[u8]>> {
        self.get(location)
    }

    fn read_value(&self, location: &Location) -> Result<Arc<[u8]>> {
        self.get(location)
    }
}

impl NodeSink for Arc<Memory> {
    fn write_node(&mut self, _level: u8, bytes: &[u8]) -> Result<Location> {
        Ok(self.put(bytes))
    }

    fn write_value(&mut self, bytes: &[u8]) -> Result<Location> {
        Ok(self.put(bytes))
    }
}

/// A context over an empty store, with a cache of `limit` bytes.
pub fn context(limit: u64) -> (Arc<Memory>, Arc<TreeContext>) {
    let memory = Arc::new(Memory::default());
    let context = TreeContext::new(
        Arc::clone(&memory) as Arc<dyn NodeSource>,
        NodeCache::new(limit),
    );
    (memory, context)
}

/// A tree in memory.
pub fn tree(config: TreeConfig) -> Tree {
    Tree::new(config, context(1 << 30).1)
}

pub fn number(value: u64) -> [u8; 8] {
    value.to_be_bytes()
}

/// All of a tree by a walk forwards.
pub fn contents(tree: &Tree) -> Model {
    let mut out = Model::new();
    let mut cursor = tree.cursor();
    while cursor.next().unwrap() {
        let (key, item) = item(&cursor);
        assert!(out.insert(key, item).is_none());
    }
    out
}

/// What the cursor is at.
pub fn item(cursor: &Cursor<'_>) -> (Vec<u8>, (u64, Vec<u8>)) {
    let value = cursor.value().unwrap().unwrap().to_vec();
    (
        cursor.key().unwrap().to_vec(),
        (cursor.version().unwrap(), value),
    )
}

/// Fails when a check finds anything.
pub fn assert_clean(tree: &Tree) {
    let mut report = TreeReport::default();
    tree.check_as(true, &mut report);
    assert_eq!(report.findings, []);
    assert_eq!(report.items, tree.len());
}
