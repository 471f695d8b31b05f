//! One running call: its snapshots and transactions, what it has read and changed.
//!
//! SQLite calls the tables back without a word about who asked, on the thread that asked: the call is
//! kept in a thread-local variable while it runs.

mod sources;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use sop::{Mode, StoreField, StoreSchema, Transaction};

use super::Result;
use super::catalog::Catalog;
use super::columns::TableColumns;
use super::error::{Code, QueryError};
use super::forced::ForcedPath;
use super::indexes::{self, TableIndex};
use super::output::{DefinedStore, RowChange, StoreChanges};
use super::sandbox::{Cancel, Stopped};
use super::sources::SourceRows;
use super::table::{FieldHash, OpenStore};
use super::views::STORE as VIEWS_STORE;
use super::visibility::{StoreRules, Visibility};

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
    /// The row is kept, to update the one there.
    Collect,
}

/// A row that was not inserted, as its key is there.
pub(super) struct Conflict {
    /// Where the item stands that is there.
    pub position: Vec<u8>,
    /// What was to be inserted, by the names of columns; nothing for `NULL`.
    pub values: Vec<(String, rusqlite::types::Value)>,
}

/// Which field of which store a hash is of: database, store, column.
pub(super) type HashId = (usize, String, usize);

/// A call that runs.
pub(super) struct Running {
    pub catalog: Catalog,
    /// What the caller may see.
    pub visibility: Visibility,
    mode: Cell<Mode>,
    /// Tests alone say one.
    pub forced: Cell<Option<ForcedPath>>,
    /// Whether plans are to be shown: only then they are put into words.
    pub explains: Cell<bool>,
    /// The most memory that items in groups take.
    pub group_bytes: Cell<usize>,
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
    pub touched: RefCell<Vec<StoreChanges>>,
    pub conflicts: RefCell<Vec<Conflict>>,
    /// Where the items stand that the statement inserted or updated, if somebody wants to know.
    pub written: RefCell<Option<Vec<Vec<u8>>>>,
    /// Stores that the transaction made, altered or dropped.
    redefined: RefCell<BTreeSet<(usize, String)>>,
    pub definitions: RefCell<Vec<DefinedStore>>,
    /// Whether more statements of the same transaction may follow.
    pub block: Cell<bool>,
    /// Stores of which the columns are not any more what they were.
    reshaped: RefCell<BTreeSet<(usize, String)>>,
    /// Fields that the transaction writes and no item had before.
    new_fields: RefCell<BTreeMap<(usize, String), Vec<String>>>,
    /// Indexes that the transaction made over items: databases and names.
    building: RefCell<Vec<(usize, String)>>,
    error: RefCell<Option<QueryError>>,
    /// What ends the call.
    until: RefCell<(Cancel, Option<Instant>)>,
    /// The sources that the statement has run, by schema, name and arguments.
    sources: RefCell<HashMap<(String, String, String), Rc<SourceRows>>>,
}

/// Makes a call the current one of its thread until it is dropped.
pub(super) struct Entered(Option<Rc<Running>>);

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.with(|current| *current.borrow_mut() = self.0.take());
    }
}

impl Running {
    pub fn new(
        catalog: Catalog,
        visibility: Visibility,
        until: (Cancel, Option<Instant>),
        notes_changes: bool,
    ) -> Rc<Self> {
        Rc::new(Self {
            catalog,
            visibility,
            mode: Cell::new(Mode::Read),
            forced: Cell::default(),
            explains: Cell::default(),
            group_bytes: Cell::default(),
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
            touched: RefCell::default(),
            conflicts: RefCell::default(),
            written: RefCell::default(),
            redefined: RefCell::default(),
            definitions: RefCell::default(),
            block: Cell::default(),
            reshaped: RefCell::default(),
            new_fields: RefCell::default(),
            building: RefCell::default(),
            error: RefCell::default(),
            until: RefCell::new(until),
            sources: RefCell::default(),
        })
    }

    /// Why the call is to end.
    pub fn stopped(&self) -> Option<Stopped> {
        let (cancel, deadline) = &*self.until.borrow();
        if cancel.is_cancelled() {
            return Some(Stopped::Cancelled);
        }
        let late = deadline.is_some_and(|deadline| Instant::now() > deadline);
        late.then_some(Stopped::Timeout)
    }

    /// Begins another request of the same transaction, with what ends it.
    pub fn next_request(&self, cancel: &Cancel, deadline: Option<Instant>) {
        *self.until.borrow_mut() = (cancel.clone(), deadline);
        self.next_statement();
    }

