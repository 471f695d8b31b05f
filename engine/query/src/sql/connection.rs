//! A connection to SQLite with the tables that were declared in it.
//!
//! Its databases are empty ones in memory: a database of the catalog is a schema, a store becomes a table of it when a
//! statement names it first, and again when its columns changed.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::config::DbConfig;
use rusqlite::{CachedStatement, Connection, Error as SqliteError};

use super::Result;
use super::catalog::Identity;
use super::columns::{Kind, Source, TableColumn, TableColumns};
use super::error::{Code, QueryError};
use super::functions;
use super::indexes::TableIndex;
use super::output::Column;
use super::running::Running;
use super::sandbox::{Stopped, Watch, confine};
use super::table::{self, MODULE, Step};
use super::tokens::{quote_name, quote_text};

/// Prepared statements that a connection keeps.
const STATEMENTS: usize = 64;
/// The schema of the default database.
const MAIN: &str = "main";

/// A table that stands for a store.
struct Declared {
    /// Number of the database in the catalog.
    database: usize,
    store: String,
    columns: TableColumns,
    indexes: Vec<TableIndex>,
}

/// The columns of a result, and what kinds of values come from stores as they are.
#[derive(Default)]
pub(super) struct Shape {
    pub columns: Vec<Column>,
    pub kinds: Vec<Option<Kind>>,
}

/// A connection of the pool.
pub(super) struct StoreConnection {
    /// Names and ids of the databases it is for.
    pub identity: Identity,
    connection: Connection,
    pub watch: Arc<Watch>,
    /// Tables by schema and name.
    declared: HashMap<(String, String), Declared>,
    /// Columns of the results of statements, by their text.
    known: HashMap<String, Arc<Shape>>,
    /// Sequences of the databases at which the tables were looked at last.
    seen: Vec<u64>,
}

/// What a name that SQLite did not find may mean.
struct Missing {
    schema: String,
    database: usize,
    store: String,
}

