//! A simulated file system in memory that can lose power at any operation. A test tool.
//!
//! It keeps, for each file, what is durable and which changes are still pending, and the same for the
//! names in folders. Every operation that changes or syncs something has a number, counted from 1.
//! [`SimVfs::crash_at`] kills the process at one of them, [`SimVfs::fail_at`] makes one fail, and
//! [`SimVfs::after_crash`] gives the file system that the next process finds after the power cut.
//!
//! It is harsher than a real disk where the rules of POSIX allow it: syncing a file does not make its
//! name durable, pending writes may survive in any combination of sectors, a file may survive without
//! its data. It is kinder in one point: writing some bytes of a sector never harms the others
//! ("power-safe overwrite", which the file formats assume too).
//!
//! What always holds: the same calls with the same seeds give the same bytes; a sync that returned
//! `Ok` makes everything before it in that file (or folder) survive.

mod crash;
mod file;
#[cfg(test)]
mod tests;
mod world;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use super::{DirEntry, Metadata, Vfs, VfsFile, VfsLock};
pub use crash::CrashPolicy;
use file::{SimFile, SimLock};
use world::{Entry, World};

/// A fault to inject into one operation, see [`SimVfs::fail_at`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The operation fails with an I/O error and has no effect (a sync leaves everything pending).
    Eio,
    /// The operation fails with "no space" and has no effect.
    Enospc,
    /// A write stores its first half and fails with "no space". Other operations: as `Eio`.
    ShortWrite,
    /// A sync fails. Like on Linux the changes then count as clean: a later sync does not write them
    /// again. Other operations: as `Eio`.
    FailedFlush {
        /// Whether the changes got to the disk all the same; if not they are lost, although the
        /// process can still read them.
        keep: bool,
    },
}

impl Fault {
    /// Every fault once, for tests that try them all.
    pub const ALL: [Self; 5] = [
        Self::Eio,
        Self::Enospc,
        Self::ShortWrite,
        Self::FailedFlush { keep: false },
        Self::FailedFlush { keep: true },
    ];

    fn error(self) -> io::Error {
        let kind = match self {
            Self::Enospc | Self::ShortWrite => io::ErrorKind::StorageFull,
            Self::Eio | Self::FailedFlush { .. } => io::ErrorKind::Other,
        };
        io::Error::new(kind, format!("injected fault {self:?}"))
    }
}

/// What an operation does, see [`SimVfs::operation_log`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the Vfs calls")]
pub enum OperationKind {
    Create,
    Write,
    SetLen,
    Allocate,
    Sync,
    Rename,
    Link,
    Unlink,
    MakeDir,
    RemoveDir,
    SyncDir,
}

/// One numbered operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Counted from 1.
    pub number: u64,
    /// What it does.
    pub kind: OperationKind,
    /// The file or folder; for a rename or link the new name.
    pub path: PathBuf,
}

/// The simulated file system. Clones are the same one.
#[derive(Clone, Debug)]
pub struct SimVfs {
    world: Arc<Mutex<World>>,
}

impl Default for SimVfs {
    fn default() -> Self {
        Self::new()
    }
}

impl SimVfs {
    /// An empty file system: only the root folder.
    pub fn new() -> Self {
        Self::from_world(World::default())
    }

    fn from_world(world: World) -> Self {
        Self {
            world: Arc::new(Mutex::new(world)),
        }
    }

    /// How many operations there were so far.
    pub fn operations(&self) -> u64 {
        self.world.lock().operation_count()
    }

    /// All operations so far.
    pub fn operation_log(&self) -> Vec<Operation> {
        self.world.lock().operations.clone()
    }

    /// Lets the process die at this operation: it and every later call fail. Whether its effect is
    /// found after the crash is up to the [`CrashPolicy`].
    pub fn crash_at(&self, operation: u64) {
        self.world.lock().crash_at = Some(operation);
    }

    /// Whether the process has died.
    pub fn crashed(&self) -> bool {
        self.world.lock().dead()
    }

    /// Injects a fault into one operation.
    pub fn fail_at(&self, operation: u64, fault: Fault) {
        self.world.lock().faults.insert(operation, fault);
    }

