//! Figures of an open database for those who watch it: counters since it was opened, and what is now.
//!
//! Always true: counting takes a few relaxed additions and a short lock nobody waits for, at most once for a group
//! of commits, a flush or a checkpoint; nothing is counted for single items or read transactions. Counters never go down while the database is open. The parts of
//! one answer may be some instants apart.

mod commit_times;
mod histogram;
mod log;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::Mutex;

use commit_times::CommitTimes;
pub use histogram::Distribution;
use histogram::Histogram;
pub(crate) use log::MeteredLog;

use super::core::Core;
use crate::clock::Clock;

/// Limits of the groups that are told apart by their number of commits.
const GROUP_SIZES: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024];
/// Limits of the times that are told apart, in nanoseconds: 25 microseconds to 10 seconds.
const TIMES_NS: &[u64] = &[
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    10_000_000_000,
];

/// What the parts of a database count.
#[derive(Debug)]
pub(crate) struct Meters {
    commit_times: CommitTimes,
    records: AtomicU64,
    record_bytes: AtomicU64,
    group_sizes: Histogram,
    flush_ns: Histogram,
    checkpoint_ns: Histogram,
    checkpoint_failures: AtomicU64,
    checkpoint_failure: Mutex<Option<String>>,
}

impl Default for Meters {
    fn default() -> Self {
        Self {
            commit_times: CommitTimes::default(),
            records: AtomicU64::new(0),
            record_bytes: AtomicU64::new(0),
            group_sizes: Histogram::new(GROUP_SIZES),
            flush_ns: Histogram::new(TIMES_NS),
            checkpoint_ns: Histogram::new(TIMES_NS),
            checkpoint_failures: AtomicU64::new(0),
            checkpoint_failure: Mutex::new(None),
        }
    }
}

impl Meters {
    /// Makes a checkpoint and notes how long it took or why it failed.
    pub fn checkpoint<T, E: std::fmt::Display>(
        &self,
        clock: &dyn Clock,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let started = clock.monotonic_ns();
        let made = make();
        match &made {
            Ok(_) => {
                self.checkpoint_ns.add(clock.monotonic_ns() - started);
                *self.checkpoint_failure.lock() = None;
            }
            Err(error) => {
                self.checkpoint_failures.fetch_add(1, Relaxed);
                *self.checkpoint_failure.lock() = Some(error.to_string());
            }
        }
        made
    }
}

/// Figures of an open database. Counters and distributions are since it was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// Sequence of the newest commit.
    pub sequence: u64,
    /// Number of stores.
    pub stores: u64,
    /// Items of all stores, exact.
    pub items: u64,
    /// Bytes of keys and values of all stores.
    pub live_bytes: u64,
    /// Bytes of all files of the database.
    pub bytes_on_disk: u64,
    /// Bytes that the commit log takes on the disk.
    pub log_bytes_on_disk: u64,
    /// Whether writes are refused.
    pub read_only: bool,
    /// Commits that were answered.
    pub commits: u64,
    /// Commits that were refused because of another's change.
    pub conflicts: u64,
    /// Records appended to the log. A two-phase commit takes more than one.
    pub records: u64,
    /// Bytes of these records, without their headers.
    pub record_bytes: u64,
    /// Records that were appended together.
    pub group_sizes: Distribution,
    /// How long appending and flushing, or flushing alone, took, in nanoseconds.
    pub flush_ns: Distribution,
    /// Checkpoints that were made, by the time they took in nanoseconds.
    pub checkpoint_ns: Distribution,
    /// Checkpoints that failed.
    pub checkpoint_failures: u64,
    /// Why the last checkpoint failed; none when it was made.
    pub checkpoint_failure: Option<String>,
    /// Bytes of nodes and values written to segment files.
    pub segment_bytes_written: u64,
    /// Bytes of segment files that were removed because nothing in them was used any more.
    pub segment_bytes_reclaimed: u64,
    /// Look-ups that the node cache answered.
    pub cache_hits: u64,
    /// Look-ups that went to the disk.
    pub cache_misses: u64,
    /// Nodes and values dropped from memory to stay within the limit.
    pub cache_evictions: u64,
    /// Bytes in the node cache.
    pub cache_bytes: u64,
    /// The limit of `cache_bytes`.
    pub cache_limit_bytes: u64,
    /// Running transactions that write.
    pub active_writers: u64,
    /// Running transactions that read only, checks and backups included.
    pub active_readers: u64,
    /// How long ago the oldest snapshot in use ceased to be the newest, to a tenth of a second; zero when none is
    /// in use, or all are the newest.
    pub oldest_snapshot_age: Duration,
    /// Prepared transactions that wait for their decision.
    pub prepared_transactions: u64,
}

