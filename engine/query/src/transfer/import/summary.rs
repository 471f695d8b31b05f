//! What an import reports while it runs and at its end.

use super::BadRow;
use serde::Serialize;

/// How far an import is. Numbers count rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Rows read, good and bad.
    pub read: u64,
    /// Items inserted by whole batches.
    pub inserted: u64,
    /// Items that got another value by whole batches.
    pub updated: u64,
    /// Bad and refused rows.
    pub failed: u64,
    /// Bytes of the input consumed.
    pub bytes: u64,
}

/// What an import did. Numbers count rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Rows read, good and bad.
    pub read: u64,
    /// Items inserted.
    pub inserted: u64,
    /// Items that got another value.
    pub updated: u64,
    /// Bad and refused rows.
    pub failed: u64,
    /// The first bad and refused rows.
    pub errors: Vec<BadRow>,
    /// Bad and refused rows that `errors` does not list.
    pub errors_not_listed: u64,
    /// CSV values that did not fit the type of their column and were kept as text.
    pub warnings: u64,
    /// Transactions.
    pub batches: u64,
    /// Whether the store was made by this import.
    pub created: bool,
    /// Whether nothing was committed because nothing should be.
    pub dry_run: bool,
    /// Kept apart, because the list may be empty.
    #[serde(skip)]
    pub(super) first_error: Option<BadRow>,
}

impl Summary {
    pub(super) fn new(dry_run: bool) -> Self {
        Self {
            dry_run,
            ..Self::default()
        }
    }

    pub(super) fn add_error(&mut self, bad: BadRow, max_listed: usize) {
        self.failed += 1;
        self.first_error.get_or_insert_with(|| bad.clone());
        if self.errors.len() < max_listed {
            self.errors.push(bad);
        } else {
            self.errors_not_listed += 1;
        }
    }

    pub(super) const fn progress(&self, bytes: u64) -> Progress {
        Progress {
            read: self.read,
            inserted: self.inserted,
            updated: self.updated,
            failed: self.failed,
            bytes,
        }
    }
}
