//! Applying a committed group to the trees, and showing the result.
//!
//! What is applied was validated; nobody sees it before its records are durable, as far as that was asked for.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::core::{Broken, Core, Pass, not_applied};
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
const IN_PLACE_CHANGES: usize = if cfg!(test) { 256 } else { 65_536 };

/// A snapshot that is registered as in use: what it points at stays where it is, also when a checkpoint moves it. A
/// transaction that commits is registered itself, one that was prepared is not.
struct Base<'a> {
    core: &'a Core,
    snapshot: Arc<Snapshot>,
    pass: Pass,
}

impl Drop for Base<'_> {
    fn drop(&mut self) {
        self.core.leave(self.pass);
    }
}

/// A group applied beside the snapshot that is published.
pub(super) struct Beside<'a> {
    base: Base<'a>,
    next: Snapshot,
}

/// Where a test may come in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The snapshot to apply a group to was taken.
    Applying,
    /// The group was applied beside it.
    Publishing,
}

/// What a test does once when a stage is reached.
#[cfg(test)]
pub(super) type Hook = (Stage, Box<dyn FnOnce(&Core) + Send>);

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
    ) -> Result<Beside<'_>> {
        let (snapshot, pass) = self.enter(false)?;
        let base = Base {
            core: self,
            snapshot,
            pass,
        };
        self.reached(Stage::Applying);
        let mut next = Snapshot::clone(&base.snapshot);
        self.apply(&mut next, first, writes, prepared)?;
        Ok(Beside { base, next })
    }

    /// Publishes a group that was applied beside. A checkpoint may have put another snapshot with the same items
    /// in the place of the one it was applied to, whose nodes must not come back: then it is applied again.
    pub(super) fn publish_beside(
        &self,
        made: Result<Beside<'_>>,
        first: u64,
        writes: &[Arc<Writes>],
        prepared: &PreparedState,
    ) -> Result<()> {
        let mut made = made;
        loop {
            let Beside { base, next } = made?;
            self.reached(Stage::Publishing);
            let mut current = self.current.write();
            if Arc::ptr_eq(&current, &base.snapshot) {
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
    ) -> (Result<(), LogError>, Option<Result<Beside<'_>>>) {
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

    #[cfg(not(test))]
    #[inline]
    #[expect(clippy::unused_self, reason = "tests need it")]
    fn reached(&self, _: Stage) {}

    #[cfg(test)]
    fn reached(&self, stage: Stage) {
        let hook = self.hook.lock().take_if(|(at, _)| *at == stage);
        if let Some((_, act)) = hook {
            act(self);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::checkpoint::{self, Effort};
    use super::super::core::Core;
    use super::{IN_PLACE_CHANGES, Stage};
    use crate::vfs::SimVfs;
    use crate::{
        Database, Document, Durability, Key, KeySpec, KeyType, Mode, OpenOptions, StoreDefinition,
    };

    const ITEMS: i64 = 4_000;

    fn write(db: &Database, keys: impl Iterator<Item = i64>, text: &str) {
        let tx = db.begin(Mode::Write).unwrap();
        let s = tx.documents("s").unwrap();
        for key in keys {
            let value = format!("\"{text} {}\"", "x".repeat(100));
            let value = Document::from_json(value.as_bytes()).unwrap();
            s.upsert(&Key::from(key), &value).unwrap();
        }
        drop(s);
        tx.commit().unwrap();
    }

    fn texts(db: &Database) -> Vec<String> {
        let tx = db.begin(Mode::Read).unwrap();
        let s = tx.documents("s").unwrap();
        (0..ITEMS)
            .map(|key| s.get_value(&Key::from(key)).unwrap().unwrap().to_json())
            .collect()
    }

    /// A checkpoint moves nodes, twice, and removes where they were, while a very large group is on its way.
    fn moved_beside(stage: Stage) {
        let db = OpenOptions::new()
            .vfs(Arc::new(SimVfs::new()))
            .background(false)
            .durability(Durability::EveryCommit)
            .cache_bytes(1)
            .segment_bytes(64 << 10)
            .open("/db")
            .unwrap();
        db.transact(|tx| tx.create_store(StoreDefinition::new("s", KeySpec::single(KeyType::I64))))
            .unwrap();
        write(&db, 0..ITEMS, "old");
        db.checkpoint().unwrap();
        // Most of each segment becomes garbage.
        write(&db, (0..ITEMS).filter(|key| key % 1_000 > 200), "new");
        let before = db.core().snapshot().turn;
        let turn = Arc::new(parking_lot::Mutex::new(0));
        let seen = Arc::clone(&turn);
        let act = move |core: &Core| {
            checkpoint::run(core, Effort::Thorough).unwrap();
            *seen.lock() = core.snapshot().turn;
        };
        *db.core().hook.lock() = Some((stage, Box::new(act)));
        // Not to what is moved, which only a group that is applied again knows.
        let is_large = |key: i64| key % 1_000 > 600;
        assert!((0..ITEMS).filter(|key| is_large(*key)).count() > IN_PLACE_CHANGES);
        write(&db, (0..ITEMS).filter(|key| is_large(*key)), "large");
        assert!(*turn.lock() > before, "nothing was moved");
        let want = |key: i64| match key {
            _ if is_large(key) => "\"large ",
            _ if key % 1_000 > 200 => "\"new ",
            _ => "\"old ",
        };
        let holds = |db: &Database| {
            let right = texts(db).into_iter().zip(0..);
            right.fold(true, |all, (text, key)| all && text.starts_with(want(key)))
        };
        assert!(holds(&db));
        assert!(db.check().unwrap().is_clean());
        db.checkpoint().unwrap();
        assert!(holds(&db));
        assert!(db.check().unwrap().is_clean());
        db.close().unwrap();
    }

    #[test]
    fn a_group_applied_to_what_a_checkpoint_moved_is_applied_again() {
        moved_beside(Stage::Publishing);
    }

    #[test]
    fn a_checkpoint_leaves_what_a_group_is_being_applied_to() {
        moved_beside(Stage::Applying);
    }
}
