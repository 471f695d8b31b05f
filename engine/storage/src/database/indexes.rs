//! Building indexes over items that were there before them.
//!
//! An index is filled in batches, each a transaction of its own, in the order of its source. What is written meanwhile
//! keeps the index by itself, so one walk is enough, and the transaction of the last batch says that the index is
//! ready. Where a walk was cut short it begins anew and passes over what it finds: entries are only ever right. An
//! index that cannot be (two items with the values of a unique one, an entry too long) is dropped.

use std::sync::Arc;

use super::Database;
use super::core::Core;
use crate::error::{Error, Result};
use crate::transaction::writes::StoreId;
use crate::transaction::{Filled, Mode, Transaction};

/// Items of the first batch; each that meets nobody is followed by one of twice as many.
const FIRST_BATCH: usize = 64;
/// The most items of a batch: so few that other transactions seldom meet it.
const MOST_ITEMS: usize = 2_000;
/// Pause after a batch that met another transaction, in microseconds.
const PAUSE_US: u64 = 200;

impl Database {
    /// Builds all indexes that are not ready, and returns when they are. Beside a background thread it shares the work
    /// with it.
    ///
    /// # Errors
    /// [`Error::NotUnique`] and [`Error::InvalidValue`] for an index that cannot be: it is dropped.
    pub fn build_indexes(&self) -> Result<()> {
        build_all(self.core(), &|| false)
    }

    /// As [`Database::build_indexes`] for one index; nothing to do when it is ready.
    ///
    /// # Errors
    /// As [`Database::build_indexes`]; [`Error::StoreNotFound`].
    pub fn build_index(&self, name: &str) -> Result<()> {
        let snapshot = self.core().snapshot();
        let (id, _) = snapshot.by_name(name)?;
        drop(snapshot);
        build(self.core(), id, name, &|| false)
    }
}

/// Builds all indexes that are not ready, until somebody says stop. The first failure is the answer; others are built
/// all the same.
pub(super) fn build_all(core: &Arc<Core>, stop: &dyn Fn() -> bool) -> Result<()> {
    let mut result = Ok(());
    for (id, name) in core.snapshot().unbuilt() {
        let built = build(core, id, &name, stop);
        if let Err(error) = &built {
            *core.index_failure.lock() = Some(format!("index {name:?}: {error}"));
        }
        result = result.and(built);
    }
    result
}

fn build(core: &Arc<Core>, id: StoreId, name: &str, stop: &dyn Fn() -> bool) -> Result<()> {
    let (mut after, mut batch) = (None::<Vec<u8>>, FIRST_BATCH);
    while !stop() {
        let held = core.index_batch.lock();
        let filled = fill(core, id, name, after.as_deref(), batch);
        drop(held);
        match filled {
            Ok(Filled::UpTo(last)) => {
                after = Some(last);
                batch = (batch * 2).min(MOST_ITEMS);
            }
            Ok(Filled::Whole | Filled::Over) => return Ok(()),
            Err(error) if error.is_conflict() => {
                // The fewer items, the fewer others can have changed.
                batch = (batch / 2).max(1);
                core.clock.sleep(std::time::Duration::from_micros(PAUSE_US));
            }
            Err(error @ (Error::NotUnique { .. } | Error::InvalidValue { .. })) => {
                give_up(core, id, name)?;
                return Err(error);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn fill(
    core: &Arc<Core>,
    id: StoreId,
    name: &str,
    after: Option<&[u8]>,
    batch: usize,
) -> Result<Filled> {
    let tx = Transaction::begin(core, Mode::Write)?;
    let filled = tx.fill_index(id, name, after, batch)?;
    tx.commit()?;
    Ok(filled)
}

/// Drops an index that cannot be built.
fn give_up(core: &Arc<Core>, id: StoreId, name: &str) -> Result<()> {
    loop {
        let tx = Transaction::begin(core, Mode::Write)?;
        if !tx.drop_index_with(id, name)? {
            return Ok(());
        }
        match tx.commit() {
            Err(error) if error.is_conflict() => {
                core.clock.sleep(std::time::Duration::from_micros(PAUSE_US));
            }
            other => return other.map(drop),
        }
    }
}
