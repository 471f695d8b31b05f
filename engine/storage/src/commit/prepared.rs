//! Prepared transactions: what each of them holds until it is decided, and which outcomes are remembered.
//!
//! [`PreparedState`] is part of a snapshot: what the log says up to its sequence, so it comes back with a
//! checkpoint and the replay like the trees do. Always true:
//!
//! - What a held transaction read or writes cannot be changed, and what it writes cannot be read, by a
//!   commit after its record. So it can be committed at any later sequence, without being validated again.
//! - A transaction leaves by one durable record that says its outcome, also when its time is over.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::history::{Clash, first_meeting};
use crate::seeded::{self, Fault};
use crate::transaction::reads::Reads;
use crate::transaction::writes::{StoreId, Writes};

/// How many outcomes are remembered, the newest of a database. They survive a restart.
pub const MAX_REMEMBERED_OUTCOMES: usize = 1_024;

/// How a prepared transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PreparedOutcome {
    /// It was committed.
    Committed {
        /// Sequence of the commit: the version of its items.
        sequence: u64,
    },
    /// It was rolled back by its coordinator.
    RolledBack,
    /// Its time was over before it was decided, and it was rolled back.
    Expired,
}

/// What a prepared transaction promises and needs.
#[derive(Debug)]
pub(crate) struct PreparedTransaction {
    pub id: Arc<str>,
    /// Milliseconds since 1970.
    pub prepared_at_ms: u64,
    /// As `prepared_at_ms`; from then on it counts as rolled back.
    pub expires_at_ms: u64,
    /// First item id that neither it nor any transaction before it has used.
    pub next_item_id: u64,
    pub reads: Reads,
    pub writes: Arc<Writes>,
}

/// A transaction that waits for its decision.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    /// Sequence of the record that prepared it.
    pub sequence: u64,
    pub transaction: Arc<PreparedTransaction>,
}

/// A remembered outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remembered {
    pub id: Arc<str>,
    /// Sequence of the record that decided.
    pub sequence: u64,
    pub outcome: PreparedOutcome,
}

#[derive(Clone, Debug, Default)]
struct Inner {
    held: BTreeMap<Arc<str>, Held>,
    /// Oldest first.
    outcomes: VecDeque<Remembered>,
}

/// All prepared transactions and remembered outcomes as of a sequence. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub(crate) struct PreparedState {
    inner: Arc<Inner>,
}

impl PreparedState {
    /// Whether nothing waits for a decision.
    pub fn is_empty(&self) -> bool {
        self.inner.held.is_empty()
    }

    /// Those that wait, in the order of their ids.
    pub fn held(&self) -> impl Iterator<Item = &Held> {
        self.inner.held.values()
    }

    /// The outcomes that are remembered, oldest first.
    pub fn outcomes(&self) -> impl Iterator<Item = &Remembered> {
        self.inner.outcomes.iter()
    }

    pub fn find(&self, id: &str) -> Option<&Held> {
        self.inner.held.get(id)
    }

    pub fn outcome(&self, id: &str) -> Option<&Remembered> {
        self.inner.outcomes.iter().rev().find(|o| &*o.id == id)
    }

    /// Holds a transaction from its record on. An id that was used before is forgotten with its outcome.
    pub fn hold(&mut self, sequence: u64, transaction: Arc<PreparedTransaction>) {
        let inner = Arc::make_mut(&mut self.inner);
        let id = Arc::clone(&transaction.id);
        inner.outcomes.retain(|o| o.id != id);
        let held = Held {
            sequence,
            transaction,
        };
        inner.held.insert(id, held);
    }

    /// Ends one with a record of this sequence; gives what it held. `None` when it does not wait.
    pub fn decide(&mut self, id: &str, outcome: PreparedOutcome, sequence: u64) -> Option<Held> {
        let inner = Arc::make_mut(&mut self.inner);
        let held = inner.held.remove(id)?;
        let id = Arc::clone(&held.transaction.id);
        self.remember(Remembered {
            id,
            sequence,
            outcome,
        });
        Some(held)
    }

    /// Adds an outcome and forgets the oldest when there are too many.
    pub fn remember(&mut self, outcome: Remembered) {
        let outcomes = &mut Arc::make_mut(&mut self.inner).outcomes;
        outcomes.push_back(outcome);
        while outcomes.len() > MAX_REMEMBERED_OUTCOMES {
            outcomes.pop_front();
        }
    }

    /// Ids of those whose time is over.
    pub fn due(&self, now_unix_ms: u64) -> Vec<Arc<str>> {
        self.held()
            .filter(|held| held.transaction.expires_at_ms <= now_unix_ms)
            .map(|held| Arc::clone(&held.transaction.id))
            .collect()
    }

    /// When the next one's time is over, in milliseconds since 1970.
    pub fn next_expiry_ms(&self) -> Option<u64> {
        self.held().map(|h| h.transaction.expires_at_ms).min()
    }

    /// Looks for a transaction that holds something read or written here.
    pub fn clash(&self, reads: &Reads, writes: &Writes) -> Option<(Clash, Arc<str>)> {
        if seeded::is(Fault::IgnorePrepared) {
            return None;
        }
        self.held().find_map(|held| {
            let place = held.transaction.clash(reads, writes)?;
            let clash = Clash {
                sequence: held.sequence,
                place: Some(place),
            };
            Some((clash, Arc::clone(&held.transaction.id)))
        })
    }
}

impl PreparedTransaction {
    fn clash(&self, reads: &Reads, writes: &Writes) -> Option<(StoreId, Vec<u8>)> {
        let theirs = first_meeting(&self.writes, reads, writes);
        // It must find what it read as it was: nobody writes that before it is decided.
        theirs.or_else(|| {
            writes.stores.iter().find_map(|(store, ours)| {
                let key = self.reads.first_overlap(*store, ours)?;
                Some((*store, key.to_vec()))
            })
        })
    }
}
