//! The result of a query as a file: CSV, or objects as lines or as an array.

use std::collections::HashSet;
use std::ops::ControlFlow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sop_query::sql::{Column, Output as Rows, ValueRef};
use sop_query::transfer::{CsvCell, Format, write_csv_record};

use super::values::write_value;
use crate::api::streams::Sink;
use crate::error::{ApiError, ApiResult, Code};
use crate::extract::JsonNumbers;

/// Bytes that are sent together.
const TOGETHER: usize = 64 * 1024;

/// Writes one result. What is sent is the whole of it, or it is cut off.
pub(crate) struct FileRows<'a, S: Target> {
    target: &'a mut S,
    format: Format,
    numbers: JsonNumbers,
    /// `"name":` of each column; names that are there twice have a number behind.
    names: Vec<Vec<u8>>,
    rows: u64,
    results: u64,
}

/// Takes the text of a file.
pub(crate) trait Target {
    /// What was not written out yet.
    fn buffer(&mut self) -> &mut Vec<u8>;
    /// Writes it out when it is at least so long. False when nobody takes it any more.
    fn send_beyond(&mut self, bytes: usize) -> bool;
}

impl Target for Sink {
    fn buffer(&mut self) -> &mut Vec<u8> {
        self.buffer()
    }

    fn send_beyond(&mut self, bytes: usize) -> bool {
        self.send_beyond(bytes)
    }
}

impl<'a, S: Target> FileRows<'a, S> {
    pub fn new(target: &'a mut S, format: Format, numbers: JsonNumbers) -> Self {
        Self {
            target,
            format,
            numbers,
            names: Vec::new(),
            rows: 0,
            results: 0,
        }
    }

    /// Writes what stands at the end.
    ///
    /// # Errors
    /// `not_representable` when there was more than one result.
    pub fn end(self) -> ApiResult<()> {
        if self.results > 1 {
            let detail = "A file holds one result, and more than one of the statements gives rows.";
            return Err(ApiError::new(Code::NotRepresentable, detail).at("/sql", detail));
        }
        if self.format == Format::Json {
            let end: &[u8] = match (self.results, self.rows) {
                (0, _) => b"[]\n",
                (_, 0) => b"]\n",
                _ => b"\n]\n",
            };
            self.target.buffer().extend_from_slice(end);
        }
        Ok(())
    }

    fn object(&mut self, row: &[ValueRef<'_>]) {
        let out = self.target.buffer();
        out.push(b'{');
        for (at, (name, value)) in self.names.iter().zip(row).enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.extend_from_slice(name);
            write_value(*value, self.numbers, out);
        }
        out.push(b'}');
    }
}

impl<S: Target> Rows for FileRows<'_, S> {
    fn columns(&mut self, columns: &[Column]) -> ControlFlow<()> {
        self.results += 1;
        if self.results > 1 {
            return ControlFlow::Break(());
        }
        match self.format {
            Format::Csv => {
                let names = columns.iter().map(|column| CsvCell::Name(&column.name));
                write_csv_record(names, b',', self.target.buffer());
            }
            Format::Json => self.target.buffer().push(b'['),
            Format::Ndjson => {}
        }
        let names = different(columns);
        let names = names.map(|name| format!("{}:", serde_json::Value::String(name)).into_bytes());
        self.names = names.collect();
        ControlFlow::Continue(())
    }

    fn row(&mut self, row: &[ValueRef<'_>]) -> ControlFlow<()> {
        match self.format {
            Format::Csv => {
                let cells = row.iter().map(|value| csv_cell(*value));
                write_csv_record(cells, b',', self.target.buffer());
            }
            Format::Json => {
                let separator: &[u8] = if self.rows == 0 { b"\n" } else { b",\n" };
                self.target.buffer().extend_from_slice(separator);
                self.object(row);
            }
            Format::Ndjson => {
                self.object(row);
                self.target.buffer().push(b'\n');
            }
        }
        self.rows += 1;
        match self.target.send_beyond(TOGETHER) {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    }
}

/// The names of columns, those that are there already with a number behind.
fn different(columns: &[Column]) -> impl Iterator<Item = String> {
    let mut taken: HashSet<String> = HashSet::new();
    columns.iter().map(move |column| {
        let mut name = column.name.clone();
        let mut number = 1;
        while !taken.insert(name.clone()) {
            number += 1;
            name = format!("{}_{number}", column.name);
        }
        name
    })
}

fn csv_cell(value: ValueRef<'_>) -> CsvCell<'_> {
    match value {
        ValueRef::Null => CsvCell::Null,
        ValueRef::Text(text) => CsvCell::Text(text),
        ValueRef::Bool(value) => CsvCell::Other(value.to_string().into()),
        ValueRef::Integer(value) => CsvCell::Other(value.to_string().into()),
        ValueRef::Json(text) => CsvCell::Other(text.into()),
        ValueRef::Blob(bytes) => CsvCell::Other(STANDARD.encode(bytes).into()),
        ValueRef::Real(_) => {
            let mut text = Vec::new();
            let numbers = JsonNumbers {
                as_strings: false,
                lines: false,
            };
            write_value(value, numbers, &mut text);
            CsvCell::Other(String::from_utf8(text).unwrap_or_default().into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Text(Vec<u8>);

    impl Target for Text {
        fn buffer(&mut self) -> &mut Vec<u8> {
            &mut self.0
        }

        fn send_beyond(&mut self, _: usize) -> bool {
            true
        }
    }

    const NUMBERS: JsonNumbers = JsonNumbers {
        as_strings: false,
        lines: false,
    };

    fn file(format: Format, rows: &[&[ValueRef<'_>]]) -> String {
        let mut text = Text::default();
        let mut file = FileRows::new(&mut text, format, NUMBERS);
        let column = |name: &str| Column {
            name: name.to_owned(),
            kind: "any".to_owned(),
        };
        let _ = file.columns(&[column("a"), column("b,\"x"), column("a")]);
        for row in rows {
            let _ = file.row(row);
        }
        file.end().unwrap();
        String::from_utf8(text.0).unwrap()
    }

    #[test]
    fn each_format_has_its_form() {
        let one = [ValueRef::Integer(1), ValueRef::Text("5"), ValueRef::Null];
        let two = [
            ValueRef::Real(0.5),
            ValueRef::Json("{\"k\":[1,2]}"),
            ValueRef::Text("plain"),
        ];
        let rows: &[&[ValueRef<'_>]] = &[&one, &two];
        assert_eq!(
            file(Format::Csv, rows),
            "a,\"b,\"\"x\",a\r\n1,\"5\",\r\n0.5,\"{\"\"k\"\":[1,2]}\",plain\r\n"
        );
        assert_eq!(
            file(Format::Ndjson, rows),
            "{\"a\":1,\"b,\\\"x\":\"5\",\"a_2\":null}\n{\"a\":0.5,\"b,\\\"x\":{\"k\":[1,2]},\"a_2\":\"plain\"}\n"
        );
        let json: serde_json::Value = serde_json::from_str(&file(Format::Json, rows)).unwrap();
        assert_eq!(json[1]["a_2"], "plain");
        assert_eq!(file(Format::Json, &[]), "[]\n");
    }

    #[test]
    fn a_second_result_is_refused() {
        let mut text = Text::default();
        let mut file = FileRows::new(&mut text, Format::Csv, NUMBERS);
        assert!(file.columns(&[]).is_continue());
        assert!(file.columns(&[]).is_break());
        assert_eq!(file.end().unwrap_err().code(), Code::NotRepresentable);
    }
}
