//! The system database of the server: where it lies, and its opening when it is first needed.
//!
//! Always: it is opened once; only the server itself writes to it; a folder that cannot be used is an error of each use
//! and never keeps the server from starting.

use std::path::Path;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use sop_systemdb::system::System;

use super::entry::{Entry, Origin, Settings};
use super::state_file::StateFile;
use super::{MARK, Mode, Pool, Registry, Roots};
use crate::config::Config;
use crate::error::{ApiError, ApiResult, Code};
use crate::security::Capability;

/// Its name, unless somebody has a database of that name.
const NAME: &str = "system";
/// Its name then.
const OTHER_NAME: &str = "sop-system";
/// Why nobody else writes to it.
pub(crate) const REASON: &str =
    "it is the server's own; change scripts and knowledge by their addresses or in the page";
/// A store that every system database has.
const FIRST_STORE: &str = "scripts";

/// Where it lies, and it once it is open.
pub(crate) struct SystemPlace {
    entry: RwLock<Arc<Entry>>,
    /// Whether the settings of the server say where, so that nobody else can.
    pub(super) is_fixed: bool,
    opened: Mutex<Option<System>>,
}

impl SystemPlace {
    pub(super) fn new(config: &Config, roots: &Roots, state: &StateFile, pool: &Pool) -> Self {
        let path = match &config.system_database {
            // What is not there yet has no canonical path.
            Some(path) => path.canonicalize().unwrap_or_else(|_| path.clone()),
            None => state
                .system
                .clone()
                .unwrap_or_else(|| roots.data().join(NAME)),
        };
        let mut listed = state.databases.iter();
        let name = match listed.any(|there| there.name.eq_ignore_ascii_case(NAME)) {
            true => OTHER_NAME,
            false => NAME,
        };
        Self {
            entry: RwLock::new(Arc::new(Entry::new(
                name,
                &path,
                Origin::System,
                Settings::default(),
                pool.clone(),
            ))),
            is_fixed: config.system_database.is_some(),
            opened: Mutex::default(),
        }
    }

    /// Puts it into another folder, closed.
    pub(super) fn move_to(&self, path: &Path, pool: &Pool) {
        let mut opened = self.opened.lock();
        *opened = None;
        let mut entry = self.entry.write();
        entry.close();
        let name = entry.name.clone();
        let settings = Settings::default();
        *entry = Arc::new(Entry::new(
            &name,
            path,
            Origin::System,
            settings,
            pool.clone(),
        ));
    }

    fn close(&self) {
        *self.opened.lock() = None;
        self.entry.read().close();
    }
}

impl Entry {
    /// Whether the server keeps its own things in it.
    pub fn is_system(&self) -> bool {
        self.origin == Origin::System
    }

    /// Fails for the server's own database.
    pub(super) fn refuse_own(&self) -> ApiResult<()> {
        if !self.is_system() {
            return Ok(());
        }
        let detail = format!("The database '{}' is read-only: {REASON}.", self.name);
        Err(ApiError::new(Code::ReadOnly, detail))
    }
}

impl Registry {
    /// Where the system database is, for another environment of the server.
    pub(crate) fn system_place(&self) -> Arc<SystemPlace> {
        Arc::clone(&self.list.system)
    }

    /// Closes the system database; for the end of the program.
    pub fn close_system(&self) {
        self.list.system.close();
    }

    /// The entry of the system database, which is not on the list.
    pub fn system_entry(&self) -> Arc<Entry> {
        Arc::clone(&self.list.system.entry.read())
    }

    /// Whether the settings of the server say where it lies.
    pub fn is_system_fixed(&self) -> bool {
        self.list.system.is_fixed
    }

    /// Whether there is a system database yet.
    pub fn has_system(&self) -> bool {
        self.list.system.opened.lock().is_some() || self.system_entry().path.join(MARK).exists()
    }

    /// The system database's entry, when it is there and exists for who asks.
    pub fn shown_system(&self) -> Option<Arc<Entry>> {
        let entry = self.system_entry();
        (self.has_system() && self.exists_for(&entry)).then_some(entry)
    }

    /// The system database; makes it when it is not there.
    ///
    /// # Errors
    /// Its folder cannot be used; the detail says which and why.
    pub fn system(&self) -> ApiResult<System> {
        let mut opened = self.list.system.opened.lock();
        if let Some(system) = &*opened {
            return Ok(system.clone());
        }
        let entry = self.system_entry();
        let path = &entry.path;
        let failed = |error: ApiError| {
            let detail = format!(
                "The system database in '{}' cannot be used: {} Set 'system_database' to another folder, or mend this one.",
                path.display(),
                error.detail()
            );
            ApiError::new(error.code(), detail)
        };
        make_folder(path).map_err(|error| {
            let cause = format!("the folder cannot be made: {error}.");
            failed(ApiError::new(Code::StorageError, cause))
        })?;
        let database = entry
            .database_with(self.list.cache_bytes, true)
            .map_err(failed)?;
        let stores = database.status().stores;
        let is_ours = || -> sop::Result<bool> {
            let tx = database.begin(sop::Mode::Read)?;
            Ok(tx.documents(FIRST_STORE).is_ok())
        };
        if stores > 0 && !is_ours().map_err(|error| failed(error.into()))? {
            let cause = "it is a database of somebody else.";
            return Err(failed(ApiError::new(Code::NotADatabase, cause)));
        }
        let system = System::open(database).map_err(|error| failed(error.into()))?;
        *opened = Some(system.clone());
        Ok(system)
    }

    /// The system database for a tool that changes it, or with `proposes` shows what it would change: as this request's
    /// environment lets it write.
    ///
    /// # Errors
    /// As [`Registry::system`]; the environment is read-only, or asks for the name once more.
    pub fn writable_system(&self, proposes: bool) -> ApiResult<System> {
        let system = self.system()?;
        let name = self.system_entry().name.clone();
        let mut guard = self.guard.clone();
        if proposes && guard.mode == Mode::Confirm {
            guard.mode = Mode::Open;
        }
        guard.who.check(Capability::Edit, None)?;
        guard.check_mode(&name, system.database())?;
        Ok(system)
    }
}

fn make_folder(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(parent) => std::fs::create_dir_all(parent),
        None => Ok(()),
    }
}
