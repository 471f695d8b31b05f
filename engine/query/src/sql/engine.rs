//! Running requests.

mod changing;
mod request;
mod rows;
mod session;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use sop::Mode;

use self::rows::{Rows, bind};
use super::Result;
use super::catalog::Catalog;
use super::columns::POSITION;
use super::connection::StoreConnection;
use super::count::rewritten;
use super::error::{Code, QueryError};
use super::explain::Plan;
use super::memory::Memory;
use super::output::{Output, Summary, Table};
use super::running::Running;
pub use super::sandbox::Cancel;
use super::statement::{Statement, StatementKind, split};
use super::tokens::{Token, tokens};
use super::value::Params;
use super::views;
use super::visibility::Visibility;
pub use request::{Access, EngineOptions, Limits, Request};
pub use session::{Session, SessionOptions};

/// Runs requests over catalogs. Clones share their connections.
#[derive(Clone)]
pub struct QueryEngine {
    options: EngineOptions,
    memory: Arc<Memory>,
    pool: Arc<Mutex<Vec<StoreConnection>>>,
}

// Servers share an engine between their threads.
const _: fn() = || {
    fn shared<T: Send + Sync>() {}
    shared::<QueryEngine>();
};

impl std::fmt::Debug for QueryEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QueryEngine")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Default for QueryEngine {
    fn default() -> Self {
        Self::new(EngineOptions::default())
    }
}

impl QueryEngine {
    /// An engine without connections yet.
    pub fn new(options: EngineOptions) -> Self {
        let memory = Memory::new(
            options.memory_bytes,
            options.value_bytes,
            options.temp_folder.clone(),
        );
        Self {
            options,
            memory,
            pool: Arc::default(),
        }
    }

    /// Runs a request on this thread, which it may keep for long.
    pub fn run(
        &self,
        catalog: &Catalog,
        request: &Request,
        output: &mut dyn Output,
    ) -> Result<Summary> {
        let began = Instant::now();
        let mut connection = self.connection(catalog, &request.visibility)?;
        let statements = match connection.split(&request.sql) {
            Ok(statements) => statements,
            Err(error) => {
                self.give_back(connection);
                return Err(error);
            }
        };
        let deadline = request.limits.time.and_then(|time| began.checked_add(time));
        let writes = request.access == Access::ReadWrite;
        connection.watch.begin(&request.cancel, deadline, writes);
        let until = (request.cancel.clone(), deadline);
        let running = self.running(catalog, &request.visibility, until, request.dry_run);
        let (summary, result) = Call {
            request,
            running: &running,
            connection: &mut connection,
            output,
            summary: Summary::default(),
            block: false,
            session: false,
            given: 0,
        }
        .done(&statements, began);
        if result.is_ok() {
            self.give_back(connection);
        }
        result
            .map(|()| summary)
            .map_err(|error| error.seen_by(&request.visibility))
    }

    /// Runs a request and collects its rows.
    pub fn collect(&self, catalog: &Catalog, request: &Request) -> Result<Table> {
        let mut table = Table::default();
        table.summary = self.run(catalog, request, &mut table)?;
        Ok(table)
    }

    /// Runs a statement that reads and collects its rows.
    pub fn table(&self, catalog: &Catalog, sql: &str, params: Params) -> Result<Table> {
        self.collect(catalog, &Request::new(sql, params))
    }

    /// How the only statement of a request is run; with `analyze` it is run to count, and what it changes is
    /// forgotten.
    pub fn explain(&self, catalog: &Catalog, request: &Request, analyze: bool) -> Result<Plan> {
        let statements = split(&request.sql)?;
        let [statement] = statements.as_slice() else {
            let message = "only one statement is explained at a time";
            return Err(QueryError::new(Code::Unsupported, message));
        };
        if !matches!(statement.kind, StatementKind::Plain { .. }) {
            let message = "statements that read or change items are explained";
            return Err(QueryError::new(Code::Unsupported, message));
        }
        let visibility = request.visibility.clone();
        let identity = Arc::clone(catalog.identity());
        let memory = Arc::clone(&self.memory);
        let mut connection = StoreConnection::open(identity, visibility.clone(), memory, true)?;
        let deadline = request
            .limits
            .time
            .and_then(|t| Instant::now().checked_add(t));
        let writes = request.access == Access::ReadWrite;
        connection.watch.begin(&request.cancel, deadline, writes);
        let until = (request.cancel.clone(), deadline);
        let running = self.running(catalog, &visibility, until, false);
        running.explains.set(true);
        let _entered = running.enter();
        running.restart(mode(statement.kind.writes()));
        let sql = request.sql.get(statement.span.clone()).unwrap_or_default();
        let planned = views::expand(&running, &mut connection, sql).and_then(|expanded| {
            let text = expanded.as_ref().map_or(sql, |expanded| &expanded.sql);
            let planned = explained(&mut connection, &running, request, text, analyze);
            planned.map_err(|error| match &expanded {
                Some(expanded) => expanded.unmoved(error),
                None => error,
            })
        });
        planned
            .map_err(|error| error.moved(statement.span.start))
            .map_err(|error| error.seen_by(&request.visibility))
    }

