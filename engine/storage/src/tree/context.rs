//! What trees share: where nodes are read from, the cache, and counters.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::Location;
use super::cache::NodeCache;
use super::error::Result;

/// Reads stored nodes and values. Implementations verify checksums and answer
/// [`TreeError::Corrupt`](super::TreeError::Corrupt) for damaged blobs.
pub trait NodeSource: Send + Sync {
    /// The bytes of the node at `location`.
    fn read_node(&self, location: &Location) -> Result<Arc<[u8]>>;
    /// The bytes of the separate value at `location`.
    fn read_value(&self, location: &Location) -> Result<Arc<[u8]>>;
}

/// Stores nodes and values, each at a new location.
pub trait NodeSink {
    /// Stores a node; `level` is 0 for a leaf, 1 for the inner nodes above leaves, and so on.
    fn write_node(&mut self, level: u8, bytes: &[u8]) -> Result<Location>;
    /// Stores a separate value.
    fn write_value(&mut self, bytes: &[u8]) -> Result<Location>;
}

/// Shared by the trees of a database.
pub struct TreeContext {
    source: Arc<dyn NodeSource>,
    cache: Arc<NodeCache>,
    pub(crate) counters: Counters,
}

/// Counts of what trees did since they were opened.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    nodes_read: AtomicU64,
    values_read: AtomicU64,
    pages_copied: AtomicU64,
    inners_copied: AtomicU64,
}

/// Figures of a [`TreeContext`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TreeCounts {
    /// Nodes read from the source.
    pub nodes_read: u64,
    /// Separate values read from the source.
    pub values_read: u64,
    /// Pages copied because a snapshot or reader held them.
    pub pages_copied: u64,
    /// Inner nodes copied because a snapshot held them.
    pub inners_copied: u64,
}

impl Counters {
    pub fn page_copied(&self) {
        self.pages_copied.fetch_add(1, Relaxed);
    }

    pub fn inner_copied(&self) {
        self.inners_copied.fetch_add(1, Relaxed);
    }
}

impl TreeContext {
    /// Trees of this context read from `source` and share `cache`.
    pub fn new(source: Arc<dyn NodeSource>, cache: Arc<NodeCache>) -> Arc<Self> {
        Arc::new(Self {
            source,
            cache,
            counters: Counters::default(),
        })
    }

    /// The shared cache.
    pub fn cache(&self) -> &Arc<NodeCache> {
        &self.cache
    }

    /// Current counts.
    pub fn counts(&self) -> TreeCounts {
        TreeCounts {
            nodes_read: self.counters.nodes_read.load(Relaxed),
            values_read: self.counters.values_read.load(Relaxed),
            pages_copied: self.counters.pages_copied.load(Relaxed),
            inners_copied: self.counters.inners_copied.load(Relaxed),
        }
    }

    pub(crate) fn read_node(&self, location: &Location) -> Result<Arc<[u8]>> {
        self.counters.nodes_read.fetch_add(1, Relaxed);
        self.source.read_node(location)
    }

    pub(crate) fn read_value(&self, location: &Location) -> Result<Arc<[u8]>> {
        self.counters.values_read.fetch_add(1, Relaxed);
        self.source.read_value(location)
    }
}
