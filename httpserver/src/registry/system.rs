//! The system database of the server: where it lies, and its opening when it is first needed.
//!
//! Always: only servers themselves write to it, in turns ([`turns`](super::turns)), and each use sees what others saved
//! before; a folder that cannot be used is an error of each use and never keeps the server from starting.

use std::path::Path;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use sop::Database;
use sop_systemdb::system::System;

use super::entry::{Entry, Origin};
use super::state_file::StateFile;
use super::turns::{Kept, Turns, Use};
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
/// Where it lies, and what opens it.
pub(crate) struct SystemPlace {
    now: RwLock<Now>,
    /// Whether the settings of the server say where, so that nobody else can.
    pub(super) is_fixed: bool,
    cache_bytes: Option<u64>,
}

/// The folder that it is in.
struct Now {
    entry: Arc<Entry>,
    turns: Turns,
    system: System,
}

impl Now {
    fn new(name: &str, path: &Path, pool: &Pool, cache_bytes: Option<u64>) -> Self {
        let turns = Turns::new(path, pool, cache_bytes);
        let entry = Entry::of_system(name, path, pool.clone(), turns.clone());
        Self {
            entry: Arc::new(entry),
            system: System::over(Arc::new(turns.clone())),
            turns,
        }
    }
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
            now: RwLock::new(Now::new(name, &path, pool, config.cache_bytes)),
            is_fixed: config.system_database.is_some(),
            cache_bytes: config.cache_bytes,
        }
    }

    /// Puts it into another folder, closed.
    pub(super) fn move_to(&self, path: &Path, pool: &Pool) {
        let mut now = self.now.write();
        now.turns.close();
        *now = Now::new(&now.entry.name, path, pool, self.cache_bytes);
    }

    fn turns(&self) -> Turns {
        self.now.read().turns.clone()
    }
}

/// What keeps the system database open while a request looks at it, from the first look to the request's end. A registry
/// that is of no request keeps nothing.
#[derive(Clone, Default)]
pub(super) struct Look(Option<Arc<Mutex<Option<Looked>>>>);

/// The opening that a request looks at.
struct Looked {
    database: Database,
    kept: Kept,
}

impl Look {
    pub(super) fn of_request() -> Self {
        Self(Some(Arc::default()))
    }

    fn at(&self, turns: &Turns) -> ApiResult<Database> {
        let Some(kept) = &self.0 else {
            return Ok(turns.get(sop::Mode::Read, Use::Look)?.database);
        };
        let mut looked = kept.lock();
        if let Some(looked) = looked
            .as_ref()
            .filter(|looked| turns.is_current(&looked.kept))
        {
            return Ok(looked.database.clone());
        }
        let got = turns.get(sop::Mode::Read, Use::Look)?;
        let database = got.database;
        *looked = got.kept.map(|kept| Looked {
            database: database.clone(),
            kept,
        });
        Ok(database)
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
        self.list.system.turns().close();
    }

    /// The entry of the system database, which is not on the list.
    pub fn system_entry(&self) -> Arc<Entry> {
        Arc::clone(&self.list.system.now.read().entry)
    }

    /// Whether the settings of the server say where it lies.
    pub fn is_system_fixed(&self) -> bool {
        self.list.system.is_fixed
    }

    /// Whether there is a system database yet.
    pub fn has_system(&self) -> bool {
        self.list.system.turns().is_known() || self.system_entry().path.join(MARK).exists()
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
        let now = self.list.system.now.read();
        let (turns, system) = (now.turns.clone(), now.system.clone());
        drop(now);
        if !turns.is_known() {
            // A folder that cannot be used is better heard of now than by what is done with it.
            drop(turns.get(sop::Mode::Read, Use::Own)?);
        }
        Ok(system)
    }

    /// The system database for people who look at it as at any other.
    pub(super) fn look_at_system(&self) -> ApiResult<Database> {
        self.look.at(&self.list.system.turns())
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
        guard.check_mode(&name, || Ok(system.database(sop::Mode::Read)?))?;
        Ok(system)
    }
}
