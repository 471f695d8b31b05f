//! Parquet, as this program was built with it.

use std::fs::File;
use std::io::Write;

use sop::DocumentStore;
use sop_parquet::{KnownColumns, ParquetError, ParquetRows};
use sop_query::sql::{Catalog, QueryEngine, Request};
use sop_query::transfer::RowReader;

use crate::error::{ApiError, ApiResult, Code};

/// Whether it is there.
pub const IS_BUILT: bool = true;

pub fn reader(file: File, max_row_bytes: usize) -> ApiResult<Box<dyn RowReader + Send>> {
    Ok(Box::new(ParquetRows::open(file, max_row_bytes)?))
}

pub fn export_lines(
    out: impl Write + Send,
    store: &DocumentStore<'_>,
    write: &mut dyn FnMut(&mut dyn Write) -> ApiResult<()>,
) -> ApiResult<u64> {
    let known = KnownColumns::of_store(store)?;
    Ok(sop_parquet::export_lines::<ApiError>(out, known, write)?.rows)
}

pub fn export_query(
    engine: &QueryEngine,
    catalog: &Catalog,
    request: &Request,
    out: impl Write + Send,
) -> ApiResult<u64> {
    Ok(sop_parquet::export_query(engine, catalog, request, out)?.rows)
}

impl From<ParquetError> for ApiError {
    fn from(error: ParquetError) -> Self {
        let words = crate::error::sentence(&error.to_string());
        match error {
            ParquetError::Engine(error) => error.into(),
            ParquetError::Store(error) => error.into(),
            ParquetError::Query(error) => (*error).into(),
            ParquetError::File(_) => Self::new(Code::MalformedData, words),
            ParquetError::Changed => Self::new(Code::Conflict, words),
            _ => Self::new(Code::NotRepresentable, words.clone()).parameter("format", words),
        }
    }
}
