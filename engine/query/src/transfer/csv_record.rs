//! Records of comma-separated values (RFC 4180), with the one fact that readers usually drop: whether a value stood
//! in quotes, which tells "" (empty text) from nothing.
//!
//! Accepts LF, CR LF and CR line ends, and line ends inside quotes. Always true: at most one record is held, and no
//! more of it than the limit. It knows nothing of headers and types.

use super::TransferError;
use std::io::BufRead;

/// One value of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub text: Vec<u8>,
    pub quoted: bool,
}

/// One record: its cells, or what is wrong with it.
#[derive(Debug)]
pub(super) struct Record {
    /// Line on which it begins.
    pub line: u64,
    pub cells: Vec<Cell>,
    /// Bytes of all cells together with what separates them.
    pub bytes: usize,
    pub fault: Option<String>,
}

impl Record {
    /// The record as a line of text, to be shown.
    pub fn to_text(&self, delimiter: u8) -> Vec<u8> {
        let cells: Vec<&[u8]> = self.cells.iter().map(|cell| cell.text.as_slice()).collect();
        cells.join(&delimiter)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    CellStart,
    Plain,
    Quoted,
    /// After a quote inside a quoted cell: its end, or the first of two.
    QuoteSeen,
}

/// Whether text can stand between two delimiters only in quotes.
pub(super) fn has_to_be_quoted(text: &[u8], delimiter: u8) -> bool {
    text.iter()
        .any(|&byte| byte == delimiter || matches!(byte, b'"' | b'\n' | b'\r'))
}

/// Reads records.
pub(super) struct Records<R> {
    input: R,
    pub delimiter: u8,
    /// What values stand between that contain delimiters.
    pub quote: u8,
    max_row_bytes: usize,
    pub counter: Counter,
}

/// Counts bytes and lines.
pub(super) struct Counter {
    pub bytes: u64,
    line: u64,
    after_cr: bool,
}

impl Counter {
    const fn pass(&mut self, byte: u8) {
        self.bytes += 1;
        // CR LF is one line end: its CR counted already.
        if byte == b'\r' || (byte == b'\n' && !self.after_cr) {
            self.line += 1;
        }
        self.after_cr = byte == b'\r';
    }
}

/// A record under construction.
struct Builder {
    record: Record,
    cell: Cell,
    place: Place,
    limit: usize,
}

impl Builder {
    /// Nothing of the record was seen yet.
    fn is_blank(&self) -> bool {
        self.place == Place::CellStart && self.record.cells.is_empty()
    }

    fn push(&mut self, byte: u8) {
        if self.grow() {
            self.cell.text.push(byte);
        }
    }

    /// Counts a byte or a cell (which costs memory even when it is empty); `false` when that is over the limit.
    fn grow(&mut self) -> bool {
        self.record.bytes += 1;
        let fits = self.record.bytes <= self.limit;
        if !fits && self.record.fault.is_none() {
            self.record.fault = Some(format!(
                "the row is longer than {} bytes; is a quote left open?",
                self.limit
            ));
        }
        fits
    }

    fn end_cell(&mut self) {
        let cell = std::mem::replace(
            &mut self.cell,
            Cell {
                text: Vec::new(),
                quoted: false,
            },
        );
        if self.record.cells.is_empty() || self.grow() {
            self.record.cells.push(cell);
        }
        self.place = Place::CellStart;
    }

    /// Takes one byte; `true` when it ended the record.
    fn step(&mut self, byte: u8, delimiter: u8, quote: u8) -> bool {
        let ends_line = matches!(byte, b'\n' | b'\r');
        match self.place {
            Place::Quoted if byte == quote => self.place = Place::QuoteSeen,
            Place::Quoted => self.push(byte),
            Place::QuoteSeen if byte == quote => {
                self.push(byte);
                self.place = Place::Quoted;
            }
            Place::CellStart if byte == quote => {
                self.cell.quoted = true;
                self.place = Place::Quoted;
            }
            _ if byte == delimiter => self.end_cell(),
            _ if ends_line => {
                self.end_cell();
                return true;
            }
            place => {
                if place == Place::QuoteSeen && self.record.fault.is_none() {
                    let number = self.record.cells.len() + 1;
                    self.record.fault = Some(format!(
                        "text after the closing quote of value {number}; a quote inside a value is written twice"
                    ));
                }
                self.push(byte);
                self.place = Place::Plain;
            }
        }
        false
    }
}

impl<R: BufRead> Records<R> {
    pub const fn new(input: R, delimiter: u8, max_row_bytes: usize) -> Self {
        Self {
            input,
            delimiter,
            quote: b'"',
            max_row_bytes,
            counter: Counter {
                bytes: 0,
                line: 1,
                after_cr: false,
            },
        }
    }

    /// Whether a value needs quotes for what it contains; then they say nothing about its type.
    pub fn has_to_be_quoted(&self, text: &[u8]) -> bool {
        let special = [self.delimiter, self.quote, b'\n', b'\r'];
        text.iter().any(|byte| special.contains(byte))
    }

    /// The next record that is not a blank line.
    pub fn next_record(&mut self) -> Result<Option<Record>, TransferError> {
        let mut builder = self.builder();
        loop {
            let chunk = self.input.fill_buf()?;
            if chunk.is_empty() {
                return Ok(Self::at_end(builder));
            }
            let mut used = 0;
            let mut done = false;
            for &byte in chunk {
                used += 1;
                self.counter.pass(byte);
                if builder.is_blank() && matches!(byte, b'\n' | b'\r') {
                    // A blank line, or the LF of the CR LF that ended the record before.
                    builder.record.line = self.counter.line;
                    continue;
                }
                done = builder.step(byte, self.delimiter, self.quote);
                if done {
                    break;
                }
            }
            self.input.consume(used);
            if done {
                return Ok(Some(builder.record));
            }
        }
    }