    /// A call that runs here.
    fn running(
        &self,
        catalog: &Catalog,
        visibility: &Visibility,
        until: (Cancel, Option<Instant>),
        notes_changes: bool,
    ) -> Rc<Running> {
        let running = Running::new(catalog.clone(), visibility.clone(), until, notes_changes);
        running.forced.set(self.options.forced);
        running.group_bytes.set(self.options.group_bytes);
        running
    }

    fn connection(&self, catalog: &Catalog, visibility: &Visibility) -> Result<StoreConnection> {
        let identity = catalog.identity();
        let mut pool = self.pool.lock();
        let found = pool.iter().rposition(|there| {
            // Its tables and statements are those of who sees the same.
            there.visibility == *visibility
                && (Arc::ptr_eq(&there.identity, identity) || there.identity == *identity)
        });
        if let Some(at) = found {
            return Ok(pool.remove(at));
        }
        drop(pool);
        let (identity, memory) = (Arc::clone(identity), Arc::clone(&self.memory));
        StoreConnection::open(identity, visibility.clone(), memory, false)
    }

    fn give_back(&self, connection: StoreConnection) {
        let mut pool = self.pool.lock();
        if pool.len() >= self.options.kept_connections && !pool.is_empty() {
            pool.remove(0);
        }
        pool.push(connection);
    }
}

/// A request that runs.
struct Call<'a> {
    request: &'a Request,
    running: &'a Rc<Running>,
    connection: &'a mut StoreConnection,
    output: &'a mut dyn Output,
    summary: Summary,
    /// Whether the statements are between `BEGIN` and `COMMIT`.
    block: bool,
    /// Whether somebody else begins and ends the transaction.
    session: bool,
    /// Rows that the statement gave so far.
    given: u64,
}

fn mode(writes: bool) -> Mode {
    if writes { Mode::Write } else { Mode::Read }
}

