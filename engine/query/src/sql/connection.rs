//! A connection to SQLite with the tables that were declared in it.
//!
//! Its databases are empty ones in memory: a database of the catalog is a schema, a store becomes a table of it when a
//! statement names it first, and again when its columns changed.

mod faults;
mod masked;
mod named;

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use rusqlite::config::DbConfig;
use rusqlite::{CachedStatement, Connection};

use self::faults::{engine_error, message};
use super::Result;
use super::catalog::Identity;
use super::columns::{Kind, Seen, Source, TableColumn, TableColumns};
use super::functions;
use super::indexes::TableIndex;
use super::memory::Memory;
use super::output::Column;
use super::running::Running;
use super::sandbox::{Watch, confine};
use super::statement::{Statement, split};
use super::table::{self, MODULE, Step};
use super::tokens::{quote_name, quote_text};
use super::views::{self, View};
use super::visibility::Visibility;

/// Prepared statements that a connection keeps, and texts of which it knows that they came before.
const STATEMENTS: usize = 64;
const KNOWN_TEXTS: usize = 1_024;
/// Texts of requests that are kept taken apart, and the longest of them, in bytes.
const TEXTS: usize = 8;
const LONGEST_TEXT: usize = 4_096;
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
    /// Columns of the results of statements that are kept, by their text.
    known: RefCell<HashMap<String, Arc<Shape>>>,
    /// Hashes of the texts that came, and whether more than once. Most come once, with their values in them: to keep these takes the
    /// memory that SQLite has at hand from those that follow.
    came: HashMap<u64, bool>,
    hasher: RandomState,
    /// The texts of the last requests, taken apart.
    split: Vec<(String, Arc<[Statement]>)>,
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
    /// A request's text, taken apart; known when it was one of the last.
    pub fn split(&mut self, sql: &str) -> Result<Arc<[Statement]>> {
        if let Some((_, known)) = self.split.iter().find(|(text, _)| text == sql) {
            return Ok(Arc::clone(known));
        }
        let statements: Arc<[Statement]> = split(sql)?.into();
        if sql.len() <= LONGEST_TEXT {
            if self.split.len() >= TEXTS {
                self.split.remove(0);
            }
            self.split.push((sql.to_owned(), Arc::clone(&statements)));
        }
        Ok(statements)
    }

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
            known: RefCell::default(),
            came: HashMap::new(),
            hasher: RandomState::new(),
            split: Vec::new(),
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

    /// Forgets what was made ready of statements.
    fn flush(&mut self) {
        self.connection.flush_prepared_statement_cache();
        self.known.get_mut().clear();
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
            .filter(|column| column.is_masked() || column.is_partial());
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
        self.note(sql);
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

    /// A prepared statement; [`StoreConnection::declare_for`] has made sure that it can be.
    pub fn prepare(&self, running: &Running, sql: &str) -> Result<CachedStatement<'_>> {
        let prepared = self.connection.prepare_cached(sql);
        prepared.map_err(|error| self.explain(running, sql, &error))
    }

    /// Whether a store that was declared has a field of this name by which items may be counted.
    pub fn is_countable(&self, name: &str) -> bool {
        self.declared.values().any(|table| {
            let column = table.columns.named(name);
            column.is_some_and(|column| {
                let is_field = matches!(
                    column.source,
                    Source::Key(_) | Source::Field(_) | Source::Path(_) | Source::Value
                );
                is_field && column.seen == Seen::Whole
            })
        })
    }

    /// The steps of a statement, and the cycles of all of it.
    pub fn steps(&self, sql: &str) -> (Vec<Step>, i64) {
        table::steps(&self.connection, sql)
    }

    /// Whether a statement is kept prepared: when its text came before.
    pub fn keeps(&self, sql: &str) -> bool {
        let came = self.came.get(&self.hasher.hash_one(sql));
        came.copied().unwrap_or_default()
    }

    fn note(&mut self, sql: &str) {
        if self.came.len() >= KNOWN_TEXTS {
            self.came.clear();
        }
        let came = self.came.entry(self.hasher.hash_one(sql));
        came.and_modify(|again| *again = true).or_default();
    }

    /// The columns of a statement's result.
    pub fn shape(&self, sql: &str, prepared: &CachedStatement<'_>) -> Arc<Shape> {
        if let Some(shape) = self.known.borrow().get(sql) {
            return Arc::clone(shape);
        }
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
        let shape = Arc::new(shape);
        if self.keeps(sql) {
            let mut known = self.known.borrow_mut();
            if known.len() >= STATEMENTS {
                known.clear();
            }
            known.insert(sql.to_owned(), Arc::clone(&shape));
        }
        shape
    }

    /// The column of a store that a result's column is.
    fn origin(&self, schema: &str, table: &str, column: &str) -> Option<&TableColumn> {
        let declared = self.declared.iter().find(|((there, name), _)| {
            there.eq_ignore_ascii_case(schema) && name.eq_ignore_ascii_case(table)
        });
        declared?.1.columns.named(column)
    }
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
