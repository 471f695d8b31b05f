//! What can go wrong with checkpoint files.

use std::path::PathBuf;

use crate::database_id::DatabaseId;
use crate::vfs::FileError;

/// An error of the catalogue.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// A file operation failed.
    #[error(transparent)]
    Io(#[from] FileError),
    /// The file's content is not what was written.
    #[error("{} is damaged: {detail}", path.display())]
    Damaged {
        /// The checkpoint file.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// The file was written by a newer version.
    #[error(
        "{} has format {found}; this version reads format {supported} and was made before it",
        path.display()
    )]
    UnknownFormat {
        /// The checkpoint file.
        path: PathBuf,
        /// The format number in the file.
        found: u32,
        /// The format that this version reads.
        supported: u32,
    },
    /// The file belongs to another database.
    #[error("{} belongs to database {found}, not to {expected}", path.display())]
    WrongDatabase {
        /// The checkpoint file.
        path: PathBuf,
        /// The identity in the file.
        found: DatabaseId,
        /// The identity of the database.
        expected: DatabaseId,
    },
    /// The payload is too long.
    #[error("a checkpoint of {bytes} bytes is too long; the limit is {limit} bytes")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
}
