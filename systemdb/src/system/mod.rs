//! The system database: scripts, knowledge, sessions, audit, feedback, runs and schedules.
//!
//! An ordinary database of the engine, with ordinary stores that can be looked at like any other. Always: what the
//! product brings along ([`seeds`](self)) never takes the place of what a person wrote, and what a person deleted does not
//! come back; each version of a script is kept as it was saved. Several environments of one server may share one: every
//! change is a transaction.

mod audit;
mod error;
mod knowledge;
mod library;
mod runs;
mod schedules;
mod scripts;
mod seeds;
mod sessions;

use std::sync::Arc;

use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use sop::key::Timestamp;
use sop::{Clock, Database, Mode, StoreDefinition, SystemClock, Transaction, TypedKey};

pub use audit::{AuditEntry, Feedback};
pub use error::SystemError;
pub use knowledge::{Entry, Knowledge, KnowledgeStatus};
pub use library::Library;
pub use runs::RunRecord;
pub use schedules::NamedSchedule;
pub use scripts::{Save, Saved, ScriptInfo, StoredScript, VersionInfo};
pub use sessions::Session;

/// The result of a call.
pub type Result<T, E = SystemError> = std::result::Result<T, E>;

/// A script of some version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScriptKey {
    category: String,
    name: String,
    version: u64,
}
sop::typed_key!(ScriptKey {
    category: String,
    name: String,
    version: u64
});

/// An entry of the knowledge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EntryKey {
    category: String,
    name: String,
}
sop::typed_key!(EntryKey {
    category: String,
    name: String
});

const SCRIPTS: &str = "scripts";
const KNOWLEDGE: &str = "knowledge";
const SESSIONS: &str = "sessions";
const AUDIT: &str = "audit";
const FEEDBACK: &str = "feedback";
const RUNS: &str = "runs";
const SCHEDULES: &str = "schedules";

/// The system database. Clones are the same one.
#[derive(Clone, Debug)]
pub struct System {
    db: Database,
    clock: Arc<dyn Clock>,
    /// Held while numbers at the end of a store are given, so that writers do not meet in conflicts.
    numbering: Arc<Mutex<()>>,
}

impl System {
    /// Makes the stores that are missing, and brings the product's own scripts and knowledge along.
    ///
    /// # Errors
    /// What the engine answers; a database that can only be read is opened as it is.
    pub fn open(db: Database) -> Result<Self> {
        Self::open_with(db, Arc::new(SystemClock::new()))
    }

    /// The same with a clock of one's own.
    ///
    /// # Errors
    /// As [`System::open`].
    pub fn open_with(db: Database, clock: Arc<dyn Clock>) -> Result<Self> {
        let system = Self {
            db,
            clock,
            numbering: Arc::default(),
        };
        if system.db.read_only().is_none() {
            system.db.transact(|tx| {
                make::<ScriptKey>(tx, SCRIPTS, "Scripts, each version of them")?;
                make::<EntryKey>(
                    tx,
                    KNOWLEDGE,
                    "What people and the product know, for answers",
                )?;
                make::<String>(tx, SESSIONS, "Chats, with their drafts of scripts")?;
                make::<u64>(tx, AUDIT, "Every change: who, what, by which way")?;
                make::<u64>(tx, FEEDBACK, "What people thought of answers")?;
                make::<u64>(tx, RUNS, "Runs of scripts")?;
                make::<String>(tx, SCHEDULES, "Scripts that run by themselves")
            })?;
            system.plant()?;
        }
        Ok(system)
    }

    /// The database underneath.
    pub fn database(&self) -> &Database {
        &self.db
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        self.clock.now_unix_ms()
    }

    /// Now, as rows write it.
    pub(crate) fn now(&self) -> String {
        let now = Timestamp::from_unix_nanos(i128::from(self.now_ms()) * 1_000_000);
        now.map(|now| now.to_string()).unwrap_or_default()
    }

    fn read<T>(&self, work: impl FnOnce(&Transaction) -> Result<T>) -> Result<T> {
        work(&self.db.begin(Mode::Read)?)
    }

    /// Runs a write again when others came in between.
    fn write<T>(&self, mut work: impl FnMut(&Transaction) -> Result<T>) -> Result<T> {
        let mut refused = None;
        let done = self.db.transact(|tx| match work(tx) {
            Ok(value) => Ok(Some(value)),
            Err(SystemError::Engine(error)) => Err(error),
            Err(error) => {
                refused = Some(error);
                Ok(None)
            }
        })?;
        match (done, refused) {
            (Some(value), _) => Ok(value),
            (None, Some(error)) => Err(error),
            (None, None) => Err(SystemError::invalid("", "the change was not made")),
        }
    }

    /// Adds rows to a store whose keys count up; the number of the first.
    fn append<V: serde::Serialize>(&self, store: &str, rows: &[V]) -> Result<u64> {
        let _order = self.numbering.lock();
        self.write(|tx| {
            let store = tx.store::<u64, serde::de::IgnoredAny>(store)?;
            let first = store
                .keys()
                .next_back()
                .transpose()?
                .map_or(1, |last| last + 1);
            let store = tx.store::<u64, V>(&store.documents().definition().name.clone())?;
            for (number, row) in (first..).zip(rows) {
                store.insert(&number, row)?;
            }
            Ok(first)
        })
    }

    /// Rows of a store whose keys count up: the newest first, before a number if one is given.
    fn newest<V: DeserializeOwned>(
        &self,
        store: &str,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, V)>> {
        self.read(|tx| {
            let store = tx.store::<u64, V>(store)?;
            let range = store.range(..before.unwrap_or(u64::MAX))?;
            let rows = range.rev().take(limit);
            Ok(rows.collect::<sop::Result<Vec<_>>>()?)
        })
    }
}

fn make<K: TypedKey>(tx: &Transaction, name: &str, description: &str) -> sop::Result<()> {
    match tx.documents(name) {
        Ok(_) => Ok(()),
        Err(sop::Error::StoreNotFound { .. }) => {
            let mut definition = StoreDefinition::typed::<K>(name);
            description.clone_into(&mut definition.description);
            tx.create_store(definition)
        }
        Err(error) => Err(error),
    }
}
