//! What was committed lately: the writes that transactions still running have to be checked against.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::seeded::{self, Fault};
use crate::transaction::reads::Reads;
use crate::transaction::writes::{StoreId, Writes};

/// The most bytes of past writes that are kept for validation. A transaction that began before the
/// oldest one kept gets a conflict and runs again.
pub(crate) const MAX_HISTORY_BYTES: usize = 256 << 20;

struct Note {
    sequence: u64,
    writes: Arc<Writes>,
}

/// Writes of the commits after the oldest write transaction still running, in order.
#[derive(Default)]
pub(crate) struct History {
    notes: VecDeque<Note>,
    bytes: usize,
    /// Commits up to this one are forgotten.
    floor: u64,
}

/// Where a transaction met another's change.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Clash {
    pub sequence: u64,
    /// Store and physical key; `None` when the history no longer reaches back far enough.
    pub place: Option<(StoreId, Vec<u8>)>,
}

impl History {
    /// Looks for a commit after `base` that changed something read or written.
    pub fn clash(&self, base: u64, reads: &Reads, writes: &Writes) -> Option<Clash> {
        if base < self.floor && !seeded::is(Fault::ForgetHistoryTooEarly) {
            return Some(Clash {
                sequence: self.floor,
                place: None,
            });
        }
        let first = self.notes.partition_point(|note| note.sequence <= base);
        self.notes
            .iter()
            .skip(first)
            .find_map(|note| note.clash(reads, writes))
    }

    pub fn push(&mut self, sequence: u64, writes: Arc<Writes>) {
        self.bytes += writes.bytes();
        self.notes.push_back(Note { sequence, writes });
        while self.bytes > MAX_HISTORY_BYTES && self.notes.len() > 1 {
            self.pop();
        }
    }

    /// Takes back the notes from `first` on, for commits that did not happen.
    pub fn retract_from(&mut self, first: u64) {
        while self.notes.back().is_some_and(|n| n.sequence >= first) {
            if let Some(note) = self.notes.pop_back() {
                self.bytes -= note.writes.bytes();
            }
        }
    }

    /// Forgets commits that no running transaction can miss; gives them back to be freed without a lock.
    #[must_use]
    pub fn forget_up_to(&mut self, oldest_base: u64) -> Vec<Arc<Writes>> {
        let oldest_base = if seeded::is(Fault::ForgetHistoryTooEarly) {
            u64::MAX
        } else {
            oldest_base
        };
        let mut forgotten = Vec::new();
        while self
            .notes
            .front()
            .is_some_and(|note| note.sequence <= oldest_base)
        {
            forgotten.extend(self.pop());
        }
        forgotten
    }

    /// Bytes of the commits that are kept.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn pop(&mut self) -> Option<Arc<Writes>> {
        let note = self.notes.pop_front()?;
        self.bytes -= note.writes.bytes();
        self.floor = note.sequence;
        Some(note.writes)
    }
}

impl Note {
    fn clash(&self, reads: &Reads, writes: &Writes) -> Option<Clash> {
        first_meeting(&self.writes, reads, writes).map(|place| Clash {
            sequence: self.sequence,
            place: Some(place),
        })
    }
}

/// The first place among `theirs` that was read or is written by another.
pub(crate) fn first_meeting(
    theirs: &Writes,
    reads: &Reads,
    writes: &Writes,
) -> Option<(StoreId, Vec<u8>)> {
    theirs.stores.iter().find_map(|(store, theirs)| {
        let read = reads.first_overlap(*store, theirs);
        let key = read.or_else(|| {
            if seeded::is(Fault::SkipWriteValidation) {
                return None;
            }
            let ours = writes.stores.get(store)?;
            let (small, large) = if ours.len() <= theirs.len() {
                (ours, theirs)
            } else {
                (theirs, ours)
            };
            small.keys().find(|key| large.contains(key))
        })?;
        Some((*store, key.to_vec()))
    })
}
