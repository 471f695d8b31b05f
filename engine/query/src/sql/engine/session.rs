//! Several requests in one transaction.
//!
//! Always: each request sees what those before it changed, and nobody else does before [`Session::commit`]; a session
//! that is dropped has changed nothing. A request that fails after it changed items leaves a part of itself in the
//! transaction, which cannot be taken back alone: the session then refuses everything but its end. It lives on one
//! thread.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Instant;

use sop::{Mode, Transaction};

use super::{Access, Call, Cancel, QueryEngine, Request, Summary};
use crate::changes::{self, ChangeSet, Outcome};
use crate::sql::Result;
use crate::sql::catalog::Catalog;
use crate::sql::connection::StoreConnection;
use crate::sql::error::{Code, QueryError};
use crate::sql::output::{Output, Table};
use crate::sql::running::Running;
use crate::sql::visibility::Visibility;

/// What a session is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionOptions {
    /// Whether it may change something. One that only reads never conflicts.
    pub access: Access,
    /// Whether its changes are only shown, in [`Summary::changes`]; it cannot be committed.
    pub dry_run: bool,
    /// What the caller may see; a request that says something else is refused.
    pub visibility: Visibility,
}

/// One transaction for several requests. Made by [`QueryEngine::session`].
pub struct Session {
    engine: QueryEngine,
    options: SessionOptions,
    running: Rc<Running>,
    connection: RefCell<Option<StoreConnection>>,
    /// Whether a part of a request is in the transaction.
    spoiled: Cell<bool>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("options", &self.options)
            .field("spoiled", &self.spoiled)
            .finish_non_exhaustive()
    }
}

impl QueryEngine {
    /// Begins a transaction for several requests.
    ///
    /// # Errors
    /// There is no connection for it.
    pub fn session(&self, catalog: &Catalog, options: SessionOptions) -> Result<Session> {
        let visibility = options.visibility.clone();
        let connection = self.connection(catalog, &visibility)?;
        let until = (Cancel::default(), None);
        let running = self.running(catalog, &visibility, until, options.dry_run);
        running.restart(match options.access {
            Access::ReadOnly => Mode::Read,
            Access::ReadWrite => Mode::Write,
        });
        running.block.set(true);
        Ok(Session {
            engine: self.clone(),
            options,
            running,
            connection: RefCell::new(Some(connection)),
            spoiled: Cell::new(false),
        })
    }
}

impl Session {
    /// What it was made for.
    pub fn options(&self) -> &SessionOptions {
        &self.options
    }

