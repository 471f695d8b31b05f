//! The commit log: one durable record for each commit, in order, without gaps.
//!
//! What always holds:
//! - A record whose append returned `Ok` with [`Durability::Sync`] is found by every later open,
//!   whole, at its sequence number, or the open says that the log is damaged. It is never skipped.
//! - A record that was never acknowledged is found whole or not at all; what follows the first
//!   missing one is not found either.
//! - After a failed write or flush nothing is appended any more until the log is opened again.
//!
//! It knows nothing of what the records mean. The bytes are described in `docs/FORMAT.md`.

mod buffer;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
mod local;
mod reader;
mod record;
mod recovery;
mod scan;
mod segment;
mod spare;
#[cfg(test)]
mod tests;
mod writer;

use std::fmt::Debug;

pub use error::LogError;
pub use local::LocalLog;
pub use recovery::RecoveryReport;

/// The longest payload of one record, in bytes.
pub const MAX_RECORD_BYTES: usize = 256 << 20;

/// The longest group of one append, in bytes with headers.
pub const MAX_GROUP_BYTES: usize = 512 << 20;

/// When an appended record is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// When the append returns.
    Sync,
    /// After the next [`CommitLog::sync`] or append with `Sync`.
    NoSync,
}

/// What an append did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Sequence of the last record in the log now.
    pub last: u64,
    /// Sequence up to which everything is durable.
    pub durable: u64,
    /// Whether [`CommitLog::make_room_ahead`] should be called soon.
    pub low_on_room: bool,
}

/// Sizes of the log's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogOptions {
    /// Bytes that the first segment takes, in whole blocks; each next one takes four times as much.
    pub first_segment_bytes: u64,
    /// Bytes that a segment takes at most, unless one group needs more.
    pub max_segment_bytes: u64,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self {
            first_segment_bytes: 64 << 10,
            max_segment_bytes: 64 << 20,
        }
    }
}

/// The records from some sequence on, in order; ends after the last one there was at the start, or
/// after an error.
pub type LogRecords = Box<dyn Iterator<Item = Result<(u64, Vec<u8>), LogError>> + Send>;

/// A log of commits that all writers of a database agree on.
pub trait CommitLog: Send + Sync + Debug {
    /// Appends the records as `next_seq`, `next_seq + 1`, … in one write, when the log still ends at
    /// `next_seq - 1`.
    ///
    /// Errors: `Taken` (nothing was appended, the log ends elsewhere), `TooLarge` and `NoSpace`
    /// (nothing was appended, the log goes on), `Io` (it is not known whether the records will be
    /// found by the next open; the log has failed), `Failed` (it failed before, nothing was done).
    ///
    /// A crash may keep some first records of the group and lose the rest: each is a commit of its own.
    fn append_if(
        &self,
        next_seq: u64,
        records: &[&[u8]],
        durability: Durability,
    ) -> Result<Appended, LogError>;

    /// Makes everything that was appended durable; gives the last durable sequence.
    fn sync(&self) -> Result<u64, LogError>;

    /// The records with sequence `seq` and later. Fails with `Truncated` when `seq` was dropped.
    fn read_from(&self, seq: u64) -> Result<LogRecords, LogError>;

    /// Prepares the room that appends will need next, if they will soon, so that none has to wait for it.
    /// Takes its time; appends go on meanwhile. An error (a full disk) does no harm.
    fn make_room_ahead(&self) -> Result<(), LogError>;

    /// Lets the next record begin a new file, so that all records there are can be dropped. For a log that is about
    /// to be closed: the file is small.
    fn begin_anew(&self) -> Result<(), LogError>;

    /// Drops records before `seq`, as far as that can be done by removing whole files. Some files may be
    /// kept to be written over. Appends go on meanwhile.
    fn truncate_before(&self, seq: u64) -> Result<(), LogError>;

    /// Sequence of the oldest record that can be read; `last_sequence() + 1` when there is none.
    fn first_sequence(&self) -> u64;

    /// Sequence of the newest record, 0 when there never was one.
    fn last_sequence(&self) -> u64;

    /// Sequence up to which everything is known to be durable.
    fn durable_sequence(&self) -> u64;

    /// Why the log takes no more records: it failed, was closed or was opened for reading.
    fn refusal(&self) -> Option<LogError>;

    /// Bytes that the log takes on the disk.
    fn bytes_on_disk(&self) -> u64;

    /// Makes everything durable, marks the end as known to be whole, gives reserved space back. Later
    /// appends fail. Without it nothing is lost, but damage of the last group cannot be told from a
    /// torn write at the next open.
    fn close(&self) -> Result<(), LogError>;
}
