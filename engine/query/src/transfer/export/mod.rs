//! Export: the items of a store as rows of text, streamed from one snapshot.
//!
//! NDJSON and JSON rows are the value with the key's fields before its own, so that an import with the same `key=`
//! gives the same items back. Where that would lose something (the key has no names, the value is no object, or it has a
//! field with a name of the key) the row is `{"key": …, "value": …}`, which imports understand, too.
//! CSV is described in [`csv`]. Always true: what is written was in the store at one moment; memory does not grow with
//! the store, except by the names of CSV columns. Item versions and the ids of duplicates are not exported.

mod csv;

pub use csv::{CsvCell, write_csv_record};

use super::{Format, TransferError};
use sop::document::{DocumentRef, JsonStyle, Kind};
use sop::key::{Key, KeyRange, KeySpec};
use sop::{Direction, DocumentStore, Transaction};
use std::io::Write;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Bytes of text that are collected before they are written.
const WRITE_BYTES: usize = 64 * 1024;

/// What to export, and how.
#[derive(Clone, Debug)]
pub struct ExportOptions {
    /// The format.
    pub format: Format,
    /// Which keys.
    pub range: KeyRange,
    /// How large integers are written in JSON; CSV always has all digits.
    pub style: JsonStyle,
    /// The byte between two CSV values.
    pub delimiter: u8,
    /// Set by another thread to stop.
    pub cancel: Option<Arc<AtomicBool>>,
}

impl ExportOptions {
    /// All items, exact numbers, commas.
    pub fn new(format: Format) -> Self {
        Self {
            format,
            range: KeyRange::all(),
            style: JsonStyle::Exact,
            delimiter: b',',
            cancel: None,
        }
    }
}

/// What an export wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Exported {
    /// Items.
    pub items: u64,
    /// Bytes of text.
    pub bytes: u64,
}

/// Writes the items of a store to `out`. `progress` is called about every 64 KiB.
///
/// # Errors
/// [`TransferError::Io`] when `out` fails, [`TransferError::Cancelled`], [`TransferError::NotRepresentable`] for a store
/// with more columns than CSV may have here, and what the engine answers.
pub fn export(
    tx: &Transaction,
    store: &str,
    options: &ExportOptions,
    out: &mut dyn Write,
    progress: &mut dyn FnMut(&Exported),
) -> Result<Exported, TransferError> {
    let store = tx.documents(store)?;
    let mut exporter = Exporter::new(&store, options, out, progress)?;
    store.try_for_each(&options.range, Direction::Forward, |item| {
        exporter.add(&item.key()?, item.value()?)?;
        Ok::<_, TransferError>(ControlFlow::Continue(()))
    })?;
    exporter.finish()
}

/// An export that is given its items one by one.
pub struct Exporter<'a> {
    spec: KeySpec,
    rows: Rows,
    sink: Sink<'a>,
}

impl<'a> Exporter<'a> {
    /// Nothing is written before there is much to write, or the end.
    ///
    /// # Errors
    /// As [`export`].
    pub fn new(
        store: &DocumentStore<'_>,
        options: &'a ExportOptions,
        out: &'a mut dyn Write,
        progress: &'a mut dyn FnMut(&Exported),
    ) -> Result<Self, TransferError> {
        let mut sink = Sink {
            out,
            options,
            progress,
            text: Vec::new(),
            done: Exported::default(),
        };
        let rows = match options.format {
            Format::Csv => Rows::Csv(csv::Table::new(store, options)?),
            Format::Json => Rows::Json,
            Format::Ndjson => Rows::Ndjson,
        };
        rows.begin(&mut sink.text);
        Ok(Self {
            spec: store.definition().key.clone(),
            rows,
            sink,
        })
    }

    /// Adds an item.
    ///
    /// # Errors
    /// As [`export`].
    pub fn add(&mut self, key: &Key, value: DocumentRef<'_>) -> Result<(), TransferError> {
        let first = self.sink.done.items == 0;
        let options = self.sink.options;
        self.rows
            .add(&self.spec, key, value, first, options, &mut self.sink.text);
        self.sink.done.items += 1;
        self.sink.write_when_full()
    }

