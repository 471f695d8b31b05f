//! One database of the list, opened when it is first needed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use sop::{Database, OpenOptions};
use utoipa::ToSchema;

use super::pool::{Lease, Pool};
use super::turns::Turns;
use crate::error::{ApiError, ApiResult, Code};

/// How a database came onto the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Found in the data root.
    Found,
    /// Made or attached through the interface; kept in the list on disk.
    Listed,
    /// Named when the server was started; forgotten when it stops.
    ThisRun,
    /// The server's own: scripts, knowledge, audit.
    System,
}

/// Settings of a database that the server keeps, beside those in its folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Open for reading only.
    pub read_only: bool,
    /// Bytes of its node cache; those of the server's settings when missing.
    pub cache_bytes: Option<u64>,
    /// When a commit is durable.
    pub durability: Durability,
}

/// When a commit of a database is durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// Before it is answered.
    #[default]
    EveryCommit,
    /// At most a second later: a crash may lose the commits of that second, never half of one.
    EverySecond,
    /// At the next checkpoint or close.
    None,
}

impl Durability {
    /// Whether it is what nobody had to ask for; files and answers leave it out then.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    fn of_engine(self) -> sop::Durability {
        match self {
            Self::EveryCommit => sop::Durability::EveryCommit,
            Self::EverySecond => sop::Durability::EveryMs(1_000),
            Self::None => sop::Durability::None,
        }
    }
}

/// A database of the list.
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub path: PathBuf,
    /// How it came onto the list.
    pub origin: Origin,
    /// Its settings.
    pub settings: Settings,
    /// Held while it is being opened, so that it is opened once.
    slot: Mutex<Slot>,
    pool: Pool,
    /// Of the system database, which several servers take turns at: it is opened there and never here.
    turns: Option<Turns>,
}

enum Slot {
    Closed,
    Open {
        database: Arc<Lease>,
        /// Who holds it for writing, when it could only be opened for reading because of that.
        held: Option<String>,
    },
    Failed {
        code: Code,
        detail: String,
    },
    Gone,
}

impl Entry {
    pub(super) fn new(
        name: &str,
        path: &Path,
        origin: Origin,
        settings: Settings,
        pool: Pool,
    ) -> Self {
        Self {
            name: name.to_owned(),
            path: path.to_owned(),
            origin,
            settings,
            slot: Mutex::new(Slot::Closed),
            pool,
            turns: None,
        }
    }

    /// The one of the system database.
    pub(super) fn of_system(name: &str, path: &Path, pool: Pool, turns: Turns) -> Self {
        Self {
            turns: Some(turns),
            ..Self::new(name, path, Origin::System, Settings::default(), pool)
        }
    }

    /// The open database; opens it when needed, also when that failed before (the cause may be gone).
    ///
    /// # Errors
    /// It cannot be opened; the detail says why and what to do.
    pub(super) fn database(&self, cache_bytes: Option<u64>) -> ApiResult<Database> {
        self.database_with(cache_bytes, false)
    }

    /// The same, and may make the folder a database.
    pub(super) fn database_with(
        &self,
        cache_bytes: Option<u64>,
        create: bool,
    ) -> ApiResult<Database> {
        let mut slot = self.slot.lock();
        match &*slot {
            Slot::Open { database, .. } => return Ok(database.database().clone()),
            Slot::Gone => {
                let detail = format!("The database '{}' was closed meanwhile.", self.name);
                return Err(ApiError::new(Code::DatabaseNotFound, detail));
            }
            Slot::Closed | Slot::Failed { .. } => {}
        }
        self.fill(&mut slot, cache_bytes, create)
    }

    /// Opens the database into its slot.
    fn fill(&self, slot: &mut Slot, cache_bytes: Option<u64>, create: bool) -> ApiResult<Database> {
        match self.open(cache_bytes, create) {
            Ok((lease, held)) => {
                let database = lease.database().clone();
                *slot = Slot::Open {
                    database: lease,
                    held,
                };
                Ok(database)
            }
            Err(error) => {
                let error = ApiError::from(error);
                *slot = Slot::Failed {
                    code: error.code(),
                    detail: error.detail().to_owned(),
                };
                Err(error)
            }
        }
    }

    /// The database when it is open; does not open it, nor wait while it is being opened.
    pub fn opened(&self) -> Option<Database> {
        if let Some(turns) = &self.turns {
            return turns.opened();
        }
        match &*self.slot.try_lock()? {
            Slot::Open { database, .. } => Some(database.database().clone()),
            _ => None,
        }
    }

    /// Why the database is for reading only, when another process holds it for writing.
    pub fn held(&self) -> Option<String> {
        if let Some(turns) = &self.turns {
            return turns.holder();
        }
        match &*self.slot.lock() {
            Slot::Open { held, .. } => held.clone(),
            Slot::Failed {
                code: Code::DatabaseLocked,
                detail,
            } => Some(detail.clone()),
            _ => None,
        }
    }

    /// As [`Entry::database`], but a failure that is known already is only repeated. What another
    /// process holds for writing is opened anew: that process may have ended, or written more.
    ///
    /// # Errors
    /// The code and detail of the failure.
    pub(super) fn look(&self, cache_bytes: Option<u64>) -> Result<Database, (Code, String)> {
        let mut slot = self.slot.lock();
        match &*slot {
            Slot::Failed { code, detail } if *code != Code::DatabaseLocked => {
                return Err((*code, detail.clone()));
            }
            Slot::Open { held: Some(_), .. } => self.fill(&mut slot, cache_bytes, false),
            _ => {
                drop(slot);
                self.database(cache_bytes)
            }
        }
        .map_err(|error| (error.code(), error.detail().to_owned()))
    }

    /// Gives the database up for good; it is closed when no other environment has it open. Calls that
    /// still hold a closed one get an error.
    pub(super) fn close(&self) {
        if let Some(turns) = &self.turns {
            turns.close();
        }
        *self.slot.lock() = Slot::Gone;
    }

    /// The database, and who holds it for writing when it is for reading only because of that.
    fn open(
        &self,
        cache_bytes: Option<u64>,
        create: bool,
    ) -> sop::Result<(Arc<Lease>, Option<String>)> {
        let options = |read_only: bool| {
            let mut options = OpenOptions::new();
            options = options.create(create).read_only(read_only);
            options = options.durability(self.settings.durability.of_engine());
            match self.settings.cache_bytes.or(cache_bytes) {
                Some(bytes) => options.cache_bytes(bytes),
                None => options,
            }
        };
        let open = |read_only: bool| self.pool.open(&self.path, &options(read_only), !read_only);
        let writing = !self.settings.read_only;
        match open(!writing) {
            // What can still be read of a damaged or held database is worth more than an error.
            Err(error @ sop::Error::Corrupt { .. }) if writing => {
                let opened = open(true);
                opened.map(|database| (database, None)).map_err(|_| error)
            }
            Err(sop::Error::Locked { holder }) if writing => match open(true) {
                Ok(database) => {
                    let held = format!(
                        "another process holds it for writing: {holder}; end that one to write here"
                    );
                    Ok((database, Some(held)))
                }
                Err(_) => Err(sop::Error::Locked { holder }),
            },
            other => other.map(|database| (database, None)),
        }
    }
}
