//! The seam between the engine and the disk.
//!
//! Every file operation of the engine goes through [`Vfs`] and [`VfsFile`]; nothing else in the
//! crate may use `std::fs` (a clippy list enforces it). [`RealVfs`] is the operating system's file
//! system, [`SimVfs`] one in memory that can lose power at any operation.
//!
//! What always holds, and what the rest of the engine may rely on:
//! - Data is durable only after `sync_data`/`sync_all` on the file returned `Ok`.
//! - A created, renamed, linked or removed name is durable only after [`Vfs::sync_dir`] on its
//!   folder returned `Ok`. A rename is atomic: after a crash the name means the old or the new file.
//! - After a failed sync nothing is known about any write since the last good one. The caller must
//!   not try again and go on (the operating system may have dropped the data and say `Ok` next time).
//!
//! It does not cache, retry or check anything.

mod direct;
mod durable;
mod error;
mod real;
pub mod sim;

use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::sync::Arc;

pub(crate) use durable::{TEMPORARY_SUFFIX, temporary_path, write_temporary};
pub use durable::{create_dir_all_durable, remove_temporary_files, write_file_durable};
pub(crate) use error::is_no_space;
pub use error::{FileError, IoContext};
pub use real::RealVfs;
pub use sim::SimVfs;

/// What a name in a folder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A folder.
    Directory,
    /// Something else (a device, a socket); the engine never makes one.
    Other,
}

/// One name in a folder, see [`Vfs::read_dir`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirEntry {
    /// The name without its folder. Bytes that are not UTF-8 are replaced: such a name is not ours.
    pub name: String,
    /// What the name stands for.
    pub kind: FileKind,
}

/// Kind and length of a file, see [`Vfs::metadata`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// File or folder.
    pub kind: FileKind,
    /// Length in bytes; meaningless for a folder.
    pub len: u64,
}

/// Writes that begin and end at multiples of this need no other bytes of the disk, see
/// [`VfsFile::write_durable`].
pub const BLOCK_BYTES: usize = 4096;

/// A file system. Object safe; one instance is shared by the whole database.
pub trait Vfs: Send + Sync + Debug + 'static {
    /// Opens an existing file for reading and writing.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>>;
    /// Opens an existing file for reading; every writing call on it fails.
    fn open_read_only(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>>;
    /// Creates a file for reading and writing; fails with `AlreadyExists` when the name is taken.
    fn create_new(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>>;
    /// Reads a whole file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// Whether the name exists (file or folder).
    fn exists(&self, path: &Path) -> io::Result<bool>;
    /// Kind and length; fails with `NotFound` when there is no such name.
    fn metadata(&self, path: &Path) -> io::Result<Metadata>;
    /// Renames a file, replacing a file of the new name in one step.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Gives a file a second name; fails with `AlreadyExists` when the new name is taken.
    fn hard_link(&self, existing: &Path, new: &Path) -> io::Result<()>;
    /// Removes a file's name. Handles that are open stay usable.
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    /// Removes an empty folder.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;
    /// Creates a folder and the missing ones above it (not durable; see [`create_dir_all_durable`]).
    fn create_dir_all(&self, path: &Path) -> io::Result<()>;
    /// The names in a folder, sorted.
    fn read_dir(&self, path: &Path) -> io::Result<Vec<DirEntry>>;
    /// Makes the names of a folder durable.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// Bytes that can still be written to the file system that holds `path`.
    fn free_space(&self, path: &Path) -> io::Result<u64>;
    /// Takes an exclusive lock on a file, creating it when it is missing. `None`: someone else holds
    /// it. The lock ends when the value is dropped or the process ends, however it ends.
    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn VfsLock>>>;
}

/// An open file. Positioned reads and writes only: there is no cursor to share or to lose.
pub trait VfsFile: Send + Sync + Debug {
    /// Fills `buf` from `offset`; fails with `UnexpectedEof` when the file ends before.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()>;
    /// Writes all of `data` at `offset`, growing the file when needed. When it fails, any part of the
    /// data may have been written.
    fn write_at(&self, data: &[u8], offset: u64) -> io::Result<()>;
    /// Writes all of `data` at `offset` and makes it durable, in one step where that is faster. It makes
    /// nothing else durable: what was written before needs a sync of its own.
    ///
    /// Fastest when the address of `data`, its length and `offset` are multiples of [`BLOCK_BYTES`] and
    /// the file has this place already. When it fails, any part of the data may have been written; an
    /// error that says "disk full" is one of the write, never of the flush.
    fn write_durable(&self, data: &[u8], offset: u64) -> io::Result<()> {
        self.write_at(data, offset)?;
        self.sync_data().map_err(flush_failed)
    }
    /// The length in bytes.
    fn len(&self) -> io::Result<u64>;
    /// Whether the file has no byte.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
    /// Cuts the file, or grows it with zeros.
    fn set_len(&self, len: u64) -> io::Result<()>;
    /// Grows the file to at least `len` bytes (zeros) and reserves the space on the disk. `Ok(false)`:
    /// this file system cannot reserve, and nothing was changed. An error is a real one (disk full).
    fn allocate(&self, len: u64) -> io::Result<bool>;
    /// Makes the data durable, and the length when it is needed to read the data.
    fn sync_data(&self) -> io::Result<()>;
    /// Makes the data and all metadata durable.
    fn sync_all(&self) -> io::Result<()>;
}

/// A flush that failed for want of space is a failed flush all the same, not a write that can be undone.
fn flush_failed(error: io::Error) -> io::Error {
    io::Error::other(error)
}

/// An exclusive lock that is held, see [`Vfs::lock`].
pub trait VfsLock: Send + Sync + Debug {
    /// Replaces the content of the locked file: who holds it, for others to read.
    fn write_content(&self, content: &[u8]) -> io::Result<()>;
}
