//! Transactions: a snapshot to read, an overlay of changes, and what has to be checked at commit.
//!
//! A write transaction changes nothing outside itself before it commits; dropping it rolls back. Its
//! own changes are seen by its own reads at once. It is `Send`, and used by one thread at a time.

mod compared;
mod cursor;
mod indexes;
pub(crate) mod item;
pub(crate) mod overlay;
mod own_writes;
pub(crate) mod physical;
mod position;
mod prepare;
mod range;
pub(crate) mod reads;
mod schema;
mod store;
mod store_write;
mod typed;
pub(crate) mod writes;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub use cursor::Cursor;
pub(crate) use indexes::Filled;
pub use item::{Item, ItemRef, KeyItem};
pub use position::Position;
pub use prepare::{MAX_PREPARED_ID_BYTES, Prepared};
pub use range::{Direction, Keys, Range};
pub use store::{DocumentStore, Inserted};

use self::own_writes::OwnWrites;
use self::reads::Reads;
use self::writes::{CATALOG, CatalogChange, StoreId, Writes};
use crate::commit::queue::{Kind, Request};
use crate::commit::record::{CommitFacts, Payload, seal};
use crate::database::MAX_TIME_LIMIT_MS;
use crate::database::core::{Core, Pass};
use crate::database::snapshot::{Snapshot, tree_config};
use crate::definition::{StoreChange, StoreDefinition, store_not_found};
use crate::error::{Error, Result};
use crate::index::{IndexInfo, IndexState};
use crate::key::EncodedKey;
use crate::log::MAX_RECORD_BYTES;
use crate::tree::Tree;
use crate::typed::{Store, TypedKey};

/// Calls of a transaction after which it asks the clock again.
const CALLS_BETWEEN_CLOCKS: u8 = 15;

/// What a transaction may do and what it is promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Reads and writes, serializable: points, misses and ranges are validated at commit.
    Write,
    /// Reads one snapshot of all stores; never blocks and never fails to commit.
    Read,
    /// As `Read`, for media that cannot be written.
    NoCheck,
}

/// A committed transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its sequence number; the snapshot's for one that changed nothing.
    pub sequence: u64,
}

/// A store as a transaction sees it.
#[derive(Clone, Debug)]
pub struct StoreInfo {
    /// The definition.
    pub definition: Arc<StoreDefinition>,
    /// Exact number of items.
    pub count: u64,
    /// Bytes of keys and values.
    pub bytes: u64,
    /// Levels of the tree; 1 is a single leaf, 0 an empty store.
    pub depth: u32,
    /// Identity: a dropped and created store of the same name has another.
    pub id: u64,
    /// The indexes of its items, in the order of their names.
    pub indexes: Vec<IndexInfo>,
}

/// What a transaction has read so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadStats {
    /// Tree nodes visited.
    pub nodes_read: u64,
    /// Items decoded.
    pub items_read: u64,
}

/// The stores as this transaction changed them: `None` is a dropped name.
type LocalStores = BTreeMap<String, Option<(StoreId, Arc<StoreDefinition>)>>;

/// A store found by name: of the snapshot, or as this transaction changed it.
type Found<'a> = (StoreId, Cow<'a, Arc<StoreDefinition>>, Cow<'a, Tree>);

/// A running transaction. See the module's text.
pub struct Transaction {
    core: Arc<Core>,
    mode: Mode,
    /// Given up at the end, before the commit is applied.
    snapshot: Option<Arc<Snapshot>>,
    base: u64,
    pass: Pass,
    limit_ms: u64,
    /// In milliseconds of the clock; only writers have one.
    deadline_ms: u64,
    writes: OwnWrites,
    reads: RefCell<Reads>,
    local_stores: RefCell<LocalStores>,
    /// Indexes of stores that were written to.
    indexes: RefCell<indexes::Known>,
    stats: Cell<ReadStats>,
    /// Calls until the clock is asked again.
    until_clock: Cell<u8>,
    /// Memory for the key of the item that is written, and of the one that is looked for.
    key_buffer: Cell<EncodedKey>,
    scratch: Cell<Vec<u8>>,
}

impl std::fmt::Debug for Transaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transaction")
            .field("mode", &self.mode)
            .field("sequence", &self.base)
            .finish_non_exhaustive()
    }
}

