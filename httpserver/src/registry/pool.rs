//! Open databases by folder. Environments may list the same folder: it is open for writing once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use sop::{Database, OpenOptions};

/// Databases that are open for writing; cheap to clone.
#[derive(Clone, Default)]
pub struct Pool(Arc<Mutex<HashMap<PathBuf, Place>>>);

/// Held while the database of one folder is opened, so that it is opened once.
type Place = Arc<Mutex<Weak<Lease>>>;

/// A database that is open while somebody holds this.
pub struct Lease {
    database: Database,
    path: PathBuf,
}

impl Lease {
    /// The database.
    pub fn database(&self) -> &Database {
        &self.database
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Err(error) = self.database.close() {
            tracing::error!(path = %self.path.display(), %error, "closing failed");
        }
    }
}

impl Pool {
    /// The database of a folder, opened with `options` when it is not open for writing yet.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(super) fn open(
        &self,
        path: &Path,
        options: &OpenOptions,
        writing: bool,
    ) -> sop::Result<Arc<Lease>> {
        if !writing {
            return lease(path, options);
        }
        let place = Arc::clone(self.0.lock().entry(path.to_owned()).or_default());
        let mut open = place.lock();
        if let Some(lease) = open.upgrade() {
            return Ok(lease);
        }
        let lease = lease(path, options)?;
        *open = Arc::downgrade(&lease);
        Ok(lease)
    }
}

fn lease(path: &Path, options: &OpenOptions) -> sop::Result<Arc<Lease>> {
    Ok(Arc::new(Lease {
        database: options.open(path)?,
        path: path.to_owned(),
    }))
}
