//! Checkpoint files: what the database looked like at some sequence, in one immutable file each.
//!
//! What always holds: a file under its final name is whole, or it is damaged and [`Catalog::load`]
//! says so. [`Catalog::load_newest`] gives the newest whole one. The newest whole one and the one
//! before are never removed, so one damaged file does not lose the database; for that the log must
//! reach back to the one before too.
//!
//! It does not know what the payload means. The bytes are described in `docs/FORMAT.md`.

mod error;
mod file;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use error::CatalogError;

use crate::database_id::DatabaseId;
use crate::vfs::{
    FileKind, IoContext, Vfs, create_dir_all_durable, remove_temporary_files, write_file_durable,
};

/// The longest payload of a checkpoint, in bytes.
pub const MAX_CHECKPOINT_BYTES: usize = 1 << 30;

const SUFFIX: &str = ".cat";
const NAME_DIGITS: usize = 20;

/// A checkpoint that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The last commit that it contains.
    pub sequence: u64,
    /// The caller's bytes.
    pub payload: Vec<u8>,
}

/// The newest whole checkpoint, and what was wrong with newer ones.
#[derive(Debug)]
pub struct Newest {
    /// `None` when there is no whole checkpoint.
    pub checkpoint: Option<Checkpoint>,
    /// Newer files that were not used, newest first.
    pub rejected: Vec<CatalogError>,
}

/// The folder of checkpoints.
#[derive(Debug)]
pub struct Catalog {
    vfs: Arc<dyn Vfs>,
    folder: PathBuf,
    database: DatabaseId,
}

impl Catalog {
    /// For a folder that exists. Touches nothing.
    pub fn new(vfs: Arc<dyn Vfs>, folder: &Path, database: DatabaseId) -> Self {
        Self {
            vfs,
            folder: folder.to_path_buf(),
            database,
        }
    }

    /// Makes the folder when it is missing, removes what a crash left half written and makes the names
    /// that are there durable. For a writer, before it believes what it loads.
    pub fn prepare(&self) -> Result<(), CatalogError> {
        create_dir_all_durable(&*self.vfs, &self.folder)?;
        remove_temporary_files(&*self.vfs, &self.folder)?;
        Ok(self
            .vfs
            .sync_dir(&self.folder)
            .during("sync folder", &self.folder)?)
    }

    /// Writes a checkpoint. It is durable, and counts, when this returns. After an error it may be
    /// there or not. Fails with `Exists` when there is a whole one of this sequence.
    pub fn store(&self, sequence: u64, payload: &[u8]) -> Result<(), CatalogError> {
        let path = self.path(sequence);
        if payload.len() > MAX_CHECKPOINT_BYTES {
            let (bytes, limit) = (payload.len(), MAX_CHECKPOINT_BYTES);
            return Err(CatalogError::TooLarge { bytes, limit });
        }
        if self.vfs.exists(&path).during("look for", &path)? && self.load(sequence).is_ok() {
            return Err(CatalogError::Exists { path });
        }
        let content = file::encode(self.database, sequence, payload);
        Ok(write_file_durable(&*self.vfs, &path, &content)?)
    }

    /// Reads and checks one checkpoint.
    pub fn load(&self, sequence: u64) -> Result<Checkpoint, CatalogError> {
        let path = self.path(sequence);
        let content = self.vfs.read(&path).during("read", &path)?;
        let payload = file::decode(&path, content, self.database, sequence)?;
        Ok(Checkpoint { sequence, payload })
    }

    /// The newest whole checkpoint. Fails only when the folder cannot be listed; a file that cannot be
    /// read counts as damaged.
    pub fn load_newest(&self) -> Result<Newest, CatalogError> {
        let mut rejected = Vec::new();
        for sequence in self.list()?.into_iter().rev() {
            match self.load(sequence) {
                Ok(checkpoint) => {
                    return Ok(Newest {
                        checkpoint: Some(checkpoint),
                        rejected,
                    });
                }
                Err(error) => rejected.push(error),
            }
        }
        Ok(Newest {
            checkpoint: None,
            rejected,
        })
    }

    /// The sequences of all checkpoints, whole or not, oldest first.
    pub fn list(&self) -> Result<Vec<u64>, CatalogError> {
        let mut sequences = Vec::new();
        for entry in self
            .vfs
            .read_dir(&self.folder)
            .during("list", &self.folder)?
        {
            let digits = entry
                .name
                .strip_suffix(SUFFIX)
                .filter(|text| text.len() == NAME_DIGITS);
            if let (Some(Ok(sequence)), FileKind::File) = (digits.map(str::parse), entry.kind) {
                sequences.push(sequence);
            }
        }
        sequences.sort_unstable();
        Ok(sequences)
    }

    /// Removes checkpoints before `keep`, but never the newest whole one and the whole one before it.
    /// Gives the sequence of the oldest whole one that is kept: the log is needed from there on.
    pub fn remove_older_than(&self, keep: u64) -> Result<Option<u64>, CatalogError> {
        let mut whole = 0;
        let mut oldest = None;
        for sequence in self.list()?.into_iter().rev() {
            if whole < 2 || sequence >= keep {
                if self.load(sequence).is_ok() {
                    whole += 1;
                    oldest = Some(sequence);
                }
                continue;
            }
            let path = self.path(sequence);
            self.vfs.remove_file(&path).during("remove", &path)?;
        }
        self.vfs
            .sync_dir(&self.folder)
            .during("sync folder", &self.folder)?;
        Ok(oldest)
    }

    /// The file of a sequence.
    pub fn path(&self, sequence: u64) -> PathBuf {
        self.folder
            .join(format!("{sequence:0NAME_DIGITS$}{SUFFIX}"))
    }
}
