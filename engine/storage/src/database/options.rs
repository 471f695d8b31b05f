//! How a database is opened.

use std::path::Path;
use std::sync::Arc;

use super::Database;
use crate::clock::{Clock, SystemClock};
use crate::error::Result;
use crate::log::LogOptions;
use crate::rng::{OsRng, Rng};
use crate::vfs::{RealVfs, Vfs};

/// When a commit is durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Before it is answered (the default).
    #[default]
    EveryCommit,
    /// At most this many milliseconds later: a crash may lose the commits of that time, never the
    /// order and never half of one.
    EveryMs(u32),
    /// At the next checkpoint or close.
    None,
}

/// Default limit of the node cache, in bytes.
pub const DEFAULT_CACHE_BYTES: u64 = 256 << 20;
/// Default size of the log at which a checkpoint starts, in bytes.
pub const DEFAULT_CHECKPOINT_LOG_BYTES: u64 = 64 << 20;
/// Default size of the files that hold nodes and values, in bytes.
pub const DEFAULT_SEGMENT_BYTES: u64 = 64 << 20;
/// The smallest size of the files that hold nodes and values, in bytes.
const MIN_SEGMENT_BYTES: u64 = 4 << 10;
/// A file of the log is never smaller than this, in bytes, however early checkpoints start.
const MIN_LOG_SEGMENT_BYTES: u64 = 16 << 10;
/// Default time limit of a write transaction, in milliseconds: 15 minutes.
pub const DEFAULT_TIME_LIMIT_MS: u64 = 15 * 60 * 1_000;
/// The longest time limit of a write transaction, in milliseconds: 1 hour.
pub const MAX_TIME_LIMIT_MS: u64 = 60 * 60 * 1_000;

/// Options and seams of an open database.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    pub(super) create: bool,
    pub(super) read_only: bool,
    pub(super) background: bool,
    pub(super) cache_bytes: u64,
    pub(super) checkpoint_log_bytes: u64,
    pub(super) segment_bytes: u64,
    pub(super) time_limit_ms: u64,
    pub(super) durability: Durability,
    pub(super) vfs: Arc<dyn Vfs>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) rng: Arc<dyn Rng>,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl OpenOptions {
    /// Opens for writing and creates what is missing, durable at every commit.
    pub fn new() -> Self {
        Self {
            create: true,
            read_only: false,
            background: true,
            cache_bytes: DEFAULT_CACHE_BYTES,
            checkpoint_log_bytes: DEFAULT_CHECKPOINT_LOG_BYTES,
            segment_bytes: DEFAULT_SEGMENT_BYTES,
            time_limit_ms: DEFAULT_TIME_LIMIT_MS,
            durability: Durability::default(),
            vfs: Arc::new(RealVfs),
            clock: Arc::new(SystemClock::new()),
            rng: Arc::new(OsRng),
        }
    }

    /// Whether a missing or empty folder becomes a new database.
    #[must_use]
    pub fn create(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    /// Opens for reading: no byte is written and no lock is taken.
    #[must_use]
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = read_only;
        self
    }

    /// Limit in bytes of the nodes and values in memory, stored and unsaved ones together. When three quarters of it
    /// (at least 8 MiB) are unsaved a checkpoint starts, a third later commits wait for it. Inner nodes come on top.
    #[must_use]
    pub fn cache_bytes(mut self, bytes: u64) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// Size of the log in bytes at which a checkpoint starts. The log's files are no larger than this, so
    /// that dropping what a checkpoint has written frees about as much.
    #[must_use]
    pub fn checkpoint_log_bytes(mut self, bytes: u64) -> Self {
        self.checkpoint_log_bytes = bytes.max(1);
        self
    }

    /// Size of the files that hold nodes and values, in bytes. Room is reclaimed in units of these files,
    /// and garbage of up to an eighth of one is left alone.
    #[must_use]
    pub fn segment_bytes(mut self, bytes: u64) -> Self {
        self.segment_bytes = bytes.max(MIN_SEGMENT_BYTES);
        self
    }

    /// Time limit of a write transaction in milliseconds, at most [`MAX_TIME_LIMIT_MS`].
    #[must_use]
    pub fn time_limit_ms(mut self, limit: u64) -> Self {
        self.time_limit_ms = limit.min(MAX_TIME_LIMIT_MS);
        self
    }

    /// When commits are durable.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Whether a background thread makes checkpoints and delayed flushes. Without it both happen
    /// only when asked for, which makes every run the same.
    #[must_use]
    pub fn background(mut self, background: bool) -> Self {
        self.background = background;
        self
    }

    /// The file system.
    #[must_use]
    pub fn vfs(mut self, vfs: Arc<dyn Vfs>) -> Self {
        self.vfs = vfs;
        self
    }

    /// The clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The source of randomness.
    #[must_use]
    pub fn rng(mut self, rng: Arc<dyn Rng>) -> Self {
        self.rng = rng;
        self
    }

    /// The sizes of the log's files.
    pub(super) fn log_options(&self) -> LogOptions {
        let usual = LogOptions::default();
        let limit = self.checkpoint_log_bytes.max(MIN_LOG_SEGMENT_BYTES);
        LogOptions {
            first_segment_bytes: usual.first_segment_bytes.min(limit),
            max_segment_bytes: usual.max_segment_bytes.min(limit),
        }
    }

    /// Opens the database in this folder.
    ///
    /// # Errors
    /// [`crate::Error::Locked`], [`crate::Error::NotADatabase`], [`crate::Error::Corrupt`],
    /// [`crate::Error::Io`]. A damaged database is never emptied: what can still be read may be
    /// reached by opening it read-only.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<Database> {
        super::open::open(self, path.as_ref())
    }
}