impl Call<'_> {
    /// Runs the statements; what they did, also where one failed.
    fn done(mut self, statements: &[Statement], began: Instant) -> (Summary, Result<()>) {
        let entered = self.running.enter();
        let result = self.all(statements);
        let result = self.connection.forget_sources().and(result);
        drop(entered);
        let (running, mut summary) = (self.running, self.summary);
        summary.scanned = running.scanned.get();
        summary.changed = running.changed.get();
        summary.changes = running.changes.take();
        summary.stores = running.touched.take();
        summary.definitions = running.definitions.take();
        summary.elapsed = began.elapsed();
        (summary, result)
    }

    fn all(&mut self, statements: &[Statement]) -> Result<()> {
        let any_writes = statements.iter().any(|statement| statement.kind.writes());
        if self.request.dry_run && !self.session {
            self.running.restart(mode(any_writes));
        }
        for (at, statement) in statements.iter().enumerate() {
            let rest = statements.get(at..).unwrap_or_default();
            let done = self.one(statement, rest);
            done.map_err(|error| error.moved(statement.span.start))?;
        }
        if self.session {
            self.summary.sequence = self.running.sequence();
            return Ok(());
        }
        if self.block {
            let message = "BEGIN has no COMMIT in the same request; nothing was changed";
            return Err(QueryError::new(Code::Syntax, message));
        }
        self.settle()?;
        self.summary.sequence = self.summary.sequence.or(self.running.sequence());
        Ok(())
    }

    fn one(&mut self, statement: &Statement, rest: &[Statement]) -> Result<()> {
        let dry = self.request.dry_run;
        match statement.kind {
            StatementKind::Begin | StatementKind::Commit | StatementKind::Rollback
                if self.session =>
            {
                let message = "the statement runs in a transaction that others began and end; leave BEGIN, COMMIT and ROLLBACK out";
                Err(QueryError::new(Code::Unsupported, message))
            }
            StatementKind::Begin if self.block => Err(QueryError::new(
                Code::Syntax,
                "a transaction has begun already",
            )),
            StatementKind::Begin => {
                self.block = true;
                let until = rest.iter().take_while(|there| {
                    !matches!(there.kind, StatementKind::Commit | StatementKind::Rollback)
                });
                let writes = until.into_iter().any(|there| there.kind.writes());
                if !dry {
                    self.running.restart(mode(writes));
                }
                Ok(())
            }
            StatementKind::Commit | StatementKind::Rollback if !self.block => Err(QueryError::new(
                Code::Syntax,
                "no transaction has begun; write BEGIN first",
            )),
            StatementKind::Commit => {
                self.block = false;
                self.commit()
            }
            StatementKind::Rollback => {
                self.block = false;
                self.settle()?;
                self.running.restart(Mode::Read);
                self.running.changes.borrow_mut().clear();
                self.running.touched.borrow_mut().clear();
                self.running.definitions.borrow_mut().clear();
                self.running.changed.set(0);
                self.running.take_building();
                Ok(())
            }
            kind => {
                if kind.writes() && self.request.access == Access::ReadOnly {
                    let message =
                        "the statement changes something, and only reading is allowed here";
                    return Err(QueryError::new(Code::ReadOnly, message));
                }
                let alone = !self.block && !self.session;
                if alone && !dry {
                    self.running.restart(mode(kind.writes()));
                }
                self.statement(statement)?;
                if kind.writes() && alone {
                    self.commit()?;
                }
                Ok(())
            }
        }
    }

    fn commit(&mut self) -> Result<()> {
        self.summary.nodes_read += self.running.nodes_read();
        if !self.request.dry_run {
            self.summary.sequence = self.running.commit()?.or(self.summary.sequence);
            self.settle()?;
            self.build_indexes()?;
        }
        Ok(())
    }

    fn statement(&mut self, statement: &Statement) -> Result<()> {
        let sql = self
            .request
            .sql
            .get(statement.span.clone())
            .unwrap_or_default();
        self.running.next_statement();
        self.running
            .block
            .set(self.block || self.session || self.request.dry_run);
        self.check_places(sql, &statement.tokens)?;
        for (database, store) in self.running.take_reshaped() {
            self.connection.forget(database, &store)?;
        }
        if statement.kind == StatementKind::Definition {
            let database = self.running.catalog.name(0);
            if let Some(view) = views::parse(sql, database)? {
                self.connection.refresh(self.running)?;
                return views::carry_out(self.running, self.connection, &view);
            }
        }
        self.connection.refresh(self.running)?;
        match views::expand(self.running, self.connection, sql)? {
            Some(expanded) => {
                let tokens = tokens(&expanded.sql);
                let done = self.run_text(statement.kind, &expanded.sql, &tokens);
                done.map_err(|error| expanded.unmoved(error))
            }
            None => self.run_text(statement.kind, sql, &statement.tokens),
        }
    }

    fn run_text(&mut self, kind: StatementKind, sql: &str, tokens: &[Token]) -> Result<()> {
        let StatementKind::Plain { on_conflict, .. } = kind else {
            return self.define(sql);
        };
        self.running.on_conflict.set(on_conflict);
        if kind.writes() {
            return self.change(sql);
        }
        self.connection.declare_for(self.running, sql)?;
        let counting = rewritten(sql, tokens, &|name| self.connection.is_countable(name));
        let counting =
            counting.filter(|counting| countable(self.connection, self.running, counting));
        self.rows(counting.as_deref().unwrap_or(sql), Rows::Own)?;
        self.summary.nodes_read += self.running.nodes_read();
        Ok(())
    }

    /// The place of an item is its key, so whoever does not see keys does not see places.
    fn check_places(&self, sql: &str, tokens: &[Token]) -> Result<()> {
        if self.request.visibility.is_all() {
            return Ok(());
        }
        let named = |name: &str| {
            let is = |token: &&Token| token.name(sql).eq_ignore_ascii_case(name);
            tokens.iter().find(is)
        };
        let Some(place) = named(POSITION) else {
            return Ok(());
        };
        if self
            .running
            .protects_keys(&|store| named(store).is_some())?
        {
            let message = format!("{POSITION} is not shown here, as keys are not");
            let error = QueryError::new(Code::Forbidden, message);
            return Err(error.at(Some(place.span.start)));
        }
        Ok(())
    }
}

/// Whether a counting statement can be run in other words: what is no store has no column to count by, and what is wrong with
/// the statement is said in its own words.
fn countable(connection: &mut StoreConnection, running: &Rc<Running>, counting: &str) -> bool {
    let declared = connection.declare_for(running, counting);
    let known = declared.is_ok() && connection.prepare(running, counting).is_ok();
    if !known {
        running.take_error();
    }
    known
}

fn explained(
    connection: &mut StoreConnection,
    running: &Rc<Running>,
    request: &Request,
    sql: &str,
    analyze: bool,
) -> Result<Plan> {
    connection.declare_for(running, sql)?;
    let counting = rewritten(sql, &tokens(sql), &|name| connection.is_countable(name));
    let counting = counting.filter(|counting| countable(connection, running, counting));
    let sql = counting.as_deref().unwrap_or(sql);
    let mut prepared = connection.prepare(running, sql)?;
    if !analyze {
        return Ok(Plan::new(connection.steps(sql), None));
    }
    bind(&mut prepared, &request.params, Rows::Own)?;
    let began = Instant::now();
    let mut rows = prepared.raw_query();
    loop {
        match rows.next() {
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(error) => return Err(connection.explain(running, sql, &error)),
        }
    }
    drop(rows);
    Ok(Plan::new(connection.steps(sql), Some(began.elapsed())))
}
