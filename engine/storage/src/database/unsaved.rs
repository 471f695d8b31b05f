//! How much memory may hold what no checkpoint has written yet, and what commits do about it.
//!
//! A commit to many leaves makes all of them new at once: ten thousand items with random keys are ten thousand pages.
//! So it is not enough to look at what is unsaved now. What a change costs is learned from the commits before,
//! and a commit that would go beyond the limit waits for a checkpoint before it is applied, not after.
//!
//! Always: a commit waits for at most two checkpoints, since an older snapshot may keep unsaved nodes that none writes.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::core::Core;

/// The least that the bytes of unsaved nodes and values are limited to, however small the cache is.
const MIN_DIRTY_BYTES: u64 = 8 << 20;
/// After so many groups that cost less, an expectation has fallen to a third.
const MEMORY: u64 = 16;

/// What is expected of a change, in bytes of unsaved nodes and values.
#[derive(Debug, Default)]
pub(super) struct Growth(AtomicU64);

impl Growth {
    /// A group of `changes` made unsaved bytes grow from `before` to `now`. A checkpoint may have made them fewer
    /// meanwhile, so more is believed at once and less little by little.
    pub fn learn(&self, changes: u64, before: u64, now: u64) {
        if changes > 0 {
            let expected = self.0.load(Relaxed);
            let seen = now.saturating_sub(before).div_ceil(changes);
            self.0
                .store(seen.max(expected - expected.div_ceil(MEMORY)), Relaxed);
        }
    }

    fn of(&self, changes: u64) -> u64 {
        self.0.load(Relaxed).saturating_mul(changes)
    }
}

impl Core {
    /// Bytes of unsaved nodes and values at which a checkpoint starts.
    pub fn dirty_limit(&self) -> u64 {
        (self.trees.cache().limit() / 4 * 3).max(MIN_DIRTY_BYTES)
    }

    /// The most bytes of them that commits do not wait at, about the whole cache.
    fn most_dirty(&self) -> u64 {
        let limit = self.dirty_limit();
        limit + limit / 3
    }

    /// Whether a commit of `changes` is expected to go beyond the limit.
    fn would_overflow(&self, changes: u64) -> bool {
        let most = self.most_dirty();
        // A guess from small commits is too much for a large one: that does not wait for an empty cache.
        let growth = self.growth.of(changes).min(most / 2);
        self.trees.cache().dirty_bytes() + growth > most
    }

    /// Waits until a commit of `changes` has room.
    pub(super) fn wait_for_room(&self, changes: u64) {
        // The first checkpoint that ends may have begun before.
        for _ in 0..2 {
            if changes == 0 || !self.would_overflow(changes) {
                return;
            }
            self.background.wake_and_wait();
        }
    }

    /// Whether a checkpoint is due for the sake of memory. `changes`: of the last commit, the next is expected to
    /// be like it.
    pub(super) fn is_full(&self, changes: u64) -> bool {
        self.trees.cache().dirty_bytes() >= self.dirty_limit() || self.would_overflow(changes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_is_expected_at_once_and_less_little_by_little() {
        let growth = Growth::default();
        assert_eq!(growth.of(1_000), 0);
        growth.learn(10, 500, 1_500);
        assert_eq!(growth.of(1_000), 100_000);
        growth.learn(0, 0, 1 << 30);
        growth.learn(10, 1_500, 0);
        assert_eq!(growth.of(1_000), 93_000);
        growth.learn(10, 0, 10_000);
        assert_eq!(growth.of(1), 1_000);
        for _ in 0..300 {
            growth.learn(10, 0, 10);
        }
        assert_eq!(growth.of(u64::MAX), u64::MAX);
        assert_eq!(growth.of(5), 5);
    }
}
