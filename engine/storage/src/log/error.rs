//! What can go wrong with the log.

use std::path::PathBuf;
use std::sync::Arc;

use crate::database_id::DatabaseId;
use crate::vfs::FileError;

/// An error of the log. Cheap to clone: all members of a commit group get the same one.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The log does not end where the caller thought. Nothing was appended.
    #[error("the log already ends at {last}")]
    Taken {
        /// Sequence of the last record.
        last: u64,
    },
    /// A record or a group is too long. Nothing was appended.
    #[error("a {what} of {bytes} bytes is too long for the log; the limit is {limit} bytes")]
    TooLarge {
        /// "record" or "group of records".
        what: &'static str,
        /// Its length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The disk is full. Nothing was appended, and the log goes on when there is room again.
    #[error("no space for the commit log: {0}; free some space and try again")]
    NoSpace(Arc<FileError>),
    /// A file operation failed. When it was a write or a flush, the log has failed with it.
    #[error("{0}")]
    Io(Arc<FileError>),
    /// An earlier write or flush failed. Nothing was done.
    #[error("the commit log stopped after an error: {reason}; open the database again")]
    Failed {
        /// The first error.
        reason: Arc<str>,
    },
    /// The log was closed.
    #[error("the commit log is closed")]
    Closed,
    /// The log was opened for reading.
    #[error("the commit log was opened for reading only")]
    ReadOnly,
    /// A record that had been acknowledged cannot be read any more.
    #[error(
        "{} is damaged at byte {offset}: record {sequence} had been committed but cannot be read; \
         restore the file from a copy", segment.display()
    )]
    Damaged {
        /// The segment file.
        segment: PathBuf,
        /// Where the damage was noticed, in bytes from the start of the file.
        offset: u64,
        /// The record that should be there.
        sequence: u64,
    },
    /// A file of the log is gone.
    #[error(
        "a file of the commit log is missing in {}: it should begin with record {expected}{}; \
         restore it from a copy", folder.display(),
        found.map(|next| format!(", and the next file begins with {next}")).unwrap_or_default()
    )]
    MissingSegment {
        /// The log's folder.
        folder: PathBuf,
        /// The first record of the missing file.
        expected: u64,
        /// The first record of the next file, when there is one.
        found: Option<u64>,
    },
    /// There is no file at all.
    #[error("{} has no commit log", folder.display())]
    NoLog {
        /// The log's folder.
        folder: PathBuf,
    },
    /// There is a log already.
    #[error("{} has a commit log already", folder.display())]
    Exists {
        /// The log's folder.
        folder: PathBuf,
    },
    /// The file belongs to another database.
    #[error("{} belongs to database {found}, not to {expected}", segment.display())]
    WrongDatabase {
        /// The segment file.
        segment: PathBuf,
        /// The identity in the file.
        found: DatabaseId,
        /// The identity of the database.
        expected: DatabaseId,
    },
    /// The file was written by a newer version.
    #[error(
        "{} has format {found}; this version reads format {} and was made before it",
        segment.display(), super::segment::FORMAT
    )]
    UnknownFormat {
        /// The segment file.
        segment: PathBuf,
        /// The format number in the file.
        found: u32,
    },
    /// The records asked for were dropped.
    #[error("the log begins at {first}; earlier records were dropped")]
    Truncated {
        /// The oldest sequence that can be read.
        first: u64,
    },
}

impl From<FileError> for LogError {
    fn from(error: FileError) -> Self {
        Self::Io(Arc::new(error))
    }
}
