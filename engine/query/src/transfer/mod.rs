//! Import and export of rows as NDJSON, JSON and CSV, streaming in both directions.

mod chunks;
mod columns;
mod csv_reader;
mod csv_record;
mod error;
mod format;
mod json_array;
mod key_plan;
mod key_types;
mod ndjson;
mod row;
#[cfg(test)]
mod test_support;

pub use chunks::ChunkReader;
pub use columns::ColumnType;
pub use csv_reader::{CsvOptions, CsvReader, Misfit};
pub use error::{ImportFailure, TransferError};
pub use format::{DETECT_BYTES, Format};
pub use json_array::JsonArrayReader;
pub use ndjson::{DEFAULT_MAX_ROW_BYTES, NdjsonReader};
pub use row::{BadRow, Entry, Row, RowReader};

/// tmp
#[derive(Debug, Default)]
pub struct Summary {
    #[doc(hidden)]
    pub inserted: u64,
    #[doc(hidden)]
    pub updated: u64,
}
