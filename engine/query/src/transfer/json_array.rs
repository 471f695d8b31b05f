//! One JSON array, read element by element.
//!
//! A scanner finds where each element ends (brackets, strings, escapes) and hands its bytes to the JSON parser, so
//! at most one element is held. Always true: an element that is delimited but wrong inside is one bad row; broken
//! structure between elements ends the reading with line and column. Only an array is read: a single object, or an
//! array inside an object, is refused with what to do.

use super::row::parse_json;
use super::{BadRow, Entry, Row, RowReader, TransferError};
use std::io::BufRead;

/// Where the scanner is in the text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    /// After `[`: an element or the end.
    First,
    /// After a comma: an element.
    Element,
    /// After an element: a comma or the end.
    Separator,
    /// After the closing bracket: nothing but white space.
    After,
}

/// Reads the elements of one array as rows.
pub struct JsonArrayReader<R> {
    input: R,
    max_row_bytes: usize,
    place: Place,
    position: Position,
    element: Vec<u8>,
}

/// A place in the text. Lines and columns count from 1, columns in bytes.
#[derive(Clone, Copy)]
struct Position {
    bytes: u64,
    line: u64,
    column: u64,
}

impl Position {
    const fn pass(&mut self, byte: u8) {
        self.bytes += 1;
        if byte == b'\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
    }

    fn error(self, detail: impl Into<String>) -> TransferError {
        TransferError::Malformed {
            line: self.line,
            column: self.column,
            detail: detail.into(),
        }
    }
}

impl<R: BufRead> JsonArrayReader<R> {
    /// A reader of `input` whose elements are at most `max_row_bytes` long.
    pub const fn new(input: R, max_row_bytes: usize) -> Self {
        let position = Position {
            bytes: 0,
            line: 1,
            column: 1,
        };
        Self {
            input,
            max_row_bytes,
            place: Place::Start,
            position,
            element: Vec::new(),
        }
    }

    fn peek(&mut self) -> Result<Option<u8>, TransferError> {
        Ok(self.input.fill_buf()?.first().copied())
    }

    fn pass(&mut self, byte: u8) {
        self.input.consume(1);
        self.position.pass(byte);
    }

    /// The next byte that is no white space, not consumed.
    fn peek_text(&mut self) -> Result<Option<u8>, TransferError> {
        while let Some(byte) = self.peek()? {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Ok(Some(byte));
            }
            self.pass(byte);
        }
        Ok(None)
    }

    fn skip_mark(&mut self) -> Result<(), TransferError> {
        for expected in *b"\xef\xbb\xbf" {
            match self.peek()? {
                Some(byte) if byte == expected => self.pass(byte),
                // A half mark is no mark and no JSON either: the next step says so.
                _ => break,
            }
        }
        self.position.column = 1;
        Ok(())
    }

    fn open(&mut self) -> Result<(), TransferError> {
        self.skip_mark()?;
        let detail = match self.peek_text()? {
            Some(b'[') => {
                self.pass(b'[');
                self.place = Place::First;
                return Ok(());
            }
            Some(b'{') => {
                "the text is an object; a JSON array of rows is needed: put the rows in [ ], or send one object a line as NDJSON"
            }
            Some(_) => "a JSON array of rows is needed; it begins with [",
            None => "the text is empty; a JSON array of rows is needed",
        };
        Err(self.position.error(detail))
    }

    /// Scans one element into `self.element`, up to the comma or bracket behind it, which is not consumed. Bytes
    /// over the limit are not kept. Gives the element's whole length without the white space at its end.
    fn scan_element(&mut self) -> Result<usize, TransferError> {
        self.element.clear();
        let start = self.position;
        let mut scan = Scan::default();
        let mut text_end = 0;
        loop {
            let chunk = self.input.fill_buf()?;
            if chunk.is_empty() {
                return Err(start.error("the text ends inside the element that begins here"));
            }
            let mut used = 0;
            let mut step = Step::Inside;
            for &byte in chunk {
                step = scan.step(byte);
                if step != Step::Inside {
                    break;
                }
                self.position.pass(byte);
                used += 1;
                if !byte.is_ascii_whitespace() {
                    text_end = (self.position.bytes - start.bytes) as usize;
                }
            }
            let room = (self.max_row_bytes + 1).saturating_sub(self.element.len());
            self.element
                .extend_from_slice(chunk.get(..used.min(room)).unwrap_or_default());
            self.input.consume(used);
            match step {
                Step::Inside => {}
                Step::End => return Ok(text_end),
                Step::Mismatch => {
                    return Err(self
                        .position
                        .error("this bracket does not match the one that is open"));
                }
            }
        }
    }

    fn element(&mut self) -> Result<Entry, TransferError> {
        let start = self.position;
        let length = self.scan_element()?;
        self.place = Place::Separator;
        if length > self.max_row_bytes {
            let detail = format!("the element is longer than {} bytes", self.max_row_bytes);
            return Ok(Entry::Bad(BadRow::new(start.line, detail, &self.element)));
        }
        self.element.truncate(length);
        if length == 0 {
            return Err(start.error("an element is expected here"));
        }
        Ok(match parse_json(&self.element, start.line, start.column) {
            Ok(document) => Entry::Row(Row {
                line: start.line,
                document,
                bytes: length,
            }),
            Err(detail) => Entry::Bad(BadRow::new(start.line, detail, &self.element)),
        })
    }
}