    /// Writes the end.
    ///
    /// # Errors
    /// As [`export`].
    pub fn finish(mut self) -> Result<Exported, TransferError> {
        self.rows
            .end(self.sink.done.items == 0, &mut self.sink.text);
        self.sink.write()?;
        self.sink.out.flush()?;
        Ok(self.sink.done)
    }
}

/// Collects text and writes it in larger pieces.
struct Sink<'a> {
    out: &'a mut dyn Write,
    options: &'a ExportOptions,
    progress: &'a mut dyn FnMut(&Exported),
    text: Vec<u8>,
    done: Exported,
}

impl Sink<'_> {
    fn write_when_full(&mut self) -> Result<(), TransferError> {
        if self.text.len() < WRITE_BYTES {
            Ok(())
        } else {
            self.write()
        }
    }

    fn write(&mut self) -> Result<(), TransferError> {
        self.options.check_cancel()?;
        self.out.write_all(&self.text)?;
        self.done.bytes += self.text.len() as u64;
        self.text.clear();
        (self.progress)(&self.done);
        Ok(())
    }
}

impl ExportOptions {
    fn check_cancel(&self) -> Result<(), TransferError> {
        match &self.cancel {
            Some(cancel) if cancel.load(Ordering::Relaxed) => Err(TransferError::Cancelled),
            _ => Ok(()),
        }
    }
}

/// The three forms of rows.
enum Rows {
    Ndjson,
    Json,
    Csv(csv::Table),
}

impl Rows {
    fn begin(&self, text: &mut Vec<u8>) {
        match self {
            Self::Ndjson => {}
            Self::Json => text.push(b'['),
            Self::Csv(table) => table.write_header(text),
        }
    }

    fn add(
        &mut self,
        spec: &KeySpec,
        key: &Key,
        value: DocumentRef<'_>,
        first: bool,
        options: &ExportOptions,
        text: &mut Vec<u8>,
    ) {
        match self {
            Self::Ndjson => {
                write_row(spec, key, value, options.style, text);
                text.push(b'\n');
            }
            Self::Json => {
                text.extend_from_slice(if first { b"\n" } else { b",\n" });
                write_row(spec, key, value, options.style, text);
            }
            Self::Csv(table) => table.write_item(spec, key, value, text),
        }
    }

    fn end(&self, empty: bool, text: &mut Vec<u8>) {
        if matches!(self, Self::Json) {
            text.extend_from_slice(if empty { b"]\n" } else { b"\n]\n" });
        }
    }
}

/// Whether the fields of the key can stand before those of the value in one object, without being taken for an
/// envelope afterwards.
fn can_merge(spec: &KeySpec, root: DocumentRef<'_>) -> bool {
    if !spec.is_composite() || root.kind() != Kind::Object {
        return false;
    }
    let ordered = spec.fields().iter().map(|field| &field.name);
    let mut names = ordered.chain(spec.ride_on().iter().map(|field| &field.name));
    let like_envelope = spec.fields().len() + root.len() == 2 && root.get("key").is_some();
    !like_envelope && names.all(|name| root.get(name).is_none())
}

/// Writes an item as one JSON row.
fn write_row(
    spec: &KeySpec,
    key: &Key,
    value: DocumentRef<'_>,
    style: JsonStyle,
    text: &mut Vec<u8>,
) {
    if !can_merge(spec, value) {
        text.extend_from_slice(b"{\"key\":");
        spec.write_key_json(key, text, style);
        text.extend_from_slice(b",\"value\":");
        value.write_json(text, style);
        text.push(b'}');
        return;
    }
    spec.write_key_json(key, text, style);
    if value.is_empty() {
        return;
    }
    // The key's closing bracket and the value's opening one give way to a comma.
    text.pop();
    let start = text.len();
    value.write_json(text, style);
    if let Some(bracket) = text.get_mut(start) {
        *bracket = b',';
    }
}

#[cfg(test)]
mod tests;
