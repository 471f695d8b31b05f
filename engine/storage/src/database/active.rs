//! Which snapshots are in use, so that nothing they can see is reclaimed or forgotten.

use std::collections::BTreeMap;

/// Transactions that hold one snapshot.
#[derive(Debug)]
struct Holders {
    count: usize,
    /// Since when it has been held, in milliseconds of the monotonic clock.
    since_ms: u64,
}

/// Sequences of the snapshots that running transactions hold.
#[derive(Debug, Default)]
pub(crate) struct Active {
    writers: BTreeMap<u64, Holders>,
    readers: BTreeMap<u64, Holders>,
}

impl Active {
    pub fn enter(&mut self, sequence: u64, writes: bool, now_ms: impl FnOnce() -> u64) {
        let holders = self.side(writes).entry(sequence);
        let holders = holders.or_insert_with(|| Holders {
            count: 0,
            since_ms: now_ms(),
        });
        holders.count += 1;
    }

    pub fn leave(&mut self, sequence: u64, writes: bool) {
        let side = self.side(writes);
        if let Some(holders) = side.get_mut(&sequence) {
            holders.count -= 1;
            if holders.count == 0 {
                side.remove(&sequence);
            }
        }
    }

    fn side(&mut self, writes: bool) -> &mut BTreeMap<u64, Holders> {
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

    /// Since when the snapshot that has been held longest is in use, in milliseconds of the monotonic clock.
    pub fn oldest_since_ms(&self) -> Option<u64> {
        let held = self.writers.values().chain(self.readers.values());
        held.map(|holders| holders.since_ms).min()
    }

    /// Running transactions that write.
    pub fn writers(&self) -> usize {
        self.writers.values().map(|holders| holders.count).sum()
    }

    /// Running transactions that only read.
    pub fn readers(&self) -> usize {
        self.readers.values().map(|holders| holders.count).sum()
    }

    /// Running transactions.
    pub fn count(&self) -> usize {
        self.writers() + self.readers()
    }
}
