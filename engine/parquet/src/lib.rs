//! Stores and results of queries as Parquet files, and rows of such files for imports.
//!
//! A file has a column for each field at the top of the rows: bools, 64-bit integers, doubles and text as what they are, everything
//! else (arrays, objects, other numbers, fields of several kinds) as JSON text that is marked as such. What is written is what the
//! exports of `sop-query` write, so that an import with the same key gives the same items. Always true: memory is bounded by one
//! group of rows and the names of the columns, also with a file that says more of itself than it has (`layout`).
//!
//! What Parquet cannot say: a field that is null is the same as one that is missing, and comes back as missing; an integer in a
//! column of doubles comes back as a double; fields come back in the order of the columns.

mod cell;
mod columns;
mod export;
mod known;
mod layout;
mod read;
mod write;

pub use export::{export_lines, export_query, export_store};
pub use known::KnownColumns;
pub use read::{DEFAULT_MAX_ROW_BYTES, ParquetRows};

use sop_query::sql::QueryError;
use sop_query::transfer::TransferError;

/// Why a file could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParquetError {
    /// The file itself.
    #[error("the Parquet file: {0}")]
    File(#[from] parquet::errors::ParquetError),
    /// What the store answers.
    #[error(transparent)]
    Engine(#[from] sop::Error),
    /// The store that is exported.
    #[error(transparent)]
    Store(#[from] TransferError),
    /// The query of which the rows are exported.
    #[error("{0}")]
    Query(Box<QueryError>),
    /// There is nothing to make columns of.
    #[error(
        "there are no columns: a Parquet file needs one at least; export rows that have a field"
    )]
    NoColumns,
    /// A file has one kind of rows.
    #[error(
        "the request gives several results, and a file has room for one: ask for one at a time"
    )]
    SeveralResults,
    /// The rows were not the same the second time.
    #[error("the rows changed while they were read; try again")]
    Changed,
    /// More columns than one file may have here.
    #[error("there are more than {0} columns; name the fields in a query instead")]
    TooManyColumns(usize),
}

impl From<QueryError> for ParquetError {
    fn from(error: QueryError) -> Self {
        Self::Query(Box::new(error))
    }
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Rows.
    pub rows: u64,
    /// Columns.
    pub columns: usize,
}
