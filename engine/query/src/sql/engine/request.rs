//! What is asked of an engine, and how one is set up.

use std::path::PathBuf;
use std::time::Duration;

use crate::sql::forced::ForcedPath;
use crate::sql::sandbox::Cancel;
use crate::sql::value::Params;
use crate::sql::visibility::Visibility;

/// What may be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Reading.
    #[default]
    ReadOnly,
    /// Reading and changing.
    ReadWrite,
}

/// How much a request may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Rows of one statement; what is beyond is left out, and [`Summary::truncated`] says so.
    pub rows: Option<u64>,
    /// How long all of it may take.
    pub time: Option<Duration>,
}

/// One or more statements to run.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The statements, with semicolons between them.
    pub sql: String,
    /// What their parameters stand for.
    pub params: Params,
    /// How much they may take.
    pub limits: Limits,
    /// What they may do.
    pub access: Access,
    /// Whether changes are only shown, in [`Summary::changes`].
    pub dry_run: bool,
    /// Ends the request from outside.
    pub cancel: Cancel,
    /// What the caller may see; everything, unless something is said.
    pub visibility: Visibility,
}

impl Request {
    /// A statement that reads.
    pub fn new(sql: impl Into<String>, params: Params) -> Self {
        Self {
            sql: sql.into(),
            params,
            ..Self::default()
        }
    }

    /// The same with leave to write.
    #[must_use]
    pub fn writing(self) -> Self {
        Self {
            access: Access::ReadWrite,
            ..self
        }
    }
}

/// Settings of an engine.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Connections that are kept for later requests.
    pub kept_connections: usize,
    /// Where statements put what does not fit into memory: the system's folder for temporary files, unless one is
    /// named. It is made when it is missing, and removed with the engine when it is empty.
    pub temp_folder: Option<PathBuf>,
    /// Memory that SQLite may take for all statements of the process together; 0 is without limit.
    pub memory_bytes: u64,
    /// The most bytes of one text or blob.
    pub value_bytes: u64,
    /// The most memory, in bytes, that a statement takes for items which it gathers by groups instead of sorting them. Without it all are
    /// sorted.
    pub group_bytes: usize,
    /// The way of reading that is taken wherever it is possible, whatever it costs.
    #[doc(hidden)]
    pub forced: Option<ForcedPath>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            kept_connections: 16,
            temp_folder: None,
            memory_bytes: 512 << 20,
            value_bytes: 128 << 20,
            group_bytes: 128 << 20,
            forced: None,
        }
    }
}
