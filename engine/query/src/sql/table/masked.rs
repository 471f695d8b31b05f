//! Conditions and orders that reach a table on columns of which the caller sees no values.
//!
//! To SQL these columns are null, so nothing is told either way; it is an error so that nobody takes the answer for
//! one. What does not get here, as it is computed, is found in the statement's text ([`crate::sql::masking`]).

use rusqlite::vtab::{DistinctMode, IndexConstraintOp as Op, IndexInfo};

use super::TableShared;
use crate::sql::Result;
use crate::sql::masking;

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
