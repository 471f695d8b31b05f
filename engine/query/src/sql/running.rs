//! One running call: its snapshots and transactions, what it has read and changed.
//!
//! SQLite calls the tables back without a word about who asked, on the thread that asked: the call is
//! kept in a thread-local variable while it runs.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use sop::{Mode, Transaction};

use super::Result;
use super::catalog::Catalog;
use super::columns::TableColumns;
use super::error::{Code, QueryError};
use super::output::RowChange;
use super::table::{FieldHash, OpenStore};

thread_local! {
    static CURRENT: RefCell<Option<Rc<Running>>> = const { RefCell::new(None) };
}

/// What an `INSERT` or `UPDATE` does where the key is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum OnConflict {
    /// It is an error.
    #[default]
    Abort,
    /// The row is left out.
    Ignore,
    /// The row takes the place of the one there.
    Replace,
}

/// Which field of which store a hash is of: database, store, column.
pub(super) type HashId = (usize, String, usize);

/// A call that runs.
pub(super) struct Running {
    pub catalog: Catalog,
    mode: Cell<Mode>,
    /// What planning reads; apart from the statement's, so that it makes no conflicts.
    planning: RefCell<BTreeMap<usize, Rc<Transaction>>>,
    transactions: RefCell<BTreeMap<usize, Rc<Transaction>>>,
    stores: RefCell<HashMap<(usize, String), Rc<OpenStore>>>,
    hashes: RefCell<HashMap<HashId, Rc<FieldHash>>>,
    pub scanned: Cell<u64>,
    pub changed: Cell<u64>,
    pub on_conflict: Cell<OnConflict>,
    /// The database that is changed; a call changes one, as commits of two could not be one.
    changed_database: Cell<Option<usize>>,
    /// Whether changes are noted for a dry run.
    pub notes_changes: bool,
    pub changes: RefCell<Vec<RowChange>>,
    error: RefCell<Option<QueryError>>,
}

/// Makes a call the current one of its thread until it is dropped.
pub(super) struct Entered(Option<Rc<Running>>);

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.with(|current| *current.borrow_mut() = self.0.take());
    }
}

impl Running {
    pub fn new(catalog: Catalog, notes_changes: bool) -> Rc<Self> {
        Rc::new(Self {
            catalog,
            mode: Cell::new(Mode::Read),
            planning: RefCell::default(),
            transactions: RefCell::default(),
            stores: RefCell::default(),
            hashes: RefCell::default(),
            scanned: Cell::default(),
            changed: Cell::default(),
            on_conflict: Cell::default(),
            changed_database: Cell::default(),
            notes_changes,
            changes: RefCell::default(),
            error: RefCell::default(),
        })
    }

    /// The call that runs on this thread.
    pub fn current() -> Option<Rc<Self>> {
        CURRENT.with(|current| current.borrow().clone())
    }

    pub fn enter(self: &Rc<Self>) -> Entered {
        Entered(CURRENT.with(|current| current.borrow_mut().replace(Rc::clone(self))))
    }