    /// Why only its end is left to it; `None`: it can go on.
    pub fn spoiled(&self) -> Option<&'static str> {
        const REASON: &str = "a statement failed after it had changed items; a part of it cannot be taken back alone, so the whole transaction has to be rolled back";
        self.spoiled.get().then_some(REASON)
    }

    fn usable(&self) -> Result<()> {
        match self.spoiled() {
            Some(reason) => Err(QueryError::new(Code::Unsupported, reason)),
            None => Ok(()),
        }
    }

    /// Runs a request in the transaction. Its access may be less than the session's, never more; `dry_run` is the
    /// session's.
    ///
    /// # Errors
    /// As [`QueryEngine::run`]; `BEGIN`, `COMMIT` and `ROLLBACK` are refused.
    pub fn run(&self, request: &Request, output: &mut dyn Output) -> Result<Summary> {
        self.usable()?;
        if request.visibility != self.options.visibility {
            let message = "the caller sees something else than the session was begun for";
            return Err(QueryError::new(Code::Forbidden, message));
        }
        let began = Instant::now();
        let mut place = self.connection.borrow_mut();
        let Some(connection) = place.as_mut() else {
            return Err(QueryError::new(Code::Unsupported, "the session has ended"));
        };
        let statements = connection.split(&request.sql)?;
        let writes =
            request.access == Access::ReadWrite && self.options.access == Access::ReadWrite;
        let access = if writes {
            Access::ReadWrite
        } else {
            Access::ReadOnly
        };
        let request = Request {
            access,
            dry_run: self.options.dry_run,
            ..request.clone()
        };
        let deadline = request.limits.time.and_then(|time| began.checked_add(time));
        connection.watch.begin(&request.cancel, deadline, writes);
        let running = &self.running;
        running.next_request(&request.cancel, deadline);
        running.scanned.set(0);
        running.changed.set(0);
        let nodes_before = running.nodes_read();
        let (mut summary, result) = Call {
            request: &request,
            running,
            connection,
            output,
            summary: Summary::default(),
            block: false,
            session: true,
            given: 0,
        }
        .done(&statements, began);
        summary.nodes_read = running.nodes_read().saturating_sub(nodes_before);
        if result.is_err() {
            // What was not told when it failed must not fail the next request.
            running.take_error();
            running.conflicts.take();
            *running.written.borrow_mut() = None;
            let touched = summary.changed > 0 || !summary.definitions.is_empty();
            self.spoiled.set(self.spoiled.get() || touched);
        }
        result
            .map(|()| summary)
            .map_err(|error| error.seen_by(&request.visibility))
    }

    /// Runs a request and collects its rows.
    ///
    /// # Errors
    /// As [`Session::run`].
    pub fn collect(&self, request: &Request) -> Result<Table> {
        let mut table = Table::default();
        table.summary = self.run(request, &mut table)?;
        Ok(table)
    }

    /// Carries a change set out in the transaction. With a conflict nothing of it is done.
    ///
    /// # Errors
    /// No such database, one that cannot be written, or what the engine answers.
    pub fn changes(&self, database: &str, set: &ChangeSet) -> Result<Outcome> {
        let stores = set.changes.iter().map(|change| change.store.clone());
        let stores: Vec<String> = stores.collect();
        let carried = self.write(database, &stores, |tx| changes::apply_in(tx, set))?;
        if carried.spoiled {
            self.spoiled.set(true);
        }
        Ok(carried.outcome)
    }

    /// Lets `work` write to stores of a database in the transaction. When it fails, the session can only be ended.
    ///
    /// # Errors
    /// The session only reads, no such database, one that cannot be written, or what `work` answers.
    pub fn write<T>(
        &self,
        database: &str,
        stores: &[String],
        work: impl FnOnce(&Transaction) -> sop::Result<T>,
    ) -> Result<T> {
        self.usable()?;
        if self.options.access == Access::ReadOnly {
            let message = "this would change something, and only reading is allowed here";
            return Err(QueryError::new(Code::ReadOnly, message));
        }
        let running = &self.running;
        let at = self.database(database)?;
        running.change(at)?;
        let transaction = running.transaction(at)?;
        let result = work(&transaction);
        running.note_change();
        for store in stores {
            running.reshape(at, store);
        }
        if result.is_err() {
            self.spoiled.set(true);
        }
        Ok(result?)
    }

    /// Lets `work` read in the transaction.
    ///
    /// # Errors
    /// No such database, or what `work` answers.
    pub fn read<T>(
        &self,
        database: &str,
        work: impl FnOnce(&Transaction) -> sop::Result<T>,
    ) -> Result<T> {
        self.usable()?;
        let transaction = self.running.transaction(self.database(database)?)?;
        Ok(work(&transaction)?)
    }

    fn database(&self, name: &str) -> Result<usize> {
        self.running.database(name).ok_or_else(|| {
            let names = self.running.catalog.iter().map(|(name, _)| name.to_owned());
            let message = format!("there is no open database {name:?}");
            QueryError::new(Code::StoreNotFound, message).suggest(sop::nearest(name, names))
        })
    }

    /// Commits everything; the sequence of the commit, if a database was used. A dry run forgets everything.
    ///
    /// # Errors
    /// [`Code::Conflict`] when others changed what was read or written meanwhile; nothing is changed then.
    pub fn commit(self) -> Result<Option<u64>> {
        self.usable()?;
        if self.options.dry_run {
            let sequence = self.running.sequence();
            self.end()?;
            return Ok(sequence);
        }
        let sequence = self.running.commit()?;
        self.end()?;
        Ok(sequence)
    }

    /// Forgets everything, as dropping it does.
    pub fn rollback(self) {
        // A connection that cannot be made ready again is not given back; that is all there is to an error.
        let _ = self.end();
    }

    /// Makes the connection ready for others.
    fn end(&self) -> Result<()> {
        self.running.restart(Mode::Read);
        if let Some(mut connection) = self.connection.borrow_mut().take() {
            for (database, store) in self.running.take_unsettled() {
                connection.forget(database, &store)?;
            }
            self.engine.give_back(connection);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
