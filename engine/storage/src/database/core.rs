//! What every handle of an open database shares: its parts, and the commit of a group.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use parking_lot::{Mutex, RwLock};

use super::active::{Active, Readers};
use super::checkpoint::CheckpointState;
use super::group::{Group, Verdict};
use super::metrics::Meters;
use super::open::Recovery;
use super::options::Durability;
use super::publish::is_very_large;
use super::shapes::Shapes;
use super::snapshot::{Edition, Snapshot};
use super::trees::Trees;
use super::unsaved::Growth;
use crate::blob::LocalBlobs;
use crate::clock::Clock;
use crate::commit::history::{Clash, History};
use crate::commit::queue::{CommitQueue, Kind, Request, Ticket};
use crate::database_id::DatabaseId;
use crate::error::{Error, Result};
use crate::lock::DatabaseLock;
use crate::log::{CommitLog, Durability as LogDurability, LogError};
use crate::options_file::Folders;
use crate::rng::Rng;
use crate::seeded::{self, Fault};
use crate::transaction::writes::{CATALOG, StoreId, Writes};
use crate::vfs::Vfs;

/// So many bytes of past commits may wait for the next one to be forgotten.
const KEPT_HISTORY_BYTES: usize = 1 << 20;

/// Counters of an open database, since it was opened.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub commits: AtomicU64,
    pub groups: AtomicU64,
    pub conflicts: AtomicU64,
    pub checkpoints: AtomicU64,
}

/// What is serialized among commits.
pub(crate) struct CommitState {
    history: History,
    pub(super) next_sequence: u64,
}

/// A commit was applied in part only.
pub(super) struct Broken {
    pub(super) detail: String,
    /// The last commit that was applied whole.
    pub(super) before: u64,
}

pub(super) fn not_applied(error: &Error) -> String {
    format!(
        "a commit is durable in the log but could not be applied ({error}); open the database again, or restore the damaged part from a backup"
    )
}

/// How a transaction is registered as running.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pass {
    /// With a word of its own.
    Slot(usize),
    /// In the list.
    Listed { edition: Edition, writes: bool },
}

/// What never changes while a database is open.
pub(crate) struct Fixed {
    pub path: PathBuf,
    pub folders: Folders,
    pub id: DatabaseId,
    pub vfs: Arc<dyn Vfs>,
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
    pub durability: Durability,
    pub time_limit_ms: u64,
    pub checkpoint_log_bytes: u64,
    pub log: Arc<dyn CommitLog>,
    pub blobs: Arc<LocalBlobs>,
    pub trees: Trees,
    pub recovery: Recovery,
    pub meters: Arc<Meters>,
}

/// The shared part of all handles.
pub(crate) struct Core {
    fixed: Fixed,
    pub counters: Counters,
    pub next_store_id: AtomicU64,
    pub next_item_id: AtomicU64,
    /// Bytes of records since the last checkpoint began; what wakes the background thread.
    pub log_bytes: AtomicU64,
    pub checkpoint: Mutex<CheckpointState>,
    pub background: super::background::Background,
    /// Held while a batch is added to an index, so that two builders do not undo each other's work.
    pub index_batch: Mutex<()>,
    /// What went wrong with the last index that could not be built.
    pub index_failure: Mutex<Option<String>>,
    pub(super) current: RwLock<Arc<Snapshot>>,
    active: Mutex<Active>,
    readers: Readers,
    pub(super) commit: Mutex<CommitState>,
    /// Bytes of the history after it was last forgotten.
    history_bytes: AtomicUsize,
    pub(super) growth: Growth,
    queue: CommitQueue,
    /// Why nothing can be written any more, or from the start.
    read_only: RwLock<Option<String>>,
    /// Why nothing can be read any more: a commit is durable but was applied in part only. Set while
    /// `current` is locked for writing, so that who takes a snapshot and asks then never sees that part.
    pub(super) broken: RwLock<Option<Broken>>,
    /// Whether `broken` says something, to be asked without a lock.
    pub(super) is_broken: AtomicBool,
    closed: AtomicBool,
    /// Held until the database is closed; `None` when opened for reading.
    pub lock: Mutex<Option<DatabaseLock>>,
    #[cfg(test)]
    pub(super) hook: Mutex<Option<super::publish::Hook>>,
}

impl Deref for Core {
    type Target = Fixed;

    fn deref(&self) -> &Fixed {
        &self.fixed
    }
}

