//! Stores and results of queries into files: once over the rows for the types of the columns, once to write them.

use std::io::{self, Write};
use std::ops::ControlFlow;

use serde_json::{Map, Value};
use sop::Transaction;
use sop::key::KeyRange;
use sop_query::sql::{
    Access, Catalog, Column, Output, QueryEngine, Request, SessionOptions, ValueRef,
};
use sop_query::transfer::{self, ExportOptions, Format};

use crate::cell::Cell;
use crate::columns::Columns;
use crate::known::KnownColumns;
use crate::write::RowWriter;
use crate::{Exported, ParquetError};

/// Writes the items of a store, as the transaction sees them. Rows are those that an export as NDJSON has; without items the
/// file has the columns that are known of the store.
///
/// # Errors
/// What the store or the file answers.
pub fn export_store(
    transaction: &Transaction,
    store: &str,
    range: &KeyRange,
    out: impl Write + Send,
) -> Result<Exported, ParquetError> {
    let mut options = ExportOptions::new(Format::Ndjson);
    options.range = range.clone();
    let known = KnownColumns::of_store(&transaction.documents(store)?)?;
    export_lines(out, known, &mut |lines| {
        transfer::export(transaction, store, &options, lines, &mut |_| {})?;
        Ok(())
    })
}

/// Writes rows that `write` gives as lines of JSON objects. It is called twice, and has to give the same lines. When there are
/// none, the file has the columns that are `known`.
///
/// # Errors
/// What `write` fails with, and what the file answers.
pub fn export_lines<E: From<ParquetError>>(
    out: impl Write + Send,
    known: KnownColumns,
    write: &mut dyn FnMut(&mut dyn Write) -> Result<(), E>,
) -> Result<Exported, E> {
    let mut columns = Columns::default();
    each_row(write, &mut |row| {
        for (name, value) in row {
            let at = columns.place(&name)?;
            columns.see(at, &Cell::from_json(value));
        }
        Ok(())
    })?;
    let columns = known.or_seen(columns);
    let mut writer = RowWriter::new(&columns, out)?;
    each_row(write, &mut |row| {
        if !row.keys().all(|name| columns.find(name).is_some()) {
            return Err(ParquetError::Changed);
        }
        let cells = row
            .into_iter()
            .filter_map(|(name, value)| Some((columns.find(&name)?, Cell::from_json(value))));
        writer.add(cells)
    })?;
    Ok(writer.finish()?)
}

type Visit<'v> = &'v mut dyn FnMut(Map<String, Value>) -> Result<(), ParquetError>;

/// Visits the rows that come as lines.
fn each_row<E: From<ParquetError>>(
    write: &mut dyn FnMut(&mut dyn Write) -> Result<(), E>,
    visit: Visit<'_>,
) -> Result<(), E> {
    let mut lines = Lines {
        visit,
        rest: Vec::new(),
        error: None,
    };
    let done = write(&mut lines);
    match lines.error {
        Some(error) => Err(error.into()),
        None => done,
    }
}

/// Takes lines of JSON apart.
struct Lines<'v> {
    visit: Visit<'v>,
    /// The beginning of a line.
    rest: Vec<u8>,
    error: Option<ParquetError>,
}

impl Write for Lines<'_> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let mut parts = text.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            self.rest.extend_from_slice(part);
            if parts.peek().is_none() {
                break;
            }
            let row = serde_json::from_slice(&self.rest).map_err(io::Error::other)?;
            self.rest.clear();
            if let Err(error) = (self.visit)(row) {
                self.error = Some(error);
                return Err(io::Error::other("the row could not be written"));
            }
        }
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes the rows of a request that reads, of which one statement gives rows. It is run twice over one snapshot.
///
/// # Errors
/// What the query or the file answers.
pub fn export_query(
    engine: &QueryEngine,
    catalog: &Catalog,
    request: &Request,
    out: impl Write + Send,
) -> Result<Exported, ParquetError> {
    let session = engine.session(
        catalog,
        SessionOptions {
            access: Access::ReadOnly,
            visibility: request.visibility.clone(),
            ..SessionOptions::default()
        },
    )?;
    let mut seen = Seen {
        columns: Columns::default(),
        places: Vec::new(),
        error: None,
    };
    session.run(request, &mut seen)?;
    if let Some(error) = seen.error {
        return Err(error);
    }
    let mut written = Written {
        writer: RowWriter::new(&seen.columns, out)?,
        places: &seen.places,
        error: None,
    };
    session.run(request, &mut written)?;
    match written.error {
        Some(error) => Err(error),
        None => written.writer.finish(),
    }
}

/// Learns the columns of a result.
struct Seen {
    columns: Columns,
    places: Vec<usize>,
    error: Option<ParquetError>,
}

impl Output for Seen {
    fn columns(&mut self, columns: &[Column]) -> ControlFlow<()> {
        if !self.places.is_empty() {
            self.error = Some(ParquetError::SeveralResults);
            return ControlFlow::Break(());
        }
        for column in columns {
            // A name that is there already gets a number.
            let mut name = column.name.clone();
            let mut number = 1;
            while self.columns.find(&name).is_some() {
                number += 1;
                name = format!("{}_{number}", column.name);
            }
            match self.columns.place(&name) {
                Ok(at) => self.places.push(at),
                Err(error) => {
                    self.error = Some(error);
                    return ControlFlow::Break(());
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn row(&mut self, row: &[ValueRef<'_>]) -> ControlFlow<()> {
        for (at, value) in self.places.iter().zip(row) {
            self.columns.see(*at, &Cell::from_result(*value));
        }
        ControlFlow::Continue(())
    }
}

/// Writes the rows of a result.
struct Written<'c, W: Write + Send> {
    writer: RowWriter<'c, W>,
    places: &'c [usize],
    error: Option<ParquetError>,
}

impl<W: Write + Send> Output for Written<'_, W> {
    fn columns(&mut self, _: &[Column]) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn row(&mut self, row: &[ValueRef<'_>]) -> ControlFlow<()> {
        let cells = self.places.iter().zip(row);
        let cells = cells.map(|(at, value)| (*at, Cell::from_result(*value)));
        match self.writer.add(cells) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.error = Some(error);
                ControlFlow::Break(())
            }
        }
    }
}