impl Transaction {
    pub(crate) fn begin(core: &Arc<Core>, mode: Mode) -> Result<Self> {
        let writes = mode == Mode::Write;
        core.check_usable(writes)?;
        let (snapshot, pass) = core.enter(writes)?;
        let deadline_ms = if writes {
            core.clock.monotonic_ms().saturating_add(core.time_limit_ms)
        } else {
            u64::MAX
        };
        Ok(Self {
            core: Arc::clone(core),
            mode,
            base: snapshot.sequence,
            snapshot: Some(snapshot),
            limit_ms: core.time_limit_ms,
            deadline_ms,
            pass,
            writes: OwnWrites::default(),
            reads: RefCell::default(),
            local_stores: RefCell::default(),
            indexes: RefCell::default(),
            stats: Cell::default(),
            until_clock: Cell::default(),
            key_buffer: Cell::default(),
            scratch: Cell::default(),
        })
    }

    /// Sequence of the snapshot that this transaction reads.
    pub fn sequence(&self) -> u64 {
        self.base
    }

    /// What was read so far.
    pub fn stats(&self) -> ReadStats {
        self.stats.get()
    }

    /// Gives this transaction another time limit than the database's, in milliseconds from its beginning,
    /// at most [`MAX_TIME_LIMIT_MS`](crate::MAX_TIME_LIMIT_MS). Only write transactions have one: past it they
    /// can no longer change anything or be committed.
    pub fn set_time_limit_ms(&mut self, limit: u64) {
        let began = self.deadline_ms.saturating_sub(self.limit_ms);
        self.limit_ms = limit.min(MAX_TIME_LIMIT_MS);
        self.deadline_ms = began.saturating_add(self.limit_ms);
    }

    pub(crate) fn count_read(&self, nodes: u64, items: u64) {
        let mut stats = self.stats.get();
        stats.nodes_read += nodes;
        stats.items_read += items;
        self.stats.set(stats);
    }

    fn tracks(&self) -> bool {
        self.mode == Mode::Write
    }

    fn check_can_write(&self) -> Result<()> {
        match self.mode {
            Mode::Write => Ok(()),
            Mode::Read | Mode::NoCheck => Err(Error::ReadTransaction),
        }
    }

    /// Fails when the transaction cannot write, or has lived too long.
    fn check_write(&self) -> Result<()> {
        self.check_can_write()?;
        self.check_time()
    }

    /// As [`Transaction::check_time`], for calls so short that asking the clock would be a good part of them:
    /// it is asked now and then. A commit always asks.
    fn check_time_sometimes(&self) -> Result<()> {
        match self.until_clock.get() {
            0 => {
                self.until_clock.set(CALLS_BETWEEN_CLOCKS);
                self.check_time()
            }
            n => {
                self.until_clock.set(n - 1);
                Ok(())
            }
        }
    }

    fn check_time(&self) -> Result<()> {
        if self.mode == Mode::Write && self.core.clock.monotonic_ms() > self.deadline_ms {
            return Err(Error::TimeLimit {
                limit_ms: self.limit_ms,
            });
        }
        Ok(())
    }

    fn snapshot(&self) -> Result<&Snapshot> {
        self.snapshot.as_deref().ok_or(Error::Closed)
    }

    /// All stores in the order of their names.
    pub fn stores(&self) -> Result<Vec<StoreInfo>> {
        if self.tracks() {
            let mut reads = self.reads.borrow_mut();
            reads.range(CATALOG, Bound::Unbounded, Bound::Unbounded);
        }
        let mut names: Vec<String> = self.snapshot()?.names.keys().cloned().collect();
        names.extend(self.local_stores.borrow().keys().cloned());
        names.sort();
        names.dedup();
        names
            .iter()
            .filter_map(|name| match self.find(name) {
                Ok(found) => Some(DocumentStore::new(self, found).info()),
                Err(Error::StoreNotFound { .. }) => None,
                Err(error) => Some(Err(error)),
            })
            .collect()
    }

