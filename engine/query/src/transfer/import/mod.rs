//! Import: rows of a reader become items of a store, in batches of one transaction each.
//!
//! Always true: a batch is in the store whole or not at all; a bad row never stops the import before the limit of bad
//! rows; the summary counts only what was committed, also when the import ends early. A conflict with other writers
//! is retried by the engine, and the batch is evaluated again.
//!
//! `replace` drops the store's items in the transaction of the first batch: until that commits the old items are
//! there, and when the import ends early later the store holds the batches that were committed. A failed or cancelled
//! import before the first commit changes nothing.
//!
//! A dry run does everything but commit. It remembers a hash of each key it has seen, so that keys that occur twice
//! in the data are noticed over batches, too.

mod batch;
mod summary;

pub use summary::{Progress, Summary};

use self::batch::{Batch, Target};
use super::key_plan::KeyPlan;
use super::{BadRow, Entry, ImportFailure, Row, RowReader, TransferError};
use serde::{Deserialize, Serialize};
use sop::{Database, Mode};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What happens with a row whose key is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImportMode {
    /// The row is refused.
    #[default]
    Insert,
    /// The item gets the row's value.
    Upsert,
    /// All items of the store are removed first; then as `Insert`.
    Replace,
}

/// What to import into which store, and how.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// Name of the store.
    pub store: String,
    /// The fields that form the key, `a.b` for a nested one. Empty: the names of the store's key, or rows of
    /// `{"key": …, "value": …}`.
    pub key: Vec<String>,
    /// Whether the key's fields also stay in the value.
    pub keep_key: bool,
    /// Whether a missing store is made, with the key types seen in the first rows.
    pub create: bool,
    /// What happens with keys that are there.
    pub mode: ImportMode,
    /// Whether nothing is committed.
    pub dry_run: bool,
    /// Most rows of a transaction.
    pub batch_rows: usize,
    /// Bytes of row text after which a transaction is committed.
    pub batch_bytes: usize,
    /// The import stops at this many bad rows.
    pub max_bad_rows: u64,
    /// Bad rows that the summary lists; the others are counted.
    pub max_listed_errors: usize,
    /// Most rows that are looked at before the key is decided on.
    pub sample_rows: usize,
    /// Bytes of row text, at most, that are held for it.
    pub sample_bytes: usize,
    /// Set by another thread to stop; whole batches stay.
    pub cancel: Option<Arc<AtomicBool>>,
}

impl ImportOptions {
    /// The defaults for a store: insert, batches of 1,000 rows or 4 MiB, stop at 1,000 bad rows.
    pub fn new(store: impl Into<String>) -> Self {
        Self {
            store: store.into(),
            key: Vec::new(),
            keep_key: false,
            create: false,
            mode: ImportMode::Insert,
            dry_run: false,
            batch_rows: 1000,
            batch_bytes: 4 * 1024 * 1024,
            max_bad_rows: 1000,
            max_listed_errors: 1000,
            sample_rows: 1000,
            sample_bytes: 4 * 1024 * 1024,
            cancel: None,
        }
    }

    fn check(&self) -> Result<(), TransferError> {
        let refuse = |option, detail: &str| {
            Err(TransferError::Option {
                option,
                detail: detail.to_owned(),
            })
        };
        if !(1..=100_000).contains(&self.batch_rows) {
            return refuse("batch_rows", "must lie from 1 to 100,000");
        }
        if self.key.iter().any(String::is_empty) {
            return refuse("key", "a field name is empty; write the names as A,B");
        }
        if let Some(name) = self
            .key
            .iter()
            .enumerate()
            .find(|(at, name)| self.key.iter().take(*at).any(|other| other == *name))
        {
            return refuse("key", &format!("names field {:?} twice", name.1));
        }
        Ok(())
    }

    fn cancelled(&self) -> bool {
        self.cancel
            .as_ref()
            .is_some_and(|cancel| cancel.load(Ordering::Relaxed))
    }
}

/// Imports all rows of `reader`. `progress` is called after each batch and with each group of rows read.
///
/// # Errors
/// [`ImportFailure`] with what was committed until then: broken input, too many bad rows, cancelled, an unknown key,
/// or what the engine refuses for a whole batch.
pub fn import(
    db: &Database,
    reader: &mut dyn RowReader,
    options: &ImportOptions,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Summary, ImportFailure> {
    let mut run = Run {
        db,
        options,
        summary: Summary::new(options.dry_run),
        target: None,
        batch: Batch::default(),
    };
    match run.all(reader, progress) {
        Ok(()) => Ok(run.summary),
        Err(error) => Err(ImportFailure {
            summary: Box::new(run.summary),
            error,
        }),
    }
}

/// Rows between two looks at the cancel flag by way of `progress`, when no batch ends before.
const PROGRESS_ROWS: u64 = 1000;

struct Run<'a> {
    db: &'a Database,
    options: &'a ImportOptions,
    summary: Summary,
    target: Option<Target>,
    batch: Batch,
}

