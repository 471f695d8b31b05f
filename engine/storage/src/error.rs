//! The one error type of the engine.

use std::path::PathBuf;
use std::sync::Arc;

use crate::blob::BlobError;
use crate::catalog::CatalogError;
use crate::commit::prepared::PreparedOutcome;
use crate::document::DocumentError;
use crate::key::KeyError;
use crate::lock::LockError;
use crate::log::LogError;
use crate::options_file::OptionsError;
use crate::tree::TreeError;
use crate::vfs::FileError;

/// Result with the engine's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong, with what happened, where, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another transaction committed a change to something that this one read or writes.
    #[error(
        "conflict in store {store:?} at key {key}: {}; run the transaction again",
        who(*sequence, prepared.as_deref())
    )]
    Conflict {
        /// Name of the store, empty when it concerns the list of stores.
        store: String,
        /// The key as JSON text, or the range it lies in.
        key: String,
        /// Sequence of the commit that changed it, or of the record that prepared what holds it.
        sequence: u64,
        /// Id of the prepared transaction that holds it until it is decided; `None`: it was changed.
        prepared: Option<String>,
    },
    /// An id for a prepared transaction that cannot be one.
    #[error(
        "the id of a prepared transaction has 1 to {limit} bytes of text, this one has {bytes}"
    )]
    InvalidPreparedId {
        /// Bytes of the id.
        bytes: usize,
        /// The most it may have.
        limit: usize,
    },
    /// A transaction with this id waits for its decision already.
    #[error(
        "there is a prepared transaction {id:?} already; commit it, roll it back, or give another id"
    )]
    PreparedExists {
        /// The id.
        id: String,
    },
    /// No transaction with this id waits for this decision.
    #[error("there is no prepared transaction {id:?}: {}", fate(*outcome))]
    PreparedNotFound {
        /// The id.
        id: String,
        /// How it ended, when that is still known.
        outcome: Option<PreparedOutcome>,
    },
    /// A unique store already holds the key. The transaction can go on.
    #[error("store {store:?} already has the key {key}")]
    KeyExists {
        /// Name of the store.
        store: String,
        /// The key as JSON text.
        key: String,
    },
    /// A store that is an index was to be written, altered or dropped as a store.
    #[error(
        "{name:?} is an index of the store {of:?} and kept by the database: change the items of that store; dropping the index is what removes it"
    )]
    IsIndex {
        /// Name of the index.
        name: String,
        /// Name of the store that it is an index of.
        of: String,
    },
    /// A store that is no index was to be dropped or built as one.
    #[error("the store {name:?} is no index{}", hint(suggestions))]
    NotAnIndex {
        /// The name asked for.
        name: String,
        /// The nearest names of indexes.
        suggestions: Vec<String>,
    },
    /// Two items have the same values in the fields of a unique index.
    #[error(
        "store {store:?}, key {key}: the index {index:?} allows {values} in {} once, and the item {other} has it already",
        fields.join(", ")
    )]
    NotUnique {
        /// Name of the store.
        store: String,
        /// Name of the index.
        index: String,
        /// The indexed fields.
        fields: Vec<String>,
        /// Their values as JSON text.
        values: String,
        /// The key of the item that was written, as JSON text.
        key: String,
        /// The key of the item that has the values, as JSON text.
        other: String,
    },
    /// No store of that name.
    #[error("there is no store {name:?}{}", hint(suggestions))]
    StoreNotFound {
        /// The name asked for.
        name: String,
        /// The nearest names there are.
        suggestions: Vec<String>,
    },
    /// A store of that name exists.
    #[error("store {name:?} exists already")]
    StoreExists {
        /// The name asked for.
        name: String,
        /// Whether its structure is the one asked for.
        same_structure: bool,
    },
    /// The definition of a store breaks a rule.
    #[error("definition of store {store:?}: {field} {detail}")]
    InvalidDefinition {
        /// Name of the store.
        store: String,
        /// Field of the definition.
        field: String,
        /// What is wrong.
        detail: String,
    },
    /// The key does not fit the store's key type.
    #[error("key for store {store:?}: {source}")]
    InvalidKey {
        /// Name of the store.
        store: String,
        /// What is wrong.
        source: KeyError,
    },
    /// The store has keys of another type than it was opened with.
    #[error(
        "store {store:?} has keys of type {found}, not {asked}; open it with that type, or untyped"
    )]
    WrongKeyType {
        /// Name of the store.
        store: String,
        /// The types of its keys.
        found: String,
        /// The types that were asked for.
        asked: String,
    },
    /// A value cannot be stored, or the stored document does not have the form of the type asked for.
    #[error("store {store:?}, key {key}: {}{detail}", at_field(field))]
    InvalidValue {
        /// Name of the store.
        store: String,
        /// The key as JSON text.
        key: String,
        /// Path of the field; empty for the value itself.
        field: String,
        /// What is wrong.
        detail: String,
    },
    /// The document cannot be read or is too large.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A value breaks the declared schema.
    #[error("store {store:?}, key {key}: field {field:?} {detail}")]
    SchemaViolation {
        /// Name of the store.
        store: String,
        /// The key as JSON text.
        key: String,
        /// Field of the value, empty for the value itself.
        field: String,
        /// What is wrong.
        detail: String,
    },
    /// A transaction is too large for one commit record.
    #[error(
        "the transaction has {bytes} bytes of changes, the limit is {limit}; commit in smaller parts"
    )]
    TransactionTooLarge {
        /// Bytes of its record.
        bytes: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// Nothing can be written.
    #[error("the database is read-only: {reason}")]
    ReadOnly {
        /// Why.
        reason: String,
    },
    /// A write in a transaction that was begun for reading.
    #[error("this transaction was begun for reading; begin a write transaction to change items")]
    ReadTransaction,
    /// Another process has the database open for writing.
    #[error(
        "the database is open for writing elsewhere: {holder}; close it there, or open it read-only"
    )]
    Locked {
        /// Who holds the lock.
        holder: String,
    },
    /// Something on disk is not what was written.
    #[error("damaged: {place}: {detail}")]
    Corrupt {
        /// File and offset, or the part of the database.
        place: String,
        /// What was found.
        detail: String,
    },
    /// The folder holds no database.
    #[error("{path}: {detail}")]
    NotADatabase {
        /// The folder.
        path: PathBuf,
        /// What is missing or in the way.
        detail: String,
    },
    /// The disk is full. Nothing of the transaction was kept; the database goes on when there is room.
    #[error("{detail}")]
    NoSpace {
        /// What was tried.
        detail: String,
    },
    /// A file operation failed.
    #[error(transparent)]
    File(Arc<FileError>),
    /// The operating system refused something that concerns no file.
    #[error("{operation} failed: {source}")]
    Io {
        /// What was tried.
        operation: &'static str,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The transaction lived longer than its time limit and was rolled back.
    #[error("the transaction passed its time limit of {limit_ms} ms")]
    TimeLimit {
        /// The limit in milliseconds.
        limit_ms: u64,
    },
    /// The database was closed.
    #[error("the database is closed")]
    Closed,
}

