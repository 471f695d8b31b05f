//! What can go wrong with blobs.

use std::path::PathBuf;
use std::sync::Arc;

use crate::database_id::DatabaseId;
use crate::vfs::FileError;

/// An error of the blob store. Cheap to clone.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlobError {
    /// A file operation failed.
    #[error(transparent)]
    Io(Arc<FileError>),
    /// An earlier write or flush failed. Nothing was done.
    #[error("the data files take nothing more after an error: {reason}")]
    Failed {
        /// The first error.
        reason: Arc<str>,
    },
    /// The store was opened for reading.
    #[error("the data files were opened for reading only")]
    ReadOnly,
    /// What is in the file is not what was written there.
    #[error("{} is damaged at byte {offset}: {found}; restore the file from a copy", path.display())]
    Damaged {
        /// The segment file.
        path: PathBuf,
        /// Where the blob begins.
        offset: u64,
        /// What was found.
        found: String,
    },
    /// A segment that is needed is gone.
    #[error(
        "{} is missing; if the database was opened for reading beside a process that writes, that one no longer needed it: open the database again; otherwise restore the file from a backup",
        path.display()
    )]
    MissingSegment {
        /// The segment file.
        path: PathBuf,
    },
    /// The file belongs to another database.
    #[error("{} belongs to database {found}, not to {expected}", path.display())]
    WrongDatabase {
        /// The segment file.
        path: PathBuf,
        /// The identity in the file.
        found: DatabaseId,
        /// The identity of the database.
        expected: DatabaseId,
    },
    /// The file was written by a newer version.
    #[error(
        "{} has format {found}; this version reads format {supported} and was made before it",
        path.display()
    )]
    UnknownFormat {
        /// The segment file.
        path: PathBuf,
        /// The format number in the file.
        found: u32,
        /// The format that this version reads.
        supported: u32,
    },
    /// The payload is too long.
    #[error("a blob of {bytes} bytes is too long; the limit is {limit} bytes")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The segment cannot be removed while it is written.
    #[error("data segment {id} is being written")]
    InUse {
        /// Its number.
        id: u32,
    },
    /// All segment numbers are used up.
    #[error("there is no number left for a new data segment; copy the database into a new one")]
    NoSegmentLeft,
}

impl From<FileError> for BlobError {
    fn from(error: FileError) -> Self {
        Self::Io(Arc::new(error))
    }
}
