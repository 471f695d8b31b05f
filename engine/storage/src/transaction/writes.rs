//! What a write transaction changes, kept in key order until it commits.
//!
//! The same value is the transaction's private overlay, the source of its log record, what other
//! transactions are validated against, and what is applied to the trees: one shape, never copied.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use crate::definition::StoreDefinition;
use crate::seeded::{self, Fault};

/// Identifies a store for the life of its database; never used again after the store is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct StoreId(pub u64);

/// The list of stores takes part in validation like a store whose keys are the names.
pub(crate) const CATALOG: StoreId = StoreId(0);

/// Why a value is written; kept in the log so that a replay elsewhere can check it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intent {
    Insert,
    Upsert,
    Update,
}

/// One item's change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Put {
        intent: Intent,
        payload: Vec<u8>,
        /// Whether the snapshot has the item, so that counts need no second look.
        replaces: bool,
    },
    Remove,
}

impl Change {
    fn payload_bytes(&self) -> usize {
        match self {
            Self::Put { payload, .. } => payload.len(),
            Self::Remove => 0,
        }
    }

    /// By how much the change moves the number of items of the snapshot.
    fn delta(&self) -> i64 {
        match self {
            Self::Put { replaces: true, .. } => 0,
            Self::Put { .. } => 1,
            Self::Remove if seeded::is(Fault::WrongCount) => 0,
            Self::Remove => -1,
        }
    }
}

/// A change to the list of stores.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum CatalogChange {
    Create(StoreId, Arc<StoreDefinition>),
    Alter(StoreId, Arc<StoreDefinition>),
    Drop(StoreId),
}

/// Items of one store, by physical key.
pub(crate) type StoreWrites = BTreeMap<Vec<u8>, Change>;

/// All changes of one transaction.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    pub catalog: Vec<CatalogChange>,
    pub stores: BTreeMap<StoreId, StoreWrites>,
    /// Bytes of keys and payloads, for limits.
    pub bytes: usize,
}

impl Writes {
    pub fn is_empty(&self) -> bool {
        self.catalog.is_empty() && self.stores.values().all(BTreeMap::is_empty)
    }

    pub fn get(&self, store: StoreId, key: &[u8]) -> Option<&Change> {
        self.stores.get(&store)?.get(key)
    }

    pub fn set(&mut self, store: StoreId, key: Vec<u8>, change: Change) {
        let key_bytes = key.len();
        self.bytes += key_bytes + change.payload_bytes();
        let before = self.stores.entry(store).or_default().insert(key, change);
        if let Some(before) = before {
            self.bytes -= key_bytes + before.payload_bytes();
        }
    }

    /// Forgets a change, for an item that was inserted and removed again.
    pub fn unset(&mut self, store: StoreId, key: &[u8]) {
        let before = self.stores.get_mut(&store).and_then(|w| w.remove(key));
        if let Some(before) = before {
            self.bytes -= key.len() + before.payload_bytes();
        }
    }

    /// Forgets all changes of a store that is dropped.
    pub fn forget_store(&mut self, store: StoreId) {
        for (key, change) in self.stores.remove(&store).into_iter().flatten() {
            self.bytes -= key.len() + change.payload_bytes();
        }
    }

    /// Marks a name of the list of stores as changed.
    pub fn touch_name(&mut self, name: &[u8]) {
        self.set(CATALOG, name.to_vec(), Change::Remove);
    }

    /// By how much the changes within the bounds move the number of items.
    pub fn delta(&self, store: StoreId, lo: Bound<&[u8]>, hi: Bound<&[u8]>) -> i64 {
        match self.stores.get(&store) {
            Some(writes) if !is_empty_range(lo, hi) => writes
                .range::<[u8], _>((lo, hi))
                .map(|(_, change)| change.delta())
                .sum(),
            _ => 0,
        }
    }
}

/// Whether no key can lie within the bounds; `BTreeMap::range` must not be asked then.
pub(crate) fn is_empty_range(lo: Bound<&[u8]>, hi: Bound<&[u8]>) -> bool {
    match (lo, hi) {
        (Bound::Included(l), Bound::Included(h)) => l > h,
        (Bound::Included(l) | Bound::Excluded(l), Bound::Included(h) | Bound::Excluded(h)) => {
            l >= h
        }
        _ => false,
    }
}
