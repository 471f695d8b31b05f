//! Row sources as virtual tables of SQLite: a walk over their rows, and nothing else.

use std::borrow::Cow;
use std::ffi::{CStr, CString, c_int};
use std::marker::PhantomData;
use std::rc::Rc;

use rusqlite::types::ToSql;
use rusqlite::vtab::{
    Context, CreateVTab, Filters, IndexConstraintOp, IndexInfo, Module, VTab, VTabConfig,
    VTabConnection, VTabCursor, VTabKind,
};
use rusqlite::{Connection, ffi};

use super::{running, text_argument, with_running};
use crate::sql::running::Running;
use crate::sql::sources::{Row, SourceRows};
use crate::sql::tokens::quote_name;
use crate::sql::value::Value;

/// Name of the module in `CREATE VIRTUAL TABLE`.
pub(in crate::sql) const SOURCE_MODULE: &str = "source";
/// Rows that a source is taken to give: more than a walk over it for each row of another table should cost.
const ROWS: i64 = 1_000_000;

/// Parameters that are columns: as many as fit into the number of a plan.
const MOST_PARAMETERS: usize = 30;

/// A source as a table.
#[repr(C)]
pub(super) struct SourceTable {
    base: ffi::sqlite3_vtab,
    schema: String,
    name: String,
    columns: usize,
    parameters: usize,
}

/// A walk over its rows.
#[repr(C)]
pub(super) struct SourceCursor<'vtab> {
    base: ffi::sqlite3_vtab_cursor,
    schema: String,
    name: String,
    /// Columns that are no parameters.
    columns: usize,
    parameters: usize,
    arguments: Vec<Option<Value>>,
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
        let mut parameters = with_running(|running| running.source_parameters(&schema, &name))?;
        parameters.truncate(MOST_PARAMETERS);
        // A column without a type keeps values as they are.
        let named = columns.iter().map(|name| quote_name(name));
        let hidden = parameters
            .iter()
            .map(|name| format!("{} HIDDEN", quote_name(name)));
        let declared: Vec<String> = named.chain(hidden).collect();
        let declaration = format!("CREATE TABLE x({})", declared.join(", "));
        let table = Self {
            base: ffi::sqlite3_vtab::default(),
            schema,
            name,
            columns: columns.len(),
            parameters: parameters.len(),
        };
        let declaration = CString::new(declaration).unwrap_or_default();
        Ok((Cow::Owned(declaration), table))
    }

    fn best_index(&self, info: &mut IndexInfo) -> rusqlite::Result<bool> {
        let mut given: c_int = 0;
        let mut used = Vec::new();
        for (at, constraint) in info.constraints().enumerate() {
            let column = usize::try_from(constraint.column()).ok();
            let parameter = column.and_then(|column| column.checked_sub(self.columns));
            let Some(parameter) = parameter.filter(|at| *at < self.parameters) else {
                continue;
            };
            if constraint.operator() != IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_EQ {
                continue;
            }
            if !constraint.is_usable() {
                // Its value comes from a table that has to be read before this one.
                return Ok(false);
            }
            if given & (1 << parameter) == 0 {
                given |= 1 << parameter;
                used.push((parameter, at));
            }
        }
        // Values come in the order of the parameters.
        used.sort_unstable();
        for (number, (_, at)) in (1..).zip(used) {
            let mut usage = info.constraint_usage(at);
            usage.set_argv_index(number);
            usage.set_omit(true);
        }
        info.set_idx_num(given);
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
            columns: self.columns,
            parameters: self.parameters,
            arguments: Vec::new(),
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
            None => self.rows.insert(self.running.source_rows(
                &self.schema,
                &self.name,
                &self.arguments,
            )?),
        };
        self.row = rows.row(self.at, &|| self.running.stopped())?;
        Ok(())
    }
}

#[expect(unsafe_code, reason = "the structure begins with SQLite's own part")]
// SAFETY: `#[repr(C)]` with `base` first, as the trait asks.
unsafe impl VTabCursor for SourceCursor<'_> {
    fn filter(
        &mut self,
        given: c_int,
        _: Option<&str>,
        values: &Filters<'_>,
    ) -> rusqlite::Result<()> {
        let mut values = values.iter();
        self.arguments.clear();
        for parameter in 0..self.parameters {
            let value = match given & (1 << parameter) {
                0 => None,
                _ => values.next().map(Value::from_sqlite),
            };
            self.arguments.push(value);
        }
        (self.at, self.rows) = (0, None);
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
        let value = match at.checked_sub(self.columns) {
            None => self.row.as_ref().and_then(|row| row.get(at)),
            Some(parameter) => self.arguments.get(parameter).and_then(Option::as_ref),
        };
        match value {
            Some(value) => context.set_result(value.to_sql()?),
            None => Ok(()),
        }
    }

    fn rowid(&self) -> rusqlite::Result<i64> {
        Ok(self.at as i64)
    }
}
