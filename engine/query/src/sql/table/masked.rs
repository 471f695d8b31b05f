//! Columns of which the caller does not see all: their values, and conditions and orders that reach a table on them.
//!
//! To SQL these columns are null, so nothing is told either way; it is an error so that nobody takes the answer for
//! one. What does not get here, as it is computed, is found in the statement's text ([`crate::sql::masking`]).

use rusqlite::types::{ToSqlOutput, Value as SqliteValue};
use rusqlite::vtab::{DistinctMode, IndexConstraintOp as Op, IndexInfo};

use sop::DocumentRef;

use super::TableShared;
use super::values::{NULL, document_value, owned};
use crate::sql::Result;
use crate::sql::masking;
use crate::sql::visibility::StoreRules;

/// Refuses what asks for the values of a masked column.
pub(super) fn check(table: &TableShared, info: &IndexInfo) -> Result<()> {
    if table.rules.is_none() {
        return Ok(());
    }
    let masked = |column: i32| {
        let column = usize::try_from(column).ok()?;
        table
            .columns
            .get(column)
            .filter(|column| column.is_masked())
            .map(|column| &column.name)
    };
    let conditions = info.constraints().filter(|constraint| {
        !matches!(
            constraint.operator(),
            Op::SQLITE_INDEX_CONSTRAINT_LIMIT | Op::SQLITE_INDEX_CONSTRAINT_OFFSET
        )
    });
    let mut condition = conditions.filter_map(|constraint| masked(constraint.column()));
    // That rows with the same nulls are one says nothing.
    let tells = !matches!(info.distinct(), DistinctMode::Distinct);
    let mut order = info.order_bys().filter_map(|by| masked(by.column()));
    match condition.next().or_else(|| order.next().filter(|_| tells)) {
        Some(name) => Err(masking::refused(&table.store, name)),
        None => Ok(()),
    }
}

/// A part of a document, at a path, without what the caller does not see.
pub(super) fn seen_value(
    rules: Option<&StoreRules>,
    path: &str,
    value: DocumentRef<'_>,
) -> ToSqlOutput<'static> {
    use sop::document::Kind;
    let Some(rules) = rules.filter(|_| matches!(value.kind(), Kind::Array | Kind::Object)) else {
        return match document_value(value) {
            ToSqlOutput::Owned(value) => ToSqlOutput::Owned(value),
            ToSqlOutput::Borrowed(value) => ToSqlOutput::Owned(owned(value)),
            _ => NULL,
        };
    };
    let json = rules.redacted(path, value.to_value());
    ToSqlOutput::Owned(SqliteValue::Text(json.to_string()))
}