impl StoreConnection {
    /// A connection for these databases; `counts` what EXPLAIN ANALYZE shows, which makes each step slower.
    pub fn open(identity: Identity, counts: bool) -> Result<Self> {
        let open = || -> rusqlite::Result<(Connection, Arc<Watch>)> {
            let mut connection = Connection::open_in_memory()?;
            connection.set_prepared_statement_cache_capacity(STATEMENTS);
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_STMT_SCANSTATUS, counts)?;
            functions::register(&connection)?;
            table::register(&connection)?;
            let watch = Arc::new(Watch::default());
            confine(&mut connection, &watch)?;
            Ok((connection, watch))
        };
        let (connection, watch) = open().map_err(|error| engine_error(&error))?;
        Ok(Self {
            identity,
            connection,
            watch,
            declared: HashMap::new(),
            known: HashMap::new(),
            seen: Vec::new(),
        })
    }

    /// Brings the tables up to date with their stores.
    pub fn refresh(&mut self, running: &Running) -> Result<()> {
        let mut seen = Vec::with_capacity(running.catalog.len());
        for (_, database) in running.catalog.iter() {
            seen.push(database.sequence());
        }
        if seen == self.seen {
            return Ok(());
        }
        let mut gone = Vec::new();
        for (name, table) in &self.declared {
            let columns = running.columns(table.database, &table.store);
            let indexes = running.indexes(table.database, &table.store);
            if columns.ok().as_ref() != Some(&table.columns)
                || indexes.ok().as_ref() != Some(&table.indexes)
            {
                gone.push(name.clone());
            }
        }
        for name in gone {
            self.undeclare(&name)?;
        }
        self.seen = seen;
        Ok(())
    }

    fn undeclare(&mut self, name: &(String, String)) -> Result<()> {
        self.connection.flush_prepared_statement_cache();
        self.known.clear();
        let sql = format!("DROP TABLE {}.{}", quote_name(&name.0), quote_name(&name.1));
        self.execute(&sql)?;
        self.declared.remove(name);
        Ok(())
    }

    /// Forgets a table whose store was changed or dropped by the statement itself.
    pub fn forget(&mut self, database: usize, store: &str) -> Result<()> {
        let of = |table: &Declared| table.database == database && table.store == store;
        let names: Vec<_> = self
            .declared
            .iter()
            .filter(|(_, table)| of(table))
            .map(|(name, _)| name.clone())
            .collect();
        names.iter().try_for_each(|name| self.undeclare(name))
    }

    fn execute(&self, sql: &str) -> Result<()> {
        let connection = &self.connection;
        let done = self.watch.as_own(|| connection.execute_batch(sql));
        done.map_err(|error| engine_error(&error))
    }

    /// Declares a store that a statement names. False when there is none.
    fn declare(&mut self, running: &Running, missing: &Missing) -> Result<bool> {
        let Some(store) = running.find_store(missing.database, &missing.store)? else {
            return Ok(false);
        };
        let name = (missing.schema.clone(), store.clone());
        if self.declared.contains_key(&name) {
            return Ok(false);
        }
        if missing.schema != MAIN && !self.declared.keys().any(|there| there.0 == missing.schema) {
            // It may be attached already, without tables.
            let attach = format!("ATTACH ':memory:' AS {}", quote_name(&missing.schema));
            let _ = self.execute(&attach);
        }
        let columns = running.columns(missing.database, &store)?;
        let indexes = running.indexes(missing.database, &store)?;
        self.watch.declare(&store);
        self.execute(&format!(
            "CREATE VIRTUAL TABLE {}.{} USING {MODULE}({}, {})",
            quote_name(&missing.schema),
            quote_name(&store),
            quote_text(&missing.database.to_string()),
            quote_text(&store),
        ))?;
        let database = missing.database;
        self.declared.insert(
            name,
            Declared {
                database,
                store,
                columns,
                indexes,
            },
        );
        Ok(true)
    }

    /// Declares what the statement needs, until SQLite can prepare it.
    pub fn declare_for(&mut self, running: &Running, sql: &str) -> Result<()> {
        loop {
            let Err(error) = self.connection.prepare_cached(sql).map(drop) else {
                return Ok(());
            };
            if let Some(error) = running.take_error() {
                return Err(error);
            }
            let message = message(&error);
            let mut found = false;
            for missing in missing(running, &message) {
                if self.declare(running, &missing)? {
                    found = true;
                    break;
                }
            }
            if !found {
                return Err(self.explain(running, sql, &error));
            }
        }
    }

    /// A prepared statement; [`StoreConnection::declare_for`] has made sure that it can be.
    pub fn prepare(&self, running: &Running, sql: &str) -> Result<CachedStatement<'_>> {
        let prepared = self.connection.prepare_cached(sql);
        prepared.map_err(|error| self.explain(running, sql, &error))
    }

    /// Whether a store that was declared has a key field of this name, or one that an index is ordered by.
    pub fn is_key(&self, name: &str) -> bool {
        self.declared.values().any(|table| {
            let column = table.columns.named(name);
            column.is_some_and(|column| {
                let mut indexed = table.indexes.iter().flat_map(|index| &index.sources);
                matches!(column.source, Source::Key(_))
                    || indexed.any(|source| *source == column.source)
            })
        })
    }

    /// The steps of a statement, and the cycles of all of it.
    pub fn steps(&self, sql: &str) -> (Vec<Step>, i64) {
        table::steps(&self.connection, sql)
    }

    /// The columns of a statement's result.
    pub fn shape(&mut self, running: &Running, sql: &str) -> Result<Arc<Shape>> {
        if let Some(shape) = self.known.get(sql) {
            return Ok(Arc::clone(shape));
        }
        let prepared = self.prepare(running, sql)?;
        let mut shape = Shape::default();
        for column in prepared.columns_with_metadata() {
            let origin = || {
                self.origin(
                    column.database_name()?,
                    column.table_name()?,
                    column.origin_name()?,
                )
            };
            let kind = origin().map(|origin| origin.kind);
            shape.kinds.push(kind);
            shape.columns.push(Column {
                name: column.name().to_owned(),
                kind: kind.map_or("any", Kind::name).to_owned(),
            });
        }
        drop(prepared);
        if self.known.len() >= STATEMENTS {
            self.known.clear();
        }
        let shape = Arc::new(shape);
        self.known.insert(sql.to_owned(), Arc::clone(&shape));
        Ok(shape)
    }

    /// The column of a store that a result's column is.
    fn origin(&self, schema: &str, table: &str, column: &str) -> Option<&TableColumn> {
        let declared = self.declared.iter().find(|((there, name), _)| {
            there.eq_ignore_ascii_case(schema) && name.eq_ignore_ascii_case(table)
        });
        declared?.1.columns.named(column)
    }

    /// SQLite's error, said for people.
    pub fn explain(&self, running: &Running, sql: &str, error: &SqliteError) -> QueryError {
        if let Some(error) = running.take_error() {
            return error;
        }
        match self.watch.stopped() {
            Some(Stopped::Cancelled) => {
                return QueryError::new(Code::Cancelled, "the statement was cancelled");
            }
            Some(Stopped::Timeout) => {
                let message =
                    "the statement took longer than it may; ask for less, or give it more time";
                return QueryError::new(Code::Timeout, message);
            }
            None => {}
        }
        let at = match error {
            SqliteError::SqlInputError { offset, .. } => usize::try_from(*offset).ok(),
            _ => None,
        };
        self.explained(running, sql, &message(error)).at(at)
    }

    fn explained(&self, running: &Running, sql: &str, message: &str) -> QueryError {
        let place = |name: &str| {
            let last = name.rsplit('.').next().unwrap_or(name);
            let tokens = super::tokens::tokens(sql);
            let token = tokens
                .iter()
                .find(|token| token.is_name() && token.name(sql) == last);
            token.map(|token| token.span.start)
        };
        if let Some(name) = message.strip_prefix("no such table: ") {
            let names = store_names(running, name);
            let text = format!("there is no store {name:?}");
            return QueryError::new(Code::StoreNotFound, text)
                .suggest(names)
                .at(place(name));
        }
        if let Some(name) = message.strip_prefix("unknown database ") {
            let names = running.catalog.iter().map(|(name, _)| name.to_owned());
            let text = format!("there is no open database {name:?}");
            return QueryError::new(Code::StoreNotFound, text)
                .suggest(sop::nearest(name, names))
                .at(place(name));
        }
        if let Some(name) = message.strip_prefix("no such column: ") {
            let known = self.column_names(sql);
            let last = name.rsplit('.').next().unwrap_or(name);
            let mut text = format!("there is no field {name:?} in the stores of this statement");
            if name.starts_with('"') {
                text += "; text stands in single quotes";
            }
            return QueryError::new(Code::FieldNotFound, text)
                .suggest(sop::nearest(last.trim_matches('"'), known))
                .at(place(last.trim_matches('"')));
        }
        if let Some((table, name)) = message
            .strip_prefix("table ")
            .and_then(|rest| rest.split_once(" has no column named "))
        {
            let known = self.column_names(sql);
            let text = format!("store {table:?} has no field {name:?}");
            return QueryError::new(Code::FieldNotFound, text)
                .suggest(sop::nearest(name, known))
                .at(place(name));
        }
        let (code, text) = classified(message);
        QueryError::new(code, text)
    }

    /// Columns of the stores that a statement names.
    fn column_names(&self, sql: &str) -> Vec<String> {
        let tokens = super::tokens::tokens(sql);
        let words: Vec<String> = tokens
            .iter()
            .filter(|token| token.is_name())
            .map(|token| token.name(sql))
            .collect();
        let named = |name: &str| words.iter().any(|word| word.eq_ignore_ascii_case(name));
        let mut names: Vec<String> = self
            .declared
            .iter()
            .filter(|((_, table), _)| named(table))
            .flat_map(|(_, table)| table.columns.iter())
            .filter(|column| !column.name.starts_with('_'))
            .map(|column| column.name.clone())
            .collect();
        names.sort();
        names.dedup();
        names
    }
}

