//! The two forms of an answer: one object, and lines.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::value::RawValue;
use sop_query::sql::{Column, Output as Rows, RowChange, Summary, ValueRef};

use super::values::{write_columns, write_container, write_row};
use crate::api::output::Output;
use crate::api::streams::Sink;
use crate::extract::JsonNumbers;

/// Bytes of lines that are sent together.
const MOST_TOGETHER: usize = 64 * 1024;
/// Lines wait at most this long for more, when more come.
const LONGEST_WAIT: Duration = Duration::from_millis(50);

/// The result in memory: that of the last statement that gives rows.
pub(super) struct Collected {
    numbers: JsonNumbers,
    /// Bytes after which it ends early.
    most: usize,
    columns: Vec<u8>,
    rows: Vec<u8>,
    /// Rows in it.
    count: u64,
    cut: bool,
}

impl Collected {
    pub fn new(numbers: JsonNumbers, most: u64) -> Self {
        Self {
            numbers,
            most: usize::try_from(most).unwrap_or(usize::MAX),
            columns: b"[]".to_vec(),
            rows: Vec::new(),
            count: 0,
            cut: false,
        }
    }

    /// The answer; `most` bounds the changes that are shown.
    pub fn answer(self, id: &str, summary: &Summary, dry_run: bool, most: u64) -> Output {
        let mut out = Output::new(self.numbers);
        out.open(b'{');
        out.name("columns");
        out.raw(&self.columns);
        out.name("rows");
        out.open(b'[');
        if !self.rows.is_empty() {
            out.raw(&self.rows);
        }
        out.close(b']');
        let rows = Some(self.count);
        write_summary(&mut out, summary, rows, self.cut);
        if dry_run {
            write_changes(&mut out, &summary.changes, self.numbers, most);
        }
        out.field("id", id);
        out.close(b'}');
        out
    }
}

impl Rows for Collected {
    fn columns(&mut self, columns: &[Column]) -> ControlFlow<()> {
        self.columns.clear();
        self.rows.clear();
        self.count = 0;
        self.cut = false;
        write_columns(columns, &mut self.columns);
        ControlFlow::Continue(())
    }

    fn row(&mut self, row: &[ValueRef<'_>]) -> ControlFlow<()> {
        if self.rows.len() >= self.most {
            self.cut = true;
            return ControlFlow::Break(());
        }
        if self.count > 0 {
            self.rows.push(b',');
        }
        write_row(row, self.numbers, &mut self.rows);
        self.count += 1;
        ControlFlow::Continue(())
    }
}

/// The result as lines, sent as they come: few at first, so that the first is there at once, then
/// more and more together.
pub(super) struct Lines<'a> {
    sink: &'a mut Sink,
    numbers: JsonNumbers,
    together: usize,
    sent: Instant,
}

impl<'a> Lines<'a> {
    pub fn new(sink: &'a mut Sink, numbers: JsonNumbers) -> Self {
        Self {
            sink,
            numbers,
            together: 1,
            sent: Instant::now(),
        }
    }

    fn send(&mut self, at_once: bool) -> ControlFlow<()> {
        let now = Instant::now();
        let waited = now.duration_since(self.sent) >= LONGEST_WAIT;
        let beyond = match at_once || waited {
            true => 0,
            false => self.together,
        };
        if self.sink.buffer().len() >= beyond {
            self.together = (self.together * 2).clamp(512, MOST_TOGETHER);
            self.sent = now;
        }
        match self.sink.send_beyond(beyond) {
            true => ControlFlow::Continue(()),
            // The client is gone.
            false => ControlFlow::Break(()),
        }
    }

    /// The line that ends it.
    pub fn end(&mut self, summary: &Summary, dry_run: bool) {
        let mut out = Output::new(self.numbers);
        out.open(b'{');
        write_summary(&mut out, summary, None, false);
        if dry_run {
            write_changes(&mut out, &summary.changes, self.numbers, u64::MAX);
        }
        out.close(b'}');
        let buffer = self.sink.buffer();
        buffer.extend_from_slice(&out.into_bytes());
        buffer.push(b'\n');
    }
}

impl Rows for Lines<'_> {
    fn columns(&mut self, columns: &[Column]) -> ControlFlow<()> {
        let buffer = self.sink.buffer();
        buffer.extend_from_slice(b"{\"columns\":");
        write_columns(columns, buffer);
        buffer.extend_from_slice(b"}\n");
        self.together = 1;
        self.send(true)
    }

    fn row(&mut self, row: &[ValueRef<'_>]) -> ControlFlow<()> {
        let buffer = self.sink.buffer();
        write_row(row, self.numbers, buffer);
        buffer.push(b'\n');
        self.send(false)
    }
}

/// `stats`, `sequence`, `truncated`, and `notices` where there are some.
fn write_summary(out: &mut Output, summary: &Summary, rows: Option<u64>, cut: bool) {
    #[derive(Serialize)]
    struct Stats {
        elapsed_ms: f64,
        rows: u64,
        scanned: u64,
        nodes_read: u64,
        changed: u64,
    }
    let stats = Stats {
        elapsed_ms: (summary.elapsed.as_secs_f64() * 1e6).round() / 1e3,
        rows: rows.unwrap_or(summary.rows),
        scanned: summary.scanned,
        nodes_read: summary.nodes_read,
        changed: summary.changed,
    };
    out.field("stats", &stats);
    out.field("sequence", &summary.sequence);
    out.field("truncated", &(summary.truncated || cut));
    if !summary.notices.is_empty() {
        out.field("notices", &summary.notices);
    }
}

/// `changes`: how many, and the first of them.
fn write_changes(out: &mut Output, changes: &[RowChange], numbers: JsonNumbers, most: u64) {
    out.name("changes");
    out.open(b'{');
    out.field("count", &changes.len());
    out.name("rows");
    out.open(b'[');
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    for change in changes.iter().take(most) {
        out.open(b'{');
        let op = match (&change.before, &change.after) {
            (None, _) => "insert",
            (Some(_), Some(_)) => "update",
            (Some(_), None) => "delete",
        };
        out.field("op", op);
        out.field("database", &change.database);
        out.field("store", &change.store);
        let mut json = |name: &str, text: Option<&str>| {
            let mut bytes = Vec::new();
            match text.map(serde_json::from_str::<&RawValue>) {
                Some(Ok(_)) => write_container(text.unwrap_or_default(), numbers, &mut bytes),
                _ => bytes.extend_from_slice(b"null"),
            }
            out.name(name);
            out.raw(&bytes);
        };
        json("key", Some(&change.key));
        json("before", change.before.as_deref());
        json("after", change.after.as_deref());
        out.close(b'}');
    }
    out.close(b']');
    out.close(b'}');
}
