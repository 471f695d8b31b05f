//! CSV with a header row as rows of JSON objects.
//!
//! The first rows are held back to find the type of each column (the rule is in [`super::columns`]); after that
//! one record is held. Always true: a field's name comes from the header alone, and a row with another number of
//! values than the header is a bad row.

use super::columns::{Fit, Inference, convert};
use super::csv_record::{Cell, Record, Records};
use super::{BadRow, ColumnType, Entry, Row, RowReader, TransferError};
use serde_json::{Map, Value};
use sop::document::Document;
use std::collections::{HashSet, VecDeque};
use std::io::{BufRead, Chain, Cursor, Read};

/// Most columns of a CSV text.
const MAX_COLUMNS: usize = 10_000;
/// Longest first line, in bytes, that the delimiter is searched in.
const DELIMITER_SEARCH_BYTES: u64 = 64 * 1024;

/// What to do with a value that does not fit the type of its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Misfit {
    /// Keep it as text and count a warning.
    #[default]
    Text,
    /// Refuse the row.
    BadRow,
}

/// How a CSV text is read.
#[derive(Clone, Debug)]
pub struct CsvOptions {
    /// The byte between two values; found in the header row when `None` (comma, semicolon, tab or bar).
    pub delimiter: Option<u8>,
    /// The byte around values that contain delimiters; it is written twice inside them.
    pub quote: u8,
    /// Longest row in bytes.
    pub max_row_bytes: usize,
    /// Rows that are looked at for the types of columns.
    pub sample_rows: usize,
    /// Bytes of rows, at most, that are held for it.
    pub sample_bytes: usize,
    /// Types by column name; the others are found.
    pub types: Vec<(String, ColumnType)>,
    /// What becomes of values that do not fit.
    pub misfit: Misfit,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self {
            delimiter: None,
            quote: b'"',
            max_row_bytes: super::DEFAULT_MAX_ROW_BYTES,
            sample_rows: 1000,
            sample_bytes: 4 * 1024 * 1024,
            types: Vec::new(),
            misfit: Misfit::Text,
        }
    }
}

/// A column as the reader sees it.
struct Column {
    name: String,
    kind: ColumnType,
}

/// Reads the rows of a CSV text.
pub struct CsvReader<R> {
    records: Records<Chain<Cursor<Vec<u8>>, R>>,
    options: CsvOptions,
    columns: Vec<Column>,
    /// Quotes make a value text (they say nothing where the header is quoted as well).
    literal_quotes: bool,
    held: VecDeque<Record>,
    started: bool,
    warnings: u64,
    /// Bytes of a mark that were taken off.
    mark_bytes: u64,
}

impl<R: BufRead> CsvReader<R> {
    /// A reader of `input`; reads the header row.
    ///
    /// # Errors
    /// [`TransferError::Header`] without a usable header row, [`TransferError::Option`] for a type of a column that
    /// the header does not have.
    pub fn new(mut input: R, options: CsvOptions) -> Result<Self, TransferError> {
        let mut first = Vec::new();
        input
            .by_ref()
            .take(DELIMITER_SEARCH_BYTES)
            .read_until(b'\n', &mut first)?;
        let mark_bytes = if first.starts_with(b"\xef\xbb\xbf") {
            3
        } else {
            0
        };
        first.drain(..mark_bytes);
        let delimiter = options
            .delimiter
            .unwrap_or_else(|| find_delimiter(&first, options.quote));
        let unfit = |byte: u8| matches!(byte, b'\n' | b'\r') || !byte.is_ascii();
        if unfit(options.quote) {
            return Err(TransferError::Option {
                option: "quote",
                detail: "a line end or a byte beyond ASCII cannot stand around values".to_owned(),
            });
        }
        if unfit(delimiter) || delimiter == options.quote {
            return Err(TransferError::Option {
                option: "delimiter",
                detail: "a quote, a line end or a byte beyond ASCII cannot stand between values"
                    .to_owned(),
            });
        }
        let mut records = Records::new(
            Cursor::new(first).chain(input),
            delimiter,
            options.max_row_bytes,
        );
        records.quote = options.quote;
        let Some(header) = records.next_record()? else {
            return Err(TransferError::Header {
                detail: "the text is empty; the first row has to name the columns".to_owned(),
            });
        };
        let literal_quotes = !header.cells.iter().all(|cell| cell.quoted);
        let mut columns = named_columns(header)?;
        for (name, kind) in &options.types {
            let Some(column) = columns.iter_mut().find(|column| column.name == *name) else {
                return Err(TransferError::Option {
                    option: "types",
                    detail: format!("the header has no column {name:?}"),
                });
            };
            column.kind = *kind;
        }
        Ok(Self {
            records,
            options,
            columns,
            literal_quotes,
            held: VecDeque::new(),
            started: false,
            warnings: 0,
            mark_bytes: mark_bytes as u64,
        })
    }