/// Puts the figures together.
pub(super) fn collect(core: &Core) -> Metrics {
    let snapshot = core.snapshot();
    let cache = core.trees.cache().stats();
    let (counters, meters) = (&core.counters, &core.meters);
    let segments = core.blobs.traffic();
    let now_ms = core.clock.monotonic_ms();
    let active = core.count_active();
    let writers = core.count_writers().min(active);
    // Zero stands for one that is just being taken.
    let oldest = core.oldest_active().map(|edition| edition.sequence);
    let oldest = oldest.filter(|sequence| *sequence > 0);
    let since_ms = oldest
        .filter(|sequence| *sequence < snapshot.sequence)
        .and_then(|sequence| meters.commit_times.superseded_ms(sequence));
    Metrics {
        sequence: snapshot.sequence,
        stores: snapshot.stores.len() as u64,
        items: snapshot.items(),
        live_bytes: snapshot.stores.values().map(|s| s.tree.bytes()).sum(),
        bytes_on_disk: super::backup::bytes_on_disk(core),
        log_bytes_on_disk: core.log.bytes_on_disk(),
        read_only: core.read_only().is_some(),
        commits: counters.commits.load(Relaxed),
        conflicts: counters.conflicts.load(Relaxed),
        records: meters.records.load(Relaxed),
        record_bytes: meters.record_bytes.load(Relaxed),
        group_sizes: meters.group_sizes.read(),
        flush_ns: meters.flush_ns.read(),
        checkpoint_ns: meters.checkpoint_ns.read(),
        checkpoint_failures: meters.checkpoint_failures.load(Relaxed),
        checkpoint_failure: meters.checkpoint_failure.lock().clone(),
        segment_bytes_written: segments.written,
        segment_bytes_reclaimed: segments.removed,
        cache_hits: cache.hits,
        cache_misses: cache.misses,
        cache_evictions: cache.evictions,
        cache_bytes: cache.bytes,
        cache_limit_bytes: cache.limit,
        active_writers: writers as u64,
        active_readers: (active - writers) as u64,
        oldest_snapshot_age: since_ms.map_or(Duration::ZERO, |since| {
            Duration::from_millis(now_ms.saturating_sub(since))
        }),
        prepared_transactions: snapshot.prepared.held().count() as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn a_failed_checkpoint_is_said_until_one_is_made() {
        let (meters, clock) = (Meters::default(), ManualClock::new(0));
        let failed = meters.checkpoint(&clock, || Err::<(), _>("no room"));
        assert_eq!(failed, Err("no room"));
        assert_eq!(meters.checkpoint_failures.load(Relaxed), 1);
        assert_eq!(meters.checkpoint_failure.lock().as_deref(), Some("no room"));
        let made = meters.checkpoint(&clock, || {
            clock.advance_ms(7);
            Ok::<_, &str>(1)
        });
        assert_eq!(made, Ok(1));
        assert_eq!(meters.checkpoint_ns.read().sum, 7_000_000);
        assert_eq!(*meters.checkpoint_failure.lock(), None);
    }
}
