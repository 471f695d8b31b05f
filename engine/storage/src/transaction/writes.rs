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

/// One item's change, as [`StoreWrites`] gives and takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change<'a> {
    Put {
        intent: Intent,
        payload: &'a [u8],
        /// Whether the snapshot has the item, so that counts need no second look.
        replaces: bool,
    },
    Remove,
}

impl Change<'_> {
    fn payload_bytes(self) -> usize {
        match self {
            Self::Put { payload, .. } => payload.len(),
            Self::Remove => 0,
        }
    }

    /// By how much the change moves the number of items of the snapshot.
    fn delta(self) -> i64 {
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

/// What a change is kept as.
#[derive(Debug)]
enum Kept {
    Put {
        intent: Intent,
        payload: Vec<u8>,
        replaces: bool,
    },
    Remove,
}

impl Kept {
    fn change(&self) -> Change<'_> {
        match self {
            Self::Put {
                intent,
                payload,
                replaces,
            } => Change::Put {
                intent: *intent,
                payload,
                replaces: *replaces,
            },
            Self::Remove => Change::Remove,
        }
    }
}

/// Changed items of one store, by physical key.
#[derive(Debug, Default)]
pub(crate) struct StoreWrites {
    items: BTreeMap<Vec<u8>, Kept>,
    /// Bytes of keys and payloads.
    bytes: usize,
}

impl StoreWrites {
    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Bytes of keys and payloads.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn get(&self, key: &[u8]) -> Option<Change<'_>> {
        self.items.get(key).map(Kept::change)
    }

    pub fn contains(&self, key: &[u8]) -> bool {
        self.items.contains_key(key)
    }

    /// Sets the change of a key; one that was there is forgotten.
    pub fn insert(&mut self, key: &[u8], change: Change<'_>) {
        self.remove(key);
        self.bytes += key.len() + change.payload_bytes();
        let kept = match change {
            Change::Put {
                intent,
                payload,
                replaces,
            } => Kept::Put {
                intent,
                payload: payload.to_vec(),
                replaces,
            },
            Change::Remove => Kept::Remove,
        };
        self.items.insert(key.to_vec(), kept);
    }

    /// Forgets the change of a key; whether there was one.
    pub fn remove(&mut self, key: &[u8]) -> bool {
        let before = self.items.remove(key);
        if let Some(before) = &before {
            self.bytes -= key.len() + before.change().payload_bytes();
        }
        before.is_some()
    }

    /// All changes in the order of their keys.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&[u8], Change<'_>)> {
        self.range(Bound::Unbounded, Bound::Unbounded)
    }

    /// All keys, in any order.
    pub fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.items.keys().map(Vec::as_slice)
    }

    /// The changes within the bounds in the order of their keys; none when no key can lie within them.
    pub fn range(
        &self,
        lo: Bound<&[u8]>,
        hi: Bound<&[u8]>,
    ) -> impl DoubleEndedIterator<Item = (&[u8], Change<'_>)> {
        let items = (!is_empty_range(lo, hi)).then(|| self.items.range::<[u8], _>((lo, hi)));
        let items = items.into_iter().flatten();
        items.map(|(key, kept)| (key.as_slice(), kept.change()))
    }
}

/// All changes of one transaction.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    pub catalog: Vec<CatalogChange>,
    pub stores: BTreeMap<StoreId, StoreWrites>,
}

impl Writes {
    pub fn is_empty(&self) -> bool {
        self.catalog.is_empty() && self.stores.values().all(StoreWrites::is_empty)
    }

    /// Bytes of keys and payloads, for limits.
    pub fn bytes(&self) -> usize {
        self.stores.values().map(StoreWrites::bytes).sum()
    }

    /// Number of changed items.
    pub fn items(&self) -> usize {
        self.stores.values().map(StoreWrites::len).sum()
    }

    pub fn get(&self, store: StoreId, key: &[u8]) -> Option<Change<'_>> {
        self.stores.get(&store)?.get(key)
    }

    pub fn set(&mut self, store: StoreId, key: &[u8], change: Change<'_>) {
        self.stores.entry(store).or_default().insert(key, change);
    }

    /// Forgets a change, for an item that was inserted and removed again.
    pub fn unset(&mut self, store: StoreId, key: &[u8]) {
        if let Some(writes) = self.stores.get_mut(&store) {
            writes.remove(key);
        }
    }

    /// Forgets all changes of a store that is dropped.
    pub fn forget_store(&mut self, store: StoreId) {
        self.stores.remove(&store);
    }

    /// Marks a name of the list of stores as changed.
    pub fn touch_name(&mut self, name: &[u8]) {
        self.set(CATALOG, name, Change::Remove);
    }

    /// By how much the changes within the bounds move the number of items.
    pub fn delta(&self, store: StoreId, lo: Bound<&[u8]>, hi: Bound<&[u8]>) -> i64 {
        match self.stores.get(&store) {
            Some(writes) => writes.range(lo, hi).map(|(_, change)| change.delta()).sum(),
            None => 0,
        }
    }
}

/// Whether no key can lie within the bounds; most maps must not be asked then.
pub(crate) fn is_empty_range(lo: Bound<&[u8]>, hi: Bound<&[u8]>) -> bool {
    match (lo, hi) {
        (Bound::Included(l), Bound::Included(h)) => l > h,
        (Bound::Included(l) | Bound::Excluded(l), Bound::Included(h) | Bound::Excluded(h)) => {
            l >= h
        }
        _ => false,
    }
}
