//! Import and export of rows as NDJSON, JSON and CSV, streaming in both directions.
//!
//! Readers turn text into rows ([`RowReader`]), [`import`] turns rows into items in batches of one transaction each,
//! [`export`] writes the items of a snapshot as text that imports read back. Always true: memory is bounded by one row,
//! one batch and the sample for types and keys, never by the size of the data; a bad row costs only itself.

mod chunks;
mod columns;
mod csv_reader;
mod csv_record;
mod error;
mod export;
mod format;
mod import;
mod json_array;
mod key_plan;
mod key_types;
mod mapping;
mod ndjson;
mod row;
#[cfg(test)]
mod test_support;

pub use chunks::ChunkReader;
pub use columns::ColumnType;
pub use csv_reader::{CsvOptions, CsvReader, Misfit};
pub use error::{ImportFailure, TransferError};
pub use export::{CsvCell, ExportOptions, Exported, Exporter, export, write_csv_record};
pub use format::{DETECT_BYTES, Format, detect_format};
pub use import::{ImportMode, ImportOptions, Progress, Summary, import};
pub use json_array::JsonArrayReader;
pub use mapping::{MappedReader, Mapping, MappingRule};
pub use ndjson::{DEFAULT_MAX_ROW_BYTES, NdjsonReader};
pub use row::{BadRow, Entry, Row, RowReader};

use std::io::BufRead;

/// A reader of `input` in a format, with the default limits or those of `csv`.
///
/// # Errors
/// For CSV, as [`CsvReader::new`]: the header row is read at once.
pub fn reader<'a>(
    format: Format,
    input: impl BufRead + Send + 'a,
    csv: CsvOptions,
) -> Result<Box<dyn RowReader + Send + 'a>, TransferError> {
    let max_row_bytes = csv.max_row_bytes;
    Ok(match format {
        Format::Ndjson => Box::new(NdjsonReader::new(input, max_row_bytes)),
        Format::Json => Box::new(JsonArrayReader::new(input, max_row_bytes)),
        Format::Csv => Box::new(CsvReader::new(input, csv)?),
    })
}
