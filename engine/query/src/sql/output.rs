//! Where rows go, and what is said of them afterwards.

use std::ops::ControlFlow;
use std::time::Duration;

use super::value::{Value, ValueRef};

/// A column of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The type of its values: a type of keys or fields where it comes from a store as it is, otherwise `any`.
    pub kind: String,
}

/// Takes rows as they are found. A break ends the statement; nobody is told.
pub trait Output {
    /// The columns of a statement that gives rows, before the first of them.
    fn columns(&mut self, columns: &[Column]) -> ControlFlow<()>;
    /// One row, with a value for each column.
    fn row(&mut self, row: &[ValueRef<'_>]) -> ControlFlow<()>;
}

/// What a call did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Rows given.
    pub rows: u64,
    /// Items of stores that were looked at.
    pub scanned: u64,
    /// Tree nodes visited.
    pub nodes_read: u64,
    /// Rows inserted, updated or deleted.
    pub changed: u64,
    /// How long it took.
    pub elapsed: Duration,
    /// Sequence of the commit, or of the snapshot of the default database where nothing was written.
    pub sequence: Option<u64>,
    /// Whether there were more rows than the limit.
    pub truncated: bool,
    /// What a dry run would have changed.
    pub changes: Vec<RowChange>,
    /// How many items of which stores were inserted, updated and deleted, or would have been.
    pub stores: Vec<StoreChanges>,
    /// The stores that it made, altered and dropped, or that a dry run would have.
    pub definitions: Vec<DefinedStore>,
    /// What is good to know of what was done, like an index that is still being built.
    pub notices: Vec<String>,
}

/// A store that was made, altered or dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinedStore {
    /// Its database.
    pub database: String,
    /// Its name.
    pub store: String,
    /// Its definition as JSON text; none where there was no such store.
    pub before: Option<String>,
    /// Its definition as JSON text; none where there is no such store any more.
    pub after: Option<String>,
}

/// How many items of a store were changed. An update that moves an item to another key is a deletion and an insertion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreChanges {
    /// Its database.
    pub database: String,
    /// Its name.
    pub store: String,
    /// Items that are new.
    pub inserted: u64,
    /// Items with another value.
    pub updated: u64,
    /// Items that are gone.
    pub deleted: u64,
}

impl StoreChanges {
    /// Counts one change of an item of a store.
    pub(super) fn note(all: &mut Vec<Self>, database: &str, store: &str, was: bool, is: bool) {
        let known = all
            .iter()
            .rposition(|one| one.store == store && one.database == database);
        let at = known.unwrap_or_else(|| {
            all.push(Self {
                database: database.to_owned(),
                store: store.to_owned(),
                ..Self::default()
            });
            all.len() - 1
        });
        let Some(one) = all.get_mut(at) else {
            return;
        };
        match (was, is) {
            (false, _) => one.inserted += 1,
            (true, false) => one.deleted += 1,
            (true, true) => one.updated += 1,
        }
    }
}

/// A changed item.
#[derive(Clone, Debug, PartialEq)]
pub struct RowChange {
    /// Database and store.
    pub database: String,
    /// The store.
    pub store: String,
    /// The key as JSON text.
    pub key: String,
    /// The value as JSON text; none where there was no item.
    pub before: Option<String>,
    /// The value as JSON text; none where there is no item any more.
    pub after: Option<String>,
}

/// A whole result in memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows.
    pub rows: Vec<Vec<Value>>,
    /// What the call did.
    pub summary: Summary,
}

impl Output for Table {
    fn columns(&mut self, columns: &[Column]) -> ControlFlow<()> {
        columns.clone_into(&mut self.columns);
        self.rows.clear();
        ControlFlow::Continue(())
    }

    fn row(&mut self, row: &[ValueRef<'_>]) -> ControlFlow<()> {
        self.rows
            .push(row.iter().map(|value| value.to_value()).collect());
        ControlFlow::Continue(())
    }
}
