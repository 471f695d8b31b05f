//! Parquet where this program was built without it: nothing leads here, as it has no name.

use std::fs::File;
use std::io::Write;

use sop_query::sql::{Catalog, QueryEngine, Request};
use sop_query::transfer::RowReader;

use crate::error::{ApiError, ApiResult, Code};
use sop::DocumentStore;

/// Whether it is there.
pub const IS_BUILT: bool = false;

fn missing<T>() -> ApiResult<T> {
    let detail = "This program was built without Parquet.";
    Err(ApiError::new(Code::NotSupportedYet, detail))
}

pub fn reader(_: File, _: usize) -> ApiResult<Box<dyn RowReader + Send>> {
    missing()
}

pub fn export_lines(
    _: impl Write + Send,
    _: &DocumentStore<'_>,
    _: &mut dyn FnMut(&mut dyn Write) -> ApiResult<()>,
) -> ApiResult<u64> {
    missing()
}

pub fn export_query(
    _: &QueryEngine,
    _: &Catalog,
    _: &Request,
    _: impl Write + Send,
) -> ApiResult<u64> {
    missing()
}
