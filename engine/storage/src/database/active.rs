//! Which snapshots are in use, so that nothing they can see is reclaimed or forgotten.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::snapshot::Edition;

/// The snapshots that running transactions hold.
#[derive(Debug, Default)]
pub(crate) struct Active {
    writers: BTreeMap<Edition, usize>,
    readers: BTreeMap<Edition, usize>,
}

impl Active {
    pub fn enter(&mut self, edition: Edition, writes: bool) {
        *self.side(writes).entry(edition).or_default() += 1;
    }

    pub fn leave(&mut self, edition: Edition, writes: bool) {
        let side = self.side(writes);
        if let Some(n) = side.get_mut(&edition) {
            *n -= 1;
            if *n == 0 {
                side.remove(&edition);
            }
        }
    }

    fn side(&mut self, writes: bool) -> &mut BTreeMap<Edition, usize> {
        if writes {
            &mut self.writers
        } else {
            &mut self.readers
        }
    }

    /// Sequence of the oldest snapshot of a write transaction.
    pub fn oldest_writer(&self) -> Option<u64> {
        self.writers.keys().next().map(|edition| edition.sequence)
    }

    /// The oldest snapshot of any transaction.
    pub fn oldest(&self) -> Option<Edition> {
        let (writers, readers) = (self.writers.keys(), self.readers.keys());
        writers.take(1).chain(readers.take(1)).min().copied()
    }

    /// Running transactions that write.
    pub fn writers(&self) -> usize {
        self.writers.values().sum()
    }

    /// Running transactions.
    pub fn count(&self) -> usize {
        self.writers.values().chain(self.readers.values()).sum()
    }
}

/// Words for the snapshots of read transactions, more than run at the same time as a rule.
const SLOTS: usize = 128;
/// A word nobody uses, and one whose user has no snapshot yet. Others hold the sequence and two.
const FREE: u64 = 0;
const ENTERING: u64 = 1;
const FIRST: u64 = 2;

/// A word on a cache line of its own, so that readers on different cores do not meet, and the turn of the snapshot,
/// which is written before the word.
#[derive(Debug)]
#[repr(align(64))]
struct Slot(AtomicU64, AtomicU64);

/// Snapshots of read transactions: a word for each, so that a read transaction begins without a lock of its
/// own. Who finds no word registers with [`Active`].
#[derive(Debug)]
pub(crate) struct Readers {
    slots: Box<[Slot]>,
}

thread_local! {
    /// Where the thread looks for a word first.
    static PLACE: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// A place for this thread that few others share.
fn place() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    PLACE.with(|place| {
        if place.get() == usize::MAX {
            place.set(NEXT.fetch_add(1, Ordering::Relaxed) % SLOTS);
        }
        place.get()
    })
}

impl Default for Readers {
    fn default() -> Self {
        Self {
            slots: (0..SLOTS)
                .map(|_| Slot(AtomicU64::new(FREE), AtomicU64::new(0)))
                .collect(),
        }
    }
}

impl Readers {
    /// Takes a word, before the snapshot is taken; until [`set`](Self::set) it stands for the oldest of all.
    pub fn claim(&self) -> Option<usize> {
        let place = place();
        (place..SLOTS).chain(0..place).find(|at| {
            self.slots.get(*at).is_some_and(|slot| {
                slot.0
                    .compare_exchange(FREE, ENTERING, Ordering::Relaxed, Ordering::Relaxed)
                    .is_ok()
            })
        })
    }

    /// The claimed word stands for this snapshot.
    pub fn set(&self, slot: usize, edition: Edition) {
        if let Some(slot) = self.slots.get(slot) {
            slot.1.store(edition.turn, Ordering::Relaxed);
            slot.0
                .store(edition.sequence.saturating_add(FIRST), Ordering::Release);
        }
    }

    /// Gives a word back, after the snapshot.
    pub fn free(&self, slot: usize) {
        if let Some(slot) = self.slots.get(slot) {
            slot.0.store(FREE, Ordering::Release);
        }
    }

    /// The snapshots in use. When a word changes hands meanwhile, the turn is that of the one who has it now, or
    /// later, which is one who came after the question.
    fn used(&self) -> impl Iterator<Item = Edition> {
        self.slots
            .iter()
            .filter_map(|slot| match slot.0.load(Ordering::Acquire) {
                FREE => None,
                ENTERING => Some(Edition::default()),
                word => Some(Edition {
                    sequence: word - FIRST,
                    turn: slot.1.load(Ordering::Relaxed),
                }),
            })
    }

    /// The oldest snapshot in use; the first of all when one is just being taken. Only sure after the current
    /// snapshot was locked for writing: see [`Core::oldest_active`](super::core::Core::oldest_active).
    pub fn oldest(&self) -> Option<Edition> {
        self.used().min()
    }

    /// Words in use.
    pub fn count(&self) -> usize {
        self.used().count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_hold_words_until_none_is_left() {
        let readers = Readers::default();
        let slots: Vec<usize> = std::iter::from_fn(|| readers.claim()).collect();
        assert_eq!((slots.len(), readers.count()), (SLOTS, SLOTS));
        let first = Some(Edition::default());
        assert_eq!(readers.oldest(), first, "all are just entering");
        let edition = |turn| Edition { sequence: 10, turn };
        for (slot, turn) in slots.iter().zip(10..) {
            readers.set(*slot, edition(turn));
        }
        assert_eq!(readers.oldest(), Some(edition(10)));
        readers.free(slots[0]);
        assert_eq!(readers.oldest(), Some(edition(11)));
        assert_eq!(readers.claim(), Some(slots[0]));
        assert_eq!(readers.oldest(), first);
        for slot in slots {
            readers.free(slot);
        }
        assert_eq!((readers.oldest(), readers.count()), (None, 0));
    }
}
