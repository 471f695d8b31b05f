//! Databases: opening, closing, and what concerns a database as a whole.

pub(crate) mod active;
pub(crate) mod background;
mod backup;
pub(crate) mod catalog_payload;
mod check;
pub(crate) mod checkpoint;
pub(crate) mod core;
mod group;
mod indexes;
mod metrics;
mod open;
mod options;
mod prepared;
mod publish;
mod reclaim;
pub(crate) mod shapes;
pub(crate) mod snapshot;
mod trees;
mod unsaved;
mod usage;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub use check::{CheckReport, MAX_LISTED_PROBLEMS, Problem, StoreCheck};
pub use metrics::{Distribution, Metrics};
pub use open::Recovery;
pub use options::{
    DEFAULT_CACHE_BYTES, DEFAULT_CHECKPOINT_LOG_BYTES, DEFAULT_SEGMENT_BYTES,
    DEFAULT_TIME_LIMIT_MS, Durability, MAX_TIME_LIMIT_MS, OpenOptions,
};
pub use prepared::PreparedInfo;

pub use shapes::schema::{FieldKind, KindCount, StoreField, StoreSchema};

use self::checkpoint::Effort;
use self::core::Core;
use crate::error::{Error, Result};
use crate::transaction::{Mode, Transaction};

/// How often [`Database::transact`] runs a transaction that meets conflicts again.
const MAX_RETRIES: u32 = 64;
/// The longest pause between two attempts, in microseconds.
const MAX_PAUSE_US: u64 = 20_000;

/// Figures of an open database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
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
    /// Bytes in the node cache.
    pub cache_bytes: u64,
    /// Look-ups that the node cache answered, and those that went to the disk.
    pub cache_hits: u64,
    /// See `cache_hits`.
    pub cache_misses: u64,
    /// Commits, groups they were flushed in, and conflicts since opening.
    pub commits: u64,
    /// See `commits`.
    pub commit_groups: u64,
    /// See `commits`.
    pub conflicts: u64,
    /// Checkpoints since opening.
    pub checkpoints: u64,
    /// What went wrong with the last checkpoint; it is tried again. None when it succeeded.
    pub checkpoint_failure: Option<String>,
    /// What went wrong with the last index that could not be built, and was dropped for it.
    pub index_failure: Option<String>,
    /// Bytes of nodes and values in memory that no checkpoint has written yet.
    pub dirty_bytes: u64,
    /// Running transactions.
    pub active_transactions: u64,
    /// Prepared transactions that wait for their decision.
    pub prepared_transactions: u64,
}

/// A handle of an open database. Cloning gives another handle of the same; the last one closes it.
#[derive(Clone)]
pub struct Database {
    handle: Arc<Handle>,
}

/// Closes when the last handle goes. Transactions hold the core, not this.
struct Handle {
    core: Arc<Core>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        // An error has nowhere to go here; `Database::close` reports it. Nothing is lost by it: what
        // was not checkpointed is in the log.
        let _ = close(&self.core);
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database")
            .field("path", &self.handle.core.path)
            .finish_non_exhaustive()
    }
}

fn close(core: &Arc<Core>) -> Result<()> {
    if !core.mark_closed() {
        return Ok(());
    }
    core.background.stop();
    let checkpointed = match core.read_only() {
        None => checkpoint::run(core, Effort::Closing),
        Some(_) => Ok(()),
    };
    // Also without a checkpoint: commits may wait for their flush, and none may come after the lock is
    // given up. A log that failed said so when it did.
    let closed = match core.log.refusal() {
        None => core.log.close(),
        Some(_) => Ok(()),
    };
    core.lock.lock().take();
    checkpointed.and(closed.map_err(Error::from))
}

