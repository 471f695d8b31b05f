//! Stores as virtual tables of SQLite.
//!
//! The one module with `unsafe`: SQLite keeps tables and cursors as pointers to structures that begin with its own
//! parts, which is what the `unsafe impl` promise ([`StoreTable`], [`StoreCursor`](cursor::StoreCursor), and those of [`source`]: `#[repr(C)]`, base first);
//! and it tells its counters to pointers only ([`status`]). Everything else, calls between the languages among it, is
//! rusqlite's.

mod any;
mod cursor;
mod edge;
mod entries;
mod groups;
mod hash;
mod masked;
mod open;
mod plan;
mod residual;
mod seek;
mod source;
mod status;
mod update;
mod values;
mod walk;

use std::borrow::Cow;
use std::ffi::{CStr, CString, c_int};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use parking_lot::Mutex;
use rusqlite::types::ValueRef;
use rusqlite::vtab::{
    CreateVTab, IndexInfo, Inserts, Module, UpdateVTab, Updates, VTab, VTabConfig, VTabConnection,
    VTabKind,
};
use rusqlite::{Connection, Error, ffi};

use self::cursor::StoreCursor;
use self::plan::Plan;
use super::columns::TableColumns;
use super::indexes::TableIndex;
use super::running::Running;
use super::visibility::StoreRules;

pub(super) use self::hash::FieldHash;
pub(super) use self::open::OpenStore;
pub(super) use self::source::SOURCE_MODULE;
pub(super) use self::status::{Step, steps};

/// Name of the module in `CREATE VIRTUAL TABLE`.
pub(super) const MODULE: &str = "store";

/// What the cursors of a table share.
pub(super) struct TableShared {
    /// Number of the database in the catalog.
    pub database: usize,
    pub store: String,
    pub columns: TableColumns,
    /// The indexes that it can be read by.
    pub indexes: Vec<Arc<TableIndex>>,
    /// What the caller does not see.
    pub rules: Option<Arc<StoreRules>>,
    /// Where the field of each column was in the document that was read last.
    places: Vec<AtomicUsize>,
    /// The plans that SQLite was offered, by their numbers.
    plans: Mutex<Vec<Arc<Plan>>>,
}

impl TableShared {
    /// The number of a plan.
    fn number(&self, plan: Plan) -> c_int {
        let mut plans = self.plans.lock();
        if let Some(at) = plans.iter().position(|there| **there == plan) {
            return at as c_int;
        }
        plans.push(Arc::new(plan));
        (plans.len() - 1) as c_int
    }

    fn plan(&self, number: c_int) -> Option<Arc<Plan>> {
        let number = usize::try_from(number).ok()?;
        self.plans.lock().get(number).cloned()
    }
}

/// A store as a table.
#[repr(C)]
pub(super) struct StoreTable {
    base: ffi::sqlite3_vtab,
    shared: Arc<TableShared>,
}

/// Makes stores known to a connection.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    const STORES: &Module<'static, StoreTable> =
        &Module::<StoreTable>::update_module().without_rowid();
    connection.create_module(MODULE, STORES, None)?;
    source::register(connection)
}

fn text_argument(argument: Option<&&[u8]>) -> Option<String> {
    let text = std::str::from_utf8(argument?).ok()?;
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
    Some(inner.replace("''", "'"))
}

/// Runs `work` with the call that is running on this thread, and keeps its error as it is.
fn with_running<T>(work: impl FnOnce(&Running) -> super::Result<T>) -> rusqlite::Result<T> {
    let running = running()?;
    work(&running).map_err(|error| running.fail(error))
}

/// The call that is running on this thread.
fn running() -> rusqlite::Result<Rc<Running>> {
    Running::current()
        .ok_or_else(|| Error::ModuleError("no statement runs on this thread".to_owned()))
}

#[expect(unsafe_code, reason = "the structure begins with SQLite's own part")]
// SAFETY: `#[repr(C)]` with `base` first, as the trait asks.
unsafe impl<'vtab> VTab<'vtab> for StoreTable {
    type Aux = ();
    type Cursor = StoreCursor<'vtab>;

    fn connect(
        connection: &mut VTabConnection,
        _: Option<&()>,
        _: &[u8],
        _: &[u8],
        _: &[u8],
        arguments: &[&[u8]],
    ) -> rusqlite::Result<(Cow<'static, CStr>, Self)> {
        connection.config(VTabConfig::ConstraintSupport)?;
        connection.config(VTabConfig::DirectOnly)?;
        with_running(|running| {
            let database = text_argument(arguments.first())
                .and_then(|text| text.parse().ok())
                .unwrap_or(usize::MAX);
            let store = text_argument(arguments.get(1)).unwrap_or_default();
            let columns = running.columns(database, &store)?;
            let indexes = running.indexes(database, &store)?;
            let indexes = indexes.into_iter().map(Arc::new).collect();
            let rules = running.rules(database, &store);
            let declaration = CString::new(columns.declaration()).unwrap_or_default();
            let shared = Arc::new(TableShared {
                database,
                store,
                places: columns.iter().map(|_| AtomicUsize::new(0)).collect(),
                columns,
                indexes,
                rules,
                plans: Mutex::default(),
            });
            let base = ffi::sqlite3_vtab::default();
            Ok((Cow::Owned(declaration), Self { base, shared }))
        })
    }

    fn best_index(&self, info: &mut IndexInfo) -> rusqlite::Result<bool> {
        let planned = with_running(|running| {
            masked::check(&self.shared, info)?;
            plan::choose(&self.shared, running, info)
        })?;
        let Some(planned) = planned else {
            return Ok(false);
        };
        info.set_estimated_cost(planned.cost);
        info.set_estimated_rows(planned.rows);
        info.set_order_by_consumed(planned.ordered);
        if planned.unique {
            info.set_idx_flags(rusqlite::vtab::IndexFlags::SQLITE_INDEX_SCAN_UNIQUE);
        }
        if !planned.plan.label.is_empty() {
            info.set_idx_str(&planned.plan.label);
        }
        info.set_idx_num(self.shared.number(planned.plan));
        Ok(true)
    }

    fn open(&'vtab mut self) -> rusqlite::Result<StoreCursor<'vtab>> {
        Ok(StoreCursor::new(Arc::clone(&self.shared), running()?))
    }
}

impl CreateVTab<'_> for StoreTable {
    const KIND: VTabKind = VTabKind::Default;
}

impl UpdateVTab<'_> for StoreTable {
    fn delete(&mut self, position: ValueRef<'_>) -> rusqlite::Result<()> {
        with_running(|running| update::delete(&self.shared, running, position))
    }

    fn insert(&mut self, arguments: &Inserts<'_>) -> rusqlite::Result<i64> {
        with_running(|running| update::insert(&self.shared, running, arguments))?;
        Ok(0)
    }

    fn update(&mut self, arguments: &Updates<'_>) -> rusqlite::Result<()> {
        with_running(|running| update::update(&self.shared, running, arguments))
    }
}