    /// Keeps an error for the end of the call, and tells SQLite that there is one.
    pub fn fail(&self, error: QueryError) -> rusqlite::Error {
        let message = error.message.clone();
        let constraint = error.code == Code::Constraint;
        self.error.borrow_mut().get_or_insert(error);
        if constraint {
            let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CONSTRAINT);
            return rusqlite::Error::SqliteFailure(code, Some(message));
        }
        rusqlite::Error::ModuleError(message)
    }

    pub fn take_error(&self) -> Option<QueryError> {
        self.error.borrow_mut().take()
    }

    fn begin(&self, database: usize, mode: Mode) -> Result<Rc<Transaction>> {
        let missing = || QueryError::new(Code::StoreNotFound, "the database is not open any more");
        let db = self.catalog.get(database).ok_or_else(missing)?;
        Ok(Rc::new(db.begin(mode)?))
    }

    /// What planning reads of a database.
    pub fn planning(&self, database: usize) -> Result<Rc<Transaction>> {
        if let Some(there) = self.planning.borrow().get(&database) {
            return Ok(Rc::clone(there));
        }
        let reading = self.mode.get() == Mode::Read;
        let transaction = match self.transactions.borrow().get(&database) {
            Some(there) if reading => Rc::clone(there),
            _ => self.begin(database, Mode::Read)?,
        };
        let mut planning = self.planning.borrow_mut();
        planning.insert(database, Rc::clone(&transaction));
        if reading {
            let mut transactions = self.transactions.borrow_mut();
            transactions.insert(database, Rc::clone(&transaction));
        }
        Ok(transaction)
    }

    /// The transaction of a database in which the statement runs.
    pub fn transaction(&self, database: usize) -> Result<Rc<Transaction>> {
        if let Some(there) = self.transactions.borrow().get(&database) {
            return Ok(Rc::clone(there));
        }
        if self.mode.get() == Mode::Read {
            return self.planning(database);
        }
        let transaction = self.begin(database, self.mode.get())?;
        let mut transactions = self.transactions.borrow_mut();
        transactions.insert(database, Rc::clone(&transaction));
        Ok(transaction)
    }

    /// A store as the statement sees it.
    pub fn store(&self, database: usize, name: &str) -> Result<Rc<OpenStore>> {
        let id = (database, name.to_owned());
        if let Some(there) = self.stores.borrow().get(&id) {
            return Ok(Rc::clone(there));
        }
        let store = OpenStore::open(self.transaction(database)?, name)?;
        self.stores.borrow_mut().insert(id, Rc::clone(&store));
        Ok(store)
    }

    /// The columns of a store, as of now.
    pub fn columns(&self, database: usize, name: &str) -> Result<TableColumns> {
        // A store that this transaction made is in no other's snapshot.
        let planning = self.planning(database)?;
        let transaction = match planning.documents(name) {
            Ok(_) => planning,
            Err(_) => self.transaction(database)?,
        };
        let store = transaction.documents(name)?;
        Ok(TableColumns::new(store.definition(), &store.schema()?))
    }

    pub fn hash(&self, id: &HashId) -> Option<Rc<FieldHash>> {
        self.hashes.borrow().get(id).cloned()
    }

    pub fn keep_hash(&self, id: HashId, hash: Rc<FieldHash>) {
        self.hashes.borrow_mut().insert(id, hash);
    }

    /// Says that an item of this database is going to be changed.
    pub fn change(&self, database: usize) -> Result<()> {
        match self.changed_database.replace(Some(database)) {
            Some(other) if other != database => {
                let (one, two) = (self.catalog.name(other), self.catalog.name(database));
                let message = format!(
                    "a transaction changes one database; this one changes {one:?} and {two:?}: make it two"
                );
                Err(QueryError::new(Code::Unsupported, message))
            }
            _ => Ok(()),
        }
    }

    /// An item was changed: what was looked up before may not be so any more.
    pub fn note_change(&self) {
        self.changed.set(self.changed.get() + 1);
        self.hashes.borrow_mut().clear();
    }

    /// From now on each statement works on transactions of this mode, begun anew.
    pub fn restart(&self, mode: Mode) {
        self.forget();
        self.mode.set(mode);
    }

    fn forget(&self) {
        self.hashes.borrow_mut().clear();
        self.stores.borrow_mut().clear();
        self.planning.borrow_mut().clear();
        self.transactions.borrow_mut().clear();
        self.changed_database.set(None);
    }

    /// Nodes that the transactions visited so far.
    pub fn nodes_read(&self) -> u64 {
        let transactions = self.transactions.borrow();
        transactions.values().map(|tx| tx.stats().nodes_read).sum()
    }

    /// Sequence of the snapshot of the default database, once one was taken.
    pub fn sequence(&self) -> Option<u64> {
        self.transactions.borrow().get(&0).map(|tx| tx.sequence())
    }

    /// Commits what was changed.
    pub fn commit(&self) -> Result<Option<u64>> {
        self.hashes.borrow_mut().clear();
        self.stores.borrow_mut().clear();
        self.planning.borrow_mut().clear();
        let transactions = std::mem::take(&mut *self.transactions.borrow_mut());
        let mut sequence = None;
        for (_, transaction) in transactions {
            let transaction = Rc::into_inner(transaction).ok_or_else(|| {
                QueryError::new(Code::Engine, "a cursor is still open at the commit")
            })?;
            let commit = transaction.commit()?;
            sequence = sequence.or(Some(commit.sequence));
        }
        Ok(sequence)
    }
}