    fn builder(&self) -> Builder {
        Builder {
            record: Record {
                line: self.counter.line,
                cells: Vec::new(),
                bytes: 0,
                fault: None,
            },
            cell: Cell {
                text: Vec::new(),
                quoted: false,
            },
            place: Place::CellStart,
            limit: self.max_row_bytes,
        }
    }

    fn at_end(mut builder: Builder) -> Option<Record> {
        if builder.is_blank() {
            return None;
        }
        if builder.place == Place::Quoted {
            builder.record.fault = Some("a quote opens in this row and is never closed".to_owned());
        }
        builder.end_cell();
        Some(builder.record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::ChunkReader;
    use crate::transfer::test_support::chunked;
    use proptest::prelude::*;

    fn read(text: &[u8], limit: usize) -> Vec<Record> {
        let mut records = Records::new(text, b',', limit);
        let mut all = Vec::new();
        while let Some(record) = records.next_record().unwrap() {
            all.push(record);
        }
        all
    }

    fn shown(text: &str) -> Vec<(u64, String)> {
        read(text.as_bytes(), 1000)
            .into_iter()
            .map(|record| {
                let cell = |cell: &Cell| {
                    format!(
                        "{}{}",
                        if cell.quoted { "q" } else { "" },
                        String::from_utf8_lossy(&cell.text)
                    )
                };
                (
                    record.line,
                    record.fault.unwrap_or_else(|| {
                        record.cells.iter().map(cell).collect::<Vec<_>>().join("|")
                    }),
                )
            })
            .collect()
    }

    #[test]
    fn lines_quotes_and_blank_lines() {
        let expected = |rows: &[(u64, &str)]| {
            rows.iter()
                .map(|(line, text)| (*line, (*text).to_owned()))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            shown("a,b\r\n\r\n,\n\"\",\"x\"\"y\""),
            expected(&[(1, "a|b"), (3, "|"), (4, "q|qx\"y")])
        );
        assert_eq!(
            shown("a\rb\r\rc"),
            expected(&[(1, "a"), (2, "b"), (4, "c")])
        );
        assert_eq!(
            shown("\"one\r\ntwo\",1\nnext,2\n"),
            expected(&[(1, "qone\r\ntwo|1"), (3, "next|2")])
        );
        assert_eq!(shown("a,b\"c,\n"), expected(&[(1, "a|b\"c|")]));
        assert_eq!(shown("\"\""), expected(&[(1, "q")]));
        assert_eq!(shown(""), expected(&[]));
    }

    #[test]
    fn faults_cost_one_record() {
        let rows = shown("\"a\"b,1\nc,2\n\"open,3\nd,4\n");
        assert!(
            rows[0]
                .1
                .starts_with("text after the closing quote of value 1")
        );
        assert_eq!(rows[1], (2, "c|2".to_owned()));
        assert_eq!(
            rows[2],
            (
                3,
                "a quote opens in this row and is never closed".to_owned()
            )
        );
        assert_eq!(rows.len(), 3);
    }

    #[test]
    fn a_long_record_is_cut_and_named() {
        let text = format!("{}\nb\n{}\n", "x".repeat(50), ",".repeat(500));
        let rows = read(text.as_bytes(), 20);
        assert!(
            rows[0]
                .fault
                .as_ref()
                .unwrap()
                .contains("longer than 20 bytes")
        );
        assert!(
            rows[0]
                .cells
                .iter()
                .map(|cell| cell.text.len())
                .sum::<usize>()
                <= 20
        );
        assert!(rows[1].fault.is_none());
        assert!(rows[2].fault.is_some() && rows[2].cells.len() <= 21);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn agrees_with_the_csv_crate_at_any_chunk_borders(
            records in prop::collection::vec(prop::collection::vec("[a-c\",\n\r é]{0,5}", 1..5), 0..8),
            cuts in prop::collection::vec(1usize..9, 1..6), always: bool,
        ) {
            let style = if always { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
            let mut writer = csv::WriterBuilder::new().flexible(true).quote_style(style).from_writer(Vec::new());
            for record in &records {
                writer.write_record(record).unwrap();
            }
            let text = writer.into_inner().unwrap();
            let mut reader = Records::new(ChunkReader::new(chunked(&text, &cuts)), b',', 1000);
            let mut read = Vec::new();
            while let Some(record) = reader.next_record().unwrap() {
                prop_assert_eq!(record.fault, None);
                read.push(record.cells.into_iter().map(|cell| String::from_utf8(cell.text).unwrap()).collect::<Vec<_>>());
            }
            prop_assert_eq!(read, records);
            prop_assert_eq!(reader.counter.bytes, text.len() as u64);
        }

        #[test]
        fn agrees_with_the_csv_crate_on_any_text(text in "[ab\",\n\r]{0,30}", cuts in prop::collection::vec(1usize..9, 1..6)) {
            let mut records = Records::new(ChunkReader::new(chunked(text.as_bytes(), &cuts)), b',', 1000);
            let mut reference = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            for expected in reference.records() {
                let record = records.next_record().unwrap().unwrap();
                if record.fault.is_some() {
                    // The yardstick forgives what is refused here; from there on the two may differ.
                    return Ok(());
                }
                let cells: Vec<_> = record.cells.iter().map(|cell| String::from_utf8(cell.text.clone()).unwrap()).collect();
                prop_assert_eq!(cells, expected.unwrap().iter().map(str::to_owned).collect::<Vec<_>>());
            }
            prop_assert!(records.next_record().unwrap().is_none());
        }
    }
}