impl Run<'_> {
    fn all(
        &mut self,
        reader: &mut dyn RowReader,
        progress: &mut dyn FnMut(&Progress),
    ) -> Result<(), TransferError> {
        self.options.check()?;
        let mut held = self.choose_target(reader)?;
        loop {
            let entry = match held.pop_front() {
                Some(entry) => Some(entry),
                None => self.read(reader)?,
            };
            let Some(entry) = entry else { break };
            self.summary.read += 1;
            match entry {
                Entry::Bad(bad) => self.bad(bad)?,
                Entry::Row(row) => self.add(row)?,
            }
            let full = self.batch.rows() >= self.options.batch_rows
                || self.batch.bytes() >= self.options.batch_bytes;
            if full {
                self.commit()?;
            }
            if full || self.summary.read.is_multiple_of(PROGRESS_ROWS) {
                progress(&self.summary.progress(reader.bytes_read()));
            }
        }
        self.summary.warnings = reader.warnings();
        // An empty import still has something to do when it replaces.
        let replaces = self.options.mode == ImportMode::Replace && !self.started();
        if self.batch.rows() > 0 || replaces {
            self.commit()?;
        }
        progress(&self.summary.progress(reader.bytes_read()));
        Ok(())
    }

    fn started(&self) -> bool {
        self.target.as_ref().is_some_and(Target::started)
    }

    fn read(&mut self, reader: &mut dyn RowReader) -> Result<Option<Entry>, TransferError> {
        if self.options.cancelled() {
            return Err(TransferError::Cancelled);
        }
        reader.next_row()
    }

    /// Reads as many rows as are needed to know what forms the key, and decides. Gives the rows back.
    fn choose_target(
        &mut self,
        reader: &mut dyn RowReader,
    ) -> Result<VecDeque<Entry>, TransferError> {
        let options = self.options;
        let tx = self.db.begin(Mode::Read)?;
        let existing = match tx.documents(&options.store) {
            Ok(store) => Some(store.definition().clone()),
            Err(sop::Error::StoreNotFound { .. }) if options.create => None,
            Err(error) => return Err(error.into()),
        };
        drop(tx);
        let mut held = VecDeque::new();
        let mut bytes = 0;
        while existing.is_none() || options.key.is_empty() {
            if held.len() >= options.sample_rows || bytes >= options.sample_bytes {
                break;
            }
            let Some(entry) = self.read(reader)? else {
                break;
            };
            if let Entry::Row(row) = &entry {
                bytes += row.bytes;
            }
            held.push_back(entry);
        }
        let rows: Vec<&Row> = held
            .iter()
            .filter_map(|entry| {
                if let Entry::Row(row) = entry {
                    Some(row)
                } else {
                    None
                }
            })
            .collect();
        let (plan, create) = match &existing {
            Some(definition) => (
                KeyPlan::for_store(
                    &options.store,
                    &definition.key,
                    &options.key,
                    options.keep_key,
                    &rows,
                )?,
                false,
            ),
            None => (
                KeyPlan::for_new_store(&options.store, &options.key, options.keep_key, &rows)?,
                true,
            ),
        };
        self.summary.created = create;
        self.target = Some(Target::new(plan, create, options));
        Ok(held)
    }

    fn add(&mut self, row: Row) -> Result<(), TransferError> {
        let Some(target) = &self.target else {
            return Ok(());
        };
        match self.batch.add(target, row) {
            Ok(()) => Ok(()),
            Err(bad) => self.bad(bad),
        }
    }

    fn bad(&mut self, bad: BadRow) -> Result<(), TransferError> {
        self.summary.add_error(bad, self.options.max_listed_errors);
        let limit = self.options.max_bad_rows.max(1);
        if self.summary.failed < limit {
            return Ok(());
        }
        let first = self.summary.first_error.clone();
        Err(TransferError::TooManyBadRows {
            limit,
            first_line: first.as_ref().map_or(0, |bad| bad.line),
            first_detail: first.map(|bad| bad.detail).unwrap_or_default(),
        })
    }

    fn commit(&mut self) -> Result<(), TransferError> {
        if self.options.cancelled() {
            return Err(TransferError::Cancelled);
        }
        let Some(target) = &mut self.target else {
            return Ok(());
        };
        let done = target.write(self.db, &self.batch)?;
        self.batch.clear();
        self.summary.inserted += done.inserted;
        self.summary.updated += done.updated;
        self.summary.batches += 1;
        for bad in done.refused {
            self.bad(bad)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