/// What the text of an error of SQLite means here.
fn classified(message: &str) -> (Code, String) {
    let is = |part: &str| message.contains(part);
    if is("not authorized") || is("authorization denied") || is("prohibited") {
        let text = "the statement may only read and change stores: no files, other schemas, settings or transactions of SQLite";
        return (Code::Forbidden, text.to_owned());
    }
    if is("cannot create triggers") {
        let text = "there is no CREATE TRIGGER for stores";
        return (Code::Forbidden, text.to_owned());
    }
    if is("UPSERT not implemented") {
        let text =
            "ON CONFLICT is not there for stores; write INSERT OR REPLACE or INSERT OR IGNORE";
        return (Code::Unsupported, text.to_owned());
    }
    if is("RETURNING is not available") {
        let text = "RETURNING is there for INSERT only; for UPDATE and DELETE a dry run shows the rows before and after";
        return (Code::Unsupported, text.to_owned());
    }
    if is("near \"LIMIT\": syntax error") || is("near \"ORDER\": syntax error") {
        let text = format!(
            "{message}; UPDATE and DELETE have no ORDER BY and LIMIT: write WHERE key IN (SELECT key FROM … ORDER BY … LIMIT …)"
        );
        return (Code::Syntax, text);
    }
    if is("syntax error") || is("incomplete input") || is("unrecognized token") {
        return (Code::Syntax, message.to_owned());
    }
    if is("too large") || is("too many") || is("too big") || is("too deep") || is("out of memory") {
        return (Code::TooLarge, message.to_owned());
    }
    if is("integer overflow") || is("malformed JSON") || is("regexp:") || is("bad JSON path") {
        return (Code::InvalidValue, message.to_owned());
    }
    (Code::Syntax, message.to_owned())
}

