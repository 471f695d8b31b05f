//! What a statement may do, and how long.
//!
//! A connection for statements reads and changes the stores that were declared to it and nothing else: no file, no
//! other schema, no setting, no table of its own that would outlive the statement.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use parking_lot::Mutex;
use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;

use super::error::{Code, QueryError};

/// Steps of SQLite's machine between two looks at the clock.
const STEPS: i32 = 2_000;
/// Table-valued functions that read nothing but their arguments.
const HARMLESS: &[&str] = &["json_each", "json_tree", "jsonb_each", "jsonb_tree"];

/// Says that a call is to end; may be said from any thread, at any time.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    own: Arc<AtomicBool>,
    /// Of what this is a part of.
    outer: Option<Arc<AtomicBool>>,
}

impl Cancel {
    /// Ends the call soon.
    pub fn cancel(&self) {
        self.own.store(true, Ordering::Relaxed);
    }

    /// Whether it was said.
    pub fn is_cancelled(&self) -> bool {
        let said = |flag: &Arc<AtomicBool>| flag.load(Ordering::Relaxed);
        said(&self.own) || self.outer.as_ref().is_some_and(said)
    }

    /// One for a part of the work: it is said when this one is, and can be said alone.
    #[must_use]
    pub fn part(&self) -> Self {
        Self {
            own: Arc::default(),
            outer: Some(Arc::clone(&self.own)),
        }
    }
}

/// Why a statement was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    Cancelled,
    Timeout,
}

impl Stopped {
    pub fn error(self) -> QueryError {
        match self {
            Self::Cancelled => QueryError::new(Code::Cancelled, "the statement was cancelled"),
            Self::Timeout => QueryError::new(
                Code::Timeout,
                "the statement took longer than it may; ask for less, or give it more time",
            ),
        }
    }
}

/// What the hooks of a connection share with who uses it.
#[derive(Default)]
pub(super) struct Watch {
    /// Whether this layer itself works on the connection.
    own: AtomicBool,
    /// Whether the statement may change stores.
    writes: AtomicBool,
    /// Names of the tables that stand for stores.
    declared: Mutex<HashSet<String>>,
    /// By table, its columns that are masked or have masked parts, in small letters.
    protected: Mutex<HashMap<String, HashSet<String>>>,
    /// The tables and columns of those that statements read since somebody asked.
    read: Mutex<BTreeSet<(String, String)>>,
    until: Mutex<(Cancel, Option<Instant>)>,
    stopped: Mutex<Option<Stopped>>,
}

impl Watch {
    pub fn begin(&self, cancel: &Cancel, deadline: Option<Instant>, writes: bool) {
        *self.until.lock() = (cancel.clone(), deadline);
        *self.stopped.lock() = None;
        self.writes.store(writes, Ordering::Relaxed);
    }

    pub fn stopped(&self) -> Option<Stopped> {
        *self.stopped.lock()
    }

    /// Runs `work` without the limits on statements.
    pub fn as_own<T>(&self, work: impl FnOnce() -> T) -> T {
        self.own.store(true, Ordering::Relaxed);
        let result = work();
        self.own.store(false, Ordering::Relaxed);
        result
    }

    /// A table stands for a store from now on, of which the caller does not see these columns as they are.
    pub fn declare<'c>(&self, table: &str, protected: impl Iterator<Item = &'c str>) {
        self.declared.lock().insert(table.to_owned());
        let protected: HashSet<String> = protected.map(str::to_ascii_lowercase).collect();
        if !protected.is_empty() {
            let mut all = self.protected.lock();
            all.entry(table.to_owned()).or_default().extend(protected);
        }
    }

    /// Whether the caller does not see some columns as they are.
    pub fn protects(&self) -> bool {
        !self.protected.lock().is_empty()
    }

    /// Which of those were read by the statements that were prepared since this was asked last.
    pub fn take_read(&self) -> BTreeSet<(String, String)> {
        std::mem::take(&mut *self.read.lock())
    }

    fn note_read(&self, table: &str, column: &str) {
        let protected = self.protected.lock();
        if let Some(columns) = protected.get(table) {
            let column = column.to_ascii_lowercase();
            if columns.contains(&column) {
                self.read.lock().insert((table.to_owned(), column));
            }
        }
    }

    fn is_declared(&self, table: &str) -> bool {
        self.declared.lock().contains(table)
    }

    fn must_stop(&self) -> bool {
        let until = self.until.lock();
        let why = if until.0.is_cancelled() {
            Stopped::Cancelled
        } else if until.1.is_some_and(|deadline| Instant::now() > deadline) {
            Stopped::Timeout
        } else {
            return false;
        };
        *self.stopped.lock() = Some(why);
        true
    }

    fn authorize(&self, context: &AuthContext<'_>) -> Authorization {
        if self.own.load(Ordering::Relaxed) {
            return Authorization::Allow;
        }
        let writes = self.writes.load(Ordering::Relaxed);
        let allowed = match context.action {
            AuthAction::Select | AuthAction::Recursive | AuthAction::Function { .. } => true,
            AuthAction::Read {
                table_name,
                column_name,
            } => {
                self.note_read(table_name, column_name);
                HARMLESS.contains(&table_name)
                    || self.is_declared(table_name)
                    // A common table expression of which no column is used.
                    || (column_name.is_empty() && !is_internal(table_name))
            }
            AuthAction::Insert { table_name }
            | AuthAction::Update { table_name, .. }
            | AuthAction::Delete { table_name } => writes && self.is_declared(table_name),
            _ => false,
        };
        if allowed {
            Authorization::Allow
        } else {
            Authorization::Deny
        }
    }
}

/// Whether a table tells something of SQLite itself.
fn is_internal(table: &str) -> bool {
    let starts = |start: &str| {
        let there = table.get(..start.len());
        there.is_some_and(|there| there.eq_ignore_ascii_case(start))
    };
    ["sqlite_", "pragma_", "dbstat"].into_iter().any(starts)
}

/// Sets the limits of a connection and the hooks that keep them.
pub(super) fn confine(connection: &mut Connection, watch: &Arc<Watch>) -> rusqlite::Result<()> {
    for (limit, value) in [
        (Limit::SQLITE_LIMIT_SQL_LENGTH, 1 << 20),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 200),
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 200),
        (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 32_000),
        (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 1),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
    ] {
        connection.set_limit(limit, value)?;
    }
    let hook = Arc::clone(watch);
    connection.authorizer(Some(move |context: AuthContext<'_>| {
        hook.authorize(&context)
    }))?;
    let hook = Arc::clone(watch);
    connection.progress_handler(STEPS, Some(move || hook.must_stop()))
}