    /// The byte that stands between two values.
    pub const fn delimiter(&self) -> u8 {
        self.records.delimiter
    }

    /// Holds the first rows and finds the types of the columns that have none.
    fn start(&mut self) -> Result<(), TransferError> {
        self.started = true;
        let mut found = vec![Inference::default(); self.columns.len()];
        let mut bytes = 0;
        while self.held.len() < self.options.sample_rows && bytes < self.options.sample_bytes {
            let Some(record) = self.records.next_record()? else {
                break;
            };
            bytes += record.bytes;
            if record.fault.is_none() && record.cells.len() == found.len() {
                for (cell, inference) in record.cells.iter().zip(&mut found) {
                    let literal = self.literal_quotes && !self.records.has_to_be_quoted(&cell.text);
                    inference.add(&String::from_utf8_lossy(&cell.text), cell.quoted, literal);
                }
            }
            self.held.push_back(record);
        }
        for (column, inference) in self.columns.iter_mut().zip(found) {
            if !self
                .options
                .types
                .iter()
                .any(|(name, _)| *name == column.name)
            {
                column.kind = inference.column_type();
            }
        }
        Ok(())
    }

    fn row(&mut self, record: Record) -> Entry {
        let (line, bytes) = (record.line, record.bytes);
        let shown = record.to_text(self.records.delimiter);
        if let Some(fault) = record.fault {
            return Entry::Bad(BadRow::new(line, fault, &shown));
        }
        if record.cells.len() != self.columns.len() {
            let detail = format!(
                "{} values, the header has {}",
                record.cells.len(),
                self.columns.len()
            );
            return Entry::Bad(BadRow::new(line, detail, &shown));
        }
        let mut fields = Map::with_capacity(self.columns.len());
        let mut misfits = 0;
        for (column, cell) in self.columns.iter().zip(record.cells) {
            let value = match self.cell(column, cell, &mut misfits) {
                Ok(value) => value,
                Err(detail) => return Entry::Bad(BadRow::new(line, detail, &shown)),
            };
            fields.insert(column.name.clone(), value);
        }
        let document = match Document::from_value(&Value::Object(fields)) {
            Ok(document) => document,
            Err(error) => return Entry::Bad(BadRow::new(line, error.to_string(), &shown)),
        };
        self.warnings += misfits;
        Entry::Row(Row {
            line,
            document,
            bytes,
        })
    }

    fn cell(&self, column: &Column, cell: Cell, misfits: &mut u64) -> Result<Value, String> {
        let literal = self.literal_quotes && !self.records.has_to_be_quoted(&cell.text);
        let text = String::from_utf8(cell.text)
            .map_err(|_| format!("{} is not UTF-8 text; save the file as UTF-8", column.name))?;
        match convert(text, cell.quoted, literal, column.kind) {
            Fit::Value(value) => Ok(value),
            Fit::Misfit(text) if self.options.misfit == Misfit::BadRow => {
                let kind = serde_json::to_string(&column.kind).unwrap_or_default();
                Err(format!(
                    "{} is {text:?}; the column holds {}",
                    column.name,
                    kind.trim_matches('"')
                ))
            }
            Fit::Misfit(text) => {
                *misfits += 1;
                Ok(Value::String(text))
            }
        }
    }
}