fn message(error: &SqliteError) -> String {
    match error {
        SqliteError::SqlInputError { msg, .. } => msg.clone(),
        SqliteError::SqliteFailure(_, Some(message)) => message.clone(),
        other => other.to_string(),
    }
}

fn engine_error(error: &SqliteError) -> QueryError {
    QueryError::new(Code::Engine, message(error))
}

/// What SQLite misses, in the order in which it is tried.
fn missing(running: &Running, message: &str) -> Vec<Missing> {
    if let Some(schema) = message.strip_prefix("unknown database ") {
        let schema = schema.trim_matches('"');
        // Any store of it makes the schema known.
        let database = running.catalog.find(schema);
        let store = database.and_then(|at| running.store_names(at).ok()?.into_iter().next());
        return match (database, store) {
            (Some(database), Some(store)) => vec![Missing {
                schema: schema.to_owned(),
                database,
                store,
            }],
            _ => Vec::new(),
        };
    }
    let Some(name) = message.strip_prefix("no such table: ") else {
        return Vec::new();
    };
    let mut ways = Vec::new();
    for (at, _) in name.match_indices('.') {
        let (schema, store) = (name.get(..at), name.get(at + 1..));
        let (Some(schema), Some(store)) = (schema, store) else {
            continue;
        };
        let database = running.database(schema);
        ways.extend(database.map(|database| Missing {
            schema: schema.to_owned(),
            database,
            store: store.to_owned(),
        }));
    }
    ways.push(Missing {
        schema: MAIN.to_owned(),
        database: 0,
        store: name.to_owned(),
    });
    ways
}

/// Stores that a wrong name may have meant.
fn store_names(running: &Running, name: &str) -> Vec<String> {
    let (database, store) = match name.split_once('.') {
        Some((schema, store)) => (running.catalog.find(schema).unwrap_or(0), store),
        None => (0, name),
    };
    let names = running.store_names(database).unwrap_or_default();
    sop::nearest(store, names)
}