/// Depth down to which brackets are matched; far more than the JSON parser accepts.
const CHECKED_DEPTH: usize = 512;

/// How far the scanner is inside one element.
#[derive(Default)]
struct Scan {
    /// The closing brackets that are awaited, down to [`CHECKED_DEPTH`].
    open: Vec<u8>,
    /// Open brackets below that depth: only counted, so that endless brackets take no memory. The parser refuses
    /// such an element anyway.
    deeper: u64,
    in_string: bool,
    escaped: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Inside,
    End,
    Mismatch,
}

impl Scan {
    fn step(&mut self, byte: u8) -> Step {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return Step::Inside;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' if self.open.len() >= CHECKED_DEPTH => self.deeper += 1,
            b'}' | b']' if self.deeper > 0 => self.deeper -= 1,
            b'{' => self.open.push(b'}'),
            b'[' => self.open.push(b']'),
            b',' | b']' if self.open.is_empty() => return Step::End,
            b'}' | b']' if self.open.pop() != Some(byte) => return Step::Mismatch,
            _ => {}
        }
        Step::Inside
    }
}

impl<R: BufRead> RowReader for JsonArrayReader<R> {
    fn next_row(&mut self) -> Result<Option<Entry>, TransferError> {
        loop {
            if self.place == Place::Start {
                self.open()?;
            }
            let byte = self.peek_text()?;
            match (self.place, byte) {
                (Place::After, None) => return Ok(None),
                (Place::After, Some(_)) => {
                    return Err(self.position.error("text after the end of the array"));
                }
                (_, None) => {
                    return Err(self
                        .position
                        .error("the text ends before the array is closed with ]"));
                }
                (Place::First | Place::Separator, Some(b']')) => {
                    self.pass(b']');
                    self.place = Place::After;
                }
                (Place::Separator, Some(b',')) => {
                    self.pass(b',');
                    self.place = Place::Element;
                }
                (Place::Separator, Some(_)) => {
                    return Err(self.position.error("a comma or ] is expected here"));
                }
                _ => return self.element().map(Some),
            }
        }
    }

