//! What ends an import or an export.

use super::{Format, Summary};
use std::io;
use thiserror::Error;

/// Why rows cannot be read or written any further.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TransferError {
    /// The input could not be read or the output not written.
    #[error("the data stream broke: {0}")]
    Io(#[from] io::Error),
    /// The input is not UTF-8 text.
    #[error("the data is not text: it looks like {looks_like}")]
    NotText {
        /// What it looks like, with what to do.
        looks_like: &'static str,
    },
    /// The text has no rows that can be found, or none further.
    #[error("line {line}, column {column}: {detail}")]
    Malformed {
        /// Line, counted from 1.
        line: u64,
        /// Column in bytes, counted from 1.
        column: u64,
        /// What is wrong.
        detail: String,
    },
    /// The header row of a CSV text cannot be used.
    #[error("the header row cannot be used: {detail}")]
    Header {
        /// What is wrong.
        detail: String,
    },
    /// More rows were bad than the caller allowed.
    #[error("stopped after {limit} bad rows; the first is in line {first_line}: {first_detail}")]
    TooManyBadRows {
        /// The limit.
        limit: u64,
        /// Line of the first bad row.
        first_line: u64,
        /// What is wrong with it.
        first_detail: String,
    },
    /// It is not known which fields form the key.
    #[error("{detail}")]
    KeyNeeded {
        /// What is missing and what to do.
        detail: String,
        /// Fields whose values look unique.
        suggestions: Vec<String>,
    },
    /// The key fields that were given do not fit the store or the data.
    #[error("{detail}")]
    KeyMismatch {
        /// What does not fit.
        detail: String,
    },
    /// An option is out of its range.
    #[error("option {option}: {detail}")]
    Option {
        /// The option's name.
        option: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// The caller's cancel flag was set.
    #[error("cancelled")]
    Cancelled,
    /// The store holds what the format cannot hold.
    #[error("{} cannot hold this: {detail}", format.name())]
    NotRepresentable {
        /// The format.
        format: Format,
        /// What it cannot hold.
        detail: String,
    },
    /// The engine refused.
    #[error(transparent)]
    Engine(#[from] sop::Error),
}

/// An import that ended early. What its whole batches wrote stays.
#[derive(Debug, Error)]
#[error("{error} ({} rows were committed before)", summary.inserted + summary.updated)]
pub struct ImportFailure {
    /// What was done up to the last commit, with the bad rows found.
    pub summary: Box<Summary>,
    /// Why it ended.
    #[source]
    pub error: TransferError,
}
