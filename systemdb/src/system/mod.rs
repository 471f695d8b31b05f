//! The system database: scripts, knowledge, sessions, audit, feedback, runs and schedules.
//!
//! An ordinary database of the engine, with ordinary stores that can be looked at like any other. Always: what the
//! product brings along ([`seeds`](self)) never takes the place of what a person wrote, and what a person deleted does not
//! come back; each version of a script is kept as it was saved. Several environments of a server share one, and several
//! servers may ([`Source`]): every change is a transaction, nothing is remembered from one to the next, and what was open
//! for one may be closed before the next.

mod audit;
mod error;
mod knowledge;
mod library;
mod runs;
mod schedules;
mod scripts;
mod seeds;
mod sessions;
mod source;

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
pub use source::{Held, Source};

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

/// How often a read is run that loses a file to a writer beside it.
const READS: u32 = 4;

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
    source: Arc<dyn Source>,
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
        let writes = db.read_only().is_none();
        let system = Self::over_with(Arc::new(db), clock);
        if writes {
            system.write(|tx| {
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
                make::<String>(tx, SCHEDULES, "Scripts that run by themselves")?;
                Ok(())
            })?;
            system.plant()?;
        }
        Ok(system)
    }

    /// One whose database is got anew for each transaction. Who gives it has made its stores, by [`System::open`].
    pub fn over(source: Arc<dyn Source>) -> Self {
        Self::over_with(source, Arc::new(SystemClock::new()))
    }

    fn over_with(source: Arc<dyn Source>, clock: Arc<dyn Clock>) -> Self {
        Self {
            source,
            clock,
            numbering: Arc::default(),
        }
    }

    /// The database underneath, for a transaction of this kind. It is kept from others while the answer lives.
    ///
    /// # Errors
    /// It cannot be had; see [`Source`].
    pub fn database(&self, mode: Mode) -> Result<Held> {
        self.source.database(mode)
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        self.clock.now_unix_ms()
    }

    /// Now, as rows write it.
    pub(crate) fn now(&self) -> String {
        time_text(self.now_ms())
    }

    /// Runs a read again when what was opened beside a writer lost a file to it.
    fn read<T>(&self, work: impl Fn(&Transaction) -> Result<T>) -> Result<T> {
        let mut tries = 1;
        loop {
            let held = self.source.database(Mode::Read)?;
            match work(&held.begin(Mode::Read)?) {
                Err(SystemError::Engine(
                    sop::Error::File(_)
                    | sop::Error::Io { .. }
                    | sop::Error::Corrupt { .. }
                    | sop::Error::Closed,
                )) if held.is_beside_a_writer() && tries < READS => tries += 1,
                done => return done,
            }
        }
    }

    /// Runs a write again when others came in between.
    fn write<T>(&self, work: impl FnMut(&Transaction) -> Result<T>) -> Result<T> {
        let held = self.source.database(Mode::Write)?;
        write(&held, work)
    }

    /// Adds rows to a store whose keys count up; the number of the first.
    fn append<V: serde::Serialize>(&self, store: &str, rows: &[V]) -> Result<u64> {
        // Who has to wait for the database must not keep all others waiting one after the other.
        let held = self.source.database(Mode::Write)?;
        let _order = self.numbering.lock();
        write(&held, |tx| {
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

/// A time in milliseconds since 1970, as rows write it.
pub fn time_text(unix_ms: u64) -> String {
    let time = Timestamp::from_unix_nanos(i128::from(unix_ms) * 1_000_000);
    time.map(|time| time.to_string()).unwrap_or_default()
}

fn write<T>(db: &Database, mut work: impl FnMut(&Transaction) -> Result<T>) -> Result<T> {
    let mut refused = None;
    let done = db.transact(|tx| match work(tx) {
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
