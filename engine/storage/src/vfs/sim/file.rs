//! Open files and locks of the simulator: thin handles on the world.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;

use super::OperationKind;
use super::world::{Change, World};
use crate::vfs::{VfsFile, VfsLock};

pub(super) struct SimFile {
    pub(super) world: Arc<Mutex<World>>,
    pub(super) id: u64,
    pub(super) path: PathBuf,
    pub(super) writable: bool,
}

impl std::fmt::Debug for SimFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimFile")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl SimFile {
    fn change(&self, kind: OperationKind, change: Change) -> io::Result<()> {
        if !self.writable {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "opened for reading only",
            ));
        }
        self.world
            .lock()
            .change_file(kind, &self.path, self.id, change)
    }
}

impl VfsFile for SimFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let world = self.world.lock();
        world.alive()?;
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let found = world
            .file(self.id)?
            .current
            .get(start..)
            .and_then(|rest| rest.get(..buf.len()));
        match found {
            Some(bytes) => {
                buf.copy_from_slice(bytes);
                Ok(())
            }
            None => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the file ends before",
            )),
        }
    }

    fn write_at(&self, data: &[u8], offset: u64) -> io::Result<()> {
        self.change(
            OperationKind::Write,
            Change::Write {
                offset,
                data: data.to_vec(),
            },
        )
    }

    fn len(&self) -> io::Result<u64> {
        let world = self.world.lock();
        world.alive()?;
        Ok(world.file(self.id)?.current.len() as u64)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.change(OperationKind::SetLen, Change::SetLen(len))
    }

    fn allocate(&self, len: u64) -> io::Result<bool> {
        self.change(OperationKind::Allocate, Change::Grow(len))
            .map(|()| true)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.world.lock().sync_file(&self.path, self.id)
    }

    fn sync_all(&self) -> io::Result<()> {
        self.world.lock().sync_file(&self.path, self.id)
    }
}

pub(super) struct SimLock {
    pub(super) world: Arc<Mutex<World>>,
    pub(super) id: u64,
    pub(super) path: PathBuf,
}

impl std::fmt::Debug for SimLock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimLock")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl VfsLock for SimLock {
    fn write_content(&self, content: &[u8]) -> io::Result<()> {
        let mut world = self.world.lock();
        world.change_file(
            OperationKind::SetLen,
            &self.path,
            self.id,
            Change::SetLen(0),
        )?;
        let write = Change::Write {
            offset: 0,
            data: content.to_vec(),
        };
        world.change_file(OperationKind::Write, &self.path, self.id, write)
    }
}

impl Drop for SimLock {
    fn drop(&mut self) {
        self.world.lock().locks.remove(&self.id);
    }
}
