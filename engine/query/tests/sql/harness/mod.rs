//! `.sqltest` files: what is in them, and how they are run.
//!
//! Nothing here knows what answers: a [`Subject`] does, so that the same files are run through the library, over
//! HTTP, or over plain SQLite tables.

pub mod compare;
pub mod format;
pub mod plain;
pub mod runner;
pub mod value;

pub use compare::{Matching, differences};
pub use format::{Case, Expect, TestFile};
pub use runner::{Setup, run};
pub use value::{Cell, Params};

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'a> {
    pub sql: &'a str,
    pub params: &'a Params,
    /// Whether it may change anything.
    pub write: bool,
    pub dry_run: bool,
}

/// What comes back.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
    /// How many items changed, where the subject says so.
    pub changes: Option<u64>,
}

/// A statement that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    pub code: String,
    pub message: String,
    /// Byte in the statement.
    pub at: Option<usize>,
    pub suggestions: Vec<String>,
}

/// Something that answers statements about one database.
pub trait Subject {
    fn run(&mut self, statement: &Statement<'_>) -> Result<Answer, Failure>;
}
