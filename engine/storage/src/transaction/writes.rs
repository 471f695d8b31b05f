//! What a write transaction changes, found in key order until it commits.
//!
//! The same value is the transaction's private overlay, the source of its log record, what other
//! transactions are validated against, and what is applied to the trees: one shape, never copied.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::overlay::Place;
pub(crate) use super::overlay::StoreWrites;
use crate::commit::item;
use crate::definition::StoreDefinition;
use crate::error::{Error, Result};
use crate::log::MAX_RECORD_BYTES;
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

/// One item's change, as the overlay ([`StoreWrites`]) gives and takes it.
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

impl<'a> Change<'a> {
    pub fn payload(self) -> &'a [u8] {
        match self {
            Self::Put { payload, .. } => payload,
            Self::Remove => &[],
        }
    }

    /// Whether the change leaves an item where one was.
    pub fn keeps_place(self) -> bool {
        matches!(self, Self::Put { replaces: true, .. })
    }

    /// By how much the change moves the number of items of the snapshot.
    pub fn delta(self) -> i64 {
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

    /// Bytes that the items take in the commit record, for limits.
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

    /// The changed items of a store.
    pub fn of_store(&mut self, store: StoreId) -> &mut StoreWrites {
        self.stores.entry(store).or_default()
    }

    /// Sets the change of an item at the place that its store's changes gave for it.
    ///
    /// # Errors
    /// [`Error::TransactionTooLarge`]; nothing is changed then.
    pub fn set_at(
        &mut self,
        store: StoreId,
        place: Place,
        key: &[u8],
        change: Change<'_>,
    ) -> Result<()> {
        let bytes = self.bytes() + item::max_len(key, change.payload().len());
        if bytes > MAX_RECORD_BYTES {
            return Err(Error::TransactionTooLarge {
                bytes,
                limit: MAX_RECORD_BYTES,
            });
        }
        self.of_store(store).set(place, key, change);
        Ok(())
    }

    /// Forgets all changes of a store that is dropped.
    pub fn forget_store(&mut self, store: StoreId) {
        self.stores.remove(&store);
    }

    /// Marks a name of the list of stores as changed.
    pub fn touch_name(&mut self, name: &[u8]) {
        self.of_store(CATALOG).insert(name, Change::Remove);
    }

    /// By how much the changes within the bounds move the number of items.
    pub fn delta(&self, store: StoreId, lo: Bound<&[u8]>, hi: Bound<&[u8]>) -> i64 {
        match self.stores.get(&store) {
            Some(writes) => writes.delta(lo, hi),
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
