//! Items as CSV: a header, then one record an item, lines ended by CR LF as RFC 4180 has it.
//!
//! Columns are the key's fields, then every top-level field of the values, found by a first pass over the items. A
//! value that is no object stands in column `value`; a field of a value that has the name of a key field stands in
//! `value.<name>`. A key without a name stands in `key`.
//!
//! Null and a missing field are both written as nothing, the empty text as `""`, arrays and objects as JSON. Text that
//! would be read back as a number, a boolean or JSON is quoted, which the reader here takes as "this is text".
//!
//! Not done: text that begins with `=`, `+`, `-` or `@` is written as it is, because changing it would change the data;
//! a spreadsheet may take it for a formula, so open files with text from strangers as text.

use super::{ExportOptions, Format, TransferError};
use crate::transfer::columns::reads_as_typed;
use crate::transfer::csv_record::has_to_be_quoted;
use serde_json::Value;
use sop::document::{DocumentRef, Kind};
use sop::key::KeySpec;
use sop::{Direction, DocumentStore, Key};
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::ControlFlow;

/// Most columns of a table; as many as the reader takes.
const MAX_COLUMNS: usize = 10_000;
/// Column of values that are no objects.
const VALUE_COLUMN: &str = "value";

/// The columns of an export.
pub(super) struct Table {
    /// Names of all columns, the key's first.
    names: Vec<String>,
    /// Columns of the values' fields.
    fields: HashMap<String, usize>,
    /// Column of values that are no objects.
    value_column: Option<usize>,
    delimiter: u8,
    /// The cells of the record being written.
    cells: Vec<String>,
}

impl Table {
    /// Finds the columns of the items in the range.
    pub fn new(store: &DocumentStore<'_>, options: &ExportOptions) -> Result<Self, TransferError> {
        let spec = &store.definition().key;
        let names = spec.fields().iter().map(|field| field.name.clone());
        let names: Vec<String> = names
            .chain(spec.ride_on().iter().map(|field| field.name.clone()))
            .collect();
        let mut table = Self {
            names,
            fields: HashMap::new(),
            value_column: None,
            delimiter: options.delimiter,
            cells: Vec::new(),
        };
        store.try_for_each(&options.range, Direction::Forward, |item| {
            options.check_cancel()?;
            table.note(item.value()?)?;
            Ok::<_, TransferError>(ControlFlow::Continue(()))
        })?;
        Ok(table)
    }

    fn note(&mut self, value: DocumentRef<'_>) -> Result<(), TransferError> {
        if value.kind() != Kind::Object {
            if self.value_column.is_none() {
                self.value_column = Some(self.add_column(VALUE_COLUMN)?);
            }
            return Ok(());
        }
        for (name, _) in value.fields() {
            if !self.fields.contains_key(name) {
                let column = self.add_column(name)?;
                self.fields.insert(name.to_owned(), column);
            }
        }
        Ok(())
    }

    /// Adds a column with a name that is not taken.
    fn add_column(&mut self, name: &str) -> Result<usize, TransferError> {
        if self.names.len() >= MAX_COLUMNS {
            let detail = format!(
                "the values have more than {MAX_COLUMNS} different fields; export NDJSON instead"
            );
            return Err(TransferError::NotRepresentable {
                format: Format::Csv,
                detail,
            });
        }
        // An import trims the names and wants them different and not empty.
        let trimmed = name.trim();
        let mut name = if trimmed.is_empty() {
            VALUE_COLUMN.to_owned()
        } else {
            trimmed.to_owned()
        };
        while self.names.contains(&name) {
            name = format!("{VALUE_COLUMN}.{name}");
        }
        self.names.push(name);
        Ok(self.names.len() - 1)
    }

    pub fn write_header(&self, text: &mut Vec<u8>) {
        let names = self.names.iter().map(|name| CsvCell::Name(name));
        write_csv_record(names, self.delimiter, text);
    }

    pub fn write_item(
        &mut self,
        spec: &KeySpec,
        key: &Key,
        root: DocumentRef<'_>,
        text: &mut Vec<u8>,
    ) {
        let mut cells = std::mem::take(&mut self.cells);
        cells.clear();
        cells.resize(self.names.len(), String::new());
        let mut set = |at: Option<usize>, value: &Value| {
            if let Some(cell) = at.and_then(|at| cells.get_mut(at)) {
                self.cell_text(value, cell);
            }
        };
        match spec.key_to_json(key) {
            Value::Object(fields) => fields
                .values()
                .enumerate()
                .for_each(|(at, value)| set(Some(at), value)),
            value => set(Some(0), &value),
        }
        if root.kind() == Kind::Object {
            for (name, value) in root.fields() {
                set(self.fields.get(name).copied(), &value.to_value());
            }
        } else {
            set(self.value_column, &root.to_value());
        }
        let written = cells.iter().map(|cell| CsvCell::Written(cell));
        write_csv_record(written, self.delimiter, text);
        self.cells = cells;
    }

    /// The text of a value between two delimiters.
    fn cell_text(&self, value: &Value, out: &mut String) {
        let cell = match value {
            Value::Null => return,
            Value::String(text) => CsvCell::Text(text),
            other => CsvCell::Other(other.to_string().into()),
        };
        let mut bytes = Vec::new();
        cell.write(self.delimiter, &mut bytes);
        *out = String::from_utf8(bytes).unwrap_or_default();
    }
}

/// What stands in a cell of a record.
#[derive(Clone, Debug)]
pub enum CsvCell<'a> {
    /// Nothing.
    Null,
    /// Name of a column.
    Name(&'a str),
    /// Text; in quotes where it would be read back as something else.
    Text(&'a str),
    /// The text of what is no text: a number, true, false, an array or object as JSON.
    Other(Cow<'a, str>),
    /// What this made earlier.
    Written(&'a str),
}

impl CsvCell<'_> {
    fn write(&self, delimiter: u8, out: &mut Vec<u8>) {
        let (text, quote) = match self {
            Self::Null => return,
            Self::Written(text) => return out.extend_from_slice(text.as_bytes()),
            Self::Name(text) => (*text, false),
            Self::Text(text) => (*text, text.is_empty() || reads_as_typed(text)),
            Self::Other(text) => (text.as_ref(), false),
        };
        let quote = quote || has_to_be_quoted(text.as_bytes(), delimiter);
        write_cell(text, quote, out);
    }
}

/// Writes one record with its line end.
pub fn write_csv_record<'a>(
    cells: impl IntoIterator<Item = CsvCell<'a>>,
    delimiter: u8,
    out: &mut Vec<u8>,
) {
    let start = out.len();
    let mut count = 0;
    for cell in cells {
        if count > 0 {
            out.push(delimiter);
        }
        cell.write(delimiter, out);
        count += 1;
    }
    // A blank line is no record, so the only cell of one is quoted.
    if count == 1 && out.len() == start {
        out.extend_from_slice(b"\"\"");
    }
    out.extend_from_slice(b"\r\n");
}

fn write_cell(text: &str, quote: bool, out: &mut Vec<u8>) {
    if !quote {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    for byte in text.bytes() {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}
