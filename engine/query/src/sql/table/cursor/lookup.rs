//! Looking items up by a field: a hash of it, built when it is needed a second time.

use std::rc::Rc;

use rusqlite::types::{ToSqlOutput, ValueRef};
use sop::ItemRef;
use sop::key::KeyRange;

use super::super::hash::FieldHash;
use super::super::values::value_of;
use super::StoreCursor;
use crate::sql::Result;
use crate::sql::error::QueryError;
use crate::sql::forced::ForcedPath;
use crate::sql::running::HashId;

impl StoreCursor<'_> {
    /// Visits the items of which a column may equal a value. The first time it is asked it walks the store, as a
    /// hash that is used once costs more than that.
    /// False: walk.
    pub(super) fn look_up(&mut self, column: usize, value: ValueRef<'_>) -> Result<bool> {
        let id: HashId = (self.table.database, self.table.store.clone(), column);
        self.asked += 1;
        let mut hash = self.running.hash(&id);
        let forced = self.running.forced.get() == Some(ForcedPath::Hash);
        if hash.is_none() && (self.asked > 1 || forced) {
            hash = self.build(column)?.map(Rc::new);
            if let Some(hash) = &hash {
                self.running.keep_hash(id, Rc::clone(hash));
            }
        }
        let Some(hash) = hash else {
            return Ok(false);
        };
        let first = hash.hash_of(value).and_then(|value| hash.find(value));
        let store = self.store()?;
        self.whole(&store)?;
        self.matches = Some((hash, first));
        self.next_match()?;
        Ok(true)
    }

    /// A hash of a column; none when it would be too large.
    fn build(&mut self, column: usize) -> Result<Option<FieldHash>> {
        let store = self.store()?;
        let place = self.table.places.get(column);
        let (Some(column), Some(place)) = (self.table.columns.get(column), place) else {
            return Ok(None);
        };
        let mut hash = FieldHash::new();
        let mut fits = true;
        let rules = self.table.rules.as_deref();
        store.store().try_for_each::<QueryError>(
            &KeyRange::all(),
            sop::Direction::Forward,
            |item| {
                let value = value_of(column, place, item, rules)?;
                let value = match &value {
                    ToSqlOutput::Owned(value) => value.into(),
                    ToSqlOutput::Borrowed(value) => *value,
                    _ => ValueRef::Null,
                };
                Ok(added(&mut hash, &mut fits, value, item))
            },
        )?;
        let scanned = store.store().len()?;
        self.running
            .scanned
            .set(self.running.scanned.get() + scanned);
        Ok(fits.then_some(hash))
    }
}

/// Adds an item to a hash and says whether to go on.
fn added(
    hash: &mut FieldHash,
    fits: &mut bool,
    value: ValueRef<'_>,
    item: &ItemRef<'_>,
) -> std::ops::ControlFlow<()> {
    if let Some(of) = hash.hash_of(value) {
        *fits = hash.add(of, item.position());
    }
    if *fits {
        std::ops::ControlFlow::Continue(())
    } else {
        std::ops::ControlFlow::Break(())
    }
}
