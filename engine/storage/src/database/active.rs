//! Which snapshots are in use, so that nothing they can see is reclaimed or forgotten.

use std::collections::BTreeMap;

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

    /// Running transactions.
    pub fn count(&self) -> usize {
        self.writers.values().chain(self.readers.values()).sum()
    }
}
