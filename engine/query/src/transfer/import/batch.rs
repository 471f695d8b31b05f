//! One batch of rows in one transaction.
//!
//! Always true: a row that the store refuses is reported and left out; anything else that goes wrong fails the batch.

use super::{ImportMode, ImportOptions};
use crate::transfer::key_plan::KeyPlan;
use crate::transfer::row::excerpt;
use crate::transfer::{BadRow, Row, TransferError};
use sop::document::Document;
use sop::key::Key;
use sop::{Database, DocumentStore, Error, Mode, StoreDefinition, Transaction};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A row as an item.
struct Item {
    line: u64,
    key: Key,
    value: Document,
}

impl Item {
    fn refused(&self, error: &Error) -> BadRow {
        BadRow {
            line: self.line,
            detail: error.to_string(),
            text: excerpt(self.value.to_json().as_bytes()),
        }
    }
}

/// Rows that wait for their transaction.
#[derive(Default)]
pub(super) struct Batch {
    items: Vec<Item>,
    bytes: usize,
}

impl Batch {
    pub fn rows(&self) -> usize {
        self.items.len()
    }

    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn clear(&mut self) {
        self.items.clear();
        self.bytes = 0;
    }

    /// Makes a row an item of `target` and adds it.
    pub fn add(&mut self, target: &Target, row: Row) -> Result<(), BadRow> {
        let Row {
            line,
            document,
            bytes,
        } = row;
        match target.plan.split(&document) {
            Ok((key, value)) => self.items.push(Item { line, key, value }),
            Err(detail) => return Err(BadRow::new(line, detail, document.to_json().as_bytes())),
        }
        self.bytes += bytes;
        Ok(())
    }
}

/// What one batch did.
#[derive(Default)]
pub(super) struct Done {
    pub inserted: u64,
    pub updated: u64,
    pub refused: Vec<BadRow>,
    /// Hashes of keys written, for dry runs.
    keys: Vec<u64>,
}

/// The store that is written to.
pub(super) struct Target {
    store: String,
    plan: KeyPlan,
    mode: ImportMode,
    create: bool,
    dry_run: bool,
    started: bool,
    /// Keys that a dry run would have written with earlier batches.
    seen: HashSet<u64>,
}

impl Target {
    pub fn new(plan: KeyPlan, create: bool, options: &ImportOptions) -> Self {
        Self {
            store: options.store.clone(),
            plan,
            mode: options.mode,
            create,
            dry_run: options.dry_run,
            started: false,
            seen: HashSet::new(),
        }
    }

    /// Whether a batch was written.
    pub const fn started(&self) -> bool {
        self.started
    }

    /// Writes a batch and commits it, unless this is a dry run.
    pub fn write(&mut self, db: &Database, batch: &Batch) -> Result<Done, TransferError> {
        let done = if self.dry_run {
            let tx = db.begin(Mode::Write)?;
            let done = self.write_in(&tx, batch)?;
            tx.rollback();
            self.seen.extend(&done.keys);
            done
        } else {
            db.transact(|tx| self.write_in(tx, batch))?
        };
        self.started = true;
        Ok(done)
    }

    fn write_in(&self, tx: &Transaction, batch: &Batch) -> sop::Result<Done> {
        if !self.started || self.dry_run {
            self.prepare(tx)?;
        }
        let store = tx.documents(&self.store)?;
        if store.definition().key != *self.plan.spec() {
            // Somebody dropped the store and made another one between two batches.
            return Err(Error::StoreExists {
                name: self.store.clone(),
                same_structure: false,
            });
        }
        let mut done = Done::default();
        for item in &batch.items {
            match self.put(&store, item, &mut done) {
                Ok(()) => {}
                Err(error) if refuses_one_item(&error) => done.refused.push(item.refused(&error)),
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    /// What comes before the first item: making the store, or emptying it.
    fn prepare(&self, tx: &Transaction) -> sop::Result<()> {
        if self.create {
            return tx.create_store(StoreDefinition::new(
                self.store.clone(),
                self.plan.spec().clone(),
            ));
        }
        if self.mode == ImportMode::Replace {
            let definition = tx.documents(&self.store)?.definition().clone();
            tx.drop_store(&self.store)?;
            tx.create_store(definition)?;
        }
        Ok(())
    }

    fn put(&self, store: &DocumentStore<'_>, item: &Item, done: &mut Done) -> sop::Result<()> {
        let seen_before = self.dry_run && self.note_key(store, item, done)?;
        let inserted = match self.mode {
            ImportMode::Upsert => store.upsert(&item.key, &item.value)? && !seen_before,
            ImportMode::Insert | ImportMode::Replace
                if seen_before && store.definition().unique =>
            {
                let key = store.definition().key.key_to_json(&item.key).to_string();
                return Err(Error::KeyExists {
                    store: self.store.clone(),
                    key,
                });
            }
            ImportMode::Insert | ImportMode::Replace => {
                store.insert(&item.key, &item.value)?;
                true
            }
        };
        if inserted {
            done.inserted += 1;
        } else {
            done.updated += 1;
        }
        Ok(())
    }

    /// Remembers a key of a dry run; whether an earlier batch had it.
    fn note_key(
        &self,
        store: &DocumentStore<'_>,
        item: &Item,
        done: &mut Done,
    ) -> sop::Result<bool> {
        let spec = &store.definition().key;
        let encoded = spec
            .identity(&item.key)
            .map_err(|source| Error::InvalidKey {
                store: self.store.clone(),
                source,
            })?;
        let mut hasher = DefaultHasher::new();
        encoded.order.hash(&mut hasher);
        let hash = hasher.finish();
        done.keys.push(hash);
        Ok(self.seen.contains(&hash))
    }
}

/// Whether an error is about one item, after which the transaction can go on.
const fn refuses_one_item(error: &Error) -> bool {
    matches!(
        error,
        Error::KeyExists { .. }
            | Error::InvalidKey { .. }
            | Error::Document(_)
            | Error::SchemaViolation { .. }
    )
}
