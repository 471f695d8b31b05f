//! What the fuzz targets in `fuzz/` call, and `tests/fuzz.rs` on stable: the readers of imports, statements, documents and
//! conditions over any bytes.
//!
//! Each panics when a reader does what it must not: give a document that is none, read the same text
//! differently when it arrives in pieces, hold a row beyond its limit, or not end.

pub mod queries;

use sop::Document;
use sop_query::transfer::{
    ChunkReader, ColumnType, CsvOptions, Entry, Format, Misfit, RowReader, TransferError, reader,
};

/// What is called with any bytes.
pub type Target = fn(&[u8]);

/// All targets by their names.
pub const TARGETS: [(&str, Target); 6] = [
    ("csv", csv),
    ("ndjson", ndjson),
    ("json_array", json_array),
    ("statement", queries::statement),
    ("document", queries::document),
    ("best_index", queries::best_index),
];

/// Rows and what was wrong with others, as text; then the error that ended the reading.
fn rows(
    reader: Result<Box<dyn RowReader + Send + '_>, TransferError>,
    limit: usize,
    most: usize,
) -> Vec<String> {
    let mut found = Vec::new();
    let mut reader = match reader {
        Ok(reader) => reader,
        Err(error) => return vec![error.to_string()],
    };
    loop {
        // Each row takes at least one byte, so a reader that goes on for longer never ends.
        assert!(found.len() <= most, "more rows than bytes");
        match reader.next_row() {
            Ok(None) => return found,
            Ok(Some(Entry::Row(row))) => {
                assert!(row.bytes <= limit, "a row of {} bytes", row.bytes);
                let valid = Document::from_encoded(row.document.encoded_arc());
                assert_eq!(valid.as_ref(), Ok(&row.document));
                found.push(format!("{} {}", row.line, row.document));
            }
            Ok(Some(Entry::Bad(bad))) => found.push(format!("{bad:?}")),
            Err(error) => {
                found.push(error.to_string());
                return found;
            }
        }
    }
}

/// The first bytes choose the options, the rest is the text: whole, and in pieces.
fn both_ways(format: Format, data: &[u8]) {
    let (head, text) = data.split_at(data.len().min(4));
    let byte = |at: usize| head.get(at).copied().unwrap_or(0);
    let types = [ColumnType::Integer, ColumnType::Number, ColumnType::Text];
    let options = CsvOptions {
        delimiter: (byte(0) % 3 == 1).then_some(byte(1)),
        max_row_bytes: 16 + usize::from(byte(2)) * 8,
        sample_rows: usize::from(byte(3) % 8),
        sample_bytes: 256,
        types: match types.get(usize::from(byte(0) % 8)) {
            Some(kind) => vec![("a".to_owned(), *kind)],
            None => Vec::new(),
        },
        misfit: if byte(0) >= 128 {
            Misfit::BadRow
        } else {
            Misfit::Text
        },
        quote: if byte(0) % 5 == 2 { byte(1) } else { b'"' },
    };
    let _ = Format::detect(text, None);
    let limit = options.max_row_bytes;
    let most = text.len() + 2;
    let whole = rows(reader(format, text, options.clone()), limit, most);
    let size = 1 + usize::from(byte(1) % 7);
    let pieces = text.chunks(size).map(Ok::<_, std::io::Error>);
    let in_pieces = rows(
        reader(format, ChunkReader::new(pieces), options),
        limit,
        most,
    );
    assert_eq!(in_pieces, whole);
}

/// CSV with all of its options.
pub fn csv(data: &[u8]) {
    both_ways(Format::Csv, data);
}

/// Newline-delimited JSON.
pub fn ndjson(data: &[u8]) {
    both_ways(Format::Ndjson, data);
}

/// One JSON array.
pub fn json_array(data: &[u8]) {
    both_ways(Format::Json, data);
}
