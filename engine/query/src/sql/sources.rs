//! Tables whose rows do not lie in stores: what a program gives when it is asked, like the rows of a script.
//!
//! A catalog has them under the name of a schema: `script.active_users` is the source `active_users` of the schema `script`.
//! A source runs on a thread of its own and is waited for: rows are read as they come, and a source whose rows nobody
//! wants any more is told so by its output. It runs at most once in a statement with the same arguments; a statement that reads it
//! again reads what was kept, up to [`KEPT_BYTES`].
//!
//! A source with parameters is read like a function, `script.of_role('admin')`, or by conditions that name them,
//! `WHERE role = 'admin'`: they are hidden columns.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use super::Result;
use super::error::{Code, QueryError};
use super::output::{Column, Output};
use super::sandbox::{Cancel, Stopped};
use super::value::{Value, ValueRef};
use super::visibility::Visibility;

/// Rows that are handed over together.
const TOGETHER: usize = 64;
/// Such parts that may wait to be read.
const WAITING: usize = 4;
/// The most that is kept of a source's rows for a statement that reads them again.
pub const KEPT_BYTES: usize = 64 << 20;
/// Time between two looks whether the statement is to end.
const LOOK: Duration = Duration::from_millis(20);

/// Who asks for rows.
#[derive(Clone, Debug, Default)]
pub struct SourceCall {
    /// Ends the statement, and with it the source.
    pub cancel: Cancel,
    /// What the caller may see: a source that reads stores reads them so.
    pub visibility: Visibility,
    /// The values of its parameters, in their order; none where the statement gives none.
    pub arguments: Vec<Option<Value>>,
}

/// Gives rows when it is asked.
pub trait RowSource: Send + Sync {
    /// The names of its columns, before it runs.
    fn columns(&self) -> Result<Vec<String>>;

    /// The names of what it takes, in their order; none of them is the name of a column.
    fn parameters(&self) -> Vec<String> {
        Vec::new()
    }

    /// Runs and gives its rows, each with a value for each column, until it ends or the output breaks off. The
    /// output's `columns` need not be called.
    fn rows(&self, call: &SourceCall, output: Box<dyn Output + Send>) -> Result<()>;
}

/// The sources of a schema.
pub trait RowSources: Send + Sync {
    /// Their names, for suggestions.
    fn names(&self) -> Vec<String>;

    /// The source of a name.
    fn source(&self, name: &str) -> Result<Option<Arc<dyn RowSource>>>;
}

/// A row, kept.
pub(super) type Row = Rc<[Value]>;

enum Message {
    Rows(Vec<Vec<Value>>),
    End(Result<()>),
}

/// Sends rows to who reads them.
struct Sender {
    to: SyncSender<Message>,
    rows: Vec<Vec<Value>>,
}

impl Sender {
    fn flush(&mut self) -> ControlFlow<()> {
        let rows = std::mem::take(&mut self.rows);
        match rows.is_empty() || self.to.send(Message::Rows(rows)).is_ok() {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        // Nobody may be there to read it any more.
        let _ = self.flush();
    }
}

impl Output for Sender {
    fn columns(&mut self, _: &[Column]) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn row(&mut self, row: &[ValueRef<'_>]) -> ControlFlow<()> {
        self.rows
            .push(row.iter().map(|value| value.to_value()).collect());
        match self.rows.len() < TOGETHER {
            true => ControlFlow::Continue(()),
            false => self.flush(),
        }
    }
}

/// The rows of a source in one statement.
pub(super) struct SourceRows {
    name: String,
    from: RefCell<Option<Receiver<Message>>>,
    kept: RefCell<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Empty again when they were too many.
    rows: Vec<Row>,
    /// Rows that came so far.
    came: usize,
    bytes: usize,
    ended: bool,
}

impl SourceRows {
    /// Starts a source.
    pub fn start(name: &str, source: Arc<dyn RowSource>, call: SourceCall) -> Result<Rc<Self>> {
        let (to, from) = sync_channel(WAITING);
        let run = move || {
            let end = to.clone();
            let rows = Vec::new();
            let result = source.rows(&call, Box::new(Sender { to, rows }));
            // Nobody may be there to read it any more.
            let _ = end.send(Message::End(result));
        };
        std::thread::Builder::new()
            .name("row source".to_owned())
            .spawn(run)
            .map_err(|error| {
                let message = format!("{name} cannot be run: {error}");
                QueryError::new(Code::Engine, message)
            })?;
        Ok(Rc::new(Self {
            name: name.to_owned(),
            from: RefCell::new(Some(from)),
            kept: RefCell::default(),
        }))
    }

    /// The row of a number, counted from 0; rows are asked for in their order. `stopped` says when the statement is to end.
    pub fn row(&self, at: usize, stopped: &dyn Fn() -> Option<Stopped>) -> Result<Option<Row>> {
        loop {
            {
                let kept = self.kept.borrow();
                let first = kept.came - kept.rows.len();
                if at < first {
                    let message = format!(
                        "{} gives too many rows to be read more than once; read it once: WITH rows AS MATERIALIZED (SELECT … FROM {})",
                        self.name, self.name
                    );
                    return Err(QueryError::new(Code::MemoryLimit, message));
                }
                if let Some(row) = kept.rows.get(at - first) {
                    return Ok(Some(Rc::clone(row)));
                }
                if kept.ended {
                    return Ok(None);
                }
            }
            self.receive(stopped)?;
        }
    }

    fn receive(&self, stopped: &dyn Fn() -> Option<Stopped>) -> Result<()> {
        let message = {
            let from = self.from.borrow();
            let Some(from) = &*from else {
                self.kept.borrow_mut().ended = true;
                return Ok(());
            };
            loop {
                match from.recv_timeout(LOOK) {
                    Ok(message) => break message,
                    Err(RecvTimeoutError::Timeout) => {
                        if let Some(why) = stopped() {
                            return Err(why.error());
                        }
                    }
                    // It ends with a message, unless it panicked.
                    Err(RecvTimeoutError::Disconnected) => {
                        let message = format!("{} ended without a word", self.name);
                        break Message::End(Err(QueryError::new(Code::Engine, message)));
                    }
                }
            }
        };
        let mut kept = self.kept.borrow_mut();
        match message {
            Message::Rows(rows) => {
                if kept.bytes > KEPT_BYTES {
                    kept.rows.clear();
                }
                kept.came += rows.len();
                for row in rows {
                    kept.bytes += row.iter().map(bytes).sum::<usize>();
                    kept.rows.push(row.into());
                }
            }
            Message::End(result) => {
                kept.ended = true;
                self.from.replace(None);
                // One that was told to end gave less than all.
                if let Some(why) = stopped() {
                    return Err(why.error());
                }
                result.map_err(|error| QueryError {
                    message: format!("in {}: {}", self.name, error.message),
                    at: None,
                    ..error
                })?;
            }
        }
        Ok(())
    }
}

/// About what a value takes in memory.
fn bytes(value: &Value) -> usize {
    let inside = match value {
        Value::Text(text) | Value::Json(text) => text.len(),
        Value::Blob(bytes) => bytes.len(),
        _ => 0,
    };
    size_of::<Value>() + inside
}

#[cfg(test)]
mod tests;