    /// Opens a store by name, untyped: [`Key`](crate::Key) and [`Document`](crate::Document). What one's own
    /// types need is [`Transaction::store`].
    ///
    /// # Errors
    /// [`Error::StoreNotFound`] with the nearest names.
    pub fn documents(&self, name: &str) -> Result<DocumentStore<'_>> {
        Ok(DocumentStore::new(self, self.find(name)?))
    }

    /// Opens a store by name as a map of one's own types; see [`crate::typed`].
    ///
    /// # Errors
    /// [`Error::StoreNotFound`] with the nearest names; [`Error::WrongKeyType`] when the store's keys are
    /// not `K`.
    pub fn store<K: TypedKey, V>(&self, name: &str) -> Result<Store<'_, K, V>> {
        Store::new(self.documents(name)?)
    }

    fn find(&self, name: &str) -> Result<Found<'_>> {
        let snapshot = self.snapshot()?;
        if let Some(local) = self.local_stores.borrow().get(name) {
            let (id, definition) = local
                .clone()
                .ok_or_else(|| store_not_found(name, snapshot.names.keys().map(String::as_str)))?;
            let tree = match snapshot.stores.get(&id) {
                Some(store) => Cow::Borrowed(&store.tree),
                None => Cow::Owned(self.empty_tree(id, &definition)),
            };
            return Ok((id, Cow::Owned(definition), tree));
        }
        if self.tracks() {
            self.reads.borrow_mut().point(CATALOG, name.as_bytes());
        }
        let (id, store) = snapshot.by_name(name)?;
        Ok((
            id,
            Cow::Borrowed(&store.definition),
            Cow::Borrowed(&store.tree),
        ))
    }

    /// The tree of a store that the snapshot does not have.
    fn empty_tree(&self, id: StoreId, definition: &StoreDefinition) -> Tree {
        Tree::new(tree_config(definition), self.core.trees.context(id))
    }

    /// The definition that this transaction gave a store after a handle of it was made; `None`: the
    /// handle's is the newest. Fails when the transaction dropped the store.
    fn changed_definition(&self, id: StoreId, name: &str) -> Result<Option<Arc<StoreDefinition>>> {
        let local_stores = self.local_stores.borrow();
        match local_stores.get(name) {
            None => Ok(None),
            Some(Some((newest, definition))) if *newest == id => Ok(Some(Arc::clone(definition))),
            Some(_) => Err(store_not_found(
                name,
                self.snapshot()?.names.keys().map(String::as_str),
            )),
        }
    }

    /// Creates a store.
    ///
    /// # Errors
    /// [`Error::StoreExists`], [`Error::InvalidDefinition`]; the transaction can go on after both.
    pub fn create_store(&self, definition: StoreDefinition) -> Result<()> {
        self.check_write()?;
        if definition.index_of.is_some() {
            return Err(Error::InvalidDefinition {
                store: definition.name,
                field: "index_of".to_owned(),
                detail: "is set for indexes, which are made by CREATE INDEX, not as stores"
                    .to_owned(),
            });
        }
        self.add_store(definition)
    }

    fn add_store(&self, definition: StoreDefinition) -> Result<()> {
        definition.validate()?;
        match self.find(&definition.name) {
            Ok((_, existing, _)) => {
                return Err(Error::StoreExists {
                    name: definition.name.clone(),
                    same_structure: existing.same_structure(&definition),
                });
            }
            Err(Error::StoreNotFound { .. }) => {}
            Err(error) => return Err(error),
        }
        let id = StoreId(self.core.next_store_id.fetch_add(1, Ordering::Relaxed));
        let definition = Arc::new(definition);
        let mut writes = self.writes.borrow_mut();
        writes.touch_name(definition.name.as_bytes());
        writes
            .catalog
            .push(CatalogChange::Create(id, Arc::clone(&definition)));
        self.local_stores
            .borrow_mut()
            .insert(definition.name.clone(), Some((id, definition)));
        Ok(())
    }

    /// Drops a store with all its items and its indexes.
    ///
    /// # Errors
    /// [`Error::StoreNotFound`]; [`Error::IsIndex`] for an index, which [`Transaction::drop_index`] drops.
    pub fn drop_store(&self, name: &str) -> Result<()> {
        self.check_write()?;
        let id = {
            let store = self.documents(name)?;
            store.check_is_no_index()?;
            store.id
        };
        self.drop_indexes_of(id, name)?;
        self.forget_store(id, name);
        Ok(())
    }

    /// Takes a store that is there out of the list.
    fn forget_store(&self, id: StoreId, name: &str) {
        let mut writes = self.writes.borrow_mut();
        writes.forget_store(id);
        writes.touch_name(name.as_bytes());
        let created_here = |c: &CatalogChange| matches!(c, CatalogChange::Create(c, _) if *c == id);
        if writes.catalog.iter().any(created_here) {
            writes.catalog.retain(
                |c| !matches!(c, CatalogChange::Create(c, _) | CatalogChange::Alter(c, _) if *c == id),
            );
        } else {
            writes.catalog.push(CatalogChange::Drop(id));
        }
        self.local_stores.borrow_mut().insert(name.to_owned(), None);
    }

    /// Changes what may change on a store that holds items.
    ///
    /// # Errors
    /// [`Error::StoreNotFound`]; [`Error::SchemaViolation`] when an item breaks a declared schema;
    /// [`Error::IsIndex`] for a schema or relations of an index.
    pub fn alter_store(&self, name: &str, change: StoreChange) -> Result<()> {
        self.check_write()?;
        let (id, current, tree) = self.find(name)?;
        if let Some(of) = current.index_of.as_ref()
            && (change.schema.is_some() || change.relations.is_some())
        {
            return Err(Error::IsIndex {
                name: name.to_owned(),
                of: of.store.clone(),
            });
        }
        // The new definition replaces all of the old one, so any change to it is a conflict.
        let metadata = format!("{name}\0");
        self.reads.borrow_mut().point(CATALOG, metadata.as_bytes());
        let mut next = StoreDefinition::clone(&**current);
        let schema_changes = change.schema.is_some();
        next.description = change.description.unwrap_or(next.description);
        next.relations = change.relations.unwrap_or(next.relations);
        next.cache = change.cache.unwrap_or(next.cache);
        next.schema = change.schema.unwrap_or(next.schema);
        next.validate()?;
        let next = Arc::new(next);
        if schema_changes && next.schema.declared {
            DocumentStore::new(self, (id, Cow::Owned(Arc::clone(&next)), tree)).check_schema()?;
        }
        let mut writes = self.writes.borrow_mut();
        // Writers of items depend on the schema alone: other metadata may change beside them.
        if schema_changes {
            writes.touch_name(name.as_bytes());
        }
        writes.touch_name(metadata.as_bytes());
        writes
            .catalog
            .push(CatalogChange::Alter(id, Arc::clone(&next)));
        self.local_stores
            .borrow_mut()
            .insert(name.to_owned(), Some((id, next)));
        Ok(())
    }

    /// Makes all changes durable and visible at once.
    ///
    /// # Errors
    /// [`Error::Conflict`] when another transaction committed a change to something that this one
    /// read or writes: run it again. After any error nothing of it has happened, but see
    /// [`Error::ReadOnly`]: when the disk failed in the middle, the next open decides.
    pub fn commit(mut self) -> Result<Commit> {
        if self.mode != Mode::Write {
            return Ok(Commit {
                sequence: self.base,
            });
        }
        self.check_time()?;
        let mut writes = std::mem::take(&mut *self.writes.borrow_mut());
        let reads = std::mem::take(&mut *self.reads.borrow_mut());
        let payload = if writes.is_empty() {
            None
        } else {
            Some(self.record(&mut writes)?)
        };
        // The snapshot is given up first, so that nodes nobody else reads are changed in place;
        // the registration as active stays until the end and keeps the history.
        self.snapshot = None;
        let builds = writes.catalog.iter().any(is_to_be_built);
        let sequence = self.core.commit(Request {
            base: self.base,
            reads,
            writes: Arc::new(writes),
            kind: Kind::Changes,
            payload,
        })?;
        if builds {
            self.core.background.wake_for_indexes();
        }
        Ok(Commit { sequence })
    }

    fn record(&self, writes: &mut Writes) -> Result<Payload> {
        let facts = CommitFacts {
            time_ms: self.core.clock.now_unix_ms(),
            next_item_id: self.core.next_item_id.load(Ordering::Relaxed),
        };
        let payload = seal(writes, facts);
        let bytes = payload.bytes(writes).len();
        if bytes > MAX_RECORD_BYTES {
            return Err(Error::TransactionTooLarge {
                bytes,
                limit: MAX_RECORD_BYTES,
            });
        }
        Ok(payload)
    }

    /// Forgets all changes. Dropping the transaction does the same.
    pub fn rollback(self) {}
}

/// Whether it is an index with items to be added.
fn is_to_be_built(change: &CatalogChange) -> bool {
    let CatalogChange::Create(_, definition) = change else {
        return false;
    };
    let of = definition.index_of.as_ref();
    of.is_some_and(|of| of.state == IndexState::Building)
}

impl Drop for Transaction {
    fn drop(&mut self) {
        self.snapshot = None;
        self.core.leave(self.pass);
    }
}
