//! Applying a committed group to the trees, and showing the result.
//!
//! What is applied was validated; nobody sees it before its records are durable, as far as that was asked for.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::core::{Broken, Core, not_applied};
use super::group::Group;
use super::snapshot::Snapshot;
use crate::commit::prepared::PreparedState;
use crate::error::{Error, Result};
use crate::log::LogError;
use crate::seeded::{self, Fault};
use crate::transaction::writes::Writes;

/// Up to this many item changes a group is applied in place, while new transactions wait for the
/// snapshot (some tens of milliseconds at most, less than a microsecond for a change); above it they are
/// applied beside the current snapshot, which lets transactions begin meanwhile and costs a copy of each node touched,
/// unless so many of its items change that it is made anew anyway.
const IN_PLACE_CHANGES: usize = 65_536;

/// A group applied beside the snapshot that is published.
pub(super) struct Beside {
    base: Arc<Snapshot>,
    next: Snapshot,
}

/// Whether a group is applied beside the newest snapshot.
pub(super) fn is_very_large(writes: &[Arc<Writes>]) -> bool {
    let changes: usize = writes.iter().map(|writes| writes.items()).sum();
    changes > IN_PLACE_CHANGES
}

impl Core {
    /// Applies what the records from `first` on change, with the prepared transactions as of the last.
    pub(super) fn publish(
        &self,
        first: u64,
        writes: &[Arc<Writes>],
        prepared: &PreparedState,
    ) -> Result<()> {
        if is_very_large(writes) {
            let made = self.applied_beside(first, writes, prepared);
            return self.publish_beside(made, first, writes, prepared);
        }
        let mut current = self.current.write();
        let snapshot = Arc::make_mut(&mut current);
        // Applying it all again does no harm, and a read that failed may work now.
        self.apply(snapshot, first, writes, prepared)
            .or_else(|_| self.apply(snapshot, first, writes, prepared))
            .inspect_err(|error| {
                *self.broken.write() = Some(Broken {
                    detail: not_applied(error),
                    before: first - 1,
                });
                self.is_broken.store(true, Ordering::Release);
            })
    }

    fn apply(
        &self,
        snapshot: &mut Snapshot,
        first: u64,
        writes: &[Arc<Writes>],
        prepared: &PreparedState,
    ) -> Result<()> {
        let mut group: Vec<_> = writes.iter().zip(first..).collect();
        if seeded::is(Fault::ApplyInWrongOrder) {
            group.reverse();
        }
        group
            .into_iter()
            .try_for_each(|(writes, seq)| snapshot.apply(seq, writes, &self.trees))?;
        snapshot.prepared = prepared.clone();
        snapshot.turn += 1;
        Ok(())
    }

    /// The newest snapshot with a group applied; the newest one stays as it is.
    fn applied_beside(
        &self,
        first: u64,
        writes: &[Arc<Writes>],
        prepared: &PreparedState,
    ) -> Result<Beside> {
        let base = self.snapshot();
        let mut next = Snapshot::clone(&base);
        self.apply(&mut next, first, writes, prepared)?;
        Ok(Beside { base, next })
    }

    /// Publishes a group that was applied beside. A checkpoint may have put another snapshot with the same items
    /// in the place of the one it was applied to, whose nodes must not come back: then it is applied again.
    pub(super) fn publish_beside(
        &self,
        made: Result<Beside>,
        first: u64,
        writes: &[Arc<Writes>],
        prepared: &PreparedState,
    ) -> Result<()> {
        let mut made = made;
        loop {
            let Beside { base, next } = made?;
            let mut current = self.current.write();
            if Arc::ptr_eq(&current, &base) {
                *current = Arc::new(next);
                // What is no longer used is freed without the lock, with the last use of `base`.
                return Ok(());
            }
            drop(current);
            made = self.applied_beside(first, writes, prepared);
        }
    }

    /// Appends a group's records and applies the group beside the newest snapshot at the same time; nobody
    /// sees the result before it is published.
    pub(super) fn append_and_apply(
        &self,
        group: &Group,
        records: &[&[u8]],
    ) -> (Result<(), LogError>, Option<Result<Beside>>) {
        let apply = || self.applied_beside(group.first, &group.writes, &group.prepared);
        std::thread::scope(|scope| {
            let name = "sop-apply".to_owned();
            let applying = std::thread::Builder::new()
                .name(name)
                .spawn_scoped(scope, apply);
            let appended = self.append(group.first, records, group.promises);
            let next = match applying {
                Ok(thread) => thread.join().unwrap_or_else(|_| {
                    Err(Error::corrupt(
                        "commit",
                        "the thread that applies it failed",
                    ))
                }),
                Err(_) => apply(),
            };
            (appended, Some(next))
        })
    }
}
