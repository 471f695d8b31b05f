//! Which snapshots are in use, so that nothing they can see is reclaimed or forgotten.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Sequences of the snapshots that running transactions hold.
#[derive(Debug, Default)]
pub(crate) struct Active {
    writers: BTreeMap<u64, usize>,
    readers: BTreeMap<u64, usize>,
}

impl Active {
    pub fn enter(&mut self, sequence: u64, writes: bool) {
        *self.side(writes).entry(sequence).or_default() += 1;
    }

    pub fn leave(&mut self, sequence: u64, writes: bool) {
        let side = self.side(writes);
        if let Some(n) = side.get_mut(&sequence) {
            *n -= 1;
            if *n == 0 {
                side.remove(&sequence);
            }
        }
    }

    fn side(&mut self, writes: bool) -> &mut BTreeMap<u64, usize> {
        if writes {
            &mut self.writers
        } else {
            &mut self.readers
        }
    }

    /// The oldest snapshot of a write transaction.
    pub fn oldest_writer(&self) -> Option<u64> {
        self.writers.keys().next().copied()
    }

    /// The oldest snapshot of any transaction.
    pub fn oldest(&self) -> Option<u64> {
        let reader = self.readers.keys().next().copied();
        self.oldest_writer().into_iter().chain(reader).min()
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

/// A word on a cache line of its own, so that readers on different cores do not meet.
#[derive(Debug)]
#[repr(align(64))]
struct Slot(AtomicU64);

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
            slots: (0..SLOTS).map(|_| Slot(AtomicU64::new(FREE))).collect(),
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
    pub fn set(&self, slot: usize, sequence: u64) {
        if let Some(slot) = self.slots.get(slot) {
            slot.0
                .store(sequence.saturating_add(FIRST), Ordering::Release);
        }
    }

    /// Gives a word back, after the snapshot.
    pub fn free(&self, slot: usize) {
        if let Some(slot) = self.slots.get(slot) {
            slot.0.store(FREE, Ordering::Release);
        }
    }

    fn used(&self) -> impl Iterator<Item = u64> {
        self.slots
            .iter()
            .map(|slot| slot.0.load(Ordering::Acquire))
            .filter(|word| *word != FREE)
    }

    /// The oldest snapshot in use; 0 when one is just being taken. Only sure after the current
    /// snapshot was locked for writing: see [`Core::oldest_active`](super::core::Core::oldest_active).
    pub fn oldest(&self) -> Option<u64> {
        self.used().map(|word| word.saturating_sub(FIRST)).min()
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
        assert_eq!(readers.oldest(), Some(0), "all are just entering");
        for (slot, sequence) in slots.iter().zip(10..) {
            readers.set(*slot, sequence);
        }
        assert_eq!(readers.oldest(), Some(10));
        readers.free(slots[0]);
        assert_eq!(readers.oldest(), Some(11));
        assert_eq!(readers.claim(), Some(slots[0]));
        assert_eq!(readers.oldest(), Some(0));
        for slot in slots {
            readers.free(slot);
        }
        assert_eq!((readers.oldest(), readers.count()), (None, 0));
    }
}