impl Error {
    /// Whether running the same transaction again can succeed.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict { .. })
    }

    pub(crate) fn corrupt(place: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Corrupt {
            place: place.into(),
            detail: detail.into(),
        }
    }
}

fn at_field(field: &str) -> String {
    match field {
        "" => String::new(),
        field => format!("field {field:?}: "),
    }
}

fn who(sequence: u64, prepared: Option<&str>) -> String {
    match prepared {
        None => format!("commit {sequence} changed it after this transaction began"),
        Some(id) => format!("the prepared transaction {id:?} holds it until it is decided"),
    }
}

fn fate(outcome: Option<PreparedOutcome>) -> String {
    match outcome {
        Some(PreparedOutcome::Committed { sequence }) => {
            format!("it was committed as commit {sequence}")
        }
        Some(PreparedOutcome::RolledBack) => "it was rolled back".to_owned(),
        Some(PreparedOutcome::Expired) => {
            "its time was over before it was decided, and it was rolled back".to_owned()
        }
        None => {
            "it was never prepared here, or was decided so long ago that it is forgotten".to_owned()
        }
    }
}

fn hint(suggestions: &[String]) -> String {
    match suggestions.first() {
        Some(name) => format!("; did you mean {name:?}?"),
        None => String::new(),
    }
}

impl From<TreeError> for Error {
    fn from(error: TreeError) -> Self {
        match error {
            TreeError::Corrupt { location, detail } => Self::corrupt(location.to_string(), detail),
            other => Self::corrupt("tree", other.to_string()),
        }
    }
}

impl From<LogError> for Error {
    fn from(error: LogError) -> Self {
        match error {
            LogError::NoSpace(_) => Self::NoSpace {
                detail: error.to_string(),
            },
            LogError::TooLarge { bytes, limit, .. } => Self::TransactionTooLarge { bytes, limit },
            LogError::Io(error) => Self::File(error),
            LogError::Failed { .. } | LogError::ReadOnly => Self::ReadOnly {
                reason: error.to_string(),
            },
            LogError::Closed => Self::Closed,
            other => Self::corrupt("commit log", other.to_string()),
        }
    }
}

impl From<BlobError> for Error {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::Io(error) => Self::File(error),
            other => Self::corrupt("segment files", other.to_string()),
        }
    }
}

impl From<CatalogError> for Error {
    fn from(error: CatalogError) -> Self {
        match error {
            CatalogError::Io(error) => error.into(),
            other => Self::corrupt("checkpoint files", other.to_string()),
        }
    }
}

impl From<OptionsError> for Error {
    fn from(error: OptionsError) -> Self {
        match error {
            OptionsError::Io(error) => error.into(),
            other => Self::corrupt("options file", other.to_string()),
        }
    }
}

impl From<LockError> for Error {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Io(error) => error.into(),
            LockError::Held { path, holder } => Self::Locked {
                holder: holder.map_or_else(
                    || format!("an unknown process ({})", path.display()),
                    |holder| holder.to_string(),
                ),
            },
        }
    }
}

impl From<FileError> for Error {
    fn from(error: FileError) -> Self {
        Self::File(Arc::new(error))
    }
}
