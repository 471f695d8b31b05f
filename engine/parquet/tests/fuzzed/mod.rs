//! What the fuzz target in `fuzz/` calls, and `tests/fuzz.rs` on stable: the reader of Parquet files over any bytes.
//!
//! It panics when the reader does what it must not: give a document that is none, hold a row beyond its limit, count rows
//! otherwise than they come, give more rows than the file says, or other ones the second time.

use std::fs::File;
use std::io::{Seek as _, Write as _};

use sop::Document;
use sop_parquet::ParquetRows;
use sop_query::transfer::{Entry, RowReader as _};

/// What is called with any bytes.
pub type Target = fn(&[u8]);

/// All targets by their names.
pub const TARGETS: [(&str, Target); 1] = [("parquet", parquet)];

/// Rows that are looked at: a column of nothing but nulls has billions in a few bytes.
const MOST_ROWS: usize = 2_000;

/// The first byte chooses the longest row, the rest is the file.
pub fn parquet(data: &[u8]) {
    let Some((first, data)) = data.split_first() else {
        return;
    };
    let limit = 16 + usize::from(*first) * 16;
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(data).unwrap();
    let once = rows(&file, limit);
    assert_eq!(once, rows(&file, limit), "the same file has the same rows");
}

/// Rows and what was wrong with others, as text; then the error that ended the reading.
fn rows(file: &File, limit: usize) -> Vec<String> {
    let mut file = file.try_clone().unwrap();
    file.rewind().unwrap();
    let length = file.metadata().unwrap().len();
    let mut reader = match ParquetRows::open(file, limit) {
        Ok(reader) => reader,
        Err(error) => return vec![error.to_string()],
    };
    let mut found = Vec::new();
    while found.len() < MOST_ROWS {
        let line = found.len() as u64 + 1;
        match reader.next_row() {
            Ok(None) => {
                assert!(matches!(reader.next_row(), Ok(None)), "it has ended");
                break;
            }
            Ok(Some(Entry::Row(row))) => {
                assert!(row.bytes <= limit, "a row of {} bytes", row.bytes);
                assert_eq!(row.line, line);
                let valid = Document::from_encoded(row.document.encoded_arc());
                assert_eq!(valid.as_ref(), Ok(&row.document));
                found.push(row.document.to_string());
            }
            Ok(Some(Entry::Bad(bad))) => {
                assert_eq!(bad.line, line);
                found.push(format!("{bad:?}"));
            }
            Err(error) => {
                found.push(error.to_string());
                assert!(matches!(reader.next_row(), Ok(None)), "an error ends it");
                break;
            }
        }
        assert!(reader.bytes_read() <= length, "more than there is");
    }
    found
}
