//! An I/O error that says what was tried and on which file.

use std::io;
use std::path::{Path, PathBuf};

/// A file operation that failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} {}: {source}", path.display())]
pub struct FileError {
    /// What was tried, as a verb: "open", "write", "sync".
    pub operation: &'static str,
    /// The file or folder.
    pub path: PathBuf,
    /// What the operating system said.
    pub source: io::Error,
}

impl FileError {
    /// Whether the cause is a full disk or an exhausted quota.
    pub fn is_no_space(&self) -> bool {
        is_no_space(&self.source)
    }

    /// Whether the file or folder does not exist.
    pub fn is_not_found(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }
}

/// Whether the cause is a full disk or an exhausted quota.
pub(crate) fn is_no_space(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

/// Adds operation and path to an I/O result.
pub trait IoContext<T> {
    /// `vfs.open(path).during("open", path)`.
    fn during(self, operation: &'static str, path: &Path) -> Result<T, FileError>;
}

impl<T> IoContext<T> for io::Result<T> {
    fn during(self, operation: &'static str, path: &Path) -> Result<T, FileError> {
        self.map_err(|source| FileError {
            operation,
            path: path.to_path_buf(),
            source,
        })
    }
}
