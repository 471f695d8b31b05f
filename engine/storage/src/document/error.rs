//! What can be wrong with a document.

use std::fmt;

use thiserror::Error;

/// A place in JSON text, both counted from 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column, in characters.
    pub column: usize,
}

impl Position {
    /// The place of the byte at `offset`.
    pub(super) fn of(text: &[u8], offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let in_line = before.get(line_start..).unwrap_or_default();
        Self {
            line: before.split(|byte| *byte == b'\n').count(),
            // Characters, not bytes: the bytes after the first of a character are not counted.
            column: 1 + in_line.iter().filter(|byte| **byte & 0xC0 != 0x80).count(),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// An error about a document.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// The text is not JSON.
    #[error("not JSON at {position}: {detail}")]
    Syntax {
        /// What was found or expected.
        detail: &'static str,
        /// Where.
        position: Position,
    },
    /// A name is twice in one object.
    #[error("the field \"{name}\" is there twice in one object{}", at(position.as_ref()))]
    DuplicateField {
        /// The name.
        name: String,
        /// Where the second one is, when the document was read from text.
        position: Option<Position>,
    },
    /// Too many arrays and objects in one another.
    #[error("arrays and objects are nested deeper than {limit} levels{}", at(position.as_ref()))]
    TooDeep {
        /// The limit.
        limit: usize,
        /// Where it is passed, when the document was read from text.
        position: Option<Position>,
    },
    /// Longer than [`MAX_DOCUMENT_BYTES`](super::MAX_DOCUMENT_BYTES).
    #[error("the document takes at least {bytes} bytes; the limit is {limit} bytes")]
    TooLarge {
        /// Its length, or how much of it was seen.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A `serde_json` number whose text is not a JSON number.
    #[error("{text} is not a JSON number")]
    InvalidNumber {
        /// The text of the number.
        text: String,
    },
    /// A value of one's own that cannot be stored.
    #[error("the value cannot be stored: {}{detail}", field(path))]
    Serialize {
        /// Path of the field; empty for the value itself.
        path: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The document does not have the form of the wanted type.
    #[error("the document does not have the wanted form: {}{detail}", field(path))]
    Deserialize {
        /// Path of the field; empty for the document itself.
        path: String,
        /// What is wrong with it.
        detail: String,
    },
    /// Bytes that no document encodes to.
    #[error("damaged document: {detail} at byte {at}")]
    Corrupt {
        /// What was found.
        detail: &'static str,
        /// Offset in the encoded bytes.
        at: usize,
    },
}

fn field(path: &str) -> String {
    if path.is_empty() {
        return String::new();
    }
    format!("field \"{path}\": ")
}

fn at(position: Option<&Position>) -> String {
    position.map_or_else(String::new, |position| format!(" at {position}"))
}