    /// The file system as the next process finds it after a power cut now. This one stays as it is.
    /// The new one counts its operations from 0 and has no faults and no locks.
    #[must_use]
    pub fn after_crash(&self, policy: CrashPolicy) -> Self {
        Self::from_world(crash::after_crash(&self.world.lock(), policy))
    }

    /// The file system as the next process finds it when only the process died: every write is still
    /// there, but what was not synced can be lost in a later power cut.
    #[must_use]
    pub fn after_process_end(&self) -> Self {
        Self::from_world(self.world.lock().after_process_end())
    }

    /// Sets by how many bytes the files can still grow; beyond that a write stores what fits and fails
    /// with "no space". Files that are cut or lose their last name give their room back. Folders and
    /// names take none.
    pub fn set_free_space(&self, bytes: u64) {
        self.world.lock().free_space = bytes;
    }

    /// All files with their lengths, sorted by path. Works after a crash too.
    pub fn list(&self) -> Vec<(PathBuf, u64)> {
        self.world.lock().list()
    }

    /// The content of a file, without counting or failing. `None`: no such file.
    pub fn copy_out(&self, path: &Path) -> Option<Vec<u8>> {
        let world = self.world.lock();
        let id = world.file_id(&world::normal(path)).ok()?;
        world.file(id).ok().map(|file| file.current.clone())
    }

    /// Puts a durable file in place (and the folders above it), without counting.
    pub fn put(&self, path: &Path, content: &[u8]) {
        self.world.lock().put(&world::normal(path), content);
    }

    /// Flips one bit (0 to 7) of a byte, as a failing disk would. Returns whether there is such a byte.
    pub fn flip_bit(&self, path: &Path, offset: u64, bit: u8) -> bool {
        self.world
            .lock()
            .flip_bit(&world::normal(path), offset, bit)
    }

    fn handle(&self, id: u64, path: &Path, writable: bool) -> Arc<dyn VfsFile> {
        Arc::new(SimFile {
            world: Arc::clone(&self.world),
            id,
            path: world::normal(path),
            writable,
        })
    }
}

impl Vfs for SimVfs {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        let id = self.world.lock().open(&world::normal(path))?;
        Ok(self.handle(id, path, true))
    }

    fn open_read_only(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        let id = self.world.lock().open(&world::normal(path))?;
        Ok(self.handle(id, path, false))
    }

    fn create_new(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        let id = self.world.lock().create(&world::normal(path))?;
        Ok(self.handle(id, path, true))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let world = self.world.lock();
        let id = world.open(&world::normal(path))?;
        Ok(world.file(id)?.current.clone())
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        let world = self.world.lock();
        world.alive()?;
        Ok(world.entry(&world::normal(path)).is_some())
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.world.lock().metadata(&world::normal(path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.world
            .lock()
            .rename(&world::normal(from), &world::normal(to))
    }

    fn hard_link(&self, existing: &Path, new: &Path) -> io::Result<()> {
        self.world
            .lock()
            .hard_link(&world::normal(existing), &world::normal(new))
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.world.lock().remove_file(&world::normal(path))
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.world.lock().remove_dir(&world::normal(path))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.world.lock().create_dir_all(&world::normal(path))
    }

    fn read_dir(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        self.world.lock().read_dir(&world::normal(path))
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.world.lock().sync_dir(&world::normal(path))
    }

    fn free_space(&self, path: &Path) -> io::Result<u64> {
        let world = self.world.lock();
        world.alive()?;
        match world.entry(&world::normal(path)) {
            Some(Entry::Directory | Entry::File(_)) => Ok(world.free_space),
            None => Err(world::not_found(path)),
        }
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn VfsLock>>> {
        let normal = world::normal(path);
        let mut world = self.world.lock();
        world.alive()?;
        if world.entry(&normal).is_none() {
            world.create(&normal)?;
        }
        let id = world.file_id(&normal)?;
        if !world.locks.insert(id) {
            return Ok(None);
        }
        Ok(Some(Box::new(SimLock {
            world: Arc::clone(&self.world),
            id,
            path: normal,
        })))
    }
}