/// The parts that [`Core::new`] puts together.
pub(crate) struct CoreParts {
    pub fixed: Fixed,
    pub snapshot: Snapshot,
    pub checkpoint: CheckpointState,
    pub next_store_id: u64,
    pub next_item_id: u64,
    pub log_bytes: u64,
    pub read_only: Option<String>,
    pub lock: Option<DatabaseLock>,
}

impl Core {
    pub fn new(parts: CoreParts) -> Self {
        let next_sequence = parts.snapshot.sequence + 1;
        Self {
            fixed: parts.fixed,
            counters: Counters::default(),
            next_store_id: AtomicU64::new(parts.next_store_id),
            next_item_id: AtomicU64::new(parts.next_item_id),
            log_bytes: AtomicU64::new(parts.log_bytes),
            checkpoint: Mutex::new(parts.checkpoint),
            background: super::background::Background::default(),
            index_batch: Mutex::new(()),
            index_failure: Mutex::new(None),
            current: RwLock::new(Arc::new(parts.snapshot)),
            active: Mutex::new(Active::default()),
            readers: Readers::default(),
            commit: Mutex::new(CommitState {
                history: History::default(),
                next_sequence,
            }),
            history_bytes: AtomicUsize::new(0),
            growth: Growth::default(),
            queue: CommitQueue::default(),
            read_only: RwLock::new(parts.read_only),
            broken: RwLock::new(None),
            is_broken: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            lock: Mutex::new(parts.lock),
            #[cfg(test)]
            hook: Mutex::new(None),
        }
    }

