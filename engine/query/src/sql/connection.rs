//! A connection to SQLite with the tables that were declared in it.
//!
//! Its databases are empty ones in memory: a database of the catalog is a schema, a store becomes a table of it when a
//! statement names it first, and again when its columns changed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rusqlite::config::DbConfig;
use rusqlite::{CachedStatement, Connection, Error as SqliteError};

use super::Result;
use super::catalog::Identity;
use super::columns::{Kind, Source, TableColumn, TableColumns};
use super::error::{Code, QueryError};
use super::functions;
use super::indexes::TableIndex;
use super::masking;
use super::memory::Memory;
use super::output::Column;
use super::running::Running;
use super::sandbox::{Watch, confine};
use super::table::{self, MODULE, SOURCE_MODULE, Step};
use super::tokens::{quote_name, quote_text};
use super::views::{self, View};
use super::visibility::Visibility;

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

/// A saved select that the connection knows.
struct DeclaredView {
    view: View,
    declaration: String,
    /// Its columns that are masked.
    masked: Vec<String>,
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
    /// What those see whom it is for.
    pub visibility: Visibility,
    connection: Connection,
    memory: Arc<Memory>,
    pub watch: Arc<Watch>,
    /// Tables by schema and name.
    declared: HashMap<(String, String), Declared>,
    /// Columns of the results of statements, by their text.
    known: HashMap<String, Arc<Shape>>,
    /// Statements that do nothing with masked fields but show them.
    checked: HashSet<String>,
    /// Sources that statements of the call named, by schema and name.
    sources: HashSet<(String, String)>,
    /// Views by what they are called here.
    views: HashMap<String, DeclaredView>,
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
    pub fn open(
        identity: Identity,
        visibility: Visibility,
        memory: Arc<Memory>,
        counts: bool,
    ) -> Result<Self> {
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
        watch.as_own(|| memory.limit(&connection))?;
        Ok(Self {
            identity,
            visibility,
            connection,
            memory,
            watch,
            declared: HashMap::new(),
            known: HashMap::new(),
            checked: HashSet::new(),
            sources: HashSet::new(),
            views: HashMap::new(),
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
        if !gone.is_empty() {
            self.forget_views()?;
        }
        for name in gone {
            self.undeclare(&name)?;
        }
        for known in self.views.values() {
            if running.view(&known.view.name)?.as_ref() != Some(&known.view) {
                self.forget_views()?;
                break;
            }
        }
        self.seen = seen;
        Ok(())
    }

    /// Forgets the views; they are made again when they are named.
    pub fn forget_views(&mut self) -> Result<()> {
        self.flush();
        let names: Vec<String> = self.views.drain().map(|(name, _)| name).collect();
        names
            .iter()
            .try_for_each(|name| self.execute(&format!("DROP VIEW temp.{}", quote_name(name))))
    }

    /// Makes a view known, whose select is in SQLite's words, and checks it.
    pub fn declare_view(&mut self, running: &Running, view: &View, sql: &str) -> Result<()> {
        let name = views::table(&view.name);
        if self.views.contains_key(&name) {
            return Ok(());
        }
        self.declare_for(running, sql)?;
        let declaration = view.declaration(sql);
        self.execute(&declaration)
            .map_err(|error| QueryError::new(classified(&error.message).0, error.message))?;
        self.watch.declare(&name, std::iter::empty());
        let declared = DeclaredView {
            view: view.clone(),
            declaration,
            masked: Vec::new(),
        };
        self.views.insert(name.clone(), declared);
        let masked = self.masked_columns(running, &name);
        if masked.is_err() {
            self.forget_views()?;
        }
        let masked = masked?;
        self.watch.declare(&name, masked.iter().map(String::as_str));
        if let Some(declared) = self.views.get_mut(&name) {
            declared.masked = masked;
        }
        Ok(())
    }

    /// The columns of a view that are masked ones of stores.
    fn masked_columns(&mut self, running: &Running, view: &str) -> Result<Vec<String>> {
        let all = format!("SELECT * FROM temp.{}", quote_name(view));
        self.declare_for(running, &all)?;
        let prepared = self.prepare(running, &all)?;
        let mut masked = Vec::new();
        for column in prepared.columns_with_metadata() {
            let names = column.database_name().zip(column.table_name());
            let origin = names.zip(column.origin_name());
            let origin =
                origin.and_then(|((schema, table), name)| self.origin(schema, table, name));
            if origin.is_some_and(|origin| origin.masked) {
                masked.push(column.name().to_owned());
            }
        }
        Ok(masked)
    }

    /// Forgets the sources: they may have other columns when another call names them.
    pub fn forget_sources(&mut self) -> Result<()> {
        if self.sources.is_empty() {
            return Ok(());
        }
        self.forget_views()?;
        let names = std::mem::take(&mut self.sources);
        names.iter().try_for_each(|(schema, name)| {
            let (schema, name) = (quote_name(schema), quote_name(name));
            self.execute(&format!("DROP TABLE {schema}.{name}"))
        })
    }

    /// Declares a source that SQLite misses as `schema.name`. False when there is none.
    fn declare_source(&mut self, running: &Running, message: &str) -> Result<bool> {
        let name = message.strip_prefix("no such table: ");
        let Some((schema, name)) = name.and_then(|name| name.split_once('.')) else {
            return Ok(false);
        };
        let Some(schema) = running.source_schema(schema) else {
            return Ok(false);
        };
        let id = (schema.clone(), name.to_owned());
        if running.source(&schema, name)?.is_none() || self.sources.contains(&id) {
            return Ok(false);
        }
        // It may be attached already.
        let _ = self.execute(&format!("ATTACH ':memory:' AS {}", quote_name(&schema)));
        self.watch.declare(name, std::iter::empty());
        let declared = self.execute(&format!(
            "CREATE VIRTUAL TABLE {}.{} USING {SOURCE_MODULE}({}, {})",
            quote_name(&schema),
            quote_name(name),
            quote_text(&schema),
            quote_text(name),
        ));
        if let Some(error) = running.take_error() {
            return Err(error);
        }
        declared?;
        self.sources.insert(id);
        Ok(true)
    }

    /// Forgets what was made ready of statements.
    fn flush(&mut self) {
        self.connection.flush_prepared_statement_cache();
        self.known.clear();
        self.checked.clear();
    }

    fn undeclare(&mut self, name: &(String, String)) -> Result<()> {
        self.flush();
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
        names.iter().try_for_each(|name| self.undeclare(name))?;
        if store == views::STORE {
            return self.forget_views();
        }
        if !names.is_empty() {
            // SQLite does not look again at what a view stands on.
            for (name, known) in &self.views {
                self.execute(&format!("DROP VIEW temp.{}", quote_name(name)))?;
                self.execute(&known.declaration)?;
            }
        }
        Ok(())
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
        let protected = columns
            .iter()
            .filter(|column| column.masked || column.partial);
        self.watch
            .declare(&store, protected.map(|column| column.name.as_str()));
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
                return self.check_masked(running, sql);
            };
            if let Some(error) = running.take_error() {
                return Err(error);
            }
            let message = message(&error);
            if self.declare_source(running, &message)? {
                continue;
            }
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

    /// Refuses a statement that does more with masked fields than to show them.
    fn check_masked(&mut self, running: &Running, sql: &str) -> Result<()> {
        if !self.watch.protects() || self.checked.contains(sql) {
            return Ok(());
        }
        // One that is kept ready is not asked what it reads.
        self.watch.take_read();
        let prepared = self.connection.prepare(sql);
        let prepared = prepared.map_err(|error| self.explain(running, sql, &error))?;
        let read = self.watch.take_read();
        for (number, at) in masking::by_number(sql) {
            let mut columns = prepared.columns_with_metadata();
            let Some(column) = number.checked_sub(1).and_then(|at| columns.nth(at)) else {
                continue;
            };
            let names = column.database_name().zip(column.table_name());
            let origin = names.zip(column.origin_name());
            let origin =
                origin.and_then(|((schema, table), name)| self.origin(schema, table, name));
            if let Some(column) = origin.filter(|column| column.masked) {
                let store = names.map_or("", |(_, store)| store);
                return Err(masking::refused(store, &column.name).at(Some(at)));
            }
        }
        drop(prepared);
        for (table, name) in &read {
            self.check_read(running, sql, table, name)?;
        }
        if self.checked.len() >= STATEMENTS {
            self.checked.clear();
        }
        self.checked.insert(sql.to_owned());
        Ok(())
    }

    /// Refuses it when a column that it reads is masked, or has masked parts, and used.
    fn check_read(&self, running: &Running, sql: &str, table: &str, name: &str) -> Result<()> {
        let of_table = self
            .declared
            .iter()
            .filter(|((_, there), _)| there == table);
        for (_, declared) in of_table {
            let Some(column) = declared.columns.named(name) else {
                continue;
            };
            let found = if column.masked {
                masking::misused(sql, std::slice::from_ref(&column.name))
            } else {
                let rules = running.rules(declared.database, &declared.store);
                let paths = rules.iter().flat_map(|rules| rules.masked_paths());
                masking::path_to(sql, paths).map(|(path, at)| (path.to_owned(), at))
            };
            if let Some((field, at)) = found {
                return Err(masking::refused(&declared.store, &field).at(Some(at)));
            }
        }
        if let Some(view) = self.views.get(table) {
            let named = view
                .masked
                .iter()
                .filter(|there| there.eq_ignore_ascii_case(name));
            let named: Vec<String> = named.cloned().collect();
            if let Some((field, at)) = masking::misused(sql, &named) {
                return Err(masking::refused(table, &field).at(Some(at)));
            }
        }
        Ok(())
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
        if let Some(why) = self.watch.stopped() {
            return why.error();
        }
        let text = message(error);
        if let Some(error) = self.memory.error(error.sqlite_error_code(), &text) {
            return error;
        }
        let at = match error {
            SqliteError::SqlInputError { offset, .. } => usize::try_from(*offset).ok(),
            _ => None,
        };
        self.explained(running, sql, &text).at(at)
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
    if is("because it is a view") {
        let text = format!("{message}; change the stores that it selects from");
        return (Code::Unsupported, text);
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
    let Some((schema, store)) = name.split_once('.') else {
        return sop::nearest(name, running.store_names(0).unwrap_or_default());
    };
    let within = |schema: &str, names: Vec<String>| {
        let near = sop::nearest(store, names).into_iter();
        near.map(|name| format!("{schema}.{name}")).collect()
    };
    if schema.eq_ignore_ascii_case(views::SCHEMA) {
        return within(views::SCHEMA, running.view_names().unwrap_or_default());
    }
    if let Some(schema) = running.source_schema(schema) {
        return within(&schema, running.source_names(&schema));
    }
    if let Some(database) = running.database(schema) {
        return within(schema, running.store_names(database).unwrap_or_default());
    }
    // The database's name may be the wrong one.
    let databases = running.catalog.iter().map(|(name, _)| name.to_owned());
    let mut found = Vec::new();
    for near in sop::nearest(schema, databases) {
        let at = running.catalog.find(&near).unwrap_or_default();
        let names = running.store_names(at).unwrap_or_default();
        let there = names.iter().any(|name| name.eq_ignore_ascii_case(store));
        let names = match there {
            true => vec![store.to_owned()],
            false => sop::nearest(store, names),
        };
        found.extend(names.into_iter().map(|name| format!("{near}.{name}")));
    }
    if found.is_empty() {
        found = sop::nearest(store, running.store_names(0).unwrap_or_default());
    }
    found
}