    fn bytes_read(&self) -> u64 {
        self.position.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::ChunkReader;
    use crate::transfer::test_support::{chunked, collect, json_value};
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Vec<Entry>, String> {
        collect(&mut JsonArrayReader::new(text.as_bytes(), 1000)).map_err(|error| error.to_string())
    }

    #[test]
    fn elements_carry_their_lines() {
        let rows = read("\u{feff}\n[ 1,\n {\"a\":\n \"],\\\"\"} , [[]]\n]\n \n").unwrap();
        let lines: Vec<_> = rows
            .iter()
            .map(|row| {
                if let Entry::Row(row) = row {
                    (row.line, row.document.to_json(), row.bytes)
                } else {
                    panic!()
                }
            })
            .collect();
        assert_eq!(
            lines,
            [
                (2, "1".to_owned(), 1),
                (3, "{\"a\":\"],\\\"\"}".to_owned(), 14),
                (4, "[[]]".to_owned(), 4)
            ]
        );
        assert_eq!(read("[]").unwrap(), []);
    }

    #[test]
    fn a_delimited_element_that_is_wrong_costs_only_itself() {
        let rows = read("[{\"a\":1},\n  {\"a\":tru}, {\"b\":\n 1,}, 4]").unwrap();
        assert!(
            matches!(&rows[1], Entry::Bad(bad) if bad.line == 2 && bad.detail == "not JSON at line 2, column 8: expected true, false or null"),
            "{:?}",
            rows[1]
        );
        assert!(
            matches!(&rows[2], Entry::Bad(bad) if bad.line == 2 && bad.detail.starts_with("not JSON at line 3, column 4")),
            "{:?}",
            rows[2]
        );
        assert!(matches!(&rows[3], Entry::Row(row) if row.line == 3));
    }

    #[test]
    fn broken_structure_ends_with_its_place() {
        for (text, expected) in [
            ("", "line 1, column 1: the text is empty"),
            ("{\"items\":[]}", "line 1, column 1: the text is an object"),
            ("\n 7", "line 2, column 2: a JSON array of rows is needed"),
            (
                "[1,\n2",
                "line 2, column 1: the text ends inside the element",
            ),
            (
                "[1,2,",
                "line 1, column 6: the text ends before the array is closed",
            ),
            ("[1,]", "line 1, column 4: an element is expected here"),
            ("[1,,2]", "line 1, column 4: an element is expected here"),
            (
                "[{\"a\":[1}]",
                "line 1, column 9: this bracket does not match",
            ),
            ("[1]]", "line 1, column 4: text after the end"),
            ("[}", "line 1, column 2: this bracket does not match"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(expected), "{text:?} gave {error:?}");
        }
    }

    #[test]
    fn endless_depth_is_one_bad_row() {
        let depth = 10_000;
        let text = format!("[{}{}, 1]", "[".repeat(depth), "]".repeat(depth));
        let rows = collect(&mut JsonArrayReader::new(text.as_bytes(), 1 << 20)).unwrap();
        assert!(
            matches!(&rows[..], [Entry::Bad(bad), Entry::Row(_)] if bad.detail.contains("nested deeper")),
            "{:?}",
            rows[0]
        );
    }

    #[test]
    fn an_element_over_the_limit_is_skipped() {
        let text = format!("[\"{}\", \"{}\" , 5]", "x".repeat(8), "x".repeat(9));
        let rows = collect(&mut JsonArrayReader::new(text.as_bytes(), 10)).unwrap();
        assert!(
            matches!(&rows[..], [Entry::Row(_), Entry::Bad(bad), Entry::Row(_)] if bad.detail.contains("10 bytes")),
            "{rows:?}"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn reads_what_serde_json_wrote_at_any_chunk_borders(
            values in prop::collection::vec(json_value(), 0..10), cuts in prop::collection::vec(1usize..16, 1..8), pretty: bool,
        ) {
            let text = if pretty { serde_json::to_string_pretty(&values) } else { serde_json::to_string(&values) }.unwrap();
            let mut reader = JsonArrayReader::new(ChunkReader::new(chunked(text.as_bytes(), &cuts)), 1 << 20);
            let rows = collect(&mut reader).unwrap();
            prop_assert_eq!(reader.bytes_read(), text.len() as u64);
            let read: Vec<_> = rows.into_iter().map(|row| match row { Entry::Row(row) => row.document.to_value(), Entry::Bad(bad) => panic!("{bad:?}") }).collect();
            prop_assert_eq!(read, values);
        }

        #[test]
        fn agrees_with_serde_json_on_damaged_text(values in prop::collection::vec(json_value(), 0..4), at: prop::sample::Index, byte in prop::sample::select(b"[]{},:\"\\ 1tx".to_vec())) {
            let mut text = serde_json::to_vec(&values).unwrap();
            let index = at.index(text.len());
            text[index] = byte;
            let expected: Option<Vec<serde_json::Value>> = serde_json::from_slice(&text).ok();
            // A name that is there twice is refused here, and not by the yardstick.
            prop_assume!(!matches!(sop::Document::from_json(&text), Err(sop::DocumentError::DuplicateField { .. })));
            let read = collect(&mut JsonArrayReader::new(text.as_slice(), 1 << 20)).ok();
            let all_good = read.and_then(|rows| rows.into_iter().map(|row| if let Entry::Row(row) = row { Some(row.document.to_value()) } else { None }).collect::<Option<Vec<_>>>());
            prop_assert_eq!(all_good, expected, "{}", String::from_utf8_lossy(&text));
        }
    }
}