    /// The newest committed state, for looking at it at once. Transactions use [`Core::enter`].
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.current.read())
    }

    /// Takes the newest snapshot and registers it as in use, until [`Core::leave`].
    pub fn enter(&self, writes: bool) -> Result<(Arc<Snapshot>, Pass)> {
        if !writes && let Some(slot) = self.readers.claim() {
            let snapshot = self.snapshot();
            if let Err(error) = self.check_whole() {
                self.readers.free(slot);
                return Err(error);
            }
            self.readers.set(slot, snapshot.edition());
            return Ok((snapshot, Pass::Slot(slot)));
        }
        // Registered under the same lock, so that nothing it needs is forgotten in between.
        let mut active = self.active.lock();
        let snapshot = self.snapshot();
        self.check_whole()?;
        let edition = snapshot.edition();
        active.enter(edition, writes);
        let pass = Pass::Listed { edition, writes };
        Ok((snapshot, pass))
    }

    /// Whether the current snapshot is whole. To be asked after taking it.
    fn check_whole(&self) -> Result<()> {
        if !self.is_broken.load(Ordering::Acquire) {
            return Ok(());
        }
        match self.broken.read().as_ref() {
            Some(broken) => Err(Error::corrupt(
                self.path.display().to_string(),
                broken.detail.clone(),
            )),
            None => Ok(()),
        }
    }

    /// Ends what [`Core::enter`] began.
    pub fn leave(&self, pass: Pass) {
        let writes = match pass {
            Pass::Slot(slot) => {
                self.readers.free(slot);
                false
            }
            Pass::Listed { edition, writes } => {
                self.active.lock().leave(edition, writes);
                writes
            }
        };
        // Usually the next commit does this; much memory is not kept for so long.
        if writes
            && self.history_bytes.load(Ordering::Relaxed) > KEPT_HISTORY_BYTES
            && let Some(mut state) = self.commit.try_lock()
        {
            let forgotten = self.forget_history(&mut state);
            drop(state);
            drop(forgotten);
        }
    }

    /// The oldest snapshot in use by a transaction, as far back as the first of all while one is just being taken.
    pub fn oldest_active(&self) -> Option<Edition> {
        // A reader takes its word first and then the snapshot, under this lock. So whoever took a snapshot
        // before is seen below, and whoever is not takes the current one or a newer.
        drop(self.current.write());
        let listed = self.active.lock().oldest();
        listed.into_iter().chain(self.readers.oldest()).min()
    }

    /// Running transactions.
    pub fn count_active(&self) -> usize {
        self.active.lock().count() + self.readers.count()
    }

    /// Running transactions that write.
    pub fn count_writers(&self) -> usize {
        self.active.lock().writers()
    }

    pub fn read_only(&self) -> Option<String> {
        self.read_only.read().clone()
    }

    /// Turns the database read-only; the first reason stays.
    pub fn poison(&self, reason: &str) {
        let mut read_only = self.read_only.write();
        if read_only.is_none() {
            *read_only = Some(reason.to_owned());
        }
    }

    pub fn mark_closed(&self) -> bool {
        !self.closed.swap(true, Ordering::SeqCst)
    }

    /// Whether transactions may begin.
    pub fn check_usable(&self, writes: bool) -> Result<()> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(Error::Closed);
        }
        // What could not be read a moment ago may be readable now.
        self.restore();
        self.check_whole()?;
        if !writes {
            return Ok(());
        }
        match self.read_only() {
            Some(reason) => Err(Error::ReadOnly { reason }),
            None => Ok(()),
        }
    }

    /// Commits one transaction, alone or in a group.
    pub fn commit(&self, request: Request) -> Result<u64> {
        let bytes = request.record().map_or(0, <[u8]>::len) as u64;
        let changes = request.changes();
        self.wait_for_room(changes);
        let sequence = self
            .queue
            .submit(request, |group| self.commit_group(group))?;
        let total = self.log_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if total >= self.checkpoint_log_bytes || self.is_full(changes) {
            self.background.wake();
        }
        Ok(sequence)
    }

    fn commit_group(&self, tickets: &[Arc<Ticket>]) {
        let mut state = self.commit.lock();
        // When its record cannot be written, what it holds stays protected; the group says why.
        let _ = self.expire_due(&mut state);
        let group = self.validate_group(&mut state, tickets);
        if group.tickets.is_empty() {
            return;
        }
        let first = group.first;
        let dirty = self.trees.cache().dirty_bytes();
        let records: Vec<&[u8]> = group
            .tickets
            .iter()
            .filter_map(|ticket| ticket.request.record())
            .collect();
        if seeded::is(Fault::PublishBeforeDurable) {
            let _ = self.publish(first, &group.writes, &group.prepared);
        }
        let (appended, beside) = if is_very_large(&group.writes) {
            self.append_and_apply(&group, &records)
        } else {
            (self.append(first, &records, group.promises), None)
        };
        if let Err(error) = appended
            && !seeded::is(Fault::AcknowledgeFailedAppend)
        {
            state.history.retract_from(first);
            group.answer_all(|| error.clone().into());
            return;
        }
        state.next_sequence = first + group.tickets.len() as u64;
        let published = match beside {
            Some(made) => self.publish_beside(made, first, &group.writes, &group.prepared),
            None => self.publish(first, &group.writes, &group.prepared),
        };
        match published {
            Ok(()) => {
                let changes = group.writes.iter().map(|writes| writes.items() as u64);
                let now = self.trees.cache().dirty_bytes();
                self.growth.learn(changes.sum(), dirty, now);
                self.counters.groups.fetch_add(1, Ordering::Relaxed);
                self.counters
                    .commits
                    .fetch_add(group.commits(), Ordering::Relaxed);
                let forgotten = self.forget_history(&mut state);
                group.answer();
                drop(state);
                drop(forgotten);
            }
            Err(error) => {
                let detail = not_applied(&error);
                self.poison(&detail);
                self.restore();
                group.answer_all(|| Error::corrupt("commit", detail.clone()));
            }
        }
    }

    /// Appends records; `promises`: they have to be durable whatever was asked for commits.
    pub(super) fn append(
        &self,
        first: u64,
        records: &[&[u8]],
        promises: bool,
    ) -> Result<(), LogError> {
        let durability = match self.durability {
            Durability::EveryMs(_) | Durability::None if !promises => LogDurability::NoSync,
            _ => LogDurability::Sync,
        };
        match self.log.append_if(first, records, durability) {
            Ok(appended) => {
                if appended.low_on_room {
                    self.background.wake_for_log();
                }
                Ok(())
            }
            Err(error) => {
                if !seeded::is(Fault::AcknowledgeFailedAppend)
                    && let Some(refusal) = self.log.refusal()
                {
                    self.poison(&refusal.to_string());
                }
                Err(error)
            }
        }
    }

    /// Answers those that conflict or have nothing to write; gives the others in their order.
    fn validate_group(&self, state: &mut CommitState, tickets: &[Arc<Ticket>]) -> Group {
        let prepared = self.current.read().prepared.clone();
        let mut group = Group::new(state.next_sequence, prepared, tickets.len());
        let usable = self.check_usable(true).err().map(|e| e.to_string());
        for ticket in tickets {
            let request = &ticket.request;
            if let (Some(reason), Some(_)) = (&usable, &request.payload) {
                ticket.answer(Err(Error::ReadOnly {
                    reason: reason.clone(),
                }));
                continue;
            }
            match self.validate(&state.history, &mut group, request) {
                Verdict::Answer(result) => ticket.answer(result),
                Verdict::AnswerAfterGroup(result) => group.late.push((Arc::clone(ticket), result)),
                Verdict::Record(writes) => {
                    if !seeded::is(Fault::IgnoreGroup) {
                        state.history.push(group.next(), Arc::clone(&writes));
                    }
                    group.promises |= !matches!(request.kind, Kind::Changes);
                    group.writes.push(writes);
                    group.tickets.push(Arc::clone(ticket));
                }
            }
        }
        if seeded::is(Fault::IgnoreGroup) {
            for (writes, sequence) in group.writes.iter().zip(group.first..) {
                state.history.push(sequence, Arc::clone(writes));
            }
        }
        group
    }

    fn validate(&self, history: &History, group: &mut Group, request: &Request) -> Verdict {
        let (reads, writes) = match &request.kind {
            Kind::Changes => (&request.reads, &request.writes),
            Kind::Prepare(transaction) => {
                if let Some(refused) = group.refuse_id(&transaction.id) {
                    return refused;
                }
                (&transaction.reads, &transaction.writes)
            }
            Kind::Decide(decision, id) => {
                return group.decide(*decision, id, self.clock.now_unix_ms());
            }
        };
        let clash = history.clash(request.base, reads, writes);
        let clash = clash.map(|clash| (clash, None)).or_else(|| {
            let (clash, holder) = group.prepared.clash(reads, writes)?;
            Some((clash, Some(holder)))
        });
        if let Some((clash, holder)) = clash {
            self.counters.conflicts.fetch_add(1, Ordering::Relaxed);
            return Verdict::Answer(Err(self.describe(clash, holder.as_deref())));
        }
        if request.payload.is_none() {
            return Verdict::Answer(Ok(request.base));
        }
        if let Kind::Prepare(transaction) = &request.kind {
            let sequence = group.next();
            group.prepared.hold(sequence, Arc::clone(transaction));
        }
        Verdict::Record(Arc::clone(&request.writes))
    }

    /// Forgets commits that no running transaction has to be checked against. To be freed without the lock.
    #[must_use]
    fn forget_history(&self, state: &mut CommitState) -> Vec<Arc<Writes>> {
        let oldest = self.active.lock().oldest_writer();
        let forgotten = state.history.forget_up_to(oldest.unwrap_or(u64::MAX));
        self.history_bytes
            .store(state.history.bytes(), Ordering::Relaxed);
        forgotten
    }

    /// After a commit that was applied in part only: makes the state before it again, from the newest
    /// checkpoint and the log, so that reads go on. When that cannot be read either, nothing can.
    fn restore(&self) {
        if !self.is_broken.load(Ordering::Acquire) {
            return;
        }
        let Some(before) = self.broken.read().as_ref().map(|broken| broken.before) else {
            return;
        };
        if let Ok(mut snapshot) = super::open::rebuild(self, before) {
            let mut current = self.current.write();
            snapshot.turn = current.turn + 1;
            *current = Arc::new(snapshot);
            *self.broken.write() = None;
            self.is_broken.store(false, Ordering::Release);
        }
    }

    /// Publishes trees that hold the same items differently, unless a commit came in between; then
    /// nothing is done. Whether it was.
    pub fn replace_unchanged(&self, mut next: Snapshot) -> bool {
        let mut current = self.current.write();
        // Of a database that turned read-only, the state may have been taken while it was not whole.
        let unchanged = current.sequence == next.sequence && self.read_only().is_none();
        if unchanged {
            next.turn = current.turn + 1;
            *current = Arc::new(next);
        }
        unchanged
    }

    /// Publishes counts of a store's fields that were made again, unless they changed since.
    pub fn replace_shapes(&self, id: StoreId, before: &Arc<Shapes>, shapes: Shapes) {
        let _commits = self.commit.lock();
        let mut next = Snapshot::clone(&self.snapshot());
        if let Some(store) = next.stores.get_mut(&id)
            && Arc::ptr_eq(&store.shapes, before)
        {
            store.shapes = Arc::new(shapes);
            self.replace_unchanged(next);
        }
    }

    fn describe(&self, clash: Clash, holder: Option<&str>) -> Error {
        let snapshot = self.snapshot();
        let (store, key) = match clash.place {
            None => (String::new(), "(the transaction is too old)".to_owned()),
            Some((CATALOG, name)) => (String::new(), String::from_utf8_lossy(&name).into_owned()),
            Some((id, physical)) => match snapshot.stores.get(&id) {
                None => (String::new(), "(the store was dropped)".to_owned()),
                Some(store) => (
                    store.definition.name.clone(),
                    crate::transaction::item::key_text(&store.definition, &physical),
                ),
            },
        };
        Error::Conflict {
            store,
            key,
            sequence: clash.sequence,
            prepared: holder.map(str::to_owned),
        }
    }
}
