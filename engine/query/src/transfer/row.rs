//! What a reader hands on: good rows, bad rows, and where each begins.
//!
//! Always true: a bad row costs only itself; a reader that cannot know where the next row begins says so with a
//! [`TransferError`] and ends.

use super::TransferError;
use serde::Serialize;
use sop::document::{Document, DocumentError, Position};

/// Characters of a bad row that are kept to be shown.
const EXCERPT_CHARS: usize = 160;

/// A row as read: for CSV an object by the names in the header.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Line on which the row begins, counted from 1.
    pub line: u64,
    /// The row's JSON.
    pub document: Document,
    /// Length of the row's text, in bytes.
    pub bytes: usize,
}

/// A row that could not be read or was refused by the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BadRow {
    /// Line on which the row begins, counted from 1.
    pub line: u64,
    /// What is wrong with it.
    pub detail: String,
    /// The beginning of the row as it was read (at most 160 characters, lossy); empty where it is not known.
    pub text: String,
}

impl BadRow {
    /// A bad row of which `text` (its whole or its beginning) is shown.
    pub(super) fn new(line: u64, detail: impl Into<String>, text: &[u8]) -> Self {
        Self {
            line,
            detail: detail.into(),
            text: excerpt(text),
        }
    }
}

/// One step of a reader.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// A row that could be read.
    Row(Row),
    /// A row that could not; reading goes on behind it.
    Bad(BadRow),
}

/// A source of rows.
pub trait RowReader {
    /// The next row, or `None` at the end.
    ///
    /// # Errors
    /// What makes going on impossible: an error of the input itself, or text whose next row cannot be found.
    fn next_row(&mut self) -> Result<Option<Entry>, TransferError>;

    /// Bytes of the input consumed so far.
    fn bytes_read(&self) -> u64;

    /// Values that did not fit their column's type and were kept as text (CSV only).
    fn warnings(&self) -> u64 {
        0
    }
}

impl<R: RowReader + ?Sized> RowReader for Box<R> {
    fn next_row(&mut self) -> Result<Option<Entry>, TransferError> {
        (**self).next_row()
    }

    fn bytes_read(&self) -> u64 {
        (**self).bytes_read()
    }

    fn warnings(&self) -> u64 {
        (**self).warnings()
    }
}

/// The first characters of `text`, with `…` where it was cut.
pub(super) fn excerpt(text: &[u8]) -> String {
    // Four bytes hold any character, so this is enough bytes for all characters that are kept.
    let head = text.get(..EXCERPT_CHARS * 4 + 4).unwrap_or(text);
    let lossy = String::from_utf8_lossy(head);
    let mut shown: String = lossy.chars().take(EXCERPT_CHARS).collect();
    if lossy.chars().count() > EXCERPT_CHARS || head.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// Parses one JSON value that begins at a place of a larger text; the error names the place in that text.
pub(super) fn parse_json(text: &[u8], line: u64, column: u64) -> Result<Document, String> {
    Document::from_json(text).map_err(|error| {
        let Some(position) = position_of(&error) else {
            return error.to_string();
        };
        let (inner_line, inner_column) = (position.line as u64, position.column as u64);
        let column = if inner_line == 1 {
            column + inner_column.saturating_sub(1)
        } else {
            inner_column
        };
        let place = format!(
            "line {}, column {column}",
            line + inner_line.saturating_sub(1)
        );
        error.to_string().replace(&position.to_string(), &place)
    })
}

const fn position_of(error: &DocumentError) -> Option<Position> {
    match error {
        DocumentError::Syntax { position, .. } => Some(*position),
        DocumentError::DuplicateField { position, .. }
        | DocumentError::TooDeep { position, .. } => *position,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_cut_at_a_character() {
        assert_eq!(excerpt(b"short"), "short");
        let long = "ä".repeat(500);
        let cut = excerpt(long.as_bytes());
        assert_eq!(cut.chars().count(), EXCERPT_CHARS + 1);
        assert!(cut.ends_with('…'));
        assert_eq!(excerpt(b"\xff"), "\u{fffd}");
    }

    #[test]
    fn json_keeps_numbers_and_field_order_and_errors_their_place() {
        let text = r#"{"b":1.10,"a":12345678901234567890123,"c":[1e400]}"#;
        assert_eq!(parse_json(text.as_bytes(), 1, 1).unwrap().to_json(), text);
        let error = parse_json(b"{\"a\":x}", 7, 11).unwrap_err();
        assert!(error.contains("line 7, column 16"), "{error}");
        let error = parse_json(b"{\n\"a\":1,\"a\":2}", 7, 11).unwrap_err();
        assert!(
            error.contains("twice") && error.contains("line 8, column 7"),
            "{error}"
        );
        assert!(parse_json(b"{\"a\":\"\xff\"}", 1, 1).is_err());
    }
}
