//! Row sources as virtual tables of SQLite: a walk over their rows, and nothing else.

use std::borrow::Cow;
use std::ffi::{CStr, CString, c_int};
use std::marker::PhantomData;
use std::rc::Rc;

use rusqlite::types::ToSql;
use rusqlite::vtab::{
    Context, CreateVTab, Filters, IndexInfo, Module, VTab, VTabConfig, VTabConnection, VTabCursor,
    VTabKind,
};
use rusqlite::{Connection, ffi};

use super::{running, text_argument, with_running};
use crate::sql::running::Running;
use crate::sql::sources::{Row, SourceRows};
use crate::sql::tokens::quote_name;

/// Name of the module in `CREATE VIRTUAL TABLE`.
pub(in crate::sql) const SOURCE_MODULE: &str = "source";
/// Rows that a source is taken to give: more than a walk over it for each row of another table should cost.
const ROWS: i64 = 1_000_000;

/// A source as a table.
#[repr(C)]
pub(super) struct SourceTable {
    base: ffi::sqlite3_vtab,
    schema: String,
    name: String,
}

/// A walk over its rows.
#[repr(C)]
pub(super) struct SourceCursor<'vtab> {
    base: ffi::sqlite3_vtab_cursor,
    schema: String,
    name: String,
    running: Rc<Running>,
    rows: Option<Rc<SourceRows>>,
    at: usize,
    row: Option<Row>,
    phantom: PhantomData<&'vtab SourceTable>,
}

pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    const SOURCES: &Module<'static, SourceTable> = &Module::<SourceTable>::read_only_module();
    connection.create_module(SOURCE_MODULE, SOURCES, None)
}

#[expect(unsafe_code, reason = "the structure begins with SQLite's own part")]
// SAFETY: `#[repr(C)]` with `base` first, as the trait asks.
unsafe impl<'vtab> VTab<'vtab> for SourceTable {
    type Aux = ();
    type Cursor = SourceCursor<'vtab>;

    fn connect(
        connection: &mut VTabConnection,
        _: Option<&()>,
        _: &[u8],
        _: &[u8],
        _: &[u8],
        arguments: &[&[u8]],
    ) -> rusqlite::Result<(Cow<'static, CStr>, Self)> {
        connection.config(VTabConfig::DirectOnly)?;
        let schema = text_argument(arguments.first()).unwrap_or_default();
        let name = text_argument(arguments.get(1)).unwrap_or_default();
        let columns = with_running(|running| running.source_columns(&schema, &name))?;
        // A column without a type keeps values as they are.
        let columns: Vec<String> = columns.iter().map(|name| quote_name(name)).collect();
        let declaration = format!("CREATE TABLE x({})", columns.join(", "));
        let declaration = CString::new(declaration).unwrap_or_default();
        let base = ffi::sqlite3_vtab::default();
        Ok((Cow::Owned(declaration), Self { base, schema, name }))
    }

    fn best_index(&self, info: &mut IndexInfo) -> rusqlite::Result<bool> {
        info.set_estimated_cost(ROWS as f64 * 4.0);
        info.set_estimated_rows(ROWS);
        info.set_idx_str(&format!("scan {}.{}", self.schema, self.name));
        Ok(true)
    }

    fn open(&'vtab mut self) -> rusqlite::Result<SourceCursor<'vtab>> {
        Ok(SourceCursor {
            base: ffi::sqlite3_vtab_cursor::default(),
            schema: self.schema.clone(),
            name: self.name.clone(),
            running: running()?,
            rows: None,
            at: 0,
            row: None,
            phantom: PhantomData,
        })
    }
}

impl CreateVTab<'_> for SourceTable {
    const KIND: VTabKind = VTabKind::Default;
}

impl SourceCursor<'_> {
    fn fetch(&mut self) -> crate::sql::Result<()> {
        let rows = match &self.rows {
            Some(rows) => rows,
            None => self
                .rows
                .insert(self.running.source_rows(&self.schema, &self.name)?),
        };
        self.row = rows.row(self.at, &|| self.running.stopped())?;
        Ok(())
    }
}

#[expect(unsafe_code, reason = "the structure begins with SQLite's own part")]
// SAFETY: `#[repr(C)]` with `base` first, as the trait asks.
unsafe impl VTabCursor for SourceCursor<'_> {
    fn filter(&mut self, _: c_int, _: Option<&str>, _: &Filters<'_>) -> rusqlite::Result<()> {
        self.at = 0;
        self.fetch().map_err(|error| self.running.fail(error))
    }

    fn next(&mut self) -> rusqlite::Result<()> {
        self.at += 1;
        self.fetch().map_err(|error| self.running.fail(error))
    }

    fn eof(&self) -> bool {
        self.row.is_none()
    }

    fn column(&self, context: &mut Context, number: c_int) -> rusqlite::Result<()> {
        let at = usize::try_from(number).unwrap_or(usize::MAX);
        match self.row.as_ref().and_then(|row| row.get(at)) {
            Some(value) => context.set_result(value.to_sql()?),
            None => Ok(()),
        }
    }

    fn rowid(&self) -> rusqlite::Result<i64> {
        Ok(self.at as i64)
    }
}
