//! Checkpoint files: what the database looked like at some sequence, in two immutable files each.
//!
//! What always holds: a file under its final name is whole, or it is damaged and [`Catalog::load`] uses the other of
//! the two. [`Catalog::load_newest`] gives the newest whole checkpoint. So one damaged or missing file loses nothing,
//! and nothing of an older checkpoint has to be kept once a newer one was published.
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
    FileKind, IoContext, Vfs, create_dir_all_durable, remove_temporary_files, temporary_path,
    write_file_durable, write_temporary,
};

/// The longest payload of a checkpoint, in bytes.
pub const MAX_CHECKPOINT_BYTES: usize = 1 << 30;

/// The ending of the first file of a checkpoint, and that of the second, which has the same content.
const SUFFIXES: [&str; 2] = [".cat", ".copy"];
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

/// A checkpoint that is written and does not count yet, see [`Catalog::write`].
#[derive(Debug)]
#[must_use]
pub struct Prepared {
    sequence: u64,
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

    /// Makes the folder durably when it is missing.
    pub fn create(&self) -> Result<(), CatalogError> {
        Ok(create_dir_all_durable(&*self.vfs, &self.folder)?)
    }

    /// Removes what a crash left half written. For a writer.
    ///
    /// The names that are there may not be durable yet. That does no harm: nothing that an older checkpoint needs is
    /// removed before the next one is published, and that makes the names of the folder durable.
    pub fn prepare(&self) -> Result<(), CatalogError> {
        Ok(remove_temporary_files(&*self.vfs, &self.folder)?)
    }

    /// Writes a checkpoint. It is durable, and counts, when this returns. After an error it may be
    /// there or not.
    pub fn store(&self, sequence: u64, payload: &[u8]) -> Result<(), CatalogError> {
        let prepared = self.write(sequence, payload)?;
        self.publish(prepared)
    }

    /// Writes the files of a checkpoint under names that do not count. After an error nothing is there.
    pub fn write(&self, sequence: u64, payload: &[u8]) -> Result<Prepared, CatalogError> {
        if payload.len() > MAX_CHECKPOINT_BYTES {
            let (bytes, limit) = (payload.len(), MAX_CHECKPOINT_BYTES);
            return Err(CatalogError::TooLarge { bytes, limit });
        }
        let content = file::encode(self.database, sequence, payload);
        for path in self.paths(sequence) {
            if let Err(error) = write_temporary(&*self.vfs, &temporary_path(&path), &content) {
                self.discard(sequence);
                return Err(error.into());
            }
        }
        Ok(Prepared { sequence })
    }

    /// Makes a checkpoint count, durably when this returns. After an error it is not known whether it does. One of
    /// the same sequence, which such an error left, is replaced.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "what was prepared is published once"
    )]
    pub fn publish(&self, prepared: Prepared) -> Result<(), CatalogError> {
        let sequence = prepared.sequence;
        for path in self.paths(sequence) {
            let renamed = self.vfs.rename(&temporary_path(&path), &path);
            if let Err(error) = renamed.during("rename to", &path) {
                self.discard(sequence);
                return Err(error.into());
            }
        }
        Ok(self
            .vfs
            .sync_dir(&self.folder)
            .during("sync folder", &self.folder)?)
    }

    /// Removes files that do not count. What stays is removed at the next open and never read.
    fn discard(&self, sequence: u64) {
        for path in self.paths(sequence) {
            let _ = self.vfs.remove_file(&temporary_path(&path));
        }
    }

    /// Reads and checks one checkpoint, from its second file when the first one cannot be read.
    pub fn load(&self, sequence: u64) -> Result<Checkpoint, CatalogError> {
        let [first, second] = self.paths(sequence);
        self.load_file(sequence, &first)
            .or_else(|error| self.load_file(sequence, &second).map_err(|_| error))
    }

    fn load_file(&self, sequence: u64, path: &Path) -> Result<Checkpoint, CatalogError> {
        let content = self.vfs.read(path).during("read", path)?;
        let payload = file::decode(path, content, self.database, sequence)?;
        Ok(Checkpoint { sequence, payload })
    }

    /// What is wrong with the files of a checkpoint. One that is missing beside a whole one was never finished,
    /// which is no damage.
    pub fn damage(&self, sequence: u64) -> Vec<CatalogError> {
        let files = self.paths(sequence);
        let found = files.iter().map(|path| self.load_file(sequence, path));
        found
            .filter_map(Result::err)
            .filter(|error| !matches!(error, CatalogError::Io(error) if error.is_not_found()))
            .collect()
    }

    /// Writes the damaged or missing files of a checkpoint that could be loaded again.
    pub fn repair(&self, checkpoint: &Checkpoint) -> Result<(), CatalogError> {
        let content = file::encode(self.database, checkpoint.sequence, &checkpoint.payload);
        for path in self.paths(checkpoint.sequence) {
            if self.load_file(checkpoint.sequence, &path).is_err() {
                write_file_durable(&*self.vfs, &path, &content)?;
            }
        }
        Ok(())
    }

    /// The newest whole checkpoint. Fails only when the folder cannot be listed; a file that cannot be
    /// read counts as damaged.
    pub fn load_newest(&self) -> Result<Newest, CatalogError> {
        let mut rejected = Vec::new();
        for sequence in self.list()?.into_iter().rev() {
            for path in self.paths(sequence) {
                match self.load_file(sequence, &path) {
                    Ok(checkpoint) => {
                        return Ok(Newest {
                            checkpoint: Some(checkpoint),
                            rejected,
                        });
                    }
                    Err(CatalogError::Io(error)) if error.is_not_found() => {}
                    Err(error) => rejected.push(error),
                }
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
            let digits = SUFFIXES
                .iter()
                .find_map(|suffix| entry.name.strip_suffix(suffix))
                .filter(|text| text.len() == NAME_DIGITS);
            if let (Some(Ok(sequence)), FileKind::File) = (digits.map(str::parse), entry.kind) {
                sequences.push(sequence);
            }
        }
        sequences.sort_unstable();
        sequences.dedup();
        Ok(sequences)
    }

    /// Removes all checkpoints but one, durably.
    pub fn remove_all_but(&self, keep: u64) -> Result<(), CatalogError> {
        let mut removed = false;
        for sequence in self.list()?.into_iter().filter(|found| *found != keep) {
            for path in self.paths(sequence) {
                match self.vfs.remove_file(&path) {
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                    result => result.during("remove", &path)?,
                }
                removed = true;
            }
        }
        if removed {
            self.vfs
                .sync_dir(&self.folder)
                .during("sync folder", &self.folder)?;
        }
        Ok(())
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The two files of a sequence.
    pub fn paths(&self, sequence: u64) -> [PathBuf; 2] {
        SUFFIXES.map(|suffix| {
            self.folder
                .join(format!("{sequence:0NAME_DIGITS$}{suffix}"))
        })
    }
}