impl<R: BufRead> RowReader for CsvReader<R> {
    fn next_row(&mut self) -> Result<Option<Entry>, TransferError> {
        if !self.started {
            self.start()?;
        }
        let record = match self.held.pop_front() {
            Some(record) => Some(record),
            None => self.records.next_record()?,
        };
        Ok(record.map(|record| self.row(record)))
    }

    fn bytes_read(&self) -> u64 {
        self.records.counter.bytes + self.mark_bytes
    }

    fn warnings(&self) -> u64 {
        self.warnings
    }
}

/// The candidate that stands most often outside quotes in the first line; the comma when none does.
fn find_delimiter(line: &[u8], quote: u8) -> u8 {
    let mut counts = [(b',', 0u32), (b';', 0), (b'\t', 0), (b'|', 0)];
    let mut quoted = false;
    for &byte in line {
        quoted ^= byte == quote;
        if let Some((_, count)) = counts
            .iter_mut()
            .find(|(candidate, _)| *candidate == byte && !quoted)
        {
            *count += 1;
        }
    }
    // The first of equal ones wins.
    counts
        .iter()
        .rev()
        .max_by_key(|(_, count)| *count)
        .map_or(b',', |(candidate, _)| *candidate)
}

fn named_columns(header: Record) -> Result<Vec<Column>, TransferError> {
    let refuse = |detail: String| Err(TransferError::Header { detail });
    if let Some(fault) = header.fault {
        return refuse(fault);
    }
    if header.cells.len() > MAX_COLUMNS {
        return refuse(format!(
            "{} columns; at most {MAX_COLUMNS} are read",
            header.cells.len()
        ));
    }
    let mut names = HashSet::new();
    let mut columns = Vec::with_capacity(header.cells.len());
    for (index, cell) in header.cells.into_iter().enumerate() {
        let Ok(name) = String::from_utf8(cell.text) else {
            return refuse(format!(
                "the name of column {} is not UTF-8 text; save the file as UTF-8",
                index + 1
            ));
        };
        let name = name.trim().to_owned();
        if name.is_empty() {
            return refuse(format!("column {} has no name", index + 1));
        }
        if !names.insert(name.clone()) {
            return refuse(format!("two columns are named {name:?}"));
        }
        columns.push(Column {
            name,
            kind: ColumnType::Text,
        });
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::test_support::collect;
    use serde_json::json;

    fn read_with(text: &str, options: CsvOptions) -> Result<(Vec<Entry>, u64), TransferError> {
        let mut reader = CsvReader::new(text.as_bytes(), options)?;
        let rows = collect(&mut reader)?;
        assert_eq!(reader.bytes_read(), text.len() as u64);
        Ok((rows, reader.warnings()))
    }

    fn values(text: &str) -> Vec<Value> {
        let (rows, _) = read_with(text, CsvOptions::default()).unwrap();
        rows.into_iter()
            .map(|row| {
                if let Entry::Row(row) = row {
                    row.document.to_value()
                } else {
                    panic!("{row:?}")
                }
            })
            .collect()
    }

    #[test]
    fn types_are_found_and_codes_stay_text() {
        let rows = values(
            "\u{feff}Id,Zip,Total,Paid,Note\r\n1,02113,0.99,true,\r\n2,10012,1980,false,\"\"\r\n3,,,,x\r\n",
        );
        assert_eq!(
            rows,
            [
                json!({"Id": 1, "Zip": "02113", "Total": "0.99".parse::<serde_json::Number>().unwrap(), "Paid": true, "Note": null}),
                json!({"Id": 2, "Zip": "10012", "Total": 1980, "Paid": false, "Note": ""}),
                json!({"Id": 3, "Zip": null, "Total": null, "Paid": null, "Note": "x"}),
            ]
        );
        assert_eq!(
            rows[0].to_string(),
            r#"{"Id":1,"Zip":"02113","Total":0.99,"Paid":true,"Note":null}"#
        );
    }

    #[test]
    fn a_file_that_quotes_everything_still_has_numbers() {
        assert_eq!(
            values("\"a\",\"b\"\n\"1\",\"\"\n\"\",\"x\"\n"),
            [json!({"a": 1, "b": ""}), json!({"a": null, "b": "x"})]
        );
        assert_eq!(values("a,b\n\"1\",2\n"), [json!({"a": "1", "b": 2})]);
    }

    #[test]
    fn other_delimiters_are_found_in_the_header() {
        assert_eq!(values("a;b\n1;2,5\n"), [json!({"a": 1, "b": "2,5"})]);
        assert_eq!(values("a\tb\n1\t2\n"), [json!({"a": 1, "b": 2})]);
        assert_eq!(values("\"a;b;c\",d\n1,2\n"), [json!({"a;b;c": 1, "d": 2})]);
        assert_eq!(values("one\nx;y\n"), [json!({"one": "x;y"})]);
    }

    #[test]
    fn a_late_misfit_is_text_with_a_warning_or_a_bad_row() {
        let text = "n\n1\n2\nthree\n";
        let (rows, warnings) = read_with(
            text,
            CsvOptions {
                sample_rows: 2,
                ..CsvOptions::default()
            },
        )
        .unwrap();
        assert!(
            matches!(&rows[2], Entry::Row(row) if row.document.to_value() == json!({"n": "three"}) && row.line == 4)
        );
        assert_eq!(warnings, 1);
        let options = CsvOptions {
            sample_rows: 2,
            misfit: Misfit::BadRow,
            ..CsvOptions::default()
        };
        let (rows, warnings) = read_with(text, options).unwrap();
        assert!(
            matches!(&rows[2], Entry::Bad(bad) if bad.detail == "n is \"three\"; the column holds integer"),
            "{:?}",
            rows[2]
        );
        assert_eq!(warnings, 0);
    }

    #[test]
    fn given_types_beat_found_ones() {
        let options = CsvOptions {
            types: vec![("a".to_owned(), ColumnType::Text)],
            ..CsvOptions::default()
        };
        let (rows, _) = read_with("a,b\n1,2\n", options).unwrap();
        assert!(
            matches!(&rows[0], Entry::Row(row) if row.document.to_value() == json!({"a": "1", "b": 2}))
        );
        let options = CsvOptions {
            types: vec![("z".to_owned(), ColumnType::Text)],
            ..CsvOptions::default()
        };
        assert!(matches!(
            read_with("a,b\n1,2\n", options),
            Err(TransferError::Option {
                option: "types",
                ..
            })
        ));
    }

    #[test]
    fn bad_headers_and_rows_are_named() {
        for (text, word) in [
            ("", "empty"),
            ("a,,b\n", "column 2 has no name"),
            ("a,b, a \n", "two columns"),
            ("\"a\n", "never closed"),
        ] {
            let error = read_with(text, CsvOptions::default()).unwrap_err();
            assert!(
                matches!(&error, TransferError::Header { detail } if detail.contains(word)),
                "{text:?}: {error}"
            );
        }
        let (rows, _) = read_with("a,b\n1\n1,2,3\n4,5\n", CsvOptions::default()).unwrap();
        assert!(
            matches!(&rows[0], Entry::Bad(bad) if bad.line == 2 && bad.detail == "1 values, the header has 2" && bad.text == "1")
        );
        assert!(matches!(&rows[1], Entry::Bad(bad) if bad.text == "1,2,3"));
        assert!(
            matches!(&rows[2], Entry::Row(row) if row.document.to_value() == json!({"a": 4, "b": 5}))
        );
        let mut reader = CsvReader::new(&b"a\n\xff\n"[..], CsvOptions::default()).unwrap();
        assert!(
            matches!(reader.next_row().unwrap(), Some(Entry::Bad(bad)) if bad.detail.contains("UTF-8"))
        );
    }
}