impl Database {
    /// Opens a database for writing and makes it when the folder is missing or empty.
    ///
    /// # Errors
    /// See [`OpenOptions::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        OpenOptions::new().open(path)
    }

    fn new(core: Arc<Core>) -> Self {
        Self {
            handle: Arc::new(Handle { core }),
        }
    }

    fn core(&self) -> &Arc<Core> {
        &self.handle.core
    }

    /// Begins a transaction on the newest snapshot.
    ///
    /// # Errors
    /// [`Error::ReadOnly`] for writing to a database that cannot be written, [`Error::Closed`].
    pub fn begin(&self, mode: Mode) -> Result<Transaction> {
        Transaction::begin(self.core(), mode)
    }

    /// Runs a write transaction and commits it; on a conflict runs it again on a newer snapshot, up to 64
    /// times, after random pauses whose limit grows to 20 ms. Each run has the time limit of a transaction.
    ///
    /// # Errors
    /// What `work` or the commit fails with; the last conflict when all runs met one.
    pub fn transact<T>(&self, mut work: impl FnMut(&Transaction) -> Result<T>) -> Result<T> {
        let mut attempt = 0;
        loop {
            let tx = self.begin(Mode::Write)?;
            let result = work(&tx).and_then(|value| tx.commit().map(|_| value));
            match result {
                Err(error) if error.is_conflict() && attempt < MAX_RETRIES => {
                    attempt += 1;
                    let limit = MAX_PAUSE_US.min(50 << attempt.min(12));
                    self.pause(limit);
                }
                other => return other,
            }
        }
    }

    /// Waits a random time below the limit, so that transactions that met do not meet again.
    fn pause(&self, limit_us: u64) {
        let core = self.core();
        // Without randomness the middle: those that met have other work to do in between.
        let random = core.rng.next_u64().map_or(limit_us / 2, |n| n % limit_us);
        core.clock.sleep(std::time::Duration::from_micros(random));
    }

    /// Sequence of the newest commit.
    pub fn sequence(&self) -> u64 {
        self.core().snapshot().sequence
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.core().path
    }

    /// The identity that is kept when the folder is copied, as UUID text.
    pub fn id(&self) -> String {
        self.core().id.to_string()
    }

    /// What was found when the database was opened.
    pub fn recovery(&self) -> &Recovery {
        &self.core().recovery
    }

    /// Why nothing can be written; `None` when it can.
    pub fn read_only(&self) -> Option<String> {
        self.core().read_only()
    }

    /// Figures of the database.
    pub fn status(&self) -> Status {
        let core = self.core();
        let snapshot = core.snapshot();
        let cache = core.trees.cache().stats();
        let counters = &core.counters;
        Status {
            sequence: snapshot.sequence,
            stores: snapshot.stores.len() as u64,
            items: snapshot.items(),
            live_bytes: snapshot.stores.values().map(|s| s.tree.bytes()).sum(),
            bytes_on_disk: backup::bytes_on_disk(core),
            cache_bytes: cache.bytes,
            cache_hits: cache.hits,
            cache_misses: cache.misses,
            commits: counters.commits.load(Ordering::Relaxed),
            commit_groups: counters.groups.load(Ordering::Relaxed),
            conflicts: counters.conflicts.load(Ordering::Relaxed),
            checkpoints: counters.checkpoints.load(Ordering::Relaxed),
            checkpoint_failure: core.background.last_failure(),
            index_failure: core.index_failure.lock().clone(),
            dirty_bytes: cache.dirty,
            active_transactions: core.count_active() as u64,
            prepared_transactions: snapshot.prepared.held().count() as u64,
        }
    }

    /// Figures for those who watch the database: counters and times since it was opened.
    pub fn metrics(&self) -> Metrics {
        metrics::collect(self.core())
    }

    /// Writes all changes since the last checkpoint into the trees on disk, and gives back the room of what is no
    /// longer needed. The background thread does this by itself, with less effort for room.
    ///
    /// # Errors
    /// What the disk answered. Nothing is lost: the changes are in the log and in memory, commits go on, and it is
    /// tried again later. Only when the log itself failed is the database read-only afterwards.
    pub fn checkpoint(&self) -> Result<()> {
        let core = self.core();
        core.check_usable(true)?;
        core.expire_prepared()?;
        checkpoint::run(core, Effort::Thorough)
    }

    /// Copies the database as of now into a folder that must be missing or empty, while it is used.
    pub fn backup(&self, to: impl AsRef<Path>) -> Result<()> {
        backup::run(self.core(), to.as_ref())
    }

    /// Verifies everything that can be verified. Reads all data.
    pub fn check(&self) -> Result<CheckReport> {
        self.check_with(&mut |_, _| {})
    }

    /// As [`Database::check`]; `progress` is told name and number of items of each store before it
    /// is read.
    pub fn check_with(&self, progress: &mut dyn FnMut(&str, u64)) -> Result<CheckReport> {
        check::run(self.core(), progress)
    }

    /// Makes a checkpoint and gives the lock up. All handles are closed by it; transactions that
    /// still run can read on but not commit.
    pub fn close(&self) -> Result<()> {
        close(self.core())
    }
}

/// The error for a folder that holds no database.
fn not_a_database(path: &Path, detail: impl Into<String>) -> Error {
    Error::NotADatabase {
        path: path.to_owned(),
        detail: detail.into(),
    }
}