    /// Begins another statement: sources run again.
    pub fn next_statement(&self) {
        self.sources.borrow_mut().clear();
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

    /// Whether the statement reads alone.
    pub fn only_reads(&self) -> bool {
        self.mode.get() == Mode::Read
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
        // What takes no change can still be read by a statement that changes another.
        let mode = match self.read_only(database) {
            Some(_) => Mode::Read,
            None => self.mode.get(),
        };
        let transaction = self.begin(database, mode)?;
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

    /// The transaction that planning reads a store in: one that makes no conflicts, unless only the statement's own knows
    /// the store as it is.
    pub fn planning_of(&self, database: usize, store: &str) -> Result<Rc<Transaction>> {
        let id = (database, store.to_owned());
        if self.redefined.borrow().contains(&id) {
            return self.transaction(database);
        }
        self.planning(database)
    }

    /// Whether a store is there for the caller. An index is where all of its source is, whose values it has.
    pub fn shows(&self, database: usize, store: &str) -> bool {
        let name = self.catalog.name(database);
        if self.visibility.is_all() || !self.visibility.shows_store(name, store) {
            return self.visibility.is_all();
        }
        let Ok(transaction) = self.planning_of(database, store) else {
            return true;
        };
        // What is not there is said by who looks for it.
        match transaction.documents(store) {
            Ok(store) => self.visibility.shows(name, store.definition()),
            Err(_) => true,
        }
    }

    /// What the caller does not see of a store.
    pub fn rules(&self, database: usize, store: &str) -> Option<Arc<StoreRules>> {
        self.visibility.store(self.catalog.name(database), store)
    }

    /// Whether keys of a store are not seen as they are, of those with such a name.
    pub fn protects_keys(&self, is_named: &dyn Fn(&str) -> bool) -> Result<bool> {
        for database in 0..self.catalog.len() {
            for store in self.store_names(database)? {
                if !is_named(&store) {
                    continue;
                }
                let Some(rules) = self.rules(database, &store) else {
                    continue;
                };
                let transaction = self.planning_of(database, &store)?;
                let store = transaction.documents(&store)?;
                if rules.protects_keys(&store.definition().key) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// The fields of a store that the caller sees, as of now.
    pub fn schema(&self, database: usize, name: &str) -> Result<StoreSchema> {
        let transaction = self.planning_of(database, name)?;
        let schema = transaction.documents(name)?.schema()?;
        Ok(match self.rules(database, name) {
            Some(rules) => rules.schema(schema),
            None => schema,
        })
    }

    /// The columns of a store, as of now.
    pub fn columns(&self, database: usize, name: &str) -> Result<TableColumns> {
        let transaction = self.planning_of(database, name)?;
        let store = transaction.documents(name)?;
        let mut schema = store.schema()?;
        let new_fields = self.new_fields.borrow();
        let new = new_fields.get(&(database, name.to_owned()));
        for path in new.into_iter().flatten() {
            if !schema.fields.iter().any(|field| field.path == *path) {
                schema.fields.push(new_field(path));
            }
        }
        let rules = self.rules(database, name);
        Ok(TableColumns::seen(
            store.definition(),
            &schema,
            rules.as_deref(),
        ))
    }

    /// The indexes of a store that are ready, as of now. One that is seen in part is read without them: their order is that
    /// of the stored values.
    pub fn indexes(&self, database: usize, name: &str) -> Result<Vec<TableIndex>> {
        if self.rules(database, name).is_some() {
            return Ok(Vec::new());
        }
        let transaction = self.planning_of(database, name)?;
        indexes::of(&transaction, &transaction.documents(name)?)
    }

    /// Says that the statement writes fields that no item has.
    pub fn add_fields(&self, database: usize, store: &str, names: impl Iterator<Item = String>) {
        let mut new_fields = self.new_fields.borrow_mut();
        let there = new_fields.entry((database, store.to_owned()));
        there.or_default().extend(names);
    }

    /// Says that the transaction made, altered or dropped a store.
    pub fn redefine(&self, database: usize, store: &str) {
        let id = (database, store.to_owned());
        self.stores.borrow_mut().remove(&id);
        self.hashes.borrow_mut().clear();
        self.redefined.borrow_mut().insert(id);
    }

    /// Says that values were written of other fields or kinds than the store's columns show. The statements that follow in the
    /// transaction see the columns as they are then.
    pub fn reshape(&self, database: usize, store: &str) {
        let mut reshaped = self.reshaped.borrow_mut();
        let there = |id: &(usize, String)| id.0 == database && id.1 == store;
        if self.block.get() && !reshaped.iter().any(there) {
            reshaped.insert((database, store.to_owned()));
        }
    }

    /// The stores to which that happened, once; from now on they are seen as the transaction alone knows them.
    pub fn take_reshaped(&self) -> BTreeSet<(usize, String)> {
        let reshaped = self.reshaped.take();
        for (database, store) in &reshaped {
            self.redefine(*database, store);
        }
        reshaped
    }

    /// Says that the transaction made an index that is to be built when it is committed.
    pub fn note_building(&self, database: usize, index: &str) {
        self.building
            .borrow_mut()
            .push((database, index.to_owned()));
    }

    /// The indexes that are to be built now.
    pub fn take_building(&self) -> Vec<(usize, String)> {
        self.building.take()
    }

    /// Stores that the transaction made, altered or dropped so far.
    pub fn redefined(&self) -> BTreeSet<(usize, String)> {
        self.redefined.borrow().clone()
    }

    /// The stores of which tables may show what is not, or not yet, committed. To be asked at the end of a transaction.
    pub fn take_unsettled(&self) -> BTreeSet<(usize, String)> {
        self.reshaped.take();
        let mut all = self.redefined.take();
        all.extend(self.new_fields.take().into_keys());
        all
    }

    /// The database of a name, as statements write it.
    pub fn database(&self, name: &str) -> Option<usize> {
        let found = self.catalog.find(name);
        found.or_else(|| name.eq_ignore_ascii_case("main").then_some(0))
    }

    /// The stores that the statement sees in a database.
    pub fn store_names(&self, database: usize) -> Result<Vec<String>> {
        let stores = self.planning(database)?.stores()?;
        let redefined = self.redefined.borrow();
        let mut names: BTreeSet<String> = stores
            .iter()
            .map(|info| info.definition.name.clone())
            .collect();
        for (at, name) in redefined.iter() {
            if *at == database && self.transaction(database)?.documents(name).is_ok() {
                names.insert(name.clone());
            } else if *at == database {
                names.remove(name);
            }
        }
        names.retain(|name| name != VIEWS_STORE && self.shows(database, name));
        Ok(names.into_iter().collect())
    }

    /// The store of this name, or one that has it in other letters.
    pub fn find_store(&self, database: usize, name: &str) -> Result<Option<String>> {
        let transaction = self.transaction(database)?;
        match transaction.documents(name) {
            Ok(_) if name == VIEWS_STORE || !self.shows(database, name) => return Ok(None),
            Ok(store) => return Ok(Some(store.definition().name.clone())),
            Err(sop::Error::StoreNotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let mut names = self.store_names(database)?.into_iter();
        Ok(names.find(|there| there.eq_ignore_ascii_case(name)))
    }

    pub fn hash(&self, id: &HashId) -> Option<Rc<FieldHash>> {
        self.hashes.borrow().get(id).cloned()
    }

    pub fn keep_hash(&self, id: HashId, hash: Rc<FieldHash>) {
        self.hashes.borrow_mut().insert(id, hash);
    }

    /// Why a database takes no change.
    fn read_only(&self, database: usize) -> Option<String> {
        self.catalog.read_only(database)
    }

    /// Says that an item of this database is going to be changed.
    pub fn change(&self, database: usize) -> Result<()> {
        if let Some(reason) = self.read_only(database) {
            let name = self.catalog.name(database);
            let message = format!("the database {name:?} is read-only: {reason}");
            return Err(QueryError::new(Code::ReadOnly, message));
        }
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

    /// An item was inserted or updated and stands there now.
    pub fn note_written(&self, position: impl FnOnce() -> sop::Result<Vec<u8>>) -> sop::Result<()> {
        if let Some(written) = &mut *self.written.borrow_mut() {
            written.push(position()?);
        }
        Ok(())
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
        for (database, transaction) in transactions {
            let transaction = Rc::into_inner(transaction).ok_or_else(|| {
                QueryError::new(Code::Engine, "a cursor is still open at the commit")
            })?;
            let commit = transaction.commit()?;
            if self
                .changed_database
                .get()
                .is_none_or(|changed| changed == database)
            {
                sequence = sequence.or(Some(commit.sequence));
            }
        }
        Ok(sequence)
    }
}

/// A field that no item has, at a path with dots between its steps.
fn new_field(path: &str) -> StoreField {
    StoreField {
        path: path.to_owned(),
        depth: u32::try_from(path.split('.').count()).unwrap_or(u32::MAX),
        kind: sop::FieldType::Any,
        required: false,
        declared: false,
        count: 0,
        kinds: Vec::new(),
        more: false,
    }
}
