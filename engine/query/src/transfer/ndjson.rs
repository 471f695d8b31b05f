//! Newline-delimited JSON: one value a line.
//!
//! Accepts a byte order mark, CR LF line ends, blank lines and a last line without an end. Always true: at most one
//! line is held, and a line over the limit is skipped without being held, as one bad row.

use super::row::parse_json;
use super::{BadRow, Entry, Row, RowReader, TransferError};
use std::io::{BufRead, Read};

/// Longest row that is read unless the caller says otherwise: 16 MiB.
pub const DEFAULT_MAX_ROW_BYTES: usize = 16 * 1024 * 1024;

/// Reads rows line by line.
pub struct NdjsonReader<R> {
    input: R,
    line: Vec<u8>,
    line_number: u64,
    bytes_read: u64,
    max_row_bytes: usize,
}

impl<R: BufRead> NdjsonReader<R> {
    /// A reader of `input` whose lines are at most `max_row_bytes` long.
    pub const fn new(input: R, max_row_bytes: usize) -> Self {
        Self {
            input,
            line: Vec::new(),
            line_number: 0,
            bytes_read: 0,
            max_row_bytes,
        }
    }

    /// Reads one line into `self.line` with its end; `false` at the end of the input.
    fn read_line(&mut self) -> Result<bool, TransferError> {
        self.line.clear();
        // One byte over the limit, and the line end (CR LF), tell a line that fits from one that does not.
        let limit = self.max_row_bytes as u64 + 2;
        let read = self
            .input
            .by_ref()
            .take(limit)
            .read_until(b'\n', &mut self.line)?;
        self.bytes_read += read as u64;
        self.line_number += u64::from(read > 0);
        Ok(read > 0)
    }

    fn skip_rest_of_line(&mut self) -> Result<(), TransferError> {
        if !self.line.ends_with(b"\n") {
            self.bytes_read += self.input.skip_until(b'\n')? as u64;
        }
        Ok(())
    }
}

impl<R: BufRead> RowReader for NdjsonReader<R> {
    fn next_row(&mut self) -> Result<Option<Entry>, TransferError> {
        while self.read_line()? {
            let mut text = self.line.as_slice();
            if self.line_number == 1 {
                text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
            }
            let text = text.strip_suffix(b"\n").unwrap_or(text);
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            if text.len() > self.max_row_bytes {
                let detail = format!("the line is longer than {} bytes", self.max_row_bytes);
                let bad = BadRow::new(self.line_number, detail, text);
                self.skip_rest_of_line()?;
                return Ok(Some(Entry::Bad(bad)));
            }
            if text.trim_ascii().is_empty() {
                continue;
            }
            let line = self.line_number;
            return Ok(Some(match parse_json(text, line, 1) {
                Ok(document) => Entry::Row(Row {
                    line,
                    document,
                    bytes: text.len(),
                }),
                Err(detail) => Entry::Bad(BadRow::new(line, detail, text)),
            }));
        }
        Ok(None)
    }

    fn bytes_read(&self) -> u64 {
        self.bytes_read
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::ChunkReader;
    use crate::transfer::test_support::{chunked, collect, json_value};
    use proptest::prelude::*;
    use serde_json::json;

    fn read(text: &[u8], limit: usize) -> Vec<Entry> {
        collect(&mut NdjsonReader::new(text, limit)).unwrap()
    }

    #[test]
    fn marks_line_ends_and_blank_lines_are_accepted() {
        let rows = read(b"\xef\xbb\xbf{\"a\":1}\r\n\r\n  \n[2]\n\"x\"", 100);
        let expected = [(1, json!({"a": 1})), (4, json!([2])), (5, json!("x"))];
        assert_eq!(rows.len(), expected.len());
        for (row, (line, value)) in rows.iter().zip(expected) {
            let Entry::Row(row) = row else {
                panic!("{row:?}")
            };
            assert_eq!((row.line, row.document.to_value()), (line, value));
        }
        assert!(read(b"", 10).is_empty());
        assert!(read(b"\n\n", 10).is_empty());
    }

    #[test]
    fn a_bad_line_says_what_and_where_and_costs_only_itself() {
        let rows = read(b"{\"a\":1}\n{\"a\":}\n{\"b\":2} x\n{\"c\":3}", 100);
        assert!(matches!(&rows[0], Entry::Row(row) if row.line == 1));
        assert!(
            matches!(&rows[1], Entry::Bad(bad) if bad.line == 2 && bad.detail.starts_with("not JSON at line 2, column 6") && bad.text == "{\"a\":}")
        );
        assert!(
            matches!(&rows[2], Entry::Bad(bad) if bad.line == 3 && bad.detail.starts_with("not JSON at line 3, column 9"))
        );
        assert!(matches!(&rows[3], Entry::Row(row) if row.line == 4));
    }

    #[test]
    fn the_limit_is_exact_and_a_longer_line_is_skipped() {
        let fits = format!("\"{}\"", "x".repeat(8));
        let long = format!("\"{}\"", "x".repeat(9));
        for end in ["\n", "\r\n", ""] {
            assert!(
                matches!(
                    &read(format!("{fits}{end}").as_bytes(), 10)[..],
                    [Entry::Row(_)]
                ),
                "{end:?}"
            );
            assert!(
                matches!(
                    &read(format!("{long}{end}").as_bytes(), 10)[..],
                    [Entry::Bad(_)]
                ),
                "{end:?}"
            );
        }
        let rows = read(format!("{}\n1\n", "y".repeat(1000)).as_bytes(), 10);
        assert!(
            matches!(&rows[..], [Entry::Bad(bad), Entry::Row(row)] if bad.line == 1 && row.line == 2)
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn reads_what_serde_json_wrote_at_any_chunk_borders(
            values in prop::collection::vec(json_value(), 0..12), cuts in prop::collection::vec(1usize..20, 1..8), crlf: bool,
        ) {
            let end = if crlf { "\r\n" } else { "\n" };
            let lines: Vec<String> = values.iter().map(|value| format!("{value}{end}")).collect();
            let text = lines.concat();
            let mut reader = NdjsonReader::new(ChunkReader::new(chunked(text.as_bytes(), &cuts)), 1 << 20);
            let rows = collect(&mut reader).unwrap();
            prop_assert_eq!(reader.bytes_read(), text.len() as u64);
            let read: Vec<_> = rows.into_iter().map(|row| match row { Entry::Row(row) => row.document.to_value(), Entry::Bad(bad) => panic!("{bad:?}") }).collect();
            prop_assert_eq!(read, values);
        }
    }
}
